"""Rules about agreements and plans, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.kernel.rules import ends_after_start, not_to_come
from app.kernel.values import N_, Violation

DONE = "3"
"""The value 已完成 in the code list of progress."""


def check_agreement(data: Mapping[str, Any], today: date) -> Iterator[Violation]:
    """An agreement has been signed, and its term runs forward."""
    yield from not_to_come(data, "signed_on", today)
    yield from ends_after_start(data, "starts_on", "ends_on")


def check_plan_item(data: Mapping[str, Any], today: date) -> Iterator[Violation]:
    """What is done says when, and what says when is done."""
    yield from not_to_come(data, "done_on", today)
    if data["progress"] == DONE and not data["done_on"]:
        yield Violation("done_on", N_("Please enter the day it was done."))
    if data["progress"] != DONE and data["done_on"]:
        yield Violation("progress", N_("It has a day of being done, but is not marked as done."))
