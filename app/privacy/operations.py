"""Deleting a person with everything that is theirs, and finding what need not be kept any longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import listing, records, undo
from app.kernel.access import Right, permitted
from app.kernel.db import Conflict, db
from app.kernel.fields import Declared, fields_of, title_of
from app.kernel.listing import Question, Row
from app.kernel.persons import Part, parts_of
from app.kernel.register import Register
from app.kernel.registers import REGISTERS
from app.kernel.retention import Retention

SHOWN = 200
"""Rows of one register that are past their time, shown at once."""


@dataclass(frozen=True)
class Group:
    """Rows of one register, by what they are called."""

    register: str
    label: str
    titles: Sequence[str]


@dataclass(frozen=True)
class Removal:
    """What goes with a person, what names the person and stands ``in_the_way``, and what somebody else must delete."""

    goes: Sequence[Group]
    in_the_way: Sequence[Group]
    forbidden: Sequence[str]

    @property
    def is_possible(self) -> bool:
        return not self.in_the_way and not self.forbidden


def removal_of(person: Any) -> Removal:
    """What it takes to delete ``person`` and every hat."""
    parts = parts_of(type(person), person.id)
    own = [part for part in parts if part.own]
    return Removal(
        [_group(part) for part in own],
        [_group(part) for part in parts if not part.own],
        [str(part.model.__label__) for part in own if not permitted(part.register, Right.DELETE)],
    )


def _group(part: Part) -> Group:
    if not permitted(part.register, Right.VIEW):
        return Group(part.register, str(part.model.__label__), [_("%(count)s records", count=len(part.ids))])
    role = str(part.link.field.label) if part.link is not None and not part.own else ""
    titles = [f"{title_of(row)}（{role}）" if role else title_of(row) for row in _rows(part)]
    return Group(part.register, str(part.model.__label__), titles)


def _rows(part: Part) -> list[Any]:
    return list(db.session.scalars(select(part.model).where(part.model.id.in_(part.ids)).order_by(part.model.id)))


def remove(person: Any) -> undo.ChangeSet:
    """Delete ``person`` and every hat as one act that can be undone. Commits nothing.

    Raises ``Conflict`` where somebody has made that impossible meanwhile.
    """
    parts = parts_of(type(person), person.id)
    if not removal_of(person).is_possible:
        raise Conflict
    rows = [row for part in parts for row in _rows(part)]
    with undo.recorded("delete", person.__tablename__, title_of(person), len(rows)) as change:
        records.remove(*rows)
    return change


# --- what is past its time ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overdue:
    """The rows of a register whose time is over, the longest first; ``more`` than are shown."""

    view: Register
    retention: Retention
    counted: Declared
    columns: Sequence[Declared]
    rows: Sequence[Row]
    more: bool


def overdue(today: date) -> Iterator[Overdue]:
    """Register by register what need not be kept any longer, of those the person at work may look at."""
    for view in REGISTERS.values():
        retention: Retention | None = view.model.__kept__
        if retention is None or not view.may(Right.VIEW):
            continue
        known = fields_of(view.model)
        counted = known[retention.counted_from]
        columns = [known[view.model.__title__], counted]
        question = Question(order=counted.name)
        past = getattr(view.model, counted.name) <= retention.last_counted(today)
        rows = listing.rows(view.model, [d.name for d in columns], question, past, limit=SHOWN + 1)
        if rows:
            yield Overdue(view, retention, counted, columns, rows[:SHOWN], len(rows) > SHOWN)
