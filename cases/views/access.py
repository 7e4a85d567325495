"""なぜ見えるのか, and my own lines of the access log of this case (V10, V17)."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.models import AccessLog
from cases.explain import explain_case, explain_record, grants_on
from cases.grantlines import grant_line
from cases.models import Record
from cases.permissions import can, check_can_ask_why
from cases.views.subject import subject
from config.lib.eras import format_datetime_short

SHOWN = 50


@member(Permission.READ_CASES)
@require_GET
def case_access(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """For this membership: which rule, which basis, whom and what it covers, until when."""
    on = subject(request, case_id, "case_access")
    membership = request.membership
    grants = grants_on(membership, on.case.pk)
    records = list(
        Record.objects.visible_to(membership)
        .for_case(on.case)
        .filter(carry_out__isnull=True)
        .newest_first()[:SHOWN]
    )
    lines = [
        {
            "when": format_datetime_short(r.happened_at),
            "kind": str(r.get_kind_display()),
            "about": r.names(on.persons),
            "category": str(r.get_category_display()),
            "why": found.reason,
        }
        for r in records
        # V6: what only an item under secrecy lays open has its reason in the sitting, not here.
        if (found := explain_record(membership, r, grants)).rule != "V6"
    ]
    names = {key: person.shown_name for key, person in on.persons.items()}
    context = {
        "case": on.case,
        "title": on.title,
        "why": explain_case(membership, on.case.pk, grants),
        "grants": [grant_line(g, names) for g in grants],
        "records": lines,
        "seers": on.seers(membership),
        "log": _own_log(request, on.case.pk),
        "may_ask": can(check_can_ask_why, membership, on.case),
    }
    return render(request, "cases/access_detail.html", context)


def _own_log(request: MemberRequest, case_id: uuid.UUID) -> list[dict[str, str]]:
    rows = (
        AccessLog.objects.visible_to(request.membership)
        .filter(case_id=case_id, membership_id=request.membership.pk)
        .order_by("-at")[:SHOWN]
    )
    return [
        {
            "when": format_datetime_short(row.at),
            "action": str(row.get_action_display()),
            "purpose": str(row.get_purpose_display()),
            "count": str(len(row.record_ids) or ""),
        }
        for row in rows
    ]
