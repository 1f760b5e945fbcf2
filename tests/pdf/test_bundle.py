"""Several finished sheets go to the printer as one file."""

from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest

from app.printing import draw
from app.printing.bundle import merged

from .reading import Reading
from .samples import NOTICE, SHORT_REGISTER, roster

TITLE = "2026年3月5日应张贴"


@pytest.fixture(scope="module")
def sheets() -> list[bytes]:
    wall = replace(SHORT_REGISTER, paper="A3", landscape=True, qr="http://10.12.0.8/verify/7KQ2-M9XD")
    notice = replace(NOTICE, paragraphs=("特此公示：㛃䶮𬭎。",))
    return [draw(snapshot) for snapshot in (notice, roster(40), wall)]


@pytest.fixture(scope="module")
def apart(sheets: list[bytes]) -> list[Reading]:
    return [Reading(sheet) for sheet in sheets]


@pytest.fixture(scope="module")
def together(sheets: list[bytes]) -> Reading:
    return Reading(merged(sheets, TITLE))


def test_the_pages_follow_one_another_each_on_its_own_paper(together: Reading, apart: list[Reading]) -> None:
    assert together.page_texts == [text for reading in apart for text in reading.page_texts]
    assert together.sizes == [size for reading in apart for size in reading.sizes]
    assert together.lines == [lines for reading in apart for lines in reading.lines]


def test_the_fonts_stay_embedded(together: Reading) -> None:
    assert {font["BaseFont"].name.partition("+")[2] for font in together.fonts} >= {
        "Portal-FangSong",
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }
    assert all("ToUnicode" in font for font in together.fonts)
    for descriptor in together.font_descriptors:
        assert {"FontFile2", "FontFile3"} & descriptor.keys()
    assert "㛃䶮𬭎" in together.text


def test_the_title_is_set_and_the_outline_leads_to_each_sheet(together: Reading, apart: list[Reading]) -> None:
    title, outline = together.title_and_outline
    assert title == TITLE
    assert outline == [(0, NOTICE.title), (0, "居民小组长名册"), (0, SHORT_REGISTER.title)]
    with pikepdf.Pdf.open(BytesIO(together.pdf)) as pdf, pdf.open_outline() as found:
        pages = [pikepdf.Page(item.destination[0]).index for item in found.root]
    counts = [len(reading.page_texts) for reading in apart]
    assert pages == [0, counts[0], counts[0] + counts[1]]


def test_nothing_else_is_taken_along(together: Reading) -> None:
    assert together.catalog["Lang"] == b"zh-CN"
    assert "EmbeddedFiles" not in together.catalog.get("Names", {})
    for found in together.objects:
        assert not {"EF", "Annots", "JS", "AA", "URI"} & found.keys()


def test_the_same_sheets_give_the_same_file(sheets: list[bytes], together: Reading) -> None:
    assert merged(sheets, TITLE) == together.pdf
    assert merged(sheets[::-1], TITLE) != together.pdf


def test_a_single_sheet_is_a_bundle_too(sheets: list[bytes], apart: list[Reading]) -> None:
    assert Reading(merged(sheets[:1], TITLE)).page_texts == apart[0].page_texts


def test_a_sheet_may_be_wanted_twice(sheets: list[bytes], apart: list[Reading]) -> None:
    assert len(Reading(merged([sheets[0], sheets[0]], TITLE)).page_texts) == 2 * len(apart[0].page_texts)


def test_an_empty_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to print"):
        merged([], TITLE)


def test_what_is_not_a_pdf_is_refused(sheets: list[bytes]) -> None:
    with pytest.raises(pikepdf.PdfError):
        merged([*sheets, b"not a PDF"], TITLE)
