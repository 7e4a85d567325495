"""`{% draft "記録を書く" %}` in a form: it is kept as a draft while it is typed.

The page says itself what it is, on which case and for whom it was opened: signed, so that what is
kept later is kept there and by whoever it was opened for.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import template
from django.core import signing
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from config.lib.ids import new_id

register = template.Library()
SALT = "cases.draft"
FIELD = "draft_token"
NAMES = "draft_names"  # the fields whoever writes has changed, with a blank between
PAGE_LIMIT = 200  # of the column


@dataclass(frozen=True)
class DraftToken:
    """What a form is kept under: its key, for whom, where, what it is called, on which case."""

    key: uuid.UUID
    membership_id: uuid.UUID
    page: str
    title: str
    case_id: uuid.UUID | None


def read_token(text: str) -> DraftToken | None:
    """The token as a page signed it; None for anything else."""
    try:
        key, membership, page, title, case = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return DraftToken(
        uuid.UUID(key), uuid.UUID(membership), page, title, uuid.UUID(case) if case else None
    )


def opened_by_another() -> str:
    """Why nothing typed here is taken: whoever acts now is not who opened the page."""
    return _(
        "この画面は、別の人または別の所属で開いたものです。"
        "書いた内容を写してから、画面を開きなおしてください。"
    )


@register.inclusion_tag("components/draft.html", takes_context=True)
def draft(context: dict[str, Any], title: str, *, keeps_query: bool = False) -> dict[str, Any]:
    """A form shown again, or gone on with, keeps the key it had. keeps_query: the address says
    what the form asks, so a draft of it is gone on with there."""
    request: HttpRequest = context["request"]
    membership_id: uuid.UUID = request.membership.pk  # type: ignore[attr-defined]  # MemberRequest has it
    before = read_token(request.POST.get(FIELD, ""))
    going_on = _key(request.GET.get("draft", ""))
    if before is not None and before.membership_id == membership_id:
        key = before.key
    else:
        key = going_on or new_id()
    case = context.get("case")
    page = _with_query(request) if keeps_query else request.path
    token = [str(key), str(membership_id), page, title, str(case.pk) if case else ""]
    return {
        "token": signing.dumps(token, salt=SALT),
        "names": request.POST.get(NAMES, ""),
        "page": page,
        "going_on": going_on if request.method == "GET" else None,
        "is_again": request.method == "POST",
        "csp_nonce": context.get("csp_nonce", ""),
    }


def _with_query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("draft", None)
    page = f"{request.path}?{query.urlencode()}" if query else request.path
    return page if len(page) <= PAGE_LIMIT else request.path


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@register.simple_tag(takes_context=True)
def draft_goes_on(context: dict[str, Any]) -> str:
    """On the page that asks once more before a form is sent: its draft goes when it is."""
    token = context["request"].POST.get(FIELD, "")
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, token) if token else ""
