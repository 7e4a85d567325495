"""インテーク・アセスメントシート: the four sheets on the screen and on paper."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases import sheet as compose
from cases.caselines import consent_states, files_of_case
from cases.casepage import issues_of
from cases.explain import grants_on
from cases.permissions import can, check_can_write
from cases.views.papers import case_sheet
from cases.views.subject import Subject, subject


@member(Permission.READ_CASES)
@require_GET
def intake_sheet(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """All four; with ?only=national what an agency with a form of its own still fills in."""
    on = subject(request, case_id, "intake_sheet")
    is_short = request.GET.get("only") == "national"
    context = _sheets(request, on, is_short=is_short)
    files = files_of_case(request.membership, on.case)
    context["files"] = files
    _log(request, on, Action.OPEN, "intake_sheet", context, [key for key, _line in files])
    url = reverse("intake_sheet", args=[on.case.pk])
    context["tabs"] = [
        {"label": _("すべての項目"), "url": url, "current": not is_short},
        {"label": _("太枠の項目だけ"), "url": f"{url}?only=national", "current": is_short},
    ]
    return render(request, "cases/intake_sheet.html", context)


@member(Permission.READ_CASES)
@require_GET
def intake_sheet_print(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """The same on A4."""
    on = subject(request, case_id, "intake_sheet_print")
    context = _sheets(request, on, is_short=False)
    _log(request, on, Action.PRINT, "intake_sheet_print", context)
    context["sheet"] = case_sheet(request, on, _("インテーク・アセスメントシート"))
    return render(request, "cases/intake_sheet_print.html", context)


def _sheets(request: MemberRequest, on: Subject, *, is_short: bool) -> dict[str, Any]:
    by = request.membership
    may_write = can(check_can_write, by, on.case)
    grants = grants_on(by, on.case.pk)
    issues = issues_of(by, on.case)
    agreed = consent_states(by, on.case, on.persons, grants)
    known = compose.known_of(by, on.case, on.persons, issues, grants, agreed, may_write=may_write)
    sheets = compose.sheets(known, is_short=is_short)
    return {
        "case": on.case,
        "title": on.title,
        "sheets": sheets,
        "filled": compose.whole(sheets),
        "may_write": may_write,
        "is_short": is_short,
        "record_ids": known.record_ids,
    }


def _log(
    request: MemberRequest,
    on: Subject,
    action: Action,
    what: str,
    context: dict[str, Any],
    files: list[uuid.UUID] | None = None,
) -> None:
    """V10: every record whose words are on the page."""
    keys = [*context.pop("record_ids"), *(files or [])]
    log_access(request.membership, action, what=what, case_id=on.case.pk, record_ids=keys)
