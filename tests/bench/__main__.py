"""Measured ratios, printed and never asserted: ``make bench``. Times depend on the machine, ratios travel.

``make bench ARGS=--plainly`` also has WeasyPrint lay out 5,000 rows by itself, which takes most of a minute.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert

from app import create_app
from app.cli import SEEDS
from app.community.models import Person
from app.community.rules import name_key
from app.kernel import search, sheets
from app.kernel.db import db, transaction
from app.kernel.scope import as_system
from app.volunteers.models import Volunteer
from config import Settings
from tests.bench.exporting import exports
from tests.bench.importing import importing
from tests.bench.paging import pages
from tests.bench.printing import prints
from tests.bench.searching import searches
from tests.world import World

ROUNDS = 15


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median seconds of ``work``, after one round to warm up."""
    work()
    taken = []
    for _round in range(rounds):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return median(taken)


def portal(folder: Path, name: str, volunteers: int, database: str = "") -> World:
    """A portal, over SQLite if no database is named, whose community 春和 has this many volunteers."""
    address = database or f"sqlite:///{folder}/{name}.db"
    settings = Settings(instance=folder, database=address, secret=bytes(range(32)))
    app: Flask = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        upgrade()
        with as_system("bench"):
            with transaction():
                sheets.load_codes(SEEDS / "codes")
            world = World(app)
            people = [_person(number, world.here.id) for number in range(1, volunteers + 1)]
            if people:
                with transaction():
                    db.session.execute(insert(Person.__table__), people)
                    search.index_rows(db.session.connection(), Person, people)
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


def lists(folder: Path) -> None:
    """The first page of 100,000 volunteers beside that of 100."""
    addresses = {
        "first page": "/volunteer/list/?page=1",
        "by name": "/volunteer/list/?order=person_id",
        "search": "/volunteer/list/?q=zhaoyi",
        "add form": "/volunteer/add/",
        "choices": "/person/choices/?q=zhao",
    }
    figures: dict[str, list[float]] = {name: [] for name in addresses}
    for size in (100, 100_000):
        client = portal(folder, f"volunteers{size}", size).client("office_staff")
        for name, address in addresses.items():
            figures[name].append(timed(lambda client=client, address=address: client.get(address)))  # type: ignore[misc]
    print(f"{'volunteers':14}{'100':>12}{'100,000':>12}{'ratio':>9}")
    for name, (small, large) in figures.items():
        print(f"{name:14}{small * 1000:9.1f} ms{large * 1000:9.1f} ms{large / small:9.2f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        lists(Path(temporary))
        exports(Path(temporary))
        importing(Path(temporary), portal)
        searches(portal(Path(temporary), "searched", 100_000))
        pages(portal(Path(temporary), "paged", 100_000))
        prints(Path(temporary), plainly="--plainly" in sys.argv)
