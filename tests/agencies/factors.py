"""Second factors for tests: made as a person makes them, codes as their telephone shows them."""

from __future__ import annotations

import re
import time

import pyotp
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.owner import as_owner

PASSWORD = "demo-password"


class Phone:
    """An authenticator app. Each code is one step further than the last: none is used twice."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, offset: int = 0) -> str:
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
