"""Where the hostile trials take place: a portal of its own with the small world in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from app.kernel.listing import Question, rows
from app.kernel.registers import REGISTERS
from app.kernel.scope import as_system
from tests.conftest import POSTGRES
from tests.rows import a_row
from tests.world import World, close, new_portal


@dataclass(frozen=True)
class Figure:
    """One line of the table: how often something was tried, how often it went wrong, and the first few cases."""

    what: str
    tried: int
    wrong: int
    told: tuple[str, ...] = ()

    @classmethod
    def of(cls, what: str, tried: int, wrong: list[str]) -> Figure:
        return cls(what, tried, len(wrong), tuple(wrong[:5]))


def some_row(world: World, register: str) -> int:
    """The id of the first row of ``register``, or of one that is made."""
    with world.work():
        found = rows(REGISTERS[register].model, [], Question(), limit=1)
    return found[0].id if found else a_row(world, register)


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database on the test server; raises :class:`OperationalError` where there is none."""
    name = f"portal_hostile_{os.getpid()}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@contextmanager
def stage(folder: Path, database: str = "") -> Iterator[World]:
    """A new portal over ``database``, by default an SQLite file in ``folder``, and its world."""
    app = new_portal(folder, database, TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    with app.app_context(), as_system("test"):
        world = World(app)
    yield world
    close(app)
