"""The processes of the server: what they hold, and that everything else lets pages go first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from app.kernel import background
from app.portal import build
from app.printing import worker
from config import NICE, ROOT, Settings

FOR_FEW_PAGES = {
    *("alembic", "flask_migrate", "polib", "pypinyin", "zxcvbn"),
    *("icalendar", "python_calamine", "rustpy_xlsxwriter", "xlsxwriter"),
    *("fontTools", "pikepdf", "pypdfium2", "segno", "weasyprint"),
}
LOADED = """
import json, sys
from app.kernel.db import db
from app.portal import build
from config import Settings
app = build(Settings.read())
with app.app_context():
    print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules}), db.engine.pool.checkedin()]))
"""


def test_a_process_begins_with_nothing_that_only_few_pages_need_and_no_connection(tmp_path: Path) -> None:
    settings = {"PORTAL_INSTANCE": str(tmp_path), "PORTAL_SECRET": "00" * 32}
    told = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, check=True
    )
    loaded, connections = json.loads(told.stdout)
    assert not FOR_FEW_PAGES & set(loaded)
    assert connections == 0, "two processes would share it"


ALLOCATED = """
import ctypes, runpy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

all_at_work = Barrier(4)

def work(_thread):
    all_at_work.wait()
    text = bytes(1000)
    all_at_work.wait()

runpy.run_path("gunicorn.conf.py")
with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
ctypes.CDLL(None).malloc_stats()
"""


def test_the_threads_of_a_process_share_one_heap() -> None:
    told = subprocess.run([sys.executable, "-c", ALLOCATED], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=True)
    assert told.stderr.count("Arena ") == 1


def test_pages_go_before_imports_and_backups(tmp_path: Path) -> None:
    portal = build(Settings(instance=tmp_path, database=f"sqlite:///{tmp_path}/test.db", secret=bytes(range(32))))
    told = tmp_path / "told"
    with portal.app_context():
        asked = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(f'{{os.nice(0)}} {{os.getsid(0)}}')"
        begun = background.start(["-c", asked], [])
    assert begun.wait(60) == 0
    assert told.read_text() == f"{os.nice(0) + NICE} {os.getsid(0)}"


def test_pages_go_before_what_is_drawn() -> None:
    assert worker._by_a_worker(60, os.nice, 0) > os.nice(0)
