"""Working days and rhythms once more, written for the proof alone: it shares no line with
`config.lib.rhythm` and `meetings.calendar`, whose answers it is held against.

Days off: 土日, 国民の休日 (jpholiday), 年末年始 12月29日–1月3日, and the city's own closing days.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime
from collections.abc import Callable, Iterator

import jpholiday

Date = datetime.date
ONE = datetime.timedelta(days=1)
# What 二月に1回 counts from where a rule says nothing: April, as 年度.
APRIL = 4


def months_later(day: Date, number: int) -> Date:
    """The same day so many months later, or the last of that month."""
    count = day.year * 12 + day.month - 1 + number
    year, month = count // 12, count % 12 + 1
    return Date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def each_day(first: Date, last: Date) -> Iterator[Date]:
    """Both included."""
    while first <= last:
        yield first
        first += ONE


@dataclasses.dataclass(frozen=True)
class Office:
    """On which days a city's office works."""

    closed: frozenset[Date] = frozenset()

    def works(self, day: Date) -> bool:
        if day in self.closed or calendar.weekday(day.year, day.month, day.day) > 4:
            return False
        if (day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3):
            return False
        return not jpholiday.is_holiday(day)

    def after(self, day: Date) -> Date:
        """The first working day after it."""
        return next(found for found in _walk(day, ONE) if self.works(found))

    def earlier(self, day: Date, number: int) -> Date:
        """So many working days before it (開庁日で数えて)."""
        for _step in range(number):
            day = next(found for found in _walk(day, -ONE) if self.works(found))
        return day

    def held(self, named: Date, on_day_off: str) -> Date | None:
        """When a sitting is held that a rule puts on this day: next, previous or skip. It stays in
        its month while that has a working day on the other side."""
        if self.works(named):
            return named
        if on_day_off == "skip":
            return None
        later = next(found for found in _walk(named, ONE) if self.works(found))
        sooner = next(found for found in _walk(named, -ONE) if self.works(found))
        wanted, other = (later, sooner) if on_day_off == "next" else (sooner, later)
        return wanted if wanted.month == named.month else other


def _walk(day: Date, step: datetime.timedelta) -> Iterator[Date]:
    while True:
        day += step
        yield day


Names = Callable[[Date, Date], bool]


@dataclasses.dataclass(frozen=True)
class Rule:
    """On which days something is due. text: what the product is told (RFC 5545); names: whether a
    day is one of them, given the day the rule began. A rule without a day names whole months."""

    text: str
    names: Names
    has_day: bool = True

    def days(self, since: Date, first: Date, last: Date) -> list[Date]:
        """Its days, days off or not (the first of each month where it names none), none before it
        began."""
        begins = since if self.has_day else since.replace(day=1)
        return [day for day in each_day(max(begins, first), last) if self.names(day, since)]


def nth(day: Date) -> int:
    """The 第 of a weekday in its month: 1 to 5."""
    return (day.day + 6) // 7


def nth_weekday(text: str, weekday: int, *numbers: int, every: int = 1) -> Rule:
    """毎月第n曜日 (0 is Monday), every so many months from the month the rule begins in."""

    def names(day: Date, since: Date) -> bool:
        return (
            day.weekday() == weekday
            and nth(day) in numbers
            and (day.year * 12 + day.month - since.year * 12 - since.month) % every == 0
        )

    return Rule(text, names)


def day_of_month(text: str, number: int, *, every: int = 1) -> Rule:
    """毎月n日; a month that has no such day is left out (RFC 5545)."""

    def names(day: Date, since: Date) -> bool:
        apart = day.year * 12 + day.month - since.year * 12 - since.month
        return day.day == number and apart % every == 0

    return Rule(text, names)


def weekly(text: str, weekday: int) -> Rule:
    return Rule(text, lambda day, since: day.weekday() == weekday)


def months(every: int) -> Rule:
    """月1回, 二月に1回: in which months, the day left open. Counted from April."""
    return Rule("", lambda day, since: day.day == 1 and (day.month - APRIL) % every == 0, False)
