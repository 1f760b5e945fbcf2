"""One SELECT of exactly the shown columns, with the labels of codes and linked rows joined in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as data_field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from app.kernel.codes import Code
from app.kernel.db import db
from app.kernel.fields import Declared, Derived, fields_of, title_field
from app.kernel.present import reads_in_full
from app.kernel.values import Invalid, read_id_number

PAGE_SIZE = 25
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


class Listing:
    """The statement over ``model``; expressions asked for add the joins they need, once each."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._joins: dict[tuple[str, ...], tuple[Any, ColumnElement[bool]]] = {}

    def _joined(self, path: tuple[str, ...], target: Any, condition: Any) -> Any:
        if path not in self._joins:
            alias = aliased(target)
            self._joins[path] = (alias, condition(alias))
        return self._joins[path][0]

    def _linked(self, entity: Any, path: tuple[str, ...], link: Declared) -> tuple[Any, tuple[str, ...]]:
        deeper = (*path, link.name)
        return self._joined(deeper, link.target, lambda other: other.id == getattr(entity, link.name)), deeper

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

    def _order(self, declared: Declared, entity: Any = None, path: tuple[str, ...] = ()) -> Any:
        entity = self.model if entity is None else entity
        if declared.through and declared.lender:
            lender, deeper = self._linked(entity, path, fields_of(declared.model)[declared.through])
            return self._order(declared.lender, lender, deeper)
        if declared.field.sort:
            return getattr(entity, declared.field.sort)
        if declared.kind == "link":
            other, deeper = self._linked(entity, path, declared)
            return self._order(title_field(declared.target), other, deeper)
        if declared.kind == "code":
            return getattr(entity, declared.name)
        return self.expression(declared, entity, path)

    def _matches(self, text: str, entity: Any = None, path: tuple[str, ...] = ()) -> Iterable[ColumnElement[bool]]:
        entity = self.model if entity is None else entity
        for declared in fields_of(path_model(self.model, path)).values():
            if not declared.field.search:
                continue
            if declared.kind == "link":
                other, deeper = self._linked(entity, path, declared)
                yield from self._matches(text, other, deeper)
            elif declared.sealed and declared.through is None:
                try:
                    exact = declared.sealed.index(read_id_number(text))
                except Invalid:
                    continue
                yield getattr(entity, f"{declared.name}_index") == exact
            elif not reads_in_full(declared):
                continue  # a search that finds what one may not read would tell it, digit by digit
            elif declared.field.sort:
                yield getattr(entity, declared.field.sort).contains(text.lower(), autoescape=True)
            else:
                yield self.expression(declared, entity, path).icontains(text, autoescape=True)

    def statement(self, names: Iterable[str], question: Question, *where: Any) -> Select[Any]:
        """The SELECT of the id and ``names`` for ``question``, in a stable order, without a limit."""
        known = fields_of(self.model)
        columns = [self.expression(known[name]).label(name) for name in names]
        conditions = [*where, *self.conditions(question)]
        order: list[Any] = []
        if declared := known.get(question.order):
            by = self._order(declared)
            order.append(by.desc().nulls_last() if question.descending else by.asc().nulls_last())
        elif default := getattr(self.model, "__order__", None):
            name = default.removeprefix("-")
            by = self._order(known[name]) if name in known else getattr(self.model, name)
            order.append(by.desc() if default.startswith("-") else by)
        last = self.model.id.desc() if getattr(self.model, "__newest_first__", False) else self.model.id
        statement = select(self.model.id, *columns).where(*conditions).order_by(*order, last)
        return self._with_joins(statement)

    def conditions(self, question: Question) -> list[Any]:
        found: list[Any] = []
        if question.search:
            found.append(or_(false(), *self._matches(question.search)))
        for name, wanted in question.filters.items():
            declared = fields_of(self.model)[name]
            column = self.expression(declared) if isinstance(declared.origin, Derived) else getattr(self.model, name)
            if isinstance(wanted, Days):
                found += [column >= wanted.first] if wanted.first else []
                found += [column <= wanted.last] if wanted.last else []
                continue
            found.append(column.is_(wanted) if isinstance(wanted, bool) else column == wanted)
        return found

    def _with_joins(self, statement: Select[Any]) -> Select[Any]:
        statement = statement.select_from(self.model)
        for alias, condition in self._joins.values():
            statement = statement.outerjoin(alias, condition)
        return statement

    def count(self, question: Question, *where: Any) -> int:
        """How many rows answer ``question``, counted up to :data:`COUNT_LIMIT` + 1."""
        counted = Listing(self.model)
        conditions = [*where, *counted.conditions(question)]
        inner = counted._with_joins(select(self.model.id).where(*conditions)).limit(COUNT_LIMIT + 1)
        return int(db.session.scalar(select(func.count()).select_from(inner.subquery())) or 0)


def path_model(model: Any, path: tuple[str, ...]) -> Any:
    """The model reached from ``model`` by following the links of ``path``."""
    for name in path:
        model = fields_of(model)[name].target
    return model


def rows(model: Any, names: Iterable[str], question: Question, *where: Any, limit: int | None = PAGE_SIZE) -> list[Row]:
    """The rows of one page; ``limit`` None asks for all of them."""
    names = list(names)
    statement = Listing(model).statement(names, question, *where)
    if limit is not None:
        statement = statement.limit(limit).offset((question.page - 1) * limit)
    return [Row(found[0], dict(zip(names, found[1:], strict=True))) for found in db.session.execute(statement)]


def row(model: Any, key: int, names: Iterable[str]) -> Row | None:
    """One row by its id, or None if there is none in scope."""
    return next(iter(rows(model, names, Question(), model.id == key, limit=1)), None)


def title(model: Any, key: int, only: Mapping[str, Any] | None = None) -> str | None:
    """The title of one row, or None if there is none in scope (or it has not the values of ``only``)."""
    question = Question(filters=only or {})
    found = next(iter(rows(model, [model.__title__], question, model.id == key, limit=1)), None)
    return None if found is None else str(found.values[model.__title__] or "")
