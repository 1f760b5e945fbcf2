"""Help for people in need. What is kept is what the rule lets be posted; illness, reason and address are not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, Numeric, UniqueConstraint, case
from sqlalchemy.orm import Mapped, relationship

from app.community.models import Person
from app.finance.rules import read_money
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import derived, field, link
from app.kernel.retention import Retention
from app.kernel.values import at_least, read_integer

STANDINGS = {
    "coming": _l("Not yet paid"),
    "running": _l("Being paid"),
    "over": _l("No longer paid"),
}


def _standing(household: type[AllowanceHousehold]) -> ColumnElement[str]:
    return case(
        (household.granted_on > today(), "coming"),
        (household.ended_on < today(), "over"),
        else_="running",
    )


class AllowanceHousehold(Record, Scoped):
    """A household on the minimum living allowance (低保户).

    最低生活保障审核确认办法 has the applicant's name, the household's size and the amount posted, nothing irrelevant.
    """

    __tablename__ = "allowance_household"
    __label__ = _l("Allowance household")
    __title__ = "applicant_id"
    __order__ = "applicant_id"
    __kept__ = Retention(3, "ended_on", "本单位规定：停发后留三年备查；审批档案由街道和民政部门保存")
    __table_args__ = (UniqueConstraint("community_id", "applicant_id", "granted_on"),)

    applicant_id: Mapped[int] = link(
        _l("Applicant"),
        "person.id",
        in_list=True,
        search=True,
        notice=True,
        headings=("姓名", "户主", "户主姓名", "申请人姓名"),
    )
    household_size: Mapped[int] = field(
        _l("Household size"),
        Integer,
        read=at_least(1, read_integer),
        in_list=True,
        notice=True,
        headings=("家庭人口数", "保障人口", "人口"),
    )
    monthly_amount: Mapped[Decimal] = field(
        _l("Monthly amount (yuan)"),
        Numeric(10, 2),
        read=read_money,
        in_list=True,
        notice=True,
        help=_l("For the whole household."),
        headings=("保障金额", "低保金额"),
    )
    kind: Mapped[str] = field(_l("Kind"), code="allowance_kind", in_list=True, filter=True)
    granted_on: Mapped[date] = field(
        _l("Granted from"), in_list=True, help=_l("The first day it is paid for."), headings=("起始日期", "享受时间")
    )
    ended_on: Mapped[date | None] = field(_l("Paid until"), help=_l("Blank while it is paid."), headings=("截止日期",))
    standing = derived(_l("Payment"), _standing, "choice", options=lambda: STANDINGS, in_list=True, filter=True)

    applicant: Mapped[Person] = relationship()
