"""Code lists: the values people choose from. Data, not code: seeded from ``seeds/codes/``, extended by the office.

National lists carry the standard's own codes (GB/T 2261.1 sex, GB/T 3304 nationality, GB/T 4658 schooling,
GB/T 4762 political status). A code in use means something in old records, so codes are retired, never deleted.
"""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, String, UniqueConstraint, event, select
from sqlalchemy.orm import Mapped, Session

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

    code_list: Mapped[str] = field(_l("Code list"), options=lambda: LISTS, in_list=True, filter=True)
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


def choices(lists: set[str], today: date) -> Choices:
    """For each code list its (value, label) pairs that can be chosen ``today``, in order; one query."""
    found: Choices = {name: [] for name in lists}
    if lists:
        rows = db.session.execute(
            select(Code.code_list, Code.value, Code.label)
            .where(Code.code_list.in_(lists))
            .where((Code.retired_on.is_(None)) | (Code.retired_on > today))
            .order_by(Code.code_list, Code.position, Code.value)
        )
        for name, value, label in rows:
            found[name].append((value, label))
    return found
