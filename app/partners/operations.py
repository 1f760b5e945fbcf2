"""What the office does with its co-building units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select

from app.disclosure import sources
from app.disclosure.rules import PrintColumn
from app.disclosure.sources import Term
from app.kernel.capability import Figure, Task
from app.kernel.db import count_of, db, today
from app.kernel.listing import Listing, Question
from app.kernel.records import Data, checks
from app.kernel.values import Violation
from app.partners import rules
from app.partners.models import NOTICE_DAYS, PartnershipAgreement, PartnerUnit, PlanItem


@checks(PartnershipAgreement, alone=True)
def _check_agreement(data: Data, _record: Any) -> Iterable[Violation]:
    return rules.check_agreement(data, today())


@checks(PlanItem, alone=True)
def _check_plan_item(data: Data, _record: Any) -> Iterable[Violation]:
    return rules.check_plan_item(data, today())


@sources.figures(
    "plan_progress",
    _l("Progress of the yearly plan"),
    "plan_item",
    PrintColumn("unit", "共建单位"),
    PrintColumn("items", "计划项目", figures=True),
    PrintColumn("done", "已完成", figures=True),
    PrintColumn("share", "完成率", figures=True),
)
def progress(term: Term) -> Iterable[dict[str, str]]:
    """How much of each unit's plan for the year in which the term ends was done by then."""
    done = func.sum(case((PlanItem.done_on <= term.last, 1), else_=0))
    for unit, items, finished in db.session.execute(
        select(PartnerUnit.name, func.count(PlanItem.id), done)
        .join(PlanItem, PlanItem.unit_id == PartnerUnit.id)
        .where(PlanItem.year == term.last.year)
        .group_by(PartnerUnit.id, PartnerUnit.name)
        .order_by(PartnerUnit.id)
    ):
        yield {"unit": unit, "items": str(items), "done": str(finished), "share": f"{100 * finished / items:.0f}%"}


def figures() -> Iterable[Figure]:
    yield Figure(_l("Co-building units"), count_of(PartnerUnit), "partner_unit")


def tasks(_today: date) -> Iterable[Task]:
    """Agreements whose term is running out, and plan items that are overdue."""
    ending = Listing(PartnershipAgreement).count(Question(filters={"standing": "ending"}))
    overdue = Listing(PlanItem).count(Question(filters={"is_overdue": True}))
    yield Task(
        _("Agreements ending within %(days)s days", days=NOTICE_DAYS),
        ending,
        "partnership_agreement",
        "partnership_agreement.list",
        {"standing": "ending"},
    )
    yield Task(_("Overdue plan items"), overdue, "plan_item", "plan_item.list", {"is_overdue": 1}, urgent=True)
