"""The same pages with a thousand rows and with a million, and in a portal of 30 registers and in one of 120.

Each portal is a process of its own; they are asked in turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from bs4 import BeautifulSoup

from tests.bench.asking import CLOCKS, Asked, Figures, figures, settled
from tests.bench.data import DataSet
from tests.bench.pages import WARM, Page, asked, expected, pages, portal_site
from tests.bench.registers import declare

MANY_REGISTERS = 120
DEEPEST = 40
"""The last page of the volunteers in the smallest data set."""
LONGEST = ("person", "volunteer", "service_record")


@contextmanager
def _portal(dataset: DataSet, registers: int = 0) -> Iterator[Connection]:
    """A portal in a process of its own, which answers (page, clock) with seconds."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_answer, args=(there, dataset, registers))
    process.start()
    try:
        yield here
    finally:
        here.send(None)
        process.join()


def _answer(asking: Connection, dataset: DataSet, registers: int) -> None:
    declare(registers)
    site = portal_site(dataset)
    for page in pages(DEEPEST):
        site.ask(asked(site, page))
    with settled():
        while (wanted := asking.recv()) is not None:
            page, clock = wanted
            answer = site.ask(asked(site, page), CLOCKS[clock])
            expected(page, answer)
            asking.send(answer.seconds)


def _in_turns(
    portals: Mapping[str, Connection], wanted: Sequence[Page], rounds: int, clock: str
) -> dict[str, dict[str, Figures]]:
    found: dict[str, dict[str, Figures]] = {}
    for page in wanted:
        taken: dict[str, list[float]] = {name: [] for name in portals}
        for turn in range(-WARM, rounds):
            for name, portal in portals.items():
                portal.send((page, clock))
                seconds = portal.recv()
                if turn >= 0:
                    taken[name].append(seconds)
        found[page.name] = {name: figures(seconds) for name, seconds in taken.items()}
    return found


def _lists(dataset: DataSet) -> Iterator[Page]:
    """The longest lists, sorted by each of their headings and filtered by the first and the last of what is offered."""
    site = portal_site(dataset)
    for register in LONGEST:
        address = f"/{register}/list/"
        shown = BeautifulSoup(site.ask(Asked(f"{address}?page=1")).body, "lxml")
        orders = [str(link["href"]).rpartition("?")[2] for link in shown.select("thead a")]
        filters = [
            f"{select['name']}={value}"
            for select in shown.select("form.search select")
            for value in dict.fromkeys(_first_and_last([str(option["value"]) for option in select.find_all("option")]))
        ]
        for asked_for in (*orders, *(f"{order}&desc=1" for order in orders), *filters):
            yield Page(f"{register} {asked_for}", f"{address}?{asked_for}", "", "")


def _first_and_last(values: Sequence[str]) -> Sequence[str]:
    offered = [value for value in values if value]
    return offered[:1] + offered[-1:]


def growth(small: DataSet, large: DataSet, rounds: int, clock: str) -> dict[str, float]:
    """How many times as long each page takes over the larger data set."""
    wanted = [*pages(DEEPEST), *_lists(large)]
    with _portal(small) as few, _portal(large) as many:
        found = _in_turns({"few": few, "many": many}, wanted, rounds, clock)
    return _told(f"{large.database}, ms{'':30}{small.rows:>12,}{large.rows:>12,}", found)


def more_registers(dataset: DataSet, rounds: int, clock: str) -> dict[str, float]:
    """How many times as long each page takes in a portal of 120 registers."""
    with _portal(dataset) as few, _portal(dataset, MANY_REGISTERS) as many:
        found = _in_turns({"few": few, "many": many}, pages(DEEPEST), rounds, clock)
    return _told(f"{dataset.database}, ms{'':30}{'registers':>12}{MANY_REGISTERS:>12}", found)


def _told(title: str, found: Mapping[str, Mapping[str, Figures]]) -> dict[str, float]:
    """Print what each page takes with few and with many, and give how many times as long that is."""
    ratios = {name: of["many"].median / of["few"].median for name, of in found.items()}
    print(f"\n{title}{'ratio':>9}")
    for name, of in found.items():
        print(f"{name:44}{of['few'].median:10.1f}{of['many'].median:12.1f}{ratios[name]:9.2f}")
    return ratios
