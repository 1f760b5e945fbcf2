"""What may be uploaded as a photograph, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zlib import crc32

import pytest
from PIL import ExifTags, Image

from app.kernel.photographs import MAX_BYTES, MAX_PIXELS, NotAPicture, reencoded

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 30), (30, 30, 200), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)
"""Of the picture below as it should be looked at: top left, top right, bottom left, bottom right."""


def a_picture(width: int = 120, height: int = 80) -> Image.Image:
    picture = Image.new("RGB", (2, 2))
    picture.putdata(CORNERS)
    return picture.resize((width, height), Image.Resampling.NEAREST)


def written(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def looked_at(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    assert picture.format == "JPEG"
    return picture


def corners(picture: Image.Image) -> list[str]:
    """The colours in the four corners, by name."""
    right, bottom = picture.width * 3 // 4, picture.height * 3 // 4
    found = [picture.getpixel((x, y)) for y in (picture.height // 4, bottom) for x in (picture.width // 4, right)]
    return [_nearest(colour) for colour in found]


def _nearest(colour: Any) -> str:
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    return min(names, key=lambda name: sum(abs(a - b) for a, b in zip(names[name], colour, strict=True)))


UPRIGHT = ["red", "green", "blue", "white"]

# --- what is kept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_photograph_of_each_kind_becomes_a_jpeg(file_format: str) -> None:
    kept = looked_at(reencoded(written(a_picture(), file_format)))
    assert kept.size == (120, 80)
    assert corners(kept) == UPRIGHT


@pytest.mark.parametrize(("width", "height", "kept"), [(4000, 3000, (1600, 1200)), (3000, 4000, (1200, 1600))])
def test_a_large_photograph_is_made_small_and_keeps_its_shape(width: int, height: int, kept: tuple[int, int]) -> None:
    picture = looked_at(reencoded(written(a_picture(width, height), "JPEG")))
    assert picture.size == kept
    assert corners(picture) == UPRIGHT


def test_a_small_photograph_is_not_blown_up() -> None:
    assert looked_at(reencoded(written(a_picture(9, 6), "PNG"), longest=300)).size == (9, 6)


@pytest.mark.parametrize(
    ("orientation", "undone"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_a_photograph_taken_with_the_phone_turned_stands_upright(orientation: int, undone: Any) -> None:
    """``undone``: how the camera's sensor lay, so that the picture was stored turned the other way."""
    taken = a_picture() if undone is None else a_picture().transpose(undone)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    kept = looked_at(reencoded(written(taken, "JPEG", exif=exif)))
    assert kept.size == (120, 80)
    assert corners(kept) == UPRIGHT


def test_what_a_camera_gets_wrong_in_its_files_does_not_spoil_the_picture() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    exif[ExifTags.Base.XResolution] = 72.0
    taken = written(a_picture().rotate(180), "JPEG", exif=exif)
    number, text = b"\x01\x1a\x00\x05", b"\x01\x1a\x00\x02"
    assert taken.count(number) == 1
    assert corners(looked_at(reencoded(taken.replace(number, text)))) == UPRIGHT


def test_where_and_with_what_it_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretCamera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (32.0, 29.0, 14.0)
    taken = written(a_picture(), "JPEG", exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile" * 20)
    assert taken.count(b"Secret") >= 3
    kept = reencoded(taken)
    assert b"Secret" not in kept
    assert b"Exif" not in kept
    assert set(looked_at(kept).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_what_hides_behind_the_picture_is_gone() -> None:
    program = b"PK\x03\x04 <script>alert(1)</script> MZ"
    assert program not in reencoded(written(a_picture(), "JPEG") + program)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": clear.getpixel((0, 0))} if mode == "P" else {}
    kept = looked_at(reencoded(written(clear, "PNG", **options)))
    assert kept.getpixel((20, 20)) == WHITE


@pytest.mark.parametrize("mode", ["1", "L", "CMYK"])
def test_a_scan_in_few_or_many_inks_becomes_a_picture_too(mode: str) -> None:
    scan = Image.new("RGB", (40, 40), WHITE).convert(mode)
    kept = looked_at(reencoded(written(scan, "JPEG" if mode == "CMYK" else "PNG")))
    assert kept.getpixel((20, 20)) == WHITE


def test_a_picture_with_two_frames_gives_its_first() -> None:
    lenses = written(a_picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (120, 80))])
    assert corners(looked_at(reencoded(lenses))) == UPRIGHT


def test_the_same_photograph_is_kept_as_the_same_bytes() -> None:
    data = written(a_picture(2000, 1500), "JPEG")
    assert reencoded(data) == reencoded(data)


# --- what is refused ----------------------------------------------------------------------------------------------


def a_jpeg_of_many_scans() -> bytes:
    """A progressive JPEG whose last scan is drawn again and again."""
    data = written(a_picture(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xc4") : -2]
    return data[:-2] + last * 200 + data[-2:]


NO_PICTURES: dict[str, Callable[[], bytes]] = {
    "a text": lambda: "这不是照片".encode(),
    "a drawing in SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a GIF that moves": lambda: written(a_picture(), "GIF", save_all=True, append_images=[a_picture()]),
    "a bitmap": lambda: written(a_picture(), "BMP"),
    "a TIFF": lambda: written(a_picture(), "TIFF"),
    "a PDF": lambda: written(a_picture(), "PDF"),
    "an icon": lambda: written(a_picture(), "ICO"),
    "a page that begins like a photograph": lambda: b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>",
    "half a JPEG": lambda: written(a_picture(), "JPEG")[:-200],
    "half a PNG": lambda: written(a_picture(), "PNG")[:-60],
    "half a WebP": lambda: written(a_picture(), "WEBP")[:-40],
    "a PNG whose data is damaged": lambda: written(a_picture(), "PNG").replace(b"IDAT\x78", b"IDAT\x00"),
    "grey in sixteen bits": lambda: written(Image.new("I;16", (9, 9), 40_000), "PNG"),
    "a JPEG that takes for ever": a_jpeg_of_many_scans,
}


@pytest.mark.parametrize("kind", NO_PICTURES)
def test_what_is_no_photograph_is_refused_in_plain_words(kind: str) -> None:
    with pytest.raises(NotAPicture, match="not a picture that can be read"):
        reencoded(NO_PICTURES[kind]())


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(NotAPicture, match="empty"):
        reencoded(b"")


def test_a_file_of_more_than_twelve_megabytes_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Image, "open")
    with pytest.raises(NotAPicture) as refused:
        reencoded(b"\xff\xd8\xff" + bytes(MAX_BYTES))
    assert refused.value.params == {"most": 12}


@pytest.mark.parametrize(
    ("width", "height", "file_format", "most"),
    [
        (6400, 6400, "JPEG", 40),
        (6400, 6400, "PNG", 40),
        (4100, 4100, "WEBP", 16),
        (10_000, 10_000, "PNG", 40),  # Pillow warns
        (14_000, 13_000, "PNG", 40),  # Pillow refuses
    ],
)
def test_a_picture_that_unpacks_into_too_much_is_refused_before_it_is_unpacked(
    width: int, height: int, file_format: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = _claiming(width, height, file_format)
    assert len(bomb) < 10_000
    with pytest.raises(NotAPicture, match="too many pixels") as refused:
        reencoded(bomb)
    assert refused.value.params == {"most": most}


def test_a_progressive_jpeg_which_is_held_whole_may_have_fewer_pixels() -> None:
    with pytest.raises(NotAPicture) as refused:
        reencoded(_claiming(4100, 4100, "JPEG", progressive=True))
    assert refused.value.params == {"most": 16}


def _claiming(width: int, height: int, file_format: str, **options: Any) -> bytes:
    """A small file that says it is a picture of so many pixels."""
    data, size = bytearray(written(a_picture(16, 16), file_format, **options)), (width, height)
    if file_format == "PNG":
        data[16:24] = b"".join(side.to_bytes(4) for side in size)
        data[29:33] = crc32(data[12:29]).to_bytes(4)
    elif file_format == "JPEG":
        at = data.index(b"\xff\xc2" if options else b"\xff\xc0") + 5
        data[at : at + 4] = b"".join(side.to_bytes(2) for side in reversed(size))
    else:
        at = data.index(b"\x9d\x01\x2a") + 3
        data[at : at + 4] = b"".join(side.to_bytes(2, "little") for side in size)
    return bytes(data)


def test_the_largest_photograph_allowed_is_read() -> None:
    side = int(MAX_PIXELS**0.5)
    assert looked_at(reencoded(written(Image.new("L", (side, side)), "PNG"))).size == (1600, 1600)
