"""What a notice can be made from: any register with fields that may be posted, figures, or plain text.

A capability offers figures with :func:`figures`; registers offer themselves by their declared fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table
from sqlalchemy.sql import visitors

from app.disclosure import rules
from app.disclosure.rules import PrintColumn
from app.kernel import questions, registers
from app.kernel.db import db, today
from app.kernel.fields import Declared, Label, fields_of
from app.kernel.listing import Listing, Question
from app.kernel.present import full_text
from app.kernel.values import Invalid, read_date

TEXT = "text"
"""The source of a notice that is written by hand, with or without a table typed into it."""

KEY = "#"
"""What stands before the name of a column whose stored value is meant, not its text."""

TERM = ("from", "to")
"""What the arguments end in that say the first and the last day of something."""


class Term(NamedTuple):
    """The days that a notice tells of, both included."""

    first: date
    last: date


Arguments = Mapping[str, str]
"""What a source was asked: the arguments of a list, or the first and last day of figures."""


@dataclass(frozen=True)
class Source:
    """Where the rows of a notice come from; this one, plain text, has none.

    ``subject`` is the row in the table of permissions that guards it. ``columns`` are all that may be posted.
    """

    name: str
    label: Label
    subject: str
    columns: tuple[PrintColumn, ...] = ()

    @property
    def ends(self) -> tuple[str, ...]:
        """The arguments that say the first and the last day of what is told; none where rows belong to no day."""
        return ()

    def over(self, term: Term) -> dict[str, str]:
        """What to ask for ``term`` alone."""
        return dict(zip(self.ends, (day.isoformat() for day in term), strict=False))

    def told(self, asked: Arguments) -> Term | None:
        """The term that the rows ``asked`` for are about, if it has a beginning and an end."""
        try:
            return Term(*(read_date(asked[name]) for name in self.ends)) if self.ends else None
        except (KeyError, Invalid):
            return None

    def in_words(self, asked: Arguments) -> str:
        """Which rows are ``asked`` for, and how many; nothing where there are none."""
        return ""

    def settled(self, asked: Arguments) -> dict[str, str]:
        """What of ``asked`` the source understands, so that it asks the same on any day."""
        return {}

    def rows(self, asked: Arguments, columns: Iterable[str], limit: int) -> list[dict[str, str]]:
        """What the records say now, as full text by column name.

        Raises werkzeug's ``BadRequest`` for arguments the source does not understand.
        """
        return []

    def note(self, asked: Arguments, columns: Iterable[str]) -> str:
        """What is to be said below the rows, such as what they come to."""
        return ""

    def reads(self, asked: Arguments, columns: Iterable[str]) -> frozenset[str]:
        """The tables whose rows decide on the answer."""
        return frozenset()


@dataclass(frozen=True)
class RegisterSource(Source):
    """The rows of a register under the filters and in the order of its list."""

    view: Any = None

    @property
    def ends(self) -> tuple[str, ...]:
        dated = getattr(self.view.model, "__dated__", "")
        return tuple(f"{dated}.{end}" for end in TERM) if dated else ()

    def in_words(self, asked: Arguments) -> str:
        question = self.view.asked(asked)
        count = Listing(self.view.model).count(question)
        return f"{questions.in_words(self.view.model, question)} · {_('Total: %(count)s', count=count)}"

    def settled(self, asked: Arguments) -> dict[str, str]:
        names = [declared.name for declared in self.view.filters()]
        known = {"q", "order", "desc", *names, *(f"{name}.{end}" for name in names for end in TERM)}
        return {name: given for name, given in asked.items() if name in known}

    def rows(
        self, asked: Arguments, columns: Iterable[str], limit: int, keys: Iterable[str] = ()
    ) -> list[dict[str, str]]:
        """The same; what the columns ``keys`` hold as stored comes along as their name with :data:`KEY` before it."""
        model, fields = self.view.model, self._fields(columns)
        question = replace(self.view.asked(asked), page=1)  # a notice is made of all rows, not of the page one was on
        stored = {KEY + name: getattr(model, name) for name in keys}
        statement = Listing(model).statement([declared.name for declared in fields], question)
        statement = statement.add_columns(*(column.label(name) for name, column in stored.items())).limit(limit)
        with force_locale("zh"):
            return [
                {d.name: full_text(d, row[d.name]) for d in fields} | {name: str(row[name] or "") for name in stored}
                for row in db.session.execute(statement).mappings()
            ]

    def note(self, asked: Arguments, columns: Iterable[str]) -> str:
        tell = _NOTES.get(self.name)
        return tell(self.view.asked(asked), frozenset(columns)) if tell else ""

    def reads(self, asked: Arguments, columns: Iterable[str]) -> frozenset[str]:
        names = [declared.name for declared in self._fields(columns)]
        statement = Listing(self.view.model).statement(names, self.view.asked(asked))
        return frozenset(part.name for part in visitors.iterate(statement) if isinstance(part, Table))

    def _fields(self, columns: Iterable[str]) -> list[Declared]:
        wanted = set(columns)
        return [declared for declared in printable(self.view.model) if declared.name in wanted]


Note = Callable[[Question, frozenset[str]], str]

_NOTES: dict[str, Note] = {}


def noted(register: str) -> Callable[[Note], Note]:
    """Say something below the rows of ``register``: the decorated function is told which rows and which columns."""

    def offer(tell: Note) -> Note:
        _NOTES[register] = tell
        return tell

    return offer


FiguresRows = Iterable[Mapping[str, str]]


@dataclass(frozen=True)
class FiguresSource(Source):
    """A table worked out over a term from the rows of the register ``subject``."""

    compute: Callable[[Term], FiguresRows] = lambda _term: ()

    @property
    def ends(self) -> tuple[str, ...]:
        return TERM

    def told(self, asked: Arguments) -> Term:
        return super().told(asked) or Term(today().replace(month=1, day=1), today())

    def in_words(self, asked: Arguments) -> str:
        first, last = self.told(asked)
        return str(_("%(first)s to %(last)s", first=first, last=last))

    def settled(self, asked: Arguments) -> dict[str, str]:
        return self.over(self.told(asked))

    def rows(self, asked: Arguments, columns: Iterable[str], limit: int) -> list[dict[str, str]]:
        return [dict(row) for row in self.compute(self.told(asked))]

    def reads(self, asked: Arguments, columns: Iterable[str]) -> frozenset[str]:
        return frozenset({self.subject, "code"})


_FIGURES: dict[str, FiguresSource] = {}


def figures(
    name: str, label: Label, subject: str, *columns: PrintColumn
) -> Callable[[Callable[[Term], FiguresRows]], Callable[[Term], FiguresRows]]:
    """Offer figures for notices under ``name``: the decorated function gives their rows, as text by column name."""

    def offer(compute: Callable[[Term], FiguresRows]) -> Callable[[Term], FiguresRows]:
        _FIGURES[name] = FiguresSource(name, label, subject, columns, compute)
        return compute

    return offer


def posted_rows(register: str, asked: Arguments, limit: int = 500) -> list[dict[str, str]]:
    """The rows of a register as they may hang on a wall: only fields that may be posted, each under its mask.

    With them come, as their name with :data:`KEY` before it, the id, the community's, and those its links lead to:
    they are not for print, but say which rows belong together where two are called the same.
    """
    source = find(register)
    if not isinstance(source, RegisterSource):
        return []
    masks = {column.name: column.mask for column in source.columns}
    links = [d.name for d in printable(source.view.model) if d.kind == "link" and d.lender is None]
    rows = source.rows(asked, masks, limit, ("id", "community_id", *links))
    return [row | {name: rules.masked(mask, row[name]) for name, mask in masks.items()} for row in rows]


def printable(model: Any) -> list[Declared]:
    """The fields of ``model`` that may stand in a public notice."""
    return [declared for declared in fields_of(model).values() if declared.field.notice]


def chinese(label: Any) -> str:
    """A label as a notice prints it: notices are Chinese whatever language the page is in."""
    with force_locale("zh"):
        return str(label)


def _columns(model: Any) -> tuple[PrintColumn, ...]:
    return tuple(
        PrintColumn(
            declared.name,
            chinese(declared.field.label),
            figures=declared.kind in {"integer", "decimal"},
            wide=declared.kind == "long",
            mask=declared.field.notice_mask,
        )
        for declared in printable(model)
    )


def find(name: str) -> Source | None:
    """The source of that name, or None."""
    if name == TEXT:
        return Source(TEXT, labels()[TEXT], "notice")
    if name in _FIGURES:
        return _FIGURES[name]
    view = registers.REGISTERS.get(name)
    if view is None or not printable(view.model):
        return None
    return RegisterSource(name, view.label, name, _columns(view.model), view)


def labels() -> dict[str, Label]:
    """What each source is called, by name."""
    offered = {name: view.model.__label__ for name, view in registers.REGISTERS.items() if printable(view.model)}
    return {TEXT: _l("Plain text"), **{source.name: source.label for source in _FIGURES.values()}, **offered}
