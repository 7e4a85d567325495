"""Decides which sittings are due: the cities' rhythms, three months ahead, never one twice.

A body sits by its series (定例の決まり, which its office sets) and, as long as it has had none, by
the rhythm of the city's profile. Once per rule and the day it names (`due_key`), however often the
schedule runs. Bodies that sit jointly share one sitting. Per case and ad hoc make none.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agencies.enums import RhythmKind
from agencies.models import ConferenceType, Municipality
from agencies.opendays import open_days
from config.lib.eras import today
from config.lib.rhythm import Occurrence, OpenDays, Recurrence, monthly_rule, occurrences
from meetings import enums
from meetings.models import Series, Sitting

MONTHS_AHEAD: Final = 3
REGULAR: Final = (
    RhythmKind.MONTHLY,
    RhythmKind.MONTHLY_NTH_WEEKDAY,
    RhythmKind.EVERY_N_MONTHS,
)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rhythm_of(body: ConferenceType) -> Recurrence | None:
    """The profile's rhythm as a rule; None for a body that meets as need arises."""
    if body.rhythm_kind not in REGULAR:
        return None
    has_day = bool(body.rhythm_weekday) and body.rhythm_nth is not None
    every_n = body.rhythm_kind == RhythmKind.EVERY_N_MONTHS
    return Recurrence(
        monthly_rule(
            months=(body.rhythm_months or 1) if every_n else 1,
            nths=[body.rhythm_nth or 1] if has_day else (),
            weekday=WEEKDAYS.index(body.rhythm_weekday) if has_day else None,
        )
    )


def joint_groups(types: Iterable[ConferenceType]) -> list[list[ConferenceType]]:
    """Conference types that sit together, each group in the order of the profile."""
    groups: dict[int, list[ConferenceType]] = {}
    for one in sorted(types, key=lambda t: (t.order, t.pk)):
        partners = [
            group
            for group in groups.values()
            if any(one.pk == t.joint_with_id or t.pk == one.joint_with_id for t in group)
        ]
        if partners:
            partners[0].append(one)
        else:
            groups[one.pk] = [one]
    return list(groups.values())


def groups_of(city: Municipality) -> list[list[ConferenceType]]:
    """The city's bodies of today, those that sit together side by side. One query."""
    return joint_groups(ConferenceType.objects.running_in(city))


@dataclasses.dataclass(frozen=True)
class Due:
    """A sitting that a rule says: its key, the day the rule names and the day it is held."""

    key: str
    occurrence: Occurrence
    series: Series | None

    @property
    def month(self) -> datetime.date:
        return (self.occurrence.on or self.occurrence.slot).replace(day=1)


def due_of(
    group: list[ConferenceType],
    city: Municipality,
    series: Iterable[Series],
    first: datetime.date,
    last: datetime.date,
    office: OpenDays,
) -> Iterator[Due]:
    """What is due of these bodies in these days: by their series, each in its time, and before the
    first of them by the profile's rhythm."""
    until = last
    for one in sorted(series, key=lambda s: s.since, reverse=True):
        end = min(until, one.ends_on or until)
        for found in occurrences(one.recurrence, max(first, one.since), end, office):
            yield Due(f"{one.pk}:{found.slot:%Y-%m-%d}", found, one)
        until = min(until, one.since - datetime.timedelta(days=1))
    rhythm = next(filter(None, map(rhythm_of, group)), None)
    if rhythm is not None:
        for found in occurrences(rhythm, first, until, office):
            yield Due(_month_key(group, city, found.slot), found, None)


def _month_key(group: list[ConferenceType], city: Municipality, month: datetime.date) -> str:
    """「plan+support:city:2026-12」: a profile's rhythm sits once a month at most; the same for the
    pair, whichever is read first."""
    codes = "+".join(sorted(t.code for t in group))
    return f"{codes}:{city.code}:{month:%Y-%m}"


@transaction.atomic
def make_sittings(
    city: Municipality, *, start: datetime.date | None = None, months: int = MONTHS_AHEAD
) -> list[Sitting]:
    """Make what the rules say from `start` (today) for `months`; gives the new ones."""
    first = start or today()
    last = first + relativedelta(months=months)
    office = open_days(city)
    made = []
    lock_calendar(city)
    for group in groups_of(city):
        series = Series.objects.filter(conference_type__in=group)
        for due in due_of(group, city, series, first, last, office):
            sitting = make_due(group, city, due)
            made += [sitting] if sitting else []
    return made


def lock_calendar(city: Municipality) -> None:
    """Until the transaction ends nobody else makes sittings of this city or says by which rule."""
    with connection.cursor() as cursor:
        key = f"calendar/{city.pk}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


@transaction.atomic
def make_due(group: list[ConferenceType], city: Municipality, due: Due) -> Sitting | None:
    on, series = due.occurrence.on, due.series
    sitting, is_new = Sitting.objects.get_or_create(
        due_key=due.key,
        defaults={
            "municipality": city,
            "series": series,
            "month": due.month,
            "on": on,
            "starts_at": series.starts_at if series else None,
            "ends_at": series.ends_at if series else None,
            "place": series.place if series else "",
            "state": enums.SittingState.PLANNED if on else enums.SittingState.UNDATED,
        },
    )
    if not is_new:
        return None
    sitting.conference_types.set(group)
    return sitting


# --- days counted back from a sitting ------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Deadlines:
    """The days before a sitting on which its office does something; none: this series has none."""

    call: datetime.date | None = None  # 議題の募集
    agenda: datetime.date | None = None  # 議題の締切
    notice: datetime.date | None = None  # 開催通知
    pack: datetime.date | None = None  # 資料の配付
    eve: datetime.date | None = None  # the last open day before it

    def named(self) -> list[tuple[str, datetime.date]]:
        """Those there are, in the order of their days."""
        known = [(name, day) for name, day in vars(self).items() if day is not None]
        return sorted(known, key=lambda pair: pair[1])


def deadlines_of(sitting: Sitting, office: OpenDays) -> Deadlines:
    """Counted in the office's open days back from the day it is held, wherever it was moved to."""
    on, series = sitting.on, sitting.series
    if on is None:
        return Deadlines()
    days = {
        name: getattr(series, f"{name}_days", None) for name in ("call", "agenda", "notice", "pack")
    }
    return Deadlines(
        **{name: office.before(on, n) for name, n in days.items() if n is not None},
        eve=office.before(on - datetime.timedelta(days=1), 0),
    )


REMIND: Final = "remind_sitting"
S = enums.SittingState


def reminders(sitting: Sitting, deadlines: Deadlines, day: datetime.date) -> Iterator[str]:
    """What is to be told on this day and was not told before: a day that was missed is caught up
    as long as it is still of use."""
    on, is_called = sitting.on, sitting.state == S.NOTICED
    if on is None or day > on or sitting.state not in (S.PLANNED, S.NOTICED):
        return
    if deadlines.agenda is not None and not is_called:
        if deadlines.call is not None and deadlines.call <= day < deadlines.agenda:
            yield "call"
        if deadlines.agenda <= day:
            yield "agenda"
    if deadlines.notice is not None and not is_called and deadlines.notice <= day:
        yield "notice"
    if deadlines.pack is not None and is_called and deadlines.pack <= day:
        yield "pack"
    if deadlines.eve is not None and is_called and deadlines.eve <= day < on:
        yield "eve"


def due_jobs() -> list[tuple[str, str, dict[str, object]]]:
    """What is due today: the sittings of each city once a month (and once a day what a new rule
    or a longer view adds), lapsed consents, and, on the city's open days, what is told before a
    sitting, once for each day it was planned for. Three queries."""
    day = today()
    cities = {city.pk: city for city in Municipality.objects.order_by("pk")}
    jobs: list[tuple[str, str, dict[str, object]]] = [
        ("make_sittings", f"{city.code}:{day:%Y-%m-%d}", {"municipality": key})
        for key, city in cities.items()
    ]
    offices = {key: open_days(city) for key, city in cities.items()}
    coming = Sitting.objects.filter(on__gte=day).filter(
        Q(state=S.NOTICED) | Q(state=S.PLANNED, series__isnull=False)
    )
    for sitting in coming.select_related("series").order_by("on", "pk"):
        office = offices[sitting.municipality_id]
        if not office.is_open(day):
            continue
        for what in reminders(sitting, deadlines_of(sitting, office), day):
            key = f"{sitting.pk}:{what}:{sitting.on}"
            told: dict[str, object] = {
                "sitting": str(sitting.pk),
                "what": what,
                "on": str(sitting.on),
            }
            jobs.append((REMIND, key, told))
    # Of whose cancelling nobody could be told at the time: until then nothing is put off.
    hour = timezone.now() - datetime.timedelta(hours=1)
    untold = Sitting.objects.filter(state=S.CANCELLED, told_at=None, cancelled_at__lt=hour)
    for pk in untold.order_by("pk").values_list("pk", flat=True):
        jobs.append(("tell_cancelled", f"{pk}:{day:%Y-%m-%d}", {"sitting": str(pk)}))
    # What a cancelled sitting still holds; usually it has gone on with the day's first worker.
    daily = ("block_uncovered_items", "put_off_items")
    return [*jobs, *((name, f"{day:%Y-%m-%d}", {}) for name in daily)]
