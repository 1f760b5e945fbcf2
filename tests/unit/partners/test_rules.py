"""Rules about agreements and what was planned for the year."""

from __future__ import annotations

from datetime import date

import pytest

from app.partners.rules import DONE, check_agreement, check_plan_item

TODAY = date(2026, 3, 5)
AGREEMENT = {"signed_on": date(2026, 1, 5), "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"ends_on": date(2026, 1, 1)}, []),
        ({"signed_on": date(2026, 3, 6)}, ["signed_on"]),
        ({"ends_on": date(2025, 12, 31)}, ["ends_on"]),
        ({"signed_on": date(2026, 3, 6), "ends_on": date(2025, 12, 31)}, ["signed_on", "ends_on"]),
    ],
)
def test_an_agreement_is_signed_and_runs_forward(change, wrong):
    assert [violation.field for violation in check_agreement({**AGREEMENT, **change}, TODAY)] == wrong


@pytest.mark.parametrize(
    ("progress", "done_on", "wrong"),
    [
        ("1", None, []),
        (DONE, TODAY, []),
        (DONE, None, ["done_on"]),
        ("1", TODAY, ["progress"]),
        (DONE, date(2026, 3, 6), ["done_on"]),
    ],
)
def test_what_is_done_has_its_day_and_what_has_a_day_is_done(progress, done_on, wrong):
    found = check_plan_item({"progress": progress, "done_on": done_on}, TODAY)
    assert [violation.field for violation in found] == wrong
