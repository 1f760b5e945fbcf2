"""Secrets at rest: authenticated encryption bound to the row, and a keyed index for exact search."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEALED_AT = "sealed_at"
"""What a column of sealed bytes that is no :func:`~app.kernel.fields.sealed` field has in its ``info``: a function of
the row that gives the place the bytes were sealed at. Whoever changes the secret finds them by it."""

KEYED = "keyed"
"""What a column of keyed hashes has in its ``info`` if what was hashed is stored nowhere: the value that it is given
when the secret is changed, after which no hash fits any more."""

_NONCE = 12


class Tampered(ValueError):
    """A sealed value that this key, for this row, did not write."""


class Keyring:
    """Keys derived (HKDF-SHA256) from the one secret an installation has.

    ``secret``: at least 32 random bytes, from the environment or a file outside the database.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the installation secret must have at least 32 bytes")
        self.secret = secret
        self._sealing = AESGCM(self.derive(b"seal"))
        self._indexing = self.derive(b"index")

    def derive(self, purpose: bytes) -> bytes:
        """A 32-byte key for one purpose; the same secret and purpose give the same key."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self.secret)

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        """``data`` encrypted (AES-256-GCM) so that it opens only at ``place``."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._sealing.encrypt(nonce, data, place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """The data sealed at ``place``; raises :class:`Tampered` if it was altered or moved."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise Tampered(place) from None

    def seal(self, text: str, place: str) -> str:
        """``text`` encrypted like :meth:`seal_bytes`, in base64."""
        return b64encode(self.seal_bytes(text.encode(), place)).decode()

    def open(self, sealed: str, place: str) -> str:
        """The text sealed at ``place``; raises :class:`Tampered` if it was altered or moved."""
        try:
            return self.open_bytes(b64decode(sealed, validate=True), place).decode()
        except ValueError:  # Tampered is one
            raise Tampered(place) from None

    def index(self, text: str, column: str) -> str:
        """A keyed hash (HMAC-SHA256) by which an exact value is found without being readable."""
        return hmac.digest(self._indexing, f"{column}\0{text}".encode(), "sha256").hex()
