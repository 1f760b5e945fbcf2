"""What the office does for people in need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select

from app.assistance.models import AllowanceHousehold
from app.disclosure import sources
from app.disclosure.rules import PrintColumn
from app.disclosure.sources import Term
from app.kernel.capability import Figure
from app.kernel.codes import Code
from app.kernel.db import db
from app.kernel.records import Data, checks
from app.kernel.rules import ends_after_start
from app.kernel.values import Violation


@checks(AllowanceHousehold, alone=True)
def _check_household(data: Data, _record: Any) -> Iterable[Violation]:
    return ends_after_start(data, "granted_on", "ended_on")


@sources.figures(
    "allowance_totals",
    _l("Allowance, totals"),
    "allowance_household",
    PrintColumn("kind", "类别"),
    PrintColumn("households", "户数", figures=True),
    PrintColumn("people", "人数", figures=True),
    PrintColumn("amount", "月发放金额（元）", figures=True),
)
def totals(term: Term) -> Iterable[dict[str, str]]:
    """Households, people and money a month by kind, of those paid on the last day of the term."""
    household = AllowanceHousehold
    rows = db.session.execute(
        select(Code.label, func.count(), func.sum(household.household_size), func.sum(household.monthly_amount))
        .outerjoin(Code, and_(Code.code_list == "allowance_kind", Code.value == household.kind))
        .where(household.granted_on <= term.last, or_(household.ended_on.is_(None), household.ended_on >= term.last))
        .group_by(Code.label, Code.position)
        .order_by(Code.position, Code.label)
    ).all()
    sums = ("合计", *(sum(row[at] for row in rows) for at in (1, 2, 3)))
    for kind, households, people, amount in (*rows, sums):
        yield {"kind": kind or "", "households": f"{households}", "people": f"{people}", "amount": f"{amount:,.2f}"}


def figures() -> Iterable[Figure]:
    """Households paid now, the people in them, and what they get a month in whole yuan."""
    household = AllowanceHousehold
    totals = select(func.count(), func.sum(household.household_size), func.sum(household.monthly_amount))
    households, people, amount = db.session.execute(
        totals.where(household.standing.expression(household) == "running")
    ).one()
    paid = {"standing": "running"}
    yield Figure(_l("Allowance households"), households, "allowance_household", paid)
    yield Figure(_l("People on allowance"), people or 0, "allowance_household", paid)
    yield Figure(_l("Allowance a month (yuan)"), round(amount or 0), "allowance_household", paid)
