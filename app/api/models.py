"""The keys by which programs of the office call the API."""

from __future__ import annotations

from datetime import date, datetime

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.api.rules import LONGEST_NAME
from app.kernel import audit
from app.kernel.db import now

audit.ACTIONS.update(
    {
        "key_made": _l("API key made"),
        "key_used": _l("API key used for the first time on this day"),
        "key_revoked": _l("API key revoked"),
    }
)
audit.DETAILS["key"] = _l("API key")


class ApiKey(Model):
    """A key of one account, with exactly its rights. Of the secret only a keyed hash is stored."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_on: Mapped[date]
    """The last day on which it opens anything."""
    last_used_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()

    def is_valid(self, today: date) -> bool:
        return self.revoked_at is None and today <= self.expires_on
