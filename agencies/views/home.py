"""今日の仕事 and notices."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from agencies.guards import MemberRequest
from agencies.home import home_context, notice_lines
from agencies.operations import mark_notices_read


@require_GET
def home(request: MemberRequest) -> HttpResponse:
    """今日の仕事: what every room says is waiting for this membership."""
    if request.membership is None:
        return render(request, "agencies/no_membership.html", status=200)
    return render(
        request, "agencies/home.html", home_context(request.membership, request.GET.get("all", ""))
    )


@require_http_methods(["GET", "POST"])
def notices(request: MemberRequest) -> HttpResponse:
    """お知らせ, newest first; reading them is an act of its own (POST)."""
    if request.membership is None:
        raise Http404
    rows = notice_lines(request.membership)
    if request.method == "POST":
        mark_notices_read(by=request.membership, ids=[row.key for row in rows])
        return redirect("notices")
    has_unread = any(row.is_unread for row in rows)
    return render(request, "agencies/notices.html", {"notices": rows, "has_unread": has_unread})
