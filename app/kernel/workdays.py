"""Working days: Monday to Friday, but for the holidays and make-up working days (调休) the State Council decrees.

The decree for a year comes out in the November before it. The installed table knows the years up to its release;
an office adds a later year, or corrects a day, in its own register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

import chinese_calendar  # type: ignore[import-untyped]
from flask_babel import lazy_gettext as _l
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped

from app.kernel.db import Record, db
from app.kernel.fields import field

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Which days are worked.

    ``exceptions`` are the days that differ from what their day of the week says, or might: True for worked, False
    for off. Outside ``known_years`` nothing is known but Monday to Friday.
    """

    exceptions: Mapping[date, bool]
    known_years: frozenset[int]

    def knows(self, year: int) -> bool:
        """Have the holidays of ``year`` been entered? If not, a page says that its days are not certain."""
        return year in self.known_years

    def knows_ahead(self, day: date) -> bool:
        """Have the holidays been entered of every year that days counted from ``day`` usually fall in?"""
        return self.knows(day.year) and self.knows((day + timedelta(days=45)).year)

    def is_workday(self, day: date) -> bool:
        worked = self.exceptions.get(day)
        return day.weekday() < 5 if worked is None else worked

    def add_workdays(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself is not counted; ``day`` for none."""
        while count > 0:
            day += _DAY
            count -= self.is_workday(day)
        return day

    def workdays_between(self, start: date, end: date) -> int:
        """How many working days lie after ``start``, up to and including ``end``; none if it comes first."""
        return sum(self.is_workday(start + timedelta(days=ahead)) for ahead in range(1, (end - start).days + 1))

    def next_workday(self, day: date) -> date:
        """``day`` itself if it is worked, or the first one worked after it."""
        while not self.is_workday(day):
            day += _DAY
        return day

    def last_workday(self, day: date) -> date:
        """``day`` itself if it is worked, or the last one worked before it."""
        while not self.is_workday(day):
            day -= _DAY
        return day


@cache
def official() -> Calendar:
    """The calendar as decreed, for the years the installed table knows."""
    decreed = {**dict.fromkeys(chinese_calendar.holidays, False), **dict.fromkeys(chinese_calendar.workdays, True)}
    return Calendar(MappingProxyType(decreed), frozenset(day.year for day in decreed))


def with_days(calendar: Calendar, extra: Mapping[date, bool]) -> Calendar:
    """``calendar`` corrected by ``extra``; a year of which a day is given counts as known."""
    return replace(
        calendar,
        exceptions={**calendar.exceptions, **extra},
        known_years=calendar.known_years | {day.year for day in extra},
    )


class SpecialDay(Record):
    """A day that is worked or off whatever day of the week it is; for all offices alike."""

    __tablename__ = "special_day"
    __label__ = _l("Holidays and working weekends")
    __title__ = "on"
    __order__ = "on"

    on: Mapped[date] = field(_l("Day"), in_list=True, unique=True)
    is_worked: Mapped[bool] = field(
        _l("Worked"), default=False, in_list=True, filter=True, help=_l("A weekend that is worked in exchange (调休).")
    )
    name: Mapped[str] = field(_l("Name"), String(60), in_list=True, search=True)


def calendar() -> Calendar:
    """The calendar the offices keep: the official one and what they have entered themselves."""
    return with_days(
        official(), {day.on: day.is_worked for day in db.session.execute(select(SpecialDay.on, SpecialDay.is_worked))}
    )
