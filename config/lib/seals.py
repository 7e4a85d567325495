"""How the access log is sealed, in plain Python: leaves, Merkle root, chained and signed heads.

The database seals (agencies 0006, in SQL); this says the same a second time, for whoever verifies
with nothing but the rows, the heads kept elsewhere and the public key. docs/decisions/0006.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HASH = 32
FIRST = bytes(HASH)  # what stands before the first head
PURPOSE = b"kasane access log head\n"  # a signature for this cannot be one for anything else


class SealKeyError(Exception):
    """The key is not the 64 hexadecimal digits it should be."""


@dataclass(frozen=True)
class Head:
    """A batch of the log as its head says it: which rows, how many, their root, what was before."""

    number: int
    era: int
    cluster: int
    top_id: int
    from_transaction: int
    until_transaction: int
    first_id: int
    last_id: int
    count: int
    sealed_at: int  # microseconds since 1970
    root: bytes
    previous: bytes

    @property
    def digest(self) -> bytes:
        """sha256 of every field in order, one a line."""
        numbers = (
            self.number, self.era, self.cluster, self.top_id, self.from_transaction,
            self.until_transaction, self.first_id, self.last_id, self.count, self.sealed_at,
        )  # fmt: skip
        lines = ("kasane-head-1", *map(str, numbers), self.root.hex(), self.previous.hex())
        return hashlib.sha256("\n".join(lines).encode()).digest()


def leaf(row: bytes) -> bytes:
    """The hash of one row's canonical bytes (as RFC 6962: a leaf is never a node)."""
    return hashlib.sha256(b"\x00" + row).digest()


def merkle_root(leaves: bytes) -> bytes:
    """The root over concatenated leaves; a node without a partner moves up as it is."""
    sha256, pair = hashlib.sha256, 2 * HASH
    while len(leaves) > HASH:
        whole = len(leaves) // pair * pair
        nodes = [sha256(b"\x01" + leaves[i : i + pair]).digest() for i in range(0, whole, pair)]
        leaves = b"".join(nodes) + leaves[whole:]
    return leaves or hashlib.sha256(b"").digest()


def make_key() -> str:
    """A new private key, as it stands in KASANE_SEAL_KEY."""
    return Ed25519PrivateKey.generate().private_bytes_raw().hex()


def read_key(text: str) -> Ed25519PrivateKey:
    """The private key of KASANE_SEAL_KEY."""
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise SealKeyError from error


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def sign(key: Ed25519PrivateKey, head: bytes) -> bytes:
    return key.sign(PURPOSE + head)


def is_signed(public: bytes, head: bytes, signature: bytes) -> bool:
    """Whether this public key's owner signed this head."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, PURPOSE + head)
    except (InvalidSignature, ValueError):
        return False
    return True


def refuse_missing_key() -> None:
    """A worker without a key, or with nowhere to keep the heads, would seal nothing."""
    try:
        read_key(settings.KASANE_SEAL_KEY)
    except SealKeyError as error:
        raise ImproperlyConfigured(
            "KASANE_SEAL_KEY（閲覧記録に封をする鍵。16進64桁）がないか、正しくありません。"
            "manage.py make_seal_key で作れます。"
        ) from error
    if not settings.KASANE_SEAL_FILE:
        raise ImproperlyConfigured(
            "KASANE_SEAL_FILE（封の控えを書き足すファイル）が設定されていません。"
        )
