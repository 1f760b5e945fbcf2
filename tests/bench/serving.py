"""The portal and the Django admin behind gunicorn: pages per second, memory of a worker, the first page after a start.

Both are served in the way ``gunicorn.conf.py`` says, to eight people who ask for one page after another.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from urllib.parse import quote

from app.kernel.listing import PAGE_SIZE
from tests.bench.asking import figures
from tests.bench.data import DataSet
from tests.bench.pages import KEY
from tests.bench.registers import INSTANCE, SECRET
from tests.bench.served import ADDRESS

USERS = 8
SECONDS = 6.0
TURNS = 3
PATIENCE = 60


@dataclass
class Server:
    """A running gunicorn: its port, and how long it took to answer its first page."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    cookie: str
    started_in: float = 0.0

    def get(self, connection: HTTPConnection, address: str) -> tuple[int, int]:
        """Status and bytes of a page."""
        connection.request("GET", address, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        if (renewed := answer.getheader("Set-Cookie", "")).startswith("session="):
            self.cookie = renewed.partition(";")[0]
        return answer.status, len(answer.read())

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def memory(self) -> float:
        """Megabytes of a worker: an equal share of all that the workers and their master have."""
        workers = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(map(_megabytes, [str(self.process.pid), *workers])) / len(workers)


def _megabytes(pid: str) -> float:
    """What a process has to itself, and its share of what it shares."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) / 1024


@contextmanager
def serving(name: str, dataset: DataSet, cookie: str, first: str) -> Iterator[Server]:
    """Serve the application ``name`` of ``served.py`` for the length of the block; ``first`` is asked for first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {ADDRESS: dataset.address, "PORTAL_SECRET": SECRET.hex(), "PORTAL_INSTANCE": str(INSTANCE.absolute())}
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", f"tests.bench.served:{name}()"],
        env={**environment, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(name, port, process, cookie)
    try:
        _await(server, first)
        server.started_in = time.perf_counter() - begun
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _await(server: Server, address: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError, HTTPException):
            status, _size = server.get(server.connection(), address)
            assert status == 200, f"{server.name}: {status}"
            return
        time.sleep(0.01)
    raise TimeoutError(server.name)


def addresses(name: str) -> list[str]:
    """The pages somebody at the counter turns to; of ``{}`` there are as many as anybody wants."""
    one = quote("王")
    if name == "portal":
        pages = ("?page=1", "?page={}", "?order=person_id", f"?q={one}", "?q=13812", "?team_id={}")
        return [
            *(f"/volunteer/list/{page}" for page in pages),
            f"/volunteer/edit/{KEY}",
            "/service_record/list/?page=1",
        ]
    if name == "admin":
        pages = ("", "?p={}", "?o=1", f"?q={one}", "?q=13812", "?team__id__exact={}")
        return [f"/admin/office/volunteer/{page}" for page in pages] + [
            f"/admin/office/volunteer/{KEY}/change/",
            "/admin/office/servicerecord/",
        ]
    pages = ("", "?page={}", "?order=name", f"?q={one}", "?q=13812", "?team={}")
    return [f"/volunteers{page}" for page in pages] + [f"/edit/{KEY}", "/service_records"]


@dataclass(frozen=True)
class Load:
    """What eight people got: pages per second, and the milliseconds they waited for one."""

    per_second: float
    p50: float
    p95: float


def load(server: Server, wanted: Sequence[str], deepest: int, seconds: float = SECONDS, users: int = USERS) -> Load:
    """``users`` ask for one of the ``wanted`` pages after another."""
    waited: list[float] = []
    until = time.perf_counter() + seconds
    numbers = count(1)

    def ask() -> None:
        connection = server.connection()
        for number in numbers:
            if time.perf_counter() > until:
                return
            address = wanted[number % len(wanted)].format(1 + number * 7 % deepest)
            start = time.perf_counter()
            status, _size = server.get(connection, address)
            assert status == 200, f"{address}: {status}"
            waited.append(time.perf_counter() - start)

    begun = time.perf_counter()
    with ThreadPoolExecutor(users) as pool:
        for done in [pool.submit(ask) for _user in range(users)]:
            done.result()
    found = figures(waited)
    return Load(len(waited) / (time.perf_counter() - begun), found.median, found.p95)


@dataclass(frozen=True)
class Served:
    """What was measured of a server: its loads in turns with the others', its memory, and its start."""

    loads: tuple[Load, ...]
    memory: float
    started_in: float

    @property
    def middle(self) -> Load:
        return sorted(self.loads, key=lambda load: load.per_second)[len(self.loads) // 2]


def served(dataset: DataSet, cookies: Mapping[str, str]) -> dict[str, Served]:
    """All servers, in turns; each is started anew after the others were asked."""
    deepest = min(400, dataset.volunteers // PAGE_SIZE)
    loads: dict[str, list[Load]] = {name: [] for name in cookies}
    memory: dict[str, list[float]] = {name: [] for name in cookies}
    starts: dict[str, list[float]] = {name: [] for name in cookies}
    for _turn in range(TURNS):
        for name, cookie in cookies.items():
            wanted = addresses(name)
            with serving(name, dataset, cookie, wanted[0]) as server:
                load(server, wanted, deepest, seconds=1.0)
                loads[name].append(load(server, wanted, deepest))
                memory[name].append(server.memory())
                starts[name].append(server.started_in)
    found = {
        name: Served(tuple(loads[name]), sorted(memory[name])[TURNS // 2], sorted(starts[name])[TURNS // 2])
        for name in cookies
    }
    print(f"\n{f'{dataset.database}, {USERS} users':22}{'pages/s':>9}{'p50':>9}{'p95':>9}{'memory':>11}{'start':>9}")
    for name, of in found.items():
        per_second, p50, p95 = of.middle.per_second, of.middle.p50, of.middle.p95
        print(f"{name:22}{per_second:9.0f}{p50:6.0f} ms{p95:6.0f} ms{of.memory:8.0f} MB{of.started_in:7.1f} s")
    return found
