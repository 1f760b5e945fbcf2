"""Rules about money, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from app.kernel.values import N_, Invalid, read_decimal


def read_money(text: str) -> Decimal:
    """A sum in yuan with at most two decimals, more than nothing. Raises :class:`Invalid` otherwise."""
    if (amount := read_decimal(text)) <= 0:
        raise Invalid(N_("Must be more than 0."))
    return amount


INCOME, SPENDING = "in", "out"
_NAMES = {INCOME: "收入", SPENDING: "支出"}


def with_sums(rows: Sequence[tuple[str, str, int, Decimal]]) -> Iterator[dict[str, str]]:
    """(direction, kind, entries, yuan) as a table to post: income, spending, the sum of each, and what is left over."""
    sums = dict.fromkeys(_NAMES, Decimal(0))
    for direction, name in _NAMES.items():
        own = [row for row in rows if row[0] == direction]
        for _direction, kind, entries, amount in own:
            yield _line(name, kind, entries, amount)
            sums[direction] += amount
        yield _line(name, "合计", sum(row[2] for row in own), sums[direction])
    yield _line("结余", "", None, sums[INCOME] - sums[SPENDING])


def _line(direction: str, kind: str, entries: int | None, amount: Decimal) -> dict[str, str]:
    shown = "" if entries is None else str(entries)
    return {"direction": direction, "kind": kind, "entries": shown, "amount": f"{amount:,.2f}"}


def in_sum(sums: Mapping[str, Decimal]) -> str:
    """What income and spending come to, as a line to post; of nothing, nothing."""
    told = [f"{name}{sums[direction]:.2f}元" for direction, name in _NAMES.items() if direction in sums]
    if len(told) == len(_NAMES):
        told.append(f"收支差额{sums[INCOME] - sums[SPENDING]:.2f}元")
    return f"合计：{'，'.join(told)}。" if told else ""
