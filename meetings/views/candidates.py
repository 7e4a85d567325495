"""議題の候補: what could go on an agenda, by household, with the reasons and where it may go."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.candidates import LIMIT
from meetings.candidatepage import page_of
from meetings.forms import CandidateFilter
from meetings.nextsittings import bodies_for


@member(Permission.WRITE_RECORDS)
@require_GET
def candidate_list(request: MemberRequest) -> HttpResponse:
    """Whoever may propose, of the cases they see."""
    by = request.membership
    bodies = bodies_for(by)
    names = [(str(b.body.pk), b.body.name) for b in bodies]
    form = CandidateFilter(request.GET, bodies=names)
    picked = form.cleaned_data if form.is_valid() else {"body": "", "whose": ""}
    page = page_of(by, bodies, **picked, after=request.GET.get("after", ""))
    log_access(
        by,
        Action.LIST,
        what="candidate_list",
        purpose=Purpose.PLAN_CONFERENCE,
        record_ids=dict.fromkeys(key for row in page.rows for key in row.record_ids),
    )
    query = request.GET.copy()
    query["after"] = page.older
    return render(
        request,
        "meetings/candidate_list.html",
        {
            "form": form,
            "rows": page.rows,
            "limit": LIMIT if page.is_capped else 0,
            "is_filtered": any(picked.values()),
            "older_url": f"?{query.urlencode()}" if page.older else "",
        },
    )
