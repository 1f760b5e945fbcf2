"""The portal of a community office."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The portal as a WSGI application, with ``settings`` or those of the environment.

    Raises :class:`config.SettingError` for a wrong setting and :class:`app.kernel.checks.StartupError` for a register
    that is declared incompletely.
    """
    # Imported here, not above: the print worker loads this package too, and needs none of the portal.
    from app.portal import build
    from config import Settings

    return build(settings or Settings.read())
