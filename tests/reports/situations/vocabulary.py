"""How a sentence finds what it does, and what stands between the sentences of a situation."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from django.db import connections

from agencies.models import Membership
from cases.models import (
    Case,
    Person,
)
from tests import world as w

DAY = datetime.timedelta(days=1)
STEPS: list[tuple[re.Pattern[str], Callable[..., None]]] = []


def step(pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a sentence."""

    def keep(function: Callable[..., None]) -> Callable[..., None]:
        STEPS.append((re.compile(pattern + r"\.?"), function))
        return function

    return keep


class Situation:
    """A city and the things named so far, by their names in the sentences."""

    def __init__(self, city: w.World) -> None:
        self.city = city
        self.case: Case | None = None
        self.things: dict[str, tuple[str, Any]] = {}  # name -> (table, key)
        self.persons: dict[str, Person] = {}
        self.rows: dict[str, Any] = {}

    def do(self, sentence: str) -> None:
        for pattern, function in STEPS:
            if match := pattern.fullmatch(sentence):
                function(self, **match.groupdict())
                return
        raise ValueError(f"no such sentence: {sentence}")

    def who(self, name: str) -> Membership:
        return self.city.members[name]

    def people(self, text: str) -> list[Person]:
        return [self.persons[name.strip()] for name in re.split(r",| and ", text)]

    def agencies(self, text: str | None) -> list[Any]:
        names = [name.strip() for name in re.split(r",| and ", text or "")]
        return [self.city.agencies[name] for name in names if name]

    def find(self, thing: str) -> tuple[str, Any]:
        """Table and key of what a sentence calls so."""
        table, key = self.things[thing]
        return table, key() if callable(key) else key

    def keep(self, name: str, table: str, row: Any) -> None:
        self.rows[name] = row
        self.things[name] = (table, row.pk)


def owner(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """What no operation does: over the owner's connection."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []
