"""Search: the words come by POST and stand in no address, no log and no history of a browser."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.forms.search import SearchForm
from cases.search import LIMIT, WHILE_TYPING, search


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def case_search(request: MemberRequest) -> HttpResponse:
    """What fits what was typed, within what the reader may see; a fragment of the first few while
    it is being typed. A GET only shows the box."""
    form = SearchForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "found": None, "limit": LIMIT, "typed": ""}
    context["may_open_emergency"] = request.membership.may(Permission.OPEN_EMERGENCY)
    if not form.is_bound:
        return render(request, "cases/case_search.html", context)
    if not form.is_valid():
        if request.htmx:  # nothing left in the box, or no word yet: nothing is found
            return HttpResponse()
        return render(request, "cases/case_search.html", context, status=422)
    limit = WHILE_TYPING if request.htmx else LIMIT
    found = search(request.membership, form.cleaned_data["q"], limit=limit)
    log_access(request.membership, Action.SEARCH, what="case_search", record_ids=found.keys)
    context |= {"found": found, "typed": form.cleaned_data["q"]}
    page = "cases/case_search.html"
    return render(request, f"{page}#typed" if request.htmx else page, context)
