"""訪問記録: the list, and a form a thumb can fill at the door."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.cautions import caution_lines
from cases.models import CarryOut, Case
from cases.operations.case import StaleVersion, persons_by_key, written_about
from cases.versions import versions_of
from cases.views.subject import is_fit
from config.lib.eras import format_long
from outreach.forms import VisitEditForm, VisitForm, VisitWords
from outreach.models import Visit
from outreach.operations import change_visit, log_visit, open_visit_to_team
from outreach.pages import (
    VERSION_LABELS,
    after_correction,
    case_title,
    correction_page,
    former_visits,
    openable_visits,
    secret_ids,
    visit_list_page,
)
from outreach.permissions import (
    check_can_correct_visit,
    check_can_log_under,
    check_can_log_visit,
    has_consent,
)

SECRECY = "106-6"


@require_GET
@member(Permission.LOG_VISIT)
def visit_list(request: MemberRequest) -> HttpResponse:
    """What comes next, how long it has taken, and what was logged, newest first."""
    page = visit_list_page(request.membership, request.GET.get("before", ""))
    log_access(request.membership, Action.LIST, what="visit_list", record_ids=page.record_ids)
    return render(request, "outreach/visit_list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@member(Permission.LOG_VISIT)
def visit_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """A visit to a household one sees."""
    membership = request.membership
    case = get_object_or_404(Case.objects.visible_to(membership), pk=case_id)
    check_can_log_visit(membership, case)
    title, persons = case_title(membership, case)
    is_open = has_consent(membership, case)
    people = written_about(persons)
    form = VisitForm(request.POST or None, persons=people, chooses_audience=is_open)
    if request.method == "POST" and form.is_valid() and _saved(request, form, case=case):
        messages.success(request, _("訪問記録を保存しました。"))
        return redirect("case_detail", case.pk)
    cautions = caution_lines(membership, case, {p.pk: p for p in persons}, may_write=False)
    log_access(
        membership,
        Action.OPEN,
        what="visit_new",
        case_id=case.pk,
        record_ids=[*(person.pk for person in persons), *(line.key for line in cautions)],
    )
    context = {
        "form": form,
        "case": case,
        "title": title,
        "has_consent": is_open,
        "cautions": cautions,
        "case_url": reverse("case_detail", args=[case.pk]),
    }
    return render(request, "outreach/visit_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@member(Permission.LOG_VISIT)
def carry_out_visit_new(request: MemberRequest, carry_out_id: uuid.UUID) -> HttpResponse:
    """A visit under a carry-out: only its people read it (V6)."""
    membership = request.membership
    carry_out = get_object_or_404(CarryOut.objects.visible_to(membership), pk=carry_out_id)
    check_can_log_under(membership, carry_out)
    case = Case(pk=carry_out.case_id)
    persons = persons_by_key(membership, case)
    people = written_about(persons.values())
    form = VisitForm(request.POST or None, persons=people, chooses_audience=False)
    if request.method == "POST" and form.is_valid() and _saved(request, form, carry_out=carry_out):
        messages.success(request, _("訪問記録を保存しました。名指しされた人だけが読めます。"))
        return redirect("carry_out_visit_new", carry_out.pk)
    former = former_visits(membership, carry_out)
    # What their own agency may read anyway: who goes to the door has to know.
    cautions = caution_lines(membership, case, persons, may_write=False)
    log_access(
        membership,
        Action.OPEN,
        what="carry_out_visit_new",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis=SECRECY,
        case_id=carry_out.case_id,
        record_ids=[*secret_ids(former), *(line.key for line in cautions)],
    )
    context = {
        "form": form,
        "carry_out": carry_out,
        "cautions": cautions,
        "former": former,
        "openable": openable_visits(membership, carry_out),
        "until": format_long(carry_out.review_on),
        "back_url": reverse("carry_out_detail", args=[carry_out.pk]),
    }
    return render(request, "outreach/carry_out_visit_form.html", context, status=_status(form))


@require_POST
@member(Permission.LOG_VISIT)
def visit_open(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """A visit under a carry-out becomes a record of the team, after the person's consent (V6)."""
    visits = Visit.objects.visible_to(request.membership).select_related("record")
    visit = get_object_or_404(visits, pk=record_id, record__carry_out__isnull=False)
    open_visit_to_team(visit=visit, by=request.membership)
    messages.success(
        request, _("支援チームの記録にしました。同意のある機関が、ケースのこれまでで読めます。")
    )
    return redirect("carry_out_visit_new", visit.record.carry_out_id)


@require_http_methods(["GET", "POST"])
@member(Permission.LOG_VISIT)
def visit_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct a visit; somebody who saved first is shown beside what was typed. Under a carry-out
    in the dark frame, without the household's name (V6)."""
    visit, is_secret = _looked_at(request, record_id, "visit_edit")
    check_can_correct_visit(request.membership, visit)
    form = VisitEditForm(request.POST or None, visit=visit)
    is_sent = request.method == "POST"
    about = None if is_secret else visit.record.person_ids
    if is_sent and is_fit(form, visit.record.case_id, about) and form.check_version(visit):
        if _corrected(request, visit, form):
            messages.success(request, _("記録を直しました。前の版も、直した理由も残っています。"))
            return redirect(after_correction(visit))
        visit.refresh_from_db()
        form.check_version(visit)
    stale = is_sent and form.has_error(NON_FIELD_ERRORS, "stale")
    context = {
        "form": form,
        "case": None if is_secret else visit.record.case,
        "page": correction_page(request.membership, visit),
        "conflicts": form.conflicts(visit) if stale else [],
    }
    return render(request, "outreach/visit_edit.html", context, status=_status(form))


@require_GET
@member(Permission.READ_CASES)
def visit_history(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """A visit as it was and is, for who reads it now; in the dark frame where it is sealed."""
    visit, _is_secret = _looked_at(request, record_id, "visit_history")
    rows = Visit.history.filter(record_id=visit.pk).select_related("history_user")
    context = {
        "page": correction_page(request.membership, visit),
        "versions": versions_of(rows, VERSION_LABELS),
    }
    return render(request, "outreach/visit_history.html", context)


def _looked_at(request: MemberRequest, record_id: uuid.UUID, what: str) -> tuple[Visit, bool]:
    """A visit of a case, or one logged under a carry-out; never one that only an item under
    secrecy lays open. The look is logged."""
    membership = request.membership
    visits = Visit.objects.visible_to(membership).select_related("record")
    visit = get_object_or_404(visits, pk=record_id)
    is_secret = visit.record.carry_out_id is not None
    if not is_secret:
        get_object_or_404(Visit.objects.standing_with(membership), pk=record_id)
    log_access(
        membership,
        Action.OPEN,
        what=what,
        purpose=Purpose.SUPPORT_CONFERENCE if is_secret else Purpose.CONSULTATION,
        basis=SECRECY if is_secret else "",
        case_id=visit.record.case_id,
        record_ids=[visit.pk],
    )
    return visit, is_secret


def _corrected(request: MemberRequest, visit: Visit, form: VisitEditForm) -> bool:
    """Correct it; False when somebody else saved in the same moment."""
    data = form.cleaned_data
    try:
        change_visit(
            visit=visit,
            by=request.membership,
            version=data["version"],
            reason=data["reason"],
            facts=form.facts(),
        )
    except StaleVersion:
        return False
    _log_declared(request, form, visit)
    return True


def _saved(
    request: MemberRequest,
    form: VisitForm,
    *,
    case: Case | None = None,
    carry_out: CarryOut | None = None,
) -> bool:
    """Log it; a refusal goes back to the form with what was typed."""
    try:
        visit = log_visit(
            by=request.membership,
            facts=form.facts(),
            persons=form.chosen(),
            case=case,
            carry_out=carry_out,
            form_key=form.cleaned_data["form_key"],
            audience=form.cleaned_data.get("audience", ""),
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    _log_declared(request, form, visit)
    return True


def _log_declared(request: MemberRequest, form: VisitWords, visit: Visit) -> None:
    for name in form.not_my_number_fields:
        log_access(
            request.membership,
            Action.WRITE,
            what=f"declared_no_my_number {name}",
            record_ids=[visit.pk],
        )


def _status(form: VisitWords) -> int:
    return 422 if form.is_bound else 200
