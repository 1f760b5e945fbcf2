"""100,000 rows of ten columns written as .xlsx, beside openpyxl (write-only) and XlsxWriter (constant memory)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter

import openpyxl
import xlsxwriter

from app.exchange.sheetwriter import Cell, Column, Kind, write_csv, write_xlsx

ROWS = 100_000
ROUNDS = 3
HEADS: tuple[tuple[str, Kind], ...] = (
    ("姓名", "text"),
    ("性别", "text"),
    ("出生日期", "date"),
    ("身份证号", "text"),
    ("联系电话", "text"),
    ("住址", "text"),
    ("所在队伍", "text"),
    ("次数", "number"),
    ("时长", "number"),
    ("备注", "text"),
)


def rows() -> Iterator[tuple[Cell, ...]]:
    """The same made-up roster every time."""
    first = date(1956, 3, 5)
    for number in range(ROWS):
        yield (
            f"居民{number % 500}",
            "男" if number % 2 else "女",
            first + timedelta(days=number % 20_000),
            f"110105195603{number:06}",
            f"139{number:08}",
            f"春晖路{number % 99}号{number % 20}幢{number % 28}室",
            "红马甲志愿服务队",
            number % 77,
            number / 4,
            None if number % 3 else "骨干",
        )


def ours(file: Path) -> None:
    with file.open("wb") as opened:
        write_xlsx(opened, "志愿者", "志愿者　共 100000 行", [Column(*head) for head in HEADS], rows())


def ours_csv(file: Path) -> None:
    with file.open("wb") as opened:
        write_csv(opened, "志愿者　共 100000 行", [Column(*head) for head in HEADS], rows())


def with_openpyxl(file: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("志愿者")
    page.append([head for head, _kind in HEADS])
    for row in rows():
        page.append(row)
    book.save(file)


def with_xlsxwriter(file: Path) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, {**options, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet("志愿者")
        page.write_row(0, 0, [head for head, _kind in HEADS])
        for at, row in enumerate(rows(), 1):
            page.write_row(at, 0, row)


WRITERS: dict[str, Callable[[Path], None]] = {
    "ours": ours,
    "openpyxl": with_openpyxl,
    "XlsxWriter": with_xlsxwriter,
    "ours, CSV": ours_csv,
}


def measured(write: Callable[[Path], None], file: Path) -> tuple[float, float]:
    """Seconds, and the megabytes the process grew by at most, of a writer in a process of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measure, args=(write, file, sender))
    process.start()
    found: tuple[float, float] = receiver.recv()
    process.join()
    return found


def _measure(write: Callable[[Path], None], file: Path, sender: Connection) -> None:
    before, start = getrusage(RUSAGE_SELF).ru_maxrss, perf_counter()
    write(file)
    sender.send((perf_counter() - start, (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024))


def exports(folder: Path) -> None:
    """Print what each writer takes, in turns, and how many times as long as ours."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WRITERS}
    for _round in range(ROUNDS):
        for name, write in WRITERS.items():
            found[name].append(measured(write, folder / f"{name}.xlsx"))
    best = median(seconds for seconds, _memory in found["ours"])
    print(f"\n{'100,000 × 10':14}{'time':>12}{'rows/s':>12}{'memory':>12}{'ratio':>9}")
    for name, each in found.items():
        seconds, memory = median(taken for taken, _memory in each), max(grown for _seconds, grown in each)
        print(f"{name:14}{seconds:10.2f} s{ROWS / seconds:12,.0f}{memory:9.1f} MB{seconds / best:9.2f}")
