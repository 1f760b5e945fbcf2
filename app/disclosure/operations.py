"""Drafting, checking and issuing notices. One operation, one commit, told in the trail."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from werkzeug.exceptions import HTTPException

from app.catalogue.limits import Duty, told_of
from app.catalogue.models import CatalogueItem
from app.catalogue.operations import post_for, settings_of
from app.community.models import Community, Person
from app.disclosure import lifecycle, privacy, rules, sources
from app.disclosure.lifecycle import UNISSUED, People, State, Step
from app.disclosure.models import Notice, NoticeStep
from app.disclosure.sources import Source, Term
from app.kernel import audit, once
from app.kernel.capability import Figure, Task
from app.kernel.db import Conflict, count_of, db, transaction
from app.kernel.scope import Scope, working_in
from app.kernel.values import N_, Violation
from app.printing import LIMITS, Phrase, Poster, PrintRefused, Snapshot, texts

MAX_ROWS = LIMITS["rows"] + 1
"""One more than can be printed: a longer roster is refused, not cut without a word."""

Issuer = Callable[[Community], str]

_issuers: dict[str, Issuer] = {}

AFTER_ISSUE: list[Callable[[Notice], None]] = []
"""What else happens, in the same transaction, when a notice has been issued."""


class Refused(Exception):
    """A step was not taken; ``violations`` say why, ``doubts`` what has to be confirmed first."""

    def __init__(self, violations: Iterable[Violation], doubts: Iterable[Violation] = ()) -> None:
        super().__init__()
        self.violations = tuple(violations)
        self.doubts = tuple(doubts)


def _committee(community: Community) -> str:
    return f"{community.name}居民委员会"


def issued_by(issuer: Issuer, *names: str) -> None:
    """Say who by default signs the notices made from these sources, or about matters of these categories.

    The residents' committee signs the others.
    """
    _issuers.update(dict.fromkeys(names, issuer))


def default_issuer(source: str, community: Community, category: str | None = None) -> str:
    issuer = _issuers.get(source) or _issuers.get(category or "") or _committee
    return issuer(community)


def told(violation: Violation) -> str:
    """A violation in the reader's language; places on the sheet are translated with it."""
    params = {name: value.told(_) if isinstance(value, Phrase) else value for name, value in violation.params.items()}
    return str(_(violation.message, **params))


# --- the words ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """What a notice is made of: what its source is asked, the wording, and the boards it is meant for."""

    asked: Mapping[str, str]
    wording: rules.Wording
    boards: tuple[int, ...] = ()

    @classmethod
    def of(cls, notice: Notice) -> Recipe | None:
        """The recipe of a kept notice, or None if it was made without one."""
        if "wording" not in notice.recipe:
            return None
        wording = notice.recipe["wording"]
        return cls(
            notice.recipe.get("question", {}),
            rules.Wording(**{**wording, "columns": tuple(wording["columns"])}),
            tuple(notice.recipe.get("boards", ())),
        )

    def stored(self) -> dict[str, Any]:
        return {"question": dict(self.asked), "wording": asdict(self.wording), "boards": list(self.boards)}


def offered(source: Source, item: CatalogueItem | None) -> list[rules.PrintColumn]:
    """The columns of ``source`` that may stand in a notice about ``item``, under their masks."""
    allow_list = item.columns if item is not None and item.source == source.name else {}
    return rules.allowed(source.columns, allow_list)


def compose(source: Source, recipe: Recipe, item: CatalogueItem | None = None) -> Snapshot:
    """A draft sheet from what the records say now.

    Raises :class:`rules.NotAllowed`, :class:`rules.Uneven`, ``PrintRefused``, and ``BadRequest`` where the source does
    not understand what it is asked.
    """
    columns = offered(source, item)
    rows = source.rows(recipe.asked, recipe.wording.columns, MAX_ROWS) if recipe.wording.columns else []
    sheet = rules.compose(recipe.wording, columns, rows)
    note = source.note(recipe.asked, recipe.wording.columns)
    if recipe.wording.columns and not rows:
        note = "本期没有相关记录。" if source.told(recipe.asked) else "目前没有相关记录。"
    return replace(sheet, notes=(note, *sheet.notes)) if note else sheet


_FIELDS = {"paragraph": "opening", "note": "closing", "cell": "columns", "heading": "columns", "caption": "columns"}


def findings(sheet: Snapshot | Poster, source: str = "") -> tuple[list[Violation], list[Violation]]:
    """What may not be posted, and what may be only when somebody has confirmed it.

    In a text written by hand (by ``source``) that may be the mobile number of a repairman, but of nobody on file.
    """
    certain: list[Violation] = []
    doubtful: list[Violation] = []

    def may_be_public(place: Any, mobile: str) -> bool:
        is_written = source == sources.TEXT and place.kind in {"paragraph", "note"}
        return is_written and not count_of(Person, Person.phone == mobile)

    for finding in privacy.check(texts(sheet) if isinstance(sheet, Snapshot) else sheet.texts(), may_be_public):
        field = _FIELDS.get(finding.place.kind, finding.place.kind)
        params = {"found": finding.found, "place": finding.place.phrase()}
        (certain if finding.certain else doubtful).append(Violation(field, finding.message, params))
    return certain, doubtful


def first_question(item: CatalogueItem, duty: Duty) -> dict[str, str]:
    """What the source of ``item`` is asked first for a notice that answers ``duty``.

    That is what it was asked the last time, over the days that are told of now; where ``duty`` names no period, figures
    are about the year so far and a register tells all it has.
    """
    source = sources.find(item.source)
    if source is None or duty.is_lasting or duty.is_occasional:
        return dict(item.asked)
    return {**item.asked, **source.over(Term(*told_of(duty)))}


def first_wording(
    source: Source, asked: Mapping[str, str], community: Community, item: CatalogueItem | None, duty: Duty | None
) -> rules.Wording:
    """The words a notice begins with, for people to change."""
    label = duty.label if duty is not None and not duty.is_lasting else ""
    period, occasion = ("", label) if duty is not None and duty.is_occasional else (label, "")
    if (told := source.told(asked)) is not None:
        period = rules.term_in_words(*told)
    wording = rules.first_wording(
        community.name,
        item.name if item is not None else "" if source.name == sources.TEXT else sources.chinese(source.label),
        period,
        occasion,
        default_issuer(source.name, community, item.category if item else None),
        community.phone or "",
        [column.name for column in offered(source, item)],
    )
    last = _last_recipe(source, item)
    return rules.as_the_last(wording, last.wording) if last else wording


def was_made_before(source: Source, item: CatalogueItem | None) -> bool:
    """Has a notice about ``item`` been made from ``source`` before, so that people have decided how it looks?"""
    return _last_recipe(source, item) is not None


def _last_recipe(source: Source, item: CatalogueItem | None) -> Recipe | None:
    """How the last notice about the same matter was made."""
    if item is None:
        return None
    same = select(Notice).where(Notice.item_id == item.id, Notice.source == source.name)
    last = db.session.scalar(same.order_by(Notice.id.desc()).limit(1))
    return Recipe.of(last) if last is not None else None


def rows_in_words(notice: Notice) -> str:
    """Which rows of its source a kept notice is made of; nothing where that is not known."""
    recipe, source = Recipe.of(notice), sources.find(notice.source)
    try:
        return source.in_words(recipe.asked) if recipe is not None and source is not None else ""
    except HTTPException:  # the list is no longer filtered like this
        return ""


# --- the draft ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    """What a notice is about: the catalogue item, the duty it answers and how that is called, the notice corrected."""

    item_id: int | None = None
    duty: str | None = None
    period: str | None = None
    corrects_id: int | None = None


def draft(
    source: str,
    community_id: int,
    sheet: Snapshot,
    recipe: Recipe,
    by: str,
    about: About,
    pages: int = 1,
    key: int = 0,
    version: int | None = None,
) -> Notice:
    """Keep a composed sheet as a draft: a new one, or (``key``) in place of what was kept before.

    Who wrote it last is its drafter, who may have to leave the next steps to somebody else.
    Raises :class:`Conflict` if that draft was submitted, issued or deleted meanwhile, or is not ``version``.
    """
    with transaction():
        notice = _found(key, version, (State.DRAFT,)) if key else Notice(community_id=community_id, source=source)
        notice.drafted_by, notice.recipe = by, recipe.stored()
        _write(notice, sheet, pages)
        notice.item_id, notice.duty, notice.period = about.item_id, about.duty, about.period
        notice.corrects_id = about.corrects_id
        db.session.add(notice)
        if not key:
            db.session.flush()
            once.keep(Notice.__tablename__, notice.id)
        item = db.session.get(CatalogueItem, about.item_id) if about.item_id else None
        if item is not None and item.source == source and (made_from := sources.find(source)) is not None:
            item.asked = {name: given for name, given in recipe.asked.items() if name not in made_from.ends}
    return notice


def _write(notice: Notice, sheet: Snapshot, pages: int) -> None:
    notice.title, notice.issuer, notice.pages = sheet.title, sheet.issuer, pages
    notice.snapshot, notice.text = sheet.to_json(), rules.plain_text(sheet)


def renew(key: int, version: int | None) -> Notice:
    """Make a draft again of what the records say now.

    Raises :class:`Conflict`, and :class:`rules.NotAllowed` and ``PrintRefused`` as :func:`compose` does.
    """
    with transaction():
        return _renewed(_found(key, version, (State.DRAFT,)))


def _renewed(notice: Notice) -> Notice:
    if (sheet := _composed_again(notice)) is None:
        raise Conflict
    _write(notice, sheet, notice.pages)
    return notice


def correct(key: int, by: str) -> Notice:
    """A draft in the place of an issued notice: made of the records as they are now, and referring to the old one.

    Columns that may no longer be posted are left out. There is one correction of a notice: one that was begun is taken
    up again with its words, one on its way or issued is returned as it is. Raises as :func:`renew` does.
    """
    with transaction():
        old = _found(key, None, (State.ISSUED, State.POSTED))
        db.session.refresh(old, with_for_update=True)  # who presses the button at the same time waits here
        begun = db.session.scalar(select(Notice).where(Notice.corrects_id == key, Notice.state != State.VOID))
        if begun is not None:
            return _renewed(begun) if begun.state == State.DRAFT else begun
        source, recipe = sources.find(old.source), Recipe.of(old)
        if source is None or recipe is None:
            raise Conflict
        still = {column.name for column in offered(source, old.item)}
        columns = tuple(name for name in recipe.wording.columns if name in still)
        if recipe.wording.columns and not columns:
            raise rules.NotAllowed
        again = replace(recipe, wording=rules.correction(replace(recipe.wording, columns=columns), str(old.number)))
        notice = Notice(community_id=old.community_id, source=old.source, drafted_by=by, corrects_id=key)
        notice.item_id, notice.duty, notice.period, notice.recipe = old.item_id, old.duty, old.period, again.stored()
        _write(notice, compose(source, again, old.item), old.pages)
        db.session.add(notice)
    return notice


def _seen(key: int, version: int | None, states: Iterable[State]) -> Select[tuple[Notice]]:
    statement = select(Notice).where(Notice.id == key, Notice.state.in_(list(states)))
    return statement if version is None else statement.where(Notice.version == version)


def _found(key: int, version: int | None, states: Iterable[State]) -> Notice:
    notice: Notice | None = db.session.scalar(_seen(key, version, states))
    if notice is None:
        raise Conflict
    return notice


# --- the steps ------------------------------------------------------------------------------------------------------


def take(step: Step, key: int, by: str, version: int | None = None, note: str = "") -> Notice:
    """Take one step on the way of a notice, other than approving it and hanging it up.

    Raises :class:`Conflict` if it is not ``version`` any more and :class:`Refused` where the rules stand against it.
    """
    with transaction():
        notice = _found(key, version, State)
        advance(notice, step, by, note)
    return notice


def _permit(notice: Notice, step: Step, by: str, note: str = "") -> None:
    if violations := list(_against(notice, step, by, note)):
        raise Refused(violations)


def advance(notice: Notice, step: Step, by: str, note: str = "") -> None:
    """Check a step and write it down, within a transaction. Raises :class:`Refused`."""
    _permit(notice, step, by, note)
    audit.act(notice, step)
    notice.state = lifecycle.after(step)
    if step is Step.REVIEW:
        notice.reviewed_by = by
    elif step is Step.SEND_BACK:
        notice.reviewed_by = None
    notice.steps.append(NoticeStep(community_id=notice.community_id, step=step, by=by, note=note.strip() or None))


_CHANGED = Violation("", N_("The records behind this draft have changed since. Please take them up again."))


def _against(notice: Notice, step: Step, by: str, note: str) -> Iterator[Violation]:
    people = People(notice.drafted_by, notice.reviewed_by or "", by)
    return lifecycle.check(step, notice.state, settings_of(notice.community_id).procedure, people, note)


def returned(notice: Notice) -> NoticeStep | None:
    """The step by which a draft came back to its drafter, if that was the last one taken."""
    last = notice.steps[-1] if notice.steps else None
    return last if last is not None and last.step == Step.SEND_BACK else None


def barred(notice: Notice, by: str) -> dict[Step, str]:
    """The steps that lead on from here but are not for this person to take, and why, in the reader's language."""
    found = {}
    for step in lifecycle.possible(notice.state):
        for violation in _against(notice, step, by, note="-"):
            found[step] = told(violation)
    return found


def approve(key: int, by: str, on: date, version: int | None = None, confirmed: bool = False) -> Notice:
    """Approve a notice: number, date and seal it. Two people approving at once get two numbers, without a gap.

    ``confirmed`` says that somebody has looked at what is doubtful in it. Raises :class:`Conflict` if the notice was
    issued or deleted meanwhile or is not ``version``, and :class:`Refused` where the rules, its words, or records
    that have changed since it was drafted stand against it.
    """
    with transaction():
        return _approve(_found(key, version, UNISSUED), by, on, confirmed)


def _approve(notice: Notice, by: str, on: date, confirmed: bool) -> Notice:
    _permit(notice, Step.APPROVE, by)
    draft = notice.sheet
    certain, doubtful = findings(draft, notice.source)
    if certain or (doubtful and not confirmed):
        raise Refused(certain, doubtful)
    if (current := current_sheet(notice)) is None or rules.difference(draft, current):
        raise Refused([_CHANGED])
    # Who approves another notice of this community meanwhile waits here, and counts on from this one's number.
    community = db.session.get_one(Community, notice.community_id, with_for_update={"key_share": True})
    last = db.session.scalar(
        select(func.max(Notice.sequence)).where(Notice.community_id == community.id, Notice.year == on.year)
    )
    span = None if _is_announcement(notice) else post_for(notice.item, settings_of(community.id))
    with db.session.no_autoflush:  # one change, told once in the trail
        notice.year, notice.sequence = on.year, (last or 0) + 1
        notice.number = rules.number(community.name, notice.year, notice.sequence)
        notice.short_code = rules.short_code(secrets.randbits(40))
        sheet = rules.issue(draft, notice.number, on, notice.short_code, check_address(notice.short_code))
        notice.snapshot, notice.digest = sheet.to_json(), sheet.digest()
        notice.text = rules.plain_text(sheet)
        notice.post_for, notice.post_unit = (span.days, span.unit) if span else (None, None)
        notice.issued_on, notice.issued_by = on, by
        looked_at = "、".join(dict.fromkeys(str(violation.params["found"]) for violation in doubtful))
        advance(notice, Step.APPROVE, by, f"经确认可以公示：{looked_at}"[:200] if looked_at else "")
        notice.reviewed_by = notice.reviewed_by or by
    for hook in AFTER_ISSUE:
        hook(notice)
    return notice


def _is_announcement(notice: Notice) -> bool:
    """Is it plain news, such as water cut off for a day? It comes down when it is over; what the law says of how long
    things hang is about matters of the catalogue and what records say."""
    return notice.item_id is None and notice.source == sources.TEXT


def check_address(code: str) -> str:
    """What the QR code of a sheet says: the page that checks it, or the bare code while the portal's own address is
    not set."""
    address = current_app.config["ADDRESS"]
    return f"{address}/notice/check/{code}" if address else code


# --- truth ----------------------------------------------------------------------------------------------------------


def current_sheet(notice: Notice) -> Snapshot | None:
    """What the notice would say if it were made of the records now; None if that can no longer be made."""
    try:
        return _composed_again(notice)
    except (rules.NotAllowed, PrintRefused, HTTPException):
        return None


def _composed_again(notice: Notice) -> Snapshot | None:
    """The sheet from the records of the notice's own community, whoever looks at it; None if its source is no more."""
    recipe, source = Recipe.of(notice), sources.find(notice.source)
    if recipe is None:
        return notice.sheet
    with working_in(Scope(notice.community_id)):
        return compose(source, recipe, notice.item) if source is not None else None


# --- the home page --------------------------------------------------------------------------------------------------


def figures() -> Iterable[Figure]:
    issued = count_of(Notice, Notice.number.is_not(None))
    yield Figure(_("Notices issued"), issued, "notice")
    hanging = count_of(Notice, Notice.state == State.POSTED)
    yield Figure(_("Notices hanging"), hanging, "notice", {"state": State.POSTED})


def tasks(_today: date) -> Iterable[Task]:
    """What waits to be sent on, reviewed, approved or corrected."""
    came_back = Notice.steps.any(NoticeStep.step == Step.SEND_BACK)
    back = count_of(Notice, Notice.state == State.DRAFT, came_back)
    yield Task(_("Notices sent back to be mended"), back, "notice", "notice.list", {"state": "draft"}, urgent=True)
    for label, state in (
        (_("Drafted notices to be finished"), State.DRAFT),
        (_("Notices to be reviewed"), State.IN_REVIEW),
        (_("Notices to be approved"), State.REVIEWED),
    ):
        yield Task(label, count_of(Notice, Notice.state == state), "notice", "notice.list", {"state": state.value})
