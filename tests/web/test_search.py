"""The search boxes: who is found by what, by whom, and what nobody is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from flask_migrate import upgrade
from sqlalchemy import select

from app.community.models import Person
from app.kernel import entries, listing, paging, records, search
from app.kernel.access import Right
from app.kernel.db import db, transaction
from app.kernel.entries import SearchEntry
from app.kernel.fields import fields_of
from app.kernel.listing import PAGE_SIZE, Question
from app.kernel.scope import Scope, as_system, working_in
from app.volunteers.models import Volunteer
from tests.rows import MODELS, a_row, an_id_number
from tests.web.page import Page, one_database
from tests.world import World, owner


def answers(world: World, question: str, username: str = "office_staff") -> dict[str, list[dict[str, Any]]]:
    """What the box in the head answers: the rows of each register, by its name."""
    found = world.client(username).get("/search/answers/", query_string={"q": question})
    assert found.status_code == 200
    return {group["address"].split("/")[1]: group["answers"] for group in found.get_json()["groups"]}


def names(world: World, question: str, username: str = "office_staff", register: str = "person") -> list[str]:
    return [answer["label"] for answer in answers(world, question, username).get(register, ())]


def listed(world: World, register: str, question: str, username: str = "office_staff") -> set[int]:
    """The ids of the rows that the list of a register shows."""
    found = world.client(username).get(f"/{register}/choices/", query_string={"q": question})
    assert found.status_code == 200
    return {row["id"] for row in found.get_json()}


@pytest.fixture
def zhang(world: World) -> int:
    return world.person("张明华", phone="13812345678", building="3号楼2单元", birth_on=date(1956, 3, 5))


# --- who is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    ["张", "明华", "zhangminghua", "minghua", "zmh", "3号楼", "张 3号楼", "zmh 2单元", "1381", "5678", "张明华3号楼"],
)
def test_a_person_is_found_while_still_saying_the_name(world, zhang, question):
    world.person("李四", building="9号楼")
    assert names(world, question) == ["张明华"]
    assert listed(world, "person", question) == {zhang}


@pytest.mark.parametrize("question", ["2栋3单元", "2幢", "2-3", "白2栋", "150-0000-8205", "150 0000-8205"])
def test_houses_and_phones_are_found_however_they_are_written(world, question):
    key = world.person("白淑华", building="2号楼3单元", phone="15000008205")
    for number, building in enumerate(("21号楼3单元", "3号楼2单元")):
        world.person("白二一", building=building, phone=f"1500001820{number}")
    assert names(world, question, "branch_secretary") == ["白淑华"]
    assert listed(world, "person", question, "branch_secretary") == {key}
    page = Page(world.client("branch_secretary").get("/search/", query_string={"q": question}))
    assert "读音" not in page.text


@pytest.mark.parametrize("question", ["王", "张 9号楼", "张 李", "4号楼", "999"])
def test_who_has_not_all_that_was_typed_is_not_found(world, zhang, question):
    assert names(world, question) == []
    assert listed(world, "person", question) == set()


def test_a_new_name_counts_at_once_and_the_old_one_no_longer(world, zhang):
    with world.work(), transaction():
        records.change(db.session.get(Person, zhang), {"name": "欧阳春"})
    assert names(world, "张") == []
    assert names(world, "ouyang") == ["欧阳春"]
    with world.work(), transaction():
        records.remove(db.session.get(Person, zhang))
    assert names(world, "ouyang") == []


def test_what_was_not_saved_is_not_found(world):
    def fail() -> None:
        with transaction():
            records.add(Person, {"name": "钱多多"})
            raise RuntimeError

    with world.work(), pytest.raises(RuntimeError):
        fail()
    assert names(world, "钱") == []


def test_whom_nothing_names_is_found_by_ear(world, zhang):
    assert names(world, "章明华") == ["张明华"]
    assert listed(world, "person", "zangminhua") == {zhang}
    page = Page(world.client("office_staff").get("/search/", query_string={"q": "章明华"}))
    assert "张明华" in page.text
    other = world.person("章明")
    assert names(world, "章明") == ["章明"], "the ear is asked only where nothing is written so"
    assert listed(world, "person", "章明") == {other}


def test_those_called_exactly_so_come_first_then_those_whose_surname_it_is(world):
    for number in range(8):
        world.person(f"李王{'一二三四五六七八'[number]}")
    for number in range(8):
        world.person(f"王芳{'一二三四五六七八'[number]}")
    world.person("王芳")
    assert names(world, "王芳")[0] == "王芳"
    assert names(world, "wangfang")[0] == "王芳"
    assert all(name.startswith("王") for name in names(world, "王"))
    assert len(names(world, "王")) == 5


def test_where_much_is_found_each_register_shows_its_first_as_where_little_is(world, monkeypatch):
    for number in range(8):
        world.person(f"王芳{'一二三四五六七八'[number]}", phone=f"138000000{number:02}")
    world.person("王芳")
    world.make("volunteer_team", name="王芳服务队", kind="1")
    questions = ("王", "王芳", "wangfang", "wf", "1380000", "王 138", "章", "wang1", "欧阳")
    little = {question: answers(world, question) for question in questions}
    assert little["王"].keys() >= {"person", "volunteer_team"}
    assert little["王芳"]["person"][0]["label"] == "王芳"
    monkeypatch.setattr(search, "HANDFUL", 3)
    assert {question: answers(world, question) for question in questions} == little


# --- numbers --------------------------------------------------------------------------------------------------------

BORN = date(1956, 3, 5)


def test_a_person_is_found_by_the_whole_identity_number_and_by_its_last_four(world):
    number = an_id_number(BORN, 11)
    key = world.person("张明", id_number=number)
    world.person("李四", id_number=an_id_number(BORN, 222))
    for question in (number, number[-4:], number[-4:].lower(), f"张 {number[-4:]}"):
        assert listed(world, "person", question) == {key}, question
        assert names(world, question, "supervisor") == ["张明"], "the mask shows the last four"
    for question in (number[:6], number[6:14], number[-5:], number[-3:]):
        assert names(world, question) == [], question


def test_the_index_holds_neither_the_identity_number_nor_its_end(world):
    number = an_id_number(BORN, 11)
    world.person("张明", id_number=number)
    with world.work():
        kept = " ".join(db.session.scalars(select(SearchEntry.words)))
    assert "张明" in kept
    assert number[-4:] not in kept.replace("=", "").split()
    assert number[6:14] not in kept


def test_a_phone_is_found_only_by_those_who_read_it_in_full(world, zhang):
    for question in ("138", "1234567", "13812345678", "678", "张 138"):
        assert names(world, question) == ["张明华"], question
        assert names(world, question, "supervisor") == [], question
        assert listed(world, "person", question, "supervisor") == set(), question
    assert names(world, "张", "supervisor") == ["张明华"]


def test_the_phone_of_a_volunteer_is_no_way_round(world, zhang):
    volunteer = world.make("volunteer", person_id=zhang)
    assert listed(world, "volunteer", "13812345") == {volunteer}
    assert listed(world, "volunteer", "zhang", "supervisor") == {volunteer}
    assert listed(world, "volunteer", "13812345", "supervisor") == set()


def test_what_is_shown_at_the_counter_is_masked_for_everybody(world, zhang):
    (answer,) = answers(world, "张", "branch_secretary")["person"]
    assert "138****5678" in answer["hint"]
    assert "1956" in answer["hint"]
    assert "03-05" not in answer["hint"]
    assert "3号楼2单元" in answer["hint"]
    page = Page(world.client("branch_secretary").get("/search/", query_string={"q": "张"}))
    assert "13812345678" not in page.source


# --- hats and links -------------------------------------------------------------------------------------------------


def test_somebody_with_several_hats_is_one_answer_that_names_them(world, zhang):
    world.member(person_id=zhang)
    world.make("volunteer", person_id=zhang)
    found = answers(world, "张明华")
    assert set(found) == {"person"}
    assert found["person"][0]["hats"] == ["党员", "志愿者"]


def test_a_singer_is_found_by_name_and_choir_together(world):
    choir = world.make("cultural_team", name="银铃合唱团", kind="1")
    other = world.make("cultural_team", name="太极拳队", kind="1")
    wang, li = world.person("王芳"), world.person("李芳")
    singer = world.make("cultural_team_member", team_id=choir, person_id=wang)
    world.make("cultural_team_member", team_id=other, person_id=wang)
    world.make("cultural_team_member", team_id=choir, person_id=li)
    assert listed(world, "cultural_team_member", "王 合唱") == {singer}
    assert [answer["label"] for answer in answers(world, "王 合唱")["cultural_team_member"]] == ["王芳"]
    assert listed(world, "cultural_team_member", "wf hct") == {singer}


def test_a_list_is_searched_through_what_its_rows_lead_to(world, zhang):
    member = world.member(person_id=zhang)
    post = world.post("环境美化岗")
    appointment = world.appointment(post, member)
    for question in ("张明", "zmh", "环境", "张 环境"):
        assert listed(world, "post_assignment", question, "branch_secretary") == {appointment}, question
    assert listed(world, "post_assignment", "李", "branch_secretary") == set()
    assert listed(world, "party_member", "3号楼", "branch_secretary") == {member}


@pytest.mark.parametrize("register", [name for name, model in MODELS.items() if entries.is_indexed(model)])
def test_every_register_with_searched_fields_is_found_by_each_of_them(world, register):
    key = world.here.id if register == "community" else a_row(world, register)
    model = MODELS[register]
    row = world.get(register, key)
    with world.work():
        for declared in entries.own_fields(model):
            if declared.sealed or not (value := getattr(row, declared.name)) or declared.field.access.value != "open":
                continue
            assert key in set(db.session.scalars(select(model.id).where(search.condition(model, str(value)))))


# --- much that is found ---------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(world: World) -> World:
    """Sixty volunteers of 春和, every other a 王 and every third in the team of a 王, and four elsewhere."""
    for place, number in ((world.here, 60), (world.there, 4)):
        teams = [world.make("volunteer_team", place, name=name, kind="1") for name in ("王姐服务队", "红马甲")]
        with world.work(place), transaction():
            for nth in range(number):
                name = "王李"[nth % 2] + "芳明强秀华"[nth * 7 % 5]
                person = records.add(Person, {"name": name, "sex": "12"[nth % 4 // 2], "building": f"{nth % 9}号楼"})
                data = {"person_id": person.id, "team_id": teams[nth % 3 > 0], "skill": "123"[nth % 3]}
                records.add(Volunteer, {**data, "registered_on": date(2026, 1, nth % 5 + 1)})
    return world


def test_its_pages_show_in_order_what_is_found_however_much_that_is(crowd, monkeypatch):
    """However it is read: led to by few hits, looked through in the order of the list, or all of it."""
    questions = ("王", "王芳", "王 红马甲", "队", "欧阳", "望芳")
    orders = (("volunteer", "", False), ("volunteer", "person_id", True), ("volunteer", "team_id", False))
    asked = [
        (MODELS[register], Question(question, filters, order, descending))
        for question, (register, order, descending) in product(questions, (*orders, ("person", "", False)))
        for filters in ({}, {"skill": "1"})[: 1 + (order == "")]
        if not (filters and register == "person")
    ]
    monkeypatch.setattr(paging, "COUNTED_ON", 1)
    for at_work in (Scope(crowd.here.id), Scope(crowd.east.id, f"/{crowd.district.id}/{crowd.east.id}/")):
        with crowd.app.test_request_context(), working_in(at_work):
            wanted = [[row.id for row in listing.rows(*each, limit=None)] for each in ((m, [], q) for m, q in asked)]
            assert any(len(ids) > PAGE_SIZE for ids in wanted)
            for few, looked_through in ((500, 2_000), (500, 10), (3, 2_000), (3, 40), (3, 10)):
                monkeypatch.setattr(search, "FEW", few)
                monkeypatch.setattr(paging, "LOOKED_THROUGH", looked_through)
                paging._finding.cache_clear()
                for (model, question), ids in zip(asked, wanted, strict=True):
                    _compare(model, question, ids)
    paging._finding.cache_clear()


def test_those_of_a_surname_are_met_where_they_stand_and_who_has_it_elsewhere_in_between(world, monkeypatch):
    """王 stand together in the order of names, 汪 among them, 安王 before, 赵王 behind; 单 are read in two ways."""
    surnames = [*"王" * 60, *"汪万单" * 4, "单于", *["安王"] * 3, *["赵王"] * 5]
    with world.work(), transaction():
        for nth, surname in enumerate(surnames):
            data = {"name": surname + "芳明强秀华"[nth * 7 % 5], "sex": "12"[nth % 2], "building": f"{nth % 3}号楼"}
            records.add(Volunteer, {"person_id": records.add(Person, data).id, "registered_on": date(2026, 1, 1)})
        records.add(Person, {"name": "钱明", "address": "王府路"})
        records.add(Person, {"name": "单"})
    registers = ((Person, "", False), (Person, "name", True), (Volunteer, "person_id", False))
    asked = [
        (model, Question(question, filters, order, descending))
        for question, (model, order, descending) in product(("王", "wang", "w", "王 2号楼", "单", "望"), registers)
        for filters in ({}, {"sex": "1"})[: 1 + (model is Person)]
    ]
    monkeypatch.setattr(search, "FEW", 9)
    monkeypatch.setattr(paging, "COUNTED_ON", 1)
    east = Scope(world.east.id, f"/{world.district.id}/{world.east.id}/")
    for at_work, looked_through in product((Scope(world.here.id), east), (2_000, 45, 20)):
        monkeypatch.setattr(paging, "LOOKED_THROUGH", looked_through)
        paging._finding.cache_clear()
        with world.app.test_request_context(), working_in(at_work):
            for model, _order, _descending in registers:
                hits = search.look_up(model, "王", order="person_id" if model is Volunteer else "name")
                assert hits
                assert hits.begins == "wang "
                assert hits.elsewhere
            for model, question in asked:
                _compare(model, question, [row.id for row in listing.rows(model, [], question, limit=None)])
    paging._finding.cache_clear()


def test_of_very_many_hits_each_page_shows_the_next_and_no_row_stands_on_two(world):
    """Also where PostgreSQL puts rows and hits together by hashes, which it does for many, and loses their order."""
    first, many = world.person("王芳"), 1_900
    with world.app.app_context(), owner() as connection:
        people = Person.__table__
        row = dict(connection.execute(people.select().where(people.c.id == first)).mappings().one())
        del row["id"]
        given = (chr(0x5000 + number * 7919 % 5000) for number in range(many))
        connection.execute(people.insert(), [{**row, "name": f"王{name}"} for name in given])
    with world.app.app_context(), as_system("test"), transaction():
        entries.rebuild()
    with world.app.app_context(), owner() as connection:
        connection.exec_driver_sql("ANALYZE")
    asked = Question("王", {}, "name", descending=True)
    east = Scope(world.east.id, f"/{world.district.id}/{world.east.id}/")
    with world.app.test_request_context(), working_in(east):
        wanted = [row.id for row in listing.rows(Person, [], asked, limit=None)]
        pages = [paging.page(Person, ["name"], replace(asked, page=number)) for number in range(1, 78)]
        assert [row.id for page in pages for row in page.rows] == wanted
        assert len(wanted) == many + 1
        told = paging.page(Person, ["name"], asked, exactly=True).total
        assert told == paging.Total(many + 1), "programs are told exactly"
    offered = Page(world.client("office_staff").get("/person/list/?q=王"))
    assert offered.soup.select("[name=all]"), "all that are found can be changed together, however many"


def _compare(model: Any, asked: Question, wanted: list[int]) -> None:
    for number in range(1, len(wanted) // PAGE_SIZE + 3):
        page = paging.page(model, [model.__title__], replace(asked, page=number))
        begins = (number - 1) * PAGE_SIZE
        assert [row.id for row in page.rows] == wanted[begins : begins + PAGE_SIZE], asked
        if page.total.kind == "more":
            assert begins + len(page.rows) <= page.total.count < len(wanted), asked
        else:
            assert page.total == paging.Total(len(wanted)), asked


def test_a_filter_that_nobody_found_passes_does_not_have_the_ear_asked(world, zhang):
    world.person("章明华", sex="1")
    for volunteer in (zhang, world.person("张明", sex="2")):
        world.make("volunteer", person_id=volunteer, skill="1")
    client = world.client("office_staff")
    assert "张明华" in client.get("/volunteer/list/?q=章明华").text, "no volunteer is called so"
    assert "张明华" not in client.get("/volunteer/list/?q=章明华&skill=2").text
    assert "章明华" not in client.get("/person/list/?q=张明华&sex=1").text, "张明华 is on file, if not among the men"


# --- whose records --------------------------------------------------------------------------------------------------


def test_nobody_of_another_community_is_found(world, zhang):
    theirs = world.make("person", world.there, name="张明远", phone="13812340000")
    for question in ("张", "zm", "zhang", "1381234", "张明远", "zang"):
        assert "张明远" not in names(world, question), question
        assert theirs not in listed(world, "person", question), question
        assert "张明远" not in world.client("office_staff").get(f"/search/?q={question}").text.replace(question, "")
    assert names(world, "张明远", "stranger") == ["张明远"]
    assert names(world, "张", "stranger") == ["张明远"]


def test_a_supervisor_finds_the_people_of_the_own_street_only(world, zhang):
    world.make("person", world.there, name="张明远")
    assert names(world, "张", "supervisor") == ["张明华"]
    assert names(world, "章明远", "supervisor") == []


def test_an_entry_of_another_community_is_never_given_out_even_if_it_says_so(world, zhang):
    """The scope is enforced in the session: the words of an entry do not decide whose it is."""
    theirs = world.make("person", world.there, name="张明远")
    with world.app.app_context(), as_system("test"), transaction():
        words = f"张 @person @person_{world.here.id}"
        connection = db.session.connection()
        entries.forget_rows(connection, Person, [theirs])
        entries._write(connection, [entries._Entry(entries._entry_id("person", theirs), world.there.id, words)])
    assert names(world, "张") == ["张明华"]
    assert listed(world, "person", "张") == {zhang}


def test_registers_one_may_not_see_are_not_searched(world):
    world.make("ledger_entry", **{**_typed(world, "ledger_entry"), "purpose": "购买桌椅"})
    assert "ledger_entry" in answers(world, "桌椅", "supervisor")
    with pytest.MonkeyPatch.context() as patch:
        rights = world.app.extensions["rights"]
        without = lambda role, subject: Right.NONE if subject == "ledger_entry" else rights(role, subject)  # noqa: E731
        patch.setitem(world.app.extensions, "rights", without)
        assert answers(world, "桌椅", "supervisor") == {}
        assert "购买桌椅" not in world.client("supervisor").get("/search/?q=桌椅").text


def test_who_sees_no_people_has_no_box(world):
    for username in ("administrator", "auditor"):
        assert world.client(username).get("/search/answers/?q=购物").status_code == 403
        assert 'class="finder"' not in world.client(username).get("/").text
    for username in ("office_staff", "supervisor", "branch_secretary"):
        assert 'class="finder"' in world.client(username).get("/").text


def test_hats_one_may_not_see_are_not_told(world, zhang):
    world.make("allowance_household", **{**_typed(world, "allowance_household"), "applicant_id": zhang})
    assert len(answers(world, "张明华", "office_staff")["person"][0]["hats"]) == 1
    assert answers(world, "张明华", "supervisor")["person"][0]["hats"] == []


def _typed(world: World, register: str) -> dict[str, Any]:
    """What can be typed into a valid row of a register."""
    row = world.get(register, a_row(world, register))
    known = fields_of(MODELS[register]).values()
    return {d.name: getattr(row, d.name) for d in known if d.field.in_form and d.lender is None}


# --- the page and the box -------------------------------------------------------------------------------------------


@one_database
def test_the_page_of_answers_works_without_script_and_leads_to_the_lists(world):
    for number in range(7):
        world.person(f"张{'一二三四五六七'[number]}")
    page = Page(world.client("office_staff").get("/search/", query_string={"q": "张"}))
    assert not page.defects()
    assert page.links().count("/person/list/?q=%E5%BC%A0") == 1
    assert len([link for link in page.links() if link.startswith("/person/show/")]) == 5
    assert "7" in page.soup.select_one("a.all").get_text()
    there = Page(world.client("office_staff").get("/person/list/?q=%E5%BC%A0"))
    assert len([link for link in there.links() if link.startswith("/person/show/")]) == 7


@one_database
@pytest.mark.parametrize("question", ["", "   ", "不存在的人", "'\"*&|!()", "、", "<b>", "a" * 60, "%", "_", "x AND y"])
def test_odd_questions_get_a_page_that_is_in_order(world, zhang, question):
    client = world.client("office_staff")
    page = Page(client.get("/search/", query_string={"q": question}))
    assert page.status == 200
    assert not page.defects()
    assert client.get("/search/answers/", query_string={"q": question}).get_json()["groups"] == []
    assert client.get("/person/list/", query_string={"q": question}).status_code == 200


def test_odd_questions_are_taken_by_either_database(world, zhang):
    client = world.client("office_staff")
    for question in ("'", '"', "\\", "a'b\"c", "&|!", "张&明", "张:*", "0x1", "1e5", "-", "3-", "张-明", "①", "ﷺ"):
        for address in ("/search/answers/", "/person/choices/", "/volunteer/choices/", "/notice/choices/"):
            assert client.get(address, query_string={"q": question}).status_code == 200, (address, question)


@one_database
def test_a_question_that_is_too_long_is_refused(world):
    assert world.client("office_staff").get("/search/", query_string={"q": "长" * 61}).status_code == 400


# --- the index itself -----------------------------------------------------------------------------------------------


def test_the_index_can_be_written_anew(world, zhang):
    number = an_id_number(BORN, 33)
    wang = world.person("王强", id_number=number)
    with world.app.app_context(), owner() as connection:
        connection.execute(SearchEntry.__table__.delete())
    assert names(world, "张") == []
    with world.app.app_context():
        done = world.app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert done.exit_code == 0, done.output
    assert names(world, "张") == ["张明华"]
    assert listed(world, "person", number[-4:]) == {wang}
    assert listed(world, "person", "1381") == {zhang}


def test_whose_name_was_put_in_order_by_earlier_rules_is_found_where_it_stands(world, monkeypatch):
    people = [world.person(f"王{name}") for name in "一二三四五六七八九"]
    with world.app.app_context(), owner() as connection:
        earlier = Person.__table__.update().where(Person.__table__.c.id == people[4])
        connection.execute(earlier.values(name_key="aang wu aangwu aw 王五"))
    with world.app.app_context(), as_system("test"), transaction():
        entries.rebuild()
    monkeypatch.setattr(search, "FEW", 3)
    with world.work():
        found = [row.id for row in paging.page(Person, ["name"], Question("王")).rows]
    assert found[0] == people[4]
    assert set(found) == set(people)


def test_a_start_writes_the_index_where_it_is_missing_and_leaves_it_alone_otherwise(world, zhang):
    with world.app.app_context():
        upgrade()
        with owner() as connection:
            connection.execute(SearchEntry.__table__.delete())
        assert entries.is_behind()
    with world.app.app_context():
        done = world.app.test_cli_runner().invoke(args=["init"])
    assert done.exit_code == 0, done.output
    assert names(world, "张") == ["张明华"]
    with world.app.app_context():
        assert not entries.is_behind()


def test_many_rows_at_once_are_found_like_those_typed_one_by_one(world):
    with world.work(), transaction():
        connection = db.session.connection()
        rows = [
            {"id": number, "name": f"钱{'一二三四五六七八九'[number % 9]}", "phone": f"139{number:08}"}
            for number in range(1000, 1400)
        ]
        kept = [{**row, "community_id": world.here.id, "version": 1} for row in rows]
        connection.execute(Person.__table__.insert(), kept)
        entries.index_rows(connection, Person, rows)
        entries.index_rows(connection, Person, rows[:50])
    assert listed(world, "person", "13900001234") == {1234}
    assert len(names(world, "钱一")) == 5
    with world.work(), transaction():
        entries.forget_rows(db.session.connection(), Person, [1234])
    assert listed(world, "person", "13900001234") == set()


def test_registers_have_numbers_of_their_own():
    numbers = [entries.number_of(register) for register in MODELS]
    assert len(set(numbers)) == len(numbers)
