"""Rules that several registers share: values in, violations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.kernel.values import N_, Violation


def not_to_come(data: Mapping[str, Any], name: str, today: date) -> Iterator[Violation]:
    """The day of something that has happened does not lie ahead."""
    if data.get(name) and data[name] > today:
        yield Violation(name, N_("This day is still to come."))


def ends_after_start(data: Mapping[str, Any], start: str, end: str) -> Iterator[Violation]:
    """A term does not end before it starts."""
    if data.get(start) and data.get(end) and data[end] < data[start]:
        yield Violation(end, N_("The end lies before the start."))
