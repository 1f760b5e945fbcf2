"""Notices: what was posted, stored as it was posted."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Integer, String, Text, UniqueConstraint, event, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kernel import registers
from app.kernel.db import Record, Scoped
from app.kernel.fields import field
from app.printing import Snapshot

DRAFT, ISSUED = "draft", "issued"
STATES = {DRAFT: _l("Draft"), ISSUED: _l("Issued")}


class Notice(Record, Scoped):
    """A notice (公示/公告) or printed roster. Once issued, neither its words nor its number change.

    ``recipe`` says what a draft was made of, so that it can be made again: ``question``, the arguments of the list,
    and ``wording``.
    """

    __tablename__ = "notice"
    __label__ = _l("Notice")
    __title__ = "title"
    __newest_first__ = True
    __table_args__ = (UniqueConstraint("community_id", "year", "sequence"),)

    title: Mapped[str] = field(_l("Title"), String(120), in_form=False, in_list=True, search=True)
    number: Mapped[str | None] = field(_l("Number"), String(80), in_form=False, in_list=True, search=True)
    state: Mapped[str] = field(
        _l("State"), options=lambda: STATES, in_form=False, in_list=True, filter=True, default=DRAFT
    )
    source: Mapped[str] = field(_l("Made from"), options=registers.labels, in_form=False, in_list=True, filter=True)
    issuer: Mapped[str] = field(_l("Issuing body"), String(80), in_form=False)
    issued_on: Mapped[date | None] = field(_l("Issued on"), in_form=False, in_list=True)
    drafted_by: Mapped[str] = field(_l("Drafted by"), String(120), in_form=False, in_list=True)
    issued_by: Mapped[str | None] = field(_l("Issued by"), String(120), in_form=False)
    year: Mapped[int | None] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(Integer)
    snapshot: Mapped[str] = mapped_column(Text, default="")
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str | None] = mapped_column(String(64))

    @property
    def sheet(self) -> Snapshot:
        """What is printed; the only thing a PDF is ever drawn from."""
        return Snapshot.from_json(self.snapshot)


class NoticeIsFinal(RuntimeError):
    """An issued notice was to be changed or deleted."""


@event.listens_for(Session, "before_flush")
def _keep_issued(session: Session, _context: object, _instances: object) -> None:
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, Notice):
            state: Any = inspect(row).attrs.state.history
            if ISSUED in (*state.unchanged, *state.deleted) and (row in session.deleted or session.is_modified(row)):
                raise NoticeIsFinal(row.number)
