"""Rules as texts: how they are joined and put within larger ones."""

from __future__ import annotations

import pytest

from config.lib.condition import NEVER, Rule

OWN = Rule("{author} = {agency}", {"agency": 3})
TEAM = Rule("{audience} = {team}", {"team": "team"})


def test_joined():
    either = OWN | TEAM
    assert either.sql == "({author} = {agency}) OR ({audience} = {team})"
    assert either.constants == {"agency": 3, "team": "team"}
    assert (OWN & ~TEAM).sql == "({author} = {agency}) AND (NOT ({audience} = {team}))"


def test_never_adds_nothing_and_leaves_nothing():
    assert (NEVER | OWN, OWN | NEVER) == (OWN, OWN)
    assert (NEVER & OWN, OWN & NEVER) == (NEVER, NEVER)
    assert NEVER.within("EXISTS ({rule})", "r", {}) == NEVER


def test_within_a_larger_rule_its_columns_are_the_named_rows():
    whole = "EXISTS (SELECT 1 FROM t AS r WHERE r.id = {record} AND ({rule}) AND r.kind = {kind})"
    found = OWN.within(whole, "r", {"author": "author_id"}, kind="note")
    assert found.sql == (
        "EXISTS (SELECT 1 FROM t AS r WHERE r.id = {record}"
        " AND (r.author_id = {agency}) AND r.kind = {kind})"
    )
    assert found.constants == {"agency": 3, "kind": "note"}


def test_one_name_for_two_values_is_refused():
    with pytest.raises(ValueError, match="agency stands for 3 and for 4"):
        _ = OWN | Rule("{agency} = {author}", {"agency": 4})
    with pytest.raises(ValueError, match="agency"):
        OWN.within("({rule})", "r", {}, agency=4)
    assert (OWN | Rule("{agency} IS NULL", {"agency": 3})).constants == {"agency": 3}
