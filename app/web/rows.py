"""The rows of a list: drawn here and not in a template, because nothing else on a page is drawn so often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.kernel.fields import Declared

LONG, VERY_LONG = 24, 40
"""Characters from which a text is cut off to the eye, and from which it is shown in full when pointed at."""
_BOX = '<td class="pick"><input type="checkbox" name="ids" value="%s" aria-label="%s"></td>'
_VIEW = '<a href="%s">%s<span class="unseen"> %s</span></a>'
_EDIT = ' <a href="/%s/edit/%s?back=%s">%s<span class="unseen"> %s</span></a>'


def cell_class(declared: Declared, text: str = "") -> Markup:
    """The class of a cell, for its width and alignment, as an attribute; nothing for the usual one."""
    kind, length = declared.kind, len(text)
    words = kind in {"text", "long"}
    if kind in {"integer", "decimal"}:
        return Markup(' class="number"')
    if kind in {"date", "moment"}:
        return Markup(' class="date"')
    if length > LONG:
        return Markup(' class="wide"')
    if length > 7 or (words and length > 5):
        return Markup(' class="mid"')
    return Markup(' class="brief"') if not words and 1 < length < 8 else Markup("")


def table_rows(
    register: str,
    columns: Sequence[Declared],
    rows: Iterable[tuple[int, Sequence[str]]],
    named: int | None,
    back: str,
    may_edit: bool,
    choosing: bool,
) -> Markup:
    """The rows of a table of ``register``, each an id and its texts, which are escaped here.

    The ``named`` column leads to the record; where there is none, a link behind the row does. ``back`` is where editing
    leads back to, quoted; ``choosing`` puts a box before each row.
    """
    nameless, view, edit = (escape(text) for text in (_("(no name)"), _("View"), _("Edit")))
    drawn: list[str] = []
    for key, texts in rows:
        address, name = f"/{register}/show/{key}", escape(texts[named or 0])
        drawn.append("<tr>")
        if choosing:
            drawn.append(_BOX % (key, name or nameless))
        for index, declared in enumerate(columns):
            content = _content(texts[index] or (nameless if index == named else ""))
            linked = f'<a href="{address}">{content}</a>' if index == named else content
            drawn.append(f"<td{cell_class(declared, texts[index])}>{linked}</td>")
        if may_edit or named is None:
            drawn.append('<td class="do">')
            if named is None:
                drawn.append(_VIEW % (address, view, name))
            if may_edit:
                drawn.append(_EDIT % (register, key, back, edit, name))
            drawn.append("</td>")
        drawn.append("</tr>\n")
    return Markup("".join(drawn))  # noqa: S704 (every text has been escaped)


def _content(text: Any) -> str:
    """The text of a cell: its indent as it is, and cut off to the eye if it is long."""
    bare = text.lstrip("　")
    indent, shown = text[: len(text) - len(bare)], escape(bare)
    if len(bare) <= LONG:
        return f"{indent}{shown}"
    title = f' title="{shown}"' if len(bare) > VERY_LONG else ""
    return f'{indent}<span class="clamp"{title}>{shown}</span>'
