"""The only place where the parts of the portal are put together."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import timedelta
from functools import cache, partial
from typing import Any

from flask import Flask
from flask.templating import Environment
from flask_appbuilder import AppBuilder
from flask_wtf.csrf import CSRFProtect
from werkzeug.routing import Rule

from app import roles
from app.accounts import sessions
from app.accounts.security import SecurityManager
from app.accounts.views import CAPABILITY as SYSTEM
from app.accounts.views import PAGES
from app.api import gate as api_gate
from app.api import views as api
from app.assistance.views import CAPABILITY as ASSISTANCE
from app.backups import instance, schedule
from app.backups.views import CAPABILITY as BACKUPS
from app.boards.views import CAPABILITY as BOARDS
from app.catalogue.views import CAPABILITY as CATALOGUE
from app.community.views import CAPABILITY as RESIDENTS
from app.culture.views import CAPABILITY as CULTURE
from app.disclosure.views import CAPABILITY as DISCLOSURE
from app.exchange.views import CAPABILITY as EXCHANGE
from app.facilities.views import CAPABILITY as FACILITIES
from app.finance.views import CAPABILITY as FINANCE
from app.kernel import access, checks
from app.kernel.access import PUBLIC
from app.kernel.crypto import Keyring
from app.kernel.db import OFFICE_TIME, db, open_postgresql
from app.kernel.registers import REGISTERS
from app.kernel.scope import begin_told
from app.kernel.workbooks import MAX_FILE
from app.partners.views import CAPABILITY as PARTNERS
from app.party.views import CAPABILITY as PARTY
from app.printing import Press
from app.privacy.views import CAPABILITY as PRIVACY
from app.trail.views import CAPABILITY as TRAIL
from app.volunteers.views import CAPABILITY as VOLUNTEERS
from app.wall.views import CAPABILITY as WALL
from app.web import logs, theme
from app.web.home import HomeView
from app.web.search import SearchView
from config import ROOT, Settings

CAPABILITIES = (
    *(CATALOGUE, DISCLOSURE, BOARDS, WALL),
    *(PARTY, RESIDENTS, VOLUNTEERS, CULTURE, FACILITIES, PARTNERS, ASSISTANCE, FINANCE),
    EXCHANGE,
    api.CAPABILITY,
    SYSTEM,
    BACKUPS,
    PRIVACY,
    TRAIL,
)
"""In the order of the menu."""

CLOSED = {"appbuilder.static", "UtilView.back"}
"""What the framework brings along and nobody may call."""


class Address(Rule):
    """A rule that compiles what puts its addresses together when the first is asked for.

    Compiling that for all rules takes half of the time in which the portal is put together, and many are never asked.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build


class Templates(Environment):
    """Flask's templates. What all of them know is complete when the first is loaded."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """In one dictionary: Jinja's view of two is copied for each page, and compared at each import, in Python."""
        return {**self.globals, **(d or {})}


class Portal(Flask):
    """Flask, keeping what people typed out of the log."""

    jinja_environment = Templates
    url_rule_class = Address

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: no view is asynchronous, and Flask looks again at each that a request passes through."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        """Nothing here: the error page logs where it happened, without the exception's text."""


def build(settings: Settings | None = None) -> Flask:
    """The portal as a WSGI application, with ``settings`` or those of the environment.

    Raises :class:`config.SettingError` for a wrong setting and :class:`app.kernel.checks.StartupError` for a
    register that is declared incompletely.
    """
    settings = settings or Settings.read()
    logs.init()
    app = Portal("app", static_folder="web/static", template_folder="web/templates")
    keyring = Keyring(settings.secret)
    app.extensions["keyring"] = keyring
    app.config.update(
        SECRET_KEY=keyring.derive(b"session"),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS={
            "hide_parameters": True,
            "query_cache_size": 5_000,  # the statements of all registers are kept compiled
            "pool_use_lifo": True,  # the connection that was used last has the most at hand
        },
        INSTANCE=settings.instance,
        ADDRESS=settings.address,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=10),
        SESSION_REFRESH_EACH_REQUEST=False,  # it is marked as in use once a minute
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=MAX_FILE + 1024 * 1024,  # a sheet, and what comes with it
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        IDLE_LIMIT=timedelta(minutes=settings.idle_minutes),
        HOSTS=settings.own_names,
        ANY_ADDRESS=not settings.hosts,
        SECOND_FACTOR=settings.second_factor,
        # Doors are counted in the database (app/accounts/doors.py), not by the framework in each process.
        AUTH_RATE_LIMITED=False,
        RATELIMIT_ENABLED=False,
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE=OFFICE_TIME.key,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        LANGUAGES={"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "gb", "name": "English"}},
        FAB_BASE_TEMPLATE="base.html",
        FAB_ADD_SECURITY_API=False,
        FAB_ADD_OPENAPI_VIEWS=False,
        FAB_ADD_MENU_API=False,
        FAB_UPDATE_PERMS=False,
        FAB_CREATE_DB=False,
    )
    app.session_interface = sessions.Cookies(app)
    app.extensions["press"] = Press(settings.instance / "prints")
    db.init_app(app)
    instance.init_app(app, settings)
    api_gate.init_app(app)  # whose calls begin no session
    sessions.init_app(app, settings.proxies, settings.second_factor)
    CSRFProtect(app)
    if settings.daily_backup:
        schedule.init_app(app)
    with app.app_context():
        open_postgresql(db.engine)
        begin_told(db.engine)
        access.init_app(app, roles.rights, roles.OF_ALL)
        builder = AppBuilder(
            app, db.session, indexview=HomeView, security_manager_class=SecurityManager, update_perms=False
        )
        doors = app.extensions["doors"]
        doors["LocaleView.index"] = PUBLIC
        for view in builder.baseviews:
            doors.add(view, view.endpoint)
        for page in (*PAGES, SearchView):
            view = builder.add_view_no_menu(page)
            doors.add(view, view.endpoint)
        for capability in CAPABILITIES:
            for register in capability.views:
                view = builder.add_view_no_menu(register)
                REGISTERS[view.name] = view
                doors.add(view, view.name)
            for other in capability.others:
                view = builder.add_view_no_menu(other)
                doors.add(view, view.name)
    app.extensions["capabilities"] = CAPABILITIES
    theme.init_app(app)
    api.init_app(app, doors)
    logs.init_app(app)
    checks.check(app, roles.subjects(), CLOSED)
    return app
