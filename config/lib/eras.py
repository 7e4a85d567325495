"""Decides how a date is read and shown: Japanese era (和暦) or western, one calendar day.

Source: 元号法 (昭和54年法律第43号) and the cabinet orders on 平成 and 令和; the days on which the
eras begin are those of the orders and edicts. On 1912-07-30 and 1926-12-25 the change took
effect on the day itself, so papers of those days carry either era: both are read, the newer one
is shown. Until the end of 1872 Japan used a lunisolar calendar, so earlier days are not read.

Dates are stored as ISO dates; everything here is for reading input and for showing.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

TOKYO: Final = ZoneInfo("Asia/Tokyo")

EARLIEST: Final = date(1873, 1, 1)
LATEST: Final = date(2099, 12, 31)

WEEKDAYS: Final = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Era:
    """One era: its name, its letter, and its first and last day (both included)."""

    name: str
    letter: str
    first: date
    last: date | None

    def western_year(self, year: int) -> int:
        """Give the western year of this era's year (1 is 元年)."""
        return self.first.year + year - 1


ERAS: Final = (
    Era("明治", "M", date(1868, 1, 25), date(1912, 7, 30)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 25)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("令和", "R", date(2019, 5, 1), None),
)

_ERA_BY_MARK: Final = {mark: era for era in ERAS for mark in (era.name, era.name[0], era.letter)}

_ERA = r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令MTSHR])"
_SEPARATOR = r"[-/.]"
_FULL: Final = re.compile(
    rf"{_ERA}?(?P<year>元|\d{{1,4}})(?:年|{_SEPARATOR})"
    rf"(?P<month>\d{{1,2}})(?:月|{_SEPARATOR})(?P<day>\d{{1,2}})日?"
)
_COMPACT: Final = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_COMPACT_ERA: Final = re.compile(rf"{_ERA}(?P<year>\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}})")
# A slash or 月日 alone: 8.11 and 8-11 may be a year and a month.
_MONTH_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})|(\d{1,2})月(\d{1,2})日")
_YEAR_MONTH: Final = re.compile(
    rf"{_ERA}?(?P<year>元|\d{{1,4}})(?:年|{_SEPARATOR})(?P<month>\d{{1,2}})月?"
)
_YEAR: Final = re.compile(rf"{_ERA}?(?P<year>元|\d{{1,4}})年?")
_WEEKDAY_SUFFIX: Final = re.compile(rf"\((?P<weekday>[{WEEKDAYS}])(?:曜日?)?\)$")
_BOTH_ERAS: Final = re.compile(
    r"(?P<western>\d{4}年(?:\d{1,2}月)?)"
    r"\([^\d/()]{2}\d+年(?:\d{1,2}月)?/[^\d/()]{2}(?:元|\d+)年(?:\d{1,2}月)?\)"
)
_AGE: Final = re.compile(r"(?P<age>\d{1,3})(?:[歳才]代?|代)")
_ABOUT: Final = re.compile(r"(?:頃|ころ|ごろ|くらい|ぐらい|位|前後|推定|\(推定\))$")
_BORN: Final = re.compile(r"(?:生まれ|生れ|生)$")

# What an input method writes when somebody means a hyphen or a full stop.
_MARKS: Final = str.maketrans({**dict.fromkeys("‐‑‒–—―−ー", "-"), **dict.fromkeys("。、,・", ".")})

_OLDEST_AGE: Final = 120


class EraDateError(ValueError):
    """The text is no date we take; `str(error)` is one message for the person who typed it.

    `code` is for programs: empty, unreadable, no_era, no_such_day, out_of_range,
    era_not_begun, era_ended, wrong_weekday.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A birth date as far as it is known; `estimated` says that it was given as 頃 or as an age,
    `is_decade` that of the age the decade alone is known (70代): the year is its middle.

    A day is only known together with its month. Raises ValueError when that does not hold or
    when there is no such day.
    """

    year: int
    month: int | None = None
    day: int | None = None
    estimated: bool = False
    is_decade: bool = False

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs its month")
        date(self.year, self.month or 1, self.day or 1)

    def earliest(self) -> date:
        """Give the first day this may mean."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """Give the last day this may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def as_date(self) -> date | None:
        """Give the day when it is fully known and not an estimate, else None."""
        if self.day is None or self.estimated:
            return None
        return self.earliest()


def today() -> date:
    """Give the present calendar day in Asia/Tokyo."""
    return datetime.now(TOKYO).date()


def local_day(value: date | datetime) -> date:
    """Give the calendar day in Asia/Tokyo of a date or an aware datetime.

    Raises ValueError for a naive datetime: it does not say which day it is.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no day in Asia/Tokyo")
        return value.astimezone(TOKYO).date()
    return value


def era_of(value: date | datetime) -> tuple[Era, int] | None:
    """Give the era and its year (1 is 元年) of a day in Asia/Tokyo, None before 1873."""
    day = local_day(value)
    if day < EARLIEST:
        return None
    era = next(era for era in reversed(ERAS) if era.first <= day)
    return era, day.year - era.first.year + 1


def format_long(value: date | datetime) -> str:
    """Show a day as 令和8年5月1日 (datetimes: the day in Asia/Tokyo; before 1873 western)."""
    day = local_day(value)
    return f"{_long_year(day)}{day.month}月{day.day}日"


def format_short(value: date | datetime) -> str:
    """Show a day as R8.5.1 (datetimes: the day in Asia/Tokyo; before 1873 western)."""
    day = local_day(value)
    found = era_of(day)
    year = f"{found[0].letter}{found[1]}" if found else str(day.year)
    return f"{year}.{day.month}.{day.day}"


def format_with_weekday(value: date | datetime) -> str:
    """Show a day as 令和8年11月24日（火） (datetimes: the day in Asia/Tokyo)."""
    day = local_day(value)
    return f"{format_long(day)}（{WEEKDAYS[day.weekday()]}）"


def format_datetime(value: datetime) -> str:
    """Show an aware datetime as 令和8年5月1日 14:30 in Asia/Tokyo. Naive: ValueError.

    Midnight to the microsecond stands for a day of which no time is known: the day alone.
    """
    return f"{format_long(value)}{_clock(value)}"


def format_datetime_short(value: datetime) -> str:
    """Show an aware datetime as R8.5.1 14:30 in Asia/Tokyo, as `format_datetime` does."""
    return f"{format_short(value)}{_clock(value)}"


def _clock(value: datetime) -> str:
    at = value.astimezone(TOKYO)
    return "" if at.time() == time.min else f" {at:%H:%M}"


def format_partial(value: PartialDate) -> str:
    """Show a partial date as 昭和30年4月1日, 昭和30年4月, 昭和30年, 昭和30年頃 or, today, 70代.

    When the eras change within what is known, both are named: 2019年（平成31年／令和元年）.
    """
    if value.is_decade:
        return f"{decade_of(today().year - value.year)}代"
    suffix = "頃" if value.estimated else ""
    if value.day is not None:
        return format_long(value.earliest()) + suffix
    month = "" if value.month is None else f"{value.month}月"
    first, last = _long_year(value.earliest()), _long_year(value.latest())
    if first == last:
        return f"{first}{month}{suffix}"
    return f"{value.year}年{month}（{first}{month}／{last}{month}）{suffix}"


def parse_date(text: str, *, up_to: date | None = None, since: date | None = None) -> date:
    """Read one full day as people write it, era or western, in any width.

    In: R8.5.1, 令和8年5月1日, 令和元年5月1日, 令8.5.1, R080501, 20260501, 2026-05-01, 2026/5/1,
    2026年5月1日; a weekday in brackets must be right. Out: a date from 1873 to 2099.
    Raises EraDateError with a message in the language of the request.

    up_to: also 11/23 and 11月23日, the last such day not after this one; since: the first such day
    not before this one. Without either the year must be there.
    """
    found, weekday = _split_weekday(_normalise(text))
    match = _first_match(found, _FULL, _COMPACT, _COMPACT_ERA)
    near = up_to or since
    if match is not None:
        day = _read(match).earliest()
    elif near is not None and (match := _MONTH_DAY.fullmatch(found)):
        day = _near(match, near, is_past=up_to is not None)
    else:
        raise _unreadable()
    if weekday is not None and WEEKDAYS[day.weekday()] != weekday:
        raise _error(
            _("%(date)sは%(weekday)s曜日です。日付か曜日を直してください。"),
            "wrong_weekday",
            date=format_long(day),
            weekday=WEEKDAYS[day.weekday()],
        )
    return day


def parse_partial(text: str, *, on: date | None = None) -> PartialDate:
    """Read a birth date as far as it is known.

    In: what `parse_date` reads, a year (昭和30年, S30, 1955), a year and month (S30.4, 1955-04),
    any of these with 頃 or 推定, or an age (70歳くらい, 70代), reckoned back from the day `on`
    (default: today in Asia/Tokyo). Out: PartialDate. Raises EraDateError.
    """
    found = _normalise(text)
    stripped = _ABOUT.sub("", found)
    stripped = stripped.removeprefix("推定")
    estimated = stripped != found
    stripped = _BORN.sub("", stripped)
    both = _BOTH_ERAS.fullmatch(stripped)
    if both:
        stripped = both["western"]
    age = _AGE.fullmatch(stripped)
    if age:
        return _from_age(int(age["age"]), age[0].endswith("代"), on or today())
    match = _first_match(stripped, _FULL, _COMPACT, _COMPACT_ERA, _YEAR_MONTH, _YEAR)
    if match is None:
        raise _error(
            _("日付として読めません。S30.4.1、昭和30年、70歳くらいのように入れてください。"),
            "unreadable",
        )
    value = _read(match)
    return PartialDate(value.year, value.month, value.day, estimated)


def _normalise(text: str) -> str:
    found = unicodedata.normalize("NFKC", text)
    found = "".join(char for char in found if not char.isspace()).upper().translate(_MARKS)
    found = found.removeprefix("西暦")
    if not found:
        raise _error(_("日付を入れてください。"), "empty")
    if len(found) > 40:
        raise _unreadable()
    return found


def _split_weekday(text: str) -> tuple[str, str | None]:
    match = _WEEKDAY_SUFFIX.search(text)
    if match is None:
        return text, None
    return text[: match.start()], match["weekday"]


def _near(match: re.Match[str], on: date, *, is_past: bool) -> date:
    month, day = (int(part) for part in match.groups() if part)
    year = on.year
    if is_past and (month, day) > (on.month, on.day):
        year -= 1
    elif not is_past and (month, day) < (on.month, on.day):
        year += 1
    _check_day(year, month, day)
    return date(year, month, day)


def _first_match(text: str, *patterns: re.Pattern[str]) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := pattern.fullmatch(text))), None)


def _read(match: re.Match[str]) -> PartialDate:
    """Turn a match into a checked year, month and day."""
    parts = match.groupdict()
    year = 1 if parts["year"] == "元" else int(parts["year"])
    month = int(parts["month"]) if parts.get("month") else None
    day = int(parts["day"]) if parts.get("day") else None
    if not parts.get("era"):
        if len(parts["year"]) < 4:
            raise _error(
                _("年は元号を付けるか西暦4桁で入れてください（例：R8.5.1、2026-05-01）。"), "no_era"
            )
        if not EARLIEST.year <= year <= LATEST.year:
            raise _out_of_range()
        _check_day(year, month, day)
        return PartialDate(year, month, day)
    era = _ERA_BY_MARK[parts["era"]]
    if len(parts["year"]) > 2:
        raise _error(
            _("元号と西暦のどちらかで入れてください（例：R8.5.1、2026-05-01）。"), "unreadable"
        )
    return _read_in_era(era, year, month, day)


def _read_in_era(era: Era, year: int, month: int | None, day: int | None) -> PartialDate:
    western = era.western_year(year)
    _check_day(western, month, day)
    value = PartialDate(western, month, day)
    if year < 1 or value.latest() < era.first:
        earlier = next((other for other in reversed(ERAS) if other.first < era.first), None)
        if year < 1 or earlier is None:
            raise _error(
                _("%(era)sは%(first)sからです。年を直してください。"),
                "era_not_begun",
                era=era.name,
                first=_day_in_era(era, era.first),
            )
        raise _error(
            _("%(era)sは%(first)sからです。%(right)sのように、%(other)sの日付を入れてください。"),
            "era_not_begun",
            era=era.name,
            first=_day_in_era(era, era.first),
            right=format_partial(value),
            other=earlier.name,
        )
    if era.last is not None and value.earliest() > era.last:
        right = era_of(value.latest())
        raise _error(
            _("%(era)sは%(last)sまでです。%(right)sのように、%(other)sの日付を入れてください。"),
            "era_ended",
            era=era.name,
            last=_day_in_era(era, era.last),
            right=format_partial(value),
            other=right[0].name if right else "",
        )
    if value.earliest().year < EARLIEST.year or western > LATEST.year:
        raise _out_of_range()
    return value


def _check_day(year: int, month: int | None, day: int | None) -> None:
    if month is not None and not 1 <= month <= 12:
        raise _error(
            _("%(month)s月はありません。月は1から12までの数字で入れてください。"),
            "no_such_day",
            month=month,
        )
    if month is None or day is None:
        return
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise _error(
            _("%(year)s%(month)s月に%(day)s日はありません。%(last)s日までの日を入れてください。"),
            "no_such_day",
            year=_long_year(date(year, month, 1)),
            month=month,
            day=day,
            last=last,
        )


def _from_age(age: int, is_decade: bool, on: date) -> PartialDate:
    if age > _OLDEST_AGE:
        raise _error(_("年齢は0歳から120歳までで入れてください。"), "out_of_range")
    middle = decade_of(age) + 5 if is_decade else age
    return PartialDate(on.year - middle, estimated=True, is_decade=is_decade)


def decade_of(age: int) -> int:
    """Give 70 for an age of 70 to 79 years."""
    return age // 10 * 10


def _long_year(day: date) -> str:
    found = era_of(day)
    if found is None:
        return f"{day.year}年"
    era, year = found
    return f"{era.name}{'元' if year == 1 else year}年"


def _day_in_era(era: Era, day: date) -> str:
    """Show a day by the given era's own count, without its name."""
    year = day.year - era.first.year + 1
    return f"{'元' if year == 1 else year}年{day.month}月{day.day}日"


def _unreadable() -> EraDateError:
    return _error(
        _("日付として読めません。R8.5.1、令和8年5月1日、2026-05-01のように入れてください。"),
        "unreadable",
    )


def _out_of_range() -> EraDateError:
    return _error(
        _("明治6年（1873年）から%(last)s年までの日付を入れてください。"),
        "out_of_range",
        last=LATEST.year,
    )


def _error(message: Any, code: str, **values: object) -> EraDateError:
    return EraDateError(str(message % values) if values else str(message), code)
