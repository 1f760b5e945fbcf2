"""The demo data: what a newcomer finds after the first ``make run``."""

from __future__ import annotations

import flask_migrate
from sqlalchemy import delete, func, select

from app import cli
from app.accounts.models import Account
from app.community.models import Community
from app.kernel import entries
from app.kernel.db import count_of, db
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.kernel.views import SavedView
from app.roles import Role
from tests.conftest import TABLES
from tests.web.page import one_database
from tests.world import World, owner

MADE_BY_WORKING = {"notice", "audit_entry", "code", "account"}


SINCE_0010 = {
    "trail_anchor",
    "trail_head",
    "attempt_count",
    "api_key",
    "sighting",
    "personal_data_request",
    "sent_form",
}


def rows_of(world: World) -> dict[str, int]:
    """How many rows each table has that was there at revision 0010, but for the index of words."""
    with owner() as connection:
        tables = [table for table in TABLES if table.name not in {*SINCE_0010, "search_entry"}]
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


@one_database
def test_the_demo_fills_every_register_survives_migrations_and_says_who_can_log_in(world: World) -> None:
    with world.app.app_context(), as_system("试验"):
        db.session.execute(delete(Account))
        db.session.query(Community).update({Community.parent_id: None})
        db.session.execute(delete(Community))
        db.session.commit()
        cli.load_demo()
        empty = {name for name, view in REGISTERS.items() if not count_of(view.model)} - MADE_BY_WORKING
        assert not empty
        assert set(db.session.scalars(select(Account.role))) == set(Role)
        db.session.add(
            SavedView(account_id=db.session.scalars(select(Account.id)).first(), register="person", name="一楼")
        )
        db.session.commit()
        before = rows_of(world)
        flask_migrate.downgrade(revision="0010")
        flask_migrate.upgrade()
        assert entries.is_behind(), "the index of words would not be written anew"
        assert rows_of(world) == before, "a migration took rows along"
    file = world.app.config["INSTANCE"] / "accounts.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [line.split() for line in file.read_text().splitlines()]
    assert {role for _name, _password, role in lines} == set(Role)
    name, password, _role = lines[0]
    answer = world.app.test_client().post("/login/", data={"username": name, "password": password})
    assert answer.status_code == 302
