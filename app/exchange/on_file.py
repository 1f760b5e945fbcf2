"""What is on file, as the rows of a sheet are recognised among it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import UniqueConstraint, select

from app.exchange.cells import Fits
from app.kernel import likeness
from app.kernel.db import db
from app.kernel.fields import fields_of
from app.kernel.listing import Listing, Question
from app.kernel.values import N_, Invalid, half_width


class Titles:
    """The rows of a register by what people call them."""

    def __init__(self, target: Any, only: Mapping[str, str]) -> None:
        statement = Listing(target).statement([target.__title__], Question(filters=only))
        self.of: dict[int, str] = {}
        self._keys: dict[str, list[int]] = defaultdict(list)
        for key, title in db.session.execute(statement):
            self.learn(key, str(title or ""))

    def learn(self, key: int, title: str) -> None:
        self.of[key] = title
        self._keys[half_width(title)].append(key)  # as cells are read; what was stored before may be wider

    def __contains__(self, title: str) -> bool:
        return half_width(title) in self._keys

    def key(self, title: str) -> int:
        """The one row of that name; raises :class:`Invalid` where there is none, or more than one."""
        keys = self._keys.get(half_width(title), ())
        if not keys:
            raise Invalid(N_("“%(text)s” is not on file."), text=title)
        if len(keys) > 1:
            raise Invalid(N_("There are several of the name “%(text)s”; please choose by hand."), text=title)
        return keys[0]


class _Index:
    """Rows by some of their facts, all of which have to be known."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._is_one = len(names) == 1
        # Of what there is but one in a community, no fact is needed to know it by.
        self._values: Callable[[Mapping[str, Any]], Any] = itemgetter(*names) if names else lambda _facts: ()
        self._rows: dict[Any, list[int]] = {}

    def add(self, key: int, facts: Mapping[str, Any]) -> None:
        values = self._values(facts)
        if values is not None if self._is_one else None not in values:
            self._rows.setdefault(values, []).append(key)

    def rows(self, facts: Mapping[str, Any]) -> Sequence[int]:
        return self._rows.get(self._values(facts), ())


class OnFile:
    """The rows of a model as they are recognised: by number, by what must be unique, by what tells people apart."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._title = model.__title__
        unique = list(_unique_names(model))
        names = dict.fromkeys((self._title, *(n for key in (*unique, *model.__same__) for n in key)))
        self._names = list(names)
        known = fields_of(model)
        self._lasting = [n for key in model.__same__ for n in key if known[n].sealed or known[n].kind == "date"]
        self._sealed = {name: known[name].sealed for name in names if known[name].sealed}
        self._facts: dict[int, dict[str, Any]] = {}
        indexes = {key: _Index(key) for key in dict.fromkeys((*unique, *model.__same__, (self._title,)))}
        self._indexes = list(indexes.values())
        self._unique = [indexes[key] for key in unique]
        self._same = [indexes[key] for key in model.__same__]
        self._named = indexes[self._title,]
        self.telling = likeness.telling(model)
        self._alike = _Index(self.telling) if self.telling else None
        self._indexes += [self._alike] if self._alike else []
        columns = [getattr(model, f"{n}_index" if n in self._sealed else n) for n in self._names]
        for key, *values in db.session.execute(select(model.id, *columns)):
            self.remember(key, dict(zip(self._names, values, strict=True)))

    def facts(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What of ``data`` tells a row from others; a secret by its keyed index."""
        found = {name: data.get(name) for name in self._names}
        for name, sealed in self._sealed.items():
            if sealed is not None and found[name] is not None:
                found[name] = sealed.index(found[name])
        return found

    def remember(self, key: int, facts: dict[str, Any]) -> None:
        """A row that was just judged or added is recognised in the rows below it."""
        self._facts[key] = facts
        for index in self._indexes:
            index.add(key, facts)

    def indexes(self, key: int) -> dict[str, Any]:
        """The keyed indexes of the secrets of a row that was remembered, by the names of their columns."""
        if not self._sealed:
            return {}
        facts = self._facts.get(key, {})
        return {f"{name}_index": facts.get(name) for name in self._sealed}

    def __contains__(self, key: int) -> bool:
        return key in self._facts

    def title(self, key: int) -> Any:
        return self._facts[key][self._title]

    def by_key(self, facts: Mapping[str, Any]) -> int | None:
        """The row that has the same unique values, if all of them are given."""
        for index in self._unique:
            if hits := index.rows(facts):
                return hits[0]
        return None

    def named(self, title: Any) -> Sequence[int]:
        """The rows of that title."""
        return self._named.rows({self._title: title})

    def who(self, facts: Mapping[str, Any], vague: Mapping[str, Fits] = MappingProxyType({})) -> tuple[list[int], bool]:
        """The rows this may be, and whether it is certain; nobody contradicts what is given of lasting facts.

        Of ``vague`` days not all is given, but which others fit.
        """
        sure = {**facts, **dict.fromkeys(vague)} if vague else facts
        for index in self._same:
            if hits := [key for key in index.rows(sure) if not self._contradicts(key, facts, vague)]:
                return hits, len(hits) == 1
        hits = [*self.named(facts[self._title]), *self._misspelt(sure)]
        return [key for key in hits if not self._contradicts(key, facts, vague)], False

    def _misspelt(self, facts: Mapping[str, Any]) -> list[int]:
        """The rows of which all else is told that tells namesakes apart, and whose name is one character off."""
        name = facts[self._title] or ""
        hits = self._alike.rows(facts) if self._alike else ()
        return [key for key in hits if likeness.differ_by_a_slip(name, self.title(key) or "")]

    def _contradicts(self, key: int, facts: Mapping[str, Any], vague: Mapping[str, Fits]) -> bool:
        own = self._facts[key]
        return any(
            facts[name] is not None
            and own[name] is not None
            and facts[name] != own[name]
            and not (name in vague and vague[name](facts[name], own[name]))
            for name in self._lasting
        )


def _unique_names(model: Any) -> Iterator[tuple[str, ...]]:
    """The fields of each unique constraint; the community is the one at work."""
    known = fields_of(model)
    for constraint in model.__table__.constraints:
        if isinstance(constraint, UniqueConstraint):
            names = [column.key.removesuffix("_index") for column in constraint.columns]
            if all(name in known for name in names):
                yield tuple(name for name in names if name != "community_id")
