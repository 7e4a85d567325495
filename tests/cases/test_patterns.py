"""Hints for 8050, ダブルケア and ヤングケアラー: from what is seen, and nothing more than hints."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.urls import reverse

from cases.models import Issue, Person, Record
from cases.operations import add_issue, join_team
from cases.operations.case import PersonFacts
from cases.patterns import hints
from tests import world as w
from tests.signing import sign_in

TODAY = datetime.date(2026, 11, 23)


def person(relation, age, **facts):
    born = datetime.date(TODAY.year - age, 1, 1)
    return Person(
        pk=uuid.uuid4(), label="A", name="架空野 某", relation=relation, birth_on=born, **facts
    )


def issue(kind, *persons, solved=False):
    record = Record(person_ids=[one.pk for one in persons], is_household=not persons)
    return Issue(record=record, issue_type=kind, solved_on=TODAY if solved else None)


def found(persons, *issues):
    return [hint.issue_type for hint in hints(persons, issues, TODAY)]


def test_old_parent_and_grown_child_without_work():
    mother, son = person("head", 82), person("child", 52)
    for kind in ("withdrawal", "job_seeking"):
        assert found([mother, son], issue(kind, son)) == ["case_8050"]
        assert found([mother, son], issue(kind)) == ["case_8050"]
    (hint,) = hints([mother, son], [issue("withdrawal", son)], TODAY)
    assert "架空野 某さん（82歳）と架空野 某さん（52歳）が同居" in hint.words
    # The same family told from the son, who is the head.
    assert found([person("parent", 82), son2 := person("head", 52)], issue("withdrawal", son2)) == [
        "case_8050"
    ]


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (person("head", 74), person("child", 52)),
        (person("head", 82), person("child", 39)),
        (person("head", 82), person("child", 52, is_cohabiting=False)),
        (person("head", 82), person("child", 52, left_on=TODAY)),
        (person("head", 82, is_deceased=True), person("child", 52)),
        (person("head", 82), person("sibling", 52)),
        (person("head", 82), person("", 52)),
    ],
)
def test_other_families_are_no_8050(parent, child):
    assert found([parent, child], issue("withdrawal", child)) == []


def test_without_a_problem_of_the_child_there_is_no_hint():
    mother, son = person("head", 82), person("child", 52)
    assert found([mother, son]) == []
    assert found([mother, son], issue("withdrawal", mother)) == []
    assert found([mother, son], issue("withdrawal", son, solved=True)) == []


def test_a_problem_written_down_or_solved_is_not_hinted_at_again():
    mother, son = person("head", 82), person("child", 52)
    for solved in (False, True):
        known = issue("case_8050", solved=solved)
        assert found([mother, son], issue("withdrawal", son), known) == []


def test_child_and_care_at_once():
    mother, child, old = person("head", 44), person("child", 9), person("parent", 79)
    assert found([mother, child, old], issue("care", old)) == ["double_care", "young_carer"]
    assert found([mother, child, old], issue("care", mother)) == ["young_carer"]
    assert found([mother, child], issue("care", child)) == []
    assert found([mother, person("child", 18), old], issue("care", old)) == ["young_carer"]


def test_somebody_young_where_another_is_ill():
    mother = person("head", 44)
    assert found([mother, person("child", 14)], issue("illness", mother)) == ["young_carer"]
    assert found([mother, person("child", 29)], issue("mental_health", mother)) == ["young_carer"]
    assert found([mother, person("child", 30)], issue("illness", mother)) == []
    ill = person("child", 14)
    assert found([mother, ill], issue("illness", ill)) == []
    assert found([ill], issue("illness")) == []


def test_an_age_nobody_knows_is_no_hint():
    son = Person(pk=uuid.uuid4(), label="B", relation="child")
    assert found([person("head", 82), son], issue("withdrawal", son)) == []


@pytest.mark.django_db
@pytest.mark.database
def test_page_hints_only_what_its_reader_sees_and_only_to_who_may_write(client):
    city = w.city()
    case, (mother, son) = w.household(
        city.elderly,
        PersonFacts(name="架空野 花子", relation="head", birth_on=datetime.date(1940, 1, 1)),
        PersonFacts(name="架空野 太郎", relation="child", birth_on=datetime.date(1970, 1, 1)),
    )
    with w.act(city.elderly):
        add_issue(
            case=case, by=city.elderly, issue_type="withdrawal", is_primary=False, person=son,
            noted_on=TODAY,
        )  # fmt: skip
    sign_in(client, city.elderly)
    page = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert "もしかすると" in page
    address = reverse("issue_new", args=[case.pk]) + "?issue_type=case_8050"
    assert address in page
    form = client.get(address).context["form"]
    assert (form["issue_type"].value(), form["status"].value()) == ("case_8050", "suspected")
    assert client.get(address + "x").status_code == 200  # a type nobody offered proposes nothing
    # The mother alone has consented: who sees her alone is told nothing of a son.
    w.consent(city.elderly, mother, city.agencies["child"])
    with w.act(city.elderly):
        join_team(case=case, agency=city.agencies["child"], via="referral")
    sign_in(client, city.child)
    page = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert "架空野 花子" in page
    assert "もしかすると" not in page
