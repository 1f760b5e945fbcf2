"""Tables fill their sheets: no stray rules, no holes, no sheet more than needed."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image
from weasyprint import HTML, Document

from app.printing import Snapshot, draw, drawing, fonts, pictures
from app.printing.sheet import POINTS_PER_MM, sheet

from .reading import Reading
from .samples import REGISTER, roster, table_notice

DPI = 72


def wide(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, paper="A3", landscape=True)


def type_bottom(snapshot: Snapshot) -> float:
    geometry = sheet(snapshot.paper, snapshot.landscape)
    return (geometry.top + geometry.type_height) * POINTS_PER_MM


def last_row(reading: Reading, page: int, snapshot: Snapshot) -> float:
    """Where the text of the lowest cell of a page ends."""
    return max(
        float(c["bottom"])
        for c in reading.chars[page]
        if c["fontname"].endswith("+Noto-Serif-CJK-SC") and c["bottom"] < type_bottom(snapshot)
    )


def rows_on(reading: Reading, page: int, snapshot: Snapshot) -> int:
    assert snapshot.table
    return sum("".join(row[:2]) in reading.page_texts[page] for row in snapshot.table.rows)


@pytest.mark.parametrize("snapshot", [table_notice(7), wide(REGISTER), wide(roster(80)), roster(80)])
def test_no_rule_reaches_below_the_last_row_of_a_page(snapshot: Snapshot) -> None:
    reading = Reading(draw(snapshot))
    assert len(reading.chars) > 1
    for page, png in enumerate(pictures(reading.pdf, dpi=DPI, first=len(reading.chars))[:-1]):
        picture = Image.open(BytesIO(png)).convert("L")
        top = last_row(reading, page, snapshot) + 12
        bottom = type_bottom(snapshot)
        if top >= bottom:
            continue
        blank = picture.crop((0, int(top * DPI / 72), picture.width, int(bottom * DPI / 72) + 1))
        assert blank.getextrema() == (255, 255), f"ink below the table on page {page + 1}"


@pytest.mark.parametrize("sealed", [True, False])
def test_a_notice_of_six_rows_stands_on_one_page(sealed: bool) -> None:
    reading = Reading(draw(replace(table_notice(6), sealed=sealed)))
    assert len(reading.page_texts) == 1
    lines = {line.text: line for line in reading.lines[0]}
    date = lines["2026年3月5日"]
    assert date.bottom < type_bottom(table_notice(6))
    assert min(size for line in reading.lines[0] for size in line.sizes if "查验码" not in line.text) >= 10.5


@pytest.mark.parametrize("rows", range(7, 13))
def test_a_notice_on_two_pages_fills_the_first_and_signs_below_a_row(rows: int) -> None:
    snapshot = table_notice(rows)
    reading = Reading(draw(snapshot))
    assert len(reading.page_texts) == 2
    assert rows_on(reading, 1, snapshot) >= 1
    tallest = 3 * 10.5 * 1.4 + 10.5  # a row of three lines
    assert type_bottom(snapshot) - last_row(reading, 0, snapshot) < 2 * tallest


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        ((1, 1, 1, 1), 0),
        ((2, 2, 2, 2), 0),
        ((2, 1, 1, 1), 1),
        ((3, 3, 2, 2), 2),
        ((3, 2, 2, 1), 3),
        ((4, 1, 1, 1), 0),
    ],
)
def test_a_sheet_is_as_roomy_as_it_can_be_on_the_fewest_pages(pages: tuple[int, ...], chosen: int) -> None:
    configuration = fonts.load().configuration
    laid_out: dict[int, Document] = {}

    def lay_out(step: int) -> Document:
        page = HTML(string="<p style='break-after: page'>一" * (pages[step] - 1) + "<p>二")
        laid_out[step] = page.render(font_config=configuration)
        return laid_out[step]

    assert drawing._shortest(range(4), lay_out) is laid_out[chosen]
    assert all(len(document.pages) == pages[step] for step, document in laid_out.items())
    if pages[-1] == pages[0]:
        assert list(laid_out) == [0], "the closest is given up when it begins as many pages"


@pytest.mark.parametrize("rows", [14, 20, 32, 104])
def test_a_signature_after_two_blocks_stands_below_a_row(rows: int) -> None:
    snapshot = wide(roster(rows))
    reading = Reading(draw(snapshot))
    last = len(reading.page_texts) - 1
    assert rows_on(reading, last, snapshot) >= 1
    assert snapshot.issuer in reading.page_texts[last]
    assert sum(rows_on(reading, page, snapshot) for page in range(last + 1)) == rows


def test_a_lying_roster_of_short_columns_is_set_in_two_blocks() -> None:
    snapshot = wide(roster(50))
    reading = Reading(draw(snapshot))
    assert len(reading.page_texts) == 2
    assert rows_on(reading, 0, snapshot) >= 25
    first = [line for line in reading.lines[0] if "001" in line.text]
    assert "王建国" in first[0].text
    assert "号楼" in first[0].text
    assert reading.page_texts[0].count("姓名") == 2
    assert min(size for line in first for size in line.sizes) >= 16, "a wall is read from a metre or two"


def test_an_upright_roster_of_fifty_takes_two_pages() -> None:
    reading = Reading(draw(roster(50, columns=4)))
    assert len(reading.page_texts) == 2
