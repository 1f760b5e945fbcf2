"""Sheets in: the rows of a table under its headings, made into records by the same checks as a form."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import records
from app.kernel.codes import Code
from app.kernel.db import db
from app.kernel.fields import Declared, fields_of, title_of
from app.kernel.listing import Listing, Question
from app.kernel.values import N_, Invalid, Violation


class BadRow(Exception):
    """A row that cannot become a record: its line in the sheet and what is wrong with it."""

    def __init__(self, line: int, violations: Iterable[Violation]) -> None:
        super().__init__(line)
        self.line = line
        self.violations = tuple(violations)

    def __str__(self) -> str:
        told = "; ".join(f"{v.field}: {_(v.message, **v.params)}" for v in self.violations)
        return f"{self.line}: {told}"


def read_csv(file: Path) -> list[dict[str, str]]:
    """The rows of a UTF-8 CSV file by heading."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def headings(model: Any) -> dict[str, Declared]:
    """Every heading under which a field that can be typed arrives: its Chinese label and its other names."""
    found: dict[str, Declared] = {}
    with force_locale("zh"):
        for declared in fields_of(model).values():
            if declared.field.in_form and declared.lender is None:
                for heading in (str(declared.field.label), *declared.field.headings):
                    found.setdefault(heading, declared)
    return found


class SheetReader:
    """Reads rows for one register; what links and codes are called is looked up once."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._headings = headings(model)
        self._titles: dict[Any, dict[str, list[int]]] = {}
        self._codes: dict[str, dict[str, str]] = {}

    def data(self, row: Mapping[Any, str]) -> tuple[dict[str, Any], list[Violation]]:
        """The values of one row and what is wrong with its cells; unknown headings are passed over."""
        found: dict[str, Any] = {declared.name: declared.default for declared in self._headings.values()}
        wrong = []
        for heading, cell in row.items():
            if heading is None:
                wrong.append(Violation("", N_("This line has more cells than the table has headings.")))
                continue
            declared = self._headings.get(heading.strip())
            if declared is None or (not cell and declared.default is not None):
                continue
            try:
                found[declared.name] = self._value(declared, cell or "")
            except Invalid as invalid:
                wrong.append(Violation(declared.name, invalid.message, invalid.params))
        told = {violation.field for violation in wrong}
        for declared in dict.fromkeys(self._headings.values()):
            if declared.required and found[declared.name] is None and declared.name not in told:
                wrong.append(Violation(declared.name, N_("This field is required.")))
        return found, wrong

    def _value(self, declared: Declared, cell: str) -> Any:
        cell = cell.strip()
        if declared.kind == "link" and cell:
            return self._title(declared.target, cell)
        if declared.kind == "code" and declared.field.code and cell:
            return self._code(declared.field.code, cell)
        return declared.read(cell)

    def _title(self, target: Any, text: str) -> int:
        if target not in self._titles:
            self._titles[target] = defaultdict(list)
            for key, title in db.session.execute(Listing(target).statement([target.__title__], Question())):
                self._titles[target][title].append(key)
        keys = self._titles[target].get(text, [])
        if not keys:
            raise Invalid(N_("“%(text)s” is not on file."), text=text)
        if len(keys) > 1:
            raise Invalid(N_("There are several of the name “%(text)s”; please choose by hand."), text=text)
        return keys[0]

    def remember(self, record: Any) -> None:
        """A row just added can be named by the rows below it, as a parent is by its children."""
        if self.model in self._titles:
            self._titles[self.model][title_of(record)].append(record.id)

    def _code(self, code_list: str, text: str) -> str:
        if code_list not in self._codes:
            rows = db.session.execute(select(Code.label, Code.value).where(Code.code_list == code_list)).all()
            self._codes[code_list] = {text: value for label, value in rows for text in (value, label)}
        return self._codes[code_list].get(text, text)


def load(model: Any, rows: Iterable[Mapping[str, str]]) -> int:
    """Add a record for each row, in the community at work; raises :class:`BadRow` at the first wrong one."""
    reader = SheetReader(model)
    count = 0
    for line, row in enumerate(rows, 2):
        data, wrong = reader.data(row)
        wrong = wrong or records.problems(model, data)
        if wrong:
            raise BadRow(line, wrong)
        reader.remember(records.add(model, data))
        count += 1
    return count


def load_codes(folder: Path) -> int:
    """Add the codes of ``folder/<list>.csv`` that are not there yet; what the office changed stays."""
    known = {tuple(row) for row in db.session.execute(select(Code.code_list, Code.value))}
    added = 0
    for file in sorted(folder.glob("*.csv")):
        for position, row in enumerate(read_csv(file), 1):
            if (file.stem, row["value"]) not in known:
                db.session.add(
                    Code(
                        code_list=file.stem,
                        value=row["value"],
                        label=row["label"],
                        standard=row.get("standard") or None,
                        position=int(row.get("position") or position),
                    )
                )
                added += 1
    return added
