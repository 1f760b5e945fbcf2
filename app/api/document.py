"""The OpenAPI document of the API, made from the declared fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import calls, wire
from app.api.calls import Door, arguments, open_doors
from app.api.gate import MESSAGES
from app.kernel import codes
from app.kernel.codes import Choices
from app.kernel.db import today
from app.kernel.fields import MAX_KEY, Access, Declared, fields_of
from app.kernel.forms import form_fields
from app.kernel.register import DAYS, MAX_PAGE, MAX_SEARCH, Register
from app.kernel.registers import REGISTERS

Schema = dict[str, Any]

NAMES: Mapping[str, Any] = {
    "list": _l("Read the list"),
    "show": _l("Read one record"),
    "add": _l("Add a record"),
    "change": _l("Change a record"),
    "remove": _l("Delete a record"),
}
ALWAYS = (400, 401, 403, 405, 409, 429)
"""What any call may be answered with; 409 while somebody else keeps the database busy."""
ERRORS: Mapping[str, tuple[int, ...]] = {
    "list": (),
    "show": (404,),
    "add": (413, 415, 422, 507),
    "change": (404, 413, 415, 422, 507),
    "remove": (404, 507),
}
ROW_ID = {"type": "integer", "minimum": 1, "maximum": MAX_KEY}


def document() -> Schema:
    """The whole document, in the language of the request; one query, for the code lists."""
    offered = offered_codes()
    paths: dict[str, Schema] = {}
    schemas: dict[str, Schema] = {"Errors": _errors()}
    for name, view in REGISTERS.items():
        doors = list(open_doors(view))
        if not doors:
            continue
        schemas[name] = record_schema(view)
        for door in doors:
            path = door.path(name, "{key}")
            paths.setdefault(path, {"parameters": [_key_parameter()]} if door.of_one else {})
            paths[path][door.method.lower()] = _operation(view, door, offered)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("API of the community office portal"),
            "version": "1",
            "description": _("Every call carries a key of an account and has exactly the rights of that account."),
        },
        "servers": [{"url": calls.ROOT}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": str(REGISTERS[name].label)} for name in schemas if name in REGISTERS],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {f"E{status}": _error_response(status) for status in MESSAGES},
        },
    }


def offered_codes() -> Choices:
    """The codes that can be chosen today, of every list."""
    return codes.choices(set(codes.LISTS), today())


def _operation(view: Register, door: Door, offered: Choices) -> Schema:
    own = {"$ref": f"#/components/schemas/{view.name}"}
    found: Schema = {
        "operationId": door.endpoint(view.name),
        "tags": [view.name],
        "summary": f"{view.label}：{NAMES[door.name]}",
        "responses": {
            **_success(door, own),
            **{
                str(status): {"$ref": f"#/components/responses/E{status}"}
                for status in sorted((*ALWAYS, *ERRORS[door.name]))
            },
        },
    }
    if door.name == "list":
        found["parameters"] = [*_parameters(view)]
    if door.name == "add":
        found["requestBody"] = _body(add_schema(view, offered))
    if door.name == "change":
        found["requestBody"] = _body(change_schema(view, offered))
    return found


def _success(door: Door, own: Schema) -> Schema:
    if door.name == "remove":
        return {"204": {"description": _("Deleted")}}
    if door.name == "add":
        location = {"Location": {"schema": {"type": "string"}}}
        return {"201": {"description": _("Added"), "headers": location, "content": _json(own)}}
    return {"200": {"description": "OK", "content": _json(_page(own) if door.name == "list" else own)}}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": _json(schema)}


def _page(own: Schema) -> Schema:
    total = _object(
        {"count": {"type": "integer"}, "kind": {"enum": ["exactly", "about", "more"]}}, required=["count", "kind"]
    )
    number = {"type": "integer", "minimum": 0}
    found = {"items": {"type": "array", "items": own}, "page": number, "pages": number, "total": total}
    return _object(found, required=[*found])


def _object(properties: Schema, required: Sequence[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": [*required]} if required else {}),
    }


def _errors() -> Schema:
    return {
        "type": "object",
        "required": ["errors"],
        "properties": {
            "errors": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": _("What is wrong, by field; under the empty name, with the call as a whole."),
            },
            "alike": {
                "type": "string",
                "description": _("Who is on file already; send it with the record if this is another person."),
            },
            "present": {"type": "object", "description": _("The record as it is now.")},
            "uses": {"type": "array", "items": {"type": "object"}, "description": _("What points at the record.")},
        },
        "additionalProperties": False,
    }


def _error_response(status: int) -> Schema:
    found: Schema = {
        "description": str(MESSAGES[status]),
        "content": _json({"$ref": "#/components/schemas/Errors"}),
    }
    if status == 429:
        found["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    return found


# --- fields -------------------------------------------------------------------------------------------------------


def record_schema(view: Register) -> Schema:
    """A record as it is sent; of one in a list, those fields that are columns."""
    known = [
        declared for declared in fields_of(view.model).values() if declared.field.in_record or declared.field.in_list
    ]
    properties = {declared.name: sent(declared) for declared in known}
    return _object({"id": ROW_ID, "version": {"type": "string"}, **properties}, required=["id"])


def sent(declared: Declared) -> Schema:
    """What is sent of a field; null if it is empty, a masked text to those who may not read it."""
    title = str(declared.field.label)
    if declared.kind in {"code", "choice"}:
        pair = {"value": {"type": ["string", "null"]}, "label": {"type": "string"}}
        return {"title": title, "anyOf": [_object(pair, required=[*pair]), {"type": "null"}]}
    if declared.kind == "link":
        pair = {"id": {"type": ["integer", "null"]}, "title": {"type": "string"}}
        return {"title": title, "anyOf": [_object(pair, required=[*pair]), {"type": "null"}]}
    kind = {"flag": "boolean", "integer": "integer"}.get(declared.kind, "string")
    found: Schema = {"title": title, "type": [kind, "null"]}
    if declared.field.access is not Access.OPEN:
        found["type"] = [*dict.fromkeys((kind, "string", "null"))]
        found["description"] = _("Masked for those who may not read it in full.")
    elif declared.kind in {"date", "moment"}:
        found["format"] = {"date": "date", "moment": "date-time"}[declared.kind]
    return found


def add_schema(view: Register, offered: Choices) -> Schema:
    """What a new record is made of; what is not given is as in the empty form."""
    fields = form_fields(view.model, adding=True, choose_community=True)
    required = [declared.name for declared in fields if declared.required and declared.default is None]
    required = [name for name in required if name != "community_id" or fields_of(view.model)[name].field.in_form]
    found = {declared.name: taken(declared, offered) for declared in fields}
    if view.model.__same__:
        found["alike"] = {
            "type": "string",
            "description": _("What was answered where somebody like this is on file, to say that it is another."),
        }
    return _object(found, required)


def change_schema(view: Register, offered: Choices) -> Schema:
    """What of a record is to be changed, and the version that was read."""
    fields = [
        declared for declared in fields_of(view.model).values() if declared.field.in_form and declared.kind != "moment"
    ]
    found: Schema = {"version": {"type": "string", "description": _("The version that was read.")}}
    return _object(found | {declared.name: taken(declared, offered) for declared in fields}, ["version"])


def taken(declared: Declared, offered: Choices) -> Schema:
    """What may be given for a field."""
    found: Schema = {"title": str(declared.field.label), **_taken_type(declared, offered)}
    if declared.field.help:
        found["description"] = str(declared.field.help)
    return found


def _taken_type(declared: Declared, offered: Choices) -> Schema:
    blank: list[Any] = [] if declared.required else [None]
    if declared.kind == "flag":
        return {"type": "boolean"}
    if declared.kind in {"code", "choice"}:
        values = (
            [value for value, _label in offered[declared.field.code]]
            if declared.field.code
            else [*declared.field.options()]
            if declared.field.options
            else []
        )
        return {"enum": [*values, *blank, *([""] if blank else [])]}
    if declared.kind in {"integer", "link"}:
        limits = ROW_ID if declared.kind == "link" else _limits(wire.MOST_INTEGER)
        return {**limits, "type": ["integer", "null"] if blank else "integer"}
    if declared.kind == "decimal":
        ways = [{"type": "string", "pattern": f"^{wire.DECIMAL}$"}, {**_limits(wire.MOST_INTEGER), "type": "number"}]
        return {"anyOf": [*ways, *([{"type": "null"}, {"const": ""}] if blank else [])]}
    found: Schema = {"type": ["string", "null"] if blank else "string"}
    if declared.kind == "date":
        return {**found, "pattern": f"^({wire.ISO_DAY})?$"} if blank else {**found, "pattern": f"^{wire.ISO_DAY}$"}
    if not blank:
        found["minLength"] = 1
    if declared.length:
        found["maxLength"] = declared.length
    return found


def _limits(most: int) -> Schema:
    return {"minimum": -most, "maximum": most}


# --- arguments ----------------------------------------------------------------------------------------------------


def _key_parameter() -> Schema:
    return {"name": "key", "in": "path", "required": True, "schema": ROW_ID}


def _parameters(view: Register) -> Iterator[Schema]:
    names = [*view.offered_columns()]
    common: Mapping[str, tuple[Any, Schema]] = {
        "q": (_("Search text"), {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH}),
        "order": (_("The field to order by"), {"enum": names}),
        "desc": (_("1: the other way round"), {"enum": ["0", "1"]}),
        "page": (_("Page, of 25 records each"), {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
        "columns": (
            _("The fields to read, separated by commas"),
            {"type": "array", "minItems": 1, "items": {"enum": names}},
        ),
    }
    for name, declared in arguments(view).items():
        if declared is None:
            apart = {"style": "form", "explode": False} if name == "columns" else {}
            yield _query(name, *common[name]) | apart
        else:
            yield _query(name, declared.field.label, _asked(declared))


def _query(name: str, told: Any, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": str(told), "schema": schema}


def _asked(declared: Declared) -> Schema:
    if declared.kind == "flag":
        return {"enum": ["0", "1"]}
    if declared.kind in {"link", "integer"}:
        return ROW_ID
    if declared.kind in DAYS:
        return {"type": "string", "pattern": f"^{wire.ISO_DAY}$"}
    return {"type": "string", "minLength": 1, "maxLength": declared.length or 60}
