"""A roster comes in as people keep it: looked at, decided on, taken over as a whole, and taken back if need be."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from app.exchange.models import OutcomePage, SheetUpload
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.undo import ChangeSet
from tests.rows import an_id_number
from tests.web.page import Page, one_database
from tests.world import World

BORN = date(1956, 3, 5)
ID = an_id_number(BORN, 1)


def a_sheet(*rows: Sequence[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


class Desk:
    """Somebody at work on one sheet."""

    def __init__(self, world: World, register: str, who: str = "office_staff") -> None:
        self.world, self.register, self.client = world, register, world.client(who)
        self.key = 0

    def choose(self, data: bytes, name: str = "名册.xlsx") -> Page:
        """Choose a file; the page that follows."""
        answer = self.client.post(
            f"/import/new/{self.register}", data={"file": (io.BytesIO(data), name)}, content_type="multipart/form-data"
        )
        if answer.status_code == 302:
            self.key = int(re.findall(r"/(\d+)", answer.location)[0])
            return Page(self.client.get(answer.location))
        return Page(answer)

    def look(self, *rows: Sequence[Any], **columns: str) -> Page:
        """Choose a sheet of these rows, confirm its columns, and see what the rows come to."""
        page = self.choose(a_sheet(*rows))
        return Page(self.client.post(f"/import/columns/{self.key}", data=page.filled_in(), follow_redirects=True))

    def see(self, outcome: str) -> Page:
        return Page(self.client.get(f"/import/show/{self.key}?outcome={outcome}"))

    def decide(self, **said: str) -> Page:
        data = {re.sub("^line", "line.", name): value for name, value in said.items()}
        return Page(self.client.post(f"/import/decide/{self.key}", data=data, follow_redirects=True))

    def save(self, good: bool = False) -> Page:
        return Page(
            self.client.post(f"/import/save/{self.key}", data={"good": "1"} if good else {}, follow_redirects=True)
        )

    def undo(self) -> Page:
        with self.world.work():
            change = db.session.scalars(select(ChangeSet.id).order_by(ChangeSet.id.desc())).first()
        return Page(self.client.post(f"/change_set/undo/{change}", follow_redirects=True))

    @property
    def counts(self) -> dict[str, int]:
        with self.world.app.app_context(), as_system("test"):
            return dict(db.session.get_one(SheetUpload, self.key).counts)


def people(world: World, *names: str) -> list[tuple[Any, ...]]:
    model = REGISTERS["person"].model
    columns = [getattr(model, name) for name in names or ("name",)]
    with world.work():
        return [tuple(row) for row in db.session.execute(select(*columns).order_by(model.id))]


# --- the plain way ------------------------------------------------------------------------------------------------


def test_a_list_of_residents_is_looked_at_and_then_taken_over(world: World) -> None:
    desk = Desk(world, "person")
    page = desk.look(
        ("姓名", "性别", "出生日期", "联系电话"),
        ("张明", "男", "1956-03-05", "13812345678"),
        ("李芳", "女", None, None),
    )
    assert "2行可以导入" in page.text
    assert people(world) == []
    page = desk.save()
    assert "已导入2条记录" in page.text
    assert people(world, "name", "sex", "birth_on", "phone") == [
        ("张明", "1", BORN, "13812345678"),
        ("李芳", "2", None, None),
    ]


def test_a_messy_sheet_is_understood(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(
        ("春和社区居民花名册", None, None, None, None),
        ("填表日期：2026年3月", None, None, None, None),
        ("序号", "名  字", "公民身份号码", "手机", "性别", "楼栋"),
        (1, "张 明", ID, "138 1234 5678", "男", "３号楼２单元（北）"),
        (None, None, None, None, None),
        (2, "阿依古丽·买买提", None, "０５２３－８６８８１２３４", "F", None),
        ("合计", "2人", None, None, None),
    )
    assert desk.counts == {"new": 2}
    desk.save()
    assert people(world, "name", "phone", "sex", "birth_on", "building") == [
        ("张明", "13812345678", "1", BORN, "3号楼2单元（北）"),
        ("阿依古丽·买买提", "0523-86881234", "2", None, None),
    ]


def test_a_hat_brings_the_person_along(world: World) -> None:
    world.make("volunteer_team", name="绿风队", kind="1")
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "身份证号", "联系电话", "所在队伍"), ("张明", ID, "13812345678", "绿风队"))
    desk.save()
    assert people(world, "name", "birth_on") == [("张明", BORN)]
    assert "绿风队" in Page(desk.client.get("/volunteer/list/")).text


def test_the_same_sheet_again_changes_nothing(world: World) -> None:
    rows = (("姓名", "出生日期", "联系电话"), ("张明", "1956-03-05", "13812345678"), ("李芳", "1960-01-01", None))
    desk = Desk(world, "volunteer")
    desk.look(*rows)
    desk.save()
    page = desk.look(*rows)
    assert desk.counts == {"same": 2}
    assert "都已在档案中" in page.text


# --- who it is ----------------------------------------------------------------------------------------------------


def test_somebody_on_file_is_recognised_by_the_id_number_though_written_otherwise(world: World) -> None:
    key = world.person("张明", id_number=ID)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "身份证", "手机"), ("张明", f" {ID[:6]} {ID[6:]}", "13812345678"))
    desk.save()
    assert people(world, "id", "phone") == [(key, "13812345678")]


@pytest.mark.parametrize(
    ("given", "cell"), [({"birth_on": BORN}, "1956.3.5"), ({"phone": "13812345678"}, "13812345678")]
)
def test_somebody_is_recognised_by_name_and_birth_date_or_phone(world: World, given: Any, cell: str) -> None:
    key = world.person("张明", **given)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "出生日期" if "birth_on" in given else "联系电话"), ("张明", cell))
    desk.save()
    assert people(world, "id") == [(key,)]


def test_a_namesake_with_another_birth_date_is_somebody_else(world: World) -> None:
    world.person("张明", birth_on=BORN)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "出生日期"), ("张明", "1980-01-01"))
    assert desk.counts == {"new": 1}
    desk.save()
    assert len(people(world)) == 2


def test_where_only_the_name_agrees_the_person_decides(world: World) -> None:
    key = world.person("张明", building="3号楼")
    desk = Desk(world, "volunteer")
    page = desk.look(("姓名", "联系电话"), ("张明", "13812345678"))
    assert desk.counts == {"doubtful": 1}
    assert "3号楼" in page.text
    desk.decide(line2=str(key))
    assert desk.counts == {"new": 1}
    desk.save()
    assert people(world, "id", "phone") == [(key, "13812345678")]


def test_somebody_new_of_the_same_name_is_made_when_the_person_says_so(world: World) -> None:
    world.person("张明")
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "联系电话"), ("张明", "13812345678"))
    desk.decide(line2="new")
    desk.save()
    assert len(people(world)) == 2


def test_a_doubtful_row_can_be_left_out(world: World) -> None:
    world.person("张明")
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "联系电话"), ("张明", "13812345678"), ("李芳", None))
    desk.decide(line2="skip")
    assert desk.counts == {"skipped": 1, "new": 1}
    desk.save()
    assert [name for (name,) in people(world)] == ["张明", "李芳"]


def test_an_id_number_on_file_under_another_name_is_asked_about(world: World) -> None:
    world.person("张明", id_number=ID)
    desk = Desk(world, "person")
    page = desk.look(("姓名", "身份证号"), ("张鸣", ID))
    assert desk.counts == {"doubtful": 1}
    assert "张明" in page.text


@pytest.mark.parametrize("name", ["方晓文", "方雯", "方晓", "方晓雯雯"])
@pytest.mark.parametrize("register", ["person", "volunteer"])
def test_a_name_one_character_off_is_asked_about_where_birth_date_and_phone_agree(
    world: World, register: str, name: str
) -> None:
    key = world.person("方晓雯", birth_on=date(1994, 5, 22), phone="15800001315")
    desk = Desk(world, register)
    page = desk.look(("姓名", "出生日期", "联系电话"), (name, "1994-05-22", "15800001315"))
    assert desk.counts == {"doubtful": 1}
    assert "出生日期、联系电话与档案中的“方晓雯”相同" in page.text
    desk.decide(line2=str(key))
    desk.save()
    assert people(world, "id", "name") == [(key, name)]


@pytest.mark.parametrize("row", [("方大文", "1994-05-22", "15800001315"), ("方晓文", "1994-05-23", "15800001315")])
def test_two_characters_or_another_birth_date_make_somebody_else(world: World, row: tuple[str, ...]) -> None:
    world.person("方晓雯", birth_on=date(1994, 5, 22), phone="15800001315")
    desk = Desk(world, "person")
    desk.look(("姓名", "出生日期", "联系电话"), row)
    assert desk.counts == {"new": 1}


def test_twins_are_made_when_the_person_says_so(world: World) -> None:
    world.person("张大明", birth_on=BORN, phone="13812345678")
    desk = Desk(world, "person")
    desk.look(("姓名", "出生日期", "联系电话"), ("张小明", "1956-03-05", "13812345678"))
    desk.decide(line2="new")
    desk.save()
    assert people(world) == [("张大明",), ("张小明",)]


def test_a_person_in_two_teams_is_made_once(world: World) -> None:
    for name in ("腰鼓队", "合唱队"):
        world.make("cultural_team", name=name, kind="1")
    desk = Desk(world, "cultural_team_member")
    desk.look(("姓名", "联系电话", "文化队伍"), ("张明", "13812345678", "腰鼓队"), ("张明", "13812345678", "合唱队"))
    assert desk.counts == {"new": 2}
    desk.save()
    assert len(people(world)) == 1


def test_the_same_row_twice_is_told_with_the_line_of_the_first(world: World) -> None:
    desk = Desk(world, "volunteer")
    page = desk.look(("姓名", "联系电话"), ("张明", "13812345678"), ("张明", "13812345678"))
    assert desk.counts == {"new": 1, "wrong": 1}
    assert "与第2行重复" in page.text


def test_a_namesake_with_another_phone_is_asked_about_though_the_one_on_file_has_the_hat(world: World) -> None:
    key = world.person("王芳", phone="13812345671", building="1号楼")
    world.make("volunteer", person_id=key)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "联系电话", "楼栋"), ("王芳", "13912345672", "8号楼"))
    assert desk.counts == {"doubtful": 1}
    desk.decide(all="new")
    desk.save()
    assert people(world, "phone") == [("13812345671",), ("13912345672",)]


def test_somebody_of_whom_the_sheet_gives_only_the_month_of_birth_is_recognised_by_the_phone(world: World) -> None:
    key = world.person("王桂英", birth_on=date(1954, 8, 25), phone="13812345671")
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "出生年月", "联系电话"), ("王桂英", "1954.8", "13812345671"))
    assert desk.counts == {"new": 1}
    desk.save()
    assert people(world, "id", "birth_on") == [(key, date(1954, 8, 25))]


def test_a_name_alone_does_not_change_somebody_who_is_described_otherwise(world: World) -> None:
    key = world.person("丁学文", sex="1", building="3号楼")
    world.make("volunteer", person_id=key)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "性别", "楼栋"), ("丁学文", "女", "5号楼"))
    assert desk.counts == {"doubtful": 1}


def test_a_decision_of_its_own_outlasts_one_for_all(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "出生年月"), ("张明", "1956.3"), ("李芳", "1960年12月"))
    desk.decide(line2="skip", all="accept")
    assert desk.counts == {"skipped": 1, "new": 1}


@one_database
def test_what_a_new_row_will_need_is_told_with_the_columns(world: World) -> None:
    page = Desk(world, "party_member", "branch_secretary").choose(a_sheet(("姓名", "联系电话"), ("张明", None)))
    assert "所属党支部" in page.text


@one_database
def test_a_sheet_of_headings_only_says_so(world: World) -> None:
    assert "没有数据" in Desk(world, "person").look(("姓名", "联系电话")).text


def test_a_doubt_about_somebody_holds_for_their_other_rows_too(world: World) -> None:
    for name in ("腰鼓队", "合唱队"):
        world.make("cultural_team", name=name, kind="1")
    desk = Desk(world, "cultural_team_member")
    desk.look(("姓名", "出生年月", "文化队伍"), ("王芳", "1956.3", "腰鼓队"), ("王芳", "1956.3", "合唱队"))
    assert desk.counts == {"doubtful": 2}


def test_two_rows_that_say_different_things_about_one_person_are_told(world: World) -> None:
    world.person("张明", id_number=ID)
    desk = Desk(world, "person")
    page = desk.look(("姓名", "身份证号", "联系电话"), ("张明", ID, "13812345671"), ("张明", ID, "13812345672"))
    assert desk.counts == {"changed": 1, "wrong": 1}
    assert "与第2行重复" in page.text


def test_a_record_number_beside_the_id_number_of_another_is_told(world: World) -> None:
    world.person("张明", id_number=ID)
    other = world.person("李强")
    page = Desk(world, "person").look(("记录号", "姓名", "身份证号"), (other, "李强", ID))
    assert "另一条记录" in page.text


def test_what_was_uploaded_is_not_stored_in_plain_text_nor_shown_to_a_colleague(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "身份证号", "联系电话"), ("张明", ID, "12"))
    with world.app.app_context(), db.engine.connect() as connection:
        for table in (SheetUpload.__table__, OutcomePage.__table__):
            for row in connection.execute(select(table)):
                assert ID not in str(tuple(row))
                assert "张明".encode() not in b"".join(value for value in row if isinstance(value, bytes))
    colleague = world.client("branch_secretary")
    assert colleague.get(f"/import/show/{desk.key}").status_code == 404
    assert "名册.xlsx" not in Page(colleague.get("/import/list/")).text


def test_somebody_of_the_neighbours_is_not_recognised(world: World) -> None:
    world.make("person", at=world.there, name="张明", id_number=ID)
    desk = Desk(world, "person")
    desk.look(("姓名", "身份证号"), ("张明", ID))
    assert desk.counts == {"new": 1}
    desk.save()
    assert len(people(world)) == 1


# --- a cash book --------------------------------------------------------------------------------------------------

CASH_BOOK = (
    ("日期", "摘要", "收入金额", "支出金额", "余额", "经手人"),
    ("2026-03-01", "街道拨款", 24000, None, 24000, "郑秀云"),
    ("2026-03-02", "办公用纸", 0, 862.5, 23137.5, "郑秀云"),
)


def test_a_cash_book_tells_income_from_spending_by_which_amount_is_filled_in(world: World) -> None:
    desk = Desk(world, "ledger_entry")
    page = desk.choose(a_sheet(*CASH_BOOK))
    assert "这些列不导入：余额。" in page.text
    assert "各行相同的类别" in page.text
    said = {**page.filled_in(), "all.kind": "其他"}
    page = Page(desk.client.post(f"/import/columns/{desk.key}", data=said, follow_redirects=True))
    assert desk.counts == {"new": 2}, page.text
    assert "其他" in page.text
    desk.save()
    model = REGISTERS["ledger_entry"].model
    with world.work():
        rows = db.session.execute(select(model.direction, model.amount, model.kind).order_by(model.on)).all()
    assert [tuple(row) for row in rows] == [("in", 24000, "11"), ("out", Decimal("862.5"), "11")]


@one_database
def test_what_is_said_for_all_rows_is_a_column_that_can_be_left_out_again(world: World) -> None:
    desk = Desk(world, "ledger_entry")
    page = desk.choose(a_sheet(*CASH_BOOK))
    desk.client.post(f"/import/columns/{desk.key}", data={**page.filled_in(), "all.kind": "其他"})
    page = Page(desk.client.get(f"/import/columns/{desk.key}"))
    assert page.filled_in()["column.6"] == "kind"
    said = {**page.filled_in(), "column.6": ""}
    page = Page(desk.client.post(f"/import/columns/{desk.key}", data=said, follow_redirects=True))
    assert desk.counts == {"wrong": 2}


@one_database
def test_what_is_said_for_all_rows_is_still_there_when_the_columns_are_wrong(world: World) -> None:
    desk = Desk(world, "ledger_entry")
    said = {**desk.choose(a_sheet(*CASH_BOOK)).filled_in(), "all.kind": "其他", "column.4": "purpose"}
    page = Page(desk.client.post(f"/import/columns/{desk.key}", data=said))
    assert "两列不能是同一个字段" in page.text
    assert page.filled_in()["all.kind"] == "其他"


@one_database
def test_a_sum_taken_in_and_spent_in_one_row_is_wrong(world: World) -> None:
    desk = Desk(world, "ledger_entry")
    page = desk.look(("日期", "摘要", "类别", "收入", "支出"), ("2026-03-01", "活动", "其他", 5, 6))
    assert desk.counts == {"wrong": 1}
    assert "只能填一列" in page.text


# --- what would be lost -------------------------------------------------------------------------------------------


def test_a_building_kept_in_several_columns_is_put_together_as_on_file(world: World) -> None:
    world.person("毕淑华", phone="13812345678", building="2号楼3单元")
    desk = Desk(world, "person")
    desk.look(("姓名", "楼号", "单元", "联系电话"), ("毕淑华", 2, 3, "13812345678"), ("张明", "5号楼", "一单元", None))
    assert desk.counts == {"same": 1, "new": 1}
    desk.save()
    assert people(world, "building") == [("2号楼3单元",), ("5号楼一单元",)]


def test_a_hat_too_may_say_in_several_columns_where_somebody_lives(world: World) -> None:
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "楼栋", "单元"), ("张明", "12", "2"))
    desk.save()
    assert people(world, "building") == [("12号楼2单元",)]


def test_the_room_is_taken_into_what_everybody_reads_only_when_the_person_says_so(world: World) -> None:
    rows = (("姓名", "楼号", "单元", "室"), ("张明", "2", "3", "501"))
    desk = Desk(world, "person")
    page = desk.choose(a_sheet(*rows))
    assert "这些列不导入：室。" in page.text
    said = {**page.filled_in(), "column.3": "building:室"}
    desk.client.post(f"/import/columns/{desk.key}", data=said)
    desk.save()
    assert people(world, "building") == [("2号楼3单元501室",)]


@one_database
def test_a_column_with_something_in_it_that_is_not_taken_is_named_before_the_import(world: World) -> None:
    rows = (("序号", "姓名", "爱好", "空的"), (1, "张明", None, None), (2, "李芳", "下棋", None))
    desk = Desk(world, "person")
    assert "这些列不导入：爱好。" in desk.choose(a_sheet(*rows)).text
    page = Page(desk.client.post(f"/import/columns/{desk.key}", data={"column.1": "name"}, follow_redirects=True))
    assert "这些列不导入：爱好。" in page.text
    assert "不导入" not in desk.save().text


def test_only_the_beginning_of_what_is_on_file_is_asked_about(world: World) -> None:
    world.person("毕淑华", phone="13812345678", building="2号楼3单元")
    desk = Desk(world, "person")
    page = desk.look(("姓名", "楼栋", "联系电话"), ("毕淑华", "2号楼", "13812345678"))
    assert desk.counts == {"doubtful": 1}
    assert "只是档案中“2号楼3单元”的开头" in page.text
    desk.decide(all="accept")
    desk.save()
    assert people(world, "building") == [("2号楼",)]


# --- what is wrong ------------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize(
    ("heading", "cell", "said"),
    [
        ("身份证号", "3.20102E+17", "全部18位"),
        ("身份证号", ID[:-1] + ("1" if ID[-1] != "1" else "2"), "校验"),
        ("联系电话", "12345", "电话"),
        ("出生日期", "1956-02-30", "没有"),
        ("出生日期", "2090-01-01", "晚于今天"),
        ("性别", "武", "武"),
    ],
)
def test_each_wrong_cell_says_why(world: World, heading: str, cell: str, said: str) -> None:
    page = Desk(world, "person").look(("姓名", heading), ("张明", cell))
    assert said in page.text
    assert heading in page.text


@one_database
def test_a_team_that_is_not_on_file_is_named(world: World) -> None:
    page = Desk(world, "volunteer").look(("姓名", "所在队伍"), ("张明", "没有的队"))
    assert "“没有的队”" in page.text


MEMBERS = (("姓名", "党支部"), ("张明", "和风党支部"), ("李芳", "和风党支部"), ("王强", "第二支部"))


def test_a_branch_written_its_own_way_is_asked_about_once_for_all_rows(world: World) -> None:
    first, second = (world.branch(name=f"和风社区{name}党支部") for name in ("第一", "第二"))
    desk = Desk(world, "party_member", "branch_secretary")
    page = desk.look(*MEMBERS)
    assert desk.counts == {"wrong": 3}
    asked = page.soup.find("select", {"name": "word.branch_id.4"})
    assert [each.text for each in asked.find_all("option")] == ["请选择", "和风社区第二党支部", "和风社区第一党支部"]
    desk.decide(**{"word.branch_id.2": str(first)})
    assert desk.counts == {"new": 2, "wrong": 1}
    desk.decide(**{"word.branch_id.4": str(second)})
    assert desk.counts == {"new": 3}
    desk.save()
    with world.work():
        model = REGISTERS["party_member"].model
        assert list(db.session.scalars(select(model.branch_id).order_by(model.id))) == [first, first, second]


def test_what_is_meant_by_a_name_is_remembered_shown_and_can_be_taken_back(world: World) -> None:
    branch = world.branch(name="和风社区第一党支部")
    desk = Desk(world, "party_member", "branch_secretary")
    desk.look(*MEMBERS)
    desk.decide(**{"word.branch_id.2": str(branch), "word.branch_id.4": str(branch)})
    page = desk.look(*MEMBERS)
    assert desk.counts == {"new": 3}
    (shown,) = page.soup.select("[name='word.branch_id.2'] [selected]")
    assert shown.text == "和风社区第一党支部"
    desk.decide(**{"word.branch_id.2": "", "word.branch_id.4": str(branch)})
    assert desk.counts == {"new": 1, "wrong": 2}
    desk.look(*MEMBERS)
    assert desk.counts == {"new": 1, "wrong": 2}


def test_a_branch_of_the_neighbours_is_neither_offered_nor_taken(world: World) -> None:
    theirs = world.make("party_organization", at=world.there, name="和风党支部邻居", kind="3")
    desk = Desk(world, "party_member", "branch_secretary")
    page = desk.look(*MEMBERS)
    assert "邻居" not in page.text
    desk.decide(**{"word.branch_id.2": str(theirs)})
    assert desk.counts == {"wrong": 3}


@one_database
def test_a_remark_in_a_wrong_row_does_not_look_like_what_is_wrong(world: World) -> None:
    page = Desk(world, "person").look(("姓名", "出生年月", "联系电话"), ("张明", "1980.6", "12"))
    assert [cell.text for cell in page.soup.select("td.bad")] == ["12"]
    assert [cell.text for cell in page.soup.select("td.asked")] == ["1980.6"]
    (remark,) = page.soup.select("li.remark")
    assert "只写到月" in remark.text


def test_the_good_rows_are_taken_over_and_the_others_come_back_with_the_reason(world: World) -> None:
    desk = Desk(world, "person")
    page = desk.look(("姓名", "联系电话"), ("张明", "13812345678"), ("李芳", "12345"))
    assert "1行可以导入。 1行有错误" in page.text
    desk.save(good=True)
    assert people(world) == [("张明",)]
    answer = desk.client.get(f"/import/rest/{desk.key}")
    rows = list(load_workbook(io.BytesIO(answer.data)).active.values)
    assert rows[1][:2] == ("原表行号", "原因")
    assert rows[2][2:4] == ("李芳", "12345")
    assert "电话" in rows[2][1]


def test_what_is_doubtful_can_be_decided_on_after_the_good_rows_are_taken_over(world: World) -> None:
    key = world.person("王芳", building="1号楼")
    desk = Desk(world, "person")
    rows = (("张明", "13812345678", None), ("王芳", "13912345672", None), ("李芳", None, "1960.12"), ("赵", "12", None))
    page = desk.look(("姓名", "联系电话", "出生年月"), *rows)
    assert "没有确认的会留下" in page.text
    page = desk.save(good=True)
    assert people(world) == [("王芳",), ("张明",)]
    assert desk.counts == {"new": 1, "wrong": 1}
    (link,) = (str(each["href"]) for each in page.soup.find_all("a") if "确认其余2行" in each.text)
    desk.key = int(link.rpartition("/")[2])
    page = Page(desk.client.get(link))
    assert desk.counts == {"doubtful": 2}
    assert "同一人：王芳" in page.text
    desk.decide(line3=str(key), line4="accept")
    assert desk.counts == {"changed": 1, "new": 1}
    desk.save()
    assert people(world, "name", "phone") == [
        ("王芳", "13912345672"),
        ("张明", "13812345678"),
        ("李芳", None),
    ]


def test_each_of_two_parts_of_a_sheet_is_undone_by_itself(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "出生年月"), ("张明", None), ("李芳", "1960.12"))
    desk.save(good=True)
    desk.key += 1
    desk.decide(all="accept")
    desk.save()
    desk.undo()
    assert people(world) == [("张明",)]


def test_all_or_nothing_takes_nothing_while_one_row_is_wrong(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "联系电话"), ("张明", "13812345678"), ("李芳", "12345"))
    desk.save()
    assert people(world) == []


def test_what_comes_back_can_be_corrected_and_imported(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "联系电话"), ("李芳", "12345"))
    book = load_workbook(io.BytesIO(desk.client.get(f"/import/rest/{desk.key}").data))
    book.active.cell(3, 4).value = "13812345678"
    file = io.BytesIO()
    book.save(file)
    page = desk.choose(file.getvalue())
    desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())
    desk.save()
    assert people(world, "name", "phone") == [("李芳", "13812345678")]


@one_database
def test_what_comes_back_is_called_like_the_sheet_by_a_name_that_any_computer_takes(world: World) -> None:
    desk = Desk(world, "person")
    page = desk.choose(a_sheet(("姓名", "联系电话"), ("李芳", "12345")), "名册*一?.xlsx")
    desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())
    told = desk.client.get(f"/import/rest/{desk.key}").headers["Content-Disposition"]
    assert told.endswith(f"filename*=UTF-8''{quote('名册 一 未导入.xlsx')}")


def test_a_month_without_a_day_is_asked_about_once_for_all(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "出生年月"), ("张明", "1956.3"), ("李芳", "1960年12月"))
    assert desk.counts == {"doubtful": 2}
    desk.decide(all="accept")
    assert desk.counts == {"new": 2}
    desk.save()
    assert people(world, "birth_on") == [(date(1956, 3, 1),), (date(1960, 12, 1),)]


def test_a_month_is_not_asked_about_where_the_id_number_says_the_day(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "身份证号", "出生年月"), ("张明", ID, "1956.3"))
    assert desk.counts == {"new": 1}
    desk.save()
    assert people(world, "birth_on") == [(BORN,)]


def test_a_day_without_its_year_is_asked_about_unless_the_day_on_file_fits(world: World) -> None:
    for name, day in (("张明", date(2019, 11, 5)), ("李芳", date(2019, 11, 6))):
        world.make("volunteer", person_id=world.person(name), registered_on=day)
    desk = Desk(world, "volunteer")
    desk.look(("姓名", "登记时间"), ("张明", "11月5日"), ("李芳", "11月5日"), ("王强", "11.5"))
    assert desk.counts == {"same": 1, "doubtful": 2}
    assert "缺年份" in desk.see("doubtful").text


def test_two_digits_of_a_year_are_no_month(world: World) -> None:
    """The day on file is another one, and the sheet says all of it."""
    world.person("张明", birth_on=date(1956, 3, 8), phone="13812345678")
    desk = Desk(world, "person")
    desk.look(("姓名", "出生日期", "联系电话"), ("张明", "56.3.5", "13812345678"))
    assert desk.counts == {"doubtful": 1}


def test_what_is_blank_in_the_sheet_stays_on_file(world: World) -> None:
    world.person("张明", birth_on=BORN, phone="13812345678")
    desk = Desk(world, "person")
    desk.look(("姓名", "出生日期", "联系电话", "楼栋"), ("张明", "1956-03-05", None, "3号楼"))
    assert desk.counts == {"changed": 1}
    page = desk.see("changed")
    assert "3号楼" in page.text
    desk.save()
    assert people(world, "phone", "building") == [("13812345678", "3号楼")]


def test_the_rules_of_the_register_hold_for_a_sheet_too(world: World) -> None:
    branch = world.branch(name="第一党支部")
    world.make("service_post", branch_id=branch, name="宣讲岗", duties="宣讲", places=1)
    first, second = (world.member(world.person(name), branch) for name in ("张明", "李芳"))
    assert first
    assert second
    desk = Desk(world, "post_assignment", "branch_secretary")
    day = "2026-03-05"
    head = ("岗位", "党员", "申报日期", "荐岗日期", "荐岗人", "定岗日期", "定岗人")
    steps = (day, day, "居民小组", day, "支部委员会")
    page = desk.look(head, ("宣讲岗", "张明", *steps), ("宣讲岗", "李芳", *steps))
    assert desk.counts == {"new": 1, "wrong": 1}, page.text
    assert world.get("post_assignment", 1) is None
    desk.save(good=True)
    assert desk.counts["new"] == 1


def test_parents_may_stand_above_their_children_in_one_sheet(world: World) -> None:
    desk = Desk(world, "party_organization", "branch_secretary")
    page = desk.look(("名称", "类别", "隶属于"), ("春和党总支", "党总支", None), ("第一党支部", "党支部", "春和党总支"))
    assert desk.counts == {"new": 2}, page.text
    desk.save()
    assert "第一党支部" in Page(desk.client.get("/party_organization/list/")).text


# --- taken back ---------------------------------------------------------------------------------------------------


def test_an_import_is_undone_as_a_whole(world: World) -> None:
    key = world.person("张明", birth_on=BORN, building="1号楼")
    desk = Desk(world, "volunteer", "branch_secretary")
    desk.look(("姓名", "出生日期", "楼栋"), ("张明", "1956-03-05", "2号楼"), ("李芳", "1960-01-01", "5号楼"))
    desk.save()
    assert len(people(world)) == 2
    page = desk.undo()
    assert "已撤销" in page.text
    assert people(world, "id", "building") == [(key, "1号楼")]
    with world.work():
        assert db.session.scalars(select(REGISTERS["volunteer"].model.id)).all() == []


def test_an_import_on_which_somebody_has_built_stays(world: World) -> None:
    desk = Desk(world, "person", "branch_secretary")
    desk.look(("姓名",), ("张明",))
    desk.save()
    (key,) = people(world, "id")[0]
    world.make("volunteer", person_id=key)
    page = desk.undo()
    assert "志愿者" in page.text
    assert len(people(world)) == 1


def test_the_trail_tells_of_the_import_and_of_every_record(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名",), ("张明",), ("李芳",))
    desk.save()
    with world.work():
        told = db.session.execute(select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.actor != "")).all()
    assert {("add", "张明"), ("add", "李芳"), ("import", "名册.xlsx")} <= {tuple(row) for row in told}


@pytest.mark.parametrize("register", ["person", "volunteer"])
def test_an_imported_secret_is_sealed_and_found(world: World, register: str) -> None:
    desk = Desk(world, register)
    desk.look(("姓名", "身份证号"), ("张明", ID))
    desk.save()
    (sealed,) = people(world, "id_number_sealed")[0]
    assert ID not in sealed
    for question in (ID, ID[-4:]):
        assert "张明" in Page(desk.client.get(f"/person/list/?q={question}")).text
    with world.work():
        assert db.session.scalars(select(REGISTERS["person"].model)).one().id_number == ID


# --- files and columns --------------------------------------------------------------------------------------------


@one_database
@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "空.xlsx", "没有内容"),
        (b"PK\x03\x04broken", "坏.xlsx", "损坏"),
        (b"%PDF-1.4 no table", "名册.pdf", "表格"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_beside_the_field(world: World, data: bytes, name: str, said: str) -> None:
    page = Desk(world, "person").choose(data, name)
    assert said in page.complaint("file")


@one_database
def test_a_sheet_of_which_no_heading_is_known_is_not_guessed_at(world: World) -> None:
    desk = Desk(world, "person")
    page = desk.choose(a_sheet(("甲", "乙"), ("张明", "李芳")))
    assert set(page.filled_in().values()) <= {"", page.filled_in().get("csrf_token", "")}
    assert "请至少指明一列" in Page(desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())).text


@one_database
def test_no_file_is_asked_for(world: World) -> None:
    page = Page(world.client("office_staff").post("/import/new/person"))
    assert page.complaint("file") == "请选择文件。"


def test_what_a_column_is_can_be_said_and_is_remembered(world: World) -> None:
    rows = (("姓名", "打哪个号"), ("张明", "13812345678"))
    desk = Desk(world, "person")
    page = desk.choose(a_sheet(*rows))
    assert page.filled_in()["column.1"] == ""
    desk.client.post(f"/import/columns/{desk.key}", data={"column.0": "name", "column.1": "phone"})
    page = desk.choose(a_sheet(*rows))
    assert page.filled_in()["column.1"] == "phone"


@one_database
def test_two_columns_are_not_taken_for_one_field(world: World) -> None:
    desk = Desk(world, "person")
    desk.choose(a_sheet(("姓名", "电话一"), ("张明", "13812345678")))
    answer = desk.client.post(f"/import/columns/{desk.key}", data={"column.0": "name", "column.1": "name"})
    assert "两列不能是同一个字段" in Page(answer).text


def test_a_sheet_that_was_begun_is_found_again_and_can_be_dropped(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名",), ("张明",))
    page = Page(desk.client.get("/import/list/"))
    assert "名册.xlsx" in page.text
    assert "待决定" in page.text
    desk.client.post(f"/import/drop/{desk.key}")
    with world.work():
        assert db.session.scalars(select(SheetUpload.id)).all() == []
        assert db.session.scalars(select(OutcomePage.id)).all() == []


def test_nobody_else_sees_a_sheet(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名",), ("张明",))
    stranger = world.client("stranger")
    for path in ("show", "columns", "rest", "progress"):
        assert stranger.get(f"/import/{path}/{desk.key}").status_code == 404
    for path in ("save", "decide", "drop", "stop"):
        assert stranger.post(f"/import/{path}/{desk.key}").status_code == 404
    assert "名册" not in Page(stranger.get("/import/list/")).text


def test_who_may_not_add_may_not_import(world: World) -> None:
    client = world.client("office_staff")
    assert client.get("/import/new/party_member").status_code == 403
    assert client.get("/import/new/account").status_code == 404
    assert client.get("/import/new/nothing").status_code == 404
    desk = Desk(world, "party_member", "branch_secretary")
    world.branch(name="第一党支部")
    desk.look(("姓名", "党支部"), ("张明", "第一党支部"))
    assert client.get(f"/import/show/{desk.key}").status_code == 404


def test_a_second_click_takes_nothing_over_twice(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名",), ("张明",))
    desk.save()
    desk.save()
    assert people(world) == [("张明",)]


def test_what_changed_between_looking_and_taking_over_is_noticed(world: World) -> None:
    desk = Desk(world, "person")
    desk.look(("姓名", "身份证号"), ("张明", ID))
    key = world.person("张明", id_number=ID)
    desk.save()
    assert people(world, "id") == [(key,)]
