"""A valid row of any register, made from its declared fields; what it links to is made with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import select, update

from app import portal
from app.community.models import Community, Person
from app.community.rules import building_key, name_key
from app.disclosure.models import Notice
from app.kernel import records
from app.kernel.codes import Code
from app.kernel.db import InCommunity, Record, db, insert_rows, now, today, transaction
from app.kernel.fields import Declared, fields_of
from app.kernel.scope import Scope, as_system
from app.kernel.values import Invalid
from app.printing import Snapshot
from tests.world import Place, World

assert portal.CAPABILITIES  # has loaded every model

MODELS: dict[str, Any] = {
    mapper.class_.__tablename__: mapper.class_
    for mapper in sorted(Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)
    if issubclass(mapper.class_, Record)
}
IN_COMMUNITY = [name for name, model in MODELS.items() if issubclass(model, InCommunity)]
LINKS = [
    (name, declared.name)
    for name in IN_COMMUNITY
    for declared in fields_of(MODELS[name]).values()
    if declared.kind == "link" and declared.lender is None and declared.target is not Community
]
"""Every (register, link) that points at a row of a community, the community itself excepted."""

_numbers = count()


def a_row(world: World, register: str, at: Place | None = None, **given: Any) -> int:
    """A valid row of ``register`` in the community ``at``, with all its links; returns its id."""
    at = at or world.here
    with world.work(at), transaction():
        return int(_add(MODELS[register], at, given).id)


def some_data(world: World, register: str, at: Place | None = None) -> dict[str, Any]:
    """What a valid row of ``register`` is made of; the rows it links to are made."""
    at = at or world.here
    with world.work(at), transaction():
        return _data(MODELS[register], at, {})


def _add(model: Any, at: Place, given: dict[str, Any]) -> Any:
    row = records.add(model, _data(model, at, given))
    if isinstance(row, Notice):
        sheet = Snapshot(layout="notice", title=row.title, issuer=row.issuer, draft=True)
        db.session.execute(update(Notice).where(Notice.id == row.id).values(snapshot=sheet.to_json()))
    return row


def _data(model: Any, at: Place, given: dict[str, Any]) -> dict[str, Any]:
    data = {d.name: given.get(d.name, d.default) for d in fields_of(model).values() if d.lender is None and _kept(d)}
    for declared in fields_of(model).values():
        if declared.name in data and data[declared.name] is None:
            data[declared.name] = _value(declared, at)
    found = records.problems(model, data)
    for violation in found:
        others = _choices(fields_of(model)[violation.field])
        while violation.field in {wrong.field for wrong in records.problems(model, data)}:
            data[violation.field] = next(others, None)
            assert data[violation.field] or not fields_of(model)[violation.field].required, violation
    assert not found or not (wrong := records.problems(model, data)), wrong
    return data


def _choices(declared: Declared) -> Iterator[str]:
    if declared.kind == "choice":
        yield from declared.field.options()
    yield from db.session.scalars(select(Code.value).where(Code.code_list == declared.field.code).order_by(Code.id))


def _kept(declared: Declared) -> bool:
    return declared.sealed is not None or hasattr(declared.origin, "columns")


def _value(declared: Declared, at: Place) -> Any:
    if declared.kind == "link":
        if declared.target is Community:
            return at.id
        if declared.target is declared.model or (declared.field.only and not declared.required):
            return None
        return _add(declared.target, at, dict(declared.field.only)).id
    if not declared.required:
        return None
    if declared.kind in {"code", "choice"}:
        return next(_choices(declared))
    return next(_readable(declared))


def _readable(declared: Declared) -> Iterator[Any]:
    """The first of some typed texts that the field reads, a new one each time."""
    letters = "".join("abcdefghij"[int(digit)] for digit in f"{next(_numbers):04d}")
    for typed in (f"sample{letters}", "50", today().isoformat(), "13812345678", a_credit_code(next(_numbers))):
        try:
            yield declared.read(typed)
        except Invalid:
            continue


def a_credit_code(number: int) -> str:
    """A unified social credit code whose check digit is right (GB 32100)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"91321200{number:09d}"
    total = sum(alphabet.index(digit) * pow(3, place, 31) for place, digit in enumerate(body))
    return body + alphabet[-total % 31]


def an_id_number(born: date, number: int, region: str = "110105") -> str:
    """A citizen identity number whose check digit is right (GB 11643)."""
    body = f"{region}{born:%Y%m%d}{number:03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def people_of_a_street(world: World, communities: int, each: int) -> Scope:
    """The scope of a street that has so many people in ``each`` of its communities; not all is known of all of them."""
    with world.app.app_context(), as_system("test"), transaction():
        names = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")[:communities]
        below = [{"name": f"{name}社区", "level": "3", "parent_id": world.east.id} for name in names]
        keys = [records.add(Community, data).id for data in below]
        rows = []
        for number in range(communities * each):
            name = "王李张刘陈"[number % 5] + "伟芳娜敏静强磊"[number % 7]
            building = f"{number % 13}号楼" if number % 4 else None
            status = "13" if number % 3 else None
            sex = "2" if number % 11 else "9"
            known = [name, name_key(name), sex, status, building, building and building_key(building)]
            rows.append([keys[number % communities], *known, 1, now()])
        columns = ["name", "name_key", "sex", "political_status", "building", "building_key"]
        connection = db.session.connection()
        insert_rows(connection, Person.__table__, ["community_id", *columns, "version", "created_at"], rows)
        path = db.session.get_one(Community, world.east.id).path
    return Scope(world.east.id, path, actor="test")
