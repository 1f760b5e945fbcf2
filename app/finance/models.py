"""What the office takes in and spends, as it is posted for the residents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import Numeric, String
from sqlalchemy.orm import Mapped

from app.finance.rules import INCOME, SPENDING, read_money
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import field

DIRECTIONS = {INCOME: _l("Income"), SPENDING: _l("Spending")}


class LedgerEntry(Record, Scoped):
    """One sum of money taken in or spent (收支明细)."""

    __tablename__ = "ledger_entry"
    __label__ = _l("Ledger entry")
    __title__ = "purpose"
    __order__ = "-on"
    __newest_first__ = True
    __dated__ = "on"

    on: Mapped[date] = field(
        _l("Date"), in_list=True, filter=True, notice=True, default=today, index=True, headings=("时间", "发生日期")
    )
    direction: Mapped[str] = field(
        _l("Income or spending"),
        options=lambda: DIRECTIONS,
        in_list=True,
        filter=True,
        notice=True,
        headings=("收支类型",),
    )
    kind: Mapped[str] = field(_l("Kind"), code="ledger_kind", in_list=True, filter=True, notice=True)
    purpose: Mapped[str] = field(
        _l("Purpose"), String(120), in_list=True, search=True, notice=True, headings=("用途", "事由")
    )
    amount: Mapped[Decimal] = field(
        _l("Amount (yuan)"),
        Numeric(12, 2),
        read=read_money,
        in_list=True,
        notice=True,
        parts={INCOME: ("收入金额", "收入"), SPENDING: ("支出金额", "支出")},
        parts_tell="direction",
    )
    handled_by: Mapped[str | None] = field(
        _l("Handled by"), String(60), in_list=True, search=True, headings=("经手人",)
    )
    voucher: Mapped[str | None] = field(_l("Voucher"), String(40), search=True, headings=("凭证", "凭证编号"))
