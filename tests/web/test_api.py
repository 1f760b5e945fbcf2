"""What programs of the office can call: the same registers, rights, rules and masks as on the pages."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import roles
from app.accounts import factor, operations
from app.accounts.models import Account
from app.api import calls, gate, wire
from app.api.calls import open_doors
from app.api.models import ApiKey
from app.kernel.access import Right
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today, transaction
from app.kernel.fields import fields_of
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.values import Invalid
from app.roles import Role
from tests.rows import IN_COMMUNITY, LINKS, a_row
from tests.web.page import Page, one_database
from tests.web.program import ROOT, Program, a_key
from tests.web.test_speed import counted
from tests.web.typed import a_full_row, typed
from tests.world import World, the_day_is

HAN = re.compile("[一-鿿]")
HOLDERS = [role for role in Role if Right.EDIT in roles.rights(role, "api")]


def registers(world: World, name: str = "show") -> list[str]:
    """The registers that have a call of that name."""
    return [register for register, view in REGISTERS.items() if name in {door.name for door in open_doors(view)}]


def acts(world: World, register: str) -> list[tuple[str, str]]:
    """What the trail tells: (action, actor), the oldest first."""
    with world.app.app_context(), as_system("test"):
        wanted = select(AuditEntry.action, AuditEntry.actor).where(AuditEntry.register == register)
        return [(row[0], row[1]) for row in db.session.execute(wanted.order_by(AuditEntry.id))]


def account(world: World, username: str) -> Account:
    return db.session.scalars(select(Account).where(Account.username == username)).one()


# --- keys ---------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_kept_as_a_hash_and_can_be_revoked(world: World) -> None:
    client = world.client("office_staff")
    wrong = Page(client.post("/api_key/list/", data={"name": "", "expires_on": "2199-01-01"}))
    assert wrong.complaint("name") == "请写明密钥给哪个程序用。"
    assert wrong.complaint("expires_on") == "密钥的有效期从今天起最长一年。"
    assert wrong.filled_in()["expires_on"] == "2199-01-01"
    until = (today() + timedelta(days=90)).isoformat()
    made = Page(client.post("/api_key/list/", data={"name": "门禁系统", "expires_on": until}))
    assert not [*wrong.defects(), *wrong.english(), *made.defects(), *made.english()]
    secret = made.soup.select_one(".flash.secret code").text
    assert secret not in client.get("/api_key/list/").text
    with world.app.app_context(), as_system("test"):
        stored = db.session.scalars(select(ApiKey)).one()
        assert secret not in {str(value) for value in vars(stored).values()}
    bearer = {"Authorization": f"Bearer {secret}"}
    for _ in range(3):
        answer = client.get(f"{ROOT}/person/", headers=bearer)
        assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    neighbour = world.client("branch_secretary")
    assert neighbour.post(f"/api_key/revoke/{stored.id}").status_code == 404
    assert client.post(f"/api_key/revoke/{stored.id}").status_code == 302
    assert client.get(f"{ROOT}/person/", headers=bearer).status_code == 401
    told = [action for action, _actor in acts(world, "account") if action.startswith("key")]
    assert told == ["key_made", "key_used", "key_revoked"]
    assert "已撤销" in client.get("/api_key/list/").text


@pytest.mark.parametrize("end", ["lock", "password", "expiry", "role", "second factor"])
def test_a_key_dies_with_what_it_stands_for(world: World, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(world)
    assert program.get("/person/").status_code == 200
    day = today()
    with world.app.app_context(), as_system("test"), transaction():
        owner = account(world, "office_staff")
        if end == "lock":
            owner.active = False
        elif end == "password":
            operations.give_password(owner)
        elif end == "role":
            owner.role = Role.SUPERVISOR
        elif end == "second factor":  # which the account has not set up yet
            monkeypatch.setattr(factor, "is_required", lambda _account: True)
        else:
            day += timedelta(days=31)
    with the_day_is(day):
        answer = program.get("/person/")
    assert answer.status_code == (403 if end in {"role", "second factor"} else 401)
    assert answer.headers["Cache-Control"] == "no-store"
    assert HAN.search(answer.get_json()["errors"][""])
    if end == "lock":
        with world.app.app_context(), as_system("test"), transaction():
            account(world, "office_staff").active = True
        assert program.get("/person/").status_code == 401, "unlocked, but the key was ended for good"


def test_a_key_outlives_a_log_out_and_is_told_of_once_a_day(world: World) -> None:
    program, browser = Program(world), world.client("office_staff")
    assert program.get("/person/").status_code == 200
    assert browser.post("/logout/").status_code == 302
    assert program.get("/person/").status_code == 200
    with the_day_is(today() + timedelta(days=1)):
        assert [program.get("/person/").status_code for _ in range(2)] == [200, 200]
    told = [action for action, _actor in acts(world, "account")]
    assert told.count("key_used") == 2


@one_database
def test_nothing_but_a_key_opens_the_api(world: World) -> None:
    """A cookie of somebody who is logged in is not looked at, and none is set."""
    browser, secret = world.client("branch_secretary"), a_key(world, "office_staff")
    sent: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {secret}"},
        {"Authorization": f"Bearer {secret[:-1]}"},
        {"Authorization": f"Bearer {secret}\u00e9"},
        {"Cookie": f"remember_token={secret}", "X-Api-Key": secret},
    )
    for headers in sent:
        for method in ("GET", "POST"):
            answer = browser.open(f"{ROOT}/person/", method=method, headers=headers)
            assert answer.status_code == 401, headers
            assert answer.get_json() == {"errors": {"": "需要有效的接口密钥。"}}
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "Set-Cookie" not in answer.headers
    good = browser.get(f"{ROOT}/person/", headers={"Authorization": f"Bearer {secret}", "Cookie": "remember_token=x"})
    assert good.status_code == 200
    assert "Set-Cookie" not in good.headers


@one_database
def test_who_calls_too_often_has_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(world)
    monkeypatch.setattr(gate, "monotonic", lambda: 1000.0)
    monkeypatch.setitem(world.app.extensions, "api_limits", gate.Limits(calls=5))
    answers = [program.get("/person/") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"]
    assert HAN.search(answers[-1].get_json()["errors"][""])
    monkeypatch.setattr(gate, "monotonic", lambda: 1060.0)
    assert program.get("/person/").status_code == 200, "the next minute"
    guesses = [
        world.app.test_client().get(f"{ROOT}/person/", headers={"Authorization": f"Bearer {number}"}).status_code
        for number in range(40)
    ]
    assert guesses == [401] * 30 + [429] * 10
    assert program.get("/person/").status_code == 200, "somebody's guessing does not shut out who has a key"


# --- reading ------------------------------------------------------------------------------------------------------


def parsed(answer: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def in_words(value: Any, kind: str) -> str:
    """What a page shows of a value of the API."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value["label"] if "label" in value else value["title"])
    if isinstance(value, bool):
        return "是" if value else "否"
    if kind == "moment":
        return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M")
    return " ".join(str(value).split())


def test_the_api_tells_of_every_register_what_its_pages_show(world: World) -> None:
    """List and record, masks included: cell by cell, for each role that may have keys."""
    callers = [(Program(world, role.value), world.client(role.value)) for role in HOLDERS]
    told = 0
    for register in registers(world):
        key = a_full_row(world, register)
        known = fields_of(REGISTERS[register].model)
        with world.app.test_request_context():
            labels = {name: str(declared.field.label) for name, declared in known.items()}
        for program, client in callers:
            if register != "disclosure_setting":  # whose list leads to its one row
                link = parsed(client.get(f"/{register}/list/?page=1")).select_one(
                    f'tbody a[href="/{register}/show/{key}"]'
                )
                cells = link.find_parent("tr").select("td:not(.pick):not(.do), th")
                item = next(item for item in program.get(f"/{register}/").get_json()["items"] if item["id"] == key)
                shown = [in_words(value, known[name].kind) for name, value in item.items() if name != "id"]
                assert shown == [" ".join(cell.get_text().split()) for cell in cells], register
            facts = parsed(client.get(f"/{register}/show/{key}")).select("dl.facts > div")
            spoken = {fact.dt.get_text(strip=True): next(fact.dd.stripped_strings, "") for fact in facts}
            record = program.get(f"/{register}/{key}").get_json()
            for name in record.keys() - {"id", "version"}:
                if labels[name] in spoken:
                    assert in_words(record[name], known[name].kind) == " ".join(spoken[labels[name]].split()), name
                    told += 1
    assert told > 200


@one_database
def test_masks_hold_whoever_calls(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Any] = []
    monkeypatch.setattr("app.kernel.register.ON_SHOW", [looked_at.append])
    key = world.person(name="王小明", id_number="11010519491231002X", sex="2", phone="13812345678")
    for role in HOLDERS:
        program = Program(world, role.value)
        seen = program.get(f"/person/{key}").text + program.get("/person/", columns="name,id_number").text
        assert "11010519491231002X" not in seen
        assert "110***********002X" in seen
    assert len(looked_at) == len(HOLDERS), "who looks at a record is kept, as for its page"
    record = program.get(f"/person/{key}").get_json()
    assert record["sex"] == {"value": "2", "label": "女"}
    member = Program(world, "branch_secretary").get(f"/party_member/{world.member(person_id=key)}").get_json()
    assert member["person_id"] == {"id": key, "title": "王小明"}
    assert member["sex"]["value"] == "2"


@pytest.mark.parametrize("register", ["person", "volunteer"])
def test_a_list_is_asked_as_its_page_is(world: World, register: str) -> None:
    for _ in range(27):
        a_row(world, register)
    program, client = Program(world, "branch_secretary"), world.client("branch_secretary")
    program.get("/openapi.json")  # the first call of a day is told of in the trail
    with counted(world) as sent:
        first = program.get(f"/{register}/")
    assert len(sent) <= 3, "\n\n".join(sent)
    assert first.get_json()["total"] == {"count": 27, "kind": "exactly"}
    assert first.get_json()["pages"] == 2
    title = REGISTERS[register].model.__title__
    for asked in ({}, {"page": "2"}, {"order": title, "desc": "1"}, {"q": "sample"}):
        ids = [str(item["id"]) for item in program.get(f"/{register}/", **asked).get_json()["items"]]
        page = client.get(f"/{register}/list/", query_string=asked or {"page": "1"}).text
        assert ids == list(dict.fromkeys(re.findall(rf"/{register}/show/(\d+)", page))), asked


@one_database
def test_a_list_refuses_what_it_does_not_understand(world: World) -> None:
    program = Program(world)
    for asked, name in (
        ({"page": "0"}, ""),
        ({"page": "1e3"}, ""),
        ({"q": "长" * 61}, ""),
        ({"order": "id_number"}, ""),
        ({"order": "password"}, ""),
        ({"columns": "name,password"}, "columns"),
        ({"desc": "yes"}, "desc"),
        ({"nickname": "小王"}, "nickname"),
        ({"phone": "138"}, "phone"),
        ({"sex": ""}, "sex"),
        ({"sex": ["1", "2"]}, "sex"),
        ({"community_id": "abc"}, "community_id"),
        ({"q": "\0"}, ""),
    ):
        answer = program.get("/person/", **asked)
        assert answer.status_code == 400, asked
        assert HAN.search(answer.get_json()["errors"][name]), asked


# --- writing ------------------------------------------------------------------------------------------------------


def as_json(world: World, register: str) -> dict[str, Any]:
    """What somebody types into the form of ``register``, as a program sends it."""
    known, found = fields_of(REGISTERS[register].model), {}
    for name, text in typed(world, register).items():
        kind = known[name].kind
        if text:
            found[name] = int(text) if kind in {"integer", "link"} else text == "1" if kind == "flag" else text
    return found


def test_every_register_is_written_like_its_form(world: World) -> None:
    """Added, read again, changed, changed over an old version, deleted: where the role may."""
    program, others = Program(world, "branch_secretary"), Program(world, "office_staff")
    for register in registers(world, "add"):
        added = program.post(f"/{register}/", **as_json(world, register))
        assert added.status_code == 201, (register, added.text)
        record, path = added.get_json(), added.headers["Location"]
        assert program.get(path).get_json() == record, register
        for right, method in ((Right.ADD, "POST"), (Right.EDIT, "PATCH"), (Right.DELETE, "DELETE")):
            if right not in roles.rights(Role.STAFF, register):
                refused = others.call(method, f"/{register}/" if right is Right.ADD else path, {})
                assert refused.status_code == (403 if door_of(register, right) else 405), (register, method)
        if door_of(register, Right.EDIT):
            name = REGISTERS[register].model.__title__
            declared = fields_of(REGISTERS[register].model)[name]
            is_text = declared.kind == "text" and name in record
            given = {name: f"{record[name]}甲"[-(declared.length or 99) :]} if is_text else {}
            changed = program.patch(path, version=record["version"], **given)
            assert changed.status_code == 200, (register, changed.text)
            if is_text:
                stale = program.patch(path, version=record["version"], **given)
                assert stale.status_code == 409, register
                assert stale.get_json()["present"] == changed.get_json()
        if door_of(register, Right.DELETE):
            assert program.delete(path).status_code == 204, register
            assert program.get(path).status_code == 404
            assert acts(world, register)[-1][0] == "delete"
        assert {action for action, _actor in acts(world, register)} >= {"add"}


def door_of(register: str, right: Right) -> bool:
    """Does the register have the call that needs this right?"""
    return right in {door.right for door in open_doors(REGISTERS[register])}


def test_what_was_deleted_by_a_program_is_brought_back_on_the_page(world: World) -> None:
    key = world.person(name="王小明")
    program, client = Program(world), world.client("office_staff")
    assert program.delete(f"/person/{key}").status_code == 204
    page = Page(client.get("/change_set/list/"))
    undo = next(link for link in page.links() if link.startswith("/change_set/show/"))
    assert client.post(undo.replace("show", "undo")).status_code == 302
    assert program.get(f"/person/{key}").get_json()["name"] == "王小明"


def test_what_others_point_at_is_not_deleted(world: World) -> None:
    key = world.person(name="王小明")
    world.member(person_id=key)
    answer = Program(world).delete(f"/person/{key}")
    assert answer.status_code == 409
    assert answer.get_json()["uses"][0]["register"] == "party_member"
    assert world.get("person", key) is not None


def test_the_complaints_of_the_form_stand_beside_the_fields(world: World) -> None:
    program = Program(world)
    key = world.person(name="王小明", phone="13812345678", birth_on=date(1956, 3, 5))
    answer = program.post("/person/", name="x1", phone="123", sex="9", id_number="110105194912310021")
    assert answer.status_code == 422
    assert {"name", "phone", "id_number"} <= answer.get_json()["errors"].keys()
    assert all(HAN.search(message) for message in answer.get_json()["errors"].values())
    twin = program.post("/person/", name="王小明", birth_on="1956-03-05")
    assert twin.status_code == 422
    assert "王小明" in twin.get_json()["errors"]["name"]
    assert twin.get_json()["alike"] == str(key)
    again = program.post("/person/", name="王小明", birth_on="1956-03-05", alike=str(key))
    assert again.status_code == 201
    version = program.get(f"/person/{key}").get_json()["version"]
    assert program.patch(f"/person/{key}", phone="1").get_json()["errors"].keys() == {"version"}
    emptied = program.patch(f"/person/{key}", version=version, phone=None)
    assert emptied.get_json()["phone"] is None
    assert emptied.get_json()["birth_on"] == "1956-03-05"


BAD_BODIES: list[tuple[bytes, str, int]] = [
    (b"", "application/json", 400),
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'"name"', "application/json", 400),
    (b"null", "application/json", 400),
    (b'{"name": NaN}', "application/json", 400),
    (b'{"name": 1' + b"0" * 5000 + b"}", "application/json", 400),
    (b'{"name": "a", "name": "b"}', "application/json", 400),
    (b'{"name": {"a": 1, "a": 2}}', "application/json", 400),
    (b'{"name": "\xff\xfe"}', "application/json", 400),
    (b"\xef\xbb\xbf{}", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"places": 1e99999999999999999999}', "application/json", 400),
    (b'{"name": "' + b"x" * 5_000_000 + b'"}', "application/json", 413),
    (b"name=x", "application/x-www-form-urlencoded", 415),
    (b"{}", "text/plain", 415),
    (b"{}", "", 415),
    (b"{}", "application/json", 422),
    (b'{"name": 1}', "application/json", 422),
    (b'{"name": true}', "application/json", 422),
    (b'{"name": ["a"]}', "application/json", 422),
    (b'{"name": {"a": {"b": "c"}}}', "application/json", 422),
    (b'{"name": "\\u0000"}', "application/json", 422),
    (b'{"name": "\\ud800"}', "application/json", 422),
    (b'{"\\ud800": "x"}', "application/json", 422),
    (b'{"places": "1"}', "application/json", 422),
    (b'{"places": 1.5}', "application/json", 422),
    (b'{"places": 99999999999999999999999999}', "application/json", 422),
    (b'{"places": 1e400}', "application/json", 422),
    (b'{"branch_id": -1}', "application/json", 422),
    (b'{"branch_id": 0}', "application/json", 422),
    (b'{"created_by": {"username": "root"}}', "application/json", 422),
    (b'{"id": 1, "version": "1"}', "application/json", 422),
    (b'{"community_id": 1}', "application/json", 422),
    (b'{"vacant": 7}', "application/json", 422),
    (b'{"name": "' + "名".encode() * 41 + b'"}', "application/json", 422),
]


def test_what_cannot_be_taken_is_refused_in_chinese(world: World) -> None:
    program = Program(world, "branch_secretary")
    post = world.post()
    for body, kind, status in BAD_BODIES:
        for method, path in (("POST", "/service_post/"), ("PATCH", f"/service_post/{post}")):
            answer = program.call(method, path, data=body, content_type=kind)
            assert answer.status_code == status, (method, body[:80], answer.text)
            assert all(HAN.search(message) for message in answer.get_json()["errors"].values()), answer.text
    many = json.dumps({f"field{number}": 1 for number in range(5000)}).encode()
    answer = program.call("POST", "/service_post/", data=many, content_type="application/json")
    assert len(answer.get_json()["errors"]) == calls.MOST_COMPLAINTS
    for method, path, status in (("PUT", "/service_post/", 405), ("GET", "/nothing/", 404), ("GET", "/", 404)):
        answer = program.call(method, path)
        assert answer.status_code == status
        assert HAN.search(answer.get_json()["errors"][""])


# --- the neighbours -----------------------------------------------------------------------------------------------

MARK = "外来标记"


@pytest.mark.parametrize("register", [name for name in IN_COMMUNITY if name != "community"])
def test_no_door_of_the_api_leads_to_the_neighbours(world: World, register: str) -> None:
    """Their rows by path, by filter, search and order, as the target of a link, when changed and when deleted;
    nor is anything ordered or narrowed by what may not be read."""
    if register not in registers(world):
        program = Program(world, "branch_secretary")
        assert program.get(f"/{register}/").status_code == 404
        return
    program = Program(world, "branch_secretary")
    known = fields_of(REGISTERS[register].model)
    marked = {
        name: MARK
        for name in (REGISTERS[register].model.__title__,)
        if known[name].kind == "text" and known[name].field.in_form and known[name].field.read is None
    }
    foreign = a_row(world, register, at=world.there, **marked)
    own = a_row(world, register)
    before = world.get(register, foreign, at=world.there)
    doors = {door.name for door in open_doors(REGISTERS[register])}
    answers = [program.get(f"/{register}/", **asked) for asked in ({}, {"q": MARK}, {"page": "2"})]
    assert all(answer.status_code == 200 for answer in answers)
    assert foreign not in [item["id"] for answer in answers for item in answer.get_json()["items"]]
    tried = [program.get(f"/{register}/{foreign}")]
    tried += [program.patch(f"/{register}/{foreign}", version="1")] if "change" in doors else []
    tried += [program.delete(f"/{register}/{foreign}")] if "remove" in doors else []
    assert {answer.status_code for answer in tried} == {404}
    answers += tried
    for link in [name for table, name in LINKS if table == register]:
        target = known[link].target.__tablename__
        theirs = a_row(world, target, at=world.there)
        if known[link].field.filter:
            narrowed = program.get(f"/{register}/", **{link: theirs})
            assert narrowed.get_json()["items"] == []
            answers.append(narrowed)
        if known[link].field.in_form and "add" in doors:
            refused = program.post(f"/{register}/", **{link: theirs})
            assert refused.status_code == 422, link
            version = program.get(f"/{register}/{own}").get_json()["version"]
            changed = program.patch(f"/{register}/{own}", version=version, **{link: theirs})
            assert changed.status_code == 422, link
            assert HAN.search(changed.get_json()["errors"][link])
            answers += [refused, changed]
    if "add" in doors:
        taken = program.post(f"/{register}/", community_id=world.there.id)
        assert taken.status_code == 422
        assert "community_id" in taken.get_json()["errors"]
    secret = [name for name, declared in known.items() if declared.sealed]
    for column in ("password", "row_key", "version", *secret, *(f"{name}_index" for name in secret)):
        told = [program.get(f"/{register}/", order=column), program.get(f"/{register}/", **{column: "1"})]
        assert {answer.status_code for answer in told} == {400}, column
    assert not [answer.request.path for answer in answers if MARK in answer.text]
    after = world.get(register, foreign, at=world.there)
    assert after is not None
    assert after.version == before.version


def test_who_looks_after_several_communities_says_which(world: World) -> None:
    """A street's account adds to those below it, and to no other."""
    with world.app.app_context(), as_system("test"), transaction():
        db.session.add(Account(username="street", full_name="街道干事", role=Role.STAFF, community_id=world.east.id))
    program = Program(world, "street")
    given = {"name": "健身点", "kind": "1", "place": "南门", "state": "1"}
    assert "community_id" in program.post("/facility/", **given).get_json()["errors"]
    refused = program.post("/facility/", **given, community_id=world.there.id)
    assert refused.status_code == 422
    assert world.there.name not in refused.text
    added = program.post("/facility/", **given, community_id=world.here.id)
    assert added.get_json()["community_id"] == {"id": world.here.id, "title": world.here.name}
    keeper = world.person(at=world.there)
    moved = program.patch(added.headers["Location"], version=added.get_json()["version"], keeper_id=keeper)
    assert moved.status_code == 422


# --- the document -------------------------------------------------------------------------------------------------


@one_database
def test_the_document_describes_every_call_and_nothing_else(world: World) -> None:
    told = Program(world).get("/openapi.json").get_json()
    described = {
        (f"{ROOT}{path}".replace("{key}", "<int:key>"), method.upper())
        for path, item in told["paths"].items()
        for method in item.keys() - {"parameters"}
    }
    routed = {
        (rule.rule, method)
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.startswith(f"{calls.BLUEPRINT}.") and rule.endpoint != f"{calls.BLUEPRINT}.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routed
    assert {"account", "audit_entry"}.isdisjoint(told["components"]["schemas"]), "no holder of a key may read them"
    person = told["paths"]["/person/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert person["required"] == ["name"]
    assert person["properties"]["name"]["maxLength"] == 50
    assert person["properties"]["sex"]["enum"][:2] == ["1", "2"]
    assert "patch" not in told["paths"]["/notice/{key}"], "notices take their own way"
    assert "delete" not in told["paths"]["/notice/{key}"]


@one_database
def test_the_description_is_read_on_pages(world: World) -> None:
    client = world.client("administrator")
    first = Page(client.get("/api_key/document/"))
    addresses = [link for link in first.links() if link.startswith("/api_key/register/")]
    assert len(addresses) == len(registers(world))
    pages = [first, *(Page(client.get(address)) for address in addresses[::6])]
    assert not [(page.title, page.defects(), page.english()) for page in pages if page.defects() or page.english()]
    assert len({page.title for page in pages}) == len(pages)
    assert client.get("/api_key/register/?name=account").status_code == 404


# --- values, alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_value_is_taken_in_the_type_of_its_field(app: Flask) -> None:
    known = fields_of(REGISTERS["facility"].model)
    assert wire.typed(known["area"], 12) == "12"
    assert wire.typed(known["area"], "12.50") == "12.50"
    for wrong in ("12平方米", "1e5", True, [], {}, "12.345"):
        with pytest.raises(Invalid):
            wire.typed(known["area"], wrong)
