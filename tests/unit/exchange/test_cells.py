"""What people write in the cells of a roster, and what is made of it: a value, a value with a doubt, or a refusal."""

from __future__ import annotations

import csv
import time
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import SEEDS
from app.community.models import BuildingLeader, CommitteeMember, Person
from app.exchange.cells import Read, column_reader, joined, read_cell
from app.facilities.models import Facility
from app.finance.models import LedgerEntry
from app.kernel.fields import fields_of
from app.kernel.values import Invalid, mask_day, mask_id_number, mask_name, mask_phone
from app.kernel.workbooks import ROSTER
from app.partners.models import PlanItem
from app.party.models import PartyMember, Pledge, PostAssignment
from app.volunteers.models import Volunteer

TODAY = date(2026, 3, 5)
ID_NUMBER = "110105195603070012"


@cache
def codes(name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    with (SEEDS / "codes" / f"{name}.csv").open(encoding="utf-8") as file:
        return {row["value"]: row["label"] for row in csv.DictReader(file)}


def read(model: type, field: str, text: str) -> Read:
    declared = fields_of(model)[field]
    return read_cell(declared, text, today=TODAY, codes=codes(declared.field.code))


def doubt(model: type, field: str, text: str) -> tuple[object, str]:
    """The value and the doubt in words."""
    found = read(model, field, text)
    assert found.doubt is not None
    assert found.doubt.field == field
    return found.value, found.doubt.message % found.doubt.params


def refusal(model: type, field: str, text: str) -> str:
    with pytest.raises(Invalid) as refused:
        read(model, field, text)
    return refused.value.message % refused.value.params


# --- nothing, and too much ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  ", "无", "／", "/", "—", "——", "-", "暂无", "N/A", "n/a", "不详", "#N/A"])
def test_what_stands_for_nothing_is_nothing(text):
    for field in ("phone", "birth_on", "sex", "address", "id_number", "schooling"):
        assert read(Person, field, text) == Read(None, blank=True)


def test_nothing_in_a_field_that_must_be_filled_in_is_refused():
    assert refusal(Person, "name", "无") == "This field is required."


def test_nothing_means_the_default_where_there_is_one():
    assert read(Facility, "state", "").value == "1"
    assert read(PartyMember, "is_retired", "/") == Read(False, blank=True)


def test_a_cell_longer_than_any_sheet_needs_is_refused():
    assert "more than 5000 characters" in refusal(Person, "address", "长" * (ROSTER.characters + 1))


# --- days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1956-03-15",
        "1956-3-15",
        "1956.3.15",
        "1956/03/15",
        "1956年3月15日",
        "19560315",
        "１９５６年３月１５日",
        "1956-3-15 00:00",
        "1956-03-15T00:00:00",
        "1956。3。15",
        "1956、3、15",
        "1956，3，15",
        "1956 3 15",
        "1956—3—15",
        "1956.03.15.",
        "1956年3月15日生",
        "1956年3月15号",
        "1956-03-15 星期四",
        "一九五六年三月十五日",
        "1956年三月十五日",
    ],
)
def test_a_full_date_is_read_without_a_doubt(text):
    assert read(Person, "birth_on", text) == Read(date(1956, 3, 15))


@pytest.mark.parametrize("text", ["1956.3", "1956年3月", "195603", "1956-03", "1956/3", "1956.03", "一九五六年三月"])
def test_a_month_is_taken_as_its_first_day_with_a_doubt(text):
    day, said = doubt(Person, "birth_on", text)
    assert day == date(1956, 3, 1)
    assert said == f"“{text}” names only the month; 1956-03-01 was taken."


def test_a_first_month_may_be_a_tenth_of_which_the_sheet_dropped_the_zero():
    day, said = doubt(Person, "birth_on", "1956.1")
    assert day == date(1956, 1, 1)
    assert "October" in said
    assert "October" not in doubt(Person, "birth_on", "1956.01")[1]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("56-3-2", date(1956, 3, 2)),
        ("56.3.2", date(1956, 3, 2)),
        ("56年3月2日", date(1956, 3, 2)),
        ("560302", date(1956, 3, 2)),
        ("56年3月", date(1956, 3, 1)),
        ("05-6-1", date(2005, 6, 1)),
        ("26-3-1", date(2026, 3, 1)),
        ("30-5-1", date(1930, 5, 1)),
    ],
)
def test_a_year_of_two_digits_is_taken_for_the_likely_century_with_a_doubt(text, day):
    taken, said = doubt(Person, "birth_on", text)
    assert taken == day
    assert "two digits of the year" in said


def test_what_is_planned_may_lie_some_years_ahead():
    assert doubt(PlanItem, "due_on", "27.12.31")[0] == date(2027, 12, 31)
    assert doubt(PlanItem, "due_on", "77.12.31")[0] == date(1977, 12, 31)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3月5日", date(2026, 3, 5)),
        ("3月6号", date(2025, 3, 6)),
        ("11-5", date(2025, 11, 5)),
        ("11.5", date(2025, 11, 5)),
        ("11/05", date(2025, 11, 5)),
        ("2月29日", date(2024, 2, 29)),
    ],
)
def test_a_day_without_its_year_is_taken_for_the_last_one_there_was_with_a_doubt(text, day):
    assert doubt(Volunteer, "registered_on", text) == (day, f"“{text}” lacks the year; {day} was taken.")


@pytest.mark.parametrize("text", ["11月5日", "11-5", "11.5"])
def test_of_a_birth_date_without_its_year_it_is_told_what_is_missing(text):
    assert "the year" in refusal(Person, "birth_on", text)


def test_the_number_by_which_sheets_count_a_day_is_taken_with_a_doubt():
    assert doubt(Person, "birth_on", "20529") == (
        date(1956, 3, 15),
        "The sheet keeps this day as the number 20529; 1956-03-15 was taken.",
    )


@pytest.mark.parametrize(
    "text",
    ["1956", "1956年", "3月15日", "3.15", "12345678", "9999", "73415", "今天", "三月", "2月30日", "2026Q1", "约1956年"],
)
def test_what_names_no_day_is_refused(text):
    assert refusal(Person, "birth_on", text)


@pytest.mark.parametrize("text", ["1956.13", "1956-02-31", "1956年2月30日", "56-2-30"])
def test_a_day_that_does_not_exist_is_refused_as_such(text):
    assert "no such day" in refusal(Person, "birth_on", text)


@given(st.dates(date(1930, 1, 1), date(2025, 12, 31)))
def test_every_way_to_write_a_day_gives_that_day(day):
    for form in (
        "{0:%Y-%m-%d}",
        "{0.year}.{0.month}.{0.day}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y%m%d}",
        "{0:%Y/%m/%d} 0:00",
    ):
        assert read(Person, "birth_on", form.format(day)) == Read(day)
    assert doubt(Person, "birth_on", str((day - date(1899, 12, 30)) // timedelta(1)))[0] == day
    assert doubt(Person, "birth_on", f"{day:%Y%m}")[0] == day.replace(day=1)


# --- choices -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["男", "男性", " 男 ", "1", "１", "M", "male", "Male"])
def test_men_are_known_by_every_word_for_them(text):
    assert read(Person, "sex", text) == Read("1")


@pytest.mark.parametrize("text", ["女", "女性", "2", "F", "Female", "女士"])
def test_women_are_known_by_every_word_for_them(text):
    assert read(Person, "sex", text) == Read("2")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("nationality", "汉族", "01"),
        ("nationality", "汉", "01"),
        ("nationality", "1", "01"),
        ("nationality", "土", "30"),
        ("nationality", "土家", "15"),
        ("political_status", "中共党员", "01"),
        ("political_status", "党员", "01"),
        ("political_status", "预备党员", "02"),
        ("political_status", "团员", "03"),
        ("political_status", "群 众", "13"),
        ("schooling", "大专", "30"),
        ("schooling", "本科", "20"),
        ("schooling", "高中", "60"),
        ("schooling", "初中", "70"),
        ("schooling", "大学专科毕业", "31"),
    ],
)
def test_a_choice_is_known_by_label_value_and_the_everyday_word(field, text, value):
    assert read(Person, field, text) == Read(value)


def test_a_label_that_contains_the_text_is_taken_with_a_doubt_if_it_is_the_only_one():
    assert doubt(Volunteer, "skill", "巡逻") == ("14", "“巡逻” was taken as “治安巡逻”.")
    assert doubt(Volunteer, "skill", "驾驶技术")[0] == "19"


@pytest.mark.parametrize(
    ("model", "field", "text"),
    [
        (Volunteer, "skill", "维修"),
        (Volunteer, "skill", "唱歌"),
        (Person, "political_status", "非中共党员"),
        (CommitteeMember, "position", "书记"),
    ],
)
def test_what_may_be_several_choices_or_none_is_refused_with_what_there_is(model, field, text):
    assert refusal(model, field, text).startswith(f"“{text}” is not in the list: ")


def test_several_choices_in_one_cell_are_told_to_be_too_many():
    assert refusal(Volunteer, "skill", "医疗护理、文艺表演").startswith("Only one of these can be chosen: ")


def test_the_choices_that_come_near_are_named():
    assert refusal(Volunteer, "skill", "维修").endswith(": 家电维修、水电维修")


def test_choices_decided_by_code_are_read_by_their_chinese_labels(app):
    with app.test_request_context():
        assert read(LedgerEntry, "direction", "收入") == Read("in")
        assert read(LedgerEntry, "direction", "支出") == Read("out")
        assert read(LedgerEntry, "direction", "in") == Read("in")
        assert read(Pledge, "period", "2026年第一季度") == Read("2026Q1")
        assert read(Pledge, "period", "2026Q1") == Read("2026Q1")
        assert "is not in the list" in refusal(LedgerEntry, "direction", "转账")


@pytest.mark.parametrize(
    ("text", "value"),
    [("是", True), ("√", True), ("✓", True), ("对", True), ("有", True), ("否", False), ("无", False), ("×", False)],
)
def test_yes_and_no_are_read(text, value):
    assert read(PartyMember, "is_retired", text) == Read(value)


def test_an_unclear_yes_or_no_is_refused():
    assert refusal(PartyMember, "is_retired", "也许")


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120平方米", "120"),
        ("120 ㎡", "120"),
        ("85.5m²", "85.5"),
        ("1,200", "1200"),
        ("１２０", "120"),
        ("120.00", "120"),
        ("120平米", "120"),
    ],
)
def test_an_area_is_read_with_its_unit(text, value):
    assert read(Facility, "area", text) == Read(Decimal(value))


def test_money_is_read_with_its_unit():
    assert read(LedgerEntry, "amount", "1,200元") == Read(Decimal("1200"))
    assert read(LedgerEntry, "amount", "¥1200.50") == Read(Decimal("1200.50"))
    assert doubt(LedgerEntry, "amount", "1.2万元") == (Decimal(12000), "“1.2万元” was taken as “12000.00”.")


@pytest.mark.parametrize(("text", "value"), [("3户", 3), ("12 户", 12), ("3.0", 3), ("1,200", 1200), ("３０", 30)])
def test_a_whole_number_is_read_with_its_unit(text, value):
    assert read(BuildingLeader, "households", text) == Read(value)


@pytest.mark.parametrize("text", ["约30", "30左右", "30多户", "近30户", "30余", "大约 30 户", "30+"])
def test_about_thirty_is_thirty_with_a_doubt(text):
    assert doubt(BuildingLeader, "households", text) == (30, f"“{text}” was taken as “30”.")


@pytest.mark.parametrize("text", ["30-40", "三十", "30.5", "3米", "很多", "-3", "30户人"])
def test_what_is_no_whole_number_is_refused(text):
    assert refusal(BuildingLeader, "households", text)


# --- phones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "+8613812345678",
        "8613812345678",
        "0086 13812345678",
        "１３８１２３４５６７８",
        "13812345678.0",
        "'13812345678",
        "138.1234.5678",
        "138—1234—5678",
    ],
)
def test_a_mobile_number_is_read_however_it_is_grouped(text):
    assert read(Person, "phone", text) == Read("13812345678")


@pytest.mark.parametrize("text", ["0523-86881234", "(0523)86881234", "0523 86881234", "0523—86881234", "052386881234"])
def test_a_fixed_line_is_read(text):
    assert read(Person, "phone", text) == Read("0523-86881234")


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("13812345678、13912345678", "13912345678"),
        ("13812345678，0523-86881234", "0523-86881234"),
        ("13812345678;13912345678", "13912345678"),
        ("13812345678/13912345678", "13912345678"),
        ("13812345678\n13912345678", "13912345678"),
        ("13812345678 13912345678", "13912345678"),
        ("138 1234 5678、13912345678", "13912345678"),
        ("1381234567、13812345678", "1381234567"),
        ("13812345678（儿子）", "儿子"),
        ("13812345678张明", "张明"),
        ("0523-86881234转801", "转801"),
    ],
)
def test_of_several_numbers_the_first_that_can_be_dialled_is_taken_and_the_rest_told(text, left_out):
    number, said = doubt(Person, "phone", text)
    assert number == ("0523-86881234" if text.startswith("0") else "13812345678")
    assert said.endswith(f"“{number}” was taken and “{left_out}” left out.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1381234567", "has 11 digits"),
        ("12345678901", "phone number"),
        ("86881234", "area code"),
        ("张明", "phone number"),
        (ID_NUMBER, "phone number"),
    ],
)
def test_what_cannot_be_dialled_is_refused(text, said):
    assert said in refusal(Person, "phone", text)


def test_a_phone_the_sheet_has_rounded_is_told_and_never_guessed():
    assert "rounded" in refusal(Person, "phone", "1.38123E+10")


# --- identity numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("11010519491231002×", "11010519491231002X"),
        ("11010519491231002*", "11010519491231002X"),
        ("110105 19491231 002X", "11010519491231002X"),
        ("110105-19491231-002X", "11010519491231002X"),
        ("'11010519491231002X", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
    ],
)
def test_an_identity_number_is_read_however_it_is_written(text, number):
    assert read(Person, "id_number", text) == Read(number)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("1.10105E+17", "rounded"),
        ("1.10105195603070E+17", "rounded"),
        ("110105560307001", "15 digits"),
        ("110105195603070013", "check digit"),
        ("11010519560307001", "18 characters"),
        ("110105195603070000", "check digit"),
    ],
)
def test_an_identity_number_is_never_guessed(text, because):
    assert because in refusal(Person, "id_number", text)


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["张明", "张  明", "张　明", " 张明 ", "张 \n明"])
def test_a_name_loses_its_stray_spaces(text):
    assert read(Person, "name", text) == Read("张明")


@pytest.mark.parametrize(
    ("text", "rest"), [("张明（党员）", "党员"), ("张明[已故]", "[已故]"), ("张明*", "*"), ("1.张明", "1.")]
)
def test_a_remark_behind_a_name_is_left_out_and_told(text, rest):
    name, said = doubt(Person, "name", text)
    assert name == "张明"
    assert f"“{rest}” left out" in said


def test_several_names_are_not_one():
    assert "A name" in refusal(Person, "name", "张明、李华")


def test_a_link_is_read_as_the_title_to_look_for():
    assert read(Volunteer, "person_id", "张 明") == Read("张明")
    assert read(PostAssignment, "member_id", "张　明") == Read("张明")
    assert read(Volunteer, "team_id", "春晖 巡逻队") == Read("春晖巡逻队")
    assert read(Volunteer, "team_id", "—") == Read(None, blank=True)


# --- masked ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("phone", mask_phone("13812345678")),
        ("id_number", mask_id_number(ID_NUMBER)),
        ("birth_on", mask_day("1956-03-07")),
        ("name", mask_name("张大明")),
        ("name", mask_name("张明")),
        ("address", "****"),
    ],
)
def test_what_the_portal_had_masked_is_recognised_as_it_was_written(field, text):
    assert read(Person, field, text) == Read(text, masked=True)


def test_a_mask_with_full_width_stars_is_one_too():
    assert read(Person, "phone", "138＊＊＊＊5678") == Read("138****5678", masked=True)


def test_a_star_in_an_open_text_is_no_mask():
    assert read(Facility, "place", "3*4米活动室").masked is False


# --- as a whole --------------------------------------------------------------------------------------------------

TYPED = [
    declared
    for model in (Person, PartyMember, Facility, LedgerEntry, Volunteer, PlanItem)
    for declared in fields_of(model).values()
    if declared.field.in_form and not declared.field.options
]


@given(st.sampled_from(TYPED), st.text() | st.text("0123456789.-/年月日*约万元人、十廿 ", max_size=20))
def test_any_text_in_any_column_is_read_or_refused_in_words(declared, text):
    reader = column_reader(declared, today=TODAY, codes=codes(declared.field.code))
    with suppress(Invalid):
        assert reader(text) == reader(text)


@given(st.sampled_from(TYPED), st.text(max_size=30))
def test_what_a_form_accepts_means_the_same_in_a_sheet(declared, text):
    found = read_or_none(declared, text)
    if (
        found is not None
        and found.doubt is None
        and not found.masked
        and not found.blank
        and not codes(declared.field.code)
        and declared.kind != "link"  # named in a sheet, chosen by its id in a form
    ):
        try:
            typed = declared.read(text)
        except Invalid:
            return
        assert found.value == typed


def read_or_none(declared, text):
    try:
        return read_cell(declared, text, today=TODAY, codes=codes(declared.field.code))
    except Invalid:
        return None


@pytest.mark.parametrize(
    ("building", "entrance", "whole"),
    [
        ("2", "3", "2号楼3单元"),
        ("2#", "三单元", "2号楼三单元"),
        ("2号", "3", "2号楼3单元"),
        ("２栋", "甲", "2栋甲单元"),
        ("2号楼3单元", "3", "2号楼3单元"),
        ("3号楼1单元101", "", "3号楼1单元101"),
        ("3#2单元401", "2", "3#2单元401"),
        ("3-1-102", "", "3-1-102"),
        ("2号楼", "—", "2号楼"),
        ("", "3", "3单元"),
        ("", "", ""),
    ],
)
def test_what_stands_in_several_columns_is_put_together_with_its_units(building, entrance, whole):
    assert joined([(building, "号楼"), (entrance, "单元")]) == whole


def test_the_cells_of_a_large_roster_are_read_quickly():
    columns = {
        "name": [f"张{chr(0x4E00 + number % 3000)}" for number in range(20_000)],
        "phone": [f"138{number:08}" for number in range(20_000)],
        "birth_on": [(date(1950, 1, 1) + timedelta(number)).isoformat() for number in range(20_000)],
        "sex": ["男", "女"] * 10_000,
        "schooling": ["高中"] * 20_000,
    }
    begin = time.process_time()
    for field, cells in columns.items():
        declared = fields_of(Person)[field]
        reader = column_reader(declared, today=TODAY, codes=codes(declared.field.code))
        assert not any(reader(cell).doubt for cell in cells)
    assert time.process_time() - begin < 1
