"""The way into the API: a bearer key instead of a cookie, so many calls a minute, errors as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic
from typing import Any

from flask import Flask, abort, current_app, g, request
from flask.sessions import SecureCookieSession, SessionInterface
from flask_babel import lazy_gettext as _l
from flask_login import login_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.accounts.security import scope_of
from app.api import keys
from app.kernel.access import Right, permitted

PREFIX = "/api/"
MAX_BODY = 1024 * 1024
CALLS = 300
"""Of each account in a minute."""
WRONG_KEYS = 30
"""From each address in a minute."""

MESSAGES: Mapping[int, Any] = {
    400: _l("This call is not understood."),
    401: _l("A valid API key is needed."),
    403: _l("The account of this key has no right to this."),
    404: _l("There is no such record."),
    405: _l("This cannot be called like this."),
    409: _l("Somebody else was quicker; please read the record again."),
    413: _l("This is too large."),
    415: _l("The content type of the call is wrong."),
    422: _l("Something is wrong with what was sent."),
    429: _l("Too many calls; please wait a minute."),
    500: _l("Something went wrong on our side. Nothing was saved."),
    507: _l("The disk is full; nothing was saved. Please tell the administrator."),
}


def answer(data: Any, status: int = 200, **headers: str) -> Response:
    """``data`` as the JSON of a response."""
    # Half a surrogate pair can arrive in JSON; it cannot leave in UTF-8.
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}, "application/json"
    )


def problem(status: int, errors: Mapping[str, Any] | None = None, **more: Any) -> Response:
    """What is wrong, in words beside the field they are about; "" is the call as a whole."""
    told = errors or {"": MESSAGES.get(status, MESSAGES[400])}
    headers = {401: {"WWW_Authenticate": "Bearer"}, 429: {"Retry_After": "60"}}.get(status, {})
    return answer({"errors": {name: str(message) for name, message in told.items()}, **more}, status, **headers)


class _NoSession(SecureCookieSession):
    """What a call has in place of a session: begins empty and is not kept."""


class _Cookieless(SessionInterface):
    """Under the API cookies are neither read nor set; elsewhere ``pages`` does as before."""

    def __init__(self, pages: SessionInterface) -> None:
        self._pages = pages

    def open_session(self, app: Flask, request: Any) -> Any:
        return _NoSession() if request.path.startswith(PREFIX) else self._pages.open_session(app, request)

    def save_session(self, app: Flask, session: Any, response: Any) -> None:
        if not isinstance(session, _NoSession):
            self._pages.save_session(app, session, response)


class Limits:
    """How often somebody may call in a minute, and how often an address may try a wrong key.

    Every process of the server counts for itself: this keeps load away, a key is too long to be guessed.
    """

    def __init__(self, calls: int = CALLS, wrong_keys: int = WRONG_KEYS) -> None:
        self._calls, self._wrong_keys = calls, wrong_keys
        self._lock, self._minute, self._counts = Lock(), 0, Counter[str]()

    def call(self, account: int) -> bool:
        """Count a call of ``account``; False if there were too many."""
        return self._count(f"call {account}") <= self._calls

    def wrong_key(self, address: str) -> bool:
        """Count a wrong key; False if there were too many. A right one from there is let in all the same."""
        return self._count(f"wrong {address}") <= self._wrong_keys

    def _count(self, what: str) -> int:
        minute = int(monotonic() // 60)
        with self._lock:
            if minute != self._minute:  # nothing older is remembered
                self._minute, self._counts = minute, Counter()
            self._counts[what] += 1
            return self._counts[what]


def init_app(app: Flask) -> None:
    """Hang the gate in, before the guard that asks for rights."""
    app.extensions["api_limits"] = Limits()
    app.session_interface = _Cookieless(app.session_interface)
    app.before_request(_enter)
    app.after_request(_lead_nowhere)


def _enter() -> None:
    """Whoever calls is known by the key alone; they see what their account sees."""
    if not request.path.startswith(PREFIX):
        return
    request.max_content_length = MAX_BODY
    limits: Limits = current_app.extensions["api_limits"]
    sent = request.authorization
    person = keys.owner(sent.token or "") if sent is not None and sent.type == "bearer" else None
    if person is None:
        abort(401 if limits.wrong_key(request.remote_addr or "") else 429)
    login_user(person)
    g.scope = scope_of(person)
    if not limits.call(person.id):
        abort(429)
    if not permitted("api", Right.EDIT):
        abort(403)


def _lead_nowhere(response: Response) -> Response:
    """Where a person would first be led to another page, such as to set up their second factor, a program may not."""
    if request.path.startswith(PREFIX) and response.status_code == 302:
        response.status_code, response.data, response.mimetype = 403, problem(403).data, "application/json"
        del response.headers["Location"]
    return response


def tell_errors_in_json(app: Flask) -> None:
    """Under the API every error page becomes JSON of the same status; called once all error pages are there."""
    for pages in app.error_handler_spec[None].values():
        for kind, page in pages.items():
            pages[kind] = _in_json(page)


def _in_json(page: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def tell(error: Any) -> Any:
        shown = page(error)
        if not request.path.startswith(PREFIX) or (isinstance(error, HTTPException) and error.code is None):
            return shown
        status = shown[1] if isinstance(shown, tuple) else shown.status_code
        told = problem(status)
        if isinstance(error, HTTPException):
            for name, value in error.get_headers():
                if name in {"Allow", "Retry-After"}:
                    told.headers[name] = value
        return told

    return tell
