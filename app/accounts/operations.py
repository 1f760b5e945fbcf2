"""Making accounts, changing passwords, and what an administrator does for those who cannot get in."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flask_login import current_user
from sqlalchemy import ColumnElement, event, select

from app.accounts import doors, factor, rules
from app.accounts.doors import WAIT, Attempt, Closed, clock
from app.accounts.models import Account, note
from app.accounts.security import doors_of, hashed, is_right, tell_failure
from app.community.models import Community
from app.kernel import audit
from app.kernel.audit import AuditEntry
from app.kernel.codes import Code
from app.kernel.db import Conflict, count_of, db, transaction
from app.kernel.records import Data, checks
from app.kernel.scope import as_system
from app.kernel.values import N_, Violation
from app.roles import GRANTS, Role


@checks(Account)
def _check_account(data: Data, record: Any) -> Iterable[Violation]:
    yield from rules.check_username(data["username"])
    if current_user and current_user.is_authenticated:
        before = record.role if record is not None else None
        yield from rules.check_manager(current_user.role, before, data["role"], GRANTS)
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


def reset_password(account: Account) -> str:
    """A new random password for somebody else, who has to choose their own with it before anything else."""
    password = give_password(account)
    account.password_given = True
    return password


def change_password(account: Account, old: str, new: str, again: str) -> list[Violation]:
    """Change one's own password; the old one is required. Several transactions: a wrong one counts in any case."""
    found = check_own(account, old)
    if not found:
        known = rules.known_words(account.full_name, account.community.name)
        found = list(rules.check_password(new, again, account.username, known))
    if not found and is_right(account, new):
        found = [Violation("new", N_("This is the password you have already."))]
    if not found:
        with transaction():
            _set(account, new)
    return found


def check_own(account: Account, password: str) -> list[Violation]:
    """Is this the password of the person at work? Who was wrong too often waits, as at the log-in."""
    try:
        attempt = Attempt(*doors_of(account.username))
    except Closed as closed:
        return [Violation("old", WAIT, {"time": clock(closed.until)})]
    if is_right(account, password):
        attempt.succeeded()
        return []
    with transaction():
        note(account, fail_login_count=Account.fail_login_count + 1)
        tell_failure(account, attempt)
    return [Violation("old", N_("This is not your present password."))]


def _set(account: Account, password: str) -> None:
    account.password = hashed(password)
    account.password_given = False
    account.session_epoch = (account.session_epoch or 0) + 1
    audit.act(account, "password")


def may_let_in(account: Account) -> bool:
    """May the person at work give ``account`` a password, lift its waiting time or take away its second factor?"""
    return rules.may_let_in(current_user.role, account.role, GRANTS, is_self=account.id == current_user.id)


def waits_until(account: Account) -> datetime | None:
    """Until when (UTC) ``account`` has to wait after wrong attempts."""
    return doors.closed_until(doors.of_name(account.username), doors.of_codes(account))


def last_address(account: Account) -> str:
    """From where somebody last came in or failed to as ``account``, as the trail has it; empty if nobody tried."""
    wanted = select(AuditEntry.address).where(*_coming_in(account)).order_by(AuditEntry.id.desc()).limit(1)
    with as_system(account.full_name):
        return db.session.scalar(wanted) or ""


def lift(account: Account) -> None:
    """Let ``account`` try again at once, also from the address it last came from. Commits nothing."""
    at = doors.of_address(last_address(account))
    doors.lift(doors.of_name(account.username), doors.of_codes(account), at)
    audit.write("unlock", "account", account.full_name, account.id, account.community_id)


def rescue(account: Account) -> str:
    """A new password for somebody whom nobody in the portal can help; neither phone nor waiting stands in the way."""
    doors.lift()
    if account.has_second_factor:
        factor.turn_off(account)
        db.session.flush()
    return reset_password(account)


class LogIn(NamedTuple):
    """When (UTC) and from where somebody came in."""

    at: datetime
    address: str


@dataclass(frozen=True)
class Lately:
    """How an account was used: this time, the time before, and how many attempts failed since then."""

    latest: LogIn | None
    before: LogIn | None
    failures: int


MOST_TOLD = 100


def log_ins(account: Account) -> Lately:
    """How ``account`` was used lately, as the trail has it."""
    wanted = select(AuditEntry.action, AuditEntry.at, AuditEntry.address).where(*_coming_in(account))
    with as_system(account.full_name):  # wherever the account was then
        found = db.session.execute(wanted.order_by(AuditEntry.id.desc()).limit(MOST_TOLD)).all()
    came = [LogIn(at, address) for action, at, address in found if action == "log_in"]
    latest, before = (*came, None, None)[:2]
    failures = sum(action == "log_in_failed" and (before is None or at >= before.at) for action, at, _address in found)
    return Lately(latest, before, failures)


def _coming_in(account: Account) -> tuple[ColumnElement[bool], ...]:
    """What the trail tells of somebody coming in as ``account``, or failing to."""
    about = (AuditEntry.register == "account", AuditEntry.record_id == account.id)
    return (*about, AuditEntry.action.in_(["log_in", "log_in_failed"]))


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
