"""Cells of a roster as people fill them in, made into values: what a form accepts, and what else can be understood.

What is only likely comes with a doubt in words, so that a person looks at it; what cannot be understood is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from flask_babel import force_locale

from app.kernel.fields import Access, Declared, title_field
from app.kernel.values import (
    N_,
    Invalid,
    Reader,
    Violation,
    plain,
    read_date,
    read_id_number,
    read_line,
    read_name,
    read_phone,
)
from app.kernel.workbooks import ROSTER


class Read(NamedTuple):
    """What a cell says.

    ``value`` is of the field's type; of a link it is the title of the row it leads to. ``doubt`` says what was taken
    for granted. A cell that shows only a mask (138****1234) is ``masked``, and its value is the mask. A cell that says
    nothing (empty, 无, —) is ``blank``, and its value the field's default.
    """

    value: Any
    doubt: Violation | None = None
    masked: bool = False
    blank: bool = False


CellReader = Callable[[str], Read]

_REMEMBERED = 10_000
"""Texts of a column of which the meaning is kept: most columns have few, and some have none twice."""


def read_cell(declared: Declared, text: str, *, today: date, codes: Mapping[str, str] | None = None) -> Read:
    """What ``text`` says in a cell of the column of ``declared``; raises :class:`Invalid`.

    ``codes`` are the labels by value of the field's code list. Labels that code decides are the Chinese ones.
    """
    return column_reader(declared, today=today, codes=codes)(text)


def column_reader(declared: Declared, *, today: date, codes: Mapping[str, str] | None = None) -> CellReader:
    """:func:`read_cell` for the many cells of one column."""
    fresh = _Column(declared, today, codes).read
    known: dict[str, Read] = {}

    def read(text: str) -> Read:
        found = known.get(text)
        if found is None:
            found = fresh(text)
            if len(known) < _REMEMBERED:
                known[text] = found
        return found

    return read


_NOTHING = frozenset(
    {"无", "暂无", "没有", "空", "不详", "未填", "/", "//", "\\", "-", "--", "---", "—", "——", "–", "_", "?"}
    | {"n/a", "#n/a", "none", "null", "nil"}
)
_LONGEST_NOTHING = max(map(len, _NOTHING))

_Doubt = tuple[str, dict[str, Any]]
"""A message id and its named parts."""
_Understood = tuple[Any, _Doubt | None]


class _Column:
    """Reads the cells of one column: strictly as a form does, and where that refuses, leniently."""

    def __init__(self, declared: Declared, today: date, codes: Mapping[str, str] | None) -> None:
        self.declared = declared
        named = declared
        while named.kind == "link":  # a member is called by the name of the person
            named = title_field(named.target)
        self.is_name = named.field.read is read_name
        self.may_be_masked = declared.kind == "date" or named.field.access is not Access.OPEN
        self.strict: Reader = declared.read
        self.lenient: Callable[[str], _Understood] | None = None
        self.nothing = _NOTHING
        if declared.kind == "link":
            self.strict = named.field.read or read_line
        if declared.kind == "date":
            self.lenient = partial(_day, today=today, is_birth=declared.name.startswith("birth"))
        elif declared.kind in {"integer", "decimal"}:
            self.lenient = partial(_number, read=declared.read)
        elif labels := _labels(declared, codes):
            choices = _Choices(declared, labels)
            self.strict, self.lenient = choices.exactly, choices.nearly
        elif named.field.read in _LENIENT:
            self.lenient = _LENIENT[named.field.read]
        if declared.kind in {"flag", "code", "choice"}:  # 无 may be a no, or one of the choices
            self.nothing = frozenset(word for word in _NOTHING if not _is_read(self.strict, word))

    def read(self, text: str) -> Read:
        text = text.strip()
        if not text or (len(text) <= _LONGEST_NOTHING and plain(text).lower() in self.nothing):
            default = self.declared.default
            return Read(self.declared.read("") if default is None else default, blank=True)
        if len(text) > ROSTER.characters:
            raise Invalid(N_("This cell has more than %(limit)s characters."), limit=ROSTER.characters)
        if ("*" in text or "＊" in text) and self._is_mask(plain(text)):
            return Read(plain(text), masked=True)
        try:
            return Read(self.strict(text))
        except Invalid:
            if self.lenient is None:
                raise
        value, doubt = self.lenient(text)
        return Read(value, doubt and Violation(self.declared.name, *doubt))

    def _is_mask(self, text: str) -> bool:
        if self.is_name:
            return bool(re.fullmatch(r".\*+.?", text))
        return self.may_be_masked and "**" in text


_UNIT_MISSING = re.compile(r"(?<=[\dA-Za-z一二三四五六七八九十甲乙丙丁])[#号]?$")
_SEVERAL_NUMBERS = re.compile(r"\d[^\d]+\d")


def joined(parts: Iterable[tuple[str, str]]) -> str:
    """What stands in several cells as one text: 2 and 3 are 2号楼3单元.

    ``parts`` are the cells and the unit of each; what has its unit, or is said by a cell before it, is not said again.
    A cell that says more than one of them, as 3号楼1单元101 or 3-1-101 does, stays as it is.
    """
    whole = ""
    for cell, unit in parts:
        said = plain(cell)
        if not said or said.lower() in _NOTHING:
            continue
        if not _SEVERAL_NUMBERS.search(said):
            said = _UNIT_MISSING.sub(unit, said, count=1)
        if said not in whole:
            whole += said
    return whole


def is_nothing(text: str) -> bool:
    """Does a cell of a column that is filled in only in some rows say nothing: —, 0.00?"""
    return plain(text).lower() in _NOTHING or not plain(text).strip("0.")


def _is_read(reader: Reader, text: str) -> bool:
    try:
        reader(text)
    except Invalid:
        return False
    return True


def _taken(text: str, taken: object) -> _Doubt:
    return N_("“%(text)s” was taken as “%(taken)s”."), {"text": text, "taken": str(taken)}


def _left_out(text: str, taken: str, rest: str) -> _Doubt | None:
    rest = rest.strip(" 、,;:/|()\n")
    if not rest:
        return None
    message = N_("Of “%(text)s”, “%(taken)s” was taken and “%(rest)s” left out.")
    return message, {"text": text, "taken": taken, "rest": rest}


# --- choices -----------------------------------------------------------------------------------------------------

_SPOKEN = {
    "sex": dict.fromkeys(("男性", "男士", "先生", "m", "male"), "男")
    | dict.fromkeys(("女性", "女士", "f", "female"), "女"),
    "political_status": dict.fromkeys(("党员", "共产党员", "中国共产党党员", "正式党员"), "中共党员")
    | {"预备党员": "中共预备党员", "无党派": "无党派人士"}
    | dict.fromkeys(("团员", "共青团"), "共青团员")
    | dict.fromkeys(("一般群众", "普通群众"), "群众"),
    "schooling": {"博士": "博士研究生毕业", "硕士": "硕士研究生毕业", "研究生": "研究生教育"}
    | dict.fromkeys(("本科", "大学本科", "大学"), "大学本科教育")
    | dict.fromkeys(("大专", "专科", "大学专科", "高职"), "专科教育")
    | dict.fromkeys(("中专", "中职"), "中等职业教育")
    | {"技校": "技工学校毕业", "职高": "职业高中毕业", "高中": "普通高级中学教育"}
    | {"初中": "初级中学教育", "小学": "小学教育"},
}
"""By code list, the everyday words for what the national standard calls otherwise."""
_DENIED = re.compile("[非不未无]")


def _labels(declared: Declared, codes: Mapping[str, str] | None) -> Mapping[str, str]:
    if declared.field.options:
        with force_locale("zh"):
            return {value: str(label) for value, label in declared.field.options().items()}
    return (codes or {}) if declared.kind == "code" else {}


def _key(text: str) -> str:
    """What two ways to write the same choice have in common."""
    return re.sub(r"[\s、,.()·-]", "", plain(text)).lower()


class _Choices:
    """The choices of one field, by everything they are called."""

    def __init__(self, declared: Declared, labels: Mapping[str, str]) -> None:
        self.labels = labels
        self.read = declared.field.read
        code_list = declared.field.code or ""
        by_label = {_key(label): value for value, label in labels.items()}
        spoken = _SPOKEN.get(code_list, {}).items()
        self.known = {
            **(
                {key.removesuffix("族"): value for key, value in by_label.items()} if code_list == "nationality" else {}
            ),
            **{value.lstrip("0"): value for value in labels if value.strip("0")},  # sheets make 1 of 01
            **{_key(word): by_label[_key(label)] for word, label in spoken if _key(label) in by_label},
            **{_key(value): value for value in labels},
            **by_label,
        }

    def exactly(self, text: str) -> str:
        value = self.known.get(_key(text))
        if value is None:
            raise Invalid(N_("Please choose one from the list."))
        return value

    def nearly(self, text: str) -> _Understood:
        if self.read and _is_read(self.read, text):
            return self.read(text), None
        near = {value: label for value, label in self.labels.items() if _is_near(_key(text), _key(label))}
        if len(near) == 1:
            ((value, label),) = near.items()
            return value, _taken(text, label)
        parts = [part for part in re.split("[、，,；;/]", text) if part.strip()]
        if len(parts) > 1 and all(
            any(_is_near(_key(part), _key(label)) for label in self.labels.values()) for part in parts
        ):
            raise Invalid(N_("Only one of these can be chosen: %(text)s"), text=text)
        offered = "、".join((near or self.labels).values())
        raise Invalid(
            N_("“%(text)s” is not in the list: %(offered)s"),
            text=text,
            offered=offered if len(offered) <= 80 else f"{offered[:80]}…",
        )


def _is_near(text: str, label: str) -> bool:
    """Does one contain the other, without denying it (非中共党员)?"""
    if min(len(text), len(label)) < 2 or _DENIED.findall(text) != _DENIED.findall(label):
        return False
    return text in label or label in text


# --- days --------------------------------------------------------------------------------------------------------

_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_ONE = "[一二三四五六七八九]"
_NUMERAL = f"(?:[二三]?十{_ONE}?|[廿卅]{_ONE}?|{_ONE})"
_IN_WORDS = re.compile(rf"([〇零○一二三四五六七八九\d]{{4}})年({_NUMERAL})月(?:({_NUMERAL})[日号]?)?")
_CLOCK = re.compile(r"[T ]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$")
_AROUND_DAY = re.compile(r"\s*\(?(?:星期|周)[一二三四五六日天]\)?$|\s*(?:出?生|起|[日号])$")
_BETWEEN = re.compile(r"\s*[年月./\\,、。—–~\s-]\s*")
_ONLY_MONTH = N_("“%(text)s” names only the month; %(day)s was taken.")
_OR_OCTOBER = N_("“%(text)s” was taken as %(day)s; if October is meant, the sheet has dropped the 0.")
_NO_YEAR = N_("“%(text)s” lacks the year; %(day)s was taken.")


def _in_one_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


def _on_one_day_of_the_year(one: date, other: date) -> bool:
    return (one.month, one.day) == (other.month, other.day)


Fits = Callable[[date, date], bool]
"""May another day be meant than the one that was taken?"""
LEFT_OPEN: Mapping[str, Fits] = {
    _ONLY_MONTH: _in_one_month,
    _OR_OCTOBER: _in_one_month,
    _NO_YEAR: _on_one_day_of_the_year,
}
"""By the message of a doubt: which other days the text may mean, one of which may be on file."""
_FIRST_SERIAL = 10_000
"""A day of 1927 as sheets count days from 1899-12-30; smaller numbers are more likely something else."""


def _in_digits(found: re.Match[str]) -> str:
    return "-".join(
        [found[1].translate(_DIGITS)] + [str(_below_hundred(number)) for number in found.groups()[1:] if number]
    )


def _below_hundred(number: str) -> int:
    """三 is 3, 十二 is 12, 二十 is 20, 廿五 is 25."""
    number = number.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = number.rpartition("十")
    value = int(ones.translate(_DIGITS) or 0)
    return value + 10 * int(tens.translate(_DIGITS) or 1) if ten else value


def _day(text: str, today: date, is_birth: bool) -> _Understood:
    """A day as no form takes it: with a clock, in Chinese numerals, without the day, with two digits of the year."""
    written = _CLOCK.sub("", plain(text))
    while (shorter := _AROUND_DAY.sub("", written)) != written:
        written = shorter
    written = _IN_WORDS.sub(_in_digits, written)
    parts = _BETWEEN.sub("-", written).strip("-")
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}|\d{8}", parts):
        return read_date(parts), None
    if re.fullmatch(r"\d{5}", parts):
        return _serial(text, int(parts), today)
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})|((?:19|20)\d{2})(0[1-9]|1[0-2])", parts):
        year, month = filter(None, found.groups())
        day = read_date(f"{year}-{month}-1")
        if re.fullmatch(r"\d{4}\.1", written):
            return day, (_OR_OCTOBER, {"text": text, "day": day.isoformat()})
        return day, (_ONLY_MONTH, {"text": text, "day": day.isoformat()})
    if found := re.fullmatch(r"(\d{2})-?(\d{1,2})-(\d{1,2})|(\d{2})(\d{2})(\d{2})", parts):
        short, month, number = filter(None, found.groups())
    elif "年" in written and (found := re.fullmatch(r"(\d{2})-(\d{1,2})", parts)):
        (short, month), number = found.groups(), "1"
    elif not is_birth and (found := re.fullmatch(r"(\d{1,2})-(\d{1,2})", parts)):
        return _without_year(text, int(found[1]), int(found[2]), today)
    else:
        return read_date(text), None  # which says what is missing
    # What is planned lies some years ahead; nobody is born there.
    year = 2000 + int(short) if 2000 + int(short) <= today.year + (0 if is_birth else 10) else 1900 + int(short)
    day = read_date(f"{year}-{month}-{number}")
    message = N_("“%(text)s” has only two digits of the year; %(day)s was taken.")
    return day, (message, {"text": text, "day": day.isoformat()})


def _without_year(text: str, month: int, number: int, today: date) -> _Understood:
    """The last such day that is not to come."""
    for year in range(today.year, today.year - 9, -1):  # within which there is a 29th of February
        with suppress(ValueError):
            if (day := date(year, month, number)) <= today:
                return day, (_NO_YEAR, {"text": text, "day": day.isoformat()})
    return read_date(text), None


def _serial(text: str, number: int, today: date) -> _Understood:
    day = date(1899, 12, 30) + timedelta(number)
    if number < _FIRST_SERIAL or day > today + timedelta(3653):
        raise Invalid(N_("Please write the date like 2026-03-05."))
    message = N_("The sheet keeps this day as the number %(text)s; %(day)s was taken.")
    return day, (message, {"text": text, "day": day.isoformat()})


# --- numbers -----------------------------------------------------------------------------------------------------

_MEASURED = re.compile(
    r"(?P<about>约|大约|大概|将近|近|≈|~)?\s*¥?\s*(?P<number>[+-]?\d[\d,]*(?:\.\d*)?)\s*(?P<myriad>万)?(?P<more>多|余|来)?\s*"
    r"(?:平方米|平米|平方|m2|元|块|人|名|位|户|家|个|本|册|张|次|岁|年|厘米|公分|cm)?\s*(?P<or_so>左右|上下|多|余|以上|\+)?",
    re.IGNORECASE,
)


def _number(text: str, read: Reader) -> _Understood:
    """A number with its unit, or nearly a number (约30); 1.2万 is 12000."""
    found = _MEASURED.fullmatch(plain(text))
    if not found:
        return read(text), None
    number = found["number"].replace(",", "")
    if found["myriad"]:
        number = f"{Decimal(number) * 10_000:f}"
    value = read(re.sub(r"\.0*$", "", number))
    is_exact = not any(found.group("about", "myriad", "more", "or_so"))
    return value, None if is_exact else _taken(text, value)


# --- texts of a kind ---------------------------------------------------------------------------------------------

_ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_SEVERAL = re.compile(r"[、,;/|\n]|或者?|(?<=\d{7})\s+(?=[01]\d{2})")
_DIALLED = re.compile(r"(?<!\d)(?:1\d{10}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")


def _phone(text: str) -> _Understood:
    """The first number that can be dialled."""
    written = plain(text).strip("'‘’").replace("—", "-").replace("–", "-")
    if _ROUNDED.fullmatch(written):
        raise Invalid(N_("The spreadsheet has rounded this number; please type it again."))
    tidy = re.sub(r"^(?:00|\+)?86(?=1\d{10}$)", "", re.sub(r"\.0$|[\s._-]", "", written))
    if tidy != text and _is_read(read_phone, tidy):
        return read_phone(tidy), None
    pieces = [piece for piece in (*_SEVERAL.split(written), *_DIALLED.findall(written)) if piece not in {text, tidy}]
    for piece in pieces:
        if _is_read(read_phone, piece):
            number = read_phone(piece)
            return number, _left_out(text, number, written.replace(piece.strip(), "", 1))
    return read_phone(text), None


def _id_number(text: str) -> _Understood:
    """An identity number with marks between its digits, or × for its X."""
    written = re.sub(r"[\s'‘’.-]", "", plain(text)) if not _ROUNDED.fullmatch(plain(text)) else text
    return read_id_number(re.sub("[×хХ*]$", "X", written)), None


_REMARK = re.compile(r"(?:\d+[.、])?\s*([^()\[\]*#※△▲★]+?)\s*(?:[(\[][^()\[\]]*[)\]])?[*#※△▲★]*")


def _name(text: str) -> _Understood:
    """A name without its number in the list or a remark in brackets behind it."""
    found = _REMARK.fullmatch(plain(text))
    if not found:
        return read_name(text), None
    name = read_name(found[1])
    return name, _left_out(text, name, plain(text).replace(found[1], "", 1))


_LENIENT: dict[Reader | None, Callable[[str], _Understood]] = {
    read_phone: _phone,
    read_id_number: _id_number,
    read_name: _name,
}
