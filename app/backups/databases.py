"""What has to be known of each database to take a snapshot of it, look a snapshot through, and put one in its place."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Set
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, NullPool, create_engine, inspect, make_url, text

from app.backups.problem import Problem, damaged
from app.kernel.db import now
from app.kernel.values import N_

log = logging.getLogger("portal")

Counts = dict[str, int]

_UNREADABLE = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}

END_SESSIONS = "UPDATE account SET session_epoch = session_epoch + {leap}"
REVOKE_KEYS = "UPDATE api_key SET revoked_at = '{now}' WHERE revoked_at IS NULL"
"""What was revoked after the backup was made must not open anything again."""


def _first_rows(present: Set[str]) -> list[str]:
    """Questions for the first row of what an office that works has, by SQL."""
    return [f"SELECT 1 FROM {table} LIMIT 1" for table in ("community", "account") if table in present]  # noqa: S608


def _leap() -> int:
    """How far session epochs jump: no cookie from after the backup was made may fit again."""
    return 1 + secrets.randbelow(1_000_000)


class Database(Protocol):
    dialect: str

    def has_data(self) -> bool:
        """Has anybody begun to work with it? What cannot be read any more may have been anything."""
        ...

    def keep_aside(self) -> Path | None:
        """Copy what no snapshot can be taken of, if it is a file; returns the copy. Nobody else may be at work."""
        ...

    def dump(self, file: Path) -> Counts:
        """Write a snapshot to ``file`` while others write; returns how many rows of each table it must have."""
        ...

    def check(self, file: Path, counts: Mapping[str, int]) -> None:
        """Raises :class:`Problem` unless the snapshot ``file`` is sound and has these rows."""
        ...

    def prepare(self, file: Path) -> None:
        """What has to be done before the snapshot ``file`` can be put in place."""
        ...

    def replace(self, file: Path) -> None:
        """Put the snapshot in the place of the database, all or nothing, with every session ended."""
        ...


def database_at(address: str) -> Database:
    url = make_url(address)
    return Sqlite(url) if url.get_backend_name() == "sqlite" else Postgres(url)


class Sqlite:
    dialect = "sqlite"

    def __init__(self, url: URL) -> None:
        self.path = Path(url.database or "")

    def has_data(self) -> bool:
        try:
            with _opened(self.path) as database:
                present = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
                return any(database.execute(asking).fetchone() for asking in _first_rows(present))
        except sqlite3.DatabaseError as failed:
            if failed.sqlite_errorcode not in _UNREADABLE:
                raise
            return True

    def keep_aside(self) -> Path | None:
        for ending in ("", "-wal", "-shm"):
            found = self.path.with_name(self.path.name + ending)
            if found.exists():
                shutil.copy2(found, found.with_name(f"{found.name}.damaged"))
        return self.path.with_name(f"{self.path.name}.damaged")

    def dump(self, file: Path) -> Counts:
        with _opened(self.path) as source, _opened(file) as copy:
            source.execute("BEGIN")
            counts = _rows(source)  # the first read fixes what the rest of the transaction sees
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        return counts

    def check(self, file: Path, counts: Mapping[str, int]) -> None:
        try:
            with _opened(file) as copy:
                is_sound = copy.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
                dangling = copy.execute("PRAGMA foreign_key_check").fetchone()
                if not is_sound or dangling or _rows(copy) != counts:
                    raise damaged()
        except sqlite3.DatabaseError:
            raise damaged() from None

    def prepare(self, file: Path) -> None:
        from flask_migrate import upgrade

        upgrade(x_arg=[f"database=sqlite:///{file}"])
        with _opened(file) as copy:
            copy.execute("BEGIN")
            copy.execute(END_SESSIONS.format(leap=_leap()))
            copy.execute(REVOKE_KEYS.format(now=now()))
            copy.execute("COMMIT")
            copy.execute("PRAGMA journal_mode=DELETE")

    def replace(self, file: Path) -> None:
        try:
            self._write_over(file)
        except sqlite3.DatabaseError as failed:
            if failed.sqlite_errorcode not in _UNREADABLE:
                raise
            for ending in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
            self._write_over(file)

    def _write_over(self, file: Path) -> None:
        """One transaction of the database itself: readers and a power cut find the old one or the new one."""
        with _opened(file) as source, _opened(self.path) as target:
            target.execute("PRAGMA schema_version").fetchone()
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        yield connection


def _rows(connection: sqlite3.Connection) -> Counts:
    """How many rows each table has, but for the index of words, which is made from others."""
    named = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    names = [name for (name,) in connection.execute(named) if not name.startswith("search_words")]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


class Postgres:
    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._url = url
        plain = url.set(drivername="postgresql", password=None)
        self._address = plain.render_as_string(hide_password=False)
        quiet = {"PGOPTIONS": "-c client_min_messages=warning", "LC_ALL": "C"}
        self._environment = {**os.environ, **quiet, **({"PGPASSWORD": str(url.password)} if url.password else {})}

    def has_data(self) -> bool:
        with self._connected() as connection:
            present = set(inspect(connection).get_table_names())
            return any(connection.execute(text(asking)).first() for asking in _first_rows(present))

    def keep_aside(self) -> Path | None:
        return None

    def dump(self, file: Path) -> Counts:
        with self._connected("REPEATABLE READ") as connection:
            tool = self._tool("pg_dump", connection)
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            named = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            names = list(connection.scalars(named))
            counts = {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in names}  # noqa: S608
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}"]
            self._run([tool, *options, f"--dbname={self._address}"])
        return counts

    def check(self, file: Path, counts: Mapping[str, int]) -> None:
        """The whole of the dump is unpacked and its rows are counted."""
        tool = self._tool("pg_restore")
        listing = [tool, "--list", str(file)]
        listed = subprocess.run(listing, capture_output=True, env=self._environment, check=False)  # noqa: S603
        if b"unsupported version" in listed.stderr:
            raise Problem(N_("This backup was made by a newer PostgreSQL. Please install that version here."))
        if listed.returncode:
            raise damaged()
        unpacking = [tool, "--data-only", "--file=-", str(file)]
        with subprocess.Popen(  # noqa: S603
            unpacking, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._environment
        ) as process:
            assert process.stdout is not None  # noqa: S101 (a pipe)
            found = _copied(process.stdout)
        if process.returncode or found != counts:
            raise damaged()

    def prepare(self, file: Path) -> None:
        """The roles that a dump names are no part of it: migrating what is there makes them."""
        from flask_migrate import upgrade

        upgrade()

    def replace(self, file: Path) -> None:
        with self._connected() as connection:
            restoring, writing = self._tool("pg_restore"), self._tool("psql")
            schema = connection.scalar(text("SELECT current_schema()"))
            emptying = list(connection.scalars(text(_EMPTYING)))
        options = ["--set=ON_ERROR_STOP=1", "--no-psqlrc", "--quiet", "--output=/dev/null"]
        ending = _ENDING.format(
            schema=schema, sessions=END_SESSIONS.format(leap=_leap()), keys=REVOKE_KEYS.format(now=now())
        )
        with subprocess.Popen(  # noqa: S603
            [writing, *options, f"--dbname={self._address}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        ) as writer:
            assert writer.stdin is not None  # noqa: S101 (a pipe)
            assert writer.stderr is not None  # noqa: S101 (a pipe)
            is_done = False
            with suppress(subprocess.CalledProcessError, BrokenPipeError):
                writer.stdin.write("\n".join(["BEGIN;", "SET LOCAL lock_timeout = '10s';", *emptying, ""]).encode())
                writer.stdin.flush()
                script = [restoring, "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-", str(file)]
                subprocess.run(script, check=True, stdout=writer.stdin, env=self._environment)  # noqa: S603
                # Whatever ends before this line, be it this process, leaves the database as it was.
                writer.stdin.write(f"{ending}COMMIT;\n".encode())
                writer.stdin.close()
                is_done = True
            with suppress(BrokenPipeError):
                writer.stdin.close()
            said = writer.stderr.read().decode(errors="replace")
        if writer.returncode or not is_done:
            log.error("restore: %s", said.strip())
            raise Problem(N_("The database refused the backup; it is as it was before. Details are in the log."))

    @contextmanager
    def _connected(self, isolation: Any = "READ COMMITTED") -> Iterator[Any]:
        engine = create_engine(self._url, poolclass=NullPool, isolation_level=isolation)
        with engine.connect() as connection:
            yield connection

    def _tool(self, name: str, connection: Any = None) -> str:
        """The path of a program of PostgreSQL that is not older than the server."""
        path = shutil.which(name)
        if path is None:
            raise Problem(
                N_("The program %(tool)s is missing. Please install it: apt install postgresql-client"), tool=name
            )
        if connection is not None:
            server = int(connection.scalar(text("SHOW server_version_num"))) // 10_000
            told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
            version = re.search(r"\) (\d+)", told)
            if version is None or int(version[1]) < server:
                raise Problem(
                    N_(
                        "The program %(tool)s is older than the database. "
                        "Please install it: apt install postgresql-client-%(server)s"
                    ),
                    tool=name,
                    server=server,
                )
        return path

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, env=self._environment, check=False)  # noqa: S603
        if done.returncode:
            log.error("backup: %s", done.stderr.decode(errors="replace").strip())
            raise Problem(N_("The database could not be read to its end. Details are in the log."))


# What belongs to an extension stays; what belongs to a table goes with it.
_EMPTYING = """
SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE;', schemaname, tablename)
FROM pg_tables WHERE schemaname = current_schema()
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE;', oid::regprocedure)
FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""

# What pg_restore wrote looks in no schema; a backup from before there were API keys has no table of them.
_ENDING = """
SET LOCAL search_path TO "{schema}";
{sessions};
DO $$ BEGIN IF to_regclass('api_key') IS NOT NULL THEN {keys}; END IF; END $$;
"""

_COPY = re.compile(rb'COPY (?:"?[^".]+"?\.)?"?([^". ]+)"? ')


def _copied(script: Any) -> Counts:
    """The rows of each table in a script of pg_restore."""
    counts: Counts = {}
    table = ""
    for line in script:
        if table:
            if line == b"\\.\n":
                table = ""
            else:
                counts[table] += 1
        elif (found := _COPY.match(line)) is not None and line.endswith(b"FROM stdin;\n"):
            table = found[1].decode()
            counts[table] = 0
    return counts
