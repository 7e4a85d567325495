"""重複の気づき: the office asks both agencies, and says what became of it (V15)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.forms.duplicates import SettleForm
from cases.operations.duplicates import SHOWN, ask_both, open_duplicates, settle_duplicate
from config.lib.eras import format_short


@member(Permission.OFFICE_HINTS)
@require_http_methods(["GET", "POST"])
def duplicate_list(request: MemberRequest) -> HttpResponse:
    """Two agencies and two numbers a line; no name."""
    by = request.membership
    sent = SettleForm(request.POST) if request.method == "POST" else None
    if sent is not None and (done := _answered(request, sent)):
        messages.success(request, done)
        return redirect("duplicate_list")
    found = open_duplicates(by)
    rows = found[:SHOWN]
    log_access(
        by,
        Action.LIST,
        what="duplicate_list",
        purpose=Purpose.ADMINISTRATION,
        record_ids=[row.key for row in rows],
    )
    chosen = sent.cleaned_data.get("hint") if sent else None
    lines = [
        {
            "key": row.key,
            "sides": row.sides,
            "noted": format_short(row.noted_at),
            "asked": format_short(row.asked_at) if row.asked_at else "",
            "form": sent if sent and row.key == chosen else SettleForm(initial={"hint": row.key}),
        }
        for row in rows
    ]
    context = {"rows": lines, "is_cut": len(found) > SHOWN}
    return render(request, "cases/duplicate_list.html", context, status=422 if sent else 200)


def _answered(request: MemberRequest, sent: SettleForm) -> str:
    """What was done, in words; nothing where it is still to be said how it became."""
    by = request.membership
    is_whole = sent.is_valid()
    if request.POST.get("step") == "ask":
        first, second = ask_both(key=sent.cleaned_data.get("hint"), by=by).sides
        words = _("%(first)sと%(second)sに、それぞれのケースの同意を確かめるようお願いしました。")
        return words % {"first": first.agency.name, "second": second.agency.name}
    if not is_whole:
        return ""
    settle_duplicate(key=sent.cleaned_data["hint"], by=by, outcome=sent.cleaned_data["outcome"])
    return _("片づいたものとして、一覧から外しました。")
