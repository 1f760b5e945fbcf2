"""A finished PDF as a reader sees it: characters with places, lines, fonts, outline."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import pdfplumber
import pypdfium2
from pdfminer.pdftypes import resolve1

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
        with pdfplumber.open(BytesIO(pdf)) as document:
            self.sizes = [(page.width / POINTS_PER_MM, page.height / POINTS_PER_MM) for page in document.pages]
            self.chars = [page.chars for page in document.pages]
            self.rules = [[*page.rects, *page.lines] for page in document.pages]
            self.identifier: bytes = document.doc.xrefs[0].get_trailer()["ID"][0]
            self.catalog = {key: resolve1(value) for key, value in document.doc.catalog.items()}
            self.objects = [
                _object(document.doc, number) for xref in document.doc.xrefs for number in xref.get_objids()
            ]

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
