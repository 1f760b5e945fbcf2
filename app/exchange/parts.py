"""The columns of a sheet, and the rows read by them: what a row says, and how it differs from what is on file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.exchange.cells import LEFT_OPEN, Fits, column_reader, is_nothing, joined
from app.exchange.columns import Offer
from app.exchange.export import NUMBER as NUMBER_HEAD
from app.exchange.on_file import OnFile, Titles
from app.kernel import records
from app.kernel.access import Right, permitted
from app.kernel.codes import Code
from app.kernel.db import db, today
from app.kernel.fields import Declared, fields_of, title_field, title_of
from app.kernel.present import full_text, reads_in_full
from app.kernel.values import N_, Invalid, Violation, show

NUMBER = "id"
"""The column that holds a record's number, as a full export writes it."""
KNOWN = "-"
"""Marks a column whose content the portal works out itself, such as the number of members."""
PART = ":"
"""Stands between a field and the part of it that a column is: building:单元, amount:in."""
IN_ONE_GO = 500
"""Rows asked for by their ids at once."""


class Outcome(StrEnum):
    """What a row comes to."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(slots=True, eq=False)
class Wearer:
    """Who wears the hat of a row: somebody on file, or somebody to be made of ``data``, once for all their rows."""

    key: int | None
    data: dict[str, Any]
    stand_in: int = 0
    """By which somebody who is made of this sheet is known to the rows below."""
    line: int = 0
    """Where they stand first."""
    is_wrong: bool = False
    is_doubtful: bool = False


@dataclass(slots=True)
class Judged:
    """A row of the sheet: its line, its cells, and what it comes to.

    ``told`` says in words what is wrong or doubtful, each with the column it is about (-1: the row as a whole);
    ``vague`` are days not all of which is said, each with which others fit; ``changes`` are (field, on file, in the
    sheet); ``choices`` are the records it may be, for the person to decide.
    """

    line: int
    cells: Sequence[str]
    outcome: Outcome = Outcome.NEW
    name: str = ""
    key: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    wearer: Wearer | None = None
    wearer_changes: dict[str, Any] = field(default_factory=dict)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    doubts: list[tuple[int, str]] = field(default_factory=list)
    vague: dict[str, Fits] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    choices: list[tuple[int, str]] = field(default_factory=list)

    @property
    def told(self) -> list[tuple[int, str]]:
        return [*self.wrong, *self.doubts]


@dataclass(slots=True)
class Word:
    """What a sheet calls a row that is linked to and not on file by that name: where it stands first and how often.

    ``key`` is the row that is meant, if somebody said so.
    """

    field: str
    text: str
    line: int
    key: int | None
    count: int = 0


def wearer_link(model: Any) -> Declared | None:
    """The link to the person (or other thing with an identity of its own) that a row of ``model`` is a hat of."""
    title = title_field(model)
    return title if title.kind == "link" and title.target.__same__ else None


def offers(model: Any) -> list[Offer]:
    """Every column a sheet of this register may have, the most specific first; those worked out are ``KNOWN``."""
    link = wearer_link(model)
    found = [offer for declared in typed(model) if declared is not link for offer in _offered("", declared)]
    if link is not None:
        for declared in typed(link.target):
            offer, *its_parts = _offered(f"{link.name}.", declared)
            if declared.name == link.target.__title__:
                offer = Offer(offer.name, offer.label, (*offer.headings, *labels(*_offered("", link))))
            found += [offer, *its_parts]
    taken = {label for offer in found for label in labels(offer)}
    with force_locale("zh"):
        found += [
            Offer(f"{KNOWN}{d.name}", str(d.field.label))
            for d in fields_of(model).values()
            if not _is_typed(d) and str(d.field.label) not in taken
        ]
    return [*found, Offer(NUMBER, NUMBER_HEAD)]


def labels(offer: Offer) -> tuple[str, ...]:
    """Every heading by which an offered column is known."""
    return offer.label, *offer.headings


def typed(model: Any) -> list[Declared]:
    """The fields of ``model`` that a sheet can fill in, in their order."""
    return [declared for declared in fields_of(model).values() if _is_typed(declared)]


def _is_typed(declared: Declared) -> bool:
    return declared.field.in_form and declared.lender is None and declared.kind != "moment"


def _offered(prefix: str, declared: Declared) -> Iterator[Offer]:
    """A field as a column, and each part of it as one."""
    name, label = f"{prefix}{declared.name}", declared.field.label
    with force_locale("zh"):
        yield Offer(name, str(label), declared.field.headings)
        told = fields_of(declared.model)[declared.field.parts_tell] if declared.field.parts_tell else None
        options = told.field.options() if told and told.field.options else {}
        for part, headings in declared.field.parts.items():
            which = _("%(field)s: which %(unit)s", field=label, unit=part)
            called = f"{label}{_(': ')}{options[part]}" if part in options else which
            yield Offer(f"{name}{PART}{part}", called, headings)


class Part:
    """The columns of a sheet that belong to one model, read and compared with its rows.

    What is meant by a name that is not on file is asked once: ``decisions`` say it by its field and the line where it
    stands first, ``remembered`` by its field and the name.
    """

    def __init__(
        self,
        model: Any,
        columns: Mapping[int, str],
        decisions: Mapping[str, str],
        remembered: Mapping[tuple[str, str], str],
    ) -> None:
        self.model, self.known = model, fields_of(model)
        self._decisions, self._remembered = decisions, remembered
        self.words: dict[tuple[str, str], Word] = {}
        self.typed = typed(model)
        self._columns: dict[str, dict[str, int]] = {}
        for index, column in columns.items():
            name, _colon, part = column.partition(PART)
            self._columns.setdefault(name, {})[part] = index
        self.at = {name: min(found.values()) for name, found in self._columns.items()}
        self._joined: dict[int, list[tuple[int, str]]] = {}
        self._telling: dict[int, tuple[str, str]] = {}
        self._settle_parts()
        self.on_file = OnFile(model)
        self.may_add, self.may_edit = (permitted(model.__tablename__, right) for right in (Right.ADD, Right.EDIT))
        self._labels: dict[str, dict[str, str]] = {}
        self._retired: dict[str, set[str]] = {}
        self._titles: dict[str, Titles] = {}
        self._look_up_codes()
        self._defaults = {declared.name: declared.default for declared in self.typed}
        self._required = [declared for declared in self.typed if declared.required]
        day = today()
        given = [
            (index, self.known[name])
            for name, found in self._columns.items()
            for index in found.values()
            if index == self.at[name] or index in self._telling
        ]
        self._links = {declared.name: declared for _index, declared in given if declared.kind == "link"}
        # People have namesakes: what is meant by a name in one row need not be meant in another.
        self._of_people = {
            name for name, d in self._links.items() if title_field(d.target).kind == "link" or d.target.__same__
        }
        self._readers = [
            (index, d.name, column_reader(d, today=day, codes=self._labels.get(d.field.code or "")))
            for index, d in given
        ]

    def _look_up_codes(self) -> None:
        """What the code lists of the fields call their values, retired ones too: old records have them."""
        lists = {str(d.field.code) for d in self.typed if d.field.code}
        self._labels = {name: {} for name in lists}
        rows = select(Code.code_list, Code.label, Code.value, Code.retired_on).where(Code.code_list.in_(lists))
        for name, label, value, retired_on in db.session.execute(rows):
            self._labels[name][value] = label
            if retired_on is not None and retired_on <= today():
                self._retired.setdefault(name, set()).add(value)

    def _settle_parts(self) -> None:
        """Of fields in several columns, what is joined in the first of them, or what each of them tells besides."""
        for name, found in self._columns.items():
            parts, told = list(self.known[name].field.parts), self.known[name].field.parts_tell
            if told:
                self._telling |= {found[part]: (told, part) for part in parts if part in found}
            elif found.keys() - {""}:
                known = [(found[part], part or parts[0]) for part in ("", *parts) if part in found]
                self._joined[self.at[name]] = known

    def titles(self, declared: Declared) -> Titles:
        if declared.name not in self._titles:
            self._titles[declared.name] = Titles(declared.target, declared.field.only)
        return self._titles[declared.name]

    def learn(self, record: Any) -> None:
        """A row just added can be named by the rows below it, as a parent is by its children."""
        for name, titles in self._titles.items():
            if self.known[name].target is type(record):
                titles.learn(record.id, title_of(record))

    def read(self, row: Judged) -> tuple[dict[str, Any], dict[str, str]]:
        """The values given, and the texts that are masked or name no single row; what is wrong is told on the row."""
        data: dict[str, Any] = {}
        texts: dict[str, str] = {}
        cells = self._whole(row.cells) if self._joined else row.cells
        for index, name, read in self._readers:
            if not (cell := cells[index]):
                continue
            if index in self._telling:
                if is_nothing(cell):
                    continue
                self._tell_by_column(row, index, data)
            try:
                value, doubt, masked, blank = read(cell)
            except Invalid as invalid:
                row.wrong.append((index, _(invalid.message, **invalid.params)))
                continue
            if masked:
                texts[name] = value
                continue
            if blank:
                continue  # what the sheet leaves blank stays as it is
            if doubt is not None:
                row.doubts.append((index, _(doubt.message, **doubt.params)))
                if doubt.message in LEFT_OPEN:
                    row.vague[name] = LEFT_OPEN[doubt.message]
            if name not in self._links:
                data[name] = value
            elif (key := self._linked(row, self._links[name], value)) is not None:
                data[name] = key
            else:
                texts[name] = value
        if row.doubts:
            self._settle(row, data)
        return data, texts

    def _tell_by_column(self, row: Judged, index: int, data: dict[str, Any]) -> None:
        """That this of several columns is filled in says something, as what stands in 收入金额 is income."""
        name, value = self._telling[index]
        if data.setdefault(name, value) != value:
            row.wrong.append((index, _("Only one of these columns can be filled in.")))

    def _linked(self, row: Judged, declared: Declared, title: str) -> int | None:
        """The row of that name, or what is meant by it."""
        titles = self.titles(declared)
        if title in titles or declared.name in self._of_people:
            try:
                return titles.key(title)
            except Invalid:
                return None
        word = self.words.get((declared.name, title))
        if word is None:
            remembered = self._remembered.get((declared.name, title), "")
            said = self._decisions.get(f"{declared.name}.{row.line}", remembered)
            key = int(said) if said.isdecimal() and int(said) in titles.of else None
            word = self.words[declared.name, title] = Word(declared.name, title, row.line, key)
        word.count += 1
        return word.key

    def _whole(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells of a row with what is joined in the first of its columns."""
        return [
            joined((cells[part], unit) for part, unit in self._joined[index]) if index in self._joined else cell
            for index, cell in enumerate(cells)
        ]

    def _settle(self, row: Judged, data: dict[str, Any]) -> None:
        """A day is no longer doubtful where the rest of the row tells it, as an ID number does."""
        for index, said in list(row.doubts):
            name = next((name for name, at in self.at.items() if at == index), "")
            worked_out = records.completed(self.model, {**dict.fromkeys(self.known), **data, name: None}).get(name)
            if not isinstance(worked_out, date):
                continue
            if worked_out == data[name] or (name in row.vague and row.vague[name](worked_out, data[name])):
                data[name] = worked_out
                row.doubts.remove((index, said))
                row.vague.pop(name, None)

    def stored(self, keys: Iterable[int]) -> dict[int, dict[str, Any]]:
        """The typed fields of rows on file, secrets opened."""
        wanted = sorted(set(keys))
        columns = [d.sealed.stored(self.model) if d.sealed else getattr(self.model, d.name) for d in self.typed]
        found = {}
        for low in range(0, len(wanted), IN_ONE_GO):
            rows = select(self.model.id, *columns).where(self.model.id.in_(wanted[low : low + IN_ONE_GO]))
            for key, *values in db.session.execute(rows):
                found[key] = {
                    d.name: d.sealed.opened(value) if d.sealed else value
                    for d, value in zip(self.typed, values, strict=True)
                }
        return found

    def keep_days(self, row: Judged, stored: Mapping[str, Any], data: dict[str, Any]) -> None:
        """Where the sheet does not say all of a day, one on file that fits stays, and there is nothing to doubt."""
        for name in row.vague.keys() & data.keys():
            if stored.get(name) is not None and row.vague[name](stored[name], data[name]):
                data[name] = stored[name]
                row.doubts = [doubt for doubt in row.doubts if doubt[0] != self.at[name]]

    def differences(
        self, row: Judged, stored: Mapping[str, Any], data: Mapping[str, Any], texts: Mapping[str, str]
    ) -> dict[str, Any]:
        """What would change, by field; told on the row as the person may read it."""
        for name, cell in texts.items():
            declared, now = self.known[name], stored[name]
            said = self.titles(declared).of.get(now) if declared.kind == "link" else declared.field.mask(show(now))
            if now is None or cell != said:
                self._refuse(row, declared, cell)
        changed = {}
        for name, value in data.items():
            now = stored[name]
            if value != now and (value or now or value is False):
                changed[name] = value
                declared = self.known[name]
                label = str(declared.field.label)
                row.changes.append((label, self._shown(declared, now), self._shown(declared, value)))
                self._refuse_retired(row, declared, value)
                self._doubt_shortened(row, declared, now, value)
        return changed

    def _doubt_shortened(self, row: Judged, declared: Declared, now: Any, value: Any) -> None:
        """What would lose its end was more likely typed in short; who reads it masked could guess it by this."""
        is_text = declared.kind in {"text", "long"} and reads_in_full(declared)
        if is_text and now and len(value) < len(now) and now.startswith(value):
            said = _("This is only the beginning of what is on file: %(text)s", text=self._shown(declared, now))
            row.doubts.append((self.at[declared.name], said))

    def _refuse(self, row: Judged, declared: Declared, cell: str) -> None:
        """Say why the text of a link or the stars of a mask cannot be taken over."""
        try:
            if declared.kind == "link":
                self.titles(declared).key(cell)
            raise Invalid(N_("Some of this is hidden by stars; please write it in full."))
        except Invalid as invalid:
            row.wrong.append((self.at[declared.name], _(invalid.message, **invalid.params)))

    def _refuse_retired(self, row: Judged, declared: Declared, value: Any) -> None:
        if value is not None and value in self._retired.get(declared.field.code or "", ()):
            row.wrong.append((self.at[declared.name], _("This can no longer be chosen.")))

    def _shown(self, declared: Declared, value: Any) -> str:
        if value is None or value == "":
            return ""
        if declared.kind == "link":
            return self.titles(declared).of.get(value, "")
        if declared.kind == "code":
            return self._labels[str(declared.field.code)].get(value, str(value))
        whole = show(value) if declared.sealed else full_text(declared, value)
        return whole if reads_in_full(declared) else declared.field.mask(whole)

    def whole_of_new(self, row: Judged, data: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
        """The complete values of a new row; what is missing or cannot be taken over is told on ``row``."""
        for name, cell in texts.items():
            self._refuse(row, self.known[name], cell)
        whole = records.completed(self.model, {**self._defaults, **data})
        for declared in self._required:
            its_columns = self._columns.get(declared.name, {}).values()
            if whole[declared.name] is None and not {*its_columns} & {at for at, _said in row.wrong}:
                self.tell(row, Violation(declared.name, N_("This field is required.")))
        if self._retired:
            for name, value in data.items():
                self._refuse_retired(row, self.known[name], value)
        return whole

    def tell(self, row: Judged, violation: Violation) -> None:
        """Put what is wrong beside the cell it is about, or with the field's name beside the row."""
        index, said = self.at.get(violation.field, -1), _(violation.message, **violation.params)
        if index < 0 and violation.field in self.known:
            said = f"{self.known[violation.field].field.label}{_(': ')}{said}"
        row.wrong.append((index, said))
