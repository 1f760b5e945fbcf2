"""Contacts and dates for a telephone: liaisons as vCards, rehearsals and what falls due as a calendar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from app.kernel.db import OFFICE_TIME
from app.kernel.values import plain

if TYPE_CHECKING:
    from icalendar import Event  # loaded where one is made: few ask for it, and every process would keep it

# --- contacts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contact:
    """Somebody to call; ``key`` names the same contact in every file, ``phone`` is empty where it may not be told."""

    key: str
    name: str
    organization: str = ""
    role: str = ""
    phone: str = ""
    address: str = ""


def vcards(contacts: Iterable[Contact]) -> bytes:
    """The contacts as one .vcf file: vCard 3.0, which every telephone reads, in UTF-8."""
    return b"".join(_vcard(contact) for contact in contacts)


def _vcard(contact: Contact) -> bytes:
    from icalendar import Component, vN, vOrg, vText

    card: Any = Component()
    card.name = "VCARD"
    card.add("version", vText("3.0"))
    card.add("fn", vText(contact.name))
    card.add("n", vN((contact.name, "", "", "", "")))
    card.add("uid", vText(contact.key))
    if contact.organization:
        card.add("org", vOrg((contact.organization,)))
    if contact.role:
        card.add("title", vText(contact.role))
    if contact.phone:
        kind = "CELL" if re.fullmatch(r"1\d{10}", contact.phone) else "WORK"
        card.add("tel", vText(contact.phone, params={"TYPE": kind}))
    if contact.address:
        card.add("note", vText(contact.address))
    return bytes(card.to_ical(sorted=False))


# --- dates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recurring:
    """What takes place again and again: on ``weekdays`` (Monday is 0) between two times of the day."""

    weekdays: frozenset[int]
    begins: time
    ends: time


EVERY_DAY = frozenset(range(7))
_DAY = r"(?:[一二三四五六日天]|[1-7](?![\d:点时]))"
_WEEK = "(?:周|星期|礼拜)"
_CLOCK = r"(?:上午|下午|早上|早晨|晚上|晚|早)?\s*(?:[01]?\d|2[0-3])\s*(?::\s*[0-5]\d|[点时](?:半|[0-5]?\d分?)?)"
_PART = re.compile(
    r"[\s、,;和及:]*(?:"
    rf"(?P<begins>{_CLOCK})\s*[—–~至到-]+\s*(?P<ends>{_CLOCK})"
    r"|每?(?:(?P<daily>[天日])|(?P<workdays>个?工作日)|(?P<weekend>周末|双休日)"
    rf"|{_WEEK}(?P<first>{_DAY})\s*[至到—–~-]+\s*{_WEEK}?(?P<last>{_DAY})"
    rf"|{_WEEK}(?P<listed>{_DAY}(?:\s*[、,和及]?\s*(?:每?{_WEEK})?{_DAY})*)))"
)
"""The next part of a phrase: from one time of the day to another, or days of the week."""
_EARLIEST = time(5)
"""Nobody rehearses before; 2:00 is meant for the afternoon, but it does not say so."""
_NUMBERS = {**{day: number for number, day in enumerate("一二三四五六日")}, "天": 6}


def understood(text: str) -> tuple[Recurring, ...]:
    """When something takes place, of words such as 每周二、四 19:00-20:30 or 每天6:30-7:30、19:00-20:00.

    Nothing unless every word is understood: a calendar that leaves out half a sentence tells something else.
    """
    text, at = plain(text), 0
    found: list[Recurring] = []
    days: frozenset[int] | None = None
    is_used = True
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            return ()
        at = part.end()
        if not part["begins"]:
            if not is_used:
                return ()
            days, is_used = _weekdays(part), False
            continue
        begins = _clock(part["begins"])
        ends = _clock(part["ends"], after=begins)
        if days is None or not _EARLIEST <= begins < ends:
            return ()
        found.append(Recurring(days, begins, ends))
        is_used = True
    return tuple(found) if is_used else ()


def _weekdays(named: re.Match[str]) -> frozenset[int]:
    if named["daily"]:
        return EVERY_DAY
    if named["workdays"]:
        return frozenset(range(5))
    if named["weekend"]:
        return frozenset({5, 6})
    if named["first"]:
        first, last = _number(named["first"]), _number(named["last"])
        return frozenset(day % 7 for day in range(first, last + 1 if last >= first else last + 8))
    return frozenset(_number(day) for day in re.findall(_DAY, named["listed"]))


def _number(day: str) -> int:
    return int(day) - 1 if day.isdecimal() else _NUMBERS[day]


def _clock(text: str, after: time | None = None) -> time:
    """The time of day; 7 o'clock in the evening, or after 14:00, is 19:00."""
    hour, minute = (*map(int, re.findall(r"\d+", text)), 30 if "半" in text else 0)[:2]
    if hour < 12 and (text.startswith(("下午", "晚")) or (after and hour < after.hour >= 12)):
        hour += 12
    return time(hour, minute)


@dataclass(frozen=True)
class Entry:
    """Something for a calendar: all day ``on`` a day, or, with ``recurring``, from that day on again and again."""

    key: str
    title: str
    on: date
    place: str = ""
    note: str = ""
    recurring: tuple[Recurring, ...] = field(default=())


def calendar(name: str, entries: Iterable[Entry], moment: datetime) -> bytes:
    """The entries as an .ics file (RFC 5545), times in the offices' zone; ``moment`` is when it is written, in UTC."""
    from icalendar import Calendar

    found = Calendar()
    found.add("prodid", "-//Community office portal//ZH")
    found.add("version", "2.0")
    found.add("x-wr-calname", name)
    for entry in entries:
        for event in _events(entry):
            event.add("dtstamp", moment.replace(tzinfo=UTC))
            found.add_component(event)
    found.add_missing_timezones()
    return bytes(found.to_ical())


def _events(entry: Entry) -> Iterator[Event]:
    if not entry.recurring:
        event = _event(entry, 0)
        event.add("dtstart", entry.on)
        event.add("dtend", entry.on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        yield event
    for nth, recurring in enumerate(entry.recurring):
        days = (entry.on + timedelta(days=ahead) for ahead in range(7))
        first = next(day for day in days if day.weekday() in recurring.weekdays)
        event = _event(entry, nth)
        event.add("dtstart", datetime.combine(first, recurring.begins, OFFICE_TIME))
        event.add("dtend", datetime.combine(first, recurring.ends, OFFICE_TIME))
        event.add("rrule", _rule(recurring.weekdays))
        yield event


def _event(entry: Entry, nth: int) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{entry.key}.{nth}")
    event.add("summary", entry.title)
    if entry.place:
        event.add("location", entry.place)
    if entry.note:
        event.add("description", entry.note)
    return event


def _rule(weekdays: frozenset[int]) -> Mapping[str, Any]:
    if weekdays == EVERY_DAY:
        return {"FREQ": "DAILY"}
    return {"FREQ": "WEEKLY", "BYDAY": [("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day] for day in sorted(weekdays)]}


def told(recurring: Iterable[Recurring]) -> str:
    """What was understood, in words: 每天 06:30–07:30；每周二、四 19:00–20:30."""

    def days(of: frozenset[int]) -> str:
        return "每天" if of == EVERY_DAY else "每周" + "、".join("一二三四五六日"[day] for day in sorted(of))

    return "；".join(f"{days(each.weekdays)} {each.begins:%H:%M}–{each.ends:%H:%M}" for each in recurring)
