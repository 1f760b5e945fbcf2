"""What people type, read and shown. The examples are what stands on forms, cards and in old sheets."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from app.kernel import values
from app.kernel.values import Invalid

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12)
every_reader = pytest.mark.parametrize(
    "reader",
    [pytest.param(read, id=name) for name, read in sorted(vars(values).items()) if name.startswith("read_")],
)


def numbers_of(template: str) -> st.SearchStrategy[str]:
    return st.from_regex(template, fullmatch=True)


# --- every reader ------------------------------------------------------------------------------------------------


@every_reader
@given(
    text=st.one_of(
        st.text(),
        numbers_of(r"[-+]?[0-9.,]{0,12}([eE][-+]?[0-9]{1,8})?"),
        numbers_of(r"[0-9]{4}[-./年 ]?[0-9]{1,2}[-./月 ]?[0-9]{1,2}日?"),
        numbers_of(r"[1-8][0-9]{5}(19|20)[0-9]{9}[0-9Xx]"),
        numbers_of(r"[0-9+() -]{3,20}"),
    )
)
@example(text="1e9999999")
@example(text="-1e9999999")
@example(text="1e-9999999999")
@example(text="sNaN")
@example(text="９" * 5000)
@example(text="322102195603070014")
@example(text="三" * 10_000)
def test_any_text_is_either_read_or_refused_in_words(reader, text):
    with suppress(Invalid):
        reader(text)


@every_reader
@pytest.mark.parametrize("text", ["a\0b", "张\0明", "1\0", "2026-03-05\0x", "是\0"])
def test_no_reader_lets_a_nul_through(reader, text):
    with pytest.raises(Invalid):
        reader(text)


# --- text --------------------------------------------------------------------------------------------------------


def test_text_keeps_its_lines_and_loses_only_the_carriage_returns():
    assert values.read_text("  一、宣讲\r\n二、走访\r三、帮扶 \n") == "一、宣讲\n二、走访\n三、帮扶"


@pytest.mark.parametrize("text", ["铃\x07", "a\x1b[31m", "\ud800", "\ue000", "\U000e0fff"])
def test_control_private_and_unassigned_characters_are_refused(text):
    with pytest.raises(Invalid, match="cannot be stored or printed"):
        values.read_text(f"前{text}后")


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200b", "\ufeff"], ids=ascii)
def test_invisible_marks_that_turn_or_split_a_text_are_refused_or_taken_out(mark):
    with suppress(Invalid):
        assert mark not in values.read_line(f"春和{mark}社区")


@pytest.mark.parametrize(
    "emoji", ["😀", "👨\u200d👩\u200d👧", "🇨🇳", "1\ufe0f\u20e3", "❤\ufe0f", "⭐", "⏰", "㊗\ufe0f"], ids=ascii
)
def test_emoji_are_refused_because_no_printed_notice_can_show_them(emoji):
    with pytest.raises(Invalid, match="Emoji"):
        values.read_text(f"欢迎{emoji}")


@pytest.mark.parametrize("text", ["①②③", "㎡", "《公示》", "—— ……", "“”", "※", "℃", "〇", "𠮷", "㐂"])
def test_the_signs_of_chinese_documents_are_kept(text):
    assert values.read_text(text) == text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张  明", "张明"),
        ("张　明", "张明"),
        ("春和 社区 3 号楼", "春和社区 3 号楼"),
        ("Li   Ming", "Li Ming"),
        ("一行\n两行", "一行两行"),
        ("  a\tb  ", "a b"),
    ],
)
def test_one_line_has_single_spaces_and_none_between_chinese_characters(typed, kept):
    assert values.read_line(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("３号楼2单元", "3号楼2单元"),
        ("Ｂ座－１２／ａ＃", "B座-12/a#"),
        ("春和路（北），一号。", "春和路（北），一号。"),
        ("“三会一课”：第一次；好！", "“三会一课”：第一次；好！"),
    ],
)
def test_letters_and_digits_of_a_chinese_keyboard_are_made_narrow_but_not_its_punctuation(typed, kept):
    assert values.read_line(typed) == values.read_text(typed) == kept


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张明", "张明"),
        ("张　明", "张明"),
        ("欧阳娜娜", "欧阳娜娜"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("阿依古丽‧买买提", "阿依古丽·买买提"),
        ("𠮷田", "𠮷田"),
        ("Anna-Maria Müller".replace("ü", "u"), "Anna-Maria Muller"),
        ("J. Smith", "J. Smith"),
        ("Ａｎｎａ　Smith", "Anna Smith"),
    ],
)
def test_names_are_read_however_the_dot_and_spaces_were_typed(typed, name):
    assert values.read_name(typed) == name


@pytest.mark.parametrize(
    "typed", ["张明1", "张明，李华", "·买买提", "=cmd|' /C'!A0", "<b>张明</b>", "", "@张", "张_明", "ｚ１"]
)
def test_what_no_name_contains_is_refused(typed):
    with pytest.raises(Invalid):
        values.read_name(typed)


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"), [("12", 12), ("１２", 12), (" 1,234 ", 1234), ("-3", -3), ("+3", 3), ("000", 0)]
)
def test_whole_numbers_are_read(typed, number):
    assert values.read_integer(typed) == number


@pytest.mark.parametrize("typed", ["1.0", "1e3", "十二", "12人", "--1", "1 2", "9" * 10, "0x10"])
def test_what_is_not_a_whole_number_is_refused(typed):
    with pytest.raises(Invalid, match="whole number"):
        values.read_integer(typed)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("85.50", "85.50"),
        ("８５．５", "85.50"),
        ("1,200", "1200"),
        ("0", "0"),
        (".5", "0.50"),
        ("12.00", "12"),
        ("120平方米", "120"),
        ("120 ㎡", "120"),
        ("85.5m²", "85.50"),
        ("1,200.50元", "1200.50"),
        ("￥1200", "1200"),
    ],
)
def test_amounts_are_read_with_their_unit_and_shown_with_two_decimals_or_none(typed, amount):
    assert values.show(values.read_amount(typed)) == amount


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("-0.01", "at least"),
        ("-85", "at least"),
        ("1.234", "two decimals"),
        ("0.001", "two decimals"),
        ("1e-400", "two decimals"),
        ("NaN", "a number"),
        ("-NaN", "a number"),
        ("sNaN", "a number"),
        ("Infinity", "a number"),
        ("1e99", "a number"),
        ("1e9999999", "a number"),
        ("1000000000", "a number"),
        ("八十五", "a number"),
        ("85厘米", "a number"),
        ("元", "a number"),
        ("85平方米元", "a number"),
        ("8 5", "a number"),
        ("", "a number"),
    ],
)
def test_amounts_are_never_negative_or_finer_than_a_cent_or_no_number_at_all(typed, because):
    with pytest.raises(Invalid, match=because):
        values.read_amount(typed)


def test_nothing_has_no_sign():
    assert values.show(values.read_amount("-0")) == "0"


@given(st.decimals(min_value=0, max_value=999_999_999, places=2))
def test_every_amount_survives_being_shown_and_typed_again(amount):
    assert values.read_amount(values.show(amount)) == amount


@pytest.mark.parametrize(("typed", "fits"), [("20", True), ("19", False), ("-20", False)])
def test_a_number_below_the_least_is_refused(typed, fits):
    read = values.at_least(20, values.read_integer)
    if fits:
        assert read(typed) == 20
    else:
        with pytest.raises(Invalid) as refused:
            read(typed)
        assert refused.value.params == {"least": 20}


# --- days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-05",
        "2026-3-5",
        "2026.3.5",
        "2026/03/05",
        "2026年3月5日",
        "2026 年 3 月 5 日",
        "20260305",
        "２０２６年３月５日",
        " 2026-03-05 ",
        "2026。3。5",
        "2026，3，5",
        "2026 3 5",
        "2026—03—05",
        "2026年3月5号",
    ],
)
def test_a_day_is_read_in_every_form_people_write(typed):
    assert values.read_date(typed) == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("2026-02-31", "no such day"),
        ("2025-02-29", "no such day"),
        ("2026-13-01", "no such day"),
        ("2026-00-10", "no such day"),
        ("20260431", "no such day"),
        ("1899-12-31", "1900"),
        ("2201-01-01", "1900"),
        ("9999-12-31", "1900"),
        ("0000-01-01", "1900"),
        *((typed, "Please add the day, like 1980-06-01") for typed in ("1980.6", "1980-06", "1980年6月", "198006")),
        *((typed, "Please add the month and the day") for typed in ("1980", "1980年", "１９８０")),
        ("0305", "Please write the date like"),
        *((typed, "four digits, like 1980-06-01") for typed in ("6月1日", "06-01", "6.1", "80.6.1", "80年6月1日")),
        ("1980.13", "like 2026-03-05"),
        ("0000", "like 2026-03-05"),
        ("2.30", "like 2026-03-05"),
        ("5.3.2026", "like 2026-03-05"),
        ("今天", "like 2026-03-05"),
        ("2026-03-05 08:00", "like 2026-03-05"),
        ("46086", "like 2026-03-05"),
    ],
)
def test_a_day_that_is_none_is_refused_with_its_reason(typed, because):
    with pytest.raises(Invalid) as refused:
        values.read_date(typed)
    assert because in refused.value.message % refused.value.params


def test_leap_day_and_the_ends_of_the_calendar_are_days():
    for typed in ("2024-02-29", "1900-01-01", "2200-12-31"):
        assert values.read_date(typed).isoformat() == typed


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_every_day_survives_being_shown_and_typed_again(day):
    assert values.read_date(values.show(day)) == day


# --- yes and no --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *((typed, True) for typed in ("1", "１", "是", "有", "对", "√", "✓", "✔", "Y", "on")),
        *((typed, False) for typed in ("", " ", "0", "否", "无", "没有", "×", "✗", "no")),
    ],
)
def test_yes_and_no_are_understood(typed, meant):
    assert values.read_flag(typed) is meant


@pytest.mark.parametrize("typed", ["也许", "2", "是的吧"])
def test_an_unclear_answer_is_refused(typed):
    with pytest.raises(Invalid):
        values.read_flag(typed)


# --- identity numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105 19491231 002X", "11010519491231002X"),
        (" 110105195603070012 ", "110105195603070012"),
    ],
)
def test_an_identity_number_is_read_as_it_stands_on_the_card(typed, number):
    assert values.read_id_number(typed) == number


@pytest.mark.parametrize(
    "number",
    ["321281195603070014", "321202194512010018", "320102196608080025", "321081195603070013", "440301198001010010"],
)
def test_people_born_before_their_county_got_its_code_have_valid_numbers(number):
    """The code is that of the place where the card was first issued (from 1984 on), not of the birth year."""
    assert values.read_id_number(_with_check_digit(number)) == _with_check_digit(number)


def _with_check_digit(number: str) -> str:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return number[:17] + "10X98765432"[total % 11]


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(place, shift):
    number = "110105195603070012"
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(Invalid):
        values.read_id_number(wrong)


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("110105195603070013", "check digit"),
        ("11010519560307001X", "check digit"),
        ("1.10105E+17", "rounded"),
        ("1.10105195603070E17", "rounded"),
        ("1.10105e+17", "rounded"),
        ("110105560307001", "old ID number of 15 digits"),
        ("11010556030700", "18 characters"),
        ("1101051956030700123", "18 characters"),
        ("", "18 characters"),
        (_with_check_digit("11010519560231001"), "not a valid"),
        (_with_check_digit("00010519560307001"), "not a valid"),
        ("11010519560307X012", "not a valid"),
    ],
)
def test_a_wrong_identity_number_is_refused_with_its_reason(typed, because):
    with pytest.raises(Invalid, match=because):
        values.read_id_number(typed)


def _as_the_library_judges(number: str) -> bool:
    """The rule the fast reader must agree with, in the words of python-stdnum."""
    try:
        born = ric.get_birth_date(number)
        return ric.calc_check_digit(number) == number[-1] and 1900 <= born.year <= 2200
    except (ValidationError, ValueError):
        return False


@given(
    numbers_of(r"(1[1-5]|3[1-7]|65)[0-9]{4}(19|20)[0-9]{2}(0[0-9]|1[0-3])([0-2][0-9]|3[0-2])[0-9]{3}"), st.booleans()
)
def test_identity_numbers_are_judged_as_the_library_judges_them(digits, is_right):
    number = _with_check_digit(digits) if is_right else digits + "7"
    accepted = True
    try:
        assert values.read_id_number(number) == number
    except Invalid:
        accepted = False
    assert accepted == _as_the_library_judges(number)


# --- credit codes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["91110000600037341L", "91110000600037341l", "９１１１００００６０００３７３４１Ｌ", "911100006000 37341L"]
)
def test_a_credit_code_is_read(typed):
    assert values.read_uscc(typed) == "91110000600037341L"


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("91110000600037341M", "check digit"),
        ("9111000060003734IL", "not a valid"),
        ("A1110000600037341L", "not a valid"),
        ("9111000060003734", "18 characters"),
        ("", "18 characters"),
    ],
)
def test_a_wrong_credit_code_is_refused_with_its_reason(typed, because):
    with pytest.raises(Invalid, match=because):
        values.read_uscc(typed)


# --- phones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0523-86881234", "0523-86881234"),
        ("052386881234", "0523-86881234"),
        ("(0523) 86881234", "0523-86881234"),
        ("010-62345678", "010-62345678"),
        ("400-800-8888", "4008008888"),
    ],
)
def test_mobile_fixed_and_service_numbers_are_read_into_one_form(typed, number):
    assert values.read_phone(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "12345678901",
        "1381234567",
        "138123456789",
        "+1 650 253 0000",
        "86881234",
        "没有",
        "",
        "0523-86881234-1234",
        "13812345678 转 12",
        "138ABCDEFGH",
        "13812345678 13912345678",
    ],
)
def test_what_cannot_be_dialled_from_here_is_refused(typed):
    with pytest.raises(Invalid):
        values.read_phone(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("8688 1234", "add the area code"),
        ("1381234567", "11 digits"),
        ("138123456789", "11 digits"),
        ("999", "not a valid"),
    ],
)
def test_what_is_missing_in_a_number_is_told(typed, said):
    with pytest.raises(Invalid, match=said):
        values.read_phone(typed)


def _as_the_library_writes(text: str) -> str | None:
    """A number as phonenumbers alone reads and writes it; None if it holds it invalid."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if number.country_code != 86 or not phonenumbers.is_valid_number(number):
        return None
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return national.replace(" ", "-", 1).replace(" ", "") if national.startswith("0") else national.replace(" ", "")


@settings(max_examples=400)
@given(numbers_of(r"1[0-9]{10}|0[1-9][0-9]{8,10}|1[0-9]{9,11}"))
def test_phones_are_judged_and_written_as_the_library_does(text):
    try:
        read = values.read_phone(text)
    except Invalid:
        read = None
    assert read == _as_the_library_writes(text)


def test_every_range_of_mobile_numbers_is_judged_as_the_library_judges_it():
    ranges = [f"{prefix}345678" for prefix in range(10_000, 20_000)]
    assert [number for number in ranges if _is_read(number) != (_as_the_library_writes(number) == number)] == []


def _is_read(number: str) -> bool:
    try:
        return values.read_phone(number) == number
    except Invalid:
        return False


# --- hours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["8:30-17:30", "每天 6:30-7:30、19:00-20:00", "8：30至11：30", "周一至周五 8:30—17:30", "随时", "6:30–7:30"],
)
def test_opening_hours_are_kept_as_written(typed):
    assert values.read_hours(typed) == typed


@pytest.mark.parametrize(
    "typed", ["17:30-8:30", "8:30-8:30", "8:30-11:30、17:30-14:00", "17：30至8：30", "17：30～8：30", "17:30－8:30"]
)
def test_hours_that_end_before_they_start_are_refused(typed):
    with pytest.raises(Invalid, match="end before"):
        values.read_hours(typed)


# --- showing and masking -----------------------------------------------------------------------------------------


def test_nothing_is_shown_as_nothing():
    assert values.show(None) == ""


def test_the_masks_show_what_identifies_and_hide_the_rest():
    assert values.mask_phone("13812345678") == "138****5678"
    assert values.mask_phone("4008008888") == "****"
    assert values.mask_id_number("11010519491231002X") == "110***********002X"
    assert values.mask_id_number("110105194912310") == "****"
    assert [values.mask_name(name) for name in ("张", "张明", "张大明", "阿依古丽")] == [
        "张*",
        "张*",
        "张*明",
        "阿**丽",
    ]
    assert values.mask_day("1956-03-07") == "1956-**-**"
    assert values.mask_all("任何内容") == "****"


@given(numbers_of(r"1[3-9][0-9]{9}"))
def test_a_masked_mobile_number_hides_its_middle(number):
    assert re.fullmatch(r"\d{3}\*{4}\d{4}", values.mask_phone(number))
    assert number[3:7] not in values.mask_phone(number)[3:7]


@given(numbers_of(r"[0-9]{17}[0-9X]"))
def test_a_masked_identity_number_hides_birth_date_and_district(number):
    assert values.mask_id_number(number)[3:14] == "*" * 11


@given(numbers_of(r"[0-9-]{0,17}"))
def test_a_number_too_short_to_mask_is_hidden_altogether(text):
    assert values.mask_id_number(text) == "****"
    if len(text) < 11:
        assert values.mask_phone(text) == "****"


@given(HAN)
def test_a_masked_name_keeps_its_length_and_never_its_middle(name):
    masked = values.mask_name(name)
    assert masked[0] == name[0]
    assert masked[1:-1] == "*" * (len(masked) - 2)
    assert len(masked) == max(len(name), 2)


def test_decimals_stay_decimals():
    assert isinstance(values.read_decimal("1.10"), Decimal)
