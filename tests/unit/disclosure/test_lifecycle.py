"""The way of a notice: which step leads where, what needs a reason, and who must not take which step."""

from __future__ import annotations

from itertools import product

import pytest

from app.catalogue.models import PROCEDURES
from app.disclosure.lifecycle import STATES, STEPS, UNISSUED, People, State, Step, after, check, possible

S = State
TABLE: dict[State, dict[Step, State]] = {
    S.DRAFT: {Step.SUBMIT: S.IN_REVIEW, Step.APPROVE: S.ISSUED},
    S.IN_REVIEW: {Step.REVIEW: S.REVIEWED, Step.SEND_BACK: S.DRAFT, Step.APPROVE: S.ISSUED},
    S.REVIEWED: {Step.SEND_BACK: S.DRAFT, Step.APPROVE: S.ISSUED},
    S.ISSUED: {Step.POST: S.POSTED, Step.VOID: S.VOID},
    S.POSTED: {Step.POST: S.POSTED, Step.TAKE_BACK: S.ISSUED, Step.TAKE_DOWN: S.TAKEN_DOWN},
    S.TAKEN_DOWN: {Step.ARCHIVE: S.ARCHIVED},
    S.VOID: {},
    S.ARCHIVED: {},
}
"""Everything that may happen to a notice; what is not here may not."""

NOBODY, ANNA, BEN, CAROL = "", "安", "本", "陈"
STRANGERS = People(drafter=ANNA, reviewer=BEN, now=CAROL)


def told(step: Step, state: str, procedure: str = "one", people: People = STRANGERS, note: str = "原因") -> list[str]:
    return [violation.message for violation in check(step, state, procedure, people, note)]


def test_the_table_knows_every_state_and_each_has_a_name():
    assert set(TABLE) == set(State) == set(STATES)
    assert set(Step) == set(STEPS)


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_only_what_the_table_says_can_happen(state, step):
    leads_to = TABLE[state].get(step)
    assert (step in possible(state)) == (leads_to is not None)
    messages = told(step, state)
    if leads_to is None:
        assert messages == ["The notice has moved on meanwhile; please look at it again."]
    else:
        assert messages == []
        assert after(step) == leads_to


@pytest.mark.parametrize("state", ["", "no such state"])
def test_from_an_unknown_state_nothing_leads_on(state):
    assert possible(state) == frozenset()


def test_what_is_issued_never_becomes_a_draft_again():
    issued = {state for state in State if state not in UNISSUED}
    assert {after(step) for state in issued for step in possible(state)} <= issued


def test_only_an_approval_issues_a_notice():
    assert {step for state in UNISSUED for step in possible(state) if after(step) not in UNISSUED} == {Step.APPROVE}


@pytest.mark.parametrize("note", ["", "  ", "\u3000\n"])
@pytest.mark.parametrize(("step", "state"), [(Step.SEND_BACK, S.IN_REVIEW), (Step.VOID, S.ISSUED)])
def test_sending_back_and_declaring_void_need_a_reason(step, state, note):
    (violation,) = check(step, state, "one", STRANGERS, note)
    assert (violation.field, violation.message) == ("note", "Please give the reason.")


@pytest.mark.parametrize("step", [step for step in Step if step not in {Step.SEND_BACK, Step.VOID}])
def test_the_other_steps_need_none(step):
    state = next(state for state in State if step in TABLE[state])
    assert told(step, state, note="") == []


# --- who ----------------------------------------------------------------------------------------------------------

DRAFTED = "Whoever drafted a notice may not approve it here; ask a colleague."
DRAFTED_IT = "Whoever drafted a notice may not review it here; ask a colleague."
REVIEWED = "Whoever reviewed a notice may not approve it here; ask a colleague."
UNREVIEWED = "The notice has to be reviewed before it is approved."


def test_there_are_three_procedures():
    assert set(PROCEDURES) == {"one", "two", "three"}


APPROVALS = [
    # procedure, state, drafter, reviewer, approver, what stands against it
    ("one", S.DRAFT, ANNA, NOBODY, ANNA, []),
    ("one", S.DRAFT, ANNA, NOBODY, BEN, []),
    ("one", S.IN_REVIEW, ANNA, NOBODY, ANNA, []),
    ("one", S.REVIEWED, ANNA, ANNA, ANNA, []),
    ("two", S.DRAFT, ANNA, NOBODY, ANNA, [DRAFTED]),
    ("two", S.DRAFT, ANNA, NOBODY, BEN, []),
    ("two", S.IN_REVIEW, ANNA, NOBODY, BEN, []),
    ("two", S.REVIEWED, ANNA, BEN, ANNA, [DRAFTED]),
    ("two", S.REVIEWED, ANNA, ANNA, BEN, []),
    ("two", S.REVIEWED, ANNA, BEN, BEN, []),
    ("three", S.DRAFT, ANNA, NOBODY, ANNA, [UNREVIEWED, DRAFTED]),
    ("three", S.DRAFT, ANNA, NOBODY, BEN, [UNREVIEWED]),
    ("three", S.IN_REVIEW, ANNA, NOBODY, BEN, [UNREVIEWED]),
    ("three", S.REVIEWED, ANNA, BEN, ANNA, [DRAFTED]),
    ("three", S.REVIEWED, ANNA, BEN, BEN, [REVIEWED]),
    ("three", S.REVIEWED, ANNA, BEN, CAROL, []),
]


@pytest.mark.parametrize(("procedure", "state", "drafter", "reviewer", "approver", "against"), APPROVALS)
def test_who_may_approve(procedure, state, drafter, reviewer, approver, against):
    assert told(Step.APPROVE, state, procedure, People(drafter, reviewer, approver)) == against


@pytest.mark.parametrize(
    ("procedure", "reviewer", "against"),
    [
        ("one", ANNA, []),
        ("two", ANNA, []),
        ("three", ANNA, [DRAFTED_IT]),
        ("one", BEN, []),
        ("two", BEN, []),
        ("three", BEN, []),
    ],
)
def test_who_may_review_what_anna_drafted(procedure, reviewer, against):
    assert told(Step.REVIEW, S.IN_REVIEW, procedure, People(ANNA, NOBODY, reviewer)) == against


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("step", [step for step in Step if step not in {Step.REVIEW, Step.APPROVE}])
def test_every_other_step_is_open_to_whoever_has_the_right(step, procedure):
    state = next(state for state in State if step in TABLE[state])
    assert told(step, state, procedure, People(ANNA, ANNA, ANNA)) == []


def test_with_three_people_no_way_through_lets_one_of_them_do_two_things():
    for drafter, reviewer, approver in product((ANNA, BEN, CAROL), repeat=3):
        reviewed = not told(Step.REVIEW, S.IN_REVIEW, "three", People(drafter, NOBODY, reviewer))
        approved = not told(Step.APPROVE, S.REVIEWED, "three", People(drafter, reviewer, approver))
        assert (reviewed and approved) == (len({drafter, reviewer, approver}) == 3)
