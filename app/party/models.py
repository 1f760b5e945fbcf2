"""Party organisations, members, and the service posts of members without office (无职党员设岗定责)."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, String, Text, UniqueConstraint, and_, case, func, select
from sqlalchemy.orm import Mapped, aliased, relationship

from app.community.models import Person
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import Access, Label, borrowed, derived, field, link
from app.kernel.tree import Tree
from app.kernel.values import N_, at_least, read_integer
from app.party.rules import quarter_of, quarters, read_quarter

BRANCH, GROUP = "3", "4"
"""The kinds 党支部 and 党小组 in the code list of party organisations."""


class PartyOrganization(Tree, Scoped):
    """党委, 党总支, 党支部 or 党小组."""

    __tablename__ = "party_organization"
    __label__ = _l("Party organisation")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Name"), String(60), in_list=True, search=True, notice=True, headings=("党组织名称", "组织名称", "支部名称")
    )
    kind: Mapped[str] = field(_l("Kind"), code="party_organization_kind", in_list=True, filter=True, notice=True)
    parent_id: Mapped[int | None] = link(
        _l("Belongs to"), "party_organization.id", in_list=True, notice=True, headings=("上级党组织", "上级组织")
    )
    secretary_id: Mapped[int | None] = link(
        _l("Secretary"), "person.id", in_list=True, notice=True, headings=("支部书记", "负责人")
    )
    elected_on: Mapped[date | None] = field(
        _l("Elected on"),
        in_list=True,
        notice=True,
        help=_l("Community branches are elected for five years."),
        headings=("换届时间", "换届日期"),
    )

    parent: Mapped[PartyOrganization | None] = relationship(remote_side="PartyOrganization.id")
    secretary: Mapped[Person | None] = relationship()


class PartyMember(Record, Scoped):
    """The hat of a party member on a person."""

    __tablename__ = "party_member"
    __label__ = _l("Party member")
    __title__ = "person_id"
    __order__ = "person_id"
    __table_args__ = (UniqueConstraint("community_id", "person_id"),)

    person_id: Mapped[int] = link(
        _l("Full name"), "person.id", in_list=True, search=True, notice=True, headings=("名字", "党员姓名")
    )
    sex = borrowed("person_id", "sex", in_list=True)
    branch_id: Mapped[int] = link(
        _l("Party branch"),
        "party_organization.id",
        only={"kind": BRANCH},
        in_list=True,
        filter=True,
        notice=True,
        hint=True,
        headings=("党支部", "支部", "所在支部", "所在党支部", "所属支部"),
    )
    group_id: Mapped[int | None] = link(
        _l("Party group"),
        "party_organization.id",
        only={"kind": GROUP},
        in_list=True,
        filter=True,
        notice=True,
        headings=("党小组", "小组", "所在党小组", "所属小组"),
    )
    joined_on: Mapped[date | None] = field(_l("Joined the party on"), in_list=True, headings=("入党日期", "入党年月"))
    full_member_on: Mapped[date | None] = field(
        _l("Full member since"), help=_l("Blank while on probation."), headings=("转正日期", "转为正式党员时间")
    )
    phone = borrowed("person_id", "phone", in_list=True)
    schooling = borrowed("person_id", "schooling")
    is_retired: Mapped[bool] = field(_l("Retired"), default=False, filter=True, headings=("是否退休",))
    is_in_hardship: Mapped[bool] = field(
        _l("In hardship"), default=False, access=Access.PRIVATE, headings=("困难党员", "是否困难", "是否生活困难")
    )

    person: Mapped[Person] = relationship()
    branch: Mapped[PartyOrganization] = relationship(foreign_keys=[branch_id])
    group: Mapped[PartyOrganization | None] = relationship(foreign_keys=[group_id])


def holds() -> tuple[ColumnElement[bool], ...]:
    """What is true of an assignment while the member holds the post."""
    return PostAssignment.appointed_on.is_not(None), PostAssignment.ended_on.is_(None)


def _holding(post: type[ServicePost]) -> ColumnElement[bool]:
    return and_(PostAssignment.post_id == post.id, *holds())


def _held(post: type[ServicePost]) -> ColumnElement[int]:
    return select(func.count(PostAssignment.id)).where(_holding(post)).correlate(post).scalar_subquery()


def _holders(post: type[ServicePost]) -> ColumnElement[str]:
    """Their names in the order of their appointment: a posted list is compared with it, letter by letter."""
    person = aliased(Person)
    named = (
        select(person.name)
        .select_from(PostAssignment)
        .join(PartyMember, PartyMember.id == PostAssignment.member_id)
        .join(person, person.id == PartyMember.person_id)
        .where(_holding(post))
        .order_by(PostAssignment.appointed_on, PostAssignment.id)
        .correlate(post)
        .subquery()
    )
    return select(func.aggregate_strings(named.c.name, "、")).scalar_subquery()


class ServicePost(Record, Scoped):
    """A post for members without office, with its duties and number of places."""

    __tablename__ = "service_post"
    __label__ = _l("Service post")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "branch_id", "name"),)

    name: Mapped[str] = field(_l("Post"), String(40), headings=("岗位",), in_list=True, search=True, notice=True)
    branch_id: Mapped[int] = link(
        _l("Party branch"), "party_organization.id", in_list=True, filter=True, headings=("党支部", "支部", "所属支部")
    )
    duties: Mapped[str] = field(_l("Duties"), Text, in_list=True, search=True, notice=True, headings=("职责",))
    places: Mapped[int] = field(
        _l("Places"),
        Integer,
        read=at_least(1, read_integer),
        in_list=True,
        default=1,
        notice=True,
        headings=("名额", "岗位数"),
    )
    holders = derived(_l("Held by"), _holders, in_list=True, notice=True)
    vacant = derived(
        _l("Vacant"), lambda post: post.places - _held(post), "integer", in_list=True, notice=True, hint=True
    )

    branch: Mapped[PartyOrganization] = relationship()


STEPS = {
    "applied": _l("Applied"),
    "recommended": _l("Recommended"),
    "appointed": _l("Appointed"),
    "ended": _l("Ended"),
}


def _step(assignment: type[PostAssignment]) -> ColumnElement[str]:
    return case(
        (assignment.ended_on.is_not(None), "ended"),
        (assignment.appointed_on.is_not(None), "appointed"),
        (assignment.recommended_on.is_not(None), "recommended"),
        else_="applied",
    )


class PostAssignment(Record, Scoped):
    """A member's way to a post in three steps: 申报 (applied), 荐岗 (recommended), 定岗 (appointed)."""

    __tablename__ = "post_assignment"
    __label__ = _l("Post assignment")
    __title__ = "member_id"
    __table_args__ = (UniqueConstraint("post_id", "member_id", "applied_on"),)

    post_id: Mapped[int] = link(
        _l("Post"),
        "service_post.id",
        in_list=True,
        filter=True,
        search=True,
        notice=True,
        headings=("岗位", "认领岗位"),
    )
    member_id: Mapped[int] = link(
        _l("Member"), "party_member.id", in_list=True, search=True, notice=True, headings=("姓名", "党员姓名")
    )
    step = derived(_l("Step"), _step, "choice", options=lambda: STEPS, in_list=True, filter=True, notice=True)
    applied_on: Mapped[date] = field(
        _l("Applied on"), in_list=True, help=_l("申报选岗: the member chooses a post."), default=today
    )
    recommended_on: Mapped[date | None] = field(
        _l("Recommended on"), in_list=True, help=_l("群众荐岗: residents recommend the member.")
    )
    recommended_by: Mapped[str | None] = field(_l("Recommended by"), String(60))
    appointed_on: Mapped[date | None] = field(
        _l("Appointed on"), in_list=True, notice=True, help=_l("支部定岗: the branch appoints the member.")
    )
    appointed_by: Mapped[str | None] = field(_l("Appointed by"), String(60))
    ended_on: Mapped[date | None] = field(_l("Ended on"), help=_l("Blank while the post is held."))

    post: Mapped[ServicePost] = relationship()
    member: Mapped[PartyMember] = relationship()


_QUARTERS = {
    1: N_("First quarter of %(year)s"),
    2: N_("Second quarter of %(year)s"),
    3: N_("Third quarter of %(year)s"),
    4: N_("Fourth quarter of %(year)s"),
}


def _periods() -> dict[str, Label]:
    return {f"{year}Q{number}": _l(_QUARTERS[number], year=year) for year, number in quarters(today())}


class Pledge(Record, Scoped):
    """What a member promises the residents for a quarter (公开承诺), did (践诺), and what was said of it (领导点评)."""

    __tablename__ = "pledge"
    __label__ = _l("Public pledge")
    __title__ = "member_id"
    __newest_first__ = True
    __table_args__ = (UniqueConstraint("community_id", "member_id", "period"),)

    member_id: Mapped[int] = link(
        _l("Member"), "party_member.id", in_list=True, search=True, notice=True, headings=("姓名", "党员姓名")
    )
    period: Mapped[str] = field(
        _l("Quarter"),
        String(6),
        options=_periods,
        read=read_quarter,
        in_list=True,
        filter=True,
        notice=True,
        default=lambda: quarter_of(today()),
    )
    pledge: Mapped[str] = field(_l("Pledge"), Text, headings=("承诺",), in_list=True, search=True, notice=True)
    done: Mapped[str | None] = field(_l("What was done"), Text, headings=("践诺",), search=True, notice=True)
    review: Mapped[str | None] = field(
        _l("Leader's review"),
        Text,
        headings=("点评",),
        notice=True,
        help=_l("领导点评: the secretary reviews what was done."),
    )
    reviewed_on: Mapped[date | None] = field(_l("Date of the review"), in_list=True)

    member: Mapped[PartyMember] = relationship()
