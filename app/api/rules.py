"""Rules about keys, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from app.kernel.values import N_, Violation

LONGEST_NAME = 40
LONGEST_LIFE = timedelta(days=365)
MOST_KEYS = 10
"""Of one account, at a time."""


def check_key(name: str, expires_on: date, today: date, valid: int) -> Iterator[Violation]:
    """What is wrong with a new key of somebody who has so many ``valid`` ones."""
    if not name:
        yield Violation("name", N_("Say which program the key is for."))
    elif len(name) > LONGEST_NAME:
        yield Violation(
            "name",
            N_("At most %(length)s characters; there are %(given)s."),
            {"length": LONGEST_NAME, "given": len(name)},
        )
    elif valid >= MOST_KEYS:
        yield Violation("name", N_("You have %(most)s keys already. Revoke one that is not used."), {"most": MOST_KEYS})
    if not today <= expires_on <= today + LONGEST_LIFE:
        yield Violation("expires_on", N_("A key lasts from today to at most one year."))
