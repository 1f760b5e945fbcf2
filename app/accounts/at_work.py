"""The person at work: what each request has to know of their account, read by one small statement.

The statement also tells whether a code list has changed. The person is a copy, which no commit makes stale and nobody
can change by accident; who changes an account loads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from app.accounts.models import Account, Known
from app.community.models import Community
from app.kernel import codes
from app.kernel.db import db
from app.kernel.views import SavedView


class Place(NamedTuple):
    """The community somebody works for."""

    id: int
    name: str
    level: str
    path: str


class View(NamedTuple):
    """A list they come back to; see :class:`app.kernel.views.SavedView`."""

    id: int
    register: str
    name: str
    arguments: str
    is_default: bool


@dataclass(frozen=True, eq=False)
class AtWork(Known):
    """Who sent the request, with their community and saved views."""

    id: int
    username: str
    full_name: str
    role: str
    active: bool
    password_given: bool
    has_second_factor: bool
    session_epoch: int
    community: Place
    views: tuple[View, ...]

    @property
    def community_id(self) -> int:
        return self.community.id


_OF_ACCOUNT = ("id", "username", "full_name", "role", "active", "password_given", "session_epoch")
_OWN, _PLACE = len(_OF_ACCOUNT), len(Place._fields)


@cache
def _reading() -> Select[Any]:
    wanted = ((Account, _OF_ACCOUNT), (Community, Place._fields), (SavedView, View._fields))
    columns = [getattr(model, name) for model, names in wanted for name in names]
    found = select(*columns, Account.totp_sealed.is_not(None), codes.edition()).join(Account.community)
    found = found.outerjoin(SavedView, SavedView.account_id == Account.id)
    return found.where(Account.id == bindparam("number")).order_by(SavedView.id)


def at_work(number: int) -> AtWork | None:
    """The person whose account has that id, if there is one; to be asked as the system."""
    rows = db.session.connection().execute(_reading(), {"number": number}).all()
    if not rows:
        return None
    first, views = rows[0], [row[_OWN + _PLACE : -2] for row in rows]
    codes.keep_to(first[-1])
    return AtWork(
        **dict(zip(_OF_ACCOUNT, first, strict=False)),
        has_second_factor=first[-2],
        community=Place(*first[_OWN : _OWN + _PLACE]),
        views=tuple(View(*view) for view in views if view[0] is not None),
    )


def program(account: Account) -> AtWork:
    """A program that works for the person with this account; it has no views of its own."""
    return AtWork(
        **{name: getattr(account, name) for name in _OF_ACCOUNT},
        has_second_factor=account.has_second_factor,
        community=Place(*(getattr(account.community, name) for name in Place._fields)),
        views=(),
    )
