"""The database: one session factory, the base of every record, and how SQLite and PostgreSQL are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import chain, islice
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Mapped, Mapper, declared_attr, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.fields import Label, link
from app.kernel.retention import Retention

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


def midnight(day: date) -> datetime:
    """The moment at which ``day`` begins in the offices, as the database stores it."""
    return datetime.combine(day, time(), OFFICE_TIME).astimezone(UTC).replace(tzinfo=None)


def office_time(moment: datetime) -> datetime:
    """A stored moment as the clocks of the offices show it, without zone."""
    return moment.replace(tzinfo=UTC).astimezone(OFFICE_TIME).replace(tzinfo=None)


class Record(Model):
    """A row people work on: numbered, dated, and counted up at each change so that a stale edit is noticed.

    Subclasses say how they are called: ``__label__`` and ``__title__``, the field that names a row. Those that are
    written down only to tell of another row's change are not ``__in_trail__`` themselves. ``__same__`` are the fields
    that together tell a row from all others where no number does, best first: how a person in a sheet is recognised.
    ``__kept__`` says how long, where somebody has laid that down.
    """

    __abstract__ = True
    __label__: ClassVar[Label]
    __title__: ClassVar[str]
    __in_trail__: ClassVar[bool] = True
    __same__: ClassVar[tuple[tuple[str, ...], ...]] = ()
    __kept__: ClassVar[Retention | None] = None

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


@event.listens_for(Mapper, "after_mapper_constructed")
def _index_lists(mapper: Mapper[Any], model: Any) -> None:
    """What lists are ordered and filtered by has an index, in which what is alike is in the order of the register.

    With the community before it and the id behind it, the page of a long list is read off it without sorting.
    """
    if not issubclass(model, Scoped):
        return
    columns: Any = mapper.columns
    usual = usual_order(mapper)
    for key in dict.fromkeys(filter(None, [usual, *chain(*map(_leading_to_rows, columns))])):
        wanted = list(dict.fromkeys(["community_id", key, usual or key]))
        if key != "community_id" and not has_index(mapper.local_table, wanted):
            Index(None, *(columns[name] for name in wanted), columns.id)


def has_index(table: Any, columns: Sequence[str]) -> bool:
    """Has ``table`` an index that begins with these columns? What has to be unique has one."""
    unique = (each for each in table.constraints if isinstance(each, (PrimaryKeyConstraint, UniqueConstraint)))
    indexes = ([column.key for column in index.columns] for index in (*table.indexes, *unique))
    return any(index[: len(columns)] == [*columns] for index in indexes)


def _leading_to_rows(column: Any) -> Iterator[str]:
    """The columns by which a list is filtered and ordered for the field of ``column``, as it stands in its own table.

    No index takes a text of any length.
    """
    declared = column.info.get("field")
    if declared is None or isinstance(column.type, Text):
        return
    if declared.filter:
        yield column.key
    if declared.sort or (declared.in_list and not column.foreign_keys):
        yield declared.sort or column.key


def usual_order(mapper: Mapper[Any]) -> str | None:
    """Which of its own columns the rows of a model are in the order of, unless it is their id."""
    column: Any = mapper.columns.get(getattr(mapper.class_, "__order__", "").removeprefix("-"))
    if column is None or column.foreign_keys:
        return None
    declared = column.info.get("field")
    return str(declared.sort or column.key) if declared else str(column.key)


@cache  # there are dozens, and each write asks for those it points at
def model_of(table: str) -> Any:
    """The class that is mapped to ``table``, or None."""
    mappers = Model.registry.mappers
    return next((mapper.class_ for mapper in mappers if getattr(mapper.local_table, "name", "") == table), None)


def count_of(model: Any, *where: Any) -> int:
    """How many rows of ``model`` in scope meet the conditions."""
    return int(db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


class Conflict(Exception):
    """Somebody else changed the row in between, or it would break a rule of the database."""


class NoRoom(Exception):
    """The disk is full, or the database as large as it may be; nothing of the operation was stored."""


NO_ROOM = _l("The disk is full; nothing was saved. Please tell the administrator.")
_SQLITE_FULL, _POSTGRES_FULL = 13, "53100"
_SQLITE_BUSY, _POSTGRES_BUSY = 5, {"55P03", "40P01"}


def _is_full(failed: OperationalError) -> bool:
    cause: Any = failed.orig
    return getattr(cause, "sqlite_errorcode", None) == _SQLITE_FULL or getattr(cause, "sqlstate", "") == _POSTGRES_FULL


def _is_busy(failed: OperationalError) -> bool:
    """Has somebody else kept the database, or the rows, for longer than anyone waits?"""
    cause: Any = failed.orig
    code, state = getattr(cause, "sqlite_errorcode", None), getattr(cause, "sqlstate", "")
    return (code is not None and code & 0xFF == _SQLITE_BUSY) or state in _POSTGRES_BUSY


@contextmanager
def transaction(keep: bool = False) -> Iterator[None]:
    """One operation, one commit: what the block did is on disk afterwards, or nothing of it is.

    With ``keep`` the rows at hand stay as they were written, for an answer that tells of them; otherwise they are read
    again when they are next asked for anything.

    What the block reads to decide on cannot change before it has written: SQLite's one writer is taken at the start,
    on PostgreSQL the rows that matter are locked. Raises :class:`Conflict` where the database refuses and
    :class:`NoRoom` where there is no room left; its own words are never passed on.
    """
    session = db.session()
    try:
        connection = db.session.connection()
        if connection.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        session.expire_on_commit = not keep
        db.session.commit()
    except (IntegrityError, StaleDataError) as refused:
        db.session.rollback()
        raise Conflict from refused
    except OperationalError as failed:
        db.session.rollback()
        if _is_full(failed):
            raise NoRoom from failed
        if _is_busy(failed):
            raise Conflict from failed
        raise
    except BaseException:
        db.session.rollback()
        raise
    finally:
        session.expire_on_commit = True


FEW = 200
"""Fewer rows than this are not worth a COPY."""


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[list[Any]]) -> None:
    """Write ``rows``, the values of ``columns``, in the transaction of ``connection``, past the session's checks.

    One prepared INSERT on SQLite, COPY for many rows on PostgreSQL: both some times faster than statements built row by
    row. COPY goes by way of a temporary table, because it cannot be told to obey a table's row-level security.
    """
    dialect, driver = connection.dialect, cast(Any, connection.connection.driver_connection)
    binders = [
        (index, _remembering(process))
        for index, name in enumerate(columns)
        if (process := table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) is not None
    ]

    def bound(row: list[Any]) -> list[Any]:
        for index, bind in binders:
            row[index] = bind(row[index])
        return row

    names = ", ".join(map(dialect.identifier_preparer.quote, columns))
    quoted = dialect.identifier_preparer.format_table(table)
    mark = "?" if dialect.name == "sqlite" else "%s"
    inserting = f"INSERT INTO {quoted} ({names}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608 (our names)
    if dialect.name == "sqlite":
        driver.executemany(inserting, map(bound, rows))
        return
    values = map(bound, rows)
    first = [tuple(row) for row in islice(values, FEW)]
    if len(first) < FEW:
        if first:
            connection.exec_driver_sql(inserting, first)
        return
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE arriving AS SELECT {names} FROM {quoted} LIMIT 0")  # noqa: S608
    with driver.cursor() as cursor, cursor.copy(f"COPY arriving ({names}) FROM STDIN") as copy:
        for row in chain(first, values):
            copy.write_row(row)
    connection.exec_driver_sql(f"INSERT INTO {quoted} ({names}) SELECT {names} FROM arriving")  # noqa: S608
    connection.exec_driver_sql("DROP TABLE arriving")


def _remembering(process: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``process`` for a column in which one object stands in row after row, such as the moment of an import."""
    last: Any = process  # which is in no column
    bound: Any = None

    def bind(value: Any) -> Any:
        nonlocal last, bound
        if value is not last:
            last, bound = value, process(value)
        return bound

    return bind


def refresh_statistics() -> None:
    """Tell SQLite how many rows of what there are, so that it takes the right index; PostgreSQL does so by itself."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("ANALYZE")  # of every row: a sample of a long list misleads it


@event.listens_for(Engine, "connect")
def _open_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.partition(".")[0] != "sqlite3":
        return
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


WORKING_ROLE = "portal_work"
"""Whose rights the portal has on PostgreSQL, whoever owns the database (``rowsecurity.py``)."""


def open_postgresql(engine: Engine) -> None:
    """Let the connections of ``engine`` work with no more rights than the portal needs, and plan statements once.

    SQLite knows no rights, and needs no time to plan.
    """
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _only_reads)
        event.listen(engine, "before_cursor_execute", _note_writing)
        event.listen(engine, "rollback", _keep_plans)


PLANS = 500
"""Statements whose plans a connection keeps."""


def _prepare_connection(connection: Any, _record: Any) -> None:
    """With room for the plans, and the rights of the role; before the first set-up there is no such role yet."""
    connection.prepared_max = PLANS
    connection.execute("SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = %s", [WORKING_ROLE])
    connection.commit()


_WRITES = "writes"


def _only_reads(connection: Connection) -> None:
    connection.info[_WRITES] = False


def _note_writing(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
    if not statement.startswith(("SELECT", "WITH")):
        connection.info[_WRITES] = True


def _keep_plans(connection: Connection) -> None:
    """End by COMMIT what has only read: at ROLLBACK psycopg gives up all plans.

    Making one takes as long as reading a list. A connection that is lost is told of by the ROLLBACK that still follows.
    """
    if not connection.invalidated and not connection.info.get(_WRITES):
        with suppress(connection.dialect.loaded_dbapi.Error):
            cast(Any, connection.connection.driver_connection).commit()
