"""The demo: fictitious communities as they are after some months of use, through the checks every form passes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.operations import give_password
from app.boards import operations as boards
from app.boards.models import Posting, Screen
from app.boards.screens import new_token
from app.catalogue import imports
from app.catalogue import operations as catalogue
from app.catalogue.models import CatalogueItem, DisclosureSetting, Occasion
from app.catalogue.operations import Entry
from app.community.models import Community
from app.disclosure import lifecycle, operations, sources
from app.disclosure.operations import About, Recipe
from app.facilities.models import NoticeBoard
from app.kernel import records, sheets
from app.kernel.db import db, today, transaction
from app.kernel.registers import REGISTERS
from app.kernel.scope import Scope, working_in
from app.kernel.workdays import SpecialDay
from app.roles import Role
from config import ROOT

SEEDS = ROOT / "seeds"

DEMO_ORDER = (
    "person",
    "party_organization",
    "party_member",
    "service_post",
    "post_assignment",
    "pledge",
    "representative",
    "building_leader",
    "committee_member",
    "procedure",
    "volunteer_team",
    "volunteer",
    "cultural_team",
    "cultural_team_member",
    "facility",
    "service_point",
    "notice_board",
    "book_corner",
    "partner_unit",
    "partnership_agreement",
    "plan_item",
    "allowance_household",
    "ledger_entry",
    "personal_data_request",
)
"""What is pointed at comes before what points at it."""


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
    with transaction():
        records.add(SpecialDay, {"on": date(2027, 1, 1), "is_worked": False, "name": "元旦"})
    for place in ("和风社区", "南渠社区", "柳岸社区"):
        _disclose(places[place], today())


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


# --- what was disclosed --------------------------------------------------------------------------------------------

DRAFTER, APPROVER = "演示干事", "演示书记"
BACK = 75
"""Days before today from which the demo catalogues count."""


def _disclose(place: int, day: date) -> None:
    """A catalogue at work: most of it posted in time, a little late, in preparation, waiting or missed."""
    with working_in(Scope(place, actor=DRAFTER)):
        imports.take_over(imports.preview_builtin())
        _start(day - timedelta(days=BACK))
        written = {row["事项"]: row for row in sheets.read_csv(SEEDS / "demo" / "notice.csv")}
        community = db.session.get_one(Community, place)
        planned = sorted(
            (_posting_day(entry, at, day), at, entry)
            for at, entry in enumerate(catalogue.open_entries(catalogue.matters(day)))
            if entry.item.source != sources.TEXT or entry.item.name in written
        )
        for on, at, entry in planned:
            draft = _draft(community, entry, written.get(entry.item.name, {}))
            if on <= day:
                operations.approve(draft, APPROVER, on, confirmed=True)
                for posting in boards.postings_of(draft):
                    if at % 13 != 6:  # a few still have to go up
                        boards.hang(posting.id, on, APPROVER, day)
            elif at % 2:
                operations.take(lifecycle.Step.SUBMIT, draft, DRAFTER)
        _take_down(day)
        with transaction():
            records.add(DisclosureSetting, {"procedure": "one"})
        with transaction():
            board = db.session.scalar(select(Posting.board_id).where(*boards.is_up()).limit(1))
            records.add(Screen, {"board_id": board}).token = new_token()


def _start(since: date) -> None:
    """The day the catalogue counts from, the board each matter hangs on, and what happened lately."""
    by_kind = {board.name.strip("1234567890号")[:2]: board.id for board in db.session.scalars(select(NoticeBoard))}
    with transaction():
        for item in db.session.scalars(select(CatalogueItem)):
            item.since = since
            item.board_id = by_kind.get((item.category or "")[:2], next(iter(by_kind.values())))
            for row in sheets.read_csv(SEEDS / "demo" / "occasion.csv"):
                if row["事项"] == item.name:
                    on = today() - timedelta(days=int(row["几天前"]))
                    records.add(Occasion, {"item_id": item.id, "subject": row["事由"], "on": on, "ends_on": None})


def _posting_day(entry: Entry, at: int, day: date) -> date:
    """Mostly before it is due; every eleventh late, every seventh of what is not yet due still to come."""
    if at % 7 == 3:
        return day + timedelta(days=1)
    early = entry.duty.due_on + timedelta(days=4 if at % 11 == 5 else -3)
    begun = max(entry.duty.starts_on, entry.item.since) + timedelta(days=2)
    return max(begun, early) if early <= day else max(begun, min(day, begun + timedelta(days=8)))


def _draft(community: Community, entry: Entry, written: dict[str, str]) -> int:
    source = sources.find(entry.item.source) or sources.find(sources.TEXT)
    assert source is not None  # noqa: S101 - plain text is always there
    asked = source.settled(operations.first_question(entry.item, entry.duty))
    wording = operations.first_wording(source, asked, community, entry.item, entry.duty)
    if written:
        table = written["表格"].replace("|", "\t")
        wording = replace(wording, opening=written["正文"], table=table)
    recipe = Recipe(asked, wording)
    sheet = operations.compose(source, recipe, entry.item)
    about = About(entry.item.id, entry.duty.key, entry.duty.label)
    return operations.draft(source.name, community.id, sheet, recipe, DRAFTER, about).id


def _take_down(day: date) -> None:
    """What had its time, or was replaced, has come down, but for one that was forgotten."""
    due = db.session.scalars(select(Posting).where(*boards.is_to_come_down(day)).order_by(Posting.id)).all()
    for posting in due[1:]:
        if posting.due_down_on and posting.free_from:
            boards.take_down(posting.id, max(posting.due_down_on, posting.free_from), DRAFTER, day)
