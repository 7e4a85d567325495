"""The calendar of sittings: a month as a page, a file, and the feed other programs fetch."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, in_background, member
from agencies.models import ConferenceType
from agencies.trail import log_access
from config.lib.digits import whole_number
from config.lib.eras import format_long
from meetings.ics import as_file, sittings_told
from meetings.models import CalendarFeed
from meetings.month import WEEKDAYS, month_of, month_page, title_of, turns
from meetings.operations import digest_of, make_feed, stop_feed
from meetings.views.common import body_tabs

CALENDAR = "text/calendar; charset=utf-8"


@member(Permission.READ_CASES)
@require_GET
def sitting_calendar(request: MemberRequest) -> HttpResponse:
    """A month, week by week; a day and a room, as in the list."""
    by = request.membership
    first = month_of(request.GET.get("month", ""))
    chosen = request.GET.get("body", "")
    body = whole_number(chosen, digits=18)
    bodies = list(ConferenceType.objects.running_in(by.municipality))
    log_access(by, Action.LIST, what="sitting_calendar", purpose=Purpose.PLAN_CONFERENCE)
    of = f"&body={body}" if body is not None else ""
    return render(
        request,
        "meetings/sitting_calendar.html",
        {
            **month_page(by, first, bodies, body),
            "title": title_of(first),
            "weekdays": WEEKDAYS,
            "months": turns(first, of),
            "tabs": body_tabs(bodies, chosen, month=f"{first:%Y-%m}"),
            "list_url": reverse("sitting_list") + (f"?body={body}" if of else ""),
        },
    )


@member(Permission.READ_CASES)
@require_GET
def sitting_calendar_file(request: MemberRequest) -> HttpResponse:
    """The same sittings as the feed's, once, as a file."""
    told = sittings_told() or []
    log_access(
        request.membership,
        Action.EXPORT,
        what="sitting_calendar_file",
        purpose=Purpose.PLAN_CONFERENCE,
    )
    response = HttpResponse(as_file(told, _site(request)), content_type=CALENDAR)
    response["Content-Disposition"] = 'attachment; filename="kasane-meetings.ics"'
    return response


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def calendar_feed(request: MemberRequest) -> HttpResponse:
    """Whether a feed runs; after a POST, its new address, this once."""
    by = request.membership
    address = ""
    if request.method == "POST":
        address = _site(request) + reverse("feed", args=[make_feed(by=by)])
    running = CalendarFeed.objects.visible_to(by).filter(digest__isnull=False).first()
    return render(
        request,
        "meetings/calendar_feed.html",
        {"address": address, "made_on": format_long(running.made_at) if running else ""},
    )


@member(Permission.READ_CASES)
@require_POST
def calendar_feed_stop(request: MemberRequest) -> HttpResponse:
    """The address answers no more."""
    if stop_feed(by=request.membership):
        messages.success(request, _("購読を止めました。前のアドレスは、もう使えません。"))
    return redirect("calendar_feed")


# Nobody acts here: whoever has the address is told what the function tells, whoever they are. Not
# logged: no case stands in it, and a program asks every hour. `no-store` (the middleware's) and no
# ETag: no cache on the way keeps what an address that was switched off would no longer give.
@login_not_required
@in_background
@require_GET
def feed(request: HttpRequest, word: str) -> HttpResponse:
    """A calendar program asks. Unknown, switched off and ended are one and the same (V15)."""
    told = sittings_told(digest_of(word))
    if told is None:
        response: HttpResponse = HttpResponseNotFound("not found", content_type="text/plain")
    else:
        response = HttpResponse(as_file(told, _site(request)), content_type=CALENDAR)
    response["Referrer-Policy"] = "no-referrer"  # the address itself is the key
    return response


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
