"""Chinese text on paper: what may be printed, where it may break, how wide it is.

Nothing here changes a visible character. The three zero-width characters below steer the line
breaker; they draw nothing and do not appear in text copied from the PDF.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache

# What the body filter puts where two characters stand farther apart or closer than their boxes.
GAP = "\u200b"  # a line may end here
TIE = "\u2060"  # no line end here: 2026|年
# Holds a date or a number with its unit together in a cell, at the usual distance.
GLUE = "\ufeff"

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "（《〈「『【〔“‘"
_CLOSING = "，、。；：）》〉」』】〕”’"
_PLACES = (
    (re.compile(f"(?<=[{HAN}])(?=[A-Za-z0-9])"), GAP),
    (re.compile(f"(?<=[A-Za-z])(?=[{HAN}])"), GAP),
    (re.compile(f"(?<=[0-9%])(?=[{HAN}])"), TIE),
    (re.compile(f"(?<=[{_CLOSING}])(?=[{_OPENING}])"), GAP),
    (re.compile(f"(?<=[{_CLOSING}])(?=[{_CLOSING}])|(?<=[{_OPENING}])(?=[{_OPENING}])"), TIE),
)
_DATE = re.compile(r"\d{1,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|\d{1,2}[时点]\d{1,2}分?")
_BRACKET = re.compile(r"（[^（）]{1,4}）")
_SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_NEVER_FIRST = set("，。、；：？！）》」』】〕〉”’％%·…—,.;:?!)]}")
_NEVER_LAST = set("（《「『【〔〈“‘([{")


def printable(text: str) -> str:
    """``text`` without what has no ink: controls, joiners, direction marks, variation selectors.

    Line feeds stay; tabs and other spaces become a plain space (the ideographic space stays).
    """
    if text.isprintable() and not _SELECTOR.search(text):
        return text
    return "".join(_printable_character(character) for character in text.replace("\r\n", "\n"))


@lru_cache(maxsize=20_000)
def _printable_character(character: str) -> str:
    if character in "\n\u3000":
        return character
    category = unicodedata.category(character)
    if character == "\t" or category == "Zs":
        return " "
    if category in ("Cc", "Cf", "Zl", "Zp") or _SELECTOR.match(character):
        return ""
    return character


def spaced(text: str) -> str:
    """Body text with its places marked: between Chinese and Latin, between two punctuation marks.

    A figure keeps its unit. How wide the places are is said by ``place``.
    """
    for place, mark in _PLACES:
        text = place.sub(mark, text)
    return text


def place(before: str, after: str) -> float:
    """How far apart, in ems, a marked place moves two characters.

    CLREQ: a quarter em between Chinese and Latin; half an em less where two punctuation marks
    meet, whose boxes are half empty.
    """
    return -0.5 if before in _CLOSING + _OPENING and after in _CLOSING + _OPENING else 0.25


def whole_dates(text: str) -> str:
    """Cell text whose Chinese dates and times cannot break."""
    return _DATE.sub(_glued, text)


def whole_units(label: str) -> str:
    """A column's heading that may break before a short bracket, as 时长（小时）, but not inside."""
    return _BRACKET.sub(_glued, label)


def _glued(match: re.Match[str]) -> str:
    return GLUE.join(match[0])


def chinese_date(iso: str) -> str:
    """2026-03-05 as 2026年3月5日 (GB/T 9704-2012, 7.3.5.4: figures without leading zeros)."""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


@lru_cache(maxsize=20_000)
def _character_width(character: str) -> float:
    if unicodedata.category(character) in ("Cf", "Mn", "Cc"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    # Half an em fits figures; capitals and wide letters need more.
    return 0.78 if character in "ABCDEFGHKMNOPQRSTUVWXYZmw@%&" else 0.56


def width(text: str) -> float:
    """About how wide ``text`` is, in ems: for choosing sizes, not for placing glyphs."""
    return sum(map(_character_width, text))


def pieces(text: str) -> list[str]:
    """``text`` cut wherever a line may end, for finding the widest piece of a cell."""
    return re.findall(rf"(?:{_DATE.pattern}|{_BRACKET.pattern}|[!-~]+)[，。、；：）]?|.", text, re.DOTALL)


def title_lines(title: str, ems: float) -> list[str]:
    """The title cut into as few lines as fit ``ems``, balanced, and cut by meaning.

    GB/T 9704-2012, 7.3.1: a title over several lines keeps words whole and is well shaped. Cuts
    made by hand (line feeds) are kept.
    """
    return [line for part in title.split("\n") if part.strip() for line in _balanced(part.strip(), ems)]


def _balanced(text: str, ems: float) -> list[str]:
    total = width(text)
    if total <= ems:
        return [text]
    count = int(total // ems) + 1
    ideal = total / count
    widths = [0.0]
    for character in text:
        widths.append(widths[-1] + _character_width(character))
    # best[k][i]: the cheapest way to set text[:i] on k lines, and where the last of them begins.
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for _ in range(count):
        row: dict[int, tuple[float, int]] = {}
        for start, (cost, _) in best[-1].items():
            for end in range(start + 1, len(text) + 1):
                line = widths[end] - widths[start]
                if line > ems:
                    break
                price = cost + (line - ideal) ** 2 + _cut_price(text, end)
                if end not in row or price < row[end][0]:
                    row[end] = (price, start)
        best.append(row)
    if len(text) not in best[count]:
        return [text]  # one unbreakable monster; the page breaks it where it must
    lines, end = [], len(text)
    for row in reversed(best[1:]):
        start = row[end][1]
        lines.append(text[start:end].strip())
        end = start
    return lines[::-1]


def _cut_price(text: str, at: int) -> float:
    """How bad it is to end a title line before ``text[at]``; good places cost less than nothing."""
    if at == len(text):
        return 0.0
    before, after = text[at - 1], text[at]
    if after in _NEVER_FIRST or before in _NEVER_LAST or _one_word(before + after):
        return 1000.0
    if before.isascii() and after in "年月日号届次个名":
        return 200.0
    if text.startswith(("关于", "公示", "公告", "通知", "名单", "名册", "情况", "工作", "服务"), at):
        return -6.0
    if before in "的、和与及暨）》 " or after == "（":
        return -8.0
    return 0.0


def _one_word(pair: str) -> bool:
    return pair.isascii() and " " not in pair
