"""Decides on which days a series of sittings is due: a rule of RFC 5545, and what a day off means.

Source: the rhythms municipal plans print (毎月第4水曜, 月1回, 二月に1回). A rule is the value of an
RRULE without its end: FREQ (WEEKLY, MONTHLY, YEARLY), INTERVAL, BYDAY, BYMONTHDAY, BYMONTH,
BYSETPOS. A monthly rule that names no day says in which months one sits and leaves the day open
(月1回: 日程未定). Days off: 土日, 国民の祝日に関する法律, 年末年始 (12月29日–1月3日, as in
行政機関の休日に関する法律), and the city's own closing days.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import jpholiday
from dateutil.rrule import rrule, rrulestr

NEXT: Final = "next"
PREVIOUS: Final = "previous"
SKIP: Final = "skip"
ON_DAY_OFF: Final = (NEXT, PREVIOUS, SKIP)

FREQUENCIES: Final = ("WEEKLY", "MONTHLY", "YEARLY")
PARTS: Final = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS")
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_TEXT: Final = re.compile(r"(?:FREQ=[A-Z]+|INTERVAL=[0-9]{1,2}|BY[A-Z]+=[A-Z0-9,+-]+|;){1,20}")
_HIGHEST: Final = {"INTERVAL": 52, "BYMONTHDAY": 31, "BYMONTH": 12, "BYSETPOS": 31}

# From where "every second month" counts, unless a series says since when it holds: April, as 年度.
# (令和3年4月1日: the day 社会福祉法106条の4 came into force.)
ANCHOR: Final = date(2021, 4, 1)
# A day off is never further from a working day than this.
FAR: Final = timedelta(days=31)


@functools.lru_cache(maxsize=4096)
def holiday_name(day: date) -> str:
    """「勤労感謝の日」; "" of a day that is no national holiday."""
    return jpholiday.is_holiday_name(day) or ""


def is_year_end(day: date) -> bool:
    """年末年始: 12月29日–1月3日."""
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


@dataclass(frozen=True, slots=True)
class OpenDays:
    """On which days an office works. closed: the city's own closing days."""

    closed: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """No weekend, holiday, 年末年始 or closing day of the city."""
        if day.weekday() >= 5 or is_year_end(day):
            return False
        return day not in self.closed and not holiday_name(day)

    def next(self, day: date) -> date:
        """The day itself or the first open day after it."""
        return self._step(day, timedelta(days=1))

    def previous(self, day: date) -> date:
        """The day itself or the last open day before it."""
        return self._step(day, timedelta(days=-1))

    def shifted(self, day: date, on_day_off: str) -> date | None:
        """The day of a sitting that falls on this day: the next or the previous open day, within
        its month as long as the month has one on either side; None where it is skipped."""
        if self.is_open(day):
            return day
        if on_day_off == SKIP:
            return None
        ways = (self.next, self.previous)
        first, second = ways if on_day_off == NEXT else reversed(ways)
        found, other = first(day), second(day)
        return found if (found.year, found.month) == (day.year, day.month) else other

    def before(self, day: date, number: int) -> date:
        """The open day that many open days before (開庁日で数えて n 日前); 0: the day itself or
        the last open day before it."""
        found = self.previous(day)
        for _step in range(number):
            found = self.previous(found - timedelta(days=1))
        return found

    def _step(self, day: date, step: timedelta) -> date:
        first = day
        while not self.is_open(day):
            day += step
            if abs(day - first) > FAR * 12:
                raise ValueError("no open day within a year")
        return day


class UnknownRule(ValueError):
    """The text is no rule as described above."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often a series sits, and what it does on a day off (one of ON_DAY_OFF).

    anchor: the day from which intervals count. Raises UnknownRule for any other text.
    """

    rule: str
    on_day_off: str = NEXT
    anchor: date = ANCHOR

    def __post_init__(self) -> None:
        parts = parts_of(self.rule)
        if parts.get("FREQ") not in FREQUENCIES:
            raise UnknownRule(self.rule)
        if parts["FREQ"] != "MONTHLY" and not self.has_day:
            raise UnknownRule(self.rule)
        if self.on_day_off not in ON_DAY_OFF:
            raise ValueError(f"unknown way with days off: {self.on_day_off!r}")
        if next(iter(self._rrule()), None) is None:
            raise UnknownRule(self.rule)

    @property
    def has_day(self) -> bool:
        """Whether the rule says on which day, and not in which months only."""
        return bool(parts_of(self.rule).keys() & {"BYDAY", "BYMONTHDAY"})

    def _rrule(self) -> rrule:
        start = datetime.combine(
            self.anchor if self.has_day else self.anchor.replace(day=1), time()
        )
        try:
            found = rrulestr(self.rule, dtstart=start)
        except (ValueError, TypeError, KeyError) as error:
            raise UnknownRule(self.rule) from error
        assert isinstance(found, rrule)  # noqa: S101 - one line, one rule
        return found

    def slots(self, first: date, last: date) -> Iterator[date]:
        """The days the rule itself names, days off or not; of a rule without a day the first of
        each month. Both ends included, none before the anchor."""
        ends = datetime.combine(first, time()), datetime.combine(last, time())
        for moment in self._rrule().between(*ends, inc=True):
            yield moment.date()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A sitting that is due. slot: the day the rule names (its key, whatever the day becomes; the
    first of the month where the rule names none); on: the day it is held, if known."""

    slot: date
    on: date | None


def occurrences(
    recurrence: Recurrence, start: date, end: date, open_days: OpenDays
) -> list[Occurrence]:
    """What is due from `start` to `end`, both included, in order, never two on one day.

    With a day: those whose day, after days off, lies in the range. Without one: an entry with
    on=None for each month the range touches. Empty when `end` is before `start`.
    """
    if end < start:
        return []
    if not recurrence.has_day:
        return [Occurrence(slot, None) for slot in recurrence.slots(start.replace(day=1), end)]
    found: dict[date, Occurrence] = {}
    for slot in recurrence.slots(start - FAR, end + FAR):
        on = open_days.shifted(slot, recurrence.on_day_off)
        if on is not None and start <= on <= end:
            found.setdefault(on, Occurrence(slot, on))
    return [found[on] for on in sorted(found)]


def monthly_rule(
    *, months: int = 1, nths: Iterable[int] = (), weekday: int | None = None, day: int | None = None
) -> str:
    """The rule „every so many months", on the nth weekdays (1–5, -1 the last; 0 is Monday), on a
    day of the month, or on a day that is not said."""
    parts = ["FREQ=MONTHLY"]
    if months != 1:
        parts.append(f"INTERVAL={months}")
    if weekday is not None:
        parts.append("BYDAY=" + ",".join(f"{nth}{WEEKDAYS[weekday]}" for nth in nths))
    elif day is not None:
        parts.append(f"BYMONTHDAY={day}")
    return ";".join(parts)


def weekly_rule(*, weeks: int, weekday: int) -> str:
    """The rule „every so many weeks on this weekday" (0 is Monday)."""
    every = f";INTERVAL={weeks}" if weeks != 1 else ""
    return f"FREQ=WEEKLY{every};BYDAY={WEEKDAYS[weekday]}"


def parts_of(rule: str) -> dict[str, str]:
    """A rule's parts by name. Raises UnknownRule."""
    found: dict[str, str] = {}
    if not _TEXT.fullmatch(rule):
        raise UnknownRule(rule)
    for part in rule.split(";"):
        name, is_there, value = part.partition("=")
        if name not in PARTS or name in found or not is_there or not value:
            raise UnknownRule(rule)
        found[name] = value
    numbers = {name: found.get(name, "1").split(",") for name in _HIGHEST}
    for name, values in numbers.items():
        if not all(value.lstrip("-").isdigit() for value in values):
            raise UnknownRule(rule)
        if not all(1 <= abs(int(value)) <= _HIGHEST[name] for value in values):
            raise UnknownRule(rule)
    return found
