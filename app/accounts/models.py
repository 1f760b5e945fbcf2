"""Staff accounts. A role is a name in ``app/roles.py``; what it may do stands there, not in the database."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_login import UserMixin
from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import roles
from app.community.models import Community
from app.kernel.db import InCommunity, Record
from app.kernel.fields import field, link
from app.kernel.values import read_name


class Account(Record, InCommunity, UserMixin):
    """Somebody who logs in; sees their community, or the branch of the tree below it."""

    __tablename__ = "account"
    __label__ = _l("Account")
    __title__ = "full_name"

    username: Mapped[str] = field(_l("User name"), String(40), in_list=True, search=True, unique=True)
    full_name: Mapped[str] = field(_l("Full name"), String(50), read=read_name, in_list=True, search=True)
    role: Mapped[str] = field(_l("Role"), options=lambda: roles.TITLES, in_list=True, filter=True)
    community_id: Mapped[int] = link(_l("Works for"), "community.id", in_list=True)
    active: Mapped[bool] = field(_l("Can log in"), default=True, in_list=True)
    last_login: Mapped[datetime | None] = field(_l("Last log-in"), in_form=False, in_list=True)
    login_count: Mapped[int] = mapped_column(Integer, default=0)
    fail_login_count: Mapped[int] = mapped_column(Integer, default=0)
    # Undoing a change of the account brings back no old password, and no session that was ended.
    password: Mapped[str | None] = mapped_column(String(256), info={"undo": False})
    session_epoch: Mapped[int] = mapped_column(Integer, default=0, info={"undo": False})

    community: Mapped[Community] = relationship()

    def get_id(self) -> str:
        """What a session is known by: counting up the epoch ends every session of the account."""
        return f"{self.id}.{self.session_epoch}"

    @property
    def is_active(self) -> bool:
        return self.active
