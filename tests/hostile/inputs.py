"""Ten thousand fixed hostile inputs, over every door there is: pages, forms, filters, numbers in addresses, the API."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

from werkzeug.routing import Rule

from app import roles
from app.kernel.access import Right
from app.kernel.fields import fields_of
from app.kernel.registers import REGISTERS
from app.roles import Role
from tests.hostile.stage import Figure, some_row
from tests.web.program import Program
from tests.world import World

SEED = 2026
COUNT = 10_000

TEXTS = (
    b"", b" ", b"\0", b"x\0y", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"-1", b"0", b"1e309", b"NaN", b"9" * 40,
    b"2147483648", b"9223372036854775808", b"0x10", b"1_000", b"true", b"None", b"null", b"[]", b"{}", b"__None",
    b"'; DROP TABLE person; --", b"' OR '1'='1", b"\" OR 1=1 --", b"%", b"%_%", b"%s%n%x", b"{0.__class__}", b"{{7*7}}",
    b"${7*7}", b"<script>alert(1)</script>", b"\"><img src=x onerror=alert(1)>", b"../../../../etc/passwd", b"..\\..\\",
    b"file:///etc/passwd", b"//evil.example/", b"javascript:alert(1)", b"\r\nSet-Cookie: a=b", b"=cmd|'/c calc'!A1",
    b"a" * 5_000, "名".encode() * 2_000, "😀".encode() * 50, "²".encode(), "１２３".encode(), "\u202e\u2066".encode(),
    "\u200b".encode(), "𠀀".encode(), "\ufeff".encode(), b"2026-02-30", b"0000-00-00", b"9999-12-31", b"2026-13-01",
    b"1,2,3", b"MATCH *", b"NEAR(a b)", b"\"", b"\\", b"*", b"(", b"AND", b"-",
)  # fmt: skip
NUMBERS = ("0", "-1", "1", "2147483647", "2147483648", "9" * 30, "1e3", "01", "%20", "%00", "٣", "²", "a", "1;2")
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1.5, -1e300, "", " ", "\0", "\ud800", "x" * 5_000, "😀", [], [1], {}, {"a": {"b": "c"}},
    {"id": 1}, "1", "2026-02-30", "'; DROP TABLE person; --", "{{7*7}}", "名" * 300,
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"null", b'"x"', b"1", b'{"a":1,"a":2}', b'{"name":NaN}', b"\xff", b"[" * 50_000, b"{" * 50_000,
    b'{"name":1e99999999999999999999}', b'{"name":' + b"1" * 5_000 + b"}", b'{"\\ud800":1}', b'{"name":"\\u0000"}',
)  # fmt: skip
COMMON = (
    "page",
    "q",
    "order",
    "desc",
    "columns",
    "back",
    "next",
    "show",
    "saved",
    "arguments",
    "view",
    "year",
    "ids",
    "all",
)

TOLD = re.compile(
    rb"Traceback|sqlalchemy|sqlite3\.|psycopg|OperationalError|IntegrityError|DataError|ProgrammingError"
    rb"|SELECT [a-z_.]+|INSERT INTO|UPDATE [a-z_]+ SET|site-packages|\.py\b|File &#34;|/usr/lib|\[SQL|_pytest"
)
"""What an answer never tells."""
LEFT_OUT = re.compile(r"login\.logout|account\.(reset|unlock|drop_factor)|api\.revoke|static|backup\..*|.*[._]pdf")
"""What ends the session the trial works in, or only costs a print; their own tests look at them."""


@dataclass(frozen=True)
class Attempt:
    """One hostile request; ``who`` None is nobody."""

    who: str | None
    method: str
    address: str
    data: bytes = b""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.address[:80]} {self.data[:60]!r} as {self.who}"


def attempts(world: World, count: int) -> list[Attempt]:
    """The first ``count`` of all there are, mixed, always in the same order."""
    own = {name: some_row(world, name) for name in REGISTERS if name not in {"notice", "notice_step", "posting"}}
    doors = world.app.extensions["doors"]
    rules = sorted(world.app.url_map.iter_rules(), key=str)
    found = [attempt for rule in rules for attempt in _at(rule, own, _people(doors.get(rule.endpoint)))]
    random.Random(SEED).shuffle(found)
    assert len(found) >= count, f"only {len(found)} inputs"
    return found[:count]


def _people(needed: tuple[str, Right] | str | None) -> list[str | None]:
    """Who tries a door: mostly those it is open to, who get further."""
    anybody: list[str | None] = [None, *(role.value for role in Role)]
    if not isinstance(needed, tuple):
        return anybody
    subject, right = needed
    return anybody + [role.value for role in Role if right in roles.rights(role, subject)] * 10


def _at(rule: Rule, own: dict[str, int], people: list[str | None]) -> Iterator[Attempt]:
    """What is tried at one address by ``people``."""
    if LEFT_OUT.fullmatch(rule.endpoint):
        return
    chance = random.Random(f"{SEED}{rule.rule}")
    register = rule.rule.strip("/").removeprefix("api/v1/").partition("/")[0]
    fields = [*fields_of(REGISTERS[register].model)] if register in REGISTERS else []
    names = [*COMMON, *fields]
    for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
        for address in _addresses(rule.rule, own.get(register, 1), chance):
            who = chance.choice(people)
            if rule.rule.startswith("/api/") and method in {"POST", "PATCH"}:
                given: Any = {name: chance.choice(VALUES) for name in chance.sample([*fields, "version", "alike"], 3)}
                told = chance.choice((json.dumps(given).encode(), chance.choice(BODIES)))
                yield Attempt(who, method, address, told, "application/json")
                continue
            if method == "POST":
                form = b"&".join(_pair(name, chance) for name in (*chance.sample(names, 6), "version", "do"))
                yield Attempt(who, method, address, form, "application/x-www-form-urlencoded")
            asked = b"&".join(_pair(name, chance) for name in chance.sample(names, 2)).decode()
            yield Attempt(who, method, f"{address}?{asked}")


def _pair(name: str, chance: random.Random) -> bytes:
    return f"{name}={quote_from_bytes(chance.choice(TEXTS), safe='')}".encode()


def _addresses(rule: str, own: int, chance: random.Random) -> Iterator[str]:
    """The address with hostile parts, and with the number of a row that is there."""
    for _ in range(12):
        number = chance.choice((str(own), chance.choice(NUMBERS)))
        text = quote_from_bytes(chance.choice(TEXTS)[:400], safe="")
        yield re.sub("<[a-z]+>", text, re.sub("<int:[a-z]+>", number, rule))


def hostile_inputs(world: World, count: int) -> Iterator[Figure]:
    """No input is answered 5xx, and no answer tells of the database, the code or the machine."""
    program = {name: Program(world, name) for name in ("branch_secretary", "office_staff")}
    anyone = next(iter(program.values()))
    broken, told = [], []
    for attempt in attempts(world, count):
        headers = program.get(attempt.who or "", anyone).headers if attempt.address.startswith("/api/") else {}
        answer = world.client(attempt.who).open(
            attempt.address,
            method=attempt.method,
            data=attempt.data or None,
            content_type=attempt.kind or None,
            headers=headers,
        )
        if answer.status_code >= 500:
            broken.append(f"{answer.status_code} {attempt}")
        if found := TOLD.search(answer.data.replace(attempt.data or b"\0", b"")):
            told.append(f"{found[0]!r} {attempt}")
    yield Figure.of("hostile inputs answered 5xx", count, broken)
    yield Figure.of("… that tell of the database, the code or the machine", count, told)
