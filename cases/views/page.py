"""The case page and its paper."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.casepage import case_page
from cases.enums import GrantBasis
from cases.views.subject import case_or_404
from config.lib.eras import format_long, today


@member(Permission.READ_CASES)
@require_GET
def case_detail(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """One household: state, next step, persons, issues, what was done, who may see it."""
    case = case_or_404(request.membership, case_id)
    page = case_page(request.membership, case, before=request.GET.get("before", ""))
    log_access(
        request.membership,
        Action.OPEN,
        what="case_detail",
        basis=page.explanation.basis,
        case_id=case.pk,
        record_ids=page.record_ids,
    )
    return render(request, "cases/case_detail.html", {"page": page})


@member(Permission.READ_CASES)
@require_GET
def case_print(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """The same on A4, with basis, handling mark and issuer."""
    case = case_or_404(request.membership, case_id)
    page = case_page(request.membership, case, before=request.GET.get("before", ""))
    log_access(
        request.membership,
        Action.PRINT,
        what="case_print",
        basis=page.explanation.basis,
        case_id=case.pk,
        record_ids=page.record_ids,
    )
    sheet = {
        "title": f"{page.title}　{case.number}",
        "basis": str(GrantBasis(page.explanation.basis).label),
        "handling": _("取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
    return render(request, "cases/case_print.html", {"page": page, "sheet": sheet})
