"""The instance folder: who is at work in it, and which of its secrets the database is sealed with."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import Flask, current_app

from app.backups import rotation
from app.backups.problem import Problem
from app.kernel.crypto import Keyring
from app.kernel.values import N_
from config import SettingError, Settings

SECRET = "secret"  # noqa: S105 (the name of the file)


def init_app(app: Flask, settings: Settings) -> None:
    """Note that this process is at work here, until it ends, and take the secret that is in use.

    Raises :class:`SettingError` while a backup is being restored or the secret changed.
    """
    app.config.update(BACKUPS=settings.backups, BACKUP_KEY=settings.backup_key)
    descriptor = os.open(settings.instance / "in-use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SettingError(
            "正在恢复备份或更换密钥，请稍候再启动 / a backup is being restored or the secret changed; please wait"
        ) from None
    app.extensions["in_use"] = descriptor
    if settings.older_secrets:
        with app.app_context():
            use(app, rotation.in_use([settings.secret, *settings.older_secrets]))


def use(app: Flask, keyring: Keyring) -> None:
    """Let everything that is derived from the secret come from this one."""
    app.extensions["keyring"] = keyring
    app.config["SECRET_KEY"] = keyring.derive(b"session")


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else is at work for the length of the block, and nobody begins; raises :class:`Problem` if somebody is."""
    descriptor = current_app.extensions["in_use"]
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Problem(N_("The portal is running. Please stop it first (Ctrl+C in its window).")) from None
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def is_secret_fixed() -> bool:
    """Does the secret come from the environment, where it cannot be changed from here?"""
    return "PORTAL_SECRET" in os.environ


def write_secrets(secrets: Sequence[bytes]) -> None:
    """Let the file of the secret hold these, the one that is to be used first; on disk when this returns."""
    file = Path(current_app.config["INSTANCE"]) / SECRET
    write_whole(file, "".join(f"{secret.hex()}\n" for secret in secrets).encode())


def write_whole(file: Path, data: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all, and wait until it is on disk."""
    part = file.with_name(f".{file.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
    settle(file.parent)


def settle(folder: Path) -> None:
    """Wait until the names in ``folder`` are on disk; some file systems of USB sticks cannot say."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
