"""本人への開示: find the person by case number and letter, decide, print the paper (V10)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.trail import log_access
from cases.personlooks import looks_at, paper_lines, sheet
from reports.review.disclosure import (
    Named,
    decide_looks,
    decisions_about,
    disclosed,
    groups_of,
    person_of,
    persons_of,
    told_of,
)
from reports.review.form import DecideForm, FindForm


@member(Permission.REVIEW_ACCESS)
@require_GET
def look_find(request: MemberRequest) -> HttpResponse:
    """The persons of a case by letter."""
    form = FindForm(request.GET or None)
    persons: list[Named] = []
    if form.is_valid():
        persons = persons_of(form.case_id, form.cleaned_data["case"])
    _log(request, Action.SEARCH, "look_find", *(person.key for person in persons))
    context = {"form": form, "persons": persons}
    status = 422 if form.errors else 200
    return render(request, "reports/look_find.html", context, status=status)


@member(Permission.REVIEW_ACCESS)
@require_http_methods(["GET", "POST"])
def look_person(request: MemberRequest, person_id: uuid.UUID) -> HttpResponse:
    """What there is to tell, what was decided, and the next decision."""
    person = _person(request, person_id, Action.OPEN, "look_person")
    looks, decisions = looks_at(person_id), decisions_about(request.membership, person_id)
    groups = groups_of(looks, decisions)
    form = DecideForm(request.POST or None, groups=groups)
    if request.method == "POST" and form.is_valid():
        decide_looks(
            person_id=person_id,
            by=request.membership,
            source=form.group.source,
            agency_id=form.group.agency_id,
            is_disclosed=form.cleaned_data["answer"] == "yes",
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("決定を記録しました。"))
        return redirect("look_person", person_id=person_id)
    context = {
        "person": person,
        "form": form,
        "groups": groups,
        "decisions": told_of(decisions),
        "told": len(disclosed(looks, decisions)),
    }
    status = 422 if form.errors else 200
    return render(request, "reports/look_person.html", context, status=status)


@member(Permission.REVIEW_ACCESS)
@require_GET
def look_paper(request: MemberRequest, person_id: uuid.UUID) -> HttpResponse:
    """A4 for the person: what may be told anyway, and what was decided."""
    person = _person(request, person_id, Action.PRINT, "look_paper")
    looks = disclosed(looks_at(person_id), decisions_about(request.membership, person_id))
    lines, is_cut = paper_lines(request.membership, looks)
    context = {
        "sheet": sheet(person.words, request.membership.agency_name),
        "back_url": reverse("look_person", args=[person_id]),
        "lines": lines,
        "is_cut": is_cut,
        "is_whole": True,
    }
    return render(request, "cases/looks_print.html", context)


def _person(request: MemberRequest, key: uuid.UUID, action: Action, what: str) -> Named:
    person = person_of(key)
    if person is None:
        raise Http404
    _log(request, action, what, key)
    return person


def _log(request: MemberRequest, action: Action, what: str, *keys: uuid.UUID) -> None:
    log_access(request.membership, action, what=what, purpose=Purpose.DISCLOSURE, record_ids=keys)
