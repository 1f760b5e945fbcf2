"""Lists that stay as one left them, are seen as one likes, and lead through all of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from app.accounts.models import Account
from app.community.models import Person
from app.finance.models import LedgerEntry
from app.kernel import listing, paging
from app.kernel.db import db, transaction
from app.kernel.fields import fields_of
from app.kernel.listing import PAGE_SIZE, Question
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in
from app.kernel.views import MOST_VIEWS
from tests.rows import a_row, people_of_a_street
from tests.web.page import Page, one_database
from tests.world import World, owner

PEOPLE = "/person/list/"


@pytest.fixture(autouse=True)
def _nothing_remembered(app: Flask) -> None:
    """Each test has a world of its own, but the application goes on."""
    app.extensions.pop("paging", None)


@pytest.fixture
def street(world: World) -> World:
    """春和 with three people whose names begin differently: 王一 (女), 李二 (男), 张三 (男)."""
    for name, sex, building in (("王一", "2", "3号楼"), ("李二", "1", "3号楼"), ("张三", "1", "5号楼")):
        world.person(name, sex=sex, building=building, phone="13812345678", birth_on=None)
    return world


def names(page: Page) -> list[str]:
    """What the rows are called, from the top."""
    return [link.get_text() for link in page.soup.select("tbody a[href*='/show/']")]


def heads(page: Page) -> list[str]:
    return [head.get_text(strip=True) for head in page.soup.select("thead th:not(.pick):not(.do)")]


def chips(page: Page) -> list[str]:
    """What the list is narrowed down to."""
    return ["".join(chip.get_text().split()) for chip in page.soup.select(".narrowed .chip")]


def seen(client: FlaskClient, address: str) -> Page:
    answer = client.get(address, follow_redirects=True)
    assert answer.status_code == 200
    page = Page(answer)
    assert not page.defects()
    return page


def link(page: Page, words: str) -> str:
    found = [str(tag["href"]) for tag in page.soup.select("main a[href]") if words in tag.get_text()]
    assert found, f"no link “{words}”"
    return found[0]


# --- as one left it -----------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize("way", ["menu", "record", "form", "saving"])
def test_coming_back_to_a_list_finds_it_as_it_was_left(street: World, way: str) -> None:
    client = street.client("office_staff")
    left = seen(client, f"{PEOPLE}?sex=1&order=name&desc=1")
    assert names(left) == ["张三", "李二"]
    if way == "menu":
        back = PEOPLE
        assert back in {str(tag["href"]) for tag in left.soup.select(".menu a")}
    elif way == "record":
        record = Page(client.get(link(left, "张三")))
        back = str(record.soup.select_one(".head a.button[href*='/list/']")["href"])
    elif way == "form":
        back = str(Page(client.get("/person/add/")).soup.select_one(".save a")["href"])
    else:
        address = str(left.soup.select_one("td.do a")["href"])
        form = Page(client.get(address))
        back = client.post(address, data=form.filled_in()).location
    again = seen(client, back)
    assert names(again) == ["张三", "李二"]
    assert chips(again) == ["性别：男"]


@one_database
def test_the_page_one_was_on_is_found_again_too(world: World) -> None:
    for number in range(PAGE_SIZE + 1):
        world.person(f"张{'甲乙丙'[number % 3]}")
    client = world.client("office_staff")
    last = names(seen(client, f"{PEOPLE}?page=2"))
    assert len(last) == 1
    assert names(seen(client, PEOPLE)) == last
    previous = link(seen(client, PEOPLE), "上一页")
    assert len(names(seen(client, previous))) == PAGE_SIZE
    assert len(names(seen(client, PEOPLE))) == PAGE_SIZE


@one_database
def test_show_all_clears_what_was_left(street: World) -> None:
    client = street.client("office_staff")
    narrow = seen(client, f"{PEOPLE}?q=张")
    assert names(narrow) == ["张三"]
    assert len(names(seen(client, link(narrow, "显示全部")))) == 3
    assert len(names(seen(client, PEOPLE))) == 3


@one_database
def test_each_chip_takes_its_own_filter_away(street: World) -> None:
    client = street.client("office_staff")
    both = seen(client, f"{PEOPLE}?q=3号楼&sex=1")
    assert names(both) == ["李二"]
    assert chips(both) == ["查询：3号楼", "性别：男"]
    assert names(seen(client, link(both, "性别"))) == ["李二", "王一"]
    neither = seen(client, link(seen(client, PEOPLE), "查询"))
    assert (len(names(neither)), chips(neither)) == (3, [])
    assert len(names(seen(client, PEOPLE))) == 3, "it stays away"


@one_database
def test_how_one_left_a_list_is_nobody_elses_and_no_other_lists(street: World) -> None:
    client = street.client("office_staff")
    seen(client, f"{PEOPLE}?q=张")
    assert not chips(seen(client, "/volunteer/list/"))
    assert len(names(seen(street.client("branch_secretary"), PEOPLE))) == 3
    with street.app.app_context(), as_system("test"):
        other = db.session.query(Account).filter(Account.username == "branch_secretary").one().get_id()
    with client.session_transaction() as session:
        session["_user_id"] = other
    assert len(names(seen(client, PEOPLE))) == 3, "at the same computer"


@one_database
def test_a_list_is_not_left_in_an_order_one_may_no_longer_ask_for(street: World) -> None:
    client = street.client("office_staff")
    assert names(seen(client, f"{PEOPLE}?q=张&order=phone")) == ["张三"]
    street.client("supervisor")
    with street.app.app_context(), as_system("test"), transaction():
        account = db.session.query(Account).filter(Account.username == "office_staff").one()
        account.role = "supervisor"
    assert len(names(seen(client, PEOPLE))) == 3


# --- mistyped -----------------------------------------------------------------------------------------------------


@pytest.fixture
def dated(street: World) -> Iterator[World]:
    """The list of residents can be filtered by a day."""
    declared = fields_of(Person)["birth_on"]
    object.__setattr__(declared.field, "filter", True)
    yield street
    object.__setattr__(declared.field, "filter", False)


@one_database
def test_a_mistyped_day_is_told_beside_the_filter_and_kept(dated: World) -> None:
    client = dated.client("office_staff")
    for _time in ("asked", "come back"):
        page = seen(client, f"{PEOPLE}?birth_on.from=1956-13-40&sex=2" if _time == "asked" else PEOPLE)
        typed = page.soup.select_one("[name='birth_on.from']")
        assert typed["value"] == "1956-13-40"
        complaint = page.soup.select_one(f"#{typed['aria-describedby']}".replace(".", "\\."))
        assert complaint is not None
        assert len(complaint.get_text(strip=True)) > 5
        assert page.soup.select_one("[name='birth_on.to']").get("aria-invalid") is None
        assert names(page) == ["王一"], "the other filters count"
        assert chips(page) == ["性别：女"]


@one_database
def test_days_stand_on_the_chip_as_people_say_them(dated: World) -> None:
    client = dated.client("office_staff")
    for typed, words in (
        ("birth_on.from=19560305", "1956-03-05"),
        ("birth_on.to=1956.3.5", "1956-03-05"),
        ("birth_on.from=1956-03-05&birth_on.to=1957-01-01", "1957-01-01"),
    ):
        (chip,) = chips(seen(client, f"{PEOPLE}?{typed}"))
        assert words in chip


def groups(world: World) -> dict[str, int]:
    """Four groups of one branch, each with a member who is called after it."""
    branch, made = world.branch(), {}
    for name in ("第一党小组", "第二党小组", "第二十党小组", "南苑党小组"):
        made[name] = world.make("party_organization", name=name, kind="4", parent_id=branch)
        person = world.person(name.replace("党小组", "人"))
        world.make("party_member", person_id=person, branch_id=branch, group_id=made[name])
    return made


def typed_into(page: Page, name: str) -> tuple[str, str]:
    """What stands in a search select above a list, and the complaint beside it."""
    box = page.soup.select_one(f"#by-{name}")
    complaint = page.soup.select_one(f"#{box['aria-describedby']}") if box.get("aria-invalid") else None
    return box["value"], complaint.get_text(" ", strip=True) if complaint else ""


@one_database
@pytest.mark.parametrize("way", ["group_id=%3F{}", "group_id=&group_id.typed={}", "group_id={older}&group_id.typed={}"])
def test_what_is_typed_into_a_filter_but_not_picked_counts(world: World, way: str) -> None:
    """With the script of the page, before it has arrived, and where another group was chosen before."""
    made, client = groups(world), world.client("branch_secretary")

    def asked(words: str) -> Page:
        return seen(client, f"/party_member/list/?{way.format(words, older=made['第一党小组'])}")

    for words in ("南苑", "nanyuan", "南苑党小组", "第二党小组"):
        page, whole = asked(words), "第二党小组" if words == "第二党小组" else "南苑党小组"
        assert names(page) == [f"{whole[:2]}人"]
        assert chips(page) == [f"所属党小组：{whole}"]
        assert typed_into(page, "group_id") == (whole, "")
        assert f"group_id={made[whole]}" in page.source, "the address of what follows names the group itself"
    for words in ("第九组", "第二", "、"):
        page = asked(words)
        value, complaint = typed_into(page, "group_id")
        assert value == words
        assert words in complaint
        assert len(names(page)) == 4
        assert not chips(page)
        export = next(link for link in page.links() if link.startswith("/exchange/export/"))
        assert client.get(export).status_code == 200, "what is listed can be taken out"
    assert typed_into(asked("第九组"), "group_id")[1] != typed_into(asked("第二"), "group_id")[1]


@one_database
def test_what_is_chosen_in_a_filter_or_cleared_counts_before_the_script_has_arrived(world: World) -> None:
    made, client = groups(world), world.client("branch_secretary")
    for words, found in (("第二党小组", ["第二人"]), ("", 4)):
        page = seen(client, f"/party_member/list/?group_id={made['第二党小组']}&group_id.typed={words}")
        assert found in (names(page), len(names(page)))


# --- columns ------------------------------------------------------------------------------------------------------


def choose(client: FlaskClient, page: Page, **more: Any) -> Page:
    """Send the form of the columns with the boxes that are given as ``column``."""
    form = page.soup.select_one("form[action$='/columns/']")
    data = {str(box["name"]): str(box["value"]) for box in form.select("input[type=hidden]")}
    return Page(client.post("/person/columns/", data={**data, **more}, follow_redirects=True))


@one_database
def test_one_sees_the_columns_one_chose_in_the_order_one_chose(street: World) -> None:
    client = street.client("office_staff")
    usual = seen(client, f"{PEOPLE}?sex=1&order=name")
    assert heads(usual)[:2] == ["姓名", "性别"]
    page = choose(client, usual, column=["name", "building", "sex"])
    assert heads(page) == ["姓名", "性别", "楼栋"]
    assert names(page) == ["李二", "张三"], "what the list was asked stays"
    page = choose(client, page, column=["name", "building", "sex"], up="building")
    assert heads(page) == ["姓名", "楼栋", "性别"]
    assert heads(seen(client, "/person/list/?page=1")) == ["姓名", "楼栋", "性别"]
    assert heads(seen(street.client("branch_secretary"), PEOPLE)) == heads(usual), "each as they like"
    assert heads(choose(client, page, usual="1")) == heads(usual)


@one_database
def test_a_list_without_any_column_is_not_taken(street: World) -> None:
    client = street.client("office_staff")
    usual = seen(client, PEOPLE)
    page = choose(client, usual)
    assert heads(page) == heads(usual)
    assert page.flashes()


@one_database
def test_a_chosen_column_is_masked_and_not_sorted_by_as_anywhere_else(street: World) -> None:
    street.person("赵四", id_number="11010519491231002X", sex="2")
    client = street.client("supervisor")
    page = choose(client, seen(client, PEOPLE), column=["name", "phone", "id_number", "nationality", "version"])
    assert heads(page) == ["姓名", "联系电话", "身份证号", "民族"]
    assert "138****5678" in page.text
    assert "110***********002X" in page.text
    assert "11010519491231002X" not in page.source
    sorting = {str(tag["href"]).partition("order=")[2].partition("&")[0] for tag in page.soup.select("thead a")}
    assert sorting == {"name", "nationality"}
    for order in ("phone", "id_number"):
        assert client.get(PEOPLE, query_string={"order": order}).status_code == 400


# --- saved views --------------------------------------------------------------------------------------------------


def save(client: FlaskClient, page: Page, name: str, **more: str) -> Page:
    form = page.soup.select_one("details form[action$='/views/']")
    data = {str(box["name"]): str(box["value"]) for box in form.select("input[type=hidden]")}
    return Page(client.post("/person/views/", data={**data, "name": name, **more}, follow_redirects=True))


def tabs(page: Page) -> dict[str, str]:
    """The saved views above the list: their addresses by name."""
    return {tag.get_text(strip=True): str(tag["href"]) for tag in page.soup.select(".views a:not(.plain)")}


@one_database
def test_a_view_is_saved_under_a_name_and_opened_with_all_that_belongs_to_it(street: World) -> None:
    client = street.client("office_staff")
    choose(client, seen(client, PEOPLE), column=["name", "building"])
    saved = save(client, seen(client, f"{PEOPLE}?sex=1&order=name&desc=1"), "男居民")
    assert "男居民" in saved.flashes()[0]
    assert saved.soup.select_one(".views a[aria-current]").get_text(strip=True) == "男居民"
    client.post("/person/columns/", data={"usual": "1"})
    whole = seen(client, tabs(saved)["全部"])
    assert len(names(whole)) == 3
    opened = seen(client, tabs(whole)["男居民"])
    assert (names(opened), heads(opened)) == (["张三", "李二"], ["姓名", "楼栋"])
    assert not tabs(seen(street.client("branch_secretary"), PEOPLE)), "each their own"


@one_database
def test_a_list_begins_with_the_view_one_chose_for_it(street: World) -> None:
    client = street.client("office_staff")
    save(client, seen(client, f"{PEOPLE}?sex=2"), "女居民", default="1")
    tomorrow = street.client("office_staff")
    begun = seen(tomorrow, PEOPLE)
    assert names(begun) == ["王一"]
    assert len(names(seen(tomorrow, link(begun, "显示全部")))) == 3
    assert len(names(seen(tomorrow, PEOPLE))) == 3, "as it was left today"


def views(client: FlaskClient) -> Page:
    return seen(client, "/person/views/")


def change(client: FlaskClient, view: str, /, **more: str) -> Page:
    for form in views(client).soup.select("form.view"):
        data = {str(box["name"]): str(box["value"]) for box in form.select("input")}
        if data["name"] == view:
            return Page(client.post("/person/views/", data={**data, **more}, follow_redirects=True))
    raise AssertionError(f"no view {view}")


@one_database
def test_views_are_renamed_made_the_beginning_and_deleted(street: World) -> None:
    client = street.client("office_staff")
    for name, question in (("甲", "sex=1"), ("乙", "sex=2")):
        save(client, seen(client, f"{PEOPLE}?{question}"), name)
    change(client, "甲", name="男")
    assert set(tabs(seen(client, PEOPLE))) == {"全部", "男", "乙"}
    change(client, "男", default="1")
    change(client, "乙", default="1")
    assert names(seen(street.client("office_staff"), PEOPLE)) == ["王一"]
    change(client, "乙", default="1")
    assert len(names(seen(street.client("office_staff"), PEOPLE))) == 3
    change(client, "乙", delete="1")
    assert set(tabs(seen(client, PEOPLE))) == {"全部", "男"}


@one_database
def test_what_is_wrong_with_the_name_of_a_view_is_told_beside_it(street: World) -> None:
    client = street.client("office_staff")
    page = save(client, seen(client, f"{PEOPLE}?sex=1"), "  ")
    assert page.complaint("name")
    data = {**page.filled_in(), "name": "很" * 21}
    page = Page(client.post("/person/views/", data=data))
    assert page.complaint("name")
    assert page.filled_in()["name"] == "很" * 21, "what was typed is still there"
    saved = Page(client.post("/person/views/", data={**page.filled_in(), "name": "甲"}, follow_redirects=True))
    assert chips(saved) == ["性别：男"], "and what was to be saved is not lost"
    save(client, seen(client, f"{PEOPLE}?sex=2"), "乙")
    page = change(client, "乙", name="甲")
    assert [error.get_text(strip=True) for error in page.soup.select(".error")]
    assert set(tabs(seen(client, PEOPLE))) == {"全部", "甲", "乙"}


@one_database
def test_saving_under_a_name_again_replaces_the_view(street: World) -> None:
    client = street.client("office_staff")
    for question in ("sex=1", "sex=2"):
        saved = save(client, seen(client, f"{PEOPLE}?{question}"), "常看")
    assert names(seen(client, tabs(saved)["常看"])) == ["王一"]
    assert len(tabs(saved)) == 2


@one_database
def test_nobody_keeps_more_views_than_can_be_overlooked(street: World) -> None:
    client = street.client("office_staff")
    page = seen(client, f"{PEOPLE}?sex=1")
    for number in range(MOST_VIEWS):
        save(client, page, f"视图{number}")
    refused = save(client, page, "又一个")
    assert str(MOST_VIEWS) in refused.complaint("name")
    assert len(tabs(seen(client, PEOPLE))) == MOST_VIEWS + 1


@one_database
def test_another_persons_view_can_be_neither_renamed_nor_deleted(street: World) -> None:
    client, other = street.client("office_staff"), street.client("branch_secretary")
    save(client, seen(client, f"{PEOPLE}?sex=1"), "我的")
    key = str(views(client).soup.select_one("form.view [name=view]")["value"])
    for act in ({"delete": "1"}, {"name": "你的"}, {"default": "1"}):
        assert other.post("/person/views/", data={"view": key, **act}).status_code == 404
    assert set(tabs(seen(client, PEOPLE))) == {"全部", "我的"}


# --- choosing rows ------------------------------------------------------------------------------------------------


@one_database
def test_rows_can_be_chosen_by_those_who_may_change_them(street: World) -> None:
    page = seen(street.client("office_staff"), f"{PEOPLE}?sex=1&order=name")
    form = page.soup.select_one("form[data-rows]")
    assert str(form["action"]).startswith("/person/bulk/?back=")
    assert len(form.select("input[name=ids]")) == 2
    sent = {str(box["name"]): str(box["value"]) for box in form.select("input[type=hidden]")}
    assert (sent["sex"], sent["order"]) == ("1", "name"), "what “all” means"
    assert not seen(street.client("supervisor"), PEOPLE).soup.select("input[name=ids]")


# --- all the rows, once each --------------------------------------------------------------------------------------


def add_entries(world: World, number: int) -> None:
    """Ledger entries of which many fall on the same day and have the same sum."""
    rows = [
        {"community_id": place.id, "on": day, "direction": "in", "kind": "01", "purpose": f"第{n}笔", "amount": n % 3}
        for n in range(number)
        for place, day in ((world.here if n % 4 else world.there, date(2026, 1, n % 7 + 1)),)
    ]
    with world.app.app_context(), owner() as connection:
        connection.execute(insert(LedgerEntry.__table__), rows)


@pytest.mark.parametrize("order", ["", "amount", "on", "purpose", "handled_by"])
@pytest.mark.parametrize("descending", [False, True])
def test_paging_through_a_list_meets_every_row_once_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch, order: str, descending: bool
) -> None:
    """Also where pages begin at bookmarks, and when one jumps."""
    monkeypatch.setattr(paging, "DEEP", PAGE_SIZE)
    add_entries(world, 8 * PAGE_SIZE)
    for scope in (Scope(world.here.id), Scope(world.east.id, f"/{world.district.id}/{world.east.id}/")):
        with world.app.app_context(), working_in(scope):
            everything = [
                row.id for row in listing.rows(LedgerEntry, [], Question("", {}, order, descending), limit=None)
            ]
            assert len(everything) == 6 * PAGE_SIZE
            for pages in (range(1, 8), (6, 6, 5, 4, 3, 2)):
                for number in pages:
                    page = paging.page(LedgerEntry, ["on", "amount"], Question("", {}, order, descending, number))
                    begins = (number - 1) * PAGE_SIZE
                    assert [row.id for row in page.rows] == everything[begins : begins + PAGE_SIZE], number
                    assert page.total == paging.Total(len(everything))


def test_walking_on_from_a_page_misses_no_row_that_was_added_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "DEEP", 0)
    add_entries(world, 6 * PAGE_SIZE)
    with world.app.app_context(), working_in(Scope(world.here.id)):
        for number in (1, 2, 3):
            paging.page(LedgerEntry, [], Question(page=number))
    world.make("ledger_entry", purpose="插进来", on=date(2026, 1, 8), direction="in", kind="01", amount=1)
    with world.app.app_context(), working_in(Scope(world.here.id)):
        found = [
            row.id for number in (1, 2, 3, 4, 5) for row in paging.page(LedgerEntry, [], Question(page=number)).rows
        ]
        assert sorted(found) == sorted(row.id for row in listing.rows(LedgerEntry, [], Question(), limit=None))


def test_a_long_list_says_about_how_long_it_is_and_a_filtered_one_that_it_is_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, paging):
        monkeypatch.setattr(module, "COUNT_LIMIT", 3 * PAGE_SIZE)
    add_entries(world, 8 * PAGE_SIZE)
    client = world.client("office_staff")
    whole, filtered = (seen(client, f"/ledger_entry/list/?{question}") for question in ("page=1", "direction=in"))
    assert str(6 * PAGE_SIZE) in whole.heading
    assert str(3 * PAGE_SIZE) in filtered.heading
    assert str(6 * PAGE_SIZE) not in filtered.heading
    assert len(names(seen(client, "/ledger_entry/list/?direction=in&page=6"))) == PAGE_SIZE, "beyond what was counted"


@one_database
def test_a_page_beyond_the_end_leads_to_the_last_one(street: World) -> None:
    answer = street.client("office_staff").get(f"{PEOPLE}?sex=1&page=9")
    assert answer.location == f"{PEOPLE}?sex=1&page=1"


@pytest.mark.parametrize("register", ["volunteer", "party_member", "committee_member"])
def test_people_are_in_the_order_of_their_pinyin_wherever_they_are_linked(world: World, register: str) -> None:
    people = [world.person(name) for name in ("王一", "阿依", "曾五", "单二", "解三")]
    for person in people:
        a_row(world, register, person_id=person)
    client = world.client("branch_secretary")
    order = REGISTERS[register].model.__title__
    forth, back = (names(seen(client, f"/{register}/list/?order={order}{desc}")) for desc in ("", "&desc=1"))
    assert forth == ["阿依", "单二", "王一", "解三", "曾五"]
    assert back == forth[::-1]


@pytest.mark.parametrize("filters", [{}, {"sex": "2"}, {"political_status": "13", "sex": "2"}])
@pytest.mark.parametrize("order", ["name", "building", "political_status", "phone"])
@pytest.mark.parametrize("descending", [False, True])
def test_people_of_a_street_stand_in_the_order_asked_for_blanks_last_and_the_alike_by_name(
    world: World, order: str, descending: bool, filters: dict[str, str]
) -> None:
    key = {"name": "name_key", "building": "building_key"}.get(order, order)
    with world.app.test_request_context(), working_in(people_of_a_street(world, 3, 25)):
        people = db.session.scalars(select(Person)).all()
        wanted = [person for person in people if all(getattr(person, name) == it for name, it in filters.items())]
        wanted.sort(key=lambda person: (getattr(person, key) or "", person.name_key, person.id), reverse=descending)
        wanted.sort(key=lambda person: getattr(person, key) is None)
        questions = [
            Question("", filters, order, descending, number + 1) for number in range(len(wanted) // PAGE_SIZE + 1)
        ]
        pages = [paging.page(Person, ["name"], question) for question in questions]
    assert [row.id for page in pages for row in page.rows] == [person.id for person in wanted]
    assert {page.total.count for page in pages if page.rows} == {len(wanted)}
