"""Registers for the bench alone, declared like any other: what is measured are the pages the portal generates for them.

The portal keeps no register of service records yet, so the million rows are these. To see what a page costs in a
portal of many registers, any number of further ones is declared, which have a menu entry and nothing in them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import Numeric, String
from sqlalchemy.orm import Mapped, relationship

from app import create_app, portal, roles
from app.kernel import checks
from app.kernel.capability import Capability
from app.kernel.db import Record, Scoped, today
from app.kernel.fields import borrowed, field, link
from app.kernel.register import Register
from app.volunteers.models import Volunteer
from config import Settings

SECRET = bytes(range(32))
INSTANCE = Path(".cache/bench/instance")


class ServiceRecord(Record, Scoped):
    """What a volunteer did on a day, and for how long."""

    __tablename__ = "service_record"
    __label__ = "志愿服务记录"
    __title__ = "activity"
    __order__ = "-on"
    __newest_first__ = True

    on: Mapped[date] = field("服务日期", in_list=True, default=today, index=True)
    volunteer_id: Mapped[int] = link("志愿者", "volunteer.id", in_list=True, search=True)
    phone = borrowed("volunteer_id", "phone", in_list=True)
    activity: Mapped[str] = field("服务内容", String(80), in_list=True)
    kind: Mapped[str | None] = field("服务类别", code="service_kind", in_list=True, filter=True)
    hours: Mapped[Decimal] = field("服务时长", Numeric(6, 1), in_list=True)
    place: Mapped[str | None] = field("服务地点", String(60), in_list=True)

    volunteer: Mapped[Volunteer] = relationship()


class ServiceRecordRegister(Register):
    model = ServiceRecord


def _further(number: int) -> type[Register]:
    """A small register, declared as a capability would declare it."""
    members = {
        "__tablename__": f"further_{number}",
        "__label__": f"台账{number}",
        "__title__": "name",
        "__annotations__": {"name": Mapped[str], "kind": Mapped[str | None], "on": Mapped[date | None]},
        "name": field("名称", String(60), in_list=True, search=True),
        "kind": field("类别", code="facility_kind", in_list=True, filter=True),
        "on": field("日期", in_list=True),
    }
    model = type(f"Further{number}", (Record, Scoped), members)
    return type(f"Further{number}Register", (Register,), {"model": model})


def declare(registers: int = 0) -> None:
    """Have the portals made from now on keep service records too, and be of so many ``registers`` if that is more."""
    views: list[type[Register]] = [ServiceRecordRegister]
    declared = sum(len(capability.views) for capability in portal.CAPABILITIES) + len(views)
    views += [_further(number) for number in range(1, registers - declared + 1)]
    for view in views:
        roles._TABLE[view.model.__tablename__] = roles._TABLE["volunteer"]
    more = Capability(label=_l("Volunteer"), icon="heart", views=tuple(views))
    portal.CAPABILITIES = (*portal.CAPABILITIES, more)
    checks.translations = lambda _app: None  # the words of the bench are not in the catalogue


def a_portal(address: str, make: Callable[[Settings], Flask] = create_app) -> Flask:
    """The portal over the database at ``address``, with everything on, made with its commands or without."""
    INSTANCE.mkdir(parents=True, exist_ok=True)
    app = make(Settings(instance=INSTANCE.absolute(), database=address, secret=SECRET))
    app.testing = True  # or it would begin the day with a backup of the million rows
    return app
