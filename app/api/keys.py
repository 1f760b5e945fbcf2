"""Making, recognising and revoking keys."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import current_app
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import get_history

from app.accounts.at_work import AtWork, program
from app.accounts.models import Account
from app.api import rules
from app.api.models import ApiKey
from app.kernel import audit
from app.kernel.db import db, now, today, transaction
from app.kernel.scope import as_system
from app.kernel.values import Violation

WHO = "程序接口"
"""Who the trail names until it is known whose key it is."""


def digest(secret: str) -> str:
    """The keyed hash by which a secret is found; it tells nothing of the secret."""
    return str(current_app.extensions["keyring"].index(secret, "api_key"))


def of(account: Account) -> Sequence[ApiKey]:
    """The keys of ``account``, the newest first."""
    wanted = select(ApiKey).where(ApiKey.account_id == account.id)
    found: Sequence[ApiKey] = db.session.scalars(wanted.order_by(ApiKey.id.desc()).limit(100)).all()
    return found


def make(account: Account, name: str, expires_on: date) -> tuple[str, list[Violation]]:
    """A new key for ``account``: its secret, which is told only now, or what is wrong. Commits nothing."""
    valid = sum(key.is_valid(today()) for key in of(account))
    if found := list(rules.check_key(name, expires_on, today(), valid)):
        return "", found
    secret = secrets.token_urlsafe(32)
    db.session.add(ApiKey(account_id=account.id, name=name, digest=digest(secret), expires_on=expires_on))
    _tell("key_made", account, name)
    return secret, []


def revoke(key: ApiKey) -> None:
    """The key opens nothing from now on. Commits nothing."""
    if key.revoked_at is None:
        key.revoked_at = now()
        _tell("key_revoked", key.account, key.name)


def owner(secret: str) -> AtWork | None:
    """The person whose valid key this is, in one query."""
    if not secret or len(secret) > 100:
        return None
    with as_system(WHO):
        key: ApiKey | None = db.session.scalar(
            select(ApiKey)
            .options(joinedload(ApiKey.account).options(joinedload(Account.community)))
            .where(ApiKey.digest == digest(secret))
        )
        if key is None or not key.is_valid(today()) or not key.account.active:
            return None
        person = program(key.account)
        if key.last_used_on != today():
            _note_use(key)
        return person


def _note_use(key: ApiKey) -> None:
    """The first use on a day is kept; of two at the same moment one is."""
    day = today()
    first = update(ApiKey).where(ApiKey.id == key.id, ApiKey.last_used_on.is_distinct_from(day))
    with transaction():
        done: Any = db.session.execute(first.values(last_used_on=day))
        if done.rowcount:
            _tell("key_used", key.account, key.name)


def _tell(action: str, account: Account, name: str) -> None:
    about = (account.full_name, account.id, account.community_id)
    audit.write(action, "account", *about, changes={"key": ["", name]}, by=account.actor)


@event.listens_for(Session, "before_flush")
def _end_with_the_sessions(session: Session, _context: Any, _instances: Any) -> None:
    """Whatever ends the sessions of an account, a lock or a new password, ends its keys. Logging out does not."""
    for row in session.dirty:
        if isinstance(row, Account) and get_history(row, "session_epoch").has_changes():
            session.execute(
                update(ApiKey).where(ApiKey.account_id == row.id, ApiKey.revoked_at.is_(None)).values(revoked_at=now()),
                execution_options={"synchronize_session": False},
            )
