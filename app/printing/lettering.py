"""Text in one style: measured, broken into lines and written as WeasyPrint would, without its boxes.

What fills most cells is ideographs, figures and punctuation, and these do not change each other's
shapes: Pango shapes each once, and a text is a sum of widths and a string of glyph numbers. Any other
text is shaped by Pango as a whole.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from weasyprint.text.ffi import FROM_UNITS, TO_UNITS, ffi, pango
from weasyprint.text.fonts import get_pango_font_key
from weasyprint.text.line_break import create_layout, get_log_attrs, split_first_line

from .text import GLUE, HAN, whole_dates

# No letters, after which figures are narrower; no dashes, which join; no marks, which sit on a letter.
_STEADY = re.compile(f"[ -&(-@\\[-`{{-~°·×‘’“”…℃①-⑳、-】〔〕㎡！-／：-＠［-｀｛-～￥{HAN}]*")


class Unfit(Exception):
    """Only WeasyPrint itself can draw this."""


class _Shape(NamedTuple):
    """What a character looks like, or some that are one glyph together."""

    text: str
    width: int  # in Pango's units
    font: Any
    glyph: int
    own_width: int  # in thousandths of the size, as the font has it
    code: str  # as it stands in the PDF


class Line(NamedTuple):
    """A line of text: its width in CSS pixels, what to write in which font, and what the PDF may not know yet."""

    width: float
    runs: tuple[tuple[Any, str], ...]
    fresh: list[_Shape]


class Lettering:
    """Text in a computed ``style`` of WeasyPrint's; raises ``Unfit`` if it is more than glyphs in a row."""

    def __init__(self, style: Any) -> None:
        self._style = style
        self._layout = create_layout("", style, None, None, 0)
        self._steady: dict[str, _Shape] = {}
        self._known: set[_Shape] = set()
        self._samples: dict[Any, Any] = {}
        self._operators: dict[Any, str] = {}
        self.lines = cache(self._lines)  # a column says the same again and again

    def width(self, text: str) -> float:
        """How wide ``text`` is on one line, in CSS pixels."""
        return float(sum(shape.width for shape in self._shapes(text)) * FROM_UNITS)

    def line(self, text: str) -> Line:
        """``text`` on one line."""
        return self._line(self._shapes(text))

    def operators(self, line: Line, stream: Any) -> Iterator[tuple[str, str]]:
        """What writes ``line`` into a page, for each of its runs: the choice of the font, and the glyphs."""
        for shape in line.fresh:
            font, size = stream.add_font(shape.font)
            font.widths.setdefault(shape.glyph, shape.own_width)
            font.to_unicode.setdefault(shape.glyph, shape.text)
            self._operators[shape.font] = f"/{font.hash} {size:g} Tf"
        line.fresh.clear()
        return ((self._operators[font], f"[<{code}>] TJ") for font, code in line.runs)

    def _lines(self, text: str, room: float) -> tuple[Line, ...]:
        """``text`` in lines of at most ``room`` pixels, as CSS's ``white-space: pre-line`` breaks it."""
        if " " in text:
            text = re.sub(" *\n *", "\n", re.sub("  +", " ", text)).lstrip(" ")
        parts = text.split("\n")
        if not parts[-1]:
            parts.pop()
        return tuple(line for part in parts for line in self._broken(part, room))

    def _broken(self, text: str, room: float) -> Iterator[Line]:
        if not text:
            yield self._line([])
        rest = whole_dates(text)
        while rest:
            shapes = self._shapes(rest)
            edges = list(accumulate((shape.width for shape in shapes), initial=0))
            if edges[-1] <= room * TO_UNITS:
                yield self._line(shapes)
                return
            if _STEADY.fullmatch(rest.replace(GLUE, "")) and not rest.endswith(" "):
                end = self._line_end(rest, max(bisect_right(edges, room * TO_UNITS) - 1, 1))
                first, rest = rest[:end].rstrip(" "), rest[end:]
            else:
                layout, _, used, *_ = split_first_line(rest, self._style, None, room, 0)
                first, rest = layout.text, rest.encode()[used:].decode() if used else ""
            yield self.line(first)
            rest = rest.lstrip(" ")

    def _line_end(self, text: str, fitting: int) -> int:
        """Where a line of steady ``text`` ends that has room for ``fitting`` characters, glue not counted.

        By Unicode's rules (UAX 14), which keep kinsoku; where they allow no end, by force.
        """
        over = next(islice((index for index, character in enumerate(text) if character != GLUE), fitting, None))
        last = over + (text[over] == " ")  # at the end of a line a space takes no room
        breaks = get_log_attrs(text, self._style["lang"])
        return next((index for index in range(last, 0, -1) if breaks[index].is_line_break), over)

    def _line(self, shapes: list[_Shape]) -> Line:
        inked = shapes[:-1] if shapes and shapes[-1].text == " " else shapes
        width = sum([shape.width for shape in inked]) * FROM_UNITS
        if all(shape.text.isspace() for shape in shapes):
            return Line(width, (), [])
        runs = ((font, "".join([shape.code for shape in run])) for font, run in groupby(shapes, attrgetter("font")))
        fresh = [shape for shape in shapes if shape not in self._known]
        self._known.update(fresh)
        return Line(width, tuple(runs), fresh)

    def _shapes(self, text: str) -> list[_Shape]:
        text = text.replace(GLUE, "")
        if not _STEADY.fullmatch(text):
            return self._shaped(text)
        for character in text:
            if character not in self._steady:
                (self._steady[character],) = self._shaped(character)
        return [self._steady[character] for character in text]

    def _shaped(self, text: str) -> list[_Shape]:
        self._layout.set_text(text)
        encoded = text.encode()
        shapes = []
        extents = ffi.new("PangoRectangle *")
        run = self._layout.get_first_line()[0].runs[0]
        while run != ffi.NULL:
            item, string = run.data.item, run.data.glyphs
            run = run.next
            font = item.analysis.font
            if font not in self._samples:  # Pango lets go of a font that no layout uses
                self._samples[font] = create_layout(text, self._style, None, None, 0)
                self._samples[font].get_first_line()
            size = get_pango_font_key(font)[2]
            starts = [item.offset + start for start in string.log_clusters[0 : string.num_glyphs]]
            ends = [*starts[1:], item.offset + item.length]
            for glyph, start, end in zip(string.glyphs[0 : string.num_glyphs], starts, ends, strict=True):
                place = glyph.geometry
                if glyph.glyph >= pango.PANGO_GLYPH_EMPTY or place.x_offset or place.y_offset or start == end:
                    raise Unfit(f"{text!r} is more than glyphs in a row")
                pango.pango_font_get_glyph_extents(font, glyph.glyph, ffi.NULL, extents)
                own = round(extents.width * 1000 * FROM_UNITS / size)
                closer = int(own - place.width * 1000 * FROM_UNITS / size)
                code = f"{glyph.glyph:04x}" + (f">{closer}<" if closer else "")
                shapes.append(_Shape(encoded[start:end].decode(), place.width, font, glyph.glyph, own, code))
        return shapes


class Pen:
    """Writes lines into a page of a PDF, in black; ``stream`` is WeasyPrint's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._font = ""
        self._written = ["0 g", "BT"]

    def write(self, lettering: Lettering, line: Line, x: float, y: float) -> None:
        """Write ``line`` from ``x`` on the baseline ``y``."""
        self._written.append(f"1 0 0 -1 {x:.4f} {y:.4f} Tm")
        for font, glyphs in lettering.operators(line, self._stream):
            if font != self._font:
                self._written.append(font)
                self._font = font
            self._written.append(glyphs)

    def lift(self) -> None:
        """Put on the page what was written."""
        self._stream.stream.append("\n".join([*self._written, "ET"]))
