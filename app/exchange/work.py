"""The work on a long sheet, in a process of its own: pages stay quick, and as a killed one leaves nothing by halves, to
stop it is to kill it.

How far it is stands in a small file in the instance folder, so that any server process can tell, also after a restart.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from flask_babel import force_locale, get_locale
from flask_login import current_user, login_user

from app.exchange import imports
from app.exchange.models import SheetUpload
from app.kernel import background
from app.kernel.db import NoRoom, db, refresh_statistics, transaction
from app.kernel.values import N_, Invalid

AT_ONCE = 500
"""Rows that are worked on while the person waits for the page."""
STARTING = 30
"""Seconds in which a process has begun."""
TASKS = {"check": "checking", "save": "saving", "save_good": "saving"}
"""What can be asked for, and the state of the upload meanwhile."""

_running: background.Processes = []


@dataclass(frozen=True)
class Status:
    """How far the work on an upload is; ``alive`` is False where its process is gone."""

    done: int
    total: int
    alive: bool


def start(upload: SheetUpload, task: str) -> None:
    """Do ``task``, now or, on a long sheet, in the background."""
    if upload.tables[upload.table]["count"] <= AT_ONCE:
        perform(upload, task, lambda _done, _total: None)
        return
    _tell(current_app, upload.id, 0, 0, 0)
    with transaction():
        upload.state, upload.complaint = TASKS[task], None
    of_whom = (current_user.get_id(), request.remote_addr or "", str(get_locale() or "zh"))
    process = background.start(["-m", __name__, str(upload.id), task, *of_whom], _running)
    _tell(current_app, upload.id, process.pid, 0, 0)


def perform(upload: SheetUpload, task: str, progress: imports.Progress) -> None:
    """Do ``task`` on ``upload``; what goes wrong is kept for the page to tell."""
    try:
        if task == "check":
            imports.check(upload, progress)
        else:
            imports.take_over(upload, only_good=task == "save_good", progress=progress)
    except NoRoom:
        _end(upload, task, {"message": N_("The disk is full; nothing was saved. Please tell the administrator.")})
    except Invalid as invalid:
        _end(upload, task, {"message": invalid.message, "params": invalid.params})


def status(upload: SheetUpload) -> Status:
    """How far the background work is; where it broke off, the upload is set back. Commits then."""
    told = _told(current_app, upload.id)
    alive = _is_alive(told, upload.id)
    if not alive:
        db.session.refresh(upload)
        if upload.state in TASKS.values():
            message = N_("The work broke off, and nothing was taken over. Please start it again.")
            _set_back(upload, {"message": message})
    return Status(told.get("done", 0), told.get("total", 0), alive)


def stop(upload: SheetUpload) -> None:
    """End the background work; what it did so far is not kept. Commits."""
    while _is_alive(told := _told(current_app, upload.id), upload.id):
        if told["pid"]:
            with suppress(ProcessLookupError):
                os.kill(told["pid"], signal.SIGKILL)
        time.sleep(0.01)
    _set_back(upload, None)


def _set_back(upload: SheetUpload, complaint: dict[str, Any] | None) -> None:
    """To before the work, unless that was done when its process ended."""
    with transaction():
        db.session.refresh(upload, with_for_update=True)
        if upload.state in TASKS.values():
            _put(upload, "check" if upload.state == "checking" else "save", complaint)


def _end(upload: SheetUpload, task: str, complaint: dict[str, Any]) -> None:
    with transaction():
        _put(upload, task, complaint)


def _put(upload: SheetUpload, task: str, complaint: dict[str, Any] | None) -> None:
    upload.state = "open" if task == "check" else "checked"
    upload.complaint = complaint


# --- what stands in the instance folder --------------------------------------------------------------------------


def _file(app: Flask, key: int) -> Path:
    folder = Path(app.config["INSTANCE"]) / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{key}.json"


def _tell(app: Flask, key: int, pid: int, done: int, total: int) -> None:
    file = _file(app, key)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps({"pid": pid, "done": done, "total": total}))
    part.replace(file)


def _told(app: Flask, key: int) -> dict[str, int]:
    with suppress(FileNotFoundError):
        found: dict[str, int] = json.loads(_file(app, key).read_text())
        return found
    return {}


def _is_alive(told: dict[str, int], key: int) -> bool:
    return bool(told) and (_is_ours(told["pid"], key) if told["pid"] else _is_starting(key))


def _is_starting(key: int) -> bool:
    """Is it just about to have a process?"""
    with suppress(FileNotFoundError):
        return time.time() - _file(current_app, key).stat().st_mtime < STARTING
    return False


def _is_ours(pid: int, key: int) -> bool:
    """Is the process with this number still the one at work on this upload, not a stranger with the same number?"""
    for process in _running:
        if process.pid == pid:
            return process.poll() is None
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return __name__.encode() in words and str(key).encode() in words
    return False


# --- in the process of its own -----------------------------------------------------------------------------------


def main(key: int, task: str, who: str, address: str, locale: str) -> None:
    """Do ``task`` on the upload ``key`` as the person with the session ``who``."""
    gc.disable()  # a quarter of the time, and the process ends soon
    from app.portal import build

    app = build()

    def progress(done: int, total: int) -> None:
        _tell(app, key, os.getpid(), done, total)

    try:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}), force_locale(locale):
            account = app.appbuilder.sm.load_user(who)  # type: ignore[attr-defined]
            if account is None:
                return
            login_user(account)
            upload = db.session.get(SheetUpload, key)
            if upload is not None:
                perform(upload, task, progress)
                refresh_statistics()
    finally:
        _file(app, key).unlink(missing_ok=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
