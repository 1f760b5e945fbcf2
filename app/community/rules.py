"""Rules about people, as plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from pypinyin import Style, lazy_pinyin
from stdnum.cn import ric

from app.kernel.rules import not_to_come
from app.kernel.values import N_, Violation

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
}
"""Characters that as a surname are read otherwise than in a word."""


def name_key(name: str) -> str:
    """How a name sorts and is found: syllable by syllable (zhang ming), then in one word, by initials, and as it is."""
    syllables = lazy_pinyin(name, style=Style.NORMAL, errors="ignore")
    if name[:1] in SURNAMES:
        syllables[0] = SURNAMES[name[0]]
    initials = "".join(syllable[0] for syllable in syllables)
    return f"{' '.join(syllables)} {''.join(syllables)} {initials} {name}"[:200].lower()


def told_by_identity(id_number: str | None, birth_on: date | None, sex: str | None) -> dict[str, Any]:
    """Birth date and sex where they were left blank and the ID number says them (GB 11643)."""
    if not id_number:
        return {}
    given = {"birth_on": birth_on, "sex": sex}
    return {name: said for name, said in _identity_says(id_number).items() if given[name] is None}


def _identity_says(id_number: str) -> dict[str, Any]:
    """The birth date, and the sex as a code of GB/T 2261.1: the 17th digit is odd for men (1), even for women (2)."""
    return {"birth_on": ric.get_birth_date(id_number), "sex": "1" if int(id_number[16]) % 2 else "2"}


def check_identity(id_number: str | None, birth_on: date | None, sex: str | None) -> Iterator[Violation]:
    """The ID number states birth date and sex (GB 11643); all must agree. ``sex`` is a code of GB/T 2261.1."""
    if not id_number:
        return
    said = _identity_says(id_number)
    if birth_on and said["birth_on"] != birth_on:
        yield Violation("birth_on", N_("The ID number says another birth date. One of the two is wrong."))
    if sex in {"1", "2"} and said["sex"] != sex:
        yield Violation("sex", N_("The ID number says another sex. One of the two is wrong."))


def check_birth(birth_on: date | None, today: date) -> Iterator[Violation]:
    yield from not_to_come({"birth_on": birth_on}, "birth_on", today)
