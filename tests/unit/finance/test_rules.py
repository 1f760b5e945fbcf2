"""Rules about money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.finance.rules import in_sum, read_money, with_sums
from app.kernel.values import Invalid


@pytest.mark.parametrize(("typed", "yuan"), [("1,248.36", "1248.36"), ("0.01", "0.01"), ("８００", "800.00")])
def test_a_sum_is_read_in_yuan(typed, yuan):
    assert read_money(typed) == Decimal(yuan)


@pytest.mark.parametrize("typed", ["0", "0.00", "-5", "3.005", "八百"])
def test_nothing_less_than_nothing_and_parts_of_a_fen_are_no_sums(typed):
    with pytest.raises(Invalid):
        read_money(typed)


def amounts(*rows: tuple[str, str, int, str]) -> list[tuple[str, str, str, str]]:
    """The lines of the table that ``rows`` make, yuan as text going in and out."""
    table = with_sums([(direction, kind, count, Decimal(yuan)) for direction, kind, count, yuan in rows])
    return [(row["direction"], row["kind"], row["entries"], row["amount"]) for row in table]


def test_income_and_spending_are_added_up_and_what_is_left_is_told():
    found = amounts(
        ("in", "拨款", 2, "24000"),
        ("out", "办公", 3, "862.50"),
        ("in", "捐赠", 1, "1000.5"),
        ("out", "活动", 1, "1248.36"),
    )
    assert found == [
        ("收入", "拨款", "2", "24,000.00"),
        ("收入", "捐赠", "1", "1,000.50"),
        ("收入", "合计", "3", "25,000.50"),
        ("支出", "办公", "3", "862.50"),
        ("支出", "活动", "1", "1,248.36"),
        ("支出", "合计", "4", "2,110.86"),
        ("结余", "", "", "22,889.64"),
    ]


def test_a_month_without_spending_says_so_and_a_loss_has_its_sign():
    assert amounts(("in", "拨款", 1, "5"))[-2:] == [("支出", "合计", "0", "0.00"), ("结余", "", "", "5.00")]
    assert amounts(("out", "办公", 1, "0.01"))[-1] == ("结余", "", "", "-0.01")


def test_nothing_at_all_is_nothing_on_both_sides():
    assert amounts() == [("收入", "合计", "0", "0.00"), ("支出", "合计", "0", "0.00"), ("结余", "", "", "0.00")]


def test_fen_are_added_without_rounding():
    assert amounts(*[("in", "零星", 1, "0.10")] * 3)[-1] == ("结余", "", "", "0.30")


@pytest.mark.parametrize(
    ("sums", "told"),
    [
        ({"in": "24000", "out": "862.5"}, "合计：收入24000.00元，支出862.50元，收支差额23137.50元。"),
        ({"in": "4800", "out": "14422.64"}, "合计：收入4800.00元，支出14422.64元，收支差额-9622.64元。"),
        ({"out": "862.5"}, "合计：支出862.50元。"),
        ({}, ""),
    ],
)
def test_what_a_list_of_money_comes_to_is_one_line(sums, told):
    assert in_sum({direction: Decimal(yuan) for direction, yuan in sums.items()}) == told
