"""What the office does with its facilities and boards."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l

from app.facilities.models import Facility, NoticeBoard, ServicePoint
from app.kernel.capability import Figure
from app.kernel.db import count_of


def figures() -> Iterable[Figure]:
    yield Figure(_l("Facilities"), count_of(Facility), "facility")
    yield Figure(_l("Service points"), count_of(ServicePoint), "service_point")
    yield Figure(_l("Notice boards"), count_of(NoticeBoard), "notice_board")
