"""docs/visibility-cases.toml, executed: situations in words, asked of model, ORM and database."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connections, transaction

from agencies.models import Membership
from config.lib.acting import acting
from reports.proof.load import key_of, load
from reports.proof.model import decide
from reports.proof.scratch import scratch
from reports.proof.verify import doors
from tests import world as w
from tests.reports.situations import Situation
from tests.reports.whys import hold_whys

pytestmark = pytest.mark.database

FILE = Path(__file__).parents[2] / "docs" / "visibility-cases.toml"
SITUATIONS = tomllib.loads(FILE.read_text())["situation"]


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """A copy of the migrated database in which situations are committed: the owner's connection,
    which reads for the model, sees no other's open transaction."""
    with django_db_blocker.unblock():
        name = connections["owner"].settings_dict["NAME"]
        for alias in ("owner", "default"):
            connections[alias].close()
        with scratch(template=os.environ.get("KASANE_TEST_TEMPLATE") or name) as (owner, _app):
            for alias in ("owner", "default"):
                connections[alias].settings_dict["NAME"] = connections[owner].settings_dict["NAME"]
            yield
            for alias in ("owner", "default"):
                connections[alias].close()
                connections[alias].settings_dict["NAME"] = name


@pytest.fixture(scope="module")
def shared_city(committed):
    return w.city()


# Sentences that change people or conferences need a city of their own.
OWN_CITY = ("standing member", "list of", "membership", "shut off", "becomes a", "merged body")


def test_there_are_enough_situations_for_every_rule():
    assert len(SITUATIONS) >= 60
    rules = {one["rule"] for one in SITUATIONS}
    assert rules >= {f"V{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15, 16, 17, 18)}
    assert len({one["says"] for one in SITUATIONS}) == len(SITUATIONS)


@pytest.mark.parametrize("one", SITUATIONS, ids=[s["says"][:60] for s in SITUATIONS])
def test_situation(one, shared_city):
    needs_own = any(words in step for step in one["given"] for words in OWN_CITY)
    situation = Situation(w.city() if needs_own else shared_city)
    for sentence in one["given"]:
        perform(situation, sentence)
    world = load("owner")
    for expected in (True, False):
        for question in one.get("sees" if expected else "hidden", []):
            name, _space, thing = question.partition(" ")
            ask(situation, world, name, thing, expected=expected, rule=one.get("by"))
    hold_whys(situation)


def perform(situation: Situation, sentence: str) -> None:
    """A sentence, or one that is refused."""
    if not sentence.startswith("refused: "):
        situation.do(sentence)
        return
    refusals = (PermissionDenied, DatabaseError, ValidationError, PermissionError)
    with pytest.raises(refusals), transaction.atomic():
        situation.do(sentence.removeprefix("refused: "))


def ask(situation, world, name, thing, *, expected, rule):
    """Three answers, and a reason in words (V17)."""
    table, key = situation.find(thing)
    member = situation.who(name)
    answer = decide(world, world.memberships[member.pk], world.get(table, key))
    fresh = Membership.objects.with_names().get(pk=member.pk)
    with acting(member.pk), connections["default"].cursor() as cursor:
        cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{key_of(table)}" = %s', [key])
        answers = {"model": answer.visible, "database": bool(cursor.fetchall())}
        if table in doors():
            found = doors()[table]._default_manager.visible_to(fresh)
            answers["orm"] = found.filter(**{key_of(table): key}).exists()
    wrong = {layer: seen for layer, seen in answers.items() if seen != expected}
    assert not wrong, f"{name} and {thing}: expected {expected}, {wrong} ({answer.reason})"
    assert answer.reason.endswith("。")
    if rule:
        assert answer.rule == rule, f"{name} and {thing}: {answer.rule}"
