"""A small made-up world, and how tests act in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Connection

from app import create_app
from app.accounts.models import Account
from app.cli import SEEDS
from app.community.models import Community
from app.kernel import records, sheets
from app.kernel.db import OFFICE_TIME, db, transaction
from app.kernel.fields import fields_of
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in
from app.roles import Role
from config import Settings

PASSWORD = "correct horse battery"
_numbers = count(1)


@contextmanager
def the_day_is(day: date) -> Iterator[None]:
    """The portal's clock stands still at noon of ``day`` in the offices."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.combine(day, time(12), OFFICE_TIME).astimezone(tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.kernel.db.datetime", Clock)
        yield


@contextmanager
def owner() -> Iterator[Connection]:
    """A transaction with the rights of the database's owner, who may also do what the portal may not."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL ROLE NONE")
        yield connection


def new_portal(folder: Path, database: str = "", **config: Any) -> Flask:
    """A portal with its code lists and nothing else, over ``database``, by default an SQLite file in ``folder``."""
    address = database or f"sqlite:///{folder}/test.db"
    app = create_app(Settings(instance=folder, database=address, secret=bytes(range(32))))
    app.config.update(config)
    with app.app_context():
        upgrade()
        with as_system("test"), transaction():
            sheets.load_codes(SEEDS / "codes")
    return app


def close(app: Flask) -> None:
    """Let go of the database of a portal that is not needed any more."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@dataclass(frozen=True)
class Place:
    id: int
    name: str


class World:
    """District 临江区 with streets 东街 and 西街; community 春和 below the one, 秋实 below the other.

    ``secretary``, ``staff`` … log in as somebody of 春和 (``supervisor`` of 东街, ``administrator`` and ``auditor`` of
    the district); everything made with ``at=`` belongs to that community, by default 春和.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        with transaction():
            district = records.add(Community, {"name": "临江区", "level": "1"})
            east = records.add(Community, {"name": "东街街道", "level": "2", "parent_id": district.id})
            west = records.add(Community, {"name": "西街街道", "level": "2", "parent_id": district.id})
            here = records.add(
                Community, {"name": "春和社区", "level": "3", "parent_id": east.id, "phone": "0523-86881234"}
            )
            there = records.add(Community, {"name": "秋实社区", "level": "3", "parent_id": west.id})
            self.district, self.east, self.here, self.there = (
                Place(place.id, place.name) for place in (district, east, here, there)
            )
            for role, name, place in (
                (Role.SECRETARY, "书记甲", here),
                (Role.STAFF, "干事甲", here),
                (Role.SUPERVISOR, "督导甲", east),
                (Role.ADMINISTRATOR, "管理员甲", district),
                (Role.AUDITOR, "审计员甲", district),
                (Role.SYSTEM_ADMINISTRATOR, "系统管理员甲", here),
                (Role.SECURITY_ADMINISTRATOR, "安全管理员甲", here),
            ):
                db.session.add(Account(username=role.value, full_name=name, role=role, community_id=place.id))
            db.session.add(
                Account(username="stranger", full_name="外社区书记", role=Role.SECRETARY, community_id=there.id)
            )

    # --- acting ----------------------------------------------------------------------------------------------

    def client(self, username: str | None = None) -> FlaskClient:
        """A browser, logged in as ``username`` (a role's name, or ``stranger``), without paying for a hash."""
        client = self.app.test_client()
        if username:
            with self.app.app_context(), as_system("test"):
                key = db.session.query(Account).filter(Account.username == username).one().get_id()
            with client.session_transaction() as session:
                session["_user_id"], session["_fresh"], session["locale"] = key, True, "zh"
        return client

    @contextmanager
    def work(self, at: Place | None = None) -> Iterator[None]:
        """Work on the database in the scope of a community."""
        with self.app.app_context(), working_in(Scope((at or self.here).id)):
            yield

    def lock(self, username: str) -> None:
        with self.app.app_context(), as_system("test"), transaction():
            db.session.query(Account).filter(Account.username == username).one().active = False

    # --- making ----------------------------------------------------------------------------------------------

    def make(self, register: str, at: Place | None = None, **data: Any) -> int:
        """A row of ``register`` made the way a form makes it; returns its id."""
        with self.work(at), transaction():
            model = REGISTERS[register].model
            assert not (found := records.problems(model, {**_blank(model), **data})), found
            return int(records.add(model, data).id)

    def person(self, name: str = "", **data: Any) -> int:
        return self.make("person", name=name or f"居民{_han(next(_numbers))}", **data)

    def branch(self, **data: Any) -> int:
        return self.make("party_organization", **{"name": f"第{_han(next(_numbers))}党支部", "kind": "3", **data})

    def member(self, person_id: int | None = None, branch_id: int | None = None, at: Place | None = None) -> int:
        return self.make(
            "party_member",
            at,
            person_id=person_id or self.person(at=at),
            branch_id=branch_id or self.branch(at=at),
        )

    def post(self, name: str = "政策宣讲岗", at: Place | None = None, **data: Any) -> int:
        given = {"name": name, "duties": "宣讲党的政策", "places": 1, **data}
        return self.make("service_post", at, branch_id=given.pop("branch_id", None) or self.branch(at=at), **given)

    def appointment(self, post_id: int, member_id: int, at: Place | None = None) -> int:
        day = date(2026, 3, 5)
        return self.make(
            "post_assignment",
            at,
            post_id=post_id,
            member_id=member_id,
            applied_on=day,
            recommended_on=day,
            recommended_by="居民小组",
            appointed_on=day,
            appointed_by="支部委员会",
        )

    def get(self, register: str, key: int, at: Place | None = None) -> Any:
        """A row as stored, detached."""
        with self.work(at):
            row = db.session.get(REGISTERS[register].model, key)
            if row is not None:
                db.session.expunge(row)
            return row


def _blank(model: Any) -> dict[str, Any]:
    return {d.name: d.default for d in fields_of(model).values() if d.field.in_form and d.lender is None}


def _han(number: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))
