"""Settings, read once from the environment; whatever is missing or wrong stops the start with a clear word.

PORTAL_DATABASE   database address; default: an SQLite file in instance/
PORTAL_SECRET     the installation's secret, at least 64 hexadecimal digits; default: the file instance/secret,
                  which ``python -m config`` makes with mode 600. There is no built-in secret.
PORTAL_INSTANCE   where data, secret and licensed fonts live; default: instance/ beside the code
PORTAL_ADDRESS    the address by which colleagues open the portal, such as http://192.168.1.10:8080; the QR codes on
                  printed notices then lead there, without it they hold the bare check code
PORTAL_HTTPS      1 if people reach the portal by https: cookies are then never sent without it
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent


class SettingError(ValueError):
    """A setting is missing or wrong; the message names it."""


@dataclass(frozen=True)
class Settings:
    instance: Path
    database: str
    secret: bytes
    https: bool = False
    address: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings in force; raises :class:`SettingError`."""
        instance = Path(environment.get("PORTAL_INSTANCE") or ROOT / "instance").absolute()
        return cls(
            instance=instance,
            database=_database(environment.get("PORTAL_DATABASE") or f"sqlite:///{instance / 'portal.db'}"),
            secret=_secret(environment.get("PORTAL_SECRET"), instance / "secret"),
            https=_flag("PORTAL_HTTPS", environment.get("PORTAL_HTTPS", "0")),
            address=_address(environment.get("PORTAL_ADDRESS", "")),
        )


def _database(address: str) -> str:
    if not address.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingError("PORTAL_DATABASE must begin with sqlite:/// or postgresql+psycopg://")
    return address


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[\w.:\[\]-]{1,100}/?", text, re.ASCII):
        raise SettingError("PORTAL_ADDRESS must be like http://192.168.1.10:8080, without a path")
    return text.rstrip("/")


def _flag(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise SettingError(f"{name} must be 0 or 1")
    return text == "1"


def _secret(text: str | None, file: Path) -> bytes:
    if text is None:
        if not file.exists():
            raise SettingError(f"There is no secret: set PORTAL_SECRET, or let `python -m config` make {file}")
        text = file.read_text(errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        raise SettingError("PORTAL_SECRET must be hexadecimal digits") from None
    if len(secret) < 32:
        raise SettingError("PORTAL_SECRET must have at least 64 hexadecimal digits")
    return secret


def make_secret(environment: Mapping[str, str] = os.environ) -> None:
    """Write a new secret to the instance folder, readable by its owner only, unless there is one."""
    instance = Path(environment.get("PORTAL_INSTANCE") or ROOT / "instance")
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = instance / "secret"
    if environment.get("PORTAL_SECRET") or file.exists():
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secrets.token_hex(32) + "\n")


if __name__ == "__main__":
    make_secret()
