"""What the trail and the sightings say of one person on file, and of one account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.community.models import Community
from app.disclosure.lifecycle import UNISSUED, Step
from app.disclosure.models import Notice
from app.kernel import scope
from app.kernel.audit import ACTIONS, DETAILS, AuditEntry
from app.kernel.db import db, midnight, office_time
from app.kernel.fields import Declared, Label, fields_of
from app.kernel.registers import REGISTERS
from app.trail.models import Sighting

OPENED = _l("Opened the page")
LISTED = 200
"""Events shown of each kind at once, the latest ones."""
MOST = 50_000
"""Entries counted for a summary; a term with more is shown up to there."""
OF_LISTS = ("export", "print")
"""Acts on a whole list, which tell no record."""
OF_NOTICES = ("print", str(Step.POST))
"""Acts by which the words of a notice go out."""


@dataclass(frozen=True)
class Event:
    """Something that was done; ``entry`` and ``act`` say which entry of the trail tells it, none a sighting."""

    at: datetime
    actor: str
    what: Label
    register: str
    subject: str = ""
    told: str = ""
    entry: int | None = None
    act: str = ""


@dataclass(frozen=True)
class Change:
    """What an act changed, or what is told of it: a label, the value before and after."""

    label: Label
    before: str
    after: str


def changes_of(register: str, changes: dict[str, Sequence[str]]) -> list[Change]:
    """What an entry tells, in the words of its register; what the register no longer has is left out."""
    known = fields_of(REGISTERS[register].model) if register in REGISTERS else {}
    labels = {**DETAILS, **{name: declared.field.label for name, declared in known.items()}}
    return [
        Change(labels[name], *(_named(known.get(name), side) for side in told))
        for name, told in changes.items()
        if name in labels
    ]


def _named(declared: Declared | None, side: str) -> str:
    """What a choice is called; the trail keeps its value, which goes on meaning the same in any language."""
    if declared is None or declared.kind != "choice" or declared.field.options is None:
        return str(side)
    return str(declared.field.options().get(side, side))


def in_words(register: str, changes: dict[str, Sequence[str]]) -> str:
    """The same on one line: 楼栋：3号楼 → 5号楼；事由：核对身份."""
    words = []
    for change in changes_of(register, changes):
        is_detail = not change.before
        told = change.after if is_detail else f"{change.before} → {change.after or '—'}"
        words.append(f"{change.label}：{told}")
    return "；".join(words)


def done_with(
    rows: Sequence[tuple[Any, Sequence[int]]], since: datetime, community_id: int | None, name: str
) -> list[Event]:
    """What was seen of, and done with, the records ``rows`` (model and ids), the latest first.

    Lists of these registers that went out since they are on file are told too, also those that an office above took
    out: whether a record was in one, its range says. So is how notices with the ``name`` went out.
    """
    lists = _lists([model.__tablename__ for model, _ids in rows], since, community_id)
    found = [*_openings(rows, since), *_entries(rows, since), *lists, *_notices(name)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:LISTED]


def naming(name: str) -> tuple[ColumnElement[bool], ...]:
    """True of the issued notices whose words contain the name; a namesake may be meant."""
    return Notice.text.contains(name, autoescape=True), Notice.state.not_in(UNISSUED)


def _notices(name: str) -> Iterable[Event]:
    if not name:
        return []
    ids = db.session.scalars(select(Notice.id).where(*naming(name)).order_by(Notice.id.desc()).limit(LISTED)).all()
    entry = AuditEntry
    wanted = entry.register == Notice.__tablename__, entry.record_id.in_(ids), entry.action.in_(OF_NOTICES)
    found = db.session.scalars(select(entry).where(*wanted).order_by(entry.id.desc()).limit(LISTED))
    return map(_event, found)


def of_rows(told: Any, model: Any, ids: Sequence[int], since: datetime | None = None) -> ColumnElement[bool]:
    """What ``told``, entries or sightings, tells of rows of ``model``; of one that is gone, what it tells ``since``.

    SQLite gives the id of a deleted row again: what was told before a row was made is about another.
    """
    made = select(model.created_at).where(model.id == told.record_id).scalar_subquery()
    begin = made if since is None else func.coalesce(made, since)
    return and_(told.register == model.__tablename__, told.record_id.in_(ids), told.at >= begin)


def last_of(register: str, key: int) -> AuditEntry | None:
    """The latest that is told of the record that has, or last had, the id."""
    found: AuditEntry | None = db.session.scalar(_of(register, key).order_by(AuditEntry.id.desc()).limit(1))
    return found


def last_made(register: str, key: int) -> datetime:
    """When the record that last had the id was added; if nothing tells, before everything."""
    added = _of(register, key).where(AuditEntry.action == "add").order_by(AuditEntry.id.desc()).limit(1)
    entry: AuditEntry | None = db.session.scalar(added)
    return entry.at if entry is not None else datetime.min


def _of(register: str, key: int) -> Select[tuple[AuditEntry]]:
    return select(AuditEntry).where(AuditEntry.register == register, AuditEntry.record_id == key)


def _openings(rows: Iterable[tuple[Any, Sequence[int]]], since: datetime) -> Iterable[Event]:
    wanted = or_(*(of_rows(Sighting, model, ids, since) for model, ids in rows))
    found = select(Sighting).where(wanted).order_by(Sighting.id.desc()).limit(LISTED)
    return [Event(seen.at, seen.actor, OPENED, seen.register) for seen in db.session.scalars(found)]


def _entries(rows: Iterable[tuple[Any, Sequence[int]]], since: datetime) -> Iterable[Event]:
    wanted = or_(*(of_rows(AuditEntry, model, ids, since) for model, ids in rows))
    found = select(AuditEntry).where(wanted).order_by(AuditEntry.id.desc()).limit(LISTED)
    return map(_event, db.session.scalars(found))


def _lists(names: Sequence[str], since: datetime, community_id: int | None) -> Iterable[Event]:
    """Lists that went out, here or above; the range of one from above may name people of other communities."""
    entry = AuditEntry
    wanted = entry.register.in_(names), entry.action.in_(OF_LISTS), entry.record_id.is_(None), entry.at >= since
    with scope.as_system(scope.current().actor):  # an office above this one is out of scope, but looks into it
        path = db.session.scalar(select(Community.path).where(Community.id == community_id)) or ""
        above = [int(part) for part in path.split("/") if part]
        found = select(entry).where(*wanted, entry.community_id.in_(above)).order_by(entry.id.desc()).limit(LISTED)
        lists = db.session.scalars(found).all()
    readable = set(db.session.scalars(select(entry.id).where(entry.id.in_([row.id for row in lists]))))
    return [_event(row) if row.id in readable else _without_range(_event(row)) for row in lists]


def _without_range(event: Event) -> Event:
    return replace(event, subject="", told=_("by an office above this one"), entry=None)


def _event(entry: AuditEntry) -> Event:
    is_of_a_list = entry.record_id is None and entry.action in OF_LISTS  # whose subject says it all
    told = "" if is_of_a_list else in_words(entry.register, entry.changes)
    act, what = entry.action, ACTIONS.get(entry.action, "")
    return Event(entry.at, entry.actor, what, entry.register, entry.subject, told, entry.id, act)


def _by(model: Any, username: str) -> ColumnElement[bool]:
    """Done by the account, whatever its holder was called then."""
    found: ColumnElement[bool] = model.actor.endswith(f"({username})", autoescape=True)
    return found


@dataclass(frozen=True)
class DayOfWork:
    """What an account did on a day: how often which act on which register, None for what was opened."""

    on: date
    counts: Sequence[tuple[Label, str, int]]


def days_of(username: str, first: date, last: date) -> list[DayOfWork]:
    """What the account did on each of the days, the latest first."""
    term = midnight(first), midnight(last + timedelta(days=1))
    entry = AuditEntry
    entries = select(entry.at, entry.action, entry.register).where(_by(entry, username), entry.at.between(*term))
    seen = select(Sighting.on, Sighting.register, func.count()).where(
        _by(Sighting, username), Sighting.on.between(first, last)
    )
    counts: dict[date, Counter[tuple[str, str]]] = {}
    for at, action, register in db.session.execute(entries.order_by(entry.id.desc()).limit(MOST)):
        counts.setdefault(office_time(at).date(), Counter())[action, register] += 1
    for on, register, number in db.session.execute(seen.group_by(Sighting.on, Sighting.register)):
        counts.setdefault(on, Counter())["", register] += number
    return [
        DayOfWork(on, [(ACTIONS.get(action, OPENED), register, n) for (action, register), n in done.most_common()])
        for on, done in sorted(counts.items(), reverse=True)
    ]


def events_of(username: str, first: date, last: date) -> list[Event]:
    """The acts of the account on the days, the latest first."""
    term = midnight(first), midnight(last + timedelta(days=1))
    entries = select(AuditEntry).where(_by(AuditEntry, username), AuditEntry.at.between(*term))
    seen = select(Sighting).where(_by(Sighting, username), Sighting.on.between(first, last))
    found = [*map(_event, db.session.scalars(entries.order_by(AuditEntry.id.desc()).limit(LISTED)))]
    for row in db.session.scalars(seen.order_by(Sighting.id.desc()).limit(LISTED)):
        found.append(Event(row.at, row.actor, OPENED, row.register, f"№ {row.record_id}"))
    return sorted(found, key=lambda event: event.at, reverse=True)[:LISTED]
