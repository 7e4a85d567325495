"""閲覧の点検: the lines with filters, what stands out, and the newest seal on paper."""

from __future__ import annotations

import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import AccessLog
from agencies.trail import log_access
from config.lib.digits import whole_number
from config.lib.eras import format_long, today
from reports.review.form import ReviewForm
from reports.review.lines import lines_of, newest_seal
from reports.review.patterns import DAYS, Period, at_odd_times, many_cases, own_surnames

SHOWN = 50
LONGEST = 366


def _log(request: MemberRequest, action: Action, what: str) -> None:
    log_access(request.membership, action, what=what, purpose=Purpose.AUDIT)


@member(Permission.REVIEW_ACCESS)
@require_GET
def access_review(request: MemberRequest) -> HttpResponse:
    """Every line of the city, newest first, by key."""
    _log(request, Action.LIST, "access_review")
    form = ReviewForm(request.GET, by=request.membership)
    rows: list[AccessLog] = []
    place = request.GET.get("before", "")
    if form.is_valid():
        found = AccessLog.objects.visible_to(request.membership).filter(form.scope)
        if (line := whole_number(place, digits=18)) is not None:
            found = found.filter(pk__lt=line)
        rows = list(found.order_by("-pk")[: SHOWN + 1])
    query = request.GET.copy()
    query.pop("before", None)
    newer = f"?{query.urlencode()}" if place else ""
    query["before"] = str(rows[SHOWN - 1].pk) if len(rows) > SHOWN else ""
    context = {
        "form": form,
        "lines": lines_of(rows[:SHOWN]),
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "newer_url": newer,
        "older_url": f"?{query.urlencode()}" if query["before"] else "",
        "seal": newest_seal(request.membership),
    }
    status = 422 if form.errors else 200
    return render(request, "reports/access_review.html", context, status=status)


@member(Permission.REVIEW_ACCESS)
@require_GET
def access_patterns(request: MemberRequest) -> HttpResponse:
    """What stands out in a period: thirty days, or the one asked for."""
    _log(request, Action.LIST, "access_patterns")
    form = ReviewForm(request.GET, by=request.membership)
    until = (form.is_valid() and form.cleaned_data["until"]) or today()
    since = (form.is_valid() and form.cleaned_data["since"]) or (
        until - datetime.timedelta(days=DAYS)
    )
    period = Period(max(since, until - datetime.timedelta(days=LONGEST)), until)
    by = request.membership
    context = {
        "form": form,
        "since": format_long(period.since),
        "until": format_long(period.until),
        "many": many_cases(by, period),
        "surnames": own_surnames(by, period),
        "times": at_odd_times(by, period),
    }
    status = 422 if form.errors else 200
    return render(request, "reports/access_patterns.html", context, status=status)


@member(Permission.REVIEW_ACCESS)
@require_GET
def seal_print(request: MemberRequest) -> HttpResponse:
    """The newest head on A4: kept in a drawer, it proves everything before it."""
    seal = newest_seal(request.membership)
    if seal is None:
        raise Http404
    _log(request, Action.PRINT, "seal_print")
    sheet = {
        "title": _("閲覧記録の封の控え"),
        "basis": "",
        "handling": "",
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
    return render(request, "reports/seal_print.html", {"sheet": sheet, "seal": seal})
