"""Which field each column of a sheet is, by what its heading says. Pure.

A heading is known by the label of a field or its other names, however it is written: 姓  名, 姓名（必填）, ＊姓名：.
What is only close to a name is offered as a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import IntEnum
from functools import lru_cache


@dataclass(frozen=True)
class Offer:
    """A field that a column may be.

    :param label: what the office calls it, in Chinese.
    :param headings: other names under which it arrives.
    :param accepts: says of a cell whether it can be a value of the field; a guess that most cells deny is not made.
    """

    name: str
    label: str
    headings: tuple[str, ...] = ()
    accepts: Callable[[str], bool] | None = None


@dataclass(frozen=True)
class Match:
    """What was found for one column, counted from 0; ``field`` is None if it is not known.

    ``is_guess``: the heading is only close to a name of the field. ``is_remembered``: it was said so before.
    ``wanted`` is the field this column would have been, had the column ``lost_to`` not named it better.
    """

    column: int
    heading: str
    field: str | None = None
    is_guess: bool = False
    is_remembered: bool = False
    wanted: str | None = None
    lost_to: int | None = None


class _Ground(IntEnum):
    """On what a column is taken for a field, the best first."""

    REMEMBERED = 0
    LABEL = 1
    OTHER_NAME = 2
    LOWER_HEADING = 3
    UPPER_HEADING = 4
    LIKENESS = 5


@dataclass(frozen=True)
class _Candidate:
    """A column that may be a field; the smaller ``order`` is taken first."""

    column: int
    field: str
    ground: _Ground
    distance: float = 0
    filled: int = 0
    is_guess: bool = False

    @property
    def order(self) -> tuple[int, float, int, int]:
        return self.ground, self.distance, -self.filled, self.column


def match_columns(
    headings: Sequence[str],
    offered: Sequence[Offer],
    remembered: Mapping[str, str] | None = None,
    sample: Sequence[Sequence[str]] = (),
) -> list[Match]:
    """For each heading the field it names, each field at most once.

    ``remembered`` says by heading which field it was the last time, "" for none. ``sample`` are some rows of the
    table: of two columns of the same name the fuller one wins.
    """
    decided = {heading_key(heading): name for heading, name in (remembered or {}).items()}
    by_name = {offer.name: offer for offer in offered}
    names = _names(offered)
    candidates = []
    for column, heading in enumerate(headings):
        cells = [row[column] for row in sample if column < len(row) and row[column]]
        for candidate in _candidates(column, heading, names, decided, by_name):
            if not candidate.is_guess or _agrees(by_name[candidate.field], cells):
                candidates.append(replace(candidate, filled=len(cells)))
    candidates.sort(key=lambda candidate: candidate.order)
    takers: dict[str, _Candidate] = {}
    taken: dict[int, _Candidate] = {}
    for candidate in candidates:
        if candidate.column not in taken and candidate.field not in takers:
            takers[candidate.field] = taken[candidate.column] = candidate
    wanted = {candidate.column: candidate.field for candidate in reversed(candidates)}
    return [
        _match(column, heading, taken.get(column), wanted.get(column), takers)
        for column, heading in enumerate(headings)
    ]


def _match(
    column: int, heading: str, own: _Candidate | None, wanted: str | None, takers: Mapping[str, _Candidate]
) -> Match:
    if own:
        return Match(column, heading, own.field, own.is_guess, own.ground is _Ground.REMEMBERED)
    return Match(column, heading, wanted=wanted, lost_to=takers[wanted].column if wanted else None)


_Names = Mapping[str, list[tuple[_Ground, Offer]]]


def _names(offered: Iterable[Offer]) -> _Names:
    """By key of a heading, the fields that are called so, and whether that is their label."""
    names: dict[str, list[tuple[_Ground, Offer]]] = {}
    for offer in offered:
        label = heading_key(offer.label)
        for key in dict.fromkeys((label, *map(heading_key, offer.headings))):
            if key:
                names.setdefault(key, []).append((_Ground.LABEL if key == label else _Ground.OTHER_NAME, offer))
    return names


def _candidates(
    column: int,
    heading: str,
    names: _Names,
    decided: Mapping[str, str],
    by_name: Mapping[str, Offer],
) -> Iterator[_Candidate]:
    key = heading_key(heading)
    if not key:
        return
    if key in decided and (not decided[key] or decided[key] in by_name):
        if decided[key]:
            yield _Candidate(column, decided[key], _Ground.REMEMBERED)
        return
    for ground, offer in names.get(key, ()):
        yield _Candidate(column, offer.name, ground, is_guess=_is_other_unit(heading, offer.label))
    if key in names:
        return
    upper, _space, lower = heading.rpartition(" ")
    if upper:
        for ground, offer in names.get(heading_key(lower), ()):
            yield _Candidate(column, offer.name, _Ground.LOWER_HEADING, ground)
        for ground, offer in names.get(heading_key(upper), ()):
            yield _Candidate(column, offer.name, _Ground.UPPER_HEADING, ground, is_guess=True)
    near = sorted(
        (distance, offer.name)
        for name, called in names.items()
        if (distance := _distance(key, name)) <= _FAR
        for _ground, offer in called
    )
    if near and len({name for distance, name in near if distance <= near[0][0] + _MARGIN}) == 1:
        yield _Candidate(column, near[0][1], _Ground.LIKENESS, near[0][0], is_guess=True)


def _agrees(offer: Offer, cells: Sequence[str]) -> bool:
    return offer.accepts is None or sum(map(offer.accepts, cells)) * 2 >= len(cells)


# --- headings ----------------------------------------------------------------------------------------------------

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>")
_NUMBERED = re.compile(r"^\s*\(?\d{1,2}[.、)]")


@lru_cache(maxsize=4096)
def heading_key(heading: str) -> str:
    """By what headings are told apart: half-width, without spaces, signs, brackets or a number before it."""
    text = _NUMBERED.sub("", unicodedata.normalize("NFKC", heading)).lower()
    without = _BRACKETED.sub("", text)
    return _word(without) or _word(text)


def _word(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


_UNITS = re.compile("万|千元|亩|公顷|分钟|毫米|厘米|cm|(?<![厘毫])米(?!²)")


def _is_other_unit(heading: str, label: str) -> bool:
    """Is the column of numbers in another unit than the field: 金额（万元） for 金额（元）?"""
    told = "".join(_BRACKETED.findall(unicodedata.normalize("NFKC", heading)))
    return bool({*_UNITS.findall(told)} - {*_UNITS.findall(unicodedata.normalize("NFKC", label))})


_OTHERS = re.compile(
    "配偶|父|母|子女|儿|孙|监护|家长|紧急|户主|介绍|推荐|联系人|代办|经办|负责|队长|组长|书记|邻居|原|曾"
)
"""Somebody else, or another time: what such a heading asks for is not the field it ends with."""
_FAR = 0.26
_MARGIN = 0.05


def _distance(key: str, name: str) -> float:
    """0 for the same, 1 for nothing in common. What ends with the name (志愿者姓名), or begins it (身份证), is near."""
    if set(_OTHERS.findall(key)) != set(_OTHERS.findall(name)):
        return 1
    if min(len(key), len(name)) >= 2 and (key.endswith(name) or name.startswith(key)):
        return 0.2 * (1 - min(len(key), len(name)) / max(len(key), len(name)))
    if min(len(key), len(name)) < 4:
        return 1
    return 1 - SequenceMatcher(None, key, name, autojunk=False).ratio()
