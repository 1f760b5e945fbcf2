"""Values as people write them: read, checked, shown and masked. Pure: no web, no database, no clock.

Every ``read_*`` takes the text of a form field or a sheet cell and returns the value, or raises
:class:`Invalid` with a message that can be shown beside the field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any


def N_(message: str) -> str:
    """Mark a message for the catalogue where it is only named, not yet shown."""
    return message


class Invalid(ValueError):
    """A value that cannot be accepted; ``message`` is a message id, ``params`` its named parts."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


@dataclass(frozen=True)
class Violation:
    """A rule that ``field`` breaks (empty: the record as a whole), in a message id with named ``params``.

    ``in_the_way`` is the record that has already what only one may have: its model and its id.
    """

    field: str
    message: str
    params: dict[str, Any] = dataclass_field(default_factory=dict)
    in_the_way: tuple[Any, int] | None = None


Reader = Callable[[str], Any]
Mask = Callable[[str], str]

# Pictographs have no glyph in the fonts of a printed notice; joiners and selectors only build pictographs.
# The signs of GB 2312 among them (★ ☆ ♀ ♂) are kept.
_PICTOGRAPHS = re.compile(
    "[\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23fa\u2600-\u2604\u2607-\u263f\u2641\u2643-\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\ufe0e\ufe0f\u200d\u20e3\U000e0000-\U000e007f]"
)
_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RARE_HAN = re.compile("[\U00020000-\U0003347f]")
"""Han characters of the extensions, the newest of which Python's own table does not know yet; names have them."""
_SPACE_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])[ \t\u3000]+(?=[{_HAN}])")
_NAME = re.compile(rf"[{_HAN}A-Za-z][{_HAN}A-Za-z·.\- ]*")
_COMMON_HAN = re.compile("[\u4e00-\u9fa5]+")
"""What most cells of a roster consist of, in which there is nothing to clean or to refuse."""


TYPED = "?"
"""Marks the words that were typed into a search select where no row was chosen."""

_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ－／＃]")


def half_width(text: str) -> str:
    """``text`` with letters and digits, and the signs of house numbers, as wide as in English: 3号楼 for ３号楼.

    Chinese punctuation, which Unicode counts among the same signs, stays: （），。
    """
    return _FULL_WIDTH.sub(lambda found: chr(ord(found[0]) - 0xFEE0), text)


def read_text(text: str) -> str:
    """Text of several lines, half-width, without control characters and pictographs; line ends become ``\\n``."""
    text = half_width(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if found := _PICTOGRAPHS.search(text):
        raise Invalid(N_("Emoji cannot be printed: please remove %(found)s."), found=found.group())
    if text.isprintable():
        return text
    for character in text:
        unprintable = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}
        if unprintable and character not in "\n\t" and not _RARE_HAN.fullmatch(character):
            raise Invalid(N_("Contains a character that cannot be stored or printed."))
    return text


def storable(text: str) -> str:
    """``text`` without the control characters that no page can show; for handing back what was typed."""
    return "".join(character for character in text if character in "\n\t\r" or unicodedata.category(character) != "Cc")


def read_line(text: str) -> str:
    """One line of text; runs of white space become one space, spaces between Han characters go."""
    if _COMMON_HAN.fullmatch(text):
        return text
    return _SPACE_BETWEEN_HAN.sub("", " ".join(read_text(text).split()))


def read_name(text: str) -> str:
    """A person's name: Han or Latin letters, with the dot of transcribed names (阿依古丽·买买提)."""
    if _COMMON_HAN.fullmatch(text):
        return text
    name = read_line(text).replace("•", "·").replace("・", "·").replace("‧", "·")
    if not _NAME.fullmatch(name):
        raise Invalid(N_("A name has only letters, Chinese characters and the dot ·"))
    return name


def plain(text: str) -> str:
    """Full-width digits and letters made half-width (NFKC), outer white space removed."""
    return unicodedata.normalize("NFKC", text).strip()


def read_integer(text: str) -> int:
    text = plain(text).replace(",", "")
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise Invalid(N_("Please enter a whole number."))
    return int(text)


_MEASURE = re.compile("¥?(.*?)(?:平方米|平米|平方|m2|元)?", re.IGNORECASE)
"""A number of square metres or yuan with its sign or unit, as :func:`plain` leaves it (㎡ is m2)."""


def read_decimal(text: str) -> Decimal:
    """A number with at most two decimals, such as square metres or yuan, which may stand behind it."""
    text = plain(text)
    if found := _MEASURE.fullmatch(text):
        text = found[1]
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise Invalid(N_("Please enter a number.")) from None
    if not number.is_finite() or number.adjusted() >= 9:
        raise Invalid(N_("Please enter a number."))
    if number != number.quantize(Decimal("0.01")):
        raise Invalid(N_("At most two decimals."))
    return number.quantize(Decimal("0.01")) + 0  # nothing has no sign


def at_least(least: int, reader: Reader) -> Reader:
    """``reader``, refusing numbers below ``least``."""

    def read(text: str) -> Any:
        number = reader(text)
        if number < least:
            raise Invalid(N_("Must be at least %(least)s."), least=least)
        return number

    return read


def between(least: int, most: int, reader: Reader) -> Reader:
    """``reader``, refusing numbers below ``least`` and above ``most``."""
    bounded = at_least(least, reader)

    def read(text: str) -> Any:
        number = bounded(text)
        if number > most:
            raise Invalid(N_("Must be at most %(most)s."), most=most)
        return number

    return read


read_count = at_least(0, read_integer)
read_amount = at_least(0, read_decimal)


_BETWEEN = r"\s*[-–—./\\,。、年月\s]\s*"
_DATE_FORMS = (
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
    re.compile(rf"(\d{{4}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{1,2}})\s*[日号]?"),
)
_NO_DAY, _NO_YEAR = (
    N_("Please add the day, like %(example)s."),
    N_("Please write the year with four digits, like %(example)s."),
)
_PARTS_OF_DATES = (
    (re.compile(r"((?:19|20)\d{2})\s*年?"), N_("Please add the month and the day, like %(example)s."), "{}-06-01"),
    (re.compile(rf"(\d{{4}}){_BETWEEN}(\d{{1,2}})\s*月?份?"), _NO_DAY, "{}-{:0>2}-01"),
    (re.compile(r"((?:19|20)\d{2})(\d{2})"), _NO_DAY, "{}-{}-01"),
    (re.compile(rf"(?:\d{{2}}{_BETWEEN})?(\d{{1,2}}){_BETWEEN}(\d{{1,2}})\s*[日号]?"), _NO_YEAR, "1980-{:0>2}-{:0>2}"),
)
"""What people write who do not know, or do not think of, all of a day: what to say of it, and how it would be one.

A sheet takes the first day of a month with a remark; who fills in a form is there to be asked.
"""


def read_date(text: str) -> date:
    """A day written 2026-03-05, 2026.3.5, 2026/3/5, 2026年3月5日 or 20260305."""
    if len(text) == 10 and text[4] == text[7] == "-":
        with suppress(ValueError):
            written = date.fromisoformat(text)
            if 1900 <= written.year <= 2200:
                return written
    text = plain(text)
    for form in _DATE_FORMS:
        if found := form.fullmatch(text):
            year, month, day = map(int, found.groups())
            if not 1900 <= year <= 2200:
                raise Invalid(N_("The year must lie between 1900 and 2200."))
            try:
                return date(year, month, day)
            except ValueError:
                raise Invalid(N_("There is no such day: %(text)s."), text=text) from None
    for part, message, whole in _PARTS_OF_DATES:
        if found := part.fullmatch(text):
            try:
                example = date.fromisoformat(whole.format(*found.groups()))
            except ValueError:
                continue
            raise Invalid(message, example=example.isoformat())
    raise Invalid(N_("Please write the date like 2026-03-05."))


_YES = {"1", "y", "yes", "t", "true", "on", "是", "对", "有", "√", "✓", "✔", "☑"}
_NO = {"", "0", "n", "no", "f", "false", "off", "否", "不是", "无", "没有", "×", "✗", "✘", "☐"}


def read_flag(text: str) -> bool:
    text = plain(text).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Invalid(N_("Please answer yes or no."))


_CITIZEN = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{15}[0-9X]")
"""Beginning with the code of a province (GB/T 2260)."""


def read_id_number(text: str) -> str:
    """A citizen identity number of 18 characters, its date and check digit verified (GB 11643)."""
    number = text if _CITIZEN.fullmatch(text) else _citizen(text)
    # Whether the place had its code when the person was born is not asked: codes were first given out in 1984, and
    # counties have changed since, so that real people would be refused.
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise Invalid(N_("This is not a valid ID number.")) from None
    if not 1900 <= born.year <= 2200:
        raise Invalid(N_("The year must lie between 1900 and 2200."))
    # The digits are weighted with the powers of two, modulo 11; 13 is 2 there, and Python reads numbers to base 13.
    if number[-1] != "0123456789X"[(1 - 2 * int(number[:17], 13)) % 11]:
        raise Invalid(N_("The check digit is wrong: one of the digits is mistyped."))
    return number


def _citizen(text: str) -> str:
    """What looks like an identity number in ``text``, without spaces and full-width digits."""
    number = plain(text).replace(" ", "").upper()
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", number):
        raise Invalid(N_("The spreadsheet has rounded this number; please type all 18 digits again."))
    if re.fullmatch("[0-9]{15}", number):
        raise Invalid(N_("This is an old ID number of 15 digits; please enter the 18 characters of the present card."))
    if len(number) != 18:
        raise Invalid(N_("An ID number has 18 characters."))
    if not _CITIZEN.fullmatch(number):
        raise Invalid(N_("This is not a valid ID number."))
    return number


def read_uscc(text: str) -> str:
    """A unified social credit code of 18 characters, its check digit verified (GB 32100)."""
    from stdnum.cn import uscc
    from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

    number = plain(text)
    try:
        return str(uscc.validate(number))
    except InvalidLength:
        raise Invalid(N_("A unified social credit code has 18 characters.")) from None
    except InvalidChecksum:
        raise Invalid(N_("The check digit is wrong: one of the characters is mistyped.")) from None
    except ValidationError:
        raise Invalid(N_("This is not a valid unified social credit code.")) from None


_PHONE = re.compile(r"[0-9+() -]+")


@cache
def _mobile() -> re.Pattern[str]:
    """The mobile numbers the library holds valid; asking it takes a hundred times as long."""
    from phonenumbers import PhoneMetadata

    china: Any = PhoneMetadata.metadata_for_region("CN")
    return re.compile(china.mobile.national_number_pattern, re.ASCII)


def read_phone(text: str) -> str:
    """A Chinese mobile (13812345678) or fixed-line number (0523-86881234), without country code."""
    if _mobile().fullmatch(text):
        return text
    import phonenumbers

    if not _PHONE.fullmatch(plain(text)):
        raise Invalid(N_("Please enter a phone number."))
    try:
        number = phonenumbers.parse(plain(text), "CN")
    except phonenumbers.NumberParseException:
        raise Invalid(N_("Please enter a phone number.")) from None
    if number.country_code != 86 or number.extension or not phonenumbers.is_valid_number(number):
        raise _no_phone(re.sub(r"\D", "", plain(text)))
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return national.replace(" ", "") if not national.startswith("0") else national.replace(" ", "-", 1).replace(" ", "")


def _no_phone(digits: str) -> Invalid:
    """What is wrong with a number nobody can dial, where it can be told."""
    if len(digits) in {7, 8} and digits[0] not in "01":
        return Invalid(N_("Please add the area code, such as 0523-86881234."))
    if len(digits) in {9, 10, 12, 13} and re.match("1[3-9]", digits):
        return Invalid(N_("A mobile number has 11 digits; this one has %(count)s."), count=len(digits))
    return Invalid(N_("This is not a valid phone number."))


_CLOCK = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


def read_hours(text: str) -> str:
    """Opening hours such as ``8:30-17:30``, several spans apart by 、; each must end after it starts."""
    line = read_line(text)
    for span in re.findall(rf"{_CLOCK.pattern}\s*[-–—~～－至到]\s*{_CLOCK.pattern}", line):
        if tuple(map(int, span[:2])) >= tuple(map(int, span[2:])):
            raise Invalid(N_("The hours end before they start."))
    return line


# --- showing ---------------------------------------------------------------------------------------------------


def show(value: Any) -> str:
    """The text of a stored value: days as 2026-03-05, 1200.50 with both decimals, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}".removesuffix(".00")
    return str(value)


def mask_phone(text: str) -> str:
    """138****1234: the first three and last four digits stay."""
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else "****"


def mask_id_number(text: str) -> str:
    """320***********1234: the province and the last four characters stay."""
    return f"{text[:3]}{'*' * 11}{text[-4:]}" if len(text) == 18 else "****"


def mask_name(text: str) -> str:
    """张*明: the first and, of three or more characters, the last character stay."""
    if len(text) <= 2:
        return text[:1] + "*"
    return text[0] + "*" * (len(text) - 2) + text[-1]


def mask_day(text: str) -> str:
    """1956-**-**: only the year stays."""
    return f"{text[:4]}-**-**"


def mask_all(text: str) -> str:
    return "****"
