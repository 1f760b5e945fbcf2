"""Workbooks in: an uploaded file becomes its sheets, as grids of text.

A file is read in a process of its own, begun for it and bounded in memory and computing time: one cell in the last
corner of a sheet makes the reading library ask for 500 GB, which ends the process it runs in. These readers are forked
from one that has loaded what reading takes and done nothing else; starting Python takes longer than most sheets.
"""

from __future__ import annotations

import atexit
import csv
import io
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZipFile

from app.kernel.values import N_, Invalid
from config import NICE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""What an .xlsx file is called by those who send and receive it."""
MEGABYTE = 1024**2
MAX_FILE = 15 * MEGABYTE
MAX_ENTRIES = 2_000
MEMORY = 320 * MEGABYTE
"""Address space; Python and its libraries take some 30 MB of it."""
PATIENCE = 60
"""Seconds a busy machine may take to give the computing time of :class:`Limits`."""


@dataclass(frozen=True)
class Limits:
    """What one sheet may have after its empty edges are cut off, and what all sheets of a file may cost.

    :param characters: in one cell.
    :param cut: a longer cell is cut one character beyond, for whoever reads it to refuse; else the file is refused.
    :param unpacked: bytes that the packed parts of the file may become; they are read piece by piece.
    :param content: bytes that the texts of all sheets may take.
    :param seconds: computing time.
    """

    rows: int = 5_000
    columns: int = 60
    characters: int = 5_000
    cut: bool = False
    unpacked: int = 100 * MEGABYTE
    content: int = 40 * MEGABYTE
    seconds: int = 5


CATALOGUE = Limits()
ROSTER = Limits(rows=110_000, columns=300, cut=True, unpacked=400 * MEGABYTE, content=140 * MEGABYTE, seconds=20)


@dataclass(frozen=True)
class Range:
    """Cells merged into one: rows and columns counted from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Grid:
    """One sheet. Every row has the same number of cells; ``rows[0]`` is row 1 even if the sheet begins further down."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    merged: tuple[Range, ...] = ()
    hidden: bool = False


class NotASheet(Invalid):
    """A file that cannot be read as sheets; the message says what to do about it."""


EMPTY = N_("There is nothing in this file.")
PASSWORD = N_("The file is protected by a password. Please remove the password, save the file and choose it again.")
DAMAGED = N_("The file is damaged or incomplete. Please open it in WPS or Excel and save it as .xlsx.")
NO_TABLE = N_("This is neither a workbook nor a CSV table. Please open it in WPS or Excel and save it as .xlsx.")
DOCUMENT = N_("This is a text document. Please copy its table into a sheet of WPS or Excel and save that as .xlsx.")
TOO_MUCH = N_(
    "There is too much in this file, or it is damaged. Please save the table you need as an .xlsx of its own."
)


def open_workbook(data: bytes, filename: str, limits: Limits = CATALOGUE) -> list[Grid]:
    """The sheets of an .xlsx, .xls, .ods or .csv file, told apart by ``data``; ``filename`` names the sheet of a CSV.

    Days are written 2026-03-05, times 8:30, whole numbers without decimals, truth 是 or 否; a number of more than 15
    digits, of which sheets keep only 15, is written 3.20102195603070E+17. Formulas give the value they last had;
    what they point to is not opened. Merged ranges are known of .xlsx and .xls only. Raises :class:`NotASheet`.
    """
    if not data.strip(b"\0\t\n\r "):
        raise NotASheet(EMPTY)
    if len(data) > MAX_FILE:
        raise NotASheet(N_("The file is larger than %(limit)s MB."), limit=MAX_FILE // MEGABYTE)
    with _reader() as reader:
        reader.send_bytes(json.dumps({"filename": filename, "limits": asdict(limits)}).encode())
        reader.send_bytes(data)
        try:
            if not reader.poll(PATIENCE):
                raise NotASheet(TOO_MUCH)
            answer, texts = json.loads(reader.recv_bytes()), reader.recv_bytes()
        except EOFError:  # it was ended by a limit
            raise NotASheet(TOO_MUCH) from None
    if "refusal" in answer:
        raise NotASheet(answer["refusal"], **answer["params"])
    if "failure" in answer:
        raise RuntimeError(answer["failure"])
    sheets = zip(answer["sheets"], texts.decode().split(_SHEET), strict=True)
    return [_grid(text, **about) for about, text in sheets]


def column_letters(column: int) -> str:
    """How sheets name a column counted from 0: A … Z, AA …"""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


_SHEET, _ROW, _CELL = "\x1d", "\x1e", "\x1f"
"""What ends a sheet, a row and a cell on the way back; no cell has control characters."""


def _grid(text: str, name: str, width: int, merged: list[list[int]], hidden: bool) -> Grid:
    blank = [""] * width

    def cells(line: str) -> tuple[str, ...]:
        found = line.split(_CELL)
        return tuple(found) if len(found) == width else (*found, *blank[len(found) :])

    rows = tuple(map(cells, text.split(_ROW))) if text else ()
    return Grid(name, rows, tuple(Range(*each) for each in merged), hidden)


# --- beginning a reader ------------------------------------------------------------------------------------------

_asking = threading.Lock()


def _reader() -> Connection:
    """The way to a new reader."""
    ours, theirs = Pipe()
    with theirs, _asking:
        try:
            _ask_for_a_reader(theirs)
        except BrokenPipeError:  # the process that forks them was killed
            end_forker()
            _ask_for_a_reader(theirs)
    return ours


def _ask_for_a_reader(way: Connection) -> None:
    socket.send_fds(_forker()[0], [b"."], [way.fileno()])


@cache
def _forker() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The process that forks readers, and the way to it, which processes forked from this one may share.

    It knows nothing of the installation's secret, and ends when nobody has the way to it any more, at the latest.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-c", f"from {__name__} import _fork_readers; _fork_readers()"],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            env={name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
            process_group=0,  # the keys that interrupt this one are not for it
        )
    return ours, process


@atexit.register
def end_forker() -> None:
    """End what forks readers, but not those at work; the next file begins another."""
    if _forker.cache_info().currsize:
        way, process = _forker()
        way.close()
        process.kill()
        process.wait()
        _forker.cache_clear()


def _fork_readers() -> None:
    import python_calamine  # noqa: F401 (loaded once, for all of them)

    os.nice(NICE)  # pages go first
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        while ways := socket.recv_fds(asked, 1, 1)[1]:
            if not os.fork():
                asked.close()
                os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # what libraries say of a file is not for the log
                try:
                    _answer(Connection(ways[0]))
                finally:
                    os._exit(0)
            os.close(ways[0])


# --- in the process of its own -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sheet:
    """A sheet on its way back: its rows joined, without the empty cells at their ends."""

    name: str
    lines: list[str]
    width: int
    merged: list[tuple[int, int, int, int]]
    hidden: bool

    @property
    def about(self) -> dict[str, Any]:
        """The further arguments of :func:`_grid`."""
        return {"name": self.name, "width": self.width, "merged": self.merged, "hidden": self.hidden}


def _answer(asker: Connection) -> None:
    question = json.loads(asker.recv_bytes())
    limits = Limits(**question["limits"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    answer: dict[str, Any]
    texts = b""
    try:
        sheets = _read(asker.recv_bytes(), question["filename"], limits)
        answer = {"sheets": [sheet.about for sheet in sheets]}
        texts = _SHEET.join(_ROW.join(sheet.lines) for sheet in sheets).encode()
    except NotASheet as refusal:
        answer = {"refusal": refusal.message, "params": refusal.params}
    except MemoryError:
        answer = {"refusal": TOO_MUCH, "params": {}}
    except Exception:
        answer = {"failure": traceback.format_exc()}
    asker.send_bytes(json.dumps(answer).encode())
    asker.send_bytes(texts)


def _read(data: bytes, filename: str, limits: Limits) -> list[_Sheet]:
    sheets = []
    room = limits.content
    for name, rows, merged, hidden in _tables(data, filename, limits):
        lines, width, filled = _kept(name, rows, limits)
        # A place for each cell, a text for each that is filled, and its characters.
        room -= 8 * len(lines) * width + 64 * filled + 2 * sum(map(len, lines))
        if room < 0:
            raise NotASheet(TOO_MUCH)
        sheets.append(_Sheet(name, lines, width, list(_within(merged, len(lines), width)), hidden))
    if not any(sheet.lines for sheet in sheets):
        raise NotASheet(EMPTY)
    return sheets


_Merged = tuple[tuple[int, int], tuple[int, int]]
_Table = tuple[str, Iterable[Sequence[Any]], list[_Merged], bool]


def _tables(data: bytes, filename: str, limits: Limits) -> Iterator[_Table]:
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with _blaming_the_file():
            _check_package(data, limits)
        return _workbook(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _check_compound(data)
        return _workbook(data)
    return _csv(data, filename)


@contextmanager
def _blaming_the_file() -> Iterator[None]:
    try:
        yield
    except (NotASheet, MemoryError, GeneratorExit):
        raise
    except BaseException as error:  # a panic in the library is no Exception
        raise NotASheet(DAMAGED) from error


def _check_package(data: bytes, limits: Limits) -> None:
    """A zip archive is opened only if what it says it unpacks to is bearable, and it is a workbook."""
    with ZipFile(io.BytesIO(data)) as package:
        entries = package.infolist()
        if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > limits.unpacked:
            raise NotASheet(TOO_MUCH)
        folders = {entry.filename.replace("\\", "/").partition("/")[0].lower() for entry in entries}
        kind = _beginning(package, "mimetype")
        locked = b"manifest:encryption-data" in _beginning(package, "META-INF/manifest.xml")
    if "word" in folders or kind.startswith(b"application/vnd.oasis.opendocument.text"):
        raise NotASheet(DOCUMENT)
    if "xl" not in folders and not kind.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        raise NotASheet(NO_TABLE)
    if locked:
        raise NotASheet(PASSWORD)


def _beginning(package: ZipFile, name: str) -> bytes:
    if name not in package.namelist():
        return b""
    with package.open(name) as opened:
        return opened.read(MEGABYTE)


_LOCKED_XLS = re.compile(
    rb"\x09\x08[\x08\x10]\x00\x00[\x05\x06]\x05\x00.{4,12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL
)
"""A record that says how the rest is encrypted, after the one that begins the workbook (and one against writing)."""


def _check_compound(data: bytes) -> None:
    """A compound file of the older Office says by the names in it what it is."""

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if has("EncryptedPackage") or _LOCKED_XLS.search(data):
        raise NotASheet(PASSWORD)
    if not has("Workbook") and not has("Book"):
        raise NotASheet(DOCUMENT if has("WordDocument") else NO_TABLE)


def _workbook(data: bytes) -> Iterator[_Table]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

    with _blaming_the_file():
        workbook = load_workbook(io.BytesIO(data))
        for position, sheet in enumerate(workbook.sheets_metadata):
            if sheet.typ == SheetTypeEnum.WorkSheet:
                opened = workbook.get_sheet_by_index(position)
                # The library gives the empty rows before the first cell, but not the empty columns.
                before = [""] * opened.start[1] if opened.start else []
                rows = ([*before, *row] for row in opened.iter_rows()) if before else opened.iter_rows()
                yield sheet.name, rows, opened.merged_cell_ranges or [], sheet.visible != SheetVisibleEnum.Visible


def _csv(data: bytes, filename: str) -> Iterator[_Table]:
    if data.lstrip().startswith((b"%PDF-", b"{\\rtf")):
        raise NotASheet(DOCUMENT)
    text = _decoded(data)
    # Many systems hand out web pages under the name of a workbook.
    is_page = text.lstrip().startswith(("<", "MIME-Version:"))
    is_prose = PurePath(filename).suffix.lower() in _WORKBOOKS and not any(mark in text for mark in _DELIMITERS)
    if re.search(r"[\0-\x08\x0e-\x1f]", text) or is_page or is_prose:
        raise NotASheet(NO_TABLE)
    csv.field_size_limit(sys.maxsize)
    rows: Iterable[list[str]] = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    if '="' in text or "'" in text:
        rows = ([_BARED.sub(r"\1", cell) for cell in row] for row in rows)
    yield PurePath(filename).stem[:31], rows, [], False


_WORKBOOKS = {".xlsx", ".xls", ".et", ".ods"}
_DELIMITERS = ",\t;"

_BARED = re.compile(r"""^="(.*)"$|^'(?=[=+\-@＝＋－＠])""")
"""How programs keep Excel from eating the zeros of a number, ="0523", and from running a text, '=1+1."""


def _decoded(data: bytes) -> str:
    utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf_16 else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotASheet(NO_TABLE)


def _delimiter(text: str) -> str:
    """The one by which most of the first rows fall into the same number of cells."""

    def agreement(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = Counter(len(row) for row, _ in zip(reader, range(50), strict=False) if len(row) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=agreement)


def _kept(name: str, rows: Iterable[Sequence[Any]], limits: Limits) -> tuple[list[str], int, int]:
    """The rows as lines of text, without what is empty at the end; the width of the widest, and the filled cells."""
    kept: list[str] = []
    widest = filled = 0
    for number, row in enumerate(rows):
        cells = _texts(row)
        line = _CELL.join(cells).rstrip(_CELL)
        if not line:
            continue
        width = line.count(_CELL) + 1
        if number >= limits.rows:
            raise NotASheet(
                N_("Sheet “%(sheet)s” has more than %(limit)s rows. Please save the needed part as a file of its own."),
                sheet=name,
                limit=limits.rows,
            )
        if width > limits.columns:
            raise NotASheet(
                N_("Sheet “%(sheet)s”: something stands in row %(row)s, column %(column)s; at most %(limit)s columns."),
                sheet=name,
                row=number + 1,
                column=column_letters(width - 1),
                limit=limits.columns,
            )
        if len(line) > limits.characters:
            line = _CELL.join(_bounded(name, number, cells[:width], limits))
        widest = max(widest, width)
        filled += len(cells) - cells.count("")
        kept.extend("" for _ in range(number - len(kept)))
        kept.append(line)
    return kept, widest, filled


def _bounded(name: str, number: int, cells: list[str], limits: Limits) -> Iterator[str]:
    for column, cell in enumerate(cells):
        if len(cell) > limits.characters and not limits.cut:
            raise NotASheet(
                N_("Sheet “%(sheet)s”, row %(row)s, column %(column)s: longer than %(limit)s characters."),
                sheet=name,
                row=number + 1,
                column=column_letters(column),
                limit=limits.characters,
            )
        yield cell[: limits.characters + 1]


def _within(merged: list[_Merged], height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """The merged ranges inside the grid; in a sound sheet they do not overlap, so that together they have room."""
    room = height * width
    for (top, left), (bottom, right) in merged:
        bottom, right = min(bottom, height - 1), min(right, width - 1)
        area = (bottom - top + 1) * (right - left + 1)
        if top <= bottom and left <= right and 1 < area <= room:
            room -= area
            yield top, left, bottom, right


_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Control characters and marks without a width, pasted along from web pages."""


def _texts(row: Sequence[Any]) -> list[str]:
    cells = [cell if type(cell) is str else _written(cell) for cell in row]
    together = "".join(cells)
    # One look at all cells: almost no row has anything to clean.
    return cells if together.isprintable() and " " not in together else [_clean(cell) for cell in cells]


def _clean(text: str) -> str:
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _written(value: Any) -> str:
    """A number, truth, day or time as people write it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        if abs(value) >= 1e15:  # the digits after the fifteenth are lost
            return f"{value:.14E}"
        return str(int(value)) if value % 1 == 0 else f"{value:.15g}"
    if isinstance(value, datetime):
        value = _to_the_second(value)
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d} {_clock(value.time())}"
    if isinstance(value, time):
        return _clock(_to_the_second(datetime.combine(date.min, value)).time())
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return str(value)


def _to_the_second(moment: datetime) -> datetime:
    """Sheets count days in fractions: half past eight is stored as 8:29:59.942."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _clock(clock: time) -> str:
    return f"{clock.hour}:{clock:%M:%S}" if clock.second else f"{clock.hour}:{clock:%M}"
