"""What fits on a board, when a notice may be said to hang, and when it may come down."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.boards.rules import check_posting, check_taking_down, room

ISSUED = date(2026, 3, 5)
POSTED = date(2026, 3, 9)
FREE = date(2026, 3, 25)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("width", "height", "sheets"),
    [
        (120, 90, 10),  # five beside each other, two rows
        (240, 120, 30),
        (21, 30, 1),
        (20, 30, 0),
        (21, 29, 0),
        (30, 42, 1),  # a sheet of A3 would fit, a second of A4 above the first would not
        (43, 30, 1),  # no room for the pin between
        (44, 30, 2),
        (5000, 5000, 222 * 160),
    ],
)
def test_a_board_holds_upright_sheets_with_a_gap_between(width, height, sheets):
    assert room(width, height) == sheets


def test_a_larger_board_never_holds_less():
    sizes = [room(width, 90) for width in range(20, 400)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 10


def wrong_up(posted_on: date = POSTED, due_down_on: date | None = None, today: date = POSTED) -> list[str]:
    return [found.field for found in check_posting(posted_on, ISSUED, due_down_on, FREE, today)]


def test_a_notice_is_said_to_hang_from_the_day_of_issue_to_today():
    assert wrong_up() == []
    assert wrong_up(posted_on=ISSUED) == []
    assert wrong_up(posted_on=ISSUED - DAY) == ["posted_on"]
    assert wrong_up(posted_on=POSTED + DAY) == ["posted_on"]
    assert wrong_up(posted_on=POSTED + DAY, today=POSTED + DAY) == []


def test_a_notice_is_meant_to_come_down_when_the_rule_allows_or_later_or_at_no_set_time():
    assert wrong_up(due_down_on=None) == []
    assert wrong_up(due_down_on=FREE) == []
    assert wrong_up(due_down_on=FREE + DAY) == []
    assert wrong_up(due_down_on=FREE - DAY) == ["due_down_on"]


def test_what_no_rule_keeps_up_may_be_meant_to_come_down_on_the_day_it_goes_up_but_not_before():
    def wrong(due_down_on: date) -> list[dict[str, object]]:
        return [dict(found.params) for found in check_posting(POSTED, ISSUED, due_down_on, POSTED, POSTED)]

    assert wrong(POSTED) == []
    assert wrong(POSTED - DAY) == [{"day": POSTED}]


def test_everything_wrong_with_a_posting_is_told_at_once():
    assert wrong_up(posted_on=POSTED + DAY, due_down_on=FREE - DAY) == ["posted_on", "due_down_on"]


def told_down(on: date, replaced: bool = False, today: date = FREE) -> list[dict[str, object]]:
    """What is told of each thing that stands against taking a notice down."""
    return [dict(found.params) for found in check_taking_down(on, POSTED, FREE, replaced, today, "15天")]


def test_a_notice_comes_down_on_the_first_free_day_and_not_before():
    assert told_down(FREE) == []
    assert told_down(FREE - DAY) == [{"rule": "15天", "day": FREE}]
    assert told_down(POSTED) == [{"rule": "15天", "day": FREE}]


def test_a_replaced_notice_comes_down_as_soon_as_it_hung():
    assert told_down(POSTED, replaced=True) == []
    assert told_down(POSTED - DAY, replaced=True) == [{"day": POSTED}]


def test_a_notice_cannot_have_come_down_before_it_went_up_or_tomorrow():
    assert told_down(POSTED - DAY) == [{"day": POSTED}], "says as well that its time is not over"
    assert told_down(FREE + DAY) == [{}]
    assert told_down(FREE + DAY, today=FREE + DAY) == []
