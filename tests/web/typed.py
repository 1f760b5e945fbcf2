"""What people type into the form of any register, in Chinese and from its declaration alone, and rows made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import func, select
from stdnum.cn import uscc

from app.disclosure import operations
from app.kernel import codes, values
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.kernel.fields import Declared, fields_of
from app.kernel.registers import REGISTERS
from app.printing import Snapshot
from tests.world import Place, World

DAY = "2026-03-05"
BORN = "1956-03-05"
_serial = count(1)


def typed(world: World, register: str, at: Place | None = None, **given: str) -> dict[str, str]:
    """What somebody types into the empty form of ``register``: every field, with the required links made first."""
    at, number = at or world.here, next(_serial)
    found: dict[str, str] = {}
    for declared in fields_of(REGISTERS[register].model).values():
        if not declared.field.in_form or declared.lender or declared.name in given:
            continue
        if (register, declared.name) in _SPECIAL:
            found[declared.name] = _SPECIAL[register, declared.name](world, at, number)
        elif declared.kind == "link":
            found[declared.name] = _linked(world, declared, at)
        else:
            found[declared.name] = _text(world, declared, number)
    return {**found, **given}


def a_full_row(world: World, register: str, at: Place | None = None, **given: str) -> int:
    """A row of ``register`` of what people type, every field filled; returns its id."""
    at = at or world.here
    if register in _NOT_TYPED:
        return _NOT_TYPED[register](world, at)
    known = fields_of(REGISTERS[register].model)
    read = {name: known[name].read(text) for name, text in typed(world, register, at, **given).items()}
    return world.make(register, at, **read)


def _linked(world: World, declared: Declared, at: Place) -> str:
    """Required links are followed; of the others only those to people, who fit everywhere."""
    target = declared.target.__tablename__
    return str(a_full_row(world, target, at)) if declared.required or target == "person" else ""


def _text(world: World, declared: Declared, number: int) -> str:
    if declared.field.read is values.read_phone and declared.field.notice:
        return f"0523-8688{number % 10000:04d}"  # what is posted is a telephone of the office
    if declared.field.read in _READ:
        return _READ[declared.field.read](number)
    if declared.kind == "date":
        return DAY
    if declared.kind == "flag":
        return "1"
    if declared.kind in {"integer", "decimal"}:
        return str(declared.default or 40)
    if declared.kind == "choice" and declared.field.options:
        return str(next(iter(declared.field.options())))
    if declared.kind == "code":
        return str(declared.default or _first_code(world, str(declared.field.code)))
    text = f"{_chinese(world, declared)}{han(number)}"
    return text[: declared.length] if declared.length else text


def _chinese(world: World, declared: Declared) -> str:
    """The field's label in Chinese letters only, so that it passes as a name, too."""
    with world.app.app_context():
        label = operations.chinese(declared.field.label)
    return "".join(letter for letter in label if "一" <= letter <= "鿿")


def _first_code(world: World, code_list: str) -> str:
    with world.app.app_context():
        return codes.choices({code_list}, date.today())[code_list][0][0]


def han(number: int) -> str:
    """A number in Chinese digits: 一〇二."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))


def id_number(number: int, born: str = BORN, sex: int = 1, region: str = "110105") -> str:
    """A valid ID number (GB 11643) of somebody born on a day, of the ``sex`` 1 (male) or 2 (female)."""
    digits = f"{region}{born.replace('-', '')}{(number * 2 + (sex == 1)) % 1000:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def credit_code(number: int) -> str:
    """A valid unified social credit code (GB 32100)."""
    body = f"91321202{number:08d}M"
    return body + str(uscc.calc_check_digit(body))


def phone(number: int) -> str:
    return f"138{number % 10**8:08d}"


_READ: dict[Any, Callable[[int], str]] = {
    values.read_phone: phone,
    values.read_hours: lambda _number: "8:30-17:30",
    values.read_uscc: credit_code,
    values.read_id_number: id_number,
    values.read_name: lambda number: f"居民{han(number)}",
}

# What the declaration of a field does not say: the rules of a register, and what fits only there.
_SPECIAL: dict[tuple[str, str], Callable[[World, Place, int], str]] = {
    ("person", "sex"): lambda *_: "1",
    ("person", "birth_on"): lambda *_: BORN,
    ("party_organization", "kind"): lambda *_: "3",
    ("community", "parent_id"): lambda world, *_: str(world.district.id),
    ("community", "division_code"): lambda *_: "321202001",
    ("account", "username"): lambda _world, _at, number: f"user{number}",
    ("account", "community_id"): lambda _world, at, _number: str(at.id),
    ("plan_item", "done_on"): lambda *_: "",
    ("code", "code_list"): lambda *_: "skill",  # the lists of a national standard are closed
    ("code", "retired_on"): lambda *_: "",
}


def a_draft(world: World, at: Place) -> int:
    """A kept draft of a notice."""
    title = f"公示{han(next(_serial))}"
    sheet = Snapshot(layout="notice", title=title, issuer=f"{at.name}居民委员会", paragraphs=("请监督。",), draft=True)
    with world.work(at):
        return operations.draft(REGISTERS["service_post"].model, at.id, sheet, "周宁 (office_staff)").id


def _an_entry(world: World, at: Place) -> int:
    """What the trail tells of something done in ``at``."""
    world.person(at=at)
    with world.work(at):
        return int(db.session.scalar(select(func.max(AuditEntry.id))) or 0)


def _a_code(world: World, _at: Place) -> int:
    with world.app.app_context():
        return int(db.session.scalar(select(func.min(REGISTERS["code"].model.id))) or 0)


_NOT_TYPED: dict[str, Callable[[World, Place], int]] = {
    "notice": a_draft,
    "audit_entry": _an_entry,
    "code": _a_code,
    "community": lambda _world, at: at.id,
}
