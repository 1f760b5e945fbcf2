from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts import operations, rules
from app.accounts.models import Account
from app.community.models import Community
from app.kernel import audit, codes
from app.kernel.access import PUBLIC, Right, needs
from app.kernel.audit import AuditEntry
from app.kernel.capability import Capability
from app.kernel.codes import Code
from app.kernel.db import db, today, transaction
from app.kernel.fields import fields_of
from app.kernel.named import Named
from app.kernel.register import Register
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.values import N_, Invalid, Violation
from app.kernel.workdays import SpecialDay


class AccountRegister(Register):
    model = Account
    in_sheets = False  # a new account is given its first password on the screen
    show_template = "account/show.html"

    @expose("/reset/<int:key>", methods=["POST"])
    @needs(Right.EDIT)
    def reset(self, key: int) -> Response:
        """Give an account a new random password, shown once."""
        self.added(self.record(key))
        return redirect(url_for(".show", key=key))

    def added(self, record: Any) -> None:
        with transaction():
            password = operations.give_password(record)
        told = _(
            "The new password of %(name)s is %(password)s — it is shown only now.",
            name=record.full_name,
            password=password,
        )
        flash(told, "secret")


class CodeRegister(Register):
    model = Code
    in_sheets = False  # a code is never deleted, so that bringing in a list could not be undone


class AuditEntryRegister(Register):
    model = AuditEntry
    show_template = "audit_entry/show.html"

    def more(self, record: AuditEntry) -> dict[str, Any]:
        known = fields_of(REGISTERS[record.register].model) if record.register in REGISTERS else {}
        labels = {**audit.DETAILS, **{name: declared.field.label for name, declared in known.items()}}
        return {"changes": [(labels[name], *told) for name, told in record.changes.items() if name in labels]}


class PasswordView(Named, BaseView):
    """One's own password."""

    name = "password"
    route_base = "/password"

    @expose("/", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def index(self) -> str | Response:
        errors: dict[str, str] = {}
        if request.method == "POST":
            account = db.session.get(Account, current_user.id)
            given = (request.form.get(name, "") for name in ("old", "new", "again"))
            with transaction():
                found = operations.change_password(account, *given)
            if not found:
                login_user(account)  # the other sessions have ended, this one goes on
                flash(_("Your password was changed."), "success")
                return redirect("/")
            errors = messages(found)
        return str(
            self.render_template("password.html", errors=errors, least=rules.MIN_PASSWORD, title=_("Change password"))
        )


class FirstRunView(Named, BaseView):
    """An empty installation asks for its community and its administrator, once."""

    name = "first_run"
    route_base = "/first-run"

    @expose("/", methods=["GET", "POST"])
    @needs(PUBLIC)
    def index(self) -> str | Response:
        with as_system("首次使用"):
            if db.session.scalar(select(Account.id).limit(1)) is not None:
                abort(404)
            errors: dict[str, str] = {}
            if request.method == "POST":
                errors = self._open(request.form)
                if not errors:
                    flash(_("The portal is ready. Please log in as its administrator."), "success")
                    return redirect(url_for("login.login"))
            levels = _levels()
        context = {
            "errors": errors,
            "levels": levels,
            "given": request.form,
            "least": rules.MIN_PASSWORD,
            "title": _("Welcome"),
        }
        return str(self.render_template("first_run.html", **context))

    @staticmethod
    def _open(form: Any) -> dict[str, str]:
        read: dict[str, str] = {}
        found: list[Violation] = []
        for name, declared in (
            ("community", fields_of(Community)["name"]),
            ("full_name", fields_of(Account)["full_name"]),
            ("username", fields_of(Account)["username"]),
        ):
            try:
                read[name] = declared.read(form.get(name, ""))
            except Invalid as wrong:
                found.append(Violation(name, wrong.message, wrong.params))
        if "username" in read:
            found += rules.check_username(read["username"])
        found += rules.check_password(form.get("new", ""), form.get("again", ""), read.get("username") or "\0")
        level = form.get("level", "")
        if level not in dict(_levels()):
            found.append(Violation("level", N_("Please choose one from the list.")))
        if not found:
            with transaction():
                operations.open_office(
                    Community(name=read["community"], level=level), read["full_name"], read["username"], form["new"]
                )
        return messages(found)


def _levels() -> list[tuple[str, str]]:
    return codes.choices({"community_level"}, today())["community_level"]


def messages(violations: list[Violation]) -> dict[str, str]:
    """The first message of each field, translated."""
    found: dict[str, str] = {}
    for violation in violations:
        found.setdefault(violation.field, _(violation.message, **violation.params))
    return found


class SpecialDayRegister(Register):
    model = SpecialDay


CAPABILITY = Capability(
    label=_l("System"),
    icon="gear",
    views=(AccountRegister, CodeRegister, SpecialDayRegister, AuditEntryRegister),
)
PAGES = (PasswordView, FirstRunView)
