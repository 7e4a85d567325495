"""The frame every page stands in: city, membership in use, navigation, notices."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership, Notice
from config.lib.eras import format_datetime
from config.lib.prepared import prepared
from config.lib.registry import NavItem, registry


def frame(request: HttpRequest) -> dict[str, Any]:
    """`kasane` for the base template; `csp_nonce` under the name django-htmx asks for."""
    membership: Membership | None = getattr(request, "membership", None)
    context: dict[str, Any] = {
        "product_name": "かさね",
        "city_name": "",
        "membership": None,
        "memberships": [],
        "nav": [],
        "notice_count": 0,
        "user_name": "",
        "shown_at": "",
        "account_url": None,
        "intake_url": None,
        "search_url": None,
    }
    if membership is not None:
        reads = membership.may(Permission.READ_CASES)
        takes = membership.may(Permission.TAKE_CONSULTATION)
        context |= {
            "city_name": membership.municipality.name,
            "membership": membership,
            "memberships": request.memberships,  # type: ignore[attr-defined]  # MemberRequest has it
            "nav": _navigation(request, membership),
            "notice_count": _unread(membership).count(),
            "user_name": str(request.user),
            "shown_at": format_datetime(timezone.now()),
            "account_url": reverse("account"),
            "intake_url": _url("consultation_new") if takes else None,
            "search_url": _url("case_search") if reads else None,
        }
    nonce = getattr(request, "csp_nonce", "")
    return {"kasane": context, "csp_nonce": nonce}


@prepared
def _unread(membership: Membership) -> QuerySet[Notice]:
    return Notice.objects.for_desk(membership).unread()[:100]


def _url(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _navigation(request: HttpRequest, membership: Membership) -> list[list[dict[str, Any]]]:
    items = [
        (item, reverse(item.url_name))
        for item in registry.navigation
        if not item.permission or membership.may(item.permission)
    ]
    # The nearest above the page: one list may stand beneath another.
    above = [url for _item, url in items if request.path == url or _is_above(url, request.path)]
    current = max(above, key=len, default="")
    groups: dict[int, list[dict[str, Any]]] = {}
    for item, url in items:
        line = _line(membership, item, url) | {"current": url == current}
        groups.setdefault(item.group, []).append(line)
    return [groups[key] for key in sorted(groups)]


def _is_above(url: str, path: str) -> bool:
    return url != "/" and path.startswith(url)


def _line(membership: Membership, item: NavItem, url: str) -> dict[str, Any]:
    count, overdue = item.count(membership) if item.count else (0, False)
    return {"url": url, "label": item.label, "count": count, "overdue": overdue}
