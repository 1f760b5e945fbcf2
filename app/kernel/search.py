"""What is found by the search boxes: the index of words (``entries.py``) is asked, and what it answers is read.

Links are followed when something is asked. Both databases answer ``search_words(<question>)`` with the ids of entries;
how it is asked differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from flask import g, has_request_context
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    TextClause,
    and_,
    bindparam,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import GenericFunction

from app.kernel import scope, terms
from app.kernel.codes import Code
from app.kernel.db import db, model_of
from app.kernel.entries import (
    ENDING,
    SearchEntry,
    ending_of,
    is_indexed,
    number_of,
    own_fields,
    record_id,
    secret_term,
)
from app.kernel.fields import MAX_KEY, Access, Declared, Derived, fields_of, title_field
from app.kernel.present import reads_in_full
from app.kernel.terms import Way, Word
from app.kernel.values import Invalid

HANDFUL = 200
"""Entries that are looked at together for all registers; where there are more, each register is asked for its first."""
FEW = 500
"""Entries that are looked up by their ids. Where there are more, rows are tested in the order they are listed in."""


@cache
def _links(model: Any) -> tuple[Declared, ...]:
    known = fields_of(model).values()
    return tuple(d for d in known if d.field.search and d.kind == "link" and d.lender is None)


@cache
def _derived(model: Any) -> tuple[Declared, ...]:
    known = fields_of(model).values()
    return tuple(d for d in known if d.field.search and (isinstance(d.origin, Derived) or d.kind == "code"))


# --- asking it ----------------------------------------------------------------------------------------------------


def is_sqlite() -> bool:
    """Is it SQLite that answers?"""
    return bool(db.engine.dialect.name == "sqlite")


def _term(term: str) -> str:
    quote, beginning = ('"', "*") if is_sqlite() else ("'", ":*")
    bare = term.removesuffix("*")
    return f"{quote}{bare}{quote}{beginning if bare != term else ''}"


def _all_of(parts: Iterable[str]) -> str:
    return (" AND " if is_sqlite() else " & ").join(parts)


def _any_of(parts: Iterable[str]) -> str:
    return f"({(' OR ' if is_sqlite() else ' | ').join(parts)})"


def _but(question: _Asked, term: str) -> _Asked:
    return question._replace(place=f"{question.place} {'NOT' if is_sqlite() else '& !'} {_term(term)}")


def _own_ways(model: Any, word: Word) -> Iterator[Way]:
    """The ways by which ``word`` finds rows of ``model``, besides those of every register, for the person at work."""
    private = (declared for declared in own_fields(model) if declared.field.access is Access.PRIVATE)
    if all(reads_in_full(declared) for declared in private):
        yield from (tuple(f"_{term}" for term in way) for way in word.private)
    for declared in own_fields(model):
        if declared.sealed:
            try:
                yield (secret_term(declared.sealed.index(declared.read(word.text))),)
            except Invalid:
                if len(word.text) == ENDING:
                    yield (secret_term(declared.sealed.index(ending_of(word.text.upper()))),)


def _ways(model: Any, words: Iterable[Word], by_ear: bool) -> list[tuple[Way, ...]]:
    """For each of ``words`` all the ways by which it finds rows of ``model``, for the person at work."""
    own = _own_ways if _keeps_back(model) else lambda _model, _word: ()
    return [(*(word.by_ear if by_ear else word.ways), *own(model, word)) for word in words]


@cache
def _keeps_back(model: Any) -> bool:
    """Are there fields that not everybody is to find by?"""
    return any(declared.field.access is not Access.OPEN for declared in own_fields(model))


def _asked(ways: Iterable[Way]) -> str:
    return _any_of(_all_of(map(_term, way)) for way in ways)


class _Asked(NamedTuple):
    """What the index is asked for rows of one register: which words they have, and where they are."""

    words: str
    place: str

    def __str__(self) -> str:
        return _all_of(self)


def _questions(
    models: Iterable[Any],
    words: Sequence[Word],
    by_ear: bool = False,
    title: Way = (),
    where: Sequence[str] | None = None,
) -> dict[Any, _Asked]:
    """What the index is asked for rows of each of ``models``; ``title`` are terms besides.

    ``where`` are the ends of the terms for the communities looked in, by default those in scope.
    """
    common = [_asked(word.by_ear if by_ear else word.ways) for word in words]
    where = _places() if where is None else where
    found = {}
    for model in models:
        asked = [_asked(ways) for ways in _ways(model, words, by_ear)] if _keeps_back(model) else common
        place = _any_of(_term(f"@{model.__tablename__}{at}") for at in where)
        found[model] = _Asked(_all_of((*map(_term, title), *asked)), place)
    return found


def _question(model: Any, words: Sequence[Word], by_ear: bool) -> _Asked:
    """What the index is asked for rows of ``model`` that are then read within the scope: of many communities naming
    each costs more than it spares."""
    anywhere = [""] if scope.current().path else None
    return _questions([model], words, by_ear, where=anywhere)[model]


def _places() -> list[str]:
    """How the terms for the communities in scope end; that of a register alone, for those who see all of them."""
    at_work = scope.current()
    if not at_work.everything and not at_work.path:
        return [f"_{at_work.community_id}"]
    if at_work.everything or scope.sees_all():
        return [""]
    kept: dict[str, list[str]] = g.setdefault("search_places", {}) if has_request_context() else {}
    if at_work.path not in kept:
        community = model_of("community")
        kept[at_work.path] = [f"_{key}" for key in db.session.scalars(select(community.id))]
    return kept[at_work.path] or ["_0"]  # no row is in community 0


def _entries(question: Any) -> Any:
    """The entries that answer a question of the index, as a table with the column ``rowid``."""
    return func.search_words(question).table_valued(column("rowid", BigInteger))


def _found(model: Any, words: Sequence[Word], by_ear: bool = False) -> list[Select[Any]]:
    """The ids of the rows of ``model`` that have all ``words``: in their own fields, or in those of their links.

    Each SELECT gives a part of them and uses an index of its own.
    """
    if not (_links(model) or _derived(model)):
        return _own(model, words, by_ear)
    if len(words) > 1:
        table = model.__table__.alias()
        return [select(table.c.id).where(*(table.c.id.in_(_union(_found(model, [word], by_ear))) for word in words))]
    parts = _own(model, words, by_ear)
    for link in _links(model):
        # Over the bare table: it is the rows found that are read within the scope, and a limit to many communities
        # at every step would keep SQLite from the index of the link.
        table = model.__table__.alias()
        for targets in _found(link.target, words, by_ear):
            parts.append(select(table.c.id).where(table.c[link.name].in_(targets)))
    for declared in _derived(model):
        entity = aliased(model)
        parts.append(select(entity.id).where(_says(declared, entity, words[0])))
    return parts


def _own(model: Any, words: Sequence[Word], by_ear: bool) -> list[Select[Any]]:
    if is_indexed(model):
        entries = _entries(str(_question(model, words, by_ear)))
        return [select(record_id(entries.c.rowid).label("id"))]
    entity, own = aliased(model), own_fields(model)
    return [select(entity.id).where(*(_reads(entity, own, word) for word in words))] if own else []


def _reads(entity: Any, own: Iterable[Declared], word: Word) -> ColumnElement[bool]:
    """Looks through the texts themselves, where there are no entries."""
    readable = [getattr(entity, declared.name) for declared in own if reads_in_full(declared)]
    return or_(false(), *(value.icontains(word.text, autoescape=True) for value in readable))


def _says(declared: Declared, entity: Any, word: Word) -> ColumnElement[bool]:
    if isinstance(declared.origin, Derived):
        return declared.origin.expression(entity).icontains(word.text, autoescape=True)
    meant = select(Code.value).where(
        Code.code_list == declared.field.code, Code.label.icontains(word.text, autoescape=True)
    )
    value: ColumnElement[Any] = getattr(entity, declared.name)
    return value.in_(meant)


def _union(parts: Sequence[Select[Any]]) -> Any:
    return union(*parts) if len(parts) > 1 else parts[0] if parts else select(literal_column("0"))


def condition(model: Any, question: str) -> ColumnElement[bool]:
    """Which rows of ``model`` a list asked for ``question`` shows; by ear those that would be found by nothing else.

    As one condition, for all rows at once. A page is found by :func:`look_up` and :func:`matching`, which say the same.
    """
    words = terms.words(question)
    if not words:
        return false()
    if not is_indexed(model) and not _links(model):
        parts = [_reads(model, own_fields(model), word) for word in words]
        return and_(*parts)
    identity: ColumnElement[int] = model.id
    found = identity.in_(_union(_found(model, words)))
    if any(word.by_ear != word.ways for word in words) and not _finds(model, question, found):
        return identity.in_(_union(_found(model, words, by_ear=True)))
    return found


def _finds(model: Any, question: str, found: ColumnElement[bool]) -> bool:
    """Does ``question`` find any row of ``model`` as it is written? Asked once for a page and its count."""
    asked: dict[Any, bool] = g.setdefault("search_finds", {}) if has_request_context() else {}
    if (model, question) not in asked:
        asked[model, question] = db.session.scalar(select(model.id).where(found).limit(1)) is not None
    return asked[model, question]


Matches = dict[Any, list[int]]
"""For each model the ids of the first rows found, best first, at most one more than asked for."""


def first(models: Sequence[Any], question: str, most: int, by_ear: bool = False) -> Matches:
    """The first rows of each of ``models`` whose own fields have the words of ``question``.

    Where there are more than ``most``, those called exactly so come first, then those whose title begins so.
    """
    words = terms.words(question)
    asked = [model for model in models if is_indexed(model)]
    if not words or not asked:
        return {}
    questions = _questions(asked, words, by_ear)
    is_short = len(words) == 1 and len(words[0].text) == 1  # which stands in far more than a handful
    few = None if is_short else _few(questions)
    found = few or dict(zip(asked, _first_of_each(questions.values(), most), strict=True))
    crowded = [] if by_ear else [model for model in asked if len(found.get(model, ())) > most]
    titles = (words[0].beginning, words[0].whole)
    called = [question for title in titles for question in _questions(crowded, words[1:], title=title).values()]
    for model, keys in zip(crowded * len(titles), _first_of_each(called, most), strict=True):
        found[model] = list(dict.fromkeys((*keys, *found[model])))
    return {model: keys[: most + 1] for model, keys in found.items() if keys}


def _few(questions: Mapping[Any, _Asked]) -> Matches | None:
    """All that answers any of ``questions``, by one look at the index, or None where there is more than a handful.

    What the index answers are numbers, and the rows they stand for are read within the scope.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for question in questions.values():
        places[question.words].append(question.place)
    together = _any_of(f"({_all_of((words, _any_of(where)))})" for words, where in places.items())
    statement = text(_asking("question", is_sqlite()))
    entries = db.session.connection().scalars(statement, {"question": together, "most": HANDFUL + 1}).all()
    if len(entries) > HANDFUL:
        return None
    models = {number_of(model.__tablename__): model for model in questions}
    found: Matches = {model: [] for model in questions}
    for entry_id in entries:
        found[models[entry_id >> 31]].append(entry_id & MAX_KEY)
    return found


def _first_of_each(questions: Iterable[_Asked], most: int) -> list[list[int]]:
    """For each of ``questions`` the ids of the first rows, at most one more than asked for."""
    asked = {f"question_{at}": str(question) for at, question in enumerate(questions)}
    found: list[list[int]] = [[] for _ in asked]
    if asked:
        statement = _asking_each(len(asked), is_sqlite())
        for at, entry_id in db.session.connection().execute(statement, {**asked, "most": most + 1}).all():
            found[at].append(entry_id & MAX_KEY)
    return found


@cache
def _asking_each(questions: int, is_sqlite: bool) -> TextClause:
    part = "SELECT {0} AS at, rowid FROM ({1}) AS found_{0}"
    asking = (_asking(f"question_{at}", is_sqlite) for at in range(questions))
    return text(" UNION ALL ".join(map(part.format, range(questions), asking)))


def _asking(question: str, is_sqlite: bool) -> str:
    """SQL for no more than ``most`` of the entries that answer the parameter ``question``."""
    call = f"search_words(:{question}) LIMIT :most" if is_sqlite else f"search_words(:{question}, :most)"
    return f"SELECT rowid FROM {call}"  # noqa: S608


def first_linked(models: Sequence[Any], question: str, most: int) -> Matches:
    """The first rows of each of ``models`` of which some words stand in one record they link to and some in another.

    Such as the singer 王芳 of the choir 合唱团, for 王 合唱.
    """
    words = terms.words(question)
    if len(words) < 2:
        return {}
    found: Matches = {}
    for model in models:
        if _links(model):
            statement = select(model.id).where(model.id.in_(_union(_found(model, words)))).limit(most + 1)
            if keys := list(db.session.scalars(statement)):
                found[model] = keys
    return found


# --- looking up, before any row is read ---------------------------------------------------------------------------


Forms = tuple[tuple[str, tuple[tuple[int, ...], ...] | None], ...]
"""The registers in which a part of a question was found; where that was in too many entries to name them, also by how
many terms each way of each word finds, since then the words themselves are looked at."""


@dataclass(frozen=True)
class Hits:
    """What the index answers a question that was put to a list, before any row is read.

    :param shape: of each part of the question what a statement for the rows depends on.
    :param values: the parameters of that statement.
    :param some_are_many: is a part found in more than :data:`FEW` entries?
    :param some_are_few: is a part found in no more?
    :param begins: what the sort keys of most rows begin with that the hits are about: they stand together.
    :param elsewhere: the few hits, for rows that do not stand there.
    """

    shape: tuple[Forms, ...]
    values: Mapping[str, Any]
    some_are_many: bool
    some_are_few: bool
    begins: str = ""
    elsewhere: Hits | None = None


@cache
def is_looked_up(model: Any) -> bool:
    """Does the index alone say what is found in the list of ``model``: in its own fields and in those of its links?"""
    itself = (is_indexed(model) or not own_fields(model)) and not _derived(model)
    return itself and bool(_within(model)) and all(is_looked_up(link.target) for link in _links(model))


@cache
def _ways_in(model: Any) -> tuple[Any, ...]:
    """The models in whose entries the words stand that the list of ``model`` is searched for, for each way to them."""
    linked = (each for link in _links(model) for each in _ways_in(link.target))
    return tuple(chain((model,) if is_indexed(model) else (), linked))


def _within(model: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(_ways_in(model)))


def look_up(model: Any, typed: str, by_ear: bool = False, order: str = "") -> Hits | None:
    """Ask the index for what was ``typed``; None where some part of it stands nowhere, so that no row has it.

    A part is a word, each of which may stand in another link; where there are no links, all words together. What is
    found is what :func:`condition` says; ``order`` is what the list is put in.
    """
    words = terms.words(typed)
    parts = [(word,) for word in words] if _links(model) else [words]
    asked = [(at, part, each) for at, part in enumerate(parts) for each in _within(model)]
    questions = [_question(each, part, by_ear) for _at, part, each in asked]
    shape: list[list[Any]] = [[] for _ in parts]
    values: dict[str, Any] = {}
    many = set()
    found = zip(asked, questions, _first_of_each(questions, FEW), strict=True)
    for (at, part, each), question, keys in found:
        if len(keys) > FEW:
            ways = _ways(each, part, by_ear)
            values[_named(each, at)] = str(question)
            values |= {_named(each, at, nth): _sought(term) for nth, term in enumerate(_each_term(ways))}
            shape[at].append((each.__tablename__, tuple(tuple(map(len, way)) for way in ways)))
            many.add(at)
        elif keys:
            values[_named(each, at)] = keys
            shape[at].append((each.__tablename__, None))
    if not all(shape):
        return None
    hits = Hits(tuple(map(tuple, shape)), values, bool(many), len(many) < len(parts))
    return _placed(hits, model, parts[0], by_ear, order) if 0 in many else hits


def _placed(hits: Hits, model: Any, words: Sequence[Word], by_ear: bool, order: str) -> Hits:
    """``hits``, with where they stand together in this ``order``: where the names do that begin as what was typed.

    All of one surname stand together, far down for most: they are not met by looking through the list.
    """
    name = _ordering_name(model, order)
    sort_key = name.field.sort_key if name else None
    begins = terms.place(words[0].text, sort_key) if sort_key else ""
    if not name or not begins or [table for table, _ways in hits.shape[0]] != [name.model.__tablename__]:
        return hits
    question = _question(name.model, words, by_ear)
    (keys,) = _first_of_each([_but(question, terms.at_place(begins))], FEW)
    if len(keys) > FEW:
        return hits
    few = (((name.model.__tablename__, None),), *hits.shape[1:])
    elsewhere = replace(hits, shape=few, values={**hits.values, _named(name.model, 0): keys})
    return replace(hits, begins=begins, elsewhere=elsewhere)


@cache
def _ordering_name(model: Any, order: str) -> Declared | None:
    """The name by which the list is ordered, if rows are found by that record in no other way."""
    ordered = fields_of(model).get(order or getattr(model, "__order__", ""))
    home = ordered.target if ordered in _links(model) else model if ordered is title_field(model) else None
    return title_field(home) if _ways_in(model).count(home) == 1 else None


def _named(model: Any, part: int, term: int | None = None) -> str:
    """What a parameter is called."""
    return f"{model.__tablename__}_{part}" if term is None else f"{model.__tablename__}_{part}_{term}"


def _each_term(ways: Iterable[Iterable[Way]]) -> Iterator[str]:
    return (term for of_word in ways for way in of_word for term in way)


def _sought(term: str) -> str:
    """What is looked for in the words of an entry, which have a blank before and behind each."""
    return f" {term.removesuffix('*')}" if term.endswith("*") else f" {term} "


def ears(question: str) -> Iterator[bool]:
    """Whether to look by ear: first not, then so, if that is any different."""
    words = terms.words(question)
    if words:
        yield False
    if any(word.by_ear != word.ways for word in words):
        yield True


def leading(model: Any) -> list[Any]:
    """The columns of ``model``, besides its id, by which :func:`matching` tells which rows are found."""
    return [getattr(model, link.name) for link in _links(model)]


def matching(
    model: Any, row: Callable[[str], Any], shape: Iterable[Forms], read_all: bool = False
) -> ColumnElement[bool]:
    """Is a row of ``model``, the columns of which ``row`` gives, one that hits of this shape are about?

    The values of the hits are parameters. Where there are many, each row is tested; to ``read_all`` the index names
    them.
    """
    parts = [_Part(at, dict(forms), read_all) for at, forms in enumerate(shape)]
    return and_(true(), *(or_(*part.of_row(model, row)) for part in parts))


class _Part(NamedTuple):
    """A part of a question, as conditions on rows."""

    at: int
    forms: Mapping[str, tuple[tuple[int, ...], ...] | None]
    reads_all: bool

    def of_row(self, model: Any, row: Callable[[str], Any]) -> list[ColumnElement[bool]]:
        """The conditions, any of which is enough, on a row of which ``row`` gives the columns."""
        found = self._of_entry(model, row("id"))
        for link in _links(model):
            found += self._of_linked(link.target, row(link.name))
        return found

    def _of_linked(self, model: Any, key: Any) -> list[ColumnElement[bool]]:
        if not _links(model):
            return self._of_entry(model, key)
        # The bare table: it is the rows found that are read within the scope.
        table = model.__table__.alias()
        found = self.of_row(model, table.c.__getitem__)
        if not found:
            return []
        if any(self.forms.values()) and not self.reads_all:
            return [exists(select(table.c.id).where(table.c.id == key, or_(*found)))]
        return [key.in_(select(table.c.id).where(or_(*found)))]

    def _of_entry(self, model: Any, key: Any) -> list[ColumnElement[bool]]:
        if model.__tablename__ not in self.forms:
            return []
        ways = self.forms[model.__tablename__]
        if ways is None:
            return [key.in_(bindparam(_named(model, self.at), expanding=True, literal_execute=True))]
        if self.reads_all:
            entries = _entries(bindparam(_named(model, self.at), type_=Text))
            return [key.in_(select(record_id(entries.c.rowid)))]
        entry = SearchEntry.__table__.alias()
        numbers = iter(range(sum(map(sum, ways))))
        has = [
            or_(*(and_(*(self._has(model, entry, next(numbers)) for _ in range(length))) for length in of_word))
            for of_word in ways
        ]
        number = literal_column(str(number_of(model.__tablename__) << 31), BigInteger)
        return [exists(select(entry.c.id).where(entry.c.id == number.op("|")(key), *has))]

    def _has(self, model: Any, entry: Any, term: int) -> ColumnElement[bool]:
        return instr(entry.c.words + " ", bindparam(_named(model, self.at, term), type_=Text)) > 0


class instr(GenericFunction[int]):  # noqa: N801 (as SQLite calls it)
    """Where a text stands in another, 0 if nowhere."""

    type = Integer()
    inherit_cache = True


@compiles(instr, "postgresql")
def _strpos(called: Any, compiler: Any, **how: Any) -> str:
    return f"strpos{compiler.process(called.clause_expr, **how)}"
