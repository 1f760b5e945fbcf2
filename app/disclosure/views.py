"""Notices on the screen: drafted, checked, issued, printed, looked up and filed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NoReturn
from urllib.parse import urlencode

from flask import Response, abort, flash, jsonify, make_response, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.boards import operations as boards
from app.catalogue import operations as catalogue
from app.catalogue.limits import told_of
from app.catalogue.operations import Entry
from app.community.models import Community
from app.disclosure import lifecycle, operations, rules, sources, truth
from app.disclosure.lifecycle import UNISSUED, State, Step
from app.disclosure.models import Notice, NoticeStep, NoticeWasAltered
from app.disclosure.operations import About, Recipe, Refused
from app.disclosure.paper import count_pages, embedded, first_pages, is_long, press
from app.disclosure.sources import Source
from app.facilities.models import NoticeBoard
from app.kernel import audit, once, scope
from app.kernel.access import Right, needs, permitted
from app.kernel.capability import Capability, Page, Task
from app.kernel.db import NO_ROOM, Conflict, NoRoom, db, today, transaction
from app.kernel.files import file_name, pdf_response
from app.kernel.register import LIST_ACTIONS, ListAction, Register, existing
from app.kernel.values import Invalid, Violation, read_line, read_text, storable
from app.printing import PrintRefused, Snapshot, wants_landscape

TOLD = 3
"""What stands against a step is told up to here; the page of the notice tells it all, and a cookie has little room."""


@dataclass
class Drafting:
    """The drafting page while it is being filled in."""

    source: Source
    asked: dict[str, str]
    kept: Notice | None
    community: Community
    entries: list[Entry]
    wording: rules.Wording
    about: str
    boards: tuple[int, ...]
    errors: dict[str, str]
    is_first: bool = False
    """Nobody has said yet how such a notice is laid out."""
    orphan: bool = False
    """The draft it was opened over is gone, or no draft any more."""
    sheet: Snapshot | None = None

    @property
    def entry(self) -> Entry | None:
        """The duty chosen, among those still open."""
        return next((entry for entry in self.entries if about_token(entry) == self.about), None)

    @property
    def item(self) -> Any:
        if self.entry is not None:
            return self.entry.item
        return self.kept.item if self.kept is not None and self.about == _about_kept(self.kept) else None

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.asked, self.wording, self.boards)

    def complain(self, violation: Violation) -> None:
        field = "table" if violation.field == "columns" and not self.source.columns else violation.field
        self.errors.setdefault(field, operations.told(violation))

    def answers(self) -> About:
        corrects = self.kept.corrects_id if self.kept is not None else None
        if self.entry is not None:
            return About(self.entry.item.id, self.entry.duty.key, self.entry.duty.label, corrects)
        if self.item is not None and self.kept is not None:
            return About(self.kept.item_id, self.kept.duty, self.kept.period, corrects)
        return About(corrects_id=corrects)


def about_token(entry: Entry) -> str:
    """A duty of an item, as the drafting page names it."""
    return f"{entry.item.id}:{entry.duty.key}"


def _about_kept(notice: Notice) -> str:
    return f"{notice.item_id}:{notice.duty}" if notice.item_id else ""


class NoticeRegister(Register):
    """Notices are not typed into a form: they are drafted from a source, checked, issued and posted."""

    model = Notice
    show_template = "notice/show.html"

    def record(self, key: int, find: Callable[[Any, int], Any] = existing) -> Any:
        """The notice, or the 404 page; what is not issued yet is for those who may see what it is made of."""
        notice: Notice = super().record(key, find)
        return notice if notice.state not in UNISSUED or _sees_source(notice) else abort(404)

    # --- one notice ------------------------------------------------------------------------------------------

    def more(self, record: Notice) -> dict[str, Any]:
        unissued = record.state in UNISSUED
        try:
            sheet = record.sheet
        except NoticeWasAltered:
            return {"notice": record, "altered": True, "steps": record.steps, "postings": [], "possible": frozenset()}
        certain, doubtful = operations.findings(sheet, record.source) if unissued else ([], [])
        current = operations.current_sheet(record) if unissued else None
        return {
            "notice": record,
            "altered": False,
            "steps": record.steps,
            "rows": operations.rows_in_words(record) if unissued else "",
            "possible": lifecycle.possible(record.state) - {Step.POST, Step.TAKE_BACK, Step.TAKE_DOWN},
            "returned": operations.returned(record),
            "one_person": catalogue.settings_of(record.community_id).procedure == "one",
            "barred": operations.barred(record, scope.current().actor),
            "draft": self._draft_address(record) if record.state == State.DRAFT else "",
            "certain": [operations.told(violation) for violation in certain],
            "doubtful": [operations.told(violation) for violation in doubtful],
            "outdated": unissued and (current is None or bool(rules.difference(sheet, current))),
            "changes": None if unissued or not _sees_source(record) else truth.changes_since(record),
            "compared": _sees_source(record),
            "postings": boards.postings_of(record.id),
            "other_boards": boards.other_boards(record) if record.state in (State.ISSUED, State.POSTED) else [],
            "corrections": db.session.scalars(
                select(Notice).where(Notice.corrects_id == record.id, Notice.state != State.VOID)
            ).all(),
            "Step": Step,
        }

    @staticmethod
    def step_label(step: str) -> Any:
        return lifecycle.STEPS[Step(step)]

    def _related(self, key: int) -> list[dict[str, Any]]:
        return []  # steps, boards and corrections are shown in their own way

    @staticmethod
    def _draft_address(notice: Notice) -> str:
        again = {**notice.recipe.get("question", {}), "notice": str(notice.id)}
        return f"{_draft_path(notice.source)}?{urlencode(again)}"

    # --- drafting --------------------------------------------------------------------------------------------

    @expose("/draft/<source>", methods=["GET", "POST"])
    @needs(Right.DRAFT)
    def draft(self, source: str) -> Any:
        """Word a notice from a source, preview it, keep it, submit or issue it.

        With ``notice`` in the address a kept draft is taken up again; ``about`` names the duty it answers.
        """
        page = self._open(source)
        if request.method == "POST":
            self._take_posted(page)
        if page.about and page.item is None:
            # Without the matter its columns and masks would not hold.
            page.errors["about"] = _("This has been dealt with meanwhile. Please choose what the notice answers.")
        if page.orphan and request.form.get("as_new") != "1":
            page.errors[""] = _(
                "A colleague has submitted or deleted this draft meanwhile. Keeping it now makes a new draft of it."
            )
        if not page.errors:
            self._compose(page)
        do = request.form.get("do", "preview")
        if do in _KEEPING and page.sheet and not page.errors and (answer := self._keep(page, page.sheet, do)):
            return answer
        columns = operations.offered(page.source, page.item)
        return self.page(
            "notice/draft.html",
            title=_title(page.source),
            drafting=page,
            wording=page.wording,
            version=page.kept.version if page.kept is not None else "",
            columns=[(column.name, column.label) for column in columns],
            token=once.token(),
            about=[(about_token(entry), f"{entry.item.name} · {entry.duty.label}") for entry in page.entries],
            kept_about=_kept_about(page),
            boards=db.session.scalars(select(NoticeBoard).order_by(NoticeBoard.name)).all(),
            rows=page.source.in_words(page.asked),
            period=_other_period(page),
            errors=page.errors,
            images=self._preview(page, page.sheet) if page.sheet and not page.errors else [],
        )

    def _open(self, name: str) -> Drafting:
        """The page as it is opened: an empty draft, a kept one, or one begun for a duty."""
        source = sources.find(name)
        if source is None or not permitted(source.subject, Right.DRAFT):
            abort(404)
        asked = source.settled(request.args)
        kept = self._kept_draft(name)
        orphan = kept is None and bool(request.args.get("notice"))
        community = db.session.get_one(Community, scope.current().community_id)
        entries = catalogue.open_entries(catalogue.matters(today()))
        entries.sort(key=lambda entry: entry.item.source != name)
        recipe = Recipe.of(kept) if kept is not None else None
        about = request.args.get("about") or (_about_kept(kept) if kept is not None else "")
        page = Drafting(source, asked, kept, community, entries, rules.Wording("", ""), about, (), {}, orphan=orphan)
        if recipe is not None:
            page.wording, page.boards = recipe.wording, recipe.boards
        else:
            page.wording = operations.first_wording(
                page.source, page.asked, page.community, page.item, page.entry.duty if page.entry else None
            )
            page.boards = _boards_of(page)
            page.is_first = request.method == "GET" and not operations.was_made_before(page.source, page.item)
        return page

    def _kept_draft(self, source: str) -> Notice | None:
        """The draft the address names; 404 if it is not there, is not ours, is no draft, or of another source.

        What was typed over one that is gone meanwhile is not lost: then None.
        """
        key = request.args.get("notice", "")
        if not key:
            return None
        number = int(key) if key.isdecimal() and len(key) <= 9 else 0
        found: Notice | None = db.session.scalar(select(Notice).where(Notice.id == number))
        if found is not None and found.source != source:
            abort(404)
        if found is not None and found.state == State.DRAFT:
            return found
        return None if request.method == "POST" else abort(404)

    @staticmethod
    def _take_posted(page: Drafting) -> None:
        form, read = request.form, {}
        for name, reader in (
            ("title", read_text),
            ("issuer", read_line),
            ("opening", read_text),
            ("closing", read_text),
        ):
            read[name] = storable(form.get(name, ""))
            try:
                read[name] = reader(form.get(name, ""))
            except Invalid as wrong:
                page.errors[name] = _(wrong.message, **wrong.params)
        page.wording = rules.Wording(
            **read,
            layout="register" if form.get("layout") == "register" else "notice",
            columns=tuple(form.getlist("columns")),
            table=storable(form.get("table", "")),
            paper="A3" if form.get("paper") == "A3" else "A4",
            landscape=form.get("landscape") == "1",
        )
        page.about = form.get("about", "")
        page.boards = tuple(int(key) for key in form.getlist("boards") if key.isdecimal() and len(key) < 10)
        for violation in rules.check_wording(page.wording):
            page.complain(violation)
        if page.source.columns and not page.wording.columns:
            page.errors.setdefault("columns", _("Choose at least one column."))

    def _compose(self, page: Drafting) -> None:
        try:
            page.sheet = operations.compose(page.source, page.recipe, page.item)
        except rules.NotAllowed:
            page.errors["columns"] = str(_NOT_ALLOWED)
        except PrintRefused as refused:
            page.errors[""] = refused.told(_)
        else:
            if page.is_first and page.sheet.table and wants_landscape(page.sheet.table):
                page.wording = replace(page.wording, landscape=True)
                page.sheet = replace(page.sheet, landscape=True)
            for violation in operations.findings(page.sheet, page.source.name)[0]:
                page.complain(violation)

    @staticmethod
    def _preview(page: Drafting, sheet: Snapshot) -> list[str]:
        """The first pages as pictures for the page; a refusal is told beside the form."""
        try:
            return embedded(first_pages(sheet))
        except PrintRefused as refused:
            page.errors[""] = refused.told(_)
            return []

    def _keep(self, page: Drafting, sheet: Snapshot, do: str) -> Any:
        """Store the draft and, if asked, send it on its way; nothing is stored that could not be printed."""
        if do == "issue" and not self.may(Right.ISSUE):
            abort(403)
        version = None
        try:
            pages = count_pages(sheet)
            if page.kept is not None:
                version = request.form.get("version", type=int) or 0
            notice = operations.draft(
                page.source.name,
                page.community.id,
                sheet,
                page.recipe,
                scope.current().actor,
                page.answers(),
                pages,
                page.kept.id if page.kept is not None else 0,
                version,
            )
        except PrintRefused as refused:
            page.errors[""] = refused.told(_)
            return None
        except Conflict:
            if page.kept is None and (twin := once.outcome(self.name)):
                return redirect(url_for(".show", key=twin))
            page.errors[""] = _(
                "Somebody else has changed this draft meanwhile. Keeping it again replaces what they wrote."
            )
            return None
        except NoRoom:
            page.errors[""] = str(NO_ROOM)
            return None
        if do == "issue":
            return self._go(notice.id, Step.APPROVE, notice.version)
        if do == "submit":
            return self._go(notice.id, Step.SUBMIT, notice.version)
        flash(_("The draft “%(title)s” was kept.", title=notice.title), "success")
        return redirect(url_for(".show", key=notice.id))

    # --- the way of a notice ---------------------------------------------------------------------------------

    def _go(self, key: int, step: Step, version: int | None) -> Any:
        """Take one step and tell how it went, on the page of the notice."""
        by, note = scope.current().actor, request.form.get("note", "")
        try:
            if step is Step.APPROVE:
                notice = operations.approve(key, by, today(), version, confirmed=request.form.get("confirmed") == "1")
            else:
                notice = operations.take(step, key, by, version, storable(note)[:200])
        except Conflict:
            flash(_("Somebody else has changed this notice meanwhile. Please look at it again."), "danger")
        except Refused as refused:
            for violation in refused.violations[:TOLD]:
                flash(operations.told(violation), "danger")
            if refused.doubts and not refused.violations:
                flash(_("Please look at these places and confirm that they may be posted."), "warning")
        except NoRoom:
            flash(str(NO_ROOM), "danger")
        else:
            flash(_done(step, notice), "success")
        return redirect(url_for(".show", key=key))

    def _posted_step(self, key: int, step: Step) -> Any:
        self.record(key)
        return self._go(key, step, request.form.get("version", type=int))

    @expose("/submit/<int:key>", methods=["POST"])
    @needs(Right.DRAFT)
    def submit(self, key: int) -> Any:
        """Hand a draft to whoever reviews it."""
        return self._posted_step(key, Step.SUBMIT)

    @expose("/review/<int:key>", methods=["POST"])
    @needs(Right.REVIEW)
    def review(self, key: int) -> Any:
        """Reviewed: it may go to whoever approves it."""
        return self._posted_step(key, Step.REVIEW)

    @expose("/send-back/<int:key>", methods=["POST"])
    @needs(Right.REVIEW)
    def send_back(self, key: int) -> Any:
        """Back to the drafter, with the reason."""
        return self._posted_step(key, Step.SEND_BACK)

    @expose("/issue/<int:key>", methods=["POST"])
    @needs(Right.ISSUE)
    def issue(self, key: int) -> Any:
        """Approve a notice: it gets its number and date and can no longer be changed."""
        return self._posted_step(key, Step.APPROVE)

    @expose("/void/<int:key>", methods=["POST"])
    @needs(Right.ISSUE)
    def void(self, key: int) -> Any:
        """An issued notice will not be posted; its number stays taken."""
        return self._posted_step(key, Step.VOID)

    @expose("/archive/<int:key>", methods=["POST"])
    @needs(Right.HANG)
    def archive(self, key: int) -> Any:
        """File a notice that was taken down."""
        return self._posted_step(key, Step.ARCHIVE)

    @expose("/renew/<int:key>", methods=["POST"])
    @needs(Right.DRAFT)
    def renew(self, key: int) -> Any:
        """Make a draft again of what the records say now."""
        notice = self.record(key)
        try:
            renewed = operations.renew(key, request.form.get("version", type=int))
        except (Conflict, rules.NotAllowed, PrintRefused) as refused:
            flash(_why(refused), "danger")
        else:
            flash(_("The draft “%(title)s” now says what the records say.", title=renewed.title), "success")
        return redirect(url_for(".show", key=notice.id))

    @expose("/correct/<int:key>", methods=["POST"])
    @needs(Right.DRAFT)
    def correct(self, key: int) -> Any:
        """Draft a new notice in place of this one from what the records say now and, if asked, issue it at once."""
        if self.record(key).state not in (State.ISSUED, State.POSTED):
            abort(409)
        try:
            correction = operations.correct(key, scope.current().actor)
        except (Conflict, rules.NotAllowed, PrintRefused) as refused:
            flash(_why(refused), "danger")
            return redirect(url_for(".show", key=key))
        if correction.state in UNISSUED:
            if request.form.get("do") == "issue" and self.may(Right.ISSUE):
                return self._go(correction.id, Step.APPROVE, correction.version)
            flash(_("This is the correction. Look at it and send it on its way."), "success")
        return redirect(url_for(".show", key=correction.id))

    @expose("/delete/<int:key>", methods=["GET", "POST"])
    @needs(Right.DELETE)
    def delete(self, key: int) -> Any:
        """Only what is not issued yet can be deleted."""
        if self.record(key).state not in UNISSUED:
            flash(_("An issued notice is final; it cannot be deleted."), "danger")
            return redirect(url_for(".show", key=key))
        return super().delete(key)

    # --- paper -----------------------------------------------------------------------------------------------

    def _sheet(self, key: int) -> tuple[Notice, Snapshot]:
        """The notice with its stored sheet; a sheet that was altered is never printed."""
        notice: Notice = self.record(key)
        try:
            return notice, notice.sheet
        except NoticeWasAltered:
            self._refuse(key, _ALTERED)

    def _refuse(self, key: int, message: str) -> NoReturn:
        flash(message, "danger")
        abort(redirect(url_for(".show", key=key)))

    @expose("/pdf/<int:key>")
    @needs(Right.VIEW)
    def pdf(self, key: int) -> Response:
        """The printed sheet, drawn from the stored snapshot only; a long one is drawn in the background first."""
        notice, sheet = self._sheet(key)
        try:
            if is_long(sheet):
                data = press().pdf(press().order(sheet))
                if data is None:
                    return redirect(url_for(".printing", key=key))  # type: ignore[return-value]
            else:
                data = press().draw_now(sheet)
        except PrintRefused as refused:
            self._refuse(key, refused.told(_))
        with transaction():
            audit.write("print", self.name, f"{notice.number or ''} {notice.title}".strip(), key, notice.community_id)
        return pdf_response(data, file_name(notice.title, notice.number or today(), "pdf"), f"notice-{key}.pdf")

    @expose("/printing/<int:key>")
    @needs(Right.VIEW)
    def printing(self, key: int) -> str:
        """How far the drawing of a long sheet is; leads to the PDF when it is done."""
        notice, sheet = self._sheet(key)
        order = press().order(sheet)
        title, progress = _("Being drawn: %(title)s", title=notice.title), press().progress(order)
        return self.page("notice/printing.html", title=title, key=key, progress=progress)

    @expose("/progress/<int:key>")
    @needs(Right.VIEW)
    def progress(self, key: int) -> Response:
        """The state of the drawing as JSON: state, done, total, message."""
        _notice, sheet = self._sheet(key)
        progress = press().progress(press().key(sheet))
        message = progress.refused.told(_) if progress.refused else ""
        return jsonify(state=progress.state, done=progress.done, total=progress.total, message=message)

    @expose("/cancel/<int:key>", methods=["POST"])
    @needs(Right.VIEW)
    def cancel(self, key: int) -> Any:
        """Stop drawing a long sheet."""
        _notice, sheet = self._sheet(key)
        press().cancel(press().key(sheet))
        flash(_("Drawing was stopped. Nothing is lost: the notice can be printed at any time."), "success")
        return redirect(url_for(".show", key=key))

    @expose("/page/<int:key>")
    @needs(Right.VIEW)
    def picture(self, key: int) -> Response:
        """The first page as a picture."""
        _notice, sheet = self._sheet(key)
        try:
            png = first_pages(sheet, first=1)[0]
        except PrintRefused:
            abort(404)
        response = make_response(png)
        response.headers["Content-Type"] = "image/png"
        return response

    # --- looking up ------------------------------------------------------------------------------------------------

    @expose("/outdated/")
    @needs(Right.VIEW)
    def outdated(self) -> str:
        """The notices that hang and no longer say what the records say."""
        return self.page(
            "notice/outdated.html",
            title=_("Posted notices that no longer say what the records say"),
            notices=truth.outdated(),
            one_person=catalogue.settings_of(scope.current().community_id or 0).procedure == "one",
        )

    @expose("/check/")
    @expose("/check/<code>")
    @needs(Right.VIEW)
    def check(self, code: str = "") -> Any:
        """Look a printed sheet up by the code on it, typed or scanned."""
        typed = request.args.get("code", "").strip() or code
        if not typed:
            return self.page("notice/check.html", title=_("Check a printed notice"), typed="", problem="")
        read = rules.read_short_code(typed[:200])
        key = db.session.scalar(select(Notice.id).where(Notice.short_code == read)) if read else None
        if key is not None:
            return redirect(url_for(".show", key=key))
        problem = (
            _("There is no notice with this code here. If the sheet bears it, it did not come from this office.")
            if read
            else _("A check code has eight letters and digits, such as 7K2M-9QXD.")
        )
        return self.page(
            "notice/check.html", title=_("Check a printed notice"), typed=storable(typed)[:60], problem=problem
        )


_CHANGED = _l("Somebody else has changed this notice meanwhile. Please look at it again.")
_ALTERED = _l(
    "The stored sheet is not the one that was issued: it was altered outside the portal. Tell the administrator."
)


_NOT_ALLOWED = _l("Only the columns offered here may be posted about this matter.")


def _why(refused: Exception) -> str:
    """Why a draft could not be made of the records, in words."""
    if isinstance(refused, PrintRefused):
        return refused.told(_)
    return str(_NOT_ALLOWED if isinstance(refused, rules.NotAllowed) else _CHANGED)


_KEEPING = {"keep", "submit", "issue"}


def _sees_source(notice: Notice) -> bool:
    """May the person at work see the records a notice is made of?"""
    source = sources.find(notice.source)
    return source is None or permitted(source.subject, Right.VIEW)


def _title(source: Source) -> str:
    if source.name == sources.TEXT:
        return str(_("Write a notice"))
    return str(_("Print a notice from: %(register)s", register=source.label))


def _done(step: Step, notice: Notice) -> str:
    if step is Step.APPROVE:
        return str(_("Issued as %(number)s. Print it and post it.", number=notice.number))
    return str(_("%(step)s: “%(title)s”.", step=lifecycle.STEPS[step], title=notice.title))


def _boards_of(page: Drafting) -> tuple[int, ...]:
    return (page.item.board_id,) if page.item is not None and page.item.board_id else ()


def _kept_about(page: Drafting) -> tuple[str, str] | None:
    """The duty a kept draft answers, where it is no longer among the open ones."""
    kept = page.kept
    if kept is None or not kept.item_id or any(about_token(entry) == _about_kept(kept) for entry in page.entries):
        return None
    return _about_kept(kept), f"{kept.item.name if kept.item else ''} · {kept.period}"


def _other_period(page: Drafting) -> tuple[str, str] | None:
    """The period that the duty chosen tells of, and the address of the page with the rows of that period, where they
    are others than it was opened for."""
    duty = page.entry.duty if page.entry is not None else None
    if duty is None or duty.is_lasting or duty.is_occasional or not page.source.ends:
        return None
    term = sources.Term(*told_of(duty))
    if page.source.told(page.asked) == term:
        return None
    asked = {**page.asked, **page.source.over(term)}
    if page.kept is not None:
        asked["notice"] = str(page.kept.id)
    return rules.term_in_words(*term), f"{_draft_path(page.source.name)}?{urlencode(asked)}#preview"


def _draft_path(source: str) -> str:
    return url_for("notice.draft", source=source)


def _can_be_printed(model: Any) -> bool:
    return bool(sources.printable(model))


def _path_to_write(_register: str) -> str:
    return _draft_path(sources.TEXT)


def _is_notice(model: Any) -> bool:
    return model is Notice


LIST_ACTIONS.append(ListAction(_l("Print notice"), _draft_path, Right.DRAFT, _can_be_printed))
LIST_ACTIONS.append(ListAction(_l("Write a notice"), _path_to_write, Right.DRAFT, _is_notice))


def _tasks(day: date) -> Iterable[Task]:
    return (*operations.tasks(day), *truth.tasks(day))


class NoticeStepRegister(Register):
    """Who took which step, over all notices; each notice shows its own."""

    model = NoticeStep
    in_menu = False


CAPABILITY = Capability(
    label=_l("Disclosure"),
    icon="megaphone",
    pages=(Page(_l("Check a printed notice"), "notice.check", "notice"),),
    views=(NoticeRegister, NoticeStepRegister),
    figures=operations.figures,
    tasks=_tasks,
)
