"""What hangs on a board as slides for a screen that is read from three to five metres: sheets in, plain values out.

A slide holds what can be read while it stands. Long text is cut where a sentence ends, long tables by rows under their
repeated head, very wide ones by columns beside their repeated first. Whatever does not fit is left to the board.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from app.printing import Column, Snapshot, Table
from app.printing.text import chinese_date, printable, whole_dates, whole_units, width

MOST = 20
"""Slides of one notice; where that is not enough, the last of them says that the rest stands on the board."""
REST = "全文见公示栏"
SHORTEST, LONGEST = 10, 40
"""Seconds a slide stands."""

_LOOKING, _PACE = 8, 6  # seconds to find one's way on a slide; characters then read in a second
_CHARACTERS = (LONGEST - _LOOKING) * _PACE
_LINE, _LINES = 30, 8  # ems and lines of text that fill a screen in type of a twentieth of its height
_INDENT = 2

_ACROSS = 46  # ems, in the smaller type of tables
_ROWS = 8
_BETWEEN = 0.5  # lines, between two rows
_ABOVE = 3  # lines a text may take above a table: under it there is still room for the tallest row
_CAPS = (30, 24, 19, 15, 12, 10)  # ems beyond which a cell is wrapped: as late as the columns leave room
_CAP = 20  # where they leave none and stand on several slides
_PADDING = 1.0
_HEAD = 5  # characters of a heading that stay on one line
_TERM = 8.5  # ems up to which a cell stays on one line
_CELL = 80  # characters of a cell that are shown

_HEADING = re.compile(r"(?:[一二三四五六七八九十百]+、|（[一二三四五六七八九十百]+）)[^。！？；]{1,30}")
_LEVELS = 2
_GREETING = 28
_SENTENCE = re.compile(r"[^。！？]*[。！？]+[”’」』）]*|[^。！？]+")
_CLAUSE = re.compile(r"[^；，、：]{0,60}[；，、：]?")
_LONG = 150  # characters of a sentence that leave room on a slide for the headings above it

_T = TypeVar("_T")


def slides(sheets: Sequence[Snapshot]) -> list[dict[str, Any]]:
    """The slides of ``sheets``, one sheet after the other, as values that JSON can carry.

    Each has its sheet's ``title``, ``number``, ``issuer`` and ``date`` (in words), its ``page`` of ``pages``, the
    ``seconds`` it stands, and ``text``, paragraphs with a ``style`` (plain, greeting, head, note, end, or rest: begun
    on the slide before), a ``table`` (``caption``, ``columns`` with their ``width`` in ems, ``rows``), or a table under
    a short text.
    """
    return [slide for sheet in sheets for slide in _of(sheet)]


def _of(sheet: Snapshot) -> Iterator[dict[str, Any]]:
    contents = _contents(sheet)
    head = {
        "title": printable(sheet.title).replace("\n", ""),
        "number": printable(sheet.number),
        "issuer": printable(sheet.issuer).replace("\n", " "),
        "date": chinese_date(sheet.issued_on) if sheet.issued_on else "",
    }
    for page, content in enumerate(contents, 1):
        yield {**head, "page": page, "pages": len(contents), "seconds": _seconds(content), **content}


def _contents(sheet: Snapshot) -> list[dict[str, Any]]:
    """What stands on each slide of a sheet."""
    text, notes = list(_paragraphs(sheet.paragraphs)), list(_paragraphs(sheet.notes, "note"))
    if sheet.table:
        grid = _Grid.of(sheet.table)
        before = _texts(text)
        found = [*before[:-1], *grid.slides(before[-1] if before else None), *_texts(notes)]
        whole = len(found) <= MOST and not grid.is_cut
    else:
        found = _texts([*text, *notes])
        whole = len(found) <= MOST
    if not whole:
        found = [*found[: MOST - 1], {"text": [{"style": "end", "text": REST}]}]
    return found or [{"text": []}]


def _seconds(content: dict[str, Any]) -> int:
    count = sum(len(paragraph["text"]) for paragraph in content.get("text", ()))
    if "table" in content:
        count += sum(len(cell) for row in content["table"]["rows"] for cell in row)
    return min(max(_LOOKING + ceil(count / _PACE), SHORTEST), LONGEST)


def _evenly(parts: Sequence[_T], fits: Callable[[list[_T], float], bool]) -> list[list[_T]]:
    """``parts`` on as few slides as hold them, none much emptier than the others.

    ``fits`` says whether some parts together take no more than a share (0 to 1) of a slide.
    """

    def packed(share: float) -> list[list[_T]]:
        found: list[list[_T]] = []
        for part in parts:
            if found and fits([*found[-1], part], share):
                found[-1].append(part)
            else:
                found.append([part])
        return found

    fewest = len(packed(1))
    return next(even for tenths in range(4, 11) if len(even := packed(tenths / 10)) == fewest)


def _enough(parts: Iterable[_T], size: Callable[[_T], int], most: int) -> list[_T]:
    """The first of ``parts``, until their sizes exceed ``most``."""
    found, total = [], 0
    for part in parts:
        found.append(part)
        total += size(part)
        if total > most:
            break
    return found


# --- text ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Paragraph:
    style: str
    text: str

    @property
    def lines(self) -> int:
        return ceil(((0 if self.style in {"greeting", "rest"} else _INDENT) + width(self.text)) / _LINE)


_Piece = tuple[_Paragraph, ...]
"""What stays together: a sentence, or a heading with what follows it."""


def _paragraphs(texts: Iterable[str], style: str = "plain") -> Iterator[_Paragraph]:
    for position, text in enumerate(texts):
        for line in filter(None, (line.strip(" \u3000") for line in printable(text).split("\n"))):
            if _HEADING.fullmatch(line):
                yield _Paragraph("head", line)
            elif position == 0 and line.endswith("：") and len(line) <= _GREETING and style == "plain":
                yield _Paragraph("greeting", line)
            else:
                yield _Paragraph(style, line)


def _texts(paragraphs: Iterable[_Paragraph]) -> list[dict[str, Any]]:
    def fits(pieces: list[_Piece], share: float) -> bool:
        together = _joined(pieces)
        return (
            sum(paragraph.lines for paragraph in together) <= _LINES * share
            and sum(len(paragraph.text) for paragraph in together) <= _CHARACTERS * share
        )

    enough = _enough(_pieces(paragraphs), lambda piece: len(piece[-1].text), MOST * _CHARACTERS)
    return [
        {"text": [{"style": paragraph.style, "text": paragraph.text} for paragraph in _joined(pieces)]}
        for pieces in _evenly(enough, fits)
    ]


def _pieces(paragraphs: Iterable[_Paragraph]) -> Iterator[_Piece]:
    held: _Piece = ()
    for paragraph in paragraphs:
        if paragraph.style == "head":
            if len(held) == _LEVELS:
                yield held
                held = ()
            held = (*held, paragraph)
            continue
        style = paragraph.style
        for sentence in _sentences(paragraph.text):
            yield (*held, _Paragraph(style, sentence))
            held, style = (), "rest"
    if held:
        yield held


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a paragraph; one that takes more than a slide is cut into clauses."""
    for found in _SENTENCE.finditer(text):
        if len(found[0]) <= _LONG:
            yield found[0]
        else:
            yield from filter(None, _CLAUSE.findall(found[0]))


def _joined(pieces: Iterable[_Piece]) -> list[_Paragraph]:
    """The paragraphs of a slide: the sentences of one together again."""
    found: list[_Paragraph] = []
    for paragraph in (paragraph for piece in pieces for paragraph in piece):
        if paragraph.style == "rest" and found:
            found[-1] = _Paragraph(found[-1].style, found[-1].text + paragraph.text)
        else:
            found.append(paragraph)
    return found


def _lines_above(content: dict[str, Any]) -> float:
    """How many lines of a table a text takes above it, in its type and with the space between."""
    return _BETWEEN + sum(ceil((_INDENT + width(paragraph["text"])) / _ACROSS) for paragraph in content["text"]) * 1.2


# --- tables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """The part of a table that is shown: short cells, and each column's width in ems. ``is_cut`` if there is more."""

    caption: str
    columns: tuple[Column, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    is_cut: bool

    @classmethod
    def of(cls, table: Table) -> _Grid:
        first = table.rows[: MOST * _ROWS]
        rows = tuple(tuple(_cell(cell) for cell in row) for row in first)
        natural = [
            max(width(cell) for cell in (*(row[index] for row in rows), column.label[:_HEAD]))
            for index, column in enumerate(table.columns)
        ]
        cap = next((cap for cap in _CAPS if sum(min(ems, cap) + _PADDING for ems in natural) <= _ACROSS), _CAP)
        return cls(
            caption=printable(table.caption),
            columns=table.columns,
            widths=tuple(min(ems, cap) for ems in natural),
            rows=rows,
            is_cut=len(first) < len(table.rows) or any(len(cell) > _CELL for row in first for cell in row),
        )

    def slides(self, opening: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The slides of the table, after that of the ``opening`` text or, where it is short, begun on it."""
        room = _ROWS * (1 + _BETWEEN)
        lines = [self._lines(row) for row in self.rows] or [0]
        above = _lines_above(opening) if opening else 0
        begins_there = above <= _ABOVE
        if begins_there:
            lines[0] += above
        blocks = _evenly(range(len(self.rows)), lambda block, share: sum(lines[row] for row in block) <= room * share)
        found = [
            {"table": self._part(columns, [self.rows[row] for row in block])}
            for block in blocks or [[]]
            for columns in self._columns_side_by_side()
        ]
        if opening is None:
            return found
        return [opening | found[0], *found[1:]] if begins_there else [opening, *found]

    def _lines(self, row: tuple[str, ...]) -> float:
        return _BETWEEN + max(max(1, ceil(width(cell) / ems)) for cell, ems in zip(row, self.widths, strict=True))

    def _columns_side_by_side(self) -> list[list[int]]:
        """The columns of each slide of a block: all of them, or those that name the row and some others."""
        names = self._names()

        def fits(columns: list[int], share: float) -> bool:
            return sum(self.widths[column] + _PADDING for column in (*names, *columns)) <= _ACROSS * share

        everything = list(range(len(self.columns)))
        if fits([], 1) and fits(everything[len(names) :], 1):
            return [everything]
        return [[*names, *columns] for columns in _evenly(everything[len(names) :], fits)]

    def _names(self) -> list[int]:
        """The columns that tell what a row is about: the first, and the second where the first only counts."""
        counts = all(row[0].isdecimal() for row in self.rows)
        return [0, 1] if counts and len(self.columns) > 1 else [0]

    def _part(self, columns: Iterable[int], rows: Iterable[tuple[str, ...]]) -> dict[str, Any]:
        columns = list(columns)
        return {
            "caption": self.caption,
            "columns": [
                {
                    "label": whole_units(printable(self.columns[column].label)),
                    "align": self.columns[column].align,
                    "width": round(self.widths[column] + _PADDING, 1),
                    "whole": self.widths[column] <= _TERM,
                }
                for column in columns
            ],
            "rows": [[whole_dates(row[column]) for column in columns] for row in rows],
        }


def _cell(text: str) -> str:
    text = " ".join(printable(text).split("\n")).strip()
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
