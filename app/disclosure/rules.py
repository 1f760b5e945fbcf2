"""How a notice is composed, as plain functions: values in, a snapshot or violations out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from app.kernel.values import N_, Mask, Violation, plain
from app.printing import Column, Snapshot, Table

_ID_NUMBER = re.compile(r"(?<!\d)\d{6}[ -]?(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{2}[ -]?\d{3}[\dXx](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d)(?:[ -]?\d{4}){2}(?!\d)")


@dataclass(frozen=True)
class PrintColumn:
    """A field that may stand in a notice: its name and heading, how it aligns, and its mask."""

    name: str
    label: str
    figures: bool = False
    wide: bool = False
    mask: Mask | None = None


@dataclass(frozen=True)
class Wording:
    """What a person decides about a notice."""

    title: str
    issuer: str
    layout: Literal["notice", "register"] = "notice"
    opening: str = ""
    closing: str = ""
    columns: tuple[str, ...] = ()
    paper: Literal["A4", "A3"] = "A4"
    landscape: bool = False


class NotAllowed(ValueError):
    """A column was asked for that is not on the allow-list."""


def compose(wording: Wording, allowed: Sequence[PrintColumn], rows: Sequence[Mapping[str, str]]) -> Snapshot:
    """The draft snapshot of a notice: the chosen of the ``allowed`` columns, each cell under its column's mask.

    ``rows`` map a column's name to the full text of the cell. Raises :class:`NotAllowed` for any other column.
    """
    by_name = {column.name: column for column in allowed}
    if unknown := set(wording.columns) - set(by_name):
        raise NotAllowed(", ".join(sorted(unknown)))
    chosen = [column for column in allowed if column.name in wording.columns]
    table = None
    if chosen:
        headings = (Column("序号", "center", 0.5), *(_heading(column, rows) for column in chosen))
        body = (
            (str(position), *(_cell(column, row.get(column.name, "")) for column in chosen))
            for position, row in enumerate(rows, 1)
        )
        table = Table(headings, tuple(body))
    return Snapshot(
        layout=wording.layout,
        title=wording.title,
        issuer=wording.issuer,
        paragraphs=tuple(_paragraphs(wording.opening)),
        table=table,
        notes=tuple(_paragraphs(wording.closing)),
        paper=wording.paper,
        landscape=wording.landscape,
        draft=True,
    )


def check_cells(sheet: Snapshot) -> Iterator[Violation]:
    """Neither does a free text of a record, printed in a cell, give away a person."""
    message = N_("“%(cell)s…” in row %(row)s looks like an ID number or a private mobile number; it may not be posted.")
    for position, row in enumerate(sheet.table.rows if sheet.table else (), 1):
        for cell in row:
            if found := _ID_NUMBER.search(plain(cell)) or _MOBILE.search(plain(cell)):
                yield Violation("columns", message, {"row": position, "cell": found[0][:3]})


def _cell(column: PrintColumn, text: str) -> str:
    return column.mask(text) if column.mask and text else text


def _heading(column: PrintColumn, rows: Sequence[Mapping[str, str]]) -> Column:
    """A heading as wide as what stands below it, within reason."""
    longest = max((len(row.get(column.name, "")) for row in rows[:200]), default=0)
    weight = min(max(longest, len(column.label), 3), 24 if column.wide else 12) / 4
    return Column(column.label, "right" if column.figures else "left", weight)


def _paragraphs(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def check_wording(wording: Wording) -> Iterator[Violation]:
    """What is written freely must not give away a person: no identity number, no mobile number."""
    for name in ("title", "issuer", "opening", "closing"):
        text = plain(getattr(wording, name))
        if found := _ID_NUMBER.search(text):
            yield Violation(
                name, N_("“%(found)s…” looks like an ID number; it may not be posted."), {"found": found[0][:6]}
            )
        elif found := _MOBILE.search(text):
            yield Violation(
                name,
                N_("“%(found)s…” looks like a private mobile number; it may not be posted."),
                {"found": found[1]},
            )
    if not wording.title.strip():
        yield Violation("title", N_("A notice needs a title."))
    if not wording.issuer.strip():
        yield Violation("issuer", N_("A notice says who issues it."))
    if not wording.columns:
        yield Violation("columns", N_("Choose at least one column."))
    for name, limit in (("title", 120), ("issuer", 80), ("opening", 5000), ("closing", 1000)):
        if len(getattr(wording, name)) > limit:
            yield Violation(name, N_("At most %(length)s characters."), {"length": limit})


def number(body: str, year: int, sequence: int) -> str:
    """春晖社区〔2026〕12号: hexagonal brackets, no leading zero (GB/T 9704-2012, 7.2.5)."""
    return f"{body}〔{year}〕{sequence}号"


def issue(draft: Snapshot, number: str, on: date) -> Snapshot:
    """The final sheet: numbered and dated."""
    return replace(draft, number=number, issued_on=on.isoformat(), draft=False)
