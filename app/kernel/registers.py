"""The registers there are: every mapped :class:`~app.kernel.db.Record` that has a view."""

from __future__ import annotations

from typing import Any

from app.kernel.fields import Declared, Label, fields_of

REGISTERS: dict[str, Any] = {}
"""Register views by name (the table's name), filled by the application as it registers its views."""


def labels() -> dict[str, Label]:
    """What each register is called, by name."""
    return {name: view.model.__label__ for name, view in REGISTERS.items()}


def links_to(model: Any) -> list[Declared]:
    """Every link by which a row of another register points at a row of ``model``."""
    return [
        declared
        for view in REGISTERS.values()
        for declared in fields_of(view.model).values()
        if declared.kind == "link" and declared.target is model and declared.through is None
    ]
