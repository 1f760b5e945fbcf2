"""What is due, what is posted, what was missed; and how a catalogue comes in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.accounts.models import Account
from app.boards.models import Posting
from app.catalogue import limits, rules
from app.catalogue.limits import Answer, Defaults, Duty, Event, Span, Standing, Status, TimeLimit
from app.catalogue.models import UNITS, CatalogueItem, DisclosureSetting, Occasion
from app.community.models import Community
from app.disclosure.lifecycle import STATES, State
from app.disclosure.models import Notice
from app.kernel import audit, scope
from app.kernel.access import Right
from app.kernel.capability import Task
from app.kernel.db import Conflict, count_of, db, transaction
from app.kernel.fields import fields_of
from app.kernel.records import Data, checks
from app.kernel.rules import ends_after_start
from app.kernel.values import N_, Violation
from app.kernel.workdays import Calendar, calendar


def settings_of(community_id: int) -> DisclosureSetting:
    """The settings of a community; without any, the defaults."""
    kept = db.session.scalar(select(DisclosureSetting).where(DisclosureSetting.community_id == community_id))
    return kept or DisclosureSetting(
        **{d.name: d.default for d in fields_of(DisclosureSetting).values() if d.default is not None}
    )


def limit_of(item: CatalogueItem) -> TimeLimit | None:
    """The rule of an item: its phrase, with the office's own answers before it; None if nobody knows it yet."""
    return limits.answered(
        limits.read_time_limit(item.time_limit),
        period=item.period,
        due_within=None if item.within is None else Span(item.within, "working"),
        post_for=None if item.post_for is None else Span(item.post_for, "calendar"),
    )


_OFTEN = {
    "standing": N_("always posted"),
    "month": N_("every month"),
    "quarter": N_("every quarter"),
    "half_year": N_("every half-year"),
    "year": N_("every year"),
    "event": N_("whenever it happens"),
}
_STAGES = {"before": N_("before"), "during": N_("during"), "after": N_("after")}


def in_words(limit: TimeLimit) -> str:
    """A rule as people say it, so that they can see whether the phrase was understood."""
    parts = [_(_OFTEN[limit.period])]
    if limit.stages:
        parts.append("、".join(_(_STAGES[stage]) for stage in limit.stages))
    if limit.due_day:
        day = limit.due_day
        parts.append(
            _("by day %(day)s of month %(month)s of the next period", day=day.day, month=day.month)
            if day.in_next
            else _("by day %(day)s of month %(month)s of the period", day=day.day, month=day.month)
        )
    if limit.due_within:
        parts.append(_("within %(span)s", span=span_in_words(limit.due_within)))
    if limit.on_change:
        parts.append(_("again after each change"))
    if limit.post_for:
        parts.append(_("hangs for at least %(span)s", span=span_in_words(limit.post_for)))
    return str(_(", ")).join(parts)


def span_in_words(span: Span) -> str:
    return f"{span.days} {UNITS[span.unit]}"


def post_for(item: CatalogueItem | None, settings: DisclosureSetting) -> Span:
    """How long a notice about ``item`` hangs at least."""
    limit = limit_of(item) if item is not None else None
    return (limit.post_for if limit else None) or Span(settings.post_for, "calendar")


@checks(CatalogueItem)
def _check_item(data: Data, record: Any) -> Iterable[Violation]:
    # The database's own constraint does not see that two matters without a main matter are the same.
    same = CatalogueItem.first_level.is_(None), CatalogueItem.name == data["name"]
    if not data["first_level"] and count_of(CatalogueItem, *same, CatalogueItem.id != getattr(record, "id", -1)):
        yield Violation("name", N_("There already is a record with the same %(field)s."), {"field": _("Matter")})


@checks(DisclosureSetting)
def _check_setting(data: Data, record: Any) -> Iterable[Violation]:
    community_id = getattr(record, "community_id", None) or scope.current().community_id
    rights = current_app.extensions["rights"]
    accounts = db.session.scalars(select(Account).where(Account.community_id == community_id, Account.active)).all()
    people = sum(Right.DRAFT in rights(account.role, "notice") for account in accounts)
    yield from rules.check_procedure(data["procedure"], people)


@checks(Occasion)
def _check_occasion(data: Data, _record: Any) -> Iterable[Violation]:
    yield from ends_after_start(data, "on", "ends_on")


# --- what is due ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One duty of an item, how it stands, and the notice that answers it, if any."""

    item: CatalogueItem
    duty: Duty
    standing: Standing
    notice_id: int | None
    posted_on: date | None
    state: State | None

    @property
    def words(self) -> str:
        """How it stands, as people say it."""
        days, status = self.standing.days, self.standing.status
        if status in (Status.DUE, Status.PREPARING, Status.MISSED):
            if status is Status.MISSED:
                told = _("%(days)s days overdue", days=days)
            else:
                told = _("due in %(days)s days", days=days) if days else _("due today")
            return f"{told} · {STATES[self.state]}" if self.standing.in_preparation and self.state else str(told)
        if status is Status.LATE:
            return str(_("posted %(days)s days late", days=days))
        return str(limits.STATUSES[status])


@dataclass(frozen=True)
class Matter:
    """An item with its duties, the latest last; ``limit`` is None where the time limit is not understood."""

    item: CatalogueItem
    limit: TimeLimit | None
    entries: tuple[Entry, ...]

    @property
    def unread(self) -> str:
        """The part of the time limit nobody has explained yet."""
        return "" if self.limit else limits.unread(self.item.time_limit) or self.item.time_limit


def matters(today: date, *where: Any) -> list[Matter]:
    """Every item in scope with all its duties up to ``today``; four queries, however many items there are."""
    in_order = CatalogueItem.community_id, CatalogueItem.position, CatalogueItem.id
    items = db.session.scalars(select(CatalogueItem).where(*where).order_by(*in_order)).all()
    events, answers, settings, days = _events(), _answers(), _all_settings(), calendar()
    return [
        _matter(item, events[item.id], answers, settings.get(item.community_id, _DEFAULTS), days, today)
        for item in items
    ]


_DEFAULTS = Defaults()


def community_names() -> dict[int, str]:
    """What the communities in scope are called."""
    return {community.id: community.name for community in db.session.scalars(select(Community))}


def _all_settings() -> dict[int, Defaults]:
    return {
        kept.community_id: Defaults(Span(kept.promptly, "working"), Span(kept.post_for, "calendar"))
        for kept in db.session.scalars(select(DisclosureSetting))
    }


def _events() -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    for key, item_id, on, ends_on, subject in db.session.execute(
        select(Occasion.id, Occasion.item_id, Occasion.on, Occasion.ends_on, Occasion.subject).order_by(Occasion.id)
    ):
        found[item_id].append(Event(key, on, ends_on, subject))
    return found


@dataclass(frozen=True)
class _Answered:
    notice_id: int
    answer: Answer
    state: State

    @property
    def hangs(self) -> bool:
        return self.state is State.POSTED


def _answers() -> dict[tuple[int, str], _Answered]:
    """The best notice for each duty: one that was posted before one in preparation, an earlier before a later."""
    first_up = select(func.min(Posting.posted_on)).where(Posting.notice_id == Notice.id).scalar_subquery()
    found: dict[tuple[int, str], _Answered] = {}
    for key, item_id, duty, state, posted_on in db.session.execute(
        select(Notice.id, Notice.item_id, Notice.duty, Notice.state, first_up)
        .where(Notice.item_id.is_not(None), Notice.duty.is_not(None), Notice.state != State.VOID)
        .order_by(Notice.id)
    ):
        known = found.get((item_id, duty))
        if known is None or (posted_on and not known.answer.posted_on) or (state == State.POSTED and not known.hangs):
            first = known.answer.posted_on if known and known.answer.posted_on else posted_on
            found[item_id, duty] = _Answered(key, Answer(posted_on=first, in_preparation=first is None), State(state))
    return found


def _matter(
    item: CatalogueItem,
    events: Sequence[Event],
    answers: dict[tuple[int, str], _Answered],
    defaults: Defaults,
    days: Calendar,
    today: date,
) -> Matter:
    limit = limit_of(item)
    if limit is None:
        return Matter(item, None, ())
    entries = []
    for duty in limits.duties(limit, item.since, today, events, days, defaults):
        known = answers.get((item.id, duty.key))
        if known and duty.is_lasting and known.answer.posted_on and not known.hangs:
            known = None  # what always has to hang is not answered by what was taken down
        standing = limits.status(duty, known.answer if known else None, today)
        notice = (known.notice_id, known.answer.posted_on, known.state) if known else (None, None, None)
        entries.append(Entry(item, duty, standing, *notice))
    return Matter(item, limit, tuple(entries))


def open_entries(found: Iterable[Matter]) -> list[Entry]:
    """What still has to be posted, the most pressing first."""
    waiting = {Status.MISSED, Status.DUE, Status.PREPARING}
    entries = [entry for matter in found for entry in matter.entries if entry.standing.status in waiting]
    return sorted(entries, key=lambda entry: (entry.duty.due_on, entry.item.position, entry.item.id))


def tasks(today: date) -> Iterator[Task]:
    """Duties that were missed, and those that fall due soon."""
    found = matters(today)
    waiting, warn = open_entries(found), settings_of(scope.current().community_id or 0).warn
    missed = sum(entry.standing.status is Status.MISSED for entry in waiting)
    soon = sum(
        entry.standing.status is not Status.MISSED and entry.duty.due_on <= today + timedelta(days=warn)
        for entry in waiting
    )
    unread = sum(matter.limit is None for matter in found)
    page = "catalogue_item", "catalogue_item.progress", dict[str, Any]()
    yield Task(_("Disclosures overdue"), missed, *page, urgent=True)
    yield Task(_("Disclosures due within %(days)s days", days=warn), soon, *page)
    yield Task(_("Time limits to be explained"), unread, *page)


def choose_source(key: int, source: str, columns: dict[str, str], version: int | None) -> None:
    """Say from which source notices about an item are made, and which of its columns may stand in them.

    Raises :class:`Conflict` if the item is not ``version`` any more.
    """
    with transaction():
        item = db.session.scalar(select(CatalogueItem).where(CatalogueItem.id == key, CatalogueItem.version == version))
        if item is None:
            raise Conflict
        item.asked = item.asked if item.source == source else {}
        item.source, item.columns = source, columns
        audit.act(item, "columns")
