"""How long a session lasts, and what comes before anything else: one's own password, the second factor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from time import time
from typing import Any

from flask import Flask, Request, abort, current_app, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from app.accounts import factor, rules
from app.kernel.access import PUBLIC
from app.roles import Role
from config import SettingError

MOST_COOKIES = 1_000
"""Cookies that are remembered."""
TOUCHED = 60
"""Seconds within which a session is not marked again as in use."""
HALF_WAY = 300
"""Seconds to find the phone, between the password and the second factor."""
SENT_AGAIN = 200_000
"""Characters; what was sent when the session had ended is handed back up to this length."""


class Cookies(SecureCookieSessionInterface):
    """Flask's sessions; a cookie that comes with page after page is opened once, and its age is looked at each time."""

    def __init__(self, app: Flask) -> None:
        serializer: Any = self.get_signing_serializer(app)
        self._opened = lru_cache(MOST_COOKIES)(partial(serializer.loads, return_timestamp=True))

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        try:
            content, signed = self._opened(request.cookies.get(self.get_cookie_name(app), ""))
        except BadSignature:
            return self.session_class()
        lasts = timedelta() <= datetime.now(UTC) - signed <= app.permanent_session_lifetime
        return self.session_class(deepcopy(content) if lasts else None)


def begin() -> None:
    """A session of the person who has just shown who they are."""
    session.permanent = True
    session["began"] = session["seen"] = int(time())
    session.pop("half", None)


def goes_on() -> bool:
    """Does the session that came with the request last? It is then marked as in use."""
    if is_over():
        return False
    if time() - session.get("seen", 0) > TOUCHED:
        session["seen"] = int(time())
        session.setdefault("began", session["seen"])
    return True


def is_over() -> bool:
    """Was nothing done for too long, or was the log-in too long ago?"""
    began, seen = session.get("began", time()), session.get("seen", time())
    return rules.is_over(began, seen, time(), current_app.config["IDLE_LIMIT"], current_app.permanent_session_lifetime)


def how_it_ended() -> str:
    """Why somebody who was in has to log in again; nothing for those who come anew."""
    if "_user_id" not in session:
        return ""
    if not is_over():
        return str(_("Your log-in has ended, for instance because you logged out or changed the password elsewhere."))
    minutes = current_app.config["IDLE_LIMIT"] // timedelta(minutes=1)
    hours = current_app.permanent_session_lifetime // timedelta(hours=1)
    return str(
        _(
            "You were logged out because nothing was done for %(minutes)s minutes, or %(hours)s hours had passed.",
            minutes=minutes,
            hours=hours,
        )
    )


def half_in(account: Any) -> None:
    """The password was right; the second factor is still to come."""
    session["half"] = [account.get_id(), int(time())]


def half_in_key() -> str:
    """Of which account (by :meth:`Account.get_id`) the password was right a moment ago; empty if of none."""
    key, at = session.get("half", ("", 0))
    return str(key) if time() - at <= HALF_WAY else ""


def _what_comes_first(person: Any) -> str:
    """The endpoint where the ``person`` at work has to do something before they go on."""
    if person.password_given:
        return "password.index"
    if factor.is_required(person) and not person.has_second_factor:
        return "password.second_factor"
    return ""


def _gate() -> Any:
    if request.endpoint is None or current_app.extensions["doors"].get(request.endpoint) == PUBLIC:
        return None
    person = current_user._get_current_object()
    if not person.is_authenticated:
        return hand_back() if request.method == "POST" and "_user_id" in session else None
    first = _what_comes_first(person)
    if not first or request.endpoint in {first, "password.index"}:
        return None
    if request.is_json or request.accept_mimetypes.best == "application/json":
        abort(403)
    return redirect(url_for(first))


def hand_back() -> tuple[str, int]:
    """What was sent after its session had ended, in a form that sends it again once the person has logged in.

    Passwords and the key for backups are not written into a page.
    """
    sent = [(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"]
    if request.blueprint in {"password", "backup"} or sum(len(name) + len(text) for name, text in sent) > SENT_AGAIN:
        sent = []
    is_in = current_user.is_authenticated
    page = render_template(
        "session_over.html",
        title=_("Please send it again") if is_in else _("Please log in again"),
        reason=("" if is_in else how_it_ended()) or _("You logged out, or in again, in another window."),
        sent=sent,
        has_files=bool(request.files),
    )
    return page, 400 if is_in else 401


def _check_host() -> Any:
    """Under a name that is not the portal's, another site could hand out links or read answers as if it were us."""
    host = re.sub(r":\d+$", "", request.host).strip("[]")
    if rules.is_own_host(host, current_app.config["HOSTS"], current_app.config["ANY_ADDRESS"]):
        return None
    told = _("The portal is not known under this address. Please open it by the address the administrator gave you.")
    return Response(told, 400, mimetype="text/plain")


def init_app(app: Flask, proxies: int, second_factor: Iterable[str]) -> None:
    """Hang in what is looked at before the table of permissions is.

    Raises :class:`config.SettingError` for a role there is not.
    """
    if unknown := set(second_factor) - set(Role):
        raise SettingError(f"PORTAL_SECOND_FACTOR names no role: {', '.join(sorted(unknown))}")
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.before_request(_check_host)
    app.before_request(_gate)
