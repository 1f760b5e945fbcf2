"""The data set: 76 communities, 400 teams, a tenth as many volunteers as service records. The same in every run.

It is built once and kept: SQLite as a file in ``.cache/bench``, PostgreSQL as a database beside those of the tests,
until what builds it changes. Everybody on file is made up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

from app.accounts.models import Account
from app.cli import SEEDS
from app.community.models import Community, Person
from app.community.rules import name_key
from app.kernel import entries, rowsecurity, sheets
from app.kernel.db import db, insert_rows, now, transaction
from app.kernel.scope import as_system
from app.volunteers.models import Volunteer, VolunteerTeam
from config import ROOT
from tests.bench.registers import ServiceRecord, a_portal

FOLDER = ROOT / ".cache" / "bench"
POSTGRES = os.environ.get("PORTAL_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")

STREETS, COMMUNITIES, TEAMS = 8, 76, 400
FEWEST_VOLUNTEERS = 1_000
DISTRICT, FIRST = 1, 2 + STREETS
"""The ids of the district and of the first community."""
ACCOUNTS = {"district": (1, DISTRICT), "community": (2, FIRST)}
"""Who is at work, with their id: one who sees all communities, as there are pages to turn, and one of a single one."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华玉萍红建国志新春梅海燕云飞龙凤文斌宇欣婷雪琴倩颖浩凯俊"
SKILLS, KINDS = range(1, 12), range(1, 18)
ACTIVITIES = ("清洁楼道", "陪伴老人", "文明劝导", "法律咨询", "义务理发", "家电维修", "图书整理", "平安巡逻")

FOR_ALL = (
    'bench_service_record_on ON service_record ("on", id)',
    "bench_person_phone ON person (phone)",
)
"""Indexes that somebody would make who knows nothing of communities: the portal is not to win for want of them."""
DAY = {
    "sqlite": "date('2016-01-01', '+' || (i * 37 % 3800) || ' days')",
    "postgresql": "DATE '2016-01-01' + (i * 37 % 3800)::integer",
}


@dataclass(frozen=True)
class DataSet:
    """A database that holds ``rows`` service records of so many ``volunteers``."""

    address: str
    rows: int
    volunteers: int

    @property
    def database(self) -> str:
        return make_url(self.address).get_backend_name()


def prepared(database: str, rows: int) -> DataSet:
    """The data set on ``database`` ("sqlite" or "postgresql"), built unless an earlier run did."""
    wanted = DataSet(_address(database, rows), rows, max(FEWEST_VOLUNTEERS, rows // 10))
    if not _is_there(wanted):
        start = perf_counter()
        _clear(wanted)
        _build(wanted)
        taken = perf_counter() - start
        print(f"{database}: {rows:,} service records of {wanted.volunteers:,} volunteers built in {taken:.0f} s")
    _count(wanted)
    return wanted


def _address(database: str, rows: int) -> str:
    if database == "sqlite":
        FOLDER.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{FOLDER / f'portal_bench_{rows}.db'}"
    name = "portal_bench" if rows == 1_000_000 else f"portal_bench_{rows}"
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


# --- is it there, and is it still what would be built? ---------------------------------------------------------------


@cache
def version() -> str:
    """A fingerprint of what builds the data set."""
    here, app = Path(__file__), ROOT / "app"
    sources = [here, here.with_name("registers.py"), *sorted((app / "migrations" / "versions").glob("*.py"))]
    sources += [app / "kernel" / f"{name}.py" for name in ("entries", "pinyin", "rowsecurity", "terms")]
    return sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _server() -> Engine:
    return create_engine(POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _is_there(wanted: DataSet) -> bool:
    url = make_url(wanted.address)
    if wanted.database == "sqlite":
        mark = _mark(wanted)
        return Path(str(url.database)).exists() and mark.exists() and mark.read_text() == version()
    with _server().connect() as connection:
        found = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name"
        return connection.scalar(text(found), {"name": url.database}) == version()


def _mark(wanted: DataSet) -> Path:
    return Path(str(make_url(wanted.address).database)).with_suffix(".version")


def _clear(wanted: DataSet) -> None:
    name = str(make_url(wanted.address).database)
    if wanted.database == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(name + ending).unlink(missing_ok=True)
        return
    with _server().connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))


def _mark_as_built(wanted: DataSet) -> None:
    if wanted.database == "sqlite":
        _mark(wanted).write_text(version())
        return
    with _server().connect() as connection:
        name = make_url(wanted.address).database
        connection.execute(text(f"COMMENT ON DATABASE \"{name}\" IS '{version()}'"))


def _count(wanted: DataSet) -> None:
    """Give the database's planner true figures: an import of an earlier run may have left it rough ones."""
    engine = create_engine(wanted.address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in ("PRAGMA analysis_limit=0", "ANALYZE") if wanted.database == "sqlite" else ("VACUUM ANALYZE",):
            connection.execute(text(statement))


# --- building it ----------------------------------------------------------------------------------------------------


def _build(wanted: DataSet) -> None:
    app = a_portal(wanted.address)
    with app.app_context():
        upgrade()
        owner = create_engine(wanted.address, poolclass=NullPool)
        with owner.begin() as connection:
            ServiceRecord.__table__.create(connection)
            rowsecurity.set_up(connection)
        with as_system("bench"):
            with transaction():
                sheets.load_codes(SEEDS / "codes")
            with owner.begin() as connection:
                for model, rows in _rows(wanted.volunteers).items():
                    _put(connection, model, rows)
                _put_service_records(connection, wanted)
            with transaction():
                entries.rebuild()
        db.session.remove()
        db.engine.dispose()
    _mark_as_built(wanted)


def _put(connection: Connection, model: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    rows = iter(rows)
    first = next(rows)
    names = [*first, "version", "created_at"]
    made = now()
    values = ([*row.values(), 1, made] for row in _after(first, rows))
    insert_rows(connection, model.__table__, names, values)
    _go_on_counting(connection, model)


def _after(first: Mapping[str, Any], rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    yield first
    yield from rows


def _go_on_counting(connection: Connection, model: Any) -> None:
    if connection.dialect.name == "postgresql":
        table = model.__tablename__
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        connection.execute(text(last))


def _rows(volunteers: int) -> dict[Any, Iterable[Mapping[str, Any]]]:
    return {
        Community: _communities(),
        Account: _accounts(),
        Person: _people(volunteers),
        VolunteerTeam: _teams(),
        Volunteer: _volunteers(volunteers),
    }


def community_of(number: int) -> int:
    """The id of the community in which volunteer or team ``number`` is."""
    return FIRST + number % COMMUNITIES


def _communities() -> Iterator[Mapping[str, Any]]:
    def place(key: int, name: str, level: str, above: str, parent: int | None) -> Mapping[str, Any]:
        return {"id": key, "name": name, "level": level, "parent_id": parent, "path": f"{above}{key}/"}

    yield place(DISTRICT, "临江区", "1", "/", None)
    for street in range(2, FIRST):
        yield place(street, f"第{street - 1}街道", "2", "/1/", DISTRICT)
    for number in range(COMMUNITIES):
        street = 2 + number % STREETS
        yield place(FIRST + number, f"春和第{number + 1}社区", "3", f"/{DISTRICT}/{street}/", street)


def _accounts() -> Iterator[Mapping[str, Any]]:
    rest = {"role": "office_staff", "active": True, "recovery_codes": []}
    zeros = dict.fromkeys(("login_count", "fail_login_count", "session_epoch", "totp_step"), 0)
    for name, (key, place) in ACCOUNTS.items():
        who = {"id": key, "username": name, "full_name": "干事甲", "community_id": place, "password_given": False}
        yield {**who, **rest, **zeros}


def _people(volunteers: int) -> Iterator[Mapping[str, Any]]:
    chance = Random(76)
    often = [1 / (1 + place) ** 0.7 for place in range(len(SURNAMES))]
    key_of = cache(name_key)
    first = date(1940, 1, 1)
    for number in range(1, volunteers + 1):
        surname = chance.choices(SURNAMES, often)[0]
        name = surname + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
        yield {
            "id": number,
            "community_id": community_of(number),
            "name": name,
            "name_key": key_of(name),
            "sex": chance.choice("12"),
            "birth_on": first + timedelta(days=chance.randrange(25_000)),
            "phone": f"1{chance.choice((38, 39, 50, 59, 86, 88))}{chance.randrange(10**8):08}",
            "building": f"{chance.randint(1, 40)}号楼{chance.randint(1, 6)}单元",
            "address": f"春晖路{chance.randint(1, 99)}号{chance.randint(1, 20)}幢{chance.randint(1, 28)}室",
        }


def _teams() -> Iterator[Mapping[str, Any]]:
    for number in range(1, TEAMS + 1):
        yield {
            "id": number,
            "community_id": community_of(number),
            "name": f"红马甲第{number}志愿服务队",
            "kind": str(1 + number % 3),
            "service": ACTIVITIES[number % len(ACTIVITIES)],
        }


def _volunteers(volunteers: int) -> Iterator[Mapping[str, Any]]:
    chance = Random(400)
    for number in range(1, volunteers + 1):
        teams = range(number % COMMUNITIES or COMMUNITIES, TEAMS + 1, COMMUNITIES)
        yield {
            "id": number,
            "community_id": community_of(number),
            "person_id": number,
            "team_id": chance.choice(teams),
            "skill": str(chance.choice(SKILLS)),
            "registered_on": date(2016, 1, 1) + timedelta(days=chance.randrange(3_800)),
        }


def _put_service_records(connection: Connection, wanted: DataSet) -> None:
    """Made by the database itself, and their indexes afterwards: a million rows in seconds."""
    table = ServiceRecord.__table__
    for index in table.indexes:
        index.drop(connection)
    activity = " ".join(f"WHEN {at} THEN '{name}'" for at, name in enumerate(ACTIVITIES))
    statement = f"""
        INSERT INTO service_record
            (id, version, created_at, community_id, "on", volunteer_id, activity, kind, hours, place)
        WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :rows),
            drawn AS (SELECT i, 1 + CAST(i AS bigint) * 7919 % :volunteers AS who FROM numbers)
        SELECT i, 1, CURRENT_TIMESTAMP, {FIRST} + who % {COMMUNITIES}, {DAY[connection.dialect.name]}, who,
            CASE i % {len(ACTIVITIES)} {activity} END, CAST(1 + i % {len(KINDS)} AS text), (1 + i % 16) * 0.5,
            (1 + i % 40) || '号楼' FROM drawn
    """
    connection.execute(text(statement), {"rows": wanted.rows, "volunteers": wanted.volunteers})
    for index in table.indexes:
        index.create(connection)
    for index in FOR_ALL:
        connection.execute(text(f"CREATE INDEX {index}"))
    _go_on_counting(connection, ServiceRecord)
