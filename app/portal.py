"""The only place where the parts of the portal are put together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from app import roles
from app.accounts.security import SecurityManager
from app.accounts.views import CAPABILITY as SYSTEM
from app.accounts.views import PAGES
from app.assistance.views import CAPABILITY as ASSISTANCE
from app.boards.views import CAPABILITY as BOARDS
from app.catalogue.views import CAPABILITY as CATALOGUE
from app.cli import register_commands
from app.community.views import CAPABILITY as RESIDENTS
from app.culture.views import CAPABILITY as CULTURE
from app.disclosure.views import CAPABILITY as DISCLOSURE
from app.exchange.views import CAPABILITY as EXCHANGE
from app.facilities.views import CAPABILITY as FACILITIES
from app.finance.views import CAPABILITY as FINANCE
from app.kernel import access, checks
from app.kernel.access import PUBLIC
from app.kernel.crypto import Keyring
from app.kernel.db import OFFICE_TIME, db
from app.kernel.registers import REGISTERS
from app.kernel.workbooks import MAX_FILE
from app.partners.views import CAPABILITY as PARTNERS
from app.party.views import CAPABILITY as PARTY
from app.printing import Press
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
    SYSTEM,
)
"""In the order of the menu."""

CLOSED = {"appbuilder.static", "UtilView.back"}
"""What the framework brings along and nobody may call."""


class Portal(Flask):
    """Flask, keeping what people typed out of the log."""

    def log_exception(self, exc_info: Any) -> None:
        """Nothing here: the error page logs where it happened, without the exception's text."""


def build(settings: Settings) -> Flask:
    """The portal as a WSGI application.

    Raises :class:`config.SettingError` for a wrong setting and :class:`app.kernel.checks.StartupError` for a
    register that is declared incompletely.
    """
    logs.init()
    app = Portal("app", static_folder="web/static", template_folder="web/templates")
    keyring = Keyring(settings.secret)
    app.extensions["keyring"] = keyring
    app.config.update(
        SECRET_KEY=keyring.derive(b"session"),
        SQLALCHEMY_DATABASE_URI=settings.database,
        # The statements of all registers are kept compiled.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True, "query_cache_size": 5_000},
        INSTANCE=settings.instance,
        ADDRESS=settings.address,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=10),
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=MAX_FILE + 1024 * 1024,  # a sheet, and what comes with it
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        AUTH_RATE_LIMITED=True,
        AUTH_RATE_LIMIT="20 per minute",
        RATELIMIT_ENABLED=True,
        RATELIMIT_STORAGE_URI="memory://",
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
    app.extensions["press"] = Press(settings.instance / "prints")
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "app" / "migrations"), render_as_batch=True)
    CSRFProtect(app)
    with app.app_context():
        access.init_app(app, roles.rights)
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
    logs.init_app(app)
    register_commands(app)
    checks.check(app, roles.subjects(), CLOSED)
    return app
