"""How Chinese is read: pinyin without tones, surnames read as surnames. Pure."""

from __future__ import annotations

from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT

SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "解": "xie",
    "查": "zha",
    "仇": "qiu",
    "区": "ou",
    "朴": "piao",
    "盖": "ge",
    "任": "ren",
    "华": "hua",
    "翟": "zhai",
    "尉": "yu",
    "缪": "miao",
    "冼": "xian",
    "员": "yun",
    "乐": "yue",
    "折": "she",
    "洗": "xian",
    "覃": "qin",
    "燕": "yan",
    "薄": "bo",
    "黑": "he",
    "召": "shao",
    "句": "gou",
    "祭": "zhai",
    "种": "chong",
    "秘": "bi",
    "繁": "po",
    "都": "du",
    "牟": "mu",
    "阚": "kan",
    "隗": "wei",
    "佴": "nai",
    "郇": "xun",
}
"""Characters that as a surname are read otherwise than in a word, or in one of several ways."""

COMPOUND_SURNAMES = {
    "单于": ("chan", "yu"),
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "夏侯": ("xia", "hou"),
    "澹台": ("tan", "tai"),
    "令狐": ("ling", "hu"),
}

ALSO_READ = {
    "乐": ("le", "yue"),
    "行": ("xing", "hang"),
    "茜": ("qian", "xi"),
    "朝": ("chao", "zhao"),
    "重": ("zhong", "chong"),
    "长": ("chang", "zhang"),
    "晟": ("sheng", "cheng"),
    "缪": ("miao", "mou"),
    "牟": ("mu", "mou"),
    "谌": ("chen", "shen"),
    "隗": ("wei", "kui"),
    "覃": ("qin", "tan"),
    "柏": ("bai", "bo"),
    "召": ("shao", "zhao"),
    "郇": ("xun", "huan"),
    "郗": ("xi", "chi"),
}
"""What stands in names and is read in more than one way: found by each of them."""

_LONGEST_WORD = 6


@cache
def _readings(character: str) -> tuple[str, ...]:
    """How a character can be read, the usual way first; none if it is not Chinese."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(found[0])) if found else ()


@lru_cache(maxsize=50_000)
def _in_context(text: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(text, style=Style.NORMAL, errors="ignore"))


def _stands_in_a_word(text: str, at: int) -> bool:
    """Does a dictionary have a word around the character at this place?"""
    for first in range(max(0, at - _LONGEST_WORD + 1), at + 1):
        for end in range(max(at + 1, first + 2), min(len(text), first + _LONGEST_WORD) + 1):
            if text[first:end] in PHRASES_DICT:
                return True
    return False


@lru_cache(maxsize=5_000)  # asked of each name of a sheet twice: to order it, and to find it
def syllables(text: str, name: bool = False) -> tuple[str, ...]:
    """The syllables of the Chinese characters in ``text``; a ``name`` begins with its surname.

    Most characters of a name have one reading, so that the dictionary of words is asked for the others only.
    """
    read = list(map(_readings, text))
    if any(len(ways) > 1 and _stands_in_a_word(text, at) for at, ways in enumerate(read)):
        found = _in_context(text)
    else:
        found = tuple(ways[0] for ways in read if ways)
    if name and len(text) > 1 and found:
        if len(text) > 2 and text[:2] in COMPOUND_SURNAMES:
            return COMPOUND_SURNAMES[text[:2]] + found[2:]
        if text[0] in SURNAMES:
            return (SURNAMES[text[0]], *found[1:])
    return found


def readings(text: str, name: bool = False) -> tuple[tuple[str, ...], ...]:
    """The ways to read ``text`` (all Chinese), the right one first: 张乐 is found as zhangle and as zhangyue."""
    right = syllables(text, name=name)
    if len(right) != len(text):
        return (right,)
    found = [right]
    for at, syllable in enumerate(right):
        for other in _others(text[at], syllable, name and at == 0):
            found.append((*right[:at], other, *right[at + 1 :]))
    return tuple(found)


@cache
def _others(character: str, syllable: str, surname: bool) -> tuple[str, ...]:
    """How else a character may be typed; a surname also as the character is read elsewhere, by who knows no better."""
    found = {*ALSO_READ.get(character, ()), *(_readings(character)[:1] if surname else ()), syllable.replace("v", "u")}
    return tuple(sorted(found - {syllable}))


_FOLDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("nyu", "nu"), ("v", "u"))


@lru_cache(maxsize=50_000)
def folded(letters: str) -> str:
    """Pinyin as it sounds to many ears: zh and z, ch and c, sh and s, n and l, -n and -ng, lü and lu are one."""
    for said, heard in _FOLDS:
        letters = letters.replace(said, heard)
    return letters
