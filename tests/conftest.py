"""What all tests share: an application on each database, and a small made-up world to work in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_appbuilder import Model
from flask_migrate import upgrade
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.cli import SEEDS
from app.kernel import sheets
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from config import Settings
from tests.world import World

POSTGRES = os.environ.get("PORTAL_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database on the test server; skips, visibly, where there is none."""
    name = f"portal_test_{os.getpid()}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
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
    app = create_app(Settings(instance=folder, database=address, secret=bytes(range(32))))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    app.appbuilder.sm.limiter.enabled = False  # type: ignore[attr-defined]
    with app.app_context():
        upgrade()
        with as_system("test"), transaction():
            sheets.load_codes(SEEDS / "codes")
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    """Two communities in two streets of one district, an account for each role, and nothing else."""
    with app.app_context(), as_system("test"):
        world = World(app)
    yield world
    with app.app_context():
        db.session.remove()
        with db.engine.begin() as connection:
            for table in reversed(Model.metadata.sorted_tables):
                if not table.name.startswith("ab_") and table.name != "code":
                    for key in table.foreign_keys:
                        if key.column.table is table:
                            connection.execute(table.update().values({key.parent: None}))
                    connection.execute(table.delete())
