"""Thousands of new rows at once: written past the session, so only for rows that have been judged one by one.

The session's checks of scope are made here for the whole: everything goes to the one community at work.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from app.kernel import scope, undo
from app.kernel.audit import write_many
from app.kernel.db import Scoped, db, insert_rows, now
from app.kernel.entries import Indexer
from app.kernel.fields import Sealed, fields_of

Row = Mapping[str, Any]
Column = Iterable[Any]


class Inserter:
    """Adds records of ``model``, in the community at work when it is made.

    To be used inside one transaction and one recorded change. Raises :class:`~app.kernel.scope.OutOfScope` where no
    single community is at work.
    """

    def __init__(self, model: Any) -> None:
        at_work = scope.current()
        if not issubclass(model, Scoped) or at_work.path or at_work.community_id is None:
            raise scope.OutOfScope(model.__name__)
        self._table: Table = model.__table__
        self._indexer = Indexer(model)
        self._here = at_work.community_id
        known = fields_of(model).values()
        fixed = {"version": 1, "created_at": now(), "community_id": self._here}
        defaults = {column.key: _default(column) for column in self._table.columns} | fixed
        self._own = [(d.name, defaults.pop(d.name)) for d in known if d.name in defaults and d.name not in fixed]
        self._same_for_all = defaults
        self._sorts = [(d.field.sort, d.name, d.field.sort_key) for d in known if d.field.sort and d.field.sort_key]
        self._secrets = [d.origin for d in known if isinstance(d.origin, Sealed)]

    def insert(self, rows: Sequence[Row], subjects: Sequence[str]) -> list[int]:
        """Add a record for each of ``rows`` (values by field name, links by id) and return the new ids.

        Where the keyed index of a secret is known already it stands under the name of its column. ``subjects`` are
        what the trail calls the rows.
        """
        if not rows:
            return []
        connection, register = db.session.connection(), self._table.name
        ids = _new_ids(connection, self._table, len(rows))
        columns = self._columns(ids, rows)
        insert_rows(connection, self._table, list(columns), map(list, zip(*columns.values(), strict=False)))
        self._indexer.add(connection, self._here, ids, rows)
        write_many("add", register, list(zip(subjects, ids, strict=True)))
        for low, high in _ranges(ids):
            undo.recorder().added_in_bulk(register, low, high)
        return ids

    def _columns(self, ids: Sequence[int], rows: Sequence[Row]) -> dict[str, Column]:
        """The values of each column, one for each of ``rows``; what is the same for all has no end."""
        found: dict[str, Column] = {name: repeat(value) for name, value in self._same_for_all.items()}
        found["id"] = ids
        for name, default in self._own:
            found[name] = [row.get(name, default) for row in rows]
        for target, source, sort_key in self._sorts:
            found[target] = [None if value is None else sort_key(value) for value in found[source]]
        if self._secrets:
            found |= _sealed(self._secrets, rows)
        return found


def _default(column: Any) -> Any:
    """What stands in a column of a new row if nobody says otherwise."""
    default = column.default
    return default and (default.arg(None) if default.is_callable else default.arg)


def _sealed(origins: Sequence[Sealed], rows: Sequence[Row]) -> dict[str, Column]:
    """The columns of the secrets, and the key of each row that has one."""
    names = [origin.name for origin in origins]
    keys = [secrets.token_hex(16) if any(map(row.get, names)) else "" for row in rows]
    found: dict[str, Column] = {"row_key": [key or None for key in keys]}
    for origin in origins:
        index_name = f"{origin.name}_index"
        values = [row.get(origin.name) for row in rows]
        found[f"{origin.name}_sealed"] = [
            origin.seal(value, key) if value else None for value, key in zip(values, keys, strict=True)
        ]
        found[index_name] = [
            (row.get(index_name) or origin.index(value)) if value else None
            for value, row in zip(values, rows, strict=True)
        ]
    return found


def _ranges(ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    low = before = ids[0]
    for key in ids[1:]:
        if key != before + 1:
            yield low, before
            low = key
        before = key
    yield low, before


def _new_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids nobody else will get: SQLite has one writer, PostgreSQL a sequence."""
    if connection.dialect.name == "sqlite":
        last = connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
        return list(range(last + 1, last + 1 + count))
    take = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return list(connection.scalars(take, {"name": table.name, "count": count}))
