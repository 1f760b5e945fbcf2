"""The pages look as they did: a wrong glyph shows in a picture, not in extracted text.

After an intended change: UPDATE_GOLDENS=1 pytest tests/pdf/test_goldens.py, and look at the pictures.
"""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter

from app.printing import pictures

from .reading import Reading

FOLDER = Path(__file__).parent / "goldens"
DPI = 100
SQUARE = 12  # pixels: about a character of a table
TOLERANCE = 0.1


@pytest.mark.parametrize("name", ["notice", "register"])
def test_the_first_page_looks_as_before(name: str, request: pytest.FixtureRequest) -> None:
    reading: Reading = request.getfixturevalue(name)
    picture = Image.open(BytesIO(pictures(reading.pdf, dpi=DPI, first=1)[0])).convert("L")
    golden = FOLDER / f"{name}.png"
    if os.environ.get("UPDATE_GOLDENS"):
        picture.quantize(16).save(golden, optimize=True)
    assert difference(picture, Image.open(golden).convert("L")) < TOLERANCE


@pytest.mark.parametrize("name", ["notice", "register"])
def test_the_comparison_sees_one_wrong_character(name: str, request: pytest.FixtureRequest) -> None:
    reading: Reading = request.getfixturevalue(name)
    picture = Image.open(BytesIO(pictures(reading.pdf, dpi=DPI, first=1)[0])).convert("L")
    here, there = (box(reading, character) for character in "晖岗")
    wrong = picture.copy()
    wrong.paste(picture.crop(there).resize((here[2] - here[0], here[3] - here[1])), here[:2])
    assert difference(picture, wrong) > TOLERANCE


def box(reading: Reading, character: str) -> tuple[int, int, int, int]:
    """Where the last such character of the first page is in its picture."""
    found = next(c for c in reversed(reading.chars[0]) if c["text"] == character)
    left, top, right, bottom = (round(found[side] * DPI / 72) for side in ("x0", "top", "x1", "bottom"))
    return left, top, right, bottom


def difference(here: Image.Image, there: Image.Image) -> float:
    """The largest share of clearly different pixels in any small square of the page."""
    assert here.size == there.size
    soften = ImageFilter.BoxBlur(1)  # rasterisers round edges differently
    apart = ImageChops.difference(here.filter(soften), there.filter(soften))
    clear = apart.point(lambda value: 255 if value > 40 else 0)
    squares = clear.resize((here.width // SQUARE, here.height // SQUARE), Image.Resampling.BOX)
    return squares.getextrema()[1] / 255
