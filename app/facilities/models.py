"""What the community has for its residents to use, and the boards its notices hang on."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, Numeric, String, UniqueConstraint, cast
from sqlalchemy.orm import Mapped, relationship

from app.community.models import Person
from app.kernel.db import Record, Scoped
from app.kernel.fields import derived, field, link
from app.kernel.values import between, read_amount, read_count, read_hours, read_integer, read_phone


class Facility(Record, Scoped):
    """A room, ground or point of service."""

    __tablename__ = "facility"
    __label__ = _l("Facility")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Facility name"), String(60), in_list=True, search=True, notice=True, headings=("名称", "设施")
    )
    kind: Mapped[str] = field(
        _l("Type"), code="facility_kind", in_list=True, filter=True, notice=True, headings=("类别", "设施类型")
    )
    place: Mapped[str] = field(
        _l("Place"), String(80), in_list=True, search=True, notice=True, headings=("地址", "位置", "所在位置")
    )
    area: Mapped[Decimal | None] = field(
        _l("Area (m²)"), Numeric(10, 2), read=read_amount, in_list=True, notice=True, headings=("建筑面积", "使用面积")
    )
    opening_hours: Mapped[str | None] = field(
        _l("Opening hours"), String(60), read=read_hours, in_list=True, notice=True, help=_l("Such as 8:30-17:30.")
    )
    keeper_id: Mapped[int | None] = link(
        _l("Keeper"), "person.id", in_list=True, notice=True, headings=("管理员", "负责人", "责任人")
    )
    phone: Mapped[str | None] = field(
        _l("Service phone"), String(20), read=read_phone, notice=True, headings=("电话", "联系电话")
    )
    state: Mapped[str] = field(
        _l("State"), code="facility_state", in_list=True, filter=True, default="1", notice=True, headings=("使用情况",)
    )

    keeper: Mapped[Person | None] = relationship()


def _board_area(board: type[NoticeBoard]) -> ColumnElement[Decimal]:
    return cast(board.width * board.height / 10000.0, Numeric(8, 2))


class NoticeBoard(Record, Scoped):
    """A board (公示栏/宣传栏) with its place and size."""

    __tablename__ = "notice_board"
    __label__ = _l("Notice board")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Board name"), String(40), in_list=True, search=True, notice=True, headings=("名称", "宣传栏名称")
    )
    kind: Mapped[str] = field(
        _l("Kind"), code="notice_board_kind", in_list=True, filter=True, notice=True, headings=("类型",)
    )
    place: Mapped[str] = field(
        _l("Place"), String(80), in_list=True, search=True, notice=True, headings=("位置", "所在位置")
    )
    width: Mapped[int] = field(
        _l("Width (cm)"), Integer, read=between(20, 5000, read_integer), in_list=True, headings=("宽",)
    )
    height: Mapped[int] = field(
        _l("Height (cm)"), Integer, read=between(20, 5000, read_integer), in_list=True, headings=("高",)
    )
    area = derived(_l("Area (m²)"), _board_area, "decimal", in_list=True, notice=True)
    keeper_id: Mapped[int | None] = link(
        _l("Keeper"), "person.id", in_list=True, notice=True, headings=("管理员", "负责人", "责任人")
    )

    keeper: Mapped[Person | None] = relationship()


class ServicePoint(Record, Scoped):
    """Where residents have something mended, cut, washed or fetched nearby (便民服务点)."""

    __tablename__ = "service_point"
    __label__ = _l("Service point")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(
        _l("Name"), String(60), in_list=True, search=True, notice=True, headings=("服务点名称", "网点名称")
    )
    kind: Mapped[str] = field(
        _l("Service"), code="service_kind", in_list=True, filter=True, notice=True, headings=("类别", "服务类别")
    )
    provider: Mapped[str | None] = field(
        _l("Provided by"), String(60), search=True, notice=True, headings=("经营者", "负责人")
    )
    place: Mapped[str] = field(
        _l("Place"), String(80), in_list=True, search=True, notice=True, headings=("地址", "位置")
    )
    opening_hours: Mapped[str | None] = field(
        _l("Hours of service"),
        String(60),
        read=read_hours,
        in_list=True,
        notice=True,
        help=_l("Such as 8:30-17:30."),
        headings=("营业时间", "开放时间"),
    )
    phone: Mapped[str | None] = field(
        _l("Service phone"), String(20), read=read_phone, in_list=True, notice=True, headings=("电话", "联系电话")
    )


class BookCorner(Record, Scoped):
    """A shelf (图书角) where residents borrow from and lend to each other."""

    __tablename__ = "book_corner"
    __label__ = _l("Book corner")
    __title__ = "name"
    __table_args__ = (UniqueConstraint("community_id", "name"),)

    name: Mapped[str] = field(_l("Name"), String(60), in_list=True, search=True, notice=True)
    place: Mapped[str] = field(
        _l("Place"), String(80), in_list=True, search=True, notice=True, headings=("地址", "位置")
    )
    books: Mapped[int | None] = field(
        _l("Number of books"), Integer, read=read_count, in_list=True, notice=True, headings=("册数", "藏书量")
    )
    opening_hours: Mapped[str | None] = field(
        _l("Opening hours"), String(60), read=read_hours, in_list=True, notice=True, help=_l("Such as 8:30-17:30.")
    )
    keeper_id: Mapped[int | None] = link(
        _l("Keeper"), "person.id", in_list=True, search=True, notice=True, headings=("管理员", "负责人", "责任人")
    )

    keeper: Mapped[Person | None] = relationship()
