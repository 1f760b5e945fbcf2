"""Thousands of new rows at once: written past the session, so only for rows that have been judged one by one.

The session's checks of scope are made here for the whole: everything goes to the one community at work.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from app.kernel import scope, search, undo
from app.kernel.audit import write_many
from app.kernel.db import Scoped, db, insert_rows, now
from app.kernel.fields import Declared, Sealed, fields_of


def insert_records(model: Any, rows: Sequence[Mapping[str, Any]], subjects: Sequence[str]) -> list[int]:
    """Add a record of ``model`` for each of ``rows`` (values by field name, links by id) and return the new ids.

    To be called inside a transaction and a recorded change; ``subjects`` are what the trail calls the rows. Raises
    :class:`~app.kernel.scope.OutOfScope` where no single community is at work.
    """
    at_work = scope.current()
    if not issubclass(model, Scoped) or at_work.path or at_work.community_id is None:
        raise scope.OutOfScope(model.__name__)
    if not rows:
        return []
    connection = db.session.connection()
    table: Table = model.__table__
    ids = _new_ids(connection, table, len(rows))
    columns, write = _writer(model, at_work.community_id)
    insert_rows(connection, table, columns, (write(key, row) for key, row in zip(ids, rows, strict=True)))
    search.index_rows(connection, model, ({**row, "id": key} for key, row in zip(ids, rows, strict=True)))
    write_many("add", table.name, list(zip(subjects, ids, strict=True)))
    for low, high in _ranges(ids):
        undo.recorder().added_in_bulk(table.name, low, high)
    return ids


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


Writer = Callable[[int, Mapping[str, Any]], list[Any]]


def _writer(model: Any, community_id: int) -> tuple[list[str], Writer]:
    """The columns of the table, and what turns a key and the values of a row into the values of the columns."""
    table: Table = model.__table__
    columns = [column.key for column in table.columns]
    at = {name: index for index, name in enumerate(columns)}
    blank: list[Any] = [None] * len(columns)
    for column in table.columns:
        default: Any = column.default
        if default is not None:
            blank[at[column.key]] = default.arg(None) if default.is_callable else default.arg
    blank[at["version"]], blank[at["created_at"]], blank[at["community_id"]] = 1, now(), community_id
    known = fields_of(model)
    plain = [(at[name], name) for name, declared in known.items() if name in at]
    sorts = [
        (at[d.field.sort], at[d.name], d.field.sort_key) for d in known.values() if d.field.sort and d.field.sort_key
    ]
    secret = [_sealer(declared, at) for declared in known.values() if isinstance(declared.origin, Sealed)]

    def write(key: int, row: Mapping[str, Any]) -> list[Any]:
        values = blank.copy()
        values[at["id"]] = key
        for index, name in plain:
            if name in row:
                values[index] = row[name]
        for index, source, sort_key in sorts:
            values[index] = sort_key(values[source] or "")
        for seal in secret:
            seal(values, row)
        return values

    return columns, write


def _sealer(declared: Declared, at: Mapping[str, int]) -> Callable[[list[Any], Mapping[str, Any]], None]:
    origin: Sealed = declared.origin
    row_key, sealed, index = at["row_key"], at[f"{declared.name}_sealed"], at[f"{declared.name}_index"]

    def seal(values: list[Any], row: Mapping[str, Any]) -> None:
        value = row.get(declared.name)
        if value is None:
            return
        values[row_key] = values[row_key] or secrets.token_hex(16)
        values[sealed], values[index] = origin.seal(value, values[row_key]), origin.index(value)

    return seal
