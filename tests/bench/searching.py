"""The search box over 100,000 people: its answers, and the bare query by hand over the same index, p50 and p95."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from time import perf_counter

from sqlalchemy import text

from app.community.models import Person
from app.kernel import search, terms
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
    """Print for each kind of question what the box takes and what the bare query; and what it takes to index."""
    indexing(world)
    gc.collect()
    gc.freeze()
    client = world.client("office_staff")
    logging.getLogger("portal.requests").disabled = True
    with world.app.app_context():
        database = db.engine.dialect.name
    print(f"\n{database + ', ms':16}{'box p50':>10}{'p95':>8}{'index p50':>11}{'p95':>8}{'bare p50':>10}{'p95':>8}")
    for name, question in QUESTIONS.items():
        box = percentiles(lambda question=question: client.get("/search/answers/", query_string={"q": question}))  # type: ignore[misc]
        with client:
            client.get("/")
            index = percentiles(lambda question=question: search.first([Person], question, 5))  # type: ignore[misc]
        with world.work():
            connection, asked = db.session.connection(), _by_hand(question, world.here.id)
            bare = percentiles(
                lambda connection=connection, asked=asked: connection.execute(  # type: ignore[misc]
                    BARE, {"question": asked, "here": world.here.id}
                ).all()
            )
        figures = (
            f"{figure:{width}.2f}" for figure, width in zip((*box, *index, *bare), (10, 8, 11, 8, 10, 8), strict=True)
        )
        print(f"{name:16}{''.join(figures)}")


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
        search.index_rows(db.session.connection(), Person, rows)
        print(f"50,000 people indexed in {perf_counter() - start:.2f} s")
        db.session.rollback()


def _name(number: int) -> str:
    han = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华玉萍红建国志新春梅海燕云飞龙凤"
    return "王李张刘陈杨赵黄周吴"[number % 10] + han[number // 10 % 40] + han[number // 400 % 40]
