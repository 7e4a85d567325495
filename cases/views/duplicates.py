"""重複の気づき: the office asks both agencies, and says what became of it (V15)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.enums import DuplicateOutcome
from cases.operations.duplicates import ask_both, open_duplicates, settle_duplicate
from config.lib.eras import format_short


@member(Permission.OFFICE_HINTS)
@require_http_methods(["GET", "POST"])
def duplicate_list(request: MemberRequest) -> HttpResponse:
    """Two agencies and two numbers a line; no name."""
    by = request.membership
    wrong = None
    if request.method == "POST":
        wrong = _key(request.POST.get("hint", ""))
        if not _is_unanswered(request):
            return _answered(request, wrong)
    rows = open_duplicates(by)
    log_access(
        by,
        Action.LIST,
        what="duplicate_list",
        purpose=Purpose.ADMINISTRATION,
        record_ids=[row.key for row in rows],
    )
    lines = [
        {
            "key": row.key,
            "sides": row.sides,
            "noted": format_short(row.noted_at),
            "asked": format_short(row.asked_at) if row.asked_at else "",
            "is_wrong": row.key == wrong,
        }
        for row in rows
    ]
    context = {"rows": lines, "outcomes": DuplicateOutcome.choices}
    status = 422 if wrong else 200
    return render(request, "cases/duplicate_list.html", context, status=status)


def _is_unanswered(request: MemberRequest) -> bool:
    """It is to be settled, and nobody said how."""
    step, outcome = request.POST.get("step", ""), request.POST.get("outcome", "")
    return step != "ask" and outcome not in DuplicateOutcome.values


def _answered(request: MemberRequest, key: uuid.UUID) -> HttpResponse:
    by = request.membership
    if request.POST.get("step") == "ask":
        names = [side.agency.name for side in ask_both(key=key, by=by).sides]
        words = _("%(first)sと%(second)sに、それぞれのケースの同意を確かめるようお願いしました。")
        messages.success(request, words % {"first": names[0], "second": names[1]})
    else:
        settle_duplicate(key=key, by=by, outcome=request.POST["outcome"])
        messages.success(request, _("片づいたものとして、一覧から外しました。"))
    return redirect("duplicate_list")


def _key(typed: str) -> uuid.UUID:
    """What is no key names nothing."""
    try:
        return uuid.UUID(typed)
    except ValueError:
        return uuid.UUID(int=0)
