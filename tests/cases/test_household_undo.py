"""世帯の変更 taken back (V18): what was before is what is after; what was changed since stays, and
the page says so."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from cases.models import Person
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import get, post, referred, text
from tests.cases.test_households import change, only_links, undo

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


def where(city, *persons):
    """When each of them left their household, as it is written now."""
    with w.act(city.elderly):
        return [Person.objects.get(pk=p.pk).left_on for p in persons]


def there(city, case, person):
    with w.act(city.elderly):
        return Person.objects.get(case=case, name=person.name)


def test_who_came_back_has_left_again_when_the_coming_back_was_a_mistake(city):
    case, _mother, son, _consent = referred(city)
    other, _aunts = w.household(city.elderly, PersonFacts(name="架空山 叔母"))
    left = TODAY() - datetime.timedelta(days=40)
    change(city.elderly, case, "joined", [son], to=other, on=left)
    son2 = there(city, other, son)
    change(city.elderly, other, "joined", {son2: son}, to=case)
    assert where(city, son, son2) == [None, TODAY()]
    undo(city.elderly, only_links(city.elderly, from_person=son2))
    assert where(city, son, son2) == [left, None]
    undo(city.elderly, only_links(city.elderly, from_person=son))
    assert where(city, son, son2) == [None, TODAY()]


def test_who_has_moved_on_stays_where_they_are_and_the_page_says_so(city):
    case, mother, son, _consent = referred(city)
    other, _aunts = w.household(city.elderly, PersonFacts(name="架空山 叔母"))
    third, _uncles = w.household(city.elderly, PersonFacts(name="架空川 叔父"))
    change(city.elderly, case, "joined", [son], to=other)
    son2 = there(city, other, son)
    change(city.elderly, other, "joined", [son2], to=third)
    before = where(city, mother, son, son2)
    first = only_links(city.elderly, from_person=son)
    url = f"/household-links/{first.pk}/undo/"
    words = f"{son.shown_name}は、そのあとでまた世帯が変わっている"
    shown = text(get(city.elderly, url))
    assert words in shown
    assert "世帯員にもどります" not in shown
    done = post(city.elderly, url, {})
    assert done.status_code == 302
    assert where(city, mother, son, son2) == before


def test_an_undone_merge_leaves_alone_who_left_the_other_case_since(city):
    case, mother, son, _consent = referred(city)
    other, (mama, _cat) = w.household(
        city.elderly, PersonFacts(name=mother.name), PersonFacts(name="架空野 猫")
    )
    change(city.elderly, case, "merged", {mother: mama, son: None}, to=other)
    son2 = there(city, other, son)
    change(city.elderly, other, "split", [son2])
    url = f"/household-links/{only_links(city.elderly, from_person=mother).pk}/undo/"
    shown = text(get(city.elderly, url))
    assert "また書けるようになります" in shown
    assert f"{son.shown_name}は、そのあとでまた" in shown
    undo(city.elderly, only_links(city.elderly, from_person=mother))
    assert where(city, mother, son, mama, son2) == [None, None, None, TODAY()]


def test_a_person_the_change_had_found_there_stays_there(city):
    case, mother, son, _consent = referred(city)
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    change(city.elderly, case, "merged", {mother: mama, son: None}, to=other)
    undo(city.elderly, only_links(city.elderly, from_person=mother))
    assert where(city, mother, son, mama, there(city, other, son)) == [None, None, None, TODAY()]
