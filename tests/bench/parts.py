"""The parts of ``make bench``: what each of them measures, and of what it says that a goal is met."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import insert

from app.community.models import Person
from app.community.rules import name_key
from app.kernel import entries
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.volunteers.models import Volunteer
from tests.bench import goals
from tests.bench.asking import Site
from tests.bench.beside import slowed
from tests.bench.browsing import seen
from tests.bench.data import prepared
from tests.bench.exporting import exports
from tests.bench.goals import Goal
from tests.bench.growing import MANY_REGISTERS, growth, more_registers
from tests.bench.importing import importing
from tests.bench.pages import ADMIN, BARE, PORTAL, all_sites, compared, portal_cookie, show
from tests.bench.paging import pages
from tests.bench.printing import prints
from tests.bench.profiling import profiles
from tests.bench.registers import declare
from tests.bench.searching import searches
from tests.bench.serving import served, serving
from tests.bench.trust import safety
from tests.world import World, new_portal

ON_A_DATABASE = ("pages", "community", "growth", "registers", "serving", "beside", "browser", "profile")
BY_THEMSELVES = ("importing", "exporting", "searching", "paging", "printing", "trust")
FEWEST_ROWS = 1_000
SEEN = ("/volunteer/list/?page=1", "/volunteer/edit/76")


def portal(folder: Path, name: str, volunteers: int, database: str = "") -> World:
    """A portal, over SQLite if no database is named, whose community 春和 has this many volunteers."""
    app = new_portal(folder, database or f"sqlite:///{folder}/{name}.db", TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context(), as_system("bench"):
        world = World(app)
        people = [_person(number, world.here.id) for number in range(1, volunteers + 1)]
        if people:
            with transaction():
                db.session.execute(insert(Person.__table__), people)
                entries.index_rows(db.session.connection(), Person, people)
                db.session.execute(
                    insert(Volunteer.__table__),
                    [
                        {
                            "community_id": world.here.id,
                            "person_id": person["id"],
                            "registered_on": date(2026, 1, 1),
                        }
                        for person in people
                    ],
                )
    return world


def _person(number: int, community_id: int) -> dict[str, object]:
    name = "赵钱孙李周吴郑王"[number % 8] + "一二三四五六七八九"[number // 8 % 9] + "春夏秋冬明亮红强"[number // 72 % 8]
    return {
        "id": number,
        "community_id": community_id,
        "name": name,
        "name_key": name_key(name),
        "phone": f"139{number:08}",
    }


def on_database(database: str, wanted: argparse.Namespace) -> list[Goal]:
    """Measure what is ``wanted`` of the parts that are about one database, in a process of their own."""
    declare()
    dataset, rounds, clock = prepared(database, wanted.rows), wanted.rounds, wanted.clock
    sites = all_sites(dataset)
    cookies = _cookies(sites)

    def beside_others() -> Iterable[Goal]:
        table = compared(dataset, list(sites.values()), rounds, wanted.in_a_row, clock)
        show(dataset, table, clock)
        return goals.of_pages(database, table)

    def of_one_community() -> Iterable[Goal]:
        theirs = all_sites(dataset, "community")
        table = compared(dataset, list(theirs.values()), rounds, wanted.in_a_row, clock, "community")
        show(dataset, table, clock, "community")
        return ()

    def with_more_rows() -> Iterable[Goal]:
        small = prepared(database, min(FEWEST_ROWS, wanted.rows))
        return goals.of_growth(database, small, dataset, growth(small, dataset, rounds, clock))

    def with_more_registers() -> Iterable[Goal]:
        return goals.of_registers(database, MANY_REGISTERS, more_registers(dataset, rounds, clock))

    def behind_gunicorn() -> Iterable[Goal]:
        return goals.of_serving(database, served(dataset, cookies))

    def beside_work() -> Iterable[Goal]:
        other = f"session={portal_cookie(sites[PORTAL].app.__self__, 'community')}"
        return goals.of_work_beside(database, slowed(dataset, cookies[PORTAL], other))

    def in_a_browser() -> Iterable[Goal]:
        with serving(PORTAL, dataset, cookies[PORTAL], SEEN[0]) as server:
            return goals.of_browser(database, seen(server, SEEN))

    def profiled() -> Iterable[Goal]:
        profiles(dataset)
        return ()

    parts: dict[str, Callable[[], Iterable[Goal]]] = {
        "pages": beside_others,
        "community": of_one_community,
        "growth": with_more_rows,
        "registers": with_more_registers,
        "serving": behind_gunicorn,
        "beside": beside_work,
        "browser": in_a_browser,
        "profile": profiled,
    }
    return [goal for part in ON_A_DATABASE if part in wanted.parts for goal in parts[part]()]


def _cookies(sites: Mapping[str, Site]) -> dict[str, str]:
    """By what each server knows who is at work."""
    asked = {name: sites[name].cookies for name in (PORTAL, ADMIN, BARE)}
    return {name: "; ".join(f"{key}={value}" for key, value in of.items()) for name, of in asked.items()}


def by_itself(part: str, folder: Path, plainly: bool) -> None:
    """Measure one of the parts that make their own data."""
    parts: dict[str, Callable[[], None]] = {
        "importing": lambda: importing(folder, portal),
        "exporting": lambda: exports(folder),
        "searching": lambda: searches(portal(folder, "searched", 100_000)),
        "paging": lambda: pages(portal(folder, "paged", 100_000)),
        "printing": lambda: prints(folder, plainly=plainly),
        "trust": lambda: safety(portal(folder, "trusted", 2_000)),
    }
    parts[part]()
