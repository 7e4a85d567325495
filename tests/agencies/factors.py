"""Second factors for tests: made as a person makes them, codes as their telephone shows them."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from tests.owner import as_owner

PASSWORD = "demo-password"
STEP = 30
SENDING = 3  # seconds within which what a telephone shows has been sent, on a busy machine


def ask(sql: str, *params: object):
    """One value, as the application."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def rows(sql: str, *params: object):
    """What stands there, as the owner."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


class Phone:
    """An authenticator app. Each code is one step further than the last: none is used twice."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, offset: int = 0) -> str:
        """Waits where the step is about to end: a code of the step before would be two steps old
        by the time it is sent."""
        left = STEP - time.time() % STEP
        if left < SENDING:
            time.sleep(left)
        return pyotp.TOTP(self.secret).at(time.time(), counter_offset=offset)


def attempt(client: Client, username: str, password: str = PASSWORD, **more: str):
    return client.post(reverse("signin"), {"username": username, "password": password, **more})


def new_app(client: Client, offset: int = -1) -> Phone:
    """Through the page, with a code of a step ago: the present one stays good."""
    page = client.get(reverse("totp_new")).content.decode()
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    secret = re.search(r'class="secret-text">([^<]+)<', page)[1].replace("-", "")
    phone = Phone(secret)
    answer = client.post(
        reverse("totp_new"),
        {"name": "スマートフォン", "code": phone.code(offset), "sealed": sealed},
    )
    assert answer.status_code == 302, answer.content.decode()
    return phone


def new_codes(client: Client) -> list[str]:
    page = client.post(reverse("recovery_codes")).content.decode()
    return re.findall(r"<li>([\d-]{23})</li>", page)


def second(client: Client, code: str, **more: str):
    return client.post(reverse("second_step"), {"confirm-code": code, **more})


def age_confirmation(minutes: int = 11) -> None:
    """As if everybody had proved who they are some minutes ago."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update kasane.session set confirmed_at = now() - make_interval(mins => %s)"
            " where confirmed_at is not null",
            [minutes],
        )


class SoftKey:
    """A passkey in plain Python, and what a browser would answer with it."""

    def __init__(self, origin: str = "http://testserver") -> None:
        self.origin = origin
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.count = 0

    def _data(self, flags: int, extra: bytes = b"") -> AuthenticatorData:
        site = hashlib.sha256(b"testserver").digest()
        return AuthenticatorData.create(site, AuthenticatorData.FLAG(flags), self.count, extra)

    def _said(self, kind: str, question: str) -> CollectedClientData:
        return CollectedClientData.create(kind, json.loads(question)["challenge"], self.origin)

    def _answer(self, **response: bytes) -> str:
        name = websafe_encode(self.id)
        parts = {key: websafe_encode(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})

    def made(self, question: str) -> str:
        public = ES256.from_cryptography_key(self.private.public_key())
        half = AttestedCredentialData.create(bytes(16), self.id, public)
        return self._answer(
            clientDataJSON=self._said("webauthn.create", question),
            attestationObject=AttestationObject.create("none", self._data(0x45, half), {}),
        )

    def given(self, question: str) -> str:
        self.count += 1
        said, data = self._said("webauthn.get", question), self._data(0x05)
        signed = self.private.sign(bytes(data) + said.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signed)


def new_passkey(client: Client, key: SoftKey):
    page = client.get(reverse("passkey_new"))
    return client.post(
        reverse("passkey_new"), {"name": "鍵", "answer": key.made(page.context["question"])}
    )


def asked(client: Client) -> str:
    """What the second step asks a passkey."""
    return client.get(reverse("second_step")).context["question"]


def second_by(client: Client, answer: str):
    return client.post(reverse("second_step"), {"confirm-assertion": answer})
