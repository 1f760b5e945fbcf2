"""What fits on a board and when a notice may come down, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from app.kernel.values import N_, Violation

_GAP = 1.5
"""Between sheets, in cm: room for a pin or a magnet."""
_A4 = (21.0, 29.7)


def room(width: int, height: int) -> int:
    """How many upright A4 sheets fit on a board of ``width`` × ``height`` cm; an A3 sheet takes the place of two."""
    across, down = (int((side + _GAP) // (paper + _GAP)) for side, paper in zip((width, height), _A4, strict=True))
    return across * down


def check_posting(
    posted_on: date, issued_on: date, due_down_on: date | None, free_from: date, today: date
) -> Iterator[Violation]:
    """A notice goes up after it was issued and not in the future, and is not to come down before the rule allows."""
    if posted_on > today:
        yield Violation("posted_on", N_("This day is still to come."))
    if posted_on < issued_on:
        yield Violation("posted_on", N_("It was issued on %(day)s only."), {"day": issued_on})
    if due_down_on and due_down_on < posted_on:
        yield Violation("due_down_on", N_("It went up on %(day)s only."), {"day": posted_on})
    elif due_down_on and due_down_on < free_from:
        yield Violation("due_down_on", N_("By the rule it hangs until %(day)s at least."), {"day": free_from})


def check_taking_down(
    on: date, posted_on: date, free_from: date, replaced: bool, today: date, rule: str
) -> Iterator[Violation]:
    """A notice hangs for its minimum time, unless a correction has taken its place; ``rule`` is that time in words."""
    if on > today:
        yield Violation("taken_down_on", N_("This day is still to come."))
    if on < posted_on:
        yield Violation("taken_down_on", N_("It went up on %(day)s only."), {"day": posted_on})
    elif on < free_from and not replaced:
        yield Violation(
            "taken_down_on",
            N_("It has to hang for at least %(rule)s: it may come down from %(day)s, not before."),
            {"rule": rule, "day": free_from},
        )
