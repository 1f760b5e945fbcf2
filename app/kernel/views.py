"""How each person likes to see a list: saved views, the columns they chose, and the list as they left it.

What somebody chose is kept in the database. Where they were is kept in their browser, for a working day, in a cookie
that only the register's own pages see: to look at a list must not have to wait for the one who is writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from flask import current_app, request
from flask_appbuilder import Model
from flask_login import current_user
from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.values import N_, Invalid, read_line

MOST_VIEWS = 20
"""Saved views of one person in one register."""
LONGEST_NAME = 20
LONGEST_KEPT = 2_000
"""Characters of the cookie; a list asked for at greater length begins anew."""

COOKIE = "left"

Arguments = Mapping[str, str]
"""The arguments of a list, by name."""


class SavedView(Model):
    """A list somebody comes back to, by its ``arguments`` (a query string).

    The one without a name is no view of its own: its arguments say which columns the person wants in the list.
    """

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("account_id", "register", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    register: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), default="")
    arguments: Mapped[str] = mapped_column(Text, default="")
    is_default: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True)
class Views:
    """What the person at work saved for one register."""

    register: str
    found: tuple[SavedView, ...]

    @property
    def named(self) -> list[SavedView]:
        return [view for view in self.found if view.name]

    @property
    def default(self) -> SavedView | None:
        """The view the list begins with."""
        return next((view for view in self.found if view.is_default), None)

    @property
    def columns(self) -> list[str]:
        """The names of the chosen columns; empty for the usual ones."""
        own = next((view for view in self.found if not view.name), None)
        return column_names(read_arguments(own.arguments)) if own is not None else []

    def find(self, key: str) -> SavedView | None:
        """The named view with that id."""
        return next((view for view in self.named if str(view.id) == key), None)

    # --- changing: each within a transaction of the caller ---------------------------------------------------

    def save(self, name: str, arguments: Arguments) -> SavedView:
        """Keep ``arguments`` under ``name``, in place of what had it. Raises :class:`Invalid`."""
        name = read_view_name(name)
        view = next((view for view in self.named if view.name == name), None)
        if view is None:
            if len(self.named) >= MOST_VIEWS:
                raise Invalid(N_("At most %(most)s views can be saved. Please delete one first."), most=MOST_VIEWS)
            view = SavedView(account_id=current_user.id, register=self.register, name=name)
            db.session.add(view)
        view.arguments = urlencode(arguments)
        return view

    def rename(self, view: SavedView, name: str) -> None:
        """Raises :class:`Invalid` for no name, and for that of another view."""
        name = read_view_name(name)
        if any(other.name == name for other in self.named if other is not view):
            raise Invalid(N_("There is a view of this name already."))
        view.name = name

    def begin_with(self, chosen: SavedView | None) -> None:
        """Make ``chosen`` what the list begins with; None: the whole list."""
        for view in self.found:
            view.is_default = False
        if chosen is not None:
            chosen.is_default = True

    def choose_columns(self, names: list[str]) -> None:
        """Keep which columns the list has, in their order; none for the usual ones."""
        own = next((view for view in self.found if not view.name), None)
        if not names:
            if own is not None:
                db.session.delete(own)
            return
        if own is None:
            own = SavedView(account_id=current_user.id, register=self.register)
            db.session.add(own)
        own.arguments = urlencode({"columns": ",".join(names)})


def mine(register: str) -> Views:
    """What the person at work saved for ``register``, in the order of saving; to look at, as it came with them."""
    return Views(register, tuple(view for view in current_user.views if view.register == register))


def mine_to_change(register: str) -> Views:
    """The same, to be changed in the transaction at work."""
    own = select(SavedView).where(SavedView.account_id == current_user.id, SavedView.register == register)
    return Views(register, tuple(db.session.scalars(own.order_by(SavedView.id))))


def read_view_name(text: str) -> str:
    """A name for a view; raises :class:`Invalid` if there is none or it is too long."""
    name = read_line(text) if text.strip() else ""
    if not name:
        raise Invalid(N_("Please give the view a name."))
    if len(name) > LONGEST_NAME:
        raise Invalid(N_("At most %(length)s characters; there are %(given)s."), length=LONGEST_NAME, given=len(name))
    return name


def read_arguments(query: str) -> dict[str, str]:
    """The arguments in a query string; the last of a name counts."""
    return dict(parse_qsl(query))


def column_names(arguments: Arguments) -> list[str]:
    """The columns that arguments of a list ask for."""
    return [name for name in arguments.get("columns", "").split(",") if name]


# --- as one left it -----------------------------------------------------------------------------------------------


def left(register: str) -> dict[str, str] | None:
    """The arguments with which the person at work left a list; None if they have not been there today."""
    account, _, query = request.cookies.get(COOKIE, "").partition("&")
    return read_arguments(query) if account == str(current_user.id) else None


def leave(response: Response, register: str, arguments: Arguments) -> None:
    """Have the browser remember the ``arguments`` of the list it is being shown."""
    query = urlencode(arguments)
    kept = f"{current_user.id}&{query if len(query) <= LONGEST_KEPT else ''}"
    lasts, secure = current_app.permanent_session_lifetime, current_app.config["SESSION_COOKIE_SECURE"]
    response.headers.add("Set-Cookie", _cookie(register, kept, lasts, secure))


@lru_cache(maxsize=2_000)
def _cookie(register: str, kept: str, lasts: timedelta, secure: bool) -> str:
    """The header; it says how long the cookie lasts, not until when, so that it is the same from page to page."""
    return dump_cookie(
        COOKIE,
        kept,
        max_age=lasts,
        path=f"/{register}/",
        secure=secure,
        httponly=True,
        sync_expires=False,
        samesite="Lax",
    )
