"""`{% draft "記録を書く" %}` in a form: it is kept as a draft while it is typed (cases.drafts)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html_join

from cases.drafts import FIELD, NAMES, DraftToken, page_with_query, read_token
from config.lib.ids import new_id

register = template.Library()


@register.inclusion_tag("components/draft.html", takes_context=True)
def draft(
    context: dict[str, Any],
    title: str,
    *,
    keeps_query: bool = False,
    filled: Collection[str] = (),
) -> dict[str, Any]:
    """A form shown again, or gone on with, keeps the key it had. keeps_query: the address says
    what the form asks, so a draft of it is gone on with there. filled: the fields the page itself
    has filled in from its draft; nothing is fetched, and they are kept on."""
    request: HttpRequest = context["request"]
    membership_id: uuid.UUID = request.membership.pk  # type: ignore[attr-defined]  # MemberRequest has it
    before = read_token(request.POST.get(FIELD, ""))
    going_on = _key(request.GET.get("draft", ""))
    if before is not None and before.membership_id == membership_id:
        key = before.key
    else:
        key = going_on or new_id()
    case = context.get("case")
    page = page_with_query(request) if keeps_query else request.path
    token = DraftToken(key, membership_id, page, title, case.pk if case else None)
    return {
        "token": token.signed(),
        "names": request.POST.get(NAMES, "") or " ".join(filled),
        "page": page,
        "going_on": going_on if request.method == "GET" and not filled else None,
        "is_again": request.method == "POST" or bool(filled),
        "csp_nonce": context.get("csp_nonce", ""),
    }


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@register.simple_tag(takes_context=True)
def draft_goes_on(context: dict[str, Any]) -> str:
    """On the page that asks once more before a form is sent: its draft goes when it is, and back at
    the form it is known what its writer has changed."""
    sent = context["request"].POST
    if not sent.get(FIELD):
        return ""
    carried = [(name, sent.get(name, "")) for name in (FIELD, NAMES)]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', carried)
