"""How Chinese is read: pinyin without tones, surnames read as surnames. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from config import ROOT, SettingError

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

_FILE = ROOT / ".cache" / "readings.json"
"""Made by ``make setup`` (``readings.py``)."""
if not _FILE.exists():
    raise SettingError(f"尚未准备好，请运行 make setup / run `make setup` first: {_FILE} is missing")

_TABLE = json.loads(_FILE.read_text(encoding="utf-8"))
_CHARACTERS: str = _TABLE["characters"]
_WORDS: dict[str, str] = _TABLE["words"]
_LONGEST_WORD: int = _TABLE["longest"]
_HAN = re.compile("[\u3007\u3400-\u9fff\ue815-\ue864\uf900-\ufaff\U00020000-\U0003ffff]+")


@cache
def _readings(character: str) -> tuple[str, ...]:
    """How a character can be read, the usual way first; none if it is not Chinese."""
    at = -1 if character.isascii() else _CHARACTERS.find(character)
    if at < 0:
        return ()
    *ways, _alike = _CHARACTERS[_CHARACTERS.rfind("\n", 0, at) + 1 : at + 1].split()
    return tuple(ways)


def _in_context(run: str) -> Iterator[str]:
    """How characters on end are read: the longest word of the dictionary that begins at each, else the character."""
    while run:
        words = _WORDS.get(run[0], "")
        for end in range(min(len(run), _LONGEST_WORD), 1, -1):
            _before, is_word, after = words.partition(f" {run[:end]}=")
            if is_word:
                break
        else:
            end, after = (len(run) if f" {run}" in words else 1), " "  # as pypinyin reads what only begins a word
        unusual = after[: after.index(" ")]
        yield from unusual.split(",") if unusual else (ways[0] for ways in map(_readings, run[:end]) if ways)
        run = run[end:]


@lru_cache(maxsize=5_000)  # asked of each name of a sheet twice: to order it, and to find it
def syllables(text: str, name: bool = False) -> tuple[str, ...]:
    """The syllables of the Chinese characters in ``text``, read as in the words they stand in; a ``name`` begins with
    its surname.
    """
    found = tuple(syllable for run in _HAN.findall(text) for syllable in _in_context(run))
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
