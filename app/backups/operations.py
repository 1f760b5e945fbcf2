"""Making a backup, looking one through, and putting one in the place of what is there."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from errno import EDQUOT, ENOSPC
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError

from app.backups import archive, instance, rules
from app.backups.archive import FILES, SECRET, Archive
from app.backups.databases import Database, database_at
from app.backups.problem import Problem
from app.kernel import audit, chain
from app.kernel.crypto import Keyring
from app.kernel.db import Conflict, NoRoom, db, now, office_time, transaction
from app.kernel.scope import as_system
from app.kernel.values import N_
from config import ROOT

log = logging.getLogger("portal")

BY = "备份"
"""Who the trail names where nobody pressed the button."""
WORKSHOP = ".making-"
"""How the names of folders begin in which something is put together or taken apart."""
FULL = N_("The disk is full. Please delete what is not needed any more.")
LEAST_ROOM = 1024 * 1024
"""Bytes; a disk with less room is full."""
STARTING = timedelta(minutes=1)
"""In this time a process has begun, however slow the machine."""
KEY = "backup.key"
"""The file of the key that backups are encrypted with."""
REMADE = {"prints", "imports", "backups", "in-use", "secret", KEY}
"""What is not taken along from the instance folder: it can be made again, or is asked for in another way."""

audit.DETAILS["anchors"] = _l("Anchors kept aside")


def moment() -> datetime:
    """This moment in the offices, without zone."""
    return office_time(now())


# --- what there is -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backup:
    """A file that was looked through after it had been written: only then it gets its name."""

    path: Path
    made_at: datetime
    size: int
    in_second: bool

    @property
    def is_sealed(self) -> bool:
        return self.path.suffix == ".sealed"


@dataclass(frozen=True)
class State:
    """How things stand: ``problem`` is why the last attempt failed, ``copying`` why the second folder has no copy."""

    last_good: datetime | None
    last_attempt: datetime | None
    is_running: bool
    problem: Problem | None = None
    copying: Problem | None = None

    @property
    def is_worrying(self) -> bool:
        """Should the administrator know?"""
        return bool(self.problem or self.copying) or (rules.is_old(moment(), self.last_good) and not self.is_running)


def folder() -> Path:
    found = Path(current_app.config["INSTANCE"]) / "backups"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def backups() -> list[Backup]:
    """All backups, the newest first; none where their folder cannot be read, which :func:`state` tells."""
    second: Path | None = current_app.config["BACKUPS"]
    found = []
    with suppress(OSError):
        for path, made_at in _named_in(folder()):
            with suppress(FileNotFoundError):
                in_second = second is not None and os.path.exists(second / path.name)
                found.append(Backup(path, made_at, path.stat().st_size, in_second))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def find(name: str) -> Backup | None:
    return next((backup for backup in backups() if backup.path.name == name), None)


def state() -> State:
    """How things stand; that a folder is of no use or a disk full is told even where it could not be written down."""
    try:
        with _in_words(), locked() as is_free:
            found = _state(is_at_work=not is_free)
            is_full = shutil.disk_usage(folder()).free < LEAST_ROOM
    except Problem as problem:
        return State(None, None, is_running=False, problem=problem)
    return replace(found, problem=found.problem or Problem(FULL)) if is_full else found


def _state(is_at_work: bool) -> State:
    """How things stand; ``is_at_work``: a process holds the lock."""
    last_good = rules.last_good((made_at for _path, made_at in _named_in(folder())), moment())
    told = _told()
    if not told:
        return State(last_good, None, is_at_work)
    began = datetime.fromisoformat(told["began"])
    is_running = is_at_work or (told["step"] == "announced" and timedelta() <= moment() - began < STARTING)
    problem = Problem(told["problem"], **told["params"]) if told["problem"] else None
    if told["step"] != "ended" and not is_running:
        problem = Problem(N_("The backup broke off, perhaps because the computer was switched off."))
    copying = Problem(told["copying"], folder=str(current_app.config["BACKUPS"])) if told["copying"] else None
    return State(last_good, began, is_running, problem, copying)


def _named_in(place: Path) -> list[tuple[Path, datetime]]:
    return [(path, made_at) for path in place.iterdir() if (made_at := rules.made_at(path.name)) is not None]


# --- how far it is, for every process to see -----------------------------------------------------------------------


def announce(is_wanted: Callable[[State], bool] = lambda _state: True) -> bool:
    """Say that a backup is about to be made, if it is wanted as things stand and nobody else is about to make one.

    Returns whether the caller is the one who is to begin. Raises :class:`Problem` where that cannot be said.
    """
    with _in_words(), locked() as is_alone:
        if not is_alone or (found := _state(is_at_work=False)).is_running or not is_wanted(found):
            return False
        _tell(began=moment().isoformat(), step="announced")
        return True


def _tell(**news: Any) -> None:
    told = {"began": "", "step": "ended", "problem": "", "params": {}, "copying": "", **news}
    instance.write_whole(folder() / "state.json", json.dumps(told).encode())


def _told() -> dict[str, Any]:
    with suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads((folder() / "state.json").read_bytes())
        return found
    return {}


@contextmanager
def locked() -> Iterator[bool]:
    """Whether this is the only process that makes a backup, or thinks of making one, for the length of the block."""
    (folder() / "lock").touch(0o600)
    with _lock(folder() / "lock") as is_alone:
        yield is_alone


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Whether a file or folder could be locked, for the length of the block; whoever dies lets go of it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


# --- making --------------------------------------------------------------------------------------------------------


def make(by: str = BY) -> Path:
    """Make a backup, look it through, copy it to the second folder, drop what is superseded; returns its path.

    ``by`` is who the trail names. Raises :class:`Problem`, which is kept for the page to tell.
    """
    with _in_words(), locked() as is_alone:
        if not is_alone:
            raise Problem(N_("A backup is being made at this moment."))
        began = moment().isoformat()
        try:
            with _in_words():
                _tell(began=began, step="at work")
                path = _make()
                copying = _copy(path)
                with as_system(by), transaction():
                    audit.write("backup", "", path.name)
        except Problem as problem:
            with suppress(OSError):  # on a full disk there may be no room for this either
                _tell(began=began, problem=problem.message, params=problem.params)
            raise
        _tell(began=began, copying=copying)
    return path


@contextmanager
def _in_words() -> Iterator[None]:
    """What goes wrong on the disk or in the database, as a :class:`Problem`."""
    try:
        yield
    except (OSError, DBAPIError, sqlite3.Error, Conflict, NoRoom) as failed:
        log.error("backup: %s", type(failed).__name__, exc_info=failed)
        is_full = isinstance(failed, NoRoom) or getattr(failed, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if is_full or getattr(failed, "errno", None) in {ENOSPC, EDQUOT}:
            raise Problem(FULL) from None
        raise Problem(N_("The database or the folder of the backups cannot be read or written to.")) from None


def _make() -> Path:
    key, database = current_app.config["BACKUP_KEY"], _database()
    if not has_data():
        raise Problem(N_("There is nothing to back up yet."))
    made_at = moment()
    with _workshop() as workshop:
        dump, anchors = workshop / _part(database), chain.anchor_file()
        # Before the snapshot: it need not lead to what is anchored while it is taken.
        anchored = {f"{FILES}{anchors.name}": anchors.read_bytes()} if anchors.exists() else {}
        counts = database.dump(dump)
        about = {
            "made_at": made_at.isoformat(),
            "revision": _revision(),
            "dialect": database.dialect,
            "counts": counts,
        }
        secret = current_app.extensions["keyring"].secret.hex().encode()
        parts = {dump.name: dump, SECRET: secret, **_files(), **anchored}
        finished = workshop / rules.file_name(made_at, bool(key))
        archive.write(finished, about, parts, key)
        dump.unlink()
        with archive.opened(finished, key) as opened:
            _look_through(opened, database, workshop)
        path = folder() / finished.name
        finished.chmod(0o600)
        finished.replace(path)
        instance.settle(folder())
    _rotate(folder())
    return path


def check(path: Path, key: str) -> Archive:
    """Look a backup through; raises :class:`Problem` if it could not be restored here."""
    with _in_words(), _workshop() as workshop, archive.opened(path, key) as opened:
        _look_through(opened, _fitting(opened), workshop)
        return opened


def _look_through(opened: Archive, database: Database, workshop: Path) -> None:
    dump = workshop / "looked-through"
    for name in opened.manifest.parts:
        if name == _part(database):
            opened.extract(name, dump)
        else:
            opened.check(name)
    database.check(dump, opened.manifest.counts)


def _database() -> Database:
    return database_at(current_app.config["SQLALCHEMY_DATABASE_URI"])


def has_data() -> bool:
    """Has anybody begun to work with this portal?"""
    return _database().has_data()


def _part(database: Database) -> str:
    return f"database.{database.dialect}"


def _revision() -> str:
    from alembic.migration import MigrationContext

    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _files() -> dict[str, Path]:
    """What stands in the instance folder besides: licensed fonts, anchors of the trail, the accounts of the demo."""
    root = Path(current_app.config["INSTANCE"])
    database = Path(db.engine.url.database or "").name
    taken = [top for top in root.iterdir() if top.name not in REMADE and not top.name.startswith((".", database))]
    paths = (path for top in sorted(taken) for path in ([top] if top.is_file() else sorted(top.rglob("*"))))
    return {
        f"{FILES}{path.relative_to(root).as_posix()}": path
        for path in paths
        if path.is_file() and not path.is_symlink()
    }


def _copy(path: Path) -> str:
    """Copy the backup to the second folder, if there is one; returns the message id of what went wrong."""
    second: Path | None = current_app.config["BACKUPS"]
    if second is None:
        return ""
    part = second / f".{path.name}.part"
    try:
        # A folder that has to be made would be the place where a stick is usually hung in: it would fill the disk.
        with part.open("wb") as target, path.open("rb") as source:
            with suppress(OSError):  # sticks know no owners
                os.fchmod(target.fileno(), 0o600)
            shutil.copyfileobj(source, target, 1024 * 1024)
            target.flush()
            os.fsync(target.fileno())
        if archive.digest_of(part) == archive.digest_of(path):
            part.replace(second / path.name)
            instance.settle(second)
            _rotate(second)
            return ""
    except OSError as failed:
        log.error("backup: second folder: %s", failed.strerror)
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return N_("The second folder, %(folder)s, has got no copy. Is the USB stick plugged in, and is there room on it?")


def _rotate(place: Path) -> None:
    named = _named_in(place)
    gone = rules.superseded((made_at for _path, made_at in named), moment().date())
    _drop(place, *(path for path, made_at in named if made_at in gone), *place.glob(".portal-*.part"))


def _drop(place: Path, *paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if paths:
        instance.settle(place)


@contextmanager
def _workshop() -> Iterator[Path]:
    """A folder only we can read, on the disk of the instance, for the length of the block.

    Those who were killed have left theirs: as long as one is in use it is locked.
    """
    for left in folder().glob(f"{WORKSHOP}*"):
        with _lock(left) as is_left:
            if is_left:
                _drop(folder(), left)
    found = Path(mkdtemp(prefix=WORKSHOP, dir=folder()))
    with _lock(found):
        try:
            yield found
        finally:
            shutil.rmtree(found, ignore_errors=True)


# --- restoring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restored:
    """Where a restore left what was there ``before``, if anything was, and its ``anchors``, if they were others."""

    before: Path | None
    anchors: Path | None


def restore(path: Path, key: str, force: bool = False) -> Restored:
    """Put the backup in the place of what is there, all or nothing; every session ends, every API key is revoked.

    With ``force`` also where there is data, of which a backup is made first. Raises :class:`Problem`, after which
    everything is as it was. Killed at any moment it leaves the old or the new: the
    database is changed in one transaction of its own; before that the file of the secret holds both, and
    :func:`rotation.in_use` tells which of them fits.
    """
    from flask_migrate import upgrade

    root = Path(current_app.config["INSTANCE"])
    with instance.alone(), _in_words(), _workshop() as workshop:
        with archive.opened(path, key) as opened:
            database = _fitting(opened)
            _look_through(opened, database, workshop)
            dump = (workshop / "looked-through").rename(workshop / _part(database))
            secret, manifest = bytes.fromhex(opened.read(SECRET).decode()), opened.manifest
            for name in manifest.parts:
                if name.startswith(FILES):
                    opened.extract(name, workshop / name)
            if opened.is_sealed:  # so are those that will be made from now on
                (workshop / FILES).mkdir(exist_ok=True)
                (workshop / FILES / KEY).write_text(f"{key}\n")
        own = current_app.extensions["keyring"]
        if secret != own.secret and instance.is_secret_fixed():
            raise Problem(
                N_(
                    "PORTAL_SECRET is set and is not the secret of this backup. Please remove the setting and start "
                    "again: the secret of the backup will stand in instance/secret."
                )
            )
        before = _spared(database, force)
        database.prepare(dump)
        _bring_files(workshop / FILES, root)
        if secret != own.secret:
            instance.write_secrets([own.secret, secret])
        db.session.remove()
        db.engine.dispose()
        database.replace(dump)
        anchors = _bring_anchors(workshop / FILES, chain.anchor_file())
        if secret != own.secret:
            instance.write_secrets([secret])
        instance.use(current_app._get_current_object(), Keyring(secret))  # type: ignore[attr-defined]
        upgrade()
        with as_system(BY), transaction():
            told = {"anchors": ["", anchors.name]} if anchors is not None else {}
            audit.write("backup_restored", "", path.name, changes=told)
    return Restored(before, anchors)


def _fitting(opened: Archive) -> Database:
    """The database here, if the backup can stand in it."""
    database, manifest = _database(), opened.manifest
    if manifest.dialect != database.dialect:
        raise Problem(
            N_("This backup is of a %(theirs)s database, here is %(ours)s. Please see PORTAL_DATABASE in config.py."),
            theirs=manifest.dialect,
            ours=database.dialect,
        )
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(ROOT / "app" / "migrations")).walk_revisions()}
    if manifest.revision not in known:
        raise archive.newer()
    return database


def _spared(database: Database, force: bool) -> Path | None:
    """A backup of what is there, if anything is; a copy of the file where it is too damaged for one."""
    if not database.has_data():
        return None
    if not force:
        raise Problem(
            N_("There is data here already. To replace it all the same: FORCE=1; a backup of it will be made first.")
        )
    try:
        return make()
    except Problem:
        kept = database.keep_aside()
        if kept is None:
            raise
        return kept


def _bring_files(source: Path, root: Path) -> None:
    """Put the files of the backup where they stood.

    What is there stays, but for the list of demo accounts; see :func:`_bring_anchors` for the anchors of the trail.
    """
    for path in sorted(source.rglob("*")) if source.exists() else ():
        target = root / path.relative_to(source)
        if path.is_file() and target != chain.anchor_file() and (not target.exists() or target.name == "accounts.txt"):
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            instance.write_whole(target, path.read_bytes())


def _bring_anchors(source: Path, file: Path) -> Path | None:
    """Put the anchors of the backup in place: the trail that was there is gone, and so nothing leads to its anchors.

    They are evidence that a restore must not take away: if they are others they are kept aside, under the path that is
    returned.
    """
    brought = source / file.name
    data = brought.read_bytes() if brought.exists() else b""
    kept = None
    if file.exists() and file.read_bytes() != data:
        kept = file.with_name(f"{file.stem}-{moment():{rules.MOMENT}}{file.suffix}")
        instance.write_whole(kept, file.read_bytes())
    if data:
        instance.write_whole(file, data)
    else:
        file.unlink(missing_ok=True)
    return kept
