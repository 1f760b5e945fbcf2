"""Orders are drawn in the background, watched and stopped from anywhere, and never leave half a sheet."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from app.printing import Entry, Phrase, Poster, Press, PrintRefused, Progress, Snapshot, draw
from app.printing import press as printing_press

from .samples import NOTICE, roster

SHEET = replace(NOTICE, paragraphs=("特此公示。",))
OTHER = replace(SHEET, title="春晖社区公示")
DONE = Progress("done", 1)


@pytest.fixture
def press(tmp_path: Path) -> Press:
    return Press(tmp_path)


@pytest.fixture
def elsewhere(press: Press) -> Press:
    """The press as another process of the server has it."""
    return Press(press.folder)


class Worker:
    """Stands in for the worker processes: has written ``rows`` rows, and hands ``result`` over when told to."""

    def __init__(self) -> None:
        self.sheets: list[Snapshot | Poster] = []
        self.rows = 0
        self.result: bytes | PrintRefused = b"%PDF"
        self.finish = Event()

    def render(self, sheet: Snapshot | Poster, timeout: float = 60, written: Callable[[int], None] = print) -> bytes:
        self.sheets.append(sheet)
        while not self.finish.wait(0.005):
            written(self.rows)
        if isinstance(self.result, PrintRefused):
            raise self.result
        return self.result


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    worker = Worker()
    monkeypatch.setattr(printing_press, "render", worker.render)
    monkeypatch.setattr(printing_press, "_INTERVAL", 0)
    yield worker
    worker.finish.set()


def wait_for(press: Press, key: str, wanted: Callable[[Progress], bool]) -> Progress:
    until = time.monotonic() + 20
    while not wanted(progress := press.progress(key)):
        assert time.monotonic() < until, progress
        time.sleep(0.005)
    return progress


def wait_for_state(press: Press, key: str, state: str) -> Progress:
    return wait_for(press, key, lambda progress: progress.state == state)


def wait_for_silence(press: Press) -> None:
    """Until nobody draws any more."""
    until = time.monotonic() + 20
    while list(press.folder.glob("*.lock")):
        assert time.monotonic() < until
        time.sleep(0.005)


def kinds(press: Press) -> list[str]:
    return sorted(path.suffix for path in press.folder.iterdir())


def test_a_sheet_ordered_twice_is_drawn_once_and_kept(press: Press, elsewhere: Press, hands: Worker) -> None:
    key = press.order(SHEET)
    assert elsewhere.order(SHEET) == key == press.key(SHEET) != press.key(OTHER)
    assert press.pdf(key) is None
    hands.finish.set()
    assert wait_for_state(elsewhere, key, "done") == DONE
    wait_for_silence(press)
    assert press.order(SHEET) == key
    assert elsewhere.pdf(key) == elsewhere.draw_now(SHEET) == b"%PDF"
    assert hands.sheets == [SHEET]
    assert kinds(press) == [".pdf"]


def test_another_process_sees_how_many_rows_are_written(press: Press, elsewhere: Press, hands: Worker) -> None:
    key = press.order(roster(300))
    assert wait_for_state(elsewhere, key, "drawing") == Progress("drawing", 0, 300)
    hands.rows = 120
    assert wait_for(elsewhere, key, lambda progress: progress.done > 0) == Progress("drawing", 120, 300)
    hands.rows = 0
    time.sleep(0.05)
    assert elsewhere.progress(key).done == 120, "it never goes back"
    hands.finish.set()
    assert wait_for_state(elsewhere, key, "done") == DONE


def test_orders_are_drawn_one_after_another(press: Press, elsewhere: Press, hands: Worker) -> None:
    first = press.order(SHEET)
    wait_for_state(press, first, "drawing")
    second = press.order(OTHER)
    assert elsewhere.progress(second) == Progress("waiting")
    assert hands.sheets == [SHEET]
    hands.finish.set()
    wait_for_state(press, second, "done")
    assert hands.sheets == [SHEET, OTHER]


def test_an_order_is_cancelled_from_another_process_and_given_again(
    press: Press, elsewhere: Press, hands: Worker
) -> None:
    key = press.order(SHEET)
    wait_for_state(press, key, "drawing")
    elsewhere.cancel(key)
    assert press.progress(key) == elsewhere.progress(key) == Progress("cancelled")
    wait_for_silence(press)
    assert press.progress(key) == Progress("cancelled")
    assert kinds(press) == [".stop"]
    hands.finish.set()
    elsewhere.order(SHEET)
    assert wait_for_state(press, key, "done") == DONE


def test_a_cancelled_order_that_was_waiting_is_not_drawn(press: Press, hands: Worker) -> None:
    wait_for_state(press, press.order(SHEET), "drawing")
    press.cancel(press.order(OTHER))
    hands.finish.set()
    wait_for_silence(press)
    assert hands.sheets == [SHEET]


def test_what_nobody_ordered_is_unknown_and_cannot_be_cancelled(press: Press) -> None:
    key = press.key(SHEET)
    press.cancel(key)
    assert press.progress(key) == Progress("unknown")
    assert press.pdf(key) is None


def test_every_process_can_say_why_an_order_was_refused(press: Press, elsewhere: Press, hands: Worker) -> None:
    hands.result = PrintRefused(
        "glyph_missing", character="㐀", codepoint="U+3400", place=Phrase("note %(nth)s", {"nth": 2})
    )
    hands.finish.set()
    key = press.order(SHEET)
    refused = wait_for_state(elsewhere, key, "refused").refused
    assert refused is not None
    assert (refused.reason, str(refused)) == ("glyph_missing", str(hands.result))
    wait_for_silence(press)
    assert elsewhere.progress(key).state == "refused"
    hands.result = b"%PDF"
    elsewhere.order(SHEET)
    assert wait_for_state(press, key, "done") == DONE


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_refuses_the_sheet_and_keeps_no_half_of_it(
    problem: int, press: Press, hands: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(descriptor: int) -> None:
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(os, "fsync", fill)
    hands.finish.set()
    key = press.order(SHEET)
    refused = wait_for_state(press, key, "refused").refused
    assert refused is not None
    assert refused.reason == "disk_full"
    wait_for_silence(press)
    with pytest.raises(PrintRefused, match="disk is full"):
        press.draw_now(SHEET)
    assert kinds(press) == [".json"]


def test_a_disk_that_is_full_takes_no_orders(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*paths: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "replace", fill)
    with pytest.raises(PrintRefused, match="disk is full"):
        press.order(SHEET)
    assert press.progress(press.key(SHEET)) == Progress("unknown")
    assert kinds(press) == []


def test_the_sheets_nobody_asks_for_make_room(tmp_path: Path, hands: Worker) -> None:
    press = Press(tmp_path, most=3_000)
    hands.result = b"%" * 1_000
    hands.finish.set()
    first, second, third, fourth = (replace(SHEET, title=title) for title in "春夏秋冬")
    for sheet in (first, second, third, first, fourth):
        press.draw_now(sheet)
        time.sleep(0.01)
    assert [press.pdf(press.key(sheet)) is not None for sheet in (first, second, third, fourth)] == [
        True,
        False,
        True,
        True,
    ]


def test_what_was_left_half_written_long_ago_is_cleared_up(press: Press) -> None:
    for name, age in (("old.part", 100), ("new.part", 0), ("old.stop", 100_000), ("new.stop", 100)):
        path = press.folder / name
        path.touch()
        os.utime(path, (time.time() - age, time.time() - age))
    assert sorted(path.name for path in Press(press.folder).folder.iterdir()) == ["new.part", "new.stop"]


@pytest.mark.usefixtures("worker")
def test_the_workers_draw_notices_and_posters(press: Press) -> None:
    key = press.order(SHEET)
    poster = press.draw_now(Poster(design="people", title="社区工作者", entries=(Entry("王喆", "主任"),)))
    assert poster.startswith(b"%PDF")
    wait_for_state(press, key, "done")
    assert press.pdf(key) == draw(SHEET)


@pytest.mark.usefixtures("worker")
def test_a_long_roster_does_not_hold_up_other_prints(press: Press) -> None:
    key = press.order(roster(20_000, columns=4))
    wait_for_state(press, key, "drawing")
    assert press.draw_now(OTHER).startswith(b"%PDF")
    assert press.progress(key).state == "drawing"
    press.cancel(key)
    wait_for_silence(press)


@pytest.mark.usefixtures("worker")
def test_an_order_can_be_given_again_after_its_worker_was_killed(press: Press) -> None:
    wait_for_state(press, press.order(SHEET), "done")  # the workers run
    long = roster(20_000)
    key = press.order(long)
    wait_for_state(press, key, "drawing")
    for process in multiprocessing.active_children():
        process.kill()
    wait_for_silence(press)
    assert press.progress(key) == Progress("unknown")
    assert kinds(press) == [".pdf"], "the sheet before, and nothing of this one"
    assert press.order(long) == key
    assert wait_for_state(press, key, "drawing").total == 20_000
    press.cancel(key)
    wait_for_silence(press)


SERVER = """
import sys, time
from pathlib import Path
from app.printing import Press
from tests.pdf.samples import roster

press = Press(Path(sys.argv[1]))
key = press.order(roster(20_000))
while press.progress(key).state != "drawing":
    time.sleep(0.01)
print(key, flush=True)
time.sleep(60)
"""


def test_an_order_can_be_given_again_after_its_server_was_killed(press: Press, hands: Worker) -> None:
    command = [sys.executable, "-c", SERVER, press.folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        key = server.stdout.readline().strip()
        assert press.progress(key).state == "drawing"
        assert press.order(roster(20_000)) == key
        assert hands.sheets == [], "it is being drawn already"
        server.send_signal(signal.SIGKILL)
    assert press.progress(key) == Progress("unknown")
    assert ".pdf" not in kinds(press)
    assert not {".lock", ".json"} & set(kinds(Press(press.folder)))
    hands.finish.set()
    assert press.order(roster(20_000)) == key
    assert wait_for_state(press, key, "done") == DONE
