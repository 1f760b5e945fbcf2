"""What people type into the form of any register, in Chinese and from its declaration alone, and rows made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any, Literal

from sqlalchemy import func, select
from stdnum.cn import uscc

from app.boards.models import Posting
from app.disclosure import operations, sources
from app.disclosure.lifecycle import Step
from app.disclosure.models import NoticeStep
from app.disclosure.operations import About, Recipe
from app.disclosure.rules import Wording
from app.kernel import codes, values
from app.kernel.audit import AuditEntry
from app.kernel.db import db, today
from app.kernel.fields import Declared, fields_of
from app.kernel.registers import REGISTERS
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
        label = sources.chinese(declared.field.label)
    return "".join(letter for letter in label if "一" <= letter <= "鿿")


def _first_code(world: World, code_list: str) -> str:
    with world.app.app_context():
        return codes.choices({code_list}, today())[code_list][0][0]


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
    ("special_day", "on"): lambda _world, _at, number: (date(2027, 1, 1) + timedelta(days=number)).isoformat(),
}

CLERK = "周宁 (office_staff)"


def a_draft(
    world: World, at: Place, boards: tuple[int, ...] = (), paper: Literal["A4", "A3"] = "A4", **about: Any
) -> int:
    """A kept draft of a notice in plain text, meant for ``boards``; ``about`` says what it answers or corrects."""
    title = f"公示{han(next(_serial))}"
    recipe = Recipe({}, Wording(title, f"{at.name}居民委员会", opening="请监督。", paper=paper), boards)
    with world.work(at):
        sheet = operations.compose(_plain_text(), recipe)
        return operations.draft(sources.TEXT, at.id, sheet, recipe, CLERK, About(**about)).id


def an_issued_notice(world: World, at: Place, boards: tuple[int, ...] = (), **more: Any) -> int:
    """A notice issued today."""
    key = a_draft(world, at, boards, **more)
    with world.work(at):
        operations.approve(key, "刘芳 (branch_secretary)", today())
    return key


def a_posting(world: World, at: Place) -> int:
    """An issued notice that is to go up on a board."""
    board = a_full_row(world, "notice_board", at)
    return posting_of(world, an_issued_notice(world, at, (board,)), board, at)


def posting_of(world: World, notice: int, board: int, at: Place | None = None) -> int:
    """The posting of a notice on a board."""
    with world.work(at):
        found = select(Posting.id).where(Posting.notice_id == notice, Posting.board_id == board)
        return int(db.session.scalars(found).one())


def a_step(world: World, at: Place) -> int:
    """The first step of a notice on its way."""
    key = a_draft(world, at)
    with world.work(at):
        operations.take(Step.SUBMIT, key, CLERK)
        return int(db.session.scalars(select(NoticeStep.id).where(NoticeStep.notice_id == key)).one())


def _plain_text() -> sources.Source:
    found = sources.find(sources.TEXT)
    assert found is not None
    return found


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
    "notice_step": a_step,
    "posting": a_posting,
    "audit_entry": _an_entry,
    "code": _a_code,
    "community": lambda _world, at: at.id,
}
