"""The pages of a list, as quick at the end of a million rows as at the beginning.

A page is found by its ids alone, over an index, before anything is joined to them. Rows are counted only as far as
anybody pages through them, and a page far down begins where it was last seen to begin.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import ge, le
from threading import Lock
from time import monotonic
from typing import Any, Generic, Literal, TypeVar

from flask import current_app
from sqlalchemy import ColumnElement, Integer, Select, Subquery, and_, bindparam, literal_column, null, select, tuple_

from app.kernel import scope
from app.kernel.db import count_of, db, today
from app.kernel.fields import fields_of
from app.kernel.listing import COUNT_LIMIT, PAGE_SIZE, Listing, Ordering, Question, Row

DEEP = 1_000
"""Rows passed over one by one to reach a page. Further down it begins at its bookmark, if there is one."""
KEPT_FOR = 60.0
"""Seconds for which a bookmark, and the number of rows of a long register, are believed."""

Start = Literal["first", "offset", "bookmark"]
Asked = tuple[str, tuple[tuple[str, Any], ...], str, bool]
"""A question without its page: search, filters, order, descending."""

V = TypeVar("V")


class Recent(Generic[V]):
    """What was found out in the last :data:`KEPT_FOR` seconds; of more than ``most`` the oldest are forgotten."""

    def __init__(self, most: int = 2_000) -> None:
        self._most, self._lock = most, Lock()
        self._found: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            found = self._found.get(key)
        return found[1] if found is not None and monotonic() - found[0] < KEPT_FOR else None

    def put(self, key: Hashable, value: V) -> None:
        with self._lock:
            self._found[key] = (monotonic(), value)
            self._found.move_to_end(key)
            if len(self._found) > self._most:
                self._found.popitem(last=False)


@dataclass(frozen=True)
class Memory:
    """What the application remembers of its lists: where deep pages begin, as (key, id), and how long lists are."""

    bookmarks: Recent[tuple[Any, int]] = field(default_factory=Recent)
    totals: Recent[int] = field(default_factory=Recent)


@dataclass(frozen=True)
class Total:
    """How many rows there are: exactly, about, or more than that many."""

    count: int
    kind: Literal["exactly", "about", "more"] = "exactly"

    @property
    def pages(self) -> int:
        """How many pages they fill."""
        return -(-self.count // PAGE_SIZE)


@dataclass(frozen=True)
class Page:
    """The rows of one page, and how many there are on all."""

    rows: list[Row]
    total: Total


def page(model: Any, names: Iterable[str], question: Question) -> Page:
    """The page of the list of ``model`` that ``question`` asks for, with the values of ``names``; one statement.

    A list of more than :data:`COUNT_LIMIT` rows takes another, once in a while, to say how many.
    """
    names, memory, passed = tuple(names), _memory(), (question.page - 1) * PAGE_SIZE
    begins = memory.bookmarks.get(_place(model, question)) if passed > DEEP else None
    start: Start = "bookmark" if begins else "offset" if passed else "first"
    # What a search finds depends on who asks: its statement is written anew each time.
    write = _statement if question.search else _statement_as_before
    filters, counts = tuple(question.filters.items()), passed <= COUNT_LIMIT
    asked = (question.search, filters, question.order, question.descending)
    statement, has_blanks = write(model, names, asked, start, counts, today())
    key, first = begins or (None, None)
    selected = db.session.execute(statement, {"passed": passed, "key": key, "first": first}).all()
    if not has_blanks and not question.search:
        for number, row in enumerate(selected[::PAGE_SIZE], question.page):
            if number * PAGE_SIZE > DEEP:
                memory.bookmarks.put(_place(model, question, number), (row[2], row[0]))
    rows = [Row(row[0], dict(zip(names, row[3:], strict=True))) for row in selected[:PAGE_SIZE]]
    count = selected[0][1] if selected and counts else COUNT_LIMIT + 1 if selected else None
    return Page(rows, _total(model, question, count))


def _statement(
    model: Any, names: Sequence[str], asked: Asked, start: Start, counts: bool, _today: date
) -> tuple[Select[Any], bool]:
    """The statement of a page, and whether what it is ordered by may be blank.

    Its parameters are the rows ``passed`` over, or the ``key`` and the id, ``first``, of the bookmark it begins at.
    """
    question = Question(asked[0], dict(asked[1]), *asked[2:])
    found = Listing(model)
    values = [found.expression(fields_of(model)[name]) for name in names]
    ids, ordering = _ids(model, question, start)
    key = None if ordering.key is None else ids.c.key
    statement = select(
        model.id,
        Listing(model).counting(question).scalar_subquery() if counts else null(),
        null() if key is None else key,
        *values,
    ).order_by(*ordering.clauses(key, ids.c.id))
    return found.with_joins(statement, ids), not ordering.always


_statement_as_before = lru_cache(maxsize=500)(_statement)
"""Writing a statement takes as long as running it. Kept for the day: what is coming or over is judged by it."""


def _memory() -> Memory:
    memory: Memory = current_app.extensions.setdefault("paging", Memory())
    return memory


def _scope() -> Hashable:
    now = scope.current()
    return now.community_id, now.path, now.everything


def _place(model: Any, question: Question, page: int = 0) -> Hashable:
    """What a bookmark is kept under. Searches have none: what they find depends on who asks."""
    filters = tuple(sorted(question.filters.items()))
    return model, _scope(), filters, question.order, question.descending, page or question.page


def _ids(model: Any, question: Question, start: Start) -> tuple[Subquery, Ordering]:
    """The ids of the page and of the row after it, with what they are ordered by."""
    listing = Listing(model, trusting=True)
    ordering = listing.ordering(question)
    keys = [] if ordering.key is None else [ordering.key.label("key")]
    statement = listing.with_joins(select(model.id.label("id"), *keys).where(*listing.conditions(question)))
    if start == "bookmark":
        statement = statement.where(_from(model, ordering))
    elif start == "offset":
        statement = statement.offset(bindparam("passed", type_=Integer))
    # A number, not a parameter: SQLite plans by it.
    limit: Any = literal_column(str(PAGE_SIZE + 1))
    return statement.order_by(*ordering.clauses(ordering.key, model.id)).limit(limit).subquery("page"), ordering


def _from(model: Any, ordering: Ordering) -> ColumnElement[bool]:
    """The rows from a bookmark on, itself included."""
    reaches = le if ordering.descending else ge
    first = bindparam("first", type_=Integer)
    if ordering.key is None:
        return reaches(model.id, first)  # type: ignore[no-any-return]
    key = bindparam("key", type_=ordering.key.type)
    row = reaches(tuple_(ordering.key, model.id), tuple_(key, first))
    # No index has the columns of two tables: there the key alone has to lead into one.
    own = ordering.key is getattr(model, ordering.key.key, None)
    return row if own else and_(reaches(ordering.key, key), row)


def _total(model: Any, question: Question, count: int | None) -> Total:
    """How many rows there are in all, where ``count`` of them were counted, or none was looked at."""
    if count is None:
        count = Listing(model).count(question)
    if count <= COUNT_LIMIT:
        return Total(count)
    if question.search or question.filters:
        return Total(COUNT_LIMIT, "more")
    totals, place = _memory().totals, (model, _scope())
    whole = totals.get(place)
    if whole is None:
        whole = count_of(model)
        totals.put(place, whole)
    return Total(whole, "about")
