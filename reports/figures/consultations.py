"""包括的相談支援 and つなぎ (docs/figures.md 1, 2)."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from agencies.enums import Sector
from agencies.models import Agency
from cases.enums import ReferralMode
from cases.models import Case, Consultation, Referral
from reports.figures.scope import Counts, Scope, add, agency, month, tally


def new_consultations(scope: Scope) -> Counts:
    """新規相談受付件数: anonymous ones count like all others."""
    rows = Consultation.objects.filter(
        scope.at("received_at"), agency__municipality_id=scope.city.pk
    )
    counts = tally(
        rows,
        {
            **agency("agency"),
            "route": "route",
            "mode": "mode",
            "status": "status",
            "anonymous": "is_anonymous",
            **month("received_at"),
        },
    )
    sectors = dict(Agency.objects.filter(municipality=scope.city).values_list("pk", "sectors"))
    by_agency = rows.order_by().values_list("agency_id").annotate(n=Count("pk"))
    for key, number in by_agency:
        for sector in sectors[key] or ["none"]:
            add(counts, "sector", sector, number)
    return counts


def _cases(scope: Scope) -> QuerySet[Case]:
    """Without those merged into another: their household counts there."""
    return Case.objects.filter(municipality=scope.city, rests_at__isnull=True)


def cases_opened(scope: Scope) -> Counts:
    rows = _cases(scope).filter(scope.at("opened_at"))
    return tally(rows, {**agency("responsible_agency"), **month("opened_at")})


def cases_closed(scope: Scope) -> Counts:
    rows = _cases(scope).filter(scope.at("closed_at"))
    return tally(rows, agency("responsible_agency"))


def cases_active(scope: Scope) -> Counts:
    """Opened, and not closed, before the year is over."""
    rows = _cases(scope).filter(
        Q(closed_at__isnull=True) | Q(closed_at__gte=scope.end), opened_at__lt=scope.end
    )
    return tally(rows, agency("responsible_agency"))


def _sent(scope: Scope) -> QuerySet[Referral]:
    return Referral.objects.filter(scope.at("sent_at"), from_agency__municipality_id=scope.city.pk)


def _to_coordination(scope: Scope) -> QuerySet[Referral]:
    """To an agency of 多機関協働, or without consent to a secretariat that is one."""
    offices = Agency.objects.filter(sectors__contains=[Sector.COORDINATION])
    receiver = Coalesce("to_conference_type__secretariat_id", "to_conference_type__host_id")
    return (
        _sent(scope)
        .annotate(receiver=receiver)
        .filter(
            Q(mode=ReferralMode.SECRECY, receiver__in=offices.values("pk"))
            | Q(mode=ReferralMode.CONSENT, to_agency_id__in=offices.values("pk"))
        )
    )


def referrals(scope: Scope) -> Counts:
    return tally(
        _sent(scope),
        {
            "mode": "mode",
            "state": "state",
            **agency("from_agency"),
            "to": "to_agency__code",
            "conference": "to_conference_type__code",
            **month("sent_at"),
        },
    )


def referred_cases(scope: Scope) -> Counts:
    return tally(_sent(scope), {"mode": "mode"}, once="case_id", same=scope.households)


def coordination_requests(scope: Scope) -> Counts:
    return tally(
        _to_coordination(scope),
        {"mode": "mode", "state": "state", **agency("from_agency"), **month("sent_at")},
    )


def coordination_cases(scope: Scope) -> Counts:
    rows = _to_coordination(scope)
    return tally(rows, {"mode": "mode"}, once="case_id", same=scope.households)
