"""What the office does with volunteers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel.capability import Figure, Task
from app.kernel.db import count_of, today
from app.kernel.records import Data, checks
from app.kernel.rules import not_to_come
from app.kernel.values import Violation
from app.volunteers.models import Volunteer, VolunteerTeam


@checks(Volunteer, alone=True)
def _check_volunteer(data: Data, _record: Any) -> Iterable[Violation]:
    yield from not_to_come(data, "registered_on", today())


@checks(VolunteerTeam, alone=True)
def _check_team(data: Data, _record: Any) -> Iterable[Violation]:
    yield from not_to_come(data, "founded_on", today())


def figures() -> Iterable[Figure]:
    yield Figure(_l("Volunteers"), count_of(Volunteer), "volunteer")
    yield Figure(_l("Volunteer teams"), count_of(VolunteerTeam), "volunteer_team")


def tasks(_today: date) -> Iterable[Task]:
    """Volunteers nobody has put in a team yet."""
    teamless = count_of(Volunteer, Volunteer.team_id.is_(None))
    yield Task(_("Volunteers without a team"), teamless, "volunteer", "volunteer.list", {"order": "team_id", "desc": 1})
