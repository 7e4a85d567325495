"""Passkeys: only the right key, for this question, from this site, and going forward (0009)."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from agencies.operations import own_factors
from tests import world as w
from tests.agencies.factors import SoftKey, asked, attempt, new_passkey, second_by
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def name(city):
    return city.elderly.user.username


@pytest.fixture
def key(city):
    made = SoftKey()
    assert new_passkey(sign_in(Client(), city.elderly), made).status_code == 302
    return made


def test_a_passkey_opens_the_session(client, name, key):
    attempt(client, name)
    assert second_by(client, key.given(asked(client))).url == "/"
    assert client.get("/").status_code == 200


def test_an_answer_is_good_once_and_for_its_own_question(client, name, key):
    attempt(client, name)
    answer = key.given(asked(client))
    asked(client)  # a newer question has taken its place
    assert second_by(client, answer).status_code == 422
    answer = key.given(asked(client))
    assert second_by(client, answer).url == "/"
    attempt(client, name)
    assert second_by(client, answer).status_code == 422
    # Without a question nothing is answered.
    other = Client()
    attempt(other, name)
    assert second_by(other, answer).status_code == 422


def test_a_key_whose_count_goes_back_is_a_copy(client, name, key):
    attempt(client, name)
    key.count = 41
    assert second_by(client, key.given(asked(client))).url == "/"
    attempt(client, name)
    key.count = 40
    assert second_by(client, key.given(asked(client))).status_code == 422


def test_another_key_or_another_site_opens_nothing(client, city, name, key):
    theirs = SoftKey()
    new_passkey(sign_in(Client(), city.child), theirs)
    attempt(client, name)
    assert second_by(client, theirs.given(asked(client))).status_code == 422
    theirs.id = key.id  # said to be ours, signed by theirs
    assert second_by(client, theirs.given(asked(client))).status_code == 422
    key.origin = "http://testserver.evil.example"
    assert second_by(client, key.given(asked(client))).status_code == 422
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("answer", ["x", "{}", "[]", "null", '"x"', '{"id": 1}', "{" * 5000])
def test_nonsense_gets_a_sentence(client, name, key, answer):
    attempt(client, name)
    page = second_by(client, answer)
    assert page.status_code == 422
    assert "確認コードが違うか" in page.content.decode()


@pytest.mark.parametrize("answer", ["", "x", "{}", "null"])
def test_a_passkey_that_was_not_made_is_not_added(client, city, answer):
    sign_in(client, city.elderly)
    client.get(reverse("passkey_new"))
    page = client.post(reverse("passkey_new"), {"name": "鍵", "answer": answer})
    assert page.status_code == 422
    assert "パスキーを" in page.content.decode()
    assert own_factors(client.session.session_key) == []


def test_the_same_key_is_not_offered_twice(client, city, key):
    sign_in(client, city.elderly)
    question = json.loads(client.get(reverse("passkey_new")).context["question"])
    assert len(question["excludeCredentials"]) == 1


def test_five_wrong_answers_lock(client, name, key):
    attempt(client, name)
    for _ in range(5):
        second_by(client, "{}")
    assert "15分間" in second_by(client, key.given(asked(client))).content.decode()


def test_what_is_stored_is_sealed(key):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("select sealed from kasane.factor")
        ((sealed,),) = cursor.fetchall()
    assert key.id.hex().encode() not in bytes(sealed)
