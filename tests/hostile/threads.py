"""Many at once: no answer holds what another asked, every stale edit is caught, nothing is stored twice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from threading import Barrier

from sqlalchemy import func, select

from app.kernel.db import db
from app.kernel.registers import REGISTERS
from tests.hostile.stage import Figure
from tests.web.page import Page
from tests.web.program import Program
from tests.world import World

THREADS = 16
SWITCHES = 0.000_01
"""Seconds after which the interpreter turns to another thread; usually 0.005."""
NAMES = [f"{family}{given}" for family in "赵钱孙李" for given in "甲乙丙丁"]


@contextmanager
def at_once() -> Iterator[Callable[..., list[str]]]:
    """Gives a function that runs jobs at once and tells what each found, the interpreter switching all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCHES)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            yield lambda *jobs: [*chain.from_iterable(done.result() for done in [pool.submit(job) for job in jobs])]
    finally:
        sys.setswitchinterval(before)


def mixed_answers(world: World, times: int) -> Iterator[Figure]:
    """Each thread looks for somebody of its own, on the page and by a program, half of them in the other community."""
    people = []
    for number, name in enumerate(NAMES):
        here = number % 2 == 0
        world.person(name, at=world.here if here else world.there)
        people.append((name, world.client("branch_secretary" if here else "stranger"), Program(world, _who(here))))

    def look(name: str, client: object, program: Program) -> list[str]:
        wrong = []
        for number in range(times):
            if number % 2:
                answer = program.get("/person/", q=name)
            else:
                answer = client.get("/person/list/", query_string={"q": name})  # type: ignore[attr-defined]
            others = [other for other in NAMES if other != name and other in answer.text]
            if answer.status_code != 200 or others or name not in answer.text:
                wrong.append(f"{name} was answered {answer.status_code} with {others}")
        return wrong

    with at_once() as run:
        found = run(*(partial(look, *person) for person in people))
    yield Figure.of("mixed answers, 16 threads", times * len(people), found)


def _who(here: bool) -> str:
    return "branch_secretary" if here else "stranger"


def stale_edits(world: World, count: int) -> Iterator[Figure]:
    """All threads change the same record over the version they have read: one is first, the others are told so."""
    rounds = -(-count // (THREADS - 1))
    key, program = world.person(name="居民"), Program(world)
    browsers = [world.client("office_staff") for _ in range(THREADS)]
    wrong: list[str] = []
    for number in range(rounds):
        before = program.get(f"/person/{key}").get_json()
        form = (
            Page(browsers[0].get(f"/person/edit/{key}")).filled_in() if number % 10 == 0 else {"name": before["name"]}
        )
        form |= {"version": before["version"]}
        together = Barrier(THREADS)

        def save(
            place: int, number: int = number, form: dict[str, str] = form, together: Barrier = together
        ) -> list[str]:
            floor = f"{number + 1}号楼{place + 1}单元"
            together.wait(60)
            if place % 2:
                answer = program.patch(f"/person/{key}", version=form["version"], building=floor)
                saved, caught = answer.status_code == 200, answer.status_code == 409
            else:
                answer = browsers[place].post(f"/person/edit/{key}", data={**form, "building": floor})
                saved, caught = answer.status_code == 302, answer.status_code == 200
            return ["saved"] if saved else [] if caught else [f"answered {answer.status_code}"]

        with at_once() as run:
            told = run(*(partial(save, place) for place in range(THREADS)))
        after = int(program.get(f"/person/{key}").get_json()["version"])
        if told != ["saved"] or after != int(before["version"]) + 1:
            wrong.append(f"round {number}: {told}, version {before['version']} → {after}")
    yield Figure.of("stale edits not caught", rounds * (THREADS - 1), wrong)


def double_submits(world: World, count: int) -> Iterator[Figure]:
    """A form that was opened once and is sent twice at the same moment makes one row."""
    wrong: list[str] = []
    before = _rows(world)
    browsers = [world.client("office_staff") for _ in range(2)]
    with at_once() as run:
        for number in range(count):
            form = Page(browsers[0].get("/facility/add/")).filled_in()
            form |= {"name": f"健身点{number}", "kind": "1", "place": "南门", "state": "1"}
            together = Barrier(2)

            def send(browser: object, form: dict[str, str] = form, together: Barrier = together) -> list[str]:
                together.wait(60)
                answer = browser.post("/facility/add/", data=form)  # type: ignore[attr-defined]
                return [str(answer.status_code)]

            told = run(*(partial(send, browser) for browser in browsers))
            if _rows(world) != before + number + 1 - len(wrong):
                wrong.append(f"form {number}: {told}, {_rows(world) - before} rows")
    yield Figure.of("forms sent twice that made more or fewer rows than one", count, wrong)


def _rows(world: World) -> int:
    with world.work():
        return db.session.scalar(select(func.count()).select_from(REGISTERS["facility"].model)) or 0
