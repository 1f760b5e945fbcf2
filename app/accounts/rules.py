"""Rules about accounts and their doors, as plain functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path
from threading import Lock

import pyotp

from app.kernel.pinyin import syllables
from app.kernel.values import N_, Violation

MIN_PASSWORD = 10
MAX_PASSWORD = 128
GUESSES = 10**9
"""So many guesses a password has to stand: who got hold of a hash tries some hundreds a second."""
LOOKED_AT = 64
"""So many characters are looked at; a longer password is judged by its beginning."""

LONGEST_WAIT = 30
"""Minutes; nobody is kept out for longer by somebody else's guessing."""

HABITS = Path(__file__).with_name("habits.txt").read_text(encoding="utf-8").split()
"""What people here like to take for a password; the library knows what the rest of the world takes."""

_USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,39}")
_guessing = Lock()


def check_username(username: str) -> Iterator[Violation]:
    if not _USERNAME.fullmatch(username):
        yield Violation("username", N_("3 to 40 small letters, digits, . _ or -, beginning with a letter."))


# --- passwords ---------------------------------------------------------------------------------------------------


def normal(password: str) -> str:
    """What is typed the same is the same: a Chinese keyboard gives full-width digits and letters."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, again: str, username: str, known: Iterable[str] = ()) -> Iterator[Violation]:
    """Length and how soon it is guessed count, not kinds of characters; a long sentence is welcome.

    ``known`` is what a guesser knows of the person: names, also those of the community.
    """
    password, again = normal(password), normal(again)
    if len(password) < MIN_PASSWORD:
        yield Violation("new", N_("At least %(least)s characters."), {"least": MIN_PASSWORD})
    elif len(password) > MAX_PASSWORD:
        yield Violation("new", N_("At most %(most)s characters."), {"most": MAX_PASSWORD})
    elif username.lower() in password.lower() or guesses(password, [username, *known]) < GUESSES:
        yield Violation("new", N_("This password is too easy to guess."))
    elif password != again:
        yield Violation("again", N_("The two passwords are not the same."))


def known_words(full_name: str, community: str) -> list[str]:
    """What a guesser knows of somebody, in characters and as it is typed in Latin letters."""
    place = re.sub("(社区|街道|居委会|村|镇|区)$", "", community)
    typed = ["".join(syllables(full_name, name=True)), *("".join(syllables(name)) for name in (community, place))]
    return [full_name, community, place, *typed, *syllables(full_name, name=True)]


def guesses(password: str, known: Iterable[str]) -> int:
    """How many guesses a patient guesser needs for ``password``, roughly."""
    from zxcvbn import zxcvbn  # 12 MB, for the few times that somebody chooses a password

    words = [part for word in known for part in (word, *re.split(r"[\W_]+", word)) if len(part) > 1]
    with _guessing:  # the library keeps the words in a place of its own
        return int(zxcvbn(password[:LOOKED_AT], user_inputs=[*words, *HABITS])["guesses"])


# --- doors -------------------------------------------------------------------------------------------------------


def wait_after(failures: int, free: int) -> timedelta:
    """How long a door stays closed after so many failures: not for the first few, then 1, 2, 4 … minutes."""
    if failures < free:
        return timedelta()
    return timedelta(minutes=min(2 ** min(failures - free, 10), LONGEST_WAIT))


def network(address: str) -> str:
    """Whose ``address`` it is: one machine has as many of IPv6 as it likes, in a network of its own.

    A server that listens to both kinds gets an address of IPv4 as ``::ffff:192.0.2.1``: that network is everybody.
    """
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))


def is_over(began: float, seen: float, now: float, idle: timedelta, whole: timedelta) -> bool:
    """Has a session that ``began`` and was last ``seen`` then (seconds) come to its end?"""
    return now - seen > idle.total_seconds() or now - began > whole.total_seconds()


def is_own_host(host: str, names: Collection[str], any_address: bool) -> bool:
    """May the portal be called ``host``? By one of its ``names``, or by ``any_address`` of a machine.

    A number is nobody's name: another site cannot point one at the portal, as it can a name of its own.
    """
    host = host.lower().removesuffix(".")
    if host in names:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return any_address


# --- second factor -----------------------------------------------------------------------------------------------

CODE = re.compile(r"[0-9]{6}")
SECONDS = 30


def matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The time step (RFC 6238) ``code`` belongs to, if it is the present one or a neighbour and later than ``after``.

    ``at`` is in UTC without zone. What was used once is not later than itself, so that it opens nothing again.
    """
    if not CODE.fullmatch(code):
        return None
    present, totp = int((at - datetime(1970, 1, 1)).total_seconds()) // SECONDS, pyotp.TOTP(secret)
    steps = (step for step in (present, present - 1, present + 1) if step > after)
    return next((step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), code)), None)


# --- who manages whom --------------------------------------------------------------------------------------------


def may_manage(own: str, other: str, grants: Mapping[str, Collection[str]]) -> bool:
    """May somebody of the role ``own`` manage accounts of the role ``other``?

    Only if they could grant that role: otherwise a new password would be a way to more than one's own rights.
    """
    return other in grants.get(own, ())


def may_let_in(own: str, other: str, grants: Mapping[str, Collection[str]], is_self: bool) -> bool:
    """May somebody give a password, spare the waiting or take away the second factor?

    Never to their own account, where the old password is asked for: whoever found a browser open would keep it.
    """
    return not is_self and may_manage(own, other, grants)


def check_manager(
    own: str, before: str | None, after: str, grants: Mapping[str, Collection[str]]
) -> Iterator[Violation]:
    """Both the role an account has and the one it is to get must be one's to give."""
    if not all(may_manage(own, role, grants) for role in (before or after, after)):
        yield Violation("role", N_("Your own account does not allow you to manage accounts of this role."))
