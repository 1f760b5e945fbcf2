"""Rules of party work: 申报 → 荐岗 → 定岗, and membership."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.party.rules import Assignment, check_assignment, check_membership

TODAY = date(2026, 3, 5)
BEFORE, EARLIER, AHEAD = date(2026, 3, 1), date(2026, 2, 1), date(2026, 3, 6)

APPLIED = Assignment(EARLIER, None, None, None, None, None)
RECOMMENDED = replace(APPLIED, recommended_on=EARLIER, recommended_by="居民小组")
APPOINTED = replace(RECOMMENDED, appointed_on=BEFORE, appointed_by="支部委员会")
ENDED = replace(APPOINTED, ended_on=TODAY)


def wrong(assignment: Assignment, places: int = 1, taken: int = 0) -> list[str]:
    return [violation.field for violation in check_assignment(assignment, places, taken, TODAY)]


@pytest.mark.parametrize("assignment", [APPLIED, RECOMMENDED, APPOINTED, ENDED], ids=["1", "2", "3", "4"])
def test_the_steps_taken_in_order_are_right(assignment):
    assert wrong(assignment) == []


@pytest.mark.parametrize(
    ("assignment", "field"),
    [
        (replace(APPLIED, applied_on=AHEAD), "applied_on"),
        (replace(RECOMMENDED, recommended_on=AHEAD), "recommended_on"),
        (replace(APPOINTED, appointed_on=AHEAD), "appointed_on"),
        (replace(ENDED, ended_on=AHEAD), "ended_on"),
        (replace(RECOMMENDED, recommended_on=date(2026, 1, 31)), "recommended_on"),
        (replace(APPOINTED, appointed_on=date(2026, 1, 31)), "appointed_on"),
        (replace(ENDED, ended_on=EARLIER), "ended_on"),
        (replace(APPOINTED, recommended_on=None, recommended_by=None), "recommended_on"),
        (replace(APPLIED, ended_on=TODAY), "appointed_on"),
        (replace(RECOMMENDED, recommended_by=None), "recommended_by"),
        (replace(APPOINTED, appointed_by=""), "appointed_by"),
    ],
)
def test_a_step_that_is_missing_ahead_or_out_of_order_is_named(assignment, field):
    assert wrong(assignment) == [field]


@pytest.mark.parametrize(
    ("assignment", "places", "taken", "full"),
    [
        (APPOINTED, 1, 0, False),
        (APPOINTED, 1, 1, True),
        (APPOINTED, 2, 1, False),
        (APPOINTED, 2, 3, True),
        (RECOMMENDED, 1, 1, False),
        (APPLIED, 1, 1, False),
        (ENDED, 1, 1, False),
    ],
)
def test_nobody_is_appointed_to_a_full_post_but_anybody_may_apply(assignment, places, taken, full):
    assert wrong(assignment, places, taken) == (["post_id"] if full else [])


@pytest.mark.parametrize(
    ("joined", "full", "field"),
    [
        (EARLIER, BEFORE, None),
        (EARLIER, EARLIER, None),
        (EARLIER, None, None),
        (None, None, None),
        (AHEAD, None, "joined_on"),
        (None, BEFORE, "joined_on"),
        (BEFORE, EARLIER, "full_member_on"),
        (EARLIER, AHEAD, "full_member_on"),
    ],
)
def test_full_membership_follows_joining_and_neither_lies_ahead(joined, full, field):
    assert [violation.field for violation in check_membership(joined, full, TODAY)] == ([field] if field else [])
