"""With the application's login and any SQL nobody passes a second factor (decision 0009)."""

from __future__ import annotations

import hashlib
import time
import uuid

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from agencies import factors
from agencies.models import SignInAttempt
from agencies.operations import confirm_by_password, own_factors
from config.lib.acting import act
from tests import world as w
from tests.agencies.factors import PASSWORD, ask, attempt, new_app, rows, second
from tests.owner import as_owner, own_login
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def name(city):
    return city.elderly.user.username


@pytest.fixture
def phone(city):
    """The elderly agency's worker has an authenticator app."""
    return new_app(sign_in(Client(), city.elderly))


def test_the_application_reads_and_writes_no_factor_by_itself():
    with own_login() as own:
        for sql in (
            "select * from kasane.factor",
            "select * from kasane.recovery_code",
            "select * from kasane.session",
            "update kasane.session set is_half = false",
            "update kasane.factor set last_step = 0",
            "delete from kasane.factor",
            "insert into kasane.recovery_code (user_id, digest) values (1, '')",
            "select kasane.live_session('x')",
            "select kasane.has_factor(1)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), own.transaction():
                own.execute(sql)


def test_who_holds_the_half_open_secret_forges_no_proof(client, city, name, phone):
    """Even with the sealed rows in hand: the key that computes the proof is not in the database."""
    attempt(client, name)
    secret = client.session.session_key
    (factor,) = own_factors(secret)
    step = int(time.time()) // 30 + 1
    ((stored,),) = rows("select proof from kasane.factor")
    for which, evidence in (
        (factor.id, b""),
        (factor.id, bytes(stored)),
        (factor.id, factor.sealed),
        (factor.id, factor.id.bytes),
        (uuid.uuid4(), factors.proof(factor.id)),
        (None, b""),
        (None, hashlib.sha256(b"").digest()),
    ):
        with as_owner():
            SignInAttempt.objects.all().delete()
        sql = "select kasane.confirm_session(%s, %s, %s, %s, null)"
        assert ask(sql, secret, which, evidence, step) == "wrong"
    assert not act(secret, city.elderly.pk)
    for sql in (
        "select kasane.add_factor(%s, gen_random_uuid(), 'totp', 'x', '', '', 0)",
        "select kasane.set_recovery_codes(%s, '{}')",
    ):
        assert ask(sql, secret) is False
    assert ask("select kasane.end_own_sessions(%s, null)", secret) == 0
    assert ask("select count(*) from kasane.own_sessions(%s)", secret) == 0


def test_the_right_proof_of_another_time_is_refused(client, name, phone):
    attempt(client, name)
    secret = client.session.session_key
    (factor,) = own_factors(secret)
    now = int(time.time()) // 30
    for step in (0, now - 10, now + 10, 2**62):
        sql = "select kasane.confirm_session(%s, %s, %s, %s, null)"
        assert ask(sql, secret, factor.id, factors.proof(factor.id), step) == "wrong"


def test_the_password_confirms_nobody_who_has_a_factor(client, city, name, phone):
    attempt(client, name)
    assert client.post(reverse("second_step"), {"confirm-password": PASSWORD}).status_code == 422
    user, secret = city.elderly.user, client.session.session_key
    outcome = confirm_by_password(user=user, secret=secret, password=PASSWORD, address=None)
    assert outcome == "wrong"


def test_secrets_are_stored_sealed(city, phone):
    ((sealed, proof),) = rows("select sealed, proof from kasane.factor")
    assert phone.secret.encode() not in bytes(sealed)
    assert factors.unseal(bytes(sealed)) == {"secret": phone.secret}
    assert hashlib.sha256(phone.secret.encode()).digest() != bytes(proof)


def test_under_another_key_nothing_opens(client, name, phone, settings):
    settings.KASANE_FACTOR_KEY = "another key than the one it was sealed with"
    attempt(client, name)
    assert client.get(reverse("second_step")).status_code == 200
    assert second(client, phone.code()).status_code == 422
