"""Decides which 年度 a day belongs to, how old somebody is, and when a day ends.

Source: 会計年度 of local bodies runs from 1 April to 31 March (地方自治法第208条). A date "until"
includes that day in Asia/Tokyo (visibility rules); grants store half-open ranges of instants.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from config.lib.eras import TOKYO, era_of, local_day


def fiscal_year(value: date | datetime) -> int:
    """Give the 年度 (its first calendar year) of a day; datetimes: the day in Asia/Tokyo."""
    day = local_day(value)
    return day.year if day.month >= 4 else day.year - 1


def fiscal_range(year: int) -> tuple[date, date]:
    """Give the first and the last day of a 年度, both included."""
    return date(year, 4, 1), date(year + 1, 3, 31)


def era_year(year: int) -> tuple[str, int]:
    """Give the era's name and year by which a 年度 is called: 2026 is ("令和", 8).

    The era in force on 1 May names it: that is what the ministries settled on for 2019, which is
    令和元年度 as a whole. Raises ValueError before 1873.
    """
    found = era_of(date(year, 5, 1))
    if found is None:
        raise ValueError(f"no era name for fiscal year {year}")
    era, number = found
    return era.name, number


def label(year: int) -> str:
    """Show a 年度 as 令和8年度."""
    name, number = era_year(year)
    return f"{name}{'元' if number == 1 else number}年度"


def age_on(birth: date, day: date) -> int:
    """Give the age in completed years on a day, counting up on the birthday.

    By 年齢計算ニ関スル法律 a year of age is complete at the end of the day before the birthday, so
    throughout that day before, the age shown is still the old one. Who is born on 29 February
    counts up on 1 March in common years (民法第143条第2項). For rules that ask on which day an
    age is attained, use `attains_on`. Raises ValueError when `day` is before `birth`.
    """
    if day < birth:
        raise ValueError("the day is before the birth")
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def attains_on(birth: date, age: int) -> date:
    """Give the day on which an age is legally attained: the one before the birthday.

    Born on 1 April 1961, one attains 65 on 31 March 2026.
    """
    year = birth.year + age
    try:
        birthday = birth.replace(year=year)
    except ValueError:  # 29 February in a common year
        birthday = date(year, 3, 1)
    return birthday - timedelta(days=1)


def from_day_to_instant(day: date) -> datetime:
    """Give the first instant of a day in Asia/Tokyo, as an aware datetime in UTC."""
    return datetime.combine(day, time.min, tzinfo=TOKYO).astimezone(UTC)


def until_day_to_instant(day: date) -> datetime:
    """Give the first instant after a day in Asia/Tokyo, as an aware datetime in UTC.

    The upper, excluded bound of a range that runs "until" that day. OverflowError for the last
    day the calendar knows.
    """
    return from_day_to_instant(day + timedelta(days=1))


def instant_to_until_day(instant: datetime) -> date:
    """Give the last day in Asia/Tokyo that a range with this excluded upper bound touches.

    The inverse of `until_day_to_instant`. Raises ValueError for a naive datetime.
    """
    return local_day(instant - timedelta(microseconds=1))
