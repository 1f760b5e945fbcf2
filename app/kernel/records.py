"""Records are added, changed and removed here, and nowhere else: forms, sheets and the command line all come by.

Values have been read (``Declared.read``) before they arrive; what they say together is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Select, UniqueConstraint, bindparam, func, inspect, select
from sqlalchemy.orm import joinedload

from app.kernel import codes, listing, registers, scope
from app.kernel.db import InCommunity, Scoped, db, today
from app.kernel.fields import MAX_KEY, Declared, fields_of, title_field, title_of
from app.kernel.scope import Scope, working_in
from app.kernel.tree import Tree
from app.kernel.values import N_, Violation

Data = Mapping[str, Any]
Check = Callable[[Data, Any], Iterable[Violation]]

_checks: dict[Any, list[Check]] = {}
_asking: set[Any] = set()
_C = TypeVar("_C", bound=Check)


def checks(model: Any, alone: bool = False) -> Callable[[_C], _C]:
    """Register a function that looks at the data of a ``model`` row as a whole.

    It gets the data (complete: what is not being changed is filled in from the record) and the record, or None for
    a new one, and yields violations; it gathers the facts and leaves the judgement to a pure rule. One that needs
    nothing but the data says that it looks at the row ``alone``: thousands of rows can then be checked at once.
    """

    def remember(check: _C) -> _C:
        _checks.setdefault(model, []).append(check)
        if not alone:
            _asking.add(model)
        return check

    return remember


def stands_alone(model: Any) -> bool:
    """Can a row of ``model`` be judged without asking the database about others, keys and links apart?"""
    return model not in _asking and not issubclass(model, Tree)


def check(model: Any, whole: Data, record: Any = None) -> Iterator[Violation]:
    """What the rules of ``model`` say of a complete row."""
    for judge in _checks.get(model, ()):
        yield from judge(whole, record)


_completions: dict[Any, Callable[[Data], Data]] = {}


def completes(model: Any) -> Callable[[Callable[[Data], Data]], Callable[[Data], Data]]:
    """Register a pure function that works out, from what was given for a ``model`` row, what was left blank."""

    def remember(complete: Callable[[Data], Data]) -> Callable[[Data], Data]:
        _completions[model] = complete
        return complete

    return remember


def completed(model: Any, data: Data) -> dict[str, Any]:
    """``data`` with what can be worked out filled in."""
    return {**data, **(_completions[model](data) if model in _completions else {})}


def problems(model: Any, data: Data, record: Any = None) -> list[Violation]:
    """Everything that is wrong with ``data`` for a new row, or for ``record``.

    What a record holds already was judged when it was written; what its fields say together is judged each time.
    """
    known = fields_of(model)
    news: Data = data if record is None else changes(record, data)
    found = [*_code_problems(known, news), *_link_problems(known, news, data, record)]
    if found:
        return found
    own = {name: getattr(record, name) for name in known if record is not None and known[name].lender is None}
    whole = completed(model, {**own, **data})
    found += _unique_problems(model, whole, record)
    found += check(model, whole, record)
    found += _lender_problems(known, news, record)
    return found


def changes(record: Any, data: Data) -> dict[str, Any]:
    """What of ``data`` the record does not hold yet."""
    known = fields_of(record.__class__)
    return {name: value for name, value in data.items() if stored(record, known[name]) != value}


def _lender_problems(known: Mapping[str, Declared], news: Data, record: Any) -> Iterable[Violation]:
    """What is typed anew into a borrowed field must suit the record it belongs to."""
    borrowed = [known[name] for name in news if known[name].lender is not None]
    for relation in {declared.relation for declared in borrowed}:
        lender = None if f"{relation}_id" in news else getattr(record, relation)
        names = {d.lender.name: d.name for d in borrowed if d.lender is not None and d.relation == relation}
        if lender is not None:
            given = {theirs: news[ours] for theirs, ours in names.items()}
            for violation in problems(lender.__class__, given, lender):
                yield replace(violation, field=names.get(violation.field, ""))


def _code_problems(known: Mapping[str, Declared], news: Data) -> Iterable[Violation]:
    coded = {
        name: str(known[name].field.code) for name in news if known[name].kind == "code" and news[name] is not None
    }
    allowed = codes.choices(set(coded.values()), today())
    for name, code in coded.items():
        if news[name] not in {value for value, _label in allowed[code]}:
            yield Violation(name, N_("Please choose one from the list."))
    for name in news:
        options = known[name].field.options
        if known[name].kind == "choice" and options and news[name] is not None and news[name] not in options():
            yield Violation(name, N_("Please choose one from the list."))


def _link_problems(known: Mapping[str, Declared], news: Data, data: Data, record: Any) -> Iterable[Violation]:
    for name in news:
        if known[name].kind != "link" or news[name] is None:
            continue
        only = {**known[name].field.only, **_neighbourhood(known[name].target, data, record)}
        if listing.title(known[name].target, news[name], only) is None:
            yield Violation(name, N_("Please choose one from the list."))


def _neighbourhood(target: Any, data: Data, record: Any) -> Data:
    """What a row links to lies in its own community, also for those who look after several."""
    own = data.get("community_id") or getattr(record, "community_id", None) or scope.current().community_id
    return {"community_id": own} if issubclass(target, Scoped) and own else {}


@cache
def _unique(model: Any) -> tuple[tuple[tuple[str, ...], Select[Any]], ...]:
    """For each rule of ``model`` that something is unique: its columns, and the statement for the row that has it."""
    rules = (rule for rule in model.__table__.constraints if isinstance(rule, UniqueConstraint))
    named = (tuple(str(column.key) for column in rule.columns) for rule in rules)
    return tuple(
        (names, select(model.id).where(*(getattr(model, name) == bindparam(name) for name in names))) for names in named
    )


def _unique_problems(model: Any, data: Data, record: Any) -> Iterable[Violation]:
    for names, statement in _unique(model):
        wanted = {name: _unique_value(model, name, data) for name in names}
        if any(value is None for value in wanted.values()):
            continue
        if record is not None and all(getattr(record, name) == value for name, value in wanted.items()):
            continue
        # What is unique everywhere is asked everywhere: only that it is taken is told.
        with working_in(scope.current() if "community_id" in names else Scope(everything=True)):
            taken = db.session.scalar(statement, wanted)
        if taken is not None and (record is None or taken != record.id):
            shown = next((name for name in reversed(names) if name != "community_id"), names[0]).removesuffix("_index")
            declared = fields_of(model)[shown]
            if declared.kind == "link":
                name = listing.title(declared.target, wanted[shown])
                yield Violation(
                    shown,
                    N_("“%(name)s” already stands on this register: the same is not entered twice."),
                    {"name": name},
                    (model, taken),
                )
            else:
                message, label = N_("There already is a record with the same %(field)s."), declared.field.label
                yield Violation(shown, message, {"field": label}, (model, taken))


def _unique_value(model: Any, name: str, data: Data) -> Any:
    if name == "community_id":
        return data.get(name) or scope.current().community_id
    declared = fields_of(model).get(name.removesuffix("_index"))
    value = data.get(declared.name) if declared else None
    return declared.sealed.index(value) if declared and declared.sealed and value is not None else value


def stored(record: Any, declared: Declared) -> Any:
    """The value a record holds for a field; a borrowed one is the lender's."""
    if declared.through and declared.lender:
        lender = getattr(record, declared.relation)
        return None if lender is None else stored(lender, declared.lender)
    return getattr(record, declared.name)


@cache
def lenders(model: Any) -> tuple[str, ...]:
    """The relations by which rows of ``model`` borrow fields."""
    return tuple(sorted({declared.relation for declared in fields_of(model).values() if declared.through}))


def with_lenders(model: Any, key: int) -> Any:
    """The row of ``model`` with that id together with those it borrows from, in one go; None if there is none.

    Of the other rows it points at it brings along what they are called.
    """
    return db.session.scalar(_with_lenders(model), {"wanted": key}) if 0 < key <= MAX_KEY else None


@cache
def _with_lenders(model: Any) -> Select[Any]:
    links = [declared for declared in fields_of(model).values() if declared.kind == "link" and declared.lender is None]
    along = [way for link in links if (way := _brought_along(link)) is not None]
    return select(model).where(model.id == bindparam("wanted")).options(*along)


def _brought_along(link: Declared) -> Any:
    """The option by which a statement brings along the row that ``link`` leads to, or what it is called."""
    if link.relation in lenders(link.model):
        return joinedload(getattr(link.model, link.relation))
    title = title_field(link.target)
    if title.kind == "link" or link.relation not in inspect(link.model).relationships:
        return None
    return joinedload(getattr(link.model, link.relation)).load_only(getattr(link.target, title.name))


def _write(record: Any, news: Data) -> set[str]:
    """Write what is the record's own, then what it borrows, unless it now borrows from another.

    The form then still shows what belonged to the one before. Gives the links that now lead elsewhere, by relation.
    """
    known = fields_of(record.__class__)
    moved = {known[name].relation for name in news if known[name].kind == "link" and known[name].lender is None}
    for name, value in news.items():
        declared = known[name]
        if declared.lender is None:
            setattr(record, name, value)
        elif declared.relation not in moved and (lender := getattr(record, declared.relation)) is not None:
            setattr(lender, declared.lender.name, value)
    return moved


def add(model: Any, data: Data) -> Any:
    """A new row of ``model``, in the community at work unless ``data`` names one. Commits nothing."""
    record = model()
    if isinstance(record, InCommunity) and model.__tablename__ != "community" and data.get("community_id") is None:
        record.community_id = scope.current().community_id
    _write(record, completed(model, data))
    db.session.add(record)
    db.session.flush()
    return record


def change(record: Any, data: Data) -> None:
    """Write ``data`` into ``record``. Commits nothing."""
    change_all([record], data)


def change_all(found: Iterable[Any], data: Data) -> None:
    """Write the same ``data`` into all of the records ``found``. Commits nothing."""
    moved = [(record, _write(record, changes(record, {**data, **_worked_out(record, data)}))) for record in found]
    db.session.flush()
    for record, relations in moved:
        if followed := [name for name in relations if name in inspect(type(record)).relationships]:
            db.session.expire(record, followed)


def _worked_out(record: Any, data: Data) -> dict[str, Any]:
    """What the completion fills in once ``data`` is written: what stands there already is not worked out again."""
    model = record.__class__
    if model not in _completions:
        return {}
    own = {name: getattr(record, name) for name, declared in fields_of(model).items() if declared.lender is None}
    given = {**own, **data}
    return {name: value for name, value in completed(model, given).items() if value != given[name]}


@dataclass(frozen=True)
class Use:
    """A register whose rows point at a record: how many, and what the first of them are called."""

    register: str
    label: Any
    count: int
    titles: tuple[str, ...]


def uses_of(record: Any, most: int = 5) -> list[Use]:
    """What would dangle if ``record`` went; its own parts go with it."""
    relations = inspect(type(record)).relationships
    parts = {relation.mapper.class_ for relation in relations if relation.cascade.delete_orphan}
    found = []
    for declared in registers.links_to(type(record)):
        if declared.model in parts:
            continue
        condition = getattr(declared.model, declared.name) == record.id
        total = db.session.scalar(select(func.count()).select_from(declared.model).where(condition))
        if total:
            rows = db.session.scalars(select(declared.model).where(condition).order_by(declared.model.id).limit(most))
            titles = tuple(title_of(row) for row in rows)
            found.append(Use(declared.model.__tablename__, declared.model.__label__, total, titles))
    return found


def remove(*found: Any) -> None:
    """Delete the records ``found``, at which nothing points any more. Commits nothing."""
    for record in found:
        db.session.delete(record)
    db.session.flush()
