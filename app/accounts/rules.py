"""Rules about accounts, as plain functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.kernel.values import N_, Violation

MIN_PASSWORD = 10
MAX_PASSWORD = 128

_USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,39}")


def check_username(username: str) -> Iterator[Violation]:
    if not _USERNAME.fullmatch(username):
        yield Violation("username", N_("3 to 40 small letters, digits, . _ or -, beginning with a letter."))


def check_password(password: str, again: str, username: str) -> Iterator[Violation]:
    """Length counts, not kinds of characters; a long sentence is welcome."""
    if len(password) < MIN_PASSWORD:
        yield Violation("new", N_("At least %(least)s characters."), {"least": MIN_PASSWORD})
    elif len(password) > MAX_PASSWORD:
        yield Violation("new", N_("At most %(most)s characters."), {"most": MAX_PASSWORD})
    elif len(set(password)) < 5 or username.lower() in password.lower():
        yield Violation("new", N_("This password is too easy to guess."))
    elif password != again:
        yield Violation("again", N_("The two passwords are not the same."))
