"""Sheets that came in: kept until they are taken over, so that no closed browser and no restart loses one."""

from __future__ import annotations

import json
import secrets
import zlib
from datetime import datetime
from typing import Any

from flask import current_app
from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.kernel.crypto import SEALED_AT
from app.kernel.db import Scoped, now

STATES = {
    "open": _l("columns to be confirmed"),
    "checking": _l("being checked"),
    "checked": _l("to be decided"),
    "saving": _l("being taken over"),
    "done": _l("taken over"),
}


class SheetUpload(Model, Scoped):
    """A file for one register, how it is read, and what its rows came to when they were last looked at.

    It may hold anything about people, so all of it is stored encrypted, bound to this upload.
    """

    __tablename__ = "sheet_upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    row_key: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
    register: Mapped[str] = mapped_column(String(60))
    filename: Mapped[str] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(30), default="open")
    file_sealed: Mapped[bytes | None] = deferred(
        mapped_column(LargeBinary, info={SEALED_AT: lambda upload: upload.place("file")})
    )
    tables_sealed: Mapped[bytes] = mapped_column(LargeBinary, info={SEALED_AT: lambda upload: upload.place("tables")})
    table: Mapped[int] = mapped_column(default=0)
    """Which of the tables is taken."""
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The field of each column by name, "" for one that is left out."""
    decisions: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What the person said of doubtful rows: a record's id, "new" or "skip", by line.

    Of names that are not on file the id of the record that is meant, by field and first line (branch_id.7).
    """
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Rows of each outcome when they were last looked at."""
    complaint: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Why the last attempt did not succeed: message id and its named parts."""
    change_set_id: Mapped[int | None]

    pages: Mapped[list[OutcomePage]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    def seal(self, data: Any, part: str) -> bytes:
        """``data`` as JSON, compressed and encrypted for this upload and ``part`` of it."""
        packed = zlib.compress(json.dumps(data, ensure_ascii=False).encode(), 1)
        sealed: bytes = current_app.extensions["keyring"].seal_bytes(packed, self.place(part))
        return sealed

    def open(self, sealed: bytes, part: str) -> Any:
        """What :meth:`seal` made."""
        return json.loads(zlib.decompress(current_app.extensions["keyring"].open_bytes(sealed, self.place(part))))

    @property
    def file(self) -> bytes:
        """The file as it was uploaded; empty once it has been taken over."""
        if self.file_sealed is None:
            return b""
        data: bytes = current_app.extensions["keyring"].open_bytes(self.file_sealed, self.place("file"))
        return data

    @file.setter
    def file(self, data: bytes) -> None:
        keyring = current_app.extensions["keyring"]
        self.file_sealed = keyring.seal_bytes(data, self.place("file")) if data else None

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The tables found in the file, all sheets taken together: where each is, its headings, its first rows."""
        found: list[dict[str, Any]] = self.open(self.tables_sealed, "tables")
        return found

    @tables.setter
    def tables(self, found: list[dict[str, Any]]) -> None:
        self.tables_sealed = self.seal(found, "tables")

    def place(self, part: str) -> str:
        """Where a part of this upload is sealed."""
        return f"sheet_upload.{part}:{self.row_key}"


class OutcomePage(Model):
    """A page of rows with one outcome, sealed by the upload: a sheet may have 100,000 of them.

    One more, "words", has the names that are not on file.
    """

    __tablename__ = "outcome_page"
    __table_args__ = (UniqueConstraint("upload_id", "outcome", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("sheet_upload.id", ondelete="CASCADE"))
    outcome: Mapped[str] = mapped_column(String(30))
    number: Mapped[int]
    rows: Mapped[bytes] = mapped_column(
        LargeBinary, info={SEALED_AT: lambda page: page.upload.place(f"{page.outcome}/{page.number}")}
    )

    upload: Mapped[SheetUpload] = relationship(viewonly=True)


class RememberedHeading(Model, Scoped):
    """What a heading meant the last time: the next sheet of the same sender needs no help.

    What is meant by a name that is not on file is remembered in the same way, under ``register.field``.
    """

    __tablename__ = "remembered_heading"
    __table_args__ = (UniqueConstraint("community_id", "register", "heading"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    register: Mapped[str] = mapped_column(String(60))
    heading: Mapped[str] = mapped_column(String(120))
    column: Mapped[str] = mapped_column(String(120))
