"""A register: list, record, forms and choices of one model, all made from its declared fields."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, current_app, flash, jsonify, make_response, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app.kernel import audit, bulkedit, codes, listing, once, paging, records, registers, reveal, scope, undo, views
from app.kernel.access import Right, needs, own_path, permitted
from app.kernel.db import Conflict, InCommunity, db, today, transaction
from app.kernel.fields import MAX_KEY, Declared, Label, fields_of, title_field, title_of
from app.kernel.forms import RecordForm, rows_behind
from app.kernel.listing import PAGE_SIZE, Days, Question, Row
from app.kernel.named import Named
from app.kernel.present import reader, reads_in_full, text
from app.kernel.tree import Tree
from app.kernel.values import N_, TYPED, Invalid, read_date, show, storable

MAX_SEARCH = 60
MAX_PAGE = 400_000
RELATED_ROWS = 50
DAYS = {"date", "moment"}
"""Kinds of fields that are filtered by a first and a last day."""
CHOICES = 20


@dataclass(frozen=True, eq=False)
class ListAction:
    """A button above the lists, registered by a capability.

    ``offered`` says for a register's model whether it makes sense there; ``path`` is the address, with the list's own
    arguments where the action is about what is listed; ``right`` is needed on the register.
    """

    label: Label
    path: Callable[[str], str]
    right: Right
    offered: Callable[[Any], bool]
    icon: str = "print"
    about_listed: bool = True

    def url(self, register: str, args: Sequence[tuple[str, str]]) -> str:
        path = self.path(register)
        return f"{path}?{urlencode(args)}" if args and self.about_listed else path


def existing(model: Any, key: int) -> Any:
    """The row of ``model`` with that id, or the 404 page: what is out of scope does not exist."""
    found = db.session.scalar(select(model).where(model.id == key)) if 0 < key <= MAX_KEY else None
    return found if found is not None else abort(404)


def undoable(told: str, change: undo.ChangeSet) -> Markup:
    """What to flash after a change: what was done, and the way to take it back."""
    return Markup('{} <a href="{}">{}</a>').format(told, url_for("change_set.show", key=change.id), _("Undo"))


@dataclass(frozen=True, eq=False)
class RecordAction:
    """A button on the records' pages, registered by a capability.

    ``offered`` says for a register's model whether it makes sense there; ``path`` is the address, made of the names
    ``register`` and ``key``; ``subject`` names the row in the table of permissions on which ``right`` is needed.
    """

    label: Label
    path: str
    subject: str
    offered: Callable[[Any], bool]
    icon: str
    right: Right = Right.VIEW


@dataclass(frozen=True)
class Filter:
    """A filter above a list: what is ``chosen`` of its ``choices`` (value, label), or the ``title`` of the row it is.

    What was ``typed`` for each of its arguments, and what is ``wrong`` with that.
    """

    declared: Declared
    chosen: Any
    choices: tuple[tuple[str, str], ...]
    title: str
    typed: tuple[str, ...]
    wrong: tuple[str, ...]


IN_THE_WAY = _l("The record could not be saved because another one got in its way. Please check and save again.")

LIST_ACTIONS: list[ListAction] = []
RECORD_ACTIONS: list[RecordAction] = []
DELETE_ACTIONS: list[RecordAction] = []
"""What is offered where a record cannot be deleted because it is in use."""
ON_SHOW: list[Callable[[Any], None]] = []
"""What is done with a record whose page was drawn, before it is sent."""


def looked_at(*records: Any) -> None:
    """The person at work sees what ``records`` say: to be called once the page is drawn. Commits."""
    for record in records:
        for done in ON_SHOW:
            done(record)


class Register(Named, BaseView):
    """Subclasses name the ``model``; everything else is read from its fields."""

    model: ClassVar[Any]
    default_view = "list"
    show_template = "register/show.html"
    in_menu = True
    in_sheets = True
    beside_fields: tuple[Label, ...] = ()
    """Headings of what a sheet says of each row besides its fields; see :meth:`beside`."""

    def __init__(self) -> None:
        self.name = self.model.__tablename__
        self.route_base = f"/{self.name}"
        super().__init__()

    @property
    def label(self) -> Label:
        return self.model.__label__

    def may(self, right: Right) -> bool:
        return permitted(self.name, right)

    def beside(self, ids: builtins.list[int]) -> Mapping[int, Sequence[str]]:
        """What stands below :attr:`beside_fields` in a sheet, by the ids of the rows."""
        return {}

    # --- list ------------------------------------------------------------------------------------------------

    def fields(self) -> list[Declared]:
        """The fields; the community is one of them for those who look after several."""
        several = bool(scope.current().path)
        return [declared for declared in fields_of(self.model).values() if several or declared.name != "community_id"]

    def offered_columns(self) -> dict[str, Declared]:
        """The fields that can be columns of the list, by name."""
        return {
            declared.name: declared for declared in self.fields() if declared.field.in_list or declared.field.in_record
        }

    def columns(self, chosen: Iterable[str] = ()) -> builtins.list[Declared]:
        """The columns of the list: of those that are offered the ``chosen``, in their order, or else the usual ones."""
        offered = self.offered_columns()
        found = [offered[name] for name in dict.fromkeys(chosen) if name in offered]
        return found or [declared for declared in offered.values() if declared.field.in_list]

    def columns_seen(self, args: Mapping[str, str]) -> builtins.list[Declared]:
        """The columns in which the person at work sees the list that ``args`` ask for."""
        return self.columns(views.column_names(args) or views.mine(self.name).columns)

    def filters(self) -> builtins.list[Declared]:
        return [declared for declared in self.fields() if declared.field.filter]

    def question(self) -> Question:
        """What the address asks of the list."""
        return self.asked(request.args)

    def asked(self, args: Mapping[str, str]) -> Question:
        """What ``args`` ask of the list; malformed ones are refused with 400."""
        question, wrong = self.heard(args)
        return abort(400) if wrong else question

    def heard(self, args: Mapping[str, str]) -> tuple[Question, dict[str, str]]:
        """What ``args`` ask of the list, and what is wrong with a mistyped filter, by the name of its argument.

        Such a filter is left out of the question. What nobody types is refused with 400 if it is malformed.
        """
        page, search, order = args.get("page", "1"), args.get("q", "").strip(), args.get("order", "")
        if len(page) > 10 or not page.isdecimal() or not 1 <= int(page) <= MAX_PAGE or len(search) > MAX_SEARCH:
            abort(400)
        if order and order not in self._sortable():
            abort(400)
        wanted: dict[str, Any] = {}
        wrong: dict[str, str] = {}

        def read(name: str, reader: Callable[[str], Any]) -> Any:
            try:
                return reader(args[name]) if args.get(name, "").strip() else None
            except Invalid as invalid:
                wrong[name] = _(invalid.message, **invalid.params)

        for declared in self.filters():
            if declared.kind in DAYS:
                days = Days(*(read(name, read_date) for name in _ends(declared)))
                if days != Days(None, None):
                    wanted[declared.name] = days
            elif (value := read(declared.name, partial(_meant, declared))) is not None:
                wanted[declared.name] = value
        return Question(search, wanted, order, args.get("desc") == "1", int(page)), wrong

    def _with_typed(self, args: Mapping[str, str]) -> dict[str, str]:
        """``args``, in which a search select has what was typed into it before its script had arrived."""
        found = dict(args)
        for declared in self.filters():
            typed = found.pop(f"{declared.name}.typed", None) if declared.kind == "link" else None
            if typed is None:
                continue
            shown = None
            with suppress(Invalid):
                shown = listing.title(declared.target, declared.read(found.get(declared.name, "")) or 0)
            if typed.strip() != shown:
                found[declared.name] = typed.strip() and f"{TYPED}{typed}"
        return found

    def own_arguments(self, args: Mapping[str, str]) -> dict[str, str]:
        """Those of ``args`` that say what the list shows, always in the same order."""
        filters = [name for declared in self.filters() for name in _arguments(declared)]
        known = ("q", *filters, "order", "desc", "columns", "page")
        return {
            name: args[name].strip()
            for name in known
            if args.get(name, "").strip() and (name, args[name]) != ("page", "1")
        }

    def list_address(self, arguments: Mapping[str, str]) -> str:
        """Where the list stands with just these ``arguments``; its bare address shows it as it was left."""
        return f"{self.route_base}/list/?{urlencode(arguments or {'page': '1'})}"

    def _sortable(self) -> set[str]:
        """Sorting by what one may not read would tell it."""
        return {name for name, declared in self.offered_columns().items() if reads_in_full(declared)}

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str | Response:
        if "show" in request.args:  # everything, and it stays so
            response = redirect(url_for(".list"))
            views.leave(response, self.name, {})
            return response
        saved = views.mine(self.name)
        if not request.query_string and (arguments := self._as_left(saved)):
            return redirect(self.list_address(arguments))
        given = self._with_typed(request.args.to_dict())  # in which looking for what is not there costs nothing
        question, wrong = self.heard(given)
        given |= {name: str(value) for name, value in question.filters.items() if given.get(name, "").startswith(TYPED)}
        arguments = self.own_arguments(given)
        columns = self.columns(views.column_names(arguments) or saved.columns)
        names = [declared.name for declared in columns]
        is_tree = issubclass(self.model, Tree)
        page = paging.page(self.model, [*names, "depth"] if is_tree else names, question)
        if not page.rows and 0 < page.total.pages < question.page:
            return redirect(self.list_address({**arguments, "page": str(page.total.pages)}))
        rows = self._texts(columns, page.rows)
        if is_tree:
            top = min((row.values["depth"] for row in page.rows), default=0)
            for (_key, texts), row in zip(rows, page.rows, strict=True):
                texts[0] = "　" * (row.values["depth"] - top) + texts[0]
        filters = self._offered_filters(question, given, wrong)
        offered = [*columns, *(d for d in self.offered_columns().values() if d not in columns)]
        shown = self.page(
            "register/list.html",
            title=str(self.label),
            columns=columns,
            offered=offered,
            offered_names=" ".join(declared.name for declared in offered),
            rows=rows,
            question=question,
            wrong=wrong,
            filters=tuple(filters),
            chips=self._chips(question, filters, arguments),
            arguments=arguments,
            heard=tuple(_without(arguments, "page", *wrong).items()),
            hidden=tuple((name, arguments[name]) for name in ("order", "desc", "columns") if name in arguments),
            asked=urlencode(_without(arguments, "page")),
            to_save=urlencode({**_without(arguments, "page", "columns"), "columns": ",".join(names)}),
            saved=saved,
            total=page.total,
            page_size=PAGE_SIZE,
            today=today(),
            actions=tuple(act for act in LIST_ACTIONS if act.offered(self.model) and self.may(act.right)),
            sortable=self._sortable(),
            may_add=self.may(Right.ADD),
            may_choose=self.may(Right.EDIT) and f"{self.name}.bulk" in current_app.view_functions,
        )
        response = make_response(shown)
        views.leave(response, self.name, arguments)
        return response

    def _as_left(self, saved: views.Views) -> dict[str, str]:
        """The arguments of the list as it was left today, or of the view it begins with; none for the whole list."""
        kept = views.left(self.name)
        if kept is None:
            kept = views.read_arguments(saved.default.arguments) if saved.default is not None else {}
        kept = self.own_arguments(kept)
        try:
            self.heard(kept)
        except BadRequest:  # rights or fields have changed since
            return {}
        return kept

    @expose("/columns/", methods=["POST"])
    @needs(Right.VIEW)
    def choose_columns(self) -> Response:
        """Keep which columns the person wants, in which order; with ``up`` or ``down`` one changes its place."""
        order, wanted = request.form.get("order", "").split(), set(request.form.getlist("column"))
        order = [name for name in dict.fromkeys(order) if name in self.offered_columns()]
        for step, moved in ((-1, request.form.get("up")), (1, request.form.get("down"))):
            if moved in order and 0 <= (place := order.index(moved) + step) < len(order):
                order.insert(place, order.pop(order.index(moved)))
        chosen = [name for name in order if name in wanted]
        if not chosen and "usual" not in request.form:
            flash(_("Please choose at least one column."), "warning")
        else:
            with transaction():
                views.mine_to_change(self.name).choose_columns([] if "usual" in request.form else chosen)
        arguments = self.own_arguments(views.read_arguments(request.form.get("arguments", "")))
        address = self.list_address(_without(arguments, "columns"))
        return redirect(f"{address}#columns" if {"up", "down"} & set(request.form) else address)

    @expose("/views/", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def saved_views(self) -> str | Response:
        """The person's saved views of this list: to save one more, rename, delete, or begin the list with one."""
        saved, wrong, view = views.mine_to_change(self.name), "", None
        arguments = _without(self.own_arguments(views.read_arguments(request.values.get("arguments", ""))), "page")
        if request.method == "POST":
            view = saved.find(request.form.get("view", ""))
            try:
                with transaction():
                    told = self._change_views(saved, view, arguments)
            except Invalid as invalid:
                wrong = _(invalid.message, **invalid.params)
            else:
                flash(told, "success")
                return redirect(url_for(".saved_views") if view is not None else self.list_address(arguments))
        return self.page(
            "register/views.html",
            title=_("Saved views: %(register)s", register=self.label),
            saved=saved,
            arguments=urlencode(arguments),
            wrong=wrong,
            about=view,
        )

    def _change_views(self, saved: views.Views, view: views.SavedView | None, arguments: Mapping[str, str]) -> str:
        """Do what was posted, and say so. Raises :class:`Invalid`."""
        name = request.form.get("name", "")
        if view is None:
            if "view" in request.form:
                abort(404)
            view = saved.save(name, arguments)
            if "default" in request.form:
                saved.begin_with(view)
            return str(_("The view “%(name)s” was saved.", name=view.name))
        if "delete" in request.form:
            db.session.delete(view)
            return str(_("The view “%(name)s” was deleted.", name=view.name))
        if "default" in request.form:
            saved.begin_with(None if view.is_default else view)
            if view.is_default:
                return str(_("The list now begins with “%(name)s”.", name=view.name))
            return str(_("The list now begins with all records."))
        saved.rename(view, name)
        return str(_("The view is now called “%(name)s”.", name=view.name))

    def _chips(
        self, question: Question, filters: builtins.list[Filter], arguments: Mapping[str, str]
    ) -> builtins.list[tuple[Label, str, str]]:
        """What the list is narrowed down to: (label, value in words, the address of the list without it)."""
        found: builtins.list[tuple[Label, str, tuple[str, ...]]] = []
        if question.search:
            found.append((_("Search"), question.search, ("q",)))
        for entry in filters:
            declared, wanted = entry.declared, question.filters.get(entry.declared.name)
            if wanted is not None:
                found.append((declared.field.label, _in_words(entry, wanted), _arguments(declared)))
        return [(label, words, self.list_address(_without(arguments, "page", *names))) for label, words, names in found]

    @staticmethod
    def _texts(columns: builtins.list[Declared], rows: Iterable[Row]) -> builtins.list[tuple[int, builtins.list[str]]]:
        """What the person at work sees of the rows: the id and the texts of each."""
        readers = [(declared.name, reader(declared)) for declared in columns]
        return [(row.id, [read(row.values[name]) for name, read in readers]) for row in rows]

    def _offered_filters(
        self, question: Question, given: Mapping[str, str], wrong: Mapping[str, str]
    ) -> builtins.list[Filter]:
        declared_filters = self.filters()
        offered = codes.choices({d.field.code for d in declared_filters if d.field.code}, today())
        found = []
        for declared in declared_filters:
            chosen = question.filters.get(declared.name)
            own, title = _arguments(declared), ""
            choices: Iterable[tuple[str, str]] = ()
            if declared.kind == "code":
                choices = offered[declared.field.code or ""]
            elif declared.kind == "choice" and declared.field.options:
                choices = ((value, str(label)) for value, label in declared.field.options().items())
            elif declared.kind == "flag":
                choices = (("1", _("Yes")), ("0", _("No")))
                chosen = None if chosen is None else str(int(chosen))
            elif declared.kind == "link" and chosen is not None:
                title = listing.title(declared.target, chosen) or ""
            typed, faults = (tuple(said.get(name, "") for name in own) for said in (given, wrong))
            found.append(Filter(declared, chosen, tuple(choices), title, typed, faults))
        return found

    # --- one record ------------------------------------------------------------------------------------------

    def record(self, key: int, find: Callable[[Any, int], Any] = existing) -> Any:
        """The record, as ``find`` loads it, or the 404 page: what is out of scope does not exist."""
        return find(self.model, key) or abort(404)

    @expose("/show/<int:key>")
    @needs(Right.VIEW)
    def show(self, key: int) -> str:
        record = self.record(key)
        return self._record_page(record, self._row(key))

    @expose("/reveal/<int:key>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def reveal(self, key: int) -> str | Response:
        """The record's page with one masked field in full, this once, for a reason that the trail keeps."""
        offered = self._revealable()
        if not offered:
            abort(403)
        record, row = self.record(key), self._row(key)
        declared = fields_of(self.model).get(request.form.get("field", ""))
        if declared is not None and declared.name not in offered:
            abort(403)
        if declared is None or row.values[declared.name] is None:  # or the page of an answer is asked for again
            return redirect(url_for(".show", key=key))
        try:
            reason = reveal.read_reason(request.form.get("reason", ""))
        except Invalid as wrong:
            typed = storable(request.form.get("reason", ""))
            return self._record_page(record, row, asked=(declared.name, typed, _(wrong.message, **wrong.params)))
        value = reveal.reveal(record, self._title(row), declared, row.values[declared.name], reason)
        return self._record_page(record, row, revealed={declared.name: value})

    def _revealable(self) -> set[str]:
        return {d.name for d in self.fields() if d.field.in_record and reveal.may_reveal(d)}

    def _row(self, key: int) -> Row:
        row = listing.row(self.model, key, fields_of(self.model))
        return row if row is not None else abort(404)

    def _title(self, row: Row) -> str:
        return text(title_field(self.model), row.values[self.model.__title__])

    def _record_page(
        self,
        record: Any,
        row: Row,
        revealed: Mapping[str, str] | None = None,
        asked: tuple[str, str, str] = ("", "", ""),
    ) -> str:
        """The page of a record, with the full text of what was ``revealed``.

        ``asked`` are the field somebody wanted to see, the reason that was typed, and what is wrong with it.
        """
        shown = [
            (declared, text(declared, row.values[declared.name]), self._link_address(declared, record))
            for declared in self.fields()
            if declared.field.in_record
        ]
        drawn = self.page(
            self.show_template,
            key=row.id,
            title=self._title(row),
            fields=shown,
            related=self._related(row.id),
            related_rows=RELATED_ROWS,
            record_actions=self._offered(RECORD_ACTIONS),
            revealable=self._revealable(),
            revealed=revealed or {},
            asked=dict(zip(("field", "reason", "problem"), asked, strict=True)),
            reasons=reveal.REASONS,
            **self.more(record),
        )
        looked_at(record)
        return drawn

    def _offered(self, actions: Iterable[RecordAction]) -> builtins.list[RecordAction]:
        """Those of ``actions`` that make sense here and are permitted."""
        return [a for a in actions if permitted(a.subject, a.right) and a.offered(self.model)]

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
        links = [
            link
            for link in registers.links_to(self.model)
            if permitted(link.model.__tablename__, Right.VIEW)
            and not (issubclass(self.model, InCommunity) and link.name == "community_id")
        ]
        there = listing.pointing([(link.model, link.name) for link in links], key)
        return [self._related_by(link, key if (link.model, link.name) in there else None) for link in links]

    def _related_by(self, link: Declared, key: int | None) -> dict[str, Any]:
        """What a page shows of the rows whose ``link`` is ``key``; None if there are none."""
        view = registers.REGISTERS[link.model.__tablename__]
        columns = [d for d in view.columns() if d.name != link.name and d.through != link.name] or view.columns()
        names = [declared.name for declared in columns]
        rows = [] if key is None else listing.rows_where(link.model, names, link.name, key, RELATED_ROWS)
        return {
            "view": view,
            "link": link,
            "columns": columns,
            "rows": self._texts(columns, rows),
            "may_add": view.may(Right.ADD) and link.field.in_form,
        }

    # --- forms -----------------------------------------------------------------------------------------------

    @expose("/add/", methods=["GET", "POST"])
    @needs(Right.ADD)
    def add(self) -> str | Response:
        form = RecordForm(self.model, given=self._given(), choose_community=bool(scope.current().path))
        if request.method == "POST":
            made = self._add(form)
            record = made or self._added_before()
            if record is not None:
                name = title_of(record)
                flash(_("%(register)s “%(name)s” was added.", register=self.label, name=name), "success")
                if made:
                    self.added(record)
                else:
                    self.sent_again(record)
                return self._onward(record.id)
        return self._form_page(form, _("Add %(register)s", register=self.label), token=once.token())

    def _given(self) -> Mapping[str, str]:
        """What the address fills in by the names of fields; by ``called``, what a new row is called."""
        title = title_field(self.model)
        called = request.args.get("called", "")
        return {title.name: called, **request.args} if called and title.kind == "text" else request.args

    def _add(self, form: RecordForm) -> Any:
        """The record that was posted and is added now; None if something is wrong, or this page did its work before."""
        try:
            with transaction(keep=True):
                if form.read(request.form):
                    record = records.add(self.model, form.data())
                    once.keep(self.name, record.id)
                    return record
        except Conflict:
            form.form.form_errors.append(IN_THE_WAY)
        return None

    def _added_before(self) -> Any:
        """The record that this very page has added before; None if it has not."""
        earlier = once.outcome(self.name)
        return self.record(earlier) if earlier is not None else None

    def added(self, record: Any) -> None:
        """What a subclass does once a record has been added and is on disk."""

    def sent_again(self, record: Any) -> None:
        """What a subclass does when a page is sent again that has added ``record`` before, however changed since."""

    def _onward(self, key: int) -> Response:
        """After saving: one more, or where the person came from, or the record itself."""
        if "again" in request.form:
            return redirect(f"{request.path}?{urlencode(_without(request.args, 'called'))}")
        return redirect(self._back(url_for(".show", key=key)))

    def _back(self, otherwise: str) -> str:
        return own_path(request.args.get("back", "")) or otherwise

    @expose("/edit/<int:key>", methods=["GET", "POST"])
    @needs(Right.EDIT)
    def edit(self, key: int) -> str | Response:
        form = RecordForm(self.model, self.record(key, records.with_lenders))
        if request.method == "POST" and self._save(form):
            name = title_of(form.record)
            flash(_("%(register)s “%(name)s” was saved.", register=self.label, name=name), "success")
            return self._onward(key)
        theirs = form.differences() if form.is_stale() else []
        last = audit.last_change(rows_behind(form.record)) if theirs else None
        form.take_version()
        drawn = self._form_page(form, _("Edit %(name)s", name=title_of(form.record)), theirs=theirs, last=last)
        looked_at(form.record)
        return drawn

    def _save(self, form: RecordForm) -> bool:
        """Write what was posted; False if something is wrong with it, or somebody else was quicker."""
        try:
            with transaction(keep=True):
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
        form.look_up()
        return self.page(
            "register/form.html", form=form, title=title, back=self._back(f"{self.route_base}/list/"), **more
        )

    @expose("/delete/<int:key>", methods=["GET", "POST"])
    @needs(Right.DELETE)
    def delete(self, key: int) -> str | Response:
        record = self.record(key)
        name, uses = title_of(record), records.uses_of(record)
        if request.method == "POST" and not uses:
            try:
                with transaction(), undo.recorded("delete", self.name, name) as change:
                    records.remove(record)
            except Conflict:
                uses = records.uses_of(self.record(key))
            else:
                told = _("%(register)s “%(name)s” was deleted.", register=self.label, name=name)
                flash(undoable(told, change), "success")
                return redirect(url_for(".list"))
        uses = [use if permitted(use.register, Right.VIEW) else replace(use, titles=()) for use in uses]
        title, others = _("Delete %(name)s", name=name), self._offered(DELETE_ACTIONS)
        return self.page("register/delete.html", key=key, title=title, name=name, uses=uses, others=others)

    # --- many at once ----------------------------------------------------------------------------------------

    @expose("/bulk/", methods=["POST"])
    @needs(Right.EDIT)
    def bulk(self) -> str | Response:
        """Records chosen in the list are changed or deleted together: their ``ids``, or ``all`` the list asks for."""
        ids, back = self._chosen(), self._back(url_for(".list"))
        if not ids:
            flash(_("Please choose some records first."), "warning")
            return redirect(back)
        if len(ids) > bulkedit.MOST:
            most = bulkedit.MOST
            flash(
                _("At most %(most)s records can be changed at once. Please narrow the list down.", most=most), "warning"
            )
            return redirect(back)
        typed = request.form if "bulk.rows" in request.form else {}  # at first these are the filters of the list
        work = bulkedit.BulkEdit(self.model, ids, typed)
        if work.deletes and not self.may(Right.DELETE):
            abort(403)
        if (change := work.run()) is not None:
            told = _("%(count)s records were changed.", count=change.count)
            if work.deletes:
                told = _("%(count)s records were deleted.", count=change.count)
            flash(undoable(told, change), "success")
            return redirect(back)
        title = _("Delete together") if work.deletes else _("Change together")
        return self.page(
            "register/bulk.html",
            title=title,
            work=work,
            back=back,
            may_clear=bulkedit.may_clear,
            shown=bulkedit.SHOWN,
            days=undo.KEPT_DAYS,
        )

    def _chosen(self) -> builtins.list[int]:
        try:
            if "bulk.rows" in request.form:
                return bulkedit.read_ids(request.form["bulk.rows"].split())
            if request.values.get("all") != "1":
                return bulkedit.read_ids(request.form.getlist("ids"))
        except Invalid:
            abort(400)
        question = replace(self.asked(request.values), page=1)
        return [row.id for row in listing.rows(self.model, [], question, limit=bulkedit.MOST + 1)]

    # --- choosing --------------------------------------------------------------------------------------------

    @expose("/choices/")
    @needs(Right.VIEW)
    def choices(self) -> Response:
        """What the search select of another form offers: at most :data:`CHOICES` rows of id, label, hint."""
        known = fields_of(self.model)
        hints = [declared for declared in known.values() if declared.field.hint]
        names = [self.model.__title__, *(declared.name for declared in hints)]
        found = paging.page(self.model, names, self.question()).rows[:CHOICES]
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


def _ends(declared: Declared) -> tuple[str, str]:
    """The arguments for the first and the last day of a date filter."""
    return f"{declared.name}.from", f"{declared.name}.to"


def _arguments(declared: Declared) -> tuple[str, ...]:
    """The arguments of a filter."""
    return _ends(declared) if declared.kind in DAYS else (declared.name,)


def _meant(declared: Declared, given: str) -> Any:
    """The value a filter is ``given``; words typed into a search select stand for the one row they fit.

    Raises :class:`Invalid`.
    """
    in_words = declared.kind == "link" and given.startswith(TYPED)
    if not in_words or not permitted(declared.target.__tablename__, Right.VIEW):
        return declared.read(given)
    words, title = given.removeprefix(TYPED).strip(), title_field(declared.target)
    question = Question(words[:MAX_SEARCH], declared.field.only)
    found = paging.page(declared.target, [title.name], question).rows if words else []
    called_so = [row for row in found if text(title, row.values[title.name]) == words]
    fitting = called_so or found
    if len(fitting) == 1:
        return fitting[0].id
    if fitting:
        raise Invalid(N_("Several fit “%(text)s”: please choose one from the list."), text=words)
    raise Invalid(N_("“%(text)s” is not on file."), text=words)


def _without(arguments: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if name not in names}


def _in_words(entry: Filter, wanted: Any) -> str:
    """The value of a filter as people read it."""
    if isinstance(wanted, Days):
        first, last = show(wanted.first), show(wanted.last)
        if not first or not last:
            return str(_("from %(day)s", day=first) if first else _("until %(day)s", day=last))
        return str(_("%(first)s to %(last)s", first=first, last=last)) if first != last else first
    return dict(entry.choices).get(str(entry.chosen), entry.title or show(wanted))


def _hint(declared: Declared, value: Any) -> str:
    """What tells namesakes apart; a bare number says what it counts."""
    shown = text(declared, value)
    return f"{declared.field.label} {shown}" if declared.kind == "integer" else shown
