"""Logging in: Flask-AppBuilder's security manager over our own accounts and our own table of permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import current_app, flash, g, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.sqla.manager import SecurityManager as FabSecurityManager
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.http import dump_cookie
from werkzeug.routing import RequestRedirect
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from app.accounts import doors, factor, rules, sessions
from app.accounts.at_work import AtWork, at_work
from app.accounts.doors import Attempt, Closed, told
from app.accounts.models import Account, note
from app.community.models import BOTTOM_LEVEL
from app.kernel import audit, views
from app.kernel.access import PUBLIC, Right, needs, own_path, permitted
from app.kernel.db import db, now, transaction
from app.kernel.named import Named
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in

LOG_IN = "登录"
"""Who the trail names where nobody is logged in yet."""


def hashed(password: str) -> str:
    """A salted scrypt hash of ``password``."""
    return generate_password_hash(rules.normal(password))


def scope_of(person: AtWork) -> Scope:
    """What somebody sees: their community, and all below it where there is anything below."""
    community = person.community
    path = "" if community.level == BOTTOM_LEVEL else community.path
    return Scope(community.id, path, actor=person.actor)


class LoginView(Named, AuthDBView):
    """The log-in page at ``/login/``, and the page after it that asks for the second factor."""

    name = "login"

    @expose("/login/", methods=["GET", "POST"])
    @needs(PUBLIC)
    @as_system(LOG_IN)
    def login(self) -> Any:
        """A wrong password leaves the typed name on the page; a right one leads where the person wanted to go."""
        if db.session.scalar(select(Account.id).limit(1)) is None:
            return redirect(url_for("first_run.index"))
        onward = _onward()
        if current_user.is_authenticated:
            return redirect(onward)
        username, errors, status = request.form.get("username", ""), [], 200
        if request.method == "POST":
            try:
                account = self.appbuilder.sm.auth_user_db(username, request.form.get("password", ""))
            except Closed as closed:
                errors, status = [told(closed.until)], 429
            else:
                if account is not None:
                    return _let_in(account, onward)
                errors = [_("The user name or the password is wrong."), *_waiting(doors_of(username))]
        page = self.render_template(
            "login.html",
            title=_("Log in"),
            username=username,
            error=" ".join(errors),
            ended=sessions.how_it_ended() if request.method == "GET" else "",
        )
        return page, status

    @expose("/login/code/", methods=["GET", "POST"])
    @needs(PUBLIC)
    @as_system(LOG_IN)
    def code(self) -> Any:
        """Who gave the right password shows here that they have their phone, or a code from their paper."""
        account, onward = self.appbuilder.sm.find_account(sessions.half_in_key()), _onward()
        if account is None:
            if request.method == "POST":
                flash(_("That took too long. Please log in again."), "warning")
            return redirect(url_for("login.login", next=onward))
        error, status = "", 200
        if request.method == "POST":
            try:
                if self.appbuilder.sm.auth_code(account, request.form.get("code", "")):
                    return _let_in(account, onward, by_code=True)
                error = " ".join((_("This code is wrong or was used already."), *_waiting(doors_of_codes(account))))
            except Closed as closed:
                error, status = told(closed.until), 429
        return self.render_template("login_code.html", title=_("Two-step log-in"), error=error), status

    @expose("/logout/", methods=["POST"])
    @needs(PUBLIC)
    def logout(self) -> Response:
        """Ends every session of the account; what the browser kept of its lists goes as well."""
        response = redirect(url_for("login.login"))
        if current_user.is_authenticated:
            for register in REGISTERS:
                if permitted(register, Right.VIEW):
                    response.headers.add("Set-Cookie", _forget(register))
            with transaction():
                note(current_user, session_epoch=Account.session_epoch + 1)
                _tell("log_out", current_user)
        logout_user()
        session.clear()
        flash(_("You have logged out."), "success")
        return response


def _let_in(account: Account, onward: str, by_code: bool = False) -> Response:
    """Open the portal to ``account`` and lead it ``onward``, or to its second factor before that."""
    if account.has_second_factor and not by_code:
        sessions.half_in(account)
        return redirect(url_for("login.code", next=onward))
    with transaction():
        note(account, last_login=now(), login_count=Account.login_count + 1, fail_login_count=0)
        _tell("log_in", account)
    sessions.begin()
    login_user(account)
    return redirect(onward)


def _onward() -> str:
    """Where the person wanted to go, if that can be looked at and is in this house."""
    address = own_path(request.args.get("next", ""))
    try:
        current_app.url_map.bind("").match(address.partition("?")[0], method="GET")
    except (HTTPException, RequestRedirect):
        return url_for("home.index")
    return address


def _forget(register: str) -> str:
    """Has the browser forget how a list was left; one short line for each, as proxies take few."""
    return dump_cookie(views.COOKIE, max_age=0, path=f"/{register}/", sync_expires=False, httponly=False)


def _waiting(found: Iterable[doors.Door]) -> list[str]:
    """What to say besides to somebody who was wrong once too often."""
    until = doors.closed_until(*found)
    return [told(until)] if until else []


def doors_of(username: str) -> tuple[doors.Door, doors.Door]:
    """The doors a password of ``username`` has to come through."""
    return doors.of_name(typed_name(username)), doors.of_address()


def doors_of_codes(account: Account) -> tuple[doors.Door, doors.Door]:
    """The doors a code for ``account`` has to come through."""
    return doors.of_codes(account), doors.of_address()


def typed_name(username: str) -> str:
    return username.strip().replace("\0", "")


def _tell(action: str, account: Any) -> None:
    audit.write(action, "account", account.full_name, account.id, account.community_id, by=account.actor)


def tell_failure(account: Account | None, attempt: Attempt) -> None:
    """Put a failure into the trail, and which waits follow from it. An unknown name is not kept."""
    about = [("log_in_failed", account)]
    about += [("lock_out", None if door == doors.of_address() else account) for door in attempt.closes]
    for action, whose in about:
        if whose is None:
            audit.write(action, "account")
        else:
            _tell(action, whose)


def is_right(account: Account | None, password: str) -> bool:
    """Is this the password of ``account``? One hash, also if there is no such account."""
    stored = account.password if account is not None and account.active else None
    fake = current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"]
    return check_password_hash(stored or fake, rules.normal(password)) and stored is not None


def _number(key: str) -> int:
    """The id of the account that a session is about; 0, which none has, of what is no key."""
    number = key.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 10 else 0


class SecurityManager(FabSecurityManager):
    """Accounts are ours, permissions are in ``app/roles.py``; of FAB's security views only the log-in remains."""

    user_model = Account
    authdbview = LoginView

    def __init__(self, appbuilder: Any) -> None:
        super().__init__(appbuilder)
        self._scopes: dict[int, Scope] = {}

    def create_db(self) -> None:
        """Tables are made by migrations only."""

    def register_views(self) -> None:
        self.auth_view = self.authdbview()
        self.appbuilder.add_view_no_menu(self.auth_view)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """FAB's own views ask here; what the table does not name is refused."""
        return False

    def find_account(self, key: str) -> Account | None:
        """The account that :meth:`Known.get_id` calls ``key``."""
        with as_system(LOG_IN):
            account = db.session.get(Account, _number(key))
        return account if account is not None and account.active and account.get_id() == key else None

    def load_user(self, pk: str) -> AtWork | None:
        """The person of a session; sets the scope of the request. One of an ended epoch or session opens nothing."""
        person = self._at_work(_number(pk))
        if person is None or not person.active or person.get_id() != pk or not sessions.goes_on():
            return None
        g.scope = self._scopes[person.id] = scope_of(person)
        return person

    def _at_work(self, number: int) -> AtWork | None:
        """The person with that account, looked for in the scope they had last: PostgreSQL is then told of one scope.

        What they have now is read, and told if it is another. Who is no longer inside is looked for everywhere.
        """
        before = self._scopes.get(number)
        if before is not None:
            with working_in(before):
                person = at_work(number)
            if person is not None:
                return person
        with as_system(LOG_IN):
            return at_work(number)

    @as_system(LOG_IN)
    def auth_user_db(self, username: str, password: str) -> Account | None:
        """The account with this name and password, or None; either way it costs one hash and leaves a trace.

        Raises :class:`Closed`, without looking at the password, where too many attempts failed before.
        """
        attempt = Attempt(*doors_of(username))
        wanted = select(Account).where(Account.username == typed_name(username))
        account: Account | None = db.session.scalar(wanted)
        if is_right(account, password):
            attempt.succeeded()
            return account
        with transaction():
            if account is not None:
                note(account, fail_login_count=Account.fail_login_count + 1)
            tell_failure(account, attempt)
        return None

    @as_system(LOG_IN)
    def auth_code(self, account: Account, code: str) -> bool:
        """Is ``code`` the second factor of ``account``? Raises :class:`Closed`."""
        attempt = Attempt(*doors_of_codes(account))
        if factor.accepts(account, code):
            attempt.succeeded()
            return True
        with transaction():
            note(account, fail_login_count=Account.fail_login_count + 1)
            tell_failure(account, attempt)
        return False
