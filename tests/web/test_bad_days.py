"""Bad days: the server is killed in the middle, the disk is full, a font or a character is missing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from sqlalchemy import event, make_url, select, text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.disclosure import operations, paper, sources
from app.disclosure.models import Notice
from app.disclosure.operations import About, Recipe
from app.disclosure.rules import Wording
from app.kernel.db import NO_ROOM, Conflict, NoRoom, db, today, transaction
from app.kernel.scope import Scope, working_in
from app.printing import PrintRefused, press
from config import Settings
from tests.web.page import Page, on_postgresql, one_database
from tests.web.test_lifecycle import a_text, after, zh
from tests.web.typed import CLERK, a_draft, an_issued_notice, typed
from tests.world import World

WRITTEN = {
    "title": "停水通知",
    "issuer": "春和社区居民委员会",
    "opening": "因管道检修，明日停水。",
    "closing": "请相互转告。",
}


def notices(world: World) -> list[tuple[str, str | None, str]]:
    """State, number and sheet of every notice."""
    with world.work():
        found = db.session.scalars(select(Notice).order_by(Notice.id)).all()
        return [(notice.state, notice.number, notice.snapshot) for notice in found]


# --- the server is killed -----------------------------------------------------------------------------------------

KILLS = 20


def office(folder: Path, community: int) -> None:
    """What runs in a process of its own: clerks who draft and approve until they are killed, one after the other.

    What a clerk was told is done stands in ``told.txt``.
    """
    app = create_app(Settings(instance=folder, database=f"sqlite:///{folder}/test.db", secret=bytes(range(32))))
    told = os.open(folder / "told.txt", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    moments = random.Random(2026)
    with app.app_context(), working_in(Scope(community, actor=CLERK)):
        _draft_and_approve(community, told)  # what the first time costs is paid before the clerks begin
        db.session.remove()
        db.engine.dispose()
        for _ in range(KILLS):
            at_work, telling = os.pipe()
            clerk = os.fork()
            if not clerk:
                while True:
                    _draft_and_approve(community, told)
                    os.write(telling, b".")
            os.close(telling)
            os.read(at_work, 1)  # however long a busy machine takes, each has done something
            time.sleep(moments.uniform(0, 0.09))
            os.kill(clerk, signal.SIGKILL)
            _, status = os.waitpid(clerk, 0)
            os.close(at_work)
            assert os.WIFSIGNALED(status), "the clerk had stopped before"


def _draft_and_approve(community: int, told: int) -> None:
    source = sources.find(sources.TEXT)
    assert source is not None
    recipe = Recipe({}, Wording("停水通知", "春和社区居民委员会", opening="明日停水。" * 300))
    sheet = operations.compose(source, recipe)
    key = operations.draft(sources.TEXT, community, sheet, recipe, CLERK, About()).id
    os.write(told, f"kept {key}\n".encode())
    number = operations.approve(key, CLERK, today()).sequence
    os.write(told, f"issued {key} {number}\n".encode())


@one_database
def test_a_server_killed_while_approving_leaves_nothing_by_halves(world: World, tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(str(make_url(world.app.config["SQLALCHEMY_DATABASE_URI"]).database))) as own,
        closing(sqlite3.connect(tmp_path / "test.db")) as copy,
    ):
        own.backup(copy)
    run = f"from tests.web.test_bad_days import Path, office; office(Path({str(tmp_path)!r}), {world.here.id})"
    subprocess.run([sys.executable, "-c", run], check=True, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    with closing(sqlite3.connect(tmp_path / "test.db")) as database:
        database.row_factory = sqlite3.Row
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        found = {row["id"]: row for row in database.execute("SELECT * FROM notice")}
        steps = database.execute("SELECT notice_id, step FROM notice_step").fetchall()
        acts = database.execute(
            "SELECT record_id, action FROM audit_entry WHERE register = 'notice' ORDER BY id"
        ).fetchall()
    for key, notice in found.items():
        issued = notice["state"] == "issued"
        assert [step["step"] for step in steps if step["notice_id"] == key] == (["approve"] if issued else [])
        assert [act["action"] for act in acts if act["record_id"] == key] == (["add", "approve"] if issued else ["add"])
        sheet = json.loads(notice["snapshot"])
        assert sheet["number"] == (notice["number"] or "")
        assert sheet["draft"] != issued
        if issued:
            assert hashlib.sha256(notice["snapshot"].encode()).hexdigest() == notice["digest"]
        else:
            assert notice["state"] == "draft"
            assert {notice[name] for name in ("number", "sequence", "digest", "short_code", "issued_on")} == {None}
    numbers = sorted(notice["sequence"] for notice in found.values() if notice["sequence"])
    assert numbers == list(range(1, len(numbers) + 1))
    lines = [line.split() for line in (tmp_path / "told.txt").read_text().splitlines()]
    for done, key, *number in lines:
        assert int(key) in found, "told it was kept, and it is not there"
        assert done == "kept" or found[int(key)]["sequence"] == int(number[0])
    assert len(lines) > KILLS, "nothing was done between the kills"


# --- the disk is full ---------------------------------------------------------------------------------------------


@contextmanager
def full_database(world: World) -> Iterator[None]:
    """For the length of the block the database cannot grow by a page."""
    with world.app.app_context():
        db.session.remove()
        engine = db.engine
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
            pages = connection.scalar(text("PRAGMA page_count"))
        engine.dispose()

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        with world.app.app_context():
            db.session.remove()
        engine.dispose()


@one_database
def test_a_draft_that_finds_no_room_stays_in_the_form(world: World) -> None:
    client = world.client("office_staff")
    form = {**WRITTEN, "opening": "明日停水。" * 400, "do": "keep"}
    with full_database(world):
        page = Page(client.post("/notice/draft/text", data=form))
        assert page.status == 200
        assert zh(world, NO_ROOM) in page.summary()
        assert not page.defects()
        assert not page.english()
        again = page.filled_in()
        assert {name: again[name] for name in WRITTEN} == {**WRITTEN, "opening": form["opening"]}
        assert notices(world) == []
    assert client.post("/notice/draft/text", data={**again, "do": "keep"}).status_code == 302
    assert len(notices(world)) == 1


@one_database
def test_a_kept_draft_is_not_lost_when_its_new_words_find_no_room(world: World) -> None:
    key = a_draft(world, world.here)
    before = notices(world)
    client, address = world.client("office_staff"), f"/notice/draft/text?notice={key}"
    form = {**Page(client.get(address)).filled_in(), "opening": "明日停水。" * 400, "do": "submit"}
    with full_database(world):
        page = Page(client.post(address, data=form))
        assert zh(world, NO_ROOM) in page.summary()
        assert page.filled_in()["opening"] == form["opening"]
    assert notices(world) == before


@one_database
def test_an_approval_that_finds_no_room_is_told_and_can_be_repeated(world: World) -> None:
    key = a_text(world, "\n".join("明日停水。" * 50 for _ in range(200)))
    before = notices(world)
    client = world.client("branch_secretary")
    with full_database(world):
        page = after(client, f"/notice/issue/{key}")
        assert page.status == 200
        assert page.flashes() == [zh(world, NO_ROOM)]
        assert notices(world) == before
    after(client, f"/notice/issue/{key}")
    assert world.get("notice", key).sequence == 1


@one_database
def test_any_other_page_says_that_there_is_no_room(world: World) -> None:
    client, data = world.client("branch_secretary"), typed(world, "service_post", duties="长" * 2000)
    with full_database(world):
        page = Page(client.post("/service_post/add/", data=data))
        assert page.status == 507
        assert page.heading == zh(world, NO_ROOM)
        assert not page.english()
    assert client.post("/service_post/add/", data=data).status_code == 302


def restart(world: World) -> None:
    """What a restart of the database's server does to whoever is connected to it."""
    with world.app.app_context():
        address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as server:
        ended = server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert ended.rowcount, "nobody was connected"


@on_postgresql
def test_nobody_notices_that_the_server_of_the_database_was_restarted(world: World) -> None:
    client = world.client("office_staff")
    assert client.get("/person/list/").status_code == 200
    restart(world)
    assert client.get("/person/list/").status_code == 200


@on_postgresql
def test_a_restart_of_the_server_in_the_middle_of_a_page_is_told_and_the_next_one_stands(world: World) -> None:
    client, restarts = world.client("office_staff"), []

    def once(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "FROM person" in statement and not restarts:
            restarts.append(restart(world))

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", once)
    page = Page(client.get("/person/list/"))
    event.remove(engine, "before_cursor_execute", once)
    assert restarts
    assert page.status == 500
    assert not page.english()
    assert client.get("/person/list/").status_code == 200


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (psycopg.errors.DiskFull(), NoRoom),
        (psycopg.errors.LockNotAvailable(), Conflict),
        (sqlite3.OperationalError(), OperationalError),
    ],
)
@one_database
def test_a_full_disk_and_a_busy_database_are_told_from_other_troubles(
    world: World, cause: Exception, told: type[Exception]
) -> None:
    with world.work(), pytest.raises(told), transaction():
        raise OperationalError("INSERT", {}, cause)


def _no_room(*_args: Any, **_named: Any) -> NoReturn:
    raise OSError(ENOSPC, "No space left on device")


@pytest.fixture
def new_press(world: World, tmp_path: Path) -> Iterator[None]:
    """A press that has drawn nothing yet."""
    kept = world.app.extensions["press"]
    world.app.extensions["press"] = press.Press(tmp_path / "prints")
    yield
    world.app.extensions["press"] = kept


@pytest.fixture
def full_disk(new_press: None, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing can be written to the folder of printed sheets; ``undo`` makes room again."""
    monkeypatch.setattr(press, "NamedTemporaryFile", _no_room)
    return monkeypatch


DISK_FULL = "The disk is full; nothing was printed."


@one_database
def test_a_full_disk_while_printing_is_told_and_harms_no_notice(world: World, full_disk: pytest.MonkeyPatch) -> None:
    short, long = an_issued_notice(world, world.here), a_long_notice(world)
    before = notices(world)
    client = world.client("office_staff")
    for key in (short, long):
        page = Page(client.get(client.get(f"/notice/pdf/{key}").location))
        assert page.heading == world.get("notice", key).title
        assert page.flashes() == [zh(world, DISK_FULL)]
    assert client.get(f"/notice/page/{short}").status_code == 404
    assert notices(world) == before
    full_disk.undo()
    assert client.get(f"/notice/pdf/{short}").data.startswith(b"%PDF-")


def a_long_notice(world: World) -> int:
    """One that is drawn in the background."""
    with world.work():
        source = sources.find(sources.TEXT)
        assert source is not None
        table = "\n".join(["楼号\t户数", *(f"{number}号楼\t48" for number in range(400))])
        recipe = Recipe({}, Wording("户数公示", "春和社区居民委员会", table=table))
        sheet = operations.compose(source, recipe)
        return operations.draft(sources.TEXT, world.here.id, sheet, recipe, CLERK, About()).id


@one_database
@pytest.mark.usefixtures("full_disk")
def test_drafting_needs_no_room_for_prints(world: World) -> None:
    client = world.client("branch_secretary")
    assert Page(client.post("/notice/draft/text", data={**WRITTEN, "do": "preview"})).soup.select(".preview img")
    assert client.post("/notice/draft/text", data={**WRITTEN, "do": "keep"}).status_code == 302


# --- a font or a character is missing -----------------------------------------------------------------------------


@one_database
@pytest.mark.usefixtures("new_press")
def test_a_missing_font_is_named_and_nothing_is_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def render(*_args: Any) -> NoReturn:
        raise PrintRefused("font_missing", font="FandolFang-Regular.otf")

    monkeypatch.setattr(press, "render", render)
    monkeypatch.setattr(paper, "render", render)
    key = an_issued_notice(world, world.here)
    before, client = notices(world), world.client("branch_secretary")
    for do in ("preview", "keep", "issue"):
        page = Page(client.post("/notice/draft/text", data={**WRITTEN, "do": do}))
        assert page.status == 200
        assert any("FandolFang-Regular.otf" in line for line in page.summary()), do
        assert {name: page.filled_in()[name] for name in WRITTEN} == WRITTEN
    page = Page(client.get(client.get(f"/notice/pdf/{key}").location))
    assert "FandolFang-Regular.otf" in page.flashes()[0]
    assert notices(world) == before


@one_database
def test_a_character_no_font_has_is_named_and_nothing_is_stored(world: World) -> None:
    """Better told at the desk than printed as a box on the wall."""
    rare = "\U0003134a"
    world.person(name=f"张{rare}")
    client = world.client("branch_secretary")
    for do in ("preview", "keep", "issue"):
        page = Page(client.post("/notice/draft/person", data={**WRITTEN, "columns": ["name"], "do": do}))
        assert page.status == 200
        assert any(rare in line and "姓名" in line for line in page.summary()), page.summary()
        assert page.filled_in()["opening"] == WRITTEN["opening"]
    assert notices(world) == []
