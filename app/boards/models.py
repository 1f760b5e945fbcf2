"""What hangs on which board, since when and until when; and the screens that show the same."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, LargeBinary, String, UniqueConstraint, case, select
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from app.disclosure.models import Notice
from app.facilities.models import NoticeBoard
from app.kernel.audit import ACTIONS
from app.kernel.db import Record, Scoped
from app.kernel.fields import derived, field, link, sealed

ACTIONS["drop"] = _l("Not posted after all")

PLACES = {"to_go_up": _l("To go up"), "up": _l("Hanging"), "down": _l("Taken down"), "dropped": _l("Not posted")}


def _place(posting: type[Posting]) -> ColumnElement[str]:
    return case(
        (posting.taken_down_on.is_not(None), "down"),
        (posting.posted_on.is_not(None), "up"),
        (posting.dropped_by.is_not(None), "dropped"),
        else_="to_go_up",
    )


def _number(posting: type[Posting]) -> ColumnElement[str]:
    return select(Notice.number).where(Notice.id == posting.notice_id).correlate(posting).scalar_subquery()


class Posting(Record, Scoped):
    """A notice on a board: to go up, hanging, or taken down again.

    ``free_from`` is the first day on which the rules let it come down, ``due_down_on`` the day on which it should;
    neither is known before it hangs.
    """

    __tablename__ = "posting"
    __label__ = _l("Posting")
    __title__ = "notice_id"
    __newest_first__ = True
    __table_args__ = (UniqueConstraint("notice_id", "board_id"),)

    notice_id: Mapped[int] = link(_l("Notice"), "notice.id", in_form=False, in_list=True, search=True)
    number = derived(_l("Number"), _number, in_list=True)
    board_id: Mapped[int] = link(_l("Board"), "notice_board.id", in_form=False, in_list=True, filter=True)
    place = derived(_l("State"), _place, "choice", options=lambda: PLACES, in_list=True, filter=True)
    posted_on: Mapped[date | None] = field(_l("Posted on"), in_form=False, in_list=True)
    posted_by: Mapped[str | None] = field(_l("Posted by"), String(120), in_form=False)
    free_from: Mapped[date | None] = field(_l("May come down from"), in_form=False, in_list=True)
    due_down_on: Mapped[date | None] = field(_l("Should come down on"), in_form=False, in_list=True)
    taken_down_on: Mapped[date | None] = field(_l("Taken down on"), in_form=False, in_list=True)
    taken_down_by: Mapped[str | None] = field(_l("Taken down by"), String(120), in_form=False)
    dropped_by: Mapped[str | None] = mapped_column(String(120))
    photo: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))

    notice: Mapped[Notice] = relationship()
    board: Mapped[NoticeBoard] = relationship()


class Screen(Record, Scoped):
    """The display screen (电子显示屏) of a board: whoever knows its secret address sees what hangs there."""

    __tablename__ = "screen"
    __label__ = _l("Display screen")
    __title__ = "board_id"
    __table_args__ = (UniqueConstraint("board_id"),)

    board_id: Mapped[int] = link(_l("Board"), "notice_board.id", in_list=True)
    token = sealed(_l("Secret address"), in_form=False, in_record=False)

    board: Mapped[NoticeBoard] = relationship()
