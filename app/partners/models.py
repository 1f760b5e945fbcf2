"""Co-building units (共建单位), the agreements with them and what was planned for the year."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, String, Text, UniqueConstraint, and_, case, func, select
from sqlalchemy.orm import Mapped, relationship

from app.community.models import Person
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import borrowed, derived, field, link
from app.kernel.values import at_least, read_integer, read_uscc


def _agreed_until(unit: type[PartnerUnit]) -> ColumnElement[date]:
    return (
        select(func.max(PartnershipAgreement.ends_on))
        .where(PartnershipAgreement.unit_id == unit.id)
        .correlate(unit)
        .scalar_subquery()
    )


class PartnerUnit(Record, Scoped):
    __tablename__ = "partner_unit"
    __label__ = _l("Co-building unit")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "uscc"), UniqueConstraint("community_id", "name"))

    name: Mapped[str] = field(
        _l("Unit"), String(80), in_list=True, search=True, notice=True, headings=("单位", "共建单位", "共建单位名称")
    )
    uscc: Mapped[str] = field(
        _l("Unified social credit code"),
        String(18),
        read=read_uscc,
        in_list=True,
        search=True,
        headings=("信用代码", "社会信用代码"),
    )
    kind: Mapped[str] = field(
        _l("Kind"),
        code="partner_kind",
        in_list=True,
        filter=True,
        notice=True,
        headings=("类型", "单位类型", "单位性质"),
    )
    address: Mapped[str | None] = field(_l("Unit address"), String(120), headings=("地址",))
    resources: Mapped[str | None] = field(
        _l("What it shares"), Text, search=True, notice=True, headings=("可共享资源",)
    )
    liaison_id: Mapped[int | None] = link(
        _l("Liaison"), "person.id", in_list=True, search=True, notice=True, headings=("联系人",)
    )
    liaison_phone = borrowed("liaison_id", "phone", label=_l("Liaison's phone"), in_list=True)
    agreed_until = derived(_l("Agreement until"), _agreed_until, "date", in_list=True, notice=True)

    liaison: Mapped[Person | None] = relationship()


NOTICE_DAYS = 60
"""How long before its end an agreement is brought to mind."""

STANDINGS = {
    "coming": _l("Not yet begun"),
    "running": _l("Running"),
    "ending": _l("Ending soon"),
    "over": _l("Over"),
}


def _standing(agreement: type[PartnershipAgreement]) -> ColumnElement[str]:
    day = today()
    return case(
        (agreement.starts_on > day, "coming"),
        (agreement.ends_on < day, "over"),
        (agreement.ends_on <= day + timedelta(days=NOTICE_DAYS), "ending"),
        else_="running",
    )


class PartnershipAgreement(Record, Scoped):
    __tablename__ = "partnership_agreement"
    __label__ = _l("Partnership agreement")
    __title__ = "name"
    __order__ = "ends_on"

    name: Mapped[str] = field(_l("Agreement"), String(80), in_list=True, search=True, notice=True)
    unit_id: Mapped[int] = link(
        _l("Unit"),
        "partner_unit.id",
        in_list=True,
        filter=True,
        search=True,
        notice=True,
        headings=("单位", "共建单位"),
    )
    signed_on: Mapped[date] = field(_l("Signed on"), in_list=True)
    starts_on: Mapped[date] = field(_l("Starts on"), in_list=True, notice=True)
    ends_on: Mapped[date] = field(_l("Ends on"), in_list=True, notice=True, help=_l("The last day of its term."))
    standing = derived(_l("Standing"), _standing, "choice", options=lambda: STANDINGS, in_list=True, filter=True)
    content: Mapped[str | None] = field(_l("What was agreed"), Text)

    unit: Mapped[PartnerUnit] = relationship()


def _is_overdue(item: type[PlanItem]) -> ColumnElement[bool]:
    return and_(item.due_on.is_not(None), item.due_on < today(), item.done_on.is_(None))


class PlanItem(Record, Scoped):
    """One thing a unit and the community mean to do in a year, and how far it is."""

    __tablename__ = "plan_item"
    __label__ = _l("Yearly plan item")
    __title__ = "content"
    __table_args__ = (UniqueConstraint("unit_id", "year", "content"),)

    year: Mapped[int] = field(
        _l("Year"),
        Integer,
        read=at_least(2000, read_integer),
        in_list=True,
        notice=True,
        default=lambda: today().year,
    )
    unit_id: Mapped[int] = link(
        _l("Unit"),
        "partner_unit.id",
        in_list=True,
        filter=True,
        search=True,
        notice=True,
        headings=("单位", "共建单位"),
    )
    content: Mapped[str] = field(_l("What is planned"), String(200), in_list=True, search=True, notice=True)
    due_on: Mapped[date | None] = field(_l("Due on"), in_list=True, notice=True)
    progress: Mapped[str] = field(_l("Progress"), code="progress", in_list=True, filter=True, default="1", notice=True)
    done_on: Mapped[date | None] = field(_l("Done on"), in_list=True, notice=True)
    is_overdue = derived(_l("Overdue"), _is_overdue, "flag", filter=True)
    result: Mapped[str | None] = field(_l("Result"), Text)

    unit: Mapped[PartnerUnit] = relationship()
