"""Who opened whose record: beside the trail, because looking happens so much more often than changing."""

from __future__ import annotations

from datetime import date, datetime

from flask_appbuilder import Model
from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import InCommunity, now


class Sighting(Model, InCommunity):
    """An account opened the page of a record about people: the first time on a day of the offices."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("register", "record_id", "on", "actor"), Index(None, "on", "actor"))

    id: Mapped[int] = mapped_column(primary_key=True)
    on: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(120))
    register: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    # Not a link: what was seen stays on record when the record, or its community, is gone.
    community_id: Mapped[int | None] = mapped_column(index=True)
