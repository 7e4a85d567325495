"""Passwords: what is stored is a hash of what Argon2id computes, so that the database can compare a
proof without the stored form being one (docs/decisions/0007)."""

from __future__ import annotations

import hashlib
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _

LENGTH = 32


class ProofHasher(BasePasswordHasher):
    """`algorithm$time,memory in KiB,lanes$salt$sha256 of the Argon2id output`, four parts."""

    algorithm = "kasane_argon2id"
    costs = (2, 102_400, 8)

    def proof(self, password: str, encoded: str) -> bytes:
        """What the stored form is the hash of: only who knows the password can compute it."""
        _algorithm, costs, salt, _digest = encoded.split("$")
        return self._compute(password, salt, costs)

    def _compute(self, password: str, salt: str, costs: str) -> bytes:
        time_cost, memory_cost, lanes = (int(part) for part in costs.split(","))
        return hash_secret_raw(
            password.encode(), salt.encode(), time_cost, memory_cost, lanes, LENGTH, Type.ID
        )

    def encode(self, password: str, salt: str) -> str:
        self._check_encode_args(password, salt)  # type: ignore[attr-defined]  # the stubs leave it out
        costs = ",".join(map(str, self.costs))
        digest = hashlib.sha256(self._compute(password, salt, costs)).hexdigest()
        return f"{self.algorithm}${costs}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, costs, salt, digest = encoded.split("$")
        return {"algorithm": algorithm, "costs": costs, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        digest = hashlib.sha256(self.proof(password, encoded)).hexdigest()
        return constant_time_compare(digest, encoded.rpartition("$")[2])

    def safe_summary(self, encoded: str) -> Any:
        parts = self.decode(encoded)
        return {
            _("algorithm"): parts["algorithm"],
            _("salt"): mask_hash(parts["salt"]),
            _("hash"): mask_hash(parts["hash"]),
        }

    def must_update(self, encoded: str) -> bool:
        """Never by itself: the application's login may not write a password."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """The costs are the same for everybody."""


class QuickProofHasher(ProofHasher):
    """For the suite: the same four parts at next to no cost."""

    algorithm = "kasane_quick"
    costs = (1, 8, 1)
