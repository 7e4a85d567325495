"""議事録 with consent on A4, of one item and of a sitting: with its basis and handling mark."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from config.lib.eras import format_long
from meetings.enums import ItemState
from meetings.minutes import paper_of, papers_of
from meetings.pages import law_in_force, law_of, law_words, sitting_row
from meetings.views.common import get_item, get_sitting, items_of, log_item

SHORT = "short"  # ?form=short: 決定事項 alone


def sheet_of(by: Membership, title: str, basis: str) -> dict[str, Any]:
    """Head and foot of a paper with consent."""
    return {
        "title": title,
        "basis": basis,
        "handling": _("取扱注意"),
        "secret": False,
        "serial": "",
        "landscape": False,
        "issued_on": format_long(timezone.localdate()),
        "issuer": f"{by.agency_name}　{by.user}",
    }


def form_words(*, is_short: bool) -> str:
    return _("議事録（決定事項）") if is_short else _("議事録")


@member(Permission.READ_CASES)
@require_GET
def item_print(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """議事録（個別議題）: what the reader sees of the item, ready for paper."""
    by, item = request.membership, get_item(request, item_id)
    if item.is_secret:  # a paper under secrecy has its number (copies.py)
        return redirect("item_copies", item.pk)
    is_short = request.GET.get("form") == SHORT
    log_item(request, item, Action.PRINT, "item_print")
    title = f"{form_words(is_short=is_short)}　{item.title}"
    context = {
        "sheet": sheet_of(by, title, law_words(law_of(item))),
        "item": item,
        "row": sitting_row(item.sitting),
        "page": paper_of(by, item, is_short=is_short),
    }
    return render(request, "meetings/item_print.html", context)


@member(Permission.READ_CASES)
@require_GET
def sitting_minutes(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """議事録 of a sitting on one paper: its items with consent, as far as the reader sees them.
    What is sealed is not on it, for nobody: it is printed under a number (V6)."""
    by, sitting = request.membership, get_sitting(request, sitting_id)
    is_short = request.GET.get("form") == SHORT
    items = [
        item
        for item in items_of(by, sitting)
        if not item.is_secret and item.state in (ItemState.NOTICED, ItemState.DECIDED)
    ]
    for item in items:
        log_item(request, item, Action.PRINT, "sitting_minutes")
    row = sitting_row(sitting)
    codes = sorted({code for body in row.bodies if not body.is_secret for code in body.bases})
    context = {
        "sheet": sheet_of(
            by, form_words(is_short=is_short), law_words(law_in_force(codes, sitting.on))
        ),
        "row": row,
        "pages": papers_of(by, items, is_short=is_short),
        "is_short": is_short,
    }
    return render(request, "meetings/sitting_minutes.html", context)
