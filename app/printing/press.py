"""Sheets drawn in the background, and kept.

    key = press.order(sheet)  # returns at once
    press.progress(key)       # how far it is, from whichever process of the server
    press.pdf(key)            # once it is done

A sheet's key is the hash of what is printed, so the same sheet is drawn once. The folder is all the
memory there is; for a key it may hold

* ``<key>.pdf``: the finished sheet, complete whenever it is there;
* ``<key>.lock``: locked by the process that has the sheet drawn, for as long as that lives;
* ``<key>.json``: how far the drawing is or, once nobody holds the lock, why it was refused;
* ``<key>.stop``: the order was cancelled;

and ``….part``, one of these while it is written.
"""

import fcntl
import json
import os
import time
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from signal import SIGKILL
from tempfile import NamedTemporaryFile
from threading import Lock, Thread
from typing import IO, Literal

from pebble import ProcessExpired

from .posters import Poster
from .refusal import PrintRefused, refusing_a_full_disk
from .snapshot import Snapshot
from .worker import render

# Part of every key: raise it when the same sheet would be drawn differently.
ENGINE = 2
LIMIT = 300  # seconds that a sheet may take in the background
_INTERVAL = 0.2  # seconds between two reports on the same sheet
_STALE = 60  # seconds after which nobody is writing a part any more
_REMEMBERED = 24 * 60 * 60  # seconds for which it is known why there is no sheet

State = Literal["unknown", "waiting", "drawing", "done", "cancelled", "refused"]


@dataclass(frozen=True)
class Progress:
    """How far an order is: ``done`` of ``total`` rows of the table.

    A sheet without a table counts as one row, and so does one that is "done". ``refused`` says why,
    in the state "refused".
    """

    state: State
    done: int = 0
    total: int = 1
    refused: PrintRefused | None = None


class Press:
    """Draws sheets in the background, one at a time, and keeps them in ``folder``, of at most ``most`` bytes.

    Several processes may each have a ``Press`` on the same folder.
    """

    def __init__(self, folder: Path, most: int = 300 * 1024**2) -> None:
        self.folder = folder
        self.most = most
        self._turn = Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._clear()

    def key(self, sheet: Snapshot | Poster) -> str:
        """What ``sheet`` is known by: a hash, in hexadecimal, of all that is printed and of the way it is drawn."""
        return sha256(f"{ENGINE} {type(sheet).__name__} {sheet.to_json()}".encode()).hexdigest()

    def order(self, sheet: Snapshot | Poster) -> str:
        """Have ``sheet`` drawn unless it is there or being drawn; returns its key at once.

        An order that was cancelled or refused is taken up again. Raises ``PrintRefused`` ("disk_full").
        """
        key = self.key(sheet)
        self._path(key, "stop").unlink(missing_ok=True)
        with refusing_a_full_disk():
            if not self._path(key, "pdf").exists() and (lock := _lock(self._path(key, "lock"))):
                self._begin(sheet, key, lock)
        return key

    def pdf(self, key: str) -> bytes | None:
        """The finished sheet, or None if it is not there."""
        path = self._path(key, "pdf")
        with suppress(FileNotFoundError):
            os.utime(path)  # what nobody asks for is dropped first
            return path.read_bytes()
        return None

    def progress(self, key: str) -> Progress:
        """How far the order is; "unknown" where there is none, or whoever had it drawn was killed."""
        if self._path(key, "pdf").exists():
            return Progress("done", 1)
        if self._path(key, "stop").exists():
            return Progress("cancelled")
        told = self._told(key)
        if told.state == "refused" or _is_locked(self._path(key, "lock")):
            return told
        return Progress("done", 1) if self._path(key, "pdf").exists() else Progress("unknown")

    def cancel(self, key: str) -> None:
        """Stop the drawing at the next page, whichever process has it drawn; nothing if none has."""
        if _is_locked(self._path(key, "lock")):
            self._path(key, "stop").touch()

    def draw_now(self, sheet: Snapshot | Poster) -> bytes:
        """The finished sheet, drawn now if it is not there; raises ``PrintRefused`` as ``render`` does."""
        key = self.key(sheet)
        pdf = self.pdf(key)
        if pdf is None:
            pdf = render(sheet)
            self._store(key, pdf)
        return pdf

    def _begin(self, sheet: Snapshot | Poster, key: str, lock: IO[bytes]) -> None:
        rows = len(sheet.table.rows) if isinstance(sheet, Snapshot) and sheet.table else 1
        report = _Report(self.folder, key, max(rows, 1))
        try:
            report.tell("waiting")
            Thread(target=self._draw, args=[sheet, report, lock], daemon=True).start()
        except BaseException:
            self._release(key, lock)
            raise

    def _draw(self, sheet: Snapshot | Poster, report: "_Report", lock: IO[bytes]) -> None:
        try:
            with self._turn:
                report.look()
                report.tell("drawing")
                pdf = render(sheet, LIMIT, report)
                report.look()
                self._store(report.key, pdf)
            report.forget()
        except PrintRefused as refused:
            if refused.reason == "cancelled" or _by_others(refused):
                report.forget()
            else:
                with suppress(PrintRefused):  # no room on the disk, and none to say so
                    report.tell("refused", refused)
        finally:
            self._release(report.key, lock)

    def _release(self, key: str, lock: IO[bytes]) -> None:
        self._path(key, "lock").unlink(missing_ok=True)
        lock.close()

    def _told(self, key: str) -> Progress:
        try:
            told = json.loads(self._path(key, "json").read_bytes())
        except FileNotFoundError:
            return Progress("unknown")
        refused = PrintRefused.from_values(told["refused"]) if told["refused"] else None
        return Progress(told["state"], told["done"], told["total"], refused)

    def _store(self, key: str, pdf: bytes) -> None:
        _write(self._path(key, "pdf"), pdf, lasting=True)
        self._clear()

    def _clear(self) -> None:
        """Remove what the dead have left, old news, and of the PDFs those that were not asked for the longest."""
        now = time.time()
        pdfs = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # others clear up too
                found = path.stat()
                if path.suffix == ".pdf":
                    pdfs.append((found.st_mtime_ns, found.st_size, path))
                elif path.suffix == ".lock":
                    if lock := _lock(path):
                        self._path(path.stem, "json").unlink(missing_ok=True)
                        self._release(path.stem, lock)
                elif now - found.st_mtime > (_STALE if path.suffix == ".part" else _REMEMBERED):
                    path.unlink()
        total = 0
        for nth, (_, size, path) in enumerate(sorted(pdfs, reverse=True)):
            total += size
            if nth and total > self.most:
                path.unlink(missing_ok=True)

    def _path(self, key: str, kind: str) -> Path:
        return self.folder / f"{key}.{kind}"


@dataclass
class _Report:
    """Tells how far an order is; called in the worker with the rows that are written."""

    folder: Path
    key: str
    total: int
    rows: int = 0
    told_at: float = 0.0

    def __call__(self, rows: int) -> None:
        self.look()
        self.rows = max(self.rows, rows)
        if time.monotonic() - self.told_at > _INTERVAL:
            self.tell("drawing")

    def look(self) -> None:
        """Whether to go on; raises ``PrintRefused`` ("cancelled") if not."""
        if (self.folder / f"{self.key}.stop").exists():
            raise PrintRefused("cancelled")

    def tell(self, state: State, refused: PrintRefused | None = None) -> None:
        told = {"state": state, "done": self.rows, "total": self.total, "refused": refused and refused.to_values()}
        _write(self._path, json.dumps(told).encode())
        self.told_at = time.monotonic()

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.key}.json"


def _by_others(refused: PrintRefused) -> bool:
    """Whether the worker was killed, or stopped with the server, which says nothing about the sheet."""
    cause = refused.__cause__
    killed = isinstance(cause, ProcessExpired) and cause.exitcode == -SIGKILL
    return killed or isinstance(cause, CancelledError | BrokenProcessPool)


def _write(path: Path, data: bytes, lasting: bool = False) -> None:
    """Write a file whole or not at all, ``lasting`` if it is to outlive a power cut; refuses ("disk_full")."""
    with refusing_a_full_disk(), NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            if lasting:
                os.fsync(part.fileno())
            os.replace(part.name, path)
        except BaseException:
            os.unlink(part.name)
            raise


def _lock(path: Path) -> IO[bytes] | None:
    """The file ``path``, made if need be and locked until it is closed; None if somebody else has locked it."""
    while True:
        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # removed in between by whoever had it


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
