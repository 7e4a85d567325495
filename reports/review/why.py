"""なぜ見えるのか・見えないのか, for the privacy officer (V11, V17): by number, without content.

The officer reads the city's grants and emergency accesses, and knows a case by its number and a
person by a letter: so the answer is about the case and about persons × categories, never a record.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Agency, Membership
from agencies.trail import log_access
from cases.explain import Explanation, Eyes
from cases.grantlines import grant_line
from cases.models import CaseGrant, Emergency
from cases.told import case_for, open_emergencies
from cases.whypage import case_facts
from config.lib.eras import format_datetime, format_long, today
from reports.review.disclosure import persons_of
from reports.review.form import WhyForm


@dataclass(frozen=True)
class Seen:
    """An agency and what is open to it."""

    key: int
    name: str
    ended: str
    case: Explanation
    facts: list[dict[str, str]]
    grants: list[dict[str, str]]
    emergencies: list[str]


@member(Permission.REVIEW_ACCESS)
@require_GET
def review_why(request: MemberRequest) -> HttpResponse:
    """By number: every agency to which something is open; or the one asked about."""
    by = request.membership
    form = WhyForm(request.GET or None, by=by)
    found: list[Seen] = []
    if form.is_valid():
        number, agency = form.cleaned_data["case"], form.cleaned_data["agency"]
        found = _seen(by, form.case_id, number, agency)
        log_access(by, Action.OPEN, what="review_why", purpose=Purpose.AUDIT, case_id=form.case_id)
    context = {"form": form, "found": found, "is_asked": form.is_bound and not form.errors}
    status = 422 if form.errors else 200
    return render(request, "reports/review_why.html", context, status=status)


def _seen(by: Membership, case_id: uuid.UUID, number: str, agency: int | None) -> list[Seen]:
    """Five queries."""
    held = CaseGrant.objects.visible_to(by).in_force().filter(content_object=case_id)
    grants = list(held.order_by("granted_at"))
    running = open_emergencies(by, case_id)
    keys = {g.group_id for g in grants} | {e.membership.agency_id or 0 for e in running}
    names = {p.key: _("%(letter)sさん") % {"letter": p.letter} for p in persons_of(case_id, number)}
    wanted = {agency} if agency else keys
    rows = Agency.objects.filter(pk__in=wanted, municipality_id=by.municipality.pk)
    found = [_of(row, grants, running, names) for row in rows.order_by("order", "pk")]
    return sorted(found, key=lambda seen: (not seen.case.visible, seen.case.rule))


def _of(
    agency: Agency,
    grants: list[CaseGrant],
    running: list[Emergency],
    names: dict[uuid.UUID, str],
) -> Seen:
    mine = [g for g in grants if g.group_id == agency.pk]
    case = case_for(Eyes.by_grants(agency.pk, agency.name, mine))
    ended = agency.ended_on
    return Seen(
        agency.pk,
        agency.name,
        format_long(ended) if ended and ended <= today() else "",
        case,
        case_facts(case, names),
        [grant_line(g, names) for g in mine],
        [
            _("緊急閲覧で、%(name)sさんだけに%(until)sまで開いています（V8）。")
            % {"name": e.membership.user, "until": format_datetime(e.period.upper)}
            for e in running
            if e.membership.agency_id == agency.pk
        ],
    )
