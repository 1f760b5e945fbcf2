"""How a notice is composed: only allowed columns, every cell under its mask; how it is numbered, checked, corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.disclosure.rules import (
    CODE_LENGTH,
    LENGTHS,
    Difference,
    NotAllowed,
    PrintColumn,
    Uneven,
    Wording,
    allowed,
    as_the_last,
    check_wording,
    compose,
    correction,
    difference,
    first_wording,
    issue,
    number,
    plain_text,
    read_short_code,
    short_code,
    term_in_words,
    typed_table,
)
from app.kernel.values import mask_name, mask_phone
from app.printing import LIMITS, Column, Snapshot, Table

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


AMOUNT = PrintColumn("amount", "金额（元）", figures=True)


def amounts(*cells: str, column: PrintColumn = AMOUNT) -> list[str]:
    """What stands in a column of a notice made of these figures."""
    sheet = compose(replace(WORDING, columns=("amount",)), (column,), [{"amount": cell} for cell in cells])
    return [row[1] for row in sheet.table.rows]


def test_the_figures_of_a_column_have_decimals_all_or_none():
    assert amounts("640", "1924.50", "1,485", "-3", "") == ["640.00", "1924.50", "1,485.00", "-3.00", ""]
    assert amounts("640", "1485") == ["640", "1485"]
    assert amounts("640", "1924.50", column=replace(AMOUNT, figures=False)) == ["640", "1924.50"]


def test_a_composed_notice_is_a_draft_and_an_issued_one_is_numbered_and_dated():
    draft = compose(WORDING, ALLOWED, ROWS)
    final = issue(draft, "春和社区〔2026〕12号", date(2026, 3, 5), "7K2M-9QXD", "https://portal/notice/check/7K2M-9QXD")
    assert (draft.draft, draft.number, draft.issued_on, draft.short_code, draft.qr) == (True, "", "", "", "")
    assert (final.draft, final.number, final.issued_on) == (False, "春和社区〔2026〕12号", "2026-03-05")
    assert (final.short_code, final.qr) == ("7K2M-9QXD", "https://portal/notice/check/7K2M-9QXD")
    assert final.table == draft.table
    assert final.digest() != draft.digest()


@pytest.mark.parametrize(("sequence", "written"), [(1, "1"), (12, "12"), (105, "105")])
def test_a_number_has_hexagonal_brackets_and_no_leading_zero(sequence, written):
    assert number("春和社区", 2026, sequence) == f"春和社区〔2026〕{written}号"


# --- what a catalogue item allows ---------------------------------------------------------------------------------


def test_an_item_without_a_list_allows_every_column():
    assert allowed(ALLOWED, {}) == list(ALLOWED)


def test_an_item_allows_only_the_columns_on_its_list_in_the_order_of_the_register():
    assert [column.name for column in allowed(ALLOWED, {"places": "", "name": ""})] == ["name", "places"]


def test_a_column_the_item_does_not_list_is_refused_when_asked_for():
    with pytest.raises(NotAllowed):
        compose(WORDING, allowed(ALLOWED, {"name": ""}), ROWS)


def test_an_item_lists_nothing_that_the_register_does_not_offer():
    assert [column.name for column in allowed(ALLOWED, {"id_number": "", "name": ""})] == ["name"]


def test_the_mask_of_an_item_comes_on_top_of_the_registers_own():
    bare = PrintColumn("head", "户主")
    head, phone = allowed([bare, PHONE], {"head": "name", "phone": "name"})
    assert head.mask("张大明") == "张*明"
    assert phone.mask("13812345678") == mask_name(mask_phone("13812345678"))


def test_an_item_cannot_take_a_mask_away():
    for listed in ({"name": ""}, {"name": "no such mask"}):
        (name,) = allowed([NAME], listed)
        assert name.mask("张大明") == "张*明"


# --- wording ------------------------------------------------------------------------------------------------------


def wrong(**change: object) -> list[str]:
    return [violation.field for violation in check_wording(replace(WORDING, **change))]


def test_a_good_wording_has_nothing_wrong():
    assert wrong() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"issuer": ""}, "issuer"),
        ({"columns": (), "opening": "\n", "table": "\t"}, "opening"),
        *(({name: "长" * (limit + 1)}, name) for name, limit in LENGTHS.items()),
        ({"table": "姓名\t金额\n张三\t1\t2"}, "table"),
        ({"table": "\t".join("甲" * (LIMITS["columns"] + 1))}, "table"),
    ],
)
def test_a_notice_has_a_title_an_issuer_and_texts_and_a_table_of_bearable_size(change, field):
    assert wrong(**change) == [field]


@pytest.mark.parametrize("change", [{"columns": ("name",)}, {"opening": "停水"}, {"table": "事项\t时间"}])
def test_columns_a_text_or_a_table_is_enough_to_say(change):
    assert wrong(**{"columns": (), "opening": "", **change}) == []


@pytest.mark.parametrize("name", [name for name in LENGTHS if name != "table"])
def test_a_text_may_be_as_long_as_is_said(name):
    assert wrong(**{name: "长" * LENGTHS[name]}) == []


def test_the_first_words_name_the_place_the_period_and_the_matter():
    wording = first_wording("春和社区", "居务开支", "2026年第三季度", "", "居委会", "0523-86881234", ("kind",))
    assert wording.title == "春和社区2026年第三季度居务开支公示"
    assert "春和社区2026年第三季度居务开支有关情况" in wording.opening
    assert wording.closing == "监督电话：0523-86881234"
    assert first_wording("春和社区", "拟发展党员公示", "", "", "居委会", "").title == "春和社区拟发展党员公示"
    assert first_wording("春和社区", "", "", "", "居委会", "").title == ""


def test_the_proposed_title_says_nothing_twice_and_names_the_occasion() -> None:
    assert (
        first_wording("春和社区", "社区协商结果", "", "充电棚选址", "居委会", "").title
        == "春和社区协商结果公示（充电棚选址）"
    )
    assert first_wording("春和社区", "年度工作计划", "2026年", "", "居委会", "").title == "春和社区2026年度工作计划公示"


def test_the_next_notice_about_a_matter_keeps_what_was_decided_the_last_time():
    last = replace(WORDING, title="上次", columns=("name", "gone"), closing="电话", paper="A3", landscape=True)
    wording = as_the_last(replace(WORDING, title="这次"), last)
    assert (wording.title, wording.columns) == ("这次", ("name",))
    assert (wording.closing, wording.paper, wording.landscape) == ("电话", "A3", True)
    assert as_the_last(WORDING, replace(last, columns=("gone",))).columns == WORDING.columns


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((2026, 7, 1), (2026, 9, 30), "2026年第三季度"),
        ((2026, 10, 1), (2026, 12, 31), "2026年第四季度"),
        ((2026, 2, 1), (2026, 2, 28), "2026年2月"),
        ((2026, 1, 1), (2026, 12, 31), "2026年"),
        ((2026, 2, 1), (2026, 4, 30), "2026年2月1日至2026年4月30日"),
        ((2026, 1, 1), (2026, 11, 22), "2026年1月1日至2026年11月22日"),
    ],
)
def test_a_term_is_called_what_people_call_it(first, last, words):
    assert term_in_words(date(*first), date(*last)) == words


# --- a table typed or pasted --------------------------------------------------------------------------------------


def rows(text: str) -> tuple[tuple[str, ...], ...]:
    table = typed_table(text)
    assert table is not None
    return table.rows


def test_a_pasted_table_has_its_first_line_as_headings():
    table = typed_table("姓名\t金额\r\n张三\t1,200.50\r\n李四\t90\r\n")
    assert [column.label for column in table.columns] == ["姓名", "金额"]
    assert table.rows == (("张三", "1,200.50"), ("李四", "90"))


@pytest.mark.parametrize("blank", ["", "\n \n", "\t\t\n"])
def test_nothing_typed_is_no_table(blank):
    assert typed_table(blank) is None


def test_short_lines_are_filled_up_and_empty_cells_behind_the_last_do_not_count():
    assert rows("姓名\t金额\n张三\n李四\t90\t\t") == (("张三", ""), ("李四", "90"))


def test_an_empty_cell_before_others_keeps_its_place():
    assert rows("\t金额\n\t90") == (("", "90"),)


def test_a_correction_greets_first():
    wording = replace(WORDING, opening="各位居民：\n请清理楼道。")
    once = correction(wording, "和风社区〔2026〕38号")
    assert once.opening == "各位居民：\n本公告更正并代替和风社区〔2026〕38号，原公告同时撤下。\n请清理楼道。"
    assert correction(once, "和风社区〔2026〕38号").opening == once.opening


def test_a_day_takes_no_more_room_on_the_sheet_than_its_digits_are_wide():
    offered = (PrintColumn("on", "日期"), PrintColumn("purpose", "摘要"))
    rows = [{"on": "2026-11-17", "purpose": "困难家庭冬季取暖补助十二户"}]
    table = compose(Wording("题", "居委会", columns=("on", "purpose")), offered, rows).table
    _serial, day, purpose = (column.weight for column in table.columns)
    assert purpose > 2 * day


def test_a_line_with_too_many_cells_is_told_by_its_number_as_typed():
    with pytest.raises(Uneven) as told:
        typed_table("姓名\t金额\n\n张三\t1\n李四\t2\t多")
    assert told.value.line == 4


@pytest.mark.parametrize("figures", [["1,200.50", "-3", ""], ["12%", "+0.5"], ["2026"]])
def test_columns_of_figures_are_set_flush_right(figures):
    table = typed_table("\n".join(["金额", *figures, "0"]))
    assert table.columns[0].align == "right"


@pytest.mark.parametrize("texts", [["张三"], ["12元"], ["2026-03-05"], ["3", "无"], [""]])
def test_other_columns_are_not(texts):
    table = typed_table("\n".join(["甲\t乙", *(f"{text}\t1" for text in texts)]))
    assert table.columns[0].align == "left"


def test_a_typed_table_stands_in_the_notice_without_a_serial_number():
    sheet = compose(replace(WORDING, columns=(), table="事项\t时间\n停水\t3月5日"), [], [])
    assert [column.label for column in sheet.table.columns] == ["事项", "时间"]
    assert sheet.table.rows == (("停水", "3月5日"),)


CELL = st.text(st.characters(categories=["Lo", "Nd", "Lu"]), min_size=1, max_size=8)


@given(st.integers(1, 6).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)))
def test_what_a_sheet_copies_comes_back_cell_by_cell(cells):
    table = typed_table("\r\n".join("\t".join(row) for row in cells))
    assert [[column.label for column in table.columns], *map(list, table.rows)] == cells


# --- the check code -----------------------------------------------------------------------------------------------

CODES = st.integers(0, 2**40 - 1)


@given(CODES)
def test_a_check_code_is_read_as_it_was_written(number):
    code = short_code(number)
    assert len(code) == CODE_LENGTH + 1
    assert read_short_code(code) == code


@given(CODES, CODES)
def test_two_numbers_have_two_codes(one, other):
    assert (short_code(one) == short_code(other)) == (one == other)


@given(CODES, st.data())
def test_a_code_is_understood_however_it_is_typed(number, data):
    """O for 0, I or L for 1, small letters, full-width letters, spaces and dashes anywhere."""
    code = short_code(number)
    typed = ""
    for character in code.replace("-", ""):
        looks_like = {"0": "0Oo", "1": "1IiLl"}.get(character, character + character.lower())
        typed += data.draw(st.sampled_from(looks_like)) + data.draw(st.sampled_from(["", " ", "-", "—", "\u3000"]))
    if data.draw(st.booleans()):
        typed = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in typed)
    assert read_short_code(f" {typed}\n") == code


@given(CODES)
def test_the_whole_address_may_be_scanned(number):
    code = short_code(number)
    for address in (f"http://10.0.0.5:8000/notice/check/{code}", f"https://portal/notice/check/{code}/", f"/{code}"):
        assert read_short_code(address) == code


@pytest.mark.parametrize(
    "text", ["", "7K2M", "7K2M-9QXDA", "7K2M-9QXU", "春和社区〔2026〕12号", "/", "7K2M/9QXD", "7K2M9QX*"]
)
def test_what_is_no_code_is_nothing(text):
    assert read_short_code(text) == ""


# --- corrections --------------------------------------------------------------------------------------------------

OLD, NEWER = "春和社区〔2026〕12号", "春和社区〔2026〕13号"


def test_a_correction_says_what_it_replaces_before_everything_else():
    wording = correction(WORDING, OLD)
    assert wording.title == "公示（更正）"
    first, *others = wording.opening.splitlines()
    assert first == "本公告更正并代替春和社区〔2026〕12号，原公告同时撤下。"
    assert others == WORDING.opening.splitlines()
    assert replace(wording, title=WORDING.title, opening=WORDING.opening) == WORDING, "nothing else changes"


def test_the_correction_of_a_correction_speaks_only_of_the_one_it_replaces():
    wording = correction(correction(WORDING, OLD), NEWER)
    assert wording == correction(WORDING, NEWER)
    assert OLD not in wording.opening


def test_a_title_with_no_room_for_it_stays_as_it_is():
    for length in range(LENGTHS["title"] - 6, LENGTHS["title"] + 1):
        wording = correction(replace(WORDING, title="长" * length), OLD)
        assert not [violation.field for violation in check_wording(wording)]
        assert wording.title.startswith("长" * length)


# --- what has changed ---------------------------------------------------------------------------------------------


def sheet_of(*rows: tuple[str, ...]) -> Snapshot:
    numbered = tuple((str(position), *row) for position, row in enumerate(rows, 1))
    table = Table((Column("序号"), Column("姓名"), Column("岗位")), numbered) if rows else None
    return Snapshot(layout="notice", title="公示", issuer="居委会", table=table)


A, B, C = ("张三", "宣讲"), ("李四", "巡逻"), ("王五", "调解")


@pytest.mark.parametrize(
    ("posted", "current", "gone", "new", "reordered"),
    [
        ((A, B), (A, B), (), (), False),
        ((A, B), (B,), (A,), (), False),
        ((A,), (A, B), (), (B,), False),
        ((A, B), (A, C), (B,), (C,), False),
        ((A, B), (B, A), (), (), True),
        ((A, A), (A,), (A,), (), False),
        ((A,), (A, A), (), (A,), False),
        ((A,), (), (A,), (), False),
        ((), (), (), (), False),
    ],
)
def test_what_went_and_what_came_is_told_and_a_serial_number_is_no_change(posted, current, gone, new, reordered):
    found = difference(sheet_of(*posted), sheet_of(*current))
    assert found == Difference(gone, new, reordered)
    assert bool(found) == (posted != current)


def test_decimals_a_figure_has_for_its_neighbours_sake_are_no_change_but_others_are():
    a, b = ("办公用品", "640"), ("电费", "1924.50")
    assert not difference(sheet_of(a, b), sheet_of(("办公用品", "640.00"), b))
    assert not difference(sheet_of(("办公用品", "640.00"), b), sheet_of(a, b))
    changed = difference(sheet_of(a, b), sheet_of(("办公用品", "641.00"), b))
    assert changed == Difference(gone=(a,), new=(("办公用品", "641.00"),)), "is not told as it is printed"


def test_a_sheet_as_issued_does_not_differ_from_its_draft():
    draft = compose(WORDING, ALLOWED, ROWS)
    assert not difference(issue(draft, OLD, date(2026, 3, 5), "7K2M-9QXD", "7K2M-9QXD"), draft)


def test_everything_a_sheet_says_can_be_searched():
    said = plain_text(issue(compose(WORDING, ALLOWED, ROWS), OLD, date(2026, 3, 5), "7K2M-9QXD", "qr")).splitlines()
    assert {"公示", "春和社区居民委员会", OLD, "7K2M-9QXD", "现予公示。", "姓名", "张*明", "12"} <= set(said)
    assert "" not in said
