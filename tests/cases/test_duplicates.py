"""重複の気づき (V15): the office is told by agency and number, asks both, and says what became."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import DuplicateHint
from cases.operations import change_person
from cases.operations.case import PersonFacts
from cases.operations.duplicates import ask_both, open_duplicates, settle_duplicate
from tests import houses as h
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BORN = datetime.date(1950, 2, 3)
SAME = PersonFacts(name="架空沢 花", name_kana="かくうざわ はな", phone="090-0000-9876")


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def pair(city):
    """Two agencies, each with the same woman, and neither knows of the other."""
    return [w.household(by, SAME, number=1)[0] for by in (city.elderly, city.disability)]


def told(by):
    with w.act(by):
        return open_duplicates(by)


def notices(by):
    with w.act(by):
        found = Notice.objects.visible_to(by).filter(kind="consent_asked")
        return list(found.values_list("title", "url"))


def test_the_office_sees_two_numbers_and_asks_both_the_same(client, city, pair):
    sign_in(client, city.coordinator)
    assert (
        "二つの機関が支えているかもしれません（1組）"
        in client.get(reverse("home")).content.decode()
    )
    url = reverse("duplicate_list")
    page = client.get(url).content.decode()
    for case in pair:
        assert case.number in page
    assert "架空沢" not in page
    (hint,) = told(city.coordinator)
    assert client.post(url, {"hint": str(hint.key), "step": "ask"}).status_code == 302
    page = client.get(url).content.decode()
    assert "にお願いしました" in page
    assert "両方にお願いする" not in page
    for case, by, other in zip(pair, (city.elderly, city.disability), pair[::-1], strict=True):
        ((title, address),) = notices(by)
        assert address == f"/cases/{case.pk}/"
        assert other.number not in title
        assert "本人の同意を確かめてください" in title
    assert notices(city.elderly)[0][0] == notices(city.disability)[0][0]
    # Once; and nothing is due any more.
    assert client.post(url, {"hint": str(hint.key), "step": "ask"}).status_code == 403
    assert "かもしれません（" not in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ({"birth_on": BORN}, {"birth_on": BORN}, True),
        ({"phone": "090-0000-1234"}, {"phone": "+81 90 0000 1234"}, True),
        ({"address": "架空町２丁目３番４号"}, {"address": "架空町二丁目3-4"}, True),
        ({"birth_on": BORN}, {"birth_on": BORN, "name_kana": "かくうざわ あやまり"}, True),
        ({"birth_on": BORN}, {"birth_on": BORN, "name": "架空澤 華"}, True),
        ({"address": "架空町1-1"}, {"address": "架空町1-2"}, False),
        ({"birth_on": BORN}, {"birth_on": BORN, "name": "別", "name_kana": "べつ"}, False),
        ({"address": ""}, {"address": ""}, False),
    ],
)
def test_who_may_be_one_person(city, one, other, is_alike):
    named = {"name": "架空沢 花", "name_kana": "かくうざわ はな"}
    w.household(city.elderly, PersonFacts(**{**named, **one}), number=1)
    w.household(city.disability, PersonFacts(**{**named, **other}), number=1)
    assert bool(told(city.coordinator)) == is_alike


def test_so_many_are_shown_at_a_time_and_nobody_asked_about_comes_first(client, city, monkeypatch):
    monkeypatch.setattr("cases.operations.duplicates.SHOWN", 1)
    monkeypatch.setattr("cases.views.duplicates.SHOWN", 1)
    monkeypatch.setattr("cases.officehints.SHOWN", 1)
    other = dataclasses.replace(SAME, name="架空沢 みな", name_kana="かくうざわ みな")
    for who in (SAME, other):
        for by in (city.elderly, city.disability):
            w.household(by, who, number=1)
    sign_in(client, city.coordinator)
    url = reverse("duplicate_list")
    assert "1組以上" in client.get(reverse("home")).content.decode()
    first, second = told(city.coordinator)
    page = client.get(url).content.decode()
    assert "まだお願いしていないものから1組" in page
    assert (first.sides[0].number in page, second.sides[0].number in page) == (True, False)
    client.post(url, {"hint": str(first.key), "step": "ask"})
    assert [row.key for row in told(city.coordinator)] == [second.key, first.key]
    # One that is not shown is answered all the same.
    assert client.post(url, {"hint": str(first.key), "outcome": "separate"}).status_code == 302
    assert "まだお願いしていないものから" not in client.get(url).content.decode()


@pytest.mark.parametrize("outcome", ["together", "separate", "apart"])
def test_what_became_of_it_ends_it_for_good(client, city, pair, outcome):
    (hint,) = told(city.coordinator)
    sign_in(client, city.coordinator)
    url = reverse("duplicate_list")
    chosen = {"hint": str(hint.key), "outcome": outcome}
    page = client.post(url, chosen, follow=True).content.decode()
    assert "片づいたものとして" in page
    assert pair[0].number not in page
    assert client.post(url, chosen).status_code == 403
    # The same two people change: the same two cases are not hinted at again.
    with w.act(city.elderly):
        person = pair[0].persons.get()
        change_person(person=person, by=city.elderly, facts=SAME, version=person.version)
    assert told(city.coordinator) == []
    with as_owner():
        row = DuplicateHint.objects.get()
        assert (row.outcome, row.settled_by_id) == (outcome, city.coordinator.pk)


@pytest.mark.parametrize("typed", [{"outcome": ""}, {"outcome": "other"}, {}])
def test_an_outcome_nobody_offered_settles_nothing(client, city, pair, typed):
    (hint,) = told(city.coordinator)
    sign_in(client, city.coordinator)
    response = client.post(reverse("duplicate_list"), {"hint": str(hint.key), **typed})
    assert response.status_code == 422
    assert 'class="field-error"' in response.content.decode()
    assert "どうなったか" in response.context["rows"][0]["form"].errors["outcome"][0]
    assert len(told(city.coordinator)) == 1


def test_a_key_that_names_nothing_is_no_error(client, city, pair):
    sign_in(client, city.coordinator)
    for key in ("", "x", str(uuid.uuid4())):
        response = client.post(reverse("duplicate_list"), {"hint": key, "step": "ask"})
        assert response.status_code == 403
        assert "すでに片づいています" in response.content.decode()


def test_nobody_else_is_told_asks_or_settles(city, pair):
    (hint,) = told(city.coordinator)
    other_city = w.city()
    strangers = (city.elderly, city.privacy, city.admin, other_city.coordinator)
    for by in strangers:
        assert told(by) == []
        with w.act(by):
            with pytest.raises(ActionDenied):
                ask_both(key=hint.key, by=by)
            with pytest.raises(ActionDenied):
                settle_duplicate(key=hint.key, by=by, outcome="separate")
            for statement in (
                "select kasane.ask_duplicate(%s)", "select kasane.settle_duplicate(%s, 'separate')",
            ):  # fmt: skip
                with pytest.raises(DatabaseError), transaction.atomic():
                    connection.cursor().execute(statement, [hint.key])
    assert [(one.key, one.asked_at) for one in told(city.coordinator)] == [(hint.key, None)]


def test_it_ends_by_itself_where_there_are_no_longer_two_agencies(city, pair):
    with as_owner():
        pair[1].responsible_agency_id = pair[0].responsible_agency_id
        pair[1].save()
    assert told(city.coordinator) == []


def test_a_closed_case_is_no_duplicate(city, pair):
    h.closed(h.House(city, city.elderly, pair[0], []))
    assert told(city.coordinator) == []
