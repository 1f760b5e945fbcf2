"""Translations looked up once for a language, not once for every word of a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale
from flask_babel import Domain, get_domain, get_locale
from markupsafe import Markup


def selector(name: Callable[[], str | None]) -> Callable[[], Locale | None]:
    """The language that ``name`` names, as Flask-Babel wants it; Babel looks for its files whenever it is asked."""
    known = cache(Locale.parse)

    def select() -> Locale | None:
        found = name()
        return known(found) if found else None

    return select


class Spoken(dict[str, Markup]):
    """The words of one language as they stand in a template, where it is called ``_``.

    They are ours and stay as they are; what is filled in is escaped.
    """

    def __init__(self, translations: Any) -> None:
        super().__init__()
        self._translations = translations

    def __missing__(self, message: str) -> Markup:
        found = self[message] = Markup(self._translations.ugettext(message))  # noqa: S704
        return found

    def __call__(self, message: str, **filled: Any) -> Markup:
        return self[message] % filled if filled or "%" in message else self[message]


class Words(Domain):
    """The portal's catalogue; Flask-Babel's own domain spells the language out for each word."""

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, Any] = {}
        self._spoken: dict[str, Spoken] = {}

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is None:
            return super().get_translations()
        found = self._found.get(locale.language)
        if found is None:
            found = self._found[locale.language] = super().get_translations()
        return found

    def spoken(self, language: str) -> Spoken:
        found = self._spoken.get(language)
        if found is None:
            found = self._spoken[language] = Spoken(self.get_translations())
        return found


def spoken() -> Spoken:
    """The words of the language in force."""
    words: Words = get_domain()
    return words.spoken(get_locale().language)


def drawn(message: str, **filled: Any) -> Markup:
    """``_`` where a template does not know which page it is drawn for, as in a macro."""
    return spoken()(message, **filled)
