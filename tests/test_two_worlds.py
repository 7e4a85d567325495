"""Non-inference (V15): what U may not see changes no byte of any answer, and no query's number.

Here an agency at work on a case by one consent, the searches, the lists, the pictures of households
and every address of a hidden household. All roles and all addresses: tests/prove.
"""

from __future__ import annotations

import pytest

from tests import twoworlds
from tests.test_access_table import TABLE
from tests.twoworlds import FRAME, Question, Scene

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def near(question: Question, scene: Scene) -> bool:
    """The lists, the searches, the case, and one hidden household; the rest is asked in prove."""
    pictures = ("genogram", "genogram_print")
    if question.name in (*FRAME, *pictures) or "search" in question.name or question.data:
        return True
    keys = {str(key) for key in scene.hidden[0].keys.values()}
    return question.method == "GET" and any(key in question.url for key in keys)


def test_what_a_team_agency_may_not_see_changes_nothing_it_is_told():
    result = twoworlds.compare("disability", near)
    assert result.asked > 120
    assert result.leaks("disability") == []


def test_a_difference_would_be_noticed():
    """The comparison itself: somebody who does see the household is told of it."""
    with twoworlds.standing_clock(), twoworlds.silence():
        scene = twoworlds.known("disability")
        client = twoworlds.signed_in(scene)
        search = Question("case_search", "POST", "/search/", (("q", twoworlds.h.HOME["name"]),))
        with twoworlds.taken_back():
            twoworlds.h.home(scene.member, scene.city)
            there = twoworlds.ask(client, search)
        assert there != twoworlds.ask(client, search)


def test_what_a_role_is_told_in_figures_it_may_open():
    """The list by name holds nothing that has gone: it would hide the next page of that name."""
    for role, names in twoworlds.ALLOWED.items():
        assert {name for name in names if role not in TABLE[name]} == set()
    # Said a second time, so that no page joins the list unawares.
    assert {role: len(names) for role, names in twoworlds.ALLOWED.items()} == {
        "admin": 5, "coordinator": 8, "head": 9, "privacy": 11,
    }  # fmt: skip
