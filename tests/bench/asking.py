"""Asking a WSGI application for a page inside this process, and what is measured of its answer."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

from bs4 import BeautifulSoup
from werkzeug.test import EnvironBuilder

HOST = "http://127.0.0.1"
Clock = Callable[[], float]
CLOCKS: Mapping[str, Clock] = {"wall": perf_counter, "cpu": process_time}


@dataclass(frozen=True)
class Asked:
    """A page: its address, and what is posted to it."""

    address: str
    posted: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    seconds: float


@dataclass
class Site:
    """An application with the cookies of somebody who is logged in.

    ``count`` gives how many statements it has sent to the database so far.
    """

    name: str
    app: Any
    cookies: dict[str, str] = field(default_factory=dict)
    count: Callable[[], int] = lambda: 0

    def ask(self, asked: Asked, clock: Clock = perf_counter) -> Answer:
        """The answer, and the seconds it took the application to make it."""
        method = "GET" if asked.posted is None else "POST"
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Referer": f"{HOST}{asked.address}"}
        path, _, query = asked.address.partition("?")
        environ = EnvironBuilder(
            path, HOST, query, method=method, data=asked.posted, headers={k: v for k, v in headers.items() if v}
        ).get_environ()
        told: list[Any] = []
        start = clock()
        pieces = self.app(environ, lambda status, sent, _failure=None: told.extend((status, sent)))
        body = b"".join(pieces)
        if hasattr(pieces, "close"):
            pieces.close()
        taken = clock() - start
        answer = Answer(int(told[0][:3]), told[1], body, taken)
        self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            key, _, rest = value.strip().partition("=")
            if name.lower() == "set-cookie" and key in {*self.cookies, "csrftoken"}:
                self.cookies[key] = rest.partition(";")[0]


def filled_in(answer: Answer, marked: str, **changed: Any) -> dict[str, str]:
    """What a browser would post of the form that has a field called ``marked``, with some fields ``changed``.

    A change is a value, or a function of the value that stood there.
    """
    page = BeautifulSoup(answer.body, "html.parser")
    form = page.find(attrs={"name": marked}).find_parent("form")
    posted = {}
    for entry in form.find_all(["input", "select", "textarea"]):
        name = entry.get("name")
        ticked = entry.get("type") in {"checkbox", "radio"} and not entry.has_attr("checked")
        if not name or ticked or entry.get("type") in {"submit", "button"}:
            continue
        if entry.name == "select":
            chosen = entry.find("option", selected=True) or entry.find("option")
            posted[name] = chosen.get("value", chosen.text) if chosen else ""
        else:
            posted[name] = entry.text if entry.name == "textarea" else entry.get("value", "")
    for name, change in changed.items():
        posted[name] = change(posted[name]) if callable(change) else change
    return posted


@dataclass(frozen=True)
class Figures:
    """What many answers of one page took, in milliseconds."""

    median: float
    p95: float
    statements: int = 0
    bytes: int = 0


def figures(seconds: Sequence[float], statements: int = 0, size: int = 0) -> Figures:
    ordered = sorted(seconds)
    return Figures(median(ordered) * 1000, ordered[int(len(ordered) * 0.95)] * 1000, statements, size)


@contextmanager
def settled() -> Iterator[None]:
    """What is loaded by now is no business of the garbage collector, in any of the applications."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
