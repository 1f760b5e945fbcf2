"""The calls: list, one record, add, change, remove, for each register, through the same operations as its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import roles
from app.api import wire
from app.api.gate import PREFIX, answer, problem
from app.kernel import listing, paging, records, scope, undo, views
from app.kernel.access import Right, permitted
from app.kernel.db import Conflict, transaction
from app.kernel.fields import Declared, fields_of, title_of
from app.kernel.forms import RecordForm, version_token
from app.kernel.register import DAYS, IN_THE_WAY, Register, looked_at
from app.kernel.registers import REGISTERS
from app.kernel.values import Invalid

BLUEPRINT = "api_v1"
ROOT = f"{PREFIX}v1"
MOST_COMPLAINTS = 20

STALE = _l("Somebody else has changed the record since. Here is what it is now.")
IN_USE = _l("Other records point at this one.")
UNKNOWN_FIELD = _l("There is no such field.")
READ_ONLY = _l("This field cannot be written.")
UNKNOWN_ARGUMENT = _l("There is no such argument.")
EMPTY = _l("Leave this argument out, or say what it is.")
REPEATED = _l("This argument is given twice.")


@dataclass(frozen=True)
class Door:
    """One of the calls there are of a register: the right it needs, and the page it does the work of."""

    name: str
    method: str
    right: Right
    of_one: bool
    page: str

    def endpoint(self, register: str) -> str:
        return f"{register}_{self.name}"

    def path(self, register: str, key: str) -> str:
        return f"/{register}/{key}" if self.of_one else f"/{register}/"


DOORS = (
    Door("list", "GET", Right.VIEW, False, "list"),
    Door("show", "GET", Right.VIEW, True, "show"),
    Door("add", "POST", Right.ADD, False, "add"),
    Door("change", "PATCH", Right.EDIT, True, "edit"),
    Door("remove", "DELETE", Right.DELETE, True, "delete"),
)


def open_doors(view: Register) -> Iterator[Door]:
    """The calls that some holder of a key has the right to.

    What a register writes in a way of its own, as notices are only deleted while they are drafts, stays on its pages.
    """
    callers = [role for role in roles.Role if Right.EDIT in roles.rights(role, "api")]
    for door in DOORS:
        own_way = door.right is not Right.VIEW and getattr(type(view), door.page) is not getattr(Register, door.page)
        if not own_way and any(door.right in roles.rights(role, view.name) for role in callers):
            yield door


def blueprint(doors: dict[str, Any]) -> Blueprint:
    """The calls of every register; what each needs is written into ``doors``."""
    made = Blueprint(BLUEPRINT, __name__, url_prefix=ROOT)
    for name, view in REGISTERS.items():
        calls = RegisterCalls(view)
        for door in open_doors(view):
            made.add_url_rule(
                door.path(name, "<int:key>"), door.endpoint(name), getattr(calls, door.name), methods=[door.method]
            )
            doors[f"{BLUEPRINT}.{door.endpoint(name)}"] = (name, door.right)
    return made


class RegisterCalls:
    """What can be called of one register."""

    def __init__(self, view: Register) -> None:
        self.view, self.model = view, view.model

    # --- reading ---------------------------------------------------------------------------------------------

    def list(self) -> Response:
        """The page of the list that the arguments ask for, with the columns the list has."""
        view, args = self.view, request.args.to_dict()
        if wrong := self._wrong_arguments(args):
            return problem(400, wrong)
        question, wrong = view.heard(args)
        if wrong:
            return problem(400, wrong)
        columns = view.columns(views.column_names(args))
        found = paging.page(self.model, [declared.name for declared in columns], question, exactly=True)
        keys = wire.keys_behind(self.model, columns, (row.id for row in found.rows))
        return answer(
            {
                "items": [{"id": row.id, **wire.told(columns, row, keys.get(row.id, {}))} for row in found.rows],
                "page": question.page,
                "pages": found.total.pages,
                "total": {"count": found.total.count, "kind": found.total.kind},
            }
        )

    def _wrong_arguments(self, args: Mapping[str, str]) -> dict[str, Any]:
        """What is wrong with the names and the spelling of the arguments; pages are more lenient with people."""
        wrong: dict[str, Any] = {}
        known = arguments(self.view)
        for name, given in args.items():
            if name not in known:
                wrong[name[:60]] = UNKNOWN_ARGUMENT
            elif len(request.args.getlist(name)) > 1:
                wrong[name] = REPEATED
            elif not given.strip():
                wrong[name] = EMPTY
            elif (declared := known[name]) is not None:
                try:
                    wire.check_argument(declared, given)
                except Invalid as invalid:
                    wrong[name] = _(invalid.message, **invalid.params)
        if args.get("desc", "1") not in {"0", "1"}:
            wrong["desc"] = _("0 or 1 is needed.")
        if set(args.get("columns", "").split(",")) - {*self.view.offered_columns(), ""}:
            wrong["columns"] = UNKNOWN_FIELD
        return dict(list(wrong.items())[:MOST_COMPLAINTS])

    def show(self, key: int) -> Response:
        """One record; that it was looked at is noted as for its page."""
        record = self.view.record(key)
        present = self._present(record)
        looked_at(record)
        return answer(present)

    def _present(self, record: Any) -> dict[str, Any]:
        """The record as its page shows it, with the version that a change has to name."""
        shown = shown_fields(self.view)
        row = listing.row(self.model, record.id, [declared.name for declared in shown])
        if row is None:
            abort(404)
        keys = wire.keys_behind(self.model, shown, [record.id])
        return {"id": record.id, "version": version_token(record), **wire.told(shown, row, keys.get(record.id, {}))}

    # --- writing ---------------------------------------------------------------------------------------------

    def add(self) -> Response:
        """Fill in the register's form and save it; what is not given is as the empty form has it."""
        given = _body()
        told = {"alike.others": str(given.pop("alike", ""))}
        form = RecordForm(self.model, choose_community=bool(scope.current().path))
        filled = MultiDict({**self._filled(form, given), **told})
        try:
            with transaction():
                record = records.add(self.model, form.data()) if form.read(filled) else None
        except Conflict:
            return problem(409, {"": IN_THE_WAY})
        if record is None:
            return self._complaints(form)
        self.view.added(record)
        present = self._present(record)
        return answer(present, 201, Location=f"{ROOT}/{self.view.name}/{present['id']}")

    def change(self, key: int) -> Response:
        """Fill in the form over the record; what is not given stays as it is."""
        given = _body()
        form = RecordForm(self.model, self.view.record(key))
        version = given.pop("version", None)
        if isinstance(version, int) and not isinstance(version, bool):
            version = str(version)
        if not isinstance(version, str):
            return problem(422, {"version": _("Name the version that was read.")})
        filled = MultiDict({**self._filled(form, given), "version": version})
        try:
            with transaction():
                is_right = form.read(filled)
                is_stale = form.is_stale()
                if is_right and not is_stale:
                    records.change(form.record, form.data())
        except Conflict:
            record = self.view.record(key)  # 404 if it is gone
            told = IN_THE_WAY if version_token(record) == version else STALE
            return problem(409, {"": told}, present=self._present(record))
        if is_stale:
            return problem(409, {"": STALE}, present=self._present(self.view.record(key)))
        return answer(self._present(form.record)) if is_right else self._complaints(form)

    def remove(self, key: int) -> Response:
        """Delete the record unless others point at it; it can be brought back for thirty days."""
        record = self.view.record(key)
        name, uses = title_of(record), records.uses_of(record)
        if not uses:
            try:
                with transaction(), undo.recorded("delete", self.view.name, name):
                    records.remove(record)
                return Response(status=204)
            except Conflict:
                uses = records.uses_of(self.view.record(key))
        uses = [use if permitted(use.register, Right.VIEW) else replace(use, titles=()) for use in uses]
        told = [
            {"register": use.register, "label": str(use.label), "count": use.count, "titles": [*use.titles]}
            for use in uses
        ]
        return problem(409, {"": IN_USE}, uses=told)

    def _filled(self, form: RecordForm, given: Mapping[str, Any]) -> dict[str, str]:
        """The form as it would be posted with ``given`` typed into it; refused with 422 if it cannot be."""
        known, fields = fields_of(self.model), {declared.name: declared for declared in form.fields}
        filled = {name: form.form[name].text() for name in fields}
        wrong: dict[str, Any] = {}
        for name, value in given.items():
            if name not in fields:
                wrong[name[:60]] = READ_ONLY if name in known else UNKNOWN_FIELD
                continue
            try:
                # In a masked field blank keeps what is stored; a dash empties it.
                filled[name] = wire.typed(fields[name], value) or ("-" if form.form[name].masked else "")
            except Invalid as invalid:
                wrong[name] = _(invalid.message, **invalid.params)
        if wrong:
            abort(problem(422, dict(list(wrong.items())[:MOST_COMPLAINTS])))
        return filled

    @staticmethod
    def _complaints(form: RecordForm) -> Response:
        errors = {name or "": " ".join(map(str, told)) for name, told in form.form.errors.items()}
        return problem(422, errors, **({"alike": form.alike_token} if form.alike else {}))


def arguments(view: Register) -> dict[str, Declared | None]:
    """What a list can be asked, by name: the filter's field, None for what every list understands."""
    found: dict[str, Declared | None] = dict.fromkeys(("q", "order", "desc", "page", "columns"))
    for declared in view.filters():
        names = (f"{declared.name}.from", f"{declared.name}.to") if declared.kind in DAYS else (declared.name,)
        found |= dict.fromkeys(names, declared)
    return found


def shown_fields(view: Register) -> list[Declared]:
    """The fields of a record's page."""
    return [declared for declared in view.fields() if declared.field.in_record]


def _body() -> dict[str, Any]:
    """What was sent, as a JSON object; refused with 400, 413 or 415 if it is none."""
    if request.mimetype != "application/json":
        abort(415)
    try:
        return wire.read_object(request.get_data())
    except Invalid as invalid:
        return abort(problem(400, {"": _(invalid.message, **invalid.params)}))
