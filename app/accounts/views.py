from typing import Any

from flask import abort, flash, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import to_user_timezone
from flask_login import current_user, login_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts import doors, factor, operations, rules
from app.accounts.models import Account
from app.community.models import Community
from app.kernel import codes, once
from app.kernel.access import PUBLIC, Right, needs
from app.kernel.capability import Capability
from app.kernel.codes import Code
from app.kernel.crypto import Tampered
from app.kernel.db import Conflict, db, now, today, transaction
from app.kernel.fields import fields_of
from app.kernel.named import Named
from app.kernel.register import Register
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
        self.added(self._managed(key))
        return redirect(url_for(".show", key=key))

    def added(self, record: Any) -> None:
        with transaction():
            password = operations.reset_password(record)
        told = _(
            "The new password of %(name)s is %(password)s — it is shown only now.",
            name=record.full_name,
            password=password,
        )
        flash(told, "secret")

    def sent_again(self, record: Any) -> None:
        """Who did not see the password on a slow line sees another, as long as that takes it away from nobody."""
        if record.is_unused and operations.may_let_in(record):
            self.added(record)

    @expose("/unlock/<int:key>", methods=["POST"])
    @needs(Right.EDIT)
    def unlock(self, key: int) -> Response:
        """Spare somebody the rest of the waiting time after wrong attempts."""
        account = self._managed(key)
        with transaction():
            operations.lift(account)
        flash(_("%(name)s can log in again at once.", name=account.full_name), "success")
        return redirect(url_for(".show", key=key))

    @expose("/drop-factor/<int:key>", methods=["POST"])
    @needs(Right.EDIT)
    def drop_factor(self, key: int) -> Response:
        """Let somebody who lost their phone log in by the password alone."""
        account = self._managed(key)
        if account.has_second_factor:
            with transaction():
                factor.turn_off(account)
            flash(_("%(name)s now logs in by the password alone.", name=account.full_name), "success")
        return redirect(url_for(".show", key=key))

    def more(self, record: Account) -> dict[str, Any]:
        address = operations.last_address(record)
        until, there = operations.waits_until(record), doors.closed_until(doors.of_address(address))
        return {
            "account": record,
            "own": record.id == current_user.id,
            "manages": self.may(Right.EDIT),
            "lets_in": self.may(Right.EDIT) and operations.may_let_in(record),
            "waits": doors.clock(until) if until else "",
            "last_address": address,
            "address_waits": doors.clock(there) if there else "",
        }

    def _managed(self, key: int) -> Account:
        account: Account = self.record(key)
        return account if operations.may_let_in(account) else abort(403)


class CodeRegister(Register):
    model = Code
    in_sheets = False  # a code is never deleted, so that bringing in a list could not be undone


class PasswordView(Named, BaseView):
    """One's own account: its password, its second factor, and how it was used lately."""

    name = "password"
    route_base = "/password"

    @expose("/", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def index(self) -> str | Response:
        account, errors = self._own(), {}
        if request.method == "POST":
            given = (request.form.get(name, "") for name in ("old", "new", "again"))
            found = operations.change_password(account, *given)
            if not found:
                login_user(account)  # the other sessions have ended, this one goes on
                flash(_("Your password was changed."), "success")
                return redirect("/")
            errors = messages(found)
        lately = operations.log_ins(account)
        return str(
            self.render_template(
                "password.html",
                title=_("My account"),
                errors=errors,
                least=rules.MIN_PASSWORD,
                account=account,
                latest=_came(lately.latest),
                before=_came(lately.before),
                failures=lately.failures,
            )
        )

    @expose("/second-factor/", methods=["GET", "POST"])
    @needs(Right.VIEW)
    def second_factor(self) -> str | Response:
        """Turn the second factor on; where it is on, make new recovery codes or turn it off."""
        account, errors = self._own(), {}
        if request.method == "POST":
            try:
                found, codes = self._change_factor(account)
            except Conflict:
                flash(_("Your recovery codes were shown already. If you have not kept them, make new ones."), "warning")
                return redirect(url_for(".index"))
            if codes:
                return str(self.render_template("second_factor_codes.html", title=_("Recovery codes"), codes=codes))
            if not found:
                flash(_("You now log in by the password alone."), "success")
                return redirect(url_for(".index"))
            errors = messages(found)
        secret = "" if account.has_second_factor else _offered(account)
        return str(
            self.render_template(
                "second_factor.html",
                title=_("Two-step log-in"),
                errors=errors,
                account=account,
                secret=secret,
                picture=factor.picture(account, secret) if secret else "",
                token=once.token(),
                required=factor.is_required(account),
            )
        )

    @staticmethod
    def _change_factor(account: Account) -> tuple[list[Violation], list[str]]:
        """Do what was posted: what is wrong with it, and the recovery codes to show.

        Raises :class:`Conflict` for a page that was sent before.
        """
        wanted, secret = request.form.get("do", ""), "" if account.has_second_factor else _offered(account)
        code = "".join(rules.normal(request.form.get("code", "")).split())
        if secret and rules.matching_step(secret, code, now(), 0) is None:
            return [Violation("code", N_("This code is wrong. Please enter the six digits the phone shows now."))], []
        if wanted == "off" and factor.is_required(account):
            return [Violation("old", N_("Accounts of your role must log in in two steps."))], []
        if found := operations.check_own(account, request.form.get("old", "")):
            return found, []
        with transaction():
            once.keep(Account.__tablename__, account.id)  # the page that shows them, loaded again, makes no others
            if not account.has_second_factor:
                codes = factor.turn_on(account, secret, code)
            elif wanted == "off":
                factor.turn_off(account)
                codes = []
            else:
                codes = factor.new_recovery_codes(account)
        login_user(account)  # the other sessions have ended, this one goes on
        session.pop("offer", None)
        return [], codes

    @staticmethod
    def _own() -> Account:
        account: Account = db.session.get_one(Account, current_user.id)
        return account


def _came(log_in: operations.LogIn | None) -> str:
    """A log-in in words."""
    if log_in is None:
        return ""
    moment = to_user_timezone(log_in.at).strftime("%Y-%m-%d %H:%M")
    return str(_("%(moment)s from %(address)s", moment=moment, address=log_in.address))


def _offered(account: Account) -> str:
    """The secret that a second factor is being set up with; the same until that is done."""
    try:
        return factor.opened(account, session["offer"])
    except (KeyError, Tampered):
        secret = factor.new_secret()
        session["offer"] = factor.sealed(account, secret)
        return secret


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
        known = rules.known_words(read.get("full_name") or "", read.get("community") or "")
        found += rules.check_password(form.get("new", ""), form.get("again", ""), read.get("username") or "\0", known)
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
    views=(AccountRegister, CodeRegister, SpecialDayRegister),
)
PAGES = (PasswordView, FirstRunView)
