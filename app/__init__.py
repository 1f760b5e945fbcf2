"""The portal of a community office."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The portal and its commands, with ``settings`` or those of the environment; what is served is without commands.

    Raises :class:`config.SettingError` for a wrong setting and :class:`app.kernel.checks.StartupError` for a register
    that is declared incompletely.
    """
    # Imported here, not above: the print worker loads this package too, and needs none of the portal.
    from app.cli import register_commands
    from app.portal import build

    app = build(settings)
    register_commands(app)
    return app
