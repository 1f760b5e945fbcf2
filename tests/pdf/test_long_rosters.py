"""A long roster, whose rows are written into a specimen of the sheet, is the sheet WeasyPrint would lay out."""

from __future__ import annotations

import random
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from html import escape
from itertools import pairwise

import pypdfium2
import pytest
from PIL import Image
from weasyprint import CSS, HTML
from weasyprint.formatting_structure import boxes

from app.printing import Column, Snapshot, Table, draw, drawing, fonts, justify, render, stamping
from app.printing.lettering import Lettering
from app.printing.text import whole_dates

from .reading import Reading
from .samples import RARE_NAMES
from .test_content import EXPECTED_FONTS
from .test_goldens import difference

ROWS = tuple(
    (
        str(number),
        "王" + (RARE_NAMES[number % 11] if number % 7 == 0 else "建国秀兰振华志强淑珍"[number % 9 : number % 9 + 2]),
        ("环境卫生监督岗", "政策宣传岗", "治安巡逻岗")[number % 3],
        "负责楼道、绿化带的巡查与劝导（每周3次），遇有问题及时上报" if number % 4 else "协助开展政策宣传",
        f"2026年{number % 12 + 1}月{number % 28 + 1}日",
        f"{number * 37.5:.1f}",
    )
    for number in range(1, 211)
)
LABELS = ("序号", "姓名", "岗位", "职责", "上岗日期", "时长（小时）")
ALIGNS = ("center", "center", "left", "left", "center", "right")
ROSTER = Snapshot(
    layout="register",
    title="春晖社区党员服务岗位名册",
    number="春晖社区〔2026〕13号",
    issuer="中共春晖社区委员会",
    issued_on="2026-03-05",
    table=Table(tuple(Column(label, align) for label, align in zip(LABELS, ALIGNS, strict=True)), ROWS),  # type: ignore[arg-type]
    notes=("监督电话：0571-88886666",),
    short_code="7KQ2-M9XD",
)


def narrow(columns: int, rows: tuple[tuple[str, ...], ...] = ROWS) -> Table:
    assert ROSTER.table
    return Table(ROSTER.table.columns[:columns], tuple(row[:columns] for row in rows))


# What people type: words, several lines, spaces in odd places, nothing at all.
TYPED = (
    ("1", "A座201室", " 春晖路12号\n（东门） "),
    ("2", "", ""),
    ("3", "王 㛃", "——见备注……"),
    ("4", "e-mail: wang.jianguo@example.cn", "2026年12月31日前，每周3.5小时；No.5"),
    ("5", "かが Ω ㎡ ①", "\n\n第三行"),
)
SHEETS = {
    "register": ROSTER,
    "notice on A3": replace(
        ROSTER,
        layout="notice",
        paper="A3",
        sealed=False,
        table=narrow(4),
        paragraphs=("社区全体居民：", "一、公示内容", "现将党员服务岗位认领情况予以公示。" * 12),
    ),
    "draft, lying": replace(
        ROSTER, landscape=True, draft=True, number="", issued_on="", notes=(), table=narrow(4), qr="http://10.0.0.8/v"
    ),
    "four sheets": replace(ROSTER, table=narrow(4, ROWS[: stamping.LONG])),
    "two blocks": replace(ROSTER, landscape=True, table=narrow(3)),
    "typed by people": replace(
        ROSTER, sealed=False, table=replace(narrow(3, TYPED * 41), caption="附表：名单"), paragraphs=("说明。" * 300,)
    ),
}


@cache
def drawn(name: str) -> Reading:
    """Stamped, and not quietly left to WeasyPrint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "suppress", lambda *kinds: nullcontext())
        return Reading(draw(SHEETS[name]))


def drawn_plainly(name: str) -> Reading:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamping, "LONG", len(ROWS) + 1)
        return Reading(draw(SHEETS[name]))


@pytest.fixture(scope="module")
def roster() -> Reading:
    return drawn("register")


@pytest.mark.parametrize("name", SHEETS)
def test_a_stamped_sheet_is_the_one_that_weasyprint_lays_out(name: str) -> None:
    here, there = drawn(name), drawn_plainly(name)
    assert here.pdf != there.pdf
    assert here.page_texts == there.page_texts
    for found, wanted in zip(here.chars, there.chars, strict=True):
        assert [char["fontname"] for char in found] == [char["fontname"] for char in wanted]
        for side in ("x0", "bottom", "size"):
            assert max(abs(one[side] - other[side]) for one, other in zip(found, wanted, strict=True)) < 0.01
    assert here.title_and_outline == there.title_and_outline
    for page in (0, 1, len(here.chars) - 1):
        assert difference(picture(here.pdf, page), picture(there.pdf, page)) < 0.1


def picture(pdf: bytes, page: int) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        found: Image.Image = document[page].render(scale=100 / 72, grayscale=True).to_pil()
        return found.copy()


def test_every_row_is_there_in_order_and_on_one_page(roster: Reading) -> None:
    page, at = 0, 0
    for row in ROWS:
        joined = "".join(row)
        if (found := roster.page_texts[page].find(joined, at)) < 0:
            page += 1
            found = roster.page_texts[page].find(joined)
        assert found >= 0, row
        at = found + len(joined)
    assert page == len(roster.page_texts) - 1


def test_every_page_has_the_head_and_says_which_of_how_many_it_is(roster: Reading) -> None:
    count = len(roster.page_texts)
    assert count > 5
    for number, text in enumerate(roster.page_texts, 1):
        assert text.count("".join(LABELS)) == 1
        assert f"第{number}页共{count}页" in text
        assert "查验码7KQ2-M9XD" in text


def test_figures_end_at_the_same_place(roster: Reading) -> None:
    ends = {
        round(there["x1"], 1)
        for page in roster.chars
        for here, there in pairwise(page)
        if here["text"] == "." and there["text"] in "05"
    }
    assert len(ends) == 1


def test_names_dates_and_figures_stay_on_one_line(roster: Reading) -> None:
    lines = [line.text.replace(" ", "") for page in roster.lines for line in page]
    for row in ROWS:
        for value in (row[1], row[4], row[5]):
            assert any(value in line for line in lines), value


def test_all_fonts_are_embedded_subsets_that_map_to_unicode(roster: Reading) -> None:
    for font in roster.fonts:
        subset, _, family = font["BaseFont"].name.partition("+")
        assert len(subset) == 6
        assert family in EXPECTED_FONTS
        assert "ToUnicode" in font
    for descriptor in roster.font_descriptors:
        assert {"FontFile2", "FontFile3"} & descriptor.keys()
    for name in RARE_NAMES:
        assert "王" + name in roster.text


@pytest.mark.usefixtures("worker")
def test_the_same_roster_gives_the_same_bytes_here_and_in_the_worker(roster: Reading) -> None:
    drawn("two blocks")  # what was drawn before must not matter
    assert draw(ROSTER) == roster.pdf
    assert render(ROSTER) == roster.pdf


def test_five_thousand_rows_are_told_of_while_they_are_written() -> None:
    told: list[int] = []
    rows = tuple((str(number), "王喆", "政策宣传岗") for number in range(1, 5_001))
    pdf = drawing.draw(replace(ROSTER, table=narrow(3, rows)), told.append)
    assert told == sorted(told)
    assert told[-1] == 5_000
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) > 150
        assert "5000" in document[len(document) - 1].get_textpage().get_text_range()
    assert len(pdf) < 1_500_000


def test_a_roster_on_three_sheets_is_left_to_weasyprint_which_may_save_one() -> None:
    few = replace(ROSTER, notes=(), table=narrow(2, ROWS[: stamping.LONG]))
    assert len(Reading(draw(few)).page_texts) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_FEW_PAGES", 0)
        assert len(Reading(draw(few)).page_texts) == 3


def test_a_row_taller_than_a_page_is_left_to_weasyprint() -> None:
    long = ("8", "王喆", "岗" * 1_000)
    reading = Reading(draw(replace(ROSTER, table=narrow(3, (*ROWS[:7], long, *ROWS[8:])))))
    assert reading.text.count("岗" * 20) > 30
    assert "".join(ROWS[-1][:3]) in reading.page_texts[-1]


PARTS = (
    *"春晖社区党员服务岗位，。、；：！？（）《》“”…·％",
    *("㛃", "𬭎", "——", "……", " ", "  ", "\n", "\u3000", "A座", "No.5", "e-mail", "12.5%", "3.5小时", "10:30", "℃"),
    *("2026年10月8日", "0571-88886666", "https://example.cn/a?b=c", "カタカナ", "abcdefghijklmn", "123456789012"),
)


@pytest.mark.parametrize("room", [30, 61.3, 133.7])
def test_a_cell_is_broken_where_weasyprint_breaks_it(room: float) -> None:
    chance = random.Random(room)
    texts = ["".join(chance.choices(PARTS, k=chance.randint(0, 18))) for _ in range(80)]
    cells, style = laid_out(texts, room)
    lettering = Lettering(style)
    for text, cell in zip(texts, cells, strict=True):
        assert [line.width for line in lettering.lines(text, room)] == pytest.approx(cell, abs=1e-3), text


def laid_out(texts: list[str], room: float) -> tuple[list[list[float]], object]:
    """The widths of the lines of cells as WeasyPrint lays them out, and the style of the cells."""
    loaded = fonts.load()
    justify.install()
    style = f"""
        html {{ font-kerning: none; font-variant-ligatures: none; overflow-wrap: break-word }}
        table {{ border-spacing: 0; font: 12pt {loaded.families("table")}; table-layout: fixed; width: {room}px }}
        td {{ padding: 0; white-space: pre-line }}
        @page {{ size: 20cm 2000cm }}
    """
    page = "".join(f"<tr><td>{escape(whole_dates(text))}</td></tr>" for text in texts)
    document = HTML(string=f"<html lang=zh-CN><table>{page}</table>").render(
        stylesheets=[loaded.stylesheet, CSS(string=style, font_config=loaded.configuration)],
        font_config=loaded.configuration,
    )
    cells = [box for box in document.pages[0]._page_box.descendants() if isinstance(box, boxes.TableCellBox)]
    widths = [
        [
            sum(child.width for child in line.children)
            for line in cell.descendants()
            if isinstance(line, boxes.LineBox) and line.height
        ]
        for cell in cells
    ]
    return widths, cells[0].style
