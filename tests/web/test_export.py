"""Lists on their way out: as workbooks, as CSV and on paper, for every register and every role."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from flask_babel import force_locale
from icalendar import Calendar
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import portal, roles
from app.exchange import export
from app.kernel.access import Right
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today
from app.kernel.fields import Access, Declared, fields_of
from app.kernel.listing import PAGE_SIZE
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.roles import Role
from tests.pdf.reading import Reading
from tests.rows import MODELS
from tests.web.page import Page, one_database
from tests.web.typed import a_full_row, id_number
from tests.world import World, the_day_is

LISTED = sorted(view.model.__tablename__ for capability in portal.CAPABILITIES for view in capability.views)
SEEN = [
    pytest.param(role.value, register, id=f"{role.value}-{register}")
    for role in Role
    for register in LISTED
    if Right.VIEW in roles.rights(role, register)
]
REASON = "核对高龄补贴名单"
SHOWN_PHONE, HIDDEN_PHONE = "13812345678", "138****5678"


def asked(world: World, who: str, register: str, query: str = "", **given: str) -> TestResponse:
    address = f"/exchange/export/{register}{'?' if query else ''}{query}"
    return world.client(who).post(address, data={"form": "xlsx", "columns": "list", **given})


def sheet(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.status_code
    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", answer.text
    return openpyxl.load_workbook(BytesIO(answer.data)).active


def rows(answer: TestResponse) -> list[dict[str, Any]]:
    """The rows below the heads, by head."""
    _remark, heads, *found = sheet(answer).iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in found if any(cell is not None for cell in row)]


def names(answer: TestResponse) -> list[str]:
    return [row["姓名"] for row in rows(answer)]


def trail(world: World, register: str) -> list[AuditEntry]:
    """What the trail tells of a register's exports, the first one first."""
    with world.app.app_context(), as_system("test"):
        found = select(AuditEntry).where(AuditEntry.action == "export", AuditEntry.register == register)
        return list(db.session.scalars(found.order_by(AuditEntry.id)))


def somebody(world: World, name: str = "张明", **data: Any) -> int:
    return world.make("person", name=name, phone=SHOWN_PHONE, birth_on=date(1956, 3, 5), **data)


# --- every register, every role ----------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize(("role", "register"), SEEN)
def test_every_list_goes_out_masked_with_its_heads_days_and_no_formula(world: World, role: str, register: str) -> None:
    a_full_row(world, register)
    before = len(trail(world, register))
    page = sheet(asked(world, role, register, columns="all"))
    _remark, heads, *found = page.iter_rows()
    with world.app.test_request_context():
        several = role in {Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}
        fields = [d for d in _fields(register) if several or d.name != "community_id"]
        with force_locale("zh"):
            labels = [str(declared.field.label) for declared in fields]
            labels += [str(label) for label in REGISTERS[register].beside_fields]
    assert [cell.value for cell in heads] == [*labels, export.NUMBER]
    assert found
    for row in found:
        assert "f" not in {cell.data_type for cell in row}
        for declared, cell in zip(fields, row, strict=False):
            if cell.value is None:
                continue
            if declared.field.access is not Access.OPEN:
                assert "*" in cell.value, declared.name
            elif declared.kind in {"date", "moment"}:
                assert isinstance(cell.value, datetime), declared.name
                assert cell.number_format.startswith("yyyy-mm-dd")
            elif declared.kind in {"integer", "decimal"}:
                assert isinstance(cell.value, int | float), declared.name
            else:
                assert isinstance(cell.value, str), declared.name
                assert cell.number_format == "@"
    assert len(trail(world, register)) == before + 1


def _fields(register: str) -> list[Declared]:
    return [d for d in fields_of(MODELS[register]).values() if d.field.in_record or d.field.in_list]


@one_database
@pytest.mark.parametrize("register", [name for name in LISTED if name != "disclosure_setting"])
def test_the_button_above_a_list_leads_to_its_export_with_the_question_asked(world: World, register: str) -> None:
    role = next(role for role in Role if Right.VIEW in roles.rights(role, register))
    a_full_row(world, register)
    client = world.client(role.value)
    page = Page(client.get(f"/{register}/list/?q=nothing"))
    [address] = [link for link in page.links() if link.startswith("/exchange/export/")]
    assert address.startswith(f"/exchange/export/{register}?")
    assert "q=nothing" in address
    found = Page(client.get(address))
    assert found.status == 200
    assert not found.defects()
    assert f"/{register}/list/?{address.partition('?')[2]}" in found.links()


# --- which rows --------------------------------------------------------------------------------------------------


def test_all_rows_of_the_question_go_out_in_its_order_not_the_page_one_is_on(world: World) -> None:
    team = world.make("volunteer_team", name="红马甲", kind="1")
    for letter in "甲乙丙丁戊己庚辛壬癸" * 3:
        world.make("volunteer", person_id=world.person(f"王{letter}"), team_id=team)
    world.make("volunteer", person_id=world.person("李华"), team_id=team)
    world.make("volunteer", person_id=world.person("王强"))
    found = names(asked(world, "office_staff", "volunteer", f"q=王&team_id={team}&order=person_id&desc=1&page=2"))
    assert len(found) == 30
    assert set(found) == {f"王{letter}" for letter in "甲乙丙丁戊己庚辛壬癸"}
    listed = world.client("office_staff").get(f"/volunteer/list/?q=王&team_id={team}&order=person_id&desc=1")
    first = [link.text for link in Page(listed).soup.select("tbody a[href*='/volunteer/show/']")]
    assert len(first) == PAGE_SIZE
    assert found[: len(first)] == first


def test_a_list_goes_out_in_the_columns_one_sees_it_in(world: World) -> None:
    world.make("volunteer", person_id=somebody(world))
    [row] = rows(asked(world, "office_staff", "volunteer", "columns=stars,person_id"))
    assert list(row) == ["星级", "姓名"]


def test_a_neighbours_rows_neither_go_out_nor_are_counted(world: World) -> None:
    somebody(world)
    world.make("person", world.there, name="外人")
    answer = asked(world, "office_staff", "person")
    assert names(answer) == ["张明"]
    assert "共 1 行" in sheet(answer)["A1"].value


def test_a_supervisor_takes_out_the_communities_below_with_their_names(world: World) -> None:
    somebody(world)
    world.make("person", world.there, name="外人")
    assert [(row["社区"], row["姓名"]) for row in rows(asked(world, "supervisor", "person"))] == [("春和社区", "张明")]


def test_a_list_of_nothing_goes_out_with_its_heads(world: World) -> None:
    answer = asked(world, "office_staff", "person")
    assert rows(answer) == []
    assert "共 0 行" in sheet(answer)["A1"].value


@pytest.mark.parametrize("query", ["page=0", "order=nothing", "team_id=many", "q=" + "长" * 99])
def test_a_question_nobody_can_answer_is_refused(world: World, query: str) -> None:
    assert asked(world, "office_staff", "volunteer", query).status_code == 400
    assert not trail(world, "volunteer")


def test_the_line_on_top_says_what_of_which_rows_when_and_by_whom(world: World) -> None:
    team = world.make("volunteer_team", name="红马甲", kind="1")
    world.make("volunteer", person_id=somebody(world), team_id=team)
    with the_day_is(date(2026, 3, 5)):
        told = sheet(asked(world, "office_staff", "volunteer", f"q=张&team_id={team}"))["A1"].value
    for words in ("春和社区志愿者", "张", "所在队伍：红马甲", "共 1 行", "干事甲", "遮盖"):
        assert words in told


def test_the_file_has_a_name_people_can_read(world: World) -> None:
    with the_day_is(date(2026, 11, 22)):
        told = asked(world, "office_staff", "volunteer").headers["Content-Disposition"]
    assert told.startswith("attachment")
    assert f"filename*=UTF-8''{quote('志愿者 2026-11-22.xlsx')}" in told
    assert 'filename="volunteer 2026-11-22.xlsx"' in told


def test_nothing_that_went_out_is_kept_by_the_browser(world: World) -> None:
    assert asked(world, "office_staff", "person").headers["Cache-Control"] == "no-store"


def test_all_fields_bring_the_record_number_by_which_rows_are_found_again(world: World) -> None:
    key = somebody(world)
    [row] = rows(asked(world, "office_staff", "person", columns="all"))
    assert row[export.NUMBER] == key
    assert export.NUMBER not in rows(asked(world, "office_staff", "person"))[0]


# --- what is masked ----------------------------------------------------------------------------------------------


def test_even_who_reads_a_phone_on_the_page_takes_it_out_masked_unless_he_asks(world: World) -> None:
    somebody(world)
    [row] = rows(asked(world, "branch_secretary", "person", columns="all"))
    assert (row["联系电话"], row["出生日期"]) == (HIDDEN_PHONE, "1956-**-**")


def test_a_secretary_takes_out_phones_and_id_numbers_in_full_for_a_reason_that_is_kept(world: World) -> None:
    number = id_number(7)
    somebody(world, id_number=number, sex="1")
    answer = asked(world, "branch_secretary", "person", columns="all", in_full="1", reason=REASON)
    [row] = rows(answer)
    assert (row["联系电话"], row["身份证号"]) == (SHOWN_PHONE, number)
    assert row["出生日期"] == datetime(1956, 3, 5)
    assert "妥善保管" in sheet(answer)["A1"].value
    [entry] = trail(world, "person")
    assert REASON in entry.subject
    assert entry.changes["reason"] == ["", REASON]
    assert entry.changes["rows"] == ["", "1"]
    assert entry.actor.startswith("书记甲")
    assert number not in str(entry.changes) + entry.subject


def test_office_staff_take_out_phones_but_no_id_numbers(world: World) -> None:
    number = id_number(8)
    somebody(world, id_number=number, sex="1")
    [row] = rows(asked(world, "office_staff", "person", columns="all", in_full="1", reason=REASON))
    assert row["联系电话"] == SHOWN_PHONE
    assert row["身份证号"] == f"110***********{number[-4:]}"


def test_who_may_not_read_a_phone_gets_none_however_it_is_asked_for(world: World) -> None:
    somebody(world)
    answer = asked(world, "supervisor", "person", columns="all", in_full="1", reason=REASON)
    assert rows(answer)[0]["联系电话"] == HIDDEN_PHONE
    assert "遮盖" in sheet(answer)["A1"].value
    page = Page(world.client("supervisor").get("/exchange/export/person"))
    assert not page.soup.select("[name=in_full]")


def test_a_phone_borrowed_from_a_person_is_masked_like_the_persons(world: World) -> None:
    world.make("volunteer", person_id=somebody(world))
    assert rows(asked(world, "office_staff", "volunteer"))[0]["联系电话"] == HIDDEN_PHONE
    [row] = rows(asked(world, "office_staff", "volunteer", in_full="1", reason=REASON))
    assert row["联系电话"] == SHOWN_PHONE


@pytest.mark.parametrize("reason", ["", "查", "   ", "长" * 101])
def test_without_a_reason_nothing_goes_out_in_full_and_nothing_typed_is_lost(world: World, reason: str) -> None:
    somebody(world)
    page = Page(asked(world, "office_staff", "person", columns="all", in_full="1", reason=reason))
    assert page.status == 200
    assert page.complaint("reason")
    assert not page.defects()
    typed = page.filled_in()
    assert (typed["columns"], typed["in_full"]) == ("all", "1")
    assert typed["reason"] == reason.strip()
    assert not trail(world, "person")


def test_a_number_searched_for_is_masked_in_the_trail_and_on_the_sheet(world: World) -> None:
    number = id_number(9)
    somebody(world, id_number=number, sex="1")
    mistyped = number[:-1] + ("1" if number[-1] != "1" else "2")
    for typed, found in ((number, ["张明"]), (SHOWN_PHONE, ["张明"]), (mistyped, [])):
        answer = asked(world, "branch_secretary", "person", f"q={typed}")
        assert names(answer) == found
        assert typed not in sheet(answer)["A1"].value
        entry = trail(world, "person")[-1]
        assert typed not in entry.subject + str(entry.changes)
        assert typed[-4:] in entry.subject


# --- other forms -------------------------------------------------------------------------------------------------


def test_csv_has_the_same_rows_and_opens_as_chinese(world: World) -> None:
    somebody(world)
    answer = asked(world, "office_staff", "person", form="csv", columns="all", in_full="1", reason=REASON)
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    _remark, heads, row = csv.reader(answer.data.decode("utf-8-sig").splitlines())
    told = dict(zip(heads, row, strict=True))
    assert (told["姓名"], told["联系电话"], told["出生日期"]) == ("张明", SHOWN_PHONE, "1956-03-05")
    assert "CSV" in trail(world, "person")[0].subject


def test_a_formula_somebody_typed_as_a_name_runs_nowhere(world: World) -> None:
    world.make("volunteer_team", name="=1+1", kind="1", service="@SUM(A1)")
    cells = {cell.value: cell.data_type for cell in sheet(asked(world, "office_staff", "volunteer_team"))[3]}
    assert (cells["=1+1"], cells["@SUM(A1)"]) == ("s", "s")
    assert "'=1+1" in asked(world, "office_staff", "volunteer_team", form="csv").text


@one_database
def test_a_printed_list_is_masked_and_says_on_every_page_that_it_is_not_for_the_wall(world: World) -> None:
    for number in range(60):
        somebody(world, f"居民{'甲乙丙丁戊己庚辛壬癸'[number % 10]}")
    answer = asked(world, "branch_secretary", "person", form="pdf")
    assert answer.mimetype == "application/pdf"
    pages = Reading(answer.data).page_texts
    assert len(pages) > 1
    assert "居民台账" in pages[0]
    assert "".join(export.MARK.split()) in pages[0]
    for text in pages:
        assert "内部资料" in text
        assert "不得张贴" in text
        assert SHOWN_PHONE not in text
    assert "PDF 60 行" in trail(world, "person")[0].subject


@one_database
def test_a_printed_list_is_never_in_full(world: World) -> None:
    somebody(world)
    page = Page(asked(world, "branch_secretary", "person", form="pdf", in_full="1", reason=REASON))
    assert page.complaint("in_full")
    assert not trail(world, "person")


@one_database
def test_more_rows_than_can_be_printed_are_refused_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.exchange.out.MOST_ROWS", {"pdf": 1, "xlsx": 1, "csv": 9})
    for _ in range(2):
        somebody(world)
    for form in ("pdf", "xlsx"):
        page = Page(asked(world, "office_staff", "person", form=form))
        assert page.summary()
    assert not trail(world, "person")
    assert asked(world, "office_staff", "person", form="csv").mimetype == "text/csv"


@one_database
def test_a_long_list_is_drawn_in_the_background_for_whoever_ordered_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.disclosure.paper.LONG", 2)
    for _ in range(4):
        somebody(world)
    client = world.client("office_staff")
    answer = client.post("/exchange/export/person", data={"form": "pdf"})
    assert answer.status_code == 302
    code = answer.location.rsplit("/", 1)[1]
    waiting = Page(client.get(answer.location))
    assert waiting.status == 200
    assert not waiting.defects()
    while client.get(f"/exchange/progress/{code}").get_json()["state"] in {"waiting", "drawing"}:
        pass
    assert client.get(f"/exchange/progress/{code}").get_json()["state"] == "done"
    assert client.get(f"/exchange/printed/{code}").data.startswith(b"%PDF")
    stranger = world.client("branch_secretary")
    for address in (f"/exchange/printing/{code}", f"/exchange/progress/{code}", f"/exchange/printed/{code}"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/exchange/cancel/{code}").status_code == 404
    assert client.post(f"/exchange/cancel/{code}").status_code == 302


def test_a_form_there_is_not_is_refused(world: World) -> None:
    assert asked(world, "office_staff", "person", form="doc").status_code == 400
    assert asked(world, "office_staff", "person", columns="some").status_code == 400


# --- templates, contacts, calendars ------------------------------------------------------------------------------


def test_the_template_of_a_register_is_downloaded_from_its_export_page(world: World) -> None:
    client = world.client("office_staff")
    [address] = [link for link in Page(client.get("/exchange/export/volunteer")).links() if "/template/" in link]
    answer = client.get(address)
    assert openpyxl.load_workbook(BytesIO(answer.data)).worksheets[0]["A1"].value == "姓名 *"
    assert quote("志愿者 填写模板.xlsx") in answer.headers["Content-Disposition"]


def test_what_is_not_typed_has_no_template(world: World) -> None:
    for address in ("/exchange/template/nothing", "/exchange/export/nothing"):
        assert world.client("branch_secretary").get(address).status_code == 404
    assert world.client("branch_secretary").get("/exchange/template/notice").status_code in {403, 404}
    assert world.client("supervisor").get("/exchange/template/volunteer").status_code == 403


def test_the_liaisons_of_a_list_go_into_a_telephone_with_numbers_for_those_who_read_them(world: World) -> None:
    liaison = somebody(world, "陈怡然")
    world.make("partner_unit", name="实验小学", uscc="91350100M000100Y43", kind="1", liaison_id=liaison)
    address, in_full = "/exchange/export/partner_unit", {"form": "vcf", "in_full": "1"}
    answer = world.client("office_staff").post(address, data={**in_full, "reason": "节前走访联络"})
    assert answer.mimetype == "text/vcard"
    assert "FN:陈怡然\r\n" in answer.text
    assert f":{SHOWN_PHONE}\r\n" in answer.text
    assert Page(world.client("office_staff").post(address, data=in_full)).complaint("reason")
    for without in ({"form": "vcf"}, {**in_full, "reason": "节前走访联络"}):
        who = "supervisor" if "in_full" in without else "office_staff"
        text = world.client(who).post(address, data=without).text
        assert "FN:陈怡然\r\n" in text
        assert "TEL" not in text
    assert [entry.changes["rows"] for entry in trail(world, "partner_unit")] == [["", "1"]] * 3
    assert world.client("office_staff").post("/exchange/export/person", data={"form": "vcf"}).status_code == 400


def test_a_list_without_liaisons_says_so(world: World) -> None:
    answer = world.client("office_staff").post("/exchange/export/partner_unit", data={"form": "vcf"})
    assert Page(answer).summary()


def test_rehearsals_go_into_a_calendar_and_what_is_not_understood_is_told(world: World) -> None:
    world.make(
        "cultural_team", name="腰鼓队", kind="1", rehearsal_time="每周二、四 19:00-20:30", rehearsal_place="广场"
    )
    world.make("cultural_team", name="太极拳队", kind="1", rehearsal_time="早晚")
    world.make("cultural_team", name="合唱团", kind="1")
    client = world.client("office_staff")
    page = Page(client.get("/exchange/calendar/cultural_team"))
    assert not page.defects()
    [table], [left_out] = page.soup.select("main table"), page.soup.select("main section.card ul")
    assert "每周二、四 19:00–20:30" in table.text
    assert [item.text for item in left_out.select("li")] == ["太极拳队：早晚", "合唱团"]
    [file] = [link for link in page.links() if ".ics" in link]
    [event] = Calendar.from_ical(client.get(file).data).walk("VEVENT")
    assert str(event["summary"]) == "腰鼓队排练"
    assert event.start.weekday() in {1, 3}


def test_what_falls_due_goes_into_a_calendar(world: World) -> None:
    unit = world.make("partner_unit", name="实验小学", uscc="91350100M000100Y43", kind="1")
    for content, progress, done_on in (("义诊", "1", None), ("讲座", "3", today())):
        given = {"content": content, "progress": progress, "done_on": done_on}
        world.make("plan_item", unit_id=unit, year=2026, due_on=today(), **given)
    client = world.client("office_staff")
    assert "义诊" in Page(client.get("/exchange/calendar/plan_item")).text
    [event] = Calendar.from_ical(client.get("/exchange/calendar/plan_item.ics").data).walk("VEVENT")
    assert "义诊" in event["summary"]
    assert event.start == today()
    assert client.get("/exchange/calendar/person").status_code == 404
