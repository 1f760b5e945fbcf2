"""Drafting and issuing notices. One operation, one commit, one entry in the trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from app.community.models import Community
from app.disclosure import rules
from app.disclosure.models import DRAFT, ISSUED, Notice
from app.kernel import audit, listing
from app.kernel.capability import Figure, Task
from app.kernel.db import Conflict, count_of, db, transaction
from app.kernel.fields import Declared, fields_of
from app.kernel.listing import Question
from app.kernel.present import full_text
from app.printing import Snapshot

MAX_ROWS = 20_001
"""One more than can be printed: a longer roster is refused, not cut without a word."""
ATTEMPTS = 10

Issuer = Callable[[Community], str]

_issuers: dict[str, Issuer] = {}


def _committee(community: Community) -> str:
    return f"{community.name}居民委员会"


def issued_by(issuer: Issuer, *registers: str) -> None:
    """Say who by default signs the notices made from ``registers``; the residents' committee signs the others."""
    _issuers.update(dict.fromkeys(registers, issuer))


def default_issuer(register: str, community: Community) -> str:
    return _issuers.get(register, _committee)(community)


def printable(model: Any) -> list[Declared]:
    """The fields of ``model`` that may stand in a public notice."""
    return [declared for declared in fields_of(model).values() if declared.field.notice]


def chinese(label: Any) -> str:
    """A label as a notice prints it: notices are Chinese whatever language the page is in."""
    with force_locale("zh"):
        return str(label)


def print_columns(model: Any) -> list[rules.PrintColumn]:
    return [
        rules.PrintColumn(
            declared.name,
            chinese(declared.field.label),
            figures=declared.kind in {"integer", "decimal"},
            wide=declared.kind == "long",
            mask=declared.field.notice_mask,
        )
        for declared in printable(model)
    ]


def compose(model: Any, question: Question, wording: rules.Wording, limit: int = MAX_ROWS) -> Snapshot:
    """A draft sheet from the rows of ``model`` that answer ``question``, in that order."""
    fields = [declared for declared in printable(model) if declared.name in wording.columns]
    found = listing.rows(model, [declared.name for declared in fields], question, limit=limit)
    with force_locale("zh"):
        rows = [{d.name: full_text(d, row.values[d.name]) for d in fields} for row in found]
    return rules.compose(wording, print_columns(model), rows)


def draft(
    model: Any, community_id: int, sheet: Snapshot, by: str, recipe: Mapping[str, Any] | None = None, key: int = 0
) -> Notice:
    """Keep a composed sheet as a draft: a new one, or (``key``) in place of what was kept before.

    ``recipe`` is what :class:`Notice` says. Raises :class:`Conflict` if that draft was issued or deleted meanwhile.
    """
    with transaction():
        notice = _draft(key) if key else Notice(community_id=community_id, source=model.__tablename__)
        notice.title, notice.issuer, notice.drafted_by = sheet.title, sheet.issuer, by
        notice.snapshot, notice.recipe = sheet.to_json(), dict(recipe or {})
        db.session.add(notice)
    return notice


def _looked_at(key: int, version: int | None) -> Select[tuple[Notice]]:
    statement = select(Notice).where(Notice.id == key, Notice.state == DRAFT)
    return statement if version is None else statement.where(Notice.version == version)


def _draft(key: int, version: int | None = None) -> Notice:
    notice: Notice | None = db.session.scalar(_looked_at(key, version))
    if notice is None:
        raise Conflict
    return notice


def issue(key: int, by: str, on: date, version: int | None = None) -> Notice:
    """Number, date and seal a draft. Two people issuing at once get two numbers, without a gap.

    Raises :class:`Conflict` if the draft was issued or deleted meanwhile, or is not the ``version`` that was looked at.
    """
    for _attempt in range(ATTEMPTS):
        try:
            with transaction():
                return _issue(key, by, on, version)
        except Conflict:
            db.session.expire_all()
            if db.session.scalar(_looked_at(key, version)) is None:
                raise
    raise Conflict


def _issue(key: int, by: str, on: date, version: int | None) -> Notice:
    notice = _draft(key, version)
    last = db.session.scalar(
        select(func.max(Notice.sequence)).where(Notice.community_id == notice.community_id, Notice.year == on.year)
    )
    community = db.session.get_one(Community, notice.community_id)
    notice.year, notice.sequence = on.year, (last or 0) + 1
    notice.number = rules.number(community.name, notice.year, notice.sequence)
    sheet = rules.issue(notice.sheet, notice.number, on)
    notice.snapshot, notice.digest = sheet.to_json(), sheet.digest()
    notice.state, notice.issued_on, notice.issued_by = ISSUED, on, by
    audit.act(notice, "issue")
    return notice


def figures() -> Iterable[Figure]:
    yield Figure(_("Notices issued"), count_of(Notice, Notice.state == ISSUED), "notice")


def tasks(_today: date) -> Iterable[Task]:
    """Drafts that wait to be issued."""
    yield Task(
        _("Drafted notices to be issued"),
        count_of(Notice, Notice.state == DRAFT),
        "notice",
        "notice.list",
        {"state": DRAFT},
    )
