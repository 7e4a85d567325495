"""Somebody named later who may stand in another case already: pointed out among those one may see
and nobody else (V15), before saving and after it, with the road to take."""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import Case, Person
from cases.operations import change_household, take_consultation
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.cases.pages import client, get, page, post, text

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

HANA = PersonFacts(
    name="架空野 花",
    name_kana="かくうの はな",
    birth_on=datetime.date(1947, 5, 1),
    phone="0900000123",
)
TOLD = "同じ人かもしれない人がいます。"


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def nameless(city):
    """A case of somebody who gave no name."""
    return w.household(city.elderly, PersonFacts(sex="female"))


def typed(**changed):
    known = {"name": HANA.name, "name_kana": HANA.name_kana, "birth": "S22.5.1"}
    return {**known, "is_cohabiting": "on", "version": "1", **changed}


def edit(person):
    return reverse("person_edit", args=[person.pk])


def test_who_is_named_later_is_pointed_out_after_saving(city, nameless):
    case, (person,) = nameless
    other, (hana,) = w.household(city.elderly, HANA)
    assert TOLD not in text(get(city.elderly, edit(person)))
    browser = client(city.elderly)
    saved = browser.post(edit(person), typed(), follow=True)
    assert saved.redirect_chain[-1][0] == reverse("case_detail", args=[case.pk])
    assert "架空野 花さんと同じ人かもしれない人がいます。" in text(saved)
    assert f'href="{edit(person)}"' in text(saved).partition(TOLD)[2].partition("</div>")[0]
    where = text(browser.get(edit(person)))
    assert TOLD in where
    assert other.number in where
    assert case.number not in where.partition(TOLD)[2].partition("</ul>")[0]
    assert f'href="{reverse("household_change", args=[case.pk])}"' in where
    assert f'href="{reverse("household_merge", args=[case.pk])}"' in where
    with w.act(city.elderly):
        looks = AccessLog.objects.filter(what="person_similar", action="search", case_id=case.pk)
        assert looks.filter(record_ids__contains=[hana.pk]).count() == 2


def test_and_while_typing_before_anything_is_saved(city, nameless):
    case, (person,) = nameless
    other, _persons = w.household(city.elderly, HANA)
    for url in (edit(person), reverse("person_new", args=[case.pk])):
        shown = text(post(city.elderly, url, typed(check="1")))
        assert TOLD in shown
        assert other.number in shown
        assert "<form" not in shown
        half = text(post(city.elderly, url, typed(check="1", birth="いつか", died_on="x")))
        assert other.number in half
        assert other.number not in text(post(city.elderly, url, {"check": "1"}))
    with w.act(city.elderly):
        assert [p.name for p in Person.objects.filter(case=case)] == [""]


def test_the_citys_own_number_of_a_resident_is_compared_whole(city, nameless):
    case, (person,) = nameless
    other, _persons = w.household(city.elderly, dataclasses.replace(HANA, resident_ref="0012345"))
    for url in (edit(person), reverse("person_new", args=[case.pk])):
        alone = {"name": "", "name_kana": "", "birth": "", "check": "1"}
        assert other.number in text(post(city.elderly, url, typed(resident_ref="0012345", **alone)))
        assert TOLD not in text(post(city.elderly, url, typed(resident_ref="001234", **alone)))


def test_who_is_added_is_compared_too(city, nameless):
    case, _persons = nameless
    other, _hana = w.household(city.elderly, HANA)
    new = reverse("person_new", args=[case.pk])
    sent = typed(form_key=str(uuid.uuid4()))
    saved = client(city.elderly).post(new, sent, follow=True)
    assert TOLD in text(saved)
    with w.act(city.elderly):
        added = Person.objects.get(case=case, label="B")
    assert other.number in text(get(city.elderly, edit(added)))


def test_who_asked_before_is_pointed_out_with_the_sheet_and_no_household_to_join(city, nameless):
    _case, (person,) = nameless
    facts = ConsultationFacts(
        mode="with_consent", route="person_visit", complaint="相談", urgency="low"
    )
    with w.act(city.elderly):
        asked = take_consultation(by=city.elderly, facts=facts, persons=[HANA], issues=[])
    browser = client(city.elderly)
    saved = text(browser.post(edit(person), typed(), follow=True))
    assert "どの相談かを見る" in saved
    assert "どのケースかと" not in saved
    where = text(browser.get(edit(person)))
    assert "前に相談を受けた人です。" in where
    assert f'href="{reverse("consultation_detail", args=[asked.pk])}"' in where
    assert "別のケースと同じ世帯だと分かった" not in where


def test_what_is_refused_keeps_the_hint_and_what_was_typed(city, nameless):
    _case, (person,) = nameless
    other, _hana = w.household(city.elderly, HANA)
    shown = text(post(city.elderly, edit(person), typed(birth="いつか")), 422)
    assert other.number in shown
    assert 'value="いつか"' in shown


def test_a_correction_of_something_else_says_nothing_again(city, nameless):
    _case, (person,) = nameless
    w.household(city.elderly, HANA)
    browser = client(city.elderly)
    assert TOLD in text(browser.post(edit(person), typed(), follow=True))
    again = browser.post(edit(person), typed(version="2", relation="head"), follow=True)
    assert TOLD not in text(again)


def test_nobody_of_the_case_itself_and_nobody_linked_already(city, nameless):
    case, (person,) = nameless
    own = typed(form_key=str(uuid.uuid4()))
    post(city.elderly, reverse("person_new", args=[case.pk]), own)
    assert TOLD not in text(client(city.elderly).post(edit(person), typed(), follow=True))
    other, (hana,) = w.household(city.elderly, HANA)
    assert TOLD in text(get(city.elderly, edit(person)))
    with w.act(city.elderly):
        change_household(
            case=Case.objects.get(pk=other.pk), by=city.elderly, kind="merged",
            persons={hana: Person.objects.get(pk=person.pk)}, on=timezone.localdate(),
            to_case=Case.objects.get(pk=case.pk),
        )  # fmt: skip
    assert TOLD not in text(get(city.elderly, edit(person)))


def test_who_may_not_link_is_told_whom_to_tell(city):
    case, (mother, _son) = w.household(
        city.elderly, PersonFacts(name="例崎 月"), PersonFacts(name="例崎 次郎")
    )
    h.let_in(h.House(city, city.elderly, case, [mother]), "disability", persons=1)
    other, _hana = w.household(city.disability, HANA)
    new = reverse("person_new", args=[case.pk])
    shown = text(post(city.disability, new, typed(check="1")))
    assert other.number in shown
    assert f"主担当機関（{city.agencies['elderly'].name}）に伝えます" in shown
    assert reverse("household_merge", args=[case.pk]) not in shown


def test_what_one_may_not_see_changes_nothing(city, nameless):
    """V15: byte for byte, before, while typing, saving and after."""
    case, (person,) = nameless
    new = reverse("person_new", args=[case.pk])

    def told(version):
        browser = client(city.elderly)
        answers = [
            browser.get(edit(person)),
            browser.post(edit(person), typed(check="1")),
            browser.post(new, typed(check="1")),
            browser.post(edit(person), typed(birth="いつか")),
            browser.post(edit(person), typed(version=str(version), name=f"架空野 花{version}")),
            browser.get(edit(person)),
        ]
        found = [twoworlds.masked(answer.content.decode()) for answer in answers]
        return [re.sub(r"花\d|version\" value=\"\d", "", words) for words in found]

    with twoworlds.standing_clock():
        told(1)  # what the first saving leaves to be compared
        before = told(2)
        w.household(city.child, HANA)
        assert told(3) == before
    assert TOLD not in "".join(before)


def test_the_page_of_the_case_says_nothing_by_itself(city, nameless):
    case, (person,) = nameless
    w.household(city.elderly, HANA)
    client(city.elderly).post(edit(person), typed(), follow=True)
    assert TOLD not in text(page(city.elderly, case))
