"""Settings, read once from the environment; whatever is missing or wrong stops the start with a clear word.

PORTAL_DATABASE   database address; default: an SQLite file in instance/
PORTAL_SECRET     the installation's secret, at least 64 hexadecimal digits; default: the file instance/secret,
                  which ``python -m config`` makes with mode 600. There is no built-in secret. While it is being
                  changed the old one stands after the new one, separated by a space
PORTAL_INSTANCE   where data, secret and licensed fonts live; default: instance/ beside the code
PORTAL_ADDRESS    the address by which colleagues open the portal, such as http://192.168.1.10:8080; the QR codes on
                  printed notices then lead there, without it they hold the bare check code
PORTAL_BACKUPS    a second folder for backups, such as /media/usb/portal; the first is instance/backups
PORTAL_BACKUP_DAILY  0 if backups are started by something else; by default the portal makes one every day it is used
PORTAL_BACKUP_KEY the passphrase that backups are encrypted with, at least 12 characters; default: the first line of
                  the file instance/backup.key; without either they are not encrypted
PORTAL_HTTPS      1 if people reach the portal by https: cookies are then never sent without it
PORTAL_HOSTS      the names by which people open the portal, apart by commas; then no others are answered. Default: the
                  name in PORTAL_ADDRESS, localhost, and every numeric address
PORTAL_PROXIES    how many reverse proxies of one's own stand before the portal (default 0): so many say truly where a
                  request comes from
PORTAL_IDLE       minutes after which somebody who does nothing is logged out (default 60); after ten hours everybody is
PORTAL_SECOND_FACTOR  roles that must log in with a second factor, apart by commas, such as administrator,auditor
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent
NICE = 10
"""By how much processes that draw, read sheets in or back up let pages go first (see ``nice``)."""


class SettingError(ValueError):
    """A setting is missing or wrong; the message names it."""


@dataclass(frozen=True)
class Settings:
    instance: Path
    database: str
    secret: bytes
    https: bool = False
    address: str = ""
    hosts: tuple[str, ...] = ()
    proxies: int = 0
    idle_minutes: int = 60
    second_factor: frozenset[str] = frozenset()
    older_secrets: tuple[bytes, ...] = ()
    backups: Path | None = None
    backup_key: str = ""
    daily_backup: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings in force; raises :class:`SettingError`."""
        instance = Path(environment.get("PORTAL_INSTANCE") or ROOT / "instance").absolute()
        secret, *older_secrets = _secrets(environment.get("PORTAL_SECRET"), instance / "secret")
        second = environment.get("PORTAL_BACKUPS")
        return cls(
            instance=instance,
            database=_database(environment.get("PORTAL_DATABASE") or f"sqlite:///{instance / 'portal.db'}"),
            secret=secret,
            older_secrets=tuple(older_secrets),
            backups=Path(second).absolute() if second else None,
            backup_key=_backup_key(environment.get("PORTAL_BACKUP_KEY"), instance / "backup.key"),
            daily_backup=_flag("PORTAL_BACKUP_DAILY", environment.get("PORTAL_BACKUP_DAILY", "1")),
            https=_flag("PORTAL_HTTPS", environment.get("PORTAL_HTTPS", "0")),
            address=_address(environment.get("PORTAL_ADDRESS", "")),
            hosts=tuple(_host(name) for name in _listed(environment.get("PORTAL_HOSTS", ""))),
            proxies=_number("PORTAL_PROXIES", environment.get("PORTAL_PROXIES", "0"), 0, 5),
            idle_minutes=_number("PORTAL_IDLE", environment.get("PORTAL_IDLE", "60"), 5, 600),
            second_factor=frozenset(_listed(environment.get("PORTAL_SECOND_FACTOR", ""))),
        )

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names the portal answers to."""
        return (*(self.hosts or ("localhost",)), *filter(None, [urlsplit(self.address).hostname]))


def _database(address: str) -> str:
    if not address.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingError("PORTAL_DATABASE must begin with sqlite:/// or postgresql+psycopg://")
    return address


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[\w.:\[\]-]{1,100}/?", text, re.ASCII):
        raise SettingError("PORTAL_ADDRESS must be like http://192.168.1.10:8080, without a path")
    return text.rstrip("/")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _host(name: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,100}", name, re.ASCII) or "//" in name:
        raise SettingError("PORTAL_HOSTS must be names like portal.office.lan, without http:// and port")
    return name.lower()


def _number(name: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,4}", text) or not least <= int(text) <= most:
        raise SettingError(f"{name} must be a number from {least} to {most}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise SettingError(f"{name} must be 0 or 1")
    return text == "1"


def _backup_key(text: str | None, file: Path) -> str:
    if text is None:
        text = file.read_text(errors="replace").partition("\n")[0] if file.exists() else ""
    text = text.strip()
    if text and len(text) < 12:
        raise SettingError("PORTAL_BACKUP_KEY must have at least 12 characters")
    return text


def _secrets(text: str | None, file: Path) -> list[bytes]:
    if text is None:
        if not file.exists():
            raise SettingError(f"There is no secret: set PORTAL_SECRET, or let `python -m config` make {file}")
        text = file.read_text(errors="replace")
    return [_secret(word) for word in text.split() or [""]]


def _secret(text: str) -> bytes:
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
