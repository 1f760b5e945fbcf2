"""How a notice is composed: only allowed columns, every cell under its mask, nothing personal in the wording."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.disclosure.rules import NotAllowed, PrintColumn, Wording, check_wording, compose, issue, number
from app.kernel.values import mask_name, mask_phone

NAME = PrintColumn("name", "姓名", mask=mask_name)
PHONE = PrintColumn("phone", "联系电话", mask=mask_phone)
PLACES = PrintColumn("places", "人数", figures=True)
ALLOWED = (NAME, PHONE, PLACES)
ROWS = (
    {"name": "张大明", "phone": "13812345678", "places": "3", "id_number": "11010519491231002X"},
    {"name": "李华", "phone": "", "places": "12"},
)
WORDING = Wording("公示", "春和社区居民委员会", columns=("name", "places"), opening="现予公示。\n\n 特此公告。 ")


def test_a_notice_has_the_chosen_columns_in_the_order_of_the_register():
    sheet = compose(replace(WORDING, columns=("places", "name")), ALLOWED, ROWS)
    assert [column.label for column in sheet.table.columns] == ["序号", "姓名", "人数"]
    assert sheet.table.rows == (("1", "张*明", "3"), ("2", "李*", "12"))


@pytest.mark.parametrize("asked", ["id_number", "password", "", "name "])
def test_a_column_that_is_not_allowed_is_refused_even_if_the_rows_have_it(asked):
    assert compose(WORDING, ALLOWED, ROWS).table
    with pytest.raises(NotAllowed):
        compose(replace(WORDING, columns=("name", asked)), ALLOWED, ROWS)


def test_what_was_not_chosen_is_nowhere_in_the_snapshot():
    stored = compose(WORDING, ALLOWED, ROWS).to_json()
    assert "13812345678" not in stored
    assert "11010519491231002X" not in stored
    assert "张大明" not in stored
    assert "张*明" in stored


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=3, max_size=20))
def test_a_masked_cell_is_never_stored_in_full(name):
    assert name not in compose(WORDING, (NAME, PLACES), [{"name": name, "places": "1"}]).to_json()


def test_an_empty_cell_stays_empty_under_its_mask():
    sheet = compose(replace(WORDING, columns=("phone",)), ALLOWED, ROWS)
    assert sheet.table.rows == (("1", "138****5678"), ("2", ""))


def test_a_cell_the_rows_do_not_have_is_empty():
    assert compose(WORDING, ALLOWED, [{}]).table.rows == (("1", "", ""),)


def test_a_notice_without_columns_is_a_text_without_a_table():
    sheet = compose(replace(WORDING, columns=()), ALLOWED, ROWS)
    assert sheet.table is None
    assert sheet.paragraphs == ("现予公示。", "特此公告。")


def test_figures_stand_on_the_right():
    assert [column.align for column in compose(WORDING, ALLOWED, ROWS).table.columns] == ["center", "left", "right"]


def test_a_composed_notice_is_a_draft_and_an_issued_one_is_numbered_and_dated():
    draft = compose(WORDING, ALLOWED, ROWS)
    final = issue(draft, "春和社区〔2026〕12号", date(2026, 3, 5))
    assert (draft.draft, draft.number, draft.issued_on) == (True, "", "")
    assert (final.draft, final.number, final.issued_on) == (False, "春和社区〔2026〕12号", "2026-03-05")
    assert final.table == draft.table
    assert final.digest() != draft.digest()


@pytest.mark.parametrize(("sequence", "written"), [(1, "1"), (12, "12"), (105, "105")])
def test_a_number_has_hexagonal_brackets_and_no_leading_zero(sequence, written):
    assert number("春和社区", 2026, sequence) == f"春和社区〔2026〕{written}号"


# --- wording -----------------------------------------------------------------------------------------------------


def wrong(**change: object) -> list[str]:
    return [violation.field for violation in check_wording(replace(WORDING, **change))]


def test_a_good_wording_has_nothing_wrong():
    assert wrong() == []


@pytest.mark.parametrize("where", ["title", "issuer", "opening", "closing"])
@pytest.mark.parametrize(
    "personal",
    [
        "11010519491231002X",
        "身份证11010519491231002x。",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "手机：13812345678，",
        "+8613812345678",
        "+86 13812345678",
        "１３８１２３４５６７８",
    ],
)
def test_an_identity_or_mobile_number_in_the_wording_is_refused_where_it_stands(where, personal):
    assert wrong(**{where: f"请联系{personal}"}) == [where]


@pytest.mark.parametrize(
    "harmless",
    [
        "0523-86881234",
        "400-800-8888",
        "12345",
        "91110000600037341L",
        "2026年3月5日至2026年3月11日",
        "20260305",
        "春和社区〔2026〕12号",
        "共计13800000元",
        "6222021001112345678",
    ],
)
def test_office_phones_credit_codes_and_days_may_be_posted(harmless):
    assert wrong(opening=f"咨询：{harmless}") == []


def test_the_message_does_not_repeat_the_number_it_forbids():
    for text in ("11010519491231002X", "13812345678"):
        (violation,) = check_wording(replace(WORDING, opening=text))
        assert text not in violation.message % violation.params


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"issuer": ""}, "issuer"),
        ({"columns": (), "opening": "\n"}, "columns"),
        ({"title": "长" * 121}, "title"),
        ({"issuer": "长" * 81}, "issuer"),
        ({"opening": "长" * 5001}, "opening"),
        ({"closing": "长" * 1001}, "closing"),
    ],
)
def test_a_notice_has_a_title_an_issuer_and_something_to_say_of_bearable_length(change, field):
    assert wrong(**change) == [field]
