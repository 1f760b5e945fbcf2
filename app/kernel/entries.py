"""The index of words: what each record is found by, kept beside the records in the same transaction.

What a record is found by is read off its fields (``search=True``). A private value stands in terms of its own, which
are asked for only on behalf of those who may read it. How the index is asked is said in ``search.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from zlib import crc32

from flask_appbuilder import Model
from sqlalchemy import (
    BigInteger,
    Connection,
    Delete,
    Integer,
    Text,
    bindparam,
    delete,
    event,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kernel import scope, terms
from app.kernel.audit import AuditEntry
from app.kernel.db import InCommunity, Record, db, insert_rows
from app.kernel.fields import MAX_KEY, Access, Declared, Derived, Sealed, fields_of
from app.kernel.values import show

BATCH = 5_000
"""Rows indexed at a time where all are."""
ENDING = 4
"""Of a secret whose mask shows its end, these last characters are searched like the whole."""

Row = Mapping[str, Any]
"""The values of a record by field name (secrets in plain text), with its ``id`` and ``community_id``.

A sort key need not be there, unless it was made by earlier rules.
"""


class SearchEntry(Model, InCommunity):
    """What one record is found by: its own terms, with a blank between them."""

    __tablename__ = "search_entry"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    community_id: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text)


# --- which record, which fields -----------------------------------------------------------------------------------


@cache
def number_of(register: str) -> int:
    """The number of a register in the ids of its entries."""
    return crc32(register.encode()) & MAX_KEY


def _entry_id(register: str, key: int) -> int:
    return number_of(register) << 31 | key


def record_id(entry_id: Any) -> Any:
    """The id of the record that an entry is about, as SQL."""
    return entry_id.op("&")(literal_column(str(MAX_KEY)))


_INDEXED_KINDS = {"text", "long", "integer", "decimal", "date"}


def _is_own(declared: Declared) -> bool:
    stored = declared.lender is None and not isinstance(declared.origin, Derived)
    return declared.field.search and stored and declared.kind in _INDEXED_KINDS


@cache
def own_fields(model: Any) -> tuple[Declared, ...]:
    """The fields of ``model`` that stand in the index."""
    return tuple(declared for declared in fields_of(model).values() if _is_own(declared))


@cache
def is_indexed(model: Any) -> bool:
    """Have rows of ``model`` entries? The trail has none: it is written past the session, and grows with every act."""
    in_community = issubclass(model, InCommunity) and issubclass(model, Record)
    return in_community and not issubclass(model, AuditEntry) and bool(own_fields(model))


def indexed_models() -> list[Any]:
    return [mapper.class_ for mapper in Model.registry.mappers if is_indexed(mapper.class_)]


# --- keeping it ---------------------------------------------------------------------------------------------------


class Indexer:
    """Writes the entries of rows of ``model``, in the transaction of the connection that is given."""

    def __init__(self, model: Any) -> None:
        self._register = model.__tablename__
        self._fields = [(declared, _describer(model, declared)) for declared in own_fields(model)]
        self._is_needed = is_indexed(model)

    def add(self, connection: Connection, community_id: int | None, keys: Iterable[int], rows: Iterable[Row]) -> None:
        """Write the entries of new rows, the ids of which are ``keys``, in one community."""
        if self._is_needed:
            words = (self._words(community_id, row) for row in rows)
            _write(
                connection, [_Entry(self._id(key), community_id, each) for key, each in zip(keys, words, strict=True)]
            )

    def replace(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Write the entries of new or changed ``rows``; one without a ``community_id`` is in the one at work."""
        here = scope.current().community_id
        placed = [(row, row.get("community_id") or here) for row in rows] if self._is_needed else []
        entries = [_Entry(self._id(row["id"]), place, self._words(place, row)) for row, place in placed]
        if entries:
            _forget(connection, [entry.id for entry in entries])
            _write(connection, entries)

    def _id(self, key: int) -> int:
        return _entry_id(self._register, key)

    def _words(self, community_id: int | None, row: Row) -> str:
        found = [f"@{self._register}", f"@{self._register}_{community_id}"]
        for declared, describe in self._fields:
            value = row.get(declared.name)
            if value is not None and value != "":
                found += describe(value, row)
        return " ".join(dict.fromkeys(found))


_Describer = Callable[[Any, Row], Iterable[str]]
"""Gives the terms of a value; of a secret whose keyed index stands in the row it need not be worked out again."""


def _describer(model: Any, declared: Declared) -> _Describer:
    if declared.sealed:
        return _secret_describer(declared, declared.sealed)
    if declared.name == model.__title__:
        sort, sort_key = declared.field.sort, declared.field.sort_key
        if sort is None or sort_key is None:
            return lambda value, _row: terms.of_title(show(value))
        return lambda value, row: (
            *terms.of_title(show(value), name=True),
            terms.of_place(row.get(sort) or sort_key(value)),
        )
    if declared.field.access is Access.OPEN:
        return lambda value, _row: terms.of_text(show(value))
    if declared.field.access is Access.PRIVATE:
        return lambda value, _row: terms.of_text(show(value), "_")
    return lambda _value, _row: ()


def _secret_describer(declared: Declared, sealed: Sealed) -> _Describer:
    index_name = f"{declared.name}_index"
    ending_term = cache(lambda ending: secret_term(sealed.index(ending_of(ending))))

    def describe(value: str, row: Row) -> Iterable[str]:
        whole, ending = secret_term(row.get(index_name) or sealed.index(value)), value[-ENDING:]
        return (whole, ending_term(ending)) if declared.field.mask(value).endswith(ending) else (whole,)

    return describe


def secret_term(index: str) -> str:
    """The term of a secret, or of its end, that has this keyed index."""
    return f"#{index[:24]}"


def ending_of(value: str) -> str:
    """What the end of a secret is indexed as."""
    return f"…{value[-ENDING:]}"


def index_rows(connection: Connection, model: Any, rows: Iterable[Row]) -> None:
    """Write the entries of new or changed ``rows`` of ``model``, in the transaction of ``connection``.

    A row without a ``community_id`` is in the community at work.
    """
    Indexer(model).replace(connection, rows)


class _Entry(NamedTuple):
    id: int
    community_id: int | None
    words: str


def _write(connection: Connection, entries: Sequence[_Entry]) -> None:
    """Deleted entries leave SQLite's index by a trigger; one for new entries would write each to the disk by itself."""
    insert_rows(connection, SearchEntry.__table__, list(_Entry._fields), map(list, entries))
    if connection.dialect.name == "sqlite":
        indexed = [(entry.id, entry.words) for entry in entries]
        connection.exec_driver_sql("INSERT INTO search_words (rowid, words) VALUES (?, ?)", indexed)


def forget_rows(connection: Connection, model: Any, keys: Iterable[int]) -> None:
    """Take the entries of the rows with these ids out of the index."""
    _forget(connection, [_entry_id(model.__tablename__, key) for key in keys])


def _forget(connection: Connection, entry_ids: Sequence[int]) -> None:
    for first in range(0, len(entry_ids), BATCH):
        connection.execute(_forgetting(), {"entries": entry_ids[first : first + BATCH]})


@cache
def _forgetting() -> Delete:
    """Each record that is saved sends it: writing a statement takes longer than running it."""
    return delete(SearchEntry.__table__).where(SearchEntry.id.in_(bindparam("entries", expanding=True)))


def rebuild() -> int:
    """Write all entries anew, in the current transaction; returns how many rows can be found."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":  # mended first: it could not forget what it never knew
        connection.execute(text("INSERT INTO search_words (search_words) VALUES ('rebuild')"))
    connection.execute(delete(SearchEntry.__table__))
    count = 0
    for model in indexed_models():
        for batch in _stored(connection, model):
            index_rows(connection, model, batch)
            count += len(batch)
    _write(connection, [_Entry(0, None, _declarations())])
    return count


def is_behind() -> bool:
    """Has the index never been written, or with other fields than are declared now?"""
    written = text("SELECT rowid FROM search_words(:question)")
    return db.session.connection().scalar(written, {"question": _declarations()}) is None


def _declarations() -> str:
    """A fingerprint of what is indexed, kept as the one term of an entry that belongs to no record."""
    told = sorted(
        (declared.model.__tablename__, declared.name, declared.field.access.value)
        for model in indexed_models()
        for declared in own_fields(model)
    )
    return sha256(repr(told).encode()).hexdigest()


def _stored(connection: Connection, model: Any) -> Iterator[list[Row]]:
    """All rows of ``model`` in the database, :data:`BATCH` at a time."""
    own = own_fields(model)
    stored = [declared.sealed.stored(model) if declared.sealed else getattr(model, declared.name) for declared in own]
    sorts = {declared.field.sort: getattr(model, declared.field.sort) for declared in own if declared.field.sort}
    last = 0
    while True:
        statement = (
            select(model.id, model.community_id, *stored, *sorts.values()).where(model.id > last).order_by(model.id)
        )
        found = connection.execute(statement.limit(BATCH)).all()
        if not found:
            return
        yield [
            {
                "id": row[0],
                "community_id": row[1],
                **{
                    declared.name: declared.sealed.opened(value) if declared.sealed else value
                    for declared, value in zip(own, row[2:], strict=False)
                },
                **dict(zip(sorts, row[2 + len(own) :], strict=True)),
            }
            for row in found
        ]
        last = found[-1][0]


def _has_changed(row: Any) -> bool:
    attributes = inspect(row).attrs
    names = [f"{declared.name}_index" if declared.sealed else declared.name for declared in own_fields(row.__class__)]
    return any(attributes[name].history.has_changes() for name in (*names, "community_id") if name in attributes)


@event.listens_for(Session, "after_flush")
def _keep_up(session: Session, _context: Any) -> None:
    """The index changes with the records, in the same flush."""
    fresh: dict[Any, list[Row]] = defaultdict(list)
    gone: dict[Any, list[int]] = defaultdict(list)
    with session.no_autoflush:
        for row in (*session.new, *session.dirty):
            model = row.__class__
            if is_indexed(model) and (row in session.new or _has_changed(row)):
                values = {declared.name: getattr(row, declared.name) for declared in own_fields(model)}
                fresh[model].append({"id": row.id, "community_id": row.community_id, **values})
        for row in session.deleted:
            if is_indexed(row.__class__):
                gone[row.__class__].append(row.id)
        for model, rows in fresh.items():
            index_rows(session.connection(), model, rows)
        for model, keys in gone.items():
            forget_rows(session.connection(), model, keys)
