from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.printing import draw, stop

from .reading import Reading
from .samples import NOTICE, REGISTER, SHORT_REGISTER


@pytest.fixture(scope="session")
def notice() -> Reading:
    return Reading(draw(NOTICE))


@pytest.fixture(scope="session")
def register() -> Reading:
    return Reading(draw(REGISTER))


@pytest.fixture(scope="session")
def wall_notice() -> Reading:
    """The notice on A3, unsealed."""
    return Reading(draw(replace(NOTICE, paper="A3", sealed=False)))


@pytest.fixture(scope="session")
def wide_register() -> Reading:
    """The register on A3 landscape, as a draft."""
    return Reading(draw(replace(REGISTER, paper="A3", landscape=True, draft=True, number="", issued_on="")))


@pytest.fixture(scope="session")
def short_register() -> Reading:
    return Reading(draw(SHORT_REGISTER))


@pytest.fixture(scope="session")
def worker() -> Iterator[None]:
    """Leaves no process behind; starting one takes seconds, so the tests share it."""
    yield
    stop()
