"""What is looked at before the portal starts: a register that is declared incompletely is named, not served."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from babel.support import Translations
from flask import Flask

from app.kernel.codes import LISTS
from app.kernel.fields import fields_of
from app.kernel.registers import REGISTERS


class StartupError(RuntimeError):
    """The numbered findings that keep the portal from starting."""


def check(app: Flask, subjects: Set[str], closed: Set[str]) -> None:
    """Raise :class:`StartupError` unless every register and every route is declared completely.

    ``subjects`` have a row in the table of permissions; ``closed`` are routes nobody may call.
    """
    found = [*_routes(app, closed), *(finding for view in REGISTERS.values() for finding in _register(view, subjects))]
    catalogue = translations(app)
    if catalogue:
        found += [finding for view in REGISTERS.values() for finding in _words(view, catalogue)]
    if found:
        raise StartupError("\n".join(found))


def translations(app: Flask) -> Any:
    """The Chinese catalogue, or None before it has been compiled."""
    folder = app.config["BABEL_TRANSLATION_DIRECTORIES"].split(";")[-1]
    catalogue = Translations.load(folder, ["zh"])
    return catalogue if isinstance(catalogue, Translations) else None


def _routes(app: Flask, closed: Set[str]) -> Iterator[str]:
    doors = app.extensions["doors"]
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in doors and rule.endpoint not in closed:
            yield f"R1 {rule.endpoint}: the route says nothing of who may call it (@needs)"


def _register(view: Any, subjects: Set[str]) -> Iterator[str]:
    name, model = view.name, view.model
    if name not in subjects:
        yield f"R2 {name}: no row in the table of permissions (app/roles.py)"
    if not getattr(model, "__label__", None):
        yield f"R3 {name}: the model has no __label__"
    known = fields_of(model)
    if getattr(model, "__title__", None) not in known:
        yield f"R4 {name}: __title__ names no declared field"
    order = getattr(model, "__order__", "").removeprefix("-")
    if order and order not in known and not hasattr(model, order):
        yield f"R5 {name}: __order__ names no field"
    dated = getattr(model, "__dated__", "")
    if dated and (dated not in known or known[dated].kind != "date" or not known[dated].field.filter):
        yield f"R12 {name}: __dated__ names no day the list is filtered by"
    if not any(declared.field.in_list for declared in known.values()):
        yield f"R6 {name}: no field is in the list"
    for column in model.__table__.columns:
        nameless = column.key not in known and column.default is None and not column.nullable
        if nameless and not column.primary_key:
            yield f"R7 {name}.{column.key}: a required column is not declared as a field"
    for declared in known.values():
        if not declared.field.label:
            yield f"R8 {name}.{declared.name}: no label"
        if declared.field.code and declared.field.code not in LISTS:
            yield f"R11 {name}.{declared.name}: no code list “{declared.field.code}” (app/kernel/codes.py)"
        if declared.kind == "link" and not hasattr(declared.model, declared.relation) and declared.field.in_form:
            yield f"R9 {name}.{declared.name}: a link has a relationship named {declared.relation}"


def _words(view: Any, catalogue: Any) -> Iterator[str]:
    labels = [view.model.__label__, *(declared.field.label for declared in fields_of(view.model).values())]
    for label in labels:
        message = label._args[0] if hasattr(label, "_args") else str(label)
        if catalogue.gettext(message) == message:
            yield f"R10 {view.name}: “{message}” has no Chinese translation"
