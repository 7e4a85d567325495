"""Passkeys: what the browser is asked, and whether its answer holds (WebAuthn, by Yubico's fido2).

The question is kept in the browser's session and is good for one answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

ASKED = "passkey_asked"


def _server(request: HttpRequest) -> Fido2Server:
    host = request.get_host()
    site = PublicKeyCredentialRpEntity(name="Kasane", id=host.rpartition(":")[0] or host)
    own = f"{request.scheme}://{host}"
    return Fido2Server(site, verify_origin=lambda origin: origin == own)


def ask_for_new(request: HttpRequest, known: Sequence[bytes]) -> str:
    """The question for a new passkey of whoever is signed in, as JSON for the browser."""
    user = request.user
    options, asked = _server(request).register_begin(
        PublicKeyCredentialUserEntity(
            name=user.get_username(), id=str(user.pk).encode(), display_name=str(user)
        ),
        credentials=[AttestedCredentialData(data) for data in known],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[ASKED] = asked
    return json.dumps(dict(options)["publicKey"])


def take_new(request: HttpRequest, answer: str) -> bytes | None:
    """The new passkey's public half, or None when the answer does not hold."""
    try:
        data = _server(request).register_complete(request.session.pop(ASKED), json.loads(answer))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return bytes(data.credential_data) if data.credential_data else None


def ask(request: HttpRequest, known: Sequence[bytes]) -> str:
    """The question for one of these passkeys, as JSON for the browser."""
    options, asked = _server(request).authenticate_begin(
        [AttestedCredentialData(data) for data in known],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[ASKED] = asked
    return json.dumps(dict(options)["publicKey"])


def check(request: HttpRequest, known: Sequence[bytes], answer: str) -> tuple[int, int] | None:
    """Which of these passkeys has signed, and its own count (0: it keeps none); None: no one."""
    credentials = [AttestedCredentialData(data) for data in known]
    try:
        given: Any = json.loads(answer)
        signed = _server(request).authenticate_complete(
            request.session.pop(ASKED), credentials, given
        )
        count = AuthenticationResponse.from_dict(given).response.authenticator_data.counter
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    place = next(i for i, c in enumerate(credentials) if c.credential_id == signed.credential_id)
    return place, count
