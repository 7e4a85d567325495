"""Decides which sittings are due: the cities' rhythms, three months ahead, never one twice.

Once per rhythm and month (`due_key`), however often the schedule runs. Bodies that sit jointly
share one sitting with both conference types, keyed by the pair. Per case and ad hoc make none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

from dateutil.relativedelta import relativedelta
from django.db import transaction

from agencies.enums import RhythmKind
from agencies.models import ConferenceType, Municipality
from config.lib.eras import today
from config.lib.rhythm import PlannedSitting, Rhythm, sittings_between
from meetings import enums
from meetings.models import Sitting

MONTHS_AHEAD: Final = 3
REGULAR: Final = (
    RhythmKind.MONTHLY,
    RhythmKind.MONTHLY_NTH_WEEKDAY,
    RhythmKind.EVERY_N_MONTHS,
)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rhythm_of(conference_type: ConferenceType) -> Rhythm:
    """The profile's rhythm in the words of config.lib.rhythm."""
    weekday = conference_type.rhythm_weekday
    has_day = bool(weekday) and conference_type.rhythm_nth is not None
    every_n = conference_type.rhythm_kind == RhythmKind.EVERY_N_MONTHS
    return Rhythm(
        kind=conference_type.rhythm_kind,
        nth=conference_type.rhythm_nth if has_day else None,
        weekday=WEEKDAYS.index(weekday) if has_day else None,
        months=conference_type.rhythm_months if every_n else None,
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


def due_key(group: Iterable[ConferenceType], city: Municipality, month: datetime.date) -> str:
    """「plan+support:city:2026-12」: the same for the pair, whichever is read first."""
    codes = "+".join(sorted(t.code for t in group))
    return f"{codes}:{city.code}:{month:%Y-%m}"


def make_sittings(
    city: Municipality, *, start: datetime.date | None = None, months: int = MONTHS_AHEAD
) -> list[Sitting]:
    """Make what the rhythms say from `start` (today) for `months`; gives the new ones."""
    first = start or today()
    last = first + relativedelta(months=months)
    types = ConferenceType.objects.running_in(city)
    made = []
    for group in joint_groups(types):
        regular = next((t for t in group if t.rhythm_kind in REGULAR), None)
        if regular is None:
            continue
        for planned in sittings_between(rhythm_of(regular), first, last):
            sitting = _make(group, city, planned)
            made += [sitting] if sitting else []
    return made


@transaction.atomic
def _make(
    group: list[ConferenceType], city: Municipality, planned: PlannedSitting
) -> Sitting | None:
    sitting, is_new = Sitting.objects.get_or_create(
        due_key=due_key(group, city, planned.month_first_day),
        defaults={
            "municipality": city,
            "month": planned.month_first_day,
            "on": planned.on,
            "state": enums.SittingState.PLANNED if planned.on else enums.SittingState.UNDATED,
        },
    )
    if not is_new:
        return None
    sitting.conference_types.set(group)
    return sitting


def due_jobs() -> list[tuple[str, str, dict[str, object]]]:
    """What is due today: the sittings of each city once a month, lapsed consents once a day."""
    day = today()
    cities = Municipality.objects.order_by("pk").values_list("pk", "code")
    jobs: list[tuple[str, str, dict[str, object]]] = [
        ("make_sittings", f"{code}:{day:%Y-%m}", {"municipality": key}) for key, code in cities
    ]
    return [*jobs, ("block_uncovered_items", f"{day:%Y-%m-%d}", {})]
