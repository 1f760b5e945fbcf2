"""How a community kept its catalogue over a year: on the screen, on paper and as a sheet, from one table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from app.catalogue import limits
from app.catalogue.limits import Status, Tally
from app.catalogue.models import CatalogueItem
from app.catalogue.operations import Entry, Matter, community_names, matters
from app.community.models import Community
from app.printing import Column, Snapshot
from app.printing import Table as PrintedTable

RESULTS = {
    Status.POSTED: "按时公开",
    Status.LATE: "逾期公开",
    Status.MISSED: "未公开",
    Status.PREPARING: "准备中",
    Status.DUE: "未到期",
}
"""As they stand on paper and in sheets, which are Chinese whatever language the page is in."""


@dataclass(frozen=True)
class Line:
    """An item with its duties of the year, or a community with its figures."""

    label: str
    detail: str
    tally: Tally
    entries: tuple[Entry, ...] = ()
    community_id: int | None = None


@dataclass(frozen=True)
class Table:
    """The compliance table of ``year``; ``place`` is empty for several communities."""

    year: int
    place: str
    lines: tuple[Line, ...]
    total: Tally

    @property
    def title(self) -> str:
        return f"{self.place}{self.year}年党务居务公开情况"


def of_items(community: Community, year: int, today: date) -> Table:
    """Item × period for one community."""
    found = matters(today, CatalogueItem.community_id == community.id)
    lines = tuple(
        Line(matter.item.name, matter.item.time_limit, limits.tally(e.standing for e in entries), entries)
        for matter in found
        if (entries := _in_year(matter, year))
    )
    total = limits.tally(entry.standing for line in lines for entry in line.entries)
    return Table(year, community.name, lines, total)


def of_communities(year: int, today: date) -> Table:
    """All communities in scope that have a catalogue, those with most missed first."""
    by_community: dict[int, list[Entry]] = defaultdict(list)
    for matter in matters(today):
        by_community[matter.item.community_id].extend(_in_year(matter, year))
    names = community_names()
    lines = [
        Line(names[key], "", limits.tally(entry.standing for entry in entries), community_id=key)
        for key, entries in by_community.items()
    ]
    lines.sort(key=lambda line: (-line.tally.missed, -line.tally.late, line.label))
    total = limits.tally(entry.standing for entries in by_community.values() for entry in entries)
    return Table(year, "", tuple(lines), total)


def _in_year(matter: Matter, year: int) -> tuple[Entry, ...]:
    """The duties that fell or fall due in ``year``."""
    return tuple(entry for entry in matter.entries if entry.duty.due_on.year == year)


Cell = str | int | date


def _rows(table: Table) -> tuple[list[str], list[list[Cell]]]:
    """Headings and cells, for paper and sheet alike."""
    if table.place:
        return ["公开事项", "公开时限", "周期", "应公开日期", "上墙日期", "结果"], [
            [
                line.label,
                line.detail,
                entry.duty.label,
                entry.duty.due_on,
                entry.posted_on or "",
                RESULTS[entry.standing.status],
            ]
            for line in table.lines
            for entry in line.entries
        ]
    return ["社区", "按时公开", "逾期公开", "未公开", "未到期", "按时率"], [
        [line.label, line.tally.on_time, line.tally.late, line.tally.missed, line.tally.waiting, share(line.tally)]
        for line in table.lines
    ]


def share(tally: Tally) -> str:
    """The share of duties that were answered in time, of those that fell due."""
    due = tally.on_time + tally.late + tally.missed
    return f"{100 * tally.on_time / due:.0f}%" if due else "—"


def sheet(table: Table, today: date) -> Snapshot:
    """The table as a printed roster."""
    head, rows = _rows(table)
    is_text = bool(table.place)
    aligned = [Column(label, "left" if is_text or not at else "right", 1 if at else 2) for at, label in enumerate(head)]
    return Snapshot(
        layout="register",
        title=table.title,
        issuer=table.place,
        issued_on=today.isoformat(),
        table=PrintedTable(
            (Column("序号", "center", 0.5), *aligned),
            tuple((str(at), *(str(cell) for cell in row)) for at, row in enumerate(rows, 1)),
        ),
        notes=(
            f"合计：按时公开{table.total.on_time}项，逾期公开{table.total.late}项，未公开{table.total.missed}项，"
            f"未到期{table.total.waiting}项。",
        ),
        landscape=is_text,
        sealed=False,
    )


_PLAIN = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def workbook(table: Table, today: date, by: str) -> bytes:
    """The table as .xlsx: real dates and numbers, the head frozen, a line saying what, when and by whom."""
    import xlsxwriter  # type: ignore[import-untyped]

    target = BytesIO()
    head, rows = _rows(table)
    with xlsxwriter.Workbook(target, _PLAIN) as book:
        page = book.add_worksheet("公开情况")
        bold, day = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_string(0, 0, table.title, book.add_format({"bold": True, "font_size": 14}))
        page.write_string(1, 0, f"{today.isoformat()} 由{by}导出")
        page.write_row(2, 0, head, bold)
        page.freeze_panes(3, 1)
        for at, row in enumerate(rows, 3):
            for place, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(at, place, cell, day)
                elif isinstance(cell, int):
                    page.write_number(at, place, cell)
                else:
                    page.write_string(at, place, cell)
        for place, label in enumerate(head):
            longest = max((len(str(row[place])) for row in rows), default=0)
            page.set_column(place, place, min(max(2 * len(label), 2 * longest) + 2, 60))
    return target.getvalue()
