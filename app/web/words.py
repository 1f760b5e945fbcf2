"""Translations looked up once for a language, not once for every word of a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from flask import current_app, has_request_context, session
from flask_babel import Domain, get_domain, get_locale
from markupsafe import Markup

_locale = cache(Locale.parse)
"""Babel looks for the files of a language whenever it is asked for it."""


def chosen() -> Locale:
    """The language that somebody has chosen, or the usual one; FAB's own way of telling makes everybody a cookie."""
    name = session.get("locale") if has_request_context() else None
    return _locale(name or current_app.config["BABEL_DEFAULT_LOCALE"])


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
