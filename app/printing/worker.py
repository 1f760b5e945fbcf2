"""Drawing in a process of its own, which can be stopped.

One worker, started at the first sheet and kept: starting Python, WeasyPrint and the fonts takes
longer than drawing. It is spawned, not forked, so it inherits no connections or threads, and it is
replaced after a while so that what the font libraries leak goes with it.
"""

import atexit
import os
import resource
import tempfile
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as WaitedTooLong
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Any

from pebble import ProcessExpired, ProcessPool

from .refusal import PrintRefused
from .snapshot import Snapshot

_SHEETS_PER_WORKER = 500
# A long table takes about 140 kB a row; better to refuse one than to starve the machine.
MEMORY = 3 * 1024**3

_PREFIX = "portal-printing-"
_lock = Lock()
_pool: Any = None  # a ProcessPool; its closing methods carry no types
_pool_owner = 0
_folder = ""  # of the pool, for copies of fonts; a killed worker cannot clean up after itself


def render(snapshot: Snapshot, timeout: float = 60) -> bytes:
    """The PDF of ``snapshot``, drawn in the worker process.

    ``timeout`` is in seconds, counted from when the worker takes the sheet; then the worker is
    killed and a new one serves the next sheet. Raises ``PrintRefused`` with a reason that
    ``drawing.draw`` gives, or "overrun", or "drawing_failed" when the worker died.
    """
    future = _running_pool().schedule(_draw, args=[snapshot.to_json()], timeout=timeout)
    try:
        pdf: bytes = future.result()
        return pdf
    except WaitedTooLong as error:
        raise PrintRefused("overrun", seconds=f"{timeout:g}") from error
    except ProcessExpired as error:
        raise PrintRefused("drawing_failed", detail=f"worker ended with code {error.exitcode}") from error
    except CancelledError as error:
        raise PrintRefused("drawing_failed", detail="the worker was stopped") from error
    except PrintRefused:
        raise
    except Exception as error:  # out of memory, mostly; the libraries below Python do not survive that
        stop()
        raise PrintRefused("drawing_failed", detail=type(error).__name__) from error


def stop() -> None:
    """End the worker; the next ``render`` starts another."""
    global _pool
    with _lock:
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
            _clear_after_the_dead()
            _folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
            _pool_owner = os.getpid()
            _pool = ProcessPool(
                max_workers=1,
                max_tasks=_SHEETS_PER_WORKER,
                initializer=_begin,
                initargs=[_folder, MEMORY],
                context=get_context("spawn"),
            )
        return _pool


def _clear_after_the_dead() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdecimal():
            continue
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody else's, and alive


def _begin(folder: str, memory: int) -> None:
    """Take the place of the worker before this one: its temporary files go, the limits stay."""
    for left in Path(folder).iterdir():
        rmtree(left, ignore_errors=True)
    tempfile.tempdir = folder
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))


def _draw(json: str) -> bytes:
    from .drawing import draw  # WeasyPrint is loaded in the worker only

    return draw(Snapshot.from_json(json))


atexit.register(stop)
