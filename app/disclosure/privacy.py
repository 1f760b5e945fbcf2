"""What a notice must not say: every printed text is looked through, wherever it came from.

个人信息保护法 (2021) Art. 25, 26 and 28: what identifies a person or tells of health or money is not made public. What
can only be that stops a notice; what may be is shown to the approver, who confirms that it may be posted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from stdnum.cn import ric, uscc

from app.kernel.values import N_, plain
from app.printing.text import printable


@dataclass(frozen=True)
class Finding:
    """Something in a sheet about a person: its place there, a message with the places ``place`` and ``found``.

    ``certain`` ones may never be posted, the others only when somebody has said so.
    """

    place: Any
    message: str
    found: str
    certain: bool


def _is_id_number(found: str) -> bool:
    """Anything of its shape, mistyped or not, but for the credit codes among them, which are public (GB 32100)."""
    return found[-1] == ric.calc_check_digit(found) or not uscc.is_valid(found)


def _is_card(found: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1). Of 18 digits there are credit codes and old accounts, but no cards."""
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(found))]
    return len(found) != 18 and sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _always(_found: str) -> bool:
    return True


_MOBILE = re.compile(  # 138-1234-5678, 1381 234 5678, 1 3 8 1 2 3 4 5 6 7 8
    r"(?<!\d)(?:(?:\+|00)?86[ -]*|0)?"
    r"(?:1[3-9]\d(?:[ .·-]{0,2}\d{4}){2}|1[3-9]\d\d[ .·-]{0,2}\d{3}[ .·-]{0,2}\d{4}|1[ -][3-9](?:[ -]\d){9})"
    r"(?!\d)"
)
_MAY_NOT: tuple[tuple[re.Pattern[str], Callable[[str], bool], str], ...] = (
    (  # region, day of birth, serial number and check digit (GB 11643), however they are set apart
        re.compile(
            r"(?<!\d)[1-8](?:[ -]*\d){5}[ -]*(?:1[ -]*9|2[ -]*0)(?:[ -]*\d){2}[ -]*(?:0[ -]*[1-9]|1[ -]*[0-2])"
            r"[ -]*[0-3](?:[ -]*\d){4}[ -]*[\dXx×](?!\d)"
        ),
        _is_id_number,
        N_("“%(found)s…” in %(place)s looks like an ID number; it may not be posted."),
    ),
    (
        _MOBILE,
        _always,
        N_("“%(found)s…” in %(place)s looks like a private mobile number; it may not be posted."),
    ),
    (
        re.compile(r"(?:账号|帐号|卡号|账户|帐户)\D{0,8}\d(?:[ -]?\d){8,}"),
        _always,
        N_("“%(found)s…” in %(place)s looks like a bank account; it may not be posted."),
    ),
    (
        re.compile(r"(?<![\dA-Za-z])[3-69](?:[ -]?\d){15,18}(?![\dA-Za-z])"),
        _is_card,
        N_("“%(found)s…” in %(place)s looks like a bank card; it may not be posted."),
    ),
)
_NO_MEASURE = r"(?![\d.]|\s*(?:m|平|米|万|元|人|户|个|年|月|日|%))"
"""A number before one of these counts or measures something: 3号楼120平方米 is no flat."""
_DOUBTFUL = (
    (_MOBILE, N_("“%(found)s” in %(place)s is a mobile number; it may be posted only as a public contact.")),
    (
        re.compile(r"(?<!\d)[1-8]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"),
        N_("“%(found)s” in %(place)s may be an old ID number."),
    ),
    (
        re.compile(
            rf"\d+\s*(?:号楼|幢|栋|座)\s*(?:\d+\s*单元\s*)?\d{{2,4}}{_NO_MEASURE}\s*室?"
            rf"|\d+\s*单元\s*\d{{2,4}}{_NO_MEASURE}\s*室?"
        ),
        N_("“%(found)s” in %(place)s may be somebody's home address."),
    ),
    (
        re.compile(
            "癌|肿瘤|白血病|尿毒症|透析|精神分裂|精神病|抑郁症|艾滋|肝炎|结核|癫痫|脑瘫|智力残疾|精神残疾|[一二三四]级残疾"
            "|糖尿病|高血压|冠心病|心脏病|脑梗|脑出血|偏瘫|瘫痪|痴呆|帕金森|截肢|患有|身患|罹患"
        ),
        N_("“%(found)s” in %(place)s may tell of somebody's illness."),
    ),
)


def check(
    texts: Iterable[tuple[Any, str]], may_be_public: Callable[[Any, str], bool] = lambda _place, _mobile: False
) -> Iterator[Finding]:
    """Everything in the printed ``texts``, each with its place, that is, or may be, about a person.

    Of what stops a notice the first in each text is told, of what is doubtful everything: somebody looks at it all.
    ``may_be_public`` says of a mobile number (11 digits) in a place whether it is doubtful only, as a repairman's is.
    """
    for place, printed in texts:
        text = _read(printed)
        if stopping := _may_not(place, text, may_be_public):
            yield stopping
            continue
        for pattern, message in _DOUBTFUL:
            for found in dict.fromkeys(match[0] for match in pattern.finditer(text)):
                yield Finding(place, message, found, certain=False)


_DASHES = str.maketrans(dict.fromkeys("‐‒–—―−", "-"))


def _read(printed: str) -> str:
    """``printed`` as it is read off the wall: what has no ink hides no number, and every dash is one."""
    return plain(printable(printed)).translate(_DASHES)


def _may_not(place: Any, text: str, may_be_public: Callable[[Any, str], bool]) -> Finding | None:
    for pattern, is_that, message in _MAY_NOT:
        for match in pattern.finditer(text):
            found = re.sub(r"[^\dX]", "", match[0].upper().replace("×", "X"))
            if pattern is _MOBILE and may_be_public(place, found[-11:]):
                continue
            if is_that(found):
                return Finding(place, message, match[0][:6], certain=True)
    return None
