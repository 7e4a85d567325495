"""気になる見かた: reasons to ask, never findings. Counts and case numbers, no name of a case."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import ExtractHour, TruncDate, TruncHour
from django.urls import reverse
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import AccessLog, Membership
from agencies.opendays import open_days
from config.lib.eras import format_datetime_short, format_short, format_with_weekday
from config.lib.fiscal import from_day_to_instant
from reports.review.lines import names_of

LOOKS = (Action.OPEN, Action.PRINT, Action.EXPORT)
MANY = 20  # different cases within one hour by the clock
NIGHT_FROM, NIGHT_UNTIL = 22, 6
SHOWN = 100
DAYS = 30


@dataclass(frozen=True)
class Pattern:
    """A line to ask about: who, when, what stands out, and where the looks are."""

    name: str
    agency: str
    when: str
    what: str
    url: str


@dataclass(frozen=True)
class Period:
    """Days in Asia/Tokyo, both included."""

    since: datetime.date
    until: datetime.date

    @property
    def instants(self) -> tuple[datetime.datetime, datetime.datetime]:
        after = self.until + datetime.timedelta(days=1)
        return from_day_to_instant(self.since), from_day_to_instant(after)

    def days(self) -> Iterator[datetime.date]:
        for number in range((self.until - self.since).days + 1):
            yield self.since + datetime.timedelta(days=number)


def _looks(by: Membership, period: Period) -> QuerySet[AccessLog]:
    start, end = period.instants
    return AccessLog.objects.visible_to(by).filter(
        municipality_id=by.municipality.pk,
        at__gte=start,
        at__lt=end,
        action__in=LOOKS,
        was_allowed=True,
        case_id__isnull=False,
        membership_id__isnull=False,
    )


def many_cases(by: Membership, period: Period) -> list[Pattern]:
    """Many different cases by one membership within an hour. Two queries."""
    rows = list(
        _looks(by, period)
        .annotate(hour=TruncHour("at", tzinfo=get_default_timezone()))
        .values("membership_id", "hour")
        .annotate(cases=Count("case_id", distinct=True))
        .filter(cases__gte=MANY)
        .order_by("-hour")[:SHOWN]
    )
    return _patterns(
        rows,
        lambda row: _("%(at)sから1時間") % {"at": format_datetime_short(row["hour"])},
        lambda row: _("%(n)s件のケース") % {"n": row["cases"]},
        lambda row: localtime(row["hour"]).date(),
    )


def at_odd_times(by: Membership, period: Period) -> list[Pattern]:
    """At night or on days off, a line for each membership and day. Two queries."""
    zone = get_default_timezone()
    office = open_days(by.municipality)
    off = [day for day in period.days() if not office.is_open(day)]
    at_night = Q(hour__gte=NIGHT_FROM) | Q(hour__lt=NIGHT_UNTIL)
    rows = list(
        _looks(by, period)
        .annotate(day=TruncDate("at", tzinfo=zone), hour=ExtractHour("at", tzinfo=zone))
        .filter(at_night | Q(day__in=off))
        .values("membership_id", "day")
        .annotate(cases=Count("case_id", distinct=True), first=Min("at"), last=Max("at"))
        .order_by("-day", "-cases")[:SHOWN]
    )
    return _patterns(
        rows,
        lambda row: format_with_weekday(row["day"]),
        lambda row: (
            _("%(first)s〜%(last)s　%(n)s件のケース")
            % {
                "first": f"{localtime(row['first']):%H:%M}",
                "last": f"{localtime(row['last']):%H:%M}",
                "n": row["cases"],
            }
        ),
        lambda row: row["day"],
    )


def own_surnames(by: Membership, period: Period) -> list[Pattern]:
    """A case with somebody of the reader's own surname. The database compares the names and tells
    none. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.review_surnames(%s, %s)", list(period.instants))
        names = ("membership_id", "case", "looks", "last")
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return _patterns(
        rows,
        lambda row: format_datetime_short(row["last"]),
        lambda row: _("ケース %(case)s を%(n)s回") % {"case": row["case"], "n": row["looks"]},
        lambda row: None,
    )


def _patterns(rows: Sequence[Mapping[str, Any]], when: Any, what: Any, day: Any) -> list[Pattern]:
    members = names_of(row["membership_id"] for row in rows)
    found = []
    for row in rows:
        who = members.get(row["membership_id"])
        if who is None:
            continue
        query = {"who": str(who.pk)}
        if row.get("case"):
            query["case"] = row["case"]
        if on := day(row):
            query |= {"since": format_short(on), "until": format_short(on)}
        url = f"{reverse('access_review')}?{urlencode(query)}"
        found.append(
            Pattern(str(who.user), f"{who.agency_name}　{who.role_name}", when(row), what(row), url)
        )
    return found
