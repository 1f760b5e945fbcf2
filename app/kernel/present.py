"""A stored value as the person at work may see it: labelled, dated, masked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import to_user_timezone

from app.kernel.access import Right, permitted
from app.kernel.fields import Access, Declared
from app.kernel.values import show


def reads_in_full(declared: Declared) -> bool:
    """May the person at work read this field without the mask?"""
    if declared.field.access is Access.PRIVATE:
        owner = (declared.lender or declared).model
        return permitted(owner.__tablename__, Right.PRIVATE)
    return declared.field.access is Access.OPEN


def full_text(declared: Declared, value: Any) -> str:
    """The text of a value as selected by :mod:`app.kernel.listing`, without any mask."""
    if value is None:
        return ""
    if declared.sealed:
        return declared.sealed.opened(value) or ""
    if declared.kind == "flag":
        return str(_("Yes") if value else _("No"))
    if declared.kind == "choice" and declared.field.options:
        return str(declared.field.options().get(value, value))
    if isinstance(value, datetime):
        return str(to_user_timezone(value).strftime("%Y-%m-%d %H:%M"))
    return show(value)


_WORDS = {"text", "long", "code", "link"}
"""Kinds of fields of which a listing selects the text itself."""


def reader(declared: Declared) -> Callable[[Any], str]:
    """What turns values of a field into what the person at work sees of them."""
    is_text = declared.kind in _WORDS and not declared.sealed
    whole = _words if is_text else partial(full_text, declared)
    if reads_in_full(declared):
        return whole
    return lambda value: declared.field.mask(shown) if (shown := whole(value)) else shown


def _words(value: Any) -> str:
    return value if isinstance(value, str) else show(value)


def text(declared: Declared, value: Any) -> str:
    """What the person at work sees of a value."""
    return reader(declared)(value)
