"""What goes out as a sheet comes in again as it is on file: for every register, masked or in full, seen or whole."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import inspect, select

from app.exchange.sheets_in import takes_sheets
from app.kernel.db import db
from app.kernel.registers import REGISTERS
from tests.rows import IN_COMMUNITY, MODELS, a_row
from tests.web.page import one_database
from tests.web.test_access import REGISTER_GRANTS
from tests.web.test_import import BORN, ID, Desk
from tests.world import World

SECRETARYS = [name for name in IN_COMMUNITY if "S" in REGISTER_GRANTS[name][1] and name != "screen"]
ADMINISTRATORS = ["special_day"]
EVERYTHING = {"columns": "all", "in_full": "1", "reason": "核对名册时使用"}


def an_export(desk: Desk, **how: str) -> bytes:
    answer = desk.client.post(f"/exchange/export/{desk.register}", data={"form": "xlsx", **how})
    assert answer.mimetype.endswith("sheet"), answer.get_data(as_text=True)[:2000]
    return answer.data


def come_back(desk: Desk, data: bytes) -> dict[str, int]:
    """What the rows of an export come to when it is imported."""
    page = desk.choose(data, "导出.xlsx")
    desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())
    return desk.counts


def rows_of(world: World, register: str) -> list[dict[str, Any]]:
    with world.work():
        return [
            {a.key: getattr(row, a.key) for a in inspect(MODELS[register]).column_attrs}
            for row in db.session.scalars(select(MODELS[register]).order_by(MODELS[register].id))
        ]


@pytest.mark.parametrize("columns", ["list", "all"])
@pytest.mark.parametrize("register", SECRETARYS)
def test_an_export_comes_back_unchanged(world: World, register: str, columns: str) -> None:
    for _time in range(1 if register == "disclosure_setting" else 3):  # a community has one
        a_row(world, register)
    before = rows_of(world, register)
    desk = Desk(world, register, "branch_secretary")
    assert come_back(desk, an_export(desk, columns=columns)) == {"same": len(before)}
    assert rows_of(world, register) == before


@one_database
@pytest.mark.parametrize("register", ADMINISTRATORS)
def test_what_belongs_to_no_community_comes_back_unchanged_too(world: World, register: str) -> None:
    a_row(world, register)
    desk = Desk(world, register, "administrator")
    assert set(come_back(desk, an_export(desk, columns="all"))) == {"same"}


@one_database
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_people_in_full_come_back_unchanged(world: World, form: str) -> None:
    world.person("张明", id_number=ID, birth_on=BORN, phone="13812345678", sex="1")
    world.person("张明", phone="0523-86881234", building="=1+1")
    desk = Desk(world, "person", "branch_secretary")
    data = (
        an_export(desk, **EVERYTHING)
        if form == "xlsx"
        else desk.client.post("/exchange/export/person", data={"form": "csv", **EVERYTHING}).data
    )
    page = desk.choose(data, f"导出.{form}")
    desk.client.post(f"/import/columns/{desk.key}", data=page.filled_in())
    assert desk.counts == {"same": 2}


@one_database
def test_an_edited_export_changes_what_was_edited_even_the_name(world: World) -> None:
    key = world.person("张明", phone="13812345678")
    desk = Desk(world, "person", "branch_secretary")
    book = load_workbook(io.BytesIO(an_export(desk, columns="all")))
    sheet = book.active
    heads = [cell.value for cell in sheet[2]]
    sheet.cell(3, heads.index("楼栋") + 1).value = "8号楼"
    file = io.BytesIO()
    book.save(file)
    assert come_back(desk, file.getvalue()) == {"changed": 1}
    desk.save()
    assert world.get("person", key).building == "8号楼"
    assert world.get("person", key).phone == "13812345678"


@one_database
def test_every_register_one_may_add_to_takes_sheets_or_says_why_not(world: World) -> None:
    with world.app.test_request_context():
        closed = {name for name, view in REGISTERS.items() if not takes_sheets(view.model)}
    assert closed == {"account", "code", "screen"}
