"""Backups: made while people work, checked, rotated, restored on another machine; and the change of the secret."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from errno import ENOSPC
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from flask_migrate import upgrade
from sqlalchemy import Engine, NullPool, create_engine, event, func, inspect, make_url, select, text, update

from app import create_app
from app.accounts.models import Account
from app.accounts.operations import give_password
from app.accounts.security import hashed
from app.api.models import ApiKey
from app.backups import archive, instance, operations, rotation, schedule
from app.backups.operations import Restored
from app.backups.problem import Problem
from app.community.models import Person
from app.exchange.models import OutcomePage, SheetUpload
from app.kernel import chain, records, undo
from app.kernel.audit import AuditEntry
from app.kernel.crypto import SEALED_AT, Keyring, Tampered
from app.kernel.db import db, transaction
from app.kernel.scope import Scope, as_system, working_in
from app.kernel.undo import ChangedRow
from config import SettingError, Settings, make_secret
from tests.rows import a_row
from tests.web.page import Page, on_postgresql, one_database
from tests.world import PASSWORD, Place, World, the_day_is

KEY = "一句容易记住的话，够长就行"
ID_NUMBER = "11010519491231002X"
PATIENCE = 90
KILLS = int(os.environ.get("PORTAL_TEST_KILLS", "4"))
"""Trials of each kind."""


@pytest.fixture(autouse=True)
def _shelf(world: World) -> Iterator[None]:
    """An empty shelf for each test."""
    yield
    shutil.rmtree(Path(world.app.config["INSTANCE"], "backups"), ignore_errors=True)


@pytest.fixture
def sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.app.config, "BACKUP_KEY", KEY)


def backup(world: World) -> Path:
    with world.app.app_context():
        return operations.make()


def said(world: World, message: str, **params: Any) -> str:
    """What a Chinese page says for a message."""
    with world.app.test_request_context(), force_locale("zh"):
        return str(gettext(message, **params))


@contextmanager
def another_machine(world: World, folder: Path) -> Iterator[dict[str, str]]:
    """The settings of a computer on which the portal has just been installed."""
    here = make_url(world.app.config["SQLALCHEMY_DATABASE_URI"])
    settings = {
        "PORTAL_INSTANCE": str(folder / "another"),
        "PORTAL_BACKUP_KEY": KEY,
        "PORTAL_BACKUP_DAILY": "0",
    }
    make_secret(settings)
    if here.get_backend_name() == "sqlite":
        yield settings
        return
    server = create_engine(here.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    there = here.set(database=f"{here.database}_another")
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{there.database}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{there.database}"'))
    yield {**settings, "PORTAL_DATABASE": there.render_as_string(hide_password=False)}
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{there.database}" WITH (FORCE)'))


@contextmanager
def portal(settings: dict[str, str]) -> Iterator[Flask]:
    """The portal, started there, for the length of the block."""
    app = create_app(Settings.read(settings))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    os.close(app.extensions["in_use"])


@contextmanager
def inside(settings: dict[str, str]) -> Iterator[Flask]:
    """The same, for work on its database."""
    with portal(settings) as app, app.app_context():
        yield app


def log_in(app: Flask, username: str, password: str) -> Any:
    client = app.test_client()
    client.get("/lang/zh")
    client.post("/login/", data={"username": username, "password": password})
    return client


# --- there and back ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sealed")
def test_a_backup_is_restored_on_another_machine_with_all_that_was_sealed(world: World, tmp_path: Path) -> None:
    key = world.person("张明", id_number=ID_NUMBER)
    with world.app.app_context(), as_system("test"), transaction():
        account = db.session.scalars(select(Account).where(Account.username == "branch_secretary")).one()
        give_password(account, PASSWORD)
        account.password_given = False
        before = account.get_id()
    root = Path(world.app.config["INSTANCE"])
    (root / "fonts").mkdir(exist_ok=True)
    (root / "fonts" / "仿宋_GB2312.ttf").write_bytes(b"font")
    (root / "anchors.csv").write_text("2026-11-22,abc\n")
    path = backup(world)
    assert path.stat().st_mode & 0o777 == 0o600
    with another_machine(world, tmp_path) as settings:
        there = Path(settings["PORTAL_INSTANCE"])
        with inside(settings) as app:
            assert operations.restore(path, KEY) == Restored(before=None, anchors=None)
        with portal(settings) as app:
            assert (there / "fonts" / "仿宋_GB2312.ttf").read_bytes() == b"font"
            assert (there / "anchors.csv").read_text() == "2026-11-22,abc\n"
            assert (there / "secret").read_text().strip() == bytes(range(32)).hex()
            assert (there / "secret").stat().st_mode & 0o777 == 0o600
            assert (there / "backup.key").read_text().strip() == KEY, "the next ones would not be encrypted"
            client = log_in(app, "branch_secretary", PASSWORD)
            found = Page(client.get("/person/list/", query_string={"q": ID_NUMBER}))
            assert f"/person/show/{key}" in found.source
            assert "110***********002X" in Page(client.get(f"/person/show/{key}")).text
            with app.app_context(), as_system("test"):
                assert db.session.get_one(Person, key).id_number == ID_NUMBER
                assert db.session.scalar(select(AuditEntry.subject).where(AuditEntry.action == "backup_restored"))
                assert db.session.get_one(Account, int(before.partition(".")[0])).get_id() != before
            stolen = app.test_client()
            with stolen.session_transaction() as session:
                session["_user_id"], session["_fresh"] = before, True
            assert stolen.get("/").status_code == 302
            with app.app_context():
                with pytest.raises(Problem, match="data here already"):
                    operations.restore(path, KEY)
                spared = operations.restore(path, KEY, force=True).before
                assert spared is not None
                assert operations.check(spared, KEY).manifest.counts["person"] == 1
    shutil.rmtree(root / "fonts")
    (root / "anchors.csv").unlink()


@one_database
def test_one_that_is_not_encrypted_says_so_and_holds_what_it_takes_to_read_it(world: World) -> None:
    path = backup(world)
    with ZipFile(path) as zipped:
        assert "未加密" in zipped.read(archive.NOTE).decode()
        manifest = json.loads(zipped.read(archive.MANIFEST))
        assert zipped.read("secret").decode() == bytes(range(32)).hex()
    assert manifest["counts"]["community"] == 5
    assert manifest["counts"]["alembic_version"] == 1
    assert set(manifest["parts"]) >= {"database.sqlite", "secret"}


@pytest.mark.usefixtures("sealed")
def test_a_backup_that_cannot_be_restored_is_refused_in_words_and_changes_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = backup(world)
    data, copy = path.read_bytes(), tmp_path / "copy"

    def refusal(altered: bytes, key: str = KEY) -> str:
        copy.write_bytes(altered)
        monkeypatch.setitem(world.app.config, "BACKUP_KEY", key)
        with world.app.app_context(), pytest.raises(Problem) as refused:
            operations.restore(copy, key, force=True)
        command = world.app.test_cli_runner().invoke(args=["backup", "check", str(copy)])
        assert command.exit_code == 1
        assert said(world, refused.value.message, **refused.value.params) in command.output
        return refused.value.message

    damaged = "This backup is damaged or incomplete. Please use another one."
    for length in (len(data) - 1, len(data) // 2, 60, 20):
        assert refusal(data[:length]) == damaged
    for place in (100, len(data) // 2, len(data) - 40):
        assert refusal(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]) == damaged
    assert refusal(b"") == refusal(b"a letter") == refusal(b"PK\x03\x04" * 20) == damaged
    assert refusal(data, "a wrong key, as long as it is").startswith("The key does not open this backup")
    assert refusal(data, "").startswith("This backup is encrypted")
    monkeypatch.setattr(operations, "_revision", lambda: "9999")
    assert refusal(backup(world).read_bytes()).startswith("This backup was made by a newer version")
    with world.app.app_context(), as_system("test"):
        assert db.session.scalar(select(func.count()).select_from(Account)) == 8
        assert not db.session.scalar(select(AuditEntry.id).where(AuditEntry.action == "backup_restored"))


@one_database
def test_an_altered_plain_backup_is_refused_or_alters_nothing(world: World, tmp_path: Path) -> None:
    data, copy = backup(world).read_bytes(), tmp_path / "copy"
    altered = [
        data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]
        for place in random.Random(2026).sample(range(len(data)), 60)
    ]
    before_the_beginning = data[:-3] + b"\x01" + data[-2:]  # where the parts are said to be
    refused = []
    for damaged in (*altered, before_the_beginning):
        copy.write_bytes(damaged)
        try:
            with archive.opened(copy, "") as opened:
                for name in opened.manifest.parts:
                    opened.check(name)
        except Problem:
            refused.append(damaged)
    assert len(refused) > 50
    assert refused[-1] == before_the_beginning


def test_what_was_revoked_after_the_backup_stays_revoked_when_it_is_restored(world: World, tmp_path: Path) -> None:
    with world.app.app_context(), as_system("test"), transaction():
        account = db.session.scalars(select(Account).where(Account.username == "branch_secretary")).one()
        key = ApiKey(account_id=account.id, name="门户网站", digest="ab" * 32, expires_on=date(2100, 1, 1))
        db.session.add(key)
    path = backup(world)
    with another_machine(world, tmp_path) as settings:
        with inside(settings) as app:
            done = app.test_cli_runner().invoke(args=["backup", "restore", str(path)])
            assert done.exit_code == 0
        with inside(settings), as_system("test"):
            assert db.session.scalars(select(ApiKey)).one().revoked_at is not None
    assert said(world, "All API keys are revoked, for some may have been revoked since the backup was made.") in (
        done.output
    )


@one_database
def test_after_a_restore_the_trail_is_whole_and_the_anchors_that_were_there_are_kept_aside(
    world: World, tmp_path: Path
) -> None:
    def is_whole() -> bool:
        with as_system("test"):
            return chain.verify(db.session.connection(), AuditEntry.__table__).is_whole

    with another_machine(world, tmp_path) as settings:
        path = backup(world)
        with inside(settings):
            operations.restore(path, "")
            with the_day_is(date(2027, 1, 1)):
                old = operations.make()
            anchored = chain.anchor_file().read_text()
            for day in (2, 3):
                with the_day_is(date(2027, 1, day)), working_in(Scope(world.here.id)), transaction():
                    records.add(Person, {"name": "居民"})
            lost = chain.anchor_file().read_text()
            assert lost != anchored
            done = operations.restore(old, KEY, force=True)
            assert done.anchors is not None
            assert done.anchors.read_text() == lost
            assert is_whole()
            with as_system("test"):
                told = db.session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "backup_restored"))
                assert {"anchors": ["", done.anchors.name]} in told.all()
            chain.anchor_file().write_text(lost)
            assert not is_whole(), "what is cut off from now on shows"


@one_database
def test_a_backup_of_the_other_kind_of_database_is_not_put_here(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = backup(world)
    address = "postgresql+psycopg://nobody@127.0.0.1/nowhere"
    monkeypatch.setitem(world.app.config, "SQLALCHEMY_DATABASE_URI", address)
    with world.app.app_context(), pytest.raises(Problem, match=r"is of a .* database"):
        operations.check(path, "")


@one_database
def test_an_older_backup_is_brought_up_to_date(world: World, tmp_path: Path) -> None:
    with another_machine(world, tmp_path) as settings, inside(settings):
        upgrade(revision="0010")
        with db.engine.begin() as connection:
            columns, values = (
                "version, created_at, name, level, path",
                "1, '2026-03-05 12:00:00', '春和社区', '3', '/1/'",
            )
            connection.execute(text(f"INSERT INTO community ({columns}) VALUES ({values})"))
        path = operations._make()
    with another_machine(world, tmp_path / "newer") as settings, inside(settings) as app:
        operations.restore(path, KEY)
        assert app.test_cli_runner().invoke(args=["init"]).exit_code == 0
        assert operations._revision() > "0010"


@one_database
def test_an_upgrade_that_was_cut_off_leaves_the_old_version_and_goes_through_the_next_time(
    world: World, tmp_path: Path
) -> None:
    """The driver of SQLite would keep the tables made so far, and the next try would stumble over them."""
    address = f"sqlite:///{tmp_path}/old.db"
    engine = create_engine(address, poolclass=NullPool)

    def there() -> tuple[Any, set[str]]:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT version_num FROM alembic_version")), set(
                inspect(connection).get_table_names()
            )

    def go_out(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("INSERT INTO trail_head"):
            raise KeyboardInterrupt

    with world.app.app_context():
        upgrade(revision="0010", x_arg=[f"database={address}"])
        before = there()
        assert before[0] == "0010"
        event.listen(Engine, "before_cursor_execute", go_out)
        try:
            with pytest.raises(KeyboardInterrupt):
                upgrade(x_arg=[f"database={address}"])
        finally:
            event.remove(Engine, "before_cursor_execute", go_out)
        assert there() == before
        upgrade(x_arg=[f"database={address}"])
        assert there()[0] > "0010"


@one_database
def test_a_database_that_cannot_be_read_any_more_is_set_aside(world: World, tmp_path: Path) -> None:
    path = backup(world)
    with another_machine(world, tmp_path) as settings:
        file = Path(settings["PORTAL_INSTANCE"], "portal.db")
        with inside(settings):
            operations.restore(path, "")
        sound = file.read_bytes()
        for broken in (b"no database" * 1000, sound[:300_000] + b"x" * 100_000 + sound[400_000:], sound[:4096]):
            file.write_bytes(broken)
            with inside(settings):
                with pytest.raises(Problem, match="data here already"):
                    operations.restore(path, "")
                operations.restore(path, "", force=True)
            assert file.with_name("portal.db.damaged").read_bytes() == broken
            with inside(settings), as_system("test"):
                assert db.session.scalar(select(func.count()).select_from(Account)) == 8


@one_database
def test_nothing_is_restored_while_somebody_is_at_work_and_nobody_begins_meanwhile(
    world: World, tmp_path: Path
) -> None:
    path = backup(world)
    with another_machine(world, tmp_path) as settings, inside(settings):
        colleague = os.open(Path(settings["PORTAL_INSTANCE"], "in-use"), os.O_RDWR)
        fcntl.flock(colleague, fcntl.LOCK_SH)
        with pytest.raises(Problem, match="The portal is running"):
            operations.restore(path, "")
        os.close(colleague)
        with instance.alone(), pytest.raises(SettingError, match="正在恢复备份"):
            create_app(Settings.read(settings))


# --- while people work ---------------------------------------------------------------------------------------------


def test_a_backup_made_while_people_work_is_of_one_moment(world: World) -> None:
    """Residents are entered in pairs: no backup has half of one."""
    is_over, is_entered = False, Event()

    def work() -> None:
        while not is_over:
            with world.work(), transaction():
                for _one_of_two in range(2):
                    records.add(Person, {"name": "居民"})
            is_entered.set()
            with world.app.app_context():
                db.session.remove()

    with ThreadPoolExecutor(2) as clerks:
        try:
            working = [clerks.submit(work) for _clerk in range(2)]
            counts = []
            for _backup in range(3):
                for _pair in range(3):  # each clerk may still be about to tell of one that the last backup has
                    is_entered.clear()
                    assert is_entered.wait(PATIENCE)
                with world.app.app_context():
                    path = operations.make(by="test")
                    with archive.opened(path, "") as opened:
                        counts.append(dict(opened.manifest.counts))
        finally:
            is_over = True
        for clerk in working:
            clerk.result()
    people = [count["person"] for count in counts]
    assert 0 < people[0] < people[1] < people[2]
    assert not any(count % 2 for count in people)


def test_a_snapshot_that_lost_a_row_does_not_pass(world: World, tmp_path: Path) -> None:
    world.person()
    with world.app.app_context():
        database, dump = operations._database(), tmp_path / "dump"
        counts = database.dump(dump)
        database.check(dump, counts)
        for wrong in ({**counts, "person": 2}, {**counts, "nothing": 0}):
            with pytest.raises(Problem):
                database.check(dump, wrong)
        data = dump.read_bytes()
        for altered in (data[: len(data) // 2], b"x" * 5000):
            dump.write_bytes(altered)
            with pytest.raises(Problem):
                database.check(dump, counts)


@on_postgresql
def test_missing_or_old_programs_of_postgresql_are_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for script, told in (("", "The program %(tool)s is missing"), ("echo 'pg_dump (PostgreSQL) 9.6.1'", "is older")):
        if script:
            (tmp_path / "pg_dump").write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "pg_dump").chmod(0o700)
        with world.app.app_context(), pytest.raises(Problem) as refused:
            operations.make()
        assert told in refused.value.message
        page = Page(world.client("administrator").get("/"))
        assert said(world, refused.value.message, **refused.value.params) in page.text


# --- day by day ----------------------------------------------------------------------------------------------------


@one_database
def test_the_portal_makes_one_a_day_whichever_of_its_workers_thinks_of_it(world: World, day: date) -> None:
    started: list[int] = []

    def look() -> bool:
        with world.app.app_context():
            return schedule.begin_if_due(lambda: started.append(1))

    with the_day_is(day), ThreadPoolExecutor(8) as workers:
        assert sum(workers.map(lambda _worker: look(), range(40))) == len(started) == 1
    for passed in range(1, 4):
        with the_day_is(day + timedelta(days=passed)), world.app.app_context():
            assert schedule.begin_if_due(operations.make)
            assert not schedule.begin_if_due(operations.make)
    with world.app.app_context():
        assert [made.made_at.day for made in operations.backups()] == [8, 7, 6]


@pytest.fixture
def day() -> date:
    return date(2026, 3, 5)


@one_database
def test_opening_a_page_is_what_begins_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "begin", operations.make)  # at once, not in a process of its own
    path = backup(world)
    with another_machine(world, tmp_path) as settings:
        del settings["PORTAL_BACKUP_DAILY"]
        with inside(settings):
            upgrade()
        with portal(settings) as app:
            assert app.test_client().get("/login/").status_code == 302, "nobody works here yet"
        with inside(settings):
            assert operations.state().last_attempt is None
            with pytest.raises(Problem, match="nothing to back up yet"):
                operations._make()
            operations.restore(path, "")
        with portal(settings) as app:
            for _page in range(2):
                assert app.test_client().get("/login/").status_code == 200
            with app.app_context():
                assert len(operations.backups()) == 1


@one_database
def test_the_administrator_is_warned_on_the_home_page_and_nobody_else(
    world: World, day: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warnings(username: str = "administrator") -> list[str]:
        page = Page(world.client(username).get("/"))
        assert not page.defects()
        return [" ".join(note.get_text(" ", strip=True).split()) for note in page.soup.select("main .note.warning")]

    none = said(world, "There is no backup yet.")
    assert none in warnings()[0]
    assert not warnings("branch_secretary")
    assert not warnings("auditor")
    with the_day_is(day):
        backup(world)
        assert not warnings()
    with the_day_is(day + timedelta(days=2)):
        assert not warnings()
    with the_day_is(day + timedelta(days=3)):
        assert said(world, "The last good backup is of %(day)s.", day="2026-03-05") in warnings()[0]
    with the_day_is(day + timedelta(days=1)), monkeypatch.context() as full:

        def no_room(*_given: Any) -> None:
            raise OSError(ENOSPC, "No space left on device")

        full.setattr(archive, "write", no_room)
        with pytest.raises(Problem):
            backup(world)
        told = said(world, "The disk is full. Please delete what is not needed any more.")
        assert told in warnings()[0]
        assert told in Page(world.client("administrator").get("/backup/list/")).text
    with the_day_is(day + timedelta(days=1)):
        backup(world)
        assert not warnings()


@one_database
def test_every_backup_is_copied_to_the_second_folder_and_rotated_there(
    world: World, day: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stick"
    monkeypatch.setitem(world.app.config, "BACKUPS", stick)
    client = world.client("administrator")
    message = "The second folder, %(folder)s, has got no copy. Is the USB stick plugged in, and is there room on it?"
    with the_day_is(day):
        backup(world)
        assert said(world, message, folder=str(stick)) in Page(client.get("/")).text
    stick.mkdir()
    names = [f"portal-2026-02-{number:02}-120000.zip" for number in range(1, 21)]
    for name in names:
        (stick / name).write_bytes(b"")
    with the_day_is(day + timedelta(days=1)):
        path = backup(world)
        assert Page(client.get("/")).soup.select("main .note.warning") == []
    assert (stick / path.name).read_bytes() == path.read_bytes()
    left = {found.name for found in stick.iterdir()}
    assert {names[-1], names[7], path.name} <= left, "the newest, the last of a week"
    assert names[1] not in left


# --- the page ------------------------------------------------------------------------------------------------------


@one_database
def test_the_administrator_backs_up_sets_a_key_and_takes_the_backup_along(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SECRET", bytes(range(32)).hex())
    with world.app.app_context(), as_system("test"), transaction():
        own = db.session.scalars(select(Account).where(Account.username == "administrator")).one()
        own.password, own.password_given = hashed(PASSWORD), False
    client, root = world.client("administrator"), Path(world.app.config["INSTANCE"])
    plain = backup(world)
    page = Page(client.get("/backup/list/"))
    assert not page.defects()
    assert not [link for link in page.links() if "download" in link], "one that everybody can read stays here"
    assert client.get(f"/backup/download/{plain.name}").status_code == 404
    for typed, wrong in (
        ({"key": "short", "again": "short"}, "key"),
        ({"key": KEY, "again": "another"}, "again"),
        ({"key": KEY, "again": KEY}, "old"),
        ({"key": KEY, "again": KEY, "old": "guessed by a thief"}, "old"),
    ):
        page = Page(client.post("/backup/key", data=typed))
        form = page.soup.select("form")[-1]
        assert form.select_one(f"#e-{wrong}"), typed
        assert not page.defects()
    assert not (root / "backup.key").exists()
    try:
        typed = {"key": KEY, "again": KEY, "old": PASSWORD}
        page = Page(client.post("/backup/key", data=typed, follow_redirects=True))
        assert page.flashes()
        assert (root / "backup.key").stat().st_mode & 0o777 == 0o600
        page = Page(client.post("/backup/make", follow_redirects=True))
        assert page.soup.select("meta[http-equiv=refresh]")
        client.post("/backup/make")  # pressed again while it is being made
        assert len(schedule._running) == 1
        assert schedule._running[0].wait(PATIENCE) == 0
        page = Page(client.get("/backup/list/"))
        (link,) = (link for link in page.links() if "download" in link)
        with client.get(link) as answer:
            assert "attachment" in answer.headers["Content-Disposition"]
            data = answer.data
        assert data.startswith(b"portal backup 1\n")
        with world.app.app_context():
            taken = operations.find(link.rsplit("/", 1)[1])
            assert taken is not None
            assert data == taken.path.read_bytes()
            assert operations.check(taken.path, KEY).manifest.counts["account"] == 8
    finally:
        (root / "backup.key").unlink(missing_ok=True)
        world.app.config["BACKUP_KEY"] = ""
    with world.app.app_context(), as_system("test"):
        told = db.session.execute(
            select(AuditEntry.action, AuditEntry.actor)
            .where(AuditEntry.action.startswith("backup"))
            .order_by(AuditEntry.id)
        )
        own = "管理员甲 (administrator)"
        assert [tuple(row) for row in told] == [
            ("backup", operations.BY),
            ("backup_key", own),
            ("backup", own),
            ("backup_taken", own),
        ]


NOTES = ".note.warning", ".note.success"


@one_database
def test_all_is_well_only_once_a_backup_is_encrypted_and_in_another_place(
    world: World, day: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client("administrator")

    def notes() -> tuple[str, str]:
        page = Page(client.get("/backup/list/"))
        assert not page.defects()
        warning, success = (" ".join(note.get_text() for note in page.soup.select(kind)) for kind in NOTES)
        return warning, success

    with the_day_is(day):
        backup(world)
        warning, success = notes()
        assert "电脑" in warning
        assert "设置备份口令" in warning
        assert not success
        with monkeypatch.context() as stick:
            stick.setitem(world.app.config, "BACKUPS", tmp_path)
            assert "没有加密" in notes()[0]
        monkeypatch.setitem(world.app.config, "BACKUP_KEY", KEY)
        name = backup(world).name
        assert "U盘" in notes()[0]
        client.get(f"/backup/download/{name}").close()
        warning, success = notes()
        assert not warning
        assert success
    with the_day_is(day + timedelta(days=8)):
        backup(world)
        assert "U盘" in notes()[0]
        monkeypatch.setitem(world.app.config, "BACKUPS", tmp_path)
        assert not notes()[0]


@one_database
def test_the_data_of_all_communities_are_not_for_the_administrator_of_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sets the key can open the backup: the installation's secret and everybody's data."""
    monkeypatch.setitem(world.app.config, "BACKUP_KEY", KEY)
    name = backup(world).name

    def at(place: Place) -> FlaskClient:
        with world.app.app_context(), as_system("test"), transaction():
            account = db.session.scalars(select(Account).where(Account.username == "system_administrator")).one()
            account.community_id = place.id
        return world.client("system_administrator")

    for place, may in ((world.here, False), (world.district, True), (world.east, False)):
        client = at(place)
        assert ("/backup/list/" in Page(client.get("/")).links()) is may, place
        assert (client.get("/backup/list/").status_code == 200) is may, place
        with client.get(f"/backup/download/{name}") as answer:
            assert (answer.status_code == 200) is may, place
        assert client.post("/backup/key", data={"key": KEY, "again": KEY}).status_code == (200 if may else 403)
    assert client.post("/backup/make").status_code == 403
    shutil.rmtree(Path(world.app.config["INSTANCE"], "backups"))
    assert not Page(client.get("/")).soup.select("main .note.warning")
    assert Page(at(world.district).get("/")).soup.select("main .note.warning")


@one_database
def test_a_backup_key_that_was_sent_too_late_does_not_stand_in_the_page(world: World) -> None:
    client = world.client("administrator")
    with client.session_transaction() as session:
        session["began"] = session["seen"] = 0
    answer = client.post("/backup/key", data={"key": KEY, "again": KEY, "old": PASSWORD})
    assert answer.status_code == 401
    assert KEY not in answer.text
    assert PASSWORD not in answer.text


@one_database
def test_pages_open_where_backups_cannot_be_kept_and_the_administrator_reads_why(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOOK_EVERY", 0)
    looks: list[Any] = []
    not_begun: Any = SimpleNamespace(before_request=looks.append)
    schedule.init_app(not_begun)  # the one of the tests makes no backups by itself
    monkeypatch.setitem(world.app.before_request_funcs, None, [*looks, *world.app.before_request_funcs[None]])
    root, client = Path(world.app.config["INSTANCE"], "backups"), world.client("administrator")
    useless = said(world, "The database or the folder of the backups cannot be read or written to.")
    full = said(world, "The disk is full. Please delete what is not needed any more.")
    try:
        root.write_text("a file where the folder should be")
        assert world.client().get("/login/").status_code == 200
        for address in ("/", "/backup/list/"):
            assert useless in Page(client.get(address)).text
        assert useless in Page(client.post("/backup/make", follow_redirects=True)).text
        root.unlink()

        def no_room(*_given: Any) -> None:
            raise OSError(ENOSPC, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(instance, "write_whole", no_room)
            disk.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
            assert world.client().get("/login/").status_code == 200
            with world.app.app_context(), pytest.raises(Problem, match="The disk is full"):
                operations.make()
            for address in ("/", "/backup/list/"):
                assert full in Page(client.get(address)).text
    finally:
        if root.is_file():
            root.unlink()


# --- the secret is changed -----------------------------------------------------------------------------------------

NEW = bytes(range(1, 33))


@pytest.fixture
def _own_secret(world: World) -> Iterator[None]:
    """The other tests go on with the secret they began with."""
    yield
    instance.use(world.app, Keyring(bytes(range(32))))


def seal_something_everywhere(world: World) -> None:
    """A value in every sealed column there is."""
    upload = a_sheet_that_came_in(world)
    for model in rotation.models():
        name = model.__tablename__
        if rotation.sealed_fields(model):
            key = a_row(world, name)
            with world.work(), transaction():
                for field in rotation.sealed_fields(model):
                    setattr(db.session.get_one(model, key), field.name, f"秘密{field.name}")
        for column in rotation.sealed_columns(model):
            if name not in {"sheet_upload", "outcome_page"}:
                with world.app.app_context(), as_system("test"), transaction():
                    row = db.session.scalars(select(model).limit(1)).one()
                    ring, place = world.app.extensions["keyring"], column.info[SEALED_AT](row)
                    setattr(row, column.key, ring.seal("秘密", place))
    assert upload


def a_sheet_that_came_in(world: World) -> int:
    with world.work(), transaction():
        upload = SheetUpload(
            register="person", filename="名册.xlsx", actor="干事甲", community_id=world.here.id, row_key="ab" * 16
        )
        upload.file, upload.tables = b"PK\x03\x04", [{"title": "名册"}]
        db.session.add(upload)
        db.session.flush()
        sealed = upload.seal([{"line": 3}], "wrong/0")
        db.session.add(OutcomePage(upload_id=upload.id, outcome="wrong", number=0, rows=sealed))
        return int(upload.id)


def all_that_is_sealed() -> Iterator[tuple[str, Any, str]]:
    """(column, sealed value, place) of everything in the database, read by other means than rotating does."""
    for model in rotation.models():
        for row in db.session.scalars(select(model)):
            for field in rotation.sealed_fields(model):
                if getattr(row, f"{field.name}_sealed"):
                    name = f"{model.__tablename__}.{field.name}"
                    yield name, getattr(row, f"{field.name}_sealed"), field.place(row.row_key)
            for column in rotation.sealed_columns(model):
                if getattr(row, column.key):
                    name = f"{model.__tablename__}.{column.key}"
                    yield name, getattr(row, column.key), column.info[SEALED_AT](row)
            if isinstance(row, ChangedRow) and row.before and row.before.get("id_number_sealed"):
                place = Person.id_number.place(row.before["row_key"])
                yield "changed_row", row.before["id_number_sealed"], place


def opens(ring: Keyring, sealed: Any, place: str) -> bool:
    try:
        return bool(ring.open_bytes(sealed, place) if isinstance(sealed, bytes) else ring.open(sealed, place))
    except Tampered:
        return False


@pytest.mark.usefixtures("_own_secret")
def test_with_a_new_secret_everything_opens_is_found_and_can_be_undone_and_the_old_one_opens_nothing(
    world: World,
) -> None:
    seal_something_everywhere(world)
    gone = world.person("王小明", id_number=ID_NUMBER)
    client = world.client("branch_secretary")
    assert client.post(f"/person/delete/{gone}", data={"version": "1"}).status_code == 302
    with world.app.app_context(), as_system("test"), transaction():
        db.session.execute(update(Account).values(recovery_codes=["ab"]))
    old, new = Keyring(bytes(range(32))), Keyring(NEW)
    with world.app.app_context():
        with as_system("test"):
            before = [*all_that_is_sealed()]
        assert all(opens(old, sealed, place) for _column, sealed, place in before)
        columns = {
            f"{model.__tablename__}.{named}"
            for model in rotation.models()
            for named in (
                *(field.name for field in rotation.sealed_fields(model)),
                *(column.key for column in rotation.sealed_columns(model)),
            )
        }
        assert {column for column, _sealed, _place in before} == columns | {"changed_row"}, "nothing is sealed there"
        named = {column.table.name + "." + column.name for column in _columns() if column.name.endswith("_sealed")}
        assert named <= columns | {f"{column}_sealed" for column in columns}, "not said where it was sealed (SEALED_AT)"
        assert rotation.in_use([NEW, bytes(range(32))]).secret == bytes(range(32))
        assert rotation.rotate(new) >= len(before)
        db.session.remove()
        assert rotation.in_use([bytes(range(32)), NEW]).secret == NEW
        with as_system("test"):
            after = [*all_that_is_sealed()]
            assert len(after) == len(before)
            for column, sealed, place in after:
                assert opens(new, sealed, place), column
                assert not opens(old, sealed, place), column
            assert set(db.session.scalars(select(Account.recovery_codes)).all()[0]) == set()
            change = db.session.scalars(select(undo.ChangeSet.id)).one()
    assert client.post(f"/change_set/undo/{change}").status_code == 302
    found = client.get("/person/list/", query_string={"q": ID_NUMBER}).text
    assert f"/person/show/{gone}" in found
    assert Page(client.get("/import/list/")).status == 200
    with world.work():
        upload = db.session.scalars(select(SheetUpload)).one()
        assert upload.tables == [{"title": "名册"}]


def _columns() -> Iterator[Any]:
    for model in rotation.models():
        yield from model.__table__.columns


@one_database
@pytest.mark.usefixtures("_own_secret")
def test_a_secret_that_cannot_be_opened_is_named_and_nothing_is_changed(world: World) -> None:
    first, second = (world.person(id_number=number) for number in (ID_NUMBER, "110105194912310021"))
    with world.app.app_context(), as_system("test"), transaction():
        db.session.execute(update(Person).where(Person.id == second).values(id_number_sealed="AAAA"))
    with world.app.app_context(), pytest.raises(Problem) as refused:
        rotation.rotate(Keyring(NEW))
    assert refused.value.params == {"table": "person", "key": second}
    with world.work():
        assert db.session.get_one(Person, first).id_number == ID_NUMBER


@one_database
def test_the_command_changes_the_secret_in_the_file_and_says_what_to_do_where_it_is_set_elsewhere(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.person(id_number=ID_NUMBER)
    path = backup(world)
    with another_machine(world, tmp_path) as settings:
        with inside(settings):
            operations.restore(path, "")
        file = Path(settings["PORTAL_INSTANCE"], "secret")
        before = file.read_text().strip()
        with inside(settings) as app:
            assert app.test_cli_runner().invoke(args=["secret", "rotate"]).exit_code == 0
        after = file.read_text().strip()
        assert len(after) == 64
        assert after != before
        with inside(settings), as_system("test"):
            assert db.session.scalars(select(Person)).one().id_number == ID_NUMBER
        # from the environment
        monkeypatch.setenv("PORTAL_SECRET", after)
        with inside({**settings, "PORTAL_SECRET": after}) as app:
            done = app.test_cli_runner().invoke(args=["secret", "rotate"])
            assert done.exit_code == 1
            assert "PORTAL_SECRET" in done.output
        both = f"{NEW.hex()} {after}"
        monkeypatch.setenv("PORTAL_SECRET", both)
        for code in (0, 1):
            with inside({**settings, "PORTAL_SECRET": both}) as app:
                assert app.test_cli_runner().invoke(args=["secret", "rotate"]).exit_code == code
        with inside({**settings, "PORTAL_SECRET": NEW.hex()}), as_system("test"):
            assert db.session.scalars(select(Person)).one().id_number == ID_NUMBER


# --- killed in the middle ------------------------------------------------------------------------------------------


def killed(do: Callable[[int], Any], longest: float) -> Iterator[int]:
    """Do it again and again in a process that is killed, each time later; gives control after each."""
    for trial in range(KILLS):
        db.session.remove()
        db.engine.dispose()
        child = os.fork()
        if not child:
            try:
                do(trial)
            finally:
                os._exit(0)
        time.sleep(longest * (trial + 1) / KILLS)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        yield trial


def trials(settings: dict[str, str], one: str, two: str) -> None:
    """What runs in a process of its own: backups, restores and changes of the secret that are killed in the middle."""
    app = create_app(Settings.read(settings))
    with app.app_context():
        operations.restore(Path(one), KEY)
        for _trial in killed(lambda _trial: operations.make(), 0.5):
            for made in operations.backups():
                operations.check(made.path, KEY)
            assert operations.state().problem or operations.backups()
        for _trial in killed(lambda trial: operations.restore(Path((two, one)[trial % 2]), KEY, force=True), 1.5):
            _look(app, settings)
        for _trial in killed(lambda _trial: app.test_cli_runner().invoke(args=["secret", "rotate"]), 0.5):
            _look(app, settings)


def _look(app: Flask, settings: dict[str, str]) -> None:
    """The one or the two residents, each with the number they had, found by a secret that is there."""
    found = Settings.read(settings)
    instance.use(app, rotation.in_use([found.secret, *found.older_secrets]))
    with as_system("test"):
        numbers = [person.id_number for person in db.session.scalars(select(Person).order_by(Person.id))]
        assert numbers in ([ID_NUMBER], [ID_NUMBER, "110105194912310021"])
        for number in numbers:
            assert db.session.scalar(select(Person.id).where(Person.id_number_index == Person.id_number.index(number)))
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        db.session.remove()


@one_database
@pytest.mark.usefixtures("sealed")
def test_killed_at_any_moment_they_leave_the_old_or_the_new(world: World, tmp_path: Path) -> None:
    """Two machines with residents and secrets of their own; one is restored over the other and back again."""
    world.person(id_number=ID_NUMBER)
    one = backup(world).rename(tmp_path / "one")
    with another_machine(world, tmp_path) as settings:
        with inside(settings) as app:
            operations.restore(one, KEY)
            assert app.test_cli_runner().invoke(args=["secret", "rotate"]).exit_code == 0
        with inside(settings):
            with working_in(Scope(world.here.id)), transaction():
                records.add(Person, {"name": "居民", "id_number": "110105194912310021"})
            two = operations.make().rename(tmp_path / "two")
        shutil.rmtree(settings["PORTAL_INSTANCE"])
        make_secret(settings)
        run = f"from tests.web.test_backups import trials; trials({settings!r}, {str(one)!r}, {str(two)!r})"
        root = Path(__file__).parents[2]
        done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, cwd=root)
        assert done.returncode == 0, done.stderr[-3000:]
