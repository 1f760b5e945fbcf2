"""What a branch does with its members and posts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.community.models import Community
from app.kernel import records
from app.kernel.capability import Figure, Task
from app.kernel.db import count_of, db, today
from app.kernel.records import Data, checks
from app.kernel.values import N_, Violation
from app.party import rules
from app.party.models import GROUP, PartyMember, PartyOrganization, Pledge, PostAssignment, ServicePost, holds


@checks(PostAssignment)
def _check_assignment(data: Data, record: Any) -> Iterable[Violation]:
    post = db.session.get(ServicePost, data["post_id"], with_for_update=True)
    taken = count_of(
        PostAssignment,
        PostAssignment.post_id == data["post_id"],
        *holds(),
        PostAssignment.id != getattr(record, "id", -1),
    )
    same = PostAssignment.post_id == data["post_id"], PostAssignment.member_id == data["member_id"]
    if not data["ended_on"] and count_of(
        PostAssignment, *same, PostAssignment.ended_on.is_(None), PostAssignment.id != getattr(record, "id", -1)
    ):
        yield Violation("member_id", N_("The same member already is on the way to this post, or holds it."))
    assignment = rules.Assignment(**{name: data[name] for name in rules.Assignment.__dataclass_fields__})
    yield from rules.check_assignment(assignment, post.places if post else 0, taken, today())


@checks(ServicePost)
def _check_post(data: Data, record: Any) -> Iterable[Violation]:
    if record is None:
        return
    db.session.get(ServicePost, record.id, with_for_update=True)
    held = count_of(PostAssignment, PostAssignment.post_id == record.id, *holds())
    if data["places"] < held:
        yield Violation("places", N_("%(held)s members hold this post now."), {"held": held})


@checks(PartyMember)
def _check_member(data: Data, _record: Any) -> Iterable[Violation]:
    yield from rules.check_membership(data["joined_on"], data["full_member_on"], today())
    branch = db.session.get(PartyOrganization, data["branch_id"])
    group = db.session.get(PartyOrganization, data["group_id"]) if data["group_id"] else None
    if group and branch and not group.path.startswith(branch.path):
        yield Violation("group_id", N_("This group belongs to another branch."))


@checks(Pledge, alone=True)
def _check_pledge(data: Data, _record: Any) -> Iterable[Violation]:
    return rules.check_pledge(data, today())


@checks(PartyOrganization)
def _check_organization(data: Data, record: Any) -> Iterable[Violation]:
    parent = db.session.get(PartyOrganization, data["parent_id"]) if data["parent_id"] else None
    if record is not None and parent is not None and parent.path.startswith(record.path):
        yield Violation("parent_id", N_("An organisation cannot belong to itself or to one below it."))
    if record is not None and data["kind"] != record.kind and records.uses_of(record):
        yield Violation("kind", N_("The kind cannot change while members or posts belong to it."))
    if data["kind"] == GROUP and parent is None:
        yield Violation("parent_id", N_("A party group belongs to a branch."))


def figures() -> Iterable[Figure]:
    """Members, posts and how many of their places are held."""
    yield Figure(_l("Party members"), count_of(PartyMember), "party_member")
    yield Figure(_l("Service posts"), count_of(ServicePost), "service_post")
    yield Figure(_l("Posts held"), count_of(PostAssignment, *holds()), "post_assignment", {"step": "appointed"})


def tasks(_today: date) -> Iterable[Task]:
    """Vacant places, and assignments that wait for their next step."""
    places = db.session.scalar(select(func.coalesce(func.sum(ServicePost.places), 0))) or 0
    vacant = places - count_of(PostAssignment, *holds())
    yield Task(
        _("Service posts with vacant places"),
        vacant,
        "service_post",
        "service_post.list",
        {"order": "vacant", "desc": 1},
    )
    waiting = PostAssignment.appointed_on.is_(None), PostAssignment.ended_on.is_(None)
    applied = count_of(PostAssignment, *waiting, PostAssignment.recommended_on.is_(None))
    recommended = count_of(PostAssignment, *waiting, PostAssignment.recommended_on.is_not(None))
    yield Task(
        _("Applications waiting for a recommendation"),
        applied,
        "post_assignment",
        "post_assignment.list",
        {"step": "applied"},
    )
    yield Task(
        _("Recommended members waiting for appointment"),
        recommended,
        "post_assignment",
        "post_assignment.list",
        {"step": "recommended"},
    )


def party_body(community: Community) -> str:
    """Who signs for the party in a community: its topmost organisation."""
    top = db.session.scalar(
        select(PartyOrganization.name)
        .where(PartyOrganization.community_id == community.id)
        .order_by(PartyOrganization.path)
    )
    return top or f"中共{community.name}支部委员会"
