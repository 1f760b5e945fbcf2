"""What all tests share: an application on each database, and a small made-up world to work in."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder import Model
from sqlalchemy import (
    Connection,
    NullPool,
    Table,
    create_engine,
    exists,
    func,
    literal,
    make_url,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import OperationalError

from app import portal
from app.kernel.db import db
from app.kernel.scope import as_system
from app.printing import stop
from tests.world import World, close, new_portal, owner

POSTGRES = os.environ.get("PORTAL_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
assert portal.CAPABILITIES  # has loaded every model
TABLES = [table for table in Model.metadata.sorted_tables if not table.name.startswith("ab_") and table.name != "code"]
"""What a test may fill; those that are pointed at come first."""
HOLD_ANYTHING = union_all(*(select(literal(table.name)).where(exists(table.select())) for table in TABLES))
EMPTYING = {
    table.name: ";".join(
        [f"UPDATE {table} SET {key.parent.name} = NULL" for key in table.foreign_keys if key.column.table is table]
        + [f"DELETE FROM {table}"]
    )
    for table in TABLES
}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Load all tests. What is compiled is kept, whatever is usual here: many tests begin processes of their own."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look it through even once."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    """Garbage that has something to complain of does so now: pytest looks for it twice more, for seconds each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Neighbours stay together, so that what they share is made by one process and not by each of them."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def printer() -> Iterator[None]:
    """The process that draws: it is left running between tests, for starting it takes seconds, but not after them."""
    yield
    stop()


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database on the test server; skips, visibly, where there is none."""
    name = f"portal_test_{os.getpid()}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    except OperationalError as absent:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL for the tests: {type(absent).__name__}")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
    ids=["sqlite", "postgresql"],
)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The portal over a database made by the migrations, with its code lists."""
    folder: Path = tmp_path_factory.mktemp("instance")
    if request.param == "sqlite":
        address = f"sqlite:///{folder}/test.db"
    else:
        address = request.getfixturevalue("postgres_database")
    app = new_portal(folder, address, TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    yield app
    close(app)


@pytest.fixture(scope="session")
def founded(app: Flask) -> tuple[World, str]:
    """The small world, made once the way the portal makes it, and the statements that make it again."""
    with app.app_context(), as_system("test"):
        empty_database()
        world = World(app)
        with owner() as connection:
            again = [statement for table in TABLES if (statement := filling(connection, table))]
            if connection.dialect.name == "sqlite":  # whose index of words is a table of its own
                again.append("INSERT INTO search_words (rowid, words) SELECT id, words FROM search_entry")
        empty_database()
    return world, ";".join(again)


@pytest.fixture
def world(app: Flask, founded: tuple[World, str]) -> Iterator[World]:
    """Two communities in two streets of one district, an account for each role, and nothing else."""
    world, again = founded
    with app.app_context(), owner() as connection:
        run(connection, again)
    yield world
    with app.app_context():
        empty_database()


def empty_database() -> None:
    """Delete what a test made: asking which tables hold anything is quicker than emptying every one."""
    db.session.remove()
    with owner() as connection:
        holding = set(connection.scalars(HOLD_ANYTHING))
        run(connection, ";".join(EMPTYING[table.name] for table in reversed(TABLES) if table.name in holding))


def filling(connection: Connection, table: Table) -> str:
    """The statement that puts into ``table`` what stands in it now; empty if that is nothing."""
    quoted = func.quote if connection.dialect.name == "sqlite" else func.quote_nullable
    rows = connection.execute(select(*map(quoted, table.c)))
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    return f"INSERT INTO {table} ({', '.join(table.c.keys())}) VALUES {values}" if values else ""


def run(connection: Connection, statements: str) -> None:
    """Send several statements at once, which costs much less than sending them one by one."""
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.executescript(f"BEGIN;{statements};COMMIT")
    else:
        connection.exec_driver_sql(statements)
