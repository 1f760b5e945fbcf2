"""A register: list, record, forms and choices of one model, all made from its declared fields."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.kernel import audit, codes, listing, records, registers, scope
from app.kernel.access import Right, needs, own_path, permitted
from app.kernel.db import Conflict, InCommunity, db, today, transaction
from app.kernel.fields import MAX_KEY, Declared, Label, fields_of, title_of
from app.kernel.forms import RecordForm, rows_behind
from app.kernel.listing import COUNT_LIMIT, PAGE_SIZE, Days, Listing, Question, Row
from app.kernel.named import Named
from app.kernel.present import reads_in_full, text
from app.kernel.tree import Tree
from app.kernel.values import Invalid, read_date

MAX_SEARCH = 60
MAX_PAGE = 400_000
RELATED_ROWS = 50
CHOICES = 20


@dataclass(frozen=True)
class ListAction:
    """A button above the lists, registered by a capability.

    ``offered`` says for a register's model whether it makes sense there; ``path`` and the list's own arguments are the
    address, ``right`` is needed on the register.
    """

    label: Label
    path: Callable[[str], str]
    right: Right
    offered: Callable[[Any], bool]

    def url(self, register: str, args: Mapping[str, str]) -> str:
        return f"{self.path(register)}?{urlencode(args)}" if args else self.path(register)


def existing(model: Any, key: int) -> Any:
    """The row of ``model`` with that id, or the 404 page: what is out of scope does not exist."""
    found = db.session.scalar(select(model).where(model.id == key)) if 0 < key <= MAX_KEY else None
    return found if found is not None else abort(404)


IN_THE_WAY = _l("The record could not be saved because another one got in its way. Please check and save again.")

LIST_ACTIONS: list[ListAction] = []


class Register(Named, BaseView):
    """Subclasses name the ``model``; everything else is read from its fields."""

    model: ClassVar[Any]
    default_view = "list"
    show_template = "register/show.html"
    in_menu = True

    def __init__(self) -> None:
        self.name = self.model.__tablename__
        self.route_base = f"/{self.name}"
        super().__init__()

    @property
    def label(self) -> Label:
        return self.model.__label__

    def may(self, right: Right) -> bool:
        return permitted(self.name, right)

    # --- list ------------------------------------------------------------------------------------------------

    def fields(self) -> list[Declared]:
        """The fields; the community is one of them for those who look after several."""
        several = bool(scope.current().path)
        return [declared for declared in fields_of(self.model).values() if several or declared.name != "community_id"]

    def columns(self) -> builtins.list[Declared]:
        return [declared for declared in self.fields() if declared.field.in_list]

    def filters(self) -> builtins.list[Declared]:
        return [declared for declared in self.fields() if declared.field.filter]

    def question(self) -> Question:
        """What the address asks of the list."""
        return self.asked(request.args)

    def asked(self, args: Mapping[str, str]) -> Question:
        """What ``args`` ask of the list; malformed ones are refused with 400."""
        page, search, order = args.get("page", "1"), args.get("q", "").strip(), args.get("order", "")
        if len(page) > 10 or not page.isdecimal() or not 1 <= int(page) <= MAX_PAGE or len(search) > MAX_SEARCH:
            abort(400)
        if order and order not in self._sortable():
            abort(400)
        wanted = {}
        for declared in self.filters():
            try:
                if declared.kind == "date":
                    first, last = (args.get(f"{declared.name}.{end}", "") for end in ("from", "to"))
                    if first or last:
                        wanted[declared.name] = Days(*(read_date(typed) if typed else None for typed in (first, last)))
                elif typed := args.get(declared.name, ""):
                    wanted[declared.name] = declared.read(typed)
            except Invalid:
                abort(400)
        return Question(search, wanted, order, args.get("desc") == "1", int(page))

    def _sortable(self) -> set[str]:
        """Sorting by what one may not read would tell it."""
        return {declared.name for declared in self.columns() if reads_in_full(declared)}

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        question, columns = self.question(), self.columns()
        names = [declared.name for declared in columns]
        is_tree = issubclass(self.model, Tree)
        found = listing.rows(self.model, [*names, "depth"] if is_tree else names, question)
        top = min((row.values["depth"] for row in found), default=0) if is_tree else 0
        first_page_is_all = question.page == 1 and len(found) < PAGE_SIZE
        count = len(found) if first_page_is_all else Listing(self.model).count(question)
        return self.page(
            "register/list.html",
            title=self.label,
            columns=columns,
            rows=[(row.id, self._cells(columns, row, row.values["depth"] - top if is_tree else 0)) for row in found],
            question=question,
            filters=self._offered_filters(question),
            count=count,
            counted_all=count <= COUNT_LIMIT,
            pages=-(-min(count, COUNT_LIMIT) // PAGE_SIZE),
            actions=[action for action in LIST_ACTIONS if self.may(action.right) and action.offered(self.model)],
            sortable=self._sortable(),
        )

    @staticmethod
    def _cells(columns: builtins.list[Declared], row: Row, indent: int = 0) -> builtins.list[str]:
        texts = [text(declared, row.values[declared.name]) for declared in columns]
        return [f"{'　' * indent}{texts[0]}", *texts[1:]]

    def _offered_filters(self, question: Question) -> builtins.list[dict[str, Any]]:
        declared_filters = self.filters()
        offered = codes.choices({d.field.code for d in declared_filters if d.field.code}, today())
        found = []
        for declared in declared_filters:
            chosen = question.filters.get(declared.name)
            entry: dict[str, Any] = {"declared": declared, "chosen": chosen, "choices": [], "title": ""}
            if declared.kind == "code":
                entry["choices"] = offered[declared.field.code or ""]
            elif declared.kind == "choice" and declared.field.options:
                entry["choices"] = list(declared.field.options().items())
            elif declared.kind == "flag":
                entry["choices"] = [("1", _("Yes")), ("0", _("No"))]
                entry["chosen"] = {True: "1", False: "0"}.get(chosen)  # type: ignore[arg-type]
            elif declared.kind == "link" and chosen is not None:
                entry["title"] = listing.title(declared.target, chosen) or ""
            found.append(entry)
        return found

    # --- one record ------------------------------------------------------------------------------------------

    def record(self, key: int) -> Any:
        """The record, or the 404 page: what is out of scope does not exist."""
        return existing(self.model, key)

    @expose("/show/<int:key>")
    @needs(Right.VIEW)
    def show(self, key: int) -> str:
        record, known = self.record(key), fields_of(self.model)
        row = listing.row(self.model, key, known)
        if row is None:
            abort(404)
        shown = [
            (declared, text(declared, row.values[declared.name]), self._link_address(declared, record))
            for declared in self.fields()
            if declared.field.in_record
        ]
        return self.page(
            self.show_template,
            key=key,
            title=text(known[self.model.__title__], row.values[self.model.__title__]),
            fields=shown,
            related=self._related(key),
            related_rows=RELATED_ROWS,
            **self.more(record),
        )

    def more(self, record: Any) -> dict[str, Any]:
        """What a subclass's own show template needs besides."""
        return {}

    @staticmethod
    def _link_address(declared: Declared, record: Any) -> str:
        if declared.kind != "link" or declared.lender or not permitted(declared.target.__tablename__, Right.VIEW):
            return ""
        target = getattr(record, declared.name)
        return url_for(f"{declared.target.__tablename__}.show", key=target) if target else ""

    def _related(self, key: int) -> builtins.list[dict[str, Any]]:
        """The rows of other registers that point at this record, for those who may see them."""
        found = []
        for link in registers.links_to(self.model):
            view = registers.REGISTERS[link.model.__tablename__]
            if not permitted(view.name, Right.VIEW) or (
                issubclass(self.model, InCommunity) and link.name == "community_id"
            ):
                continue
            columns = [d for d in view.columns() if d.name != link.name and d.through != link.name] or view.columns()
            rows = listing.rows(
                link.model,
                [d.name for d in columns],
                Question(),
                getattr(link.model, link.name) == key,
                limit=RELATED_ROWS,
            )
            found.append(
                {
                    "view": view,
                    "link": link,
                    "columns": columns,
                    "rows": [(row.id, self._cells(columns, row)) for row in rows],
                    "may_add": view.may(Right.ADD) and link.field.in_form,
                }
            )
        return found

    # --- forms -----------------------------------------------------------------------------------------------

    @expose("/add/", methods=["GET", "POST"])
    @needs(Right.ADD)
    def add(self) -> str | Response:
        form = RecordForm(self.model, given=request.args, choose_community=bool(scope.current().path))
        if request.method == "POST":
            record = None
            try:
                with transaction():
                    if form.read(request.form):
                        record = records.add(self.model, form.data())
            except Conflict:
                form.form.form_errors.append(IN_THE_WAY)
            else:
                if record is not None:
                    name = title_of(record)
                    flash(_("%(register)s “%(name)s” was added.", register=self.label, name=name), "success")
                    self.added(record)
                    return self._onward(record.id)
        return self._form_page(form, _("Add %(register)s", register=self.label))

    def added(self, record: Any) -> None:
        """What a subclass does once a record has been added and is on disk."""

    def _onward(self, key: int) -> Response:
        """After saving: one more, or where the person came from, or the record itself."""
        if "again" in request.form:
            return redirect(f"{request.path}?{request.query_string.decode()}")
        return redirect(self._back(url_for(".show", key=key)))

    def _back(self, otherwise: str) -> str:
        return own_path(request.args.get("back", "")) or otherwise

    @expose("/edit/<int:key>", methods=["GET", "POST"])
    @needs(Right.EDIT)
    def edit(self, key: int) -> str | Response:
        form = RecordForm(self.model, self.record(key))
        if request.method == "POST" and self._save(form):
            name = title_of(form.record)
            flash(_("%(register)s “%(name)s” was saved.", register=self.label, name=name), "success")
            return self._onward(key)
        theirs = form.differences() if form.is_stale() else []
        last = audit.last_change(rows_behind(form.record)) if theirs else None
        form.take_version()
        return self._form_page(form, _("Edit %(name)s", name=title_of(form.record)), theirs=theirs, last=last)

    def _save(self, form: RecordForm) -> bool:
        """Write what was posted; False if something is wrong with it, or somebody else was quicker."""
        try:
            with transaction():
                if not form.read(request.form) or (form.is_stale() and form.differences()):
                    return False
                records.change(form.record, form.data())
        except Conflict:
            self.record(form.record_id)  # 404 if it is gone
            if not form.is_stale():
                form.form.form_errors.append(IN_THE_WAY)
            return False
        return True

    def _form_page(self, form: RecordForm, title: str, **more: Any) -> str:
        form.link_titles()
        return self.page("register/form.html", form=form, title=title, back=self._back(url_for(".list")), **more)

    @expose("/delete/<int:key>", methods=["GET", "POST"])
    @needs(Right.DELETE)
    def delete(self, key: int) -> str | Response:
        record = self.record(key)
        name, uses = title_of(record), records.uses_of(record)
        if request.method == "POST" and not uses:
            try:
                with transaction():
                    records.remove(record)
            except Conflict:
                uses = records.uses_of(self.record(key))
            else:
                flash(_("%(register)s “%(name)s” was deleted.", register=self.label, name=name), "success")
                return redirect(url_for(".list"))
        uses = [use if permitted(use.register, Right.VIEW) else replace(use, titles=()) for use in uses]
        return self.page("register/delete.html", key=key, title=_("Delete %(name)s", name=name), name=name, uses=uses)

    # --- choosing --------------------------------------------------------------------------------------------

    @expose("/choices/")
    @needs(Right.VIEW)
    def choices(self) -> Response:
        """What the search select of another form offers: at most :data:`CHOICES` rows of id, label, hint."""
        known = fields_of(self.model)
        hints = [declared for declared in known.values() if declared.field.hint]
        names = [self.model.__title__, *(declared.name for declared in hints)]
        found = listing.rows(self.model, names, self.question(), limit=CHOICES)
        return jsonify(
            [
                {
                    "id": row.id,
                    "label": text(known[self.model.__title__], row.values[self.model.__title__]),
                    "hint": "  ".join(filter(None, (_hint(declared, row.values[declared.name]) for declared in hints))),
                }
                for row in found
            ]
        )

    def page(self, template: str, **context: Any) -> str:
        return str(self.render_template(template, register=self, **context))


def _hint(declared: Declared, value: Any) -> str:
    """What tells namesakes apart; a bare number says what it counts."""
    shown = text(declared, value)
    return f"{declared.field.label} {shown}" if declared.kind == "integer" else shown
