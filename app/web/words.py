"""Translations looked up once for a language, not once for every word of a page."""

from __future__ import annotations

from typing import Any

from flask_babel import Domain, get_locale


class Words(Domain):
    """The portal's catalogue; Flask-Babel's own domain spells the language out for each word."""

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, Any] = {}

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is None:
            return super().get_translations()
        found = self._found.get(locale.language)
        if found is None:
            found = self._found[locale.language] = super().get_translations()
        return found
