"""Whose records a unit of work sees and may touch.

The scope is enforced in the session: reads get a criterion added to every statement, writes are checked row by
row together with every row they point at. Where nobody is at work nothing is visible. PostgreSQL is told who is at
work and has barriers of its own (``rowsecurity.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from flask import g, has_request_context
from flask_appbuilder import Model
from sqlalchemy import (
    Alias,
    Column,
    Connection,
    Engine,
    Integer,
    Select,
    Table,
    TextClause,
    bindparam,
    event,
    func,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import GenericFunction

from app.kernel.db import InCommunity, db, model_of


@dataclass(frozen=True)
class Scope:
    """One community, a branch of the tree of communities, everything, or (by default) nothing.

    :param community_id: the one community, or the top of the branch.
    :param path: the branch's materialised path, such as ``/1/4/``; empty for a single community.
    :param everything: for jobs that run without a person.
    :param actor: who is at work, as the trail names them.
    """

    community_id: int | None = None
    path: str = ""
    everything: bool = False
    actor: str = ""

    def criterion(self, leading: bool = True) -> Any:
        """A loader criterion for every class in a community; one that is not ``leading`` only tests rows."""
        # No row is in community 0.
        return _branch(self.path, leading) if self.path else _community(self.community_id or 0)


class tested(GenericFunction[int]):  # noqa: N801 (as functions are called)
    """A column as it is, but that SQLite is kept from its indexes; PostgreSQL knows better when to use them."""

    type = Integer()
    inherit_cache = True


class leading(tested):  # noqa: N801
    """The same, but that SQLite may use the indexes of the listed table; others, as aliases, are joined to it."""

    inherit_cache = True


@compiles(tested)
@compiles(leading)
def _as_it_is(called: Any, compiler: Any, **how: Any) -> str:
    (column,) = called.clauses
    leads = isinstance(called, leading) and not isinstance(column.table, Alias)
    sign = "+" if compiler.dialect.name == "sqlite" and not leads else ""
    return f"{sign}{compiler.process(column, **how)}"


@lru_cache(maxsize=500)  # making one takes as long as a small statement
def _branch(path: str, leading: bool) -> Any:
    community = Model.metadata.tables["community"]
    # As it is, not as a parameter: with one for each table, a list takes a fifth longer to ask for.
    below = community.c.path.startswith(literal_column(_literal(path)))
    inside = select(community.c.id).where(below).scalar_subquery()
    leads = lambda cls: func.leading(cls.community_id).in_(inside)  # noqa: E731 (as SQLAlchemy wants it)
    tests = lambda cls: func.tested(cls.community_id).in_(inside)  # noqa: E731
    return with_loader_criteria(InCommunity, leads if leading else tests, include_aliases=True)


def _literal(path: str) -> str:
    """A path as it stands in SQL; raises :class:`ValueError` for what is none."""
    if path.strip("/0123456789"):
        raise ValueError(path)
    return f"'{path}'"


@lru_cache(maxsize=500)
def _community(community_id: int) -> Any:
    return with_loader_criteria(InCommunity, lambda cls: cls.community_id == community_id, include_aliases=True)


NOTHING = Scope()

TOLD, EVERYTHING = "portal.scope", "everything"
"""The setting by which PostgreSQL knows who is at work: the ids of the communities, as an array, or this word."""

_working_in: ContextVar[Scope | None] = ContextVar("scope", default=None)


class OutOfScope(PermissionError):
    """A row, or a row it points at, belongs to a community the person has no part in."""


def current() -> Scope:
    """The scope in force: that of a running job, else of the person who sent the request, else nothing."""
    return _working_in.get() or (g.get("scope", NOTHING) if has_request_context() else NOTHING)


def sees_all() -> bool:
    """Is no community outside the scope in force? Looked up once in a request."""
    scope = current()
    kept: dict[Scope, bool] = g.setdefault("sees_all", {}) if has_request_context() else {}
    if scope not in kept:
        community = Model.metadata.tables["community"]
        inside = community.c.path.startswith(scope.path) if scope.path else community.c.id == (scope.community_id or 0)
        with as_system(scope.actor):
            outside = db.session.scalar(select(community.c.id).where(~inside).limit(1))
        kept[scope] = scope.everything or outside is None
    return kept[scope]


@contextmanager
def working_in(scope: Scope) -> Iterator[None]:
    """Work in ``scope`` for the length of the block."""
    token = _working_in.set(scope)
    try:
        yield
    finally:
        _working_in.reset(token)


def as_system(name: str) -> Any:
    """Work on everything, under a name that the trail shows: ``with as_system("seed"): …``."""
    return working_in(Scope(everything=True, actor=name))


@event.listens_for(Session, "do_orm_execute")
def _limit_statements(state: ORMExecuteState) -> None:
    """Reads, updates and deletes get the criterion; what would go round it, or round the check below, is refused."""
    scope = current()
    if scope.everything or state.is_column_load:
        return
    if not state.is_orm_statement and _is_bare(state.statement):
        raise OutOfScope("a statement over bare tables cannot be limited")
    if state.is_insert or (state.is_update and (state.parameters or _points(state.statement))):
        raise OutOfScope("rows are added and links changed one by one, so that they can be checked")
    state.statement = _limited(state.statement, scope.criterion())


def read(statement: Select[Any], parameters: Mapping[str, Any], leading: bool = True) -> Sequence[Any]:
    """The rows of a SELECT of columns that is kept, within the scope, as the session would give them.

    Without what the session does besides to make entities of them, which takes a third of the time. The scope is not
    ``leading`` where something better leads to the rows than the index of many communities; they are then tested for it
    one by one. Raises :class:`OutOfScope` for a statement over bare tables, which cannot be limited.
    """
    session, scope = db.session(), current()
    session.flush()
    if not scope.everything:
        if statement not in _limited_before and statement.column_descriptions[0]["entity"] is None:
            raise OutOfScope("a statement over bare tables cannot be limited")
        statement = _limited(statement, scope.criterion(leading))
    found: Sequence[Any] = session.connection().execute(statement, parameters).all()
    return found


_limited_before: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
_MOST_LIMITS = 20
"""Communities for which a statement is kept."""


def _limited(statement: Any, criterion: Any) -> Any:
    """``statement`` with the criterion; one that is sent again and again is taken apart by SQLAlchemy only once."""
    kept = _limited_before.setdefault(statement, {})
    limited = kept.get(criterion)
    if limited is None:
        if len(kept) >= _MOST_LIMITS:
            kept.clear()
        limited = kept[criterion] = statement.options(criterion)
    return limited


def _is_bare(statement: Any) -> bool:
    """Does a statement name tables themselves, not the models a criterion can be added to?"""
    parts = list(visitors.iterate(statement))
    columns = [part for part in parts if isinstance(part, Column)]
    bare_columns = [column for column in columns if "parententity" not in column._annotations]
    of_models = {column.table.name for column in columns if column.table is not None}
    bare_tables = [part for part in parts if isinstance(part, Table) and part.name not in of_models]
    return bool(bare_columns or bare_tables) or any(isinstance(part, TextClause) for part in parts)


def _points(statement: Any) -> bool:
    """Does an UPDATE write a foreign key, that of the community among them?"""
    return any(
        getattr(column, "foreign_keys", True) or column.key == "community_id" for column in statement._values or ()
    )


@event.listens_for(Session, "before_flush")
def _check_writes(session: Session, _context: Any, _instances: Any) -> None:
    if current().everything:
        return
    with session.no_autoflush:
        visible: dict[int | None, bool] = {}
        for row in (*session.new, *session.dirty, *session.deleted):
            if isinstance(row, InCommunity):
                _check_row(session, row, visible)


def _check_row(session: Session, row: Any, visible: dict[int | None, bool]) -> None:
    state = inspect(row)
    before = state.attrs[_own_key(row)].history.deleted
    for community_id in {getattr(row, _own_key(row)), *before}:
        if community_id is None and state.pending and _own_key(row) == "id":
            continue
        if community_id not in visible:
            visible[community_id] = _sees(session, "community", community_id)
        if not visible[community_id]:
            raise OutOfScope(type(row).__name__)
    for attribute in state.mapper.column_attrs:
        for key in attribute.columns[0].foreign_keys:
            added = [value for value in state.attrs[attribute.key].history.added if value is not None]
            if added and not _sees(session, key.column.table.name, added[0], row):
                raise OutOfScope(f"{type(row).__name__}.{attribute.key}")


def _own_key(row: Any) -> str:
    return "id" if type(row).__tablename__ == "community" else "community_id"


def _sees(session: Session, table: str, key: Any, pointing: Any = None) -> bool:
    """Is row ``key`` of ``table`` visible, and in the same community as the row pointing at it?"""
    if table == "community":
        return _sees_community(session, key)
    model = model_of(table)
    if model is None or not issubclass(model, InCommunity):
        return True
    found = session.scalar(_community_of(model), {"key": key})
    if found is None:
        return False
    return pointing is None or _own_key(pointing) == "id" or bool(found == pointing.community_id)


def _sees_community(session: Session, key: Any) -> bool:
    at_work = current()
    if not at_work.path:
        return key is not None and bool(key == at_work.community_id)
    return session.connection().scalar(_in_branch(), {"key": key, "path": at_work.path}) is not None


# Each write sends these: writing a statement takes longer than running it.


@cache
def _community_of(model: Any) -> Select[Any]:
    return select(model.community_id).where(model.id == bindparam("key"))


@cache
def _in_branch() -> Select[Any]:
    community = Model.metadata.tables["community"].c
    path = bindparam("path", type_=community.path.type)
    return select(community.id).where(community.id == bindparam("key"), community.path.startswith(path))


# --- telling PostgreSQL -------------------------------------------------------------------------------------------

_CHANGES_COMMUNITIES = ("INSERT INTO community ", "UPDATE community ")
_BEGUN = "portal.begun"
"""For whom the transaction has begun that comes with a connection."""


def begin_told(engine: Engine) -> None:
    """Let the first transaction of each connection that is taken from the pool of ``engine`` know who is at work.

    By the same question PostgreSQL begins it and shows that the connection still stands: one instead of three, at
    every page. Those that were lost, as when the server is restarted, are opened anew. SQLite is asked nothing.
    """
    if engine.dialect.name == "postgresql":
        event.listen(engine, "checkout", _begin)


def _begin(connection: Any, record: Any, _proxy: Any) -> None:
    scope = current()
    if not connection.closed:
        connection.pgconn.exec_(f"BEGIN; {_telling(scope)}".encode())
    if connection.closed:
        raise InvalidatePoolError
    record.info[_BEGUN] = scope


@event.listens_for(Engine, "begin")
def _note_telling(connection: Connection) -> None:
    connection.info[TOLD] = connection.info.pop(_BEGUN, None)


@event.listens_for(Engine, "rollback_savepoint")
def _told_nothing(connection: Connection, *_savepoint: Any) -> None:
    connection.info[TOLD] = None


@event.listens_for(Engine, "before_cursor_execute")
def _tell_database(connection: Connection, cursor: Any, statement: str, *_more: Any) -> None:
    """Tell PostgreSQL who is at work, before a statement for which that is news in this transaction.

    Not before one that goes back to a savepoint: it would be forgotten at once.
    """
    if connection.dialect.name != "postgresql" or statement.startswith("ROLLBACK"):
        return
    scope = current()
    if connection.info.get(TOLD) != scope:
        cursor.connection.execute(_telling(scope))
        connection.info[TOLD] = scope
    if statement.startswith(_CHANGES_COMMUNITIES):
        _told_nothing(connection)


def _telling(scope: Scope) -> str:
    """The communities of a branch are looked up once, not for each table of each statement."""
    ids = f"'{{{scope.community_id or ''}}}'"
    if scope.path or scope.everything:
        ids = f"portal_communities({_literal(scope.path)})" if scope.path else f"'{EVERYTHING}'"
    return f"SELECT set_config('{TOLD}', {ids}, true)"
