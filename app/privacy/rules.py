"""Rules about requests, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.kernel.rules import ends_after_start, not_to_come
from app.kernel.values import N_, Violation

ANSWERED_WITHIN = 15
"""Working days. 个人信息保护法 Art. 50 wants reasons and a convenient way, but names no days: the rule is ours."""
REFUSED = "refused"


def check_request(data: Mapping[str, Any], today: date) -> Iterator[Violation]:
    """What is answered says when and how; what is refused, at whole or in part, says why (Art. 50)."""
    yield from not_to_come(data, "received_on", today)
    yield from not_to_come(data, "done_on", today)
    yield from ends_after_start(data, "received_on", "due_on")
    yield from ends_after_start(data, "received_on", "done_on")
    if data["done_on"] and not data["decision"]:
        yield Violation("decision", N_("Please say how it was answered."))
    if data["decision"] and not data["done_on"]:
        yield Violation("done_on", N_("Please say when it was answered."))
    if data["decision"] in {REFUSED, "in_part"} and not data["answer"]:
        yield Violation("answer", N_("Please give the reason."))
