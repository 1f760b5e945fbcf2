"""Sheets in: 50,000 volunteers from .xlsx, beside the least that has to be done and beside the usual way.

Two limits: the volunteers' own rows alone, and all the rows an import makes (those, their trail, their words for the
search box). Computing time is told, not the time on the wall; what a PostgreSQL server spends is not in it.
"""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask_appbuilder import Model
from flask_login import login_user
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import JSON, Connection, func, select
from sqlalchemy.orm import Session
from xlsxwriter import Workbook

from app.community.models import Person
from app.exchange import imports
from app.exchange.intake import Intake
from app.kernel import bulk, chain, entries, records
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


TABLES = {
    "person": "true",
    "volunteer": "true",
    "audit_entry": "register IN ('person', 'volunteer')",
    "search_entry": "substr(words, 1, 8) = '@person '",
}
"""What the import writes to, besides the index of words on SQLite; and which rows it has made, in an empty portal."""
PHASES: dict[str, list[tuple[Any, str]]] = {
    "the file read, twice": [(imports, "open_workbook")],
    "its table found": [(imports, "_tables")],
    "rows read, recognised, judged": [(Intake, "_judge")],
    "secrets sealed, names in pinyin": [(bulk.Inserter, "_columns")],
    "people, volunteers written": [(bulk, "insert_rows")],
    "words for the search box": [(entries.Indexer, "add")],
    "trail": [(bulk, "write_many"), (chain, "append")],
    "commit": [(Session, "commit")],
}


class Stopwatch:
    """Computing time, that of ended child processes included, by what it was spent on."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self._within = [0.0]

    def time(self, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """``work``, told of under the name of ``phase``; without what it spends in another phase."""

        @wraps(work)
        def timed(*args: Any, **named: Any) -> Any:
            start = _clock()
            self._within.append(0.0)
            try:
                return work(*args, **named)
            finally:
                taken = _clock() - start
                self.taken[phase] += taken - self._within.pop()
                self._within[-1] += taken

        return timed


def _clock() -> float:
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _timed(work: Callable[[], object]) -> float:
    """Seconds of computing; without the garbage collector, as a long import runs in a process without it."""
    gc.collect()
    gc.disable()
    start = _clock()
    work()
    taken = _clock() - start
    gc.enable()
    return taken


def a_portal_with_teams(make: Callable[[Path, str, int], World], folder: Path, name: str) -> World:
    world = make(folder, name, 0)
    with world.work(), transaction():
        for number in range(20):
            records.add(VolunteerTeam, {"name": f"第{number}队", "kind": "1"})
    return world


# --- the bare limits ----------------------------------------------------------------------------------------------


def _bare(world: World, data: bytes) -> None:
    """Read the cells, write two rows for each; nothing is checked, matched, sealed, told or indexed. Rolled back."""
    rows = _cells_of(data)
    with world.work():
        connection = db.session.connection()
        first = (connection.scalar(select(func.max(Person.id))) or 0) + 1
        people = [
            (first + n, world.here.id, row[0], row[0], row[1], row[2], row[3], row[4], 1, "2026-01-01 00:00:00")
            for n, row in enumerate(rows)
        ]
        hats = [
            (first + n, world.here.id, first + n, 1, row[6], row[7], 1, "2026-01-01 00:00:00")
            for n, row in enumerate(rows)
        ]
        person = "id, community_id, name, name_key, sex, id_number_sealed, phone, building, version, created_at"
        volunteer = "id, community_id, person_id, team_id, skill, registered_on, version, created_at"
        _put(connection, {f"person ({person})": people, f"volunteer ({volunteer})": hats})
        db.session.rollback()


def _cells_of(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(BytesIO(data)).get_sheet_by_index(0).to_python()[1:]


def _put(connection: Connection, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Write rows by table and columns, each value as the driver takes it."""
    driver: Any = connection.connection.driver_connection
    for into, lines in rows.items():
        if connection.dialect.name == "sqlite":
            if not driver.in_transaction:
                driver.execute("BEGIN")
            driver.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(lines[0]))})", lines)
        else:
            with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)


def _written(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that the portal has made of a sheet, by table and columns, as the driver gives them."""
    found = {}
    with world.work():
        connection = db.session.connection()
        for name in TABLES:
            table = Model.metadata.tables[name]
            columns = ", ".join(f"CAST({c.key} AS text)" if isinstance(c.type, JSON) else c.key for c in table.columns)
            made = connection.exec_driver_sql(f"SELECT {columns} FROM {name} WHERE {TABLES[name]} ORDER BY id")
            found[f"{name} ({', '.join(column.key for column in table.columns)})"] = [tuple(line) for line in made]
        if connection.dialect.name == "sqlite":
            words = connection.exec_driver_sql(f"SELECT id, words FROM search_entry WHERE {TABLES['search_entry']}")
            found["search_words (rowid, words)"] = [tuple(line) for line in words]
    return found


def _all_bare(world: World, data: bytes, written: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Read the cells, and write all the rows that the portal has made of them, ready as they are. Rolled back."""
    _cells_of(data)
    with world.work():
        _put(db.session.connection(), written)
        db.session.rollback()


# --- the ways -----------------------------------------------------------------------------------------------------


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
    data = a_roster(ROWS)
    world, empty = (a_portal_with_teams(make, folder, name) for name in ("importing", "bare"))
    bare, usual = _timed(lambda: _bare(world, data)), _timed(lambda: _usual(world, a_roster(SLOW_ROWS)))
    watch = Stopwatch()
    with pytest.MonkeyPatch.context() as patch:
        for phase, places in PHASES.items():
            for owner, name in places:
                patch.setattr(owner, name, watch.time(phase, getattr(owner, name)))
        portal = _timed(lambda: _portal(world, data))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    written = _written(world)
    all_bare = _timed(lambda: _all_bare(empty, data, written))
    usual *= ROWS / SLOW_ROWS
    print(f"\nimport of {ROWS:,} volunteers from .xlsx, seconds of computing: {portal:.2f}")
    for phase, taken in (*watch.taken.items(), ("everything else", portal - sum(watch.taken.values()))):
        print(f"  {phase:34}{taken:6.2f}")
    print(f"bare limit, only people and volunteers written: {bare:.2f}; the portal takes {portal / bare:.1f} x as long")
    print(f"bare limit, with their trail and index: {all_bare:.2f}; the portal takes {portal / all_bare:.1f} x as long")
    print(f"openpyxl and the portal's ORM, row by row: {usual:.1f}, {usual / portal:.1f} x as long as the portal")
    print(f"peak memory of this process {peak} MB")
