"""Logging in: Flask-AppBuilder's security manager over our own accounts and our own table of permissions."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.sqla.manager import SecurityManager as FabSecurityManager
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from app.accounts.models import Account
from app.community.models import BOTTOM_LEVEL
from app.kernel import audit
from app.kernel.access import PUBLIC, needs, own_path
from app.kernel.db import db, now, transaction
from app.kernel.named import Named
from app.kernel.scope import Scope, as_system

LOG_IN = "登录"
"""Who the trail names where nobody is logged in yet."""


def hashed(password: str) -> str:
    """A salted scrypt hash of ``password``."""
    return generate_password_hash(password)


def scope_of(account: Account) -> Scope:
    """What an account sees: its community, and all below it where there is anything below."""
    community = account.community
    path = "" if community.level == BOTTOM_LEVEL else community.path
    return Scope(community.id, path, actor=f"{account.full_name} ({account.username})")


class LoginView(Named, AuthDBView):
    """The log-in page at ``/login/``."""

    name = "login"

    @expose("/login/", methods=["GET", "POST"])
    @needs(PUBLIC)
    def login(self) -> Any:
        """A wrong password leaves the typed name on the page; a right one leads where the person wanted to go."""
        with as_system(LOG_IN):
            if db.session.scalar(select(Account.id).limit(1)) is None:
                return redirect(url_for("first_run.index"))
        onward = own_path(request.args.get("next", "")) or url_for("home.index")
        if current_user.is_authenticated:
            return redirect(onward)
        username, error = request.form.get("username", ""), ""
        if request.method == "POST":
            account = self.appbuilder.sm.auth_user_db(username, request.form.get("password", ""))
            if account is not None:
                session.permanent = True
                login_user(account)
                return redirect(onward)
            error = _("The user name or the password is wrong.")
        return self.render_template("login.html", title=_("Log in"), username=username, error=error)

    @expose("/logout/", methods=["POST"])
    @needs(PUBLIC)
    def logout(self) -> Response:
        if current_user.is_authenticated:
            with transaction():
                _count(current_user, session_epoch=Account.session_epoch + 1)
                _tell("log_out", current_user)
        logout_user()
        session.clear()
        flash(_("You have logged out."), "success")
        return redirect(url_for("login.login"))


def _count(account: Account, **values: Any) -> None:
    """Keep the log-in figures; not a change of the account, so neither its version nor the trail takes note."""
    db.session.execute(
        update(Account).where(Account.id == account.id).values(**values),
        execution_options={"synchronize_session": False},
    )


def _tell(action: str, account: Any) -> None:
    audit.write(action, "account", account.full_name, account.id, account.community_id, by=scope_of(account).actor)


class SecurityManager(FabSecurityManager):
    """Accounts are ours, permissions are in ``app/roles.py``; of FAB's security views only the log-in remains."""

    user_model = Account
    authdbview = LoginView

    def create_db(self) -> None:
        """Tables are made by migrations only."""

    def register_views(self) -> None:
        self.auth_view = self.authdbview()
        self.appbuilder.add_view_no_menu(self.auth_view)
        self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """FAB's own views ask here; what the table does not name is refused."""
        return False

    def load_user(self, pk: str) -> Account | None:
        """The account of a session, with its community, in one query; sets the scope of the request.

        ``pk`` is what :meth:`Account.get_id` gave at log-in; one of an ended epoch opens nothing.
        """
        key = pk.partition(".")[0]
        with as_system(LOG_IN):
            account: Account | None = db.session.scalar(
                select(Account)
                .options(joinedload(Account.community))
                .where(Account.id == (int(key) if key.isdecimal() and len(key) < 10 else 0))
            )
        if account is None or not account.active or account.get_id() != pk:
            return None
        g.scope = scope_of(account)
        return account

    def auth_user_db(self, username: str, password: str) -> Account | None:
        """The account with this name and password, or None; either way it costs one hash and leaves a trace.

        An unknown name is not kept: people type their password there by mistake.
        """
        with as_system(LOG_IN):
            name = username.strip().replace("\0", "")
            account: Account | None = db.session.scalar(select(Account).where(Account.username == name))
            stored = account.password if account is not None and account.active else None
            fake = current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"]
            opened = check_password_hash(stored or fake, password) and stored is not None
            with transaction():
                if account is None:
                    audit.write("log_in_failed", "account")
                elif opened:
                    _count(account, last_login=now(), login_count=Account.login_count + 1, fail_login_count=0)
                    _tell("log_in", account)
                else:
                    _count(account, fail_login_count=Account.fail_login_count + 1)
                    _tell("log_in_failed", account)
            return account if opened else None
