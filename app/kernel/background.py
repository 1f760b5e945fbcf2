"""Work in a process of its own: it lets pages go first, goes on when the request that began it has ended, and is safely
killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from flask import current_app

from config import NICE, ROOT

Processes = list[subprocess.Popen[bytes]]


def start(arguments: Sequence[str], running: Processes) -> subprocess.Popen[bytes]:
    """Start Python with ``arguments`` over the instance and database of this portal.

    The process is put to those ``running``, of which the ended ones are taken out.
    """
    settings = {
        "PORTAL_INSTANCE": str(current_app.config["INSTANCE"]),
        "PORTAL_DATABASE": current_app.config["SQLALCHEMY_DATABASE_URI"],
    }
    process = subprocess.Popen(  # noqa: S603 (our own commands)
        ["nice", f"-n{NICE}", sys.executable, *arguments],  # noqa: S607
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        process_group=0,  # not a session: desktops share the processor out among those, whatever is nice in them
    )
    running[:] = [*(other for other in running if other.poll() is None), process]
    return process
