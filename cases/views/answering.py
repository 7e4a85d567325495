"""つなぎ: the list; a sheet is read, accepted or returned, and its result fed back (V4)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.forms.referral import AcceptForm, ResultForm, ReturnForm
from cases.models import Referral
from cases.operations import accept_referral, report_result, return_referral
from cases.permissions import can, check_can_answer, check_can_report
from cases.referralsheet import received_rows, sent_rows, sheet_of
from cases.views.subject import is_fit
from config.lib.registry import registry

MODES = enums.ReferralMode


@member(Permission.READ_CASES)
@require_GET
def referral_list(request: MemberRequest) -> HttpResponse:
    """Received and waiting; sent, with their state."""
    received = received_rows(request.membership)
    sent = sent_rows(request.membership)
    log_access(
        request.membership,
        Action.LIST,
        what="referral_list",
        record_ids=[row.key for row in (*received, *sent)],
    )
    return render(request, "cases/referral_list.html", {"received": received, "sent": sent})


def _get(request: MemberRequest, referral_id: uuid.UUID) -> Referral:
    rows = Referral.objects.visible_to(request.membership).select_related(
        "from_agency",
        "to_agency",
        "to_conference_type",
        "sent_by__user",
        "answered_by__agency",
        "resulted_by__agency",
    )
    found: Referral = get_object_or_404(rows, pk=referral_id)
    return found


@member(Permission.READ_CASES)
@require_GET
def referral_detail(request: MemberRequest, referral_id: uuid.UUID) -> HttpResponse:
    """The sheet: the receiver answers, the sender sees which answer and why."""
    return _detail(request, _get(request, referral_id))


def _detail(
    request: MemberRequest,
    referral: Referral,
    accept: AcceptForm | None = None,
    back: ReturnForm | None = None,
    result: ResultForm | None = None,
) -> HttpResponse:
    by = request.membership
    forms = (accept or AcceptForm(), back or ReturnForm(), result or ResultForm())
    is_secret = referral.mode == MODES.SECRECY
    log_access(
        by,
        Action.OPEN,
        what="referral_detail",
        basis=referral.mode,
        case_id=referral.case_id,
        record_ids=[referral.pk],
        purpose=Purpose.SUPPORT_CONFERENCE if is_secret else Purpose.CONSULTATION,
    )
    try:
        check_can_answer(by, referral)
        why_not = ""
    except ActionDenied as error:
        why_not = str(error)
    context = {
        "sheet": sheet_of(referral, by),
        "referral": referral,
        "accept_form": forms[0],
        "return_form": forms[1],
        "result_form": forms[2],
        "may_report": can(check_can_report, by, referral),
        "may_answer": not why_not,
        "is_secret": is_secret,
        "is_sender": referral.from_agency_id == by.agency_id,
        "links": [*registry.draw("referral_actions", by, referral)],
    }
    status = 422 if any(form.errors for form in forms) else 200
    return render(request, "cases/referral_detail.html", context, status=status)


@member(Permission.WRITE_RECORDS)
@require_POST
def referral_accept(request: MemberRequest, referral_id: uuid.UUID) -> HttpResponse:
    """受理: the agency joins the team; what the consents cover opens."""
    referral = _get(request, referral_id)
    check_can_answer(request.membership, referral)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _detail(request, referral, accept=form)
    accept_referral(referral=referral, by=request.membership, comment=form.cleaned_data["comment"])
    if referral.mode == MODES.CONSENT:
        messages.success(request, _("つなぎを受理しました。同意の範囲でケースが開きました。"))
        return redirect("case_detail", case_id=referral.case_id)
    messages.success(request, _("つなぎを受理しました。"))
    return redirect("referral_detail", referral_id=referral.pk)


@member(Permission.WRITE_RECORDS)
@require_POST
def referral_return(request: MemberRequest, referral_id: uuid.UUID) -> HttpResponse:
    """返却 with a reason; the sheet closes for the receiver."""
    referral = _get(request, referral_id)
    check_can_answer(request.membership, referral)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _detail(request, referral, back=form)
    return_referral(referral=referral, by=request.membership, reason=form.cleaned_data["reason"])
    messages.success(
        request,
        _("つなぎを%(sender)sへ返却しました。シートは閉じました。")
        % {"sender": referral.from_agency.name},
    )
    return redirect("referral_list")


@member(Permission.WRITE_RECORDS)
@require_POST
def referral_result(request: MemberRequest, referral_id: uuid.UUID) -> HttpResponse:
    """結果: fed back to the sender, once."""
    referral = _get(request, referral_id)
    check_can_report(request.membership, referral)
    form = ResultForm(request.POST)
    if not is_fit(form, referral.case_id, None):
        return _detail(request, referral, result=form)
    report_result(referral=referral, by=request.membership, text=form.cleaned_data["result"])
    messages.success(
        request, _("結果を%(sender)sへ知らせました。") % {"sender": referral.from_agency.name}
    )
    return redirect("referral_detail", referral_id=referral.pk)
