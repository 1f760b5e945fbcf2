"""The empty sheets to fill in: what stands in their heads, what they offer and what they keep Excel from doing."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.exchange.template import MOST_TITLES, REQUIRED, template, typed_fields
from app.kernel.codes import Code
from app.kernel.db import db, today, transaction
from app.kernel.fields import fields_of
from app.kernel.scope import as_system
from tests.rows import MODELS
from tests.world import World

FILLED_IN = sorted(
    name for name in MODELS if any(d.field.in_form and d.lender is None for d in fields_of(MODELS[name]).values())
)


def book(world: World, register: str) -> Any:
    with world.work():
        return openpyxl.load_workbook(BytesIO(template(MODELS[register])))


def heads(world: World, register: str) -> list[str]:
    return [cell.value for cell in book(world, register).worksheets[0][1]]


def column(page: Any, head: str) -> str:
    return next(cell.column_letter for cell in page[1] if cell.value.removesuffix(REQUIRED) == head)


def offered(world: World, register: str, head: str) -> list[str]:
    """The drop-down below a head."""
    opened = book(world, register)
    page = opened.worksheets[0]
    for rule in page.data_validations.dataValidation:
        if str(rule.sqref).startswith(f"{column(page, head)}2:") and rule.type == "list":
            sheet, cells = rule.formula1.split("!")
            return [cell.value for (cell,) in opened[sheet][cells.replace("$", "")]]
    return []


@pytest.mark.parametrize("register", FILLED_IN)
def test_every_register_has_a_template_whose_heads_are_the_labels_of_what_is_typed(world, register):
    opened = book(world, register)
    found = [cell.value for cell in opened.worksheets[0][1]]
    with world.work(), force_locale("zh"):
        labels = [str(declared.field.label) for declared in typed_fields(MODELS[register])]
    assert [head.removesuffix(REQUIRED) for head in found] == labels
    assert len(set(labels)) == len(labels)
    assert opened.sheetnames[1:] == ["填写说明", "选项"]
    assert opened["选项"].sheet_state == "hidden"
    assert opened.worksheets[0].freeze_panes == "A2"


def test_whoever_keeps_volunteers_types_the_person_on_the_same_sheet(world):
    found = heads(world, "volunteer")
    assert found[:4] == ["姓名 *", "性别", "出生日期", "身份证号"]
    assert {"联系电话", "楼栋", "所在队伍", "特长"} <= set(found)
    assert len([head for head in found if head.startswith("姓名")]) == 1


def test_what_must_be_filled_in_is_bold_and_starred_and_what_begins_with_a_value_is_not(world):
    page = book(world, "volunteer").worksheets[0]
    bold = {cell.value for cell in page[1] if cell.font.b}
    assert bold == {"姓名 *"} == {cell.value for cell in page[1] if cell.value.endswith(REQUIRED)}
    assert "注册日期" in {cell.value for cell in page[1]}


def test_numbers_that_belong_to_one_person_cannot_be_rounded(world):
    page = book(world, "person").worksheets[0]
    columns = [page.column_dimensions[column(page, head)] for head in ("姓名", "身份证号", "联系电话", "出生日期")]
    assert [each.number_format for each in columns] == ["@", "@", "@", "yyyy-mm-dd"]


def test_codes_and_answers_are_offered(world):
    assert "男" in offered(world, "person", "性别")
    assert len(offered(world, "person", "民族")) > 50
    assert offered(world, "party_member", "退休") == ["是", "否"]


def test_another_value_than_those_offered_is_warned_about_not_refused(world):
    page = book(world, "person").worksheets[0]
    styles = {rule.errorStyle for rule in page.data_validations.dataValidation if rule.type == "list"}
    assert styles == {"warning"}


def test_the_teams_of_the_community_are_offered_and_no_others(world):
    world.make("volunteer_team", name="红马甲", kind="1")
    world.make("volunteer_team", world.there, name="绿马甲", kind="1")
    assert offered(world, "volunteer", "所在队伍") == ["红马甲"]


def test_only_branches_are_offered_where_a_branch_is_meant(world):
    world.branch(name="第一党支部")
    world.branch(name="春和党总支", kind="2")
    assert offered(world, "party_member", "所属党支部") == ["第一党支部"]


def test_more_teams_than_anybody_looks_through_are_not_offered(world):
    for number in range(MOST_TITLES + 1):
        world.make("volunteer_team", name=f"第{number}队", kind="1")
    assert offered(world, "volunteer", "所在队伍") == []


def test_residents_are_never_handed_round_with_an_empty_sheet(world):
    world.person("张明")
    world.branch(name="第一党支部")
    options = [cell.value for row in book(world, "party_organization")["选项"].iter_rows() for cell in row]
    assert "第一党支部" in options
    assert "张明" not in options


def test_each_head_says_what_belongs_below_it(world):
    page = book(world, "person").worksheets[0]
    told = {cell.value.removesuffix(REQUIRED): cell.comment.text for cell in page[1] if cell.comment}
    assert "必填" in told["姓名"]
    assert "2026-03-05" in told["出生日期"]
    assert "13812345678" in told["联系电话"]
    rule = next(rule for rule in page.data_validations.dataValidation if str(rule.sqref).startswith("C2:"))
    assert "2026-03-05" in rule.prompt


def test_the_notes_explain_every_column(world):
    opened = book(world, "person")
    notes = [row[0].value for row in opened["填写说明"].iter_rows() if row[0].value]
    explained = [f"{cell.column_letter}列：{cell.value.removesuffix(REQUIRED)}" for cell in opened.worksheets[0][1]]
    assert notes[-len(explained) :] == explained


def test_examples_are_ones_the_portal_would_take(world):
    page = book(world, "person").worksheets[0]
    known = {"姓名": "name", "身份证号": "id_number", "联系电话": "phone", "出生日期": "birth_on"}
    for cell in page[1]:
        if (head := cell.value.removesuffix(REQUIRED)) in known:
            example = cell.comment.text.split("例如：")[-1].strip()
            assert fields_of(MODELS["person"])[known[head]].read(example)


def test_a_retired_code_is_not_offered(world):
    def retire(on: Any) -> None:
        with world.app.app_context(), as_system("test"), transaction():
            db.session.scalars(select(Code).where(Code.code_list == "sex", Code.value == "9")).one().retired_on = on

    assert "未说明的性别" in offered(world, "person", "性别")
    retire(today() - timedelta(days=1))
    try:
        assert "未说明的性别" not in offered(world, "person", "性别")
    finally:
        retire(None)
