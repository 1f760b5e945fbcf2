"""A disclosure catalogue (公开目录) from the sheet an office has: grids of text in, items out. Pure.

What such sheets look like was learnt from published ones: a title and notes above, a head of one or two lines with
groups (公开对象: 全社会 | 特定群体) or without, categories as merged cells, as cells left blank below the first, or as
lines of their own, boxes to tick, 同上, the head again on every page, notes below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any

from app.kernel.values import N_, Invalid, plain, read_line, read_text
from app.kernel.workbooks import Grid, column_letters


@dataclass(frozen=True)
class CatalogueRow:
    """One item as it stands in the sheet; ``line`` is its row there, the rest the texts of its cells.

    ``position`` is the item's own 序号 if these rise through the sheet, else its place. ``channels``, ``audience``,
    ``manner`` and ``tier`` name what is ticked, joined by 、.
    """

    line: int
    position: str
    category: str = ""
    first_level: str = ""
    name: str = ""
    content: str = ""
    basis: str = ""
    time_limit: str = ""
    publisher: str = ""
    channels: str = ""
    audience: str = ""
    manner: str = ""
    tier: str = ""


@dataclass(frozen=True)
class Remark:
    """What is to be said about row ``line`` (counted from 1): a message id with named ``params``.

    ``field`` is the field of :class:`CatalogueRow` it is about, empty if the row as a whole.
    """

    line: int
    field: str
    message: str
    params: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class CatalogueSheet:
    """A catalogue that was read.

    ``head_row`` is the row of its headings, counted from 1. ``unknown_headings`` are columns that were not read,
    ``problems`` what is wrong with items, ``ignored`` every row that is not empty and became no part of an item.
    ``others`` names the visible sheets of the same file that are catalogues too and were not read.
    """

    sheet: str
    title: str
    head_row: int
    items: tuple[CatalogueRow, ...]
    unknown_headings: tuple[str, ...]
    problems: tuple[Remark, ...]
    ignored: tuple[Remark, ...]
    others: tuple[str, ...] = ()


class NoCatalogue(Invalid):
    """A sheet without the headings of a catalogue; ``headings`` are those that were found."""

    def __init__(self, message: str, headings: Sequence[str] = (), **params: Any) -> None:
        super().__init__(message, **params)
        self.headings = tuple(headings)


def best_catalogue(grids: Iterable[Grid]) -> CatalogueSheet:
    """The catalogue of the visible sheet on which most headings are known, and the names of the other catalogues.

    Raises :class:`NoCatalogue`, with the reason of the sheet that came nearest.
    """
    heads = [(grid, _find_head(grid)) for grid in grids]
    usable = [(grid, head) for grid, head in heads if head and head.is_usable]
    visible = [(grid, head) for grid, head in usable if not grid.hidden]
    if visible:
        best, head = max(visible, key=lambda found: found[1].score)
        others = tuple(grid.name for grid, _head in visible if grid is not best)
        return replace(_Reader(best, head).read(), others=others)
    if usable:
        raise NoCatalogue(
            N_("The catalogue is on the hidden sheet “%(sheet)s”; please show it."), sheet=usable[0][0].name
        )
    raise _reason(max((head for _grid, head in heads if head), key=lambda head: head.score, default=None))


def read_catalogue(grid: Grid) -> CatalogueSheet:
    """The catalogue on one sheet. Raises :class:`NoCatalogue` if no row has headings for an item and its time limit."""
    head = _find_head(grid)
    if head is None or not head.is_usable:
        raise _reason(head)
    return _Reader(grid, head).read()


def _reason(nearest: _Head | None) -> NoCatalogue:
    if nearest is None:
        return NoCatalogue(N_("No row has the headings of a catalogue, such as 公开事项 and 公开时限."))
    needed = [heading for name, heading in _NEEDED.items() if name not in nearest.fields]
    found = [column.heading for column in nearest.columns if column.field]
    return NoCatalogue(
        N_("Row %(row)s has the headings %(found)s, but none for %(needed)s."),
        found,
        row=nearest.at + 1,
        found="、".join(found),
        needed="、".join(needed),
    )


# --- the head ----------------------------------------------------------------------------------------------------

_NEEDED = {"name": "公开事项", "time_limit": "公开时限"}
_AND = "[和及与或]?"
_HEADINGS = {
    "number": "序号?|编号|项号",
    "category": "(?:事项|项目|信息|内容)?(?:类别|分类|类型|领域|板块|版块|栏目|大类)",
    "level": "(?:[一二三]级)?(?:公开)?(?:具体)?(?:事项|项目|目录|条目|事务)(?:名称)?|名称",
    "content": f"(?:具体|主要|事项|项目)?(?:公开)?内容{_AND}(?:要素|要求|标准)?|要素",
    "basis": "(?:政策|法律|法规|法定|制度|文件|设定)*依据(?:文件)?",
    "time_limit": f"(?:更新)?(?:(?:时限|时间|时效|期限|频次|频率|周期){_AND})+(?:要求)?",
    "publisher": "(?:公开|责任|负责|实施|发布|主管|承办)*(?:主体|单位|部门|机构|科室)|(?:公开|责任|负责|发布|承办)+人",
    "channels": f"(?:方式{_AND})?(?:(?:渠道|载体|形式|途径|平台|地点|位置|场所){_AND})+(?:方式)?",
    "audience": "对象|范围",
    "manner": "方式|属性",
    "tier": "层级|级别|级次",
}
_HEADING = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _HEADINGS.items()))
_NUMBERING = re.compile(r"^\(?(?:\d+|[一二三四五六七八九十]+)[).、:]\s*")

_CHOSEN = ("channels", "audience", "manner", "tier")
"""Columns that may be divided into one for each choice, to be ticked."""
_LEVELS = ("name", "first_level", "category")
"""What the columns of matters are, from the innermost outwards."""


@dataclass(frozen=True)
class _Column:
    """A column: the field it belongs to (empty: none), its heading, and the choice that is ticked in it."""

    field: str
    heading: str
    choice: str = ""


@dataclass(frozen=True)
class _Head:
    """Headings in the row ``at`` (from 0), with the row below if ``height`` is 2."""

    at: int
    height: int
    columns: tuple[_Column, ...]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(column.field for column in self.columns) - {""}

    @property
    def score(self) -> int:
        return len(self.fields)

    @property
    def is_usable(self) -> bool:
        return self.fields >= _NEEDED.keys()


@lru_cache(maxsize=4096)
def _field_of(heading: str) -> str:
    """The field a heading stands for, whatever its numbering, spaces and brackets; empty if none."""
    text = _NUMBERING.sub("", plain(heading))
    for candidate in (text, re.sub(r"\(.*?\)", "", text)):
        word = re.sub(r"[^\u4e00-\u9fff]", "", candidate)
        for shorter in (word, re.sub("^(?:公开|公示|公布|发布)", "", word)):
            if found := _HEADING.fullmatch(shorter):
                return found.lastgroup or ""
    return ""


def _find_head(grid: Grid) -> _Head | None:
    """The first of the rows with most headings; None if there is none with at least two."""
    heads = (_head(grid.rows, at) for at in range(len(grid.rows)))
    best = max((head for head in heads if head), key=lambda head: (head.is_usable, head.score), default=None)
    return best and _with_manner(best, grid.rows)


def _head(rows: Sequence[Sequence[str]], at: int) -> _Head | None:
    above = rows[at]
    if sum(bool(_field_of(cell)) for cell in above if len(cell) <= 40) < 2:
        return None
    divided = _divided(above, rows[at + 1]) if at + 1 < len(rows) else None
    columns = divided or [_Column(_field_of(heading), heading) for heading in above]
    return _Head(at, 2 if divided else 1, _resolved(columns))


def _divided(above: Sequence[str], below: Sequence[str]) -> list[_Column] | None:
    """The columns under a head of two lines; None if ``below`` does not, or not only, divide groups of ``above``."""
    columns = []
    group = ""
    is_divided = False
    for heading, division in zip(above, below, strict=True):
        if not division or division == heading:
            group = heading
            columns.append(_Column(_field_of(heading), heading))
            continue
        is_divided = True
        group = heading or group
        name = _field_of(group)
        if name in _CHOSEN and len(division) <= 20:
            columns.append(_Column(name, group, division))
        elif name == _field_of(division) == "level":
            columns.append(_Column(name, division))
        else:
            return None
    return columns if is_divided else None


def _resolved(columns: Sequence[_Column]) -> tuple[_Column, ...]:
    """Say which of the columns of matters is which, and let each field be read from one column (or its divisions)."""
    places = [place for place, column in enumerate(columns) if column.field == "level"]
    if not places:  # catalogues of party affairs often name what is disclosed under 公开内容
        places = [place for place, column in enumerate(columns) if column.field == "content"][:1]
    levels = dict(zip(reversed(places), _LEVELS, strict=False))
    owners: dict[str, str] = {}
    resolved = []
    for place, column in enumerate(columns):
        name = levels.get(place, "" if column.field == "level" else column.field)
        if name in owners and not (column.choice and owners[name] == column.heading):
            name = ""
        if name:
            owners[name] = column.heading
        resolved.append(replace(column, field=name))
    return tuple(resolved)


def _with_manner(head: _Head, rows: Sequence[Sequence[str]]) -> _Head:
    """公开方式 is 主动 or 依申请 in some catalogues, and the board and the screen in others."""
    columns = list(head.columns)
    for place, column in enumerate(columns):
        if column.field == "manner" and not column.choice and "channels" not in head.fields:
            cells = (row[place] for row in rows[head.at + head.height :])
            if not any("主动" in cell or "申请" in cell for cell in cells):
                columns[place] = replace(column, field="channels")
    return replace(head, columns=tuple(columns))


# --- the rows ----------------------------------------------------------------------------------------------------

_NOTE = re.compile(
    r"[(（【*※]*(?:备\s*注|(?:填报|填表)?说\s*明|注)\s*(?:\d*[:：.、)）】]|$)"
    r"|(?:制表|填表|填报|审核|审批|经办|联系)(?:人|单位|时间|日期|电话)?\s*[:：]"
)
_ORDINAL = r"[(（第]?(?:[一二三四五六七八九十]+|\d+)(?:[)）、.．:：]|部分)+\s*"
_SECTION = re.compile(
    rf"(?:{_ORDINAL})?(?P<called>.{{1,30}}?(?:公开|类|务|事项|目录|部分|内容))|{_ORDINAL}(?P<named>.{{1,30}})"
)
_DITTO = {"同上", "同前", "〃", "″", '"'}
_SEVERAL_LINES = {"content", "basis"}
_FILLED_DOWN = ("category", "first_level")

_AGAIN = N_("The headings or the title once more.")


class _Reader:
    """Goes down the rows of one sheet, keeping in mind what holds for the rows below."""

    def __init__(self, grid: Grid, head: _Head) -> None:
        self.grid = grid
        self.head = head
        self.rows = _filled(grid)
        self.title = ""
        self.items: list[CatalogueRow] = []
        self.unknown: dict[str, None] = {}
        self.problems: list[Remark] = []
        self.ignored: list[Remark] = []
        self.above: dict[str, str] = {}  # what a blank category or first-level matter stands for
        self.heading: dict[str, Remark] = {}  # the lines of their own that said so, until an item follows
        self.before: dict[str, str] = {}  # the row that 同上 speaks of
        self.filled_down: set[str] = set()  # the columns without merged cells, in which blank means as above

    def read(self) -> CatalogueSheet:
        head_row = self.head.at + 1
        self._read_top()
        self._enter(self.head)
        at = self.head.at + self.head.height
        while at < len(self.rows):
            again = _head(self.grid.rows, at)
            if again and again.is_usable:
                self._ignore(at, _AGAIN)
                self._enter(_with_manner(again, self.grid.rows))
                at += again.height
            else:
                self._read_row(at)
                at += 1
        self.ignored += self.heading.values()
        return CatalogueSheet(
            sheet=self.grid.name,
            title=self.title,
            head_row=head_row,
            items=_numbered(self.items),
            unknown_headings=tuple(self.unknown),
            problems=(*self.problems, *_repeated(self.items)),
            ignored=tuple(sorted(self.ignored, key=lambda remark: remark.line)),
        )

    def _ignore(self, at: int, message: str) -> None:
        self.ignored.append(self._remark(at, message))

    def _remark(self, at: int, message: str) -> Remark:
        text = _line(" ".join(cell for cell in self.grid.rows[at] if cell))
        return Remark(at + 1, "", message, {"text": text if len(text) <= 40 else f"{text[:40]}…"})

    def _read_top(self) -> None:
        for at in range(self.head.at):
            cell = next((_line(cell) for cell in self.grid.rows[at] if cell), "")
            if not self.title and re.search("目录|清单|一览表|公开", cell) and not cell.startswith("附"):
                self.title = cell
            elif cell:
                self._ignore(at, N_("“%(text)s” stands above the headings."))

    def _enter(self, head: _Head) -> None:
        self.head = head
        spanned = {span.left for span in self.grid.merged if span.bottom > span.top > head.at}
        merged = {column.field for place, column in enumerate(head.columns) if place in spanned}
        self.filled_down = {*_FILLED_DOWN} - merged
        self.unknown |= {_line(column.heading): None for column in head.columns if column.heading and not column.field}

    def _read_row(self, at: int) -> None:
        if not any(self.grid.rows[at]):
            return
        cells = self.rows[at]
        filled = {column.field: _line(cell) for column, cell in zip(self.head.columns, cells, strict=True) if cell}
        first = next(iter(filled.values()))
        is_alone = sum(map(bool, cells)) == 1
        if "time_limit" not in filled and _NOTE.match(first):
            self._ignore(at, N_("A note: “%(text)s”"))
        elif is_alone and first == self.title:
            self._ignore(at, _AGAIN)
        elif is_alone and "category" not in self.head.fields and (section := _SECTION.fullmatch(first)):
            self._heads(at, "category", section["called"] or section["named"])
        elif filled.keys() <= {"number", *_FILLED_DOWN} and filled.keys() != {"number"}:
            for name in _FILLED_DOWN:
                if name in filled:
                    self._heads(at, name, filled[name])
        else:
            self._read_item(at, cells)

    def _heads(self, at: int, name: str, text: str) -> None:
        """A line of its own names the category or first-level matter of the items below."""
        if unused := self.heading.pop(name, None):
            self.ignored.append(unused)
        self.heading[name] = self._remark(at, N_("There is no item under “%(text)s”."))
        self._hold(name, text)

    def _hold(self, name: str, text: str) -> None:
        if name == "category" and self.above.get("category") != text:
            self.above.pop("first_level", None)
        self.above[name] = text

    def _read_item(self, at: int, cells: Sequence[str]) -> None:
        values, wrong = self._values(at, cells)
        for name in _FILLED_DOWN:
            if values[name]:
                self._hold(name, values[name])
        if not values["name"] and not values["first_level"]:
            self._ignore(at, N_("No item is named: “%(text)s”"))
            return
        if values["name"] and "first_level" in self.filled_down:
            values["first_level"] = values["first_level"] or self.above.get("first_level", "")
        if "category" in self.filled_down:
            values["category"] = values["category"] or self.above.get("category", "")
        if not values["name"]:
            values["name"], values["first_level"] = values["first_level"], ""
        if not values["time_limit"]:
            wrong.append(Remark(at + 1, "time_limit", N_("This item has no time limit.")))
        self.items.append(CatalogueRow(at + 1, values.pop("number"), **values))
        self.problems += wrong
        self.heading.clear()

    def _values(self, at: int, cells: Sequence[str]) -> tuple[dict[str, str], list[Remark]]:
        """The texts of a row by field, with what is wrong with them."""
        values = dict.fromkeys(_HEADINGS.keys() - {"level"} | {*_LEVELS}, "")
        wrong = []
        for place, (column, cell) in enumerate(zip(self.head.columns, cells, strict=True)):
            if not cell:
                continue
            if not column.heading:
                self.unknown[f"{column_letters(place)}列"] = None
            elif column.field and cell in _DITTO:
                values[column.field] = self.before.get(column.field, "")
            elif column.choice:
                values[column.field] = "、".join(filter(None, (values[column.field], _ticked(column.choice, cell))))
            elif column.field in _CHOSEN:
                values[column.field] = "、".join(_choices(cell))
                if not values[column.field]:
                    wrong.append(Remark(at + 1, column.field, N_("It cannot be seen what is ticked here.")))
            elif column.field:
                try:
                    values[column.field] = (read_text if column.field in _SEVERAL_LINES else read_line)(cell)
                except Invalid as invalid:
                    values[column.field] = cell
                    wrong.append(Remark(at + 1, column.field, invalid.message, invalid.params))
        self.before = values.copy()
        return values, wrong


def _filled(grid: Grid) -> list[list[str]]:
    """The rows with what stands in merged cells repeated downwards."""
    rows = [list(row) for row in grid.rows]
    for span in grid.merged:
        for at in range(span.top + 1, span.bottom + 1):
            rows[at][span.left] = rows[span.top][span.left]
    return rows


def _line(text: str) -> str:
    try:
        return read_line(text)
    except Invalid:
        return " ".join(text.split())


def _numbered(items: Sequence[CatalogueRow]) -> tuple[CatalogueRow, ...]:
    """The items with their own numbers if these rise from item to item, else with their places."""
    own = [plain(item.position).rstrip(".、") for item in items]
    numbers = [int(text) if re.fullmatch("[0-9]{1,5}", text) else 0 for text in own]
    rise = all(before < after for before, after in zip((0, *numbers), numbers, strict=False))
    chosen = numbers if rise else range(1, len(items) + 1)
    return tuple(replace(item, position=str(number)) for item, number in zip(items, chosen, strict=True))


def _repeated(items: Iterable[CatalogueRow]) -> Iterator[Remark]:
    seen: dict[tuple[str, str], int] = {}
    for item in items:
        line = seen.setdefault((item.first_level, item.name), item.line)
        if line != item.line:
            yield Remark(item.line, "name", N_("The same item stands in row %(line)s already."), {"line": line})


# --- what is ticked ----------------------------------------------------------------------------------------------

_ON, _OFF = "■☑☒✓✔√●◆▣▪", "□☐○◇▢"
_MARKED = re.compile(f"([{_ON}{_OFF}])([^{_ON}{_OFF}]*)")
_MARKED_BEHIND = re.compile(f"([^{_ON}{_OFF}]*)([{_ON}{_OFF}])")
_YES = {"是", "有", "Y", "V", "∨", "1"}
_NO = {"否", "无", "N", "×", "X", "✗", "-", "—", "/", "0"}
_WORDS = {
    "特定对象": "特定群体",
    "特定群众": "特定群体",
    "特定人群": "特定群体",
    "主动": "主动公开",
    "依申请": "依申请公开",
}


def _ticked(choice: str, cell: str) -> str:
    """``choice`` if the cell below it is ticked, with what else stands there; else nothing."""
    text = _line(cell)
    if text.upper() in _NO or any(mark in text for mark in _OFF):
        return ""
    more = "" if text.upper() in _YES else text.strip(f"{_ON} ()（）")
    choice = _WORDS.get(_line(choice), _line(choice))
    return f"{choice}（{more}）" if more else choice


def _choices(cell: str) -> list[str]:
    """What is ticked in a cell like “■公示栏 □网站”; without boxes, what stands in its lines."""
    text = re.sub(r"[\[(（]\s*√\s*[\])）]", "■", cell)
    text = re.sub(r"[\[(（]\s*[\])）]", "□", text)
    if "□" in text:  # boxes of a symbol font come as letters: n政府网站 □微信群
        text = re.sub(r"(?<![A-Za-z])[tnRþ¢](?=[\u4e00-\u9fff])", "■", text)
    text = text.strip()
    if not _MARKED.search(text):
        found = text.splitlines()
    elif text[0] not in _ON + _OFF and text[-1] in _ON + _OFF:
        found = [label for label, mark in _MARKED_BEHIND.findall(text) if mark in _ON]
    else:
        before = re.split(f"[{_ON}{_OFF}]", text)[0]
        found = ["" if before.endswith(("：", ":")) else before]
        found += [label for mark, label in _MARKED.findall(text) if mark in _ON]
    labels = (_line(label).strip("、，,；;。 ") for label in found)
    return [_WORDS.get(label, label) for label in labels if label]
