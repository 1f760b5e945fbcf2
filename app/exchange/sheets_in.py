"""Sheets in, on the screen: a file is chosen, its columns are confirmed, its rows looked at, then taken over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from app.exchange import imports, intake, work
from app.exchange.imports import PAGE
from app.exchange.models import STATES, SheetUpload
from app.exchange.on_file import Titles
from app.exchange.parts import KNOWN, PART, Outcome, Word, offers, wearer_link
from app.exchange.sheetwriter import Column, write_xlsx
from app.exchange.template import Field, with_choices
from app.kernel import likeness, registers, scope
from app.kernel.access import Right, needs, permitted
from app.kernel.db import Scoped, db, transaction
from app.kernel.fields import fields_of
from app.kernel.files import file_name, file_response
from app.kernel.named import Named
from app.kernel.register import LIST_ACTIONS, ListAction, existing, undoable
from app.kernel.undo import KEPT_DAYS, ChangeSet
from app.kernel.values import Invalid
from app.kernel.workbooks import XLSX

TITLE = _l("Import sheets")
MOST_LISTED = 100
MOST_ASKED = 30
"""Names that are not on file asked about at once, and rows offered for each."""
OUTCOMES = {
    Outcome.WRONG: _l("Wrong"),
    Outcome.DOUBTFUL: _l("Doubtful"),
    Outcome.NEW: _l("New"),
    Outcome.CHANGED: _l("Changed"),
    Outcome.SAME: _l("Unchanged"),
    Outcome.SKIPPED: _l("Not taken over"),
}
"""In the order in which a person looks at them."""


def takes_sheets(model: Any) -> bool:
    """Can rows of ``model`` come in by a sheet, for the person at work? Several communities take one sheet each."""
    view = registers.REGISTERS.get(model.__tablename__)
    return view is not None and view.in_sheets and not (issubclass(model, Scoped) and scope.current().path)


class SheetsInView(Named, BaseView):
    """Registers are named in the address or by the upload; the right to add to them is asked each time."""

    name = "import"
    route_base = "/import"
    default_view = "list"

    # --- the file --------------------------------------------------------------------------------------------

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        """Sheets that were begun and those taken over lately."""
        mine = [name for name, view in registers.REGISTERS.items() if permitted(name, Right.ADD)]
        own = SheetUpload.register.in_(mine), SheetUpload.actor == scope.current().actor
        found = select(SheetUpload).where(*own).order_by(SheetUpload.id.desc()).limit(MOST_LISTED)
        uploads = db.session.scalars(found).all()
        changes = ChangeSet.id.in_([upload.change_set_id for upload in uploads if upload.change_set_id])
        return self._page(
            "import/list.html",
            title=TITLE,
            uploads=uploads,
            labels=registers.labels(),
            states=STATES,
            offered=[view for view in registers.REGISTERS.values() if view.name in mine and takes_sheets(view.model)],
            days=KEPT_DAYS,
            undone=set(db.session.scalars(select(ChangeSet.id).where(changes, ChangeSet.undone_at.is_not(None)))),
        )

    @expose("/new/<name>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def new(self, name: str) -> str | Answer:
        view = self._register(name)
        error = ""
        if request.method == "POST":
            file = request.files.get("file")
            if file is None or not file.filename:
                error = _("Please choose a file.")
            else:
                try:
                    upload = imports.receive(name, file.read(), file.filename)
                except Invalid as invalid:
                    error = _(invalid.message, **invalid.params)
                else:
                    return redirect(url_for(".columns", key=upload.id))
        known = [o.label for o in offers(view.model) if not o.name.startswith(KNOWN) and PART not in o.name]
        return self._page(
            "import/new.html",
            title=_("Import: %(register)s", register=view.label),
            view=view,
            error=error,
            headings=known,
        )

    @expose("/drop/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def drop(self, key: int) -> Answer:
        """Forget an upload; what was taken over of it stays."""
        upload = self._upload(key)
        if upload.state in work.TASKS.values():
            work.stop(upload)
        with transaction():
            db.session.delete(upload)
        flash(_("“%(name)s” was removed from the list.", name=upload.filename), "success")
        return redirect(url_for(".list"))

    # --- its columns -----------------------------------------------------------------------------------------

    @expose("/columns/<int:key>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def columns(self, key: int) -> str | Answer:
        """What each column of the sheet is; after it the rows are looked at."""
        upload = self._upload(key)
        self._must_be(upload, "open", "checked")
        offered = offers(imports.model_of(upload))
        error = ""
        tables = upload.tables
        table = tables[upload.table]
        model = imports.model_of(upload)
        missing = _missing(model, upload.columns)
        alike = [f.declared for f in missing if f.declared.model is model and f.declared.name != model.__title__]
        if request.method == "POST":
            chosen = request.form.get("table", type=int, default=upload.table)
            if chosen != upload.table and 0 <= chosen < len(tables):
                imports.choose_table(upload, chosen)
                return redirect(url_for(".columns", key=key))
            columns = [request.form.get(f"column.{index}", "") for index in range(len(table["headings"]))]
            error = _misfit(columns, {offer.name for offer in offered})
            if not error:
                for_all = {
                    declared.name: (str(declared.field.label), text)
                    for declared in alike
                    if (text := request.form.get(f"all.{declared.name}", "").strip()) and declared.name not in columns
                }
                imports.choose_columns(upload, columns, for_all)
                work.start(upload, "check")
                return redirect(url_for(".show", key=key))
            upload.columns = columns
        return self._page(
            "import/columns.html",
            title=_("What the columns are: %(name)s", name=upload.filename),
            upload=upload,
            tables=tables,
            table=table,
            view=registers.REGISTERS[upload.register],
            offered=[(offer.name, offer.label) for offer in offered if not offer.name.startswith(KNOWN)],
            known=KNOWN,
            error=error,
            missing=missing,
            alike=alike,
            not_taken=imports.not_taken(upload),
        )

    # --- its rows --------------------------------------------------------------------------------------------

    @expose("/show/<int:key>")
    @needs(Right.VIEW)
    def show(self, key: int) -> str | Answer:
        """What the rows come to; while they are worked on, how far that is."""
        upload = self._upload(key)
        if upload.state in work.TASKS.values() and work.status(upload).alive:
            return self._page("import/working.html", title=upload.filename, upload=upload, states=STATES)
        if upload.state == "open":
            if upload.complaint:
                flash(_complaint(upload), "danger")
            return redirect(url_for(".columns", key=key))
        present = [outcome for outcome in OUTCOMES if upload.counts.get(outcome)]
        outcome = request.args.get("outcome", "")
        if outcome not in present:
            outcome = present[0] if present else ""
        number = min(max(request.args.get("page", 1, type=int), 1), 100_000)
        return self._page(
            "import/show.html",
            title=upload.filename,
            upload=upload,
            view=registers.REGISTERS[upload.register],
            outcomes=[(name, label, upload.counts.get(name, 0)) for name, label in OUTCOMES.items()],
            outcome=outcome,
            rows=imports.page(upload, outcome, number - 1) if outcome else [],
            number=number,
            pages=-(-upload.counts.get(outcome, 0) // PAGE),
            headings=upload.tables[upload.table]["headings"],
            shown=[index for index, name in enumerate(upload.columns) if name and not name.startswith(KNOWN)],
            good=sum(upload.counts.get(name, 0) for name in (Outcome.NEW, Outcome.CHANGED)),
            wrong=upload.counts.get(Outcome.WRONG, 0),
            doubtful=upload.counts.get(Outcome.DOUBTFUL, 0),
            back=sum(upload.counts.get(name, 0) for name in imports.OPEN),
            not_taken=[] if upload.state == "done" else imports.not_taken(upload),
            asked=_asked(upload),
            rest=imports.rest_of(upload),
            complaint=_complaint(upload),
            change=upload.change_set_id and db.session.get(ChangeSet, upload.change_set_id),
            words=intake,
        )

    @expose("/decide/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def decide(self, key: int) -> Answer:
        """Keep what was said of the doubtful rows, and look at the sheet again."""
        upload = self._upload(key)
        self._must_be(upload, "checked")
        said = {
            name.removeprefix("line."): value
            for name, value in request.form.items()
            if name.startswith("line.") and (value.isdecimal() or value in {intake.NEW, intake.SKIP, intake.ACCEPT})
        }
        said = {line: value for line, value in said.items() if line.isdecimal() and len(line) < 8}
        asked = {f"{word.field}.{word.line}" for word in imports.words(upload)}
        meant = {name: request.form.get(f"word.{name}") for name in asked}
        said |= {name: key for name, key in meant.items() if key is not None and re.fullmatch(r"[0-9]{0,10}", key)}
        if request.form.get("all") in {intake.NEW, intake.SKIP, intake.ACCEPT}:
            said[intake.ALL] = request.form["all"]
        imports.decide(upload, said)
        work.start(upload, "check")
        return redirect(url_for(".show", key=key))

    @expose("/save/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def save(self, key: int) -> Answer:
        """Take over all rows, or the good ones."""
        upload = self._upload(key)
        self._must_be(upload, "checked")
        work.start(upload, "save_good" if "good" in request.form else "save")
        if upload.state == "done":
            change = db.session.get_one(ChangeSet, upload.change_set_id)
            told = _("%(count)s records of “%(name)s” were taken over.", count=change.count, name=upload.filename)
            flash(undoable(told, change), "success")
        return redirect(url_for(".show", key=key))

    @expose("/progress/<int:key>")
    @needs(Right.VIEW)
    def progress(self, key: int) -> Response:
        """How far the work is, as JSON: state, done, total."""
        found = work.status(self._upload(key))
        return jsonify(state="running" if found.alive else "done", done=found.done, total=found.total)

    @expose("/stop/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def stop(self, key: int) -> Answer:
        """Break off the work; nothing of it is kept."""
        upload = self._upload(key)
        if upload.state in work.TASKS.values():
            work.stop(upload)
        return redirect(url_for(".show", key=key))

    @expose("/rest/<int:key>")
    @needs(Right.VIEW)
    def rest(self, key: int) -> Response:
        """The rows that are not taken over, as a sheet with the reason beside each."""
        upload = self._upload(key)
        headings = upload.tables[upload.table]["headings"]
        columns = [Column("原表行号", "number"), Column("原因"), *(Column(heading) for heading in headings)]
        rows = (
            [row["line"], "；".join(_reason(headings, index, said) for index, said in row["told"]), *row["cells"]]
            for row in imports.handed_back(upload)
        )
        file = BytesIO()
        remark = _(
            "Rows of “%(name)s” that were not taken over; correct them and import this sheet.", name=upload.filename
        )
        write_xlsx(file, "未导入", remark, columns, rows)
        stem = upload.filename.rpartition(".")[0] or upload.filename
        return file_response(file.getvalue(), XLSX, file_name(stem, "未导入", "xlsx"), "not imported.xlsx")

    # --- helpers ---------------------------------------------------------------------------------------------

    def _page(self, template: str, **context: Any) -> str:
        return str(self.render_template(template, list_title=TITLE, **context))

    @staticmethod
    def _register(name: str) -> Any:
        view = registers.REGISTERS.get(name)
        if view is None or not permitted(name, Right.VIEW) or not takes_sheets(view.model):
            abort(404)
        if not permitted(name, Right.ADD):
            abort(403)
        return view

    def _upload(self, key: int) -> SheetUpload:
        """The upload, or the 404 page: a sheet is its sender's own, as it may say more than a colleague may read."""
        upload: SheetUpload = existing(SheetUpload, key)
        if upload.actor != scope.current().actor:
            abort(404)
        self._register(upload.register)
        return upload

    @staticmethod
    def _must_be(upload: SheetUpload, *states: str) -> None:
        """A step that comes too late, as by a second click, leads to how things stand."""
        if upload.state not in states:
            abort(redirect(url_for("import.show", key=upload.id)))


def _missing(model: Any, columns: Sequence[str]) -> list[Field]:
    """What a new row must have and no column says."""
    link, known = wearer_link(model), fields_of(model)
    needed = {name: d for name, d in known.items() if d.required and d.field.in_form and d.default is None}
    if link is not None:
        title = fields_of(link.target)[link.target.__title__]
        needed = {name: d for name, d in needed.items() if d is not link} | {f"{link.name}.{title.name}": title}
    given = {name.partition(PART)[0] for name in columns}
    given |= {told for name in given & known.keys() if (told := known[name].field.parts_tell) and name not in columns}
    with force_locale("zh"):  # the words in which a sheet is read
        return with_choices([declared for name, declared in needed.items() if name not in given])


def _asked(upload: SheetUpload) -> list[tuple[Word, str, list[tuple[int, str]]]]:
    """Names that are not on file, the field of each, and what may be meant by it, the likest first."""
    known = fields_of(imports.model_of(upload))
    titles: dict[str, dict[int, str]] = {}
    found = []
    for word in imports.words(upload)[:MOST_ASKED]:
        declared = known[word.field]
        if not permitted(declared.target.__tablename__, Right.VIEW):
            continue
        if word.field not in titles:
            titles[word.field] = Titles(declared.target, declared.field.only).of
        of = titles[word.field]
        nearest = sorted(of, key=lambda key: (-likeness.shared(of[key], word.text), of[key]))[:MOST_ASKED]
        offered = dict.fromkeys([*nearest, *filter(None, [word.key])])
        found.append((word, str(declared.field.label), [(key, of[key]) for key in offered if key in of]))
    return found


def _complaint(upload: SheetUpload) -> str:
    """What the last attempt ended with, in words."""
    if not upload.complaint:
        return ""
    message, params = upload.complaint["message"], upload.complaint.get("params", {})
    return str(_(message, **params))


def _reason(headings: Sequence[str], index: int, said: str) -> str:
    return f"{headings[index]}：{said}" if index >= 0 else said


def _misfit(columns: Sequence[str], offered: set[str]) -> str:
    """What is wrong with the choice of columns."""
    taken = [name for name in columns if name and not name.startswith(KNOWN)]
    if not taken:
        return str(_("Please say of at least one column what it is."))
    if not {*columns} - {""} <= offered:
        abort(400)
    if len(taken) > len(set(taken)):
        return str(_("Two columns cannot be the same field. Please choose another one, or leave one of them out."))
    return ""


LIST_ACTIONS.append(
    ListAction(
        _l("Import a sheet"),
        lambda name: f"/import/new/{name}",
        Right.ADD,
        takes_sheets,
        icon="upload",
        about_listed=False,
    )
)
