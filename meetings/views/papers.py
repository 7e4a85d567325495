"""議事録 of an item with consent on A4: with its basis and handling mark."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from config.lib.eras import format_datetime, format_long
from meetings.pages import law_of, law_words, presence, role_table, sitting_row
from meetings.views.common import get_item, log_item
from plans.models import Plan


@member(Permission.READ_CASES)
@require_GET
def item_print(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """議事録（個別議題）: what the reader sees of the item, ready for paper."""
    by = request.membership
    item = get_item(request, item_id)
    if item.is_secret:  # a paper under secrecy has its number (copies.py)
        return redirect("item_copies", item.pk)
    plan = Plan.objects.visible_to(by).filter(pk=item.plan_id).first() if item.plan_id else None
    log_item(request, item, Action.PRINT, "item_print")
    return render(
        request,
        "meetings/item_print.html",
        {
            "sheet": {
                "title": _("議事録　%(title)s") % {"title": item.title},
                "basis": law_words(law_of(item)),
                "handling": _("取扱注意"),
                "secret": False,
                "serial": "",
                "landscape": False,
                "issued_on": format_long(timezone.localdate()),
                "issuer": f"{by.agency_name}　{by.user}",
            },
            "item": item,
            "row": sitting_row(item.sitting),
            "presence": presence(item),
            "roles": role_table(by, plan) if plan else [],
            "decided_at": format_datetime(item.decided_at) if item.decided_at else "",
            "review_on": format_long(item.next_review_on) if item.next_review_on else "",
        },
    )
