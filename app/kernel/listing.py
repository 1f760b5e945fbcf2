"""One SELECT of exactly the shown columns, with the labels of codes and linked rows joined in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, inspect, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import GenericFunction

from app.kernel import scope, search
from app.kernel.codes import Code
from app.kernel.db import db, midnight, today, usual_order
from app.kernel.fields import Declared, Derived, fields_of, title_field

PAGE_SIZE = 25
BATCH = 2_000
"""Rows fetched at a time where all are read."""
COUNT_LIMIT = 10_000
"""Counting stops here: nobody pages through more, and the count must not cost more than the page."""


@dataclass(frozen=True)
class Days:
    """The days a date filter asks for, both included; None leaves that side open."""

    first: date | None
    last: date | None


@dataclass(frozen=True)
class Question:
    """What a list was asked: search text, filters (field name → wanted value), order and page."""

    search: str = ""
    filters: Mapping[str, Any] = data_field(default_factory=dict)
    order: str = ""
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class Row:
    """A selected row: its id and its values by field name, secrets still sealed."""

    id: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Ordering:
    """What rows are ordered by: their ``keys``, then their id, all in the same direction.

    Blanks come last; ``always`` says that there are none, so that an index can serve either direction.
    """

    keys: tuple[Any, ...]
    always: bool
    descending: bool

    def columns(self) -> list[Any]:
        """The keys, to be selected."""
        return [key.label(f"key{place}") for place, key in enumerate(self.keys)]

    def within(self, rows: Any) -> list[Any]:
        """The columns of a subquery of ``rows`` in which :meth:`columns` were selected."""
        return [rows.c[f"key{place}"] for place in range(len(self.keys))]

    def clauses(self, keys: Sequence[Any], number: Any) -> list[Any]:
        """The ORDER BY over the columns that hold the keys and the id."""
        first, *others = [column.desc() if self.descending else column.asc() for column in (*keys, number)]
        return [first if self.always or not keys else first.nulls_last(), *others]


class sought(GenericFunction[Any]):  # noqa: N801 (as functions are called)
    """A condition as it is, but that SQLite takes it to be true of few rows, whatever is known of the column.

    Then it goes by the index of what is filtered by, also where nobody has filled that in.
    """

    # Not said to be a boolean: SQLAlchemy would compare it with 1.
    inherit_cache = True


@compiles(sought)
def _condition(called: Any, compiler: Any, **how: Any) -> str:
    condition = compiler.process(called.clauses, **how)
    return f"unlikely({condition})" if compiler.dialect.name == "sqlite" else f"({condition})"


def is_own(model: Any, key: Any) -> bool:
    """Is ``key`` a column of ``model`` itself, not of a row that it is linked to or worked out?"""
    return key is getattr(model, getattr(key, "key", None) or "", None)


class Listing:
    """The statement over ``model``; expressions asked for add the joins they need, once each.

    A ``trusting`` one takes it for granted that a required link leads to a row in scope, as it must: then the database
    may walk the linked rows in their order, and stop when a page is full.
    """

    def __init__(self, model: Any, trusting: bool = False) -> None:
        self.model, self._trusting = model, trusting
        self._joins: dict[tuple[str, ...], tuple[Any, ColumnElement[bool], bool]] = {}

    def _joined(self, path: tuple[str, ...], target: Any, condition: Any, outer: bool = True) -> Any:
        if path not in self._joins:
            alias = aliased(target)
            self._joins[path] = (alias, condition(alias), outer)
        return self._joins[path][0]

    def _linked(self, entity: Any, path: tuple[str, ...], link: Declared) -> tuple[Any, tuple[str, ...]]:
        deeper = (*path, link.name)
        outer = not (self._trusting and link.required) or self._is_outer(path)
        return self._joined(deeper, link.target, lambda other: other.id == getattr(entity, link.name), outer), deeper

    def _is_outer(self, path: tuple[str, ...]) -> bool:
        return bool(path) and self._joins[path][2]

    def expression(self, declared: Declared, entity: Any = None, path: tuple[str, ...] = ()) -> Any:
        """What is shown for a field: the value, the label of a code, the title of a linked row."""
        entity = self.model if entity is None else entity
        if declared.through and declared.lender:
            lender, deeper = self._linked(entity, path, fields_of(declared.model)[declared.through])
            return self.expression(declared.lender, lender, deeper)
        if declared.sealed:
            return declared.sealed.stored(entity)
        if declared.kind == "code":
            column = getattr(entity, declared.name)
            code = self._joined(
                (*path, declared.name),
                Code,
                lambda other: and_(other.code_list == declared.field.code, other.value == column),
            )
            return code.label
        if declared.kind == "link":
            other, deeper = self._linked(entity, path, declared)
            return self.expression(title_field(declared.target), other, deeper)
        if isinstance(declared.origin, Derived):
            return declared.origin.expression(entity)
        return getattr(entity, declared.name)

    def _order(self, declared: Declared, entity: Any = None, path: tuple[str, ...] = ()) -> tuple[Any, bool]:
        """What a field is ordered by, and whether every row has it."""
        entity = self.model if entity is None else entity
        if declared.through and declared.lender:
            lender, deeper = self._linked(entity, path, fields_of(declared.model)[declared.through])
            return self._order(declared.lender, lender, deeper)
        if declared.kind == "link":
            other, deeper = self._linked(entity, path, declared)
            return self._order(title_field(declared.target), other, deeper)
        if isinstance(declared.origin, Derived) or declared.sealed:
            return self.expression(declared, entity, path), False
        column = getattr(entity, declared.field.sort or declared.name)
        return column, not (self._is_outer(path) or column.property.columns[0].nullable)

    def ordering(self, question: Question) -> Ordering:
        """The order ``question`` asks for, in which what is alike is in that of the register, or that alone."""
        known = fields_of(self.model)
        if declared := known.get(question.order):
            key, always = self._order(declared)
            usual = usual_order(inspect(self.model))
            then = [getattr(self.model, usual)] if usual and is_own(self.model, key) and key.key != usual else []
            return Ordering((key, *then), always, question.descending)
        if default := getattr(self.model, "__order__", None):
            name = default.removeprefix("-")
            key, always = self._order(known[name]) if name in known else (getattr(self.model, name), True)
            return Ordering((key,), always, default.startswith("-"))
        return Ordering((), True, getattr(self.model, "__newest_first__", False))

    def statement(self, names: Iterable[str], question: Question, *where: Any) -> Select[Any]:
        """The SELECT of the id and ``names`` for ``question``, in a stable order, without a limit."""
        known = fields_of(self.model)
        columns = [self.expression(known[name]).label(name) for name in names]
        conditions, ordering = [*where, *self.conditions(question)], self.ordering(question)
        statement = select(self.model.id, *columns).where(*conditions)
        return self.with_joins(statement.order_by(*ordering.clauses(ordering.keys, self.model.id)))

    def conditions(self, question: Question, column_of: Callable[[str], Any] | None = None) -> list[Any]:
        """What ``question`` asks of the rows, of which ``column_of`` gives the columns: by default the model."""
        column_of = column_of or partial(getattr, self.model)
        found: list[Any] = []
        if question.search:
            found.append(search.condition(self.model, question.search))
        for name, wanted in question.filters.items():
            declared = fields_of(self.model)[name]
            column = self.expression(declared) if isinstance(declared.origin, Derived) else column_of(name)
            if isinstance(wanted, Days) and fields_of(self.model)[name].kind == "moment":
                found += [column >= midnight(wanted.first)] if wanted.first else []
                found += [column < midnight(wanted.last + timedelta(days=1))] if wanted.last else []
                continue
            if isinstance(wanted, Days):
                found += [column >= wanted.first] if wanted.first else []
                found += [column <= wanted.last] if wanted.last else []
                continue
            found.append(func.sought(column.is_(wanted) if isinstance(wanted, bool) else column == wanted))
        return found

    def with_joins(self, statement: Select[Any], ids: Any = None) -> Select[Any]:
        """``statement`` over the model and all that was joined to it, for every row or only those of a subquery."""
        statement = statement.select_from(self.model)
        if ids is not None:
            statement = statement.join(ids, ids.c.id == self.model.id)
        # Inner joins first: a database does not move one across an outer join.
        for alias, condition, outer in sorted(self._joins.values(), key=lambda join: join[2]):
            statement = statement.join(alias, condition, isouter=outer)
        return statement

    def count(self, question: Question, *where: Any) -> int:
        """How many rows answer ``question``, counted up to :data:`COUNT_LIMIT` + 1."""
        return int(db.session.scalar(self.counting(question, *where)) or 0)

    def counting(self, question: Question, *where: Any) -> Select[Any]:
        """The statement of :meth:`count`."""
        counted = Listing(self.model)
        conditions = [*where, *counted.conditions(question)]
        inner = counted.with_joins(select(self.model.id).where(*conditions)).limit(COUNT_LIMIT + 1)
        return select(func.count()).select_from(inner.subquery())


def rows(model: Any, names: Iterable[str], question: Question, *where: Any, limit: int | None = PAGE_SIZE) -> list[Row]:
    """The rows of one page; ``limit`` None asks for all of them."""
    names = list(names)
    statement = Listing(model).statement(names, question, *where)
    if limit is not None:
        statement = statement.limit(limit).offset((question.page - 1) * limit)
    return [Row(found[0], dict(zip(names, found[1:], strict=True))) for found in db.session.execute(statement)]


def rows_where(model: Any, names: Iterable[str], column: str, wanted: Any, limit: int) -> list[Row]:
    """The first rows of ``model`` in which ``column`` is ``wanted``, in the order of the register."""
    return _rows_with(model, tuple(names), {column: wanted}, limit)


def _rows_with(model: Any, names: tuple[str, ...], wanted: Mapping[str, Any], limit: int) -> list[Row]:
    """The first rows of ``model`` whose columns have the values ``wanted``, in the order of the register."""
    statement = _with(model, names, tuple(wanted), limit, today())
    return [Row(row[0], dict(zip(names, row[1:], strict=True))) for row in scope.read(statement, wanted)]


@lru_cache(maxsize=1_000)
def _with(model: Any, names: tuple[str, ...], columns: tuple[str, ...], limit: int, _today: date) -> Select[Any]:
    """Writing a statement takes longer than running it. Kept for the day: what is coming or over is judged by it."""
    where = [getattr(model, column) == bindparam(column) for column in columns]
    return Listing(model).statement(names, Question(), *where).limit(limit)


def pointing(links: Iterable[tuple[Any, str]], key: int) -> set[tuple[Any, str]]:
    """Those of ``links``, each a model and its link, by which some row in scope points at the id ``key``."""
    links = tuple(links)
    if not links:
        return set()
    found = db.session.execute(_pointing(links), {"wanted": key}).one()
    return {link for link, is_there in zip(links, found, strict=True) if is_there}


@lru_cache(maxsize=200)
def _pointing(links: tuple[tuple[Any, str], ...]) -> Select[Any]:
    there: list[Any] = [exists(select(m.id).where(getattr(m, name) == bindparam("wanted"))) for m, name in links]
    return select(*there)


def row(model: Any, key: int, names: Iterable[str]) -> Row | None:
    """One row by its id, or None if there is none in scope."""
    return next(iter(rows_where(model, names, "id", key, limit=1)), None)


def title(model: Any, key: int, only: Mapping[str, Any] | None = None) -> str | None:
    """The title of one row, or None if there is none in scope (or it has not the values of ``only``)."""
    found = _rows_with(model, (model.__title__,), {"id": key, **(only or {})}, limit=1)
    return str(found[0].values[model.__title__] or "") if found else None


def every(model: Any, names: Iterable[str], question: Question) -> tuple[int, Iterator[Sequence[Any]]]:
    """How many rows answer ``question`` and, one after another, the id and the values of ``names`` of each.

    Both are told by one statement, so that they agree whatever is saved meanwhile. Nothing is held together: the
    rows are read from the database as they are asked for, and must be read within the transaction.
    """
    counted = Listing(model)
    conditions = counted.conditions(question)
    total = counted.with_joins(select(func.count()).where(*conditions)).correlate(None).scalar_subquery()
    statement = Listing(model).statement(names, question).add_columns(total)
    found = iter(db.session.execute(statement, execution_options={"yield_per": BATCH}))
    first = next(found, None)
    return (0, iter(())) if first is None else (first[-1], (row[:-1] for row in chain([first], found)))
