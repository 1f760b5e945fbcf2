"""Hanging notices up and taking them down. One operation, one commit, told in the trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.boards import rules
from app.boards.models import Posting
from app.catalogue import limits
from app.catalogue.limits import Span
from app.catalogue.operations import limit_of, settings_of, span_in_words
from app.disclosure import operations as notices
from app.disclosure.lifecycle import UNISSUED, State, Step
from app.disclosure.models import Notice
from app.disclosure.operations import AFTER_ISSUE, Recipe, Refused
from app.facilities.models import NoticeBoard
from app.kernel import audit
from app.kernel.capability import Task
from app.kernel.db import Conflict, count_of, db, transaction
from app.kernel.undo import KEPT_DAYS
from app.kernel.workdays import calendar
from app.printing import Column, Snapshot, Table


def plan(notice: Notice) -> None:
    """An issued notice is to go up on the boards it was meant for, or on the one of its catalogue item; a correction
    also wherever the notice it corrects hangs."""
    recipe = Recipe.of(notice)
    meant = recipe.boards if recipe else ()
    if not meant and notice.item and notice.item.board_id:
        meant = (notice.item.board_id,)
    hung = select(Posting.board_id).where(Posting.notice_id == notice.corrects_id, *is_up())
    wanted = or_(NoticeBoard.id.in_(meant), NoticeBoard.id.in_(hung))
    boards = db.session.scalars(select(NoticeBoard.id).where(wanted).order_by(NoticeBoard.id))
    for board_id in boards:
        db.session.add(Posting(community_id=notice.community_id, notice_id=notice.id, board_id=board_id))


AFTER_ISSUE.append(plan)


def add_board(notice_id: int, board_id: int) -> None:
    """An issued notice is to hang on one more board, or on one after all from which it was dropped.

    Raises :class:`Conflict` if it does already, or can no longer.
    """
    with transaction():
        notice = db.session.get(Notice, notice_id)
        if notice is None or notice.state not in (State.ISSUED, State.POSTED):
            raise Conflict
        dropped = db.session.scalar(
            select(Posting).where(
                Posting.notice_id == notice_id, Posting.board_id == board_id, Posting.dropped_by.is_not(None)
            )
        )
        if dropped is None:
            db.session.add(Posting(community_id=notice.community_id, notice_id=notice_id, board_id=board_id))
        else:
            dropped.dropped_by = None
            audit.act(dropped, "add")


def drop(posting_id: int, by: str) -> None:
    """It will not hang on this board after all."""
    with transaction():
        posting = _locked(posting_id)
        if posting.posted_on:
            raise Conflict
        posting.dropped_by = by
        audit.act(posting, "drop")


def _locked(posting_id: int) -> Posting:
    """The posting and its notice, for this transaction alone: two colleagues confirm one after the other."""
    posting: Posting | None = db.session.scalar(select(Posting).where(Posting.id == posting_id).with_for_update())
    if posting is None or posting.dropped_by:
        raise Conflict
    db.session.refresh(posting.notice, with_for_update=True)
    return posting


def span_of(notice: Notice) -> Span | None:
    """How long a notice hangs at least, as fixed when it was issued; None if it may come down when it is over."""
    if notice.post_for is None:
        return None
    return Span(notice.post_for, "working" if notice.post_unit == "working" else "calendar")


def rule_of(notice: Notice) -> str:
    """How long a notice hangs at least, in words; "" if no rule says so."""
    span = span_of(notice)
    return span_in_words(span) if span else ""


def free_from(notice: Notice, posted_on: date) -> date:
    """The first day on which a notice that goes up on ``posted_on`` may come down."""
    span = span_of(notice)
    return limits.may_come_down_on(posted_on, span, calendar()) if span else posted_on


def default_down(notice: Notice, posted_on: date) -> date | None:
    """When a notice that goes up on ``posted_on`` should come down: after its time if it tells of something that has
    happened; what is posted every period, or always, hangs until the next takes its place.

    Nobody knows yet when an announcement outside of the catalogue is over: it is given the office's usual time.
    """
    limit = limit_of(notice.item) if notice.item else None
    if limit is not None and limit.period != "event":
        return None
    span = span_of(notice) or Span(settings_of(notice.community_id).post_for, "calendar")
    return limits.may_come_down_on(posted_on, span, calendar())


def hang(
    posting_id: int, on: date, by: str, today: date, due_down_on: date | None = None, photo: bytes | None = None
) -> Notice:
    """Confirm that a notice hangs on its board since ``on``; ``photo`` is a re-encoded picture of it.

    Older notices about the same matter that it takes the place of should then come down. Raises :class:`Refused` and
    :class:`Conflict`.
    """
    with transaction():
        posting = _locked(posting_id)
        notice = posting.notice
        if posting.posted_on or notice.issued_on is None:
            raise Conflict
        free = free_from(notice, on)
        if wrong := list(rules.check_posting(on, notice.issued_on, due_down_on, free, today)):
            raise Refused(wrong)
        down = due_down_on or default_down(notice, on)
        audit.act(posting, Step.POST)
        posting.posted_on, posting.posted_by, posting.photo = on, by, photo
        posting.free_from, posting.due_down_on = free, down
        notices.advance(notice, Step.POST, by, posting.board.name)
        _make_way(posting)
    return notice


def _make_way(posting: Posting) -> None:
    """What ``posting``, which hangs, takes the place of should come down."""
    if (on := posting.posted_on) is None:
        return
    for older in _replaced_by(posting.notice, posting.board_id):
        day = on if posting.notice.corrects_id == older.notice_id else max(on, older.free_from or on)
        older.due_down_on = min(day, older.due_down_on or day)


def may_take_back(posting: Posting, by: str, today: date) -> bool:
    """May ``by`` say that this notice does not hang here after all? Whoever confirmed it may, as long as any act can be
    taken back."""
    if posting.posted_on is None or posting.taken_down_on:
        return False
    return posting.posted_by == by and (today - posting.posted_on).days <= KEPT_DAYS


def take_back(posting_id: int, by: str, today: date) -> Notice:
    """It was confirmed by mistake that a notice hangs on this board: it is to go up again, and what it was said to take
    the place of stays. The trail keeps both. Raises :class:`Conflict`.
    """
    with transaction():
        posting = _locked(posting_id)
        notice = posting.notice
        if not may_take_back(posting, by, today):
            raise Conflict
        replaced = list(_replaced_by(notice, posting.board_id))
        audit.act(posting, Step.TAKE_BACK)
        posting.posted_on = posting.posted_by = posting.photo = posting.free_from = posting.due_down_on = None
        notices.advance(notice, Step.TAKE_BACK, by, posting.board.name)
        db.session.flush()
        elsewhere = _postings(Posting.notice_id == notice.id, Posting.posted_on.is_not(None))
        if elsewhere:
            hangs = any(other.taken_down_on is None for other in elsewhere)
            notice.state = State.POSTED if hangs else State.TAKEN_DOWN
        for older in replaced:
            older.due_down_on = older.posted_on and default_down(older.notice, older.posted_on)
        if replaced:  # what something else takes the place of as well comes down all the same
            same = or_(Notice.id == notice.id, Notice.item_id == notice.item_id)
            for other in _postings(*is_up(), Posting.notice.has(same)):
                _make_way(other)
    return notice


def _replaced_by(notice: Notice, board_id: int) -> Iterator[Posting]:
    """What still hangs and ``notice``, going up on ``board_id``, takes the place of: the notice it corrects, wherever
    that hangs, and on the same board those about the same regular matter of no later period."""
    hanging = select(Posting).join(Posting.notice).where(*is_up(), Notice.id != notice.id)
    which = Notice.id == notice.corrects_id
    if notice.item_id and notice.duty and not limits.is_occasional(notice.duty):
        before = or_(Notice.duty < notice.duty, and_(Notice.duty == notice.duty, Notice.id < notice.id))
        which = or_(which, and_(Notice.item_id == notice.item_id, before, Posting.board_id == board_id))
    yield from db.session.scalars(hanging.where(which))


def take_down(posting_id: int, on: date, by: str, today: date) -> Notice:
    """Confirm that a notice was taken down on ``on``.

    Raises :class:`Refused` before its minimum time is over, unless a correction hangs, and :class:`Conflict`.
    """
    with transaction():
        posting = _locked(posting_id)
        notice = posting.notice
        if posting.posted_on is None or posting.taken_down_on or posting.free_from is None:
            raise Conflict
        replaced = bool(count_of(Notice, Notice.corrects_id == notice.id, Notice.state == State.POSTED))
        wrong = rules.check_taking_down(on, posting.posted_on, posting.free_from, replaced, today, rule_of(notice))
        if violations := list(wrong):
            raise Refused(violations)
        posting.taken_down_on, posting.taken_down_by = on, by
        audit.act(posting, Step.TAKE_DOWN)
        db.session.flush()
        if not count_of(Posting, Posting.notice_id == notice.id, *is_up()):
            notices.advance(notice, Step.TAKE_DOWN, by, posting.board.name)
    return notice


# --- what hangs where -----------------------------------------------------------------------------------------------


def is_up() -> tuple[Any, ...]:
    """What is true of a posting while its notice hangs."""
    return Posting.posted_on.is_not(None), Posting.taken_down_on.is_(None)


def is_to_go_up() -> tuple[Any, ...]:
    """What is true of a posting whose notice is issued, not corrected since, and not on the board yet."""
    correction, in_force = aliased(Notice), (State.ISSUED, State.POSTED)
    corrected = exists().where(correction.corrects_id == Notice.id, correction.state.not_in([*UNISSUED, State.VOID]))
    return (
        Posting.posted_on.is_(None),
        Posting.dropped_by.is_(None),
        Posting.notice.has(and_(Notice.state.in_(in_force), ~corrected)),
    )


def is_to_come_down(today: date) -> tuple[Any, ...]:
    """What is true of a posting that should have come down, or should today."""
    return *is_up(), Posting.due_down_on <= today


def _postings(*where: Any) -> list[Posting]:
    statement = select(Posting).options(joinedload(Posting.notice), joinedload(Posting.board)).where(*where)
    return list(db.session.scalars(statement.order_by(Posting.board_id, Posting.id.desc())))


def postings_of(notice_id: int) -> list[Posting]:
    """Where a notice hangs, hung or is to hang."""
    return _postings(Posting.notice_id == notice_id)


def other_boards(notice: Notice) -> list[NoticeBoard]:
    """The boards of its community that an issued notice could be hung on besides."""
    taken = select(Posting.board_id).where(Posting.notice_id == notice.id, Posting.dropped_by.is_(None))
    statement = select(NoticeBoard).where(NoticeBoard.community_id == notice.community_id, NoticeBoard.id.not_in(taken))
    return list(db.session.scalars(statement.order_by(NoticeBoard.name)))


def hanging(board_id: int) -> list[Notice]:
    """What hangs on a board now, the newest first."""
    return [posting.notice for posting in _postings(Posting.board_id == board_id, *is_up())]


@dataclass(frozen=True)
class BoardState:
    """A board today: what goes up, what comes down, what stays, and the sheets of A4 that still fit."""

    board: NoticeBoard
    going_up: tuple[Posting, ...]
    coming_down: tuple[Posting, ...]
    staying: tuple[Posting, ...]
    room: int
    taken: int

    @property
    def left(self) -> int:
        return self.room - self.taken


def states(today: date, *where: Any) -> list[BoardState]:
    """Every board in scope with what happens on it; three queries, however many boards there are."""
    boards = db.session.scalars(
        select(NoticeBoard).where(*where).order_by(NoticeBoard.community_id, NoticeBoard.id)
    ).all()
    up, waiting = _postings(*is_up()), _postings(*is_to_go_up())
    found = []
    for board in boards:
        here = [posting for posting in up if posting.board_id == board.id]
        down = tuple(posting for posting in here if posting.due_down_on and posting.due_down_on <= today)
        found.append(
            BoardState(
                board,
                tuple(posting for posting in waiting if posting.board_id == board.id),
                down,
                tuple(posting for posting in here if posting not in down),
                rules.room(board.width, board.height),
                sum(posting.notice.places for posting in here),
            )
        )
    return found


def posting_list(state: BoardState, today: date, whole: bool = False) -> Snapshot:
    """What goes up on a board and what comes down, to sign; of the ``whole`` board also what stays."""
    rows = [
        *(("上墙", posting, posting.notice.pages) for posting in state.going_up),
        *(("在墙", posting, posting.notice.pages) for posting in state.staying if whole),
        *(("撤下", posting, posting.notice.pages) for posting in state.coming_down),
    ]
    return Snapshot(
        layout="register",
        title=f"{state.board.name}张贴清单",
        issuer=state.board.place,
        issued_on=today.isoformat(),
        table=Table(
            (
                Column("序号", "center", 0.5),
                Column("上/撤", "center", 0.6),
                Column("编号", weight=1.4),
                Column("标题", weight=3),
                Column("页数", "right", 0.5),
                Column("经办人签字", weight=1.2),
            ),
            tuple(
                (str(at), what, posting.notice.number or "", posting.notice.title, str(pages), "")
                for at, (what, posting, pages) in enumerate(rows, 1)
            ),
        ),
        sealed=False,
    )


def tasks(today: date) -> Iterable[Task]:
    """What has to go up and what has to come down."""
    yield Task(_("Notices to be posted"), count_of(Posting, *is_to_go_up()), "posting", "posting.today", {})
    late = count_of(Posting, *is_up(), Posting.due_down_on < today)
    due = count_of(Posting, *is_up(), Posting.due_down_on == today)
    yield Task(_("Notices that should be down already"), late, "posting", "posting.today", {}, urgent=True)
    yield Task(_("Notices to be taken down today"), due, "posting", "posting.today", {})
