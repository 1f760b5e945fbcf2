"""Making accounts and changing passwords."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from flask_login import current_user
from sqlalchemy import event, select
from werkzeug.security import check_password_hash

from app.accounts import rules
from app.accounts.models import Account
from app.accounts.security import hashed
from app.community.models import Community
from app.kernel import audit
from app.kernel.codes import Code
from app.kernel.db import Conflict, count_of, db
from app.kernel.records import Data, checks
from app.kernel.values import N_, Violation
from app.roles import Role


@checks(Account)
def _check_account(data: Data, record: Any) -> Iterable[Violation]:
    yield from rules.check_username(data["username"])
    if record is not None and current_user and record.id == current_user.id:
        if data["role"] != record.role:
            yield Violation("role", N_("Nobody changes their own role."))
        if not data["active"]:
            yield Violation("active", N_("You cannot lock yourself out."))


@checks(Code)
def _check_code(data: Data, record: Any) -> Iterable[Violation]:
    """What a national standard says is only retired; what old records hold keeps its value."""
    if record is None:
        listed = Code.code_list == data["code_list"]
        if count_of(Code, listed, Code.standard.is_not(None)):
            yield Violation("code_list", N_("This list is a national standard; nothing can be added to it."))
        return
    for name in ("code_list", "value", *(["label"] if record.standard else [])):
        if data[name] != getattr(record, name):
            yield Violation(name, N_("This cannot be changed: old records rely on it. Retire it and add another."))


@event.listens_for(Account.active, "set")
def _end_sessions(account: Account, active: bool, _before: object, _event: object) -> None:
    """A locked account's sessions end for good, also if it is unlocked later."""
    if not active:
        account.session_epoch = (account.session_epoch or 0) + 1


def new_password() -> str:
    """A random password that can be read out and typed: three groups of four."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def give_password(account: Account, password: str | None = None) -> str:
    """Set ``password``, or a new random one, and return it."""
    password = password or new_password()
    _set(account, password)
    return password


def change_password(account: Account, old: str, new: str, again: str) -> list[Violation]:
    """Change one's own password; the old one is required."""
    if not account.password or not check_password_hash(account.password, old):
        return [Violation("old", N_("This is not your present password."))]
    found = list(rules.check_password(new, again, account.username))
    if not found:
        _set(account, new)
    return found


def _set(account: Account, password: str) -> None:
    account.password = hashed(password)
    account.session_epoch = (account.session_epoch or 0) + 1
    audit.act(account, "password")


def open_office(community: Community, administrator: str, username: str, password: str) -> Account:
    """The first community and its administrator, on an empty installation.

    Raises :class:`Conflict` if somebody else has just done so.
    """
    if db.session.connection().dialect.name == "postgresql":
        db.session.connection().exec_driver_sql("LOCK TABLE account IN EXCLUSIVE MODE")
    if db.session.scalar(select(Account.id).limit(1)) is not None:
        raise Conflict
    db.session.add(community)
    db.session.flush()
    account = Account(
        username=username,
        full_name=administrator,
        role=Role.ADMINISTRATOR,
        community_id=community.id,
        password=hashed(password),
    )
    db.session.add(account)
    db.session.flush()
    return account
