"""Where the table is in a sheet. The sheets are as messy as those offices send."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exchange import tables
from app.exchange.tables import FoundTable, find_tables
from app.kernel.workbooks import ROSTER, Grid, Range, open_workbook

KNOWN = ["姓名", "性别", "联系电话", "手机", "座机", "身份证号", "服务队", "楼栋", "名称", "地点"]


def grid(*rows: Sequence[str], merged: Sequence[Range] = ()) -> Grid:
    width = max(map(len, rows))
    return Grid("名单", tuple((*row, *[""] * (width - len(row))) for row in rows), tuple(merged))


def only(found: list[FoundTable]) -> FoundTable:
    (table,) = found
    return table


def test_the_table_begins_below_title_and_empty_lines():
    table = only(
        find_tables(
            grid(
                ["春晖社区志愿者花名册"],
                [],
                ["填报单位：春晖社区", "", "2026年3月"],
                ["序号", "姓  名", "手机"],
                ["1", "张明", "13812345678"],
                [],
                ["2", "李华", ""],
            ),
            KNOWN,
        )
    )
    assert table.head == (4, 4)
    assert table.headings == ("序号", "姓名", "手机")
    assert table.lines == (5, 7)
    assert table.rows == (("1", "张明", "13812345678"), ("2", "李华", ""))
    assert table.left_out == ((1, tables.ABOVE), (3, tables.ABOVE))


def test_a_common_heading_is_written_before_those_below_it():
    file = io.BytesIO()
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (
        ["春晖社区居民代表名册"],
        ["序号", "姓名", "联系方式", None, "备注"],
        [None, None, "手机", "座机", None],
        [1, "张明", 13812345678, "0523-86881234", None],
    ):
        sheet.append(row)
    for span in ("A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3"):
        sheet.merge_cells(span)
    workbook.save(file)
    (opened,) = open_workbook(file.getvalue(), "名册.xlsx", ROSTER)
    table = only(find_tables(opened, KNOWN))
    assert table.head == (2, 3)
    assert table.headings == ("序号", "姓名", "联系方式 手机", "联系方式 座机", "备注")
    assert table.rows == (("1", "张明", "13812345678", "0523-86881234", ""),)


def test_a_head_of_two_lines_is_seen_where_a_csv_has_lost_what_was_merged():
    table = only(
        find_tables(
            grid(["序号", "姓名", "联系方式", ""], ["", "", "手机", "座机"], ["1", "张明", "13812345678", ""]), KNOWN
        )
    )
    assert (table.head, table.headings) == ((1, 2), ("序号", "姓名", "联系方式 手机", "联系方式 座机"))


def test_common_headings_above_every_column_belong_to_the_head():
    table = only(
        find_tables(
            grid(
                ["基本情况", "", "联系方式", ""],
                ["姓名", "性别", "手机", "座机"],
                ["张明", "男", "13812345678", ""],
                merged=[Range(0, 0, 0, 1), Range(0, 2, 0, 3)],
            ),
            KNOWN,
        )
    )
    assert table.headings == ("基本情况 姓名", "基本情况 性别", "联系方式 手机", "联系方式 座机")
    assert len(table.rows) == 1


def test_the_first_person_is_no_second_line_of_headings():
    rows = [["姓名", "性别", ""], ["张明", "", "党员"], ["李华", "女", ""]]
    assert only(find_tables(grid(*rows), KNOWN)).lines == (2, 3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["合计", "", "2"], tables.TOTAL),
        (["合  计：2人"], tables.TOTAL),
        (["小计", "", "2"], tables.TOTAL),
        (["", "总计", "2"], tables.TOTAL),
        (["3", "合计", "2"], tables.TOTAL),
        (["共2人"], tables.TOTAL),
        (["填表人：张明", "", "审核人：李华"], tables.NOTE),
        (["说明：本表每季度更新一次。"], tables.NOTE),
        (["注：1.手机号请填全"], tables.NOTE),
        (["备注", "本表由居委会保存"], tables.NOTE),
        (["单位（盖章）"], tables.NOTE),
        (["", "", "制表日期：2026.3.5"], tables.NOTE),
        (["3"], tables.UNFILLED),
        (["二、文艺骨干"], tables.ACROSS),
    ],
)
def test_totals_notes_and_empty_numbers_are_no_people(line, reason):
    table = only(find_tables(grid(["序号", "姓名", "手机"], ["1", "张明", ""], ["2", "李华", ""], line), KNOWN))
    assert table.lines == (2, 3)
    assert table.left_out == ((4, reason),)


@pytest.mark.parametrize("name", ["共青", "注册志愿者", "合欢", "总书记", "备用电话", "小计划", "审核小组"])
def test_a_name_that_begins_like_a_total_or_note_is_kept(name):
    assert only(find_tables(grid(["名称", "地点"], [name, "广场"]), KNOWN)).rows == ((name, "广场"),)


def test_a_person_of_whom_only_the_name_is_known_is_kept():
    assert only(find_tables(grid(["姓名", "手机"], ["张明", ""]), KNOWN)).rows == (("张明", ""),)


def test_the_head_and_title_on_every_printed_page_are_skipped():
    page = [["春晖社区花名册"], ["序号", "姓名", "手机"]]
    table = only(find_tables(grid(*page, ["1", "张明", ""], *page, ["2", "李华", ""], *page, ["3", "王芳", ""]), KNOWN))
    assert table.lines == (3, 6, 9)
    assert table.left_out == ((1, tables.ABOVE), *((line, tables.AGAIN) for line in (4, 5, 7, 8)))


def test_a_repeated_head_of_two_lines_is_skipped_as_a_whole():
    head = [["姓名", "联系方式", ""], ["", "手机", "座机"]]
    table = only(find_tables(grid(*head, ["张明", "13812345678", "1"], *head, ["李华", "13912345678", "2"]), KNOWN))
    assert table.lines == (3, 6)
    assert table.left_out == ((4, tables.AGAIN), (5, tables.AGAIN))


def test_two_tables_on_one_sheet_are_both_found_the_better_known_first():
    found = find_tables(
        grid(
            ["一、设施"],
            ["名称", "地点"],
            ["图书室", "一楼"],
            [],
            ["二、志愿者"],
            ["姓名", "性别", "手机"],
            ["张明", "男", "13812345678"],
        ),
        KNOWN,
    )
    assert [(table.head, table.lines, table.left_out) for table in found] == [
        ((6, 6), (7,), ((5, tables.ABOVE),)),
        ((2, 2), (3,), ((1, tables.ABOVE),)),
    ]


def test_a_second_table_far_below_is_found_after_a_gap():
    people = [[str(number), f"居民{number}", ""] for number in range(1, 200)]
    found = find_tables(grid(["序号", "姓名", "手机"], *people, [], ["名称", "地点"], ["图书室", "一楼"]), KNOWN)
    assert sorted((table.head[0], len(table.rows)) for table in found) == [(1, 199), (202, 1)]


def test_a_form_above_the_table_is_no_table():
    table = only(
        find_tables(
            grid(["名称", "春晖社区", "联系电话", "0523-86881234"], ["姓名", "性别", "手机"], ["张明", "男", ""]), KNOWN
        )
    )
    assert table.head == (2, 2)
    assert table.left_out == ((1, tables.ABOVE),)


def test_a_team_merged_over_its_members_stands_in_each_row():
    members = [["巡逻队", "张明"], ["", "李华"], ["", "王芳"], ["", ""], ["宣讲队", "赵强"]]
    table = only(find_tables(grid(["服务队", "姓名"], *members, merged=[Range(1, 0, 4, 0)]), KNOWN))
    assert table.rows == (("巡逻队", "张明"), ("巡逻队", "李华"), ("巡逻队", "王芳"), ("宣讲队", "赵强"))


def test_a_line_merged_across_the_table_is_told_as_such():
    rows = [["姓名", "性别", "手机"], ["以下为新增人员", "", ""], ["张明", "男", ""]]
    table = only(find_tables(grid(*rows, merged=[Range(1, 0, 1, 2)]), KNOWN))
    assert (table.lines, table.left_out) == ((3,), ((2, tables.ACROSS),))


def test_a_table_without_a_known_heading_is_offered_as_a_guess():
    table = only(find_tables(grid(["某某名单"], ["宠物", "主人"], ["旺财", "张明"]), KNOWN))
    assert (table.headings, table.rows) == (("宠物", "主人"), (("旺财", "张明"),))
    assert table.score < 1


def test_one_column_with_one_known_heading_is_a_table():
    table = only(find_tables(grid(["姓名"], ["张明"], ["李华"]), KNOWN))
    assert table.rows == (("张明",), ("李华",))


@pytest.mark.parametrize("empty", [Grid("空", ()), grid(["", ""]), grid(["1", "2"], ["3", "4"]), grid(["只有标题"])])
def test_a_sheet_without_a_table_has_none(empty):
    assert find_tables(empty, KNOWN) == []


@given(
    st.lists(
        st.lists(st.sampled_from(["", "姓名", "手机", "张明", "合计", "1", "注：", "联系方式"]), min_size=4, max_size=4)
    ),
    st.lists(st.tuples(*[st.integers(0, 6)] * 4), max_size=4),
)
def test_every_line_with_something_in_it_is_a_row_or_head_or_told(rows, spans):
    merged = [
        Range(top, left, bottom, right)
        for top, left, bottom, right in spans
        if top <= bottom < len(rows) and left <= right < 4
    ]
    found = find_tables(Grid("名单", tuple(map(tuple, rows)), tuple(merged)), KNOWN)
    told = [line for table in found for line in (*table.lines, *dict(table.left_out))]
    heads = [line for table in found for line in range(table.head[0], table.head[1] + 1)]
    assert len(told + heads) == len({*told, *heads})
    if found:
        assert {*told, *heads} == {line for line, row in enumerate(rows, 1) if any(row)} | {*heads}
    for table in found:
        assert all(len(row) == len(table.headings) for row in table.rows)
        assert len(table.rows) == len(table.lines)


def test_a_hundred_thousand_rows_are_looked_through_quickly():
    rows = [
        [str(number), "张明", "男", "13812345678", "", "某路1号", "", "", "", "", "", ""] for number in range(100_000)
    ]
    big = grid(["序号", "姓名", "性别", "手机"], *rows)
    begin = time.process_time()
    assert len(only(find_tables(big, KNOWN)).rows) == 100_000
    assert time.process_time() - begin < 1
