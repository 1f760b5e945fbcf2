"""Communities and the people in them. A person is one record; being a member, a volunteer … are hats on it."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, Integer, String, Text, UniqueConstraint, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from app.community.rules import building_key, name_key
from app.kernel.db import InCommunity, Record, Scoped, today
from app.kernel.fields import Access, borrowed, derived, field, link, sealed
from app.kernel.retention import Retention
from app.kernel.tree import Tree
from app.kernel.values import (
    mask_day,
    mask_id_number,
    mask_phone,
    read_count,
    read_id_number,
    read_name,
    read_phone,
)

BOTTOM_LEVEL = "3"
"""The value 社区 in the code list of community levels; districts are 1, sub-districts 2."""

BUILDING_PARTS = {
    "号楼": ("楼号", "楼栋号", "幢号", "栋号"),
    "单元": ("单元", "单元号", "所在单元"),
    "室": (),  # with it, everybody could read where exactly somebody lives: only a person may say so
}


class Community(Tree, InCommunity):
    """A node of the three-level network 区 → 街道 → 社区."""

    __tablename__ = "community"
    __label__ = _l("Community")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    name: Mapped[str] = field(_l("Name"), String(60), in_list=True, search=True, notice=True, index=True)
    level: Mapped[str] = field(_l("Level"), code="community_level", in_list=True, filter=True, index=True, notice=True)
    parent_id: Mapped[int | None] = link(_l("Belongs to"), "community.id", in_list=True)
    division_code: Mapped[str | None] = field(
        _l("Division code"), String(12), help=_l("Six to twelve digits, GB/T 2260 and its extension.")
    )
    address: Mapped[str | None] = field(_l("Office address"), String(120), notice=True)
    phone: Mapped[str | None] = field(_l("Office phone"), String(20), in_list=True, read=read_phone, notice=True)
    households: Mapped[int | None] = field(_l("Households"), Integer, in_list=True, read=read_count, notice=True)
    residents: Mapped[int | None] = field(_l("Population"), Integer, in_list=True, read=read_count, notice=True)

    community_id = synonym("id")
    parent: Mapped[Community | None] = relationship(remote_side="Community.id")


class Person(Record, Scoped):
    """A resident on file, once."""

    __tablename__ = "person"
    __same__ = (("id_number",), ("name", "birth_on"), ("name", "phone"))
    __label__ = _l("Resident")
    __title__ = "name"
    __order__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "id_number_index"), Index(None, "community_id", "name_key"))

    name: Mapped[str] = field(
        _l("Full name"),
        String(50),
        read=read_name,
        headings=("名字", "居民姓名", "人员姓名"),
        in_list=True,
        search=True,
        notice=True,
        sort="name_key",
        sort_key=name_key,
    )
    name_key: Mapped[str] = mapped_column(String(200), default="", index=True)
    sex: Mapped[str | None] = field(_l("Sex"), code="sex", in_list=True, filter=True, headings=("男女",))
    birth_on: Mapped[date | None] = field(
        _l("Birth date"),
        in_list=True,
        access=Access.PRIVATE,
        mask=mask_day,
        hint=True,
        headings=("出生年月", "出生年月日", "出生时间", "生日"),
    )
    id_number = sealed(
        _l("ID number"),
        unique=True,
        read=read_id_number,
        headings=("公民身份号码", "身份证", "身份证号码", "公民身份证号码", "证件号码", "证件号"),
        mask=mask_id_number,
        search=True,
        help=_l("18 characters, as on the identity card."),
    )
    nationality: Mapped[str | None] = field(_l("Nationality"), code="nationality", headings=("族别",))
    political_status: Mapped[str | None] = field(
        _l("Political status"), code="political_status", filter=True, headings=("政治身份",)
    )
    schooling: Mapped[str | None] = field(
        _l("Schooling"), code="schooling", headings=("学历", "受教育程度", "教育程度", "最高学历")
    )
    phone: Mapped[str | None] = field(
        _l("Phone"),
        String(20),
        read=read_phone,
        headings=("手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "移动电话"),
        in_list=True,
        search=True,
        access=Access.PRIVATE,
        mask=mask_phone,
        help=_l("A mobile number, or a fixed line with its area code."),
    )
    building: Mapped[str | None] = field(
        _l("Building"),
        String(40),
        in_list=True,
        search=True,
        hint=True,
        help=_l("Such as 3号楼2单元."),
        headings=("所在楼栋", "楼栋单元"),
        parts=BUILDING_PARTS,
        sort="building_key",
        sort_key=building_key,
    )
    building_key: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = field(
        _l("Address"),
        String(120),
        access=Access.PRIVATE,
        headings=("家庭住址", "现住址", "居住地址", "家庭地址", "地址", "详细地址", "居住地"),
    )


class Representative(Record, Scoped):
    """A residents' representative (居民代表), elected with the committee."""

    __tablename__ = "representative"
    __label__ = _l("Residents' representative")
    __title__ = "person_id"
    __table_args__ = (UniqueConstraint("community_id", "person_id"),)

    person_id: Mapped[int] = link(
        _l("Full name"), "person.id", in_list=True, search=True, notice=True, headings=("名字", "代表姓名")
    )
    area: Mapped[str] = field(
        _l("Represents"), String(60), in_list=True, search=True, notice=True, headings=("片区", "代表区域")
    )
    phone = borrowed("person_id", "phone", in_list=True)
    elected_on: Mapped[date | None] = field(
        _l("Elected on"), in_list=True, notice=True, headings=("选举时间", "当选日期", "当选时间")
    )

    person: Mapped[Person] = relationship()


class BuildingLeader(Record, Scoped):
    """A building leader (楼门组长): the neighbour who answers for a building or stairwell."""

    __tablename__ = "building_leader"
    __label__ = _l("Building leader")
    __title__ = "person_id"
    __table_args__ = (UniqueConstraint("community_id", "building"),)

    person_id: Mapped[int] = link(
        _l("Full name"),
        "person.id",
        in_list=True,
        search=True,
        notice=True,
        headings=("名字", "楼组长姓名", "楼门组长"),
    )
    building: Mapped[str] = field(
        _l("In charge of"),
        String(60),
        in_list=True,
        search=True,
        notice=True,
        headings=("楼栋", "负责楼号", "所在楼栋"),
        parts=BUILDING_PARTS,
        sort="building_key",
        sort_key=building_key,
    )
    building_key: Mapped[str] = mapped_column(String(200), default="")
    households: Mapped[int | None] = field(
        _l("Households"), Integer, in_list=True, read=read_count, notice=True, headings=("负责户数",)
    )
    phone = borrowed("person_id", "phone", in_list=True)
    since_on: Mapped[date | None] = field(_l("Since"), in_list=True, notice=True, headings=("任职时间",))

    person: Mapped[Person] = relationship()


def _is_in_office(member: type[CommitteeMember]) -> ColumnElement[bool]:
    return or_(member.until.is_(None), member.until >= today())


class CommitteeMember(Record, Scoped):
    """Who serves on the party branch committee or the residents' committee (两委成员), and when they can be met."""

    __tablename__ = "committee_member"
    __label__ = _l("Committee member")
    __title__ = "person_id"
    __order__ = "position"
    __kept__ = Retention(5, "until", "本单位规定：离任后再留一届任期备查；任期五年，见《城市居民委员会组织法》第八条")

    person_id: Mapped[int] = link(
        _l("Full name"), "person.id", in_list=True, search=True, notice=True, headings=("名字", "成员姓名")
    )
    position: Mapped[str] = field(
        _l("Position held"),
        code="committee_position",
        in_list=True,
        filter=True,
        notice=True,
        headings=("职位", "现任职务"),
    )
    duties: Mapped[str | None] = field(
        _l("Field of work"), Text, in_list=True, search=True, notice=True, headings=("分工", "工作分工")
    )
    office_phone: Mapped[str | None] = field(
        _l("Office phone"),
        String(20),
        read=read_phone,
        in_list=True,
        notice=True,
        help=_l("It is posted: please give the phone of the office."),
        headings=("电话", "联系电话", "办公室电话", "座机"),
    )
    reception: Mapped[str | None] = field(
        _l("Reception"),
        String(60),
        in_list=True,
        notice=True,
        help=_l("When residents are received, such as 每周二上午."),
    )
    since: Mapped[date | None] = field(_l("In office since"), headings=("任职时间",))
    until: Mapped[date | None] = field(_l("In office until"), help=_l("Blank while in office."), headings=("离任时间",))
    is_in_office = derived(_l("In office"), _is_in_office, "flag", in_list=True, filter=True)

    person: Mapped[Person] = relationship()


class Procedure(Record, Scoped):
    """How to get something done at the office (办事流程): for whom, with what, in which steps and how soon."""

    __tablename__ = "procedure"
    __label__ = _l("Procedure")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(_l("Matter to be handled"), String(60), in_list=True, search=True, notice=True)
    audience: Mapped[str | None] = field(_l("Who may apply"), String(120), in_list=True, search=True, notice=True)
    documents: Mapped[str | None] = field(
        _l("Documents to bring"), Text, search=True, notice=True, help=_l("One on each line.")
    )
    steps: Mapped[str] = field(_l("Steps"), Text, notice=True, help=_l("One on each line, in their order."))
    time_limit: Mapped[str | None] = field(_l("Done within"), String(60), in_list=True, notice=True)
    place: Mapped[str | None] = field(_l("Place"), String(80), in_list=True, notice=True)
    phone: Mapped[str | None] = field(_l("Enquiries"), String(20), read=read_phone, notice=True)
