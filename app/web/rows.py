"""The table of a register: drawn here and not in a template, because nothing else on a page is drawn so often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.kernel.fields import Declared, Kind, Label
from app.kernel.listing import Question

LONG, VERY_LONG = 24, 40
"""Characters from which a text is cut off to the eye, and from which it is shown in full when pointed at."""
_BOX = '<td class="pick"><input type="checkbox" name="ids" value="%s" aria-label="%s"></td>'
_VIEW = '<a href="%s">%s<span class="unseen"> %s</span></a>'
_EDIT = ' <a href="/%s/edit/%s?back=%s">%s<span class="unseen"> %s</span></a>'
_UNSEEN = '<span class="unseen">%s</span>'
_HEAD = '<th scope="col"%s>%s</th>\n'

_ALWAYS = {"integer": "number", "decimal": "number", "date": "date", "moment": "date"}
"""The classes of the kinds whose cells are all alike."""


def _class_by_length(length: int, is_words: bool) -> str:
    if length > LONG:
        return "wide"
    if length > 7 or (is_words and length > 5):
        return "mid"
    return "brief" if not is_words and 1 < length < 8 else ""


@cache
def _classes(kind: Kind) -> tuple[str, ...]:
    """The classes of cells of a kind, as attributes, by the length of their text up to LONG + 1."""
    names = (_ALWAYS.get(kind) or _class_by_length(length, kind in {"text", "long"}) for length in range(LONG + 2))
    return tuple(f' class="{name}"' if name else "" for name in names)


def kept_arguments(*dropped: str) -> dict[str, str]:
    """The arguments of the present address, without the blank and the ``dropped`` ones."""
    return {name: text for name, text in request.args.items() if text and name not in dropped}


def table(
    view: Any,
    columns: Sequence[Declared],
    rows: Iterable[tuple[int, Sequence[str]]],
    caption: Label,
    may_edit: bool = False,
    question: Question | None = None,
    sortable: Collection[str] = (),
    choosing: bool = False,
) -> Markup:
    """The table of ``rows`` of the register ``view``, each an id and its texts.

    The column that names a row leads to it. Given the ``question`` of a list, the headings of the ``sortable`` columns
    sort it; ``choosing`` puts a box before each row.
    """
    names = [declared.name for declared in columns]
    title = view.model.__title__
    named = names.index(title) if title in names else None
    sorting = None
    if question is not None:
        kept = kept_arguments("order", "desc", "page")
        address = f"{request.path}?{urlencode(kept)}{'&' if kept else ''}"
        sorting = _Sorting(address, question.order, question.descending, frozenset(sortable))
    does = may_edit or named is None
    # What is searched for or filtered by stands in each heading: of such there are too many to keep.
    draw = drawn_head if sorting is None or sorting.address == f"{request.path}?" else drawn_head.__wrapped__
    head = draw(get_locale().language, tuple(columns), choosing, does, sorting)
    back = quote(request.full_path.rstrip("?"), safe="/")
    body = _table_rows(view.name, columns, rows, named, back, may_edit, choosing)
    return Markup(  # noqa: S704 (every text has been escaped)
        f'<div class="sheet" role="region" tabindex="0" aria-label="{escape(caption)}">\n<table>\n'
        f"<thead>{head}</thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>"
    )


class _Sorting(NamedTuple):
    """By what a list is sorted now, and the beginning of the addresses that sort it by ``sortable`` columns."""

    address: str
    order: str
    descending: bool
    sortable: frozenset[str]


@lru_cache(maxsize=1_000)
def drawn_head(
    _language: str, columns: tuple[Declared, ...], choosing: bool, does: bool, sorting: _Sorting | None
) -> str:
    """The headings of a table, drawn once for each language; ``does`` leaves room for what is done with a row."""
    drawn = ["<tr>\n"]
    if choosing:
        drawn.append(_HEAD % (' class="pick"', _UNSEEN % escape(_("Choose"))))
    for declared in columns:
        attributes, label = _classes(declared.kind)[0], str(escape(declared.field.label))
        if sorting is not None and declared.name in sorting.sortable:
            order = f"order={declared.name}"
            if sorting.order == declared.name:
                attributes += f' aria-sort="{"descending" if sorting.descending else "ascending"}"'
                order += "" if sorting.descending else "&desc=1"
            label = f'<a href="{escape(sorting.address + order)}">{label}</a>'
        drawn.append(_HEAD % (attributes, label))
    if does:
        drawn.append(_HEAD % (' class="do"', _UNSEEN % escape(_("Edit"))))
    return "".join([*drawn, "</tr>"])


def _table_rows(
    register: str,
    columns: Sequence[Declared],
    rows: Iterable[tuple[int, Sequence[str]]],
    named: int | None,
    back: str,
    may_edit: bool,
    choosing: bool,
) -> str:
    """The rows of a table of ``register``, their texts escaped.

    The ``named`` column leads to the record; where there is none, a link behind the row does. ``back`` is where editing
    leads back to, quoted.
    """
    nameless, view, edit = _words(get_locale().language)
    classes = [_classes(declared.kind) for declared in columns]
    drawn: list[str] = []
    for key, texts in rows:
        address, name = f"/{register}/show/{key}", _escaped(texts[named or 0])
        contents = [text if text.isalnum() and len(text) <= LONG else _content(text) for text in texts]
        if named is not None:
            contents[named] = f'<a href="{address}">{contents[named] or nameless}</a>'
        drawn.append("<tr>")
        if choosing:
            drawn.append(_BOX % (key, name or nameless))
        drawn += [
            f"<td{by_length[len(text)] if len(text) <= LONG else by_length[-1]}>{content}</td>"
            for text, content, by_length in zip(texts, contents, classes, strict=True)
        ]
        if may_edit or named is None:
            drawn.append('<td class="do">')
            if named is None:
                drawn.append(_VIEW % (address, view, name))
            if may_edit:
                drawn.append(_EDIT % (register, key, back, edit, name))
            drawn.append("</td>")
        drawn.append("</tr>\n")
    return "".join(drawn)


@cache
def _words(_language: str) -> tuple[str, ...]:
    """What is said in each row."""
    return tuple(str(escape(text)) for text in (_("(no name)"), _("View"), _("Edit")))


def _escaped(text: str) -> str:
    """The text as HTML; most are of letters and digits alone, in which nothing is to be escaped."""
    return text if text.isalnum() else str(escape(text))


def _content(text: str) -> str:
    """The text of a cell: its indent as it is, and cut off to the eye if it is long."""
    if len(text) <= LONG:
        return _escaped(text)
    bare = text.lstrip("　")
    indent, shown = text[: len(text) - len(bare)], _escaped(bare)
    if len(bare) <= LONG:
        return f"{indent}{shown}"
    title = f' title="{shown}"' if len(bare) > VERY_LONG else ""
    return f'{indent}<span class="clamp"{title}>{shown}</span>'
