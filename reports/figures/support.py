"""アウトリーチ, 参加支援 and 地域づくり (docs/figures.md 5–7)."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

from django.db.models import F, Min, Q, QuerySet

from community.models import CommunityIssue, Place, PlaceEvent
from config.lib.eras import local_day
from config.lib.fiscal import from_day_to_instant
from outreach.enums import VisitResult
from outreach.models import Visit
from participation.enums import MatchStatus
from participation.models import FollowUp, Match, Resource
from reports.figures.scope import Counts, Scope, agency, month, rounded, tally

# --- アウトリーチ ------------------------------------------------------------------------------


def _of_city(scope: Scope) -> QuerySet[Visit]:
    # One that became a record of the team counts there, once.
    return Visit.objects.filter(record__case__municipality=scope.city, opened_as__isnull=True)


def _visits(scope: Scope) -> QuerySet[Visit]:
    return _of_city(scope).filter(scope.at("record__happened_at"))


def visits(scope: Scope) -> Counts:
    return tally(
        _visits(scope),
        {
            "method": "method",
            "result": "result",
            **agency("record__author_agency"),
            **month("record__happened_at"),
        },
    )


def visits_met(scope: Scope) -> Counts:
    return tally(_visits(scope).filter(result=VisitResult.MET_PERSON), {"method": "method"})


def visits_met_rate(scope: Scope) -> Counts:
    """No visits, no rate."""
    every = _visits(scope).count()
    met = _visits(scope).filter(result=VisitResult.MET_PERSON).count()
    return {"": rounded(Decimal(met) * 100 / every)} if every else {}


def outreach_persons(scope: Scope) -> Counts:
    named = _visits(scope).values_list("record__person_ids", flat=True)
    every = {scope.persons.get(person, person) for persons in named for person in persons}
    return {"": Decimal(len(every))}


def outreach_cases(scope: Scope) -> Counts:
    return tally(_visits(scope), once="record__case_id", same=scope.households)


def _days_to_contact(scope: Scope) -> list[int]:
    """Of each household first met in the year: days since the first attempt, in Asia/Tokyo."""
    met_at = Min("record__happened_at", filter=Q(result=VisitResult.MET_PERSON))
    rows = (
        _of_city(scope)
        .order_by()
        .values("record__case_id")
        .annotate(tried=Min("record__happened_at"), met=met_at)
    )
    first: dict[uuid.UUID, tuple[datetime.datetime, datetime.datetime | None]] = {}
    for case, tried, met in rows.values_list("record__case_id", "tried", "met"):
        key = scope.households.get(case, case)
        before_tried, before_met = first.get(key, (tried, met))
        mets = [at for at in (before_met, met) if at is not None]
        first[key] = (min(before_tried, tried), min(mets, default=None))
    start, end = from_day_to_instant(scope.first), scope.end
    return [
        (local_day(met) - local_day(tried)).days
        for tried, met in first.values()
        if met is not None and start <= met < end
    ]


def first_contacts(scope: Scope) -> Counts:
    return {"": Decimal(len(_days_to_contact(scope)))}


def days_to_first_contact(scope: Scope) -> Counts:
    days = _days_to_contact(scope)
    return {"": rounded(Decimal(sum(days)) / len(days))} if days else {}


# --- 参加支援 ---------------------------------------------------------------------------------

KIND = {"kind": "resource__kind"}


def _matches(scope: Scope) -> QuerySet[Match]:
    return Match.objects.filter(record__case__municipality=scope.city)


def _proposed(scope: Scope) -> QuerySet[Match]:
    return _matches(scope).filter(scope.at("record__happened_at"))


def _started(scope: Scope) -> QuerySet[Match]:
    return _matches(scope).filter(
        scope.on("starts_on"),
        Q(ended_on__isnull=True) | Q(ended_on__gte=F("starts_on")),
        status__in=[MatchStatus.ACTIVE, MatchStatus.SETTLED, MatchStatus.ENDED],
    )


def matches_proposed(scope: Scope) -> Counts:
    dimensions = {**KIND, "status": "status", **agency("record__author_agency")}
    return tally(_proposed(scope), dimensions)


def match_persons(scope: Scope) -> Counts:
    return tally(_proposed(scope), once="person_id", same=scope.persons)


def matches_started(scope: Scope) -> Counts:
    return tally(_started(scope), {**KIND, **agency("record__author_agency")})


def match_hosts(scope: Scope) -> Counts:
    return tally(_started(scope), KIND, once="resource_id")


def matches_settled(scope: Scope) -> Counts:
    rows = _matches(scope).filter(scope.on("settled_on"))
    return tally(rows, {**KIND, **agency("record__author_agency")})


def matches_ended(scope: Scope) -> Counts:
    return tally(_matches(scope).filter(scope.on("ended_on")), KIND)


def follow_ups(scope: Scope) -> Counts:
    rows = FollowUp.objects.filter(scope.on("on"), record__case__municipality=scope.city)
    return tally(rows, {"status": "status_after"})


def resources(scope: Scope) -> Counts:
    rows = Resource.objects.filter(
        Q(ended_on__isnull=True) | Q(ended_on__gte=scope.stock_day),
        municipality=scope.city,
        added_at__lt=scope.end,
    )
    return tally(rows, {"kind": "kind"})


# --- 地域づくり --------------------------------------------------------------------------------

PLACE = {"kind": "place__kind", "area": "place__area"}


def places(scope: Scope) -> Counts:
    """Open on the last day of the year; of a running year, today."""
    rows = Place.objects.filter(
        Q(opened_on__isnull=True) | Q(opened_on__lte=scope.stock_day),
        Q(ended_on__isnull=True) | Q(ended_on__gte=scope.stock_day),
        municipality=scope.city,
    )
    return tally(rows, {"kind": "kind", "area": "area"})


def _events(scope: Scope) -> QuerySet[PlaceEvent]:
    return PlaceEvent.objects.filter(scope.on("on"), municipality=scope.city)


def events(scope: Scope) -> Counts:
    return tally(_events(scope), {**PLACE, **month("on", is_instant=False)})


def participants(scope: Scope) -> Counts:
    dimensions = {**PLACE, **month("on", is_instant=False)}
    return tally(_events(scope), dimensions, total_of="participants")


def organisations(scope: Scope) -> Counts:
    return tally(_events(scope), {"kind": "place__kind"}, total_of="organisations")


def community_issues(scope: Scope) -> Counts:
    rows = CommunityIssue.objects.filter(scope.on("raised_on"), municipality=scope.city)
    return tally(rows, {"state": "state"})
