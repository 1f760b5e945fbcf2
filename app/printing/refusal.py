"""Why a sheet was not printed, in words that can be translated."""

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal


def N_(message: str) -> str:
    """Mark an English message id for extraction; translating is the caller's business."""
    return message


@dataclass
class Phrase:
    """A message id and what goes into its ``%(name)s`` places; those may be phrases themselves."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Callable[[str], str] = str) -> str:
        """The sentence; ``translate`` turns a message id into the reader's language."""
        params = {
            name: value.told(translate) if isinstance(value, Phrase) else value for name, value in self.params.items()
        }
        return translate(self.message) % params


Reason = Literal[
    "font_missing", "glyph_missing", "too_large", "overrun", "cancelled", "disk_full", "malformed", "drawing_failed"
]

MESSAGES: dict[Reason, str] = {
    "font_missing": N_("The font %(font)s needed for printing is not installed."),
    "glyph_missing": N_("No installed font has the character “%(character)s” (%(codepoint)s): %(place)s."),
    "too_large": N_("Too much to print: %(what)s is %(size)s, the limit is %(limit)s."),
    "overrun": N_("Printing took longer than %(seconds)s seconds and was stopped."),
    "cancelled": N_("Printing was cancelled."),
    "disk_full": N_("The disk is full; nothing was printed."),
    "malformed": N_("The stored sheet cannot be read: %(detail)s."),
    "drawing_failed": N_("The sheet could not be drawn: %(detail)s."),
}


class PrintRefused(Exception):
    """Nothing was printed.

    ``reason`` is for programs. ``message`` is an English message id, ``params`` what goes into its
    places; ``told(translate)`` makes the sentence. Survives the way back from the worker process.
    """

    def __init__(self, reason: Reason, **params: object) -> None:
        self.reason: Reason = reason
        self.phrase = Phrase(MESSAGES[reason], params)
        super().__init__(self.phrase.told())

    @property
    def message(self) -> str:
        """The English message id."""
        return self.phrase.message

    @property
    def params(self) -> Mapping[str, object]:
        """What goes into the places of ``message``; a value may be a ``Phrase``."""
        return self.phrase.params

    def told(self, translate: Callable[[str], str]) -> str:
        """The whole sentence in the language of ``translate`` (a ``gettext``)."""
        return self.phrase.told(translate)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.reason, self.params)

    def to_values(self) -> dict[str, Any]:
        """The refusal as values for JSON; ``from_values`` reads them."""
        return {"reason": self.reason, "params": _values(self.params)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "PrintRefused":
        """The refusal that ``to_values`` took apart."""
        return cls(values["reason"], **_phrases(values["params"]))


@contextmanager
def refusing_a_full_disk() -> Iterator[None]:
    """Refuse ("disk_full") when there is no room left, or none for this user."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PrintRefused("disk_full") from error
        raise


def _rebuild(reason: Reason, params: Mapping[str, object]) -> PrintRefused:
    return PrintRefused(reason, **params)


def _values(params: Mapping[str, object]) -> dict[str, Any]:
    return {
        name: {"message": value.message, "params": _values(value.params)} if isinstance(value, Phrase) else value
        for name, value in params.items()
    }


def _phrases(values: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: Phrase(value["message"], _phrases(value["params"])) if isinstance(value, dict) else value
        for name, value in values.items()
    }
