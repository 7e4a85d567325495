"""Sign-in, sign-out, and what a membership shows from one request to the next (V11, V14)."""

from __future__ import annotations

import datetime
import time

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import Action
from agencies.middleware import SESSION_KEY, STARTED_KEY
from agencies.models import AccessLog, Membership, SignInAttempt
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

PASSWORD = "demo-password"


@pytest.fixture
def city():
    return w.city()


def attempt(client, username, password=PASSWORD, **more):
    return client.post(reverse("signin"), {"username": username, "password": password, **more})


def test_right_password_signs_in_and_is_logged(client, city):
    user = city.elderly.user
    assert client.get("/").url.startswith("/signin/")
    assert attempt(client, user.username).url == "/"
    assert client.get("/").status_code == 200
    with w.act(city.elderly):
        assert AccessLog.objects.filter(action=Action.SIGN_IN).exists()


@pytest.mark.parametrize("known", [True, False])
def test_wrong_password_and_unknown_name_read_the_same(client, city, known):
    username = city.elderly.user.username if known else "nobody"
    page = attempt(client, username, "wrong").content.decode()
    assert "利用者名かパスワードが違います。" in page
    assert SignInAttempt.objects.filter(username=username, was_successful=False).count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "", "password": "x"}, "利用者名を入力してください。"),
        ({"username": "x", "password": ""}, "パスワードを入力してください。"),
        ({"username": "x" * 151, "password": "x"}, "150"),
    ],
)
def test_bad_input_gets_a_sentence(client, fields, sentence):
    page = client.post(reverse("signin"), fields).content.decode()
    assert sentence in page


def test_five_failures_lock_the_name_even_for_the_right_password(client, city):
    username = city.elderly.user.username
    for _ in range(5):
        assert "違います" in attempt(client, username, "wrong").content.decode()
    locked = attempt(client, username)
    assert locked.status_code == 200
    assert "15分間サインインできません" in locked.content.decode()
    assert client.get("/").status_code == 302
    # Somebody else is not locked out, nor is the name after the window.
    assert attempt(client, city.child.user.username).status_code == 302
    with as_owner():
        SignInAttempt.objects.update(at=F("at") - datetime.timedelta(minutes=16))
    assert attempt(client, username).status_code == 302


def test_four_failures_and_a_success_begin_anew(client, city):
    username = city.elderly.user.username
    for _ in range(2):
        for _ in range(4):
            attempt(client, username, "wrong")
        assert attempt(client, username).status_code == 302


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/cases/", "/cases/"),
        ("/cases/?status=closed", "/cases/?status=closed"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_next_stays_in_the_product(client, city, target, expected):
    assert attempt(client, city.elderly.user.username, next=target).url == expected


def test_led_back_from_a_page_one_is_told_that_the_session_is_gone(client, city):
    told = "サインインが切れました。もう一度サインインしてください。"
    led = client.get("/cases/?status=closed")
    assert told in client.get(led.url).content.decode()
    for first in ("/signin/", "/signin/?next=/", "/signin/?next=https://evil.example/"):
        assert told not in client.get(first).content.decode()


def test_signing_out_ends_the_session(client, city):
    sign_in(client, city.elderly)
    assert client.get(reverse("signout")).status_code == 405
    response = client.post(reverse("signout"))
    assert response.url == reverse("signin")
    assert "cache" in response["Clear-Site-Data"]
    assert SESSION_KEY not in client.session
    assert client.get("/").status_code == 302


def test_pages_are_not_kept_by_the_browser(client, city):
    assert sign_in(client, city.elderly).get("/")["Cache-Control"] == "no-store"


def test_session_ends_twelve_hours_after_signing_in(client, city, settings):
    sign_in(client, city.elderly)
    session = client.session
    session[STARTED_KEY] = time.time() - settings.KASANE_SESSION_ABSOLUTE_SECONDS - 1
    session.save()
    page = client.get("/", follow=True)
    assert page.redirect_chain[-1][0] == "/signin/?ended=1"
    assert "サインインが終わりました。" in page.content.decode()  # not: a bare form, and why?
    assert client.get("/cases/").status_code == 302
    assert "サインインが終わりました。" not in client.get(reverse("signin")).content.decode()


# --- 兼務 ---------------------------------------------------------------------------------------


def second_post(city, **period):
    return w.make_member(
        city.agencies["child"], "consultation_worker", user=city.elderly.user, **period
    )


def numbers(client):
    response = client.get(reverse("case_list"))
    return {row.number for row in response.context["rows"]}


def test_switching_changes_what_is_seen(client, city):
    mine, _p = w.household(city.elderly)
    theirs, _p = w.household(city.child)
    other = second_post(city)
    sign_in(client, city.elderly)
    assert numbers(client) == {mine.number}
    assert client.post(reverse("switch_membership"), {"membership": str(other.pk)}).url == "/"
    assert numbers(client) == {theirs.number}
    assert client.get(reverse("case_detail", args=[mine.pk])).status_code == 404
    with w.act(other):
        assert AccessLog.objects.filter(action=Action.SWITCH).exists()


@pytest.mark.parametrize("wanted", ["child", "sysadmin", "nonsense", "system"])
def test_nobody_switches_into_what_is_not_theirs(client, city, wanted):
    second_post(city)
    sign_in(client, city.elderly)
    key = {
        "nonsense": "x",
        "system": str(
            Membership.objects.filter(system_name="statistics").values_list("pk", flat=True).first()
        ),
    }.get(wanted) or str(city.members[wanted].pk)
    before = client.session[SESSION_KEY]
    assert client.post(reverse("switch_membership"), {"membership": key}).status_code == 404
    assert client.session[SESSION_KEY] == before


def test_ended_membership_shows_nothing_at_the_next_request(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.elderly)
    url = reverse("consultation_list")
    assert client.get(url).status_code == 200
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(until=yesterday)
    assert client.get(url).status_code == 404
    home = client.get("/")
    assert "いま使える所属がありません" in home.content.decode()
    assert case.number not in home.content.decode()
    assert "サインアウト" in home.content.decode()


def test_last_day_of_a_membership_still_works(client, city):
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(until=timezone.localdate())
    assert sign_in(client, city.elderly).get(reverse("case_list")).status_code == 200


def test_ended_post_falls_back_to_the_other_one(client, city):
    other = second_post(city)
    theirs, _persons = w.household(city.child)
    sign_in(client, city.elderly)
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(until=yesterday)
    assert numbers(client) == {theirs.number}
    assert client.session[SESSION_KEY] == str(other.pk)


def test_unconfirmed_membership_does_not_work(client, city):
    with as_owner():
        Membership.objects.filter(pk=city.elderly.pk).update(confirmed_at=None)
    sign_in(client, city.elderly)
    assert "いま使える所属がありません" in client.get("/").content.decode()


def test_a_part_of_a_page_is_refused_where_a_page_would_lead_to_signing_in():
    """htmx would put the page for signing in where somebody is typing."""
    browser = Client()
    url = reverse("case_list")
    assert browser.get(url).status_code == 302
    part = browser.get(url, headers={"HX-Request": "true"})
    assert (part.status_code, part.content) == (401, b"")
    city = w.city()
    signed_in = sign_in(Client(), city.elderly)
    assert signed_in.get(url, headers={"HX-Request": "true"}).status_code == 200
