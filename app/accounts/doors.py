"""Where a password or a code is checked, who was wrong too often waits, whether an account has that name or not.

An attempt is counted before it is made and forgotten when it was right, so that many at once do not slip through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import to_user_timezone
from sqlalchemy import delete, select, true
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts import rules
from app.accounts.models import Account, AttemptCount
from app.kernel.db import db, now, transaction
from app.kernel.scope import as_system
from app.kernel.values import N_

FORGOTTEN = timedelta(days=1)
"""After so long without an attempt, what failed before no longer counts."""
COUNTER = "登录保护"
"""Who counts, where nobody is logged in yet."""
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Door:
    """A door by its ``kind`` and whose it is; ``free`` attempts may fail before it closes."""

    kind: str
    of: str
    free: int = 5

    @property
    def key(self) -> str:
        return str(current_app.extensions["keyring"].index(self.of, f"door.{self.kind}"))


class Closed(Exception):
    """Somebody has to wait, ``until`` then (UTC), before they may try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


def of_name(username: str) -> Door:
    """The door of everybody who says to be ``username``."""
    return Door("name", username)


def of_codes(account: Account) -> Door:
    """Where the second factor of ``account`` is checked."""
    return Door("codes", str(account.id))


def of_address(address: str | None = None) -> Door:
    """Where everybody comes in who sends from ``address``, by default the present one, whatever the name."""
    return Door("address", rules.network((request.remote_addr or "") if address is None else address), free=10)


class Attempt:
    """One try at ``doors``, the first of which is that of the person; it has failed until it :meth:`succeeded`.

    Raises :class:`Closed`.
    """

    def __init__(self, *doors: Door) -> None:
        self._doors = doors
        if until := closed_until(*doors):
            raise Closed(until)
        with as_system(COUNTER), transaction():
            db.session.execute(delete(AttemptCount).where(AttemptCount.last_at < now() - FORGOTTEN))
            counts = _locked(doors)
            if until := _latest(counts):
                raise Closed(until)
            for door, count in zip(doors, counts, strict=True):
                count.failures += 1
                count.last_at = now()
                wait = rules.wait_after(count.failures, door.free)
                count.closed_until = now() + wait if wait else None
            self.closes = [door for door, count in zip(doors, counts, strict=True) if count.closed_until]
            """The doors that stay closed for a while, should this attempt fail."""

    def succeeded(self) -> None:
        """The first door forgets all that failed at it, and so do the others of what failed there."""
        with as_system(COUNTER), transaction():
            own, *others = _locked(self._doors)
            for count in others:
                count.failures = max(count.failures - own.failures, 0)
                count.closed_until = None
            db.session.delete(own)


def closed_until(*doors: Door) -> datetime | None:
    """Until when (UTC) somebody who comes through all of ``doors`` has to wait; None if they need not."""
    keys = [door.key for door in doors]
    with as_system(COUNTER):
        return _latest(db.session.scalars(select(AttemptCount).where(AttemptCount.key.in_(keys))).all())


def lift(*doors: Door) -> None:
    """Open the doors again, with nothing counted; all there are if none are named. Commits nothing."""
    keys = [door.key for door in doors]
    with as_system(COUNTER):
        db.session.execute(delete(AttemptCount).where(AttemptCount.key.in_(keys) if keys else true()))


WAIT = N_("There were too many wrong attempts. Please try again at %(time)s.")


def clock(until: datetime) -> str:
    """The minute, as the clock in the office shows it, from which one may try again."""
    return str(to_user_timezone(until + timedelta(seconds=59)).strftime("%H:%M"))


def told(until: datetime) -> str:
    """When to try again, in words."""
    return str(_(WAIT, time=clock(until)))


def _locked(doors: Sequence[Door]) -> list[AttemptCount]:
    """What was counted at each of ``doors``, kept from others until the transaction ends."""
    insert, counts = _INSERT[db.session.connection().dialect.name], []
    for door in doors:
        new = insert(AttemptCount).values(key=door.key, failures=0, last_at=now())
        db.session.execute(new.on_conflict_do_nothing())
        wanted = select(AttemptCount).where(AttemptCount.key == door.key)
        counts.append(db.session.scalars(wanted.with_for_update(), execution_options={"populate_existing": True}).one())
    return counts


def _latest(counts: Sequence[AttemptCount]) -> datetime | None:
    closed = [count.closed_until for count in counts if count.closed_until and count.closed_until > now()]
    return max(closed, default=None)
