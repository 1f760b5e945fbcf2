"""What the office does with people and communities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.community import rules
from app.community.models import BOTTOM_LEVEL, CommitteeMember, Community, Person
from app.kernel.capability import Figure
from app.kernel.db import count_of, db, today
from app.kernel.records import Data, checks, completes
from app.kernel.rules import ends_after_start
from app.kernel.values import N_, Violation


@completes(Person)
def _complete_person(data: Data) -> Data:
    return rules.told_by_identity(data.get("id_number"), data.get("birth_on"), data.get("sex"))


@checks(Person, alone=True)
def _check_person(data: Data, _record: Any) -> Iterable[Violation]:
    yield from rules.check_birth(data["birth_on"], today())
    yield from rules.check_identity(data["id_number"], data["birth_on"], data["sex"])


@checks(Community)
def _check_community(data: Data, record: Any) -> Iterable[Violation]:
    parent = db.session.get(Community, data["parent_id"]) if data["parent_id"] else None
    if parent is None and (count_of(Community) if record is None else record.parent_id):
        yield Violation("parent_id", N_("Please choose what it belongs to."))
    if record is not None and parent is not None and parent.path.startswith(record.path):
        yield Violation("parent_id", N_("A community cannot belong to itself or to one below it."))
        return
    children = Community.parent_id == (record.id if record is not None else -1)
    below = db.session.scalar(select(func.min(Community.level)).where(children))
    if (parent is not None and data["level"] < parent.level) or (below is not None and data["level"] > below):
        yield Violation("level", N_("The level may not lie above what it belongs to, nor below what belongs to it."))


@checks(CommitteeMember, alone=True)
def _check_committee_member(data: Data, _record: Any) -> Iterable[Violation]:
    return ends_after_start(data, "since", "until")


def figures() -> Iterable[Figure]:
    """Households and residents as the communities state them, and the people on file."""
    totals = select(func.coalesce(func.sum(Community.households), 0), func.coalesce(func.sum(Community.residents), 0))
    households, residents = db.session.execute(totals.where(Community.level == BOTTOM_LEVEL)).one()
    yield Figure(_l("Households"), households, "community")
    yield Figure(_l("Population"), residents, "community")
    yield Figure(_l("Residents on file"), count_of(Person), "person")
