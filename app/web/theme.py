"""What every page needs: the menu, fingerprinted static files, security headers, error pages."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, current_app, redirect, render_template, request, session, url_for
from flask.globals import request_ctx
from flask_babel import get_locale, refresh
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from markupsafe import Markup
from sqlalchemy.exc import DataError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError
from werkzeug.wrappers import Response

from app.accounts import sessions
from app.kernel.access import Right, own_path, permitted
from app.kernel.capability import Capability
from app.kernel.db import NO_ROOM, Conflict, NoRoom, db
from app.kernel.scope import OutOfScope
from app.kernel.values import TYPED
from app.roles import OF_ALL, TITLES
from app.web import inputs, rows, words
from app.web.kept import Kept

log = logging.getLogger("portal")

CSRF_TOKEN = "csrf_token"  # noqa: S105 (the name of the input, and under which the session has it)
MOST_SESSIONS = 1_000
STATIC = Path(__file__).parent / "static"

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


@cache
def fingerprint(filename: str) -> str:
    """The first digits of a static file's SHA-256, so that it can be cached for good."""
    return sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


@cache
def static_url(filename: str) -> str:
    """The address of a static file, another one for every content."""
    return f"/static/{filename}?v={fingerprint(filename)}"


@cache
def icon(name: str, css_class: str = "icon") -> Markup:
    """A picture of ``icons.svg``, for the eye only."""
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        css_class, static_url("icons.svg"), name
    )


def csrf() -> Markup:
    """The hidden input by which a form is known to be ours.

    One signature is as good as another for as long as the session has its token: it is made once.
    """
    made: dict[str | None, Markup] = current_app.extensions["csrf_inputs"]
    drawn = made.get(session.get(CSRF_TOKEN))
    if drawn is None:
        if len(made) >= MOST_SESSIONS:
            made.clear()
        drawn = Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_TOKEN, generate_csrf())
        made[session[CSRF_TOKEN]] = drawn
    return drawn


def here(changes: Mapping[str, Any]) -> str:
    """The present address with some arguments changed; an empty one is dropped, and with any change the page is."""
    kept = {**rows.kept_arguments("page", *changes), **{name: value for name, value in changes.items() if value}}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def menu() -> Markup:
    """The menu of the person at work, drawn once for each role (and whether it sees all), language and place."""
    endpoint, blueprint = request.endpoint or "", request.blueprint
    drawn: Callable[[str, str, str | None, str, bool], Markup] = current_app.extensions["menu"]
    sees_all = any(permitted(subject, Right.VIEW) for subject in OF_ALL)
    listed = endpoint if endpoint in _listed() else ""
    return drawn(current_user.role, get_locale().language, blueprint, listed, sees_all)


def _listed() -> Collection[str]:
    """The endpoints that the menu leads to."""
    listed: Collection[str] = current_app.extensions["listed"]
    return listed


def _menu_endpoints(capabilities: Iterable[Capability]) -> Iterator[str]:
    yield "home.index"
    for capability in capabilities:
        yield from (page.endpoint for page in capability.pages)
        yield from (f"{view.model.__tablename__}.list" for view in capability.views)


def _draw_menu(_role: str, _locale: str, blueprint: str | None, endpoint: str, _sees_all: bool) -> Markup:
    return Markup(render_template("_menu.html", groups=_groups(), blueprint=blueprint, endpoint=endpoint))  # noqa: S704


def _groups() -> list[tuple[Any, str, list[tuple[Any, str, str, str]]]]:
    """(group, icon, [(label, address, blueprint, endpoint)]) of what the person at work may see."""
    found = []
    for capability in current_app.extensions["capabilities"]:
        pages = [
            (page.label, url_for(page.endpoint), page.endpoint.partition(".")[0], page.endpoint)
            for page in capability.pages
            if permitted(page.subject, page.right)
        ]
        lists = [
            (view.model.__label__, f"/{view.model.__tablename__}/list/", view.model.__tablename__, "")
            for view in capability.views
            if view.in_menu and permitted(view.model.__tablename__, Right.VIEW)
        ]
        if pages or lists:
            found.append((capability.label, capability.icon, pages + lists))
    return found


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint == "static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error_page(code: int, title: str, advice: str, reference: str = "") -> tuple[str, int]:
    if request_ctx.url_adapter is None:  # the Host header was so odd that no page can be addressed
        return title, code
    page = render_template("error.html", code=code, title=title, advice=advice, reference=reference)
    return page, code


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    texts = {
        400: (_("This address is not understood"), _("Please go back and try again from the page you came from.")),
        403: (
            _("You may not do this"),
            _("Your account has no right to this page. If you need it, ask the administrator."),
        ),
        404: (_("There is no such page"), _("It may have been deleted, or the address is mistyped.")),
        405: (_("This page cannot be called like this"), _("Please use the buttons on the page.")),
        413: (_("This is too large"), _("Please send less at once.")),
        429: (_("Too many attempts"), _("Please wait a minute and try again.")),
    }
    title, advice = texts.get(error.code, (_("This did not work"), _("Please go back and try again.")))
    return _error_page(error.code, title, advice)


def _csrf_error(_error: CSRFError) -> Any:
    """A page of ours from before the last log-in gets back what was typed; what another site sent is refused."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin" and request.form:
        return sessions.hand_back()
    return _error_page(
        400,
        _("The page has been open too long"),
        _("Please go back, reload the page and send it again; copy your text first."),
    )


def _out_of_scope(_error: OutOfScope) -> Any:
    return _error_page(403, _("You may not do this"), _("It belongs to another community."))


def _conflict(_error: Conflict) -> Any:
    return _error_page(
        409, _("Somebody else was quicker"), _("The record was changed in between. Please go back and look again.")
    )


def _no_room(_error: NoRoom) -> Any:
    return _error_page(
        507, str(NO_ROOM), _("What you typed is still on the page before: go back and keep a copy of it.")
    )


def _unstorable(_error: DataError | OverflowError) -> Any:
    """The last net below the readers of values: what the database cannot take is the sender's mistake, not ours."""
    db.session.rollback()
    return _http_error(BadRequest())


def _server_error(error: InternalServerError) -> Any:
    db.session.rollback()
    reference = secrets.token_hex(4).upper()
    cause = error.original_exception
    # The type and place of an error help; its text may hold what people typed.
    log.error(
        "error %s: %s at %s %s",
        reference,
        type(cause).__name__,
        request.method,
        request.endpoint,
        exc_info=_bare(cause),
    )
    return _error_page(
        500,
        _("Something went wrong on our side"),
        _("Nothing was saved. Please tell the administrator this number."),
        reference,
    )


def _bare(cause: BaseException | None) -> Any:
    """The traceback without the exception's text, which may quote data."""
    return None if cause is None else (RuntimeError, RuntimeError(type(cause).__name__), cause.__traceback__)


def switch_language(locale: str) -> Response:
    """Go on in another language, on the page one was on; FAB's own view leads to the home page."""
    if locale not in current_app.config["LANGUAGES"]:
        abort(404)
    session["locale"] = locale
    refresh()
    return redirect(own_path(request.args.get("back", "")) or "/")


def init_app(app: Flask) -> None:
    app.view_functions["LocaleView.index"] = switch_language
    app.extensions["babel"].instance.domain_instance = words.Words()
    app.extensions["babel"].locale_selector = words.chosen
    app.jinja_env.globals.update(static_url=static_url, menu=menu, Right=Right, permitted=permitted, role_titles=TITLES)
    app.jinja_env.add_extension(Kept)
    app.jinja_env.globals.update(_=words.drawn, icon=icon, csrf=csrf, here=here)
    app.jinja_env.globals.update(table=rows.table, form_row=inputs.form_row, TYPED=TYPED)
    app.extensions["csrf_inputs"] = {}
    app.extensions["menu"] = lru_cache(maxsize=400)(_draw_menu)
    app.extensions["listed"] = frozenset(_menu_endpoints(app.extensions["capabilities"]))
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(OutOfScope, _out_of_scope)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(NoRoom, _no_room)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(OverflowError, _unstorable)  # a number too long for SQLite
    app.register_error_handler(InternalServerError, _server_error)

    @app.context_processor
    def _person() -> dict[str, Any]:
        person = current_user._get_current_object()
        return {
            "person": person if person and person.is_authenticated else None,
            "language": get_locale().language,
            "_": words.spoken(),
        }
