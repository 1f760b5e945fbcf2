"""Typing into the portal: what is wrong is told beside its field, nothing typed is lost, and saved means saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import roles
from app.community.models import Person
from app.kernel.access import Right
from app.kernel.codes import KEPT, Code
from app.kernel.db import db, today, transaction
from app.kernel.fields import fields_of
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.roles import Role
from app.web import inputs
from tests.rows import MODELS, a_row
from tests.web.page import HAN, LATIN, LATIN_ALLOWED, Page, one_database
from tests.web.typed import a_full_row, id_number, phone, typed
from tests.world import World, owner

OTHERS = {"version", "csrf_token"}
LONG = "很" * 10_000


def keeper(register: str, right: Right = Right.ADD) -> str:
    """Somebody who may do ``right`` on a register."""
    return next((role.value for role in Role if right in roles.rights(role, register)), "")


TYPED = [name for name in MODELS if any(Right.ADD in right for right in roles._TABLE[name])]
DELETED = [name for name, rights in roles._TABLE.items() if name != "notice" if any(Right.DELETE in r for r in rights)]


def how_many(world: World, register: str) -> int:
    with world.app.app_context(), as_system("test"):
        return int(db.session.scalar(select(func.count()).select_from(REGISTERS[register].model)) or 0)


@pytest.fixture(autouse=True)
def no_codes_left(world: World) -> Iterator[None]:
    """The code lists outlive a test's world: what a test adds to them goes again."""
    with world.app.app_context(), as_system("test"):
        last = db.session.scalar(select(func.max(Code.id))) or 0
    yield
    with world.app.app_context(), owner() as connection:
        connection.execute(Code.__table__.delete().where(Code.__table__.c.id > last))
    world.app.extensions.pop(KEPT, None)  # which counts on codes being never deleted


# --- bad input ----------------------------------------------------------------------------------------------------

TOMORROW = (today() + timedelta(days=1)).isoformat()
GOOD_ID = id_number(7)
BAD_ID = GOOD_ID[:-1] + ("1" if GOOD_ID[-1] != "1" else "2")

BAD = [
    ("person", {"id_number": BAD_ID}, "id_number", "校验"),
    ("person", {"id_number": "12345"}, "id_number", "18"),
    ("person", {"id_number": id_number(7, born="1999-09-09")}, "birth_on", "身份证"),
    ("person", {"id_number": id_number(7, sex=2)}, "sex", "身份证"),
    ("person", {"birth_on": "1956-02-31", "id_number": ""}, "birth_on", "1956-02-31"),
    ("person", {"birth_on": TOMORROW, "id_number": ""}, "birth_on", ""),
    ("person", {"name": LONG}, "name", "50"),
    ("person", {"name": "王😀"}, "name", ""),
    ("person", {"name": "王\0明"}, "name", ""),
    ("person", {"name": "1234"}, "name", ""),
    ("person", {"address": "南街🏠1号"}, "address", "🏠"),
    ("person", {"phone": "1381234567"}, "phone", "11位"),
    ("person", {"nationality": "99999"}, "nationality", "选择"),
    ("service_post", {"places": "0"}, "places", "1"),
    ("service_post", {"places": "-1"}, "places", "1"),
    ("service_post", {"places": "两个"}, "places", ""),
    ("service_post", {"places": "9" * 30}, "places", ""),
    ("service_post", {"duties": "宣讲\0政策"}, "duties", ""),
    ("service_post", {"branch_id": "999999"}, "branch_id", "选择"),
    ("service_post", {"branch_id": "张三"}, "branch_id", "选择"),
    ("facility", {"area": "-1"}, "area", "0"),
    ("facility", {"area": "1.234"}, "area", ""),
    ("facility", {"area": "NaN"}, "area", ""),
    ("facility", {"area": "1e400"}, "area", ""),
    ("facility", {"opening_hours": "17:30-8:30"}, "opening_hours", ""),
    ("facility", {"name": LONG}, "name", "60"),
    ("partner_unit", {"uscc": "91321202000000012X"}, "uscc", ""),
    ("partner_unit", {"uscc": "1"}, "uscc", "18"),
    ("partnership_agreement", {"starts_on": "2026-03-05", "ends_on": "2026-03-04"}, "ends_on", ""),
    ("partnership_agreement", {"signed_on": TOMORROW}, "signed_on", ""),
    ("partnership_agreement", {"ends_on": "2026年2月29日"}, "ends_on", ""),
    ("post_assignment", {"ended_on": "2026-03-04"}, "ended_on", ""),
    ("post_assignment", {"recommended_on": "", "recommended_by": ""}, "recommended_on", ""),
    ("post_assignment", {"appointed_by": ""}, "appointed_by", ""),
    ("plan_item", {"progress": "3"}, "done_on", ""),
    ("plan_item", {"year": "1999"}, "year", "2000"),
    ("catalogue_item", {"name": LONG}, "name", "200"),
    ("catalogue_item", {"position": "0"}, "position", "1"),
    ("catalogue_item", {"period": "weekly"}, "period", "选择"),
    ("catalogue_item", {"within": "251"}, "within", "250"),
    ("catalogue_item", {"post_for": "0"}, "post_for", "1"),
    ("catalogue_item", {"since": "明天"}, "since", "2026-03-05"),
    ("catalogue_item", {"board_id": "999999"}, "board_id", "选择"),
    ("occasion", {"ends_on": "2026-03-04"}, "ends_on", ""),
    ("occasion", {"item_id": "999999"}, "item_id", "选择"),
    ("disclosure_setting", {"procedure": "nonsense"}, "procedure", "选择"),
    ("disclosure_setting", {"promptly": "61"}, "promptly", "60"),
    ("disclosure_setting", {"post_for": "0"}, "post_for", "1"),
    ("disclosure_setting", {"warn": "一周"}, "warn", "整数"),
    ("screen", {"board_id": "999999"}, "board_id", "选择"),
    ("special_day", {"on": "2026-02-30"}, "on", "2026-02-30"),
]


def case_name(register: str, wrong: dict[str, str], field: str, _said: str) -> str:
    typed_wrong = ", ".join(f"{name}={text[:20]}" for name, text in wrong.items())
    return f"{register}: {typed_wrong} -> {field}".replace("\0", "NUL")


@one_database
@pytest.mark.parametrize(("register", "wrong", "field", "said"), BAD, ids=[case_name(*case) for case in BAD])
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(
    world: World, register: str, wrong: dict[str, str], field: str, said: str
) -> None:
    good = typed(world, register)
    client, before = world.client(keeper(register)), how_many(world, register)
    page = Page(client.post(f"/{register}/add/", data={**good, **wrong}))
    assert page.status == 200
    assert_complains(page, field, said)
    assert_keeps(page, {**good, **wrong})
    assert not page.defects()
    assert how_many(world, register) == before
    assert client.post(f"/{register}/add/", data=good).status_code == 302, "what is good was not taken, either"
    assert how_many(world, register) == before + 1


def assert_complains(page: Page, field: str, said: str) -> None:
    complaint = page.complaint(field)
    assert HAN.search(complaint), "no complaint in Chinese"
    assert not LATIN.search(LATIN_ALLOWED.sub("", complaint)), complaint
    assert said in complaint
    assert any(complaint in line for line in page.summary())


def assert_keeps(page: Page, sent: dict[str, str]) -> None:
    """Every value that was sent stands in the form again; a NUL cannot, and line ends are the browser's."""
    kept = page.filled_in()
    for name, value in sent.items():
        controls = page.form.iterfind(f'.//*[@name="{name}"]')
        chosen = any(control.tag == "select" or control.get("type") == "radio" for control in controls)
        if chosen and value not in page.source:
            continue  # what a tampered choice sent is no choice
        assert kept.get(name, "").replace("\ufffd", "").replace("\0", "") == value.replace("\0", ""), name


@one_database
def test_a_full_post_takes_nobody_more(world: World) -> None:
    post = world.post(places=1)
    good = typed(world, "post_assignment", post_id=str(post), ended_on="")
    client = world.client("branch_secretary")
    assert client.post("/post_assignment/add/", data=good).status_code == 302
    second = typed(world, "post_assignment", post_id=str(post), ended_on="")
    page = Page(client.post("/post_assignment/add/", data=second))
    assert_complains(page, "post_id", "1")
    assert_keeps(page, second)
    assert how_many(world, "post_assignment") == 1
    # an application is welcome all the same, and so is the next holder of a post that was left
    waiting = {**second, **dict.fromkeys(("recommended_on", "recommended_by", "appointed_on", "appointed_by"), "")}
    assert client.post("/post_assignment/add/", data=waiting).status_code == 302


@one_database
def test_the_same_resident_is_not_put_on_file_twice(world: World) -> None:
    first = typed(world, "person")
    client = world.client("office_staff")
    assert client.post("/person/add/", data=first).status_code == 302
    again = typed(world, "person", id_number=first["id_number"].lower())
    page = Page(client.post("/person/add/", data=again))
    assert_complains(page, "id_number", "身份证")
    assert_keeps(page, again)
    assert how_many(world, "person") == 1
    neighbour = world.client("stranger")
    assert neighbour.post("/person/add/", data=again).status_code == 302, "another community has its own file"


@one_database
@pytest.mark.parametrize("year", ["1956", "2001"])
@pytest.mark.parametrize("region", ["110105", "320102", "321202", "440305"])
def test_the_number_on_an_identity_card_is_taken_whenever_the_county_got_its_code(
    world: World, year: str, region: str
) -> None:
    """Numbers were given out from 1984 on: the county's code may be younger than the person."""
    born = f"{year}-03-05"
    data = typed(world, "person", birth_on=born, id_number=id_number(3, born=born, region=region))
    assert world.client("office_staff").post("/person/add/", data=data).status_code == 302


@one_database
def test_what_is_typed_with_a_chinese_keyboard_is_stored_listed_and_found_like_all_else(world: World) -> None:
    client = world.client("office_staff")
    for name, building in (("张明", "３号楼２单元"), ("李强", "3号楼1单元"), ("王芳", "4号楼（北）")):
        client.post("/person/add/", data={"name": name, "building": building})
    ordered = Page(client.get("/person/list/?order=building")).text
    assert ordered.index("3号楼1单元") < ordered.index("3号楼2单元") < ordered.index("4号楼（北）")
    for asked in ("３号楼２单元", "3号楼2单元"):
        assert "张明" in Page(client.get("/person/list/", query_string={"q": asked})).text


# --- every register -----------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize("register", TYPED)
def test_an_empty_form_says_what_is_missing(world: World, register: str) -> None:
    client, before = world.client(keeper(register)), how_many(world, register)
    asked = Page(client.get(f"/{register}/add/"))
    assert not asked.defects()
    page = Page(client.post(f"/{register}/add/", data=dict.fromkeys(asked.filled_in(), "")))
    assert page.status == 200
    required = [d.name for d in fields_of(REGISTERS[register].model).values() if d.required and d.field.in_form]
    for name in required:
        assert page.complaint(name), name
    assert len(page.summary()) == len(required)
    assert not page.defects()
    assert not page.english()
    assert Page(client.post(f"/{register}/add/", data={})).status == 200
    assert how_many(world, register) == before


@pytest.mark.parametrize("register", TYPED)
def test_what_is_right_is_saved_and_said(world: World, register: str) -> None:
    data = typed(world, register)
    client, before = world.client(keeper(register)), how_many(world, register)
    answer = client.post(f"/{register}/add/", data=data)
    assert answer.status_code == 302, Page(answer).summary()
    page = Page(client.get(answer.location))
    assert how_many(world, register) == before + 1
    told = page.flashes()
    assert len(told) == (2 if register == "account" else 1), "an account is given its first password as well"
    assert page.heading in told[0], "the message does not say what was saved"
    assert "添加" in told[0]
    # what was typed is what is shown on the form again
    if Right.EDIT in roles.rights(keeper(register), register):
        form = Page(client.get(answer.location.replace("/show/", "/edit/"))).filled_in()
        masked = {d.name for d in fields_of(REGISTERS[register].model).values() if d.sealed}
        different = {name: (value, form.get(name)) for name, value in data.items() if form.get(name, "") != value}
        assert set(different) <= masked, different


@one_database
@pytest.mark.parametrize("register", [name for name in TYPED if name != "code"])
def test_saving_a_form_as_it_is_changes_nothing_and_complains_of_nothing(world: World, register: str) -> None:
    key = a_full_row(world, register)
    client = world.client(keeper(register, Right.EDIT))
    address = f"/{register}/edit/{key}"
    before = Page(client.get(address)).filled_in()
    answer = client.post(address, data=before)
    assert answer.status_code == 302, Page(answer).summary()
    page = Page(client.get(answer.location))
    assert "保存" in page.flashes()[0]
    assert page.heading in page.flashes()[0]
    assert {**Page(client.get(address)).filled_in(), **dict.fromkeys(OTHERS)} == {**before, **dict.fromkeys(OTHERS)}


@one_database
def test_one_more_is_asked_for_with_the_same_start(world: World) -> None:
    team = world.make("volunteer_team", name="护河队", kind="1")
    client = world.client("office_staff")
    address = f"/volunteer/add/?team_id={team}&back=/volunteer_team/show/{team}"
    asked = Page(client.get(address)).filled_in()
    assert asked["team_id"] == str(team)
    answer = client.post(address, data={**asked, "person_id": str(world.person()), "again": "1"})
    assert answer.status_code == 302
    page = Page(client.get(answer.location))
    assert page.filled_in()["team_id"] == str(team)
    assert not page.filled_in()["person_id"]
    assert len(page.flashes()) == 1
    done = client.post(answer.location, data={**page.filled_in(), "person_id": str(world.person())})
    assert done.location == f"/volunteer_team/show/{team}"


@one_database
def test_who_was_looked_for_and_not_found_is_begun_with_that_name(world: World) -> None:
    client = world.client("office_staff")
    address = "/person/add/?called=欧阳建国"
    asked = Page(client.get(address)).filled_in()
    assert asked["name"] == "欧阳建国"
    answer = client.post(address, data={**asked, "phone": "13700001111", "again": "1"})
    assert not Page(client.get(answer.location)).filled_in()["name"], "the next one has a name of their own"
    assert not Page(client.get("/party_member/add/?called=欧阳建国")).summary(), "who is called by a person is chosen"


# --- how forms are drawn --------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize("register", TYPED)
def test_whoever_opens_a_form_and_whatever_stands_in_it_reads_what_would_be_drawn_for_them_alone(
    world: World, register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of forms are kept drawn: neither another's text nor another's rights or language show through."""
    key, names = a_row(world, register), fields_of(MODELS[register])
    filled = [urlencode(dict.fromkeys(names, text)) for text in ("", "1", "?7", '<b id="x">&amp;', "True")]
    addresses = [*(f"/{register}/add/?{given}" for given in filled), f"/{register}/edit/{key}"]
    clients = [world.client(role.value) for role in Role if Right.ADD in roles.rights(role, register)]

    def pages() -> list[str]:
        found = []
        for client, locale in product(clients, ("zh", "en")):
            with client.session_transaction() as session:
                session["locale"] = locale
            for address in addresses:
                _before, _form, drawn = client.get(address).text.partition('class="card form"')
                found.append(re.sub('name="(csrf_)?token" value="[^"]+"', "", drawn))
        assert any(found)
        return found

    before = pages()
    template = world.app.jinja_env.get_template("register/form.html")
    monkeypatch.setitem(template.globals, "form_row", inputs.drawn_anew)
    for kept, anew in zip(before, pages(), strict=True):
        assert kept == anew


# --- borrowed and hidden fields -----------------------------------------------------------------------------------


@pytest.mark.parametrize("register", ["party_member", "volunteer", "representative"])
def test_the_phone_is_corrected_where_it_is_seen(world: World, register: str) -> None:
    """Saving a member's form corrects the phone of the resident, once for all their hats."""
    person = world.person(phone=phone(1))
    key = a_full_row(world, register, person_id=str(person))
    client = world.client("branch_secretary")
    form = Page(client.get(f"/{register}/edit/{key}")).filled_in()
    assert form["phone"] == phone(1)
    assert client.post(f"/{register}/edit/{key}", data={**form, "phone": phone(2)}).status_code == 302
    assert world.get("person", person).phone == phone(2)
    wrong = Page(client.post(f"/{register}/edit/{key}", data={**form, "version": "", "phone": "12"}))
    assert_complains(wrong, "phone", "电话")
    assert world.get("person", person).phone == phone(2)


@pytest.fixture
def resident(world: World) -> int:
    return world.make("person", name="王小明", sex="1", id_number=GOOD_ID, building="1号楼")


def edited(world: World, key: int, **change: str) -> Page | None:
    """Save the form of a resident with a change; the page if it was not saved."""
    client = world.client("office_staff")
    form = Page(client.get(f"/person/edit/{key}")).filled_in()
    answer = client.post(f"/person/edit/{key}", data={**form, **change})
    return None if answer.status_code == 302 else Page(answer)


def test_a_hidden_number_stays_if_left_blank_changes_if_typed_and_goes_at_a_dash(world: World, resident: int) -> None:
    form = Page(world.client("office_staff").get(f"/person/edit/{resident}"))
    assert form.filled_in()["id_number"] == ""
    assert GOOD_ID not in form.source
    assert edited(world, resident, building="2号楼") is None
    assert stored_id(world, resident) == GOOD_ID
    other = id_number(8)
    assert edited(world, resident, id_number=other) is None
    assert stored_id(world, resident) == other
    page = edited(world, resident, id_number=BAD_ID)
    assert page is not None
    assert_complains(page, "id_number", "校验")
    assert stored_id(world, resident) == other
    assert edited(world, resident, id_number="-") is None
    assert stored_id(world, resident) is None


def test_a_hidden_number_still_has_its_say_when_the_birth_date_changes(world: World, resident: int) -> None:
    page = edited(world, resident, birth_on="1999-09-09")
    assert page is not None
    assert_complains(page, "birth_on", "身份证")


def stored_id(world: World, key: int) -> str | None:
    with world.app.app_context():
        return world.get("person", key).id_number


# --- two people ---------------------------------------------------------------------------------------------------


@pytest.fixture
def two_forms(world: World, resident: int) -> tuple[FlaskClient, FlaskClient, dict[str, Any]]:
    """The secretary and a colleague have both opened the form of the same resident."""
    first, second = world.client("branch_secretary"), world.client("office_staff")
    page = Page(second.get(f"/person/edit/{resident}"))
    return first, second, page.filled_in()


def test_the_second_of_two_is_told_what_the_first_did_and_loses_nothing(
    world: World, resident: int, two_forms: tuple[FlaskClient, FlaskClient, dict[str, Any]]
) -> None:
    first, second, form = two_forms
    address = f"/person/edit/{resident}"
    assert first.post(address, data={**form, "building": "3号楼", "address": "南街1号"}).status_code == 302
    mine = {**form, "building": "5号楼", "phone": phone(5)}
    page = Page(second.post(address, data=mine))
    assert page.status == 200
    warning = page.soup.select_one(".conflict")
    assert warning is not None
    told = warning.get_text(" ", strip=True)
    for words in ("3号楼", "5号楼", "南街1号", "书记甲"):
        assert words in told
    assert not page.defects()
    assert not page.english()
    both = {**mine, "address": "南街1号"}
    assert all(
        kept == both[name]
        for name, kept in page.filled_in().items()
        if name in both and name not in OTHERS and not name.startswith("was.")
    )
    assert world.get("person", resident).building == "3号楼"
    assert second.post(address, data=page.filled_in()).status_code == 302
    stored = world.get("person", resident)
    assert (stored.building, stored.phone, stored.address) == ("5号楼", phone(5), "南街1号")


def test_what_the_first_changed_elsewhere_is_not_undone_unseen(
    world: World, resident: int, two_forms: tuple[FlaskClient, FlaskClient, dict[str, Any]]
) -> None:
    """The second changed only the phone: the first's address stays, or the second is shown that it will go."""
    first, second, form = two_forms
    address = f"/person/edit/{resident}"
    assert first.post(address, data={**form, "address": "南街1号"}).status_code == 302
    answer = second.post(address, data={**form, "phone": phone(5)})
    told = answer.status_code == 200 and "南街1号" in Page(answer).soup.select_one(".conflict").get_text()
    assert told or world.get("person", resident).address == "南街1号"


def test_a_phone_corrected_on_one_hat_is_not_undone_from_another(world: World) -> None:
    person = world.person(phone=phone(1))
    member, volunteer = world.member(person), a_full_row(world, "volunteer", person_id=str(person))
    client = world.client("branch_secretary")
    old = Page(client.get(f"/volunteer/edit/{volunteer}")).filled_in()
    form = Page(client.get(f"/party_member/edit/{member}")).filled_in()
    assert client.post(f"/party_member/edit/{member}", data={**form, "phone": phone(2)}).status_code == 302
    page = Page(client.post(f"/volunteer/edit/{volunteer}", data=old))
    assert page.status == 200
    conflict = page.soup.select_one(".conflict")
    assert conflict is not None
    assert "书记甲" in conflict.get_text(), "does not say who"
    assert world.get("person", person).phone == phone(2)


def test_a_form_that_was_opened_before_but_says_the_same_is_simply_saved(
    world: World, resident: int, two_forms: tuple[FlaskClient, FlaskClient, dict[str, Any]]
) -> None:
    first, second, form = two_forms
    same = {**form, "building": "3号楼"}
    for client in (first, second):
        assert client.post(f"/person/edit/{resident}", data=same).status_code == 302


def test_editing_what_somebody_has_deleted_is_a_missing_page(
    world: World, resident: int, two_forms: tuple[FlaskClient, FlaskClient, dict[str, Any]]
) -> None:
    first, second, form = two_forms
    assert first.post(f"/person/delete/{resident}").status_code == 302
    assert Page(second.post(f"/person/edit/{resident}", data=form)).status == 404


# --- deleting -----------------------------------------------------------------------------------------------------


def test_what_is_in_use_is_not_deleted_but_says_what_uses_it(world: World) -> None:
    person = world.person(name="王小明")
    world.member(person)
    a_full_row(world, "volunteer", person_id=str(person))
    client = world.client("branch_secretary")
    for page in (Page(client.get(f"/person/delete/{person}")), Page(client.post(f"/person/delete/{person}"))):
        assert page.status == 200
        uses = [item.get_text(" ", strip=True) for item in page.soup.select(".uses li")]
        assert [use.split()[0] for use in uses] == ["党员", "志愿者"]
        assert all("王小明" in use and "1" in use for use in uses)
        assert not page.soup.select("main form"), "offers to delete it all the same"
        assert not page.defects()
    assert world.get("person", person) is not None


@one_database
@pytest.mark.parametrize("register", DELETED)
def test_deleting_asks_first_by_name_and_then_says_so(world: World, register: str) -> None:
    client = world.client(keeper(register, Right.DELETE))
    made = client.post(f"/{register}/add/", data=typed(world, register))
    key = int(made.location.rsplit("/", 1)[1])
    client.get("/")
    name = Page(client.get(f"/{register}/show/{key}")).heading
    page = Page(client.get(f"/{register}/delete/{key}"))
    assert name in page.text
    assert world_has(world, register, key), "a look deleted it"
    assert page.form.get("action") in {None, "", f"/{register}/delete/{key}"}
    answer = client.post(f"/{register}/delete/{key}", data=page.filled_in())
    assert answer.status_code == 302
    told = Page(client.get(answer.location)).flashes()
    assert len(told) == 1
    assert name in told[0]
    assert "删除" in told[0]
    assert not world_has(world, register, key)
    assert client.get(f"/{register}/show/{key}").status_code == 404


def world_has(world: World, register: str, key: int) -> bool:
    with world.app.app_context(), as_system("test"):
        return db.session.get(REGISTERS[register].model, key) is not None


@one_database
def test_a_form_with_a_mistake_offers_the_retired_code_of_the_record_and_none_that_was_made_up(world: World) -> None:
    code = world.make("code", code_list="skill", value="旧", label="钟表修理")
    key = world.make("volunteer", person_id=world.person(), skill="旧", registered_on=date(2026, 1, 5))
    with world.work(), as_system("test"), transaction():
        db.session.get_one(Code, code).retired_on = date(2026, 1, 1)
    client = world.client("office_staff")
    form = Page(client.get(f"/volunteer/edit/{key}")).filled_in()
    for chosen in ("2", "made up"):
        page = Page(client.post(f"/volunteer/edit/{key}", data={**form, "skill": chosen, "registered_on": ""}))
        offered = [option.get("value") for option in page.soup.select("#f-skill option")]
        assert "旧" in offered
        assert "made up" not in offered


@one_database
def test_a_code_is_offered_above_the_list_from_the_moment_it_is_added_until_it_is_retired(world: World) -> None:
    staff = world.client("office_staff")

    def offered() -> list[str]:
        return [option.text for option in Page(staff.get("/volunteer/list/?page=1")).soup.select("#by-skill option")]

    before = offered()
    key = world.make("code", code_list="skill", value="99", label="茶艺")
    assert set(offered()) == {*before, "茶艺"}
    with world.work(), as_system("test"), transaction():
        db.session.get_one(Code, key).retired_on = today()
    assert offered() == before


def test_what_another_process_changes_in_a_code_list_is_read_with_the_next_page(world: World) -> None:
    key, codes = world.make("code", code_list="skill", value="99", label="茶艺"), Code.__table__
    client = world.client("office_staff")
    for label in ("茶艺", "花艺", "陶艺"):
        with world.app.app_context(), owner() as connection:
            changed = codes.update().where(codes.c.id == key).values(label=label, version=codes.c.version + 1)
            connection.execute(changed)
        for _look in range(2):
            page = Page(client.get("/volunteer/add/"))
            assert page.soup.select_one("#f-skill option[value='99']").text == label


def test_codes_are_never_deleted_and_stay_on_old_records_when_retired(world: World) -> None:
    client = world.client("office_staff")
    made = client.post("/code/add/", data=typed(world, "code", code_list="skill", value="临", label="钟表修理"))
    code = int(made.location.rsplit("/", 1)[1])
    volunteer = a_full_row(world, "volunteer", skill="临")
    assert client.get(f"/code/edit/{code}").status_code == 403, "codes are everybody's: one office may only add to them"
    keeper = world.client("administrator")
    form = Page(keeper.get(f"/code/edit/{code}")).filled_in()
    assert keeper.post(f"/code/edit/{code}", data={**form, "retired_on": "2026-01-01"}).status_code == 302
    assert "钟表修理" not in Page(client.get("/volunteer/add/")).source
    old = Page(client.get(f"/volunteer/edit/{volunteer}"))
    assert "钟表修理" in old.source
    assert client.post(f"/volunteer/edit/{volunteer}", data=old.filled_in()).status_code == 302
    assert client.post(f"/code/delete/{code}").status_code in {403, 404}


# --- forged forms -------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


@one_database
def test_no_form_is_taken_that_did_not_come_from_a_page_of_ours(world: World, guarded: Flask) -> None:
    clients = [world.client(), world.client("branch_secretary"), world.client("administrator")]
    posted = [rule.rule for rule in guarded.url_map.iter_rules() if "POST" in (rule.methods or ())]
    posted = [rule for rule in posted if not rule.startswith("/api/")]  # where no cookie counts
    assert len(posted) > 40
    for rule in posted:
        address = re.sub("<int:[a-z]+>", "1", rule).replace("<source>", "service_post")
        answers = [client.post(address, data={"name": "x"}) for client in clients]
        assert {answer.status_code for answer in answers} <= {400, 403}, address
        assert 400 in {answer.status_code for answer in answers}, address
    page = Page(answers[0])
    assert page.heading == "页面停留时间过长"
    assert not page.english()


@one_database
@pytest.mark.parametrize("register", ["person", "service_post", "account"])
def test_a_form_of_ours_carries_what_it_takes(world: World, guarded: Flask, register: str) -> None:
    client, before = world.client(keeper(register)), how_many(world, register)
    data = typed(world, register)
    token = Page(client.get(f"/{register}/add/")).filled_in()["csrf_token"]
    assert client.post(f"/{register}/add/", data={**data, "csrf_token": token[::-1]}).status_code == 400
    assert how_many(world, register) == before
    assert client.post(f"/{register}/add/", data={**data, "csrf_token": token}).status_code == 302
    assert how_many(world, register) == before + 1


def test_a_phone_typed_for_a_new_leader_never_lands_on_the_old_one(world: World) -> None:
    """The form still shows the old leader's phone when another is chosen."""
    old, new = world.person(phone=phone(1)), world.person(phone=phone(2))
    team = world.make("volunteer_team", name="护河队", kind="1", leader_id=old)
    client = world.client("office_staff")
    form = Page(client.get(f"/volunteer_team/edit/{team}")).filled_in()
    given = {**form, "leader_id": str(new), "leader_phone": phone(3)}
    assert client.post(f"/volunteer_team/edit/{team}", data=given).status_code == 302
    assert world.get("volunteer_team", team).leader_id == new
    assert (world.get("person", old).phone, world.get("person", new).phone) == (phone(1), phone(2))


def test_what_is_told_after_saving_is_the_name_of_whom_it_now_is_about(world: World) -> None:
    key = world.make("volunteer", person_id=world.person("张明"))
    client, other = world.client("office_staff"), world.person("李华")
    form = Page(client.get(f"/volunteer/edit/{key}")).filled_in()
    done = client.post(f"/volunteer/edit/{key}", data={**form, "person_id": str(other)})
    (told,) = Page(client.get(done.location)).flashes()
    assert "李华" in told
    assert "张明" not in told


def test_a_hat_can_be_saved_whatever_is_wrong_with_the_person_as_long_as_nothing_of_the_person_is_typed(
    world: World,
) -> None:
    """What is on file may be older than the rules. It is complained of to who corrects it."""
    person = world.person(phone=phone(1))
    key = world.make("volunteer", person_id=person, skill="1")
    with world.app.app_context(), owner() as connection:
        table = Person.__table__
        connection.execute(table.update().where(table.c.id == person).values(birth_on=date(2999, 1, 1)))
    client = world.client("office_staff")
    form = Page(client.get(f"/volunteer/edit/{key}")).filled_in()
    assert client.post(f"/volunteer/edit/{key}", data={**form, "skill": "2"}).status_code == 302
    assert world.get("volunteer", key).skill == "2"
    form = Page(client.get(f"/volunteer/edit/{key}")).filled_in()
    assert client.post(f"/volunteer/edit/{key}", data={**form, "phone": phone(2)}).status_code == 200
    assert world.get("person", person).phone == phone(1)


@one_database
@pytest.mark.parametrize("back", ["/%09/evil.example", "/%0d%0aX", "/%5Cevil.example", "/%0a/x"])
def test_a_crooked_way_back_leads_to_the_record(world: World, back: str) -> None:
    client = world.client("office_staff")
    answer = client.post(f"/facility/add/?back={back}", data=typed(world, "facility"))
    assert answer.status_code == 302
    assert answer.location.startswith("/facility/show/")
    assert world.client().get(f"/login/?next={back}").status_code == 200


@one_database
def test_an_administrator_who_deletes_a_community_learns_no_names(world: World) -> None:
    world.person(name="秘密人")
    page = world.client("administrator").get(f"/community/delete/{world.here.id}").text
    assert "居民" in page
    assert "秘密人" not in page


@one_database
def test_a_number_that_tells_an_impossible_birthday_is_refused(world: World) -> None:
    client = world.client("office_staff")
    for born in ("2090-01-01", "1800-01-01"):
        data = {"name": "王小明", "id_number": id_number(7, born)}
        assert client.post("/person/add/", data=data).status_code == 200, born
    client.post("/person/add/", data={"name": "王小明", "id_number": id_number(7, "1956-03-07", sex=2)})
    with world.work():
        person = db.session.scalars(select(Person)).one()
        assert (person.birth_on.isoformat(), person.sex) == ("1956-03-07", "2")


@one_database
def test_a_community_is_neither_cut_off_nor_turned_upside_down(world: World) -> None:
    client = world.client("administrator")
    form = Page(client.get(f"/community/edit/{world.east.id}")).filled_in()
    for change in ({"parent_id": ""}, {"level": "1", "parent_id": str(world.here.id)}):
        assert client.post(f"/community/edit/{world.east.id}", data={**form, **change}).status_code == 200
    district = Page(client.get(f"/community/edit/{world.district.id}")).filled_in()
    assert client.post(f"/community/edit/{world.district.id}", data={**district, "level": "3"}).status_code == 200
    assert client.post(f"/community/edit/{world.east.id}", data=form).status_code == 302


@one_database
def test_who_logged_in_again_in_another_window_gets_back_what_was_typed(world: World, guarded: Flask) -> None:
    """What another site sends is refused as before; who logged out meanwhile gets it back too."""
    client, anonymous = world.client("office_staff"), world.client()
    old = {"name": "张明", "notes": "", "csrf_token": "of the other session"}
    ours = {"Sec-Fetch-Site": "same-origin"}
    for sender, status in ((client, 400), (anonymous, 401)):
        page = Page(sender.post("/person/add/", data=old, headers=ours))
        assert page.status == status
        assert page.filled_in()["name"] == "张明"
        assert not page.defects()
        assert not page.english()
    again = Page(client.post("/person/add/", data=old, headers=ours)).filled_in()
    assert client.post("/person/add/", data=again).status_code == 302
    for elsewhere in ({}, {"Sec-Fetch-Site": "cross-site"}):
        assert "李华" not in client.post("/person/add/", data={**old, "name": "李华"}, headers=elsewhere).text


def test_who_opens_a_form_is_noted_as_one_who_looked(world: World) -> None:
    """The form shows more than the page of the record does."""
    key = world.person("张明")
    assert world.client("office_staff").get(f"/person/edit/{key}").status_code == 200
    assert "干事甲" in Page(world.client("auditor").get(f"/seen/person/{key}")).text


def test_who_may_not_delete_a_person_with_hats_is_led_to_where_it_can_be_done(world: World) -> None:
    key = world.person("张明")
    world.make("volunteer", person_id=key)
    client = world.client("branch_secretary")
    page = Page(client.get(f"/person/delete/{key}"))
    assert f"/about/delete/person/{key}" in page.links()
    assert client.get(f"/about/delete/person/{key}").status_code == 200
