"""Every door of the database, asked by the roles the daily suite leaves out."""

from __future__ import annotations

import pytest

from tests.attacks.test_sql import Secrets, told_apart

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.mark.parametrize("who", ["head", "community", "admin", "sysadmin"])
def test_every_door_says_the_same_of_what_is_hidden_and_what_is_not_there(who):
    assert told_apart(Secrets(), who) == []
