"""Every route × every role × whose record: the answers are written down here, independently of the code's table."""

from __future__ import annotations

import pytest
from flask import Flask

from app.kernel.registers import REGISTERS
from app.roles import Role
from tests.rows import a_row
from tests.world import World

PEOPLE = {
    "S": Role.SECRETARY,
    "O": Role.STAFF,
    "V": Role.SUPERVISOR,
    "A": Role.ADMINISTRATOR,
    "U": Role.AUDITOR,
}

# What each role may do: see, add, edit, delete, draft a notice from.
REGISTER_GRANTS = {
    "party_member": ("SOV", "S", "S", "S", "SO"),
    "service_post": ("SOV", "S", "S", "S", "SO"),
    "post_assignment": ("SOV", "S", "S", "S", "SO"),
    "party_organization": ("SOV", "S", "S", "S", "SO"),
    "person": ("SOV", "SO", "SO", "SO", "SO"),
    "representative": ("SOV", "SO", "SO", "SO", "SO"),
    "building_leader": ("SOV", "SO", "SO", "SO", "SO"),
    "community": ("SOVAU", "A", "A", "A", "SO"),
    "volunteer": ("SOV", "SO", "SO", "SO", "SO"),
    "volunteer_team": ("SOV", "SO", "SO", "SO", "SO"),
    "cultural_team": ("SOV", "SO", "SO", "SO", "SO"),
    "cultural_team_member": ("SOV", "SO", "SO", "SO", "SO"),
    "facility": ("SOV", "SO", "SO", "SO", "SO"),
    "notice_board": ("SOV", "SO", "SO", "SO", "SO"),
    "book_corner": ("SOV", "SO", "SO", "SO", "SO"),
    "partner_unit": ("SOV", "SO", "SO", "SO", "SO"),
    "partnership_agreement": ("SOV", "SO", "SO", "SO", "SO"),
    "plan_item": ("SOV", "SO", "SO", "SO", "SO"),
    "notice": ("SOV", "", "", "SO", ""),
    "account": ("AU", "A", "A", "", ""),
    "code": ("SOVAU", "SOA", "A", "", ""),
    "audit_entry": ("U", "", "", "", ""),
}
ACTIONS = {"list": 0, "show": 0, "choices": 0, "add": 1, "edit": 2, "delete": 3}

OTHER_GRANTS = {
    "home.index": "SOVAU",
    "password.index": "SOVAU",
    "notice.draft": "SO",
    "notice.issue": "S",
    "notice.pdf": "SOV",
    "notice.picture": "SOV",
    "account.reset": "A",
}
FOR_EVERYBODY = {"login.login", "login.logout", "first_run.index", "LocaleView.index", "static"}
FOR_NOBODY = {"appbuilder.static", "UtilView.back"}


def granted(endpoint: str) -> str | None:
    """The letters of those who may call ``endpoint``; None if nothing is written about it."""
    register, _, action = endpoint.partition(".")
    if register in REGISTER_GRANTS and action in ACTIONS:
        return REGISTER_GRANTS[register][ACTIONS[action]]
    return OTHER_GRANTS.get(endpoint)


def test_every_route_is_written_down_here(app: Flask) -> None:
    known = FOR_EVERYBODY | FOR_NOBODY
    unlisted = {rule.endpoint for rule in app.url_map.iter_rules() if granted(rule.endpoint) is None} - known
    assert not unlisted


def test_every_register_is_written_down_here(app: Flask) -> None:
    assert set(REGISTERS) == set(REGISTER_GRANTS)


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, address with 0 for the key, method) of every route somebody may call."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in FOR_EVERYBODY | FOR_NOBODY:
            address = rule.rule.replace("<int:key>", "0").replace("<source>", "service_post")
            found += [(rule.endpoint, address, method) for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    return found


@pytest.mark.parametrize("letter", PEOPLE)
def test_a_role_gets_through_exactly_the_doors_it_may(world: World, letter: str) -> None:
    client = world.client(PEOPLE[letter].value)
    wrong = []
    for endpoint, address, method in routes(world.app):
        answer = client.open(address, method=method)
        refused = answer.status_code == 403
        if refused == (letter in (granted(endpoint) or "")) or answer.status_code >= 500:
            wrong.append((method, address, answer.status_code))
    assert not wrong


def test_nobody_gets_anywhere_without_logging_in(world: World) -> None:
    client = world.client()
    for _endpoint, address, method in routes(world.app):
        answer = client.open(address, method=method)
        assert answer.status_code == 302, (method, address)
        assert answer.location.startswith("/login/"), (method, address)


def test_what_the_framework_brings_along_is_closed(world: World) -> None:
    for address in ("/back", "/static/appbuilder/css/bootstrap.min.css"):
        assert world.client("administrator").get(address).status_code == 403


def test_a_locked_account_is_out_at_once(world: World) -> None:
    client = world.client("branch_secretary")
    assert client.get("/service_post/list/").status_code == 200
    world.lock("branch_secretary")
    assert client.get("/service_post/list/").status_code == 302


@pytest.mark.parametrize(
    "register",
    [name for name in REGISTER_GRANTS if "S" in REGISTER_GRANTS[name][0] and name not in {"code", "community"}],
)
def test_what_is_another_communitys_does_not_exist(world: World, register: str) -> None:
    """The same address answers its own community and is a missing page for the neighbour."""
    own, foreign = a_row(world, register), a_row(world, register, at=world.there)
    client = world.client("branch_secretary")
    for action in ("show", "edit", "delete"):
        if "S" not in REGISTER_GRANTS[register][ACTIONS[action]]:
            continue
        assert client.get(f"/{register}/{action}/{own}").status_code == 200, action
        for method in ("GET", "POST"):
            answer = client.open(f"/{register}/{action}/{foreign}", method=method)
            assert answer.status_code == (405 if action == "show" and method == "POST" else 404), (action, method)
    assert world.get(register, foreign, at=world.there) is not None
