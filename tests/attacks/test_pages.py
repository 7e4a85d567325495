"""Answers beside the page itself: fragments, errors, files, orders and feeds (V13, V15)."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from django.urls import reverse

from config.lib.registry import registry
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.addresses import NOBODYS, addresses
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HTMX = {"HX-Request": "true", "HX-Target": "main", "HX-Boosted": "true"}
KINDS = {"Accept": "application/json, text/calendar, */*", "X-Requested-With": "XMLHttpRequest"}


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    """The same lines on every page; tests/test_two_worlds.py asks them."""
    monkeypatch.setattr(registry, "navigation", [])


@pytest.fixture(autouse=True)
def _standing_clock():
    """A page says when it was shown; two that are compared may lie in two minutes."""
    with twoworlds.standing_clock():
        yield


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    """Another agency's household, with a file, an issue, a section, a plan and a consultation."""
    made = h.home(city.elderly, city)
    h.let_in(made, "livelihood")
    h.written(made)
    h.paper(made)
    h.planned(made)
    h.consulted(made)
    return made


def words(answer):
    return twoworlds.masked(answer.content.decode())


def test_asked_as_a_fragment_or_as_data_what_is_hidden_stays_what_is_not_there(city, house):
    """The headers of htmx and of scripts open nothing: prints, files and fragments included."""
    client = sign_in(Client(), city.disability)
    wrong = []
    for address in addresses():
        keys = {name: house.key(address.name, name) for name in address.keys}
        if not keys or None in keys.values() or "GET" not in address.methods:
            continue
        for headers in (HTMX, KINDS):
            hidden = client.get(address.url(**keys), headers=headers)
            nothing = client.get(address.url(), headers=headers)
            if hidden.status_code not in {403, 404} or words(hidden) != words(nothing):
                wrong.append((address.name, hidden.status_code, nothing.status_code))
    assert wrong == []


def test_keys_are_not_guessed_from_their_neighbours(city, house):
    """A key is a time and a random rest: one beside a known one is nobody's."""
    client = sign_in(Client(), city.elderly)
    key = house.case.pk
    assert client.get(reverse("case_detail", args=[key])).status_code == 200
    for step in (-1, 1, 1 << 76):
        near = type(key)(int=key.int + step)
        assert client.get(reverse("case_detail", args=[near])).status_code == 404
    for text in ("1", "0", "-1", house.case.number, str(key).upper() + "x", "%00", "..%2f"):
        assert client.get(f"/cases/{text}/").status_code == 404


def test_no_parameter_orders_or_filters_by_what_is_not_offered(city, house):
    """Fields of the row, of its neighbours, of the gate's own tables: nothing listens to them."""
    client = sign_in(Client(), city.livelihood)
    for url in ("/cases/", "/plans/", "/consultations/", "/consents/", "/referrals/"):
        usual = words(client.get(url))
        for name in ("o", "order", "order_by", "ordering", "sort"):
            for field in ("persons__name", "-birth_on", "records__note__text", "number"):
                assert words(client.get(url, {name: field})) == usual, (url, name)
        for name in (
            "persons__name__startswith",
            "responsible_agency__name",
            "grants__isnull",
            "id__gt",
            "number__contains",
        ):
            assert words(client.get(url, {name: "架空野"})) == usual, (url, name)


def test_nothing_is_fed_without_a_session():
    """No address with a key of its own but one, a feed of days and rooms (meetings/test_feed.py):
    every other asks who is there."""
    assert [a.name for a in addresses() if {"feed", "ics", "token", "key"} & set(a.keys)] == []
    client = Client()
    assert client.get(reverse("feed", args=["x" * 43])).status_code == 404
    for address in addresses():
        if address.name not in {"signin", "livez", "readyz", "feed"}:
            answer = client.get(address.url())
            assert answer.status_code == 302, address.name
            assert answer["Location"].startswith("/signin/"), address.name


@pytest.mark.parametrize("path", ["/no-such-page/", "/cases/x/", f"/cases/{NOBODYS}/"])
def test_an_error_page_names_nobody(city, house, path):
    client = sign_in(Client(), city.elderly)
    answer = client.get(path)
    assert answer.status_code == 404
    assert h.HOME["name"] not in answer.content.decode()
    assert house.case.number not in answer.content.decode()


def test_a_page_that_breaks_says_nothing_of_what_it_was_about(city, house, monkeypatch):
    """The server's error page holds no value of the failing request."""

    def broken(*_args, **_kwargs):
        raise RuntimeError(h.HOME["name"])

    monkeypatch.setattr("cases.views.page.case_page", broken)
    client = Client(raise_request_exception=False)
    sign_in(client, city.elderly)
    logging.disable(logging.CRITICAL)
    answer = client.get(reverse("case_detail", args=[house.case.pk]))
    logging.disable(logging.NOTSET)
    text = answer.content.decode()
    assert answer.status_code == 500
    for word in (*h.HOME.values(), house.case.number, str(house.case.pk), "Traceback", "Error"):
        assert word not in text


def test_what_is_handed_out_is_kept_by_nobody(city, house):
    """Pages, prints and files: not by the browser, not by a proxy, under no cache's key."""
    client = sign_in(Client(), city.elderly)
    for name, key in (
        ("case_detail", "case_id"),
        ("case_print", "case_id"),
        ("attachment_download", "attachment_id"),
        ("plan_print", "plan_id"),
    ):
        answer = client.get(reverse(name, args=[house.keys[key]]))
        assert answer.status_code == 200, name
        assert "no-store" in answer["Cache-Control"], name
        assert "ETag" not in answer, name
        assert "Last-Modified" not in answer, name
