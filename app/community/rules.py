"""Rules about people, as plain functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from app.kernel.pinyin import syllables
from app.kernel.rules import not_to_come
from app.kernel.values import N_, Violation

KEY_LENGTH = 200
"""What is cut off, of a very long name, is pinyin, never characters."""


def name_key(name: str) -> str:
    """How a name sorts: syllable by syllable (zhang ming), then in one word, by initials, and as it is."""
    read = syllables(name, name=True)
    initials = "".join(syllable[0] for syllable in read)
    sounds = f"{' '.join(read)} {''.join(read)} {initials}"
    return f"{sounds[: KEY_LENGTH - len(name) - 1]} {name}".lower()


def building_key(building: str) -> str:
    """How a building sorts: 2号楼 before 10号楼."""
    return _DIGITS.sub(lambda number: number[0].zfill(4), building)[:KEY_LENGTH]


_DIGITS = re.compile(r"\d+")


def told_by_identity(id_number: str | None, birth_on: date | None, sex: str | None) -> dict[str, Any]:
    """Birth date and sex where they were left blank and the ID number says them (GB 11643)."""
    if not id_number:
        return {}
    given = {"birth_on": birth_on, "sex": sex}
    return {name: said for name, said in _identity_says(id_number).items() if given[name] is None}


@lru_cache(maxsize=16)  # asked twice of each row: to fill in, and to compare
def _identity_says(id_number: str) -> dict[str, Any]:
    """The birth date, and the sex as a code of GB/T 2261.1: the 17th digit is odd for men (1), even for women (2)."""
    born = date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    return {"birth_on": born, "sex": "1" if int(id_number[16]) % 2 else "2"}


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
