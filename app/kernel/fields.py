"""The one declaration of a field, and what can be read off it.

A model declares each field once, with :func:`field`, :func:`link`, :func:`sealed`, :func:`borrowed` or
:func:`derived`. Lists, forms, search, masks, printed tables and sheets are all made from
:func:`fields_of` the model.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from dataclasses import fields as dataclass_fields
from enum import Enum
from functools import cache
from itertools import count
from typing import Any, Literal

from flask import current_app
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Text,
    event,
    inspect,
)
from sqlalchemy.orm import ColumnProperty, MappedColumn, Mapper, mapped_column

from app.kernel import values

Label = Any
"""A lazily translated text (``lazy_gettext``)."""

Kind = Literal["text", "long", "integer", "decimal", "date", "moment", "flag", "code", "choice", "link"]

MAX_KEY = 2**31 - 1
"""The largest id a row can have."""

_declared = count()


class Access(Enum):
    """Who reads a field in full: everybody on the page, holders of the right, or nobody without a reason."""

    OPEN = "open"
    PRIVATE = "private"
    SECRET = "secret"  # noqa: S105


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """What is said once about a field.

    :param label: what people call it; also its heading in a sheet.
    :param headings: other headings under which it arrives in sheets.
    :param parts: where sheets keep it in several columns, their headings by the unit that stands behind each number.
    :param parts_tell: the field told by which of these columns is filled in; the parts are then its values.
    :param help: a hint shown beside the form field.
    :param code: the code list its value comes from (``seeds/codes/<code>.csv``).
    :param options: the values to choose from and their labels, where code (not the office) decides them.
    :param only: what the rows a link may lead to have in common, as values by field name ({"kind": "4"}).
    :param read: turns typed text into the value, see :mod:`app.kernel.values`.
    :param in_list: shown in the register's list.
    :param in_record: shown on the record's page.
    :param in_form: can be typed; what the system writes itself is not.
    :param search: found by the search box.
    :param filter: offered as a filter above the list.
    :param access: who reads it in full, others see it through ``mask``.
    :param notice: may be printed in a public notice; ``notice_mask`` is then applied.
    :param hint: shown beside the label where people choose a row, to tell namesakes apart.
    :param sort: the column that orders the list in its place, filled from it by ``sort_key`` (a name's pinyin key).
    """

    label: Label
    headings: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = dataclass_field(default_factory=dict)
    parts_tell: str | None = None
    help: Label | None = None
    code: str | None = None
    options: Callable[[], Mapping[str, Label]] | None = None
    only: Mapping[str, str] = dataclass_field(default_factory=dict)
    read: values.Reader | None = None
    in_list: bool = False
    in_record: bool = True
    in_form: bool = True
    search: bool = False
    filter: bool = False
    access: Access = Access.OPEN
    mask: values.Mask = values.mask_all
    notice: bool = False
    notice_mask: values.Mask | None = None
    hint: bool = False
    sort: str | None = None
    sort_key: Callable[[str], str] | None = None
    serial: int = 0


_FIELD_OPTIONS = {option.name for option in dataclass_fields(Field)}


def _split(label: Label, options: dict[str, Any]) -> tuple[Field, dict[str, Any]]:
    own = {name: options.pop(name) for name in list(options) if name in _FIELD_OPTIONS}
    return Field(label=label, serial=next(_declared), **own), options


def field(label: Label, *column: Any, **options: Any) -> MappedColumn[Any]:
    """A column with its declaration; options not of :class:`Field` go to ``mapped_column``."""
    declared, rest = _split(label, options)
    if declared.code or declared.options:
        column = column or (String(30),)
    # The trail asks for the value before; without this an expired one would not be known.
    return mapped_column(*column, info={"field": declared}, active_history=True, **rest)


@event.listens_for(Mapper, "mapper_configured")
def _fill_sort_columns(mapper: Mapper[Any], model: Any) -> None:
    for attribute in mapper.column_attrs:
        declared: Field | None = attribute.columns[0].info.get("field")
        if declared is not None and declared.sort and declared.sort_key:
            event.listen(getattr(model, attribute.key), "set", _sort_column_filler(declared.sort, declared.sort_key))


def _sort_column_filler(column: str, key: Callable[[str], str]) -> Callable[..., None]:
    def fill(row: Any, value: str | None, _before: object, _event: object) -> None:
        setattr(row, column, None if value is None else key(value))

    return fill


def link(label: Label, target: str, **options: Any) -> MappedColumn[Any]:
    """A foreign key to ``target`` ("person.id"); what is in use cannot be deleted."""
    declared, rest = _split(label, options)
    return mapped_column(
        ForeignKey(target, ondelete="RESTRICT"),
        info={"field": declared},
        index=rest.pop("index", True),
        active_history=True,  # where a row pointed before is what the scope and the trail ask
        **rest,
    )


class Virtual:
    """A declared field that is not a column of its own."""

    field: Field
    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


class Derived(Virtual):
    """A value the database works out, such as the vacancies of a post; see :func:`derived`."""

    def __init__(self, declared: Field, kind: Kind, expression: Callable[[Any], ColumnElement[Any]]) -> None:
        self.field, self.kind, self.expression = declared, kind, expression


def derived(
    label: Label, expression: Callable[[Any], ColumnElement[Any]], kind: Kind = "text", **options: Any
) -> Derived:
    """A read-only field; ``expression`` gets the selected entity and returns a scalar SQL expression."""
    return Derived(_split(label, {"in_form": False, **options})[0], kind, expression)


class Borrowed(Virtual):
    """A field of the linked record shown as if it were one's own; see :func:`borrowed`."""

    def __init__(self, through: str, source: str, options: dict[str, Any]) -> None:
        self.through, self.source, self.options = through, source, options
        self.serial = next(_declared)


def borrowed(through: str, source: str, **options: Any) -> Borrowed:
    """The field ``source`` of the record linked by ``through``: its label, mask and rights come with it.

    It can be corrected on the form of the borrowing record, so a member's phone is not hunted for elsewhere.
    """
    return Borrowed(through, source, options)


class Sealed(Virtual):
    """A secret: stored encrypted and bound to its row, found by a keyed index; see :func:`sealed`."""

    def __init__(self, declared: Field, unique: bool) -> None:
        self.field, self.unique = declared, unique

    def __set_name__(self, owner: Any, name: str) -> None:
        super().__set_name__(owner, name)
        self.table = owner.__tablename__
        if "row_key" not in owner.__dict__:
            owner.row_key = mapped_column(String(32), nullable=True)
        setattr(owner, f"{name}_sealed", mapped_column(Text, nullable=True, active_history=True))
        index = mapped_column(String(64), nullable=True, index=not self.unique, active_history=True)
        setattr(owner, f"{name}_index", index)

    def place(self, row_key: str) -> str:
        return f"{self.table}.{self.name}:{row_key}"

    def index(self, value: str) -> str:
        return str(current_app.extensions["keyring"].index(value, f"{self.table}.{self.name}"))

    def seal(self, value: str, row_key: str) -> str:
        """``value`` encrypted for the row that has this key."""
        return str(current_app.extensions["keyring"].seal(value, self.place(row_key)))

    def stored(self, entity: Any) -> ColumnElement[Any]:
        """The stored secret with the row key it needs, as one column."""
        return entity.row_key + ":" + getattr(entity, f"{self.name}_sealed")  # type: ignore[no-any-return]

    def opened(self, stored: str | None) -> str | None:
        """The plain text of what :meth:`stored` selected."""
        if stored is None:
            return None
        row_key, sealed_text = stored.split(":", 1)
        return str(current_app.extensions["keyring"].open(sealed_text, self.place(row_key)))

    def __get__(self, row: Any, owner: type) -> Any:
        if row is None:
            return self
        sealed_text = getattr(row, f"{self.name}_sealed")
        return None if sealed_text is None else self.opened(f"{row.row_key}:{sealed_text}")

    def __set__(self, row: Any, value: str | None) -> None:
        if value is None:
            setattr(row, f"{self.name}_sealed", None)
            setattr(row, f"{self.name}_index", None)
            return
        if row.row_key is None:
            row.row_key = secrets.token_hex(16)
        setattr(row, f"{self.name}_sealed", self.seal(value, row.row_key))
        setattr(row, f"{self.name}_index", self.index(value))


def sealed(label: Label, unique: bool = False, **options: Any) -> Sealed:
    """A secret text field: encrypted at rest, searchable only by its exact value, shown masked.

    One that is ``unique`` in its community has a constraint of the model, which is searched too.
    """
    return Sealed(_split(label, {"access": Access.SECRET, **options})[0], unique)


# --- reading the declarations ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Declared:
    """A field as it stands on its model.

    ``origin`` is the attribute that carries it: a column, or one of the virtual fields. For a borrowed field
    ``lender`` is the declaration on the linked model and ``through`` the link that leads there.
    """

    model: Any
    name: str
    field: Field
    kind: Kind
    required: bool = False
    length: int | None = None
    ceiling: int | None = None
    target: Any = None
    origin: Any = None
    through: str | None = None
    lender: Declared | None = None

    @property
    def sealed(self) -> Sealed | None:
        origin = self.lender.origin if self.lender else self.origin
        return origin if isinstance(origin, Sealed) else None

    @property
    def relation(self) -> str:
        """The relationship to follow: ``person`` for the link ``person_id``, and for what is borrowed through it."""
        return (self.through or self.name).removesuffix("_id")

    @property
    def default(self) -> Any:
        """What a new form starts with, and what a blank cell of a sheet means."""
        column = self.origin.columns[0] if isinstance(self.origin, ColumnProperty) else None
        if column is None or column.default is None:
            return None
        return column.default.arg(None) if column.default.is_callable else column.default.arg

    def read(self, text: str) -> Any:
        """The value of typed ``text``; blank is None (False for a flag, "" for a text that begins as that).

        Raises :class:`values.Invalid`.
        """
        if not text.strip() and self.kind != "flag":
            if self.required:
                raise values.Invalid(values.N_("This field is required."))
            return "" if self.default == "" else None
        value = (self.field.read or _READERS[self.kind])(text)
        if self.length and isinstance(value, str) and len(value) > self.length:
            raise values.Invalid(
                values.N_("At most %(length)s characters; there are %(given)s."), length=self.length, given=len(value)
            )
        if self.ceiling and abs(value) >= self.ceiling:
            raise values.Invalid(values.N_("Must be smaller than %(ceiling)s."), ceiling=self.ceiling)
        return value


def _read_link(text: str) -> int:
    number = values.plain(text)
    if not number.isdecimal() or len(number) > 10 or int(number) > MAX_KEY:
        raise values.Invalid(values.N_("Please choose one from the list."))
    return int(number)


_READERS: dict[str, values.Reader] = {
    "text": values.read_line,
    "long": values.read_text,
    "integer": values.read_integer,
    "decimal": values.read_decimal,
    "date": values.read_date,
    "flag": values.read_flag,
    "code": values.read_line,
    "choice": values.read_line,
    "link": _read_link,
}

_KINDS: tuple[tuple[type, Kind], ...] = (
    (Boolean, "flag"),
    (DateTime, "moment"),
    (Date, "date"),
    (Integer, "integer"),
    (Numeric, "decimal"),
    (Text, "long"),
    (String, "text"),
)


def _column_kind(column: Any, declared: Field) -> Kind:
    if declared.code:
        return "code"
    if declared.options:
        return "choice"
    if column.foreign_keys:
        return "link"
    return next(kind for type_, kind in _KINDS if isinstance(column.type, type_))


@cache
def fields_of(model: Any) -> dict[str, Declared]:
    """All declared fields of ``model`` by name, in the order of their declaration."""
    mapper = inspect(model)
    found: list[Declared] = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        declared = column.info.get("field")
        if declared is None:
            continue
        kind = _column_kind(column, declared)
        found.append(
            Declared(
                model=model,
                name=attribute.key,
                field=declared,
                kind=kind,
                required=not column.nullable and kind != "flag" and getattr(column.default, "arg", None) != "",
                length=getattr(column.type, "length", None) if kind in {"text", "code", "choice"} else None,
                ceiling=10 ** (column.type.precision - column.type.scale) if kind == "decimal" else None,
                target=_target(mapper, column) if kind == "link" else None,
                origin=attribute,
            )
        )
    for name, origin in _virtual(model):
        if isinstance(origin, Derived):
            found.append(Declared(model=model, name=name, field=origin.field, kind=origin.kind, origin=origin))
        elif isinstance(origin, Sealed):
            found.append(Declared(model=model, name=name, field=origin.field, kind="text", length=100, origin=origin))
        elif isinstance(origin, Borrowed):
            found.append(_borrowed(model, mapper, name, origin))
    return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.field.serial)}


def _virtual(model: Any) -> list[tuple[str, Virtual]]:
    """The virtual fields of a model and of the classes it is made from."""
    parts = (part for part in model.__mro__ if part is not object)
    return [(name, origin) for part in parts for name, origin in vars(part).items() if isinstance(origin, Virtual)]


def _target(mapper: Any, column: Any) -> Any:
    table = next(iter(column.foreign_keys)).column.table
    return next(other.class_ for other in mapper.registry.mappers if other.local_table is table)


def _borrowed(model: Any, mapper: Any, name: str, origin: Borrowed) -> Declared:
    lender = fields_of(_target(mapper, mapper.columns[origin.through]))[origin.source]
    return replace(
        lender,
        model=model,
        name=name,
        field=replace(
            lender.field,
            **{"in_list": False, "search": False, "hint": False, "filter": False, "sort": None, **origin.options},
            serial=origin.serial,
        ),
        origin=origin,
        through=origin.through,
        lender=lender,
    )


def title_field(model: Any) -> Declared:
    """The field by which a row is called, named by the model's ``__title__``."""
    return fields_of(model)[model.__title__]


def title_of(row: Any) -> str:
    """What people call ``row``: 张明, 政策宣讲岗 …"""
    declared = title_field(type(row))
    if declared.kind == "link":
        related = getattr(row, declared.relation)
        return title_of(related) if related is not None else ""
    return values.show(getattr(row, declared.name))
