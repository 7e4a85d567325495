"""Which conferences a city's profile names, who hosts them, who sits there and how often, read from
the profile's own file."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

from reports.year import days as d
from reports.year.script import Steps

Date = datetime.date
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclasses.dataclass
class Body:
    """Conferences that sit together. standing: who sits there whatever is on the agenda."""

    name: str  # the codes, joined by +
    codes: tuple[str, ...]
    offices: frozenset[str]
    standing: frozenset[str]
    rule: d.Rule | None
    series: list[Series] = dataclasses.field(default_factory=list)
    made: set[tuple[int, str]] = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Series:
    rule: d.Rule
    since: Date
    on_day_off: str
    steps: Steps
    ends: Date | None = None


def bodies_of(conferences: list[dict[str, Any]]) -> Iterator[Body]:
    done: set[str] = set()
    for one in conferences:
        if one["code"] in done:
            continue
        partners = {one["code"], one.get("joint_with")}
        group = [c for c in conferences if c["code"] in partners]
        done |= {c["code"] for c in group}
        codes = tuple(c["code"] for c in group)
        members = [m for c in group for m in c.get("members", ()) if m.get("agency")]
        yield Body(
            "+".join(codes),
            codes,
            frozenset(c.get("secretariat") or c["host"] for c in group),
            frozenset(m["agency"] for m in members if not m.get("by_item")),
            _profile_rule(one.get("rhythm") or {}),
        )


def _profile_rule(rhythm: dict[str, Any]) -> d.Rule | None:
    kind = rhythm.get("kind")
    if kind == "monthly_nth_weekday":
        return d.nth_weekday("", WEEKDAYS.index(rhythm["weekday"]), rhythm["nth"])
    if kind in ("monthly", "every_n_months"):
        return d.months(rhythm.get("months", 1) if kind == "every_n_months" else 1)
    return None
