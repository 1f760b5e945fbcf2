"""The way of a notice: 拟稿 → 审核 → 审批 → 上墙 → 撤下 → 归档. Values in, the next state or a violation out.

中国共产党党务公开条例（试行） asks for proposal, review (for secrecy too), approval and execution; residents'
committees follow the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from app.kernel.values import N_, Violation


class State(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    ISSUED = "issued"
    POSTED = "posted"
    TAKEN_DOWN = "taken_down"
    VOID = "void"
    ARCHIVED = "archived"


STATES = {
    State.DRAFT: _l("Draft"),
    State.IN_REVIEW: _l("Waits for review"),
    State.REVIEWED: _l("Waits for approval"),
    State.ISSUED: _l("Issued, to be posted"),
    State.POSTED: _l("Posted"),
    State.TAKEN_DOWN: _l("Taken down"),
    State.VOID: _l("Void"),
    State.ARCHIVED: _l("Archived"),
}

UNISSUED = (State.DRAFT, State.IN_REVIEW, State.REVIEWED)
"""In these states the words can still change, or the notice can be thrown away."""


class Step(StrEnum):
    SUBMIT = "submit"
    REVIEW = "review"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    POST = "post"
    TAKE_BACK = "take_back"
    TAKE_DOWN = "take_down"
    VOID = "void"
    ARCHIVE = "archive"


STEPS = {
    Step.SUBMIT: _l("Submitted for review"),
    Step.REVIEW: _l("Reviewed"),
    Step.SEND_BACK: _l("Sent back"),
    Step.APPROVE: _l("Approved and issued"),
    Step.POST: _l("Posted on the board"),
    Step.TAKE_BACK: _l("Posting was confirmed by mistake"),
    Step.TAKE_DOWN: _l("Taken down from the board"),
    Step.VOID: _l("Declared void"),
    Step.ARCHIVE: _l("Filed in the archive"),
}

_WAY: dict[Step, tuple[frozenset[State], State]] = {
    Step.SUBMIT: (frozenset({State.DRAFT}), State.IN_REVIEW),
    Step.REVIEW: (frozenset({State.IN_REVIEW}), State.REVIEWED),
    Step.SEND_BACK: (frozenset({State.IN_REVIEW, State.REVIEWED}), State.DRAFT),
    Step.APPROVE: (frozenset(UNISSUED), State.ISSUED),
    Step.POST: (frozenset({State.ISSUED, State.POSTED}), State.POSTED),
    Step.TAKE_BACK: (frozenset({State.POSTED}), State.ISSUED),
    Step.TAKE_DOWN: (frozenset({State.POSTED}), State.TAKEN_DOWN),
    Step.VOID: (frozenset({State.ISSUED}), State.VOID),
    Step.ARCHIVE: (frozenset({State.TAKEN_DOWN}), State.ARCHIVED),
}
_NEEDS_REASON = {Step.SEND_BACK, Step.VOID}


@dataclass(frozen=True)
class People:
    """Who drafted and who reviewed a notice, and who is to take the next step; by name, "" for nobody yet."""

    drafter: str
    reviewer: str
    now: str


def after(step: Step) -> State:
    """The state a step leads to."""
    return _WAY[step][1]


def possible(state: str) -> frozenset[Step]:
    """The steps that lead on from ``state``."""
    return frozenset(step for step, (before, _after) in _WAY.items() if state in before)


def check(step: Step, state: str, procedure: str, people: People, note: str = "") -> Iterator[Violation]:
    """What stands against ``step``; ``procedure`` is "one", "two" or "three" (``catalogue.models.PROCEDURES``)."""
    if step not in possible(state):
        yield Violation("", N_("The notice has moved on meanwhile; please look at it again."))
        return
    if step in _NEEDS_REASON and not note.strip():
        yield Violation("note", N_("Please give the reason."))
    if procedure == "three":
        if step is Step.REVIEW and people.now == people.drafter:
            yield Violation("", N_("Whoever drafted a notice may not review it here; ask a colleague."))
        if step is Step.APPROVE and state != State.REVIEWED:
            yield Violation("", N_("The notice has to be reviewed before it is approved."))
        if step is Step.APPROVE and people.now == people.reviewer:
            yield Violation("", N_("Whoever reviewed a notice may not approve it here; ask a colleague."))
    if procedure != "one" and step is Step.APPROVE and people.now == people.drafter:
        yield Violation("", N_("Whoever drafted a notice may not approve it here; ask a colleague."))
