"""From a snapshot to the bytes of a PDF, in this process."""

import gc
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML, Document
from weasyprint.logger import LOGGER
from weasyprint.urls import FatalURLFetchingError

from . import columns, fonts, justify
from .fetchers import InertFetcher
from .refusal import PrintRefused
from .sheet import sheet
from .snapshot import Column, Snapshot, Table
from .text import chinese_date, printable, spaced, title_lines, whole_dates, whole_units, width

_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")
_PAGES = Environment(loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined)
_STYLES = Environment(loader=_TEMPLATES, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - only our own numbers

_FIRST = re.compile(r"[一二三四五六七八九十百]+、")
_SECOND = re.compile(r"（[一二三四五六七八九十百]+）")
_TITLE_SIZE = 22 / 16
_GREETING = 28
_FEW_PAGES = 3  # up to which a sheet less is worth drawing again, tighter


def draw(snapshot: Snapshot) -> bytes:
    """The PDF of ``snapshot``; the same snapshot gives the same bytes.

    Raises ``PrintRefused``: "font_missing", "glyph_missing" before anything is drawn,
    "drawing_failed" when WeasyPrint had anything to complain about.
    """
    loaded = fonts.load()
    loaded.check(snapshot)
    justify.install()
    geometry = sheet(snapshot.paper, snapshot.landscape)
    table = snapshot.table and _clean(snapshot.table)
    date = chinese_date(snapshot.issued_on) if snapshot.issued_on else "年\u3000月\u3000日"
    issuer = [line for line in printable(snapshot.issuer).split("\n") if line]
    signature_width = _signature_width(issuer, date, snapshot.sealed)
    title = printable(snapshot.title)
    blocks = columns.blocks(table, geometry, signature_width) if table else 1
    values = {"layout": snapshot.layout, "sealed": snapshot.sealed, "sheet": geometry, "blocks": blocks}
    styles = (
        _STYLES.get_template("sheet.css").render(
            values,
            families=loaded.families,
            landscape=snapshot.landscape,
            fit=table and columns.fit(table, columns.block_ems(geometry, blocks), step),
            block_gap=columns.BLOCK_GAP,
            looseness=columns.looseness(step),
            signature_width=signature_width,
        )
        for step in columns.steps(table)
    )
    page = _PAGES.get_template(f"{snapshot.layout}.html").render(
        values,
        title=title.replace("\n", ""),
        title_lines=title_lines(title, geometry.type_ems / _TITLE_SIZE),
        number=printable(snapshot.number),
        author=" ".join(issuer),
        issuer=issuer,
        issued_on=snapshot.issued_on,
        date=date,
        as_of=chinese_date(snapshot.issued_on) if snapshot.issued_on else "",
        paragraphs=[_paragraph(text, first=not index) for index, text in enumerate(_text_lines(snapshot))],
        table=table and _printed(table),
        notes=[spaced(printable(note)) for note in snapshot.notes],
        short_code=printable(snapshot.short_code),
        draft=snapshot.draft,
    )
    with _no_garbage_collection(), _no_complaints():
        return _pdf(page, styles, loaded, bytes.fromhex(snapshot.digest()))


def _pdf(page: str, styles: Iterable[str], loaded: fonts.Fonts, identifier: bytes) -> bytes:
    """The page in the first of the styles, or in a later one that takes fewer sheets."""
    fetcher = InertFetcher()
    try:
        drawn: list[Document] = []
        for style in styles:
            sheet_style = CSS(string=style, font_config=loaded.configuration, url_fetcher=fetcher)
            document = HTML(string=page, url_fetcher=fetcher)
            drawn.append(
                document.render(stylesheets=[loaded.stylesheet, sheet_style], font_config=loaded.configuration)
            )
            if not 1 < len(drawn[-1].pages) <= _FEW_PAGES:
                break
        best = min(drawn, key=lambda document: len(document.pages))
        pdf: bytes = best.write_pdf(pdf_identifier=identifier[:16])
        return pdf
    except FatalURLFetchingError as error:
        raise PrintRefused("drawing_failed", detail=str(error)) from error


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Box trees are all cycles: collecting them half-built costs more than drawing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


@contextmanager
def _no_complaints() -> Iterator[None]:
    """Refuse when WeasyPrint logs a warning: a missing glyph or font prints wrong and says so only there."""
    handler = _Collector(logging.WARNING)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
    if handler.messages:
        raise PrintRefused("drawing_failed", detail=handler.messages[0])


class _Collector(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@dataclass(frozen=True)
class _Paragraph:
    kind: str  # a CSS class: first, second, greeting, plain
    head: str
    rest: str
    label: str  # for the outline; empty unless the paragraph is a heading


def _text_lines(snapshot: Snapshot) -> list[str]:
    """The paragraphs, cleaned; a line feed begins another, indents typed by hand are dropped."""
    lines = (line.strip(" \u3000") for text in snapshot.paragraphs for line in printable(text).split("\n"))
    return [line for line in lines if line]


def _paragraph(text: str, first: bool) -> _Paragraph:
    """Tell headings from text. A heading that runs on into text ends at its first full stop."""
    for kind, pattern in (("first", _FIRST), ("second", _SECOND)):
        if pattern.match(text):
            stop = text.find("。") + 1
            runs_on = 0 < stop < len(text)
            head, rest = (text[:stop], text[stop:]) if runs_on else (text, "")
            return _Paragraph(kind, spaced(head), spaced(rest), "" if runs_on else text)
    greeting = first and text.endswith("：") and len(text) <= _GREETING
    return _Paragraph("greeting" if greeting else "plain", "", spaced(text), "")


def _clean(table: Table) -> Table:
    return Table(
        columns=tuple(Column(printable(column.label), column.align, column.weight) for column in table.columns),
        rows=tuple(tuple(printable(cell) for cell in row) for row in table.rows),
        caption=printable(table.caption),
    )


def _printed(table: Table) -> dict[str, Any]:
    short = {"left": "", "right": "r", "center": "m"}
    return {
        "labels": [whole_units(column.label) for column in table.columns],
        "rows": [[whole_dates(cell) for cell in row] for row in table.rows],
        "caption": table.caption,
        "aligns": [short[column.align] for column in table.columns],
    }


def _signature_width(issuer: list[str], date: str, sealed: bool) -> float:
    """How wide the signature is, in characters, its right edge being that of the type area."""
    date_width = sum(0.5 if character.isascii() else 1.0 for character in date)
    issuer_width = max(map(width, issuer), default=0.0)
    if sealed:
        return max(date_width + 8, issuer_width)
    return max(issuer_width, date_width + 2) + 2
