"""What the office does with cultural teams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from app.culture.models import CulturalTeam, CulturalTeamMember
from app.kernel.capability import Figure
from app.kernel.db import count_of, today
from app.kernel.records import Data, checks
from app.kernel.rules import not_to_come
from app.kernel.values import Violation


@checks(CulturalTeam, alone=True)
def _check_team(data: Data, _record: Any) -> Iterable[Violation]:
    yield from not_to_come(data, "founded_on", today())


@checks(CulturalTeamMember, alone=True)
def _check_member(data: Data, _record: Any) -> Iterable[Violation]:
    yield from not_to_come(data, "joined_on", today())


def figures() -> Iterable[Figure]:
    yield Figure(_l("Cultural teams"), count_of(CulturalTeam), "cultural_team")
    yield Figure(_l("Members of cultural teams"), count_of(CulturalTeamMember), "cultural_team_member")
