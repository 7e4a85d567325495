"""What the five offices do in the year: their rules, and every day on which somebody moves, calls
or cancels a sitting (script.toml). The year is R8 (2026-04-01 to 2027-03-31), with three runs of
holidays.

A notice is sent by the office of a body with a 定例の決まり on the day its rule says, elsewhere on
the days told here (`model.Model.acts_of`).
"""

from __future__ import annotations

import dataclasses
import datetime
import tomllib
from pathlib import Path
from typing import Any

from reports.year import days as d

Date = datetime.date
FIRST, LAST = Date(2026, 4, 1), Date(2027, 3, 31)


@dataclasses.dataclass(frozen=True)
class Act:
    """One thing an office does on a day. body: the first of the bodies that sit together; on: the
    day of the sitting meant; without one its month."""

    day: Date
    city: str
    body: str
    verb: str
    on: Date | None = None
    month: Date | None = None
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Steps:
    """Working days before a sitting on which something is told; none: not here."""

    call: int | None = None
    agenda: int | None = None
    notice: int | None = None
    pack: int | None = None


RULES = {
    "first and third Monday": d.nth_weekday("FREQ=MONTHLY;BYDAY=1MO,3MO", 0, 1, 3),
    "second Tuesday": d.nth_weekday("FREQ=MONTHLY;BYDAY=2TU", 1, 2),
    "third Wednesday": d.nth_weekday("FREQ=MONTHLY;BYDAY=3WE", 2, 3),
    "second Thursday": d.nth_weekday("FREQ=MONTHLY;BYDAY=2TH", 3, 2),
    "every Wednesday": d.weekly("FREQ=WEEKLY;BYDAY=WE", 2),
    "29th, every second month": d.day_of_month(
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=29", 29, every=2
    ),
}


def _read(file: Path) -> tuple[list[Act], dict[str, tuple[Date, ...]], set[tuple[str, Date]]]:
    """What is done, on which days each city's offices are closed, which notices are forgotten."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    closed = {city: tuple(days) for city, days in told.pop("closed").items()}
    forgotten = {(city, day) for city, days in told.pop("forgotten").items() for day in days}
    acts = [_act(city, row) for city, rows in told.items() for row in rows["acts"]]
    return acts, closed, forgotten


def _act(city: str, row: dict[str, Any]) -> Act:
    names = ("day", "body", "verb", "on", "month")
    more = {name: value for name, value in row.items() if name not in names}
    if row["verb"] == "series":
        steps = {name: more.pop(name, None) for name in ("call", "agenda", "notice", "pack")}
        more["steps"] = Steps(**steps)
    return Act(
        row["day"], city, row["body"], row["verb"], row.get("on"), row.get("month"), more=more
    )


# CLOSED: city -> its own closing days, written into a copy of its profile.
SCRIPT, CLOSED, FORGOTTEN = _read(Path(__file__).with_suffix(".toml"))
