"""What must be posted: the items of a community's disclosure catalogue, and what happens that must be told."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalogue.limits import Defaults
from app.community.models import Community
from app.disclosure import sources
from app.facilities.models import NoticeBoard
from app.kernel.audit import ACTIONS
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import field, link
from app.kernel.values import at_least, between, read_integer

PERIODS = {
    "standing": _l("Always posted"),
    "month": _l("Every month"),
    "quarter": _l("Every quarter"),
    "half_year": _l("Every half-year"),
    "year": _l("Every year"),
    "event": _l("Whenever it happens"),
}
UNITS = {"working": _l("working days"), "calendar": _l("days")}


ACTIONS["columns"] = _l("What may be posted was chosen")


class CatalogueItem(Record, Scoped):
    """One matter (公开事项) of the disclosure catalogue (公开目录).

    ``period``, ``within`` and ``post_for`` are the office's own answer where the phrase of the time limit does not
    say it; blank, the phrase counts (``limits.py``). ``columns`` maps the fields of ``source`` that may stand in a
    notice about this matter to the mask each is under ("" for none); empty, all that the register allows may.
    ``asked`` is what the source was asked the last time (the filters of its list), proposed again the next.
    """

    __tablename__ = "catalogue_item"
    __label__ = _l("Catalogue item")
    __title__ = "name"
    __order__ = "position"
    __table_args__ = (UniqueConstraint("community_id", "first_level", "name"),)

    position: Mapped[int] = field(
        _l("No."), Integer, in_list=True, default=1000, headings=("序号",), read=between(1, 99999, read_integer)
    )
    category: Mapped[str | None] = field(_l("Category"), String(100), in_list=True)
    first_level: Mapped[str | None] = field(_l("Main matter"), String(200), in_list=True, search=True)
    name: Mapped[str] = field(_l("Matter"), String(200), in_list=True, search=True)
    content: Mapped[str | None] = field(_l("What is disclosed"), Text, search=True)
    basis: Mapped[str | None] = field(_l("Legal basis"), Text)
    time_limit: Mapped[str] = field(
        _l("Time limit"),
        String(500),
        in_list=True,
        help=_l("As the catalogue words it, such as 每季度公布一次，公示不少于15日."),
    )
    period: Mapped[str | None] = field(
        _l("How often"),
        options=lambda: PERIODS,
        help=_l("Leave it blank where the time limit says it; what is chosen here counts instead."),
    )
    within: Mapped[int | None] = field(
        _l("Within working days"), Integer, read=between(0, 250, read_integer), help=_l("After it happened or changed.")
    )
    post_for: Mapped[int | None] = field(_l("Posted for at least (days)"), Integer, read=between(1, 1000, read_integer))
    publisher: Mapped[str | None] = field(_l("Published by"), String(200))
    channels: Mapped[str | None] = field(_l("Channels"), String(500))
    audience: Mapped[str | None] = field(_l("For whom"), String(60))
    manner: Mapped[str | None] = field(_l("Manner"), String(60))
    tier: Mapped[str | None] = field(_l("Tier"), String(60))
    board_id: Mapped[int | None] = link(_l("Hangs on"), "notice_board.id", in_list=True, filter=True)
    source: Mapped[str] = field(
        _l("Made from"), options=sources.labels, in_list=True, filter=True, default=sources.TEXT, in_form=False
    )
    since: Mapped[date] = field(
        _l("Counts from"), default=today, help=_l("What fell due before this day is not counted as missed.")
    )
    columns: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    board: Mapped[NoticeBoard | None] = relationship()


class Occasion(Record, Scoped):
    """Something that happened, or will, and must be told: a decision, an admission, a project."""

    __tablename__ = "occasion"
    __label__ = _l("Occasion")
    __title__ = "subject"
    __newest_first__ = True

    item_id: Mapped[int] = link(_l("Matter"), "catalogue_item.id", in_list=True, filter=True, search=True)
    subject: Mapped[str] = field(_l("What it is about"), String(120), in_list=True, search=True)
    on: Mapped[date] = field(_l("Happens on"), in_list=True, default=today)
    ends_on: Mapped[date | None] = field(_l("Ends on"), in_list=True, help=_l("Blank for a single day."))

    item: Mapped[CatalogueItem] = relationship()


PROCEDURES = {
    "one": _l("Whoever approves may have drafted it"),
    "two": _l("Whoever approves must not have drafted it"),
    "three": _l("Three different people draft, review and approve"),
}


class DisclosureSetting(Record, Scoped):
    """How a community discloses; without a row the defaults hold."""

    __tablename__ = "disclosure_setting"
    __label__ = _l("Disclosure settings")
    __title__ = "community_id"
    __table_args__ = (UniqueConstraint("community_id"),)

    procedure: Mapped[str] = field(
        _l("Who checks"),
        options=lambda: PROCEDURES,
        in_list=True,
        default="one",
        help=_l("党务公开条例（试行）: proposed, reviewed, approved, done."),
    )
    promptly: Mapped[int] = field(
        _l("“Promptly” means within (working days)"),
        Integer,
        in_list=True,
        default=Defaults().promptly.days,
        read=between(1, 60, read_integer),
        help=_l("政府信息公开条例第二十六条: 20 working days."),
    )
    post_for: Mapped[int] = field(
        _l("Posted for at least (days), where nothing else is said"),
        Integer,
        in_list=True,
        default=Defaults().post_for.days,
        read=at_least(1, read_integer),
        help=_l("城市居民委员会组织法（2025修订）第三十四条: 15 days."),
    )
    warn: Mapped[int] = field(
        _l("Warn before it is due (days)"), Integer, in_list=True, default=7, read=between(1, 60, read_integer)
    )

    community: Mapped[Community] = relationship()
