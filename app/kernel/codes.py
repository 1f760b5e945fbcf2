"""Code lists: the values people choose from. Data, not code: seeded from ``seeds/codes/``, extended by the office.

National lists carry the standard's own codes (GB/T 2261.1 sex, GB/T 3304 nationality, GB/T 4658 schooling,
GB/T 4762 political status). A code in use means something in old records, so codes are retired, never deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, ScalarSelect, Select, String, UniqueConstraint, bindparam, event, func, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction

from app.kernel.db import Record, db
from app.kernel.fields import field

LISTS = {
    "sex": _l("Sex"),
    "nationality": _l("Nationality"),
    "political_status": _l("Political status"),
    "schooling": _l("Schooling"),
    "community_level": _l("Levels of communities"),
    "party_organization_kind": _l("Kinds of party organisations"),
    "committee_position": _l("Positions on the committees"),
    "volunteer_team_kind": _l("Kinds of volunteer teams"),
    "volunteer_stars": _l("Star grade"),
    "skill": _l("Skill"),
    "cultural_team_kind": _l("Kinds of cultural teams"),
    "facility_kind": _l("Types of facilities"),
    "facility_state": _l("States of facilities"),
    "service_kind": _l("Kinds of services"),
    "notice_board_kind": _l("Kinds of notice boards"),
    "partner_kind": _l("Kinds of units"),
    "progress": _l("Progress"),
    "allowance_kind": _l("Kinds of allowances"),
    "ledger_kind": _l("Kinds of income and spending"),
}
"""The code lists there are, each seeded from ``seeds/codes/<name>.csv``."""


class Code(Record):
    __tablename__ = "code"
    __label__ = _l("Code")
    __title__ = "label"
    __table_args__ = (UniqueConstraint("code_list", "value"),)

    code_list: Mapped[str] = field(_l("Code list"), options=lambda: LISTS, in_list=True, filter=True, index=True)
    value: Mapped[str] = field(_l("Value"), String(30), in_list=True)
    label: Mapped[str] = field(_l("Meaning"), String(60), in_list=True, search=True)
    standard: Mapped[str | None] = field(_l("Standard"), String(40), in_list=True, in_form=False)
    position: Mapped[int] = field(_l("Position"), Integer, default=100, help=_l("Smaller numbers come first."))
    retired_on: Mapped[date | None] = field(
        _l("Retired on"), in_list=True, help=_l("From this day it can no longer be chosen; old records keep it.")
    )


class CodesAreKept(RuntimeError):
    """A code was to be deleted; it can only be retired."""


@event.listens_for(Session, "before_flush")
def _keep_codes(session: Session, _context: object, _instances: object) -> None:
    if any(isinstance(row, Code) for row in session.deleted):
        raise CodesAreKept


Choices = dict[str, list[tuple[str, str]]]
KEPT = "codes"
"""Where a session keeps the code lists for the length of a transaction, and an application those of an edition."""


class Meaning(NamedTuple):
    """What a code means, and from which day it can no longer be chosen."""

    label: str
    retired_on: date | None


Lists = dict[str, dict[str, Meaning]]


def meanings(lists: Iterable[str]) -> Mapping[str, Mapping[str, Meaning]]:
    """For each code list what its codes mean, by their value and in order, the retired ones among them.

    A list is read once in a transaction, or once in an edition if the transaction knows that (:func:`keep_to`).
    """
    session = db.session()
    kept: Lists = session.info.setdefault(KEPT, {})
    if missing := [name for name in lists if name not in kept]:
        found: Lists = {name: {} for name in missing}
        # Codes are of no community: there is nothing the session would add to the statement.
        for name, value, label, retired_on in session.connection().execute(_read(), {"lists": missing}):
            found[name][value] = Meaning(label, retired_on)
        kept |= found  # each as a whole: other threads may be looking
    return kept


def edition() -> ScalarSelect[int]:
    """A number that every change of a code list raises, for codes are added and changed, never deleted."""
    return select(func.sum(Code.version)).scalar_subquery()


def keep_to(edition: int) -> None:
    """Let this transaction, which has read that :func:`edition`, share what others have read of it."""
    kept: tuple[int, Lists] = current_app.extensions.get(KEPT, (0, {}))
    if kept[0] != edition:
        kept = current_app.extensions[KEPT] = (edition, {})
    db.session().info[KEPT] = kept[1]


@cache
def _read() -> Select[Any]:
    code = Code.__table__.c
    of_lists = code.code_list.in_(bindparam("lists", expanding=True))
    return (
        select(code.code_list, code.value, code.label, code.retired_on)
        .where(of_lists)
        .order_by(code.code_list, code.position, code.value)
    )


@event.listens_for(Session, "after_flush")
def _read_what_was_changed(session: Session, _context: object) -> None:
    if any(isinstance(row, Code) for row in (*session.new, *session.dirty)):
        session.info.pop(KEPT, None)


@event.listens_for(Session, "after_soft_rollback")
@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None or ended.nested:
        session.info.pop(KEPT, None)


def label(code_list: str, value: str) -> str:
    """What a code means; a value that is not on the list stands for itself."""
    found = meanings([code_list])[code_list].get(value)
    return found.label if found is not None else value


def choices(lists: Collection[str], today: date) -> Choices:
    """For each code list its (value, label) pairs that can be chosen ``today``, in order."""
    known = meanings(lists)
    return {
        name: [
            (value, meaning.label)
            for value, meaning in known[name].items()
            if meaning.retired_on is None or meaning.retired_on > today
        ]
        for name in lists
    }
