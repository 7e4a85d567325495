"""Asks model, ORM and database the same question for every pair and lists where they differ.

The application's answers come over its own login, acting as each membership the way a request
does: every table without any filter, and every model's `visible_to`.
"""

from __future__ import annotations

import functools
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connections, models, transaction

from agencies.models import Membership
from config.lib.acting import act, own_key
from reports.proof import facts
from reports.proof.facts import Part, Version, table_of
from reports.proof.load import GATED, key_of, load
from reports.proof.model import decide, not_acting
from reports.proof.rights import Decision
from reports.proof.world import World

# More pairs than this are thinned out before they are asked (large existing worlds).
MOST_PAIRS = 1_500_000
# At least this share of the drawn pairs for each rule and side, as far as there are as many.
SHARE = 0.012
# So many memberships are asked about rows that are parts of others.
PART_MEMBERS = 14


@dataclass(frozen=True)
class Difference:
    """One pair on which the answers differ."""

    kind: str  # leak: too much was shown; denied: too little
    layer: str  # database; orm (over it, as in a request); orm alone (past the policies)
    table: str
    key: Any
    membership: uuid.UUID
    rule: str
    reason: str


@dataclass
class Outcome:
    """What a run found."""

    compared: int = 0
    pairs: int = 0
    visible: int = 0
    differences: list[Difference] = field(default_factory=list)
    by_rule: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_table: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def tally(self, table: str, answer: Decision) -> None:
        """One drawn pair, for the statistics."""
        self.pairs += 1
        self.visible += answer.visible
        side = "visible" if answer.visible else "denied"
        self.by_rule[answer.rule][side] += 1
        self.by_table[table][side] += 1

    def note(
        self, layer: str, shown: set[Any], pairs: list[Pair], member: facts.Membership
    ) -> None:
        """Where this layer's answer is not the model's."""
        for _position, row, answer in pairs:
            if (row.id in shown) != answer.visible:
                kind = "denied" if answer.visible else "leak"
                self.differences.append(
                    Difference(
                        kind, layer, table_of(row), row.id, member.id, answer.rule, answer.reason
                    )
                )

    def add(self, other: Outcome) -> None:
        """What was found in another world."""
        self.compared += other.compared
        self.pairs += other.pairs
        self.visible += other.visible
        self.differences += other.differences
        for mine, others in ((self.by_rule, other.by_rule), (self.by_table, other.by_table)):
            for name, counts in others.items():
                mine[name].update(counts)

    def count(self, *kinds: str) -> int:
        return sum(1 for difference in self.differences if difference.kind in kinds)


@contextmanager
def as_member(using: str, membership: uuid.UUID) -> Iterator[Any]:
    """A transaction on this connection in which the membership acts."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        act(own_key(), membership, using=using)
        yield cursor


@functools.cache
def doors() -> dict[str, type[models.Model]]:
    """The models with `visible_to`, by table."""
    return {
        model._meta.db_table: model
        for model in apps.get_models()
        if hasattr(model._default_manager, "visible_to") and model._meta.db_table in GATED
    }


def shown_by_database(cursor: Any, table: str, drawn: list[Any], *, whole: bool) -> set[Any]:
    """What the database shows of a table without any filter, or among the keys drawn."""
    key = key_of(table)
    if whole:
        cursor.execute(f'SELECT "{key}" FROM "{table}"')  # noqa: S608
    else:
        cursor.execute(f'SELECT "{key}" FROM "{table}" WHERE "{key}" = ANY (%s)', [drawn])  # noqa: S608
    return {row[0] for row in cursor.fetchall()}


def shown_by_door(using: str, member: Membership, table: str, drawn: list[Any]) -> set[Any]:
    """What `visible_to` returns among the keys drawn."""
    door: Any = doors()[table]._default_manager.using(using)
    rows = door.visible_to(member)
    return set(rows.filter(**{f"{key_of(table)}__in": drawn}).values_list(key_of(table), flat=True))


Pair = tuple[int, Any, Decision]  # position of the membership, row, the model's answer


def verify(
    *,
    owner: str,
    app: str,
    pairs: int,
    seed: int,
    world: World | None = None,
    tables: frozenset[str] | None = None,
) -> Outcome:
    """Draw `pairs` pairs evenly over rules and sides, and compare the three answers on them; where
    a table's rows are no parts of other rows, compare the database on every pair there is. With
    `tables`, only those."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    world = world or load(owner)
    rows = [row for row in world.every() if tables is None or table_of(row) in tables]
    members = list(world.memberships.values())
    if len(rows) * len(members) > MOST_PAIRS:
        members = rng.sample(members, min(len(members), 60))
        rows = rng.sample(rows, min(len(rows), MOST_PAIRS // len(members)))
    # A part is answered as its whole: it is asked of the systems and of some of the people.
    askers = {i for i, m in enumerate(members) if m.system_name}
    askers |= set(rng.sample(range(len(members)), min(len(members), PART_MEMBERS)))
    answers = [
        (i, row, decide(world, m, row))
        for i, m in enumerate(members)
        for row in rows
        if i in askers or not isinstance(row, Part | Version)
    ]
    outcome = Outcome()
    drawn = draw(answers, pairs, rng)
    for _position, row, answer in drawn:
        outcome.tally(table_of(row), answer)
    wholes: dict[int, list[Pair]] = defaultdict(list)
    for pair in answers:
        if not isinstance(pair[1], Part | Version):
            wholes[pair[0]].append(pair)
    of_member: dict[int, list[Pair]] = defaultdict(list)
    for pair in drawn:
        of_member[pair[0]].append(pair)
    people = Membership.objects.using(owner).with_names().in_bulk([m.id for m in members])
    for position, member in enumerate(members):
        _compare(
            outcome, world, member, people[member.id], owner, app,
            wholes[position], of_member[position],
        )  # fmt: skip
    return outcome


def _compare(
    outcome: Outcome, world: World, member: facts.Membership, person: Membership,
    owner: str, app: str, wholes: list[Pair], drawn: list[Pair],
) -> None:  # fmt: skip
    """One membership: the database over all rows that are no parts, all three over the drawn."""
    by_table: dict[str, list[Pair]] = defaultdict(list)
    for pair in drawn:
        by_table[table_of(pair[1])].append(pair)
    whole_tables: dict[str, list[Pair]] = defaultdict(list)
    for pair in wholes:
        whole_tables[table_of(pair[1])].append(pair)
    # `visible_to` alone asks as the member too: who a shield stands against, the database knows.
    with as_member(app, member.id) as cursor, as_member(owner, member.id):
        for table in sorted({*by_table, *whole_tables}):
            keys = [row.id for _position, row, _answer in by_table[table]]
            is_whole = table in whole_tables
            shown = shown_by_database(cursor, table, keys, whole=is_whole)
            compared = whole_tables[table] if is_whole else by_table[table]
            outcome.note("database", shown, compared, member)
            outcome.compared += len(compared)
            # A system membership has no screen; who does not act reaches no view.
            if table in doors() and keys and not member.system_name:
                door = shown_by_door(app, person, table, keys)
                outcome.note("orm", door, by_table[table], member)
                if not_acting(world, member) is None:
                    alone = shown_by_door(owner, person, table, keys)
                    outcome.note("orm alone", alone, by_table[table], member)


def draw(answers: list[Pair], pairs: int, rng: random.Random) -> list[Pair]:
    """Every rule and side first gets its share; the rest is drawn over everything left."""
    strata: dict[tuple[str, bool], list[Pair]] = defaultdict(list)
    for pair in answers:
        strata[pair[2].rule, pair[2].visible].append(pair)
    drawn: list[Pair] = []
    rest: list[Pair] = []
    share = int(pairs * SHARE) + 1
    for key in sorted(strata):
        rng.shuffle(strata[key])
        drawn += strata[key][:share]
        rest += strata[key][share:]
    return drawn + rng.sample(rest, max(0, min(len(rest), pairs - len(drawn))))
