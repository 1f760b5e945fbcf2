"""What was wanted, what was measured, and whether that meets it: the last table of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.bench.browsing import Seen
from tests.bench.data import DataSet
from tests.bench.pages import ADMIN, BARE, PORTAL, TUNED, Table, pages
from tests.bench.serving import Served

FOUR = ("list, first page", "list, far down", "service records, first page", "communities (76 rows)")
MOST_STATEMENTS, MOST_BYTES, MOST_PAGE_BYTES = 3, 32_000, 40_000


@dataclass(frozen=True)
class Goal:
    """One goal: where it was measured, what it asks, what came out."""

    place: str
    name: str
    wanted: str
    measured: str
    met: bool


def _at_most(place: str, name: str, limit: float, measured: float, unit: str = "") -> Goal:
    return Goal(place, name, f"≤ {limit:g}{unit}", f"{measured:.2f}{unit}", measured <= limit)


def of_pages(place: str, table: Table) -> Iterable[Goal]:
    """The pages beside the Django admin's and the bare minimum."""
    for page in pages():
        of = table[page.name]
        if page.goal:
            ratio, tuned = (of[site].median / of[PORTAL].median for site in (ADMIN, TUNED))
            told = f"{ratio:.1f} × ({tuned:.1f} × the tuned one)"
            name = f"{page.name}: faster than the Django admin"
            yield Goal(place, name, f"≥ {page.goal:g} ×", told, ratio >= page.goal)
    first, deep, records, communities = (table[name] for name in FOUR)
    ours, least = first[PORTAL], first[BARE]
    yield _at_most(place, "list, first page: statements", MOST_STATEMENTS, ours.statements)
    yield _at_most(place, "list, first page: kB", MOST_BYTES / 1000, ours.bytes / 1000)
    yield _at_most(place, "list, first page: as long as the bare minimum", 4, ours.median / least.median, " ×")
    yield _at_most(place, "a page far down: as long as page 1", 1.2, deep[PORTAL].median / ours.median, " ×")
    ratio = records[PORTAL].median / communities[PORTAL].median
    yield _at_most(place, "a million rows: as long as a list of 76", 1.3, ratio, " ×")


def of_growth(place: str, small: DataSet, large: DataSet, ratios: Mapping[str, float]) -> Iterable[Goal]:
    name, ratio = max(ratios.items(), key=lambda entry: entry[1])
    yield _at_most(place, f"{small.rows:,} → {large.rows:,} rows, at worst ({name})", 2, ratio, " ×")


def of_registers(place: str, registers: int, ratios: Mapping[str, float]) -> Iterable[Goal]:
    name, ratio = max(ratios.items(), key=lambda entry: entry[1])
    yield _at_most(place, f"{registers} registers, at worst ({name})", 1.1, ratio, " ×")


def of_serving(place: str, found: Mapping[str, Served]) -> Iterable[Goal]:
    ours, theirs = found["portal"], found["admin"]
    ratio = ours.middle.per_second / theirs.middle.per_second
    told = f"{ratio:.1f} × ({ours.middle.per_second:.0f} beside {theirs.middle.per_second:.0f})"
    yield Goal(place, "pages per second, 8 users, beside the Django admin", "≥ 10 ×", told, ratio >= 10)
    yield _at_most(place, "p95 beside p50, 8 users", 3, ours.middle.p95 / ours.middle.p50, " ×")
    yield Goal(
        place,
        "memory of a worker beside the Django admin's",
        f"≤ {theirs.memory:.0f} MB",
        f"{ours.memory:.0f} MB",
        ours.memory <= theirs.memory,
    )
    yield _at_most(place, "first page after a start", 2, ours.started_in, " s")


def of_work_beside(place: str, found: Mapping[str, float]) -> Iterable[Goal]:
    for name, ratio in found.items():
        yield _at_most(place, f"pages beside {name}: as long as alone", 1.3, ratio, " ×")


def of_browser(place: str, found: Mapping[str, tuple[Seen, Seen]]) -> Iterable[Goal]:
    for address, (first, again) in found.items():
        name = address.partition("?")[0]
        yield _at_most(place, f"{name}: kB before compression", MOST_PAGE_BYTES / 1000, first.html / 1000)
        yield _at_most(place, f"{name}: usable, first visit", 1000, first.usable, " ms")
        yield _at_most(place, f"{name}: usable, later", 1000, again.usable, " ms")
        yield _at_most(place, f"{name}: script", 100, max(first.script, again.script), " ms")
        yield _at_most(place, f"{name}: layout shift", 0, max(first.shifted, again.shifted))
        rest = (again.sent - again.html) / 1000
        yield _at_most(place, f"{name}: kB sent again besides the page", 1, rest)


def show(found: Iterable[Goal]) -> None:
    """Print the table."""
    found = list(found)
    print(f"\n{'goal':74}{'wanted':>12}  {'measured':30}met")
    for goal in found:
        print(f"{f'{goal.place}, {goal.name}':74}{goal.wanted:>12}  {goal.measured:30}{'yes' if goal.met else 'NO'}")
    print(f"{sum(goal.met for goal in found)} of {len(found)} goals are met")
