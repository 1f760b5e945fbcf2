"""How the portal is served; gunicorn reads this in the folder it is started in.

Two processes, so that a long export holds up half of the people at most and both cores of an office computer have
work. Few threads each: they take turns at one interpreter, and every one has its connection to the database. The portal
is loaded once, before the two part: they share its memory.
"""

import ctypes
import gc
from typing import Any

workers = 2
threads = 4
preload_app = True
timeout = 120
keepalive = 30
control_socket_disable = True

# By itself glibc gives each thread a heap of its own, so that none waits for another: here they wait for the
# interpreter anyway, and what one has freed the others can use.
M_ARENA_MAX = -8
ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)

gc.disable()  # nothing of what is being loaded is garbage: looking would take a sixth of the start


def post_fork(_server: Any, _worker: Any) -> None:
    """Workers collect garbage, also those that are begun after this file was read again: after a hundred pages.

    By itself Python looks for it at every seventh page, which takes a fortieth of all computing.
    """
    gc.set_threshold(10_000)
    gc.enable()


def when_ready(_server: Any) -> None:
    """What is loaded stays: the collector need not look it through, which would also make a copy for each process."""
    gc.freeze()
    gc.enable()
