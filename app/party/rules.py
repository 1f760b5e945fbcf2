"""Rules of party work, as plain functions: values in, violations out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.kernel.rules import not_to_come
from app.kernel.values import N_, Invalid, Violation, plain


@dataclass(frozen=True)
class Assignment:
    """The days of an assignment's steps, and who took them."""

    applied_on: date | None
    recommended_on: date | None
    recommended_by: str | None
    appointed_on: date | None
    appointed_by: str | None
    ended_on: date | None

    @property
    def holds(self) -> bool:
        return self.appointed_on is not None and self.ended_on is None


_ORDER = ("applied_on", "recommended_on", "appointed_on", "ended_on")


def check_assignment(assignment: Assignment, places: int, taken: int, today: date) -> Iterator[Violation]:
    """The three steps 申报 → 荐岗 → 定岗 follow each other, and nobody is appointed to a full post.

    ``places`` is how many the post has, ``taken`` how many of them others hold.
    """
    before: date | None = None
    for name in _ORDER:
        on = getattr(assignment, name)
        if on is None:
            continue
        if on > today:
            yield Violation(name, N_("This day is still to come."))
        elif before and on < before:
            yield Violation(name, N_("This lies before the step that precedes it."))
        before = on
    if assignment.appointed_on and not assignment.recommended_on:
        yield Violation("recommended_on", N_("A member is recommended before being appointed."))
    if assignment.ended_on and not assignment.appointed_on:
        yield Violation("appointed_on", N_("What was never begun cannot end."))
    for step in ("recommended", "appointed"):
        if getattr(assignment, f"{step}_on") and not getattr(assignment, f"{step}_by"):
            yield Violation(f"{step}_by", N_("Please say who took this step."))
    if assignment.holds and taken >= places:
        yield Violation("post_id", N_("This post is full: all %(places)s places are taken."), {"places": places})


def check_membership(joined_on: date | None, full_member_on: date | None, today: date) -> Iterator[Violation]:
    """A member is on probation first; full membership does not begin before joining."""
    days = {"joined_on": joined_on, "full_member_on": full_member_on}
    for name in days:
        yield from not_to_come(days, name, today)
    if full_member_on and not joined_on:
        yield Violation("joined_on", N_("Please enter the day of joining as well."))
    if joined_on and full_member_on and full_member_on < joined_on:
        yield Violation("full_member_on", N_("Full membership cannot begin before joining."))


# Without a Q or 季, 2026.4 might as well be a month.
_QUARTER = re.compile(r"(?=.*[Qq季])(\d{4})\s*[-./年]?\s*[Qq第]?\s*([1-4一二三四])\s*(?:季度?)?")


def quarter_of(day: date) -> str:
    """The quarter a day lies in, written 2026Q4."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def read_quarter(text: str) -> str:
    """A quarter written 2026Q4, 2026.4季度 or 2026年第四季度; as 2026Q4. Raises :class:`Invalid` otherwise."""
    if not (found := _QUARTER.fullmatch(plain(text))):
        raise Invalid(N_("Please write the quarter like 2026Q4."))
    year, number = found.groups()
    return f"{year}Q{'一二三四'.find(number) + 1 or number}"


def quarters(today: date, back: int = 5) -> Iterator[tuple[int, int]]:
    """(year, number) of the quarters a pledge may be for, the newest first: the next one and ``back`` years of them."""
    this = today.year * 4 + (today.month - 1) // 3
    for quarter in range(this + 1, this - back * 4, -1):
        yield quarter // 4, quarter % 4 + 1


def check_pledge(pledge: Mapping[str, Any], today: date) -> Iterator[Violation]:
    """公开承诺 → 践诺 → 领导点评: what was done comes before its review, and a review has its day."""
    yield from not_to_come(pledge, "reviewed_on", today)
    if pledge["review"] and not pledge["done"]:
        yield Violation("done", N_("Please write what was done before it is reviewed."))
    if pledge["review"] and not pledge["reviewed_on"]:
        yield Violation("reviewed_on", N_("Please enter the day of the review."))
    if pledge["reviewed_on"] and not pledge["review"]:
        yield Violation("review", N_("It has a day of review, but no review."))
