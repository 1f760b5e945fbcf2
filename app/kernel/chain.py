"""The chain of the trail: each entry's digest covers the one before it, so that none can be changed or taken out.

A chain alone does not show that its end was cut off. So once a day, before the first entry of the day, what the chain
has come to is written down as an anchor: in the database, and in a file beside it, which goes into every backup and
can be printed.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import current_app
from flask_appbuilder import Model
from sqlalchemy import Connection, Date, Integer, String, Table, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import insert_rows, today

log = logging.getLogger("portal")

BEGINNING = ""
SHARED = ("at", "actor", "action", "register", "community_id", "address")
OWN = ("subject", "record_id", "changes")
COVERED = (*SHARED, *OWN)
"""The columns of an entry that its digest covers: those that the entries of one act share, and those of its own."""

Acts = Iterable[tuple[Mapping[str, Any], Iterable[tuple[str, int | None, Mapping[str, Any]]]]]
"""Each what its entries share, by column, and for each entry its :data:`OWN`."""
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=datetime.isoformat).encode


class TrailHead(Model):
    """What the chain comes to now, in the one row of this table. Who holds it continues the chain."""

    __tablename__ = "trail_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    entries: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))


class TrailAnchor(Model):
    """What the chain had come to when the first entry of ``day`` was written."""

    __tablename__ = "trail_anchor"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    entries: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))


_HEADS, _ANCHORS = (Model.metadata.tables[model.__tablename__] for model in (TrailHead, TrailAnchor))
# Every piece of work sends these: writing a statement takes longer than running it.
_HOLD = select(_HEADS.c.entries, _HEADS.c.digest).with_for_update()
_MOVE = _HEADS.update().values(entries=_HEADS.c.entries + bindparam("more"), digest=bindparam("comes_to"))
_IS_ANCHORED = select(_ANCHORS.c.day).where(_ANCHORS.c.day == bindparam("wanted"))


@dataclass(frozen=True)
class Anchor:
    """What the chain came to on a day: so many entries, and the digest of the last of them."""

    day: date
    entries: int
    digest: str


@dataclass(frozen=True)
class Finding:
    """What going through the chain gave: how far it holds, and where it does not.

    :param entries: how many entries hold together from the beginning.
    :param digest: what the chain comes to there.
    :param broken: the id of the first entry that does not follow from those before it.
    :param missing: anchors that the chain does not lead to: what they stand for was changed or cut off. What the chain
        should come to now is one of them, under the day of today.
    :param odd: the lines of the file of anchors that are none.
    """

    entries: int
    digest: str
    broken: int | None
    missing: tuple[Anchor, ...]
    odd: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.broken is None and not self.missing and not self.odd


def link(before: str, entry: Mapping[str, Any]) -> str:
    """The digest (SHA-256, hexadecimal) of an entry that follows one with the digest ``before``."""
    return _digest(before, _ENCODE([entry[name] for name in SHARED]), _ENCODE([entry[name] for name in OWN]))


def _digest(before: str, shared: str, own: str) -> str:
    return sha256(f"{before}\n{shared}\n{own}".encode()).hexdigest()


_anchored: tuple[date | None, str] = (None, BEGINNING)
"""A day and a digest: wherever the chain has come to this digest, that day has its anchor.

The anchor was written with or before the entry of that digest, so this holds whichever database is asked, also one
that another process has gone on writing to or that was restored: there the chain comes to something else.
"""


def append(connection: Connection, table: Table, acts: Acts) -> None:
    """Write the entries of ``acts`` at the end of the chain in ``table``, in the transaction of ``connection``."""
    global _anchored
    head, day = connection.execute(_HOLD).first(), today()
    if head is None:
        connection.execute(_HEADS.insert().values(id=1, entries=0, digest=BEGINNING))
    elif head.entries and _anchored != (day, head.digest):
        _anchor(connection, Anchor(day, head.entries, head.digest))
    chained = _Chained(head.digest if head is not None else BEGINNING, acts)
    insert_rows(connection, table, [*COVERED, "version", "created_at", "digest"], chained)
    connection.execute(_MOVE, {"more": chained.count, "comes_to": chained.digest})
    if head is not None and head.entries:
        _anchored = day, chained.digest


class _Chained:
    """The rows of ``acts``, each with its digest; knows afterwards how many there were and what they came to."""

    def __init__(self, digest: str, acts: Acts) -> None:
        self.digest, self.count, self._acts = digest, 0, acts

    def __iter__(self) -> Iterator[list[Any]]:
        for entry, about in self._acts:
            values, at = [entry[name] for name in SHARED], entry["at"]
            shared = _ENCODE(values)
            for own in about:
                self.digest, self.count = _digest(self.digest, shared, _ENCODE(own)), self.count + 1
                yield [*values, *own, 1, at, self.digest]


def _anchor(connection: Connection, anchor: Anchor) -> None:
    """Write the anchor of the day, unless there is one. All that it covers has been committed before."""
    if connection.scalar(_IS_ANCHORED, {"wanted": anchor.day}) is not None:
        return
    connection.execute(_ANCHORS.insert().values(vars(anchor)))
    try:
        with anchor_file().open("a", encoding="ascii", newline="") as file:
            csv.writer(file).writerow([anchor.day.isoformat(), anchor.entries, anchor.digest])
    except OSError as failed:  # nobody's work stops for it: the database has the anchor
        log.error("the anchor of the day cannot be written to %s: %s", anchor_file().name, failed.strerror)


def verify(connection: Connection, table: Table) -> Finding:
    """Go through the whole chain in ``table`` and hold it against the anchors, in the database and in the file."""
    in_file, odd = _in_file()
    wanted = sorted(_in_database(connection) | in_file, key=lambda anchor: (anchor.entries, anchor.day))
    reached = {0: BEGINNING}
    counts = {anchor.entries for anchor in wanted}
    entries, digest, broken = 0, BEGINNING, None
    columns = [table.c.id, table.c.digest, *(table.c[name] for name in COVERED)]
    everything = select(*columns).order_by(table.c.id)
    with connection.execute(everything, execution_options={"yield_per": 2000}) as found:
        for row in found.mappings():
            if link(digest, dict(row)) != row["digest"]:
                broken = row["id"]
                break
            entries, digest = entries + 1, row["digest"]
            if entries in counts:
                reached[entries] = digest
    missing = tuple(anchor for anchor in wanted if reached.get(anchor.entries) != anchor.digest)
    return Finding(entries, digest, broken, missing, odd)


def _in_database(connection: Connection) -> set[Anchor]:
    found = {Anchor(**row) for row in connection.execute(select(_ANCHORS)).mappings()}
    return found | {Anchor(today(), head.entries, head.digest) for head in connection.execute(select(_HEADS))}


def _in_file() -> tuple[set[Anchor], tuple[int, ...]]:
    """The anchors in the file, and the numbers of its lines that are none."""
    found, odd = set(), []
    lines = anchor_file().read_text(encoding="ascii", errors="replace").splitlines() if anchor_file().exists() else []
    for number, line in enumerate(lines, 1):
        try:
            day, entries, digest = line.split(",")
            found.add(Anchor(date.fromisoformat(day), int(entries), digest))
        except ValueError:
            odd.append(number)
    return found, tuple(odd)


def anchor_file() -> Path:
    """Where anchors are kept beside the database: day, number of entries, digest."""
    return Path(current_app.config["INSTANCE"]) / "anchors.csv"
