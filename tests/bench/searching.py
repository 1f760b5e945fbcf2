"""The search box over 100,000 people: its answers, and the bare query by hand over the same index, p50 and p95."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, cast

from sqlalchemy import Connection, Engine, event, text

from app.community.models import Person
from app.kernel import entries, search, terms
from app.kernel.db import db
from tests.world import World

ROUNDS = 60
QUESTIONS = {
    "one character": "赵",
    "two characters": "赵一",
    "whole name": "赵一春",
    "pinyin": "zhaoyi",
    "one letter": "z",
    "initials": "zyc",
    "phone part": "9900012",
    "two words": "赵 zyc",
    "by ear": "章一春",
    "nothing": "欧阳",
}
BARE = text(
    "SELECT p.id, p.name, p.birth_on, p.building, p.phone FROM search_words(:question) AS w "
    "JOIN person AS p ON p.id = (w.rowid & 2147483647) WHERE p.community_id = :here LIMIT 6"
)


def percentiles(work: Callable[[], object]) -> tuple[float, float]:
    """p50 and p95 in milliseconds, after some rounds to warm up."""
    taken = []
    for round_ in range(-5, ROUNDS):
        start = perf_counter()
        work()
        if round_ >= 0:
            taken.append((perf_counter() - start) * 1000)
    taken.sort()
    return taken[ROUNDS // 2], taken[ROUNDS * 95 // 100]


def searches(world: World) -> None:
    """Print for each kind of question what the box takes, how much of it the database, and what the bare query.

    The database's share are the statements of one answer, put to the driver again; the framework's is the answer to an
    empty question, which asks for nothing but who it is. And what it takes to index.
    """
    indexing(world)
    gc.collect()
    gc.freeze()
    client = world.client("office_staff")
    logging.getLogger("portal.requests").disabled = True
    with world.app.app_context():
        name = db.engine.dialect.name
    print(f"\n{name + ', ms':16}{'box p50':>10}{'p95':>8}{'database p50':>14}{'p95':>8}{'bare p50':>10}{'p95':>8}")
    for name, question in {"(the framework)": "", **QUESTIONS}.items():
        ask = partial(client.get, "/search/answers/", query_string={"q": question})
        box, statements = percentiles(ask), _statements(ask)
        with world.work():
            connection = db.session.connection()
            database = percentiles(partial(_put_again, connection, statements))
            by_hand = {"question": _by_hand(question, world.here.id), "here": world.here.id}
            bare = percentiles(lambda c=connection, asked=by_hand: c.execute(BARE, asked).all())  # type: ignore[misc]
        figures = zip((*box, *database, *(bare if question else ())), (10, 8, 14, 8, 10, 8), strict=False)
        print(f"{name:16}{''.join(f'{figure:{width}.2f}' for figure, width in figures)}")


def _statements(work: Callable[[], object]) -> list[tuple[str, Any]]:
    """What ``work`` asks the database, each with its parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    work()
    event.remove(Engine, "before_cursor_execute", note)
    return asked


def _put_again(connection: Connection, statements: list[tuple[str, Any]]) -> None:
    cursor = cast(Any, connection.connection.driver_connection).cursor()
    for statement, parameters in statements:
        cursor.execute(statement, parameters)
        cursor.fetchall()
    cursor.close()


def _by_hand(question: str, here: int) -> str:
    """What the index is asked for people: all terms of the first way of each word."""
    private = "_" if question.isdecimal() else ""
    asked = [f"{private}{term}" for word in terms.words(question) for term in word.ways[0]]
    return search._all_of(search._term(term) for term in (*asked, f"@person_{here}"))


def indexing(world: World) -> None:
    """Print how long the entries of 50,000 people take to write."""
    rows = [
        {"id": 1_000_000 + number, "community_id": world.here.id, "name": _name(number), "phone": f"137{number:08}"}
        for number in range(50_000)
    ]
    with world.work():
        start = perf_counter()
        entries.index_rows(db.session.connection(), Person, rows)
        print(f"50,000 people indexed in {perf_counter() - start:.2f} s")
        db.session.rollback()


def _name(number: int) -> str:
    han = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华玉萍红建国志新春梅海燕云飞龙凤"
    return "王李张刘陈杨赵黄周吴"[number % 10] + han[number // 10 % 40] + han[number // 400 % 40]
