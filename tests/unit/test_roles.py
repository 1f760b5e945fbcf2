"""The one table of permissions."""

from __future__ import annotations

import pytest
from flask_appbuilder import Model

from app import portal, roles
from app.kernel.access import Right
from app.kernel.db import Record
from app.roles import Role

assert portal.CAPABILITIES  # has loaded every model

REGISTERS = sorted(m.class_.__tablename__ for m in Model.registry.mappers if issubclass(m.class_, Record))
PEOPLE = {
    "person",
    "party_member",
    "volunteer",
    "representative",
    "building_leader",
    "cultural_team_member",
    "committee_member",
    "pledge",
    "allowance_household",
}
SPLIT = [Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR]
ABOUT_ACCOUNTS = {"account"}
OWN = {"home", "password", "exchange"}


@pytest.mark.parametrize("subject", sorted(roles.subjects()))
def test_every_row_says_something_for_every_role(subject):
    assert all(isinstance(roles.rights(role, subject), Right) for role in Role)
    assert any(roles.rights(role, subject) for role in Role)


@pytest.mark.parametrize("register", REGISTERS)
def test_every_register_has_a_row(register):
    assert register in roles.subjects()


def test_every_row_is_a_register_or_a_page():
    assert roles.subjects() - set(REGISTERS) == {
        *("home", "password", "search", "wall"),
        *("seen", "about", "retention", "trail_chain"),
        *("import", "exchange", "duplicates", "change_set", "api", "backup"),
    }


@pytest.mark.parametrize("role", ["", "Admin", "branch", "branch_secretary2", "BRANCH_SECRETARY", "public", "*"])
def test_an_unknown_role_may_do_nothing(role):
    assert roles.rights(Role.SECRETARY, "person")
    assert all(roles.rights(role, subject) == Right.NONE for subject in roles.subjects())


@pytest.mark.parametrize("subject", ["", "perso", "persons", "person ", "ab_user", "%"])
def test_on_an_unknown_subject_nobody_may_do_anything(subject):
    assert all(roles.rights(role, subject) == Right.NONE for role in Role)


def test_every_role_has_a_title():
    assert set(roles.TITLES) == set(Role)


@pytest.mark.parametrize("register", sorted(PEOPLE))
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, *SPLIT, Role.AUDITOR])
def test_administrators_and_auditor_see_no_people(register, role):
    assert Right.VIEW in roles.rights(Role.SECRETARY, register)
    assert roles.rights(role, register) == Right.NONE


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
@pytest.mark.parametrize("subject", sorted(roles.subjects()))
def test_supervisor_and_auditor_only_read(role, subject):
    assert roles.rights(role, subject) in {Right.NONE, Right.VIEW}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("register", ["audit_entry", "code"])
def test_nobody_deletes_codes_or_touches_the_trail(role, register):
    may = roles.rights(role, register)
    assert Right.DELETE not in may
    assert register == "code" or not may & (Right.ADD | Right.EDIT)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("register", ["notice_step", "posting"])
def test_what_the_way_of_a_notice_writes_is_typed_by_nobody(role, register):
    assert not roles.rights(role, register) & (Right.ADD | Right.EDIT | Right.DELETE)


@pytest.mark.parametrize("role", list(Role))
def test_only_the_secretary_signs_and_says_who_else_has_to(role):
    is_secretary = role is Role.SECRETARY
    assert (Right.ISSUE in roles.rights(role, "notice")) == is_secretary
    assert (Right.EDIT in roles.rights(role, "disclosure_setting")) == is_secretary


@pytest.mark.parametrize("subject", sorted(roles.subjects()))
def test_no_right_of_the_way_of_a_notice_is_given_elsewhere(subject):
    """Reviewing, issuing and hanging mean something on notices and postings only."""
    elsewhere = {Right.REVIEW, Right.ISSUE, Right.HANG} if subject not in {"notice", "posting"} else set()
    given = {right for role in Role for right in elsewhere if right in roles.rights(role, subject)}
    assert given == set()


@pytest.mark.parametrize("subject", sorted(roles.subjects()))
def test_whoever_may_do_anything_may_also_look(subject):
    for role in Role:
        assert roles.rights(role, subject) == Right.NONE or Right.VIEW in roles.rights(role, subject)


def test_the_administrators_duties_can_be_split_in_two():
    """Together the two may do what the one may; neither does what the other does."""
    system, security = ({s: roles.rights(role, s) for s in roles.subjects()} for role in SPLIT)
    both = {subject: system[subject] | security[subject] for subject in roles.subjects()}
    assert both == {subject: roles.rights(Role.ADMINISTRATOR, subject) for subject in roles.subjects()}
    assert {subject for subject, may in security.items() if may & ~Right.VIEW} == ABOUT_ACCOUNTS
    assert {subject for subject, may in security.items() if may} == ABOUT_ACCOUNTS | OWN | {"community"}
    assert system["account"] == Right.NONE


def test_whoever_may_change_accounts_is_said_to_grant_roles_and_nobody_else_is():
    assert {role for role in Role if Right.EDIT in roles.rights(role, "account")} == set(roles.GRANTS)
    assert roles.GRANTS[Role.ADMINISTRATOR] == set(Role)
    assert not roles.GRANTS[Role.SECURITY_ADMINISTRATOR] & {Role.ADMINISTRATOR, Role.AUDITOR}
