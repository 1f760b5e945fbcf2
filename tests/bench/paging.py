"""Page 2,000 of a list beside page 1, over 100,000 volunteers and 1,000,000 ledger entries, alternating."""

from __future__ import annotations

from statistics import median
from time import perf_counter

from flask.testing import FlaskClient
from sqlalchemy import text

from app.kernel.db import db
from tests.world import World

ROUNDS = 25
ENTRIES = 1_000_000
DAY = {
    "sqlite": "date('2010-01-01', '+' || (i * 37 % 5800) || ' days')",
    "postgresql": "DATE '2010-01-01' + (i * 37 % 5800)::integer",
}
LISTS = {
    "volunteers": "/volunteer/list/?",
    "  by name": "/volunteer/list/?order=person_id&",
    "  by name, down": "/volunteer/list/?order=person_id&desc=1&",
    "  by day": "/volunteer/list/?order=registered_on&",
    "ledger": "/ledger_entry/list/?",
    "  by sum, down": "/ledger_entry/list/?order=amount&desc=1&",
}


def pages(world: World) -> None:
    """Print for each list what page 1 and page 2,000 take, the latter also when it is asked for the first time."""
    _add_entries(world)
    with world.app.app_context():
        database = db.engine.dialect.name
    for role in ("office_staff", "supervisor"):
        client = world.client(role)
        print(f"\n{f'{database}, {role}, ms':32}{'page 1':>10}{'page 2,000':>12}{'ratio':>8}{'first time':>13}")
        for name, address in LISTS.items():
            _ask(client, f"{address}page=1")
            begun = _ask(client, f"{address}page=2000")
            taken = [[_ask(client, f"{address}page={page}") for page in (1, 2000)] for _round in range(ROUNDS)]
            first, deep = (median(times) for times in zip(*taken, strict=True))
            print(f"{name:32}{first:10.1f}{deep:12.1f}{deep / first:8.2f}{begun:13.1f}")


def _ask(client: FlaskClient, address: str) -> float:
    """Milliseconds."""
    start = perf_counter()
    answer = client.get(address)
    taken = (perf_counter() - start) * 1000
    assert answer.status_code == 200
    return taken


def _add_entries(world: World) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        day = DAY[connection.dialect.name]
        statement = f"""
            INSERT INTO ledger_entry
                (id, version, created_at, community_id, "on", direction, kind, purpose, amount)
            WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :entries)
            SELECT i, 1, CURRENT_TIMESTAMP, :here, {day}, 'in', '01', 'No. ' || i, i * 13 % 100000 FROM numbers
        """
        connection.execute(text(statement), {"entries": ENTRIES, "here": world.here.id})
        connection.execute(text("ANALYZE"))
