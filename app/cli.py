"""Commands for the administrator: ``flask --app app init``, ``… translations check``, ``… migrations check``."""

from __future__ import annotations

import tempfile

import click
import flask_migrate
import polib
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_appbuilder import Model
from flask_migrate import upgrade
from sqlalchemy import NullPool, create_engine, select

from app.community.models import Community
from app.demo import SEEDS, load_demo
from app.kernel import search as index
from app.kernel import sheets
from app.kernel.db import db, refresh_statistics, transaction
from app.kernel.scope import as_system
from config import ROOT


@click.command()
@click.option("--demo", is_flag=True, help="Fill an empty database with fictitious people and demo accounts.")
def init(demo: bool) -> None:
    """Bring the database up to date: tables, code lists and, if asked and empty, demo data."""
    upgrade()
    with as_system("系统初始化"):
        with transaction():
            sheets.load_codes(SEEDS / "codes")
        if demo and db.session.scalar(select(Community.id).limit(1)) is None:
            load_demo()
        if index.is_behind():
            with transaction():
                index.rebuild()
    db.session.remove()
    refresh_statistics()


@click.group()
def translations() -> None:
    """Look after the catalogue."""


@translations.command("check")
def check_translations() -> None:
    """Fail if a message has no Chinese translation."""
    catalogue = polib.pofile(str(ROOT / "translations" / "zh" / "LC_MESSAGES" / "messages.po"))
    missing = [entry.msgid for entry in catalogue if not entry.obsolete and not entry.translated()]
    if missing:
        raise click.ClickException("no Chinese translation: " + "; ".join(missing))


@click.group()
def search() -> None:
    """Look after what the search boxes find."""


@search.command("rebuild")
def rebuild_search() -> None:
    """Write the index of all records anew."""
    with as_system("系统初始化"), transaction():
        click.echo(f"==> {index.rebuild()}")


@click.group()
def migrations() -> None:
    """Look after the migrations."""


@migrations.command("check")
def check_migrations() -> None:
    """Fail if the migrations, run on an empty database, do not give the tables the models describe."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/empty.db"
        flask_migrate.upgrade(x_arg=[f"database={address}"])
        with create_engine(address, poolclass=NullPool).connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
            if drift := compare_metadata(context, Model.metadata):
                raise click.ClickException(f"models and migrations differ: {drift}")


def ours(thing: object, name: str | None, kind: str, *_rest: object) -> bool:
    """Is this table ours to migrate? The framework's own security tables are not used, SQLite's index of words is not
    described by a model."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", "")
    return not str(table).startswith(("ab_", "search_words")) and name != "ix_search_entry_words"


def register_commands(app: Flask) -> None:
    for command in (init, translations, search, migrations):
        app.cli.add_command(command)
