"""A prepared question is the question, whoever asks; and what is none is refused."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from cases.models import Case, Person
from config.lib.condition import among
from config.lib.memory import forget, forgetting, remembered, remembering
from config.lib.prepared import NotPreparable, anew, prepared
from tests import world as w

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def two(city):
    """Two agencies' households."""
    with w.act(city.elderly):
        own, _persons = w.household(city.elderly)
    with w.act(city.child):
        other, _persons = w.household(city.child)
    return own, other


def test_prepared_fills_in_who_asks_and_about_what(city, two):
    @prepared
    def persons(member, case):
        return Person.objects.visible_to(member).filter(case=case).in_order()

    own, other = two
    for member, case in ((city.elderly, own), (city.child, other)):
        with w.act(member):
            seen = list(Person.objects.visible_to(member).filter(case=case).in_order())
            assert seen
            assert list(persons(member, case)) == seen
            assert persons(member, case).count() == len(seen)
            assert persons(member, case).exists()
    for member, case in ((city.elderly, other), (city.child, own)):
        with w.act(member):
            assert list(persons(member, case)) == []
            assert persons(member, case).count() == 0
            assert not persons(member, case).exists()


def test_prepared_takes_lists_of_keys_as_one_value(city, two):
    @prepared
    def cases(member, keys):
        return Case.objects.visible_to(member).filter(among("pk", keys)).order_by("pk")

    own, other = two
    with w.act(city.elderly), CaptureQueriesContext(connection) as asked:
        assert [case.pk for case in cases(city.elderly, [own.pk, other.pk])] == [own.pk]
        assert list(cases(city.elderly, [uuid.uuid4()])) == []
    first, second = (query["sql"] for query in asked.captured_queries)
    assert first.split("ANY")[0] == second.split("ANY")[0]


def test_prepared_for_one_role_is_not_asked_by_another(city, two):
    """A role that reads no cases asks nothing at all."""

    @prepared
    def cases(member):
        return Case.objects.visible_to(member).order_by("pk")

    with w.act(city.elderly):
        assert list(cases(city.elderly)) == [two[0]]
    with w.act(city.admin), CaptureQueriesContext(connection) as asked:
        assert list(cases(city.admin)) == []
    assert len(asked) == 0


def test_a_question_that_asks_another_is_refused(city, two):
    @prepared
    def cases(member):
        return Case.objects.visible_to(member).filter(pk__in=list(Case.objects.values("pk")))

    with w.act(city.elderly), pytest.raises(NotPreparable, match="asks another"):
        cases(city.elderly)


def test_a_question_that_is_another_the_second_time_is_noticed(city, two):
    words = iter(("A", "B", "C", "D"))

    @prepared
    def persons(member):
        return Person.objects.visible_to(member).filter(label=next(words))

    with w.act(city.elderly), pytest.raises(NotPreparable, match="put together anew"):
        list(persons(city.elderly))


def test_a_prepared_question_is_put_together_once(city, two):
    times = []

    @prepared
    def persons(member):
        times.append(member)
        return Person.objects.visible_to(member).order_by("pk")

    with override_settings(KASANE_CHECK_PREPARED=False), w.act(city.elderly):
        for _ in range(3):
            assert persons(city.elderly).exists()
        assert len(times) == 1
        with anew():
            assert persons(city.elderly).exists()
        assert len(times) == 2


def test_what_is_remembered_is_asked_once_and_forgotten_with_who_acts(city):
    asked = []

    @remembered
    def ask(number):
        asked.append(number)
        return number

    assert [ask(1), ask(1)] == [1, 1]
    assert asked == [1, 1]
    with remembering():
        assert [ask(2), ask(2), ask(3)] == [2, 2, 3]
        assert asked == [1, 1, 2, 3]
        with forgetting():
            ask(2)
        forget()
        ask(2)
        with w.act(city.elderly):
            ask(2)
    assert asked == [1, 1, 2, 3, 2, 2, 2]
