"""The second factor: six digits that an app on the person's phone shows (TOTP, RFC 6238), or a code kept on paper."""

from __future__ import annotations

import secrets

import pyotp
from flask import current_app
from sqlalchemy import select

from app.accounts import rules
from app.accounts.models import Account, note
from app.kernel import audit
from app.kernel.crypto import Keyring
from app.kernel.db import db, now, transaction

ISSUER = "社区党务居务工作台"
RECOVERY_CODES = 10


def is_required(account: Account) -> bool:
    """Must somebody of this role have a second factor?"""
    return account.role in current_app.config["SECOND_FACTOR"]


def new_secret() -> str:
    return pyotp.random_base32()


def address(account: Account, secret: str) -> str:
    """The ``otpauth:`` address that the app on the phone reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=ISSUER)


def picture(account: Account, secret: str) -> str:
    """The ``data:`` URL of that address as a QR code, with its quiet zone."""
    import segno  # loaded for the page that shows one

    return str(segno.make_qr(address(account, secret)).svg_data_uri(scale=6, border=4))


def sealed(account: Account, secret: str) -> str:
    """``secret`` as it is stored: it opens for this account only."""
    return _keyring().seal(secret, account.totp_place)


def opened(account: Account, stored: str) -> str:
    """The secret stored for ``account``; raises :class:`app.kernel.crypto.Tampered` for that of another."""
    return _keyring().open(stored, account.totp_place)


def turn_on(account: Account, secret: str, code: str) -> list[str]:
    """Let ``account`` log in with codes of ``secret`` from now on, of which ``code`` is one; returns recovery codes.

    Sessions that were open before, without the second factor, end. Commits nothing.
    """
    account.totp_sealed = sealed(account, secret)
    account.totp_step = rules.matching_step(secret, code, now(), 0) or 0
    account.session_epoch += 1
    audit.act(account, "second_factor")
    return _renew(account)


def turn_off(account: Account) -> None:
    """Let ``account`` log in by its password alone. Commits nothing."""
    account.totp_sealed, account.totp_step, account.recovery_codes = None, 0, []
    audit.act(account, "second_factor_off")


def new_recovery_codes(account: Account) -> list[str]:
    """Other recovery codes in place of those before, to be shown once."""
    audit.act(account, "recovery_codes")
    return _renew(account)


def accepts(account: Account, typed: str) -> bool:
    """Is ``typed`` the code of this moment, or a recovery code? Neither opens twice. One transaction."""
    code = "".join(rules.normal(typed).split()).upper()
    with transaction():
        locked = select(Account).where(Account.id == account.id).with_for_update()
        db.session.scalars(locked, execution_options={"populate_existing": True}).one()
        if account.totp_sealed is None:
            return False
        step = rules.matching_step(opened(account, account.totp_sealed), code, now(), account.totp_step)
        used = _hash(account, code)
        if step is not None:
            note(account, totp_step=step)
        elif used in account.recovery_codes:
            note(account, recovery_codes=[kept for kept in account.recovery_codes if kept != used])
        else:
            return False
    return True


def _renew(account: Account) -> list[str]:
    codes = [f"{_letters()}-{_letters()}" for _number in range(RECOVERY_CODES)]
    account.recovery_codes = [_hash(account, code) for code in codes]
    return codes


def _letters() -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _place in range(5))


def _hash(account: Account, code: str) -> str:
    """Fifty random bits under a key of the installation need no slow hash."""
    return _keyring().index(code.replace("-", ""), f"account.recovery:{account.id}")


def _keyring() -> Keyring:
    keyring: Keyring = current_app.extensions["keyring"]
    return keyring
