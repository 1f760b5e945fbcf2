"""Contacts and calendars as a telephone reads them, and what is understood of the words for a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from icalendar import Calendar, Component

from app.exchange.cards import Contact, Entry, Recurring, calendar, told, understood, vcards
from app.kernel.db import OFFICE_TIME

NOW = datetime(2026, 11, 22, 1, 30)
SUNDAY = date(2026, 11, 22)
DAYS = "一二三四五六日"


def of(days: str, begins: str, ends: str) -> Recurring:
    return Recurring(frozenset(DAYS.index(day) for day in days), time.fromisoformat(begins), time.fromisoformat(ends))


# --- times -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("每周二、四 19:00-20:30", [of("二四", "19:00", "20:30")]),
        ("每天 6:30-8:00", [of(DAYS, "06:30", "08:00")]),
        ("每天6:30-7:30、19:00-20:00", [of(DAYS, "06:30", "07:30"), of(DAYS, "19:00", "20:00")]),
        ("每周一、周四15:00-16:30", [of("一四", "15:00", "16:30")]),
        ("每周一至周五 8:00-9:00", [of("一二三四五", "08:00", "09:00")]),
        ("每周五至周一 8点～9点", [of("一五六日", "08:00", "09:00")]),
        ("周末 9:00—11:00", [of("六日", "09:00", "11:00")]),
        ("工作日８：３０－１０：００", [of("一二三四五", "08:30", "10:00")]),
        ("星期天9:00-11:00", [of("日", "09:00", "11:00")]),
        ("每周1、3 9:00-10:00", [of("一三", "09:00", "10:00")]),
        ("每周二、四19:00-20:30，周六9:00-11:00", [of("二四", "19:00", "20:30"), of("六", "09:00", "11:00")]),
        ("每周二四下午2点-4点半", [of("二四", "14:00", "16:30")]),
        ("每天早上6:30-7:30，晚上7:00-8:30", [of(DAYS, "06:30", "07:30"), of(DAYS, "19:00", "20:30")]),
    ],
)
def test_the_words_offices_use_for_a_time_are_understood(words, meant):
    assert list(understood(words)) == meant


@pytest.mark.parametrize(
    "words",
    [
        "",
        "早晚",
        "每天",
        "每周二上午",
        "19:00-20:00",
        "周日9:00-11:00（雨天停）",
        "每月第一个周六 9:00-10:00",
        "每天22:00-6:00",
        "每周二2:00-4:00",
        "每天24:00-25:00",
        "每周二、四 19:00-20:30 另行通知",
        "每周二19:00-20:30，周六",
        "每周八 9:00-10:00",
    ],
)
def test_what_is_not_understood_to_the_last_word_is_not_guessed(words):
    assert understood(words) == ()


def test_what_was_understood_is_told_in_words():
    assert told(understood("每天6:30-7:30，每周二、四19:00-20:30")) == "每天 06:30–07:30；每周二、四 19:00–20:30"


# --- calendars ---------------------------------------------------------------------------------------------------


def events(*entries: Entry) -> list[Component]:
    return list(Calendar.from_ical(calendar("文化队伍", entries, NOW)).walk("VEVENT"))


def test_a_rehearsal_is_in_the_calendar_every_week_from_the_next_one_on():
    [event] = events(Entry("team-1", "腰鼓队排练", SUNDAY, "社区文化广场", "", understood("每周二、四 19:00-20:30")))
    assert str(event["summary"]) == "腰鼓队排练"
    assert str(event["location"]) == "社区文化广场"
    assert event.start == datetime(2026, 11, 24, 19, tzinfo=OFFICE_TIME)
    assert event.end - event.start == timedelta(minutes=90)
    assert event.start.utcoffset() == timedelta(hours=8)
    assert event["rrule"].to_ical() == b"FREQ=WEEKLY;BYDAY=TU,TH"


def test_a_rehearsal_of_today_begins_today():
    [event] = events(Entry("team-1", "排练", SUNDAY, recurring=understood("周日 9:00-10:00")))
    assert event.start.date() == SUNDAY


def test_several_times_are_several_events_which_a_new_file_replaces():
    entry = Entry("team-1", "排练", SUNDAY, recurring=understood("每天6:30-7:30、19:00-20:00"))
    twice = [events(entry) for _ in range(2)]
    assert [[str(event["uid"]) for event in each] for each in twice] == [["team-1.0", "team-1.1"]] * 2
    assert [event["rrule"].to_ical() for event in twice[0]] == [b"FREQ=DAILY"] * 2


def test_what_falls_due_stands_at_its_day_and_keeps_nobody_busy():
    [event] = events(Entry("plan-1", "共建事项到期：义诊", date(2026, 12, 31)))
    assert (event.start, event.end) == (date(2026, 12, 31), date(2027, 1, 1))
    assert event["transp"] == "TRANSPARENT"
    assert "rrule" not in event


def test_a_calendar_says_in_which_zone_its_times_are():
    data = calendar("排练", [Entry("team-1", "排练", SUNDAY, recurring=understood("每天 6:30-8:00"))], NOW)
    assert b"TZID:Asia/Shanghai" in data
    assert b"DTSTART;TZID=Asia/Shanghai:20261122T063000" in data
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))


# --- contacts ----------------------------------------------------------------------------------------------------


def test_a_contact_is_read_as_it_was_written():
    liaison = Contact("unit-1@portal", "张明", "临江区第二实验小学", "联络员", "13812345678", "和风路36号")
    [card] = Component.from_ical(vcards([liaison]).decode(), multiple=True)
    assert card.name == "VCARD"
    assert str(card["version"]) == "3.0"
    assert str(card["fn"]) == "张明"
    assert card["n"].fields[0] == "张明"
    assert card["org"].fields[0] == "临江区第二实验小学"
    assert str(card["tel"]) == "13812345678"
    assert card["tel"].params["TYPE"] == "CELL"
    assert str(card["note"]) == "和风路36号"


def test_commas_and_semicolons_in_a_name_do_not_break_it_apart():
    data = vcards([Contact("a", "张,明;", "学校;分校", address="和风路36号\n二楼")]).decode()
    assert "FN:张\\,明\\;\r\n" in data
    assert "ORG:学校\\;分校\r\n" in data
    assert "NOTE:和风路36号\\n二楼\r\n" in data


def test_the_version_stands_first_as_old_telephones_want_it():
    assert vcards([Contact("a", "张明")]).startswith(b"BEGIN:VCARD\r\nVERSION:3.0\r\n")


def test_whose_number_may_not_be_told_has_none():
    assert b"TEL" not in vcards([Contact("a", "张明", "学校")])


def test_the_phone_of_an_office_is_none_of_a_pocket():
    assert b"TEL;TYPE=WORK:0523-86881234" in vcards([Contact("a", "张明", phone="0523-86881234")])


def test_one_file_holds_all_contacts():
    data = vcards([Contact(str(number), f"居民{number}") for number in range(3)])
    assert data.count(b"BEGIN:VCARD") == data.count(b"END:VCARD") == 3
