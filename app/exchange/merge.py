"""Two records of the same person become one: found, told apart for good, or merged with everything that hangs on them.

A merge is laid out first (:func:`lay_out`), so that it can be looked at, and then carried out as it was laid out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from datetime import datetime
from functools import cached_property
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Index, String, UniqueConstraint, select, tuple_
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.kernel import audit, likeness, records, registers, scope
from app.kernel.access import Right, permitted
from app.kernel.db import Scoped, db, now, transaction
from app.kernel.fields import Declared, Derived, fields_of, title_of
from app.kernel.values import N_, Violation

PAGE_SIZE = 20
"""Names on a page, each with one group or more of records likely to be one person."""


class NotTheSame(Model, Scoped):
    """Somebody has said of two records that they are two people; the smaller id comes first."""

    __tablename__ = "not_the_same"
    __table_args__ = (Index(None, "register", "first_id", "second_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    register: Mapped[str] = mapped_column(String(60))
    first_id: Mapped[int]
    second_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(120))


# --- finding -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Records likely to be one person: the ids of those that are alike, pair by pair."""

    pairs: tuple[tuple[int, int], ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(sorted({key for pair in self.pairs for key in pair}))

    def first(self, most: int) -> Group:
        """The first pairs of the group only."""
        return Group(self.pairs[:most])


def groups(model: Any, page: int) -> tuple[list[Group], bool]:
    """The groups of one page (from 1), by name, and whether more follow."""
    one, two = aliased(model), aliased(model)
    shared = [likeness.column(model, one, name) for name in likeness.common(model)]
    sorts = [getattr(one, d.field.sort) for name in likeness.common(model) if (d := fields_of(model)[name]).field.sort]
    where = (likeness.pairs(model, one, two), ~_said_of(model, one, two))
    order = (*sorts, *shared, one.community_id)
    several = select(*order).where(*where).group_by(*order).order_by(*order)
    names = db.session.execute(several.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    wanted = [tuple(name) for name in names[:PAGE_SIZE]]
    # Each by itself as well: SQLite takes no index for several together.
    likewise = [column.in_(values) for column, values in zip(order, map(set, zip(*wanted, strict=True)), strict=False)]
    found = db.session.execute(
        select(one.id, two.id).where(*where, *likewise, tuple_(*order).in_(wanted)).order_by(*order, one.id, two.id)
    )
    return list(_grouped([(first, second) for first, second in found])), len(names) > PAGE_SIZE


def resembling(row: Any) -> list[int]:
    """The ids of the records likely to be the same person as ``row``."""
    model = type(row)
    one, two = aliased(model), aliased(model)
    pairs = select(one.id, two.id).where(likeness.pairs(model, one, two), ~_said_of(model, one, two))
    found = db.session.execute(pairs.where((one.id == row.id) | (two.id == row.id)))
    return [second if first == row.id else first for first, second in found]


def _said_of(model: Any, one: Any, two: Any) -> Any:
    """Has somebody said that the two differ? A decision is older than what has got the id of a deleted record since."""
    return (
        select(NotTheSame.id)
        .where(
            NotTheSame.register == model.__tablename__,
            NotTheSame.first_id == one.id,
            NotTheSame.second_id == two.id,
            NotTheSame.at >= one.created_at,
            NotTheSame.at >= two.created_at,
        )
        .exists()
    )


def _grouped(pairs: Sequence[tuple[int, int]]) -> Iterator[Group]:
    """Pairs that have a record in common belong together; in the order of ``pairs``."""
    belongs: dict[int, list[tuple[int, int]]] = {}
    for pair in pairs:
        joined = [pair]
        for one in {id(found): found for key in pair if (found := belongs.get(key)) is not None}.values():
            joined = [*one, *joined]
        for key in {key for both in joined for key in both}:
            belongs[key] = joined
    for found in {id(found): found for found in belongs.values()}.values():
        yield Group(tuple(found))


def tell_apart(one: Any, two: Any) -> None:
    """Remember that two records are two people. Commits nothing."""
    first, second = sorted((one.id, two.id))
    said = NotTheSame(
        register=one.__tablename__,
        first_id=first,
        second_id=second,
        actor=scope.current().actor,
        community_id=one.community_id,
    )
    db.session.add(said)
    db.session.flush()


# --- laying out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Difference:
    """A field in which the two rows of a pair differ; ``default`` says whose value stays unless somebody chooses."""

    key: str
    declared: Declared
    default: str


@dataclass(frozen=True, eq=False)
class Pair:
    """Two rows of a register that become one: ``other`` goes."""

    kept: Any
    other: Any
    differences: tuple[Difference, ...]


@dataclass(frozen=True, eq=False)
class Move:
    """A row whose link ``column`` leads to the other row, and then to the row ``to``."""

    row: Any
    column: str
    to: int


@dataclass(frozen=True)
class Layout:
    """What a merge comes to: the two records, then the hats both wear; and what is pointed at the kept ones."""

    pairs: list[Pair] = data_field(default_factory=list)
    moves: list[Move] = data_field(default_factory=list)

    @cached_property
    def token(self) -> str:
        """The versions of all rows concerned, so that what is done is what was looked at."""
        rows = [row for pair in self.pairs for row in (pair.kept, pair.other)] + [move.row for move in self.moves]
        return " ".join(f"{row.__tablename__}.{row.id}.{getattr(row, 'version', '')}" for row in rows)


KEPT, OTHER = "kept", "other"


class CannotMerge(Exception):
    """A merge is not possible; ``reasons`` are violations, each with the row it is about."""

    def __init__(self, reasons: Sequence[tuple[Any, Violation]]) -> None:
        super().__init__()
        self.reasons = tuple(reasons)


def lay_out(one: Any, two: Any) -> Layout:
    """What merging two records comes to; the one that was on file first is kept."""
    kept, other = sorted((one, two), key=lambda row: (row.created_at, row.id))
    layout = Layout()
    _lay(layout, kept, other, {})
    return layout


def _lay(layout: Layout, kept: Any, other: Any, becomes: dict[tuple[str, int], int]) -> None:
    becomes[other.__tablename__, other.id] = kept.id
    layout.pairs.append(Pair(kept, other, tuple(_differences(kept, other, becomes))))
    for model, column in pointing_at(type(kept)):
        pointing = select(model).where(getattr(model, column) == other.id).order_by(model.id)
        for row in db.session.scalars(pointing).all():
            if (twin := _twin(model, row, column, kept.id)) is not None:
                _lay(layout, twin, row, becomes)
            else:
                layout.moves.append(Move(row, column, kept.id))


def pointing_at(model: Any) -> list[tuple[Any, str]]:
    """Every column of every model, register or not, by which a row points at a row of ``model``."""
    return [
        (mapper.class_, attribute.key)
        for mapper in sorted(Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)
        for attribute in mapper.column_attrs
        if any(key.column.table is model.__table__ for key in attribute.columns[0].foreign_keys)
    ]


def _twin(model: Any, row: Any, column: str, to: int) -> Any:
    """The row that stands where ``row`` would stand once it points at ``to``: the same hat on the kept record."""
    for constraint in model.__table__.constraints:
        names = [part.key for part in constraint.columns]
        if not isinstance(constraint, UniqueConstraint) or column not in names:
            continue
        wanted = {name: to if name == column else getattr(row, name) for name in names}
        found = select(model).where(*(getattr(model, name) == value for name, value in wanted.items()))
        if None not in wanted.values() and (twin := db.session.scalar(found)) is not None:
            return twin
    return None


def _differences(kept: Any, other: Any, becomes: Mapping[tuple[str, int], int]) -> Iterator[Difference]:
    model: Any = type(kept)
    for declared in fields_of(model).values():
        if declared.lender is not None or isinstance(declared.origin, Derived):
            continue
        mine, theirs = getattr(kept, declared.name), _value(other, declared, becomes)
        if mine != theirs:
            default = OTHER if mine in (None, "") else KEPT
            yield Difference(f"{kept.__tablename__}.{kept.id}.{declared.name}", declared, default)


def _value(row: Any, declared: Declared, becomes: Mapping[tuple[str, int], int]) -> Any:
    value = getattr(row, declared.name)
    if declared.kind == "link" and value is not None:
        return becomes.get((declared.target.__tablename__, value), value)
    return value


# --- carrying out ------------------------------------------------------------------------------------------------


def obstacles(layout: Layout, chosen: Mapping[str, str]) -> list[tuple[Any, Violation]]:
    """What the rules have against it, found by doing it and taking it back; to be called outside a transaction."""
    with transaction():
        trial = db.session.begin_nested()
        try:
            merge(layout, chosen)
        except CannotMerge as refused:
            return list(refused.reasons)
        finally:
            trial.rollback()
    return []


def merge(layout: Layout, chosen: Mapping[str, str]) -> None:
    """Carry out ``layout``; ``chosen`` says by key of a difference whose value stays (:data:`KEPT`, :data:`OTHER`).

    Commits nothing. Raises :class:`CannotMerge` where the rules of a register forbid what would come out, or where a
    hat that both wear belongs to a register the person at work may not change.
    """
    if refused := list(_not_permitted(layout)):
        raise CannotMerge(refused)
    becomes = {(pair.other.__tablename__, pair.other.id): pair.kept.id for pair in layout.pairs}
    values = [
        {
            difference.declared.name: _value(pair.other, difference.declared, becomes)
            for difference in pair.differences
            if chosen.get(difference.key, difference.default) == OTHER
        }
        for pair in layout.pairs
    ]
    concerned = [pair.kept for pair in layout.pairs] + [move.row for move in layout.moves]
    before = [records.problems(type(row), {}, row) for row in concerned]
    first = layout.pairs[0]
    name, subject = title_of(first.other), f"{title_of(first.other)} ({first.other.id})"
    for move in layout.moves:
        setattr(move.row, move.column, move.to)
    db.session.flush()
    for pair in reversed(layout.pairs):
        records.remove(pair.other)  # what it had for itself, such as a number, is free then
    for pair, data in zip(layout.pairs, values, strict=True):
        records.change(pair.kept, data)
    wrong = [
        (row, violation)
        for row, known in zip(concerned, before, strict=True)
        for violation in records.problems(type(row), {}, row)
        if violation not in known
    ]
    if wrong:
        raise CannotMerge(wrong)
    kept = first.kept
    told = {kept.__title__: [subject, f"{title_of(kept)} ({kept.id})"]}
    audit.write("merge", kept.__tablename__, name, kept.id, kept.community_id, told)


def _not_permitted(layout: Layout) -> Iterator[tuple[Any, Violation]]:
    for pair in layout.pairs:
        register = pair.kept.__tablename__
        if register in registers.REGISTERS and not permitted(register, Right.EDIT | Right.DELETE):
            yield pair.kept, Violation("", N_("Both stand on this register, which you may not change."))
