"""A file encrypted under a passphrase, written and read piece by piece.

The key comes from the passphrase by scrypt with a salt of its own for every file. After the head stand chunks of
1 MiB, each sealed with AES-256-GCM. Its number and whether it is the last one are in its nonce, the head is its
associated data: no chunk can be changed, moved, left out or cut off unnoticed.
"""

from __future__ import annotations

import hmac
import io
import secrets
from functools import lru_cache
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from app.backups.problem import Problem, damaged
from app.kernel.values import N_

MAGIC = b"portal backup 1\n"
CHUNK = 1024 * 1024
_SALT, _CHECK, _TAG = 16, 16, 16
_HEAD = len(MAGIC) + _SALT + _CHECK


def is_sealed(file: IO[bytes]) -> bool:
    """Does ``file``, read from its beginning, hold what :class:`SealingWriter` writes?"""
    beginning = file.read(len(MAGIC))
    file.seek(0)
    return beginning == MAGIC


@lru_cache(maxsize=1)  # what was just written is looked through next
def _derived(passphrase: str, salt: bytes) -> tuple[AESGCM, bytes]:
    """The key, and what shows in the head of the file that the passphrase is the right one."""
    derived = Scrypt(salt=salt, length=32 + _CHECK, n=2**15, r=8, p=1).derive(passphrase.encode())
    return AESGCM(derived[:32]), derived[32:]


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class SealingWriter:
    """Writes to ``file`` what it is given, encrypted; incomplete until it is closed."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt = secrets.token_bytes(_SALT)
        self._cipher, check = _derived(passphrase, salt)
        self._head = MAGIC + salt + check
        self._file, self._waiting, self._number = file, bytearray(), 0
        file.write(self._head)

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK:  # the last chunk, full or not, waits for the end
            self._seal(CHUNK, is_last=False)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: a chunk is written when it is full."""

    def close(self) -> None:
        self._seal(len(self._waiting), is_last=True)

    def _seal(self, length: int, is_last: bool) -> None:
        chunk = bytes(self._waiting[:length])
        del self._waiting[:length]
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, self._head))
        self._number += 1


class OpeningReader(io.RawIOBase):
    """Reads, from any place, what :class:`SealingWriter` wrote; raises :class:`Problem` for a wrong passphrase or
    damage."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        size = file.seek(0, io.SEEK_END) - _HEAD
        file.seek(0)
        self._head = file.read(_HEAD)
        self._chunks = -(-size // (CHUNK + _TAG))
        self._size = size - self._chunks * _TAG
        if size <= _TAG or self._size < 0:
            raise damaged()
        self._cipher, check = _derived(passphrase, self._head[len(MAGIC) : -_CHECK])
        if not hmac.compare_digest(check, self._head[-_CHECK:]):
            raise Problem(N_("The key does not open this backup. Please use the key that was set when it was made."))
        self._file, self._at, self._number, self._chunk = file, 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        number, offset = divmod(self._at, CHUNK)
        if number != self._number:
            self._number, self._chunk = number, self._open(number)
        found = self._chunk[offset : offset + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _open(self, number: int) -> bytes:
        self._file.seek(_HEAD + number * (CHUNK + _TAG))
        sealed = self._file.read(CHUNK + _TAG)
        try:
            return self._cipher.decrypt(_nonce(number, number == self._chunks - 1), sealed, self._head)
        except InvalidTag:
            raise damaged() from None
