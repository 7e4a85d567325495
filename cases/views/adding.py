"""追加の相談: a consultation joins a case one works on. 書き足す: what its sheet left open."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.trail import log_access
from cases import enums
from cases.forms.intake import CompletingForm, MatchForm
from cases.forms.search import SearchForm
from cases.gate import works_on
from cases.intakeitems import BLOCKS, items_of
from cases.models import Case, Consultation, ConsultationPerson
from cases.operations import add_to_case
from cases.operations.consultation import (
    check_can_complete,
    complete_consultation,
    late_items,
    person_facts,
    to_complete,
)
from cases.permissions import ActionDenied, check_can_write
from cases.search import Found, Hit, search, similar
from cases.views.subject import Subject, subject


@member(Permission.TAKE_CONSULTATION)
@require_http_methods(["GET", "POST"])
def consultation_add(request: MemberRequest, consultation_id: uuid.UUID) -> HttpResponse:
    """Choose the case, then say who is who; sent twice it is added once."""
    found = Consultation.objects.visible_to(request.membership)
    consultation = get_object_or_404(found, pk=consultation_id)
    if consultation.case_id is not None:
        return redirect("case_detail", consultation.case_id)
    if consultation.status != enums.ConsultationStatus.OPEN:
        return redirect("consultation_detail", consultation.pk)
    key = _key(request.GET.get("case", ""))
    if key is None:
        return _choose(request, consultation)
    on = subject(request, key, "consultation_add")
    check_can_write(request.membership, on.case)
    return _match(request, consultation, on)


def _match(request: MemberRequest, consultation: Consultation, on: Subject) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = MatchForm(data, parts=_parts(request.membership, consultation), persons=on.people)
    if form.is_valid():
        case = add_to_case(
            consultation=consultation, case=on.case, by=request.membership, matched=form.matched()
        )
        messages.success(
            request, _("相談をケース %(number)s に加えました。") % {"number": case.number}
        )
        return redirect("case_detail", case.pk)
    context = {"consultation": consultation, "case": on.case, "title": on.title, "form": form}
    status = 422 if form.errors else 200
    return render(request, "cases/consultation_match.html", context, status=status)


def _choose(request: MemberRequest, consultation: Consultation) -> HttpResponse:
    """Likely households first; any other by what is typed: by POST (cases.views.search)."""
    membership = request.membership
    form = SearchForm(request.POST if request.method == "POST" else None)
    facts = [person_facts(part) for part in _parts(membership, consultation)]
    likely = _at_work(membership, similar(membership, facts))
    others: list[Hit] = []
    if form.is_bound and form.is_valid():
        others = _at_work(membership, search(membership, form.cleaned_data["q"]))
    log_access(
        membership,
        Action.SEARCH,
        what="consultation_add",
        record_ids=sorted({hit.case_id for hit in [*likely, *others] if hit.case_id}),
    )
    context = {
        "consultation": consultation,
        "form": form,
        "likely": likely,
        "others": others,
        "is_searched": form.is_bound and not form.errors,
    }
    status = 422 if form.errors else 200
    return render(request, "cases/consultation_choose.html", context, status=status)


def _at_work(membership: Membership, found: Found) -> list[Hit]:
    """One line a case: open ones on which the agency works."""
    by_case = {hit.case_id: hit for hit in reversed(found.hits) if hit.case_id}
    cases = Case.objects.visible_to(membership).open().filter(pk__in=by_case)
    return [by_case[case.pk] for case in cases.order_by("-opened_at") if works_on(membership, case)]


def _parts(membership: Membership, consultation: Consultation) -> list[ConsultationPerson]:
    found = ConsultationPerson.objects.visible_to(membership).filter(consultation=consultation)
    return list(found.order_by("order"))


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@member(Permission.TAKE_CONSULTATION)
@require_http_methods(["GET", "POST"])
def consultation_items(request: MemberRequest, consultation_id: uuid.UUID) -> HttpResponse:
    """書き足す: the items that were not asked at first."""
    by = request.membership
    found = Consultation.objects.visible_to(by).select_related("case")
    consultation = get_object_or_404(found, pk=consultation_id)
    check_can_complete(by, consultation)
    items = items_of(by.municipality)
    data = request.POST if request.method == "POST" else None
    declared = bool(data and data.get("not_my_number"))
    form = CompletingForm(
        data,
        items={item.code: item for item in to_complete(consultation, items.values())},
        late=late_items(consultation, items.values()),
        declared=declared,
    )
    log_access(
        by,
        Action.OPEN,
        what="consultation_items",
        case_id=consultation.case_id,
        record_ids=[consultation.pk],
    )
    if form.is_bound and form.is_valid() and _completed(consultation, by, form):
        for name in form.not_my_number_fields:
            what = f"declared_no_my_number {form.add_prefix(name)}"[:80]
            log_access(by, Action.WRITE, what=what, record_ids=[consultation.pk])
        messages.success(request, _("受付票に書き足しました。"))
        if consultation.case_id is not None:
            return redirect("intake_sheet", consultation.case_id)
        return redirect("consultation_detail", consultation.pk)
    context = {
        "consultation": consultation,
        "case": consultation.case,
        "form": form,
        "blocks": [(BLOCKS[block], fields) for block, fields in form.blocks()],
        "asks_declaration": declared or _is_refused_number(form),
    }
    status = 422 if form.errors else 200
    return render(request, "cases/consultation_items.html", context, status=status)


def _completed(consultation: Consultation, by: Membership, form: CompletingForm) -> bool:
    """Whether it was written; if not, the form says why and keeps what was typed."""
    try:
        complete_consultation(consultation=consultation, by=by, answers=form.answers())
    except ActionDenied as error:
        form.add_error(None, str(error))
    return not form.errors


def _is_refused_number(form: CompletingForm) -> bool:
    found = form.errors.as_data() if form.is_bound else {}
    return any(error.code == "my_number" for errors in found.values() for error in errors)
