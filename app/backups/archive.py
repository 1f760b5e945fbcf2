"""The one file of a backup: a zip archive, encrypted if there is a key, with a manifest of what it holds."""

from __future__ import annotations

import io
import json
import os
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from errno import EINVAL
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from app.backups.problem import Problem, damaged
from app.backups.sealing import OpeningReader, SealingWriter, is_sealed
from app.kernel.values import N_
from config import ROOT

FORMAT = 1
MANIFEST = "manifest.json"
NOTE = "说明.txt"
SECRET = "secret"  # noqa: S105 (the name of a part)
FILES = "files/"
"""What stood in the instance folder, under its path there."""
_PIECE = 1024 * 1024

_ABOUT = """这是社区党务居务工作台的备份。恢复方法：在装有本系统的电脑上运行  make restore FILE=此文件

{protection}
"""
_OPEN = "注意：此备份未加密，并且含有本系统的密钥。拿到此文件的人可以读出全部内容，包括身份证号码。请锁好保存。"
_SEALED = "此备份已加密，没有备份口令不能打开。"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: ``counts`` rows by table, ``parts`` their SHA-256 by name."""

    format: int
    made_at: str
    portal: str
    revision: str
    dialect: str
    counts: Mapping[str, int]
    parts: Mapping[str, str]


def portal_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def write(path: Path, about: Mapping[str, Any], parts: Mapping[str, Path | bytes], key: str) -> None:
    """Write ``parts`` (a file, or the content itself) into the archive ``path``; ``about`` goes into its manifest."""
    with path.open("wb") as file:
        target: Any = SealingWriter(file, key) if key else file
        with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=3) as archive:
            archive.writestr(NOTE, _ABOUT.format(protection=_SEALED if key else _OPEN))
            digests = {name: _add(archive, name, part) for name, part in parts.items()}
            manifest = Manifest(format=FORMAT, portal=portal_version(), parts=digests, **about)
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        if key:
            target.close()
        file.flush()
        os.fsync(file.fileno())


def _add(archive: ZipFile, name: str, part: Path | bytes) -> str:
    digest = sha256()
    with (
        io.BytesIO(part) if isinstance(part, bytes) else part.open("rb") as source,
        archive.open(name, "w", force_zip64=True) as target,
    ):
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
    return digest.hexdigest()


class Archive:
    """An opened backup."""

    def __init__(self, zipped: ZipFile, is_sealed: bool) -> None:
        self._zip, self.is_sealed = zipped, is_sealed
        with _blaming_the_file():
            told = json.loads(zipped.read(MANIFEST))
            if told["format"] > FORMAT:
                raise newer()
            self.manifest = Manifest(**told)
            if any(".." in PurePosixPath(name).parts or name.startswith("/") for name in self.manifest.parts):
                raise damaged()

    def read(self, name: str) -> bytes:
        """A small part; raises :class:`Problem` if it is not what was written."""
        found = io.BytesIO()
        self._copy(name, found)
        return found.getvalue()

    def extract(self, name: str, path: Path) -> None:
        """Write a part to ``path``, readable by its owner only; raises as :meth:`read`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            self._copy(name, target)

    def check(self, name: str) -> None:
        """Read a part through; raises as :meth:`read`."""
        self._copy(name, None)

    def _copy(self, name: str, target: IO[bytes] | None) -> None:
        digest = sha256()
        with _blaming_the_file(), self._zip.open(name) as source:
            while piece := source.read(_PIECE):
                digest.update(piece)
                if target is not None:
                    target.write(piece)
        if digest.hexdigest() != self.manifest.parts[name]:
            raise damaged()


@contextmanager
def opened(path: Path, key: str) -> Iterator[Archive]:
    """The backup in the file ``path``; raises :class:`Problem` for a wrong key, damage, or what is no backup."""
    try:
        file = path.open("rb")
    except OSError:
        raise Problem(N_("There is no file %(file)s that can be read."), file=str(path)) from None
    with file:
        source: Any = file
        needs_key = is_sealed(file)
        if needs_key:
            if not key:
                raise Problem(N_("This backup is encrypted. Please give the key that was set when it was made."))
            source = io.BufferedReader(OpeningReader(file, key), _PIECE)
        with _blaming_the_file():
            zipped = ZipFile(source)
        with zipped:
            yield Archive(zipped, needs_key)


def newer() -> Problem:
    return Problem(N_("This backup was made by a newer version of the portal. Please install that version first."))


@contextmanager
def _blaming_the_file() -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, NotImplementedError, RuntimeError):
        raise damaged() from None
    except OSError as error:
        if error.errno != EINVAL:  # a place before the beginning of the file, which its altered head names
            raise
        raise damaged() from None


def digest_of(path: Path) -> str:
    """The SHA-256 of a whole file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
