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
