"""What people ask of the office about their own data: to see it, to have it corrected or deleted."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, Text, case
from sqlalchemy.orm import Mapped

from app.kernel.db import Record, Scoped, today
from app.kernel.fields import derived, field
from app.kernel.retention import Retention
from app.kernel.values import read_name
from app.privacy.rules import REFUSED

KINDS = {
    "access": _l("to see and copy"),
    "correction": _l("to correct"),
    "deletion": _l("to delete"),
    "other": _l("something else"),
}
DECISIONS = {
    "granted": _l("Granted"),
    "in_part": _l("Granted in part"),
    REFUSED: _l("Refused"),
}
STANDINGS = {
    "open": _l("To be answered"),
    "overdue": _l("Overdue"),
    "done": _l("Done"),
}


def _standing(request: type[PersonalDataRequest]) -> ColumnElement[str]:
    return case(
        (request.done_on.is_not(None), "done"),
        (request.due_on < today(), "overdue"),
        else_="open",
    )


class PersonalDataRequest(Record, Scoped):
    """Somebody asks about their own data (个人信息保护法 Art. 44 to 50).

    Who asks is a name, no link: the request stays on file when the person has been deleted at their own wish.
    """

    __tablename__ = "personal_data_request"
    __label__ = _l("Personal data request")
    __title__ = "applicant"
    __newest_first__ = True
    __kept__ = Retention(3, "done_on", "参照《个人信息保护法》第五十六条：处理情况记录至少保存三年")

    applicant: Mapped[str] = field(_l("Applicant"), String(50), read=read_name, in_list=True, search=True)
    kind: Mapped[str] = field(_l("What is asked for"), options=lambda: KINDS, in_list=True, filter=True)
    received_on: Mapped[date] = field(_l("Received on"), in_list=True, default=today)
    due_on: Mapped[date | None] = field(
        _l("To be answered by"),
        in_list=True,
        help=_l("Left blank, 15 working days after it was received: the office's own limit, as the law names none."),
    )
    wish: Mapped[str | None] = field(_l("In their own words"), Text)
    decision: Mapped[str | None] = field(_l("Decision"), options=lambda: DECISIONS, in_list=True, filter=True)
    answer: Mapped[str | None] = field(
        _l("What was answered"), Text, help=_l("Whoever is refused, at whole or in part, is told why (article 50).")
    )
    done_on: Mapped[date | None] = field(_l("Answered on"), in_list=True, help=_l("Blank until it is answered."))
    standing = derived(_l("State"), _standing, "choice", options=lambda: STANDINGS, in_list=True, filter=True)
