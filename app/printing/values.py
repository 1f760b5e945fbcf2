"""What the sheets of every kind have in common: plain values, checked, with one canonical text."""

import hashlib
import json
import re
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

from .refusal import Phrase, PrintRefused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Paper = Literal["A4", "A3"]


def canonical(values: dict[str, Any]) -> str:
    """JSON with sorted keys, no spaces and characters as themselves: one text for equal values."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of a canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def malformed(detail: str) -> PrintRefused:
    """The refusal of values that cannot be a sheet."""
    return PrintRefused("malformed", detail=detail)


def within(limit: int, size: int, message: str, **params: object) -> None:
    """Refuse ("too_large") a ``size`` above ``limit``; ``message`` is the id of the phrase naming what is measured."""
    if size > limit:
        raise PrintRefused("too_large", what=Phrase(message, params), size=size, limit=limit)


def check_fields(sheet: "DataclassInstance", **choices: object) -> None:
    """Refuse ("malformed") a field that is not of its declared kind.

    Looks at texts, truth values, the date ``issued_on`` (ISO, or empty), and at the fields named in
    ``choices``, given as the ``Literal`` of what they may be.
    """
    for field in fields(sheet):
        name, value = field.name, getattr(sheet, field.name)
        if name in choices and value not in get_args(choices[name]):
            raise malformed(f"{name} {value!r}")
        if field.type is str and (wrong := fault(value)):
            raise malformed(f"{name} is {wrong}")
        if field.type is bool and not isinstance(value, bool):
            raise malformed(f"{name} is not true or false")
        if name == "issued_on" and value:
            _check_date(value)


def fault(text: object) -> str:
    """What keeps ``text`` from being text: "not text", "not valid text" (half a character), or nothing."""
    if not isinstance(text, str):
        return "not text"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not valid text"
    return ""


def _check_date(text: str) -> None:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            raise ValueError("not an ISO date")
        date.fromisoformat(text)
    except ValueError as error:
        raise malformed(f"issued_on {text!r}") from error
