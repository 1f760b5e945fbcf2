"""Commands for the administrator: ``flask --app app init``, ``… translations check``, ``… migrations check``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click
import flask_migrate
import polib
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask, current_app
from flask_appbuilder import Model
from flask_migrate import upgrade
from sqlalchemy import NullPool, create_engine, select

from app.accounts.models import Account
from app.accounts.operations import give_password
from app.community.models import Community
from app.kernel import sheets
from app.kernel.db import db, transaction
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, as_system, working_in
from app.roles import Role
from config import ROOT

SEEDS = ROOT / "seeds"

DEMO_ORDER = (
    "person",
    "party_organization",
    "party_member",
    "service_post",
    "post_assignment",
    "representative",
    "building_leader",
    "volunteer_team",
    "volunteer",
    "cultural_team",
    "cultural_team_member",
    "facility",
    "notice_board",
    "book_corner",
    "partner_unit",
    "partnership_agreement",
    "plan_item",
)
"""What is pointed at comes before what points at it."""


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


def load_demo() -> None:
    """The demo communities through the checks every form passes, and their accounts: all of it, or nothing."""
    with transaction():
        sheets.load(Community, sheets.read_csv(SEEDS / "demo" / "community.csv"))
        places = {community.name: community.id for community in db.session.scalars(select(Community))}
        for name in DEMO_ORDER:
            by_community: dict[str, list[dict[str, str]]] = {}
            for row in sheets.read_csv(SEEDS / "demo" / f"{name}.csv"):
                by_community.setdefault(row.pop("社区"), []).append(row)
            for place, rows in by_community.items():
                with working_in(Scope(places[place], actor="演示数据")):
                    try:
                        sheets.load(REGISTERS[name].model, rows)
                    except sheets.BadRow as bad:
                        raise click.ClickException(f"{name}.csv, {place}, line {bad}") from bad
        _make_accounts(places, current_app.config["INSTANCE"] / "accounts.txt")


def _make_accounts(places: dict[str, int], file: Path) -> None:
    """The demo accounts, written to ``file`` (mode 600) a line each: user name, password, role."""
    lines = []
    for row in sheets.read_csv(SEEDS / "demo" / "account.csv"):
        account = Account(
            username=row["username"],
            full_name=row["full_name"],
            role=Role(row["role"]),
            community_id=places[row["community"]],
        )
        lines.append(f"{account.username}\t{give_password(account)}\t{account.role}\n")
        db.session.add(account)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.writelines(lines)
    click.echo(f"==> 演示账号已写入 / demo accounts written to {file}")


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
    """Is this table ours to migrate? The framework's own security tables are not used."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", "")
    return not str(table).startswith("ab_")


def register_commands(app: Flask) -> None:
    for command in (init, translations, migrations):
        app.cli.add_command(command)
