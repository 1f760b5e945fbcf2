"""Which backups are kept, and when the next is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from app.backups import rules

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def kept(made: list[datetime], today: date = TODAY) -> list[datetime]:
    return sorted(set(made) - rules.superseded(made, today), reverse=True)


def test_after_years_of_daily_backups_a_week_five_weeks_and_twelve_months_are_left():
    made = [NOON - DAY * days for days in range(1000)]
    left = kept(made)
    assert left[:7] == made[:7]
    weeks = {moment.isocalendar()[:2]: moment for moment in reversed(made[:35])}
    assert {max(made for made in left if made.isocalendar()[:2] == week) for week in list(weeks)[-5:]} <= set(left)
    months = {(moment.year, moment.month) for moment in left}
    assert months >= {(2026, month) for month in range(1, 12)} | {(2025, 12)}
    assert len(left) <= 7 + 5 + 12
    assert datetime(2026, 10, 31, 12) in left, "the last of October"
    assert datetime(2026, 10, 20, 12) not in left


def test_rotating_day_by_day_ends_where_rotating_once_does():
    there: list[datetime] = []
    for days in range(500, -1, -1):
        there.append(NOON - DAY * days)
        there = kept(there, (NOON - DAY * days).date())
    assert there == kept([NOON - DAY * days for days in range(501)])


def test_all_of_a_busy_day_are_kept_for_a_week():
    made = [NOON - HOUR * hours for hours in range(12)]
    assert kept(made) == made
    assert len(kept(made, TODAY + 7 * DAY)) == rules.NEWEST


@pytest.mark.parametrize("shift", [timedelta(days=-4000), timedelta(days=4000)])
def test_a_clock_that_went_wrong_costs_no_recent_backup(shift: timedelta):
    made = [NOON - DAY * days for days in range(40)]
    assert kept([*made, NOON + shift], (NOON + shift).date())[-20:] != []
    assert set(made[: rules.NEWEST - 1]) <= set(kept([*made, NOON + shift], (NOON + shift).date()))


@pytest.mark.parametrize("is_sealed", [True, False])
def test_the_moment_stands_in_the_name(is_sealed: bool):
    assert rules.made_at(rules.file_name(NOON, is_sealed)) == NOON
    assert rules.file_name(NOON, is_sealed).endswith(".sealed") == is_sealed


@pytest.mark.parametrize(
    "name", ["portal.zip", ".portal-2026-11-22-120000.zip.part", "portal-2026-13-22-120000.zip", "lock", "../a.zip"]
)
def test_no_other_file_is_taken_for_a_backup(name: str):
    assert rules.made_at(name) is None


@pytest.mark.parametrize(
    ("last_good", "last_attempt", "due"),
    [
        (None, None, True),
        (NOON - DAY, None, True),
        (NOON - 13 * HOUR, None, True),  # yesterday evening
        (NOON - 11 * HOUR, None, False),  # this morning
        (NOON - DAY, NOON - HOUR / 2, False),
        (NOON - DAY, NOON - HOUR, True),
        (NOON - DAY, NOON + DAY, True),  # the clock was put right
        (NOON, NOON - 2 * HOUR, False),
    ],
)
def test_one_is_due_each_day_and_a_failed_one_an_hour_later(
    last_good: datetime | None, last_attempt: datetime | None, due: bool
):
    assert rules.is_due(NOON, last_good, last_attempt) is due


def test_a_backup_of_a_day_to_come_says_nothing_of_today():
    to_come = NOON + 400 * DAY
    assert rules.last_good([to_come], NOON) is None
    assert rules.last_good([to_come, NOON - HOUR, NOON - 3 * DAY], NOON) == NOON - HOUR
    assert rules.is_old(NOON, rules.last_good([to_come, NOON - 3 * DAY], NOON)), "nobody would be warned until then"
    assert not rules.is_due(NOON, rules.last_good([to_come, NOON - HOUR], NOON), None), "every hour would be one"


def test_a_backup_is_old_after_two_days():
    assert rules.is_old(NOON, None)
    assert not rules.is_old(NOON, NOON - 2 * DAY)
    assert rules.is_old(NOON, NOON - 2 * DAY - HOUR)
