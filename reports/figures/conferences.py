"""会議 (docs/figures.md 3). Items under secrecy are a number here and nothing else."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from agencies.enums import AgendaType
from agencies.models import Agency, ConferenceType
from meetings.enums import Attendance, ItemState, SittingState
from meetings.models import AgendaItem, ItemAttendance, Sitting
from reports.enums import Kind
from reports.figures.scope import Counts, Scope, add, tally

HELD = (SittingState.OPEN, SittingState.CLOSED)
SECRECY = "106-6"
OF_PLANS = {AgendaType.PLAN_ADEQUACY, AgendaType.CLOSURE_EVALUATION}


@dataclass(frozen=True)
class Held:
    """A sitting that took place, with its conference types."""

    on: datetime.date
    kind: Kind
    types: tuple[ConferenceType, ...]


def _types(scope: Scope) -> list[ConferenceType]:
    rows = ConferenceType.objects.filter(municipality=scope.city)
    return list(rows.select_related("host", "host__of_type"))


def _plan_types(types: Iterable[ConferenceType]) -> set[int]:
    """重層的支援会議: stands on more than secrecy, or has plans on its agenda; where a city has no
    such body, its one merged body is it (V7: rules, never names)."""
    known = list(types)
    found = {t.pk for t in known if set(t.bases) - {SECRECY} or OF_PLANS & set(t.agenda_types)}
    return found or {t.pk for t in known}


def _sittings(scope: Scope) -> QuerySet[Sitting]:
    return Sitting.objects.filter(scope.on("on"), municipality=scope.city, state__in=HELD)


def _held(scope: Scope) -> list[Held]:
    types = {t.pk: t for t in _types(scope)}
    links = Sitting.conference_types.through.objects.filter(sitting__in=_sittings(scope))
    of: dict[uuid.UUID, list[ConferenceType]] = {}
    for sitting, conference in links.values_list("sitting_id", "conferencetype_id"):
        of.setdefault(sitting, []).append(types[conference])
    return [
        Held(on, Kind.AD_HOC if is_ad_hoc else Kind.REGULAR, tuple(of.get(key, ())))
        for key, on, is_ad_hoc in _sittings(scope).values_list("pk", "on", "is_ad_hoc")
        if on is not None
    ]


def sittings(scope: Scope) -> Counts:
    """A joint sitting counts once in total and once under each of its types."""
    held = _held(scope)
    counts = {"": Decimal(len(held))}
    for sitting in held:
        add(counts, "kind", sitting.kind.value, 1)
        add(counts, "month", sitting.on, 1)
        if len(sitting.types) > 1:
            add(counts, "joint", "yes", 1)
        for conference in sitting.types:
            add(counts, "conference", conference.code, 1)
            add(counts, "conference_kind", f"{conference.code}/{sitting.kind.value}", 1)
    return counts


def _of_types(scope: Scope, belongs: Callable[[ConferenceType], bool]) -> Counts:
    counts = {"": Decimal(0)}
    for sitting in _held(scope):
        types = [t for t in sitting.types if belongs(t)]
        if not types:
            continue
        counts[""] += 1
        add(counts, "kind", sitting.kind.value, 1)
        for host in {t.host for t in types if t.host is not None}:
            add(counts, "agency", host.code, 1)
        for code in {code for t in types for code in _type_codes(t.host)}:
            add(counts, "type", code, 1)
    return counts


def _type_codes(agency: Agency | None) -> list[str]:
    if agency is None:
        return []
    own = [agency.code] if agency.is_type else []
    return own + ([agency.of_type.code] if agency.of_type else [])


def plan_conference_sittings(scope: Scope) -> Counts:
    keys = _plan_types(_types(scope))
    return _of_types(scope, lambda t: t.pk in keys)


def support_conference_sittings(scope: Scope) -> Counts:
    return _of_types(scope, lambda t: t.is_secret)


def _items(scope: Scope) -> QuerySet[AgendaItem]:
    return AgendaItem.objects.filter(state=ItemState.DECIDED, sitting__in=_sittings(scope))


_ITEM = {"agenda": "agenda_type", "conference": "conference_type__code", "basis": "basis"}


def items(scope: Scope) -> Counts:
    return tally(_items(scope), {**_ITEM, "decision": "decision"})


def item_cases(scope: Scope) -> Counts:
    rows = _items(scope).filter(case__isnull=False)
    return tally(rows, _ITEM, once="case_id", same=scope.households)


def participating_agencies(scope: Scope) -> Counts:
    rows = ItemAttendance.objects.filter(
        item__in=_items(scope), attendance__in=[Attendance.PRESENT, Attendance.PARTIAL]
    ).annotate(who=Coalesce("agency_id", "membership__agency_id"))
    return tally(rows, {"conference": "item__conference_type__code"}, once="who")
