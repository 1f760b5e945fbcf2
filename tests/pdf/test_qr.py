"""The QR code on a sheet scans, stands in nobody's way, and leaves sheets without one as they were."""

from dataclasses import replace

import pypdfium2
import pytest
import segno
from PIL import Image, ImageChops

from app.printing import PrintRefused, Snapshot, draw, qr
from app.printing.sheet import POINTS_PER_MM, sheet

from .reading import Reading
from .samples import NOTICE, SHORT_REGISTER, roster

DPI = 200
ADDRESS = "http://10.12.0.8/verify/7KQ2-M9XD"
QR_NOTICE = replace(NOTICE, qr=ADDRESS)
QR_REGISTER = replace(SHORT_REGISTER, qr=ADDRESS)
WIDTH = 16  # mm on A4

Matrix = list[list[bool]]
Box = tuple[int, int, int, int]


def picture(pdf: bytes, page: int = 0, dpi: int = DPI) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        found: Image.Image = document[page].render(scale=dpi / 72, grayscale=True).to_pil()
        return found.copy()


def find(whole: Image.Image, snapshot: Snapshot, dpi: int = DPI) -> Box:
    """Where the code is in the picture of a page (pixels): the first ink in the left of the foot."""
    geometry = sheet(snapshot.paper, snapshot.landscape)
    left, top, scale = geometry.left - 1, geometry.top + geometry.type_height + 1, geometry.scale
    corner = [int(mm * dpi / 25.4) for mm in (left, top, left + (WIDTH + 2) * scale, geometry.height)]
    box = whole.crop((corner[0], corner[1], corner[2], corner[3])).point(lambda v: 255 if v < 128 else 0).getbbox()
    assert box, "there is nothing in the foot"
    return box[0] + corner[0], box[1] + corner[1], box[2] + corner[0], box[3] + corner[1]


def read(code: Image.Image) -> Matrix:
    """The modules of a QR code that fills its picture, counted by the seven of its finder pattern."""
    finder = next(x for x in range(code.width) if not dark(code, x, 1))
    count = round(code.width / (finder / 7))
    step = code.width / count
    return [[dark(code, (x + 0.5) * step, (y + 0.5) * step) for x in range(count)] for y in range(count)]


def dark(image: Image.Image, x: float, y: float) -> bool:
    value = image.getpixel((int(x), int(y)))
    assert isinstance(value, int)
    return value < 128


def code_of(text: str) -> Matrix:
    return [[bool(module) for module in row] for row in segno.make_qr(text, error="m").matrix]


@pytest.fixture(scope="module")
def qr_notice() -> bytes:
    return draw(QR_NOTICE)


@pytest.mark.parametrize(
    "snapshot",
    [
        replace(QR_NOTICE, paragraphs=()),
        replace(QR_NOTICE, paragraphs=(), paper="A3", short_code=""),
        QR_REGISTER,
        replace(QR_REGISTER, landscape=True),
    ],
)
def test_the_code_on_a_sheet_reads_as_the_text(snapshot: Snapshot) -> None:
    whole = picture(draw(snapshot))
    box = find(whole, snapshot)
    wide = WIDTH * sheet(snapshot.paper, snapshot.landscape).scale
    for length in (box[2] - box[0], box[3] - box[1]):
        assert length * 25.4 / DPI == pytest.approx(wide, abs=0.3)
    assert read(whole.crop(box)) == code_of(ADDRESS)
    assert read(whole.crop(box)) != code_of(ADDRESS.replace("7KQ2", "7KQ3"))


def test_the_longest_code_still_has_modules_of_a_quarter_of_a_millimetre() -> None:
    snapshot = replace(SHORT_REGISTER, qr="https://community.example/verify?code=" + "7kq2" * 40)
    whole = picture(draw(snapshot), dpi=2 * DPI)
    found = read(whole.crop(find(whole, snapshot, dpi=2 * DPI)))
    assert found == code_of(snapshot.qr)
    assert WIDTH / len(found) > 0.25


def test_a_quiet_zone_of_four_modules_surrounds_the_code(qr_notice: bytes) -> None:
    whole = picture(qr_notice)
    left, top, right, bottom = find(whole, QR_NOTICE)
    quiet = int(4 * (right - left) / len(code_of(ADDRESS)))
    around = whole.crop((left - quiet, top - quiet, right + quiet, bottom + quiet))
    edge = quiet - 1  # the code's own edge may colour half a pixel
    around.paste(255, (edge, edge, around.width - edge, around.height - edge))
    assert around.getextrema()[0] == 255, "something is printed in the quiet zone"


def test_the_code_moves_nothing_but_the_short_code_beside_it(qr_notice: bytes, notice: Reading) -> None:
    reading = Reading(qr_notice)
    assert [len(page) for page in reading.lines] == [len(page) for page in notice.lines]
    for page, (here, there) in enumerate(zip(reading.lines, notice.lines, strict=True)):
        for with_code, without in zip(here, there, strict=True):
            if page == 0 and "查验码" in without.text:
                assert with_code.left - without.left == pytest.approx(WIDTH * (1 + qr.QUIET) * POINTS_PER_MM, abs=0.1)
            else:
                assert with_code == without


def test_the_code_stands_inside_the_printable_area_on_the_first_page_only() -> None:
    long = replace(roster(40), landscape=True)
    with_code, without = draw(replace(long, qr=ADDRESS)), draw(long)
    first = picture(with_code)
    assert (first.height - find(first, long)[3]) * 25.4 / DPI > 5, "office printers leave 5 mm blank"
    assert ImageChops.difference(first, picture(without)).getbbox() == pytest.approx(find(first, long), abs=1)
    assert not ImageChops.difference(picture(with_code, 1), picture(without, 1)).getbbox()


def test_a_sheet_with_a_code_is_drawn_alike_twice() -> None:
    assert draw(QR_REGISTER) == draw(QR_REGISTER)


def test_the_code_is_drawn_with_lines_and_attaches_nothing(qr_notice: bytes) -> None:
    for found in Reading(qr_notice).objects:
        assert not {"EF", "Annots", "JS", "URI"} & found.keys()
        assert getattr(found.get("Subtype"), "name", "") != "Image"


def test_a_sheet_stored_before_there_were_codes_keeps_its_digest() -> None:
    stored = NOTICE.to_json()
    assert '"qr"' not in stored
    assert Snapshot.from_json(stored) == NOTICE
    assert Snapshot.from_json(stored).qr == ""
    issued_before = Snapshot(layout="notice", title="公示", issuer="春晖社区居民委员会", issued_on="2026-03-05")
    assert issued_before.digest() == "9ddc1bbfaef8171860a906a75d741fe1a0a61456f2846b2d940d0794c923e7d9"


def test_a_sheet_with_a_code_comes_back_from_its_canonical_text() -> None:
    assert '"qr":"http://10.12.0.8/verify/7KQ2-M9XD"' in QR_NOTICE.to_json()
    assert Snapshot.from_json(QR_NOTICE.to_json()) == QR_NOTICE
    assert QR_NOTICE.digest() != NOTICE.digest()


@pytest.mark.parametrize("text", ["x" * 201, "长" * 67])
def test_a_code_too_fine_to_scan_is_refused(text: str) -> None:
    with pytest.raises(PrintRefused) as refused:
        replace(NOTICE, qr=text)
    assert refused.value.reason == "too_large"
    assert str(refused.value) == "Too much to print: the number of bytes in the QR code is 201, the limit is 200."


@pytest.mark.parametrize("value", ["null", "7", '"\\ud800"'])
def test_a_code_that_is_not_text_is_refused(value: str) -> None:
    with pytest.raises(PrintRefused) as refused:
        Snapshot.from_json(QR_NOTICE.to_json().replace(f'"{ADDRESS}"', value))
    assert refused.value.reason == "malformed"


def test_a_code_may_hold_what_no_font_can_draw() -> None:
    assert draw(replace(SHORT_REGISTER, qr="\ue000")).startswith(b"%PDF")


def test_chinese_in_a_code_is_declared_as_unicode() -> None:
    declared = segno.make_qr("便民服务", error="m", encoding="utf-8", eci=True)
    assert qr.image("便民服务") == declared.svg_data_uri(border=0, omitsize=True)
