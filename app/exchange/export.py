"""What goes out of a register: its rows as the person at work asked for them, as cells of a sheet or as a print.

Everything is masked but what somebody with the right to it wanted in full. Sheets are Chinese whatever language the
pages are in: they are read by others, and read back in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from flask_babel import force_locale

from app.exchange.sheetwriter import Cell, Column, Kind
from app.kernel import listing
from app.kernel.access import Right, permitted
from app.kernel.db import office_time
from app.kernel.fields import Access, Declared, Label
from app.kernel.listing import BATCH, Question
from app.kernel.present import full_text
from app.kernel.questions import in_words
from app.kernel.values import show
from app.printing import LIMITS, Snapshot, wants_landscape
from app.printing import Column as PrintColumn
from app.printing import Table as PrintTable

NUMBER = "记录号"
"""Heads the last column of a sheet with all fields: the ids, by which an edited sheet finds its rows again."""
MARK = "内部资料 不得张贴"
"""Stands on every printed list, so that none is taken for a notice."""


@dataclass(frozen=True)
class Order:
    """What somebody wants of a register: ``question`` says which rows in which order, ``fields`` which columns.

    ``in_full`` asks for private and secret fields without their mask; only those the person may read are given so.
    ``numbered`` adds the column :data:`NUMBER`.
    """

    view: Any
    question: Question
    fields: Sequence[Declared]
    in_full: bool = False
    numbered: bool = False

    @property
    def label(self) -> str:
        return chinese(self.view.label)


@dataclass(frozen=True)
class Table:
    """``rows`` are read from the database as they are asked for."""

    count: int
    columns: tuple[Column, ...]
    rows: Iterator[Sequence[Cell]]


def in_chinese() -> AbstractContextManager[None]:
    """What sheets and the trail are written in."""
    found: AbstractContextManager[None] = force_locale("zh")
    return found


def chinese(label: Label) -> str:
    with in_chinese():
        return str(label)


def all_fields(view: Any) -> list[Declared]:
    """Every field that the list or the record's page of a register shows."""
    return [declared for declared in view.fields() if declared.field.in_record or declared.field.in_list]


def may_reveal(declared: Declared) -> bool:
    """May the person at work have this masked field in full, once a reason is given?"""
    owner = (declared.lender or declared).model.__tablename__
    needed = {Access.PRIVATE: Right.PRIVATE, Access.SECRET: Right.REVEAL}.get(declared.field.access)
    return needed is not None and permitted(owner, needed)


def table(order: Order) -> Table:
    """The columns and rows of an order, each value as a cell or masked text."""
    count, found = listing.every(order.view.model, [declared.name for declared in order.fields], order.question)
    with in_chinese():
        columns = [Column(str(declared.field.label), _kind(declared)) for declared in order.fields]
        columns += [Column(str(label), "text") for label in order.view.beside_fields]
        cells = [cell_of(declared, order.in_full) for declared in order.fields]
    if order.numbered:
        columns.append(Column(NUMBER, "number"))
    if order.view.beside_fields:
        found = _with_words(found, order.view)
        cells += [str] * len(order.view.beside_fields)
    return Table(count, tuple(columns), _rows(found, cells, order.numbered))


def _with_words(found: Iterable[Sequence[Any]], view: Any) -> Iterator[Sequence[Any]]:
    """The rows with what the register says of each besides its fields."""
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        with in_chinese():
            words = view.beside([row[0] for row in batch])
        for row in batch:
            yield (*row, *words[row[0]])


def _rows(
    found: Iterable[Sequence[Any]], cells: Sequence[Callable[[Any], Cell]], numbered: bool
) -> Iterator[Sequence[Cell]]:
    for key, *values in found:
        row = [None if value is None else cell(value) for cell, value in zip(cells, values, strict=True)]
        if numbered:
            row.append(key)
        yield row


_KINDS: dict[str, Kind] = {"integer": "number", "decimal": "number", "date": "date", "moment": "moment"}


def _kind(declared: Declared) -> Kind:
    return _KINDS.get(declared.kind, "text")


def cell_of(declared: Declared, in_full: bool) -> Callable[[Any], Cell]:
    """What turns a selected value of a field, other than None, into its cell: chosen once for a whole column."""
    whole, mask = _whole(declared), declared.field.mask
    if declared.field.access is Access.OPEN or (in_full and may_reveal(declared)):
        return whole
    return lambda value: mask(text) if (text := show(whole(value))) else None


def _whole(declared: Declared) -> Callable[[Any], Cell]:
    if declared.sealed:
        return lambda value: full_text(declared, value)
    if declared.kind in {"text", "long", "code", "integer", "decimal", "date"}:
        return _as_it_is
    if declared.kind == "moment":
        return office_time
    if declared.kind == "flag":
        words = {answer: full_text(declared, answer) for answer in (True, False)}
        return lambda value: words[bool(value)]
    if declared.kind == "choice" and declared.field.options:
        labels = {value: str(label) for value, label in declared.field.options().items()}
        return lambda value: labels.get(value, value)
    return show


def _as_it_is(value: Any) -> Cell:
    cell: Cell = value
    return cell


# --- in words ----------------------------------------------------------------------------------------------------


def remark(order: Order, count: int, place: str, who: str, moment: datetime) -> str:
    """The line above the table: what it is, of which rows and how many, when and by whom; ``moment`` in office time."""
    with in_chinese():
        asked = in_words(order.view.model, order.question)
    handling = "个人信息已遮盖" if any(d.field.access is not Access.OPEN for d in order.fields) else ""
    if order.in_full and any(may_reveal(declared) for declared in order.fields):
        handling = "含完整个人信息，请妥善保管，用后删除"
    written = f"{moment:%Y-%m-%d %H:%M} 由 {who} 导出"
    return "　".join(filter(None, (f"{place}{order.label}", f"范围：{asked}", f"共 {count} 行", written, handling)))


# --- on paper ----------------------------------------------------------------------------------------------------


def paper(order: Order, found: Table, place: str, who: str, moment: datetime) -> Snapshot:
    """The table of an order as a print for the office, marked as such on every page.

    Raises ``PrintRefused`` if there is too much in it.
    """
    kept = [_printed_row(nth, row) for nth, row in enumerate(found.rows, 1)]
    heads = (
        PrintColumn("内部资料\n不得张贴", "center", 0.8),
        *(_heading(column, at, kept) for at, column in enumerate(found.columns, 1)),
    )
    printed = PrintTable(heads, tuple(kept))
    return Snapshot(
        layout="register",
        title=f"{order.label}台账",
        number=MARK,
        issuer=place,
        issued_on=f"{moment:%Y-%m-%d}",
        table=printed,
        notes=(f"{MARK}。{remark(order, found.count, '', who, moment)}。",),
        landscape=wants_landscape(printed),
        sealed=False,
    )


def _printed_row(nth: int, row: Sequence[Cell]) -> tuple[str, ...]:
    return (str(nth), *(_printed(cell) for cell in row))


def _printed(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    text = "" if cell is None else str(cell)
    most = LIMITS["cell"]
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _heading(column: Column, at: int, rows: Sequence[Sequence[str]]) -> PrintColumn:
    """A heading as wide as what stands below it, within reason."""
    longest = max((len(row[at]) for row in rows[:200]), default=0)
    weight = min(max(longest, len(column.head), 3), 24) / 4
    return PrintColumn(column.head, "right" if column.kind == "number" else "left", weight)
