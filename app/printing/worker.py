"""Drawing in processes of their own, which can be stopped and let everybody's pages go first.

Two workers for each process that serves, so that a long roster does not hold up other prints; begun at the first sheet
and kept: starting Python, WeasyPrint and the fonts takes longer than drawing. They are spawned, not forked, so they
inherit no connections or threads, and are replaced after a while so that what the font libraries leak goes with them.
"""

import atexit
import gc
import os
import resource
import tempfile
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as WaitedTooLong
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from config import NICE

from .posters import Poster
from .refusal import PrintRefused, refusing_a_full_disk
from .snapshot import Snapshot

WORKERS = 2
_SHEETS_PER_WORKER = 500
# What WeasyPrint lays out by itself takes about 140 kB a row; better to refuse one than to starve the machine.
MEMORY = 3 * 1024**3
_FAILED = 70  # EX_SOFTWARE in sysexits.h
_PATIENCE = 60.0  # seconds that a person waits

_PREFIX = "portal-printing-"
_lock = Lock()
_pool: Any = None  # a ProcessPool; its closing methods carry no types
_pool_owner = 0
_folder = ""  # of the pool, for copies of fonts; a killed worker cannot clean up after itself

_Done = TypeVar("_Done")


def _nobody(rows: int) -> None:
    """Nobody wants to know."""


def render(sheet: Snapshot | Poster, timeout: float = _PATIENCE, written: Callable[[int], None] = _nobody) -> bytes:
    """The PDF of ``sheet``, drawn in a worker process.

    ``timeout`` is in seconds, counted from when a worker takes the sheet; then the worker is killed and
    a new one serves the next sheet. ``written`` is called in the worker, now and then, with the number
    of table rows that are done; what it raises stops the drawing. Raises ``PrintRefused`` with a reason
    that ``draw`` gives, or "overrun", "disk_full", or "drawing_failed" when the worker died.
    """
    return _by_a_worker(timeout, _draw, sheet, written)


def pictures(pdf: bytes, dpi: int = 72, first: int = 3) -> list[bytes]:
    """The first ``first`` pages of ``pdf`` as PNG files, ``dpi`` dots to the inch; raises ``PrintRefused``."""
    return _by_a_worker(_PATIENCE, _pictures, pdf, dpi, first)


def page_count(pdf: bytes) -> int:
    """How many pages ``pdf`` has; raises ``PrintRefused``."""
    return _by_a_worker(_PATIENCE, _page_count, pdf)


def _by_a_worker(timeout: float, work: Callable[..., _Done], *about: object) -> _Done:
    future = _running_pool().schedule(work, args=about, timeout=timeout)
    try:
        done: _Done = future.result()
        return done
    except WaitedTooLong as error:
        raise PrintRefused("overrun", seconds=f"{timeout:g}") from error
    except ProcessExpired as error:
        raise PrintRefused("drawing_failed", detail=f"worker ended with code {error.exitcode}") from error
    except (CancelledError, BrokenProcessPool) as error:
        raise PrintRefused("drawing_failed", detail="the worker was stopped") from error


def stop() -> None:
    """End the workers; the next ``render`` starts others."""
    with _lock:
        _end_pool()


def _end_pool() -> None:
    global _pool
    pool, _pool = _pool, None
    if pool is not None and _pool_owner == os.getpid():
        pool.stop()
        pool.join()
        rmtree(_folder, ignore_errors=True)


def _running_pool() -> Any:
    global _pool, _pool_owner, _folder
    with _lock:
        # A pool made before a fork (a web server's) belongs to the parent.
        if _pool is None or not _pool.active or _pool_owner != os.getpid():
            _end_pool()
            _clear_after_the_dead(tempfile.gettempdir(), _PREFIX)
            _folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
            _pool_owner = os.getpid()
            _pool = ProcessPool(
                max_workers=WORKERS,
                max_tasks=_SHEETS_PER_WORKER,
                initializer=_begin,
                initargs=[_folder, MEMORY],
                context=get_context("spawn"),
            )
        return _pool


def _clear_after_the_dead(parent: str, prefix: str = "") -> None:
    """Remove the folders, named by process, of processes that were killed before they could."""
    for folder in Path(parent).glob(f"{prefix}*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if not owner.isdecimal():
            continue
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody else's, and alive


def _begin(folder: str, memory: int) -> None:
    """Clear up after the worker before this one; then a folder of its own, and the limits."""
    os.nice(NICE)
    _clear_after_the_dead(folder)
    tempfile.tempdir = tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=folder)
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))


@cache
def _drawing() -> ModuleType:
    """The drawing, which loads WeasyPrint, in the workers only; the collector need not look through it ever again."""
    from . import drawing

    gc.collect()
    gc.freeze()
    return drawing


def _draw(sheet: Snapshot | Poster, written: Callable[[int], None]) -> bytes:
    try:
        with refusing_a_full_disk(), _drawing().told_between_pages(lambda page: written(0)):
            if isinstance(sheet, Poster):
                from .poster_drawing import draw as draw_poster

                return draw_poster(sheet)
            pdf: bytes = _drawing().draw(sheet, written)
            return pdf
    except PrintRefused:
        raise
    except Exception:  # out of memory, mostly; the libraries below Python do not survive that
        traceback.print_exc()
        os._exit(_FAILED)


def _pictures(pdf: bytes, dpi: int, first: int) -> list[bytes]:
    from . import preview  # loads PDFium

    return preview.pictures(pdf, dpi, first)


def _page_count(pdf: bytes) -> int:
    from . import preview

    return preview.page_count(pdf)


atexit.register(stop)
