"""Where a page of the portal spends its time: functions by their own time, and its statements with theirs."""

from __future__ import annotations

import cProfile
import pstats
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event

from config import ROOT
from tests.bench.asking import Site
from tests.bench.data import DataSet
from tests.bench.pages import WARM, Page, asked, last_page, pages, portal_site

ROUNDS = 20
TOP = 15


def profiles(dataset: DataSet, names: Sequence[str] = ()) -> None:
    """Print for each kind of page (or those whose names begin with one of ``names``) what it spends its time on."""
    site = portal_site(dataset)
    for page in pages(last_page(dataset)):
        if not names or page.name.startswith(tuple(names)):
            _profile(site, page)


def _profile(site: Site, page: Page) -> None:
    for _turn in range(WARM):
        site.ask(asked(site, page))
    plain = []
    statements: dict[str, list[float]] = defaultdict(list)
    with_profile = cProfile.Profile()
    with _noting(statements):
        for _turn in range(ROUNDS):
            question = asked(site, page)
            plain.append(site.ask(question).seconds)
    for _turn in range(ROUNDS):
        question = asked(site, page)
        with_profile.enable()
        site.ask(question)
        with_profile.disable()
    plain.sort()
    print(f"\n=== {page.name}: {plain[ROUNDS // 2] * 1000:.1f} ms without the profile")
    for statement, taken in sorted(statements.items(), key=lambda entry: -sum(entry[1])):
        print(
            f"  {sum(taken) / ROUNDS * 1000:7.2f} ms {len(taken) / ROUNDS:4.1f} x  {' '.join(statement.split())[:230]}"
        )
    stats = pstats.Stats(with_profile)
    for title, order in (("own", 2), ("with what it calls", 3)):
        print(f"  --- {title} time, ms, calls")
        entries = sorted(stats.stats.items(), key=lambda entry: -entry[1][order])  # type: ignore[attr-defined]
        if order == 3:
            entries = [entry for entry in entries if str(ROOT / "app") in entry[0][0] or "jinja" in entry[0][0]]
        for (file, line, function), figures in entries[: TOP if order == 2 else 2 * TOP]:
            print(
                f"  {figures[order] / ROUNDS * 1000:8.2f} {figures[0] / ROUNDS:8.1f}  {_short(file)}:{line} {function}"
            )


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT / "app")) if path.is_relative_to(ROOT / "app") else "/".join(path.parts[-2:])


@contextmanager
def _noting(statements: dict[str, list[float]]) -> Iterator[None]:
    """Notes how long each statement takes the database driver."""
    start = 0.0

    def before(*_told: Any) -> None:
        nonlocal start
        start = perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, *_told: Any) -> None:
        statements[statement].append(perf_counter() - start)

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
