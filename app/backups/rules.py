"""Rules about backups, as plain functions. Every moment is the office's time, without zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from app.kernel.values import N_

EVERY_FOR_DAYS = 7
WEEKLY_FOR = 5
MONTHLY_FOR = 12
NEWEST = 7
"""So many of the newest are kept whatever the clock of an old machine says."""

OLD_AFTER = timedelta(days=2)
RETRY_AFTER = timedelta(hours=1)

TAKEN_ALONG_EVERY = timedelta(days=7)

SHORTEST_KEY = 12
LONGEST_KEY = 200

_NAME = re.compile(r"portal-(\d{4}-\d\d-\d\d-\d{6})\.zip(\.sealed)?")
MOMENT = "%Y-%m-%d-%H%M%S"


def file_name(at: datetime, is_sealed: bool) -> str:
    """What the backup of that moment is called."""
    return f"portal-{at.strftime(MOMENT)}.zip{'.sealed' if is_sealed else ''}"


def made_at(name: str) -> datetime | None:
    """The moment in the name of a backup; None for any other file."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found[1], MOMENT) if found else None
    except ValueError:
        return None


def superseded(made: Iterable[datetime], today: date) -> set[datetime]:
    """Which backups are no longer kept.

    Kept are all of seven days, the last of each of five weeks and of each of twelve months, and the newest seven.
    """
    newest_first = sorted(set(made), reverse=True)
    kept = set(newest_first[:NEWEST])
    kept |= {moment for moment in newest_first if (today - moment.date()).days < EVERY_FOR_DAYS}
    kept |= _last_of_each(newest_first, lambda moment: moment.isocalendar()[:2], WEEKLY_FOR)
    kept |= _last_of_each(newest_first, lambda moment: (moment.year, moment.month), MONTHLY_FOR)
    return set(newest_first) - kept


def _last_of_each(newest_first: Iterable[datetime], period: Callable[[datetime], Any], most: int) -> set[datetime]:
    last: dict[Any, datetime] = {}
    for moment in newest_first:
        if len(last) < most:
            last.setdefault(period(moment), moment)
    return set(last.values())


def last_good(made: Iterable[datetime], now: datetime) -> datetime | None:
    """The newest of the backups ``made``; one of a day to come, by a clock that went wrong, says nothing of today."""
    return max((moment for moment in made if moment <= now), default=None)


def is_due(now: datetime, last_good: datetime | None, last_attempt: datetime | None) -> bool:
    """Is it time for the backup of the day? One that failed is tried again an hour later."""
    done_today = last_good is not None and last_good.date() == now.date()
    just_tried = last_attempt is not None and timedelta() <= now - last_attempt < RETRY_AFTER
    return not done_today and not just_tried


def is_old(now: datetime, last_good: datetime | None) -> bool:
    """Is the last good backup too old to rely on, or is there none?"""
    return last_good is None or now - last_good > OLD_AFTER


def is_missing(has_key: bool, has_second: bool, was_taken: bool) -> str:
    """What is still to be done before backups survive the loss of the computer, and are safe from who finds one.

    ``was_taken``: one was taken along within :data:`TAKEN_ALONG_EVERY`. Returns a message id, empty if all is done.
    """
    if not has_key and not has_second:
        return N_(
            "The backups lie on this computer only: if it breaks or is stolen, they are gone too. Set a key below, "
            "back up once more and download that backup onto a USB stick."
        )
    if not has_key:
        return N_(
            "The copies in the second folder are not encrypted: whoever gets hold of one can read everything in it, "
            "identity numbers too. Set a key below."
        )
    if not has_second and not was_taken:
        return N_(
            "In the last 7 days no backup was taken along: if this computer breaks or is stolen, all of them are gone. "
            "Download the newest encrypted one onto a USB stick; if there is none, back up first."
        )
    return ""
