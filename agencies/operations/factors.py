"""The second factor: given, made, renamed, taken away; and one's own sessions (decision 0009).

Every call brings the secret of the browser's cookie: the database decides for that session.
"""

from __future__ import annotations

import datetime
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import identify_hasher
from django.db import connection
from django.utils.translation import gettext as _

from agencies import factors
from agencies.enums import Action, Permission, Purpose
from agencies.hashers import ProofHasher
from agencies.models import Membership, User
from agencies.operations.signin import enter_session
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from config.lib.acting import ask_with_secret


@dataclass(frozen=True)
class SessionState:
    """How far a browser's session is: none, half (a factor is still to be given or made), open."""

    state: str
    has_factor: bool
    is_confirmed: bool

    @property
    def is_half(self) -> bool:
        return self.state == "half"


@dataclass(frozen=True)
class Factor:
    """One of one's own second factors, its content still sealed."""

    id: uuid.UUID
    kind: str
    name: str
    sealed: bytes
    added_at: datetime.datetime
    used_at: datetime.datetime | None

    def content(self) -> dict[str, Any]:
        """What was sealed; nothing where the key of the setting has changed since."""
        return factors.unseal(self.sealed) or {}


@dataclass(frozen=True)
class OwnSession:
    """One of one's own live sessions."""

    id: uuid.UUID
    opened_at: datetime.datetime
    seen_at: datetime.datetime
    device: str
    address: str
    is_half: bool
    is_this: bool


def session_state(secret: str) -> SessionState:
    """How far the session of this secret is. One query."""
    ((state, has_factor, is_confirmed),) = ask_with_secret(
        "select * from kasane.session_state(%s)", [secret]
    )
    return SessionState(state, has_factor, is_confirmed)


def own_factors(secret: str) -> list[Factor]:
    """The factors of the session's user, also while it is half open. One query."""
    return [
        Factor(*row) for row in ask_with_secret("select * from kasane.own_factors(%s)", [secret])
    ]


def recovery_codes_left(secret: str) -> int:
    ((left,),) = ask_with_secret("select kasane.recovery_codes_left(%s)", [secret])
    return int(left)


# --- given ------------------------------------------------------------------------------------


def confirm_by_code(*, secret: str, code: str, address: str | None) -> str:
    """A code of an authenticator app, or a recovery code: passed, wrong, locked or none."""
    typed = factors.digits_of(code)
    if len(typed) == factors.RECOVERY_DIGITS:
        return _confirm(secret, None, typed.encode(), 0, address)
    apps = [f for f in own_factors(secret) if f.kind == "totp" and f.content()]
    for factor in apps:
        step = factors.step_of(factor.content()["secret"], typed)
        if step is not None:
            return _confirm(secret, factor.id, factors.proof(factor.id), step, address)
    return confirm_in_vain(secret=secret, address=address)


def confirm_by_passkey(*, secret: str, factor: Factor, count: int, address: str | None) -> str:
    """A passkey whose answer has been checked (agencies.passkeys), with its own count."""
    return _confirm(secret, factor.id, factors.proof(factor.id), count, address)


def confirm_by_password(*, user: User, secret: str, password: str, address: str | None) -> str:
    """The password again, which the database takes from who has no second factor alone."""
    hasher = identify_hasher(user.password)
    assert isinstance(hasher, ProofHasher)  # noqa: S101 - PASSWORD_HASHERS holds nothing else
    return _confirm(secret, None, hasher.proof(password, user.password), 0, address)


def confirm_in_vain(*, secret: str, address: str | None) -> str:
    """What was given is nothing: counted like any wrong code."""
    return _confirm(secret, None, b"", 0, address)


def _confirm(
    secret: str, which: uuid.UUID | None, evidence: bytes, step: int, address: str | None
) -> str:
    ((outcome,),) = ask_with_secret(
        "select kasane.confirm_session(%s, %s, %s, %s, %s::inet)",
        [secret, which, evidence, step, address],
    )
    if outcome != "passed":
        log_access(
            None,
            Action.SIGN_IN_FAILED,
            what="second_factor",
            purpose=Purpose.ADMINISTRATION,
            was_allowed=False,
        )
    return str(outcome)


# --- made, renamed, taken away ------------------------------------------------------------------


def add_factor(
    *, user: User, secret: str, kind: str, name: str, content: dict[str, Any], step: int = 0
) -> bool:
    """A new factor of the session's user; the first opens a half-open session. False: the last
    proof of who sits there is too old."""
    was_half = session_state(secret).is_half
    key = uuid.uuid4()
    digest = hashlib.sha256(factors.proof(key)).digest()
    ((done,),) = ask_with_secret(
        "select kasane.add_factor(%s, %s, %s, %s, %s, %s, %s)",
        [secret, key, kind, name, factors.seal(content), digest, step],
    )
    if done and was_half:
        enter_session(user=user, secret=secret)
    return bool(done) and _traced("factor_add")


def rename_factor(*, secret: str, factor_id: uuid.UUID, name: str) -> bool:
    ((done,),) = ask_with_secret(
        "select kasane.rename_factor(%s, %s, %s)", [secret, factor_id, name]
    )
    return bool(done)


def remove_factor(*, secret: str, factor_id: uuid.UUID) -> bool:
    """Take one's own factor away; with the last one its recovery codes go."""
    ((done,),) = ask_with_secret("select kasane.remove_factor(%s, %s)", [secret, factor_id])
    return bool(done) and _traced("factor_remove")


def make_recovery_codes(*, secret: str) -> list[str]:
    """Ten new codes in place of the old; shown once, stored as hashes. Empty: not allowed."""
    codes = factors.new_recovery_codes()
    digests = [hashlib.sha256(code.encode()).digest() for code in codes]
    ((done,),) = ask_with_secret("select kasane.set_recovery_codes(%s, %s)", [secret, digests])
    return codes if done and _traced("recovery_codes") else []


def _traced(what: str) -> bool:
    log_access(None, Action.WRITE, what=what, purpose=Purpose.ADMINISTRATION)
    return True


def reset_factors(*, username: str, by: Membership) -> bool:
    """Somebody has lost their device: their factors go, their sessions end, their agency's manager
    and the privacy officer are told. Never one's own (V11). False: there is no such person here."""
    check_may(by, Permission.MANAGE_ACCOUNTS)
    if by.user is not None and by.user.username == username:
        raise ActionDenied(_("自分の二段階サインインを自分で取り消すことはできません。"))
    with connection.cursor() as cursor:
        cursor.execute("select kasane.reset_factors(%s)", [username])
        (done,) = cursor.fetchone()
    log_access(by, Action.WRITE, what="factors_reset", purpose=Purpose.ADMINISTRATION)
    return bool(done)


# --- one's own sessions -------------------------------------------------------------------------


def own_sessions(secret: str) -> list[OwnSession]:
    """One's live sessions, the one in use first. One query."""
    rows = ask_with_secret("select * from kasane.own_sessions(%s)", [secret])
    return [
        OwnSession(key, opened, seen, device, str(address or ""), *flags)
        for key, opened, seen, device, address, *flags in rows
    ]


def end_own_sessions(*, secret: str, session_id: uuid.UUID | None = None) -> int:
    """End another of one's sessions, or all others: none of them acts at its next request."""
    ((count,),) = ask_with_secret("select kasane.end_own_sessions(%s, %s)", [secret, session_id])
    log_access(None, Action.SIGN_OUT, what="session_end", purpose=Purpose.ADMINISTRATION)
    return int(count)
