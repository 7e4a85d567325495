"""The second factor as this process handles it: sealed secrets, codes of the clock, recovery codes.

The database stores what is sealed here with a key it does not have, and opens a session only to a
proof that the same key computes: reading its rows opens nothing (docs/decisions/0009).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
import uuid
from typing import Any

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from pyotp.exceptions import OTPVerificationError

RECOVERY_CODES, RECOVERY_DIGITS = 10, 20
# How long the page that shows a new secret may stay open.
ENROL_SECONDS = 30 * 60


def seal(content: dict[str, Any]) -> bytes:
    """Encrypted with the key of the setting, and dated."""
    return _fernet().encrypt(json.dumps(content).encode())


def unseal(sealed: bytes, *, ttl: int | None = None) -> dict[str, Any] | None:
    """What was sealed; None when it was not with this key, or longer than `ttl` seconds ago."""
    try:
        content: dict[str, Any] = json.loads(_fernet().decrypt(sealed, ttl=ttl))
    except InvalidToken:
        return None
    return content


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived(b"seal")))


def proof(factor_id: uuid.UUID) -> bytes:
    """What the database wants before it believes that this factor was given: it knows the hash."""
    return hmac.digest(_derived(b"proof"), factor_id.bytes, "sha256")


def _derived(purpose: bytes) -> bytes:
    return hmac.digest(
        settings.KASANE_FACTOR_KEY.encode(), b"kasane factor " + purpose, hashlib.sha256
    )


def new_secret() -> str:
    """A secret of an authenticator app (160 bits, base32)."""
    return pyotp.random_base32()


def step_of(secret: str, code: str) -> int | None:
    """The step of the clock this code belongs to: the present one, or one beside it."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, valid_window=1)
    except OTPVerificationError:
        return None


def picture(secret: str, username: str) -> str:
    """The QR code an authenticator app reads, as the address of an image."""
    address = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Kasane")
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2)


def in_groups(text: str, size: int) -> str:
    """For reading aloud and typing off."""
    return "-".join(text[at : at + size] for at in range(0, len(text), size))


def new_recovery_codes() -> list[str]:
    """Ten codes of twenty digits: digits alone, so that one field takes every code."""
    return [
        "".join(secrets.choice("0123456789") for _ in range(RECOVERY_DIGITS))
        for _ in range(RECOVERY_CODES)
    ]


def digits_of(typed: str) -> str:
    """A code as it was meant, in whatever width and grouping it was typed."""
    return re.sub(r"[\s\-‐‑–—ー−]", "", unicodedata.normalize("NFKC", typed))
