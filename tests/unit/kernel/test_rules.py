"""Rules several registers share."""

from __future__ import annotations

from datetime import date

import pytest

from app.kernel.rules import ends_after_start, not_to_come

TODAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("day", "wrong"), [(TODAY, []), (date(2026, 3, 4), []), (None, []), (date(2026, 3, 6), ["founded_on"])]
)
def test_what_has_happened_does_not_lie_ahead(day, wrong):
    assert [v.field for v in not_to_come({"founded_on": day}, "founded_on", TODAY)] == wrong


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (date(2026, 1, 1), date(2026, 12, 31), []),
        (date(2026, 1, 1), date(2026, 1, 1), []),
        (date(2026, 1, 1), date(2025, 12, 31), ["to"]),
        (None, date(2025, 12, 31), []),
        (date(2026, 1, 1), None, []),
    ],
)
def test_a_term_does_not_end_before_it_starts(start, end, wrong):
    assert [v.field for v in ends_after_start({"from": start, "to": end}, "from", "to")] == wrong


def test_a_field_that_is_not_there_breaks_no_rule():
    assert not list(not_to_come({}, "founded_on", TODAY))
    assert not list(ends_after_start({}, "from", "to"))
