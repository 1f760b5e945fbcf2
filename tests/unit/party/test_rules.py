"""Rules of party work: 申报 → 荐岗 → 定岗, membership, and 公开承诺 → 践诺 → 领导点评."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.kernel.values import Invalid
from app.party.rules import (
    Assignment,
    check_assignment,
    check_membership,
    check_pledge,
    quarter_of,
    quarters,
    read_quarter,
)

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


@pytest.mark.parametrize(
    "written",
    [
        "2026Q4",
        "2026q4",
        "２０２６Ｑ４",
        "2026年第四季度",
        "2026年第4季度",
        "2026年四季度",
        "2026.4季度",
        "2026 Q4",
        "2026-4季",
    ],
)
def test_a_quarter_is_understood_however_it_is_written(written):
    assert read_quarter(written) == "2026Q4"


@pytest.mark.parametrize(
    "written", ["2026Q5", "2026Q0", "2026年", "2026.4", "202604", "26Q4", "第四季度", "2026年第四季度末"]
)
def test_what_is_no_quarter_is_refused(written):
    with pytest.raises(Invalid):
        read_quarter(written)


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        (date(2026, 1, 1), "2026Q1"),
        (date(2026, 3, 31), "2026Q1"),
        (date(2026, 4, 1), "2026Q2"),
        (date(2026, 12, 31), "2026Q4"),
    ],
)
def test_a_day_lies_in_its_quarter(day, quarter):
    assert quarter_of(day) == quarter


def test_a_pledge_may_be_for_the_next_quarter_this_one_or_one_of_the_years_before():
    assert list(quarters(date(2026, 12, 31), back=1)) == [(2027, 1), (2026, 4), (2026, 3), (2026, 2), (2026, 1)]


PLEDGED = {"done": None, "review": None, "reviewed_on": None}
KEPT = {**PLEDGED, "done": "巡查24次"}
REVIEWED = {**KEPT, "review": "按时完成承诺。", "reviewed_on": TODAY}


@pytest.mark.parametrize(
    ("pledge", "fields"),
    [
        (PLEDGED, []),
        (KEPT, []),
        (REVIEWED, []),
        ({**REVIEWED, "done": None}, ["done"]),
        ({**REVIEWED, "reviewed_on": None}, ["reviewed_on"]),
        ({**REVIEWED, "reviewed_on": AHEAD}, ["reviewed_on"]),
        ({**REVIEWED, "review": None}, ["review"]),
    ],
)
def test_a_pledge_is_kept_before_it_is_reviewed_and_a_review_has_its_day(pledge, fields):
    assert [violation.field for violation in check_pledge(pledge, TODAY)] == fields
