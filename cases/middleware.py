"""支援措置 (V9) around every view: who has written what waits is told so, and led to a page they
can see; what is printed is checked against the shielded values once more."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.drafts import FIELD, opened_by_another, read_token
from cases.models import Case
from cases.operations.drafts import discard_draft
from cases.shields import found_on_paper, waiting_in

GetResponse = Callable[[HttpRequest], HttpResponse]

# Stands in base_print.html; gives way to a warning for the list.
MARK = b'<template id="shield-mark"></template>'
_TAGS = re.compile(r"<[^>]*>")


class ShieldMiddleware:
    """After the membership is known, inside the request's transaction."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        membership = getattr(request, "membership", None)
        if membership is None:
            return response
        if request.method == "POST" and response.status_code == 302:
            return _lead_on(request, response)
        if response.status_code == 200 and response.get("Content-Type", "").startswith("text/html"):
            _mark(response)
        return response


def _lead_on(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page of what waits would not be found: the case's page instead, or one's own."""
    case_id = waiting_in()
    if case_id is None:
        return response
    messages.info(
        request, _("このケースには支援措置があります。名簿の人が確認すると表示されます。")
    )
    membership = request.membership  # type: ignore[attr-defined]  # MemberRequest has it
    if Case.objects.visible_to(membership).filter(pk=case_id).exists():
        return redirect("case_detail", case_id)
    return redirect("home")


def _mark(response: HttpResponse) -> None:
    """On the paper of a list member: that it shows what is hidden from everybody else."""
    if MARK not in response.content:
        return
    words = html.unescape(_TAGS.sub(" ", response.content.decode()))
    found = found_on_paper(words)
    mark = render_to_string("cases/panels/shield_paper.html", {"found": found}) if found else ""
    response.content = response.content.replace(MARK, mark.encode())


class DraftMiddleware:
    """下書き around every form that keeps one: what was opened for somebody else is not taken, and
    what was taken is no draft any more."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        membership = getattr(request, "membership", None)
        if membership is None or request.method != "POST" or FIELD not in request.POST:
            return self.get_response(request)
        token = read_token(request.POST[FIELD])
        if token is not None and token.membership_id != membership.pk and not _keeps(request):
            return render(request, "403.html", {"reason": opened_by_another()}, status=403)
        response = self.get_response(request)
        # A form answered by the way to the next page has been taken.
        if token is not None and response.status_code == 302:
            discard_draft(by=membership, key=token.key)
        return response


def _keeps(request: HttpRequest) -> bool:
    """The page itself keeps what is typed, and says in its own words why not."""
    return request.path == reverse("draft_save")
