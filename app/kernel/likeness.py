"""Which rows are likely to tell of one and the same person, by the fields a model names as ``__same__``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, not_, or_, true

from app.kernel import scope
from app.kernel.access import Right, permitted
from app.kernel.db import db, today
from app.kernel.fields import Declared, fields_of
from app.kernel.listing import Listing, Question, row
from app.kernel.present import reads_in_full, text

Side = Callable[[str], ColumnElement[Any]]
"""The value of a field on one of the two sides that are compared."""

MOST = 5
"""Namesakes told of while a record is added."""


@dataclass(frozen=True)
class Alike:
    """A row on file that a new one resembles: what it is called and what tells it apart (1956-03-05, 3号楼)."""

    register: str
    id: int
    name: str
    hints: tuple[str, ...]

    @property
    def told(self) -> str:
        """张明（1956-03-05，3号楼）"""
        return f"{self.name}（{'，'.join(self.hints)}）" if self.hints else self.name


def keys(model: Any) -> tuple[tuple[str, ...], ...]:
    """``__same__``, best first, without what the person at work may not read: a likeness found by it would tell it."""
    known = fields_of(model)

    def is_readable(declared: Declared) -> bool:
        return declared.sealed is not None or reads_in_full(declared)

    return tuple(key for key in model.__same__ if all(is_readable(known[name]) for name in key))


def common(model: Any) -> tuple[str, ...]:
    """The fields in which all that are alike agree: the name."""
    several = [key for key in model.__same__ if len(key) > 1]
    return tuple(name for name in several[0] if all(name in key for key in several)) if several else ()


def telling(model: Any) -> tuple[str, ...]:
    """The other fields by which those that agree in :func:`common` are told apart: birth date and phone."""
    shared = common(model)
    return tuple(name for key in model.__same__ if len(key) > 1 for name in key if name not in shared)


def differ_by_a_slip(one: str, other: str) -> bool:
    """Are two names the same but for one character, which is another one, missing or too many?"""
    return one != other and not _with_a_gap(one).isdisjoint(_with_a_gap(other))


def _with_a_gap(name: str) -> set[str]:
    """The name with any one character taken out, or with room for one more."""
    return {f"{name[:at]}?{name[at + taken :]}" for at in range(len(name) + 1) for taken in (0, 1)}


def shared(one: str, other: str) -> float:
    """The share of characters that two names have in common."""
    return 2 * len({*one} & {*other}) / (len({*one}) + len({*other}) or 1)


def likely(model: Any, one: Side, two: Side) -> ColumnElement[bool]:
    """Are two rows that agree in :func:`common` likely to tell of the same person?

    They are if they agree in one of :func:`keys` and differ in none that is better, or if one of them says nothing
    beyond what is common. Those that differ in an ID number or a birth date are two people.
    """
    known = keys(model)
    agreeing: list[ColumnElement[bool]] = []
    differing: ColumnElement[bool] = false()
    for key in known:
        agrees = and_(true(), *(one(name) == two(name) for name in key))
        filled = and_(true(), *(side(name).is_not(None) for name in key for side in (one, two)))
        agreeing.append(and_(agrees, not_(differing)))
        differing = or_(differing, and_(filled, not_(agrees)))
    silent = (and_(true(), *(side(name).is_(None) for name in telling(model))) for side in (one, two))
    return or_(*agreeing, and_(or_(*silent), not_(differing)))


def column(model: Any, entity: Any, name: str) -> Any:
    """The column of ``entity`` by which a field is compared: of a secret, its index."""
    return getattr(entity, f"{name}_index" if fields_of(model)[name].sealed else name)


def alike(model: Any, data: Mapping[str, Any]) -> list[Alike]:
    """The first rows on file that a new one with ``data`` is likely to repeat, in its own community."""
    if not common(model) or any(not data.get(name) for name in common(model)):
        return []
    known = fields_of(model)

    def given(name: str) -> Any:
        value, sealed = data.get(name) or None, known[name].sealed
        return sealed.index(value) if sealed and value else value

    values = {f"given_{name}": given(name) for key in model.__same__ for name in key}
    community_id = data.get("community_id") or scope.current().community_id
    found = db.session.execute(_alike(model, keys(model), today()), {**values, "own_community": community_id})
    return [_told(model, key, values) for key, *values in found]


def on_file(model: Any, key: int) -> Alike | None:
    """The row of that id, if there is one in scope and the person at work may see it."""
    found = permitted(model.__tablename__, Right.VIEW) and row(model, key, _naming(model))
    return _told(model, key, found.values.values()) if found else None


def _told(model: Any, key: int, values: Iterable[Any]) -> Alike:
    """A row by its id and the values of :func:`_naming`."""
    name, *hints = (text(fields_of(model)[name], value) for name, value in zip(_naming(model), values, strict=True))
    return Alike(model.__tablename__, key, name, tuple(filter(None, hints)))


def _naming(model: Any) -> list[str]:
    """The names of what tells a row from others: what it is called, and its hints."""
    return [model.__title__, *(d.name for d in fields_of(model).values() if d.field.hint and d.name != model.__title__)]


@lru_cache(maxsize=100)
def _alike(model: Any, _keys: tuple[tuple[str, ...], ...], _today: date) -> Select[Any]:
    """Kept for those who read the same ``keys``, and for the day: writing this takes much longer than running it."""

    def given(name: str) -> ColumnElement[Any]:
        return bindparam(f"given_{name}", type_=column(model, model, name).type)

    return (
        Listing(model)
        .statement(
            _naming(model),
            Question(),
            model.community_id == bindparam("own_community"),
            *(column(model, model, name) == given(name) for name in common(model)),
            likely(model, given, lambda name: column(model, model, name)),
        )
        .limit(MOST)
    )


def pairs(model: Any, one: Any, two: Any) -> ColumnElement[bool]:
    """The condition that joins ``one`` and ``two``, aliases of ``model``, as rows likely to be the same."""
    agreed = [column(model, one, name) == column(model, two, name) for name in common(model)]
    sorts = {known.field.sort for name in common(model) if (known := fields_of(model)[name]).field.sort}
    return and_(
        one.community_id == two.community_id,
        one.id < two.id,
        *(getattr(one, sort) == getattr(two, sort) for sort in sorts),  # which has the index
        *agreed,
        likely(model, lambda name: column(model, one, name), lambda name: column(model, two, name)),
    )
