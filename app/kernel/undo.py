"""What was changed in one go and can be taken back: a deleted record, a bulk edit, a merge, an import.

While :func:`recorded` is open, every row the session changes or deletes is kept as it was before, beside what it was
called. :func:`undo` puts it back, unless somebody has built on the change since.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    JSON,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
    and_,
    delete,
    event,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.kernel import audit, entries, listing, registers, scope
from app.kernel.access import Right
from app.kernel.db import Conflict, InCommunity, Record, db, model_of, now
from app.kernel.fields import fields_of, title_of
from app.kernel.tree import Tree
from app.kernel.values import N_, Violation

KEPT_DAYS = 30
"""For so long a change can be taken back; then what was kept for it is forgotten."""

ACTIONS: Mapping[str, tuple[Any, Right]] = {
    "delete": (_l("Deleted"), Right.DELETE),
    "bulk_edit": (_l("Changed together"), Right.EDIT),
    "merge": (_l("Merged"), Right.DELETE),
    "import": (_l("Imported"), Right.ADD),
}
"""What can be taken back, and the right on the register that this takes."""

Ranges = dict[str, list[list[int]]]
"""Ids of rows added at once, by register: first and last, both included."""


class ChangeSet(Model, InCommunity):
    """One act that can be taken back. ``added`` are rows made in bulk; all other rows are :class:`ChangedRow`."""

    __tablename__ = "change_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(30))
    register: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    # Not a link: a community that was made by mistake can go.
    community_id: Mapped[int | None] = mapped_column(Integer, index=True)
    count: Mapped[int] = mapped_column(default=0)
    added: Mapped[Ranges] = mapped_column(JSON, default=dict)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(120))

    rows: Mapped[list[ChangedRow]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class ChangedRow(Model):
    """A row as it was: ``before`` is None for one that was added, ``version`` None for one that is gone."""

    __tablename__ = "changed_row"

    id: Mapped[int] = mapped_column(primary_key=True)
    change_set_id: Mapped[int] = mapped_column(ForeignKey("change_set.id", ondelete="CASCADE"), index=True)
    register: Mapped[str] = mapped_column(String(60))
    row_id: Mapped[int]
    version: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(120), default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class CannotUndo(Exception):
    """A change cannot be taken back; ``reasons`` say why, as violations of the record as a whole."""

    def __init__(self, reasons: Iterable[Violation]) -> None:
        super().__init__()
        self.reasons = tuple(reasons)


# --- keeping what was --------------------------------------------------------------------------------------------


class Recorder:
    """What the changes of one transaction come to; rows written past the session are told by :meth:`added_in_bulk`."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, int], dict[str, Any] | None] = {}
        self._titles: dict[tuple[str, int], str] = {}
        self._versions: dict[tuple[str, int], int | None] = {}
        self._flushed: list[Any] = []
        self._added: Ranges = {}

    def added_in_bulk(self, register: str, first: int, last: int) -> None:
        ranges = self._added.setdefault(register, [])
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1][1] = last
        else:
            ranges.append([first, last])

    def changed(self, row: Any, before: dict[str, Any] | None) -> None:
        key = (row.__tablename__, row.id)
        self._before.setdefault(key, before)
        self._titles.setdefault(key, title_of(row)[:120])
        self._flushed.append(row)

    def gone(self, row: Any, before: dict[str, Any]) -> None:
        self.changed(row, before)
        self._flushed.pop()
        self._versions[row.__tablename__, row.id] = None

    def flushed(self) -> None:
        """The rows have their new versions now; the rows themselves need not stay in memory."""
        for row in self._flushed:
            self._versions[row.__tablename__, row.id] = row.version
        self._flushed.clear()

    def rows(self) -> list[ChangedRow]:
        return [
            ChangedRow(
                register=key[0], row_id=key[1], version=version, title=self._titles[key], before=self._before[key]
            )
            for key, version in self._versions.items()
            if version is not None or self._before[key] is not None  # what came and went again leaves no trace
        ]

    def added(self) -> Ranges:
        return self._added


@contextmanager
def recorded(action: str, register: str, subject: str, count: int = 1) -> Iterator[ChangeSet]:
    """Keep what the block changes as one act; to be opened inside a transaction.

    Gives the :class:`ChangeSet`, whose ``count`` and ``subject`` may still be set; it has its id after the block.
    """
    session = db.session()
    recorder = session.info["recorder"] = Recorder()
    at_work = scope.current()
    change_set = ChangeSet(
        action=action,
        register=register,
        subject=subject[:120],
        count=count,
        actor=at_work.actor,
        community_id=at_work.community_id,
    )
    try:
        yield change_set
        session.flush()
    finally:
        session.info.pop("recorder", None)
    change_set.rows, change_set.added = recorder.rows(), recorder.added()
    session.add(change_set)
    session.flush()
    forget_old()


def recorder() -> Recorder:
    """The recorder of the block at work."""
    found: Recorder = db.session().info["recorder"]
    return found


def forget_old() -> None:
    """What can no longer be taken back is not kept: it may be about people who asked to be forgotten."""
    past = now() - timedelta(days=KEPT_DAYS)
    with scope.as_system(scope.current().actor):  # also of those who have changed nothing since
        db.session.execute(
            delete(ChangeSet).where(ChangeSet.at < past), execution_options={"synchronize_session": False}
        )


def _is_kept(row: Any) -> bool:
    return isinstance(row, Record)


@event.listens_for(Session, "before_flush")
def _keep(session: Session, _context: Any, _instances: Any) -> None:
    found: Recorder | None = session.info.get("recorder")
    if found is None:
        return
    with session.no_autoflush:
        for row in session.deleted:
            if _is_kept(row):
                found.gone(row, _as_it_was(row))
        for row in session.dirty:
            if _is_kept(row) and session.is_modified(row):
                found.changed(row, _as_it_was(row))


@event.listens_for(Session, "after_flush")
def _keep_added(session: Session, _context: Any) -> None:
    found: Recorder | None = session.info.get("recorder")
    if found is None:
        return
    with session.no_autoflush:
        for row in session.new:
            if _is_kept(row):
                found.changed(row, None)


@event.listens_for(Session, "after_flush_postexec")
def _note_versions(session: Session, _context: Any) -> None:
    found: Recorder | None = session.info.get("recorder")
    if found is not None:
        with session.no_autoflush:
            found.flushed()


def _as_it_was(row: Any) -> dict[str, Any]:
    """The stored values before the flush, as JSON takes them; secrets stay sealed, and columns that say so stay out."""
    state = inspect(row)
    found = {}
    for attribute in state.mapper.column_attrs:
        if attribute.columns[0].info.get("undo") is False:
            continue
        history = state.attrs[attribute.key].load_history()
        before = history.deleted or history.unchanged
        found[attribute.key] = _packed(before[0] if before else None)
    return found


def _packed(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return str(value) if isinstance(value, Decimal) else value


def _unpacked(column: Any, value: Any) -> Any:
    kind = column.type.python_type
    if value is None or kind in {str, int, bool, object}:
        return value
    if kind is bytes:
        return b64decode(value)
    return kind.fromisoformat(value) if issubclass(kind, date) else kind(value)


# --- taking it back ----------------------------------------------------------------------------------------------


def is_open(change_set: ChangeSet) -> bool:
    """Can it still be asked to be taken back?"""
    return change_set.undone_at is None and change_set.at > now() - timedelta(days=KEPT_DAYS)


def undo(change_set: ChangeSet) -> None:
    """Take ``change_set`` back. Commits nothing; raises :class:`CannotUndo` with everything that is in the way."""
    db.session.refresh(change_set, with_for_update=True)  # a second click waits, and then finds it done
    if reasons := obstacles(change_set):
        raise CannotUndo(reasons)
    order = [table.name for table in Model.metadata.sorted_tables]
    rows = sorted(change_set.rows, key=lambda row: (order.index(row.register), row.row_id))
    stood = _stored_rows(rows)
    changed = [(row, stood[row.register, row.row_id]) for row in rows if row.version is not None]
    moved: dict[tuple[str, int], int] = {}
    for row, stored in changed:
        _put_back(row, stored, moved, links=False)
    db.session.flush()  # what a deleted row had for itself, such as a number, is free for it again
    for register, gone in groupby((row for row in rows if row.version is None), key=lambda row: row.register):
        _bring_back(model_of(register), list(gone), moved)
    for row, stored in changed:
        _put_back(row, stored, moved, links=True)
    db.session.flush()
    for row, stored in reversed(changed):
        if row.before is None:
            db.session.delete(stored)
    db.session.flush()
    for register in sorted(change_set.added, key=order.index, reverse=True):
        _remove_range(model_of(register), change_set.added[register], change_set.at)
    change_set.undone_at, change_set.undone_by = now(), scope.current().actor


def obstacles(change_set: ChangeSet) -> list[Violation]:
    """What keeps ``change_set`` from being taken back."""
    if change_set.undone_at is not None:
        return [Violation("", N_("This has been undone already."))]
    if not is_open(change_set):
        return [Violation("", N_("This was more than %(days)s days ago and can no longer be undone."), _DAYS)]
    found: list[Violation] = []
    own = {(row.register, row.row_id) for row in change_set.rows}
    standing = {(row.register, row.row_id) for row in change_set.rows if row.version is not None}
    stood = _stored_rows(change_set.rows)
    for row in change_set.rows:
        if row.version is None:
            found += _in_the_way_of(row, own, standing)
            continue
        stored = stood.get((row.register, row.row_id))
        if stored is None or stored.version != row.version or stored.created_at > change_set.at:
            found.append(Violation("", N_("“%(name)s” has been changed since."), {"name": row.title}))
        elif row.before is None:
            found += _built_on(row.title, stored, own)
        else:
            found += _taken(row, _values(row, {}), standing)
    for register, ranges in change_set.added.items():
        found += _changed_in_range(model_of(register), ranges, change_set)
    return found[:20]


def needed_rights(change_set: ChangeSet) -> set[tuple[str, Right]]:
    """What a person must be permitted to take ``change_set`` back: the act's own right, and those on what it changed.

    What was deleted with a record comes back with it, whoever keeps it.
    """
    right = ACTIONS[change_set.action][1]
    needed = {(change_set.register, right)}
    if change_set.action != "delete":
        needed |= {(register, right) for register in change_set.added}
        needed |= {(row.register, _right_for(row, right)) for row in change_set.rows}
    return needed


def _right_for(row: ChangedRow, right: Right) -> Right:
    if row.before is None:
        return right
    return Right.DELETE if row.version is None else Right.EDIT


_DAYS = {"days": KEPT_DAYS}


def _stored_rows(rows: Iterable[ChangedRow]) -> dict[tuple[str, int], Any]:
    """The rows that were changed as they are now, by register and id; one that is gone is missing."""
    wanted: dict[str, list[int]] = {}
    for row in rows:
        if row.version is not None:
            wanted.setdefault(row.register, []).append(row.row_id)
    return {
        (register, stored.id): stored
        for register, ids in wanted.items()
        for first in range(0, len(ids), listing.BATCH)
        for stored in db.session.scalars(
            select(model_of(register)).where(model_of(register).id.in_(ids[first : first + listing.BATCH]))
        )
    }


def _values(row: ChangedRow, moved: Mapping[tuple[str, int], int]) -> dict[str, Any]:
    """The values to write back; links follow what had to take another id."""
    found = {}
    for attribute in inspect(model_of(row.register)).column_attrs:
        if attribute.key in {"id", "version"} or attribute.key not in (row.before or {}):
            continue
        column = attribute.columns[0]
        value = _unpacked(column, (row.before or {})[attribute.key])
        for key in column.foreign_keys:
            value = moved.get((key.column.table.name, value), value)
        found[attribute.key] = value
    return found


def _bring_back(model: Any, rows: Sequence[ChangedRow], moved: dict[tuple[str, int], int]) -> None:
    """Rows that are gone stand again, under their own ids unless another has got one since."""
    with scope.as_system(scope.current().actor):  # an id is taken whoever's row has it
        taken = {
            key
            for first in range(0, len(rows), listing.BATCH)
            for key in db.session.scalars(
                select(model.id).where(model.id.in_([row.row_id for row in rows[first : first + listing.BATCH]]))
            )
        }
    for row in rows:
        again = model(**_values(row, moved))
        if row.row_id not in taken:
            again.id = row.row_id
        db.session.add(again)
        audit.act(again, "restore")
        if row.row_id in taken or issubclass(model, Tree):
            db.session.flush()
            moved[row.register, row.row_id] = again.id
    db.session.flush()
    for row in rows:  # it goes on counting, so that what is older than the delete is noticed
        version = int((row.before or {}).get("version", 0)) + 1
        key = moved.get((row.register, row.row_id), row.row_id)
        statement = update(model).where(model.id == key).values(version=version)
        db.session.execute(statement, execution_options={"synchronize_session": False})
    db.session.expire_all()


def _put_back(row: ChangedRow, stored: Any, moved: Mapping[tuple[str, int], int], links: bool) -> None:
    """Write back what a row that was changed had before: its links, or everything else."""
    if row.before is None:
        return
    columns = inspect(type(stored)).column_attrs
    for name, value in _values(row, moved).items():
        if bool(columns[name].columns[0].foreign_keys) is links and getattr(stored, name) != value:
            setattr(stored, name, value)
    audit.act(stored, "restore")


def _in_the_way_of(row: ChangedRow, own: set[tuple[str, int]], standing: set[tuple[str, int]]) -> Iterator[Violation]:
    """A deleted row cannot stand again where what it belongs to is gone, or another has taken its place."""
    model, values = model_of(row.register), _values(row, {})
    for declared in fields_of(model).values():
        value = values.get(declared.name)
        if (
            declared.kind != "link"
            or declared.through
            or value is None
            or (declared.target.__tablename__, value) in own
        ):
            continue
        if listing.title(declared.target, value) is None:
            label = {"name": row.title, "field": declared.field.label}
            yield Violation("", N_("“%(name)s” belongs to something that is no longer there: %(field)s."), label)
    yield from _taken(row, values, standing)


def _taken(row: ChangedRow, values: Mapping[str, Any], standing: set[tuple[str, int]]) -> Iterator[Violation]:
    """Another has got by now what must be unique."""
    model = model_of(row.register)
    for constraint in model.__table__.constraints:
        wanted = {column.key: values.get(column.key) for column in constraint.columns}
        if not isinstance(constraint, UniqueConstraint) or None in wanted.values():
            continue
        taken = select(model.id).where(*(getattr(model, name) == value for name, value in wanted.items()))
        if (key := db.session.scalar(taken)) is not None and (row.register, key) not in standing:
            yield Violation("", N_("Another “%(name)s” has been entered since."), {"name": row.title})


def _built_on(title: str, stored: Any, own: set[tuple[str, int]]) -> Iterator[Violation]:
    for link in registers.links_to(type(stored)):
        mine = [key for register, key in own if register == link.model.__tablename__]
        uses = select(func.count()).select_from(link.model).where(getattr(link.model, link.name) == stored.id)
        if db.session.scalar(uses.where(link.model.id.not_in(mine))):
            yield Violation("", N_("“%(name)s” is in use: %(label)s."), {"name": title, "label": link.model.__label__})


def _in(column: Any, ranges: list[list[int]]) -> Any:
    first, *more = (column.between(low, high) for low, high in ranges)
    for other in more:
        first = first | other
    return first


def _is_as_added(model: Any, at: datetime) -> Any:
    """Nobody has touched the row since; one of the same id that was added later is another."""
    return and_(model.version == 1, model.created_at <= at)


def _changed_in_range(model: Any, ranges: list[list[int]], change_set: ChangeSet) -> Iterator[Violation]:
    as_added = _in(model.id, ranges), _is_as_added(model, change_set.at)
    count = db.session.scalar(select(func.count()).select_from(model).where(*as_added))
    if changed := sum(high - low + 1 for low, high in ranges) - int(count or 0):
        touched = _in(model.id, ranges), model.version != 1
        rows = listing.rows(model, [model.__title__], listing.Question(), *touched, limit=3)
        names = "、".join(str(row.values[model.__title__]) for row in rows)
        label = {"label": model.__label__, "count": changed, "names": names}
        yield Violation(
            "", N_("%(label)s: %(count)s of the new records have been changed or deleted since. %(names)s"), label
        )
    for link in registers.links_to(model):
        uses = select(func.count()).select_from(link.model).where(_in(getattr(link.model, link.name), ranges))
        if own := change_set.added.get(link.model.__tablename__):
            uses = uses.where(~_in(link.model.id, own))
        if used := db.session.scalar(uses):
            label = {"label": link.model.__label__, "count": used}
            yield Violation("", N_("%(count)s records have been built on it since: %(label)s."), label)


def _remove_range(model: Any, ranges: list[list[int]], at: datetime) -> None:
    """Rows that were added in bulk go in bulk, each told in the trail and forgotten by the search.

    Raises ``Conflict`` where somebody is at one of them at this very moment.
    """
    for low, high in ranges:
        rows = listing.rows(model, [model.__title__], listing.Question(), model.id.between(low, high), limit=None)
        audit.write_many("delete", model.__tablename__, [(str(row.values[model.__title__]), row.id) for row in rows])
        entries.forget_rows(db.session.connection(), model, [row.id for row in rows])
        statement = delete(model).where(model.id.between(low, high), _is_as_added(model, at))
        gone = db.session.execute(statement, execution_options={"synchronize_session": False})
        if gone.rowcount != high - low + 1:
            raise Conflict
