"""Non-inference for every role on every address (V15): minutes, so `make prove` runs it."""

from __future__ import annotations

import pytest

from tests import twoworlds

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize("role", twoworlds.ROLES)
def test_what_a_role_may_not_see_changes_nothing_it_is_told(role):
    result = twoworlds.compare(role)
    assert result.asked > 100
    assert result.leaks(role) == []


def test_no_role_is_told_aggregates_without_a_rule():
    """The list by name: the figures, what the privacy officer reviews, and nothing else."""
    assert {name: len(addresses) for name, addresses in twoworlds.ALLOWED.items()} == {
        "admin": 5,
        "coordinator": 5,
        "head": 5,
        "privacy": 8,
    }


@pytest.mark.parametrize("role", sorted(twoworlds.OFFICE))
def test_the_office_is_told_of_two_agencies_and_two_numbers(role):
    """A second household of the same kana and birth date: the one hint there is (V15)."""
    with twoworlds.standing_clock(), twoworlds.silence():
        scene = twoworlds.known(role)
        client = twoworlds.signed_in(scene)
        home = twoworlds.Question("home", "GET", "/")
        with twoworlds.taken_back():
            near = twoworlds.h.home(scene.city.elderly, scene.city)
            far = twoworlds.h.home(scene.city.far_elderly, scene.city)
            told = twoworlds.ask(client, home).body
    assert near.case.number in told
    assert far.case.number in told
    assert scene.city.agencies["far_elderly"].name in told
    for word in twoworlds.h.HOME.values():
        assert word not in told
