"""What the headings of rosters say about their columns. The headings are those offices write."""

from __future__ import annotations

from itertools import chain

import pytest
from flask_babel import force_locale

from app.exchange.columns import Match, Offer, heading_key, match_columns
from app.kernel.fields import fields_of
from tests.unit.kernel.test_fields import every_model

PERSON = [
    Offer("name", "姓名", ("名字",)),
    Offer("sex", "性别"),
    Offer("birth_on", "出生日期", ("出生年月", "生日")),
    Offer("id_number", "身份证号", ("公民身份号码", "身份证号码")),
    Offer("phone", "联系电话", ("手机", "电话", "联系方式")),
    Offer("address", "住址", ("家庭住址", "地址")),
    Offer("amount", "金额（元）"),
]


def fields(*headings: str, **more: object) -> list[str | None]:
    return [match.field for match in match_columns(headings, PERSON, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "heading",
    [
        "姓名",
        "姓  名",
        "姓　名",
        "姓\n名",
        "*姓名",
        "＊姓名：",
        "姓名（必填）",
        "姓名(请填全名)",
        "【必填】姓名",
        "1.姓名",
        " 姓名 ",
        "名字",
    ],
)
def test_a_name_column_is_known_however_its_heading_is_written(heading):
    assert fields(heading) == ["name"]
    assert not match_columns([heading], PERSON)[0].is_guess


def test_every_column_of_a_common_roster_is_known_and_the_serial_number_is_nobodys():
    headings = ["序号", "姓名", "性别", "出生年月", "公民身份号码", "家庭住址", "手机", "备注"]
    assert fields(*headings) == [None, "name", "sex", "birth_on", "id_number", "address", "phone", None]


def test_under_a_common_heading_the_lower_one_counts():
    assert fields("联系方式 手机", "联系方式 微信号") == ["phone", None]
    assert fields("基本情况 姓名", "基本情况 性别") == ["name", "sex"]


def test_the_common_heading_alone_is_only_a_guess():
    (match,) = match_columns(["联系方式 微信"], PERSON)
    assert match.field == "phone"
    assert match.is_guess


def test_of_two_columns_for_one_field_the_label_wins_and_the_other_is_told():
    assert match_columns(["手机", "联系电话"], PERSON) == [
        Match(0, "手机", wanted="phone", lost_to=1),
        Match(1, "联系电话", "phone"),
    ]


def test_of_two_columns_of_the_same_rank_the_fuller_one_wins():
    rows = [("", "13812345678"), ("0523-86881234", "13912345678"), ("", "13712345678")]
    assert fields("电话", "手机", sample=rows) == [None, "phone"]
    assert fields("电话", "手机") == ["phone", None]


def test_what_a_column_was_the_last_time_comes_first_and_may_be_nothing():
    (match,) = match_columns(["户籍地"], PERSON, {"户籍地": "address"})
    assert (match.field, match.is_remembered, match.is_guess) == ("address", True, False)
    assert fields("电话", remembered={"电话": ""}) == [None]
    assert fields("手机", "电话", remembered={"电 话": "phone"}) == [None, "phone"]


def test_a_field_that_is_no_more_is_not_remembered():
    assert fields("电话", remembered={"电话": "fax"}) == ["phone"]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("志愿者姓名", "name"),
        ("身份证", "id_number"),
        ("联系电话号码", "phone"),
        ("本人联系电话", "phone"),
        ("出生日其", "birth_on"),
    ],
)
def test_what_is_close_to_a_name_is_a_guess(heading, field):
    (match,) = match_columns([heading], PERSON)
    assert (match.field, match.is_guess) == (field, True)


@pytest.mark.parametrize(
    "heading",
    ["配偶姓名", "紧急联系人电话", "监护人姓名", "父亲姓名", "推荐人姓名", "序号", "备注", "", "   ", "（  ）"],
)
def test_what_is_about_somebody_else_or_nobody_is_not_guessed(heading):
    assert fields(heading) == [None]


def test_a_guess_that_the_cells_deny_is_not_made():
    offered = [Offer("phone", "联系电话", accepts=str.isdecimal)]
    assert match_columns(["本人联系电话"], offered, sample=[("张明",), ("李华",), ("",)])[0].field is None
    assert match_columns(["本人联系电话"], offered, sample=[("13812345678",), ("无",), ("",)])[0].field == "phone"


def test_an_amount_in_another_unit_is_to_be_looked_at():
    guesses = [match_columns([heading], PERSON)[0].is_guess for heading in ("金额", "金额(元)", "金额（万元）")]
    assert guesses == [False, False, True]


def test_a_heading_used_for_two_fields_gives_each_its_column():
    offered = [Offer("building", "负责楼栋", ("楼栋",)), Offer("home", "楼栋")]
    assert [match.field for match in match_columns(["负责楼栋", "楼栋"], offered)] == ["building", "home"]


def test_a_heading_of_signs_only_has_no_key():
    assert heading_key("——") == ""
    assert heading_key("（姓名）") == "姓名"


@every_model
def test_no_two_fields_of_a_register_have_the_same_name(app, model):
    with app.test_request_context(), force_locale("zh"):
        named = [
            (heading_key(name), declared.name)
            for declared in fields_of(model).values()
            if declared.field.in_form
            for name in {
                str(declared.field.label),
                *declared.field.headings,
                *chain.from_iterable(declared.field.parts.values()),
            }
        ]
    owners: dict[str, str] = {}
    for key, field in named:
        assert owners.setdefault(key, field) == field, key
