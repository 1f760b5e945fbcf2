"""Chinese lines in WeasyPrint: flush on both sides, on one grid, with room around Latin.

WeasyPrint justifies by widening spaces, which Chinese has none of, and takes the height of a line
from whichever font drew it. ``install`` extends three of its functions, once per process:

* ``justify_line``: a line with Chinese in it is filled by widening the places between characters
  (CSS Text 3, ``text-justify: inter-character``), leaving Latin words and figures as they are;
* ``first_line_metrics``: every font takes the ideographic em box (0.88 em above the baseline, 0.12
  below), so that a rare character from a second font cannot move the line;
* ``Layout.set_text`` / ``get_first_line``: the marked places of ``text.spaced``, and the filled ones.

Lines without Chinese keep WeasyPrint's own behaviour.
"""

import unicodedata
from functools import cache
from itertools import pairwise
from math import copysign
from typing import Any

from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline
from weasyprint.text import line_break
from weasyprint.text.ffi import FROM_UNITS, TO_UNITS, ffi, pango
from weasyprint.text.fonts import get_pango_font_key

from .text import GAP, GLUE, TIE, place

ASCENT = 0.88
_ZERO_WIDTH = GAP + TIE + GLUE


@cache
def _wide(character: str) -> bool:
    """Ideographs and Chinese punctuation, the “…”—· of ambiguous width among them."""
    return unicodedata.east_asian_width(character) in "WFA"


def _opens(before: str, after: str) -> bool:
    """Whether the place between two characters may be widened; —— and …… stay in one piece."""
    if before == after and before in "—…":
        return False
    return _wide(before) or _wide(after) or before == " "


def _places(text: str) -> int:
    visible = [character for character in text if character not in _ZERO_WIDTH]
    return sum(_opens(before, after) for before, after in pairwise(visible))


def _text_boxes(box: Any) -> list[Any]:
    if isinstance(box, boxes.TextBox):
        return [box]
    if isinstance(box, (boxes.LineBox, boxes.InlineBox)):
        return [found for child in box.children for found in _text_boxes(child)]
    return []


def _justify_line(context: Any, line: Any, extra: float) -> None:
    found = _text_boxes(line)
    if not any(_wide(character) for box in found for character in box.text):
        _original_justify_line(context, line, extra)
        return
    if places := sum(_places(box.text) for box in found):
        _widen(line, extra / places, 0.0)


def _widen(box: Any, share: float, shift: float) -> float:
    """Widen every place in ``box`` by ``share`` and move what follows; returns the new shift."""
    if isinstance(box, boxes.TextBox):
        box.position_x += shift
        added = share * _places(box.text)
        box.width += added
        box.pango_layout.filled_width = box.width
        return shift + added
    if isinstance(box, (boxes.LineBox, boxes.InlineBox)):
        box.position_x += shift
        start = shift
        for child in box.children:
            if child.is_in_normal_flow():
                shift = _widen(child, share, shift)
        box.width += shift - start
        return shift
    box.translate(shift, 0)
    return shift


def _set_text(layout: Any, text: str, justify: bool = False) -> None:
    _original_set_text(layout, text, justify)
    if GAP not in layout.text and TIE not in layout.text:
        return
    attributes = pango.pango_layout_get_attributes(layout.layout)
    if attributes == ffi.NULL:
        attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
    em = layout.style["font_size"] * TO_UNITS
    offset, last = 0, len(layout.text) - 1
    for index, character in enumerate(layout.text):
        size = len(character.encode())
        if character in (GAP, TIE) and 0 < index < last:
            ems = place(layout.text[index - 1], layout.text[index + 1])
            attribute = pango.pango_attr_letter_spacing_new(int(em * ems))
            attribute.start_index, attribute.end_index = offset, offset + size
            pango.pango_attr_list_change(attributes, attribute)
        offset += size
    pango.pango_layout_set_attributes(layout.layout, attributes)


def _get_first_line(layout: Any) -> Any:
    line, index = _original_get_first_line(layout)
    if (width := getattr(layout, "filled_width", None)) is not None:
        _fill(line, layout.text, width)
    return line, index


def _fill(line: Any, text: str, width: float) -> None:
    """Set the advances of the glyphs in ``line`` so that they end at ``width`` pixels.

    The PDF holds advances as corrections in whole thousandths of an em, and WeasyPrint cuts
    fractions off; what one glyph loses is therefore given to the next.
    """
    at_byte, offset = {}, 0
    for character in text:
        at_byte[offset] = character
        offset += len(character.encode())

    glyphs = []  # (glyph, its font, the font's size, its first character)
    run = line.runs[0]
    while run != ffi.NULL:
        item = run.data
        run = run.next
        font = item.item.analysis.font
        size = get_pango_font_key(font)[2]
        for i in range(item.glyphs.num_glyphs):
            first = at_byte[item.item.offset + item.glyphs.log_clusters[i]]
            glyphs.append((item.glyphs.glyphs[i], font, size, first))

    while glyphs and glyphs[-1][3] in _ZERO_WIDTH:
        glyphs.pop()[0].geometry.width = 0
    visible = [position for position, (*_, first) in enumerate(glyphs) if first not in _ZERO_WIDTH]
    opened = {here for here, there in pairwise(visible) if _opens(glyphs[here][3], glyphs[there][3])}
    if not opened:
        return
    natural = sum(glyph.geometry.width for glyph, *_ in glyphs)
    share = (width * TO_UNITS - natural) / len(opened)

    ink, logical = ffi.new("PangoRectangle *"), ffi.new("PangoRectangle *")
    debt = 0.0
    for position, (glyph, font, size, first) in enumerate(glyphs):
        if first in _ZERO_WIDTH:
            # WeasyPrint writes an empty glyph's width in parts of 1024, where the PDF counts 1000.
            glyph.geometry.width = round(glyph.geometry.width * 1000 / TO_UNITS)
            continue
        if glyph.glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG:
            continue
        unit = size * TO_UNITS / 1000  # a thousandth of an em in Pango's units
        pango.pango_font_get_glyph_extents(font, glyph.glyph, ink, logical)
        own = round(logical.width * 1000 * FROM_UNITS / size) + glyph.geometry.x_offset / size
        wanted = glyph.geometry.width + (share if position in opened else 0.0)
        exact = own - wanted / unit + debt
        whole = round(exact)
        debt = exact - whole
        # A quarter beyond the whole number survives the rounding to Pango's units.
        glyph.geometry.width = round((own - whole - copysign(0.25 if whole else 0.0, whole)) * unit)


def _first_line_metrics(first_line: Any, text: Any, layout: Any, *args: Any, **kwargs: Any) -> Any:
    size = (kwargs.get("style") or args[2])["font_size"]
    layout, length, resume_at, width, _, _ = _original_metrics(first_line, text, layout, *args, **kwargs)
    return layout, length, resume_at, width, size, size * ASCENT


_original_justify_line = inline.justify_line
_original_metrics = line_break.first_line_metrics
_original_set_text = line_break.Layout.set_text
_original_get_first_line = line_break.Layout.get_first_line


def install() -> None:
    """Extend WeasyPrint in this process; calling it again changes nothing."""
    inline.justify_line = _justify_line
    line_break.first_line_metrics = _first_line_metrics
    line_break.Layout.set_text = _set_text
    line_break.Layout.get_first_line = _get_first_line
