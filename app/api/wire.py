"""Values as the API sends and takes them: what a field's declaration means in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from flask_babel import to_user_timezone
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.fields import MAX_KEY, Declared
from app.kernel.listing import Listing, Row
from app.kernel.present import reads_in_full, text
from app.kernel.register import DAYS
from app.kernel.values import N_, Invalid, show

ISO_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DECIMAL = r"-?[0-9]{1,9}(\.[0-9]{1,2})?"
DIGITS = r"[1-9][0-9]{0,9}"
MOST_INTEGER = 10**9 - 1

# --- out ----------------------------------------------------------------------------------------------------------


def keys_behind(model: Any, fields: Iterable[Declared], ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    """For each of ``ids`` the stored codes and ids behind the labels and titles of ``fields``, by field name.

    Lists select what people read. One more statement, over the rows of a page, gets what programs need.
    """
    bare = {declared.name: _bare(declared) for declared in fields if declared.kind in {"code", "link"}}
    ids = list(ids)
    if not bare or not ids:
        return {key: {} for key in ids}
    found = Listing(model)
    columns = [found.expression(declared) for declared in bare.values()]
    statement = found.with_joins(select(model.id, *columns).where(model.id.in_(ids)))
    return {row[0]: dict(zip(bare, row[1:], strict=True)) for row in db.session.execute(statement)}


def _bare(declared: Declared) -> Declared:
    """The field as what is stored, not as what it means."""
    return replace(declared, kind="text", lender=_bare(declared.lender) if declared.lender else None)


def told(fields: Iterable[Declared], row: Row, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The ``fields`` of a selected row as JSON, masked as the pages mask them."""
    return {declared.name: _told(declared, row.values[declared.name], keys.get(declared.name)) for declared in fields}


def _told(declared: Declared, value: Any, key: Any) -> Any:
    stored = key if declared.kind in {"code", "link"} else value
    if stored is None:
        return None
    in_words, readable = text(declared, value), reads_in_full(declared)
    if declared.kind in {"code", "choice"}:
        return {"value": stored if readable else None, "label": in_words}
    if declared.kind == "link":
        return {"id": stored if readable else None, "title": in_words}
    if not readable:
        return in_words or None
    if declared.kind == "flag":
        return bool(value)
    if declared.kind == "integer":
        return int(value)
    if isinstance(value, datetime):
        return to_user_timezone(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else show(value)


# --- in -----------------------------------------------------------------------------------------------------------


def read_object(data: bytes) -> dict[str, Any]:
    """The one JSON object that ``data`` is. Raises :class:`Invalid`."""
    try:
        found = json.loads(
            data.decode(), object_pairs_hook=_without_repetition, parse_constant=_no_number, parse_float=Decimal
        )
    except UnicodeDecodeError:
        raise Invalid(N_("The text is not in UTF-8.")) from None
    except Invalid:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        raise Invalid(N_("This is not valid JSON.")) from None
    if not isinstance(found, dict):
        raise Invalid(N_("A JSON object is needed, such as {“name”: “…”}."))
    return found


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Invalid(N_("“%(name)s” is given twice."), name=name[:60])
        found[name] = value
    return found


def _no_number(_word: str) -> NoReturn:
    raise ValueError


def typed(declared: Declared, value: Any) -> str:
    """The JSON ``value`` as somebody would type it into the form; None is blank. Raises :class:`Invalid`."""
    if value is None and declared.kind != "flag":
        return ""
    kind, is_text = declared.kind, isinstance(value, str)
    if kind == "flag":
        if isinstance(value, bool):
            return "1" if value else "0"
        raise Invalid(N_("true or false is needed."))
    if kind in {"integer", "link"}:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_KEY:
            return str(value)
        raise Invalid(N_("A whole number is needed."))
    if kind == "decimal":
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and -MOST_INTEGER <= value <= MOST_INTEGER:
            value = format(Decimal(value), "f")
        if isinstance(value, str) and re.fullmatch(DECIMAL, value):
            return value
        raise Invalid(N_("A number with at most two decimals is needed, such as “1200.50”."))
    if not is_text:
        raise Invalid(N_("Text in quotation marks is needed."))
    if kind == "date" and value and not re.fullmatch(ISO_DAY, value):
        raise Invalid(N_("Please write the date like 2026-03-05."))
    if declared.length and len(value) > declared.length:
        raise Invalid(
            N_("At most %(length)s characters; there are %(given)s."), length=declared.length, given=len(value)
        )
    return str(value)


def check_argument(declared: Declared, wanted: str) -> None:
    """Lists are asked for in one spelling only. Raises :class:`Invalid`."""
    if declared.kind == "flag" and wanted not in {"0", "1"}:
        raise Invalid(N_("0 or 1 is needed."))
    if declared.kind in {"link", "integer"} and not re.fullmatch(DIGITS, wanted):
        raise Invalid(N_("A whole number is needed."))
    if declared.kind in DAYS and not re.fullmatch(ISO_DAY, wanted):
        raise Invalid(N_("Please write the date like 2026-03-05."))
    if len(wanted) > (most := declared.length or 60):
        raise Invalid(N_("At most %(length)s characters; there are %(given)s."), length=most, given=len(wanted))
