"""なぜ見えるのか・見えないのか, and the case as another agency sees it (V17)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import Agency, Membership
from agencies.trail import log_access
from cases.models import Case
from cases.permissions import check_can_ask_why
from cases.seenas import as_page
from cases.titles import household_title
from cases.views.subject import case_or_404
from cases.whypage import SHOW, answer_about, asking, choices, find_asked
from config.lib.digits import whole_number
from config.lib.eras import format_long, today

COUNTED = 100_000


@member(Permission.READ_CASES)
@require_GET
def case_why(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Choose an agency, or one of its people in an emergency: what is open to them, and why."""
    by = request.membership
    case = _case(by, case_id)
    known = asking(by, case)
    value, show = request.GET.get("agency", ""), request.GET.get("show", "")
    asked = None
    if value:
        asked = find_asked(value, by.municipality.pk, known.emergencies, known.agencies)
        if asked is None:
            raise Http404
    answer = answer_about(by, known.known, asked, show if show in SHOW else "") if asked else None
    is_paper = "print" in request.GET and answer is not None
    keys = answer.record_ids if answer else known.known.persons
    _log(request, Action.PRINT if is_paper else Action.OPEN, f"case_why {value}", case, keys)
    title = household_title(known.known.persons.values())
    context = {
        "case": case,
        "title": title,
        "options": choices(known.known, known.emergencies, known.agencies.values()),
        "chosen": asked.value if asked else "",
        "show": show,
        "answer": answer,
        "sheet": _sheet(request, f"{title}　{case.number}"),
    }
    return render(request, "cases/why_print.html" if is_paper else "cases/why.html", context)


@member(Permission.READ_CASES)
@require_GET
def case_as(request: MemberRequest, case_id: uuid.UUID, agency_id: int) -> HttpResponse:
    """今、この機関から見えるもの: read-only, as far as the asker may read it."""
    by = request.membership
    case = _case(by, case_id)
    city = Agency.objects.filter(municipality=by.municipality.pk, is_type=False)
    agency = get_object_or_404(city, pk=agency_id)
    page = as_page(by, case, agency, _start(request.GET.get("from", "")))
    _log(request, Action.OPEN, f"case_as {agency.pk}", case, page.record_ids)
    return render(request, "cases/seen_as.html", {"case": case, "page": page})


def _case(by: Membership, case_id: uuid.UUID) -> Case:
    case = case_or_404(by, case_id)
    check_can_ask_why(by, case)
    return case


def _start(text: str) -> int:
    return min(whole_number(text, digits=5) or 0, COUNTED)


def _log(
    request: MemberRequest, action: Action, what: str, case: Case, keys: Iterable[uuid.UUID]
) -> None:
    """V10: asking is a look, for a purpose of its own and at the records named."""
    log_access(
        request.membership,
        action,
        what=what.strip(),
        purpose=Purpose.AUDIT,
        case_id=case.pk,
        record_ids=keys,
    )


def _sheet(request: MemberRequest, title: str) -> dict[str, object]:
    return {
        "title": title,
        "basis": "",
        "handling": _("取扱注意"),
        "serial": "",
        "secret": False,
        "landscape": False,
        "issued_on": format_long(today()),
        "issuer": f"{request.membership.agency_name}　{request.user}",
    }
