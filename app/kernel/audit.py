"""The trail: who did what, when, from where. Written in the same transaction as the change it tells of.

What happens in a transaction is noted as it happens and written just before the commit, in one go and chained
(``chain.py``): only that moment has to wait for other transactions, not all the work before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from flask import has_request_context, request
from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ColumnElement, Index, Integer, Select, String, and_, bindparam, event, inspect, or_, select
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, SessionTransaction, mapped_column
from sqlalchemy.orm.util import identity_key

from app.kernel import chain, codes, registers, scope
from app.kernel.db import InCommunity, Record, db, now
from app.kernel.fields import Access, Declared, Derived, derived, field, fields_of, title_field, title_of
from app.kernel.values import show

ACTIONS = {
    "add": _l("Added"),
    "edit": _l("Changed"),
    "delete": _l("Deleted"),
    "log_in": _l("Logged in"),
    "log_in_failed": _l("Failed to log in"),
    "log_out": _l("Logged out"),
    "issue": _l("Issue"),
    "print": _l("Print"),
    "export": _l("Export"),
    "import": _l("Import"),
    "merge": _l("Merge"),
    "undo": _l("Undo"),
    "restore": _l("Restored"),
    "password": _l("New password"),
    "lock_out": _l("Locked for a while after wrong attempts"),
    "unlock": _l("Waiting time lifted"),
    "second_factor": _l("Two-step log-in turned on"),
    "second_factor_off": _l("Two-step log-in turned off"),
    "recovery_codes": _l("New recovery codes"),
    "backup": _l("Backup made"),
    "backup_taken": _l("Backup downloaded"),
    "backup_restored": _l("Backup restored"),
    "backup_key": _l("New key for backups"),
    "secret": _l("New installation secret"),
    "reveal": _l("Looked behind the mask"),
    "inform": _l("Told a person what is kept about them"),
}

DETAILS = {
    "reason": _l("Reason"),
    "form": _l("Form of the file"),
    "range": _l("Which records"),
    "rows": _l("Rows"),
    "new": _l("New"),
    "changed": _l("Changed"),
    "same": _l("Unchanged"),
    "skipped": _l("Not taken over"),
    "doubtful": _l("Doubtful"),
    "wrong": _l("Wrong"),
    "field": _l("Field"),
}
"""What is told of an act besides the fields it changed."""

NOTED, TRIALS = "noted", "trials"
"""Where a session keeps what it noted, and how much of that came before each savepoint."""
CALLED = "called"
"""Where it keeps what the rows are called that were linked to."""


def _place(entry: Any) -> ColumnElement[str]:
    community = Model.metadata.tables["community"]
    return select(community.c.name).where(community.c.id == entry.community_id).correlate(entry).scalar_subquery()


class AuditEntry(Record, InCommunity):
    """One act. ``changes`` maps a field to its value before and after; secrets stand there masked."""

    __tablename__ = "audit_entry"
    __label__ = _l("Audit entry")
    __title__ = "subject"
    __newest_first__ = True
    __table_args__ = (Index(None, "register", "community_id", "id"),)

    at: Mapped[datetime] = field(_l("Time"), in_form=False, in_list=True, default=now, index=True)
    actor: Mapped[str] = field(_l("Who"), String(120), in_form=False, in_list=True, search=True)
    action: Mapped[str] = field(
        _l("Action"), options=lambda: ACTIONS, in_form=False, in_list=True, filter=True, index=True
    )
    register: Mapped[str] = field(
        _l("Register"), options=lambda: registers.labels(), in_form=False, in_list=True, filter=True, index=True
    )
    subject: Mapped[str] = field(_l("Record"), String(120), in_form=False, in_list=True, search=True)
    record_id: Mapped[int | None] = mapped_column(Integer, index=True)
    # Not a link: a community that was made by mistake can go, what was done with it stays on record.
    community_id: Mapped[int | None] = mapped_column(Integer, index=True, active_history=True)
    place = derived(_l("Community"), _place, in_list=True)
    address: Mapped[str] = field(_l("From"), String(45), in_form=False, default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64), default=chain.BEGINNING)


def actor() -> tuple[str, str]:
    """Who is at work, and from which address."""
    return scope.current().actor, (request.remote_addr or "") if has_request_context() else ""


def write(
    action: str,
    register: str,
    subject: str = "",
    record_id: int | None = None,
    community_id: int | None = None,
    changes: dict[str, Any] | None = None,
    by: str | None = None,
) -> None:
    """Put one act into the trail of the current transaction; what is of no community is told at the top of the tree."""
    _note(_entry(action, register, community_id, by), [(subject[:120], record_id, changes or {})])


def write_many(action: str, register: str, subjects: Iterable[tuple[str, int]]) -> None:
    """Put the same act on many records, each a subject and an id, into the trail, in the community at work."""
    unchanged: dict[str, Any] = {}  # one for all of them, which is quicker to write
    _note(_entry(action, register), [(subject[:120], record_id, unchanged) for subject, record_id in subjects])


def _note(entry: dict[str, Any], about: list[tuple[str, int | None, dict[str, Any]]]) -> None:
    db.session().info.setdefault(NOTED, []).append((entry, about))


def _entry(action: str, register: str, community_id: int | None = None, by: str | None = None) -> dict[str, Any]:
    who, address = actor()
    if community_id is None:
        community_id = scope.current().community_id or _top_of_the_tree()
    return {
        "at": now(),
        "actor": by or who,
        "action": action,
        "register": register,
        "address": address,
        "community_id": community_id,
    }


def _top_of_the_tree() -> int | None:
    community = Model.metadata.tables["community"]
    top: int | None = db.session.connection().scalar(select(community.c.id).order_by(community.c.path).limit(1))
    return top


def act(row: Any, action: str) -> None:
    """Call the change of ``row`` in this transaction by another name than "edit", such as "issue"."""
    row.audited_act = action


def _told(session: Session, declared: Declared, value: Any) -> str:
    """A value as the trail tells it: in words, and masked unless it is open, so that the trail leaks nothing."""
    if value is None:
        return ""
    if declared.kind == "flag":
        text = "是" if value else "否"
    elif declared.kind == "code":
        text = codes.label(str(declared.field.code), value)
    elif declared.kind == "link":
        text = _called(session, declared.target, value)
    else:
        text = show(value)
    return text if declared.field.access is Access.OPEN or not text else declared.field.mask(text)


def _called(session: Session, model: Any, key: int) -> str:
    """What a row is called that is linked to; asked once in a transaction, as long as nothing changes."""
    kept: dict[tuple[Any, int], str] = session.info.setdefault(CALLED, {})
    if (model, key) not in kept:
        title = _title(session, model, key)
        if title is None:
            return str(key)
        kept[model, key] = title
    return kept[model, key]


def _title(session: Session, model: Any, key: int) -> str | None:
    """The title of a row, or None if there is none in scope; what is not at hand is not read as a whole for it."""
    if title_field(model).kind == "link" or identity_key(model, key) in session.identity_map:
        row = session.get(model, key)
        return None if row is None else title_of(row)
    found = session.scalar(_titles(model), {"key": key})
    return None if found is None else show(found)


@cache
def _titles(model: Any) -> Select[Any]:
    return select(getattr(model, title_field(model).name)).where(model.id == bindparam("key"))


def _is_seen(declared: Declared) -> bool:
    """What nobody types or sees, such as a text kept for searching, is no news, unless it is a secret."""
    shown = declared.field.in_form or declared.field.in_record or declared.field.in_list
    return shown or declared.sealed is not None


def _changes(session: Session, row: Any, gone: bool = False) -> dict[str, list[str]]:
    """What each declared field was before and is now; of a row that goes, what it was."""
    told: dict[str, list[str]] = {}
    state = inspect(row)
    for declared in fields_of(row.__class__).values():
        if declared.lender is not None or isinstance(declared.origin, Derived) or not _is_seen(declared):
            continue
        stored = f"{declared.name}_index" if declared.sealed else declared.name
        if gone:
            value = getattr(row, stored)
            sides = [_told(session, declared, value), ""] if not declared.sealed else ["****" if value else "", ""]
        else:
            history = state.attrs[stored].history
            if not history.has_changes():
                continue
            before, after = (values[0] if values else None for values in (history.deleted, history.added))
            if declared.sealed:
                sides = ["****" if side else "" for side in (before, after)]
            else:
                sides = [_told(session, declared, before), _told(session, declared, after)]
        if any(sides):
            told[declared.name] = sides
    return told


def _is_told(row: object) -> bool:
    return isinstance(row, Record) and row.__in_trail__


class Unchangeable(PermissionError):
    """An entry of the trail was to be changed or deleted."""


@event.listens_for(Session, "do_orm_execute")
def _only_read(state: ORMExecuteState) -> None:
    """Entries of the trail are; other rows that a statement changes may be called otherwise now."""
    if not (state.is_update or state.is_delete):
        return
    if state.bind_mapper and state.bind_mapper.class_ is AuditEntry:
        raise Unchangeable
    state.session.info.pop(CALLED, None)


@event.listens_for(Session, "before_flush")
def _notice_changes(session: Session, _context: Any, _instances: Any) -> None:
    if any(isinstance(row, AuditEntry) for row in (*session.dirty, *session.deleted)):
        raise Unchangeable
    if session.dirty:
        session.info.pop(CALLED, None)
    pending = session.info.setdefault("audit", [])
    with session.no_autoflush:
        for row in session.new:
            if _is_told(row):
                pending.append((row.__dict__.pop("audited_act", "add"), row, None, None))
        for row in session.dirty:
            if _is_told(row) and session.is_modified(row):
                action, changes = row.__dict__.pop("audited_act", "edit"), _changes(session, row)
                if changes or action != "edit":
                    pending.append((action, row, title_of(row), changes))
        for row in session.deleted:
            if _is_told(row):
                pending.append(("delete", row, title_of(row), _changes(session, row, gone=True)))


@event.listens_for(Session, "after_flush")
def _tell_additions(session: Session, _context: Any) -> None:
    """What a new row points at may have been added with it, and has its id only now."""
    with session.no_autoflush:
        session.info["audit"] = [
            (action, row, title, _changes(session, row) if changes is None else changes)
            for action, row, title, changes in session.info.get("audit", ())
        ]


@event.listens_for(Session, "after_flush_postexec")
def _write_changes(session: Session, _context: Any) -> None:
    pending = session.info.pop("audit", [])
    with session.no_autoflush:
        for action, row, title, changes in pending:
            write(action, row.__tablename__, title or title_of(row), row.id, _told_at(row, action), changes)


def _told_at(row: Any, action: str) -> int | None:
    """The community whose trail tells of ``row``; that a community went, the one above it tells."""
    goes = action == "delete" and row.__tablename__ == "community"
    found: int | None = getattr(row, "parent_id" if goes else "community_id", None)
    return found


@event.listens_for(Session, "before_commit")
def _write_noted(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    if noted := session.info.pop(NOTED, None):
        chain.append(session.connection(), AuditEntry.__table__, noted)


@event.listens_for(Session, "after_transaction_create")
def _begin(session: Session, begun: SessionTransaction) -> None:
    if begun.nested:
        session.info.setdefault(TRIALS, {})[begun] = len(session.info.get(NOTED, ()))


@event.listens_for(Session, "after_soft_rollback")
def _take_back(session: Session, ended: SessionTransaction) -> None:
    """What was noted in a savepoint goes with it, what was noted before stays, also when a flush within it fails."""
    if not ended.nested and ended.parent is not None:
        return
    del session.info.get(NOTED, [])[session.info.get(TRIALS, {}).pop(ended, 0) :]
    for kept in (CALLED, "audit"):
        session.info.pop(kept, None)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        for kept in (NOTED, TRIALS, CALLED, "audit"):
            session.info.pop(kept, None)


def last_change(rows: Iterable[Any]) -> tuple[str, datetime] | None:
    """Who last changed one of ``rows``, and when (UTC)."""
    found = db.session.execute(
        select(AuditEntry.actor, AuditEntry.at)
        .where(or_(*(and_(AuditEntry.register == row.__tablename__, AuditEntry.record_id == row.id) for row in rows)))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else None
