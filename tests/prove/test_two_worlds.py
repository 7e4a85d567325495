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
        "coordinator": 6,
        "head": 6,
        "privacy": 8,
    }
