"""支援措置 (V9): every address, asked by every role that does not stand on the list. Slow."""

from __future__ import annotations

import pytest

from tests.test_shield_outputs import OUTSIDERS, committed, shown_to, world  # noqa: F401 - fixtures

pytestmark = pytest.mark.database


@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_page_shows_the_values_to_any_role(world, name):  # noqa: F811 - the fixture
    assert shown_to(world, name) == {}
