"""The form of a register, made from its declared fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import wtforms
from flask_babel import gettext as _

from app.kernel import codes, likeness, listing, records
from app.kernel.access import Right, permitted
from app.kernel.db import today
from app.kernel.fields import Declared, Label, fields_of, title_of
from app.kernel.present import full_text, reads_in_full
from app.kernel.values import N_, Invalid, Violation, show, storable

KEPT = object()
"""The data of a masked field that was left blank: what is stored stays."""


class TypedField(wtforms.Field):
    """A form field that keeps what was typed, reads it by its declaration, and hides what may not be read."""

    declared: Declared
    typed: str | None = None
    shown_label: str = ""

    def __init__(self, declared: Declared, **kwargs: Any) -> None:
        super().__init__(label=declared.field.label, **kwargs)
        self.declared = declared
        self.choices: list[tuple[str, str]] = []
        self.masked = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = valuelist[0] if valuelist else ""
        if self.masked and not self.typed.strip():
            self.data = KEPT
            return
        text = "" if self.masked and self.typed.strip() == "-" else self.typed
        try:
            self.data = self.declared.read(text)
        except Invalid as wrong:
            self.data = None
            raise ValueError(_(wrong.message, **wrong.params)) from None

    def text(self) -> str:
        """What stands in the input: what was typed, else the stored value if it may be read."""
        if self.typed is not None:
            return storable(self.typed)
        if self.masked or self.data is None:
            return ""
        return show(self.data)


def form_fields(model: Any, adding: bool, choose_community: bool) -> list[Declared]:
    """What can be typed on the form of ``model``; borrowed fields only once there is a record to borrow from."""
    return [
        declared
        for declared in fields_of(model).values()
        if (declared.field.in_form or (choose_community and declared.name == "community_id" and adding))
        and not (declared.lender and (adding or not permitted(declared.lender.model.__tablename__, Right.EDIT)))
        and declared.kind != "moment"
    ]


class RecordForm:
    """A form over one register: new, or over a record."""

    def __init__(
        self,
        model: Any,
        record: Any = None,
        given: Mapping[str, str] | None = None,
        choose_community: bool = False,
        fields: Sequence[Declared] | None = None,
    ) -> None:
        self.model, self.record = model, record
        adding = record is None
        self.fields = list(fields or form_fields(model, adding=adding, choose_community=choose_community))
        typed = [(declared.name, TypedField(declared)) for declared in self.fields]
        self.form = wtforms.form.BaseForm([*typed, ("version", wtforms.HiddenField())])
        values = {d.name: records.stored(record, d) for d in self.fields} if record is not None else {}
        for declared in self.fields:
            field = self.form[declared.name]
            field.data = values.get(declared.name, declared.default)
            if record is not None and field.data is not None and not reads_in_full(declared):
                field.masked = declared.field.mask(show(field.data))
            if given and declared.name in given and record is None:
                field.typed = given[declared.name]
        self._taken_over: set[str] = set()
        self.alike: list[likeness.Alike] = []
        self.on_file: dict[str, list[likeness.Alike]] = {}
        """The records that something typed is also said of, by the name of its field."""
        self.record_id = record.id if record is not None else 0
        self.take_version()

    def take_version(self) -> None:
        """What is typed now is about the record as it is now."""
        self.form["version"].data = version_token(self.record) if self.record is not None else ""

    def is_stale(self) -> bool:
        """Was the form drawn over an older version of the record than is stored?"""
        return self.record is not None and self.form["version"].data != version_token(self.record)

    def look_up(self) -> None:
        """Look up what is offered and what the chosen rows are called; called before the form is drawn."""
        offered = codes.choices({d.field.code for d in self.fields if d.field.code}, today())
        for declared in self.fields:
            field = self.form[declared.name]
            if declared.field.code:
                field.choices = offered[declared.field.code]
                self._keep_retired(field)
            elif declared.field.options:
                field.choices = [(value, str(label)) for value, label in declared.field.options().items()]
            elif declared.kind == "link":
                with suppress(Invalid):
                    key = declared.read(field.text())
                    field.shown_label = self._called(declared, key)

    def _called(self, link: Declared, key: int | None) -> str:
        """What the row ``key`` that a link leads to is called; what came along with the record is not asked for."""
        at_hand = vars(self.record) if self.record is not None and link.lender is None else {}
        if link.relation in at_hand and key == at_hand[link.name]:
            return title_of(at_hand[link.relation]) if at_hand[link.relation] is not None else ""
        return _title(link, key)

    def _keep_retired(self, field: TypedField) -> None:
        value = str(records.stored(self.record, field.declared) or "") if self.record is not None else ""
        if value and value not in {offered for offered, _label in field.choices}:
            field.choices = [*field.choices, (value, codes.label(str(field.declared.field.code), value))]

    def read(self, formdata: Any) -> bool:
        """Take what was posted; True if every field and the record as a whole is right."""
        self.form.process(formdata)
        if self.is_stale():
            self._merge(formdata)
        if self.form.validate():
            self.complain(records.problems(self.model, self.data(), self.record))
        if self.record is None:
            self._ask_about_namesakes(formdata)
        return not self.form.errors

    @property
    def alike_token(self) -> str:
        """Whom the tick beside the name is about."""
        return ".".join(str(found.id) for found in self.alike)

    def _ask_about_namesakes(self, formdata: Mapping[str, str]) -> None:
        """What may already be on file is added once the person has said that it is another."""
        if any(name in self.form.errors for key in self.model.__same__ for name in key):
            return
        self.alike = likeness.alike(self.model, self.data())
        if self.alike and formdata.get("alike.others") != self.alike_token:
            named = {"names": "；".join(found.told for found in self.alike)}
            message = N_("There already is %(names)s. If this is another person, please tick the box below.")
            self.complain([Violation(self.model.__title__, message, named)])
        if self.alike:
            self.on_file[self.model.__title__] = self.alike

    def complain(self, violations: Iterable[Violation]) -> None:
        """Put each violation beside its field, with the record in its way for those who may see that."""
        for violation in violations:
            message = _(violation.message, **violation.params)
            if violation.in_the_way and (found := likeness.on_file(*violation.in_the_way)):
                self.on_file[violation.field] = [found]
                if found.name not in message:
                    message = _("%(problem)s It is %(name)s.", problem=message, name=found.told)
            field = self.form._fields.get(violation.field)
            if field is None:
                self.form.form_errors.append(message)
            else:
                field.errors = [*field.errors, message]

    def problems(self) -> list[tuple[Label, str, str]]:
        """What is wrong, each with the label and the id of the field it is about, which are empty for the whole."""
        of_fields = [
            (declared.field.label, f"f-{declared.name}", message)
            for declared in self.fields
            for message in self.form[declared.name].errors
        ]
        return [*(("", "", message) for message in self.form.form_errors), *of_fields]

    def data(self) -> dict[str, Any]:
        """The values read, without those to be kept as they are."""
        return {d.name: self.form[d.name].data for d in self.fields if self.form[d.name].data is not KEPT}

    def opened_with(self, declared: Declared) -> str:
        """What is stored as the form is drawn; posted back with it, it tells which fields the person changed."""
        stored = records.stored(self.record, declared)
        return "" if self.form[declared.name].masked or stored is None else show(stored)

    def _merge(self, formdata: Mapping[str, str]) -> None:
        """Where the person left a field as it was when the form was opened, take what others have stored since."""
        for declared in self.fields:
            field, opened = self.form[declared.name], formdata.get(f"was.{declared.name}")
            if opened is None or field.masked or field.process_errors:
                continue
            try:
                before = declared.read(opened)
            except Invalid:
                continue
            if field.data == before and before != (now := records.stored(self.record, declared)):
                field.data, field.typed = now, None
                self._taken_over.add(declared.name)

    def differences(self) -> list[tuple[Any, str, str]]:
        """(label, stored, typed) for each field that others have changed since the form was opened."""
        found = []
        for declared in self.fields:
            field = self.form[declared.name]
            current = records.stored(self.record, declared)
            taken_over = declared.name in self._taken_over
            if field.data is KEPT or ((field.data or None) == (current or None) and not taken_over):
                continue
            theirs, mine = (full_text_of(declared, value) for value in (current, field.data))
            if not reads_in_full(declared) and theirs:
                theirs = declared.field.mask(theirs)
            found.append((declared.field.label, theirs or "", _("not changed by you") if taken_over else mine or ""))
        return found


def full_text_of(declared: Declared, value: Any) -> str:
    """The text of a Python value (not one selected by a listing)."""
    if declared.kind == "link":
        return _title(declared, value)
    if declared.kind == "code" and value is not None:
        return codes.label(str(declared.field.code), value)
    return show(value) if declared.sealed else full_text(declared, value)


def _title(link: Declared, key: int | None) -> str:
    return listing.title(link.target, key) or "" if key else ""


def rows_behind(record: Any) -> list[Any]:
    """The record and the records it borrows from: what its form may change."""
    borrowed = (getattr(record, relation) for relation in records.lenders(record.__class__))
    return [record, *(row for row in borrowed if row is not None)]


def version_token(record: Any) -> str:
    """The versions of all rows behind a form: posted over older ones it is stale."""
    return ".".join(str(row.version) for row in rows_behind(record))
