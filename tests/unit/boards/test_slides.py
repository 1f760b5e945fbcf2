"""What a screen shows of the sheets on its board: large, in turns, and never for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest

from app.boards.slides import LONGEST, MOST, REST, SHORTEST, slides
from app.printing import Column, Snapshot, Table
from app.printing.text import width

SENTENCE = "为保障消防通道畅通方便居民出行，经居民代表会议讨论通过，对小区机动车停放秩序作如下调整。"
NAMES = ("王建国", "李秀兰", "欧阳振华", "张伟")


def a_notice(*paragraphs: str, **more: Any) -> Snapshot:
    given = {"title": "关于停车的公告", "number": "春和社区〔2026〕3号", "issuer": "春和社区居民委员会", **more}
    return Snapshot(layout="notice", issued_on="2026-03-05", paragraphs=paragraphs, **given)


@cache
def a_roster(rows: int, *more: str, cell: str = "") -> Snapshot:
    """Serial number, name, building, and ``more`` columns of ``cell``."""
    labels = ("序号", "姓名", "楼栋", *more)
    body = ((str(n + 1), NAMES[n % 4], f"{n % 20 + 1}号楼", *(cell for _ in more)) for n in range(rows))
    return Snapshot(
        layout="register",
        title="楼栋长名册",
        issuer="春和社区居民委员会",
        issued_on="2026-03-05",
        table=Table(tuple(map(Column, labels)), tuple(body)),
    )


def text(slide: dict[str, Any]) -> str:
    return "".join(paragraph["text"] for paragraph in slide["text"])


def styles(slide: dict[str, Any]) -> list[str]:
    return [paragraph["style"] for paragraph in slide["text"]]


def labels(slide: dict[str, Any]) -> list[str]:
    return [column["label"] for column in slide["table"]["columns"]]


def serials(found: list[dict[str, Any]]) -> list[int]:
    return [int(row[0]) for slide in found for row in slide["table"]["rows"]]


# --- any sheet ----------------------------------------------------------------------------------------------------


def test_an_empty_board_has_nothing_to_show() -> None:
    assert slides([]) == []


def test_whoever_comes_by_in_the_middle_sees_what_it_is_about() -> None:
    found = slides([a_notice(*[SENTENCE] * 12)])
    assert len(found) > 2
    for page, slide in enumerate(found, 1):
        assert slide["title"] == "关于停车的公告"
        assert slide["number"] == "春和社区〔2026〕3号"
        assert slide["issuer"] == "春和社区居民委员会"
        assert slide["date"] == "2026年3月5日"
        assert (slide["page"], slide["pages"]) == (page, len(found))


def test_the_pages_of_each_notice_are_counted_by_themselves() -> None:
    found = slides([a_notice(SENTENCE), a_notice(*[SENTENCE] * 12)])
    assert [slide["page"] for slide in found] == [1, *range(1, len(found))]


def test_a_title_broken_by_hand_for_the_paper_runs_on() -> None:
    assert slides([a_notice(SENTENCE, title="关于停车\n的公告")])[0]["title"] == "关于停车的公告"


def test_a_notice_of_nothing_but_a_title_is_shown_too() -> None:
    assert [slide["title"] for slide in slides([a_notice()])] == ["关于停车的公告"]


def test_what_has_no_date_says_none() -> None:
    draft = Snapshot(layout="notice", title="公告", paragraphs=(SENTENCE,))
    assert slides([draft])[0]["date"] == ""


@pytest.mark.parametrize(
    "sheet", [a_notice(*[SENTENCE] * 12), a_roster(30), a_roster(30, *"甲乙丙丁戊己庚", cell=SENTENCE)]
)
def test_slides_can_be_sent(sheet: Snapshot) -> None:
    found = slides([sheet])
    assert json.loads(json.dumps(found)) == found


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("characters", "seconds"), [(5, SHORTEST), (12, SHORTEST), (60, 18), (120, 28), (149, 33)])
def test_a_slide_stands_for_as_long_as_it_takes_to_read(characters: int, seconds: int) -> None:
    assert [slide["seconds"] for slide in slides([a_notice("公" * (characters - 1) + "。")])] == [seconds]


def test_no_slide_stands_longer_than_people_wait() -> None:
    found = slides([a_notice(*[SENTENCE] * 40), a_roster(200, "职责", cell=SENTENCE)])
    assert {slide["seconds"] for slide in found} <= set(range(SHORTEST, LONGEST + 1))


def test_text_is_always_read_to_its_end() -> None:
    """At six characters a second, after eight seconds of looking around."""
    for slide in slides([a_notice(*[SENTENCE * 3] * 9)]):
        assert slide["seconds"] >= 8 + len(text(slide)) / 6 - 1


# --- text ---------------------------------------------------------------------------------------------------------


def test_text_is_cut_where_a_sentence_ends_and_nothing_of_it_is_lost() -> None:
    found = slides([a_notice(SENTENCE * 12)])
    assert "".join(map(text, found)) == SENTENCE * 12
    assert all(text(slide).endswith("。") for slide in found)


def test_a_paragraph_that_goes_on_is_not_indented_as_if_it_began() -> None:
    first, *others = slides([a_notice(SENTENCE * 12)])
    assert styles(first) == ["plain"]
    assert [styles(slide) for slide in others] == [["rest"]] * len(others)


def test_the_sentences_of_a_paragraph_stay_one_paragraph() -> None:
    assert styles(slides([a_notice(SENTENCE * 2)])[0]) == ["plain"]


def test_a_sentence_without_an_end_is_cut_at_its_commas() -> None:
    endless = "保障消防通道畅通，" * 60
    found = slides([a_notice(endless)])
    assert "".join(map(text, found)) == endless
    assert all(text(slide).endswith("，") for slide in found)


def test_text_without_any_punctuation_is_cut_where_it_must_be() -> None:
    found = slides([a_notice("保" * 1000)])
    assert sum(len(text(slide)) for slide in found) == 1000
    assert max(len(text(slide)) for slide in found) < 200


def test_slides_are_filled_evenly_and_none_is_left_with_a_single_line() -> None:
    lengths = [len(text(slide)) for slide in slides([a_notice(*[SENTENCE] * 9, "特此公告。")])]
    assert min(lengths) > max(lengths) / 2


@pytest.mark.parametrize("before", range(1, 9))
def test_a_heading_never_stands_alone_at_the_end_of_a_slide(before: int) -> None:
    sheet = a_notice(*[SENTENCE] * before, "一、停放区域", "（一）固定车位", SENTENCE, "二、停放时间", SENTENCE)
    for slide in slides([sheet]):
        assert styles(slide)[-1] != "head"


def test_a_list_of_nothing_but_headings_is_still_several_slides() -> None:
    found = slides([a_notice(*[f"{number}、{'某' * 20}" for number in "一二三四五六七八九十" * 4])])
    assert len(found) > 3
    assert sum(len(slide["text"]) for slide in found) == 40


def test_greeting_headings_and_notes_are_told_apart() -> None:
    sheet = a_notice("各位居民：", "一、停放区域", "（一）一号楼前停车。", notes=("联系电话：0523-86881234",))
    assert styles(slides([sheet])[0]) == ["greeting", "head", "plain", "note"]


def test_a_note_that_introduces_a_list_greets_nobody() -> None:
    assert styles(slides([a_notice(notes=("联系人：", "王建国"))])[0]) == ["note", "note"]


def test_short_lines_come_eight_at_a_time() -> None:
    found = slides([a_notice(*["居民代表"] * 24)])
    assert [len(slide["text"]) for slide in found] == [8, 8, 8]


def test_paragraphs_typed_with_line_feeds_and_indents_are_taken_apart() -> None:
    found = slides([a_notice("　　第一段。\n\n　　第二段。")])
    assert [paragraph["text"] for paragraph in found[0]["text"]] == ["第一段。", "第二段。"]


# --- tables -------------------------------------------------------------------------------------------------------


def test_a_table_shows_about_eight_rows_at_a_time_under_its_repeated_head() -> None:
    found = slides([a_roster(30)])
    assert [len(slide["table"]["rows"]) for slide in found] == [8, 8, 8, 6]
    assert all(labels(slide) == ["序号", "姓名", "楼栋"] for slide in found)
    assert serials(found) == list(range(1, 31))


def test_the_last_slide_of_a_table_is_not_left_with_one_row() -> None:
    assert [len(slide["table"]["rows"]) for slide in slides([a_roster(25)])] == [7, 7, 7, 4]


def test_rows_of_long_text_come_fewer_at_a_time() -> None:
    found = slides([a_roster(12, "职责", cell=SENTENCE)])
    assert {len(slide["table"]["rows"]) for slide in found} == {4}


def test_a_very_wide_table_is_split_by_columns_beside_the_repeated_name() -> None:
    more = [f"{part}栏内容说明" for part in "甲乙丙丁戊己庚辛壬癸"]
    first, second, *others = slides([a_roster(8, *more, cell="已办理完毕")])
    assert not others
    assert labels(first)[:2] == labels(second)[:2] == ["序号", "姓名"]
    assert labels(first)[2:] + labels(second)[2:] == ["楼栋", *more]
    assert first["table"]["rows"][0][:2] == second["table"]["rows"][0][:2] == ["1", "王建国"]


def test_the_columns_of_a_split_table_follow_each_other_before_the_next_rows() -> None:
    found = slides([a_roster(16, *[f"{part}栏" for part in "甲乙丙丁戊己庚辛壬癸"], cell="已办理完毕")])
    assert [slide["table"]["rows"][0][0] for slide in found] == ["1", "1", "9", "9"]


def test_where_the_first_column_says_who_it_is_it_alone_is_repeated() -> None:
    sheet = a_roster(4, *[f"{part}栏" for part in "甲乙丙丁戊己庚辛壬癸"], cell="已办理完毕")
    assert sheet.table
    unnumbered = Table(sheet.table.columns[1:], tuple(row[1:] for row in sheet.table.rows))
    first, second = slides([Snapshot(layout="register", title="名册", table=unnumbered)])
    assert (labels(first)[0], labels(second)[0]) == ("姓名", "姓名")
    assert "楼栋" in labels(first)
    assert "楼栋" not in labels(second)


def test_every_slide_of_a_table_has_columns_of_the_same_width() -> None:
    found = slides([a_roster(30, "职责", cell="巡查楼道")])
    assert len({json.dumps(slide["table"]["columns"]) for slide in found}) == 1


def test_short_cells_stay_on_one_line_and_sentences_do_not() -> None:
    columns = slides([a_roster(3, "职责", cell=SENTENCE)])[0]["table"]["columns"]
    assert [column["whole"] for column in columns] == [True, True, True, False]


def test_an_essay_in_a_cell_is_cut_short_and_the_board_has_the_rest() -> None:
    *shown, last = slides([a_roster(2, "说明", cell=SENTENCE * 9)])
    assert all(len(row[3]) == 80 and row[3].endswith("…") for slide in shown for row in slide["table"]["rows"])
    assert text(last) == REST


def test_a_table_without_rows_still_shows_its_head() -> None:
    found = slides([a_roster(0)])
    assert [labels(slide) for slide in found] == [["序号", "姓名", "楼栋"]]


def test_text_comes_before_its_table_and_notes_after_it() -> None:
    roster = a_roster(3)
    sheet = a_notice(SENTENCE * 4, table=roster.table, notes=("监督电话：0523-86881234",))
    opening, table, note = slides([sheet])
    assert (styles(opening), labels(table), styles(note)) == (["plain"], ["序号", "姓名", "楼栋"], ["note"])
    assert "table" not in opening


def test_a_table_begins_under_the_sentence_that_opens_the_notice() -> None:
    first, *others = slides([a_notice(SENTENCE, table=a_roster(30).table)])
    assert text(first) == SENTENCE
    assert [len(slide["table"]["rows"]) for slide in (first, *others)] == [6, 8, 8, 8]
    assert serials([first, *others]) == list(range(1, 31))
    assert not [slide for slide in others if "text" in slide]
    assert first["seconds"] > slides([a_roster(6)])[0]["seconds"], "leaves no time for the sentence"


def test_of_a_wide_table_only_the_first_part_stands_under_the_text() -> None:
    wide = a_roster(3, *[f"{part}栏" for part in "甲乙丙丁戊己庚辛壬癸"], cell="已办理完毕")
    first, second = slides([a_notice(SENTENCE, table=wide.table)])
    assert text(first) == SENTENCE
    assert "text" not in second


# --- too much -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sheet",
    [
        partial(a_roster, 20_000),
        partial(a_roster, 5_000, *"甲乙丙丁戊己庚", cell=SENTENCE),
        partial(a_notice, *[SENTENCE * 400] * 20),
        partial(a_notice, *["保" * 20_000] * 20),
    ],
    ids=["a roster of thousands", "a wide one", "a book", "a book without a full stop"],
)
def test_what_never_ends_is_left_to_the_board_after_twenty_slides(sheet: Callable[[], Snapshot]) -> None:
    found = slides([sheet()])
    assert len(found) == MOST
    assert text(found[-1]) == REST
    assert REST not in json.dumps(found[:-1], ensure_ascii=False)
    assert {slide["pages"] for slide in found} == {MOST}


@pytest.mark.parametrize(
    "sheet", [partial(a_roster, 20_000), partial(a_notice, *[SENTENCE * 400] * 20)], ids=["roster", "book"]
)
def test_what_is_never_shown_costs_nothing(sheet: Callable[[], Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    monkeypatch.setattr("app.boards.slides.width", lambda text: measured.append(text) or width(text))
    slides([sheet()])
    assert len(measured) < 5_000


def test_what_just_fits_is_shown_to_its_end() -> None:
    found = slides([a_roster(MOST * 8)])
    assert len(found) == MOST
    assert serials(found) == list(range(1, MOST * 8 + 1))


def test_one_row_more_is_too_much() -> None:
    found = slides([a_roster(MOST * 8 + 1)])
    assert serials(found[:-1]) == list(range(1, (MOST - 1) * 8 + 1))
    assert text(found[-1]) == REST


def test_nothing_is_shown_but_what_stands_on_the_sheet() -> None:
    sheet = a_notice(SENTENCE, table=a_roster(30).table, notes=("监督电话：0523-86881234",), short_code="7KQ2-M9XD")
    on_paper = sheet.to_json() + "2026年3月5日"
    for slide in slides([sheet]):
        told = [slide["title"], slide["number"], slide["issuer"], slide["date"]]
        told += [paragraph["text"] for paragraph in slide.get("text", [])]
        told += labels(slide) if "table" in slide else []
        told += [cell for row in slide["table"]["rows"] for cell in row] if "table" in slide else []
        assert all(words in on_paper for words in told)
