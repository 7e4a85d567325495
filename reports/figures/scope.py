"""What every figure is counted in: a city and a fiscal year; and how rows become counts.

A figure is a function of the scope that gives its total (under "") and its breakdowns (under
`dimension:value`), exactly as docs/figures.md says. It runs as the `statistics` system membership,
whose policies read the tables it needs, so it asks no `visible_to`.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from django.db.models import Case as When_
from django.db.models import CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncMonth
from django.utils import timezone

from agencies.models import Municipality
from cases.enums import LinkKind
from cases.models import HouseholdLink
from config.lib.eras import TOKYO
from config.lib.fiscal import fiscal_range, from_day_to_instant, until_day_to_instant

Counts = dict[str, Decimal]
Same = dict[uuid.UUID, uuid.UUID]
Expression = str | Combinable


@dataclass(frozen=True)
class Scope:
    """A city and a 年度, as days and as instants in Asia/Tokyo."""

    city: Municipality
    year: int

    @property
    def first(self) -> datetime.date:
        return fiscal_range(self.year)[0]

    @property
    def last(self) -> datetime.date:
        return fiscal_range(self.year)[1]

    @property
    def stock_day(self) -> datetime.date:
        """The day a stock is counted on: the year's last, or today while the year still runs."""
        return min(self.last, timezone.localdate())

    @property
    def end(self) -> datetime.datetime:
        """The first instant after the year."""
        return until_day_to_instant(self.last)

    def at(self, field: str) -> Q:
        """An instant within the year."""
        start = from_day_to_instant(self.first)
        return Q(**{f"{field}__gte": start, f"{field}__lt": self.end})

    def on(self, field: str) -> Q:
        """A day within the year."""
        return Q(**{f"{field}__gte": self.first, f"{field}__lte": self.last})

    @cached_property
    def households(self) -> Same:
        """Cases that turned out to be one household (統合): each under one of them. One query."""
        links = self._links().filter(kind=LinkKind.MERGED)
        return _joined(links.values_list("from_person__case_id", "to_person__case_id"))

    @cached_property
    def persons(self) -> Same:
        """Rows of one person, in several cases (世帯の変更) or twice in one (同じ人): each under
        one of them. One query."""
        return _joined(self._links().values_list("from_person_id", "to_person_id"))

    def _links(self) -> QuerySet[HouseholdLink]:
        links = HouseholdLink.objects.standing().order_by("written_at", "id")
        return links.filter(from_person__case__municipality=self.city)


def _joined(pairs: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> Same:
    """Everything that the pairs join, directly or through others, under one key."""
    parents: dict[uuid.UUID, uuid.UUID] = {}

    def root(key: uuid.UUID) -> uuid.UUID:
        while key in parents:
            key = parents[key]
        return key

    for one, other in pairs:
        first, second = root(one), root(other)
        if first != second:
            parents[first] = second
    return {key: root(key) for key in parents}


def tally(
    rows: QuerySet[Any],
    dimensions: Mapping[str, Expression | Iterable[Expression]] | None = None,
    *,
    once: str = "",
    same: Same | None = None,
    total_of: str = "",
) -> Counts:
    """The total and its breakdowns, nothing stored for nothing; one query.

    延 counts rows, or adds up the field `total_of`; 実 counts the values of `once`, each once;
    values that are one thing are `same`.
    """
    parts: list[tuple[str, Expression]] = []
    for name, given in (dimensions or {}).items():
        expressions = [given] if isinstance(given, str | Combinable) else given
        parts += [(name, expression) for expression in expressions]
    columns = {
        f"part{n}": F(expression) if isinstance(expression, str) else expression
        for n, (_name, expression) in enumerate(parts)
    }
    rows = rows.order_by().annotate(**columns)
    found: Iterable[tuple[Any, ...]]
    if once:
        found = rows.values_list(*columns, once).distinct()
        return _once(found, [name for name, _expression in parts], same or {})
    # Without a dimension everything is one group.
    rows = rows.annotate(all_=Value(1)).values_list("all_", *columns)
    counts = {"": Decimal(0)}
    for _all, *keys, number in rows.annotate(n=Sum(total_of) if total_of else Count("pk")):
        counts[""] += number or 0
        for (name, _expression), key in zip(parts, keys, strict=True):
            add(counts, name, key, number)
    return counts


def _once(found: Iterable[tuple[Any, ...]], names: list[str], same: Same) -> Counts:
    """Different values of the last column, in all and by the other columns' values."""
    every: set[Any] = set()
    of_part: defaultdict[tuple[str, Any], set[Any]] = defaultdict(set)
    for *keys, value in found:
        if value is None:
            continue
        value = same.get(value, value)
        every.add(value)
        for part in zip(names, keys, strict=True):
            of_part[part].add(value)
    counts = {"": Decimal(len(every))}
    for (name, key), values in of_part.items():
        add(counts, name, key, len(values))
    return counts


def add(counts: Counts, dimension: str, key: Any, number: Any) -> None:
    """Put a number under `dimension:key`; a missing key or a zero is not stored."""
    if key is None or key == "" or not number:
        return
    if isinstance(key, datetime.date):
        key = f"{key:%Y-%m}"
    if isinstance(key, bool):
        key = "yes" if key else "no"
    name = f"{dimension}:{key}"
    counts[name] = counts.get(name, Decimal(0)) + Decimal(number)


def agency(path: str) -> dict[str, list[Expression]]:
    """The breakdowns `agency` and `type` of the agency at `path`."""
    own_type = When_(
        When(**{f"{path}__is_type": True}, then=F(f"{path}__code")), output_field=CharField()
    )
    return {"agency": [f"{path}__code"], "type": [f"{path}__of_type__code", own_type]}


def month(field: str, *, is_instant: bool = True) -> dict[str, Expression]:
    """The breakdown `month`: the calendar month in Asia/Tokyo."""
    return {"month": TruncMonth(field, tzinfo=TOKYO) if is_instant else TruncMonth(field)}


def rounded(value: Decimal) -> Decimal:
    """One decimal, halves upward."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
