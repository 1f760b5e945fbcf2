"""Fonts in the PDFs that WeasyPrint writes, without doing twice what takes the time; every byte stays as it was.

A Chinese font has up to 27 MB and 65,000 glyphs. For each sheet WeasyPrint copies it whole and has HarfBuzz look it
through for the few glyphs that are printed; pydyf then compresses whatever is in the PDF twice, once for the hash that
identifies it. Half of the time that a short sheet takes goes there.

``install`` extends two functions of WeasyPrint, once per process: a font is read where it lies, and what it was cut
down to is kept for the next sheet with the same characters in that font, as titles, labels and figures often are.
``compress`` is what ``write_pdf`` calls a finisher.
"""

import zlib
from functools import cached_property
from typing import Any

import pydyf
from weasyprint.pdf import fonts
from weasyprint.text.ffi import ffi, harfbuzz

_KEPT = 40  # fonts that were cut down, of about half a megabyte each


class _CutDown(bytes):
    """A font with only some of its glyphs left."""

    @cached_property
    def compressed(self) -> bytes:
        return _compressed(self)


_cut_down: dict[tuple[Any, ...], _CutDown] = {}


def compress(_document: Any, pdf: pydyf.PDF) -> None:
    """Compress the streams of ``pdf``, as pydyf would do each time it is asked for their bytes."""
    for stream in pdf.objects:
        if isinstance(stream, pydyf.Stream) and stream.compress:
            match stream.stream:
                case [_CutDown() as font]:
                    content = font.compressed
                case pieces:
                    content = _compressed(b"\n".join(map(pydyf._to_bytes, pieces)))
            stream.stream, stream.compress = [content], False
            stream.extra = {**stream.extra, "Filter": "/FlateDecode"}


def _compressed(data: bytes) -> bytes:
    return zlib.compress(data, level=9)


def _font_data(face: Any) -> Any:
    """The bytes of a font where they lie, not copied; the buffer keeps them there."""
    blob = ffi.gc(harfbuzz.hb_face_reference_blob(face), harfbuzz.hb_blob_destroy)
    length = ffi.new("unsigned int *")
    data = harfbuzz.hb_blob_get_data(blob, length)
    return ffi.buffer(ffi.gc(data, lambda _, kept=blob: None), length[0])


def _subset(font: Any, to_unicode: dict[int, str], hinting: bool) -> None:
    # Kept in the key, the face stays: no other font can come to lie at its address.
    key = (font.hb_face, frozenset(to_unicode), hinting, bool(font.missing))
    if key not in _cut_down:
        whole = font.file_content
        _original_subset(font, to_unicode, hinting)
        if font.file_content is whole:  # none of it is used, or it cannot be cut, which WeasyPrint has complained of
            font.file_content = bytes(whole)
            return
        if len(_cut_down) == _KEPT:
            del _cut_down[next(iter(_cut_down))]  # the oldest
        _cut_down[key] = _CutDown(font.file_content)
    font.file_content = _cut_down[key]


_original_subset = fonts.Font.subset


def install() -> None:
    """Extend WeasyPrint in this process; calling it again changes nothing."""
    fonts.get_hb_object_data = _font_data
    fonts.Font.subset = _subset
