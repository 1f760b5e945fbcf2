"""Every route × every role × whose record: the answers are written down here, independently of the code's table."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.disclosure import sources
from app.kernel.registers import REGISTERS
from app.roles import Role
from tests.rows import IN_COMMUNITY, a_row
from tests.web.page import one_database
from tests.web.program import Program
from tests.world import World

PEOPLE = {
    "S": Role.SECRETARY,
    "O": Role.STAFF,
    "V": Role.SUPERVISOR,
    "A": Role.ADMINISTRATOR,
    "U": Role.AUDITOR,
    "X": Role.SYSTEM_ADMINISTRATOR,
    "Q": Role.SECURITY_ADMINISTRATOR,
}

# What each role may do: see, add, edit, delete, draft a notice from.
REGISTER_GRANTS = {
    "party_member": ("SOV", "S", "S", "S", "SO"),
    "service_post": ("SOV", "S", "S", "S", "SO"),
    "post_assignment": ("SOV", "S", "S", "S", "SO"),
    "pledge": ("SOV", "SO", "SO", "SO", "SO"),
    "party_organization": ("SOV", "S", "S", "S", "SO"),
    "person": ("SOV", "SO", "SO", "SO", "SO"),
    "representative": ("SOV", "SO", "SO", "SO", "SO"),
    "building_leader": ("SOV", "SO", "SO", "SO", "SO"),
    "committee_member": ("SOV", "SO", "SO", "SO", "SO"),
    "procedure": ("SOV", "SO", "SO", "SO", "SO"),
    "community": ("SOVAUXQ", "AX", "AX", "AX", "SO"),
    "volunteer": ("SOV", "SO", "SO", "SO", "SO"),
    "volunteer_team": ("SOV", "SO", "SO", "SO", "SO"),
    "cultural_team": ("SOV", "SO", "SO", "SO", "SO"),
    "cultural_team_member": ("SOV", "SO", "SO", "SO", "SO"),
    "facility": ("SOV", "SO", "SO", "SO", "SO"),
    "service_point": ("SOV", "SO", "SO", "SO", "SO"),
    "notice_board": ("SOV", "SO", "SO", "SO", "SO"),
    "book_corner": ("SOV", "SO", "SO", "SO", "SO"),
    "partner_unit": ("SOV", "SO", "SO", "SO", "SO"),
    "partnership_agreement": ("SOV", "SO", "SO", "SO", "SO"),
    "plan_item": ("SOV", "SO", "SO", "SO", "SO"),
    "ledger_entry": ("SOV", "SO", "SO", "SO", "SO"),
    "allowance_household": ("SO", "SO", "SO", "SO", "SO"),
    "catalogue_item": ("SOV", "SO", "SO", "SO", ""),
    "occasion": ("SOV", "SO", "SO", "SO", ""),
    "disclosure_setting": ("SOV", "S", "S", "", ""),
    "notice": ("SOV", "", "", "SO", ""),
    "notice_step": ("SOV", "", "", "", ""),
    "posting": ("SOV", "", "", "", ""),
    "screen": ("SOV", "S", "S", "S", ""),
    "special_day": ("SOVAUX", "AX", "AX", "AX", ""),
    "account": ("AUQ", "AQ", "AQ", "", ""),
    "code": ("SOVAUX", "SOAX", "AX", "", ""),
    "audit_entry": ("U", "", "", "", ""),
    "personal_data_request": ("SOV", "SO", "SO", "S", ""),
}
ACTIONS = {
    "list": 0,
    "choose_columns": 0,
    "saved_views": 0,
    "show": 0,
    "choices": 0,
    "add": 1,
    "edit": 2,
    "bulk": 2,
    "delete": 3,
}

OTHER_GRANTS = {
    "home.index": "SOVAUXQ",
    "search.index": "SOV",
    "search.answers": "SOV",
    "password.index": "SOVAUXQ",
    "password.second_factor": "SOVAUXQ",
    # the way of a notice
    "notice.draft": "SO",
    "notice.submit": "SO",
    "notice.review": "SO",
    "notice.send_back": "SO",
    "notice.issue": "S",
    "notice.void": "S",
    "notice.archive": "SO",
    "notice.renew": "SO",
    "notice.correct": "SO",
    # looked at and printed
    "notice.pdf": "SOV",
    "notice.picture": "SOV",
    "notice.printing": "SOV",
    "notice.progress": "SOV",
    "notice.cancel": "SOV",
    "notice.outdated": "SOV",
    "notice.check": "SOV",
    # on the boards
    "posting.today": "SOV",
    "posting.bundle": "SOV",
    "posting.photo": "SOV",
    "posting.hang": "SO",
    "posting.hang_all": "SO",
    "posting.add_board": "SO",
    "posting.drop": "SO",
    "posting.take_back": "SO",
    "posting.down": "SO",
    "screen.renew": "S",
    # what has to be posted
    "catalogue_item.progress": "SOV",
    "catalogue_item.compliance": "SOV",
    "catalogue_item.compliance_pdf": "SOV",
    "catalogue_item.compliance_xlsx": "SOV",
    "catalogue_item.bring_in": "SO",
    "catalogue_item.source": "SO",
    # wall prints
    "wall.index": "SO",
    "wall.show": "SO",
    "wall.pdf": "SO",
    # undo
    "import.list": "SOAX",
    "import.new": "SOAX",
    "import.drop": "SOAX",
    "import.columns": "SOAX",
    "import.show": "SOAX",
    "import.decide": "SOAX",
    "import.save": "SOAX",
    "import.progress": "SOAX",
    "import.stop": "SOAX",
    "import.rest": "SOAX",
    "duplicates.list": "SO",
    "duplicates.choose": "SO",
    "duplicates.compare": "SO",
    "duplicates.differ": "SO",
    "change_set.list": "SOAX",
    "change_set.show": "SOAX",
    "change_set.undo": "SOAX",
    # sheets out
    "exchange.export": "SOVAUXQ",
    "exchange.printing": "SOVAUXQ",
    "exchange.progress": "SOVAUXQ",
    "exchange.printed": "SOVAUXQ",
    "exchange.cancel": "SOVAUXQ",
    "exchange.template": "SOVAUXQ",
    "exchange.calendar": "SOVAUXQ",
    "exchange.calendar_file": "SOVAUXQ",
    # who saw what
    "person.reveal": "S",
    "seen.show": "SVU",
    "trail_chain.index": "U",
    "about.show": "SO",
    "about.delete": "SO",
    "retention.list": "SO",
    "audit_entry.by": "U",
    # backups: X is of one community only
    "backup.list": "A",
    "backup.make": "A",
    "backup.download": "A",
    "backup.key": "A",
    # programs
    "api.list": "SO",
    "api.revoke": "SO",
    "api.document": "SOAX",
    "api.register": "SOAX",
    "api_v1.openapi": "SO",
    "account.reset": "AQ",
    "account.unlock": "AQ",
    "account.drop_factor": "AQ",
}
FOR_EVERYBODY = {
    "login.login",
    "login.logout",
    "login.code",
    "first_run.index",
    "LocaleView.index",
    "static",
    "display.page",
    "display.slides",
}
FOR_NOBODY = {"appbuilder.static", "UtilView.back"}


KEY_HOLDERS = "SO"
"""Whose programs may call."""
CALLS = {"list": 0, "show": 0, "add": 1, "change": 2, "remove": 3}


def granted(endpoint: str) -> str | None:
    """The letters of those who may call ``endpoint``; None if nothing is written about it."""
    register, _, action = endpoint.partition(".")
    if register == "api_v1" and (called := action.rpartition("_"))[0] in REGISTER_GRANTS:
        on_pages = REGISTER_GRANTS[called[0]][CALLS[called[2]]]
        return "".join(letter for letter in on_pages if letter in KEY_HOLDERS)
    if register in REGISTER_GRANTS and action in ACTIONS:
        return REGISTER_GRANTS[register][ACTIONS[action]]
    nobody = "" if action == "reveal" else None  # where nothing is masked, or nobody looks behind the mask
    return OTHER_GRANTS.get(endpoint, nobody)


def test_every_route_is_written_down_here(app: Flask) -> None:
    known = FOR_EVERYBODY | FOR_NOBODY
    unlisted = {rule.endpoint for rule in app.url_map.iter_rules() if granted(rule.endpoint) is None} - known
    assert not unlisted


def test_every_register_is_written_down_here(app: Flask) -> None:
    assert set(REGISTERS) == set(REGISTER_GRANTS)


PARTS = {"<source>": "nothing", "<name>": "nothing", "<code>": "7K2M-9QXD"}
"""What stands for the other parts of an address: nothing that would have to be drawn."""


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, address with 0 for the key, method) of every route somebody may call."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in FOR_EVERYBODY | FOR_NOBODY:
            address = re.sub("<int:[a-z]+>", "0", rule.rule) + ("?year=0" if "compliance" in rule.rule else "")
            for part, word in PARTS.items():
                address = address.replace(part, word)
            methods = sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
            found += [(rule.endpoint, address, method) for method in methods]
    return found


@one_database
@pytest.mark.parametrize("letter", PEOPLE)
def test_a_role_gets_through_exactly_the_doors_it_may(world: World, letter: str) -> None:
    client, program = world.client(PEOPLE[letter].value), Program(world, PEOPLE[letter].value)
    wrong = []
    for endpoint, address, method in routes(world.app):
        called = address.startswith("/api/")
        answer = program.call(method, address) if called else client.open(address, method=method)
        refused = answer.status_code == 403
        if refused == (letter in (granted(endpoint) or "")) or answer.status_code >= 500:
            wrong.append((method, address, answer.status_code))
    assert not wrong


@one_database
@pytest.mark.parametrize("letter", PEOPLE)
def test_a_notice_is_drafted_only_from_what_one_may_post(world: World, letter: str) -> None:
    """The list is asked for in an order there is not: whoever may draft from it is told so, the others find nothing."""
    client = world.client(PEOPLE[letter].value)
    printable = {name for name, view in REGISTERS.items() if sources.printable(view.model)}
    assert {name for name in REGISTER_GRANTS if REGISTER_GRANTS[name][4]} == printable
    for register in REGISTER_GRANTS:
        may = letter in REGISTER_GRANTS[register][4]
        expected = 403 if letter not in OTHER_GRANTS["notice.draft"] else 400 if may else 404
        assert client.get(f"/notice/draft/{register}?order=nothing").status_code == expected, register


@one_database
@pytest.mark.parametrize("letter", PEOPLE)
def test_a_list_goes_out_only_to_those_who_see_it_and_its_template_to_those_who_add_to_it(
    world: World, letter: str
) -> None:
    client = world.client(PEOPLE[letter].value)
    for register, (see, add, *_others) in REGISTER_GRANTS.items():
        assert client.get(f"/exchange/export/{register}").status_code == (200 if letter in see else 403), register
        given = 404 if register in {"account", "code", "screen"} else 200  # these do not come in on sheets
        assert client.get(f"/exchange/template/{register}").status_code == (given if letter in add else 403), register


@one_database
def test_nobody_gets_anywhere_without_logging_in(world: World) -> None:
    client = world.client()
    for _endpoint, address, method in routes(world.app):
        answer = client.open(address, method=method)
        if address.startswith("/api/"):
            assert answer.status_code in {401, 429}, (method, address)
            continue
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


OF_ANOTHER = {"posting.bundle": "notice_board", "posting.hang_all": "notice_board", "posting.add_board": "notice"}
"""Whose number stands in an address, where it is not the register's own."""
NOT_TRIED = {"notice.pdf", "notice.picture", "posting.bundle", "posting.photo", "posting.add_board"}
"""What has to be drawn, or is only there with something else: of these only the neighbour's are asked for here."""


@pytest.mark.parametrize(
    "register", [name for name in IN_COMMUNITY if "S" in REGISTER_GRANTS[name][0] and name != "community"]
)
def test_what_is_another_communitys_does_not_exist(world: World, register: str) -> None:
    """Every address with a number in it answers its own community and is a missing page for the neighbour."""
    own, foreign = a_row(world, register), a_row(world, register, at=world.there)
    before = world.get(register, foreign, at=world.there)
    client = world.client("branch_secretary")
    tried = 0
    for rule in world.app.url_map.iter_rules():
        about = OF_ANOTHER.get(rule.endpoint, rule.endpoint.partition(".")[0])
        if about != register or "<int:" not in rule.rule or "S" not in (granted(rule.endpoint) or ""):
            continue
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            address = re.sub("<int:[a-z]+>", "{}", rule.rule)
            for key in (foreign, 10**40):
                assert client.open(address.format(key), method=method).status_code == 404, (address, method, key)
            if rule.endpoint not in NOT_TRIED:
                own = own if world.get(register, own) is not None else a_row(world, register)
                assert client.open(address.format(own), method=method).status_code in {200, 302, 409}, (address, method)
            tried += 1
    assert tried
    after = world.get(register, foreign, at=world.there)
    assert after is not None
    assert after.version == before.version
