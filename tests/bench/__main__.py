"""Measured, printed and never asserted: ``make bench``. Times depend on the machine, ratios travel.

``make bench ARGS="pages serving --rows 10000 --sqlite"`` measures some parts, over fewer rows, on one database:

pages      list, search, form and save beside a Django admin and the bare minimum, in turns, in one process
community  the same for somebody of one community, who sees a 76th of it
growth     the same pages over a thousand rows and over all of them
registers  the same pages in a portal of 120 registers
serving    behind gunicorn: pages per second for eight users, memory of a worker, first page after a start
beside     pages while a notice is drawn, and while a sheet is looked through
browser    pages in Chromium with its processor slowed four times
profile    where each kind of page spends its time (only if it is named)
importing, exporting, searching, paging, printing: sheets, the search box, deep pages, paper
trust      what the layers of scope cost a list page
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.bench import goals
from tests.bench.goals import Goal
from tests.bench.parts import BY_THEMSELVES, ON_A_DATABASE, by_itself, on_database


def _in_a_process_of_its_own(work: Callable[..., list[Goal] | None], *about: object) -> list[Goal]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *about).result() or []


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("make bench", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = __doc__
    parser.add_argument("parts", nargs="*", choices=(*ON_A_DATABASE, *BY_THEMSELVES), metavar="PART")
    parser.add_argument("--rows", type=int, default=1_000_000, help="service records; a tenth as many volunteers")
    parser.add_argument("--rounds", type=int, default=40, help="how often each page is asked for")
    parser.add_argument("--one-by-one", dest="in_a_row", action="store_const", const=1, default=10, help="see pages.py")
    parser.add_argument("--cpu", dest="clock", action="store_const", const="cpu", default="wall", help="computing time")
    parser.add_argument("--sqlite", dest="databases", action="append_const", const="sqlite", help="only on SQLite")
    parser.add_argument("--postgresql", dest="databases", action="append_const", const="postgresql")
    parser.add_argument("--plainly", action="store_true", help="have WeasyPrint lay out 5,000 rows by itself, too")
    wanted = parser.parse_args(arguments)
    wanted.parts = wanted.parts or [part for part in (*ON_A_DATABASE, *BY_THEMSELVES) if part != "profile"]
    print("Service records are a register of the bench's own: the portal has none yet. Its pages are generated alike.")
    found: list[Goal] = []
    if set(wanted.parts) & set(ON_A_DATABASE):
        for database in wanted.databases or ("sqlite", "postgresql"):
            found += _in_a_process_of_its_own(on_database, database, wanted)
    with tempfile.TemporaryDirectory() as folder:
        for part in (part for part in BY_THEMSELVES if part in wanted.parts):
            _in_a_process_of_its_own(by_itself, part, Path(folder), wanted.plainly)
    if found:
        goals.show(found)


if __name__ == "__main__":
    main()
