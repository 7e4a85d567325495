"""Decides on which days or in which months a conference series is due.

Source: the rhythms municipal plans print: 毎月第4水曜, 月1回, 二月に1回, 個別の事案ごと, 随時.
A day that falls on a day off (土日, 国民の祝日に関する法律, 年末年始 12月29日–1月3日 as in
行政機関の休日に関する法律) moves to the next business day, or to the one before when the next one
lies in another month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import jpholiday
from dateutil.rrule import MONTHLY, rrule, weekdays

MONTHLY_KIND: Final = "monthly"
MONTHLY_NTH_WEEKDAY: Final = "monthly_nth_weekday"
EVERY_N_MONTHS: Final = "every_n_months"
PER_CASE: Final = "per_case"
AD_HOC: Final = "ad_hoc"
UNDECIDED: Final = ""

KINDS: Final = (
    MONTHLY_KIND,
    MONTHLY_NTH_WEEKDAY,
    EVERY_N_MONTHS,
    PER_CASE,
    AD_HOC,
    UNDECIDED,
)

# Only steps that divide the year: with others the due months would depend on the year one
# starts counting in, and no plan prints such a rhythm.
STEPS: Final = (1, 2, 3, 4, 6, 12)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a series sits.

    kind: one of KINDS. nth: 1–5, or -1 for the last, and weekday: 0 (Monday) – 6 (Sunday), both
    or neither; required for monthly_nth_weekday, possible for every_n_months. months: the step
    of every_n_months, one of STEPS. anchor_month: a month (1–12) in which every_n_months is due.
    Raises ValueError for what does not fit together.
    """

    kind: str = UNDECIDED
    nth: int | None = None
    weekday: int | None = None
    months: int | None = None
    anchor_month: int = 4

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of rhythm: {self.kind!r}")
        if (self.nth is None) != (self.weekday is None):
            raise ValueError("nth and weekday go together")
        if self.nth is not None and self.nth not in (1, 2, 3, 4, 5, -1):
            raise ValueError(f"nth must be 1 to 5 or -1, not {self.nth}")
        if self.weekday is not None and not 0 <= self.weekday <= 6:
            raise ValueError(f"weekday must be 0 to 6, not {self.weekday}")
        if self.kind == MONTHLY_NTH_WEEKDAY and self.nth is None:
            raise ValueError("monthly_nth_weekday needs nth and weekday")
        if self.nth is not None and self.kind not in (MONTHLY_NTH_WEEKDAY, EVERY_N_MONTHS):
            raise ValueError(f"{self.kind!r} has no weekday")
        if (self.kind == EVERY_N_MONTHS) != (self.months is not None):
            raise ValueError("months belongs to every_n_months")
        if self.months is not None and self.months not in STEPS:
            raise ValueError(f"months must be one of {STEPS}, not {self.months}")
        if not 1 <= self.anchor_month <= 12:
            raise ValueError(f"anchor_month must be 1 to 12, not {self.anchor_month}")


@dataclass(frozen=True, slots=True)
class PlannedSitting:
    """A sitting that is due: its month (the key, once per series) and its day if known."""

    month_first_day: date
    on: date | None


def is_business_day(day: date) -> bool:
    """Say whether a municipal office works on this day (no weekend, holiday, 年末年始)."""
    if day.weekday() >= 5 or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return False
    return not jpholiday.is_holiday(day)


def to_business_day(day: date) -> date:
    """Give the day itself or the next business day; within its month, else the one before."""
    later = _step_to_business_day(day, timedelta(days=1))
    if (later.year, later.month) == (day.year, day.month):
        return later
    return _step_to_business_day(day, timedelta(days=-1))


def sittings_between(rhythm: Rhythm, start: date, end: date) -> list[PlannedSitting]:
    """List what is due from `start` to `end`, both included, in order, one a month at most.

    With a weekday: the sittings whose day, after moving off days off, lies in the range; a month
    without a fifth such weekday has none. Without a weekday (日程未定): one entry with on=None for
    each due month the range touches, so a month cut by two ranges appears in both under the same
    month_first_day. per_case, ad_hoc and undecided: nothing. Empty when `end` is before `start`.
    """
    if rhythm.kind in (PER_CASE, AD_HOC, UNDECIDED) or end < start:
        return []
    planned = [PlannedSitting(day.replace(day=1), on) for day, on in _due(rhythm, start, end)]
    return [sitting for sitting in planned if sitting.on is None or start <= sitting.on <= end]


def _due(rhythm: Rhythm, start: date, end: date) -> Iterator[tuple[date, date | None]]:
    """Yield a day of each due month from start's month to end's, with the day of the sitting."""
    step = rhythm.months or 1
    first = start.replace(day=1)
    while (first.month - rhythm.anchor_month) % step:
        first = (first + timedelta(days=31)).replace(day=1)
    by_weekday = rhythm.nth is not None and rhythm.weekday is not None
    rule = rrule(
        MONTHLY,
        interval=step,
        dtstart=datetime.combine(first, time.min),
        until=datetime.combine(_month_end(end), time.min),
        **(
            {"byweekday": weekdays[rhythm.weekday or 0](rhythm.nth or 1)}
            if by_weekday
            else {"bymonthday": 1}
        ),
    )
    for moment in rule:
        day = moment.date()
        yield day, to_business_day(day) if by_weekday else None


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _step_to_business_day(day: date, step: timedelta) -> date:
    while not is_business_day(day):
        day += step
    return day
