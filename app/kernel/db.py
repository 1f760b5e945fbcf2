"""The database: one session factory, the base of every record, and how SQLite is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Engine, Integer, event, func, literal_column, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.fields import Label, link

db = SQLA()

# Deferred constraint names keep SQLite's batch migrations and PostgreSQL in step.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """This moment in UTC, without zone, as the database stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


OFFICE_TIME = ZoneInfo("Asia/Shanghai")
"""All offices keep one time, whatever clock the machine shows."""


def today() -> date:
    """The day it is in the offices."""
    return datetime.now(OFFICE_TIME).date()


class Record(Model):
    """A row people work on: numbered, dated, and counted up at each change so that a stale edit is noticed.

    Subclasses say how they are called: ``__label__`` and ``__title__``, the field that names a row. Those that are
    written down only to tell of another row's change are not ``__in_trail__`` themselves.
    """

    __abstract__ = True
    __label__: ClassVar[Label]
    __title__: ClassVar[str]
    __in_trail__: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(DateTime, default=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class _AnyCommunity:
    """Stands in for the subclasses' column where SQLAlchemy tries a criterion on the marker itself."""

    def __get__(self, _row: Any, _owner: Any) -> Any:
        return literal_column("community_id")


class InCommunity:
    """Marks what belongs to a community; the session shows and takes only what is in scope (``scope.py``)."""

    community_id: Any = _AnyCommunity()


class Scoped(InCommunity):
    """Belongs to one community, named by a foreign key."""

    community_id: Mapped[int] = link(_l("Community"), "community.id", in_form=False, in_list=True, filter=True)


def count_of(model: Any, *where: Any) -> int:
    """How many rows of ``model`` in scope meet the conditions."""
    return int(db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


class Conflict(Exception):
    """Somebody else changed the row in between, or it would break a rule of the database."""


class NoRoom(Exception):
    """The disk is full, or the database as large as it may be; nothing of the operation was stored."""


NO_ROOM = _l("The disk is full; nothing was saved. Please tell the administrator.")
_SQLITE_FULL, _POSTGRES_FULL = 13, "53100"


def _is_full(failed: OperationalError) -> bool:
    cause: Any = failed.orig
    return getattr(cause, "sqlite_errorcode", None) == _SQLITE_FULL or getattr(cause, "sqlstate", "") == _POSTGRES_FULL


@contextmanager
def transaction() -> Iterator[None]:
    """One operation, one commit: what the block did is on disk afterwards, or nothing of it is.

    What the block reads to decide on cannot change before it has written: SQLite's one writer is taken at the start,
    on PostgreSQL the rows that matter are locked. Raises :class:`Conflict` where the database refuses and
    :class:`NoRoom` where there is no room left; its own words are never passed on.
    """
    try:
        connection = db.session.connection()
        if connection.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        db.session.commit()
    except (IntegrityError, StaleDataError) as refused:
        db.session.rollback()
        raise Conflict from refused
    except OperationalError as failed:
        db.session.rollback()
        if _is_full(failed):
            raise NoRoom from failed
        raise
    except BaseException:
        db.session.rollback()
        raise


@event.listens_for(Engine, "connect")
def _open_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.partition(".")[0] != "sqlite3":
        return
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
