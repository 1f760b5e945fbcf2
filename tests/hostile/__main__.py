"""What people, programs and bad luck do to the portal, at length: ``make hostile``.

Prints a table of what was tried and what went wrong, and ends with 1 if anything did. ``ARGS=0.01`` tries a hundredth.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sqlalchemy.exc import OperationalError

from tests.hostile import calls, inputs, threads
from tests.hostile.stage import Figure, postgres_database, stage
from tests.world import World

ROOT = Path(__file__).parents[2]
TRIALS: tuple[tuple[Callable[[World, int], Iterator[Figure]], int], ...] = (
    (inputs.hostile_inputs, inputs.COUNT),
    (calls.made_up_calls, 20),
    (threads.mixed_answers, 100),
    (threads.stale_edits, 1_000),
    (threads.double_submits, 500),
)
KILLS = 500


def killed(folder: Path, trials: int) -> list[Figure]:
    """The figures of :mod:`tests.hostile.kills`, whose clerks are forked from a process without threads."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.hostile.kills", str(folder), str(trials)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=60 + 10 * trials)
    return [Figure(**figure) for figure in json.loads(done.stdout)]


def main(part: float) -> int:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    wrong = 0
    databases = _databases()
    print(f"{'':58}{'database':11}{'tried':>9}{'wrong':>7}{'s':>7}")
    for trial, count in TRIALS:
        for kind in databases:
            began = time.monotonic()
            with (
                tempfile.TemporaryDirectory() as folder,
                _empty(kind) as address,
                stage(Path(folder), address) as world,
            ):
                wrong += _show(trial(world, max(1, round(count * part))), kind, began)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        wrong += _show(killed(Path(folder), max(1, round(KILLS * part))), "sqlite", began)
    return 1 if wrong else 0


def _databases() -> tuple[str, ...]:
    """Both, where the PostgreSQL server of the tests can be reached."""
    try:
        with postgres_database():
            return ("sqlite", "postgresql")
    except OperationalError:
        print("PostgreSQL is not there: only SQLite is tried")
        return ("sqlite",)


def _empty(kind: str) -> AbstractContextManager[str]:
    return postgres_database() if kind == "postgresql" else nullcontext("")


def _show(figures: Iterator[Figure] | list[Figure], kind: str, began: float) -> int:
    wrong = 0
    for figure in figures:
        print(
            f"{figure.what:58}{kind:11}{figure.tried:>9,}{figure.wrong:>7,}{time.monotonic() - began:>7.0f}", flush=True
        )
        for case in figure.told:
            print(f"    {case}")
        wrong += figure.wrong
    return wrong


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
