"""What a list was asked, in words."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import listing
from app.kernel.codes import Code
from app.kernel.db import db
from app.kernel.fields import Access, Declared, fields_of
from app.kernel.listing import Days, Question
from app.kernel.present import full_text
from app.kernel.values import mask_phone, plain


def in_words(model: Any, question: Question) -> str:
    """Which rows of ``model`` were asked for, such as 检索: 王；所在队伍: 红马甲, or all of them: 全部.

    In the language in force.
    """
    told = [(_("Search"), _told_search(question.search))] if question.search else []
    for name, wanted in question.filters.items():
        declared = fields_of(model)[name]
        told.append((str(declared.field.label), _told_filter(declared, wanted)))
    return "；".join(f"{label}{_(': ')}{words}" for label, words in told) or str(_("All"))


_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}[Xx]?")
"""What may be a telephone or an identity number, also a mistyped one."""


def _told_search(text: str) -> str:
    """What was searched for, as the trail may keep it: a number that belongs to one person is masked."""
    return _LONG_NUMBER.sub(lambda number: mask_phone(number[0]), plain(text))


def _told_filter(declared: Declared, wanted: Any) -> str:
    if isinstance(wanted, Days):
        return f"{wanted.first or ''}–{wanted.last or ''}"
    if declared.field.access is not Access.OPEN:
        return "****"
    if declared.kind == "link":
        return listing.title(declared.target, wanted) or str(wanted)
    if declared.kind == "code":
        of_list = select(Code.label).where(Code.code_list == declared.field.code, Code.value == wanted)
        return str(db.session.scalar(of_list) or wanted)
    return full_text(declared, wanted)
