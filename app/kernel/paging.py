"""The pages of a list, as quick at the end of a million rows as at the beginning.

A page is found by its ids alone, over an index, before anything is joined to them. Rows are counted only as far as
anybody pages through them, and a page far down begins where it was last seen to begin.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, lru_cache, partial
from operator import ge, le
from threading import Lock
from time import monotonic
from typing import Any, Generic, Literal, TypeVar

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    false,
    func,
    inspect,
    join,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import ColumnProperty

from app.kernel import scope, search
from app.kernel.db import Scoped, count_of, has_index, model_of, today, usual_order
from app.kernel.fields import fields_of
from app.kernel.listing import COUNT_LIMIT, PAGE_SIZE, Days, Listing, Ordering, Question, Row, is_own

DEEP = 1_000
"""Rows passed over one by one to reach a page. Further down it begins at its bookmark, if there is one."""
KEPT_FOR = 60.0
"""Seconds for which a bookmark, and the number of rows of a long register, are believed."""

MERGED = 250
"""Rows passed over up to which a page is put together from the first rows of each community."""
LOOKED_THROUGH = 2_000
"""Rows that are read for a page of what is found. Where that is not enough, all that is found is read."""
BEHIND_ALL = "zz"
"""Comes, in pinyin and in any order of texts, behind whatever else the beginning of a name may go on with."""
COUNTED_ON = 4
"""Pages, beyond those turned over, up to the end of which it is counted what is found among many rows."""

Start = Literal["first", "offset", "bookmark"]
Way = Literal["few", "through", "all"]
"""How what is found is read: led to by few hits, looked through in order, or all of it."""
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
    """What the application remembers of its lists: where deep pages begin, as (keys, id), and how long lists are."""

    bookmarks: Recent[tuple[Sequence[Any], int]] = field(default_factory=Recent)
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


def page(model: Any, names: Iterable[str], question: Question, exactly: bool = False) -> Page:
    """The page of the list of ``model`` that ``question`` asks for, with the values of ``names``.

    One statement; a list of more than :data:`COUNT_LIMIT` rows takes another, once in a while, to say how many, and a
    search one to ask the index. How many rows a search finds is told ``exactly`` up to that limit if it has to be.
    """
    names, memory, passed = tuple(names), _memory(), (question.page - 1) * PAGE_SIZE
    if question.search and search.is_looked_up(model):
        return _searched(model, names, question, exactly)
    if question.filters and not question.search and _is_sought(model, question):
        return _filtered(model, names, question)
    begins = memory.bookmarks.get(_place(model, question)) if passed > DEEP else None
    start: Start = "bookmark" if begins else "offset" if passed else "first"
    merged = 0 if begins else _merged(model, question, passed)
    # What a search finds depends on who asks: its statement is written anew each time.
    write = _statement if question.search else _statement_as_before
    filters, values = _given(question.filters)
    is_known = not question.search and not filters and memory.totals.get((model, _scope())) is not None
    counts = passed <= COUNT_LIMIT and not is_known
    asked = (question.search, filters, question.order, question.descending)
    statement, ordering = write(model, names, asked, start, merged, counts, today())
    keys, first = begins or ((), None)
    leading = bool(question.filters) or not question.order or _is_led(model, question.order)
    parameters = {**values, "passed": passed, **{f"key{at}": key for at, key in enumerate(keys)}, "first": first}
    selected = scope.read(statement, parameters, leading)
    shown = 2 + len(ordering.keys)
    if ordering.always and not question.search:
        for number, row in enumerate(selected[::PAGE_SIZE], question.page):
            if number * PAGE_SIZE > DEEP:
                memory.bookmarks.put(_place(model, question, number), (row[2:shown], row[0]))
    rows = [Row(row[0], dict(zip(names, row[shown:], strict=True))) for row in selected[:PAGE_SIZE]]
    count = selected[0][1] if selected and counts else COUNT_LIMIT + 1 if selected else None
    return Page(rows, _total(model, question, count))


def _statement(
    model: Any, names: Sequence[str], asked: Asked, start: Start, merged: int, counts: bool, _today: date
) -> tuple[Select[Any], Ordering]:
    """The statement of a page, and what it is ordered by; see :func:`_ids` for where it starts and what is ``merged``.

    Its parameters are the values of the filters, the rows ``passed`` over, or the keys (``key0`` …) and the id,
    ``first``, of the bookmark it begins at.
    """
    question = Question(asked[0], dict(asked[1]), *asked[2:])
    found = Listing(model)
    values = [found.expression(fields_of(model)[name]) for name in names]
    ids, ordering = _ids(model, question, start, merged)
    count = Listing(model).counting(question).scalar_subquery() if counts else null()
    keys = ordering.within(ids)
    statement = select(model.id, count, *keys, *values).order_by(*ordering.clauses(keys, ids.c.id))
    return found.with_joins(statement, ids), ordering


_statement_as_before = lru_cache(maxsize=500)(_statement)
"""Writing a statement takes as long as running it. Kept for the day: what is coming or over is judged by it."""


def _searched(model: Any, names: tuple[str, ...], question: Question, exactly: bool) -> Page:
    """The page of what is found; by ear, where nothing is found as it is written."""
    for by_ear in search.ears(question.search):
        hits = search.look_up(model, question.search, by_ear, question.order)
        if hits is None:
            continue
        page = _among(hits, model, names, question, exactly)
        without_filters = replace(question, filters={}, page=1)
        if page.total.count or (question.filters and _among(hits, model, (), without_filters, exactly).total.count):
            return page
    return Page([], Total(0))


def _filtered(model: Any, names: tuple[str, ...], question: Question) -> Page:
    """The page of the rows that are filtered in an order in which no index has them."""
    total = _total(model, question, None)
    few = total.count <= LOOKED_THROUGH
    every_row = search.Hits((), {}, some_are_many=not few, some_are_few=few)
    return replace(_among(every_row, model, names, question, exactly=False), total=total)


def _among(hits: search.Hits, model: Any, names: tuple[str, ...], question: Question, exactly: bool) -> Page:
    """The page of the rows that ``hits`` are about.

    Few hits lead to their rows, which are put in order. For many, rows are looked through in the order they are listed
    in, from where they stand together if they do: that takes as long however many there are. Where neither will do, all
    that is found is read.
    """
    ways: list[Way] = ["few"] if hits.some_are_few else []
    if not exactly and _is_walked(model, question.order):
        ways.insert(0 if hits.some_are_many else 1, "through")
    for way in ways:
        if page := _found(way, hits, model, names, question):
            return page
    return _found("all", hits, model, names, question) or Page([], Total(0))


def _found(way: Way, hits: search.Hits, model: Any, names: tuple[str, ...], question: Question) -> Page | None:
    """The page as it is found one ``way``, or None if it cannot be told from :data:`LOOKED_THROUGH` rows."""
    filters, values = _given(question.filters)
    elsewhere = hits.elsewhere if way == "through" else None
    asked = (hits.shape, elsewhere.shape if elsewhere else (), filters, question.order, question.descending)
    passed = (question.page - 1) * PAGE_SIZE
    values |= {**hits.values, "passed": passed, "enough": passed + COUNTED_ON * PAGE_SIZE + 1}
    if elsewhere:
        values |= {**elsewhere.values, "begins": hits.begins, "ends": f"{hits.begins}{BEHIND_ALL}"}
    statement = _finding(way, model, names, *asked, today(), keeps_order=search.is_sqlite())
    selected = scope.read(statement, values, leading=not hits.shape and way != "through")
    if not selected and way == "through":
        return None
    if not selected:
        first = _found(way, hits, model, (), replace(question, page=1)) if passed else Page([], Total(0))
        return first and Page([], first.total)
    rows = [Row(row[0], dict(zip(names, row[3:], strict=True))) for row in selected[:PAGE_SIZE]]
    count, are_all = selected[0][1:3]
    if are_all:
        return Page(rows, Total(count) if count <= COUNT_LIMIT else Total(COUNT_LIMIT, "more"))
    if way == "few" or len(selected) <= PAGE_SIZE:
        return None
    return Page(rows, Total((count - 1) // PAGE_SIZE * PAGE_SIZE, "more"))


@lru_cache(maxsize=500)
def _finding(
    way: Way,
    model: Any,
    names: tuple[str, ...],
    shape: tuple[search.Forms, ...],
    elsewhere: tuple[search.Forms, ...],
    filters: tuple[tuple[str, Any], ...],
    order: str,
    descending: bool,
    _today: date,
    keeps_order: bool,
) -> Select[Any]:
    """The statement for a page of what is found: ids, how many were counted, whether that is all, and the values.

    A database that ``keeps_order`` takes the rows of a subquery as that puts them, and stops when it has enough. Its
    parameters are the values of the hits and of the filters, the rows ``passed`` over, and how many are ``enough``
    to count.
    """
    question, listing = Question("", dict(filters), order, descending), Listing(model, trusting=True)
    ordering, where = listing.ordering(question), listing.conditions(question)
    keys = ordering.columns()
    if way == "through":
        together = [ordering.keys[0].between(bindparam("begins"), bindparam("ends"))] if elsewhere else []
        # Without hits it is the filters that rows are looked through for.
        looked_at = search.leading(model) if shape else [getattr(model, name) for name in question.filters]
        rows = listing.with_joins(select(model.id, *looked_at, *keys).where(*together, *(where if shape else [])))
        rows = rows.order_by(*ordering.clauses(ordering.keys, model.id)).limit(_number(LOOKED_THROUGH))
        row, enough = rows.subquery("row"), bindparam("enough", type_=Integer)
        is_wanted = search.matching(model, row.c.__getitem__, shape)
        tests = [is_wanted] if shape else listing.conditions(question, row.c.__getitem__)
        first = select(row.c.id, *ordering.within(row)).where(*tests)
        if not keeps_order:
            first = first.order_by(*ordering.clauses(ordering.within(row), row.c.id))
        found_there: Any = first.limit(enough)
        seen_all = select(func.count()).select_from(rows.subquery()).scalar_subquery() < LOOKED_THROUGH
        if elsewhere:
            before, behind = ordering.keys[0] < bindparam("begins"), ordering.keys[0] > bindparam("ends")
            met, missed = (behind, before) if ordering.descending else (before, behind)
            matching = search.matching(model, partial(getattr, model), elsewhere)
            others = select(model.id, *keys).where(matching, or_(met, and_(missed, seen_all)), *where)
            found_there = union_all(select(found_there.subquery()), listing.with_joins(others))
        hits = found_there.cte("hits")
        count = select(func.count()).select_from(hits).scalar_subquery()
        are_all: Any = case((count >= enough, false()), else_=seen_all)
    else:
        matching = search.matching(model, partial(getattr, model), shape, read_all=way == "all")
        rows = listing.with_joins(select(model.id, *keys).where(matching, *where))
        hits = rows.limit(_number(LOOKED_THROUGH + 1) if way == "few" else None).cte("hits")
        count = select(func.count()).select_from(hits).scalar_subquery()
        are_all = count <= LOOKED_THROUGH if way == "few" else true()
    page = select(hits).order_by(*ordering.clauses(ordering.within(hits), hits.c.id))
    ids = page.offset(bindparam("passed", type_=Integer)).limit(_number(PAGE_SIZE + 1)).subquery("page")
    found = Listing(model)
    values = [found.expression(fields_of(model)[name]) for name in names]
    ordered = ordering.clauses(ordering.within(ids), ids.c.id)
    return found.with_joins(select(model.id, count, are_all, *values).order_by(*ordered), ids)


def _number(number: int) -> Any:
    """A number, not a parameter: SQLite plans by it."""
    return literal_column(str(number))


def _merged(model: Any, question: Question, passed: int) -> int:
    """How many first rows of each of many communities make up the page, where no index has them all in this order.

    SQLite goes through them like this by itself. Of a team there are few rows, which its own index leads to.
    """
    if search.is_sqlite() or question.search or passed > MERGED or not scope.current().path:
        return 0
    if any(fields_of(model)[name].kind == "link" for name in question.filters):
        return 0
    led = _are_values(model, question) if question.filters else not _has_index(model, question.order)
    merges = led and issubclass(model, Scoped) and _has_index_within(model, question.order)
    return passed + PAGE_SIZE + 1 if merges else 0


def _is_walked(model: Any, order: str) -> bool:
    """Can the rows of many communities be read in this order, over an index of it? Those of one always can."""
    here = scope.current()
    return not (here.path or here.everything) or _has_index(model, order)


@lru_cache(maxsize=1_000)
def _has_index(model: Any, order: str) -> bool:
    ordering = Listing(model, trusting=True).ordering(Question(order=order))
    if not ordering.keys:
        return True
    columns = getattr(getattr(ordering.keys[0], "property", None), "columns", ())
    return ordering.always and any(has_index(column.table, [column.key]) for column in columns)


@lru_cache(maxsize=1_000)
def _has_index_within(model: Any, order: str) -> bool:
    """Has an index the rows of a community in this order?"""
    keys = Listing(model).ordering(Question(order=order)).keys
    own = all(is_own(model, key) for key in keys)
    return own and has_index(model.__table__, ["community_id", *(key.key for key in keys)])


def _is_led(model: Any, order: str) -> bool:
    """Is it best to go from community to community, each of which has its rows in this order?"""
    return _has_index_within(model, order) and not _has_index(model, order)


def _is_sought(model: Any, question: Question) -> bool:
    """Is there no index of what ``question`` filters by that has the rows in its order, too?

    PostgreSQL finds the better way by itself: it knows how often a value stands in a column.
    """
    return search.is_sqlite() and not _is_usual(model, question.order) and _are_values(model, question)


def _are_values(model: Any, question: Question) -> bool:
    """Is it values of columns that are filtered by, so that an index leads to them? Not spans of days."""
    wanted = [(fields_of(model)[name], value) for name, value in question.filters.items()]
    return all(isinstance(declared.origin, ColumnProperty) and not isinstance(v, Days) for declared, v in wanted)


@lru_cache(maxsize=1_000)
def _is_usual(model: Any, order: str) -> bool:
    """Is it the order that what is alike has in every index?"""
    usual = usual_order(inspect(model))
    keys = Listing(model).ordering(Question(order=order)).keys
    return _has_index_within(model, order) and [key.key for key in keys] == ([usual] if usual else [])


def _given(filters: Mapping[str, Any]) -> tuple[tuple[tuple[str, Any], ...], dict[str, Any]]:
    """The filters of a statement that serves for other values too, and the values as its parameters."""
    shape, values = [], {}
    for name, wanted in filters.items():
        if isinstance(wanted, (int, str)) and not isinstance(wanted, bool):
            values[f"by_{name}"] = wanted
            shape.append((name, _parameter(f"by_{name}")))
        else:
            shape.append((name, wanted))
    return tuple(shape), values


@cache
def _parameter(name: str) -> Any:
    return bindparam(name)


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


def _ids(model: Any, question: Question, start: Start, merged: int) -> tuple[Subquery, Ordering]:
    """The ids of the page and of the row after it, with what they are ordered by.

    If any are to be ``merged``, they are taken from so many first rows of each community.
    """
    listing = Listing(model, trusting=True)
    ordering = listing.ordering(question)
    keys, number = ordering.keys, model.id
    rows = select(model.id.label("id"), *ordering.columns()).where(*listing.conditions(question))
    statement: Any = listing.with_joins(rows)
    if merged:
        first = _of_each_community(model, statement, ordering, merged)
        keys, number = tuple(ordering.within(first)), first.c.id
        statement = select(first).select_from(join(model_of("community"), first, true()))
    if start == "bookmark":
        statement = statement.where(_from(model, ordering))
    elif start == "offset":
        statement = statement.offset(bindparam("passed", type_=Integer))
    statement = statement.order_by(*ordering.clauses(keys, number)).limit(_number(PAGE_SIZE + 1))
    return statement.subquery("page"), ordering


def _of_each_community(model: Any, rows: Select[Any], ordering: Ordering, most: int) -> Any:
    """The first of ``rows`` of a community, at ``most`` so many, as they are read off an index that begins with it.

    Read backwards, an index of PostgreSQL has the blanks first: then they are asked for apart.
    """
    community, parts = model_of("community"), [true()]
    if ordering.descending and not ordering.always:
        parts, ordering = [ordering.keys[0].is_not(None), ordering.keys[0].is_(None)], replace(ordering, always=True)
    rows = rows.where(model.community_id == community.id).order_by(*ordering.clauses(ordering.keys, model.id))
    found = [rows.where(part).limit(_number(most)).correlate(community) for part in parts]
    return (union_all(*found) if len(found) > 1 else found[0]).lateral("first")


def _from(model: Any, ordering: Ordering) -> ColumnElement[bool]:
    """The rows from a bookmark on, itself included."""
    reaches = le if ordering.descending else ge
    first = bindparam("first", type_=Integer)
    if not ordering.keys:
        return reaches(model.id, first)  # type: ignore[no-any-return]
    keys = [bindparam(f"key{at}", type_=key.type) for at, key in enumerate(ordering.keys)]
    row = reaches(tuple_(*ordering.keys, model.id), tuple_(*keys, first))
    # No index has the columns of two tables: there the key alone has to lead into one.
    return row if is_own(model, ordering.keys[0]) else and_(reaches(ordering.keys[0], keys[0]), row)


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
