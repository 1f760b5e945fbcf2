"""The demo data: what a newcomer finds after the first ``make run``."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from app import cli
from app.accounts.models import Account
from app.community.models import Community
from app.kernel.db import count_of, db
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from app.roles import Role
from tests.world import World

MADE_BY_WORKING = {"notice", "audit_entry", "code", "account"}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_demo_fills_every_register_and_says_who_can_log_in(world: World) -> None:
    with world.app.app_context(), as_system("试验"):
        db.session.execute(delete(Account))
        db.session.query(Community).update({Community.parent_id: None})
        db.session.execute(delete(Community))
        db.session.commit()
        cli.load_demo()
        empty = {name for name, view in REGISTERS.items() if not count_of(view.model)} - MADE_BY_WORKING
        assert not empty
        assert set(db.session.scalars(select(Account.role))) == set(Role)
    file = world.app.config["INSTANCE"] / "accounts.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [line.split() for line in file.read_text().splitlines()]
    assert {role for _name, _password, role in lines} == set(Role)
    name, password, _role = lines[0]
    answer = world.app.test_client().post("/login/", data={"username": name, "password": password})
    assert answer.status_code == 302
