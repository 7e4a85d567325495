"""A household that changed (V18) in the figures: two merged cases are one, a person in two cases
is one, who left to a case of their own is a household more."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cases.models import Case, HouseholdLink, Person
from cases.operations import change_household, close_case, undo_household_change
from config.lib.fiscal import fiscal_year
from tests import world as w
from tests.reports.year import FIRST, Year, at, counts, on

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
THIS = fiscal_year(timezone.localdate())


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def year(city):
    return Year(city)


def change(by, case, kind, persons, to=None):
    with w.act(by):
        return change_household(
            case=Case.objects.get(pk=case.pk), by=by, kind=kind, persons=persons, to_case=to,
            on=on("2025-10-01"),
        )  # fmt: skip


def undo(by, person):
    with w.act(by):
        links = HouseholdLink.objects.select_related("from_person__case", "to_person__case")
        undo_household_change(link=links.standing().get(from_person=person), by=by)


def total(city, *keys, of=2025):
    found = counts(city, of)
    return [found[key, ""] for key in keys]


def test_cases_merged_are_one_household_and_two_again_when_it_was_wrong(city, year):
    by = city.outreach
    first, (one, _son) = year.household("outreach")
    second, (same, _cat) = year.household("outreach")
    with w.act(by):
        Case.objects.filter(pk__in=[first.pk, second.pk]).update(opened_at=FIRST)
    year.referral(first, at("2025-05-01"), by="outreach", to="child")
    year.referral(second, at("2025-06-01"), by="outreach", to="child")
    year.visit(first, at("2025-05-10"), persons=[one])
    year.visit(second, at("2025-05-20"), "met_person", persons=[same])
    year.visit(first, at("2025-05-30"), "met_person", persons=[one])
    keys = ("cases_opened", "cases_active", "referred_cases", "referrals", "outreach_cases",
            "outreach_persons", "visits", "first_contacts", "days_to_first_contact")  # fmt: skip
    apart = [2, 2, 2, 2, 2, 2, 3, 2, 10]
    assert total(city, *keys) == apart
    with w.act(by):
        members = list(Person.objects.members().filter(case=first).order_by("label"))
    change(by, first, "merged", {members[0]: same, members[1]: None}, second)
    # What was done is done twice (延); the household is one (実), met ten days after the first try.
    assert total(city, *keys) == [1, 1, 1, 2, 1, 1, 3, 1, 10]
    undo(by, one)
    assert total(city, *keys) == apart


def test_a_merged_case_that_is_closed_is_no_household_that_ended(city, year):
    (first, persons), (second, _others) = year.household(), year.household()
    change(city.elderly, first, "merged", dict.fromkeys(persons), second)
    with w.act(city.elderly):
        close_case(case=Case.objects.get(pk=first.pk), by=city.elderly, reason="統合した")
    assert sum(total(city, "cases_closed", of=THIS)) == 0
    with w.act(city.elderly):
        close_case(case=Case.objects.get(pk=second.pk), by=city.elderly, reason="おわり")
    assert total(city, "cases_closed", of=THIS) == [1]


def test_who_left_to_a_case_of_their_own_is_a_household_more_and_one_person(city, year):
    case, (_mother, son) = year.household("outreach")
    change(city.outreach, case, "split", {son: None})
    with w.act(city.outreach):
        there = Person.objects.exclude(pk=son.pk).get(name=son.name, case__in=new_cases(case))
        new = there.case
    year.visit(case, at("2025-05-10"), persons=[son])
    year.visit(new, at("2025-05-20"), persons=[there])
    assert total(city, "outreach_cases", "outreach_persons") == [2, 1]
    assert total(city, "cases_active", of=THIS) == [2]


def new_cases(case):
    return Case.objects.exclude(pk=case.pk)
