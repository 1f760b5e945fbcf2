"""Staff accounts. A role is a name in ``app/roles.py``; what it may do stands there, not in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from flask_login import UserMixin
from sqlalchemy import JSON, Boolean, Integer, String, Text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import roles
from app.community.models import Community
from app.kernel.crypto import KEYED, SEALED_AT
from app.kernel.db import InCommunity, Record, db
from app.kernel.fields import field, link
from app.kernel.values import read_name


class Known(UserMixin):
    """How a session knows an account, and how the trail names it."""

    def get_id(self) -> str:
        """What a session is known by: counting up the epoch ends every session of the account."""
        return f"{self.id}.{self.session_epoch}"

    @property
    def actor(self) -> str:
        """How the trail names who did something: two people may be called the same."""
        return f"{self.full_name} ({self.username})"

    @property
    def is_active(self) -> bool:
        return bool(self.active)


class Account(Record, InCommunity, Known):
    """Somebody who logs in; sees their community, or the branch of the tree below it."""

    __tablename__ = "account"
    __label__ = _l("Account")
    __title__ = "full_name"

    username: Mapped[str] = field(_l("User name"), String(40), in_list=True, search=True, unique=True)
    full_name: Mapped[str] = field(_l("Full name"), String(50), read=read_name, in_list=True, search=True)
    role: Mapped[str] = field(_l("Role"), options=lambda: roles.TITLES, in_list=True, filter=True, index=True)
    community_id: Mapped[int] = link(_l("Works for"), "community.id", in_list=True)
    active: Mapped[bool] = field(_l("Can log in"), default=True, in_list=True)
    last_login: Mapped[datetime | None] = field(_l("Last log-in"), in_form=False, in_list=True)
    login_count: Mapped[int] = mapped_column(Integer, default=0)
    fail_login_count: Mapped[int] = mapped_column(Integer, default=0)
    # Undoing a change of the account brings back no old password, and no session that was ended.
    password: Mapped[str | None] = mapped_column(String(256), info={"undo": False})
    password_given: Mapped[bool] = mapped_column(Boolean, default=False, info={"undo": False})
    session_epoch: Mapped[int] = mapped_column(Integer, default=0, info={"undo": False})
    totp_sealed: Mapped[str | None] = mapped_column(
        Text, info={"undo": False, SEALED_AT: lambda account: account.totp_place}
    )
    totp_step: Mapped[int] = mapped_column(Integer, default=0, info={"undo": False})
    recovery_codes: Mapped[list[str]] = mapped_column(JSON, default=list, info={"undo": False, KEYED: []})

    community: Mapped[Community] = relationship()

    @property
    def totp_place(self) -> str:
        """Where the secret of the second factor is sealed: it opens for no other account."""
        return f"account.totp:{self.id}"

    @property
    def has_second_factor(self) -> bool:
        return self.totp_sealed is not None

    @property
    def is_unused(self) -> bool:
        """Has nobody come in yet, nor chosen a password of their own?"""
        return self.last_login is None and (self.password is None or self.password_given)


def note(account: Account, **values: Any) -> None:
    """Keep what logging in leaves behind: no change of the account, so neither its version nor the trail takes note."""
    db.session.execute(
        update(Account).where(Account.id == account.id).values(**values),
        execution_options={"synchronize_session": False},
    )


class AttemptCount(Model):
    """How often a door was tried in vain: that of a user name, of an account's codes, or of an address.

    ``key`` is a keyed hash: what was typed for a user name may be a password.
    """

    __tablename__ = "attempt_count"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(index=True)
    closed_until: Mapped[datetime | None]
