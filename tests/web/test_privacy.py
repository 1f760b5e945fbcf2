"""What is kept about people: looked at behind the mask for a reason, told to them, corrected and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, tzinfo
from time import monotonic
from typing import Any

import pytest
from flask_appbuilder import Model
from sqlalchemy import select, update

from app.accounts.models import Account
from app.community.models import Person
from app.disclosure.lifecycle import State
from app.disclosure.models import Notice
from app.kernel import audit, records
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today, transaction
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in
from app.kernel.undo import ChangeSet
from app.trail.models import Sighting
from tests.pdf.reading import Reading
from tests.rows import a_row, an_id_number
from tests.web.page import Page, one_database
from tests.web.test_import import Desk
from tests.web.test_speed import counted
from tests.web.typed import a_draft
from tests.world import World, the_day_is

BORN = date(1956, 3, 5)
NUMBER = an_id_number(BORN, 1)
MASKED = f"{NUMBER[:3]}{'*' * 11}{NUMBER[-4:]}"
REASON = "核对来办事居民的身份"


@pytest.fixture(autouse=True)
def _a_new_day(world: World) -> None:
    """Nothing has been seen yet, and ids are given anew in each test."""
    world.app.extensions.pop("sightings", None)


def somebody(world: World, name: str = "张明", **data: Any) -> int:
    return world.person(name, **{"id_number": NUMBER, "birth_on": BORN, "phone": "13812345678", **data})


def page(world: World, who: str, address: str) -> Page:
    return Page(world.client(who).get(address, follow_redirects=True))


def post(world: World, who: str, address: str, **typed: Any) -> Page:
    return Page(world.client(who).post(address, data=typed))


def told(world: World, action: str) -> list[AuditEntry]:
    with world.app.app_context(), as_system("test"):
        found = list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))
        db.session.expunge_all()
        return found


# --- behind the mask ---------------------------------------------------------------------------------------------


def test_the_secretary_sees_a_number_in_full_once_for_a_reason_that_the_trail_keeps(world: World) -> None:
    key = somebody(world)
    shown = page(world, "branch_secretary", f"/person/show/{key}")
    assert MASKED in shown.text
    assert NUMBER not in shown.source
    assert shown.form.xpath(".//datalist/option/@value")
    assert not shown.defects()

    full = post(world, "branch_secretary", f"/person/reveal/{key}", **shown.filled_in() | {"reason": REASON})
    assert NUMBER in full.text
    assert full.headers["Cache-Control"] == "no-store"
    assert NUMBER not in str(full.headers)
    assert not full.defects()
    (entry,) = told(world, "reveal")
    assert (entry.register, entry.record_id, entry.subject) == ("person", key, "张明")
    assert entry.actor == "书记甲 (branch_secretary)"
    assert entry.community_id == world.here.id
    assert entry.changes == {"field": ["", "身份证号"], "reason": ["", REASON]}

    assert NUMBER not in page(world, "branch_secretary", f"/person/show/{key}").source
    again = world.client("branch_secretary").get(f"/person/reveal/{key}?field=id_number&reason={REASON}")
    assert (again.status_code, again.location) == (302, f"/person/show/{key}")
    assert len(told(world, "reveal")) == 1


@one_database
@pytest.mark.parametrize("reason", ["", "   ", "看看", "核" * 101, "核对身份😀"])
def test_without_a_reason_nothing_is_shown_and_what_was_typed_stays(world: World, reason: str) -> None:
    key = somebody(world)
    answer = post(world, "branch_secretary", f"/person/reveal/{key}", field="id_number", reason=reason)
    assert NUMBER not in answer.source
    assert answer.complaint("reason")
    assert answer.filled_in()["reason"] == reason
    assert "open" in next(answer.form.iterancestors("details")).attrib
    assert not told(world, "reveal")


@one_database
def test_only_who_may_look_behind_the_mask_has_a_button_and_a_door(world: World) -> None:
    key = somebody(world)
    for who in ("office_staff", "supervisor"):
        shown = page(world, who, f"/person/show/{key}")
        assert MASKED in shown.text
        assert "/reveal/" not in shown.source
    for who in ("office_staff", "supervisor", "administrator", "auditor"):
        assert post(world, who, f"/person/reveal/{key}", field="id_number", reason=REASON).status == 403
    assert post(world, "stranger", f"/person/reveal/{key}", field="id_number", reason=REASON).status == 404
    # What is not masked, or not of this record, cannot be asked for.
    assert post(world, "branch_secretary", f"/person/reveal/{key}", field="phone", reason=REASON).status == 403
    assert post(world, "branch_secretary", f"/person/reveal/{key}", field="row_key", reason=REASON).status == 302
    assert not told(world, "reveal")


@one_database
def test_nobody_is_offered_to_look_at_a_number_that_is_not_on_file(world: World) -> None:
    key = world.person("李华", phone="13812345678")
    assert "/reveal/" not in page(world, "branch_secretary", f"/person/show/{key}").source
    assert post(world, "branch_secretary", f"/person/reveal/{key}", field="id_number", reason=REASON).status == 302
    assert not told(world, "reveal")


# --- who has seen ------------------------------------------------------------------------------------------------


def sightings(world: World) -> list[tuple[str, str, int]]:
    with world.app.app_context(), as_system("test"):
        found = select(Sighting.actor, Sighting.register, Sighting.record_id).order_by(Sighting.id)
        return [(actor, register, key) for actor, register, key in db.session.execute(found)]


def test_opening_a_record_of_a_person_is_noted_once_a_day_for_each_account(world: World) -> None:
    key, facility = somebody(world), a_row(world, "notice_board")
    for who in ("office_staff", "office_staff", "supervisor"):
        assert page(world, who, f"/person/show/{key}").status == 200
    page(world, "office_staff", "/person/list/")
    page(world, "office_staff", f"/notice_board/show/{facility}")
    page(world, "stranger", f"/person/show/{key}")
    seen = [("干事甲 (office_staff)", "person", key), ("督导甲 (supervisor)", "person", key)]
    assert sightings(world) == seen
    world.app.extensions.pop("sightings")  # another process, or a restart
    page(world, "office_staff", f"/person/show/{key}")
    assert sightings(world) == seen
    with the_day_is(today() + timedelta(days=1)):
        page(world, "office_staff", f"/person/show/{key}")
    assert sightings(world) == [*seen, seen[0]]


@one_database
def test_noting_it_costs_one_statement_and_none_when_it_is_noted(world: World) -> None:
    keys = [somebody(world), world.person("李华", phone="13912345678")]
    client = world.client("office_staff")
    client.get(f"/person/show/{keys[0]}")
    asked = []
    for _ in range(2):
        with counted(world) as sent:
            client.get(f"/person/show/{keys[1]}")
        asked.append(len(sent))
    assert asked[0] - asked[1] == 1


@one_database
def test_a_page_does_not_wait_for_a_long_import_and_what_was_seen_is_written_afterwards(world: World) -> None:
    first, second = somebody(world), world.person("李华", phone="13912345678")
    client = world.client("office_staff")
    with world.app.app_context(), db.engine.connect() as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")
        started = monotonic()
        assert client.get(f"/person/show/{first}").status_code == 200
        assert monotonic() - started < 3
        writer.rollback()
    assert sightings(world) == []
    client.get(f"/person/show/{second}")
    assert {key for _actor, _register, key in sightings(world)} == {first, second}


def test_who_has_seen_a_person_is_told_under_every_hat_in_order_of_time(world: World) -> None:
    key = somebody(world)
    hat = world.make("representative", person_id=key, area="一号楼")
    page(world, "office_staff", f"/representative/show/{hat}")
    post(world, "branch_secretary", f"/person/reveal/{key}", field="id_number", reason=REASON)
    post(world, "supervisor", "/exchange/export/person?q=张", form="csv", columns="list")
    post(world, "stranger", "/exchange/export/person", form="csv", columns="list")
    other = world.person("李华", phone="13912345678")
    page(world, "office_staff", f"/person/show/{other}")
    for who in ("branch_secretary", "supervisor", "auditor"):
        for register, record in (("person", key), ("representative", hat)):
            shown = page(world, who, f"/seen/{register}/{record}")
            rows = [row.get_text(" ", strip=True) for row in shown.soup.select("tbody tr")]
            seen = [who for row in rows for who in ("督导甲", "书记甲", "干事甲") if who in row]
            assert seen == ["督导甲", "书记甲", "书记甲", "干事甲"], "a list, the page and the number, a hat"
            assert ("范围：查询：张" in rows[0]) == (who != "branch_secretary"), "an office above asked for it"
            assert REASON in shown.text
            assert "李华" not in shown.text
            assert "外社区书记" not in shown.text
            assert NUMBER not in shown.source
            assert not shown.defects()
    assert page(world, "stranger", f"/seen/person/{key}").status == 404
    assert page(world, "office_staff", f"/seen/person/{key}").status == 403
    assert page(world, "branch_secretary", "/seen/notice_board/1").status == 404
    assert f"/seen/person/{key}" in page(world, "branch_secretary", f"/person/show/{key}").links()
    assert f"/seen/person/{key}" not in page(world, "office_staff", f"/person/show/{key}").links()
    entry = told(world, "reveal")[0].id
    assert f"/seen/person/{key}" in page(world, "auditor", f"/audit_entry/show/{entry}").links()


@one_database
def test_a_notice_with_the_name_that_went_out_is_told_as_well(world: World) -> None:
    key, notice = somebody(world), a_draft(world, world.here)
    with world.work(), transaction():
        words = update(Notice).where(Notice.id == notice).values(text="名单：张明、李华", state=State.ISSUED)
        db.session.execute(words, execution_options={"synchronize_session": False})
        audit.write("print", "notice", "志愿者名单公示", notice, world.here.id)
    for who in ("branch_secretary", "auditor"):
        assert "志愿者名单公示" in page(world, who, f"/seen/person/{key}").text
    assert "志愿者名单公示" not in page(world, "auditor", f"/seen/person/{world.person('王强')}").text


def test_who_has_seen_a_person_tells_nothing_of_a_register_that_is_closed_to_the_reader(world: World) -> None:
    key = somebody(world)
    given = {"kind": "1", "granted_on": date(2026, 1, 1), "household_size": 3, "monthly_amount": 873}
    household = world.make("allowance_household", applicant_id=key, **given)
    assert page(world, "supervisor", f"/allowance_household/show/{household}").status == 403
    for who, is_told in (("supervisor", False), ("branch_secretary", True), ("auditor", True)):
        shown = page(world, who, f"/seen/person/{key}")
        assert "新增" in shown.text
        assert ("873" in shown.text) == is_told
        assert ("低保" in shown.text) == is_told


def test_somebody_new_takes_over_nothing_that_is_told_of_somebody_who_is_gone(world: World) -> None:
    gone = somebody(world)
    page(world, "branch_secretary", f"/person/show/{gone}")
    post(world, "branch_secretary", f"/person/reveal/{gone}", field="id_number", reason=REASON)
    entry = told(world, "reveal")[0].id
    post(world, "branch_secretary", f"/person/delete/{gone}")
    key = world.person("李华", phone="13912345678")
    with world.work():
        assert key == gone or db.engine.dialect.name == "postgresql"
    for who in ("branch_secretary", "auditor"):
        shown = page(world, who, f"/seen/person/{key}")
        assert "李华" in shown.text
        assert "张明" not in shown.text
        assert "书记甲" not in shown.text
    assert REASON not in on_paper(world, "branch_secretary", f"/about/person/{key}")
    links = page(world, "auditor", f"/audit_entry/show/{entry}").links()
    assert (f"/seen/person/{gone}" in links) == (key != gone)

    for _ in range(2):
        page(world, "branch_secretary", f"/person/show/{key}")
        rows = page(world, "auditor", f"/seen/person/{key}").soup.select_one("tbody")
        assert rows.get_text().count("打开档案页面") == 1
        world.app.extensions.pop("sightings")  # another process, or a restart
    post(world, "branch_secretary", f"/person/delete/{key}")
    shown = page(world, "auditor", f"/seen/person/{key}")
    assert "李华" in shown.heading
    assert "书记甲" in shown.text
    assert "张明" not in shown.text


@one_database
def test_somebody_who_was_brought_back_has_all_that_was_told_of_them_before(world: World) -> None:
    key = somebody(world)
    page(world, "office_staff", f"/person/show/{key}")
    post(world, "branch_secretary", f"/person/delete/{key}")
    with world.work():
        change = db.session.scalars(select(ChangeSet.id)).one()
    post(world, "branch_secretary", f"/change_set/undo/{change}")
    shown = page(world, "branch_secretary", f"/seen/person/{key}")
    for word in ("新增", "打开档案页面", "删除", "恢复"):
        assert word in shown.text, word


@one_database
def test_whom_an_office_above_asked_for_is_read_only_in_its_own_scope(world: World) -> None:
    key, words = somebody(world), "Excel 2 行；范围：社区：秋实社区；姓名含 赵某某"
    with world.app.app_context(), working_in(Scope(world.east.id, "/", actor="督导甲 (supervisor)")), transaction():
        audit.write("export", "person", words)
    for who, is_told in (("branch_secretary", False), ("supervisor", True), ("auditor", True)):
        shown = page(world, who, f"/seen/person/{key}")
        assert "督导甲" in shown.text
        assert ("赵某某" in shown.text) == is_told
    assert "赵某某" not in on_paper(world, "branch_secretary", f"/about/person/{key}")


def test_of_somebody_who_is_gone_the_auditor_still_reads_who_saw_them(world: World) -> None:
    key = somebody(world)
    page(world, "office_staff", f"/person/show/{key}")
    post(world, "branch_secretary", f"/person/delete/{key}")
    shown = page(world, "auditor", f"/seen/person/{key}")
    assert "张明" in shown.heading
    assert "干事甲" in shown.text
    assert not shown.defects()
    assert page(world, "branch_secretary", f"/seen/person/{key}").status == 404


@one_database
def test_the_trail_tells_in_words_what_was_before_and_after(world: World) -> None:
    key = world.person("王强", building="3号楼")
    with world.work(), transaction():
        changes = {"role": ["office_staff", "auditor"], "active": ["是", "否"]}
        audit.write("edit", "account", "干事甲", 1, world.here.id, changes)
        records.change(db.session.get(REGISTERS["person"].model, key), {"building": None})
    entries = {entry.register: entry.id for entry in told(world, "edit")}
    cells = [
        [cell.get_text() for cell in page(world, "auditor", f"/audit_entry/show/{entry}").soup.select("tbody tr > *")]
        for entry in entries.values()
    ]
    assert cells == [["角色", "社区工作者", "审计员", "允许登录", "是", "否"], ["楼栋", "3号楼", ""]]
    sheet = world.client("auditor").post("/exchange/export/audit_entry", data={"form": "csv", "columns": "all"})
    assert "角色：社区工作者 → 审计员；允许登录：是 → 否" in sheet.get_data().decode("utf-8-sig")
    assert "楼栋：3号楼 → —" in sheet.get_data().decode("utf-8-sig")


def test_the_auditor_reads_what_an_account_did_day_by_day_and_takes_it_along(world: World) -> None:
    with world.app.app_context(), as_system("test"):
        staff = db.session.scalars(select(Account.id).where(Account.username == "office_staff")).one()
    post(world, "office_staff", "/person/add/", name="王强", building="3号楼")
    key = world.person("李华", phone="13912345678", building="1号楼")
    page(world, "office_staff", f"/person/show/{key}")
    post(world, "branch_secretary", "/person/add/", name="赵丽")
    address = f"/audit_entry/by/{staff}"
    assert address in page(world, "auditor", f"/account/show/{staff}").links()
    assert address not in page(world, "administrator", f"/account/show/{staff}").links()
    shown = page(world, "auditor", address)
    assert shown.soup.select_one(".facts dt").get_text() == str(today())
    assert "居民 1" in shown.soup.select_one(".facts dd").get_text()
    assert "楼栋：3号楼" in shown.text
    assert "赵丽" not in shown.text
    assert "李华" not in shown.text, "the auditor learns no name from what was only opened"
    assert not shown.defects()

    yesterday = today() - timedelta(days=1)
    assert "王强" not in page(world, "auditor", f"{address}?from={yesterday}&to={yesterday}").text
    for asked in ("from=nonsense", "from=2026-03-05&to=2026-03-01", "from=2020-01-01"):
        wrong = page(world, "auditor", f"{address}?{asked}")
        assert wrong.soup.select(".error")
        assert not wrong.defects()

    (onward,) = [link for link in shown.links() if "actor=" in link]
    listed = page(world, "auditor", onward)
    assert "王强" in listed.text
    assert "赵丽" not in listed.text
    assert not listed.defects()
    assert "王强" not in page(world, "auditor", f"/audit_entry/list/?at.to={yesterday}").text
    for form in ("csv", "xlsx"):
        query = onward.partition("?")[2]
        sheet = world.client("auditor").post(
            f"/exchange/export/audit_entry?{query}", data={"form": form, "columns": "list"}
        )
        assert sheet.status_code == 200
        if form == "csv":
            text = sheet.get_data().decode("utf-8-sig")
            assert "楼栋：3号楼" in text
            assert ",修改内容\r\n" in text
            assert "赵丽" not in text
    for who in ("branch_secretary", "office_staff", "supervisor", "administrator"):
        assert page(world, who, address).status == 403


# --- what we hold about you --------------------------------------------------------------------------------------


def on_paper(world: World, who: str, address: str, **typed: str) -> str:
    """The words of a print, those of its table cell by cell, without the breaks of lines."""
    answer = world.client(who).post(address, data=typed)
    assert answer.mimetype == "application/pdf", answer.text
    return "".join(Reading(answer.data).text.split())


def test_a_person_gets_everything_that_is_held_about_them_under_every_hat(world: World) -> None:
    key = somebody(world, building="3号楼", address="和平路5号")
    member = world.member(key)
    world.appointment(world.post("政策宣讲岗"), member)
    world.make("facility", name="活动室", kind="1", place="东门", keeper_id=key)
    world.make("representative", person_id=world.person("李华", phone="13987654321"), area="二号楼")
    shown = page(world, "branch_secretary", f"/about/party_member/{member}")
    for word in ("3号楼", "和平路5号", "13812345678", "1956-03-05", MASKED, "政策宣讲岗", "活动室", "2026-03-05"):
        assert word in shown.text, word
    assert "李华" not in shown.text
    assert NUMBER not in shown.source
    assert not shown.defects()
    assert f"/about/person/{key}" in page(world, "office_staff", f"/person/show/{key}").links()

    post(world, "branch_secretary", f"/person/reveal/{key}", field="id_number", reason=REASON)
    words = on_paper(world, "branch_secretary", f"/about/person/{key}")
    for word in ("张明", "第四十五条", "谁可以查看", "3号楼", "政策宣讲岗", "活动室", MASKED, REASON, "党支部书记"):
        assert word in words, word
    assert NUMBER not in words
    assert "李华" not in words
    whole = on_paper(world, "branch_secretary", f"/about/person/{key}", in_full="1", reason="本人前来查阅")
    assert NUMBER in whole
    plain, full = told(world, "inform")
    assert (plain.register, plain.record_id, plain.subject, "reason" in plain.changes) == ("person", key, "张明", False)
    assert full.changes["reason"] == ["", "本人前来查阅"]
    assert NUMBER not in str(full.changes)


@one_database
def test_the_print_in_full_takes_the_right_and_a_reason(world: World) -> None:
    key = somebody(world)
    wrong = post(world, "branch_secretary", f"/about/person/{key}", in_full="1", reason="看")
    assert wrong.complaint("reason")
    assert wrong.filled_in()["reason"] == "看"
    assert wrong.filled_in()["in_full"] == "1"
    assert not wrong.defects()
    assert "in_full" not in page(world, "office_staff", f"/about/person/{key}").source
    assert post(world, "office_staff", f"/about/person/{key}", in_full="1", reason=REASON).status == 403
    for who in ("supervisor", "administrator", "auditor"):
        assert page(world, who, f"/about/person/{key}").status == 403
    assert page(world, "stranger", f"/about/person/{key}").status == 404
    assert page(world, "branch_secretary", "/about/notice_board/1").status == 404
    assert not told(world, "inform")


@contextmanager
def a_minute_later() -> Iterator[None]:
    """The portal's clock is ahead by as long as it takes somebody to choose a sheet and look at it."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(minutes=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.kernel.db.datetime", Clock)
        yield


def origin(world: World, name: str) -> str:
    """Where the page about somebody says that their own row came from."""
    with world.work():
        key = db.session.scalars(select(Person.id).where(Person.name == name)).one()
    row = page(world, "branch_secretary", f"/about/person/{key}").soup.select_one("tbody tr")
    return row.select("td")[-1].get_text()


@pytest.mark.parametrize(
    ("register", "columns"),
    [("person", ()), ("volunteer", ()), ("party_member", (("所属党支部", "第一党支部"), ("政治面貌", "中共党员")))],
)
def test_what_we_hold_says_whether_a_row_was_typed_or_came_in_on_a_sheet(
    world: World, register: str, columns: tuple[tuple[str, str], ...]
) -> None:
    world.branch(name="第一党支部")
    post(world, "branch_secretary", "/person/add/", name="王强")
    desk = Desk(world, register, "branch_secretary")
    heads, cells = ("姓名", *(head for head, _cell in columns)), [cell for _head, cell in columns]
    with a_minute_later():
        desk.look(heads, ("张明", *cells), ("李芳", *cells))
        assert "已导入2条记录" in desk.save().text
    post(world, "branch_secretary", "/person/add/", name="赵丽")
    for name in ("张明", "李芳"):
        assert "名册.xlsx" in origin(world, name)
        assert str(today()) in origin(world, name)
    for name in ("王强", "赵丽"):
        assert "书记甲" in origin(world, name)


# --- deleting ----------------------------------------------------------------------------------------------------


def everywhere(world: World, word: str) -> set[str]:
    """The tables in which ``word`` can be read, the trail apart."""
    found = set()
    with world.app.app_context(), db.engine.connect() as connection:
        for table in Model.metadata.sorted_tables:
            if table.name not in {"audit_entry", "search_words"} and not table.name.startswith("ab_"):
                found |= {table.name for row in connection.execute(table.select()) if word in str(tuple(row))}
    return found


def test_a_person_goes_with_every_hat_in_one_act_and_can_come_back_for_thirty_days(world: World) -> None:
    key = somebody(world, "张明慧", phone="13812345678")
    member = world.member(key)
    world.appointment(world.post(), member)
    world.make("representative", person_id=key, area="一号楼")
    team = world.make("facility", name="活动室", kind="1", place="东门", keeper_id=key)
    index = world.get("person", key).id_number_index
    address = f"/about/delete/party_member/{member}"
    assert f"/about/delete/person/{key}" in page(world, "branch_secretary", f"/about/person/{key}").links()

    blocked = page(world, "branch_secretary", address)
    assert "活动室" in blocked.text
    assert not blocked.soup.select("main form[method=post]")
    assert post(world, "branch_secretary", address).status == 200
    assert world.get("person", key) is not None
    with world.work(), transaction():
        records.change(db.session.get(REGISTERS["facility"].model, team), {"keeper_id": None})

    offered = page(world, "branch_secretary", address)
    for word in ("居民代表", "党员", "30"):
        assert word in offered.text
    assert not offered.defects()
    assert post(world, "office_staff", address).status == 403, "the staff keeps no party members"
    assert post(world, "stranger", address).status == 404
    assert world.get("person", key) is not None

    done = world.client("branch_secretary").post(address, follow_redirects=True)
    assert "张明慧" in Page(done).flashes()[0]
    for word in ("张明慧", "13812345678", index, NUMBER):
        assert everywhere(world, word) <= {"change_set", "changed_row"}, word

    with world.work():
        change = db.session.scalars(select(ChangeSet.id)).one()
    post(world, "branch_secretary", f"/change_set/undo/{change}")
    assert world.get("party_member", member).person_id == key
    post(world, "branch_secretary", address)
    with the_day_is(today() + timedelta(days=31)):
        other = world.person("李华", phone="13912345678")
        page(world, "office_staff", f"/person/show/{other}")
    for word in ("张明慧", "13812345678", index):
        assert not everywhere(world, word), word


@one_database
def test_what_is_past_its_time_is_listed_for_somebody_to_decide(world: World) -> None:
    day = today()
    long_ago, lately = day.replace(year=day.year - 6, day=1), day.replace(year=day.year - 1, day=1)
    for name, until in (("张明", long_ago), ("李华", lately), ("王强", None)):
        a_row(world, "committee_member", person_id=world.person(name), until=until)
    shown = page(world, "branch_secretary", "/retention/list/")
    assert "张明" in shown.text
    assert "李华" not in shown.text
    assert "王强" not in shown.text
    assert not shown.defects()
    chosen = shown.form.find(".//*[@name='ids']").get("value")
    bulk = post(world, "branch_secretary", shown.form.get("action"), ids=chosen)
    assert "张明" in bulk.text
    assert bulk.soup.select("button[value=delete]")
    assert "张明" not in page(world, "stranger", "/retention/list/").text


# --- requests ----------------------------------------------------------------------------------------------------


def test_a_request_has_a_limit_is_answered_and_a_refusal_says_why(world: World) -> None:
    asked = {"applicant": "张明", "kind": "deletion", "received_on": "2026-03-05", "wish": "请删除我的登记"}
    client = world.client("office_staff")
    with the_day_is(date(2026, 3, 20)):
        answer = client.post("/personal_data_request/add/", data=asked)
        assert answer.status_code == 302
        key = int(str(answer.location).rpartition("/")[2])
        shown = page(world, "office_staff", f"/personal_data_request/show/{key}")
        assert "2026-03-26" in shown.text, "15 working days, without the weekends"
        assert "待答复" in shown.text
        assert not shown.defects()
    with the_day_is(date(2026, 3, 27)):
        assert "逾期未答复的个人信息请求" in page(world, "office_staff", "/").text
        address = f"/personal_data_request/edit/{key}"
        form = {**asked, "due_on": "2026-03-26", "version": "1", "done_on": "2026-03-27"}
        wrong = Page(client.post(address, data={**form, "decision": "refused"}))
        assert wrong.complaint("answer")
        assert wrong.filled_in()["done_on"] == "2026-03-27"
        assert Page(client.post(address, data=form)).complaint("decision")
        refused = {**form, "decision": "refused", "answer": "法律要求保存的期限未满"}
        assert client.post(address, data=refused).status_code == 302
        assert "已答复" in page(world, "office_staff", f"/personal_data_request/show/{key}").text
        assert "逾期未答复的个人信息请求" not in page(world, "office_staff", "/").text
