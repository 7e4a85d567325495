"""The access table by whose row it is, for the roles the daily suite leaves out."""

from __future__ import annotations

import pytest

from tests.test_access_table import wrong_answers

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    monkeypatch.setattr("config.lib.registry.registry.navigation", [])


@pytest.mark.parametrize(
    "role", ["child", "coordinator", "head", "outreach", "participation", "community"]
)
def test_rows_are_answered_by_whose_they_are(role):
    assert wrong_answers(role) == []
