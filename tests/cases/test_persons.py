"""A person of a household: added, completed, corrected, never lost by two people at once."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.urls import reverse

from cases.models import Person
from cases.operations import close_case, join_team
from cases.operations.case import PersonFacts
from tests import world as w
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def case(city):
    return w.household(
        city.elderly, PersonFacts(name="架空野 花子", birth_year=1955, is_age_estimated=True)
    )


def fields(**changed):
    return {"name": "架空野 花子", "name_kana": "かくうの はなこ", "is_cohabiting": "on", **changed}


def test_person_known_only_by_age_is_added(client, city, case):
    household, _persons = case
    sign_in(client, city.elderly2)
    url = reverse("person_new", args=[household.pk])
    assert client.get(url).status_code == 200
    typed = {"form_key": str(uuid.uuid4()), "birth": "50歳くらい", "relation": "child"}
    response = client.post(url, typed)
    assert response.url == reverse("case_detail", args=[household.pk])
    with w.act(city.elderly):
        person = Person.objects.get(label="B")
    assert (person.name, person.relation, person.is_age_estimated) == ("", "child", True)
    assert not person.is_cohabiting


def test_the_same_form_twice_adds_one_person(client, city, case):
    household, _persons = case
    sign_in(client, city.elderly2)
    url = reverse("person_new", args=[household.pk])
    typed = {"form_key": str(uuid.uuid4()), "name": "架空野 太郎"}
    first, second = (client.post(url, typed) for _ in "ab")
    assert (first.status_code, second.status_code, first.url) == (302, 302, second.url)
    sign_in(client, city.elderly)
    assert client.post(url, typed).status_code == 302  # V15: a colleague's key is no key of mine
    with w.act(city.elderly):
        labels = Person.objects.filter(case=household).values_list("label", flat=True)
        assert sorted(labels) == ["A", "B", "C"]


def test_person_is_completed_and_shown_as_stored(client, city, case):
    _household, (person,) = case
    sign_in(client, city.elderly)
    url = reverse("person_edit", args=[person.pk])
    page = client.get(url).content.decode()
    assert "昭和30年頃" in page
    client.post(url, fields(version=person.version, birth="昭和30年4月1日", died_on="R8.1.1"))
    with w.act(city.elderly):
        person.refresh_from_db()
    assert person.birth_on == datetime.date(1955, 4, 1)
    assert person.birth_year is None
    assert person.is_deceased
    assert person.kana_folded
    assert "昭和30年4月1日" in client.get(url).content.decode()


def test_stale_form_shows_what_was_saved_and_keeps_what_was_typed(client, city, case):
    _household, (person,) = case
    url = reverse("person_edit", args=[person.pk])
    sign_in(client, city.elderly2)
    client.post(url, fields(version=1, name="架空野 はな", sex="female"))
    sign_in(client, city.elderly)
    response = client.post(url, fields(version=1, name="架空野 花"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "ほかの人が先に保存しました" in page
    assert "架空野 はな" in page
    assert "女性" in page
    assert 'value="架空野 花"' in page
    with w.act(city.elderly):
        person.refresh_from_db()
        assert person.name == "架空野 はな"
    assert client.post(url, fields(version=2, name="架空野 花")).status_code == 302


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"version": ""}, "画面が古くなっています。"),
        ({"version": "x"}, "画面が古くなっています。"),
        ({"name": "あ" * 101}, "氏名は100文字以内"),
        ({"name": "番号123456789018"}, "個人番号"),
        ({"birth": "2999-01-01"}, "日付を入れてください。"),
        ({"died_on": "R50.1.1"}, "今日までの日付を入れてください。"),
        ({"birth": "R5.1.1", "died_on": "R4.1.1"}, "生年月日より前"),
        ({"relation": "boss"}, "続柄は表示された中から"),
    ],
)
def test_bad_input_gets_a_sentence(client, city, case, changed, sentence):
    _household, (person,) = case
    sign_in(client, city.elderly)
    response = client.post(
        reverse("person_edit", args=[person.pk]), fields(**{"version": 1, **changed})
    )
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_stranger_meets_404(client, city, case):
    household, (person,) = case
    sign_in(client, city.child)
    for url in (
        reverse("person_edit", args=[person.pk]),
        reverse("person_edit", args=[uuid.uuid4()]),
        reverse("person_new", args=[household.pk]),
        reverse("person_new", args=[uuid.uuid4()]),
    ):
        assert client.get(url).status_code == 404
        assert client.post(url, fields(version=1)).status_code == 404


def test_partner_who_sees_the_person_may_not_change_it(client, city, case):
    household, (person,) = case
    w.consent(city.elderly, person, city.agencies["child"])
    with w.act(city.elderly):
        join_team(case=household, agency=city.agencies["child"], via="referral")
    sign_in(client, city.child)
    response = client.get(reverse("person_edit", args=[person.pk]))
    assert response.status_code == 403
    assert "主担当機関" in response.content.decode()
    assert client.get(reverse("person_new", args=[household.pk])).status_code == 200


@pytest.mark.parametrize("role", ["admin", "privacy", "sysadmin"])
def test_role_without_records_meets_403(client, city, case, role):
    _household, (person,) = case
    sign_in(client, city.members[role])
    assert client.get(reverse("person_edit", args=[person.pk])).status_code == 403


def test_closed_case_is_not_changed(client, city, case):
    household, (person,) = case
    with w.act(city.elderly):
        close_case(case=household, by=city.elderly, reason="転居")
    sign_in(client, city.elderly)
    for url in (
        reverse("person_edit", args=[person.pk]),
        reverse("person_new", args=[household.pk]),
    ):
        response = client.get(url)
        assert response.status_code == 403
        assert "終結している" in response.content.decode()
