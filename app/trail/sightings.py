"""Keeping who opened whose record, without making anybody wait for it.

A page costs each process that serves one statement the first time somebody opens it on a day, and none after that.
Where another operation has the database to itself, such as a long import, the page goes out and what was seen is
written with the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from flask import current_app
from sqlalchemy import Connection, bindparam
from sqlalchemy.dialects.postgresql import insert as insert_into_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite
from sqlalchemy.exc import OperationalError

from app.kernel import scope, undo
from app.kernel.db import db, now, today
from app.kernel.persons import is_about_people
from app.trail.models import Sighting

log = logging.getLogger("portal")

PATIENCE = 200
"""Milliseconds for which a page waits for the database."""
Key = tuple[str, int, datetime, str]
"""Register, record and when it was made, actor: SQLite gives the id of a deleted record again."""


@dataclass
class Memory:
    """What this process has seen on ``day``; ``waiting`` is not on disk yet."""

    day: Any = None
    written: set[Key] = field(default_factory=set)
    waiting: dict[Key, dict[str, Any]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


def note(record: Any) -> None:
    """The page of ``record`` was drawn for the person at work. Commits."""
    if not is_about_people(type(record)):
        return
    memory: Memory = current_app.extensions.setdefault("sightings", Memory())
    key = (record.__tablename__, record.id, record.created_at, scope.current().actor)
    with memory.lock:
        is_new_day = memory.day != today()
        if is_new_day:
            memory.day, memory.written = today(), set()
        if key in memory.written:
            return
        memory.written.add(key)
        memory.waiting[key] = _row(key, now(), getattr(record, "community_id", None))
        rows, memory.waiting = memory.waiting, {}
    with scope.as_system(key[-1]):  # what waited may have been seen by somebody of another community
        is_written = _write(list(rows.values()), is_new_day)
    if not is_written:
        log.warning("%s sightings wait for the database", len(rows))
        with memory.lock:
            memory.waiting.update(rows)


def _row(key: Key, at: datetime, community_id: int | None) -> dict[str, Any]:
    register, record_id, made, actor = key
    about = {"register": register, "record_id": record_id, "community_id": community_id, "made": made}
    return {"on": today(), "at": at, "actor": actor, **about}


def _write(rows: list[dict[str, Any]], is_new_day: bool) -> bool:
    """False where somebody else keeps the database.

    On a new day the copies go that were kept for undoing and no longer can be, also where nobody deletes any more.
    """
    session = db.session()
    connection = session.connection()
    on_sqlite = connection.dialect.name == "sqlite"
    session.expire_on_commit = False  # who is at work need not be asked for again
    try:
        with _impatient(connection) if on_sqlite else nullcontext():
            connection.execute(_statement(on_sqlite), rows)
            if is_new_day:
                undo.forget_old()
        session.commit()
    except OperationalError:
        session.rollback()
        return False
    finally:
        session.expire_on_commit = True
    return True


def _statement(on_sqlite: bool) -> Any:
    """One row for an account and a day; what it saw that day of an earlier record with the same id gives way."""
    insert: Any = insert_into_sqlite if on_sqlite else insert_into_postgresql
    statement = insert(Sighting.__table__)
    return statement.on_conflict_do_update(
        index_elements=["register", "record_id", "on", "actor"],
        set_={name: statement.excluded[name] for name in ("at", "community_id")},
        where=Sighting.at < bindparam("made"),
    )


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """Within the block SQLite gives up early where another writes."""
    usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")
