"""Volunteers and their teams."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, relationship

from app.community.models import Person
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import borrowed, derived, field, link


def _members(team: type[VolunteerTeam]) -> ColumnElement[int]:
    return select(func.count(Volunteer.id)).where(Volunteer.team_id == team.id).correlate(team).scalar_subquery()


class VolunteerTeam(Record, Scoped):
    """A volunteer service team (志愿者服务队)."""

    __tablename__ = "volunteer_team"
    __label__ = _l("Volunteer team")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Team name"),
        String(60),
        in_list=True,
        search=True,
        notice=True,
        headings=("服务队", "服务队名称", "志愿服务队", "志愿服务队名称", "团队名称"),
    )
    kind: Mapped[str] = field(
        _l("Kind"), code="volunteer_team_kind", in_list=True, filter=True, notice=True, headings=("类型", "队伍类别")
    )
    service: Mapped[str | None] = field(
        _l("What it does"), String(200), in_list=True, search=True, notice=True, headings=("服务项目",)
    )
    leader_id: Mapped[int | None] = link(
        _l("Team leader"), "person.id", in_list=True, notice=True, headings=("负责人", "领队", "队长姓名", "负责人姓名")
    )
    leader_phone = borrowed("leader_id", "phone", label=_l("Leader's phone"), in_list=True)
    founded_on: Mapped[date | None] = field(_l("Founded on"), notice=True, headings=("成立时间", "组建时间"))
    members = derived(_l("Members"), _members, "integer", in_list=True, notice=True)

    leader: Mapped[Person | None] = relationship()


class Volunteer(Record, Scoped):
    """The hat of a volunteer on a person."""

    __tablename__ = "volunteer"
    __label__ = _l("Volunteer")
    __title__ = "person_id"
    __table_args__ = (UniqueConstraint("community_id", "person_id"),)

    person_id: Mapped[int] = link(
        _l("Full name"), "person.id", in_list=True, search=True, notice=True, headings=("名字", "志愿者姓名")
    )
    sex = borrowed("person_id", "sex", in_list=True)
    phone = borrowed("person_id", "phone", in_list=True)
    team_id: Mapped[int | None] = link(
        _l("Team"),
        "volunteer_team.id",
        in_list=True,
        filter=True,
        search=True,
        notice=True,
        headings=("服务队", "所属队伍", "所在服务队", "所属服务队", "志愿服务队", "队伍", "队伍名称"),
    )
    skill: Mapped[str | None] = field(
        _l("Skill"), code="skill", in_list=True, filter=True, notice=True, headings=("专长", "技能", "服务特长")
    )
    registered_on: Mapped[date] = field(
        _l("Registered on"), in_list=True, default=today, headings=("登记时间", "注册日期", "注册时间")
    )
    stars: Mapped[str | None] = field(
        _l("Star grade"), code="volunteer_stars", filter=True, notice=True, headings=("星级",)
    )

    person: Mapped[Person] = relationship()
    team: Mapped[VolunteerTeam | None] = relationship()
