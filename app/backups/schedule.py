"""The backup of the day: started by the portal itself, at the first page of the day that somebody opens.

Where nobody opens a page nothing changes either. The backup is made by a process of its own that lets pages go first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import Flask

from app.backups import operations, rules
from app.backups.problem import Problem
from app.kernel import background

log = logging.getLogger("portal")

LOOK_EVERY = 60
"""Seconds between two looks at whether it is time."""

_running: background.Processes = []


def init_app(app: Flask) -> None:
    """Look now and then, as requests come, whether the backup of the day is to be made."""
    next_look = 0.0

    @app.before_request
    def _look() -> None:
        nonlocal next_look
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + LOOK_EVERY
            try:
                begin_if_due()
            except (Problem, OSError) as failed:  # the page that was asked for comes all the same
                log.error("backup: not begun: %s", failed)


def begin_if_due(start: Callable[[], None] | None = None) -> bool:
    """Have the backup of the day made if it is time; returns whether this process is the one that saw to it."""
    now = operations.moment()
    is_ours = operations.announce(
        lambda state: rules.is_due(now, state.last_good, state.last_attempt) and operations.has_data()
    )
    if is_ours:
        (start or begin)()
    return is_ours


def begin(by: str = operations.BY) -> None:
    """Make the backup that :func:`operations.announce` told of in a process of its own; the trail names ``by``."""
    background.start(["-m", "flask", "--app", "app", "backup", "make", "--by", by], _running)
