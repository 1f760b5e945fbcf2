"""The terms a text is found by, and those a question asks for. Pure: both databases keep and compare plain words.

A Chinese text is kept as its characters and as pairs of neighbours, so that any part is found by looking up words.
Marks set kinds of terms apart: ``=138`` three letters or digits on end, ``^zhang`` the beginning of a title,
``^张明$`` the whole of it, ``$zhang`` where a name stands in order, ``~`` how it sounds, ``_`` (set by the caller) what
only some may read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from re import compile as pattern
from typing import NamedTuple

from app.kernel.pinyin import folded, readings, syllables

_HAN = "\u3400-\u9fff\uf900-\ufaff\u3007\U00020000-\U0003ffff"
_PART = pattern(rf"([{_HAN}])|([^\W_{_HAN}]+)|([-/])|.")
_IS_HAN = pattern(f"[{_HAN}]+")
_GROUPED_NUMBER = pattern(r"\s*[1-9](\s*\d){6,}\s*[xX]?\s*|\s*1\s*[3-9]([\s–—-]*\d){9}\s*")
BUILDINGS = ("号楼", "栋", "幢")
"""What people call a building that has a number: they do not type what is on file."""
_BUILDING = pattern(rf"(?<=\d)({'|'.join(BUILDINGS)})")
_DOTS = dict.fromkeys(map(ord, "·•・‧∙"))
"""Dots within a name, which few people type."""

LONGEST_RUN = 40
LONGEST_TITLE = 24
"""Titles beyond this are found by their characters, not by their pinyin."""
MOST_WORDS = 8
GRAM = 3

Way = tuple[str, ...]
"""Terms that all have to be there; one that ends in * is the beginning of a term."""


class _Chunk(NamedTuple):
    """What is written together: its parts (characters, and runs of letters and digits) and pairs of neighbours."""

    parts: tuple[str, ...]
    pairs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def is_han(self) -> bool:
        return _IS_HAN.fullmatch(self.text) is not None

    def terms(self) -> tuple[str, ...]:
        parts = self.parts
        if len(self.text) > len(parts):  # not characters alone
            parts = tuple(term for part in parts for term in ((part,) if _is_han(part) else _part_terms(part)))
        return parts + self.pairs


def _chunks(text: str) -> Iterator[_Chunk]:
    if _IS_HAN.fullmatch(text):
        yield _Chunk(tuple(text), tuple(map("".join, pairwise(text))))
        return
    parts: list[str] = []
    pairs: list[str] = []
    between = ""
    for found in _PART.finditer(unicodedata.normalize("NFKC", text).casefold().translate(_DOTS)):
        part = found[1] or (found[2] or "")[:LONGEST_RUN]
        if part:
            if parts:
                pairs.append(f"{parts[-1]}{between}{part}")
            parts.append(part)
            between = ""
        elif found[3] and parts:
            between = "_"
        elif parts:
            yield _Chunk(tuple(parts), tuple(pairs))
            parts, pairs, between = [], [], ""
    if parts:
        yield _Chunk(tuple(parts), tuple(pairs))


def _is_han(part: str) -> bool:
    return len(part) == 1 and part > "\u3006" and _IS_HAN.fullmatch(part) is not None


def _has_digit(part: str) -> bool:
    return any(character.isdigit() for character in part)


def _grams(part: str, mark: str = "") -> tuple[str, ...]:
    return tuple([f"{mark}={part[at : at + GRAM]}" for at in range(len(part) - GRAM + 1)])


def _part_terms(part: str) -> Iterator[str]:
    yield part
    if _has_digit(part):
        yield from _grams(part)
    else:
        yield from (part[at:] for at in range(1, len(part) - GRAM + 1))


def of_text(text: str, mark: str = "") -> tuple[str, ...]:
    """The terms of a text: each character, each pair of neighbours, each number and word and what is in them.

    Each with ``mark`` before it.
    """
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_RUN:  # a phone: one of each, and many of them
        return (f"{mark}{text}", *_grams(text, mark))
    return _terms_of_text(text, mark)


@lru_cache(maxsize=20_000)
def _terms_of_text(text: str, mark: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{mark}{term}" for chunk in _chunks(text) for term in chunk.terms()))


def of_title(text: str, name: bool = False) -> tuple[str, ...]:
    """The terms of what a record is called: also its pinyin from each syllable on, its initials and how it sounds.

    ``name`` says that it is the name of a person.
    """
    found: list[str] = []
    whole = ""
    for chunk in _chunks(text):
        found += chunk.terms()
        whole += chunk.text
    if whole and len(whole) <= LONGEST_TITLE:
        found += (f"^{whole}$", f"^{whole[0]}", f"^{whole[:2]}")
        for read in readings("".join(_IS_HAN.findall(whole)), name):
            found += _read_terms(read)
    return tuple(found)


def of_place(sort_key: str) -> str:
    """The term for where a title stands in order: what its sort key begins with, up to the first blank."""
    return f"${sort_key.partition(' ')[0]}"


def place(text: str, sort_key: Callable[[str], str]) -> str:
    """What the sort keys of titles that begin with ``text`` begin with; nothing where that cannot be told."""
    head = sort_key(text * 2).partition(" ")[0]  # with more behind it: a surname alone would be read as a word
    return f"{head} " if head else text if text.isascii() and text.isalpha() else ""


def at_place(place: str) -> str:
    """The term of all entries, and of no others, that have a sort key which begins with ``place``."""
    return f"${place.removesuffix(' ')}{'' if place.endswith(' ') else '*'}"


def _read_terms(read: tuple[str, ...]) -> list[str]:
    if not read:
        return []
    full, initials = "".join(read), "".join([syllable[0] for syllable in read])
    found = [f"^{full}$", f"^{full[0]}", f"^{full[:2]}", f"^{initials[:2]}", initials, read[0] + initials[1:]]
    found += [initials[at:] for at in range(1, len(initials) - 1)]
    rests = [full]
    for syllable in read[:-1]:
        rests.append(rests[-1][len(syllable) :])
    return [*found, *rests, *[f"~{heard}" for heard in map(folded, rests)]]


@dataclass(frozen=True)
class Word:
    """One word of a question: the ``ways`` to find it, and those by ear, tried where nothing is found otherwise.

    What has numbers in it is not heard but read with less care: 2栋 and 2-3 for 2号楼3单元.
    """

    text: str
    ways: tuple[Way, ...]
    by_ear: tuple[Way, ...]

    @property
    def private(self) -> tuple[Way, ...]:
        """The ways by which it is found in what only some may read: never by one or two digits."""
        asked = [term.removesuffix("*") for way in self.ways for term in way]
        return self.ways if all(len(term) >= GRAM or any(map(_is_han, term)) for term in asked) else ()

    @property
    def whole(self) -> Way:
        """It is the title."""
        return (f"^{self.text}$",)

    @property
    def beginning(self) -> Way:
        """The title begins with it."""
        return (f"^{self.text}",) if len(self.text) <= 2 else (f"^{self.text}*",)


def words(question: str) -> tuple[Word, ...]:
    """The words of a question, all of which have to be found; none where it says nothing.

    A long number typed in groups is one: 138 1234 5678, or 138-1234-5678.
    """
    narrow = unicodedata.normalize("NFKC", question)
    if _GROUPED_NUMBER.fullmatch(narrow):
        question = "".join(filter(str.isalnum, narrow))
    return tuple(_word(chunk) for chunk in _chunks(question))[:MOST_WORDS]


def _word(chunk: _Chunk) -> Word:
    first = _ways(chunk)
    if chunk.is_han:
        by_ear: tuple[Way, ...] = ((f"~{folded(''.join(syllables(chunk.text)))}*",),)
    elif len(chunk.parts) == 1 and not _has_digit(chunk.text):
        by_ear = ((f"~{folded(chunk.text)}*",),)
    elif len(chunk.parts) > 1:
        spelled = _spelled(chunk)
        said = BUILDINGS if _BUILDING.search(spelled.text) else BUILDINGS[:1]
        by_ear = tuple(dict.fromkeys(_apart(spelled, building) for building in said))
    else:
        by_ear = first
    return Word(chunk.text, first, by_ear)


def _ways(chunk: _Chunk) -> tuple[Way, ...]:
    last = chunk.parts[-1]
    if len(chunk.parts) > 1:
        return ((*chunk.pairs[:-1], chunk.pairs[-1] + ("" if _is_han(last) else "*")),)
    if _is_han(last):
        return ((last,),)
    if _has_digit(last):
        return ((f"{last}*",),) if len(last) < GRAM else (_grams(last),)
    return ((last,), (f"^{last}",)) if len(last) < GRAM else ((f"{last}*",),)


def _spelled(chunk: _Chunk) -> _Chunk:
    """2-3-501 as 2号楼3单元501; anything else as it is."""
    building, unit, *rest = chunk.parts
    is_house = "".join(chunk.parts).isdecimal() and len(building) < 4 and len(unit) < 3 and len(rest) < 2
    return next(_chunks(f"{building}号楼{unit}单元{''.join(rest)}")) if is_house else chunk


def _apart(chunk: _Chunk, building: str) -> Way:
    """What is written together though it stands in two fields: 张明3号楼. Only what is typed last may go on.

    A building with a number may be called a ``building`` of another word.
    """
    parts = [part for whole in _split(chunk) for part in _chunks(_BUILDING.sub(building, whole.text))]
    return tuple(term if part is parts[-1] else term.removesuffix("*") for part in parts for term in _ways(part)[0])


def _split(chunk: _Chunk) -> Iterator[_Chunk]:
    """A chunk cut before each number."""
    cuts = [at for at, part in enumerate(chunk.parts) if at and not _is_han(part)]
    for first, end in zip([0, *cuts], [*cuts, len(chunk.parts)], strict=True):
        yield _Chunk(chunk.parts[first:end], chunk.pairs[first : end - 1])
