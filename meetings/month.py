"""The month of a calendar: which days there are, what is on them, and why an office is closed.

A sitting is a day and a room: nothing here asks what is on its agenda, so that a calendar is the
same for whoever is appointed to something sealed and whoever is not (V6).
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import ConferenceType, Membership
from agencies.opendays import open_days
from config.lib.eras import format_long, today
from config.lib.rhythm import OpenDays, holiday_name, is_year_end
from config.lib.wording import label_of
from meetings import enums
from meetings.models import Sitting
from meetings.pages import STATE_TONE
from meetings.permissions import is_office, listed_types
from meetings.seriespage import days_before

WEEKDAYS: Final = "月火水木金土日"
FIRST: Final = datetime.date(2000, 1, 1)
LAST: Final = datetime.date(2099, 12, 1)
# No series counts more than 60 open days back, some 100 days with weekends and holidays.
FURTHEST: Final = datetime.timedelta(days=110)
S = enums.SittingState


@dataclass(frozen=True)
class Line:
    """A sitting, or a day counted back from one, as a cell says it."""

    when: str
    what: str
    url: str
    state: str = ""
    tone: str = ""


@dataclass
class Day:
    """A cell. off: why the office is closed, weekends apart."""

    on: datetime.date
    is_today: bool
    is_closed: bool
    off: str
    sittings: list[Line] = field(default_factory=list)
    steps: list[Line] = field(default_factory=list)

    @property
    def weekday(self) -> str:
        return WEEKDAYS[self.on.weekday()]

    @property
    def has_something(self) -> bool:
        return bool(self.sittings or self.steps or self.off or self.is_today)


def month_of(text: str) -> datetime.date:
    """The first day of „2026-12"; of anything else, this month's."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
    first = datetime.date(int(found[1]), int(found[2]), 1) if found and found[1] > "0000" else None
    return first if first and FIRST <= first <= LAST else today().replace(day=1)


def title_of(first: datetime.date) -> str:
    """「令和8年12月」."""
    return format_long(first).partition("月")[0] + "月"


def turns(first: datetime.date, of: str) -> list[tuple[str, str]]:
    """Words and addresses of the month before, this one and the next; of: what they keep."""
    months = [
        (_("前の月"), neighbour(first, -1)),
        (_("今月"), f"{today():%Y-%m}"),
        (_("次の月"), neighbour(first, 1)),
    ]
    return [(words, f"?month={month}{of}") for words, month in months if month]


def neighbour(first: datetime.date, months: int) -> str:
    """„2027-01"; "" beyond what is shown."""
    other = first + relativedelta(months=months)
    return f"{other:%Y-%m}" if FIRST <= other <= LAST else ""


def why_closed(day: datetime.date, office: OpenDays) -> str:
    """The holiday's name, 年末年始, or that the city has closed that day; "" for others."""
    if name := holiday_name(day):
        return name
    if is_year_end(day):
        return _("年末年始")
    return _("市の閉庁日") if day in office.closed else ""


def month_page(
    by: Membership, first: datetime.date, bodies: Collection[ConferenceType], body: int | None
) -> dict[str, Any]:
    """weeks (None outside the month), undated, has_sittings. Three queries, whatever there is."""
    office = open_days(by.municipality)
    last = first + relativedelta(months=1, days=-1)
    runs = _run_by(by, bodies)
    days = {
        day: Day(day, day == today(), not office.is_open(day), why_closed(day, office))
        for day in (first + datetime.timedelta(n) for n in range(last.day))
    }
    undated = []
    for sitting in _sittings(by, first, last + FURTHEST * bool(runs), body):
        types = sorted(sitting.conference_types.all(), key=lambda t: (t.order, t.pk))
        names = "・".join(t.short_name or t.name for t in types)
        url = reverse("sitting_detail", args=[sitting.pk])
        if sitting.on is None:
            undated.append(_line(sitting, names, url))
        elif sitting.on <= last:
            days[sitting.on].sittings.append(_line(sitting, names, url))
        if sitting.state != S.CANCELLED and runs & {t.pk for t in types}:
            for _name, label, on in days_before(sitting, office):
                if on in days:
                    days[on].steps.append(Line(label, _of(sitting, names), url))
    has_sittings = bool(undated) or any(day.sittings for day in days.values())
    return {"weeks": _weeks(days), "undated": undated, "has_sittings": has_sittings}


def _run_by(by: Membership, bodies: Iterable[ConferenceType]) -> set[int]:
    """The bodies whose days one sets: `check_can_run`, of all at once. One query."""
    may_run = by.may(Permission.RUN_CONFERENCE)
    return {b.pk for b in bodies if may_run and is_office(by, b)} | listed_types(by)


def _sittings(
    by: Membership, first: datetime.date, last: datetime.date, body: int | None
) -> Iterable[Sitting]:
    found = Sitting.objects.visible_to(by).filter(
        Q(on__range=(first, last)) | Q(on__isnull=True, state=S.UNDATED, month=first)
    )
    if body is not None:
        found = found.filter(conference_types=body)
    found = found.select_related("series").prefetch_related("conference_types")
    return found.order_by("on", "starts_at", "pk")


def _line(sitting: Sitting, names: str, url: str) -> Line:
    hour = f"{sitting.starts_at:%H:%M}" if sitting.starts_at else ""
    state = label_of(enums.SittingState, sitting.state)
    return Line(hour, names, url, state, STATE_TONE[sitting.state])


def _of(sitting: Sitting, names: str) -> str:
    assert sitting.on is not None  # noqa: S101 - days are counted back from a day
    return f"{names}（{sitting.on.month}/{sitting.on.day}）"


def _weeks(days: dict[datetime.date, Day]) -> list[list[Day | None]]:
    first = min(days)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return [[days.get(day) for day in week] for week in weeks]
