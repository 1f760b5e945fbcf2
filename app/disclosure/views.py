from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, flash, make_response, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.community.models import Community
from app.disclosure import operations, rules
from app.disclosure.models import DRAFT, Notice
from app.kernel import audit, scope
from app.kernel.access import Right, needs
from app.kernel.capability import Capability
from app.kernel.db import Conflict, db, today, transaction
from app.kernel.register import LIST_ACTIONS, ListAction, Register
from app.kernel.registers import REGISTERS
from app.kernel.values import Invalid, read_line, read_text, storable
from app.printing import PrintRefused, Snapshot, pictures, render

PREVIEW_ROWS = 80
PREVIEW_PAGES = 3


class NoticeRegister(Register):
    """Notices are not typed into a form: they are drafted from a register, looked at, and issued."""

    model = Notice
    show_template = "notice/show.html"

    def more(self, record: Notice) -> dict[str, Any]:
        if record.state != DRAFT:
            return {"draft": "", "version": record.version}
        again = {**record.recipe.get("question", {}), "notice": str(record.id)}
        return {"draft": f"{_draft_path(record.source)}?{urlencode(again)}", "version": record.version}

    @expose("/draft/<source>", methods=["GET", "POST"])
    @needs(Right.DRAFT)
    def draft(self, source: str) -> Any:
        """Word a notice from the rows of another register, preview it, keep it or issue it.

        With ``notice`` in the address, a kept draft is taken up again.
        """
        register = REGISTERS.get(source)
        if register is None or not register.may(Right.DRAFT) or not operations.printable(register.model):
            abort(404)
        question = replace(register.question(), page=1)  # a notice is made of all rows, not of the page one was on
        kept, community = self._kept_draft(source), self._community()
        errors: dict[str, str] = {}
        sheet: Snapshot | None = None
        if request.method == "POST":
            wording, errors = self._posted_wording()
            for violation in rules.check_wording(wording):
                errors.setdefault(violation.field, _(violation.message, **violation.params))
        elif kept is not None and "wording" in kept.recipe:
            wording = rules.Wording(**{**kept.recipe["wording"], "columns": tuple(kept.recipe["wording"]["columns"])})
        else:
            wording = self._default_wording(register, community)
        if not errors:
            keeping = request.form.get("do") in {"keep", "issue"}
            limit = operations.MAX_ROWS if keeping else PREVIEW_ROWS
            try:
                sheet = operations.compose(register.model, question, wording, limit)
                for violation in rules.check_cells(sheet):
                    errors.setdefault(violation.field, _(violation.message, **violation.params))
            except rules.NotAllowed:
                abort(400)
            except PrintRefused as refused:
                errors[""] = refused.told(_)
            keeping = keeping and not errors
            if keeping and sheet and (answer := self._keep(register.model, community, sheet, wording, errors, kept)):
                return answer
        images = self._preview(sheet, errors) if sheet and not errors else []
        return self.page(
            "notice/draft.html",
            title=_("Print a notice from: %(register)s", register=register.label),
            source=register,
            wording=wording,
            version=kept.version if kept is not None else "",
            columns=[(declared.name, declared.field.label) for declared in operations.printable(register.model)],
            preview_rows=PREVIEW_ROWS if sheet and sheet.table and len(sheet.table.rows) == PREVIEW_ROWS else 0,
            errors=errors,
            images=images,
        )

    def _kept_draft(self, source: str) -> Notice | None:
        """The draft the address names, or 404 if it is not there, is not ours, is issued, or of another register."""
        key = request.args.get("notice", "")
        if not key:
            return None
        notice: Notice = self.record(int(key) if key.isdecimal() and len(key) <= 10 else 0)
        return notice if notice.state == DRAFT and notice.source == source else abort(404)

    def _community(self) -> Community:
        community: Community = db.session.get_one(Community, scope.current().community_id)
        return community

    @staticmethod
    def _default_wording(register: Register, community: Community) -> rules.Wording:
        label = operations.chinese(register.label)
        closing = f"监督电话：{community.phone}" if community.phone else ""
        return rules.Wording(
            title=f"{community.name}{label}公示",
            issuer=operations.default_issuer(register.name, community),
            opening=f"现将{community.name}{label}有关情况公示如下，请居民群众监督。",
            closing=closing,
            columns=tuple(declared.name for declared in operations.printable(register.model)),
        )

    @staticmethod
    def _posted_wording() -> tuple[rules.Wording, dict[str, str]]:
        form, errors, read = request.form, {}, {}
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
                errors[name] = _(wrong.message, **wrong.params)
        wording = rules.Wording(
            **read,
            layout="register" if form.get("layout") == "register" else "notice",
            columns=tuple(form.getlist("columns")),
            paper="A3" if form.get("paper") == "A3" else "A4",
            landscape=form.get("landscape") == "1",
        )
        return wording, errors

    def _preview(self, sheet: Snapshot, errors: dict[str, str]) -> list[str]:
        """The first pages as pictures for the page; a refusal is told beside the form."""
        try:
            return [b64encode(png).decode() for png in pictures(render(sheet), dpi=70, first=PREVIEW_PAGES)]
        except PrintRefused as refused:
            errors[""] = refused.told(_)
            return []

    def _keep(
        self,
        model: Any,
        community: Community,
        sheet: Snapshot,
        wording: rules.Wording,
        errors: dict[str, str],
        kept: Notice | None,
    ) -> Any:
        """Store the draft and, if asked, issue it; nothing is stored that could not be printed."""
        issuing = request.form["do"] == "issue"
        if issuing and not self.may(Right.ISSUE):
            abort(403)
        try:
            render(sheet)
        except PrintRefused as refused:
            errors[""] = refused.told(_)
            return None
        question = {name: given for name, given in request.args.items() if name not in {"notice", "page"}}
        recipe = {"question": question, "wording": asdict(wording)}
        try:
            if kept is not None and str(kept.version) != request.form.get("version"):
                raise Conflict
            key = kept.id if kept is not None else 0
            notice = operations.draft(model, community.id, sheet, scope.current().actor, recipe, key)
        except Conflict:
            errors[""] = _("Somebody else has changed this draft meanwhile. Keeping it again replaces what they wrote.")
            return None
        if issuing:
            return self._issue(notice.id, notice.version)
        flash(_("The draft “%(title)s” was kept.", title=notice.title), "success")
        return redirect(url_for(".show", key=notice.id))

    @expose("/issue/<int:key>", methods=["POST"])
    @needs(Right.ISSUE)
    def issue(self, key: int) -> Any:
        """Give a kept draft its number and date."""
        notice = self.record(key)
        if notice.state != DRAFT:
            abort(409)
        return self._issue(key, request.form.get("version", type=int))

    @staticmethod
    def _issue(key: int, version: int | None) -> Any:
        try:
            notice = operations.issue(key, scope.current().actor, today(), version)
        except Conflict:
            flash(
                _("Somebody else has changed, issued or deleted this draft meanwhile. Please look at it again."),
                "danger",
            )
        else:
            flash(_("Issued as %(number)s. Print it and post it.", number=notice.number), "success")
        return redirect(url_for(".show", key=key))

    @expose("/pdf/<int:key>")
    @needs(Right.VIEW)
    def pdf(self, key: int) -> Response:
        """The printed sheet, drawn from the stored snapshot only."""
        notice = self.record(key)
        try:
            data = render(notice.sheet)
        except PrintRefused as refused:
            flash(refused.told(_), "danger")
            return redirect(url_for(".show", key=key))  # type: ignore[return-value]
        with transaction():
            audit.write("print", self.name, f"{notice.number or ''} {notice.title}".strip(), key, notice.community_id)
        response = make_response(data)
        response.headers["Content-Type"] = "application/pdf"
        response.headers.set("Content-Disposition", "inline", filename=f"notice-{key}.pdf")
        return response

    @expose("/page/<int:key>")
    @needs(Right.VIEW)
    def picture(self, key: int) -> Response:
        """The first page as a picture."""
        try:
            png = pictures(render(self.record(key).sheet), dpi=70, first=1)[0]
        except PrintRefused:
            abort(404)
        response = make_response(png)
        response.headers["Content-Type"] = "image/png"
        return response

    @expose("/delete/<int:key>", methods=["GET", "POST"])
    @needs(Right.DELETE)
    def delete(self, key: int) -> Any:
        """Only a draft can be deleted."""
        if self.record(key).state != DRAFT:
            flash(_("An issued notice is final; it cannot be deleted."), "danger")
            return redirect(url_for(".show", key=key))
        return super().delete(key)


def _draft_path(register: str) -> str:
    return url_for("notice.draft", source=register)


def _can_be_printed(model: Any) -> bool:
    return bool(operations.printable(model))


LIST_ACTIONS.append(ListAction(_l("Print notice"), _draft_path, Right.DRAFT, _can_be_printed))

CAPABILITY = Capability(
    label=_l("Disclosure"),
    icon="megaphone",
    views=(NoticeRegister,),
    figures=operations.figures,
    tasks=operations.tasks,
)
