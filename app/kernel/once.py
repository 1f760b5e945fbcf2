"""A page that is sent twice, by a double click or a second try on a slow line, does once what it says.

Each page that adds something carries a token. What tells two sendings of it apart from two wishes is the whole of what
was sent: who goes back, types another name and saves again wants another record.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from flask import has_request_context, request
from flask_appbuilder import Model
from sqlalchemy import DateTime, Integer, String, bindparam, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import db, now

TOKEN = "token"  # noqa: S105 (the name of the input)
KEPT = timedelta(days=1)
_WELL_FORMED = re.compile(r"[0-9a-f]{32}")


class SentForm(Model):
    """One sending, by its digest, and the record it made."""

    __tablename__ = "sent_form"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime, index=True, default=now)


def token() -> str:
    """What the page to be drawn carries: the token it was sent with, or a new one."""
    sent = request.form.get(TOKEN, "")
    return sent if _WELL_FORMED.fullmatch(sent) else secrets.token_hex(16)


def _digest(register: str) -> str:
    """The digest of what was sent to ``register``; empty for what came without a token, which is not looked after."""
    if not has_request_context() or not _WELL_FORMED.fullmatch(request.form.get(TOKEN, "")):
        return ""
    sent = sorted((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    return sha256(repr((register, sent)).encode(errors="surrogatepass")).hexdigest()


_SENT = Model.metadata.tables[SentForm.__tablename__]
_FORGET = delete(_SENT).where(_SENT.c.at < bindparam("before"))


def outcome(register: str) -> int | None:
    """The id of the record that this very page has made before, if it has."""
    found: int | None = db.session.scalar(select(SentForm.record_id).where(SentForm.digest == _digest(register)))
    return found


def keep(register: str, record_id: int) -> None:
    """Remember, in the transaction at work, what this page has made; a second sending meets a :class:`Conflict`."""
    if digest := _digest(register):
        connection, at = db.session.connection(), now()
        connection.execute(_FORGET, {"before": at - KEPT})
        connection.execute(insert(_SENT), {"digest": digest, "record_id": record_id, "at": at})
