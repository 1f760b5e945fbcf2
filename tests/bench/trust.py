"""What safety costs a list page: asked in turns with every layer of scope on, and with all of them off.

Off are the criterion of each read, the check of each write and, on PostgreSQL, row-level security and the telling of
the scope; the person sees one community, which has all the rows, so that the page is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from app.kernel import scope
from tests.world import World, owner

PAGE = "/volunteer/list/?page=1"
ROUNDS, BLOCK = 12, 20
LISTENERS: list[tuple[Any, str, Any]] = [
    (Session, "do_orm_execute", scope._limit_statements),
    (Session, "before_flush", scope._check_writes),
    (Engine, "before_cursor_execute", scope._tell_database),
]


@contextmanager
def without_layers(world: World) -> Iterator[None]:
    """The block runs with no layer of scope at all."""
    behind = _behind_barriers(world)
    _alter(world, behind, "DISABLE")
    for target, name, listener in LISTENERS:
        event.remove(target, name, listener)
    try:
        with patch.object(scope, "_limited", lambda statement, _criterion: statement):  # as lists are read
            yield
    finally:
        for target, name, listener in LISTENERS:
            event.listen(target, name, listener, insert=True)
        _alter(world, behind, "ENABLE")


def _behind_barriers(world: World) -> list[str]:
    """The tables with row-level security; none on SQLite."""
    with world.app.app_context(), owner() as connection:
        if connection.dialect.name != "postgresql":
            return []
        return list(connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relrowsecurity").scalars())


def _alter(world: World, tables: Iterable[str], verb: str) -> None:
    with world.app.app_context(), owner() as connection:
        for table in tables:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" {verb} ROW LEVEL SECURITY')


def safety(world: World) -> None:
    """Print what a list page takes with the layers, as a multiple of what it takes without."""
    client = world.client("office_staff")
    taken: dict[bool, list[float]] = {True: [], False: []}
    for _round in range(ROUNDS):
        _ask(client, taken[True])
        with without_layers(world):
            _ask(client, taken[False])
    with_layers, without = median(taken[True]), median(taken[False])
    print(f"list page with all layers of scope {with_layers * 1000:.2f} ms, without {without * 1000:.2f} ms", end=": ")
    print(f"{with_layers / without:.3f} x (goal: at most 1.10)")


def _ask(client: Any, taken: list[float]) -> None:
    for turn in range(-3, BLOCK):
        start = process_time()
        answer = client.get(PAGE)
        if turn >= 0:
            taken.append(process_time() - start)
        assert answer.status_code == 200
