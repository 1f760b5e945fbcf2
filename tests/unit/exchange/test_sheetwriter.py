"""Tables written as workbooks and as CSV, looked at as Excel and the readers of other systems see them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from python_calamine import load_workbook

from app.exchange.sheetwriter import CUT, MEASURED, MOST_CHARACTERS, Cell, Column, sheet_name, write_csv, write_xlsx

COLUMNS = (
    Column("姓名"),
    Column("出生日期", "date"),
    Column("身份证号"),
    Column("时长", "number"),
    Column("登记时间", "moment"),
)
ZHANG = ("张明", date(1956, 3, 5), "110105195603050018", Decimal("12.5"), datetime(2026, 3, 5, 8, 30))


def xlsx(rows: Sequence[Sequence[Cell]], columns: Sequence[Column] = COLUMNS, remark: str = "志愿者　共 1 行") -> bytes:
    file = BytesIO()
    write_xlsx(file, "志愿者", remark, columns, iter(rows))
    return file.getvalue()


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(BytesIO(data)).active


def of_csv(rows: Sequence[Sequence[Cell]], columns: Sequence[Column] = COLUMNS) -> str:
    file = BytesIO()
    write_csv(file, "志愿者", columns, iter(rows))
    assert not file.closed
    return file.getvalue().decode()


def test_days_are_days_and_numbers_numbers_for_whoever_opens_the_workbook():
    for read in (
        [cell.value for cell in opened(xlsx([ZHANG]))[3]],
        load_workbook(BytesIO(xlsx([ZHANG]))).get_sheet_by_index(0).to_python()[2],
    ):
        assert read[0] == "张明"
        assert str(read[1]).startswith("1956-03-05")
        assert isinstance(read[1], date)
        assert read[2] == "110105195603050018"
        assert read[3] == 12.5
        assert read[4] == datetime(2026, 3, 5, 8, 30)


def test_what_is_text_stays_text_when_somebody_types_over_it():
    row = opened(xlsx([ZHANG]))[3]
    assert [cell.number_format for cell in row] == ["@", "yyyy-mm-dd", "@", "General", "yyyy-mm-dd hh:mm"]
    assert row[2].data_type == "s"


@pytest.mark.parametrize("text", ["=1+1", "+8613812345678", "-5%", "@SUM(A1)", '=HYPERLINK("http://x")', "{=1}"])
def test_no_text_ever_becomes_a_formula(text):
    data = xlsx([(text, text, text, text, text)], remark=text)
    cells = [cell for row in opened(data).iter_rows() for cell in row if cell.value]
    assert [cell.value for cell in cells].count(text) == 6
    assert {cell.data_type for cell in cells} == {"s"}
    assert b"<f" not in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_the_remark_stands_over_the_heads_which_stay_in_view_and_filter():
    page = opened(xlsx([ZHANG, ZHANG], remark="春和社区志愿者　共 2 行"))
    assert page["A1"].value == "春和社区志愿者　共 2 行"
    assert "A1:E1" in [str(merged) for merged in page.merged_cells.ranges]
    assert [cell.value for cell in page[2]] == [column.head for column in COLUMNS]
    assert all(cell.font.b for cell in page[2])
    assert page.freeze_panes == "A3"
    assert page.auto_filter.ref == "A2:E4"


def test_a_long_remark_gets_as_many_lines_as_it_needs():
    short, long = (opened(xlsx([ZHANG], remark="共" * length)).row_dimensions[1].height for length in (5, 200))
    assert long >= 4 * short


def test_a_list_of_nobody_has_its_heads():
    page = opened(xlsx([]))
    assert [cell.value for cell in page[2]] == [column.head for column in COLUMNS]
    assert not [cell.value for row in page.iter_rows(min_row=3) for cell in row if cell.value]


def test_a_list_of_one_column_has_its_remark_too():
    page = opened(xlsx([("张明",)], columns=[Column("姓名")]))
    assert [page["A1"].value, page["A2"].value, page["A3"].value] == ["志愿者　共 1 行", "姓名", "张明"]


def test_columns_of_the_same_name_are_told_apart():
    page = opened(xlsx([("1", "2", "3")], columns=[Column("电话"), Column("电话"), Column("电话")]))
    assert [cell.value for cell in page[2]] == ["电话", "电话 2", "电话 3"]
    assert [cell.value for cell in page[3]] == ["1", "2", "3"]


def test_a_chinese_column_is_twice_as_wide_as_a_latin_one_and_none_is_endless():
    rows = [("一二三四五六七八九十", "abcdefghij", "长" * 300)]
    page = opened(xlsx(rows, columns=[Column("甲"), Column("乙"), Column("丙")]))
    chinese, latin, endless = (page.column_dimensions[letter].width for letter in "ABC")
    assert chinese > 1.7 * latin
    assert endless < 60


def test_an_empty_cell_is_empty_and_a_masked_day_is_text():
    row = opened(xlsx([("张明", "1956-**-**", None, None, None)]))[3]
    assert [cell.value for cell in row] == ["张明", "1956-**-**", None, None, None]


def test_a_day_before_workbooks_have_days_is_written_out():
    assert opened(xlsx([("张明", date(1899, 12, 31), None, None, None)]))[3][1].value == "1899-12-31"


def test_what_no_cell_can_hold_is_cut_and_says_so():
    value = opened(xlsx([("长" * 40_000, None, None, None, None)]))[3][0].value
    assert len(value) == MOST_CHARACTERS
    assert value.endswith(CUT)


def test_rows_are_written_while_they_come():
    asked = 0

    def rows() -> Iterator[Sequence[Cell]]:
        nonlocal asked
        for number in range(3 * MEASURED):
            asked += 1
            yield (f"居民{number}",)

    file = BytesIO()
    write_xlsx(file, "居民", "全部", [Column("姓名")], rows())
    assert asked == 3 * MEASURED
    names = [row[0] for row in opened(file.getvalue()).iter_rows(min_row=3, values_only=True)]
    assert names == [f"居民{number}" for number in range(3 * MEASURED)]


@pytest.mark.parametrize(
    ("name", "called"), [("上/下[1]", "上下1"), ("", "Sheet1"), ("长" * 40, "长" * 31), ("'a'", "a")]
)
def test_a_sheet_is_called_what_a_workbook_allows(name, called):
    assert sheet_name(name) == called


# --- csv ---------------------------------------------------------------------------------------------------------


def test_csv_opens_as_chinese_in_excel_and_reads_as_it_was():
    text = of_csv([ZHANG, ("李华", None, None, 3, None)])
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == 4
    assert list(csv.reader(text.removeprefix("\ufeff").splitlines())) == [
        ["志愿者"],
        ["姓名", "出生日期", "身份证号", "时长", "登记时间"],
        ["张明", "1956-03-05", "110105195603050018\t", "12.5", "2026-03-05 08:30"],
        ["李华", "", "", "3", ""],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_carries_no_formula(text):
    assert f"'{text}" in of_csv([(text, None, None, None, None)])


@pytest.mark.parametrize("text", ["-5", "+8613812345678", "-12.50", "13812345678", "0523-86881234", "3号楼"])
def test_what_is_no_formula_is_left_alone_in_csv(text):
    assert f"\r\n{text},,,," in of_csv([(text, None, None, None, None)])


@pytest.mark.parametrize("text", ["110105195603050018", "007", "62220200000000000"])
def test_digits_that_excel_would_change_are_kept_from_it(text):
    assert f"\r\n{text}\t,,,," in of_csv([(text, None, None, None, None)])
