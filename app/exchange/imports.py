"""Sheets in: received, looked through, decided on, and taken over in one transaction that can be undone."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, select

from app.exchange.columns import heading_key, match_columns
from app.exchange.intake import Intake
from app.exchange.models import OutcomePage, RememberedHeading, SheetUpload
from app.exchange.parts import Judged, Outcome, Word, labels, offers
from app.exchange.tables import SERIAL, FoundTable, find_tables
from app.kernel import audit, registers, scope, undo
from app.kernel.db import Conflict, db, now, transaction
from app.kernel.undo import KEPT_DAYS
from app.kernel.values import N_, Invalid
from app.kernel.workbooks import ROSTER, Grid, open_workbook

PAGE = 100
"""Rows of an outcome on a page."""
SAMPLE = 5
HANDED_BACK = (Outcome.WRONG, Outcome.SKIPPED)
"""What is given back as a sheet when the good rows are taken over; the doubtful ones wait to be decided on."""
OPEN = (Outcome.DOUBTFUL, *HANDED_BACK)
"""What would not be taken over as things stand."""
WORDS = "words"
"""The page of names that are not on file, among those of the outcomes."""

Progress = Callable[[int, int], None]
"""Told of rows done and rows in all."""


class NoTable(Invalid):
    """A file without a table that this register could take anything from."""


class NotAllGood(Exception):
    """Not all rows can be taken over, and only all of them were wanted."""


class _Rehearsed(Exception):
    """Ends a transaction that was only to show what would happen."""


def model_of(upload: SheetUpload) -> Any:
    return registers.REGISTERS[upload.register].model


# --- the file ----------------------------------------------------------------------------------------------------


def receive(register: str, data: bytes, filename: str) -> SheetUpload:
    """Keep an uploaded file for ``register``, its table found and its columns matched. Commits.

    Raises :class:`~app.kernel.workbooks.NotASheet` and :class:`NoTable`.
    """
    model = registers.REGISTERS[register].model
    found = _tables(open_workbook(data, filename, ROSTER), model)
    if not found:
        raise NoTable(N_("No table with headings of this register was found. You can start from the template."))
    with transaction():
        upload = SheetUpload(
            register=register,
            filename=filename[-200:],
            actor=scope.current().actor,
            community_id=scope.current().community_id,
            row_key=secrets.token_hex(16),
            table=0,
        )
        upload.file, upload.tables = data, [_described(sheet, table) for sheet, table in found]
        _match(upload)
        db.session.add(upload)
        _forget_old()
    return upload


def _tables(grids: list[Grid], model: Any) -> list[tuple[Grid, FoundTable]]:
    """The tables of a file, the most promising first; hidden sheets come last."""
    headings = [label for offer in offers(model) for label in labels(offer)]
    found = [(grid, table) for grid in grids for table in find_tables(grid, headings)]
    if any(table.score >= 1 for _grid, table in found):  # then one without any known heading is something else
        found = [(grid, table) for grid, table in found if table.score >= 1]
    return sorted(found, key=lambda pair: (pair[0].hidden, -pair[1].score))


def _described(grid: Grid, table: FoundTable) -> dict[str, Any]:
    return {
        "sheet": grid.name,
        "hidden": grid.hidden,
        "line": table.head[1],
        "headings": table.headings,
        "sample": table.rows[:SAMPLE],
        "count": len(table.rows),
        "left_out": table.left_out,
        "filled": [index for index in range(len(table.headings)) if any(row[index] for row in table.rows)],
    }


def _forget_old() -> None:
    """What nobody came back for is about people all the same: it goes when it could no longer be undone."""
    past = now() - timedelta(days=KEPT_DAYS)
    with scope.as_system(scope.current().actor):  # also of those who have imported nothing since
        db.session.execute(
            delete(SheetUpload).where(SheetUpload.created_at < past), execution_options={"synchronize_session": False}
        )


def choose_table(upload: SheetUpload, table: int) -> None:
    """Take another table of the file. Commits."""
    with transaction():
        upload.table = table
        _match(upload)


def _match(upload: SheetUpload) -> None:
    remembered = {
        row.heading: row.column
        for row in db.session.scalars(select(RememberedHeading).where(RememberedHeading.register == upload.register))
    }
    table = upload.tables[upload.table]
    matches = match_columns(table["headings"], offers(model_of(upload)), remembered, table["sample"])
    upload.columns = [match.field or "" for match in matches]
    upload.state = "open"


def choose_columns(upload: SheetUpload, columns: list[str], for_all: Mapping[str, tuple[str, str]]) -> None:
    """Say what each column is; the next sheet with the same headings needs no help. Commits.

    ``for_all`` are fields that no column has, each with its heading and a text for all rows: columns that are added.
    """
    with transaction():
        upload.columns, upload.decisions, upload.state = [*columns, *for_all], {}, "open"
        said = zip(upload.tables[upload.table]["headings"], columns, strict=True)
        _remember(upload, upload.register, {heading_key(heading): column for heading, column in said if heading})
        for heading, text in for_all.values():
            _add_column(upload, heading, text)


def _add_column(upload: SheetUpload, heading: str, text: str) -> None:
    """One more column with the same ``text`` in every row."""
    table = upload.tables[upload.table]
    more = {
        "headings": [*table["headings"], heading],
        "sample": [[*row, text] for row in table["sample"]],
        "added": [*table.get("added", ()), text],
    }
    upload.tables = [{**each, **more} if at == upload.table else each for at, each in enumerate(upload.tables)]


def _remember(upload: SheetUpload, register: str, said: Mapping[str, str]) -> None:
    known = {
        row.heading: row
        for row in db.session.scalars(select(RememberedHeading).where(RememberedHeading.register == register))
    }
    for heading, column in {heading[:120]: column for heading, column in said.items()}.items():
        if (row := known.get(heading)) is not None:
            row.column = column
        else:
            db.session.add(
                RememberedHeading(register=register, heading=heading, column=column, community_id=upload.community_id)
            )


# --- what its rows come to ---------------------------------------------------------------------------------------


class _Pages:
    """The rows by outcome, packed into pages as they come."""

    def __init__(self, upload: SheetUpload) -> None:
        self.counts: Counter[str] = Counter()
        self.words: Collection[Word] = ()
        self._upload = upload
        self._open: dict[str, list[dict[str, Any]]] = {}
        self._packed: list[tuple[str, int, bytes]] = []

    def add(self, row: Judged) -> None:
        page = self._open.setdefault(row.outcome, [])
        page.append(
            {
                "line": row.line,
                "name": row.name,
                "cells": row.cells,
                "told": row.told,
                "wrong": len(row.wrong),
                "changes": row.changes,
                "choices": row.choices,
            }
        )
        self.counts[row.outcome] += 1
        if len(page) == PAGE:
            self._pack(row.outcome)

    def _pack(self, outcome: str) -> None:
        number = (self.counts[outcome] - 1) // PAGE
        sealed = self._upload.seal(self._open.pop(outcome), f"{outcome}/{number}")
        self._packed.append((outcome, number, sealed))

    def keep(self) -> None:
        """In the transaction at work, in the place of what was kept before."""
        upload = self._upload
        for outcome in list(self._open):
            self._pack(outcome)
        upload.counts = dict(self.counts)
        db.session.execute(delete(OutcomePage).where(OutcomePage.upload_id == upload.id))
        if self.words:
            self._packed.append((WORDS, 0, upload.seal([asdict(word) for word in self.words], f"{WORDS}/0")))
        for outcome, number, rows in self._packed:
            db.session.add(OutcomePage(upload_id=upload.id, outcome=outcome, number=number, rows=rows))


def not_taken(upload: SheetUpload) -> list[str]:
    """The headings of columns with something in them that is left out; a number in the list is nothing."""
    table = upload.tables[upload.table]
    headings = [table["headings"][index] for index in table.get("filled", ()) if not upload.columns[index]]
    return [heading for heading in headings if heading and heading_key(heading) not in SERIAL]


def page(upload: SheetUpload, outcome: str, number: int) -> list[dict[str, Any]]:
    """The rows of one page, counted from 0, as they were last looked at."""
    packed = db.session.scalar(
        select(OutcomePage.rows).where(
            OutcomePage.upload_id == upload.id, OutcomePage.outcome == outcome, OutcomePage.number == number
        )
    )
    rows: list[dict[str, Any]] = upload.open(packed, f"{outcome}/{number}") if packed else []
    return rows


def words(upload: SheetUpload) -> list[Word]:
    """The names in columns of links that are not on file, those of most rows first."""
    found = [Word(**word) for word in page(upload, WORDS, 0)]
    return sorted(found, key=lambda word: -word.count)


def handed_back(upload: SheetUpload) -> Iterator[dict[str, Any]]:
    """Every row that was not, or will not be, taken over."""
    kept = db.session.scalars(_kept(upload, *OPEN))
    rows = [row for each in kept for row in upload.open(each.rows, f"{each.outcome}/{each.number}")]
    return iter(sorted(rows, key=lambda row: row["line"]))


def _kept(upload: SheetUpload, *outcomes: Outcome) -> Select[tuple[OutcomePage]]:
    return select(OutcomePage).where(OutcomePage.upload_id == upload.id, OutcomePage.outcome.in_(outcomes))


def _judged(upload: SheetUpload, intake: Intake, pages: _Pages, progress: Progress) -> None:
    lines = _lines(upload)
    total = len(lines)
    progress(0, total)
    for done, row in enumerate(intake.judge(lines.pop() for _line in range(total)), 1):
        pages.add(row)
        if done % 500 == 0:
            progress(done, total)
    pages.words = intake.own.words.values()


def _lines(upload: SheetUpload) -> list[tuple[int, Sequence[str]]]:
    """The rows with their lines, the last one first: taken one by one from the end they leave the memory."""
    grids = open_workbook(upload.file, upload.filename, ROSTER)
    table = _tables(grids, model_of(upload))[upload.table][1]
    lines = zip(reversed(table.lines), reversed(table.rows), strict=True)
    said = upload.tables[upload.table]
    only, added = set(said.get("only", table.lines)), said.get("added", ())
    return [(line, (*cells, *added)) for line, cells in lines if line in only]


def _intake(upload: SheetUpload, writes: bool) -> Intake:
    prefix = f"{upload.register}."
    kept = select(RememberedHeading).where(RememberedHeading.register.startswith(prefix, autoescape=True))
    words = {(row.register.removeprefix(prefix), row.heading): row.column for row in db.session.scalars(kept)}
    return Intake(model_of(upload), upload.columns, upload.decisions, writes, words)


def check(upload: SheetUpload, progress: Progress) -> None:
    """Look at every row and keep what it comes to; nothing else is written. Commits.

    Raises what :func:`receive` raises.
    """
    pages, intake = _Pages(upload), _intake(upload, writes=False)
    if intake.at_once:
        with suppress(_Rehearsed), transaction():
            _judged(upload, intake, pages, progress)
            raise _Rehearsed
    else:
        _judged(upload, intake, pages, progress)
    with transaction():
        pages.keep()
        upload.state, upload.complaint = "checked", None


def take_over(upload: SheetUpload, only_good: bool, progress: Progress) -> None:
    """Write every row, or only the good ones, in one transaction that can be undone as a whole. Commits.

    The rows are judged again, as somebody may have been at the records meanwhile; where not all are good and all
    were wanted, nothing is written, and what the rows come to now is kept.
    """
    pages = _Pages(upload)
    try:
        with transaction():
            if _is_done(upload):  # a second click was quicker
                return
            with undo.recorded("import", upload.register, upload.filename) as change:
                _judged(upload, _intake(upload, writes=True), pages, progress)
                if not only_good and any(pages.counts[outcome] for outcome in (Outcome.DOUBTFUL, Outcome.WRONG)):
                    raise NotAllGood
                change.count = pages.counts[Outcome.NEW] + pages.counts[Outcome.CHANGED]
                counts = {outcome: ["", str(count)] for outcome, count in pages.counts.items()}
                audit.write("import", upload.register, upload.filename, changes=counts)
            pages.keep()
            rest = _set_aside(upload) if pages.counts[Outcome.DOUBTFUL] else None
            db.session.execute(
                delete(OutcomePage).where(OutcomePage.upload_id == upload.id, OutcomePage.outcome.not_in(HANDED_BACK))
            )
            upload.state, upload.change_set_id, upload.file = "done", change.id, b""
            upload.tables = [{**table, "sample": [], "rest": rest and rest.id} for table in upload.tables]
    except NotAllGood:
        with transaction():
            pages.keep()
            upload.state = "checked"
            upload.complaint = {"message": N_("Not all rows can be taken over any more. Please look at them again.")}
    except Conflict:
        with transaction():
            upload.state = "checked"
            upload.complaint = {"message": N_("Somebody changed the same records at this moment. Please try again.")}


def _set_aside(upload: SheetUpload) -> SheetUpload:
    """Move the doubtful rows into an upload of their own, to be decided on later; in the transaction at work."""
    rest = SheetUpload(
        register=upload.register,
        filename=upload.filename,
        actor=upload.actor,
        community_id=upload.community_id,
        row_key=secrets.token_hex(16),
        table=upload.table,
        columns=upload.columns,
        state="checked",
    )
    lines = []
    for each in db.session.scalars(_kept(upload, Outcome.DOUBTFUL)):
        place = f"{each.outcome}/{each.number}"
        rows = upload.open(each.rows, place)
        lines += [row["line"] for row in rows]
        rest.pages.append(OutcomePage(outcome=each.outcome, number=each.number, rows=rest.seal(rows, place)))
    rest.counts = {Outcome.DOUBTFUL: upload.counts[Outcome.DOUBTFUL]}
    upload.counts = {name: count for name, count in upload.counts.items() if name not in rest.counts}
    rest.file = upload.file
    rest.tables = [{**table, "only": lines} if at == upload.table else table for at, table in enumerate(upload.tables)]
    db.session.add(rest)
    db.session.flush()
    return rest


def rest_of(upload: SheetUpload) -> SheetUpload | None:
    """The rows of ``upload`` that are still waiting for a decision after the good ones were taken over."""
    key = upload.tables[upload.table].get("rest")
    rest = db.session.get(SheetUpload, key) if key else None
    return rest if rest is not None and rest.state != "done" else None


def _is_done(upload: SheetUpload) -> bool:
    state = select(SheetUpload.state).where(SheetUpload.id == upload.id).with_for_update()
    return bool(db.session.scalar(state) == "done")


def decide(upload: SheetUpload, decisions: dict[str, str]) -> None:
    """Keep what the person said of doubtful rows and of names that are not on file. Commits."""
    with transaction():
        upload.decisions = {**upload.decisions, **decisions}
        for word in words(upload):
            if (said := decisions.get(f"{word.field}.{word.line}")) is not None:
                _remember(upload, f"{upload.register}.{word.field}", {word.text: said})
