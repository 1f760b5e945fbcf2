"""Working days: the decreed calendar with its make-up days, what an office adds to it, and counting in it."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import records
from app.kernel.db import transaction
from app.kernel.workdays import SpecialDay, calendar, official, with_days

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("first", "back"),
    [
        (date(2026, 1, 1), date(2026, 1, 4)),
        (date(2026, 2, 15), date(2026, 2, 24)),
        (date(2026, 4, 4), date(2026, 4, 7)),
        (date(2026, 5, 1), date(2026, 5, 6)),
        (date(2026, 6, 19), date(2026, 6, 22)),
        (date(2026, 9, 25), date(2026, 9, 28)),
        (date(2026, 10, 1), date(2026, 10, 8)),
    ],
    ids=["new year", "spring festival", "qingming", "labour day", "dragon boat", "mid-autumn", "national day"],
)
def test_the_decreed_holidays_of_2026_are_off_to_the_day_people_are_back(first, back):
    assert not any(official().is_workday(day) for day in span(first, back - timedelta(days=1)))
    assert official().is_workday(back)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ],
)
def test_a_weekend_worked_in_exchange_is_a_working_day(day):
    assert day.weekday() >= 5
    assert official().is_workday(day)


def test_the_official_calendar_says_of_every_day_what_its_source_says():
    ours = [official().is_workday(day) for day in span(date(2004, 1, 1), date(2026, 12, 31))]
    assert ours == [chinese_calendar.is_workday(day) for day in span(date(2004, 1, 1), date(2026, 12, 31))]


def test_a_year_without_a_decree_goes_by_the_week_and_says_so():
    national_day = date(2031, 10, 1)
    assert official().knows(2026)
    assert not official().knows(2031)
    assert official().is_workday(national_day)
    assert not official().is_workday(date(2031, 10, 4))


def test_an_office_adds_a_later_year_and_corrects_a_day():
    ours = with_days(official(), {date(2031, 10, 1): False, date(2031, 10, 4): True, date(2026, 3, 5): False})
    assert ours.knows(2031)
    assert not ours.is_workday(date(2031, 10, 1))
    assert ours.is_workday(date(2031, 10, 4))
    assert not ours.is_workday(date(2026, 3, 5))
    assert not ours.is_workday(date(2026, 10, 1))
    assert official().is_workday(date(2026, 3, 5))


@pytest.mark.parametrize(
    ("day", "count", "wanted"),
    [
        (date(2026, 3, 5), 0, date(2026, 3, 5)),
        (date(2026, 3, 7), 0, date(2026, 3, 7)),
        (date(2026, 3, 5), 1, date(2026, 3, 6)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 5), 20, date(2026, 4, 2)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2025, 12, 31), 1, date(2026, 1, 4)),
    ],
)
def test_the_nth_working_day_after_a_day_skips_holidays_and_counts_make_up_days(day, count, wanted):
    assert official().add_workdays(day, count) == wanted


def test_working_days_between_count_the_last_day_but_not_the_first():
    assert official().workdays_between(date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert official().workdays_between(date(2026, 9, 30), date(2026, 10, 7)) == 0
    assert official().workdays_between(date(2026, 9, 30), date(2026, 9, 30)) == 0
    assert official().workdays_between(date(2026, 10, 10), date(2026, 9, 30)) == 0


def test_a_working_day_is_its_own_next_and_last_one():
    assert official().next_workday(date(2026, 2, 14)) == official().last_workday(date(2026, 2, 14)) == date(2026, 2, 14)
    assert official().next_workday(date(2026, 2, 15)) == date(2026, 2, 24)
    assert official().last_workday(date(2026, 2, 23)) == date(2026, 2, 14)


@given(days, st.integers(1, 60))
def test_adding_and_counting_working_days_agree(day, count):
    end = official().add_workdays(day, count)
    assert official().is_workday(end)
    assert official().workdays_between(day, end) == count


def test_the_calendar_of_the_offices_has_their_own_days(world):
    with world.work():
        with transaction():
            records.add(SpecialDay, {"on": date(2031, 10, 4), "is_worked": True, "name": "国庆节调休"})
            records.add(SpecialDay, {"on": date(2031, 10, 1), "is_worked": False, "name": "国庆节"})
        ours = calendar()
    assert ours.knows(2031)
    assert ours.is_workday(date(2031, 10, 4))
    assert not ours.is_workday(date(2031, 10, 1))
    assert not ours.is_workday(date(2026, 10, 1))


def test_a_day_is_entered_once(world):
    day = {"on": date(2031, 10, 1), "is_worked": False, "name": "国庆节"}
    with world.work():
        with transaction():
            records.add(SpecialDay, day)
        assert [violation.field for violation in records.problems(SpecialDay, day)] == ["on"]
        assert records.problems(SpecialDay, {**day, "on": date(2031, 10, 2)}) == []
