"""The proof of the gate, without starting anew for every policy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django
from django.db import connections

from .places import Mutant, break_place

# Tables on which a scope that shows everything is seen.
SCOPED = frozenset({
    "cases_case", "cases_person", "cases_record", "cases_contact", "cases_consent",
    "cases_supportteam", "cases_consultation", "cases_disclosure", "cases_emergency",
    "cases_referral", "meetings_agendaitem", "meetings_sitting", "meetings_itemstep",
    "meetings_itemgrant",
})  # fmt: skip


def is_asked(mutant: Mutant) -> bool:
    """Whether the proof has an answer: reading, writing by a permissive policy, a door."""
    writes = bool(mutant.verb) and mutant.is_permissive
    return mutant.verb == "SELECT" or writes or mutant.kind == "door"


@contextmanager
def a_world(template: str, cases: int, role: str) -> Iterator[Callable[[Mutant], bool]]:
    """A drawn world, in which a place is broken, the three answers are compared on its table and
    the place is mended again: what tests/reports/test_proof.py does, in seconds."""
    django.setup()
    from reports.proof.load import load
    from reports.proof.scratch import scratch
    from reports.proof.verify import verify
    from reports.proof.worlds import generate
    from reports.proof.writing import Written, try_writing

    with scratch(template=template) as (using, app):
        generate(using, seed=7, cases=cases)
        world = load(using)
        as_it_is: dict[str, Written] = {}

        def differs(tables: frozenset[str]) -> bool:
            found = verify(owner=using, app=app, pairs=2500, seed=3, world=world, tables=tables)
            return bool(found.differences)

        def writes(table: str) -> Written:
            return try_writing(using, app, role, world.memberships, [table])

        def on_owner(*statements: str) -> None:
            with connections[using].cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        def notices(mutant: Mutant) -> bool:
            if mutant.kind == "door":
                tables = behind(mutant)
                break_place(mutant.name)
                try:
                    return bool(tables) and differs(tables)
                finally:
                    break_place("")
            if mutant.verb != "SELECT" and mutant.table not in as_it_is:
                as_it_is[mutant.table] = writes(mutant.table)
            on_owner(mutant.statement)
            try:
                if mutant.verb == "SELECT":
                    return differs(frozenset([mutant.table]))
                return writes(mutant.table) != as_it_is[mutant.table]
            finally:
                on_owner(*mutant.mend)

        yield notices


def behind(mutant: Mutant) -> frozenset[str]:
    """The tables on which the proof asks this door, or a scope of a `gate.py`; none if it does
    not ask."""
    from reports.proof.verify import doors

    _kind, path, place = mutant.name.split(":")
    owner, _dot, method = place.rpartition(".")
    if not owner:
        return SCOPED
    module = sys.modules[path.removesuffix(".py").replace("/", ".")]
    door = vars(getattr(module, owner)).get(method)
    return frozenset(
        table
        for table, model in doors().items()
        if getattr(type(model._default_manager.all()), method, None) is door
    )
