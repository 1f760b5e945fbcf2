"""Cultural teams (文化队伍): 腰鼓队, 秧歌队, 太极拳队 … and who is in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Numeric, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, relationship

from app.community.models import Person
from app.kernel.db import Record, Scoped
from app.kernel.fields import borrowed, derived, field, link
from app.kernel.values import read_amount, read_hours


def _members(team: type[CulturalTeam]) -> ColumnElement[int]:
    return (
        select(func.count(CulturalTeamMember.id))
        .where(CulturalTeamMember.team_id == team.id)
        .correlate(team)
        .scalar_subquery()
    )


class CulturalTeam(Record, Scoped):
    __tablename__ = "cultural_team"
    __label__ = _l("Cultural team")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Team name"), String(60), in_list=True, search=True, notice=True, headings=("队伍", "文化队伍", "团队名称")
    )
    kind: Mapped[str] = field(
        _l("Kind"), code="cultural_team_kind", in_list=True, filter=True, notice=True, headings=("类型", "队伍类别")
    )
    leader_id: Mapped[int | None] = link(
        _l("Team leader"), "person.id", in_list=True, notice=True, headings=("负责人", "领队", "队长姓名", "负责人姓名")
    )
    rehearsal_time: Mapped[str | None] = field(
        _l("Rehearsal time"),
        String(60),
        read=read_hours,
        in_list=True,
        notice=True,
        help=_l("Such as 每天 6:30-7:30、19:00-20:00."),
        headings=("活动时间", "训练时间"),
    )
    rehearsal_place: Mapped[str | None] = field(
        _l("Rehearsal place"), String(60), in_list=True, notice=True, headings=("活动地点", "训练地点")
    )
    founded_on: Mapped[date | None] = field(_l("Founded on"), notice=True, headings=("成立时间", "组建时间"))
    funds_raised: Mapped[Decimal | None] = field(
        _l("Money raised (yuan)"), Numeric(12, 2), read=read_amount, headings=("自筹经费",)
    )
    members = derived(_l("Members"), _members, "integer", in_list=True, notice=True)

    leader: Mapped[Person | None] = relationship()


class CulturalTeamMember(Record, Scoped):
    """A person's place in a cultural team; one person may be in several."""

    __tablename__ = "cultural_team_member"
    __label__ = _l("Cultural team member")
    __title__ = "person_id"
    __table_args__ = (UniqueConstraint("team_id", "person_id"),)

    team_id: Mapped[int] = link(
        _l("Team"),
        "cultural_team.id",
        in_list=True,
        filter=True,
        search=True,
        notice=True,
        headings=("队伍", "所属队伍", "队伍名称", "文化队伍"),
    )
    person_id: Mapped[int] = link(
        _l("Full name"), "person.id", in_list=True, search=True, notice=True, headings=("名字", "队员姓名")
    )
    part: Mapped[str | None] = field(
        _l("Part"), String(30), in_list=True, notice=True, help=_l("Such as 队长 or 鼓手."), headings=("职务", "角色")
    )
    phone = borrowed("person_id", "phone", in_list=True)
    joined_on: Mapped[date | None] = field(_l("In the team since"), in_list=True, headings=("入队时间", "加入时间"))

    team: Mapped[CulturalTeam] = relationship()
    person: Mapped[Person] = relationship()
