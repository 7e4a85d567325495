"""後継の機関へ: all cases at once to the agency that goes on (V18)."""

from __future__ import annotations

import uuid
from collections import Counter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, confirmed_lately, confirmed_to_send, member
from agencies.models import Agency, agencies_of
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.forms.handover import SuccessionForm
from cases.models import Case
from cases.operations.orphans import orphaned_cases, send_orphaned
from cases.operations.succession import (
    Succession,
    accept_succession,
    propose_succession,
    proposed_to,
    succession_to,
)
from cases.permissions import check_can_hand_over, check_may_count_recertified
from cases.titles import titles_for
from config.lib.digits import whole_number


@member(Permission.CONFIRM_MEMBERSHIP)
@confirmed_lately
@require_http_methods(["GET", "POST"])
def succession(request: MemberRequest) -> HttpResponse:
    """Choose the successor, see what can go and who has to be asked again, propose it all."""
    by = request.membership
    check_can_hand_over(by)
    is_post = request.method == "POST"
    others = agencies_of(by.municipality).exclude(pk=by.agency_id)
    form = SuccessionForm(request.POST if is_post else request.GET or None, agencies=list(others))
    if not is_post:  # the agency alone is chosen, the reason still to be written
        form.errors.pop("reason", None)
    if is_post and form.is_valid():
        try:
            return _propose(request, form)
        except ActionDenied as error:
            form.add_error(None, str(error))
    agency = form.agencies.get(form.data.get("to_agency", ""))
    found = succession_to(by, agency) if agency else Succession([], [], 0)
    titles = _titles(request, [*found.ready, *(case for case, _words in found.missing)])
    context = {
        "form": form,
        "agency": agency,
        "waiting": found.waiting,
        "ready": [(case, titles[case.pk]) for case in found.ready],
        "missing": [(case, titles[case.pk], words) for case, words in found.missing],
    }
    status = 422 if is_post else 200
    return render(request, "cases/succession.html", context, status=status)


def _propose(request: MemberRequest, form: SuccessionForm) -> HttpResponse:
    by, agency = request.membership, form.agency()
    number = propose_succession(by=by, successor=agency, reason=form.cleaned_data["reason"])
    for name in form.not_my_number_fields:  # V16: said without the digits
        log_access(by, Action.WRITE, what=f"not_my_number:{name}")
    words = _(
        "%(agency)sに、ケース%(n)s件の移管を依頼しました。返事が来るまで、主担当は変わりません。"
    )
    messages.success(request, words % {"agency": agency.name, "n": number})
    return redirect("handover_list")


def _titles(request: MemberRequest, cases: list[Case]) -> dict[uuid.UUID, str]:
    keys = [case.pk for case in cases]
    log_access(
        request.membership,
        Action.LIST,
        what="succession",
        purpose=Purpose.ADMINISTRATION,
        record_ids=keys,
    )
    return titles_for(request.membership, keys)


@member(Permission.CONFIRM_MEMBERSHIP)
@confirmed_lately
@require_http_methods(["GET", "POST"])
def succession_waiting(request: MemberRequest) -> HttpResponse:
    """What came in, by the agency it comes from; all of one is accepted at once."""
    by = request.membership
    check_can_hand_over(by)
    if request.method == "POST":
        key = request.POST.get("from", "")
        agencies = Agency.objects.filter(municipality=by.municipality)
        former = get_object_or_404(agencies, pk=whole_number(key, digits=9) or 0)
        number = accept_succession(by=by, former=former)
        messages.success(
            request,
            _("ケース%(n)s件の主担当になりました。続けて、だれが担当するかを決めます。")
            % {"n": number},
        )
        return redirect("handover_new", membership_id=by.pk)
    ready, blocked = proposed_to(by)
    counts = Counter((row.from_agency_id, row.from_agency.name) for row in ready)
    rows = [{"id": key, "name": name, "number": n} for (key, name), n in counts.items()]
    return render(request, "cases/succession_waiting.html", {"rows": rows, "blocked": blocked})


@member()
@confirmed_to_send
@require_http_methods(["GET", "POST"])
def succession_orphaned(request: MemberRequest) -> HttpResponse:
    """Running cases whose agency has ended: the office asks another agency to take one over."""
    by = request.membership
    check_may_count_recertified(by)
    rows = orphaned_cases(by)
    if request.method == "POST":
        row = next((r for r in rows if str(r.case_id) == request.POST.get("case", "")), None)
        chosen = whole_number(request.POST.get("to_agency", ""), digits=9)
        agency = next((a for a in (row.ready if row else []) if a.pk == chosen), None)
        if row is None or agency is None:
            raise ActionDenied(_("表示された中から、移管する機関を選んでください。"))
        send_orphaned(by=by, case_id=row.case_id, to_agency=agency)
        words = _("%(agency)sに移管を依頼しました。受け入れると、主担当になります。")
        messages.success(request, words % {"agency": agency.name})
        return redirect("succession_orphaned")
    log_access(
        by,
        Action.LIST,
        what="succession_orphaned",
        purpose=Purpose.ADMINISTRATION,
        record_ids=[row.case_id for row in rows],
    )
    may_send = by.may(Permission.OFFICE_HINTS) and by.may(Permission.WRITE_RECORDS)
    context = {"rows": rows, "may_send": may_send}
    return render(request, "cases/succession_orphaned.html", context)
