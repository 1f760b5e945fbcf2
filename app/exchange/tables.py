"""Where the table is in a sheet: its headings, its rows, and what stands around them. Pure.

Rosters have a title above, a head of one or two lines, the head again on every printed page, sums and signatures below,
now and then a second table. What is left out is told, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from app.exchange.columns import heading_key
from app.kernel.values import N_, Invalid, read_line
from app.kernel.workbooks import Grid, Range

ABOVE = N_("It stands above the headings.")
AGAIN = N_("The headings or the title once more.")
TOTAL = N_("It is a total.")
NOTE = N_("It is a note.")
ACROSS = N_("It stands across the table.")
UNFILLED = N_("It has nothing but a number.")


@dataclass(frozen=True)
class FoundTable:
    """A table on a sheet. Lines are counted from 1, as sheets count them.

    :param head: the first and the last line of its headings.
    :param headings: one for each column of the sheet, empty where there is none; below a common heading both, apart
        by a space: 联系方式 手机.
    :param lines: the line of each row.
    :param rows: the cells of each row, one for each heading; what is merged over several rows stands in each.
    :param left_out: lines with something in them that are no rows, and why (a message id).
    :param score: the number of known headings, and a little for the others; below 1, the table is a guess.
    """

    head: tuple[int, int]
    headings: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: tuple[tuple[int, str], ...]
    score: float


def find_tables(grid: Grid, headings: Collection[str]) -> list[FoundTable]:
    """The tables below each other on a sheet, the one with most of the known ``headings`` first.

    Where no heading is known, the first line of several texts is taken for one; empty if there is no such line.
    """
    heads = _Heads(grid, headings).found()
    begins = [0, *(_title_of(grid, head, before.bottom + 1) for before, head in pairwise(heads))]
    rows = _filled(grid)
    tables = [
        _table(grid, rows, head, begin, end)
        for head, begin, end in zip(heads, begins, [*begins[1:], len(grid.rows)], strict=False)
    ]
    return sorted(tables, key=lambda table: -table.score)


# --- the head ----------------------------------------------------------------------------------------------------

_FAR = 50
"""Rows that are looked at cell by cell; further down, a head must follow an almost empty row or repeat a heading."""
_LONGEST = 40
"""Characters of a heading."""
_NUMBER = re.compile(r"[\d\s.,:/+-]+")


@dataclass(frozen=True)
class _Head:
    """Headings in the rows ``top`` to ``bottom`` of the grid, counted from 0, and the rows that repeat them."""

    top: int
    bottom: int
    headings: tuple[str, ...]
    score: float
    again: frozenset[int] = frozenset()

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(range(self.top, self.bottom + 1))


class _Heads:
    """Looks for the heads on one sheet."""

    def __init__(self, grid: Grid, headings: Collection[str]) -> None:
        self.rows = grid.rows
        self.known = frozenset(map(heading_key, headings)) - {""}
        self.exact = set(headings)
        self.spans: dict[int, list[Range]] = {}
        for span in grid.merged:
            if span.right > span.left and span.top == span.bottom:
                self.spans.setdefault(span.top, []).append(span)

    def found(self) -> list[_Head]:
        """The heads from above; if none has two known headings, the likeliest one."""
        heads: list[_Head] = []
        last = -1
        for at in self._candidates():
            if at <= last:
                continue
            head = self._head(at)
            last = head.bottom
            before = heads[-1] if heads else None
            if before and head.headings == before.headings:
                heads[-1] = replace(before, again=before.again | head.lines)
            elif before and not any(map(any, self.rows[before.bottom + 1 : head.top])):
                heads[-1] = max(before, head, key=lambda each: each.score)
            elif not before or self._known(at) * 2 >= _filled_cells(self.rows[at]):
                heads.append(head)
                self.exact.update(*self.rows[head.top : head.bottom + 1])
                self.exact.discard("")
        return heads or [self._head(at) for at in self._guesses()][:1]

    def _candidates(self) -> Iterator[int]:
        is_after_gap = False
        for at, row in enumerate(self.rows):
            if (at < _FAR or is_after_gap or not self.exact.isdisjoint(row)) and self._known(at) >= 2:
                yield at
            is_after_gap = row.count("") >= len(row) - 1

    def _guesses(self) -> Iterator[int]:
        """Rows that may be a head: with one known heading, else of texts only."""
        filled = {at: _filled_cells(row) for at, row in enumerate(self.rows[:_FAR])}
        yield from (at for at, count in filled.items() if self._known(at) and (count == 1 or count >= 3))
        yield from (at for at, count in filled.items() if count >= 2 and _are_headings(self.rows[at]))

    def _known(self, at: int) -> int:
        return sum(len(cell) <= _LONGEST and heading_key(cell) in self.known for cell in self.rows[at] if cell)

    def _head(self, at: int) -> _Head:
        if at + 1 < len(self.rows) and self._divides(at):
            top, bottom = at, at + 1
        elif at and self._divides(at - 1):
            top, bottom = at - 1, at
        else:
            top = bottom = at
        headings = tuple(map(_tidy, self.rows[at])) if top == bottom else self._divided(top)
        known = sum(
            not self.known.isdisjoint((heading_key(each), heading_key(each.split(" ")[-1]))) for each in headings
        )
        return _Head(top, bottom, headings, known + sum(map(bool, headings)) / 1000)

    def _divides(self, at: int) -> bool:
        """Are the cells of the row below ``at`` headings below common headings in it, and not the first row of data?"""
        upper, lower = self.rows[at], self.rows[at + 1]
        if _filled_cells(upper) < 2 or not (_are_headings(upper) and _are_headings(lower)):
            return False
        groups = self._groups(at)
        divided = [column for column, text in enumerate(lower) if text and groups[column]]
        is_clash = any(text and upper[column] and groups[column] != upper[column] for column, text in enumerate(lower))
        is_known = at in self.spans or any(heading_key(lower[column]) in self.known for column in divided)
        return bool(divided) and not is_clash and is_known

    def _groups(self, at: int) -> list[str]:
        """The common heading above each column of the row below ``at``, empty where there is none."""
        upper, lower = self.rows[at], self.rows[at + 1]
        groups = [""] * len(upper)
        if at in self.spans:
            for span in self.spans[at]:
                groups[span.left : span.right + 1] = [upper[span.left]] * (span.right + 1 - span.left)
            return groups
        for column in range(1, len(upper)):
            if lower[column] and not upper[column] and lower[column - 1]:
                groups[column] = groups[column - 1] = groups[column - 1] or upper[column - 1]
        return groups

    def _divided(self, top: int) -> tuple[str, ...]:
        upper, lower, groups = self.rows[top], self.rows[top + 1], self._groups(top)
        columns = zip(map(_tidy, groups), map(_tidy, upper), map(_tidy, lower), strict=True)
        return tuple(
            f"{group} {below}" if group and below and group != below else below or above
            for group, above, below in columns
        )


def _filled_cells(row: tuple[str, ...]) -> int:
    return len(row) - row.count("")


def _are_headings(row: tuple[str, ...]) -> bool:
    """Texts that are short, differ from each other, and are neither numbers nor entries (日期：2026年3月)."""
    texts = [cell for cell in row if cell]
    return len(set(texts)) == len(texts) and not any(
        len(text) > _LONGEST or _NUMBER.fullmatch(text) or re.search("[:：].", text) for text in texts
    )


def _tidy(heading: str) -> str:
    """A heading in one line, without spaces between Han characters."""
    try:
        return read_line(heading)
    except Invalid:
        return " ".join(heading.split())


def _title_of(grid: Grid, head: _Head, begin: int) -> int:
    """The row with which the table of ``head`` begins, its title included; not above ``begin``."""
    at = head.top
    while at > begin and _filled_cells(grid.rows[at - 1]) <= 1:
        at -= 1
    return at


# --- the rows ----------------------------------------------------------------------------------------------------

_ASIDE = re.compile(
    r"(?P<total>(?:本页|以上|全部)?\s*(?:[合总小共累]\s*计|总\s*数)(?:人数|户数|金额|数)?\s*(?:[:：(（\d].*)?$"
    r"|(?:总人数|总户数|总金额|共)\s*[:：]?\s*\d+)"
    r"|(?P<note>[(（【*※]*(?:备\s*注|(?:填报|填表)?说\s*明|注)\s*(?:\d*[:：.、)）】]|$)"
    r"|(?:制表|填表|填报|审核|审批|经办|负责|联系)(?:人|单位|时间|日期|电话)?\s*(?:[(（].{2,4}[)）])?\s*[:：]"
    r"|(?:单位)?\s*[(（](?:盖章|公章|签章)[)）]|第\s*\d+\s*页)",
    re.DOTALL,
)
SERIAL = {"序号", "序", "编号", "号", "项次", "no"}


def _table(grid: Grid, filled: list[tuple[str, ...]], head: _Head, begin: int, end: int) -> FoundTable:
    titles = {row for row in grid.rows[begin : head.top] if any(row)}
    left_out = [(at + 1, ABOVE) for at in range(begin, head.top) if grid.rows[at] in titles]
    across = {span.top for span in grid.merged if span.right > span.left}
    serial = next((column for column, heading in enumerate(head.headings) if heading_key(heading) in SERIAL), None)
    is_narrow = sum(map(bool, head.headings)) < 2
    width = len(head.headings)
    lines, rows = [], []
    for at in range(head.bottom + 1, end):
        row = grid.rows[at]
        blank = row.count("")
        if blank == width:
            continue
        reason = None
        if at in head.again or row in titles:
            reason = AGAIN
        elif aside := _aside(row, serial):
            reason = aside
        elif blank == width - 1 and not is_narrow:
            reason = _lonely(row, serial, at in across)
        if reason:
            left_out.append((at + 1, reason))
        else:
            lines.append(at + 1)
            rows.append(filled[at])
    return FoundTable(
        (head.top + 1, head.bottom + 1), head.headings, tuple(lines), tuple(rows), tuple(left_out), head.score
    )


def _aside(row: tuple[str, ...], serial: int | None) -> str | None:
    """Why a row is none, by its first text and, if that is a serial number, by the next one."""
    texts = filter(None, row)
    found = _ASIDE.match(next(texts))
    if not found and serial is not None and row[serial]:
        found = _ASIDE.match(next(texts, ""))
    return found and (TOTAL if found["total"] else NOTE)


def _lonely(row: tuple[str, ...], serial: int | None, is_across: bool) -> str | None:
    """Why a row with one filled cell is none."""
    if serial is not None and row[serial]:
        return UNFILLED if _NUMBER.fullmatch(row[serial]) else ACROSS
    return ACROSS if is_across else None


def _filled(grid: Grid) -> list[tuple[str, ...]]:
    """The rows with what is merged over several of them in each; the others as they are."""
    rows = list(grid.rows)
    for span in grid.merged:
        text = grid.rows[span.top][span.left]
        for at in range(span.top + 1, span.bottom + 1):
            rows[at] = (*rows[at][: span.left], text, *rows[at][span.left + 1 :])
    return rows
