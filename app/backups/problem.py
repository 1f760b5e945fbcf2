"""Why a backup could not be made or restored, in words for the administrator."""

from __future__ import annotations

from typing import Any

from app.kernel.values import N_


class Problem(Exception):
    """``message`` is a message id, ``params`` its named parts."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


def damaged() -> Problem:
    return Problem(N_("This backup is damaged or incomplete. Please use another one."))
