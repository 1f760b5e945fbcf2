"""The door: no request reaches a view unless the table of permissions lets its sender through."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from enum import Flag, auto
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from flask_login import current_user

from app.kernel.scope import sees_all


class Right(Flag):
    """What can be permitted on a register."""

    NONE = 0
    VIEW = auto()
    """See its list and records, and choose from them in other forms."""
    ADD = auto()
    EDIT = auto()
    DELETE = auto()
    PRIVATE = auto()
    """Read private fields, such as a phone number, without the mask."""
    DRAFT = auto()
    """Draft and preview a public notice from it."""
    REVIEW = auto()
    """Say that a drafted notice is in order, or send it back."""
    ISSUE = auto()
    """Approve a notice: give it its number and make it final."""
    HANG = auto()
    """Confirm that a notice hangs on its board, came down, or is filed."""
    REVEAL = auto()
    """Take secret fields, such as an ID number, out in full, for a reason that is kept."""


PUBLIC = "public"
"""Marks a view that anybody may call, before logging in."""

_View = TypeVar("_View", bound=Callable[..., Any])


def needs(right: Right | str) -> Callable[[_View], _View]:
    """Declare which right (or :data:`PUBLIC`) a view function needs; one without a declaration is closed."""

    def declare(view: _View) -> _View:
        view.needed_right = right  # type: ignore[attr-defined]
        return view

    return declare


_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")


def own_path(address: str) -> str:
    """``address`` if it is a path of the portal, else nothing.

    Browsers drop control characters and read // and \\ as the beginning of another host.
    """
    return address if _OWN_PATH.fullmatch(address) else ""


def permitted(subject: str, right: Right) -> bool:
    """May the person at work do ``right`` on ``subject``?"""
    user, known = current_user._get_current_object(), current_app.extensions  # asked for dozens of times a page
    if not user or not user.is_authenticated or right not in known["rights"](user.role, subject):
        return False
    return subject not in known["of_all"] or sees_all()


class Doors(dict[str, tuple[str, Right] | str]):
    """What each endpoint needs: (subject, right), or :data:`PUBLIC`."""

    def add(self, view: Any, subject: str) -> None:
        """Take the declarations of all routed methods of a FAB view; ``subject`` names its row in the table."""
        for name in dir(view):
            method = getattr(view, name)
            if hasattr(method, "_urls") and hasattr(method, "needed_right"):
                needed = method.needed_right
                self[f"{view.endpoint}.{name}"] = PUBLIC if needed == PUBLIC else (subject, needed)


def guard() -> Any:
    """Before each request: let it through, send it to the log-in page, or refuse it."""
    if any("\0" in text for pair in request.args.items(multi=True) for text in pair):
        abort(400)
    needed = current_app.extensions["doors"].get(request.endpoint)
    if request.endpoint is None or needed == PUBLIC:
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("login.login", next=request.full_path.rstrip("?")))
    if needed is None or not permitted(*needed):
        abort(403)
    return None


def init_app(app: Flask, rights: Callable[[str, str], Right], of_all: Set[str]) -> None:
    """Hang the door in: everything is closed until declared. ``rights`` reads the table: (role, subject) → rights.

    The subjects ``of_all`` are closed to those who do not see every community.
    """
    app.extensions["rights"], app.extensions["of_all"] = rights, of_all
    app.extensions["doors"] = Doors({"static": PUBLIC})
    app.before_request(guard)
