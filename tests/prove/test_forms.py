"""Every choice and hidden key of every form, sent with every kind of a stranger's row."""

from __future__ import annotations

import pytest

from tests.attacks.test_forms import taken

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    monkeypatch.setattr("config.lib.registry.registry.navigation", [])


@pytest.mark.parametrize("role", ["disability", "coordinator", "outreach", "participation"])
def test_no_form_takes_anothers_row(role):
    wrong, asked = taken(role, is_shared_too=True, turns=8)
    assert wrong == []
    assert asked > 20
