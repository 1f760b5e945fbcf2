"""The chain of the trail: what was written there cannot be changed, taken out or cut off without it being seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Table, delete, event, select, update
from sqlalchemy.exc import IntegrityError

from app.community.models import Person
from app.kernel import audit, chain, records
from app.kernel.audit import AuditEntry, Unchangeable
from app.kernel.chain import Finding, TrailAnchor, TrailHead
from app.kernel.db import db, today, transaction
from app.kernel.scope import as_system
from tests.web.page import Page
from tests.world import World, owner, the_day_is

ENTRIES: Table = AuditEntry.__table__
ANCHORS: Table = TrailAnchor.__table__
HEADS: Table = TrailHead.__table__


@pytest.fixture(autouse=True)
def _no_anchors(app) -> Iterator[None]:
    with app.app_context():
        chain.anchor_file().unlink(missing_ok=True)
        yield
        chain.anchor_file().unlink(missing_ok=True)


def verified(world: World) -> Finding:
    with world.app.app_context(), as_system("test"):
        return chain.verify(db.session.connection(), ENTRIES)


def tamper(world: World, statement: Any) -> None:
    """What only the owner of the database can do, past the portal."""
    with world.app.app_context(), owner() as connection:
        connection.execute(statement)


def ids(world: World) -> list[int]:
    with world.app.app_context(), owner() as connection:
        return list(connection.scalars(ENTRIES.select().with_only_columns(ENTRIES.c.id).order_by(ENTRIES.c.id)))


@pytest.mark.parametrize("column", chain.COVERED)
def test_an_entry_that_was_changed_is_named(world, column):
    changed = {"at": "2001-01-01", "record_id": 7, "community_id": world.there.id, "changes": {"name": ["甲", "乙"]}}
    first, second, third = (world.person() and ids(world)[-1] for _ in range(3))
    assert verified(world).is_whole
    value = changed.get(column, "别人")
    value = AuditEntry.at.type.python_type.fromisoformat(value) if column == "at" else value
    tamper(world, update(ENTRIES).where(ENTRIES.c.id == second).values({column: value}))
    found = verified(world)
    assert found.broken == second
    assert found.entries == ids(world).index(first) + 1
    assert third > second


def test_an_entry_that_was_taken_out_is_missed_by_the_next_one(world):
    first, _second, third = (world.person() and ids(world)[-1] for _ in range(3))
    tamper(world, delete(ENTRIES).where(ENTRIES.c.id > first, ENTRIES.c.id < third))
    assert verified(world).broken == third


@pytest.mark.parametrize("also_in_the_database", [False, True])
def test_an_end_that_was_cut_off_is_missed_by_the_anchor_of_the_next_day(world, also_in_the_database):
    """Who has the database has its anchors too, and what it should come to now, but not the file beside it."""
    with the_day_is(date(2026, 3, 5)):
        world.person()
        kept, _gone = (world.person() and ids(world)[-1] for _ in range(2))
    with the_day_is(date(2026, 3, 6)):
        world.person()
        world.person()
    assert verified(world).is_whole
    assert len(chain_file(world)) == 2  # of both days: the small world had been made before
    tamper(world, delete(ENTRIES).where(ENTRIES.c.id > kept))
    short = verified(world).missing
    assert {anchor.day for anchor in short} == {date(2026, 3, 6), today()}  # and it should be longer today
    if also_in_the_database:
        left = verified(world)
        tamper(world, delete(ANCHORS).where(ANCHORS.c.day == date(2026, 3, 6)))
        tamper(world, update(HEADS).values(entries=left.entries, digest=left.digest))
        assert [anchor.day for anchor in verified(world).missing] == [date(2026, 3, 6)]


def test_a_clock_that_ran_ahead_keeps_no_later_day_from_its_anchor(world):
    with the_day_is(date(2036, 1, 1)):
        world.person()
    for day in (5, 6):
        with the_day_is(date(2026, 3, day)):
            world.person()
    days = [line.partition(",")[0] for line in chain_file(world)]
    assert days[-3:] == ["2036-01-01", "2026-03-05", "2026-03-06"]
    assert verified(world).is_whole


def test_a_database_that_was_put_back_gets_the_anchor_of_the_day_again(world):
    """An older state of it is restored beneath the running portal, which has anchored the day before."""
    with the_day_is(date(2026, 3, 5)):
        world.person()
    kept, then = ids(world)[-1], verified(world)
    with the_day_is(date(2026, 3, 6)):
        world.person()
        world.person()
        tamper(world, delete(ENTRIES).where(ENTRIES.c.id > kept))
        tamper(world, delete(ANCHORS).where(ANCHORS.c.day == date(2026, 3, 6)))
        tamper(world, update(HEADS).values(entries=then.entries, digest=then.digest))
        world.person()
        world.person()
    with world.app.app_context(), owner() as connection:
        anchors = connection.execute(select(ANCHORS).where(ANCHORS.c.day == date(2026, 3, 6))).all()
    assert [(anchor.entries, anchor.digest) for anchor in anchors] == [(then.entries, then.digest)]
    assert verified(world).is_whole


def test_an_anchor_that_was_not_committed_is_written_with_the_next_entry(world):
    with the_day_is(date(2026, 3, 5)):
        with world.work(), suppress(ZeroDivisionError), transaction():
            records.add(Person, {"name": "张明"})
            event.listen(db.session(), "before_commit", lambda _session: 1 // 0, once=True)
        world.person()
    with world.app.app_context(), owner() as connection:
        assert connection.scalar(select(ANCHORS.c.day).where(ANCHORS.c.day == date(2026, 3, 5))) is not None


def test_a_file_of_anchors_that_cannot_be_written_stops_nobody_and_odd_lines_are_told(world):
    with world.app.app_context():
        file = chain.anchor_file()
        file.mkdir()
        with the_day_is(date(2026, 3, 5)):
            world.person("张明")
        file.rmdir()
        file.write_text("2026年3月5日,三,abc\n")
    found = verified(world)
    assert found.odd == (1,)
    assert found.missing == ()
    assert "第 1 行" in Page(world.client("auditor").post("/trail_chain/")).text


def chain_file(world: World) -> list[str]:
    with world.app.app_context():
        return chain.anchor_file().read_text().splitlines()


def test_entries_put_in_at_the_front_are_found_by_the_anchors_count(world):
    with the_day_is(date(2026, 3, 5)):
        world.person()
    with the_day_is(date(2026, 3, 6)):
        world.person()
    rows = [dict(row) for row in _rows(world)]
    forged, digest = [rows[0] | {"subject": "无中生有"}, *rows], chain.BEGINNING
    for row in forged:
        digest = row["digest"] = chain.link(digest, row)
    tamper(world, delete(ENTRIES))
    tamper(world, ENTRIES.insert().values([row | {"id": number} for number, row in enumerate(forged, 1)]))
    found = verified(world)
    assert found.broken is None
    assert {anchor.day for anchor in found.missing} >= {date(2026, 3, 5), date(2026, 3, 6)}


def _rows(world: World) -> list[Any]:
    with world.app.app_context(), owner() as connection:
        return list(connection.execute(ENTRIES.select().order_by(ENTRIES.c.id)).mappings())


def test_the_portal_itself_neither_changes_nor_deletes_an_entry(world):
    world.person()
    with world.app.app_context(), as_system("test"):
        entry = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        for ways in (
            lambda: setattr(entry, "subject", "别人"),
            lambda: db.session.delete(entry),
            lambda: db.session.execute(update(AuditEntry).values(subject="别人")),
            lambda: db.session.execute(delete(AuditEntry)),
        ):
            with pytest.raises(Unchangeable), transaction():
                ways()
    assert verified(world).is_whole


def test_what_was_only_tried_or_failed_is_not_told(world):
    before = ids(world)
    with world.work():
        with transaction():
            audit.write("print", "person", "先打印")
            trial = db.session.begin_nested()
            records.add(Person, {"name": "试一试"})
            trial.rollback()
            trial = db.session.begin_nested()
            db.session.add(Person(name=None, community_id=world.here.id))
            with suppress(IntegrityError):
                db.session.flush()
            trial.rollback()
        with suppress(ZeroDivisionError), transaction():
            records.add(Person, {"name": "半途"})
            audit.write("print", "person", "半途")
            raise ZeroDivisionError
        with transaction():
            records.add(Person, {"name": "张明"})
    assert [row["subject"] for row in _rows(world) if row["id"] not in before] == ["先打印", "张明"]


def test_the_chain_holds_when_several_write_at_once(world):
    def write() -> None:
        for _ in range(5):
            world.person()

    before = len(ids(world))
    threads = [Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verified(world)
    assert found.is_whole
    assert found.entries == before + 30


def test_the_command_says_how_far_the_trail_holds(world, app):
    world.person("张明")
    runner = app.test_cli_runner()
    sound = runner.invoke(args=["trail", "verify"])
    assert sound.exit_code == 0
    assert str(len(ids(world))) in sound.output
    tamper(world, update(ENTRIES).where(ENTRIES.c.id == ids(world)[-1]).values(subject="李华"))
    broken = runner.invoke(args=["trail", "verify"])
    assert broken.exit_code == 1
    assert str(ids(world)[-1]) in broken.output


def test_the_auditor_sees_the_anchors_and_whether_the_trail_is_whole(world: World) -> None:
    with the_day_is(date(2026, 3, 5)):
        world.person()
    with the_day_is(date(2026, 3, 6)):
        world.person("张明")
    auditor = world.client("auditor")
    page = Page(auditor.get("/trail_chain/"))
    assert "2026-03-06" in page.text
    assert chain_file(world)[-1].rpartition(",")[2] in page.text
    assert not page.defects()
    assert "记录前后相符" in Page(auditor.post("/trail_chain/")).text
    changed = ids(world)[-1]
    tamper(world, update(ENTRIES).where(ENTRIES.c.id == changed).values(subject="李华"))
    broken = Page(auditor.post("/trail_chain/"))
    assert f"第 {changed} 号记录" in broken.text
    assert "张明" not in broken.text
    assert not broken.defects()
