"""Photographs people upload: looked at by their content, made small, and kept as nothing but a picture."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import ExifTags, Image, ImageFile
from PIL.Image import Resampling, Transpose

from app.kernel.values import N_, Invalid

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_PIXELS_AT_ONCE = 16_000_000
"""Of what decoders hold several times over: WebP and progressive JPEG."""

_MAX_SCANS = 50  # a JPEG from a camera has one, from the web about ten; each passes over the whole picture
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of a JPEG's segments: a letter, then the length of the segment
_SCAN, _END = 0xDA, 0xD9
_OPAQUE = {"RGB", "L", "CMYK"}
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What stands a picture upright, by the orientation it was taken in (Exif). Pillow's own function writes the other Exif
data anew as well, and fails over what some cameras put there."""
_QUALITY = 85

_UNREADABLE = N_("This is not a picture that can be read; please use a JPEG, PNG or WebP file.")


class NotAPicture(Invalid):
    """An upload that is no photograph we can keep; the message can be shown beside the field."""


def reencoded(data: bytes, longest: int = 1600) -> bytes:
    """The photograph ``data`` (JPEG, PNG or WebP) as a JPEG that stands upright, at most ``longest`` pixels a side.

    It is drawn anew: the place and camera it was taken with, and whatever else stood in the file, are gone; what was
    transparent is white. The same data gives the same bytes. Raises :class:`NotAPicture`.
    """
    if not data:
        raise NotAPicture(N_("The file is empty."))
    if len(data) > MAX_BYTES:
        raise NotAPicture(N_("The picture is too large: at most %(most)s MB."), most=MAX_BYTES // 1024**2)
    # A switch for the whole process, which other libraries turn on: half a picture is no proof that something hangs.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            _check(picture, data)
            return _drawn_anew(picture, longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(MAX_PIXELS) from None
    except NotAPicture:
        raise
    except Exception:  # a decoder may raise anything over a broken file
        raise NotAPicture(_UNREADABLE) from None


def _too_many(most: int) -> NotAPicture:
    return NotAPicture(N_("The picture has too many pixels: at most %(most)s million."), most=most // 1_000_000)


def _check(picture: Image.Image, data: bytes) -> None:
    """Refuse, before anything is decoded, what would cost too much or come out wrong."""
    at_once = picture.format == "WEBP" or "progressive" in picture.info
    most = MAX_PIXELS_AT_ONCE if at_once else MAX_PIXELS
    if picture.width * picture.height > most:
        raise _too_many(most)
    sixteen_bits_of_grey = picture.mode.startswith("I")  # Pillow would make white of it
    if sixteen_bits_of_grey or ("progressive" in picture.info and _has_many_scans(data)):
        raise NotAPicture(_UNREADABLE)


def _has_many_scans(jpeg: bytes) -> bool:
    position, scans = 2, 0
    while (found := _MARKER.search(jpeg, position)) and found[0][1] != _END and scans <= _MAX_SCANS:
        scans += found[0][1] == _SCAN
        position = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2])
    return scans > _MAX_SCANS


def _drawn_anew(picture: Image.Image, longest: int) -> bytes:
    if picture.mode not in _OPAQUE:
        # Filtering makes a copy of palettes and transparency; a coarse step first keeps it small.
        picture.thumbnail((2 * longest, 2 * longest), Resampling.NEAREST)
        picture = picture.convert("RGBA")
    twice = 2 * longest / max(picture.size)
    picture.draft(None, (int(picture.width * twice), int(picture.height * twice)))  # a JPEG is read at a fraction
    picture.thumbnail((longest, longest), Resampling.LANCZOS)
    turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    if turn is not None:
        picture = picture.transpose(turn)
    blank = Image.new("RGB", picture.size, "white")
    blank.paste(picture, mask=picture if picture.mode == "RGBA" else None)
    written = BytesIO()
    blank.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
