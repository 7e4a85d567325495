"""閲覧記録 (V10): who looked at this case, for the responsible agency and for the person."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import AccessLog, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import Case
from cases.models.access import looks_at_own
from cases.personlooks import PLAIN, looks_at, paper_lines, sheet
from cases.views.subject import subject
from config.lib.digits import whole_number
from config.lib.eras import format_datetime_short

SHOWN = 50


@member(Permission.READ_CASES)
@require_GET
def case_looks(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Every look at the case but those under V6 and inside other agencies' records."""
    on = subject(request, case_id, "case_looks")
    _check(request.membership, on.case)
    rows = _looks(request.membership, on.case)
    place = _place(request.GET.get("before", ""))
    if place is not None:
        rows = rows.filter(pk__lt=place)
    found = list(rows[: SHOWN + 1])
    context = {
        "case": on.case,
        "title": on.title,
        "lines": _lines(found[:SHOWN]),
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "is_older": place is not None,
        "persons": on.people,
    }
    return render(request, "cases/case_looks.html", context)


@member(Permission.READ_CASES)
@require_GET
def looks_print(request: MemberRequest, case_id: uuid.UUID, person_id: uuid.UUID) -> HttpResponse:
    """A4 for the person concerned: no staff, and nobody whom it would tell of (personlooks)."""
    on = subject(request, case_id, "looks_print")
    _check(request.membership, on.case)
    person = on.persons.get(person_id)
    if person is None:
        raise Http404
    looks = [look for look in looks_at(person_id) if look.source == PLAIN]
    lines, is_cut = paper_lines(request.membership, looks)
    log_access(
        request.membership,
        Action.PRINT,
        what="looks_print",
        purpose=Purpose.DISCLOSURE,
        basis=enums.GrantBasis.RESPONSIBLE,
        case_id=on.case.pk,
        record_ids=[person_id],
    )
    context = {
        "sheet": sheet(person.shown_name, request.membership.agency_name),
        "back_url": reverse("case_looks", args=[on.case.pk]),
        "lines": lines,
        "is_cut": is_cut,
        "is_whole": False,
    }
    return render(request, "cases/looks_print.html", context)


def _check(by: Membership, case: Case) -> None:
    if by.agency_id != case.responsible_agency_id:
        raise ActionDenied(_("ケースの閲覧記録を見られるのは、主担当機関です。"))


def _looks(by: Membership, case: Case) -> QuerySet[AccessLog]:
    rows = AccessLog.objects.visible_to(by).filter(looks_at_own(by), case_id=case.pk)
    return rows.order_by("-pk")


def _place(text: str) -> int | None:
    return whole_number(text, digits=18)


def _lines(rows: Iterable[AccessLog]) -> list[dict[str, str]]:
    """One line a look, with the names of who looked. One query."""
    found = list(rows)
    members = Membership.objects.with_names().in_bulk({r.membership_id for r in found})
    lines = []
    for row in found:
        who = members.get(row.membership_id) if row.membership_id else None
        lines.append(
            {
                "when": format_datetime_short(row.at),
                "agency": who.agency_name if who else "",
                "role": who.role_name if who else "",
                "name": str(who.user or "") if who else "",
                "action": str(Action(row.action).label),
                "purpose": str(Purpose(row.purpose).label) if row.purpose else "",
                "basis": _basis(row.basis),
                "count": str(len(row.record_ids) or ""),
            }
        )
    return lines


def _basis(basis: str) -> str:
    return str(enums.GrantBasis(basis).label) if basis else ""
