"""One's own sessions are seen and ended; nobody else's (decision 0009)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from agencies.operations import end_own_sessions, own_sessions
from agencies.sessions import device_name
from config.lib.acting import act
from tests import world as w
from tests.agencies.factors import attempt, new_app
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def places(city):
    """The same person at the desk and at the telephone."""
    desk, phone = Client(headers={"user-agent": FIREFOX}), Client(headers={"user-agent": PHONE})
    for client in (desk, phone):
        attempt(client, city.elderly.user.username)
    return desk, phone


def secret(client):
    return client.session.session_key


def test_the_page_shows_ones_sessions_and_marks_this_one(places):
    desk, _phone = places
    lines = desk.get(reverse("account")).context["sessions"]
    assert [(line["device"], line["is_this"]) for line in lines] == [
        ("Windows・Firefox", True),
        ("iPhone・Safari", False),
    ]
    assert lines[0]["address"] == "127.0.0.1"


def test_a_session_ended_elsewhere_acts_no_more(places, city):
    desk, phone = places
    other = next(row for row in own_sessions(secret(desk)) if not row.is_this)
    assert desk.post(reverse("session_end"), {"session": str(other.id)}).url == reverse("account")
    assert phone.get("/").url.startswith("/signin/")
    assert not act(secret(phone) or "", city.elderly.pk)
    assert desk.get("/").status_code == 200


def test_all_others_end_and_this_one_stays(places, city):
    desk, phone = places
    third = sign_in(Client(), city.elderly)
    phone.post(reverse("session_end"))
    assert [c.get("/").status_code for c in (desk, phone, third)] == [302, 200, 302]
    page = phone.get(reverse("account")).content.decode()
    assert "1台" in page
    assert "すべて終わらせる" not in page


def test_anothers_sessions_are_neither_seen_nor_ended(places, city):
    desk, _phone = places
    stranger = sign_in(Client(), city.child)
    mine = own_sessions(secret(desk))[0]
    assert mine.id not in {row.id for row in own_sessions(secret(stranger))}
    assert stranger.post(reverse("session_end"), {"session": str(mine.id)}).status_code == 302
    assert end_own_sessions(secret=secret(stranger), session_id=mine.id) == 0
    assert desk.get("/").status_code == 200
    for wrong in ("", "x", secret(desk)[:-1]):
        assert own_sessions(wrong) == []
        assert end_own_sessions(secret=wrong) == 0


def test_who_has_only_the_password_is_seen_and_ended(city):
    desk = sign_in(Client(), city.elderly)
    new_app(desk)
    thief = Client(headers={"user-agent": FIREFOX})
    attempt(thief, city.elderly.user.username)
    assert "パスワードだけ通った途中" in desk.get(reverse("account")).content.decode()
    desk.post(reverse("session_end"))
    assert thief.get(reverse("second_step")).url == "/signin/?ended=1"


@pytest.mark.parametrize("wanted", ["x", "1", "%00"])
def test_a_nonsense_session_is_not_found(client, city, wanted):
    sign_in(client, city.elderly)
    assert client.post(reverse("session_end"), {"session": wanted}).status_code == 404
    assert client.get(reverse("session_end")).status_code == 405


def test_ended_and_silent_sessions_are_not_listed(places):
    desk, phone = places
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update kasane.session set seen_at = now() - interval '31 minutes'"
            " where token = kasane.hashed(%s)",
            [secret(phone)],
        )
    assert len(own_sessions(secret(desk))) == 1
    assert own_sessions(secret(phone)) == []


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Windows・Firefox"),
        (PHONE, "iPhone・Safari"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Windows・Edge"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", "Android・Chrome"),
        ("curl/8.5", ""),
        ("", ""),
        ("<script>alert(1)</script>" * 100, ""),
    ],
)
def test_a_device_is_named_roughly(agent, name):
    assert device_name(agent) == name
