"""定例の決まり: by which rule a body sits from a day on, and what becomes of what was planned."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from itertools import zip_longest

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext as _

from agencies.models import ConferenceType, Membership
from agencies.opendays import open_days
from agencies.permissions import ActionDenied
from cases.operations.case import StaleVersion
from config.lib.eras import format_short, today
from config.lib.rhythm import Occurrence, OpenDays, Recurrence, UnknownRule, occurrences
from meetings import enums
from meetings.calendar import MONTHS_AHEAD, Due, due_of, groups_of, lock_calendar, make_due
from meetings.models import AgendaItem, Series, Sitting
from meetings.notifications import file_move, file_put_off
from meetings.operations.cancelling import call_off
from meetings.operations.sitting import UNFINISHED, trace_sitting
from meetings.permissions import check_can_run

S = enums.SittingState
# A rule is followed by later ones alone: a slip of the year would stand for good.
FURTHEST = relativedelta(years=2)
# In the order of their days: each lies no later before the sitting than the one before it.
STEPS = ("call_days", "agenda_days", "notice_days", "pack_days")


@dataclasses.dataclass(frozen=True)
class Rhythm:
    """What an office says of its sittings. rule: RFC 5545; *_days: open days before a sitting."""

    since: datetime.date
    rule: str
    on_day_off: str = enums.OnDayOff.NEXT
    starts_at: datetime.time | None = None
    ends_at: datetime.time | None = None
    place: str = ""
    call_days: int | None = None
    agenda_days: int | None = None
    notice_days: int | None = None
    pack_days: int | None = None


@dataclasses.dataclass(frozen=True)
class Changed:
    """What a new rhythm did to the calendar."""

    series: Series
    made: int = 0
    moved: int = 0
    cancelled: int = 0


def group_of(body: ConferenceType) -> list[ConferenceType]:
    """The bodies that sit together with this one, in the profile's order, itself among them."""
    for group in groups_of(body.municipality):
        if body in group:
            return group
    raise ActionDenied(_("その会議は、いまの会議の一覧にありません。"))


def series_in_force(group: list[ConferenceType]) -> Series | None:
    """The rhythm that nothing follows yet. One query."""
    return Series.objects.filter(conference_type__in=group, ends_on=None).first()


def check_rhythm(rhythm: Rhythm, standing: Series | None) -> None:
    """The rule can be read and is not of the past, the times and days stand in order."""
    try:
        Recurrence(rhythm.rule, rhythm.on_day_off, rhythm.since)
    except (UnknownRule, ValueError) as error:
        raise ActionDenied(_("その決まりは読み取れません。")) from error
    if rhythm.since < today():
        raise ActionDenied(_("今日からあとの日を入れてください。"))
    if rhythm.since > (last := today() + FURTHEST):
        raise ActionDenied(_("%(day)sまでの日を入れてください。") % {"day": format_short(last)})
    if standing is not None and rhythm.since < standing.since:
        raise ActionDenied(
            _("%(day)sからの決まりがすでにあります。その日か、そのあとの日を入れてください。")
            % {"day": format_short(standing.since)}
        )
    if rhythm.starts_at and rhythm.ends_at and rhythm.ends_at <= rhythm.starts_at:
        raise ActionDenied(_("終了時刻は、開始時刻よりあとにしてください。"))
    days = [n for name in STEPS if (n := getattr(rhythm, name)) is not None]
    if days != sorted(days, reverse=True):
        raise ActionDenied(
            _("議題の募集、締切、開催通知、資料の配付の順に、会議に近づくようにしてください。")
        )


@transaction.atomic
def set_series(
    *,
    body: ConferenceType,
    by: Membership,
    rhythm: Rhythm,
    form_key: uuid.UUID,
    instead_of: uuid.UUID | None,
) -> Changed:
    """From `since` on the body sits by this rhythm. What is planned and not noticed moves to the
    days it says, the rest of three months is made; what was noticed stays where it is. The same
    `form_key` sets it once. instead_of: the rhythm that was seen, if any. ActionDenied with a
    sentence for what cannot be, StaleVersion where somebody else was faster."""
    group = group_of(body)
    check_can_run(by, group)
    lock_calendar(by.municipality)
    if (known := Series.objects.filter(form_key=form_key).first()) is not None:
        return Changed(known)
    standing = series_in_force(group)
    if (standing.pk if standing else None) != instead_of:
        raise StaleVersion
    check_rhythm(rhythm, standing)
    if standing is not None:
        standing.ends_on = rhythm.since - datetime.timedelta(days=1)
        standing.save(update_fields=["ends_on"])
    series = Series(
        municipality=by.municipality,
        conference_type=group[0],
        made_by=by,
        form_key=form_key,
        **dataclasses.asdict(rhythm),
    )
    series.save(force_insert=True)
    changed = _replan(group, series, by)
    trace_sitting(by, "set_series")
    return changed


def _replan(group: list[ConferenceType], series: Series, by: Membership) -> Changed:
    """Month by month the planned sittings take the new days, in order."""
    city = by.municipality
    office = open_days(city)
    ahead = max(today() + relativedelta(months=MONTHS_AHEAD), series.since)
    planned = _planned(group, series, by)
    months: dict[datetime.date, tuple[list[Sitting], list[Due]]] = {}
    for sitting in planned:
        months.setdefault(sitting.month, ([], []))[0].append(sitting)
    # To the end of the last month that has a sitting: it takes its day there.
    last = max([ahead, *months]) + relativedelta(months=1, day=1, days=-1)
    for one in due_of(group, city, [series], series.since, last, office):
        months.setdefault(one.month, ([], []))[1].append(one)
    made = moved = cancelled = 0
    for sittings, wanted in months.values():
        for sitting, one in zip_longest(sittings, wanted):
            if sitting is None:
                if one.occurrence.slot > ahead:
                    continue
                made += make_due(group, city, one) is not None
            elif one is not None:
                moved += _take_day(sitting, one)
            elif _is_empty(sitting, by):
                call_off(sitting, by, _("定例の決まりが変わったため"))
                cancelled += 1
    if made:
        file_put_off()
    return Changed(series, made, moved, cancelled)


def _planned(group: list[ConferenceType], series: Series, by: Membership) -> list[Sitting]:
    """The regular sittings to come, in the order of their days, those without one last."""
    found = (
        Sitting.objects.visible_to(by)
        .select_for_update(of=("self",))
        .filter(
            conference_types=group[0],
            is_ad_hoc=False,
            state__in=[S.UNDATED, S.PLANNED, S.NOTICED],
            month__gte=series.since.replace(day=1),
        )
        .exclude(on__lt=series.since)
        .order_by("month", "on", "pk")
    )
    return list(found)


def _take_day(sitting: Sitting, due: Due) -> bool:
    """The sitting is the series' own from now on; before its notice it takes day, hour and room.
    True when its day changed."""
    series, on = due.series, due.occurrence.on
    assert series is not None  # noqa: S101 - a new rhythm's days are its own
    sitting.due_key, sitting.series = due.key, series
    was = sitting.on
    if sitting.state != S.NOTICED:
        sitting.on, sitting.place = on or was, series.place
        sitting.starts_at, sitting.ends_at = series.starts_at, series.ends_at
        sitting.state = S.PLANNED if sitting.on else S.UNDATED
    sitting.save()
    if was is not None and sitting.on is not None and sitting.on != was:
        file_move(sitting)
    return sitting.on != was


def _is_empty(sitting: Sitting, by: Membership) -> bool:
    """V6: a sitting that stays because of something sealed would tell of it, whoever sets the rule;
    what is sealed is put off."""
    waiting = AgendaItem.objects.visible_to(by).filter(
        sitting=sitting, state__in=UNFINISHED, basis=enums.ItemBasis.CONSENT
    )
    return sitting.state != S.NOTICED and not waiting.exists()


def next_days(rhythm: Rhythm, office: OpenDays, number: int = 6) -> list[Occurrence]:
    """The next days this rhythm says, for who is about to set it; at most a year and a half ahead.
    Of a rule without a day: none."""
    recurrence = Recurrence(rhythm.rule, rhythm.on_day_off, rhythm.since)
    last = rhythm.since + relativedelta(months=18)
    found = occurrences(recurrence, rhythm.since, last, office)
    return [one for one in found if one.on is not None][:number]
