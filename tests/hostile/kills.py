"""The server is killed (-9) while it imports a sheet and while it prints, again and again.

Runs in a process of its own, ``python -m tests.hostile.kills <folder> <trials>``, and tells its figures as JSON: each
trial forks a clerk at work and kills it a moment later.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError

from app.kernel.db import db
from app.printing import press
from app.printing.drawing import draw
from tests.hostile.stage import Figure, stage
from tests.web.test_import import Desk
from tests.web.typed import an_issued_notice
from tests.world import World

ROWS = 120
moments = random.Random(2026)


def main(folder: Path, trials: int) -> Iterator[Figure]:
    with stage(folder) as world:
        yield from killed_imports(world, folder, trials)
        yield from killed_prints(world, folder, trials)


def _killed(world: World, work: Callable[[], object], longest: float) -> bool:
    """Have a clerk do ``work`` and kill them within ``longest`` seconds; True if they had finished before."""
    with world.app.app_context():
        db.session.remove()
        db.engine.dispose()  # no connection is shared with the clerk
    clerk = os.fork()
    if not clerk:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(moments.triangular(0, longest, longest))  # mostly while things are being stored
    os.kill(clerk, signal.SIGKILL)
    _, status = os.waitpid(clerk, 0)
    return not os.WIFSIGNALED(status)


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ask(folder: Path, question: str) -> int:
    with closing(sqlite3.connect(folder / "test.db")) as database:
        return int(database.execute(question).fetchone()[0])


def _is_sound(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "test.db")) as database:
        whole = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return whole and not database.execute("PRAGMA foreign_key_check").fetchall()


# --- import -------------------------------------------------------------------------------------------------------


def killed_imports(world: World, folder: Path, trials: int) -> Iterator[Figure]:
    """Afterwards all rows of a sheet are there, with the act in the trail and the way back, or none is."""
    desks = 0

    def a_checked_sheet() -> Desk:
        nonlocal desks
        desks += 1
        names = (f"居民{chr(0x4E00 + desks)}{chr(0x4E00 + row)}" for row in range(ROWS))
        desk = Desk(world, "person")
        desk.look(("姓名",), *((name,) for name in names))
        return desk

    first = a_checked_sheet()
    longest = _took(first.save) * 1.3
    wrong, stored, desk = [], 1, a_checked_sheet()
    for trial in range(trials):
        _killed(world, desk.save, longest)
        people = _ask(folder, "SELECT count(*) FROM person")
        acts = _ask(folder, "SELECT count(*) FROM audit_entry WHERE action = 'import'")
        ways_back = _ask(folder, "SELECT count(*) FROM change_set WHERE action = 'import'")
        done = _ask(folder, "SELECT count(*) FROM sheet_upload WHERE state = 'done'")
        if people != ROWS * acts or not acts == ways_back == done or not _is_sound(folder):
            wrong.append(f"trial {trial}: {people} people, {acts} acts, {ways_back} change sets, {done} sheets done")
            break
        if acts > stored:
            stored, desk = acts, a_checked_sheet()
    yield Figure.of("imports killed (-9) that left something by halves", trials, wrong)
    if stored == 1:  # the same sheet is taken over in the end
        desk.save()
    assert _ask(folder, "SELECT count(*) FROM person") >= 2 * ROWS, "no import succeeds after a kill"


# --- print --------------------------------------------------------------------------------------------------------


def killed_prints(world: World, folder: Path, trials: int) -> Iterator[Figure]:
    """Afterwards a kept PDF is whole, what was handed out is in the trail, and the notice can still be printed."""
    notice = an_issued_notice(world, world.here)
    told = folder / "told.txt"
    told.touch()
    press.render = lambda sheet, *_rest: draw(sheet)  # in the clerk itself, so that the kill meets the drawing

    def print_it() -> None:
        answer = world.client("office_staff").get(f"/notice/pdf/{notice}")
        if answer.data.startswith(b"%PDF-"):
            with told.open("a") as lines:
                lines.write("printed\n")

    _took(print_it)  # what the first time costs is paid before the clerks begin
    prints = folder / "prints"
    _forget(prints)
    longest = _took(print_it) * 1.2
    wrong = []
    for trial in range(trials):
        _forget(prints)
        _killed(world, print_it, longest)
        kept = [*prints.glob("*.pdf")]
        handed_out = len(told.read_text().splitlines())
        acts = _ask(folder, "SELECT count(*) FROM audit_entry WHERE action = 'print'")
        if any(not _is_whole(path) for path in kept) or acts < handed_out or not _is_sound(folder):
            wrong.append(f"trial {trial}: {len(kept)} kept, {handed_out} handed out, {acts} acts")
    yield Figure.of("prints killed (-9) that left half a sheet or no trace", trials, wrong)
    assert world.client("office_staff").get(f"/notice/pdf/{notice}").data.startswith(b"%PDF-")


def _forget(prints: Path) -> None:
    for path in prints.iterdir():
        path.unlink()


def _is_whole(path: Path) -> bool:
    data = path.read_bytes()
    try:
        with PdfDocument(data) as document:
            return data.rstrip().endswith(b"%%EOF") and len(document) > 0
    except PdfiumError:
        return False


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps([asdict(figure) for figure in main(Path(sys.argv[1]), int(sys.argv[2]))]))
