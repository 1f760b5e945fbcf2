"""How much slower pages are while a notice is drawn, or a long sheet looked through, by the same portal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from threading import Event
from typing import Any

from werkzeug.test import EnvironBuilder

from app.kernel.listing import PAGE_SIZE
from tests.bench.asking import HOST, Answer, filled_in
from tests.bench.data import DataSet
from tests.bench.importing import a_roster
from tests.bench.serving import Server, addresses, load, serving

SHEET_ROWS = 50_000
SECONDS = 10.0
STARTING = 2.0
"""Seconds until the work is under way."""


class Visitor:
    """Somebody else at the portal, who drafts notices or brings in a sheet."""

    def __init__(self, server: Server, cookie: str) -> None:
        self._server, self._cookie = server, cookie

    def get(self, address: str) -> Answer:
        return self._ask("GET", address, b"", {})

    def post(self, address: str, data: Mapping[str, Any]) -> Answer:
        environ = EnvironBuilder(address, HOST, method="POST", data=dict(data)).get_environ()
        body = environ["wsgi.input"].read()
        return self._ask("POST", address, body, {"Content-Type": environ["CONTENT_TYPE"]})

    def _ask(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = self._server.connection()
        connection.request(method, address, body, {"Cookie": self._cookie, **headers})
        answer = connection.getresponse()
        found = Answer(answer.status, answer.getheaders(), answer.read(), 0.0)
        connection.close()
        for name, value in found.headers:
            if name.lower() == "set-cookie" and value.startswith("session="):
                self._cookie = value.partition(";")[0]
        return found


def draw_notices(visitor: Visitor, ended: Event) -> None:
    """Preview one notice after another, each worded anew, so that none is there already."""
    address = "/notice/draft/volunteer_team"
    for number in count(1):
        if ended.is_set():
            return
        page = visitor.get(address)
        posted = filled_in(page, "title", title=f"志愿服务队公示{number}{time.time_ns()}", do="preview")
        answer = visitor.post(address, posted)
        assert answer.status == 200, answer.status
        assert b"data:image" in answer.body, "the notice was not drawn"


def look_through_sheets(visitor: Visitor, ended: Event) -> None:
    """Have one long sheet after another looked through."""
    sheet = a_roster(SHEET_ROWS)
    while not ended.is_set():
        page = visitor.get("/import/new/volunteer")
        posted = filled_in(page, "file", file=(BytesIO(sheet), "名册.xlsx"))
        place = _place(visitor.post("/import/new/volunteer", posted))
        key = place.rstrip("/").rpartition("/")[2]
        columns = visitor.get(f"/import/columns/{key}")
        token = filled_in(columns, "csrf_token")["csrf_token"]
        begun = visitor.post(f"/import/columns/{key}", filled_in(columns, "column.0"))
        assert begun.status == 302, begun.status
        while b'"running"' in visitor.get(f"/import/progress/{key}").body and not ended.is_set():
            time.sleep(0.2)
        for last in ("stop", "drop"):
            visitor.post(f"/import/{last}/{key}", {"csrf_token": token})
            time.sleep(0.5)


def _place(answer: Answer) -> str:
    assert answer.status == 302, f"{answer.status}\n{answer.body[:2000].decode()}"
    return dict(answer.headers)["Location"]


WORK: Mapping[str, Callable[[Visitor, Event], None]] = {"a notice": draw_notices, "an import": look_through_sheets}


@contextmanager
def going_on(work: Callable[[Visitor, Event], None], visitor: Visitor) -> Iterator[None]:
    """Have ``work`` done for the length of the block; raises what went wrong with it."""
    ended = Event()
    with ThreadPoolExecutor(1) as somebody:
        done = somebody.submit(work, visitor, ended)
        time.sleep(STARTING)
        try:
            yield
        finally:
            ended.set()
        done.result()


def slowed(dataset: DataSet, cookie: str, others: str) -> dict[str, float]:
    """How many times as long one person waits for a page (median) while another, ``others``, has such work done."""
    wanted, deepest = addresses("portal"), min(400, dataset.volunteers // PAGE_SIZE)
    found = {}
    with serving("portal", dataset, cookie, wanted[0]) as server:
        load(server, wanted, deepest, seconds=1.0, users=1)
        alone = load(server, wanted, deepest, SECONDS, users=1)
        print(f"\n{f'{dataset.database}, one person, ms':34}{'p50':>10}{'p95':>10}")
        print(f"{'alone':34}{alone.p50:10.1f}{alone.p95:10.1f}")
        for name, work in WORK.items():
            with going_on(work, Visitor(server, others)):
                beside = load(server, wanted, deepest, SECONDS, users=1)
            found[name] = beside.p50 / alone.p50
            print(f"{f'beside {name}':34}{beside.p50:10.1f}{beside.p95:10.1f}")
    return found
