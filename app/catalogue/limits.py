"""Disclosure time limits (公开时限): what a catalogue's phrase asks for, what falls due when, and what was kept.

Pure: phrases, days and a calendar in, values out. A phrase becomes a rule only if every word of it is understood;
what is not is named, so that the office can say itself what is meant.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, lru_cache, partial
from itertools import groupby
from typing import Any, Literal, get_args

from flask_babel import lazy_gettext as _l

from app.kernel.workdays import Calendar

Period = Literal["standing", "month", "quarter", "half_year", "year", "event"]
Stage = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Span:
    """A number of working or calendar days after a day that is not itself counted (民法典第二百零一条)."""

    days: int
    unit: Literal["working", "calendar"]


@dataclass(frozen=True)
class DueDay:
    """The ``day`` of the ``month`` of a period, both counted from 1; in a shorter month its last day.

    ``in_next`` counts in the period that follows: 次月10日前.
    """

    month: int
    day: int
    in_next: bool = False


@dataclass(frozen=True)
class TimeLimit:
    """What has to be posted how often, by when and for how long.

    ``due_day`` is by when in a recurring period; None for its last working day. ``due_within`` runs from an event,
    from the end of a recurring period, or from when a standing matter is taken up; with ``on_change`` only from a
    change to what is posted. None means promptly. ``post_for`` None leaves it to the office's default. An event with
    ``stages`` (事前、事中、事后) is told of at each of them.
    """

    period: Period
    due_day: DueDay | None = None
    due_within: Span | None = None
    post_for: Span | None = None
    stages: tuple[Stage, ...] = ()
    on_change: bool = False


@dataclass(frozen=True)
class Defaults:
    """What holds where the catalogue says nothing.

    ``promptly`` is how long 及时 is (政府信息公开条例第二十六条), ``post_for`` how long a notice hangs
    (城市居民委员会组织法（2025修订）第三十四条).
    """

    promptly: Span = Span(20, "working")
    post_for: Span = Span(15, "calendar")


# --- the words of a phrase -------------------------------------------------------------------------------------------

_NUMBER = r"(?:\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_UNIT = r"(?:个?工作[日天]|个?(?:自然|日历)[日天]|[日天]|个?星期|周)"
_SPAN = rf"(?P<days>{_NUMBER})(?P<unit>{_UNIT})"
_IN = r"[之以]?内"
_BY = r"(?:[之以]?前)"
_ALONE = r"(?<!\w)"
_AT_LEAST = r"(?:不[得应能]?[少低短小]于|至少)"
_MUST = r"(?:应当?|必?须|需|在|于)*"

_OR_LONGER = r"(?:及?以上)?(?![内前后起至到之以左])"
_DISCLOSED = r"(?:公开|公布|公示|公告|发布|通报|张贴|张榜|上墙)"
_LASTING = rf"(?:的?(?:期限?|时间|时长|天数))?(?:[:为是均须]|应当?)*{_AT_LEAST}?\(?"
# 及时公开公示7天: the 公示 of the second half belongs to its seven days.
_DISCLOSE = rf"(?:(?:{_DISCLOSED}|更新|调整)(?!{_LASTING}{_NUMBER}{_UNIT}{_OR_LONGER}))"
_HOW = r"(?:及时|主动|同步|集中|统一|全面|按时|予以|进行|对外|应当?|必?须|需|向(?:社会|居民|村民|群众|党员))*"
_WHAT = r"(?:(?:其|相关|有关|进展|实施|落实|执行|办理|会议|评议|选举)*(?:结果|情况|信息|内容))?"
_VERB = rf"(?:{_HOW}{_DISCLOSE}(?:并?{_DISCLOSE})?{_WHAT})"
_ONE = rf"[一1](?:次|{_DISCLOSED})"
_ONCE = rf"(?:{_AT_LEAST}?{_VERB}?{_AT_LEAST}?{_ONE}(?:以上)?|{_VERB})"
_PROMPT = r"(?:及时|随时|实时|即时|立即|第一时间)"
_ACCORDING = r"(?:(?:按照?|根据|依据|视)(?:工作|项目|实际|事项|办理|具体|实施|工程|活动|的|进展|进度|情况|需要)+,?)"

_DAY = rf"(?:(?P<day>{_NUMBER})[日号](?!{_IN})|(?P<third>[上中下])旬|月?[底末]){_BY}?"
# 每年3月前 is before March to some and before its end to others: it stays unread.
_DAY_OF_MONTH = rf"月份?(?:的?{_DAY}|(?:{_IN})?(?!{_BY}))"
_FIRST_OR_LAST = r"(?P<nth>首|末|最后一?|第[一二三四五六1-6])个?"
_CLOSE = rf"[底末终]{_BY}?"
_EVERY = r"(?:每一?个?|按|逐)"
_OF_BEFORE = r"(?:上[一个]{0,2}(?P<before>[月季年])度?份?的?(?:财务|收支|工作|相关)*(?:情况|信息|账目|内容)?)"


@dataclass(frozen=True)
class _Recurring:
    """A recurring period: its months, how it is called, and how a day in it is named."""

    months: int
    called: str
    day: str


_RECURRING: dict[Period, _Recurring] = {
    "month": _Recurring(1, rf"(?:{_EVERY}月度?|月度|一个?月(?={_ONE}))", rf"的?{_DAY}"),
    "quarter": _Recurring(
        3,
        rf"(?:{_EVERY}季度?|季度|一季度?(?={_ONE})|每[三3]个月)",
        rf"(?:的?{_FIRST_OR_LAST}{_DAY_OF_MONTH}|季?度?{_CLOSE})",
    ),
    "half_year": _Recurring(
        6, rf"(?:{_EVERY}?半年度?|每[六6]个月)", rf"(?:的?{_FIRST_OR_LAST}{_DAY_OF_MONTH}|{_CLOSE})"
    ),
    "year": _Recurring(
        12,
        rf"(?:{_EVERY}年度?|年度|一年(?={_ONE}))",
        rf"(?:的?(?P<nth>{_NUMBER}){_DAY_OF_MONTH}|的?第?(?P<quarter>[一二三四1-4])季度(?:{_CLOSE}|{_IN})?|年?{_CLOSE})",
    ),
}
_CALLED: dict[str, Period] = {"月": "month", "季": "quarter", "半年": "half_year", "年": "year"}

_CHANGES = "变更|变化|变动|调整|更改|修改|修订"
_HAPPENS = (
    "形成|产生|生成|制定|制作|获取|获得|收到|作出|做出|决定|决议|确定|确认|认定|通过|批准|批复|核准|审批|审核|审议|表决|评议"
    "|选举|结束|完成|完结|期满|期结束|办结|召开|签订|签署|拨付|发放|下达|下发|印发|实施|使用|竣工|验收|成立|备案|结算"
)
_THINGS = (
    "信息|事项|内容|文件|政策|会议|大会|会|活动|项目|工程|合同|方案|计划|预算|决算|制度|名单|对象|人员|委员会|委员|班子|成员"
    "|资金|经费|款物|物资|补贴|补助|行政|分配|结果|情况|报告|任务|职责|机构|居民|村民|代表|党员|财政|部门|街道|社区|支部"
    "|上级|本级|政府|公开|公布|公示|相关|有关|该|本|有|发生"
)
_OCCASIONS = "会|活动|发生"
_WORD = rf"(?:{_CHANGES}|{_HAPPENS}|{_THINGS})"
_OR = r"(?:或者?|[的和及与并经、/])?"
_WHEN = r"(?:[自从在于如若遇凡经对须]|一旦|应当?)"
_HAPPENED = rf"(?P<event>{_WORD}(?:{_OR}\(?{_OR}{_WORD}\)?){{0,15}}+)(?P<since>之日起?后?|[之以]?后|日?起|时)?"


# --- reading a phrase ------------------------------------------------------------------------------------------------

Match = re.Match[str]
Facts = dict[str, Any]
"""What a stretch of a phrase says, by name; one without a value (a 13th month, no days) makes no sense."""


def _number(text: str) -> int:
    """The value of an Arabic or Chinese number as written in ``_NUMBER``."""
    if text.isdecimal():
        return int(text)
    digits = "零一二三四五六七八九"
    tens, ten, ones = text.replace("两", "二").rpartition("十")
    return (digits.find(tens) or 1) * 10 * len(ten) + digits.find(ones)


def _span(found: Match) -> Span | None:
    days, unit = _number(found["days"]), found["unit"]
    if "周" in unit or "星期" in unit:
        days *= 7
    return Span(days, "working" if "工作" in unit else "calendar") if days else None


def _named_day(months: int, said: dict[str, str | None]) -> DueDay | None:
    """The day named in a period of ``months``, its end if none is; None if there is no such day."""
    month, day = months, {"上": 10, "中": 20}.get(said.get("third") or "", 31)
    if quarter := said.get("quarter"):
        month = 3 * _number(quarter)
    elif nth := said.get("nth"):
        month = {"首": 1, "末": months, "最": months}.get(nth[0]) or _number(nth.removeprefix("第"))
    if not 1 <= month <= months:
        return None
    if named := said.get("day"):
        day = _number(named)
        longest = monthrange(2000, month)[1] if months == 12 else 31
        return DueDay(month, day) if 1 <= day <= longest else None
    return DueDay(month, day)


def _recurs(period: Period, in_next: bool, found: Match) -> Facts:
    before = found["before"]
    if before and _CALLED[before] != period:
        return {"period": None}
    months = _RECURRING[period].months
    day = _named_day(months, found.groupdict())
    if day and (in_next or before):
        day = replace(day, in_next=True)
    return {"period": period} if day == DueDay(months, 31) else {"period": period, "due_day": day}


def _ends(found: Match) -> Facts:
    return {"period": _CALLED[found["ended"] or found["short"]], "due_within": _span(found), "runs_from": "end"}


def _hangs(found: Match) -> Facts:
    return {"post_for": _span(found)}


def _happens(found: Match) -> Facts:
    event = found["event"].rstrip(")")
    verbs = re.findall(f"{_CHANGES}|{_HAPPENS}", event)
    is_change = bool(verbs) and set(verbs) <= set(_CHANGES.split("|"))
    if found["since"]:
        is_clear = bool(verbs or re.search(_OCCASIONS, event))
    else:  # 信息形成20个工作日内, 变更及时更新; but 审核信息及时公开 names a matter, not when
        is_clear = event.endswith(tuple(verbs)) and bool(found["days"] or is_change)
    if not is_clear:
        return {"event": None}
    facts: Facts = {"updates": True} if "更新" in (found["verb"] or "") else {}
    if found["days"]:
        return facts | {"due_within": _span(found), "runs_from": "change" if is_change else "event"}
    return facts | {"on_change" if is_change else "promptly": True}


def _within(found: Match) -> Facts:
    return {"due_within": _span(found), "runs_from": "event"}


def _at_stage(found: Match) -> Facts:
    return {{"前": "before", "中": "during", "后": "after"}[found["stage"]]: True}


def _says(**facts: Any) -> Callable[[Match], Facts]:
    return lambda _found: facts


_Stretch = tuple[str, Callable[[Match], Facts]]
_STRETCHES: tuple[_Stretch, ...] = (
    # 1.每季度公布一次；2.公示不少于15日
    (rf"{_ALONE}\d{{1,2}}[.、)](?!\d)", _says()),
    # 法律、法规另有规定的，从其规定
    (
        rf"{_ALONE}(?:法律|法规|规章|国家|上级|[、,])+(?:对(?:政府)?信息公开的?期限)?另有规定的?,?(?:从其规定|除外)",
        _says(),
    ),
    # 每季度结束后15日内
    (rf"{_EVERY}?(?:(?P<ended>月|季|半年|年)度?(?:结束|终了)|(?P<short>月|季)度?)[之以]?后{_SPAN}{_IN}{_VERB}?", _ends),
    # 次月10日前
    *(
        (
            rf"(?:次|翌|下[一个]{{0,2}}){called}度?{_RECURRING[period].day}{_VERB}?{_OF_BEFORE}?",
            partial(_recurs, period, True),
        )
        for called, period in _CALLED.items()
        if period != "half_year"
    ),
    # 每季度首月15日前公布上季度情况
    *(
        (rf"(?:至少)?{every.called}(?:{every.day})?{_ONCE}?{_OF_BEFORE}?", partial(_recurs, period, False))
        for period, every in _RECURRING.items()
    ),
    # 公示期不少于7天
    (rf"(?:{_DISCLOSED}|保留|展示){_LASTING}{_SPAN}{_OR_LONGER}", _hangs),
    (rf"{_ALONE}{_AT_LEAST}{_SPAN}{_OR_LONGER}", _hangs),
    # 自信息形成或者变更之日起20个工作日内, 会后及时公布, 如有变更，及时更新
    (rf"{_WHEN}*{_HAPPENED}[,的]?{_MUST}(?:{_SPAN}{_IN}|{_PROMPT})(?P<verb>{_VERB})?", _happens),
    # 事前公示, 事后5个工作日内
    (rf"事(?P<stage>[前中后])(?:实施|实行|进行|分段|分阶段|分别|全过程|全程)*{_VERB}?", _at_stage),
    (rf"(?:{_ALONE}|(?<=事后)){_MUST}{_SPAN}{_IN}{_VERB}?", _within),
    # 及时更新
    (rf"(?:内容|信息)?(?:{_PROMPT}|动态)(?:更新|调整)(?:并?{_DISCLOSE})?{_WHAT}", _says(updates=True, on_change=True)),
    # 根据实际情况及时公开, 一事一公开
    (rf"{_ACCORDING}?{_MUST}{_PROMPT}{_VERB}?|一事一{_DISCLOSED}", _says(promptly=True)),
    # 长期公开
    (rf"(?:长期|常年|全年|永久|长久)性?(?:有效|{_VERB})?", _says(period="standing")),
)
"""What stretches of a phrase look like and say; the first that fits counts."""

_LONGEST = 500
"""No cell of a catalogue has more characters; the patterns need not bear any text at all."""
_CLAUSE = re.compile(r"[^\W_]+")
_VISIBLE = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060\ufeff]|(?<=\d)\s(?=\s*\d)")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Callable[[Match], Facts]], ...]:
    """Compiled when a phrase is first read: few processes read one, and it takes as long as drawing ten pages."""
    return tuple((re.compile(expression), tell) for expression, tell in _STRETCHES)


def _plain(phrase: str) -> tuple[str, list[int]]:
    """``phrase`` in half-width characters without white space, except between digits, and where each of them stood."""
    letters = [(letter, place) for place, whole in enumerate(phrase) for letter in unicodedata.normalize("NFKC", whole)]
    kept = [letters[found.start()] for found in _VISIBLE.finditer("".join(letter for letter, _place in letters))]
    return "".join(letter for letter, _place in kept), [place for _letter, place in kept]


def _stretch(text: str, position: int) -> tuple[int, Facts] | None:
    """Where the stretch that begins at ``position`` ends, and what it says; None if it is not understood."""
    for pattern, tell in _patterns():
        if (found := pattern.match(text, position)) and None not in (facts := tell(found)).values():
            return found.end(), facts
    return None


def _limit(facts: Facts) -> TimeLimit | None:
    """The rule that ``facts`` make together; None if they make none, or more than one."""
    runs_from = facts.get("runs_from")
    on_change = runs_from == "change" or "on_change" in facts
    stages = tuple(stage for stage in get_args(Stage) if stage in facts)
    period: Period = facts.get("period") or ("standing" if "updates" in facts else "event")
    contradictory = (
        (on_change and runs_from in {"event", "end"})
        or (period in _RECURRING and (runs_from == "event" or "promptly" in facts))
        or (period == "standing" and "post_for" in facts)
        or ("due_day" in facts and runs_from == "end")
        or (stages and (period != "event" or on_change or (runs_from and "after" not in stages)))
    )
    if not facts or contradictory:
        return None
    spans = {name: facts.get(name) for name in ("due_day", "due_within", "post_for")}
    return TimeLimit(period, **spans, stages=stages, on_change=on_change)


def _told(text: str) -> Iterator[tuple[int, int, Facts | None]]:
    """The stretches of ``text`` from where to where, and what each says; None from what is not understood."""
    position = 0
    while clause := _CLAUSE.search(text, position):
        position, facts = _stretch(text, clause.start()) or (clause.end(), None)
        yield clause.start(), position, facts


@lru_cache(maxsize=4096)
def _read(phrase: str) -> tuple[TimeLimit | None, str]:
    """The rule of ``phrase`` and "", or None and what was not understood."""
    text, places = _plain(phrase[:_LONGEST])
    facts: Facts = {}
    strange, is_contradictory = [], False
    for is_known, run in groupby(_told(text), key=lambda told: told[2] is not None):
        stretches = list(run)
        if not is_known:
            strange.append(phrase[places[stretches[0][0]] : places[stretches[-1][1] - 1] + 1])
        for _start, _end, said in stretches:
            for name, value in (said or {}).items():
                is_contradictory |= facts.setdefault(name, value) != value
    is_whole = len(phrase) <= _LONGEST and not strange and not is_contradictory
    limit = _limit(facts) if is_whole else None
    return limit, "" if limit else " ".join("…".join(strange or [phrase]).split())


def read_time_limit(phrase: str) -> TimeLimit | None:
    """The rule a catalogue's phrase states; None if a part of it is not understood, or parts contradict each other."""
    return _read(phrase)[0]


def unread(phrase: str) -> str:
    """The part of ``phrase`` that was not understood, all of it where parts contradict each other; "" if it was."""
    return _read(phrase)[1]


def answered(
    limit: TimeLimit | None, period: str | None = None, due_within: Span | None = None, post_for: Span | None = None
) -> TimeLimit | None:
    """``limit`` with what the office has answered by hand, which wins; None while nobody has said how often.

    Another ``period`` takes only how long to post over from the phrase; a ``due_within`` replaces its named day.
    """
    chosen: Period | None = next((known for known in get_args(Period) if known == period), None)
    if chosen and (limit is None or limit.period != chosen):
        limit = TimeLimit(chosen, post_for=limit.post_for if limit else None)
    if limit and due_within:
        limit = replace(limit, due_within=due_within, due_day=None)
    return replace(limit, post_for=post_for) if limit and post_for else limit


# --- what falls due --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """Something that has to be told of, on one day or until ``ends_on``."""

    id: int
    on: date
    ends_on: date | None
    subject: str


def is_occasional(key: str) -> bool:
    """Does a duty's key name something that happened, rather than a period?"""
    return key.startswith("event-")


@dataclass(frozen=True)
class Duty:
    """One posting that is asked for. ``key`` names it among the duties of its item for good."""

    key: str
    label: str
    starts_on: date
    due_on: date
    stage: Stage | None = None

    @property
    def is_lasting(self) -> bool:
        """Is it the one duty of a matter that is always posted, which no period names?"""
        return self.key == "standing"

    @property
    def is_occasional(self) -> bool:
        """Is it about something that happened, rather than a period?"""
        return is_occasional(self.key)


def duties(
    limit: TimeLimit, since: date, today: date, events: Sequence[Event], calendar: Calendar, defaults: Defaults
) -> list[Duty]:
    """What ``limit`` asks for from ``since`` on: of recurring periods those up to ``today``, of events all.

    What fell due before ``since`` is no duty. Events count for standing matters too, which each change brings up to
    date, and for recurring ones only if the limit says so (每季度公布，变更后5日内更新).
    """
    found: list[Duty] = []
    if limit.period == "standing":
        within = None if limit.on_change else limit.due_within
        found.append(Duty("standing", "长期公开", since, _last_day(since, within or defaults.promptly, calendar)))
    if limit.period in _RECURRING:
        found += _recurring_duties(limit, since, today, calendar)
    if limit.period in {"standing", "event"} or limit.on_change:
        within = limit.due_within or defaults.promptly
        found += (duty for event in events for duty in _event_duties(event, limit.stages, within, calendar))
    return [duty for duty in found if duty.due_on >= since]


def _last_day(start: date, span: Span, calendar: Calendar) -> date:
    """The last day of a span that begins on ``start``.

    The day it begins on is not counted (民法典第二百零一条); a last day that is off moves to the next working day
    (第二百零三条).
    """
    if span.unit == "working":
        return calendar.next_workday(calendar.add_workdays(start, span.days))
    return calendar.next_workday(start + timedelta(days=span.days))


def _recurring_duties(limit: TimeLimit, since: date, today: date, calendar: Calendar) -> Iterator[Duty]:
    months = _RECURRING[limit.period].months
    first, last = ((day.year * 12 + day.month - 1) // months for day in (since, today))
    for number in range(first, last + 1):
        starts_on = _month(number * months)
        key, label = _period_name(limit.period, starts_on)
        yield Duty(key, label, starts_on, _due_on(limit, number * months, months, calendar))


def _month(number: int) -> date:
    """The first day of the month that is ``number`` months after the year nought."""
    return date(number // 12, number % 12 + 1, 1)


def _due_on(limit: TimeLimit, month: int, months: int, calendar: Calendar) -> date:
    """By when the posting for the period from ``month`` on is due."""
    ends_on = _month(month + months) - timedelta(days=1)
    if named := limit.due_day:
        first = _month(month + named.month - 1 + (months if named.in_next else 0))
        return calendar.next_workday(first.replace(day=min(named.day, monthrange(first.year, first.month)[1])))
    if limit.due_within and not limit.on_change:
        return _last_day(ends_on, limit.due_within, calendar)
    return calendar.last_workday(ends_on)


def _period_name(period: Period, starts_on: date) -> tuple[str, str]:
    """The key and the Chinese name of a recurring period: 2026Q4, 2026年第四季度."""
    year, month = starts_on.year, starts_on.month
    if period == "month":
        return f"{year}-{month:02}", f"{year}年{month}月"
    if period == "quarter":
        return f"{year}Q{month // 3 + 1}", f"{year}年第{'一二三四'[month // 3]}季度"
    if period == "half_year":
        return f"{year}H{month // 6 + 1}", f"{year}年{'上下'[month // 6]}半年"
    return f"{year}", f"{year}年"


_MONTHS = {"-": 1, "Q": 3, "H": 6, "": 12}


def told_of(duty: Duty) -> tuple[date, date]:
    """The first and last day that what is posted for a recurring ``duty`` is about.

    Its own period if it falls due after that (次月5日前), else the one before: what is posted in November is October's.
    """
    months = _MONTHS[duty.key[4:5]]
    first = duty.starts_on.year * 12 + duty.starts_on.month - 1
    if duty.due_on < _month(first + months):
        first -= months
    return _month(first), _month(first + months) - timedelta(days=1)


_STAGE_NAMES: dict[Stage, str] = {"before": "事前", "during": "事中", "after": "事后"}


def _event_duties(event: Event, stages: Iterable[Stage], within: Span, calendar: Calendar) -> Iterator[Duty]:
    ends_on = event.ends_on or event.on
    eve = event.on - timedelta(days=1)
    afterwards = _last_day(ends_on, within, calendar)
    times: dict[Stage, tuple[date, date]] = {
        "before": (eve, eve),
        "during": (event.on, ends_on),
        "after": (ends_on, afterwards),
    }
    for stage in stages:
        label = f"{event.subject}（{_STAGE_NAMES[stage]}）"
        yield Duty(f"event-{event.id}-{stage}", label, *times[stage], stage)
    if not stages:
        yield Duty(f"event-{event.id}", event.subject, ends_on, afterwards)


# --- what was kept ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What was done about a duty: the day its notice went up, or that one is being prepared."""

    posted_on: date | None
    in_preparation: bool = False


class Status(StrEnum):
    POSTED = "posted"
    LATE = "late"
    PREPARING = "preparing"
    DUE = "due"
    MISSED = "missed"


STATUSES = {
    Status.POSTED: _l("Posted on time"),
    Status.LATE: _l("Posted late"),
    Status.PREPARING: _l("In preparation"),
    Status.DUE: _l("Still to be posted"),
    Status.MISSED: _l("Overdue"),
}


@dataclass(frozen=True)
class Standing:
    """How a duty stands. ``days`` are those left while it waits, those too late once it is late or missed."""

    status: Status
    days: int = 0
    in_preparation: bool = False


def status(duty: Duty, answer: Answer | None, today: date) -> Standing:
    """How ``duty`` stands on ``today``; what is past due counts as missed even if a notice is in preparation."""
    if answer and answer.posted_on:
        late = (answer.posted_on - duty.due_on).days
        return Standing(Status.LATE, late) if late > 0 else Standing(Status.POSTED)
    left = (duty.due_on - today).days
    in_preparation = bool(answer and answer.in_preparation)
    if left < 0:
        return Standing(Status.MISSED, -left, in_preparation)
    return Standing(Status.PREPARING if in_preparation else Status.DUE, left, in_preparation)


@dataclass(frozen=True)
class Tally:
    """A line of the compliance table; ``waiting`` is what may still be posted on time."""

    on_time: int = 0
    late: int = 0
    missed: int = 0
    waiting: int = 0


def tally(standings: Iterable[Standing]) -> Tally:
    """How many duties stand how."""
    count = Counter(standing.status for standing in standings)
    waiting = count[Status.DUE] + count[Status.PREPARING]
    return Tally(count[Status.POSTED], count[Status.LATE], count[Status.MISSED], waiting)


def may_come_down_on(posted_on: date, span: Span, calendar: Calendar) -> date:
    """The first day a notice may be taken down: the day after the last of the ``span`` it has to hang for."""
    return _last_day(posted_on, span, calendar) + timedelta(days=1)
