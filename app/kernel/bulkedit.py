"""Many records at once: chosen in a list, given the same values or deleted, and looked at before anything is stored.

What is shown beforehand is what storing would do: it is done and taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import UniqueConstraint, func, inspect, select
from sqlalchemy.orm import selectinload

from app.kernel import listing, records, registers, undo
from app.kernel.db import Conflict, db, transaction
from app.kernel.fields import MAX_KEY, Access, Declared, Label, fields_of, title_field
from app.kernel.forms import RecordForm, form_fields, version_token
from app.kernel.listing import Question
from app.kernel.present import text
from app.kernel.values import Invalid, Violation

MOST = 5_000
"""So many records are changed or deleted at once."""
SHOWN = 500
"""Rows shown of each outcome."""
NAMED = 10
"""Names shown while the new values are chosen."""

STEPS = ("choose", "preview", "save", "delete", "remove")
"""Values are chosen, looked at and stored; or a deletion is looked at and carried out."""


@dataclass(frozen=True)
class Line:
    """What becomes of a record: for each field set its text before and after, or the reasons why it stays."""

    id: int
    name: str
    token: str
    changes: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What becomes of all that were chosen; ``gone`` have been deleted meanwhile."""

    done: Sequence[Line]
    refused: Sequence[Line]
    unchanged: int
    gone: int

    @property
    def seen(self) -> str:
        """The records that change and their versions, so that what is stored is what was shown."""
        return " ".join(f"{line.id}:{line.token}" for line in self.done)


class Changed(Exception):
    """What would be stored is no longer what was shown."""


def settable(model: Any) -> list[Declared]:
    """The fields that many records of ``model`` may be given alike: no names, numbers of one's own or secrets."""
    return [
        declared
        for declared in form_fields(model, adding=False, choose_community=False)
        if not _is_ones_own(declared) and not (declared.lender and _is_ones_own(declared.lender))
    ]


def _is_ones_own(declared: Declared) -> bool:
    return (
        declared.name == declared.model.__title__
        or declared.field.access is Access.SECRET
        or any(
            {column.key for column in constraint.columns} - {"community_id"} == {declared.name}
            for constraint in declared.model.__table__.constraints
            if isinstance(constraint, UniqueConstraint)
        )
    )


def may_clear(declared: Declared) -> bool:
    return not declared.required and declared.kind != "flag"


def read_ids(typed: Iterable[str]) -> list[int]:
    """The ids of the chosen records, each once. Raises :class:`Invalid`."""
    found = dict.fromkeys(typed)
    if any(not key.isdecimal() or len(key) > 10 or not 0 < int(key) <= MAX_KEY for key in found):
        raise Invalid("")
    return [int(key) for key in found]


class BulkEdit:
    """What was posted for the records ``ids`` of ``model``, and what it comes to."""

    def __init__(self, model: Any, ids: Sequence[int], posted: Mapping[str, str]) -> None:
        self.model, self.ids, self.posted = model, ids, posted
        self.step = step if (step := posted.get("bulk.step", "")) in STEPS else STEPS[0]
        fields = settable(model)
        self.form = RecordForm(model, given={d.name: posted.get(d.name, "") for d in fields}, fields=fields)
        self.outcome: Outcome | None = None
        self.problem = ""
        self.data: dict[str, Any] = {}

    @property
    def deletes(self) -> bool:
        return self.step in {"delete", "remove"}

    @property
    def labels(self) -> list[Label]:
        """What is set, by label."""
        return [declared.field.label for declared in self.form.fields if declared.name in self.data]

    def clears(self, declared: Declared) -> bool:
        return may_clear(declared) and f"clear.{declared.name}" in self.posted

    def names(self) -> list[str]:
        """What the first of the chosen records are called."""
        return [name for name, _values in list(_shown(self.model, self.ids, (), NAMED).values())]

    def run(self) -> undo.ChangeSet | None:
        """Take the step that was posted; the change if something was stored, else the page is to be shown."""
        if self.step in {"preview", "save"} and not self._read():
            self.step = "choose"
        if self.step in {"save", "remove"}:
            try:
                return self._store()
            except (Changed, Conflict):
                self.problem = _("Others have changed some of these records meanwhile: please look once more.")
                self.step = "delete" if self.deletes else "preview"
        if self.step != "choose":
            self.outcome = self._try()
        else:
            self.form.look_up()
        return None

    def _read(self) -> bool:
        """Take the new values; blank fields are not among them, unless they are to be cleared."""
        for declared in self.form.fields:
            field, typed = self.form.form[declared.name], self.posted.get(declared.name, "")
            if typed.strip() and self.clears(declared):
                field.errors = [_("Please either enter a value or tick “clear”, not both.")]
            elif typed.strip() or self.clears(declared):
                try:
                    self.data[declared.name] = declared.read(typed)
                except Invalid as wrong:
                    field.errors = [_(wrong.message, **wrong.params)]
        wrong_fields = [d for d in self.form.fields if self.form.form[d.name].errors]
        if not wrong_fields and not self.data:
            self.problem = _("Please fill in at least one field.")
        return not wrong_fields and bool(self.data)

    def _try(self) -> Outcome:
        with transaction():
            trial = db.session.begin_nested()
            try:
                return self._carry_out()
            finally:
                trial.rollback()

    def _store(self) -> undo.ChangeSet:
        action = "delete" if self.deletes else "bulk_edit"
        with transaction(), undo.recorded(action, self.model.__tablename__, "", 0) as change:
            outcome = self._carry_out()
            if not outcome.done or outcome.seen != self.posted.get("bulk.seen"):
                raise Changed
            change.count, change.subject = len(outcome.done), self._subject(outcome)[:120]
        return change

    def _subject(self, outcome: Outcome) -> str:
        if not self.deletes:
            return "、".join(str(label) for label in self.labels)
        first, others = outcome.done[0].name, len(outcome.done) - 1
        return _("%(name)s and %(count)s more", name=first, count=others) if others else first

    def _carry_out(self) -> Outcome:
        rows = _rows(self.model, self.ids)
        shown = _shown(self.model, self.ids, self.data)
        tokens = {row.id: version_token(row) for row in rows}
        lines = {key: Line(key, name, tokens[key]) for key, (name, _values) in shown.items()}
        refused = self._delete(rows) if self.deletes else self._change(rows)
        after = {} if self.deletes else _shown(self.model, self.ids, self.data)
        done: list[Line] = []
        for key, line in lines.items():
            if key in refused:
                continue
            if self.deletes:
                done.append(line)
            elif shown[key] != after[key]:
                done.append(_with_changes(self.model, line, shown[key][1], after[key][1]))
        left = [Line(key, lines[key].name, lines[key].token, reasons=reasons) for key, reasons in refused.items()]
        return Outcome(done, left, len(lines) - len(done) - len(left), len(self.ids) - len(rows))

    def _change(self, rows: Sequence[Any]) -> dict[int, tuple[str, ...]]:
        """Give ``rows`` the new values; returns why which of them stay as they are.

        Where the rules ask for other rows, each is judged with those before it changed.
        """
        lenders = {d.lender.model for d in self.form.fields if d.name in self.data and d.lender}
        alone = all(records.stands_alone(model) for model in (self.model, *lenders))
        refused: dict[int, tuple[str, ...]] = {}
        fitting: list[Any] = []
        for row in rows:
            if wrong := records.problems(self.model, self.data, row):
                refused[row.id] = tuple(self._told(problem) for problem in wrong)
            elif alone:
                fitting.append(row)
            else:
                records.change(row, self.data)
        records.change_all(fitting, self.data)
        return refused

    def _told(self, problem: Violation) -> str:
        message = _(problem.message, **problem.params)
        declared = fields_of(self.model).get(problem.field)
        return f"{declared.field.label}{_(': ')}{message}" if declared else message

    def _delete(self, rows: Sequence[Any]) -> dict[int, tuple[str, ...]]:
        """Delete ``rows``; returns why which of them stay: what points at them."""
        in_use = _uses(self.model, [row.id for row in rows])
        records.remove(*(row for row in rows if row.id not in in_use))
        return {key: tuple(told) for key, told in in_use.items()}


def _rows(model: Any, ids: Sequence[int]) -> list[Any]:
    """The rows with what they link to, which the rules, the trail and the versions ask for; locked."""
    relations = [d.relation for d in fields_of(model).values() if d.kind == "link" and hasattr(model, d.relation)]
    wanted = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update(of=model)
    return list(db.session.scalars(wanted.options(*(selectinload(getattr(model, name)) for name in set(relations)))))


def _shown(
    model: Any, ids: Sequence[int], names: Iterable[str], limit: int | None = None
) -> dict[int, tuple[str, Mapping[str, Any]]]:
    """What each record is called and the values of its fields ``names`` as they are shown, by id."""
    title = title_field(model)
    found = listing.rows(model, {title.name, *names}, Question(), model.id.in_(ids), limit=limit)
    return {row.id: (text(title, row.values[title.name]), row.values) for row in found}


def _with_changes(model: Any, line: Line, before: Mapping[str, Any], after: Mapping[str, Any]) -> Line:
    known = fields_of(model)
    set_fields = [declared for name, declared in known.items() if name in after and name != model.__title__]
    changes = tuple((text(d, before[d.name]), text(d, after[d.name])) for d in set_fields)
    return Line(line.id, line.name, line.token, changes)


def _uses(model: Any, ids: Sequence[int]) -> dict[int, list[str]]:
    """What points at each of the rows ``ids``, in words; their own parts go with them."""
    found: dict[int, list[str]] = {}
    parts = {r.mapper.class_ for r in inspect(model).relationships if r.cascade.delete_orphan}
    for link in registers.links_to(model):
        if link.model in parts:
            continue
        column = getattr(link.model, link.name)
        counted = select(column, func.count()).select_from(link.model).where(column.in_(ids)).group_by(column)
        for key, count in db.session.execute(counted):
            told = _("In use: %(label)s (%(count)s)", label=link.model.__label__, count=count)
            found.setdefault(key, []).append(told)
    return found
