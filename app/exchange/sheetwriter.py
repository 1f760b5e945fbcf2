"""A table into a file: .xlsx with real dates and text that stays text, or .csv that opens right in Excel and WPS.

Rows are taken one by one and never held together. No formula is ever written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import BinaryIO, Literal
from unicodedata import east_asian_width

Cell = str | int | float | Decimal | date | datetime | None
"""A moment is in office time, without zone; None is an empty cell."""

Kind = Literal["text", "number", "date", "moment"]

MOST_CHARACTERS = 32_767
"""In a cell of a workbook."""
CUT = "……（过长，未全部写入）"
MEASURED = 500
"""Rows by whose cells the widths of the columns are fitted."""
NARROWEST, WIDEST = 6, 48
"""Characters of half width."""
_LINE = 16
"""The height of a line, points."""
_A4 = 9
_FORMATS = {"text": "@", "number": "General", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
_FIRST_YEAR = 1900
"""What lies before it is no date to a workbook, and stands there as text."""


@dataclass(frozen=True)
class Column:
    """A column of the table: its head, and what its cells are. Any cell may hold text instead (a masked date)."""

    head: str
    kind: Kind = "text"


Row = Sequence[Cell]


def write_xlsx(file: BinaryIO, sheet: str, remark: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write one sheet: ``remark`` on top, then the heads, frozen and with a filter, then ``rows``.

    ``sheet`` is its name; what a workbook does not take is left out of it. Every row has a cell for each column.
    """
    from rustpy_xlsxwriter import Format, write_worksheet

    rows = iter(rows)
    first = list(islice(rows, MEASURED))
    heads = _told_apart([column.head for column in columns])
    widths = _widths(heads, first)
    lines = -(-text_width(remark) // max(int(sum(widths)) - 2, 1))
    bold = Format().set_bold().set_background_color("#EDEDED").set_border_bottom("thin").set_num_format("@")
    small = Format().set_text_wrap().set_align("top").set_font_color("#595959")
    write_worksheet(
        _records(heads, columns, chain(first, rows)),
        file,
        sheet_name=sheet_name(sheet),
        header_row=1,
        header_format=bold,
        freeze_row=2,
        autofilter=True,
        column_widths=widths,
        column_formats=[Format().set_num_format(_FORMATS[column.kind]) for column in columns],
        merge_ranges=[(0, 0, 0, max(len(columns) - 1, 1), remark, small)],
        row_heights={0: float(lines * _LINE)},
        page_setup={"landscape": True, "paper_size": _A4, "fit_to_pages": (1, 0), "repeat_rows": 1},
        ignore_errors=[head for head, column in zip(heads, columns, strict=True) if column.kind == "text"],
    )


def _records(heads: Sequence[str], columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[dict[str, Cell]]:
    """The rows as the library takes them; without any, an empty one, so that the heads stand there."""
    dated = [head for head, column in zip(heads, columns, strict=True) if column.kind in {"date", "moment"}]
    empty = True
    for row in rows:
        empty = False
        record = {
            head: cell if type(cell) is not str or len(cell) <= MOST_CHARACTERS else _cut(cell)
            for head, cell in zip(heads, row, strict=True)
        }
        for head in dated:
            day = record[head]
            if isinstance(day, date) and day.year < _FIRST_YEAR:
                record[head] = str(day)
        yield record
    if empty:
        yield dict.fromkeys(heads)


def _cut(text: str) -> str:
    return text[: MOST_CHARACTERS - len(CUT)] + CUT


def _told_apart(heads: Sequence[str]) -> list[str]:
    """The heads, each a different one: the second 电话 becomes 电话 2."""
    found: list[str] = []
    for head in heads:
        nth, name = 1, head
        while name in found:
            nth += 1
            name = f"{head} {nth}"
        found.append(name)
    return found


_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$")


def sheet_name(name: str) -> str:
    """``name`` as a sheet may be called: without []:*?/\\, at most 31 characters."""
    return _NOT_IN_A_NAME.sub("", name)[:31].strip("'").strip() or "Sheet1"


def text_width(text: str) -> int:
    """How wide a line of text is, in characters of half width: a Chinese one takes two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _widths(heads: Sequence[str], rows: Sequence[Row]) -> list[float]:
    """A width for each column: its head with the arrow of the filter, or the widest of its measured cells."""
    widths = [text_width(head) + 3 for head in heads]
    for row in rows:
        for at, cell in enumerate(row):
            if cell is not None:
                told = str(cell)
                widths[at] = max(widths[at], text_width(told.partition("\n")[0][:WIDEST]) + 1)
    return [float(min(max(width, NARROWEST), WIDEST)) for width in widths]


# --- csv ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?%?")
_ROUNDED = re.compile(r"0\d+|\d{12,}")
"""Digits that a workbook would take for a number and change: a leading zero, more than it shows in full."""


def write_csv(file: BinaryIO, remark: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write the same table as UTF-8 with a byte order mark, lines ended as Excel ends them."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow([_harmless(remark)])
    writer.writerow([_harmless(column.head) for column in columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return _harmless(cell)
    if cell is None:
        return ""
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else str(cell)


_RUNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
"""Beginnings by which a workbook takes a text for a formula; those of full width too, in some of them."""


def _harmless(text: str) -> str:
    """``text`` so that a workbook neither runs nor rounds it: an apostrophe before a formula, a tab after digits."""
    if text.startswith(_RUNS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    if text[:1].isdigit() and _ROUNDED.fullmatch(text):
        return f"{text}\t"
    return text
