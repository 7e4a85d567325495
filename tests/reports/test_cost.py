"""What the gate costs is measured on pages that are the same with it and without it."""

from __future__ import annotations

import json
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from cases.models import Person
from reports.cost import measure
from reports.cost.measure import list_of, on_owner

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _a_database_of_its_own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def bench(*screens):
    name = connections["owner"].settings_dict["NAME"]
    out = StringIO()
    call_command(
        "bench_gate",
        cases=300,
        rounds=1,
        only=",".join(screens),
        template=os.environ.get("KASANE_TEST_TEMPLATE") or name,
        json=True,
        stdout=out,
        stderr=StringIO(),
    )
    return json.loads(out.getvalue())


def test_every_screen_is_the_same_with_and_without_the_gate():
    found = bench()
    assert len(found["screens"]) > 25
    for one in found["screens"].values():
        assert one["on_ms"] > 0 < one["off_ms"]
        assert one["bytes"] > 2000
        assert one["queries"] > 5


def test_a_row_too_few_is_no_cost_but_an_error(monkeypatch):
    """One person's name missing from a list: the page differs, and nothing is measured."""
    from_gate = measure.write_lists

    def short(owner, member):
        from_gate(owner, member)
        on_owner(owner, "DELETE FROM " + list_of(Person, "visible_to"))

    monkeypatch.setattr(measure, "write_lists", short)
    with pytest.raises(CommandError, match="case_list: with the gate"):
        bench("case_list")
