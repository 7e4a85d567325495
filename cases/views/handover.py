"""担当替え and 引継書: what a worker leaves, who takes it, and the paper for it (V14)."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, MembershipState, Permission, Purpose, RoleKey
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.trail import log_access
from cases.forms.handover import HandoverForm
from cases.handover import case_sheet
from cases.leaving import Leaving, leaving_of, unassigned
from cases.models import Case, CaseWorker
from cases.operations.handover import (
    StaleHandover,
    hand_over,
    successors,
    without_worker,
)
from cases.permissions import check_can_hand_over
from cases.views.subject import case_or_404
from config.lib.digits import whole_number
from config.lib.eras import format_long, format_short, today

PAPER = 50
LATELY = datetime.timedelta(days=60)


@member(Permission.CONFIRM_MEMBERSHIP)
@require_GET
def handover_list(request: MemberRequest) -> HttpResponse:
    """Everybody of the agency with the number of cases in their charge; who ends, first."""
    by = request.membership
    check_can_hand_over(by)
    held = dict(
        CaseWorker.objects.to_hand_over(by)
        .values_list("membership_id")
        .annotate(number=Count("id"))
        .order_by()
    )
    people = Membership.objects.visible_to(by).with_names().exclude(confirmed_at=None)
    rows = [_row(m, held.get(m.pk, 0)) for m in people.order_by("user__display_name", "id")]
    shown = [row for row in rows if row["cases"] or row["is_here"]]
    shown.sort(key=lambda row: (not (row["cases"] and row["until"]), not row["cases"]))
    context = {"rows": shown, "unassigned": without_worker(by).count()}
    return render(request, "cases/handover_list.html", context)


def _row(membership: Membership, cases: int) -> dict[str, Any]:
    is_here = membership.state == MembershipState.CONFIRMED
    return {
        "id": membership.pk,
        "name": str(membership.user),
        "role": membership.role_name,
        "until": format_short(membership.until) if membership.until else "",
        "is_here": is_here,
        "cases": cases,
    }


@member(Permission.CONFIRM_MEMBERSHIP)
@require_http_methods(["GET", "POST"])
def handover_new(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """What one worker leaves, and to whom it goes."""
    check_can_hand_over(request.membership)
    worker = _worker(request.membership, membership_id)
    return _handover(request, worker, leaving_of(request.membership, worker))


@member(Permission.CONFIRM_MEMBERSHIP)
@require_http_methods(["GET", "POST"])
def handover_unassigned(request: MemberRequest) -> HttpResponse:
    """Running cases of the agency that nobody looks after."""
    check_can_hand_over(request.membership)
    return _handover(request, None, unassigned(request.membership))


def _handover(request: MemberRequest, worker: Membership | None, left: Leaving) -> HttpResponse:
    by = request.membership
    form = HandoverForm(
        request.POST or None,
        members=successors(by, worker),
        lines=[(line.field, line.title) for line in [*left.cases, *left.tasks]],
    )
    if request.method == "POST" and form.is_valid():
        try:
            cases, tasks = form.chosen("case"), form.chosen("task")
            moved = hand_over(by=by, leaving=worker, cases=cases, tasks=tasks)
        except StaleHandover as error:
            form.add_error(None, str(error))
        else:
            words = {"cases": moved, "tasks": len(tasks)}
            messages.success(
                request, _("ケース%(cases)s件、仕事%(tasks)s件を引き継ぎました。") % words
            )
            return redirect("handover_list")
    log_access(
        by,
        Action.LIST,
        what="handover_new",
        purpose=Purpose.ADMINISTRATION,
        record_ids=[line.case_id for line in left.cases],
    )
    context = {
        "form": form,
        "worker": worker,
        "until": format_long(worker.until) if worker and worker.until else "",
        "has_ended": worker is not None and worker.state == MembershipState.ENDED,
        "cases": [(line, form[line.field]) for line in left.cases],
        "tasks": [(line, form[line.field]) for line in left.tasks],
        "others": left.others,
        "has_successors": bool(form.members),
        "sheet_url": reverse("handover_print", args=[worker.pk]) if worker else "",
    }
    status = 422 if form.errors else 200
    return render(request, "cases/handover_new.html", context, status=status)


def _worker(by: Membership, membership_id: uuid.UUID) -> Membership:
    """Somebody of one's own agency, working there or not any more."""
    people = Membership.objects.with_names().filter(agency_id=by.agency_id)
    found: Membership = get_object_or_404(
        people.exclude(confirmed_at=None).exclude(role_id=RoleKey.GUEST), pk=membership_id
    )
    return found


@member(Permission.READ_CASES)
@require_GET
def case_handover_print(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """引継書 of one household."""
    case = case_or_404(request.membership, case_id)
    back = (reverse("case_detail", args=[case.pk]), _("ケースにもどる"))
    return _paper(request, [case], str(_("引継書")), back)


@member(Permission.READ_CASES)
@require_GET
def handover_print(request: MemberRequest, membership_id: uuid.UUID) -> HttpResponse:
    """引継書 of all a worker looks after, or has handed over within the last 60 days."""
    by = request.membership
    worker = _worker(by, membership_id)
    lately = timezone.now() - LATELY
    charge = CaseWorker.objects.visible_to(by).filter(agency_id=by.agency_id, membership=worker)
    charge = charge.exclude(ended_at__lt=lately)
    found = (
        Case.objects.visible_to(by).for_lists(by).active().filter(pk__in=charge.values("case_id"))
    )
    cases = list(found.select_related("responsible_agency", "municipality").order_by("opened_at"))
    start = whole_number(request.GET.get("from", ""), digits=5) or 0
    title = _("引継書　%(name)s") % {"name": worker.user}
    back = (reverse("home"), _("今日の仕事にもどる"))
    older = f"?from={start + PAPER}" if len(cases) > start + PAPER else ""
    return _paper(request, cases[start : start + PAPER], title, back, older)


def _paper(
    request: MemberRequest,
    cases: list[Case],
    title: str,
    back: tuple[str, str],
    older: str = "",
) -> HttpResponse:
    sheets = [case_sheet(request.membership, case) for case in cases]
    for sheet in sheets:
        log_access(
            request.membership,
            Action.PRINT,
            what="handover_print",
            basis=sheet.basis,
            case_id=sheet.case.pk,
            record_ids=sheet.record_ids,
        )
    context = {
        "sheets": sheets,
        "back_url": back[0],
        "back_words": back[1],
        "older": older,
        "sheet": {
            "title": title,
            "basis": "",
            "handling": _("取扱注意　機関内かぎり"),
            "serial": "",
            "secret": False,
            "landscape": False,
            "issued_on": format_long(today()),
            "issuer": f"{request.membership.agency_name}　{request.user}",
        },
    }
    return render(request, "cases/handover_print.html", context)
