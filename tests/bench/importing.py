"""Sheets in: 50,000 volunteers from .xlsx, beside the least that has to be done and beside the usual way."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

from flask_login import login_user
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from xlsxwriter import Workbook

from app.community.models import Person
from app.exchange import imports
from app.kernel import records
from app.kernel.db import db, transaction
from app.volunteers.models import Volunteer, VolunteerTeam
from tests.rows import an_id_number
from tests.world import World

ROWS = 50_000
HEADINGS = ("姓名", "性别", "身份证号", "联系电话", "楼栋", "所在队伍", "特长", "注册日期")
SLOW_ROWS = 2_000
"""The usual way is measured on fewer rows, as it takes the same time for each."""


def a_roster(rows: int) -> bytes:
    """Fictitious volunteers as an office keeps them."""
    file = BytesIO()
    book = Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    for line, cells in enumerate((HEADINGS, *_cells(rows))):
        sheet.write_row(line, 0, cells)
    book.close()
    return file.getvalue()


def _cells(rows: int) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        name = "赵钱孙李周吴郑王"[number % 8] + chr(0x4E00 + number // 8 % 5000) + chr(0x5000 + number % 3000)
        born = date(1940 + number % 60, 1 + number % 12, 1 + number % 28)
        yield (
            name,
            "女男"[number % 2],
            an_id_number(born, number // 600 * 2 % 1000 + number % 2, region=f"{110101 + number % 16}"),
            f"139{number:08}",
            f"{number % 60 + 1}号楼",
            f"第{number % 20}队",
            "消防安全",
            f"{born.year + 20}-03-05",
        )


def measured(world: World) -> dict[str, float]:
    """Seconds for the same rows: the bare limit, the portal's way, and the usual way scaled up to as many rows."""
    data = a_roster(ROWS)
    with world.work(), transaction():
        for number in range(20):
            records.add(VolunteerTeam, {"name": f"第{number}队", "kind": "1"})
    return {
        "bare": _timed(lambda: _bare(world, data)),
        "portal": _timed(lambda: _portal(world, data)),
        "usual": _timed(lambda: _usual(world, a_roster(SLOW_ROWS))) * ROWS / SLOW_ROWS,
    }


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _bare(world: World, data: bytes) -> None:
    """Read the cells, write two rows for each; nothing is checked, matched, sealed or told. Rolled back."""
    rows = CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()
    with world.work():
        connection = db.session.connection()
        first = (connection.scalar(select(func.max(Person.id))) or 0) + 1
        people = [
            (first + n, world.here.id, row[0], row[0], row[1], row[2], row[3], row[4], 1, "2026-01-01 00:00:00")
            for n, row in enumerate(rows[1:])
        ]
        hats = [
            (first + n, world.here.id, first + n, 1, row[6], row[7], 1, "2026-01-01 00:00:00")
            for n, row in enumerate(rows[1:])
        ]
        driver: Any = connection.connection.driver_connection
        person = "id, community_id, name, name_key, sex, id_number_sealed, phone, building, version, created_at"
        volunteer = "id, community_id, person_id, team_id, skill, registered_on, version, created_at"
        if connection.dialect.name == "sqlite":
            driver.execute("BEGIN")
            driver.executemany(f"INSERT INTO person ({person}) VALUES ({', '.join('?' * 10)})", people)
            driver.executemany(f"INSERT INTO volunteer ({volunteer}) VALUES ({', '.join('?' * 8)})", hats)
        else:
            for table, columns, lines in (("person", person, people), ("volunteer", volunteer, hats)):
                with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for line in lines:
                        copy.write_row(line)
        db.session.rollback()


def _portal(world: World, data: bytes) -> None:
    """Everything: read in a process of its own, understood, matched, judged, written, sealed, indexed, told."""
    with world.app.test_request_context():
        login_user(world.app.appbuilder.sm.load_user(_key(world)))  # type: ignore[attr-defined]
        upload = imports.receive("volunteer", data, "名册.xlsx")
        imports.take_over(upload, only_good=False, progress=lambda _done, _total: None)
        assert upload.counts == {"new": ROWS}, upload.counts
        db.session.remove()


def _key(world: World) -> str:
    with world.client("office_staff").session_transaction() as session:
        return str(session["_user_id"])


def _usual(world: World, data: bytes) -> None:
    """Cell by cell with openpyxl, row by row through the ORM; checked by nothing but the field readers. Rolled back."""
    sheet = load_workbook(BytesIO(data), read_only=True).active
    with world.work():
        for line, row in enumerate(sheet.iter_rows(values_only=True)):
            if line:
                person = Person(community_id=world.here.id, name=row[0], sex="1", phone=row[3], building=row[4])
                person.id_number = f"{row[2][:6]}X{line:011}"
                db.session.add(person)
                db.session.flush()
                db.session.add(Volunteer(community_id=world.here.id, person_id=person.id))
                db.session.flush()
        db.session.rollback()


def importing(folder: Path, make: Callable[[Path, str, int], World]) -> None:
    """Print the figures; ``make`` gives an empty portal."""
    found = measured(make(folder, "importing", 0))
    portal, bare, usual = found["portal"], found["bare"], found["usual"]
    print(f"\nimport of {ROWS:,} volunteers from .xlsx: portal {portal:.2f} s")
    print(f"bare limit {bare:.2f} s: the portal takes {portal / bare:.1f} x as long")
    print(f"openpyxl and ORM, row by row {usual:.1f} s: {usual / portal:.1f} x as long as the portal")
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
