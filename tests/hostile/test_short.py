"""The hostile trials with small counts; ``make hostile`` runs them at length, through the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile import calls, inputs, threads
from tests.hostile.__main__ import killed
from tests.hostile.stage import Figure
from tests.web.page import one_database
from tests.world import World

Trial = Callable[[World, int], Iterator[Figure]]


def test_no_hostile_input_breaks_anything(world: World) -> None:
    for figure in inputs.hostile_inputs(world, 200):
        assert not figure.wrong, figure
        assert figure.tried == 200


@one_database
def test_calls_made_up_from_the_description_are_answered_as_it_says(world: World) -> None:
    for figure in calls.made_up_calls(world, 1):
        assert not figure.wrong, figure
        assert figure.tried > 250


@pytest.mark.parametrize(
    ("trial", "count"),
    [
        pytest.param(threads.mixed_answers, 4, id="mixed"),
        pytest.param(threads.stale_edits, 30, id="stale"),
        pytest.param(threads.double_submits, 3, id="double"),
    ],
)
def test_many_at_once_are_kept_apart(world: World, trial: Trial, count: int) -> None:
    for figure in trial(world, count):
        assert not figure.wrong, figure
        assert figure.tried


def test_a_server_killed_in_the_middle_leaves_nothing_by_halves(tmp_path: Path) -> None:
    for figure in killed(tmp_path, 3):
        assert not figure.wrong, figure
        assert figure.tried == 3
