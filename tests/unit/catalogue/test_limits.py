"""Time limits: what a catalogue's phrase means, what then falls due, and whether it was kept."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.limits import (
    STATUSES,
    Answer,
    Defaults,
    DueDay,
    Duty,
    Event,
    Span,
    Standing,
    Status,
    Tally,
    TimeLimit,
    answered,
    duties,
    may_come_down_on,
    read_time_limit,
    status,
    tally,
    told_of,
    unread,
)
from app.kernel.workdays import official

CALENDAR = official()
DEFAULTS = Defaults()


def working(days: int) -> Span:
    return Span(days, "working")


def calendar(days: int) -> Span:
    return Span(days, "calendar")


STANDING = TimeLimit("standing")
UPDATED = TimeLimit("standing", on_change=True)
MONTH = TimeLimit("month")
QUARTER = TimeLimit("quarter")
HALF_YEAR = TimeLimit("half_year")
YEAR = TimeLimit("year")
PROMPTLY = TimeLimit("event")


def within(span: Span, **more: object) -> TimeLimit:
    return TimeLimit("event", due_within=span, **more)


def posted(span: Span, **more: object) -> TimeLimit:
    return TimeLimit("event", post_for=span, **more)


def by(period: str, month: int, day: int, in_next: bool = False, **more: object) -> TimeLimit:
    return TimeLimit(period, due_day=DueDay(month, day, in_next), **more)


# --- reading ---------------------------------------------------------------------------------------------------------

UNDERSTOOD = {
    # what always has to hang
    "长期公开": STANDING,
    "长期": STANDING,
    "常年公开": STANDING,
    "长期性公开": STANDING,
    "长期有效": STANDING,
    "长期公开，变更及时更新": UPDATED,
    "长期公开,发生变更及时更新并公开": UPDATED,
    "长期公开；如有变更，及时更新。": UPDATED,
    "长期公开、内容变动后随时调整": UPDATED,
    "长期公开，动态更新": UPDATED,
    "及时更新": UPDATED,
    "实时更新": UPDATED,
    "长期公开（变更后5个工作日内更新）": TimeLimit("standing", due_within=working(5), on_change=True),
    "人员调整后3日内更新": TimeLimit("standing", due_within=calendar(3), on_change=True),
    "信息形成之日起20个工作日内，长期公开": TimeLimit("standing", due_within=working(20)),
    # what recurs
    "每月": MONTH,
    "每个月": MONTH,
    "每月公布一次": MONTH,
    "每月至少公开1次": MONTH,
    "按月": MONTH,
    "逐月公开": MONTH,
    "月度公开": MONTH,
    "一月一公开": MONTH,
    "每月底前": MONTH,
    "每季": QUARTER,
    "每季度": QUARTER,
    "每个季度": QUARTER,
    "按季度公开": QUARTER,
    "每季度公布一次": QUARTER,
    "每季度至少公布一次": QUARTER,
    "每季度不少于一次": QUARTER,
    "一季度一公开": QUARTER,
    "每三个月公布一次": QUARTER,
    "每季度末": QUARTER,
    "季度公开": QUARTER,
    "每半年": HALF_YEAR,
    "半年一次": HALF_YEAR,
    "半年公布一次": HALF_YEAR,
    "每半年度公开": HALF_YEAR,
    "每六个月": HALF_YEAR,
    "每年": YEAR,
    "每年公布一次": YEAR,
    "年度": YEAR,
    "按年公开": YEAR,
    "一年一次": YEAR,
    "每年年底前": YEAR,
    "每年12月底前": YEAR,
    # by a named day
    "每月10日前": by("month", 1, 10),
    "每月10号以前公布": by("month", 1, 10),
    "每月上旬公开": by("month", 1, 10),
    "每月5日前公开上月情况": by("month", 1, 5, in_next=True),
    "每月公开上个月收支情况": by("month", 1, 31, in_next=True),
    "次月10日前": by("month", 1, 10, in_next=True),
    "按月公开，次月10日前公布上月财务收支情况": by("month", 1, 10, in_next=True),
    "每季度首月15日前": by("quarter", 1, 15),
    "每季度首月15日": by("quarter", 1, 15),
    "每季度的首个月20日": by("quarter", 1, 20),
    "每季度第一个月15日前公布上季度财务收支情况": by("quarter", 1, 15, in_next=True),
    "每季度末月25日前": by("quarter", 3, 25),
    "每季度第三个月上旬": by("quarter", 3, 10),
    "下季度首月15日前": by("quarter", 1, 15, in_next=True),
    "每半年首月10日前": by("half_year", 1, 10),
    "每年1月底前": by("year", 1, 31),
    "每年一月三十一日前公开上一年度情况": by("year", 1, 31, in_next=True),
    "每年3月": by("year", 3, 31),
    "每年第一季度内公开": by("year", 3, 31),
    "每年2月29日前": by("year", 2, 29),
    "次年1月31日前": by("year", 1, 31, in_next=True),
    "次年年底前": by("year", 12, 31, in_next=True),
    "每季度结束后15日内": TimeLimit("quarter", due_within=calendar(15)),
    "季后15日内": TimeLimit("quarter", due_within=calendar(15)),
    "每月结束后5个工作日内公布": TimeLimit("month", due_within=working(5)),
    "年度终了后30日内": TimeLimit("year", due_within=calendar(30)),
    # what happens
    "及时": PROMPTLY,
    "及时公开": PROMPTLY,
    "实时公开": PROMPTLY,
    "随时": PROMPTLY,
    "随时公布": PROMPTLY,
    "即时公开": PROMPTLY,
    "一事一公开": PROMPTLY,
    "按进展情况及时公开": PROMPTLY,
    "根据实际情况及时公开": PROMPTLY,
    "会后及时公布": PROMPTLY,
    "村民会议通过后及时公布": PROMPTLY,
    "自信息形成或者变更之日起20个工作日内": within(working(20)),
    "自信息形成或者变更之日起20个工作日内及时公开": within(working(20)),
    "信息形成或变更之日起20个工作日内公开": within(working(20)),
    "信息形成或者变更之日起20个工作日内予以公开；": within(working(20)),
    "公开事项信息形成或变更之日起20个工作日内公开": within(working(20)),
    "信息形成（变更）20个工作日内": within(working(20)),
    "信息形成之后20个工作日内": within(working(20)),
    "信息形成或者变更之日起20个工作日内。法律、法规对政府信息公开的期限另有规定的，从其规定。": within(working(20)),
    "获取该信息之日起20个工作日内": within(working(20)),
    "分配结果确定后20个工作日内": within(working(20)),
    "部门预算经本级财政部门批复后20日内公开": within(calendar(20)),
    "及时公开（20个工作日内）": within(working(20)),
    "二十个工作日内": within(working(20)),
    "形成后7个工作日内": within(working(7)),
    "制定或获取信息之日起10个工作日内": within(working(10)),
    "自作出行政决定之日起7个工作日内": within(working(7)),
    "决定之日起5日内": within(calendar(5)),
    "决定之日起五个自然日内": within(calendar(5)),
    "会后3个工作日内": within(working(3)),
    "会后3个工作日内公布会议结果": within(working(3)),
    "活动结束后一周内": within(calendar(7)),
    "变更后3日内": within(calendar(3), on_change=True),
    "事前": TimeLimit("event", stages=("before",)),
    "事中": TimeLimit("event", stages=("during",)),
    "事后": TimeLimit("event", stages=("after",)),
    "事前、事中、事后": TimeLimit("event", stages=("before", "during", "after")),
    "事前、事中、事后实施分段公布": TimeLimit("event", stages=("before", "during", "after")),
    "事前公开、事后公布结果": TimeLimit("event", stages=("before", "after")),
    "事前公示，事后5个工作日内公布结果": within(working(5), stages=("before", "after")),
    # for how long
    "公示7天": posted(calendar(7)),
    "公示七日": posted(calendar(7)),
    "公示一周": posted(calendar(7)),
    "公示期7天": posted(calendar(7)),
    "公示期为7天": posted(calendar(7)),
    "公示不少于7天": posted(calendar(7)),
    "公示7天以上": posted(calendar(7)),
    "公示期不少于7个工作日": posted(working(7)),
    "不少于15日": posted(calendar(15)),
    "公示5个工作日": posted(working(5)),
    "公示5工作日": posted(working(5)),
    "公示时间不少于5个工作日": posted(working(5)),
    "张贴不少于十五日": posted(calendar(15)),
    # several at once
    "每季度公布一次，公示不少于15日": TimeLimit("quarter", post_for=calendar(15)),
    "每季度公布一次公示不少于15日": TimeLimit("quarter", post_for=calendar(15)),
    "1.每季度公布一次；2.公示不少于15日": TimeLimit("quarter", post_for=calendar(15)),
    "每月5日公示7天": by("month", 1, 5, post_for=calendar(7)),
    "及时公开，公示7天": posted(calendar(7)),
    "及时公开公示7天": posted(calendar(7)),
    "制定或获取信息之日起10个工作日内，公示7个工作日": within(working(10), post_for=working(7)),
    "事前、事后，公示期不少于7天": posted(calendar(7), stages=("before", "after")),
    "每季度公布一次，变更后3日内更新": TimeLimit("quarter", due_within=calendar(3), on_change=True),
    "每年公布一次，变更及时更新": TimeLimit("year", on_change=True),
}
NOT_UNDERSTOOD = {
    # a part that says something else, or nothing that can be reckoned with
    "同上": "同上",
    "定期公开": "定期公开",
    "适时公开": "适时公开",
    "不定期": "不定期",
    "张榜公布": "张榜公布",
    "全过程公开": "全过程公开",
    "按卫健委要求单独公开": "按卫健委要求单独公开",
    "每周": "每周",
    "每年两次": "两次",
    "长期不公开": "不公开",
    "每季度公布一次，重大事项随时公开": "重大事项随时公开",
    "每季度的首个月20日（往来较多的，财务收支情况应每月公布）": "往来较多的，财务收支情况应每月公布",
    "信息形成20个工作日内公开；其中处罚应自决定之日起7日内公示": "其中处罚应自决定之日起7日内公示",
    "一般每季度公布一次": "一般每季度公布一次",
    "审核信息及时公开": "审核信息及时公开",
    "实施情况及时公开，长期公开": "实施情况及时公开",
    "选举日20日前": "选举日20日前",
    "预算批复后20日内，另见附件": "另见附件",
    # what may mean two things
    "20工作日": "20工作日",
    "每年3月前": "3月前",
    "每月5日内": "5日内",
    "每月10日左右": "左右",
    "每月1日至5日": "至5日",
    "每年1月、7月": "7月",
    "每年三个月": "三个月",
    "每半年3月": "3月",
    "公示7天内": "公示7天内",
    "公示7至15天": "公示7至15天",
    "公示7-15天": "公示7-15天",
    "公示7 15天": "公示7 15天",
    "公示一个月": "公示一个月",
    "公示之日起7日内": "公示之日起7日内",
    "公示期满7天后": "公示期满7天后",
    "事前5日内": "5日内",
    "事后7日": "7日",
    "年后15日内": "年后15日内",
    "一月一日前公开": "一月一日前公开",
    "不少于15日公开一次": "公开一次",
    # days there are not
    "公示0天": "公示0天",
    "公示1000天": "公示1000天",
    "每月32日前": "每月32日前",
    "每年4月31日前": "每年4月31日前",
    "每年13月底前": "每年13月底前",
    "每季度第四个月": "每季度第四个月",
    "每季度首月15日前公开上月情况": "每季度首月15日前公开上月情况",
    # parts that contradict each other: the whole of it is shown
    "每月，每季度": "每月，每季度",
    "每月10日、每月20日前": "每月10日、每月20日前",
    "公示7日、公示15日": "公示7日、公示15日",
    "长期公开，公示7天": "长期公开，公示7天",
    "每季度，及时公开": "每季度，及时公开",
    "每季度公布一次，形成后5日内": "每季度公布一次，形成后5日内",
    "每月公开，事前公示": "每月公开，事前公示",
    "事前，5日内公开": "事前，5日内公开",
    "每季度结束后15日内，变更及时更新": "每季度结束后15日内，变更及时更新",
    "每季度首月15日前，季后20日内": "每季度首月15日前，季后20日内",
    # nothing
    "": "",
    " \n": "",
    "/": "/",
    "——": "——",
}


@pytest.mark.parametrize(("phrase", "limit"), UNDERSTOOD.items())
def test_a_phrase_becomes_a_rule(phrase, limit):
    assert read_time_limit(phrase) == limit
    assert unread(phrase) == ""


@pytest.mark.parametrize(("phrase", "part"), NOT_UNDERSTOOD.items())
def test_a_phrase_that_is_not_wholly_understood_is_never_guessed_and_says_what_was_not(phrase, part):
    assert read_time_limit(phrase) is None
    assert unread(phrase) == part


def test_several_parts_that_were_not_understood_are_shown_apart():
    assert unread("定期公开，每季度，另见附件") == "定期公开…另见附件"


def test_what_was_not_understood_is_shown_as_it_was_written():
    assert unread("长期公开（另见附件２，第３页）") == "另见附件２，第３页"


@pytest.mark.parametrize(
    "cell",
    [
        "制定或获取信息 之日起10个工作\n日 内，公示７个工作日",
        "制定或获取信息之日起１０个工作日内,公示7个工作日",
        "  制定或获取信息之日起\r\n10个工作日内\n公示7个工作日。",
        "制 定 或 获 取 信 息之日起 10 个 工作日内；公示七个工作日",
        "制定或获取信息之日起十个工作\u200b日内（公示7个工作日）",
        "制定或获取信息之⽇起10个⼯作⽇内，公示7个⼯作⽇",
    ],
)
def test_width_space_breaks_numerals_and_punctuation_of_the_cell_do_not_matter(cell):
    assert read_time_limit(cell) == within(working(10), post_for=working(7))


@pytest.mark.parametrize(
    ("written", "days"),
    [("一", 1), ("两", 2), ("九", 9), ("十", 10), ("十五", 15), ("二十", 20), ("三十一", 31), ("99", 99)],
)
def test_numbers_are_read_in_chinese_and_arabic(written, days):
    assert read_time_limit(f"公示{written}天") == posted(calendar(days))


_WORDS = sorted({word for phrase in (*UNDERSTOOD, *NOT_UNDERSTOOD) for word in re.findall(r"\d+|\W|\w", phrase)})


@given(st.text() | st.lists(st.sampled_from(_WORDS), max_size=30).map("".join))
def test_whatever_a_cell_holds_it_is_a_rule_or_says_what_was_not_understood(phrase):
    assert (read_time_limit(phrase) is None) == bool(unread(phrase)) or not phrase.strip()


@given(st.sampled_from(sorted(UNDERSTOOD)), st.sampled_from(sorted(UNDERSTOOD)))
def test_two_phrases_together_say_what_both_say_or_nothing(one, other):
    limit = read_time_limit(f"{one}；{other}")
    if limit:
        spans = [known.post_for for known in (UNDERSTOOD[one], UNDERSTOOD[other]) if known.post_for]
        assert limit.post_for in (spans or [None])
        assert {UNDERSTOOD[one].period, UNDERSTOOD[other].period} <= {limit.period, "event", "standing"}


@pytest.mark.parametrize(
    "filling", ["及时", "、法律", "信息、", "每年", "公示(", "1", "形成(变更)", "事后", "根据情况"]
)
def test_a_cell_that_was_filled_with_anything_takes_no_time(filling):
    started = time.process_time()
    assert read_time_limit(filling * 20_000) is None
    assert time.process_time() - started < 0.5


# --- answered by hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "answer", "wanted"),
    [
        ("每季度", {}, QUARTER),
        ("定期公开", {}, None),
        ("定期公开", {"due_within": working(5)}, None),
        ("定期公开", {"period": "quarter"}, QUARTER),
        ("定期公开", {"period": "event", "due_within": working(5)}, within(working(5))),
        ("定期公开", {"period": "month", "post_for": calendar(7)}, TimeLimit("month", post_for=calendar(7))),
        ("每季度", {"period": "month"}, MONTH),
        ("每季度首月15日前", {"period": "quarter"}, by("quarter", 1, 15)),
        ("每季度首月15日前", {"period": "month"}, MONTH),
        ("每季度首月15日前", {"due_within": working(5)}, TimeLimit("quarter", due_within=working(5))),
        ("事前、事后，公示7天", {"period": "year"}, TimeLimit("year", post_for=calendar(7))),
        ("公示7天", {"post_for": calendar(10)}, posted(calendar(10))),
    ],
)
def test_what_the_office_answers_counts_before_the_phrase(phrase, answer, wanted):
    assert answered(read_time_limit(phrase), **answer) == wanted


# --- what falls due --------------------------------------------------------------------------------------------------


def due(phrase: str, since: date, today: date, events: tuple[Event, ...] = ()) -> dict[str, date]:
    limit = read_time_limit(phrase)
    assert limit
    return {duty.key: duty.due_on for duty in duties(limit, since, today, events, CALENDAR, DEFAULTS)}


def test_a_monthly_item_is_due_by_the_last_working_day_of_each_month_up_to_this_one():
    assert due("每月", date(2025, 11, 10), date(2026, 2, 1)) == {
        "2025-11": date(2025, 11, 28),
        "2025-12": date(2025, 12, 31),
        "2026-01": date(2026, 1, 30),
        "2026-02": date(2026, 2, 28),
    }


@pytest.mark.parametrize(
    ("phrase", "keys", "labels"),
    [
        ("每月", ["2025-12", "2026-01"], ["2025年12月", "2026年1月"]),
        ("每季度", ["2025Q4", "2026Q1"], ["2025年第四季度", "2026年第一季度"]),
        ("每半年", ["2025H2", "2026H1"], ["2025年下半年", "2026年上半年"]),
        ("每年", ["2025", "2026"], ["2025年", "2026年"]),
    ],
)
def test_periods_are_called_as_people_call_them(phrase, keys, labels):
    found = duties(read_time_limit(phrase), date(2025, 12, 1), date(2026, 1, 31), (), CALENDAR, DEFAULTS)
    assert [duty.key for duty in found] == keys
    assert [duty.label for duty in found] == labels


def test_every_quarter_and_half_year_has_its_own_name():
    for phrase, count in (("每月", 12), ("每季度", 4), ("每半年", 2), ("每年", 1)):
        found = duties(read_time_limit(phrase), date(2026, 1, 1), date(2026, 12, 31), (), CALENDAR, DEFAULTS)
        assert len({duty.key for duty in found}) == len({duty.label for duty in found}) == count
        assert found[0].starts_on == date(2026, 1, 1)
        assert all(duty.starts_on <= duty.due_on for duty in found)


@pytest.mark.parametrize(
    ("phrase", "today", "key", "day"),
    [
        ("每月10日前", date(2026, 3, 1), "2026-03", date(2026, 3, 10)),
        ("每月5日前公开上月情况", date(2026, 3, 1), "2026-03", date(2026, 4, 7)),
        ("次月10日前", date(2025, 12, 1), "2025-12", date(2026, 1, 12)),
        ("每月31日前", date(2028, 2, 1), "2028-02", date(2028, 2, 29)),
        ("每月30日前", date(2027, 2, 1), "2027-02", date(2027, 3, 1)),
        ("每季度首月15日前", date(2026, 11, 1), "2026Q4", date(2026, 10, 15)),
        ("每季度首月7日前", date(2026, 11, 1), "2026Q4", date(2026, 10, 8)),
        ("每季度第一个月15日前公布上季度情况", date(2026, 11, 1), "2026Q4", date(2027, 1, 15)),
        ("每年1月底前", date(2026, 3, 1), "2026", date(2026, 2, 2)),
        ("每年2月29日前", date(2028, 3, 1), "2028", date(2028, 2, 29)),
        ("每年2月29日前", date(2025, 3, 1), "2025", date(2025, 2, 28)),
        ("每年年底前", date(2022, 3, 1), "2022", date(2022, 12, 30)),
        ("每季度结束后15日内", date(2025, 12, 1), "2025Q4", date(2026, 1, 15)),
        ("每月结束后5个工作日内", date(2026, 9, 1), "2026-09", date(2026, 10, 13)),
        ("每季度公布一次，变更后3日内更新", date(2026, 9, 1), "2026Q3", date(2026, 9, 30)),
    ],
)
def test_a_named_day_counts_and_moves_from_a_holiday_to_the_next_working_day(phrase, today, key, day):
    assert due(phrase, date(2020, 1, 1), today)[key] == day


def test_a_period_that_had_begun_counts_only_if_it_was_not_yet_due():
    assert list(due("每月10日前", date(2026, 3, 10), date(2026, 4, 1))) == ["2026-03", "2026-04"]
    assert list(due("每月10日前", date(2026, 3, 11), date(2026, 4, 1))) == ["2026-04"]
    assert list(due("每年1月底前", date(2026, 6, 1), date(2026, 12, 1))) == []


def test_what_always_hangs_is_due_once_promptly():
    assert due("长期公开", date(2026, 3, 5), date(2029, 1, 1)) == {"standing": date(2026, 4, 2)}
    assert due("长期公开，变更后3日内更新", date(2026, 3, 5), date(2029, 1, 1)) == {"standing": date(2026, 4, 2)}
    assert due("形成之日起3日内，长期公开", date(2026, 3, 2), date(2029, 1, 1)) == {"standing": date(2026, 3, 5)}


MEETING = Event(7, date(2026, 3, 5), None, "居民代表会议")
WORKS = Event(8, date(2026, 3, 2), date(2026, 3, 27), "楼道粉刷")


@pytest.mark.parametrize(
    ("phrase", "wanted"),
    [
        ("及时公开", {"event-7": date(2026, 4, 2), "event-8": date(2026, 4, 27)}),
        ("会后3个工作日内", {"event-7": date(2026, 3, 10), "event-8": date(2026, 4, 1)}),
        ("决定之日起2日内", {"event-7": date(2026, 3, 9), "event-8": date(2026, 3, 30)}),
        (
            "事前、事中、事后",
            {
                "event-7-before": date(2026, 3, 4),
                "event-7-during": date(2026, 3, 5),
                "event-7-after": date(2026, 4, 2),
                "event-8-before": date(2026, 3, 1),
                "event-8-during": date(2026, 3, 27),
                "event-8-after": date(2026, 4, 27),
            },
        ),
        ("事后5日内公布", {"event-7-after": date(2026, 3, 10), "event-8-after": date(2026, 4, 1)}),
    ],
)
def test_what_happens_is_told_of_after_it_ends_or_at_its_stages(phrase, wanted):
    assert due(phrase, date(2026, 1, 1), date(2026, 12, 31), (MEETING, WORKS)) == wanted


def test_a_stage_stands_in_the_name_of_its_duty():
    found = duties(read_time_limit("事前、事后"), date(2026, 1, 1), date(2026, 3, 1), (MEETING,), CALENDAR, DEFAULTS)
    assert [(duty.label, duty.stage) for duty in found] == [
        ("居民代表会议（事前）", "before"),
        ("居民代表会议（事后）", "after"),
    ]


def test_what_was_due_before_the_item_was_taken_up_is_nobodys_duty():
    assert due("会后3个工作日内", date(2026, 3, 10), date(2026, 3, 10), (MEETING,)) == {"event-7": date(2026, 3, 10)}
    assert due("会后3个工作日内", date(2026, 3, 11), date(2026, 3, 11), (MEETING,)) == {}


def test_a_change_is_posted_beside_what_hangs_or_recurs():
    day = date(2026, 3, 1)
    assert due("长期公开", day, day, (MEETING,)) == {"standing": date(2026, 3, 27), "event-7": date(2026, 4, 2)}
    changed = {"2026Q1": date(2026, 3, 31), "event-7": date(2026, 3, 9)}
    assert due("每季度公布一次，变更后3日内更新", day, day, (MEETING,)) == changed
    assert due("每季度公布一次", day, day, (MEETING,)) == {"2026Q1": date(2026, 3, 31)}


def test_promptly_is_what_the_office_has_set():
    strict = Defaults(promptly=working(2))
    (duty,) = duties(PROMPTLY, date(2026, 1, 1), date(2026, 1, 1), (MEETING,), CALENDAR, strict)
    assert duty.due_on == date(2026, 3, 9)


@given(
    st.sampled_from(sorted(UNDERSTOOD)),
    st.dates(date(2019, 1, 1), date(2029, 12, 31)),
    st.integers(-30, 1500),
)
def test_every_duty_has_a_key_of_its_own_and_none_was_due_before_it_counted(phrase, since, later):
    found = duties(UNDERSTOOD[phrase], since, since + timedelta(days=later), (MEETING, WORKS), CALENDAR, DEFAULTS)
    assert len({duty.key for duty in found}) == len(found)
    assert all(duty.due_on >= since for duty in found)


def test_three_years_of_months_for_a_hundred_items_take_no_time():
    limit = read_time_limit("每月10日前公开上月情况")
    fastest = 1.0
    for _ in range(5):
        started = time.process_time()
        for _ in range(100):
            assert len(duties(limit, date(2023, 1, 15), date(2025, 12, 20), (), CALENDAR, DEFAULTS)) == 36
        fastest = min(fastest, time.process_time() - started)
    assert fastest < 0.05


# --- what was kept ---------------------------------------------------------------------------------------------------

DUTY = Duty("2026-03", "2026年3月", date(2026, 3, 1), date(2026, 3, 31))
ON_THE_DAY = Answer(date(2026, 3, 31))
A_DAY_LATE = Answer(date(2026, 4, 1))
IN_PREPARATION = Answer(None, in_preparation=True)


@pytest.mark.parametrize(
    ("answer", "today", "standing"),
    [
        (ON_THE_DAY, date(2026, 5, 1), Standing(Status.POSTED)),
        (A_DAY_LATE, date(2026, 5, 1), Standing(Status.LATE, 1)),
        (None, date(2026, 3, 21), Standing(Status.DUE, 10)),
        (Answer(None), date(2026, 3, 31), Standing(Status.DUE, 0)),
        (None, date(2026, 4, 1), Standing(Status.MISSED, 1)),
        (IN_PREPARATION, date(2026, 3, 31), Standing(Status.PREPARING, 0, in_preparation=True)),
        (IN_PREPARATION, date(2026, 4, 2), Standing(Status.MISSED, 2, in_preparation=True)),
    ],
)
def test_a_duty_is_kept_late_waiting_or_missed(answer, today, standing):
    assert status(DUTY, answer, today) == standing


def test_every_status_has_words():
    assert set(STATUSES) == set(Status)


def test_the_compliance_table_counts_what_may_still_be_posted_as_waiting():
    standings = [Standing(status) for status in (*Status, Status.DUE, Status.POSTED, Status.MISSED, Status.MISSED)]
    assert tally(standings) == Tally(on_time=2, late=1, missed=3, waiting=3)
    assert tally([]) == Tally(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("posted_on", "span", "down_on"),
    [
        (date(2026, 3, 2), calendar(7), date(2026, 3, 10)),
        (date(2026, 3, 2), calendar(15), date(2026, 3, 18)),
        (date(2026, 2, 12), calendar(7), date(2026, 2, 25)),
        (date(2026, 9, 24), calendar(7), date(2026, 10, 9)),
        (date(2026, 3, 2), working(5), date(2026, 3, 10)),
        (date(2026, 9, 30), working(3), date(2026, 10, 11)),
        (date(2024, 2, 22), calendar(7), date(2024, 3, 1)),
        (date(2025, 12, 25), calendar(7), date(2026, 1, 5)),
    ],
)
def test_a_notice_comes_down_the_day_after_its_last_day_which_is_never_a_day_off(posted_on, span, down_on):
    assert may_come_down_on(posted_on, span, CALENDAR) == down_on


@given(st.dates(date(2019, 1, 1), date(2027, 12, 31)), st.integers(1, 60))
def test_a_notice_hangs_at_least_as_many_days_as_asked_not_counting_the_first(posted_on, days):
    assert (may_come_down_on(posted_on, calendar(days), CALENDAR) - posted_on).days > days
    last = may_come_down_on(posted_on, working(days), CALENDAR) - timedelta(days=1)
    assert CALENDAR.workdays_between(posted_on, last) == days


@pytest.mark.parametrize(
    ("phrase", "today", "told"),
    [
        ("每月公布一次", date(2026, 11, 3), (date(2026, 10, 1), date(2026, 10, 31))),
        ("每月10日前公布上月收支", date(2026, 11, 3), (date(2026, 11, 1), date(2026, 11, 30))),
        ("每季度公布一次", date(2026, 2, 3), (date(2025, 10, 1), date(2025, 12, 31))),
        ("每半年", date(2026, 8, 3), (date(2026, 1, 1), date(2026, 6, 30))),
        ("每年", date(2026, 8, 3), (date(2025, 1, 1), date(2025, 12, 31))),
    ],
)
def test_figures_are_about_the_last_period_that_is_over_when_they_are_due(phrase, today, told):
    assert told_of(duties(read_time_limit(phrase), today, today, (), CALENDAR, Defaults())[-1]) == told
