"""``flask --app app backup make``, ``… backup check FILE``, ``… backup restore FILE``, ``… secret rotate``."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import force_locale
from flask_babel import gettext as _

from app.backups import instance, operations, rotation, sealing
from app.backups.problem import Problem
from app.kernel.crypto import Keyring
from app.kernel.values import N_

VOID = N_("Everybody has to log in again. Recovery codes and keys of the interface have to be made anew.")


@contextmanager
def _in_chinese() -> Iterator[None]:
    """Say what goes wrong in the language of the offices."""
    with current_app.test_request_context(), force_locale("zh"):
        try:
            yield
        except Problem as problem:
            raise click.ClickException(_(problem.message, **problem.params)) from None


def _say(message: str, **params: str | int) -> None:
    click.echo(f"==> {_(message, **params)}")


@click.group()
def backup() -> None:
    """Keep the office's data safe."""


@backup.command()
@click.option("--by", default=operations.BY, help="Who the trail names.")
@with_appcontext
def make(by: str) -> None:
    """Make a backup now and look it through."""
    with _in_chinese():
        path = operations.make(by)
        _say(N_("The backup was made and checked: %(file)s"), file=str(path))
        copying = operations.state().copying
        if copying is not None:
            raise copying
        if not current_app.config["BACKUP_KEY"]:
            _say(N_("It is not encrypted and holds the key of this portal: keep it under lock."))


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def check(file: Path) -> None:
    """Look a backup through without restoring it."""
    with _in_chinese():
        manifest = operations.check(file, _key_for(file)).manifest
        _say(
            N_("The backup of %(moment)s is sound: %(count)s rows in %(tables)s tables."),
            moment=manifest.made_at[:16].replace("T", " "),
            count=sum(manifest.counts.values()),
            tables=len(manifest.counts),
        )


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where there is data; a backup of it is made first.")
@with_appcontext
def restore(file: Path, force: bool) -> None:
    """Put a backup in the place of what is there."""
    with _in_chinese():
        done = operations.restore(file, _key_for(file), force)
        if done.before is not None:
            _say(N_("What was here before is kept in %(file)s"), file=str(done.before))
        if done.anchors is not None:
            _say(N_("The anchors of the trail that was here are kept in %(file)s"), file=str(done.anchors))
        _say(N_("The backup was restored. Everybody has to log in again."))
        _say(N_("All API keys are revoked, for some may have been revoked since the backup was made."))


def _key_for(file: Path) -> str:
    """The key set here; where there is none and somebody sits at the keyboard, what they type."""
    key = str(current_app.config["BACKUP_KEY"])
    if not key and file.is_file() and sys.stdin.isatty():
        with file.open("rb") as opened:
            if sealing.is_sealed(opened):
                key = click.prompt(_("Key of the backup"), hide_input=True)
    return key


@click.group()
def secret() -> None:
    """Look after the installation's secret."""


@secret.command()
@with_appcontext
def rotate() -> None:
    """Give the installation a new secret and seal everything anew."""
    with _in_chinese(), instance.alone():
        keyring: Keyring = current_app.extensions["keyring"]
        if instance.is_secret_fixed():
            new = _from_environment(keyring)
            count = rotation.rotate(Keyring(new))
            _say(N_("%(count)s secrets were sealed anew. Now set PORTAL_SECRET to the new secret alone."), count=count)
            _say(VOID)
            return
        new = secrets.token_bytes(32)
        instance.write_secrets([new, keyring.secret])
        count = rotation.rotate(Keyring(new))  # broken off, both are there, and the one that fits is used
        instance.write_secrets([new])
        _say(N_("%(count)s secrets were sealed anew. Older backups still hold the secret of their time."), count=count)
        _say(VOID)


def _from_environment(keyring: Keyring) -> bytes:
    """The new secret, which stands before the one in use."""
    first, *others = os.environ["PORTAL_SECRET"].split()
    new = bytes.fromhex(first)
    if not others:
        raise Problem(
            N_(
                "The secret is set by PORTAL_SECRET. Please set PORTAL_SECRET to a new one, followed by a space and "
                "the present one, and start this again. A new one: %(new)s"
            ),
            new=secrets.token_hex(32),
        )
    if new == keyring.secret:
        raise Problem(N_("Everything is sealed with the new secret already. Now set PORTAL_SECRET to it alone."))
    return new
