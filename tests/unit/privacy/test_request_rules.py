"""What a request about personal data must say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.privacy.rules import check_request

TODAY = date(2026, 3, 20)
EARLY, LATE = date(2026, 3, 1), date(2026, 3, 26)


@pytest.mark.parametrize(
    ("given", "complaints"),
    [
        ({}, []),
        ({"done_on": TODAY, "decision": "granted"}, []),
        ({"done_on": TODAY}, ["decision"]),
        ({"decision": "granted"}, ["done_on"]),
        ({"done_on": TODAY, "decision": "refused"}, ["answer"]),
        ({"done_on": TODAY, "decision": "in_part"}, ["answer"]),
        ({"done_on": TODAY, "decision": "refused", "answer": "保存期限未满"}, []),
        ({"received_on": LATE}, ["received_on"]),
        ({"done_on": LATE, "decision": "granted"}, ["done_on"]),
        ({"due_on": EARLY}, ["due_on"]),
        ({"done_on": EARLY, "decision": "granted"}, ["done_on"]),
    ],
)
def test_an_answer_has_a_day_and_a_refusal_a_reason(given: dict[str, Any], complaints: list[str]) -> None:
    blank = {"received_on": date(2026, 3, 5), "due_on": None, "done_on": None, "decision": None, "answer": None}
    assert [violation.field for violation in check_request({**blank, **given}, TODAY)] == complaints
