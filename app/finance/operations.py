"""What the office does with its ledger."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, select

from app.disclosure import sources
from app.disclosure.rules import PrintColumn
from app.disclosure.sources import Term
from app.finance import rules
from app.finance.models import LedgerEntry
from app.kernel.capability import Figure
from app.kernel.codes import Code
from app.kernel.db import db, today
from app.kernel.listing import Listing, Question
from app.kernel.records import Data, checks
from app.kernel.rules import not_to_come
from app.kernel.values import Violation


@checks(LedgerEntry, alone=True)
def _check_entry(data: Data, _record: Any) -> Iterable[Violation]:
    return not_to_come(data, "on", today())


@sources.figures(
    "ledger_totals",
    _l("Income and spending, totals"),
    "ledger_entry",
    PrintColumn("direction", "收支"),
    PrintColumn("kind", "项目"),
    PrintColumn("entries", "笔数", figures=True),
    PrintColumn("amount", "金额（元）", figures=True),
)
def totals(term: Term) -> Iterable[dict[str, str]]:
    """Income and spending of a term by kind, with their sums and what is left over."""
    rows = db.session.execute(
        select(LedgerEntry.direction, Code.label, func.count(), func.sum(LedgerEntry.amount))
        .outerjoin(Code, and_(Code.code_list == "ledger_kind", Code.value == LedgerEntry.kind))
        .where(LedgerEntry.on.between(term.first, term.last))
        .group_by(LedgerEntry.direction, Code.label, Code.position)
        .order_by(LedgerEntry.direction, Code.position, Code.label)
    ).all()
    return rules.with_sums([(direction, kind or "", count, Decimal(amount)) for direction, kind, count, amount in rows])


@sources.noted("ledger_entry")
def _in_sum(question: Question, columns: frozenset[str]) -> str:
    """What the entries that are posted come to, where their amounts are posted."""
    if not {"direction", "amount"} <= columns:
        return ""
    listed = Listing(LedgerEntry)
    told: tuple[Any, ...] = LedgerEntry.direction, func.sum(LedgerEntry.amount)
    sums = select(*told).group_by(LedgerEntry.direction)
    found = db.session.execute(listed.with_joins(sums.where(*listed.conditions(question)))).all()
    return rules.in_sum({direction: Decimal(amount) for direction, amount in found})


def figures() -> Iterable[Figure]:
    """What came in and went out since the first of the month, in whole yuan."""
    sums = select(LedgerEntry.direction, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.direction)
    totals = {
        direction: round(total)
        for direction, total in db.session.execute(sums.where(LedgerEntry.on >= today().replace(day=1)))
    }
    yield Figure(_l("Income this month (yuan)"), totals.get(rules.INCOME, 0), "ledger_entry")
    yield Figure(_l("Spending this month (yuan)"), totals.get(rules.SPENDING, 0), "ledger_entry")
