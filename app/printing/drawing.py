"""From a snapshot to the bytes of a PDF, in this process."""

import gc
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML, Document
from weasyprint.logger import LOGGER, PROGRESS_LOGGER
from weasyprint.urls import FatalURLFetchingError

from . import columns, embedding, fonts, justify, qr, stamping
from .fetchers import InertFetcher
from .lettering import Unfit
from .refusal import PrintRefused
from .sheet import sheet
from .snapshot import Column, Kind, Layout, Snapshot, Table, texts
from .text import chinese_date, printable, spaced, title_lines, whole_dates, whole_units, width

_TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")
_PAGES = Environment(loader=_TEMPLATES, autoescape=True, undefined=StrictUndefined)
_STYLES = Environment(loader=_TEMPLATES, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - only our own numbers

_FIRST = re.compile(r"[一二三四五六七八九十百]+、")
_SECOND = re.compile(r"（[一二三四五六七八九十百]+）")
_ROLES: dict[Kind, fonts.Role] = {"title": "title", "caption": "strong", "heading": "strong", "cell": "table"}
# What stands in the foot of a page: its number, and the count of pages.
_PAGE_NUMBERS: dict[Layout, str] = {"notice": "— {0} —", "register": "第{0}页 共{1}页"}
_TITLE_SIZE = 22 / 16
_GREETING = 28
_FEW_PAGES = 3  # up to which a sheet less is worth drawing again, tighter
_BEGINS_A_PAGE = re.compile(r"Step 5 - Creating layout - Page (\d+)")  # what WeasyPrint logs then


def draw(snapshot: Snapshot, written: Callable[[int], None] = lambda rows: None) -> bytes:
    """The PDF of ``snapshot``; the same snapshot gives the same bytes.

    ``written`` is told, while a long table is drawn, how many of its rows are done; what it raises
    stops the drawing. Raises ``PrintRefused``: "font_missing", "glyph_missing" before anything is
    drawn, "drawing_failed" when WeasyPrint had anything to complain about.
    """
    loaded = fonts.load()
    loaded.check((_ROLES.get(place.kind, "body"), place, text) for place, text in texts(snapshot))
    justify.install()
    with no_garbage_collection(), no_complaints():
        try:
            return as_pdf(_Typesetter(snapshot, loaded).document(written), snapshot.digest())
        except FatalURLFetchingError as error:
            raise PrintRefused("drawing_failed", detail=str(error)) from error


class _Typesetter:
    """Has WeasyPrint lay out one sheet, as often as it takes."""

    def __init__(self, snapshot: Snapshot, loaded: fonts.Fonts) -> None:
        self._snapshot = snapshot
        self._fonts = loaded
        self._fetcher = InertFetcher()
        self._sheet = sheet(snapshot.paper, snapshot.landscape)
        self._table = snapshot.table and _clean(snapshot.table)
        self._issuer = [line for line in printable(snapshot.issuer).split("\n") if line]
        self._date = chinese_date(snapshot.issued_on) if snapshot.issued_on else "年\u3000月\u3000日"
        self._signature_width = _signature_width(self._issuer, self._date, snapshot.sealed)
        self._blocks = columns.blocks(self._table, self._sheet, self._signature_width) if self._table else 1
        self._shared = {
            "layout": snapshot.layout,
            "sealed": snapshot.sealed,
            "sheet": self._sheet,
            "blocks": self._blocks,
            "qr": qr.image(snapshot.qr),
        }

    def document(self, written: Callable[[int], None]) -> Document:
        """The sheet, laid out: a long table by ``stamping``, anything else by WeasyPrint alone."""
        number = _PAGE_NUMBERS[self._snapshot.layout]
        rows = self._table.rows if self._table else ()
        steps = columns.steps(self._table)
        if len(rows) >= stamping.LONG:
            style = self._style(steps[0], f'url("{stamping.NUMBER}")')
            with suppress(Unfit):
                return stamping.lay_out(rows, self._blocks, number.format, partial(self._laid_out, style), written)
        counters = number.replace("{0}", '" counter(page) "').replace("{1}", '" counter(pages) "')
        return _shortest(steps, lambda step: self._laid_out(self._style(step, f'"{counters}"'), rows))

    def _laid_out(
        self, style: str, rows: stamping.Rows, rooms: Mapping[str, stamping.Room] = MappingProxyType({}), more: str = ""
    ) -> Document:
        page = HTML(
            string=self._page(rows, [url for url, room in rooms.items() if room.rows]), url_fetcher=self._fetcher
        )
        configuration = self._fonts.configuration
        own_style = CSS(string=style + more, font_config=configuration, url_fetcher=self._fetcher)
        return page.render(
            stylesheets=[self._fonts.stylesheet, own_style], font_config=configuration, cache=dict(rooms)
        )

    def _style(self, step: int, page_number: str) -> str:
        table = self._table
        return _STYLES.get_template("sheet.css").render(
            self._shared,
            families=self._fonts.families,
            landscape=self._snapshot.landscape,
            fit=table and columns.fit(table, columns.block_ems(self._sheet, self._blocks), step),
            block_gap=columns.BLOCK_GAP,
            looseness=columns.looseness(step),
            page_number=page_number,
            signature_width=self._signature_width,
        )

    def _page(self, rows: stamping.Rows, images: Sequence[str]) -> str:
        snapshot = self._snapshot
        title = printable(snapshot.title)
        return _PAGES.get_template(f"{snapshot.layout}.html").render(
            self._shared,
            title=title.replace("\n", ""),
            title_lines=title_lines(title, self._sheet.type_ems / _TITLE_SIZE),
            number=printable(snapshot.number),
            author=" ".join(self._issuer),
            issuer=self._issuer,
            issued_on=snapshot.issued_on,
            date=self._date,
            as_of=chinese_date(snapshot.issued_on) if snapshot.issued_on else "",
            paragraphs=[_paragraph(text, first=not index) for index, text in enumerate(_text_lines(snapshot))],
            table=self._table and _printed(self._table, rows),
            images=images,
            notes=[spaced(printable(note)) for note in snapshot.notes],
            short_code=printable(snapshot.short_code),
            draft=snapshot.draft,
        )


def _shortest(steps: Sequence[int], lay_out: Callable[[int], Document]) -> Document:
    """The sheet on the fewest pages, and as roomy on these as can be; of many pages one less is not worth the while.

    ``steps`` are closer and closer, which never takes more pages. The closest tells whether any saves one.
    """
    first, *others, closest = steps
    document = lay_out(first)
    if not 1 < len(document.pages) <= _FEW_PAGES:
        return document
    shorter = within(len(document.pages) - 1, partial(lay_out, closest))
    if shorter is None:
        return document
    roomier = (within(len(shorter.pages), partial(lay_out, step)) for step in others)
    return next(filter(None, roomier), shorter)


def within(pages: int, lay_out: Callable[[], Document]) -> Document | None:
    """What ``lay_out`` lays out if it takes at most that many pages; given up as soon as another begins."""

    def look(page: int) -> None:
        if page > pages:
            raise _TooManyPages

    with suppress(_TooManyPages), told_between_pages(look):
        return lay_out()
    return None


class _TooManyPages(Exception):
    """The layout goes on beyond what it may take."""


def as_pdf(document: Document, digest: str) -> bytes:
    """The PDF of ``document``, identified by ``digest``; with nobody else holding the document, it is garbage then."""
    embedding.install()
    pdf: bytes = document.write_pdf(finisher=embedding.compress, pdf_identifier=bytes.fromhex(digest)[:16])
    return pdf


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Box trees are all cycles: collecting them half-built costs more than drawing.

    What is made meanwhile is the youngest generation, so that afterwards only this one has to be looked through.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect(0)


@contextmanager
def no_complaints() -> Iterator[None]:
    """Refuse when WeasyPrint logs a warning: a missing glyph or font prints wrong and says so only there."""
    handler = _Collector(logging.WARNING)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
    if handler.messages:
        raise PrintRefused("drawing_failed", detail=handler.messages[0])


@contextmanager
def told_between_pages(tell: Callable[[int], None]) -> Iterator[None]:
    """Call ``tell`` with the number of each page before WeasyPrint lays it out; what it raises stops the drawing."""

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if page := _BEGINS_A_PAGE.match(record.getMessage()):
                tell(int(page[1]))

    teller, level = Teller(logging.INFO), PROGRESS_LOGGER.level
    PROGRESS_LOGGER.addHandler(teller)
    PROGRESS_LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        PROGRESS_LOGGER.setLevel(level)
        PROGRESS_LOGGER.removeHandler(teller)


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


def _printed(table: Table, rows: stamping.Rows) -> dict[str, Any]:
    short = {"left": "", "right": "r", "center": "m"}
    return {
        "labels": [whole_units(column.label) for column in table.columns],
        "rows": [[whole_dates(cell) for cell in row] for row in rows],
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
