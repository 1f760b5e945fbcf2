"""The rows of a form: drawn by the macro of ``_fields.html`` once for all, and from then on only filled in.

What is kept depends on the declaration, the language and what one may add; of what people typed or read nothing is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup, escape

from app.kernel.access import Right, permitted
from app.kernel.fields import Declared
from app.kernel.values import TYPED

TEXT, TITLE = "\0text\0", "\0title\0"
"""Marks of where the text of a field and the name of what it leads to belong."""
CHOSEN = {"code", "choice", "flag"}
"""Kinds of fields of which there are only so many values that each is drawn once."""
BLANK_OR_FLAG = {"", "True", "False"}


@dataclass(frozen=True)
class Blank:
    """A field with nothing wrong with it and nothing to hide, as the macro draws it."""

    written: str
    shown_label: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    masked: str = ""

    def text(self) -> str:
        return self.written


def form_row(declared: Declared, field: Any) -> Markup:
    """The row of a ``field`` of a form: its label, input, what is wrong with it and what helps."""
    text, locale = field.text(), get_locale().language
    is_chosen = declared.kind in CHOSEN
    offered = BLANK_OR_FLAG | {value for value, _label in field.choices}
    if field.errors or field.masked or (is_chosen and text not in offered):
        return drawn_anew(declared, field)
    if is_chosen:
        return _draw_chosen(declared, locale, Blank(text, choices=tuple(field.choices)))
    may_add = declared.kind == "link" and permitted(declared.target.__tablename__, Right.ADD)
    parts = {TEXT: escape(text), TITLE: escape(field.shown_label or text.removeprefix(TYPED))}
    pieces = _around(declared, locale, may_add, bool(text))
    return Markup("".join([parts.get(piece, piece) for piece in pieces]))  # noqa: S704 (the parts have been escaped)


@lru_cache(maxsize=1_000)
def _draw_chosen(declared: Declared, _locale: str, field: Blank) -> Markup:
    return drawn_anew(declared, field)


@lru_cache(maxsize=2_000)
def _around(declared: Declared, _locale: str, _may_add: bool, is_filled: bool) -> list[str]:
    """The drawn row in pieces, some of which are the marks."""
    row = drawn_anew(declared, Blank(TEXT if is_filled else "", TITLE))
    return re.split(f"({TEXT}|{TITLE})", row)


def drawn_anew(declared: Declared, field: Any) -> Markup:
    """The row of a ``field`` as the macro draws it."""
    macros: Any = current_app.jinja_env.get_template("_fields.html").module
    drawn: Markup = macros.row(declared, field)
    return drawn
