"""How a notice is composed, as plain functions: values in, a snapshot or violations out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from app.kernel.values import N_, Mask, Violation, mask_name, plain
from app.printing import LIMITS, Column, Snapshot, Table, texts


@dataclass(frozen=True)
class PrintColumn:
    """A field that may stand in a notice: its name and heading, how it aligns, and its mask."""

    name: str
    label: str
    figures: bool = False
    wide: bool = False
    mask: Mask | None = None


@dataclass(frozen=True)
class Wording:
    """What a person decides about a notice."""

    title: str
    issuer: str
    layout: Literal["notice", "register"] = "notice"
    opening: str = ""
    closing: str = ""
    columns: tuple[str, ...] = ()
    table: str = ""
    """A table typed or pasted from a sheet: a line a row, cells apart by tabs, the first line its headings."""
    paper: Literal["A4", "A3"] = "A4"
    landscape: bool = False


LENGTHS = {"title": 120, "issuer": 80, "opening": 20_000, "closing": 1000, "table": 500_000}
"""How much may be written, in characters."""

MASKS: dict[str, Mask] = {"name": mask_name}
"""The masks a catalogue item may put over a column, besides the field's own."""


class NotAllowed(ValueError):
    """A column was asked for that is not on the allow-list."""


class Uneven(ValueError):
    """A line of a typed table has more cells than there are headings."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def allowed(columns: Iterable[PrintColumn], allow_list: Mapping[str, str]) -> list[PrintColumn]:
    """Those of ``columns`` that an item allows, each under the item's mask besides its own.

    ``allow_list`` maps names of columns to a name in :data:`MASKS` or ""; empty, it allows them all.
    """
    if not allow_list:
        return list(columns)
    return [_under(column, allow_list[column.name]) for column in columns if column.name in allow_list]


def _under(column: PrintColumn, name: str) -> PrintColumn:
    own, further = column.mask, MASKS.get(name)
    if own is None or further is None:
        return replace(column, mask=own or further)
    return replace(column, mask=lambda text: further(own(text)))


def typed_table(text: str) -> Table | None:
    """The table typed into a notice, or None; raises :class:`Uneven`. Columns of figures are set flush right."""
    lines = [
        (nth, [cell.strip() for cell in line.rstrip().split("\t")])
        for nth, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    if not lines:
        return None
    head, rows = lines[0][1], []
    for nth, row in lines[1:]:
        if len(row) > len(head):
            raise Uneven(nth)
        rows.append([*row, *[""] * (len(head) - len(row))])
    columns = []
    for at, label in enumerate(head):
        cells = [row[at] for row in rows]
        columns.append(_heading(PrintColumn("", label, figures=_is_figures(cells)), [{"": cell} for cell in cells]))
    return Table(tuple(columns), tuple(tuple(row) for row in rows))


_FIGURE = re.compile(r"[-+]?[\d,]*\.?\d+%?")


def _is_figures(cells: Iterable[str]) -> bool:
    written = [cell for cell in cells if cell]
    return bool(written) and all(_FIGURE.fullmatch(cell) for cell in written)


def compose(wording: Wording, offered: Sequence[PrintColumn], rows: Sequence[Mapping[str, str]]) -> Snapshot:
    """The draft snapshot of a notice: the chosen of the ``offered`` columns, each cell under its column's mask.

    ``rows`` map a column's name to the full text of the cell. Raises :class:`NotAllowed` for any other column and
    :class:`Uneven` for a typed table out of shape.
    """
    if unknown := set(wording.columns) - {column.name for column in offered}:
        raise NotAllowed(", ".join(sorted(unknown)))
    chosen = [column for column in offered if column.name in wording.columns]
    table = typed_table(wording.table)
    if chosen:
        headings = (Column("序号", "center", 0.5), *(_heading(column, rows) for column in chosen))
        cells = [_cells(column, rows) for column in chosen]
        body = ((str(position), *row) for position, row in enumerate(zip(*cells, strict=True), 1))
        table = Table(headings, tuple(body))
    return Snapshot(
        layout=wording.layout,
        title=wording.title,
        issuer=wording.issuer,
        paragraphs=tuple(_paragraphs(wording.opening)),
        table=table,
        notes=tuple(_paragraphs(wording.closing)),
        paper=wording.paper,
        landscape=wording.landscape,
        draft=True,
    )


_WHOLE = re.compile(r"[-+]?\d[\d,]*")


def _cells(column: PrintColumn, rows: Iterable[Mapping[str, str]]) -> list[str]:
    """The cells of a column under its mask; if one of its figures has decimals all have them: 640.00, 1924.50."""
    cells = [masked(column.mask, row.get(column.name, "")) for row in rows]
    if not (column.figures and any("." in cell for cell in cells)):
        return cells
    return [f"{cell}.00" if _WHOLE.fullmatch(cell) else cell for cell in cells]


def masked(mask: Mask | None, text: str) -> str:
    """A cell under its mask; an empty one stays empty."""
    return mask(text) if mask and text else text


def _heading(column: PrintColumn, rows: Sequence[Mapping[str, str]]) -> Column:
    """A heading as wide as what stands below it, within reason."""
    longest = max((_width(row.get(column.name, "")) for row in rows[:200]), default=0)
    weight = (min(max(longest, _width(column.label), 3), 24 if column.wide else 16) + 1) / 4
    return Column(column.label, "right" if column.figures else "left", weight)


def _width(text: str) -> float:
    """How many Chinese characters ``text`` is as wide as; letters and digits are half as wide."""
    return len(text) - sum(map(str.isascii, text)) / 2


def _paragraphs(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def check_wording(wording: Wording) -> Iterator[Violation]:
    """What a notice needs before it can be looked at; what it must not say is the business of ``privacy.py``."""
    if not wording.title.strip():
        yield Violation("title", N_("A notice needs a title."))
    if not wording.issuer.strip():
        yield Violation("issuer", N_("A notice says who issues it."))
    if not (wording.columns or wording.opening.strip() or wording.table.strip()):
        yield Violation("opening", N_("A notice needs a text or a table."))
    for name, limit in LENGTHS.items():
        if len(getattr(wording, name)) > limit:
            yield Violation(name, N_("At most %(length)s characters."), {"length": limit})
    try:
        typed = typed_table(wording.table)
    except Uneven as uneven:
        yield Violation("table", N_("Line %(line)s has more cells than the first line."), {"line": uneven.line})
    else:
        if typed and len(typed.columns) > LIMITS["columns"]:
            yield Violation("table", N_("At most %(count)s columns."), {"count": LIMITS["columns"]})


def number(body: str, year: int, sequence: int) -> str:
    """春晖社区〔2026〕12号: hexagonal brackets, no leading zero (GB/T 9704-2012, 7.2.5)."""
    return f"{body}〔{year}〕{sequence}号"


def issue(draft: Snapshot, number: str, on: date, code: str, qr: str) -> Snapshot:
    """The final sheet: numbered, dated, and with the code by which it is checked."""
    return replace(draft, number=number, issued_on=on.isoformat(), short_code=code, qr=qr, draft=False)


_ENDINGS = ("公示", "公告", "通知", "公开")


def first_wording(
    place: str, matter: str, period: str, occasion: str, issuer: str, phone: str, columns: Sequence[str] = ()
) -> Wording:
    """The words a notice begins with; one written by hand (without ``matter``) begins with an empty title.

    ``period`` is the one a regular notice is about, ``occasion`` what another one tells of.
    """
    closing = f"监督电话：{phone}" if phone else ""
    if not matter:
        return Wording("", issuer, closing=closing)
    about = _joined(place, _joined(period, matter))
    title = about + ("" if matter.endswith(_ENDINGS) else "公示") + (f"（{occasion}）" if occasion else "")
    opening = f"现将{about}有关情况公示如下，请居民群众监督。" if columns else ""
    return Wording(title, issuer, opening=opening, closing=closing, columns=tuple(columns))


def _joined(before: str, after: str) -> str:
    """Two names one after the other, what they share said once: 和风社区 + 社区协商结果, 2026年 + 年度工作计划."""
    shared = next((word for word in ("社区", "年") if before.endswith(word) and after.startswith(word)), "")
    return before.removesuffix(shared) + after


def as_the_last(wording: Wording, last: Wording) -> Wording:
    """What people decided the last time stays: the closing lines, the paper, and which of the columns."""
    columns = tuple(name for name in wording.columns if name in last.columns) or wording.columns
    return replace(
        wording,
        closing=last.closing,
        columns=columns,
        layout=last.layout,
        paper=last.paper,
        landscape=last.landscape,
    )


def term_in_words(first: date, last: date) -> str:
    """2026年第三季度, 2026年10月, or the first and the last day."""
    following = last + timedelta(days=1)
    if first.day == following.day == 1:
        months = (following.year - first.year) * 12 + following.month - first.month
        if months == 1:
            return f"{first.year}年{first.month}月"
        if months == 3 and first.month % 3 == 1:
            return f"{first.year}年第{'一二三四'[first.month // 3]}季度"
        if months == 12 and first.month == 1:
            return f"{first.year}年"
    return f"{first.year}年{first.month}月{first.day}日至{last.year}年{last.month}月{last.day}日"


_REPLACES = re.compile(r"本公告更正并代替.*，原公告同时撤下。\n?")


_GREETING = re.compile(r"(?:各位|全体|尊敬的|亲爱的)[^\n]{1,24}：[ \r]*\n")
"""各位居民：, on a line of its own."""


def correction(wording: Wording, number: str) -> Wording:
    """The wording of a notice that takes the place of ``number``: it says so before everything else but a greeting.

    What was itself a correction no longer speaks of the one before it. A title with no room left stays as it is.
    """
    text = _REPLACES.sub("", wording.opening, count=1)
    greeting = found[0] if (found := _GREETING.match(text)) else ""
    opening = f"{greeting}本公告更正并代替{number}，原公告同时撤下。\n{text.removeprefix(greeting)}"
    title = f"{wording.title.removesuffix('（更正）')}（更正）"
    return replace(wording, title=title if len(title) <= LENGTHS["title"] else wording.title, opening=opening)


def plain_text(sheet: Snapshot) -> str:
    """Everything a sheet says, a line each, for searching."""
    return "\n".join(text for _place, text in texts(sheet) if text)


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a code read off the wall is typed right."""
CODE_LENGTH = 8


def short_code(number: int) -> str:
    """A check code such as ``7K2M-9QXD`` for a (random) number of 40 bits."""
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{digits[:4]}-{digits[4:]}"


def read_short_code(text: str) -> str:
    """The check code in what was typed or scanned (the address in a QR code ends with it), or "" if there is none."""
    typed = re.sub(r"[\s\-—_]", "", plain(text).rstrip("/").rpartition("/")[2]).upper()
    typed = typed.translate(str.maketrans("OIL", "011"))
    if len(typed) != CODE_LENGTH or set(typed) - set(_ALPHABET):
        return ""
    return f"{typed[:4]}-{typed[4:]}"


@dataclass(frozen=True)
class Difference:
    """What the records say now that a sheet does not, and the other way round; rows without their serial number."""

    gone: tuple[tuple[str, ...], ...] = ()
    new: tuple[tuple[str, ...], ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.reordered)


def difference(posted: Snapshot, current: Snapshot) -> Difference:
    """Compare the tables of a sheet as posted and as the records would give it now.

    640 is what 640.00 is: whether one figure of a column has decimals decides how the others are printed.
    """
    before, now = (_rows(sheet) for sheet in (posted, current))
    was, stands = ([_without_noughts(row) for row in rows] for rows in (before, now))
    printed = dict(zip((*was, *stands), (*before, *now), strict=True))
    gone, new = Counter(was) - Counter(stands), Counter(stands) - Counter(was)
    return Difference(
        tuple(printed[row] for row in gone.elements()),
        tuple(printed[row] for row in new.elements()),
        reordered=not gone and not new and was != stands,
    )


def _rows(sheet: Snapshot) -> list[tuple[str, ...]]:
    return [row[1:] for row in sheet.table.rows] if sheet.table else []


def _without_noughts(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell.removesuffix(".00") for cell in row)
