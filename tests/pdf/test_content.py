"""Everything that was given is in the PDF, in the right fonts, and nothing else is."""

import gc
import unicodedata
from dataclasses import replace

import pypdfium2
import pytest
from weasyprint import Document
from weasyprint.formatting_structure import boxes

from app.printing import Entry, Poster, PrintRefused, Snapshot, draw, pictures, poster_drawing, render
from app.printing.snapshot import texts

from .reading import Reading
from .samples import NOTICE, RARE_NAMES, REGISTER, SHORT_REGISTER

EXPECTED_FONTS = {
    "Portal-FangSong",
    "LXGW-WenKai-Light",
    "LXGW-WenKai",
    "Noto-Serif-CJK-SC",
    "Noto-Serif-CJK-SC-Bold",
    "Noto-Sans-CJK-SC",
}


@pytest.mark.parametrize("name", ["notice", "register", "wall_notice", "wide_register", "short_register"])
def test_all_fonts_are_embedded_subsets_of_the_expected_families(name: str, request: pytest.FixtureRequest) -> None:
    reading: Reading = request.getfixturevalue(name)
    assert reading.fonts
    for font in reading.fonts:
        subset, _, family = font["BaseFont"].name.partition("+")
        assert len(subset) == 6
        assert family in EXPECTED_FONTS
        assert "ToUnicode" in font
    assert len(reading.font_descriptors) == len(reading.fonts)
    for descriptor in reading.font_descriptors:
        assert {"FontFile2", "FontFile3"} & descriptor.keys()


@pytest.mark.parametrize(("sample", "name"), [(NOTICE, "notice"), (REGISTER, "register"), (NOTICE, "wall_notice")])
def test_every_given_text_is_found_in_the_pdf(sample: Snapshot, name: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(name).text
    for place, text in texts(sample):
        for part in text.replace(" ", "").split("\n"):
            if place.kind == "cell" or len(part) < 20:  # a longer paragraph may run over a page number
                assert part in found, place
            else:
                assert part[:20] in found, place
                assert part[-10:] in found, place


def test_rare_names_are_found(notice: Reading, register: Reading) -> None:
    for name in RARE_NAMES:
        assert name in notice.text
        assert "王" + name in register.text


def test_no_replacement_private_or_radical_characters(notice: Reading, register: Reading) -> None:
    for reading in (notice, register):
        for character in set(reading.text):
            assert character != "\ufffd"
            assert unicodedata.category(character) not in ("Co", "Cn", "Cf"), hex(ord(character))
            assert not 0x2E80 <= ord(character) <= 0x2FDF, hex(ord(character))


def test_title_language_and_outline_are_set(notice: Reading) -> None:
    assert notice.title_and_outline[0] == NOTICE.title
    assert notice.catalog["Lang"] == b"zh-CN"
    assert notice.title_and_outline[1] == [
        (0, NOTICE.title),
        (1, "一、公示内容"),
        (1, "（二）认领办法"),
        (1, "二、受理方式"),
    ]


def test_there_are_no_embedded_files_links_or_scripts(notice: Reading, register: Reading) -> None:
    for reading in (notice, register):
        assert "EmbeddedFiles" not in reading.catalog.get("Names", {})
        for found in reading.objects:
            assert not {"EF", "Annots", "JS", "AA", "URI"} & found.keys()


@pytest.mark.usefixtures("worker")
def test_the_same_snapshot_gives_the_same_bytes_here_and_in_the_worker(notice: Reading) -> None:
    draw(REGISTER)  # what was drawn before must not matter
    assert draw(NOTICE) == notice.pdf
    assert render(NOTICE) == notice.pdf


CARDS = Poster("cards", "民情连心卡", entries=(Entry("王喆", qr="tel:12345"),), paper="A4")


@pytest.mark.parametrize("sheet", [SHORT_REGISTER, CARDS])
def test_the_layout_of_a_sheet_is_let_go_as_soon_as_it_is_drawn(sheet: Snapshot | Poster) -> None:
    gc.collect()
    draw(sheet) if isinstance(sheet, Snapshot) else poster_drawing.draw(sheet)
    assert not any(isinstance(found, Document | boxes.Box) for found in gc.get_objects())


def test_the_identifier_of_the_pdf_comes_from_the_snapshot(notice: Reading) -> None:
    assert notice.identifier == bytes.fromhex(NOTICE.digest())[:16]


def test_another_snapshot_gives_other_bytes(notice: Reading) -> None:
    assert draw(replace(NOTICE, title=NOTICE.title + "（更正）")) != notice.pdf


def test_a_title_broken_by_hand_stays_broken_there() -> None:
    reading = Reading(draw(replace(NOTICE, title="春晖社区\n居务公开", paragraphs=("特此公示。",))))
    assert [line.text for line in reading.lines[0][:2]] == ["春晖社区", "居务公开"]
    assert reading.title_and_outline[0] == "春晖社区居务公开"


def test_line_feeds_begin_paragraphs_in_text_and_lines_in_cells() -> None:
    table = replace(SHORT_REGISTER.table, rows=(("春晖小学\n（东门）", "王喆", "1"),))
    reading = Reading(draw(replace(SHORT_REGISTER, table=table, paragraphs=("其一\n\n\u3000\u3000其二",))))
    lines = {line.text: line for line in reading.lines[0]}
    assert lines["其一"].left == lines["其二"].left
    assert {"春晖小学", "（东门）"} <= {line.text for line in reading.lines[0]}


HOSTILE = (
    "<img src=file:///etc/passwd>",
    "</td><script>alert(1)</script>",
    "<link rel=attachment href=file:///etc/hostname>",
    "<style>@import url(http://127.0.0.1:9/x.css)</style>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "**不是粗体** [链接](http://127.0.0.1:9/)",
    "&lt;b&gt; &amp; &#x4e2d;",
    '"><h1 style="bookmark-label:url(http://127.0.0.1:9/)">',
)


@pytest.fixture(scope="module")
def hostile() -> Reading:
    payload = "".join(HOSTILE)
    table = replace(REGISTER.table, rows=tuple((text,) * 6 for text in HOSTILE)) if REGISTER.table else None
    return Reading(
        draw(
            replace(
                REGISTER,
                title=HOSTILE[1],
                number=HOSTILE[2],
                issuer=HOSTILE[0],
                short_code=HOSTILE[7][:40],
                paragraphs=(*HOSTILE, payload),
                table=table,
                notes=HOSTILE,
            )
        )
    )


def test_hostile_text_is_printed_as_text(hostile: Reading) -> None:
    for text in HOSTILE:
        assert text.replace(" ", "") in hostile.text
    assert hostile.title_and_outline[0] == HOSTILE[1]


def test_hostile_text_fetches_and_attaches_nothing(hostile: Reading) -> None:
    assert "root:" not in hostile.text
    assert "EmbeddedFiles" not in hostile.catalog.get("Names", {})
    for found in hostile.objects:
        assert not {"EF", "URI", "JS"} & found.keys()
        assert getattr(found.get("Subtype"), "name", "") != "Image"


def test_controls_and_direction_marks_are_dropped() -> None:
    text = "王\u202e\u200f喆\x00\x07为\u2066第\ufeff一\u200b书\u200d记\ufe0f"
    reading = Reading(draw(replace(NOTICE, paragraphs=(text,))))
    assert "王喆为第一书记" in reading.text


def test_right_to_left_letters_do_not_turn_the_line() -> None:
    with pytest.raises(PrintRefused) as refused:
        draw(replace(NOTICE, paragraphs=("你好\u05d0\u05d1",)))
    assert refused.value.reason == "glyph_missing"


def test_pictures_are_png_pages_for_the_screen(notice: Reading) -> None:
    found = pictures(notice.pdf, dpi=36, first=2)
    assert len(found) == 2
    assert all(picture.startswith(b"\x89PNG") for picture in found)
    with pypdfium2.PdfDocument(notice.pdf) as document:
        assert len(document) > 2
