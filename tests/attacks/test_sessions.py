"""Stale tabs, shared browsers and sessions that have ended (V11, V14).

What is tried at the database stands in tests/agencies/test_signed_actor.py; here are the pages.
"""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import Membership
from cases.models import Note
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def case(city):
    return w.household(city.elderly)[0]


def form(**more):
    return {
        "form_key": str(uuid.uuid4()),
        "method": "phone",
        "on": "R8.5.1",
        "about": ["household"],
        "text": "電話で話した",
        "category": "progress",
        "audience": "team",
        **more,
    }


def notes(city):
    with w.act(city.elderly):
        return Note.objects.count()


def ended(member, **change):
    with as_owner():
        Membership.objects.filter(pk=member.pk).update(**change)


def test_a_form_left_open_writes_nothing_after_signing_out(city, case):
    tab, url = sign_in(Client(), city.elderly), reverse("note_new", args=[case.pk])
    assert tab.get(url).status_code == 200
    other = Client()
    other.cookies = tab.cookies.copy()
    other.post(reverse("signout"))
    answer = tab.post(url, form())
    assert (answer.status_code, answer["Location"][:9]) == (302, "/signin/?")
    assert notes(city) == 0


def test_a_cookie_kept_after_signing_out_is_nobody(city, case):
    tab = sign_in(Client(), city.elderly)
    stolen = tab.cookies.copy()
    tab.post(reverse("signout"))
    thief = Client()
    thief.cookies = stolen
    for url in ("/", reverse("case_detail", args=[case.pk]), "/search/"):
        assert thief.get(url)["Location"].startswith("/signin/?")


def test_a_form_left_open_writes_nothing_in_the_membership_of_another_tab(city, case):
    """Switched in a second tab: the first tab's form acts as the new membership, which is told
    that there is no such case."""
    other = w.make_member(city.agencies["child"], "consultation_worker", user=city.elderly.user)
    tab, url = sign_in(Client(), city.elderly), reverse("note_new", args=[case.pk])
    assert tab.get(url).status_code == 200
    tab.post(reverse("switch_membership"), {"membership": str(other.pk)})
    assert tab.post(url, form()).status_code == 404
    assert notes(city) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"until": timezone.localdate() - datetime.timedelta(days=1)},
        {"confirmed_at": None},
        {"since": timezone.localdate() + datetime.timedelta(days=1)},
    ],
)
def test_a_form_left_open_writes_nothing_after_the_membership_ended(city, case, change):
    tab, url = sign_in(Client(), city.elderly), reverse("note_new", args=[case.pk])
    assert tab.get(url).status_code == 200
    ended(city.elderly, **change)
    assert tab.post(url, form()).status_code in {302, 404}
    assert tab.get(reverse("case_detail", args=[case.pk])).status_code in {302, 404}
    ended(city.elderly, until=None, confirmed_at=timezone.now(), since=timezone.localdate())
    assert notes(city) == 0


def test_nobody_chooses_a_membership_by_cookie_query_or_header(city, case):
    """Only the session names the membership, and only its user's."""
    tab = sign_in(Client(), city.child)
    key = str(city.elderly.pk)
    tab.cookies["membership"] = key
    url = reverse("case_detail", args=[case.pk])
    answer = tab.get(url, {"membership": key}, headers={"X-Membership": key, "Membership": key})
    assert answer.status_code == 404
    tab.post(reverse("switch_membership"), {"membership": key})
    assert tab.get(url).status_code == 404


def test_a_foreign_page_sends_no_form(city, case):
    """Without the page's token nothing is done, and the answer names nothing."""
    tab = Client(enforce_csrf_checks=True)
    sign_in(tab, city.elderly)
    answer = tab.post(reverse("note_new", args=[case.pk]), form())
    assert answer.status_code == 403
    assert case.number not in answer.content.decode()
    assert notes(city) == 0
