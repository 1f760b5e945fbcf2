"""Notices: what was posted, stored as it was posted, and the steps by which it came to hang there."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ColumnElement, Integer, String, Text, UniqueConstraint, event, func, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.catalogue.models import UNITS, CatalogueItem
from app.disclosure import sources
from app.disclosure.lifecycle import STATES, STEPS, UNISSUED, State
from app.kernel.audit import ACTIONS
from app.kernel.db import Record, Scoped, now
from app.kernel.fields import derived, field, link
from app.printing import Snapshot

ACTIONS.update({str(step): label for step, label in STEPS.items()})


def _boards(notice: Any) -> ColumnElement[str]:
    """The names of the boards it hangs or hung on."""
    posting, board = (Model.metadata.tables[name] for name in ("posting", "notice_board"))
    return (
        select(func.aggregate_strings(board.c.name, "、"))
        .where(posting.c.notice_id == notice.id, posting.c.board_id == board.c.id, posting.c.dropped_by.is_(None))
        .correlate(notice)
        .scalar_subquery()
    )


class Notice(Record, Scoped):
    """A notice (公示/公告) or printed roster. Once issued, neither its words nor its number change.

    ``recipe`` says what a draft was made of, so that it can be made again: ``question``, the arguments of the list,
    and ``wording``. ``duty`` names the period or occasion of ``item`` that it answers (``limits.Duty.key``).
    """

    __tablename__ = "notice"
    __label__ = _l("Notice")
    __title__ = "title"
    __newest_first__ = True
    __table_args__ = (
        UniqueConstraint("community_id", "year", "sequence"),
        UniqueConstraint("short_code"),
    )

    title: Mapped[str] = field(_l("Title"), String(120), in_form=False, in_list=True, search=True)
    number: Mapped[str | None] = field(_l("Number"), String(80), in_form=False, in_list=True, search=True)
    state: Mapped[str] = field(
        _l("State"), options=lambda: STATES, in_form=False, in_list=True, filter=True, default=State.DRAFT
    )
    item_id: Mapped[int | None] = link(_l("Matter"), "catalogue_item.id", in_form=False, in_list=True, filter=True)
    period: Mapped[str | None] = field(_l("Period or occasion"), String(160), in_form=False, in_list=True)
    source: Mapped[str] = field(_l("Made from"), options=sources.labels, in_form=False, filter=True)
    issuer: Mapped[str] = field(_l("Issuing body"), String(80), in_form=False)
    issued_on: Mapped[date | None] = field(_l("Issued on"), in_form=False, in_list=True, filter=True)
    drafted_by: Mapped[str] = field(_l("Drafted by"), String(120), in_form=False, in_list=True)
    reviewed_by: Mapped[str | None] = field(_l("Reviewed by"), String(120), in_form=False)
    issued_by: Mapped[str | None] = field(_l("Approved by"), String(120), in_form=False)
    boards = derived(_l("Boards"), _boards, search=True)
    post_for: Mapped[int | None] = field(_l("Posted for at least"), Integer, in_form=False, in_record=False)
    post_unit: Mapped[str | None] = field(_l("Counted in"), options=lambda: UNITS, in_form=False, in_record=False)
    corrects_id: Mapped[int | None] = link(_l("Corrects"), "notice.id", in_form=False)
    short_code: Mapped[str | None] = field(_l("Check code"), String(12), in_form=False, search=True)
    text: Mapped[str] = field(_l("Full text"), Text, in_form=False, in_record=False, search=True, default="")
    duty: Mapped[str | None] = mapped_column(String(40), index=True)
    year: Mapped[int | None] = mapped_column(Integer)
    sequence: Mapped[int | None] = mapped_column(Integer)
    snapshot: Mapped[str] = mapped_column(Text, default="")
    recipe: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str | None] = mapped_column(String(64))
    pages: Mapped[int] = mapped_column(Integer, default=1)

    item: Mapped[CatalogueItem | None] = relationship()
    corrects: Mapped[Notice | None] = relationship(remote_side="Notice.id")
    steps: Mapped[list[NoticeStep]] = relationship(
        back_populates="notice", cascade="all, delete-orphan", order_by="NoticeStep.id"
    )

    @property
    def places(self) -> int:
        """How many places of an A4 sheet it takes on a board."""
        return self.pages * (2 if self.recipe.get("wording", {}).get("paper") == "A3" else 1)

    @property
    def sheet(self) -> Snapshot:
        """What is printed; the only thing a PDF is ever drawn from.

        Raises :class:`NoticeWasAltered` if what is stored is not what was issued.
        """
        if self.is_altered:
            raise NoticeWasAltered(self.number)
        return Snapshot.from_json(self.snapshot)

    @property
    def is_altered(self) -> bool:
        """Was it issued, and is what is stored not what was issued?"""
        return bool(self.digest) and hashlib.sha256(self.snapshot.encode()).hexdigest() != self.digest


class NoticeStep(Record, Scoped):
    """One step of a notice's way: who took it, when, and why. Added, never changed."""

    __tablename__ = "notice_step"
    __label__ = _l("Step of a notice")
    __title__ = "step"
    __in_trail__ = False

    notice_id: Mapped[int] = link(_l("Notice"), "notice.id", in_form=False, in_list=True, filter=True)
    step: Mapped[str] = field(_l("Step"), options=lambda: STEPS, in_form=False, in_list=True, filter=True)
    by: Mapped[str] = field(_l("Who"), String(120), in_form=False, in_list=True)
    at: Mapped[datetime] = field(_l("Time"), in_form=False, in_list=True, default=now)
    note: Mapped[str | None] = field(_l("Remark"), String(200), in_form=False, in_list=True)

    notice: Mapped[Notice] = relationship(back_populates="steps")


class NoticeIsFinal(RuntimeError):
    """An issued notice, or a step already taken, was to be changed or deleted."""


class NoticeWasAltered(RuntimeError):
    """The stored sheet of an issued notice is not the one that was issued."""


_MOVING = {"state", "version", "steps"}
"""What still changes on an issued notice as it is hung up, taken down and filed."""


@event.listens_for(Session, "before_flush")
def _keep_issued(session: Session, _context: object, _instances: object) -> None:
    for row in (*session.dirty, *session.deleted):
        gone = row in session.deleted
        if isinstance(row, NoticeStep) and (session.is_modified(row) or (gone and row.notice not in session.deleted)):
            raise NoticeIsFinal(row.step)
        elif isinstance(row, Notice) and not _is_draft(row):
            state: Any = inspect(row)
            changed = {name for name, attribute in state.attrs.items() if attribute.history.has_changes()}
            if gone or changed - _MOVING or row.state in UNISSUED:
                raise NoticeIsFinal(row.number)


def _is_draft(notice: Notice) -> bool:
    """Was it still unissued when this unit of work began?"""
    history: Any = inspect(notice).attrs.state.load_history()
    return {*history.unchanged, *history.deleted} <= set(UNISSUED)
