"""The production settings refuse what would betray people's records."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections

from config.lib import login

GOOD = {
    "KASANE_SECRET_KEY": secrets.token_urlsafe(60),
    "KASANE_HOSTS": "kasane.example.lg.jp",
    "DATABASE_URL": "postgresql://app@localhost/kasane",
    "DATABASE_OWNER_URL": "postgresql://owner@localhost/kasane",
}


def start(**changes):
    """Import the production settings in a process of its own."""
    env = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings.production"],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_what_it_needs():
    assert start().returncode == 0


def test_production_requires_a_second_factor_unless_told_otherwise():
    show = "import config.settings.production as p; print(p.KASANE_SECOND_FACTOR)"
    for changes, expected in (({}, "required"), ({"KASANE_SECOND_FACTOR": "optional"}, "optional")):
        done = subprocess.run(
            [sys.executable, "-c", show],
            env={"PATH": os.environ["PATH"], **GOOD, **changes},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == expected, done.stderr


def test_a_web_process_without_the_factors_key_does_not_start(settings):
    settings.KASANE_FACTOR_KEY = "short"
    with pytest.raises(ImproperlyConfigured, match="KASANE_FACTOR_KEY"):
        login.refuse_short_factor_key()
    settings.KASANE_SECOND_FACTOR = "off"
    login.refuse_short_factor_key()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KASANE_SECRET_KEY": None}, "KASANE_SECRET_KEY が設定されていません"),
        ({"KASANE_SECRET_KEY": "local-only-not-a-secret"}, "既定のままか短すぎます"),
        ({"KASANE_SECRET_KEY": "a" * 80}, "既定のままか短すぎます"),
        ({"KASANE_DEBUG": "1"}, "DEBUG を有効にできません"),
        ({"KASANE_HOSTS": None}, "KASANE_HOSTS が設定されていません"),
        ({"KASANE_HOSTS": "*"}, "KASANE_HOSTS に * は使えません"),
        ({"KASANE_DEMO": "1"}, "公開アドレスで見本データ"),
        ({"DATABASE_URL": None}, "DATABASE_URL が設定されていません"),
        ({"DATABASE_OWNER_URL": GOOD["DATABASE_URL"]}, "同じログインです"),
        ({"KASANE_SECOND_FACTOR": "perhaps"}, "off・optional・required"),
    ],
)
def test_production_refuses(changes, sentence):
    done = start(**changes)
    assert done.returncode != 0
    assert sentence in done.stderr.splitlines()[-1]


@pytest.mark.django_db
@pytest.mark.database
def test_applications_login_is_accepted():
    login.refuse_bypassing_login()


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.database
def test_owners_login_is_refused(monkeypatch):
    monkeypatch.setattr(login, "connection", connections["owner"])
    with pytest.raises(ImproperlyConfigured, match="表の所有者"):
        login.refuse_bypassing_login()


@pytest.mark.django_db
@pytest.mark.database
def test_old_server_is_refused(monkeypatch):
    monkeypatch.setattr(login, "SAFE_MINOR", {connection.pg_version // 10000: 9999})
    with pytest.raises(ImproperlyConfigured, match="既知の欠陥"):
        login.refuse_bypassing_login()
