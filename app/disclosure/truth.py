"""Do the notices on the boards still say what the records say?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import HTTPException

from app.catalogue.models import CatalogueItem
from app.disclosure import operations, rules, sources
from app.disclosure.lifecycle import UNISSUED, State
from app.disclosure.models import Notice
from app.disclosure.operations import Recipe
from app.kernel import scope
from app.kernel.audit import AuditEntry
from app.kernel.capability import Task
from app.kernel.codes import Code
from app.kernel.db import db, today
from app.kernel.scope import Scope, working_in

_compared: dict[tuple[int, int, date, str | None], rules.Difference | None] = {}
"""What was found the last time: by notice, newest act in the trail about the tables it was made of, day, and digest."""
_COMPARED_MOST = 5_000


def changes_since(notice: Notice) -> rules.Difference | None:
    """What the records say now that an issued notice does not; None if its source is no more, or it was altered."""
    return _changes(notice, _newest_acts(_reads(notice), notice.community_id))


def outdated() -> list[Notice]:
    """The notices that hang on a board and no longer say what the records say, but for those already corrected."""
    corrected = select(Notice.corrects_id).where(
        Notice.corrects_id.is_not(None), Notice.state.not_in([*UNISSUED, State.VOID])
    )
    posted = db.session.scalars(
        select(Notice)
        .options(joinedload(Notice.item))
        .where(Notice.state == State.POSTED, Notice.source != sources.TEXT, Notice.id.not_in(corrected))
    ).all()
    newest = {}
    for community_id in {notice.community_id for notice in posted}:
        tables = frozenset().union(*(_reads(notice) for notice in posted if notice.community_id == community_id))
        newest[community_id] = _newest_acts(tables, community_id)
    return [notice for notice in posted if (found := _changes(notice, newest[notice.community_id])) is None or found]


def tasks(_today: date) -> Iterable[Task]:
    """The notices to be corrected, for whoever looks after one community and can do it."""
    if not scope.current().path:
        label = _("Posted notices that no longer say what the records say")
        yield Task(label, len(outdated()), "notice", "notice.outdated", {}, urgent=True)


def _changes(notice: Notice, newest: dict[str, int]) -> rules.Difference | None:
    """The comparison, made again only after an act in the trail about a table the notice was made of, or on a new day:
    so no answer is stale, and looking at fifty posted notices costs next to nothing."""
    if notice.is_altered:
        return None
    mark = notice.id, max((newest.get(table, 0) for table in _reads(notice)), default=0), today(), notice.digest
    if mark not in _compared:
        if len(_compared) >= _COMPARED_MOST:
            _compared.clear()
        current = operations.current_sheet(notice)
        _compared[mark] = None if current is None else rules.difference(notice.sheet, current)
    return _compared[mark]


def _reads(notice: Notice) -> frozenset[str]:
    """The tables a notice was made of, that of its item among them: what may be posted is said there."""
    recipe, source = Recipe.of(notice), sources.find(notice.source)
    try:
        read = source.reads(recipe.asked, recipe.wording.columns) if recipe and source else frozenset()
    except HTTPException:
        return frozenset()
    return read | {CatalogueItem.__tablename__} if notice.item_id else read


def _newest_acts(tables: Iterable[str], community_id: int) -> dict[str, int]:
    """The newest entry of the trail about each of the tables: one query, a look-up in an index for each."""
    names = sorted(tables)
    if not names:
        return {}
    newest = [
        select(func.max(AuditEntry.id))
        .where(AuditEntry.register == name, *_told_at(name, community_id))
        .scalar_subquery()
        for name in names
    ]
    with working_in(Scope(everything=True)):
        found = db.session.execute(select(*newest)).one()
    return {name: key or 0 for name, key in zip(names, found, strict=True)}


def _told_at(table: str, community_id: int) -> list[ColumnElement[bool]]:
    """Where the trail tells of a table: in the community, but code lists are common to all of them."""
    return [] if table == Code.__tablename__ else [AuditEntry.community_id == community_id]
