"""Rules about how a community discloses, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator

from app.kernel.values import N_, Violation

_PEOPLE = {"one": 1, "two": 2, "three": 3}


def check_procedure(procedure: str, people: int) -> Iterator[Violation]:
    """A procedure needs as many ``people`` who may work on notices as it wants to be different."""
    if people < _PEOPLE.get(procedure, 1):
        yield Violation(
            "procedure",
            N_("That takes %(needed)s people; only %(people)s accounts of this community may work on notices."),
            {"needed": _PEOPLE[procedure], "people": people},
        )
