"""A finished PDF as a reader sees it: characters with places, lines, fonts, outline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTContainer, LTItem, LTLine, LTRect
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1, stream_value
from pdfminer.psparser import LIT

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True)
class Line:
    """One printed line; ``left``, ``right``, ``top`` in points from the paper's top left corner."""

    text: str
    starts: tuple[float, ...]  # where each character begins
    left: float
    right: float
    bottom: float
    sizes: frozenset[float]
    fonts: frozenset[str]


class Reading:
    def __init__(self, pdf: bytes) -> None:
        self.pdf = pdf
        document = PDFDocument(PDFParser(BytesIO(pdf)))
        device = PDFPageAggregator(PDFResourceManager())
        interpreter = _Interpreter(device.rsrcmgr, device)
        self.sizes: list[tuple[float, float]] = []
        self.chars: list[list[dict[str, Any]]] = []
        self.rules: list[list[dict[str, Any]]] = []
        for page in PDFPage.create_pages(document):
            interpreter.process_page(page)
            found = device.get_result()
            items = list(_items(found))
            self.sizes.append((found.width / POINTS_PER_MM, found.height / POINTS_PER_MM))
            self.chars.append([_char(item, found.height) for item in items if isinstance(item, LTChar)])
            self.rules.append([_place(item, found.height) for item in items if isinstance(item, LTRect | LTLine)])
        self.identifier: bytes = document.xrefs[0].get_trailer()["ID"][0]
        self.catalog = {key: resolve1(value) for key, value in document.catalog.items()}
        self.objects = [_object(document, number) for xref in document.xrefs for number in xref.get_objids()]

    @cached_property
    def text(self) -> str:
        """All characters in drawing order, page furniture included, without spaces."""
        return "".join(c["text"] for page in self.chars for c in page).replace(" ", "").replace("\u3000", "")

    @cached_property
    def page_texts(self) -> list[str]:
        return ["".join(c["text"] for c in page).replace(" ", "") for page in self.chars]

    @cached_property
    def lines(self) -> list[list[Line]]:
        """The lines of every page, top to bottom."""
        return [list(_lines(page)) for page in self.chars]

    @cached_property
    def title_and_outline(self) -> tuple[str, list[tuple[int, str]]]:
        with pypdfium2.PdfDocument(self.pdf) as document:
            outline = [(item.level, item.get_title()) for item in document.get_toc()]
            return document.get_metadata_dict()["Title"], outline

    @cached_property
    def font_descriptors(self) -> list[dict[str, Any]]:
        return [found for found in self.objects if _type(found) == "FontDescriptor"]

    @cached_property
    def fonts(self) -> list[dict[str, Any]]:
        return [found for found in self.objects if _type(found) == "Font" and "DescendantFonts" in found]


class _Interpreter(PDFPageInterpreter):
    """pdfminer's, but qpdf takes the content apart, which is quicker than doing so in Python."""

    def execute(self, streams: Sequence[object]) -> None:
        content = b"\n".join(stream_value(stream).get_data() for stream in streams)
        with pikepdf.new() as blank:
            for operands, operator in pikepdf.parse_content_stream(blank.make_stream(content)):
                name = str(operator).replace("*", "_a")
                getattr(self, f"do_{name}")(*map(_operand, operands))


def _operand(value: Any) -> Any:
    """A value of qpdf's as pdfminer has it."""
    match value:
        case Decimal():
            return float(value)
        case pikepdf.Array():
            return [_operand(item) for item in value]
        case pikepdf.Name():
            return LIT(str(value)[1:])
        case pikepdf.String():
            return bytes(value)
        case _:
            return value


def _items(whole: LTContainer[Any]) -> Iterator[LTItem]:
    for item in whole:
        if isinstance(item, LTContainer):
            yield from _items(item)
        else:
            yield item


def _place(item: Any, height: float) -> dict[str, Any]:
    """Where something is, in points from the paper's top left corner."""
    return {
        "x0": item.x0,
        "x1": item.x1,
        "top": height - item.y1,
        "bottom": height - item.y0,
        "width": item.width,
        "height": item.height,
    }


def _char(item: LTChar, height: float) -> dict[str, Any]:
    colour = item.graphicstate.ncolor
    return _place(item, height) | {
        "text": item.get_text(),
        "fontname": item.fontname,
        "size": item.size,
        "upright": item.upright,
        "matrix": item.matrix,
        "non_stroking_color": colour if isinstance(colour, tuple) else (colour,),
    }


def _object(document: Any, number: int) -> dict[str, Any]:
    found = resolve1(document.getobj(number))
    return found if isinstance(found, dict) else getattr(found, "attrs", {})


def _type(found: dict[str, Any]) -> str:
    return getattr(found.get("Type"), "name", "")


def _lines(chars: list[dict[str, Any]]) -> Iterator[Line]:
    upright = [c for c in chars if c["upright"] and abs(c["matrix"][1]) < 1e-6]
    rows: dict[float, list[dict[str, Any]]] = {}
    for char in upright:
        rows.setdefault(round(char["matrix"][5], 1), []).append(char)  # by baseline
    for baseline in sorted(rows, reverse=True):
        row = sorted(rows[baseline], key=lambda c: c["x0"])
        while row and row[-1]["text"].isspace():
            row.pop()
        if row:
            yield Line(
                text="".join(c["text"] for c in row),
                starts=tuple(c["x0"] for c in row),
                left=row[0]["x0"],
                right=row[-1]["x1"],
                bottom=row[0]["bottom"],
                sizes=frozenset(round(c["size"], 1) for c in row),
                fonts=frozenset(c["fontname"].partition("+")[2] for c in row),
            )
