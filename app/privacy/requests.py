"""What is worked out and checked about requests, and which of them wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _

from app.kernel import workdays
from app.kernel.capability import Task
from app.kernel.db import count_of, today
from app.kernel.records import Data, checks, completes
from app.kernel.values import Violation
from app.privacy.models import PersonalDataRequest
from app.privacy.rules import ANSWERED_WITHIN, check_request


@completes(PersonalDataRequest)
def _give_a_limit(data: Data) -> Data:
    if data.get("due_on") or not data.get("received_on"):
        return {}
    return {"due_on": workdays.official().add_workdays(data["received_on"], ANSWERED_WITHIN)}


@checks(PersonalDataRequest, alone=True)
def _check_request(data: Mapping[str, Any], _record: Any) -> Iterable[Violation]:
    return check_request(data, today())


def tasks(day: date) -> Iterable[Task]:
    """Requests that wait for an answer, and those that have waited too long."""
    waits, register = PersonalDataRequest.done_on.is_(None), PersonalDataRequest.__tablename__
    late = PersonalDataRequest.due_on < day
    address = f"{register}.list"
    yield Task(
        _("Personal data requests overdue"),
        count_of(PersonalDataRequest, waits, late),
        register,
        address,
        {"standing": "overdue"},
        urgent=True,
    )
    yield Task(
        _("Personal data requests to be answered"),
        count_of(PersonalDataRequest, waits, ~late),
        register,
        address,
        {"standing": "open"},
    )
