"""The portal in a real browser, and which one that is."""

from shutil import which

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is Chromium without what draws its own windows, which takes nearly half of the computing time."""


def installed() -> str | None:
    """The path of the first of :data:`BROWSERS` that this computer has."""
    return next(filter(None, map(which, BROWSERS)), None)
