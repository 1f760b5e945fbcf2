"""Changing the installation's secret: all that is sealed with it is sealed anew, in one transaction.

What is sealed is read off the models: the fields declared :func:`~app.kernel.fields.sealed`, the columns that say where
their bytes were sealed (``SEALED_AT``), and the rows kept for undoing. The search index, which holds keyed terms, is
written anew. Keyed hashes of what is stored nowhere (``KEYED``) cannot be: these columns are emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import current_app
from flask_appbuilder import Model
from sqlalchemy import LargeBinary, NullPool, bindparam, create_engine, select, update
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from app.backups.problem import Problem
from app.kernel import audit, entries
from app.kernel.crypto import KEYED, SEALED_AT, Keyring, Tampered
from app.kernel.db import db, model_of, transaction
from app.kernel.fields import Sealed, fields_of
from app.kernel.scope import as_system
from app.kernel.undo import ChangedRow
from app.kernel.values import N_

BY = "更换密钥"
"""Who the trail names."""
BATCH = 200

Values = dict[str, Any]
"""What a row holds now, or is to hold, by column."""


def models() -> list[Any]:
    """Every model with a table of ours."""
    found = {mapper.class_ for mapper in Model.registry.mappers if not mapper.local_table.name.startswith("ab_")}
    return sorted(found, key=lambda model: str(model.__tablename__))


def sealed_fields(model: Any) -> list[Sealed]:
    """The secret fields that are stored on ``model`` itself."""
    return [found for declared in fields_of(model).values() if isinstance(found := declared.origin, Sealed)]


def _indexed_as(field: Sealed) -> str:
    return f"{field.table}.{field.name}"


def sealed_columns(model: Any) -> list[Any]:
    """The columns of ``model`` that say where what they hold was sealed."""
    return [column for column in model.__table__.columns if SEALED_AT in column.info]


def rotate(new: Keyring) -> int:
    """Seal everything with ``new`` in place of the secret in use; returns how many values that were.

    All in one transaction, after which the portal goes on with ``new``. Every session ends, for cookies are signed
    with it too. Raises :class:`Problem`, changing nothing, if a value cannot be opened.
    """
    keyring = current_app.extensions["keyring"]
    count = 0
    try:
        with as_system(BY), transaction():
            for model in models():
                count += sum(_rewrite(model, changes) for changes in _anew(model, keyring, new))
            current_app.extensions["keyring"] = new
            entries.rebuild()
            audit.write("secret", "")
    except BaseException:
        current_app.extensions["keyring"] = keyring
        raise
    return count


def in_use(secrets: Iterable[bytes]) -> Keyring:
    """The one of ``secrets`` that opens what is sealed in the database; the first where nothing is.

    The owner of the database looks: a restore that was killed may not have let the portal in yet. A database that is
    away says nothing about the secret; it raises, and the portal does not start.
    """
    rings = [Keyring(secret) for secret in secrets]
    engine = create_engine(db.engine.url, poolclass=NullPool)
    with as_system(BY), Session(engine) as session:
        session.connection()
        samples = [found for model in models() if (found := _sample(session, model)) is not None]
    return next((ring for ring in rings if any(_opens(ring, *sample) for sample in samples)), rings[0])


def _sample(session: Session, model: Any) -> tuple[Any, str] | None:
    """Something sealed on ``model``, and its place; nothing from a table that is not there, or not as it is now."""
    try:
        return _first_sealed(session, model)
    except (OperationalError, ProgrammingError):
        session.rollback()
        return None


def _first_sealed(session: Session, model: Any) -> tuple[Any, str] | None:
    table = model.__table__
    for field in sealed_fields(model):
        sealed = table.c[f"{field.name}_sealed"]
        wanted = select(sealed, table.c.row_key).where(sealed.is_not(None)).limit(1)
        row = session.connection().execute(wanted).first()
        if row is not None:
            return row[0], field.place(row[1])
    for column in sealed_columns(model):
        entity = session.scalar(select(model).where(column.is_not(None)).limit(1))
        if entity is not None:
            return getattr(entity, column.key), column.info[SEALED_AT](entity)
    return None


def _opens(ring: Keyring, sealed: Any, place: str) -> bool:
    try:
        ring.open_bytes(sealed, place) if isinstance(sealed, bytes) else ring.open(sealed, place)
    except Tampered:
        return False
    return True


# --- anew ----------------------------------------------------------------------------------------------------------


def _anew(model: Any, old: Keyring, new: Keyring) -> Iterator[list[Values]]:
    """The new values of the rows of ``model``, some at a time: the primary key as ``key``, and the columns."""
    table = model.__table__
    for field in sealed_fields(model):
        sealed, index = f"{field.name}_sealed", f"{field.name}_index"
        for rows in _batches(model, table.c[sealed], table.c.id, table.c.row_key, table.c[sealed]):
            yield [
                {"key": key, sealed: new.seal(text, field.place(row_key)), index: new.index(text, _indexed_as(field))}
                for key, row_key, kept in rows
                if (text := _opened(old, model, key, kept, field.place(row_key)))
            ]
    for column in sealed_columns(model):
        for rows in _entities(model, column):
            yield [{"key": row.id, column.key: _sealed_anew(row, column, old, new)} for row in rows]
            db.session.expunge_all()
    for column in table.columns:
        if KEYED in column.info:
            for rows in _batches(model, column, table.c.id):
                yield [{"key": key, column.key: column.info[KEYED]} for (key,) in rows]
    if model is ChangedRow:
        for rows in _batches(model, table.c.before, table.c.id, table.c.register, table.c.before):
            yield [
                {"key": key, "before": {**before, **_kept_anew(register, key, before, old, new)}}
                for key, register, before in rows
                if before
            ]


def _sealed_anew(row: Any, column: Any, old: Keyring, new: Keyring) -> Any:
    kept, place = getattr(row, column.key), column.info[SEALED_AT](row)
    opened = _opened(old, type(row), row.id, kept, place)
    return new.seal_bytes(opened, place) if isinstance(column.type, LargeBinary) else new.seal(opened, place)


def _kept_anew(register: str, key: int, before: Values, old: Keyring, new: Keyring) -> Values:
    """What a row kept for undoing holds of secrets."""
    model = model_of(register)
    found: Values = {}
    for field in sealed_fields(model) if model is not None else ():
        kept = before.get(f"{field.name}_sealed")
        if kept is not None:
            place = field.place(before["row_key"])
            text = _opened(old, ChangedRow, key, kept, place)
            found |= {
                f"{field.name}_sealed": new.seal(text, place),
                f"{field.name}_index": new.index(text, _indexed_as(field)),
            }
    return found


def _opened(ring: Keyring, model: Any, key: int, sealed: Any, place: str) -> Any:
    try:
        return ring.open_bytes(sealed, place) if isinstance(sealed, bytes) else ring.open(sealed, place)
    except Tampered:
        message = N_("A secret cannot be opened (table %(table)s, no. %(key)s). Nothing was changed.")
        raise Problem(message, table=model.__tablename__, key=key) from None


def _batches(model: Any, filled: Any, *columns: Any) -> Iterator[Any]:
    """The rows of ``model`` in which ``filled`` holds something, :data:`BATCH` at a time, by their ids."""
    key, last = model.__table__.c.id, 0
    while True:
        wanted = select(*columns).where(key > last, filled.is_not(None)).order_by(key).limit(BATCH)
        rows = db.session.connection().execute(wanted).all()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _entities(model: Any, filled: Any) -> Iterator[Any]:
    """Like :func:`_batches`, but few at a time: a sheet that was brought in may be large."""
    last = 0
    while rows := db.session.scalars(
        select(model).where(model.id > last, filled.is_not(None)).order_by(model.id).limit(10)
    ).all():
        last = rows[-1].id
        yield rows


def _rewrite(model: Any, changes: list[Values]) -> int:
    if changes:
        table = model.__table__
        db.session.connection().execute(update(table).where(table.c.id == bindparam("key")), changes)
    return len(changes)
