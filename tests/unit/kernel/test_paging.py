"""What a list remembers of itself, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel import paging
from app.kernel.db import Scoped
from app.kernel.listing import PAGE_SIZE
from app.kernel.paging import Recent, Total
from tests.rows import MODELS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have gone by, as its only item."""
    now = [1000.0]
    monkeypatch.setattr(paging, "monotonic", lambda: now[0])
    return now


def test_what_was_found_out_is_believed_for_a_minute(clock: list[float]) -> None:
    recent: Recent[int] = Recent()
    recent.put("volunteers", 100_000)
    clock[0] += 59
    assert recent.get("volunteers") == 100_000
    clock[0] += 2
    assert recent.get("volunteers") is None
    assert recent.get("residents") is None


def test_of_too_much_the_oldest_is_forgotten(clock: list[float]) -> None:
    recent: Recent[int] = Recent(most=2)
    for number in (1, 2):
        recent.put(number, number)
    recent.put(1, 10)
    recent.put(3, 3)
    assert [recent.get(number) for number in (1, 2, 3)] == [10, None, 3]


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 0), (1, 1), (PAGE_SIZE, 1), (PAGE_SIZE + 1, 2), (100_000, 100_000 // PAGE_SIZE)]
)
def test_a_last_page_that_is_not_full_counts_too(count: int, pages: int) -> None:
    assert Total(count).pages == pages


@pytest.mark.parametrize("model", [model for model in MODELS.values() if issubclass(model, Scoped)])
def test_a_list_of_many_communities_is_read_in_their_order_over_an_index(model: Any) -> None:
    assert paging._has_index(model, "community_id")
