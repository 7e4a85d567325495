"""Asks model, ORM and database the same question for every pair and lists where they differ.

The application's answers come over its own login, acting as each membership the way a request
does: every table without any filter, and every model's `visible_to`.
"""

from __future__ import annotations

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
from config.lib.acting import SETTING
from reports.proof.facts import World, table_of
from reports.proof.load import GATED, key_of, load
from reports.proof.model import decide

# More pairs than this are thinned out before they are asked (large existing worlds).
MOST_PAIRS = 1_500_000
# At least this share of the drawn pairs for each rule and side, as far as there are as many.
SHARE = 0.012


@dataclass(frozen=True)
class Difference:
    """One pair on which the answers differ."""

    kind: str  # leak: somebody saw too much; denied: too little; door: `visible_to` alone too much
    layer: str
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

    def count(self, *kinds: str) -> int:
        return sum(1 for difference in self.differences if difference.kind in kinds)


@contextmanager
def as_member(using: str, membership: uuid.UUID) -> Iterator[Any]:
    """A transaction on this connection in which the membership acts."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, str(membership)])
        yield cursor


def doors() -> dict[str, type[models.Model]]:
    """The models with `visible_to`, by table."""
    return {
        model._meta.db_table: model
        for model in apps.get_models()
        if hasattr(model._default_manager, "visible_to") and model._meta.db_table in GATED
    }


def keys_by_table(using: str, tables: list[str], cursor: Any) -> dict[str, set[Any]]:
    """What the database shows of each table without any filter."""
    found = {}
    for table in tables:
        cursor.execute(f'SELECT "{key_of(table)}" FROM "{table}"')  # noqa: S608
        found[table] = {row[0] for row in cursor.fetchall()}
    return found


def door_keys(using: str, member: Membership) -> dict[str, set[Any]]:
    """What `visible_to` returns for each model."""
    return {
        table: set(model._default_manager.using(using).visible_to(member).values_list(
            key_of(table), flat=True
        ))
        for table, model in doors().items()
    }  # fmt: skip


def verify(*, owner: str, app: str, pairs: int, seed: int, world: World | None = None) -> Outcome:
    """Compare all pairs, draw `pairs` of them evenly over rules and sides for the statistics."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    world = world or load(owner)
    rows = list(world.every())
    members = list(world.memberships.values())
    if len(rows) * len(members) > MOST_PAIRS:
        members = rng.sample(members, min(len(members), 60))
        rows = rng.sample(rows, min(len(rows), MOST_PAIRS // len(members)))
    tables = sorted({table_of(row) for row in rows})
    people = Membership.objects.using(owner).with_names().in_bulk([m.id for m in members])
    outcome = Outcome()
    strata: dict[tuple[str, bool], list[tuple[str, bool, str]]] = defaultdict(list)
    for member in members:
        person = people[member.id]
        with as_member(app, member.id) as cursor:
            shown = keys_by_table(app, tables, cursor)
            opened = {} if member.system_name else door_keys(app, person)
        alone = {} if member.system_name else door_keys(owner, person)
        for row in rows:
            table = table_of(row)
            answer = decide(world, member, row)
            strata[answer.rule, answer.visible].append((answer.rule, answer.visible, table))
            answers = {"database": row.id in shown[table]}
            if table in opened:
                answers["orm"] = row.id in opened[table]
            for layer, visible in answers.items():
                if visible != answer.visible:
                    kind = "leak" if visible else "denied"
                    outcome.differences.append(
                        Difference(kind, layer, table, row.id, member.id, answer.rule,
                                   answer.reason)
                    )  # fmt: skip
            if not answer.visible and row.id in alone.get(table, ()) and acts(world, member):
                outcome.differences.append(
                    Difference("door", "orm alone", table, row.id, member.id, answer.rule,
                               answer.reason)
                )  # fmt: skip
    outcome.compared = len(rows) * len(members)
    for rule, visible, table in draw(strata, pairs, rng):
        outcome.pairs += 1
        outcome.visible += visible
        side = "visible" if visible else "denied"
        outcome.by_rule[rule][side] += 1
        outcome.by_table[table][side] += 1
    return outcome


def acts(world: World, member: Any) -> bool:
    """Whether the membership acts at all; else no request reaches `visible_to`."""
    from_today = member.since <= world.today and member.is_user_active
    return (
        member.confirmed_at is not None
        and from_today
        and (member.until is None or member.until >= world.today)
    )


def draw(
    strata: dict[tuple[str, bool], list[tuple[str, bool, str]]], pairs: int, rng: random.Random
) -> list[tuple[str, bool, str]]:
    """Every rule and side first gets its share; the rest is drawn over everything left."""
    drawn: list[tuple[str, bool, str]] = []
    rest: list[tuple[str, bool, str]] = []
    share = int(pairs * SHARE) + 1
    for key in sorted(strata):
        rows = strata[key]
        rng.shuffle(rows)
        drawn += rows[:share]
        rest += rows[share:]
    return drawn + rng.sample(rest, max(0, min(len(rest), pairs - len(drawn))))
