"""The portal's pages beside those of a Django admin and of the bare minimum, in turns, in one process.

A turn is several requests in a row: a server's process has its processor's caches to itself, and does not fetch its
code anew after that of three other applications. ``--one-by-one`` shows what that would cost each of them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, event

from app.kernel.db import db
from app.kernel.listing import PAGE_SIZE
from tests.bench import bare, office
from tests.bench.asking import CLOCKS, Answer, Asked, Clock, Figures, Site, figures, filled_in, settled
from tests.bench.data import ACCOUNTS, COMMUNITIES, DataSet
from tests.bench.registers import a_portal

PORTAL, ADMIN, TUNED, BARE = "portal", "admin", "tuned", "bare"
WARM = 3
NOWHERE = Path(os.devnull).open("w")  # noqa: SIM115 (as long as the process)
KEY, TEAM = 76, 76
"""A volunteer and a team of the first community."""
PATH = "/1/2/10/"
"""Of the first community, in the tree of communities."""
DEEP = 2_000


@dataclass(frozen=True)
class Page:
    """A page as the portal, the Django admin and the bare minimum call it, and how much quicker the portal is to be."""

    name: str
    portal: str
    admin: str
    bare: str
    goal: float = 0
    saves: bool = False

    def address(self, site: str) -> str:
        paths = {PORTAL: self.portal, ADMIN: f"/admin/office{self.admin}", TUNED: f"/tuned/office{self.admin}"}
        return paths.get(site, self.bare)


def pages(deep: int = DEEP) -> list[Page]:
    """All kinds of pages; ``deep`` is the last one anybody turns to.

    It is one record that is opened again and again: what only its first look of the day costs is not in the figures.
    """
    one, two = quote("王"), quote("王秀")
    volunteers, theirs = "/volunteer/list/?", "/volunteer/"
    form = (f"/volunteer/edit/{KEY}", f"/volunteer/{KEY}/change/", f"/edit/{KEY}")
    return [
        Page("list, first page", f"{volunteers}page=1", theirs, "/volunteers", 12),
        Page("list, far down", f"{volunteers}page={deep}", f"{theirs}?p={deep}", f"/volunteers?page={deep}", 15),
        Page("sorted by name", f"{volunteers}order=person_id", f"{theirs}?o=1", "/volunteers?order=name", 10),
        Page("search, phone prefix", f"{volunteers}q=13812", f"{theirs}?q=13812", "/volunteers?q=13812", 14),
        Page("search, one character", f"{volunteers}q={one}", f"{theirs}?q={one}", f"/volunteers?q={one}", 10),
        Page("search, two characters", f"{volunteers}q={two}", f"{theirs}?q={two}", f"/volunteers?q={two}", 10),
        Page(
            "filter by team",
            f"{volunteers}team_id={TEAM}",
            f"{theirs}?team__id__exact={TEAM}",
            f"/volunteers?team={TEAM}",
            8,
        ),
        Page("add form", "/volunteer/add/", f"{theirs}add/", "/add", 6),
        Page("edit form", *form, 6),
        Page("save", *form, 2.5, saves=True),
        Page("service records, first page", "/service_record/list/?page=1", "/servicerecord/", "/service_records", 8),
        Page("communities (76 rows)", "/community/list/?page=1", "/community/", "/communities"),
    ]


def portal_site(dataset: DataSet, user: str = "district") -> Site:
    """The portal with everything on, and the session of a member of the office staff."""
    app = a_portal(dataset.address)
    for handler in logging.getLogger().handlers:  # the log of requests is written, to where nobody reads it
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(NOWHERE)
    sent = 0

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal sent
        sent += not statement.startswith(("PRAGMA", "BEGIN"))

    with app.app_context():
        engine: Engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    return Site(PORTAL, app.wsgi_app, {"session": portal_cookie(app, user)}, lambda: sent)


def portal_cookie(app: Any, user: str) -> str:
    """The session cookie of a member of staff who has logged in."""
    key, _place = ACCOUNTS[user]
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"], session["locale"] = f"{key}.0", True, "zh"
        session["began"] = session["seen"] = int(time())
    return str(client.get_cookie("session").value)


def admin_sites(dataset: DataSet, user: str = "district") -> list[Site]:
    """Both Django admins, which are set up once for this process."""
    office.configure(dataset.address)
    office.set_up()
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection

    app, sent = WSGIHandler(), 0

    def note(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal sent
        sent += 1
        return execute(*rest)

    connection.execute_wrappers.append(note)
    session = office.session("" if user == "district" else PATH)
    return [Site(name, app, {office.SESSION: session}, lambda: sent) for name in (ADMIN, TUNED)]


def bare_site(dataset: DataSet) -> Site:
    app = bare.application(dataset.address)
    return Site(BARE, app.wsgi_app, count=lambda: app.statements)  # type: ignore[attr-defined]


def asked(site: Site, page: Page) -> Asked:
    """The page itself; where it saves, its form as somebody filled it in who has just opened it and changes a field."""
    address = page.address(site.name)
    if not page.saves:
        return Asked(address)
    opened = site.ask(Asked(address))
    return Asked(address, filled_in(opened, "skill", skill=lambda now: "2" if now == "1" else "1"))


def expected(page: Page, answer: Answer) -> None:
    wanted = 302 if page.saves else 200
    assert answer.status == wanted, f"{page.name}: {answer.status}\n{answer.body[:3000].decode()}"


Table = Mapping[str, Mapping[str, Figures]]
"""What was measured, by the name of the page and that of the site."""


def _turns(sites: Sequence[Site], rounds: int, in_a_row: int) -> Iterator[tuple[int, Site]]:
    """Whom to ask, for the how manieth time; below 0 it is only to warm up."""
    for begun in range(-WARM, rounds, in_a_row):
        for site in sites:
            for number in range(begun, min(begun + in_a_row, rounds)):
                yield number, site


def measured(sites: Sequence[Site], wanted: Sequence[Page], rounds: int, in_a_row: int, clock: Clock) -> Table:
    """Each page ``rounds`` times from every site, some ``in_a_row`` in turns, after some to warm up."""
    found: dict[str, dict[str, Figures]] = {}
    for page in wanted:
        taken: dict[str, list[float]] = {site.name: [] for site in sites}
        sizes: dict[str, tuple[int, int]] = {}
        for number, site in _turns(sites, rounds, in_a_row):
            question, before = asked(site, page), site.count()
            answer = site.ask(question, clock)
            expected(page, answer)
            sizes[site.name] = (site.count() - before, len(answer.body))
            if number >= 0:
                taken[site.name].append(answer.seconds)
        found[page.name] = {name: figures(times, *sizes[name]) for name, times in taken.items()}
    return found


def all_sites(dataset: DataSet, user: str = "district") -> dict[str, Site]:
    """The portal, both Django admins, and the bare minimum."""
    sites = (portal_site(dataset, user), *admin_sites(dataset, user), bare_site(dataset))
    return {site.name: site for site in sites}


def last_page(dataset: DataSet, user: str = "district") -> int:
    """Page 2,000 of the volunteers, or the last one there is."""
    return max(1, min(DEEP, dataset.volunteers // (1 if user == "district" else COMMUNITIES) // PAGE_SIZE))


def compared(
    dataset: DataSet, sites: Sequence[Site], rounds: int, in_a_row: int, clock: str, user: str = "district"
) -> Table:
    """Every kind of page, from all sites."""
    wanted = pages(last_page(dataset, user))
    for page in wanted:
        for site in sites:
            expected(page, site.ask(asked(site, page)))
    with settled():
        return measured(sites, wanted, rounds, in_a_row, CLOCKS[clock])


def show(dataset: DataSet, table: Table, clock: str, user: str = "district") -> None:
    """Print what was measured."""
    who = f"staff of a {user}"
    title = (
        f"{dataset.database}, {dataset.rows:,} service records of {dataset.volunteers:,} volunteers, {who}, {clock} ms"
    )
    columns = ("portal", "p95", "admin", "p95", "tuned", "bare", "× admin", "× tuned", "bare ×", "queries", "kB")
    print(f"\n{title}\n{'':30}" + "".join(f"{column:>9}" for column in columns))
    for name, of in table.items():
        ours, theirs, tuned, least = (of[site] for site in (PORTAL, ADMIN, TUNED, BARE))
        times = (ours.median, ours.p95, theirs.median, theirs.p95, tuned.median, least.median)
        ratios = (theirs.median / ours.median, tuned.median / ours.median, ours.median / least.median)
        counts = f"{ours.statements}/{theirs.statements}"
        sizes = f"{ours.bytes / 1000:.0f}/{theirs.bytes / 1000:.0f}"
        print(f"{name:30}" + "".join(f"{figure:9.1f}" for figure in (*times, *ratios)) + f"{counts:>9}{sizes:>9}")
