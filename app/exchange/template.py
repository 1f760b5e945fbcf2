"""An empty sheet to fill in for a register: what can be typed, as columns that help to type it right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask_babel import force_locale

from app.exchange.parts import typed, wearer_link
from app.exchange.sheetwriter import sheet_name, text_width
from app.kernel import codes, listing, values
from app.kernel.db import today
from app.kernel.fields import Access, Declared, title_field
from app.kernel.listing import Question
from app.kernel.workbooks import column_letters

REQUIRED = " *"
"""Follows the label of a column that must be filled in."""
ROWS = 20_000
"""Rows that are prepared: formats hold for the whole column, choices for these."""
MOST_TITLES = 200
"""So many rows of a linked register are offered; more would not be looked through."""

_NOTES = (
    "怎样填写",
    "一行填一条，表头（第一行）不要改动；不需要的列可以空着，也可以删掉。",
    "带 * 的列必须填写。把鼠标放在表头上，会显示说明和例子。",
    "日期写成 2026-03-05，也可以写 2026.3.5 或 20260305。",
    "身份证号、电话的列已设为文本，直接输入即可，不会变成 1.1E+17。",
    "有下拉选项的列，请尽量从选项中选择。",
    "填好后保存，在系统中选择“导入表格”。保存前系统会先让您核对，不会直接写入。",
)

_EXAMPLES: dict[Any, str] = {
    values.read_name: "张明",
    values.read_phone: "13812345678",
    values.read_id_number: "11010519491231002X",
    values.read_uscc: "91350100M000100Y43",
    values.read_hours: "8:30-17:30",
}


@dataclass(frozen=True)
class Field:
    """A column of the template; ``choices`` are offered, other values are only warned about."""

    declared: Declared
    choices: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        return f"{self.declared.field.label}{REQUIRED if self.required else ''}"

    @property
    def required(self) -> bool:
        """Must it be typed? What has a value to begin with may stay blank."""
        return self.declared.required and self.declared.default is None

    @property
    def is_text(self) -> bool:
        """Would a workbook take what is typed for a number, and round or shorten it?"""
        return self.declared.kind == "text" or self.declared.field.access is not Access.OPEN

    @property
    def example(self) -> str:
        if found := _EXAMPLES.get(self.declared.field.read):
            return found
        by_kind = {"date": "2026-03-05", "integer": "12", "decimal": "85.5"}
        return self.choices[0] if self.choices else by_kind.get(self.declared.kind, "")

    @property
    def advice(self) -> str:
        """What the head tells in its comment."""
        parts = ["必填。" if self.required else "", str(self.declared.field.help or "")]
        parts.append(f"例如：{self.example}" if self.example else "")
        return "\n".join(filter(None, parts))


def typed_fields(model: Any) -> list[Declared]:
    """What can be typed for a row of ``model``; where it is a hat on a person, what can be typed of the person as well.

    Then the person's own fields stand in the place of the link, so that one sheet suffices.
    """
    own, link = typed(model), wearer_link(model)
    if link is None:
        return own
    labels = {str(declared.field.label) for declared in own if declared is not link}
    persons = [declared for declared in typed(link.target) if str(declared.field.label) not in labels]
    at = own.index(link)
    return [*own[:at], *persons, *own[at + 1 :]]


def template(model: Any) -> bytes:
    """The .xlsx to fill in for ``model``: heads are the labels, what must be filled in ends in :data:`REQUIRED`.

    Choices come from the code lists and from the linked rows in scope; everything is Chinese.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    with force_locale("zh"):
        offered = with_choices(typed_fields(model))
        target = BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
            page = book.add_worksheet(sheet_name(str(model.__label__)))
            _write_notes(book, offered)
            lists = book.add_worksheet("选项")
            lists.hide()
            for at, field in enumerate(offered):
                _write_column(book, page, lists, at, field)
            page.freeze_panes(1, 0)
            page.set_landscape()
            page.set_paper(9)
            page.repeat_rows(0)
        return target.getvalue()


def with_choices(fields: Sequence[Declared]) -> list[Field]:
    """The fields with what can be chosen in each, in the language at work."""
    of_codes = codes.choices({declared.field.code for declared in fields if declared.field.code}, today())

    def offered(declared: Declared) -> Sequence[str]:
        if declared.field.code:
            return [label for _value, label in of_codes[declared.field.code]]
        if declared.kind == "choice" and declared.field.options:
            return [str(label) for label in declared.field.options().values()]
        if declared.kind == "flag":
            return ["是", "否"]
        # People are typed by name: a list of residents would be handed round with the empty sheet.
        if declared.kind == "link" and not declared.target.__same__:
            return _titles(declared)
        return ()

    return [Field(declared, tuple(offered(declared))) for declared in fields]


def _titles(declared: Declared) -> list[str]:
    """What the rows a link may lead to are called, unless there are too many or they are called after people."""
    target = declared.target
    title = title_field(target)
    if title.kind == "link" or title.field.access is not Access.OPEN:
        return []
    rows = listing.rows(target, [title.name], Question(filters=declared.field.only), limit=MOST_TITLES + 1)
    return [] if len(rows) > MOST_TITLES else list(dict.fromkeys(str(row.values[title.name] or "") for row in rows))


def _write_column(book: Any, page: Any, lists: Any, at: int, field: Field) -> None:
    head = book.add_format({"bold": field.required, "bg_color": "#EDEDED", "bottom": 1, "num_format": "@"})
    formats = {"date": "yyyy-mm-dd", "integer": "0", "decimal": "0.00"}
    form = "@" if field.is_text and field.declared.kind != "date" else formats.get(field.declared.kind, "@")
    width = max(text_width(field.head), text_width(field.example), *map(text_width, field.choices[:50]), 8) + 3
    page.set_column(at, at, min(width, 40), book.add_format({"num_format": form}))
    page.write_string(0, at, field.head, head)
    if field.advice:
        page.write_comment(0, at, field.advice, {"x_scale": 1.6, "y_scale": 1 + field.advice.count("\n") / 3})
    rule: dict[str, Any] = {"validate": "any"}
    if field.choices:
        for row, choice in enumerate(field.choices):
            lists.write_string(row, at, choice)
        column = _absolute(at, len(field.choices))
        rule |= {"validate": "list", "source": f"=选项!{column}", "error_type": "warning"}
        rule |= {"error_title": "不在选项中", "error_message": "这个值不在选项中。确实要这样填，请选“是”。"}
    elif field.declared.kind == "date":
        rule["input_message"] = "写成 2026-03-05"
    elif field.is_text and _is_number_like(field.declared.field.read):
        rule["input_message"] = "直接输入，不会被改成别的样子"
    if len(rule) > 1:
        page.data_validation(1, at, ROWS, at, rule)


def _is_number_like(read: Callable[[str], Any] | None) -> bool:
    return read in {values.read_id_number, values.read_phone, values.read_uscc}


def _absolute(column: int, rows: int) -> str:
    return f"${column_letters(column)}$1:${column_letters(column)}${rows}"


def _write_notes(book: Any, fields: Sequence[Field]) -> None:
    page = book.add_worksheet("填写说明")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 24, wrapped)
    page.set_column(1, 1, 8, wrapped)
    page.set_column(2, 2, 48, wrapped)
    page.set_column(3, 3, 40, wrapped)
    for row, note in enumerate(_NOTES):
        page.merge_range(row, 0, row, 3, note, bold if row == 0 else wrapped)
    start = len(_NOTES) + 1
    for at, heading in enumerate(("列名", "必填", "说明", "可选内容或例子")):
        page.write_string(start, at, heading, bold)
    for at, field in enumerate(fields):
        offered = "、".join(field.choices[:12]) + (" 等" if len(field.choices) > 12 else "")
        # With the letter before it the name is no heading, should the sheet be looked through for one.
        name = f"{column_letters(at)}列：{field.declared.field.label}"
        cells = (name, "是" if field.required else "", str(field.declared.field.help or ""), offered or field.example)
        for place, text in enumerate(cells):
            page.write_string(start + 1 + at, place, text, wrapped)
