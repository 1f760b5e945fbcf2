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
from flask_migrate import Migrate, upgrade
from sqlalchemy import NullPool, create_engine, select

from app.accounts.models import Account
from app.accounts.operations import rescue
from app.backups.commands import backup, secret
from app.community.models import Community
from app.demo import SEEDS, load_demo
from app.kernel import chain, sheets
from app.kernel import entries as index
from app.kernel.audit import AuditEntry
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
def trail() -> None:
    """Look after the trail."""


@trail.command("verify")
def verify_trail() -> None:
    """Fail unless every entry follows from those before it and the chain leads to every anchor."""
    with as_system("核对操作记录"):
        found = chain.verify(db.session.connection(), AuditEntry.__table__)
    if found.broken is not None:
        raise click.ClickException(f"entry {found.broken} does not follow from the {found.entries} before it")
    for anchor in found.missing:
        click.echo(f"!!! {anchor.day}: {anchor.entries} entries, {anchor.digest}", err=True)
    for number in found.odd:
        click.echo(f"!!! anchors.csv, line {number}: no anchor", err=True)
    if not found.is_whole:
        raise click.ClickException("the chain does not lead to these anchors: something was changed or cut off")
    click.echo(f"==> {found.entries} entries, {found.digest}")


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


@click.command("rescue")
@click.argument("username")
def rescue_account(username: str) -> None:
    """Give USERNAME a new password, when no administrator can get in to do so; it is shown only now."""
    with as_system("服务器管理员"):
        account = db.session.scalar(select(Account).where(Account.username == username))
        if account is None:
            raise click.ClickException(f"there is no account {username}")
        with transaction():
            password = rescue(account)
    click.echo(password)


def register_commands(app: Flask) -> None:
    """Put the commands to ``app``, and what ``flask db`` asks for."""
    Migrate(app, db, directory=str(ROOT / "app" / "migrations"), render_as_batch=True)
    for command in (init, rescue_account, translations, search, trail, migrations, backup, secret):
        app.cli.add_command(command)
