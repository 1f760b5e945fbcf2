"""What is kept about people: told to them, and looked through for what need not be kept any longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Answer

from app.community.models import Community
from app.kernel import audit, reveal, scope, undo
from app.kernel.access import Right, needs, permitted
from app.kernel.capability import Capability, Page
from app.kernel.db import OFFICE_TIME, Conflict, db, today, transaction
from app.kernel.fields import Label, title_of
from app.kernel.files import file_name, pdf_response
from app.kernel.named import Named
from app.kernel.persons import parts_of, person_model, person_of
from app.kernel.present import text
from app.kernel.register import DELETE_ACTIONS, RECORD_ACTIONS, RecordAction, Register, existing, undoable
from app.kernel.registers import REGISTERS
from app.kernel.values import Invalid, storable
from app.printing import PrintRefused, render
from app.privacy import about, operations, requests
from app.privacy.models import PersonalDataRequest
from app.trail import sightings

OVERDUE = _l("Kept longer than needed")


@dataclass
class _Asked:
    """The page while somebody asks for the print."""

    in_full: bool = False
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> None:
        """Take what was posted."""
        self.in_full = "in_full" in request.form
        self.reason = storable(request.form.get("reason", ""))[:1000]
        if self.in_full:
            try:
                self.reason = reveal.read_reason(self.reason)
            except Invalid as wrong:
                self.errors["reason"] = _(wrong.message, **wrong.params)


class AboutView(Named, BaseView):
    """Everything that is held about one person, on the page and as a print for that person."""

    name = "about"
    route_base = "/about"
    default_view = "show"

    @expose("/<name>/<int:key>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def show(self, name: str, key: int) -> str | Answer:
        person = _person(name, key)
        if request.method == "GET" and (onward := _own_address(person, name, key)):
            return redirect(onward)
        asked, secrets = _Asked(), _masked(person)
        if request.method == "POST":
            asked.read()
            if asked.in_full and not secrets:
                abort(403)
            try:
                if not asked.errors:
                    return self._print(person, asked)
            except PrintRefused as refused:
                asked.errors["form"] = refused.told(_)
        page = self.render_template(
            "privacy/about.html",
            title=_("What we hold about %(name)s", name=title_of(person)),
            key=person.id,
            found=about.about(person),
            register=REGISTERS[person.__tablename__],
            asked=asked,
            secrets=secrets,
            may_delete=REGISTERS[person.__tablename__].may(Right.DELETE),
            reasons=reveal.REASONS,
        )
        sightings.note(person)
        return str(page)

    @expose("/delete/<name>/<int:key>", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def delete(self, name: str, key: int) -> str | Answer:
        """The person and everything that is theirs goes, as one act that can be undone."""
        person = _person(name, key)
        if request.method == "GET" and (onward := _own_address(person, name, key)):
            return redirect(onward)
        view, called = REGISTERS[person.__tablename__], title_of(person)
        removal = operations.removal_of(person)
        if request.method == "POST":
            if removal.forbidden:
                abort(403)
            try:
                with transaction():
                    change = operations.remove(person)
            except Conflict:
                person = _person(name, key)
                removal = operations.removal_of(person)
            else:
                told = _("“%(name)s” was deleted, with %(count)s records in all.", name=called, count=change.count)
                flash(undoable(told, change), "success")
                return redirect(url_for(f"{view.name}.list"))
        return str(
            self.render_template(
                "privacy/delete.html",
                title=_("Delete %(name)s and everything that is theirs", name=called),
                name=called,
                key=person.id,
                register=view,
                removal=removal,
                notices=about.notices(called),
                days=undo.KEPT_DAYS,
            )
        )

    @staticmethod
    def _print(person: Any, asked: _Asked) -> Response:
        with force_locale("zh"):
            found = about.about(person, asked.in_full)
        community = db.session.get_one(Community, person.community_id)
        sheet = about.paper(found, community.name, scope.current().actor, datetime.now(OFFICE_TIME))
        data = render(sheet)
        changes = {"reason": ["", asked.reason]} if asked.in_full else {}
        with transaction():
            audit.write("inform", person.__tablename__, found.name, person.id, person.community_id, changes)
        name = file_name(f"{sheet.title} {found.name}", today(), "pdf")
        return pdf_response(data, name, f"person-{person.id}.pdf")


class RetentionView(Named, BaseView):
    """What is past its time, for a person to decide on; nothing goes by itself."""

    name = "retention"
    route_base = "/retention"
    default_view = "list"

    @expose("/list/")
    @needs(Right.VIEW)
    def list(self) -> str:
        found = [
            (part, [(row.id, [text(d, row.values[d.name]) for d in part.columns]) for row in part.rows])
            for part in operations.overdue(today())
        ]
        kept = [(view.label, about.kept_for(view.model)) for view in REGISTERS.values() if view.model.__kept__]
        page = self.render_template("privacy/retention.html", title=OVERDUE, found=found, kept=kept)
        return str(page)


def _person(name: str, key: int) -> Any:
    """The person behind a record named in an address, for those who may read the records of people."""
    view = REGISTERS.get(name)
    found = person_of(view.model, key) if view is not None and view.may(Right.VIEW) else None
    if found is None or not permitted(found[0].__tablename__, Right.VIEW):
        abort(404)
    return existing(*found)


def _own_address(person: Any, name: str, key: int) -> str:
    """The page of the person, where it was asked for under a hat."""
    own = {"name": person.__tablename__, "key": person.id}
    return "" if own == {"name": name, "key": key} else str(url_for(str(request.endpoint), **own))


def _masked(person: Any) -> list[Label]:
    """The fields that stand masked, and that the person at work may have in full for a reason."""
    views = {part.register: REGISTERS[part.register] for part in parts_of(type(person), person.id)}
    fields = [declared for view in views.values() for declared in view.fields() if declared.lender is None]
    return [declared.field.label for declared in fields if reveal.may_reveal(declared)]


class PersonalDataRequestRegister(Register):
    model = PersonalDataRequest


def _is_of_people(model: Any) -> bool:
    return person_model(model) is not None


RECORD_ACTIONS.append(RecordAction(_l("What we hold"), "/about/{register}/{key}", "about", _is_of_people, "info"))
DELETE_ACTIONS.append(
    RecordAction(
        _l("Delete with everything that is theirs"), "/about/delete/{register}/{key}", "about", _is_of_people, "delete"
    )
)

CAPABILITY = Capability(
    label=_l("Personal data"),
    icon="people",
    views=(PersonalDataRequestRegister,),
    pages=(Page(OVERDUE, "retention.list", "retention"),),
    others=(AboutView, RetentionView),
    tasks=requests.tasks,
)
