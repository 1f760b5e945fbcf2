"""What a folder of the product brings along: its registers and pages, its figures and what is waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.kernel.access import Right
from app.kernel.fields import Label


@dataclass(frozen=True)
class Figure:
    """A number of the community for the home page; it leads to the register, ``asked`` for the rows that it counts."""

    label: Label
    value: int
    register: str
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """Something that waits for somebody today; ``endpoint`` with ``values`` leads there."""

    label: str
    count: int
    register: str
    endpoint: str
    values: dict[str, Any]
    urgent: bool = False


@dataclass(frozen=True)
class Page:
    """An entry of the menu besides the lists of the registers; ``subject`` and ``right`` guard it."""

    label: Label
    endpoint: str
    subject: str
    right: Right = Right.VIEW


def _none() -> Iterable[Figure]:
    return ()


def _nothing(_today: date) -> Iterable[Task]:
    return ()


@dataclass(frozen=True)
class Capability:
    """A group of the menu: its ``pages``, then its registers, ``views``, in their order.

    ``others`` are views that are no registers.
    """

    label: Label
    icon: str
    views: tuple[type[Any], ...] = ()
    pages: tuple[Page, ...] = ()
    others: tuple[type[Any], ...] = ()
    figures: Callable[[], Iterable[Figure]] = _none
    tasks: Callable[[date], Iterable[Task]] = _nothing
