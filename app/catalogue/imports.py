"""A catalogue comes in: read, compared with what is on file, and taken over as a whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.catalogue.limits import TimeLimit, read_time_limit, unread
from app.catalogue.models import CatalogueItem
from app.catalogue.operations import in_words
from app.catalogue.sheets import CatalogueRow, CatalogueSheet, best_catalogue
from app.disclosure import sources
from app.kernel import records
from app.kernel.db import Conflict, db, transaction
from app.kernel.fields import fields_of
from app.kernel.values import Invalid, Violation
from app.kernel.workbooks import open_workbook
from config import ROOT

BUILT_IN = ROOT / "seeds" / "catalogue" / "community.csv"
SOURCE, COLUMNS, ASKED = "公示来源", "公示字段", "公示条件"
"""Further columns of the built-in catalogue: what a notice is made from, its fields, and the filters of its list
(``standing=running``), apart by spaces."""

_FIELDS = [field.name for field in fields(CatalogueRow) if field.name != "line"]


@dataclass(frozen=True)
class Proposed:
    """One row of the sheet: its values, the item on file for it (None: it is new), and what is wrong with it."""

    row: CatalogueRow
    data: Mapping[str, Any]
    on_file: CatalogueItem | None
    problems: tuple[Violation, ...]
    limit: TimeLimit | None

    @property
    def changes(self) -> list[tuple[str, str]]:
        """(on file, in the sheet) of every field that would change."""
        pairs = [(getattr(self.on_file, name), value) for name, value in self.data.items()] if self.on_file else []
        return [(str(before or ""), str(after or "")) for before, after in pairs if (before or "") != (after or "")]

    @property
    def understood(self) -> str:
        return in_words(self.limit) if self.limit else ""

    @property
    def unread(self) -> str:
        """The part of the time limit that is not understood."""
        return unread(self.row.time_limit) if self.limit is None else ""


@dataclass(frozen=True)
class Preview:
    """What a sheet would do to the catalogue; ``missing`` counts the items on file that are not in it."""

    sheet: CatalogueSheet
    rows: tuple[Proposed, ...]
    missing: int
    is_builtin: bool = False

    @property
    def new(self) -> list[Proposed]:
        return [row for row in self.rows if row.on_file is None]

    @property
    def changed(self) -> list[Proposed]:
        return [row for row in self.rows if row.changes]

    @property
    def problems(self) -> list[Violation]:
        """What keeps the sheet from being taken over."""
        return [problem for row in self.rows for problem in row.problems]

    @property
    def told(self) -> list[tuple[int, str]]:
        """Everything a person should look at, by line."""
        remarks = [*self.sheet.problems, *self.sheet.ignored]
        said = [(remark.line, _(remark.message, **remark.params)) for remark in remarks]
        known = fields_of(CatalogueItem)
        for row in self.rows:
            for problem in row.problems:
                label = f"{known[problem.field].field.label}{_(': ')}" if problem.field in known else ""
                said.append((row.row.line, f"{label}{_(problem.message, **problem.params)}"))
        return sorted(said)

    def carried(self) -> dict[str, Any]:
        """The rows, to be posted back with the decision; they are read and checked again then."""
        return {"builtin": self.is_builtin, "rows": [asdict(row.row) for row in self.rows]}


def preview_file(data: bytes, filename: str) -> Preview:
    """Raises ``NotASheet`` and ``NoCatalogue``."""
    return _preview(best_catalogue(open_workbook(data, filename)))


def preview_builtin() -> Preview:
    return _preview(best_catalogue(open_workbook(BUILT_IN.read_bytes(), BUILT_IN.name)), is_builtin=True)


def preview_carried(carried: Mapping[str, Any]) -> Preview:
    """What :meth:`Preview.carried` gave; raises ``ValueError``, ``TypeError`` or ``KeyError`` for anything else."""
    rows = tuple(CatalogueRow(**row) for row in carried["rows"])
    texts = all(isinstance(getattr(row, name), str) for row in rows for name in _FIELDS)
    if not texts or not all(isinstance(row.line, int) for row in rows):
        raise TypeError("not the rows of a sheet")
    return _preview(CatalogueSheet("", "", 0, rows, (), (), ()), bool(carried["builtin"]))


def _distinct(items: Iterable[CatalogueRow]) -> tuple[CatalogueRow, ...]:
    """One row for each matter: published catalogues say one name over several rows.

    What is disclosed is then joined; where the time limits differ, the further ones are matters of their own.
    """
    found: dict[tuple[str, str], CatalogueRow] = {}
    for row in items:
        key, nth = (row.first_level, row.name), 2
        while key in found and found[key].time_limit != row.time_limit:
            key, nth = (row.first_level, f"{row.name}（{nth}）"), nth + 1
        if key in found:
            contents = dict.fromkeys((found[key].content, row.content))
            found[key] = replace(found[key], content="；".join(filter(None, contents)))
        else:
            found[key] = replace(row, name=key[1])
    return tuple(found.values())


def _preview(sheet: CatalogueSheet, is_builtin: bool = False) -> Preview:
    on_file = {(item.first_level or "", item.name): item for item in db.session.scalars(select(CatalogueItem))}
    by_name: dict[str, list[CatalogueItem]] = {}
    for item in on_file.values():
        by_name.setdefault(item.name, []).append(item)
    rows, seen = [], set[int]()
    for row in _distinct(sheet.items):
        item = on_file.get((row.first_level, row.name))
        if item is None and not row.first_level and len(by_name.get(row.name, ())) == 1:
            item = by_name[row.name][0]  # a sheet without main matters means the one of that name
        rows.append(_proposed(row, item))
        seen |= {item.id} if item else set()
    shown = replace(
        sheet, unknown_headings=tuple(h for h in sheet.unknown_headings if h not in (SOURCE, COLUMNS, ASKED))
    )
    return Preview(shown, tuple(rows), sum(item.id not in seen for item in on_file.values()), is_builtin)


def _proposed(row: CatalogueRow, on_file: CatalogueItem | None) -> Proposed:
    known, data, wrong = fields_of(CatalogueItem), {}, []
    for name in _FIELDS:
        try:
            data[name] = known[name].read(getattr(row, name))
        except Invalid as invalid:
            wrong.append(Violation(name, invalid.message, invalid.params))
    if on_file is not None:  # what the sheet leaves blank, or has no column for, stays
        data = {name: value for name, value in data.items() if value is not None}
    if not wrong:
        wrong = records.problems(CatalogueItem, data if on_file else {**_defaults(), **data}, on_file)
    return Proposed(row, data, on_file, tuple(wrong), read_time_limit(row.time_limit))


def _defaults() -> dict[str, Any]:
    return {d.name: d.default for d in fields_of(CatalogueItem).values() if d.field.in_form and d.lender is None}


def take_over(found: Preview) -> tuple[int, int]:
    """Add what is new, change what differs, and leave the rest alone, in one transaction.

    What the office has said itself, such as boards and answers to time limits, stays. Returns how many were added and
    changed. Raises ``Conflict``.
    """
    made_from = _builtin_sources() if found.is_builtin else {}
    added, changed = found.new, found.changed
    with transaction():
        for row in added:
            data = {**_defaults(), **row.data}
            if records.problems(CatalogueItem, data):  # a colleague, or a second click, was quicker
                raise Conflict
            item = records.add(CatalogueItem, data)
            item.source, item.columns, item.asked = made_from.get(
                (item.first_level or "", item.name), (sources.TEXT, {}, {})
            )
        for row in changed:
            records.change(row.on_file, row.data)
    return len(added), len(changed)


def _builtin_sources() -> dict[tuple[str, str], tuple[str, dict[str, str], dict[str, str]]]:
    """How notices about the items of the built-in catalogue are made, by main matter and name."""
    found, above = {}, ""
    with BUILT_IN.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            above = row["一级事项"] or above
            if (source := sources.find(row[SOURCE])) is not None:
                offered = {column.name for column in source.columns}
                columns = {name: "" for name in row[COLUMNS].split() if name in offered}
                asked = dict(condition.split("=", 1) for condition in row[ASKED].split())
                found[above, row["二级事项"]] = source.name, columns, asked
    return found
