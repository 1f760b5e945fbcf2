"""A long sheet is worked on in a process of its own: one sees how far it is, may stop it; a dead one leaves nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.exchange import work
from app.exchange.models import SheetUpload
from app.kernel.audit import AuditEntry
from app.kernel.db import db, transaction
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from tests.web.page import Page
from tests.web.test_import import Desk, a_sheet
from tests.world import World

PATIENCE = 90
ROWS = 40


@pytest.fixture(autouse=True)
def _a_long_sheet_is_short(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    monkeypatch.setattr(work, "AT_ONCE", 5)
    monkeypatch.setenv("PORTAL_SECRET", bytes(range(32)).hex())


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    desk = Desk(world, "person")
    yield desk
    desk.client.post(f"/import/stop/{desk.key}")
    for process in work._running:
        process.wait(PATIENCE)


def a_long_sheet(rows: int = ROWS) -> bytes:
    return a_sheet(("姓名", "联系电话"), *((f"居民{chr(0x4E00 + n)}", f"139{n:08}") for n in range(rows)))


def begin(desk: Desk, rows: int = ROWS) -> Page:
    page = desk.choose(a_long_sheet(rows))
    return Page(desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in(), follow_redirects=True))


def wait(desk: Desk) -> None:
    until = time.monotonic() + PATIENCE
    while desk.client.get(f"/import/progress/{desk.key}").json["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.1)


def pid_of(app: Flask, desk: Desk) -> int:
    return int(work._told(app, desk.key)["pid"])


def state(world: World, desk: Desk) -> str:
    with world.app.app_context(), as_system("test"):
        return db.session.get_one(SheetUpload, desk.key).state


def people(world: World) -> int:
    with world.work():
        return db.session.scalar(select(func.count()).select_from(REGISTERS["person"].model)) or 0


def test_the_page_says_how_far_it_is_and_then_what_the_rows_come_to(world: World, desk: Desk) -> None:
    page = begin(desk)
    assert page.soup.select("progress")
    for step in ("save", "decide", "columns"):
        assert desk.client.post(f"/import/{step}/{desk.key}").status_code == 302, "it takes no further orders"
    assert state(world, desk) in {"checking", "checked"}
    wait(desk)
    page = Page(desk.client.get(f"/import/show/{desk.key}"))
    assert f"{ROWS}行可以导入" in page.text
    desk.save()
    wait(desk)
    assert people(world) == ROWS
    assert f"已导入{ROWS}条记录" in Page(desk.client.get(f"/import/show/{desk.key}")).text
    with world.app.app_context(), as_system("test"):
        told = db.session.execute(select(AuditEntry.actor, AuditEntry.address).where(AuditEntry.action == "import"))
        assert [tuple(row) for row in told] == [("干事甲 (office_staff)", "127.0.0.1")]


def test_work_that_is_killed_leaves_nothing_and_can_begin_again(world: World, desk: Desk) -> None:
    begin(desk)
    os.kill(pid_of(world.app, desk), signal.SIGKILL)
    wait(desk)
    page = Page(desk.client.get(f"/import/show/{desk.key}", follow_redirects=True))
    assert "处理中断" in " ".join(page.flashes())
    assert people(world) == 0
    desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())
    assert state(world, desk) == "checking"


def test_work_is_stopped_at_once_and_leaves_nothing(world: World, desk: Desk) -> None:
    begin(desk)
    desk.client.post(f"/import/stop/{desk.key}")
    assert all(process.returncode == -signal.SIGKILL for process in work._running)
    assert state(world, desk) == "open"
    page = Page(desk.client.get(f"/import/show/{desk.key}", follow_redirects=True))
    assert page.status == 200
    assert not page.flashes()
    assert people(world) == 0


def test_what_was_done_before_it_was_stopped_stays_done(world: World, desk: Desk) -> None:
    begin(desk)
    os.kill(pid_of(world.app, desk), signal.SIGKILL)
    with world.app.app_context(), as_system("test"), transaction():
        db.session.get_one(SheetUpload, desk.key).state = "done"
    with world.app.test_request_context(), as_system("test"):
        work.stop(db.session.get_one(SheetUpload, desk.key))
    assert state(world, desk) == "done"
