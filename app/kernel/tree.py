"""Registers whose rows form a tree, such as communities and party organisations."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection, String, event, func, select, update
from sqlalchemy.orm import Mapped, Mapper, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from app.kernel.db import Record
from app.kernel.fields import derived


def _depth(tree: Any) -> ColumnElement[int]:
    """How far below the top a row lies: with the path ``/1/`` it is 0."""
    return func.length(tree.path) - func.length(func.replace(tree.path, "/", "")) - 2


class Tree(Record):
    """A row with a ``parent_id``; ``path`` is the ids from the top, ``/1/4/9/``, and sorts children under parents."""

    __abstract__ = True
    __order__ = "path"

    path: Mapped[str] = mapped_column(String(200), default="", index=True)
    depth = derived(_l("Depth"), _depth, "integer", in_record=False)


@event.listens_for(Tree, "after_insert", propagate=True)
@event.listens_for(Tree, "after_update", propagate=True)
def _lay_path(_mapper: Mapper[Any], connection: Connection, row: Any) -> None:
    """Keep the path true to the parent, for the row and all below it."""
    table = type(row).__table__
    above = connection.scalar(select(table.c.path).where(table.c.id == row.parent_id)) if row.parent_id else "/"
    old = connection.scalar(select(table.c.path).where(table.c.id == row.id)) or ""
    new = f"{above}{row.id}/"
    set_committed_value(row, "path", new)
    if old == new:
        return
    if old:
        below = func.substr(table.c.path, len(old) + 1)
        connection.execute(update(table).where(table.c.path.startswith(old)).values(path=new + below))
    else:
        connection.execute(update(table).where(table.c.id == row.id).values(path=new))
