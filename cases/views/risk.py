"""リスク確認: choose the person and the sheet, fill it in, see why, decide as a group, print."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.forms.risk import RiskDecisionForm, RiskEditForm, RiskForm, RiskStartForm, RiskWords
from cases.models import Person, RiskAssessment
from cases.operations import RiskDecision, RiskFacts, assess_risk, change_risk, decide_risk
from cases.operations.case import StaleVersion
from cases.permissions import (
    can,
    check_can_correct,
    check_can_correct_risk,
    check_can_write,
)
from cases.riskpage import newest_first, red_actions, risk_page
from cases.risksheets import RiskSheet, find, sheets
from cases.views.papers import case_sheet
from cases.views.records import audience_hints
from cases.views.subject import Subject, form_page, is_fit, log_declared, subject
from config.lib.eras import today

both = require_http_methods(["GET", "POST"])


@member(Permission.READ_CASES)
@both
def risk_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """First whose and which sheet (?person=&sheet=), then the sheet, with the former answers.

    `asked` is sent by the form itself: with nothing chosen a browser would send nothing else."""
    on = subject(request, case_id, "risk_new")
    check_can_write(request.membership, on.case)
    is_chosen = request.method == "POST" or bool({"person", "sheet", "asked"} & set(request.GET))
    known = sheets(on.case.municipality)
    start = RiskStartForm(request.GET if is_chosen else None, persons=on.people, sheets=known)
    if not (is_chosen and start.is_valid()):
        return form_page(request, "cases/risk_start.html", on, start)
    person = next(p for p in on.people if str(p.pk) == start.cleaned_data["person"])
    sheet = known[start.cleaned_data["sheet"]]
    former = _former(request, on, person, sheet)
    form = RiskForm(
        request.POST or None,
        sheet=sheet,
        answered=former.answers if former else {},
        hints=audience_hints(request, on),
        initial={"audience": former.record.audience} if former else {},
    )
    if request.method == "POST" and is_fit(form, on.case.pk, [person.pk]):
        return _assessed(request, on, person, form)
    return form_page(
        request, "cases/risk_new.html", on, form,
        sheet=sheet, person=person, is_again=former is not None,
    )  # fmt: skip


def _former(
    request: MemberRequest, on: Subject, person: Person, sheet: RiskSheet
) -> RiskAssessment | None:
    """The sheet that holds now: its answers are where one begins. Logged when there is one."""
    rows = RiskAssessment.objects.standing_with(request.membership).for_case(on.case)
    found: RiskAssessment | None = newest_first(
        rows.filter(sheet=sheet.code, record__person_ids=[person.pk])
    ).first()
    if found is not None:
        log_access(
            request.membership,
            Action.OPEN,
            what="risk_new",
            case_id=on.case.pk,
            record_ids=[found.pk],
        )
    return found


@member(Permission.READ_CASES)
@both
def risk_edit(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """Correct a sheet on which no group has decided; the rule is asked again."""
    risk, on = _found(request, record_id, "risk_edit")
    check_can_correct_risk(request.membership, risk)
    sheet = sheets(on.case.municipality)[risk.sheet]
    form = RiskEditForm(request.POST or None, risk=risk, sheet=sheet)
    conflicts = []
    if request.method == "POST" and is_fit(form, on.case.pk, risk.record.person_ids):
        if form.check_version(risk):
            if _changed(request, risk, form):
                return redirect("risk_detail", risk.pk)
            risk.refresh_from_db()
            form.check_version(risk)
        conflicts = form.conflicts(risk)
    _log(request, on, Action.OPEN, "risk_edit", [risk.pk])
    return form_page(
        request, "cases/risk_edit.html", on, form,
        risk=risk, sheet=sheet, about=risk.record.names(on.persons), conflicts=conflicts,
    )  # fmt: skip


def _changed(request: MemberRequest, risk: RiskAssessment, form: RiskEditForm) -> bool:
    """Correct it; False when somebody else saved in the same moment."""
    data = form.cleaned_data
    try:
        change_risk(
            risk=risk,
            by=request.membership,
            version=data["version"],
            reason=data["reason"],
            facts=_facts(form),
        )
    except StaleVersion:
        return False
    log_declared(request, form, risk.record.case_id)
    messages.success(request, _("シートを直しました。前の版も、直した理由も残っています。"))
    return True


def _facts(form: RiskWords) -> RiskFacts:
    data = form.cleaned_data
    return RiskFacts(
        sheet=form.sheet.code,
        answers=form.answers(),
        assessed_on=data["assessed_on"],
        text=data["text"],
        strengths=data["strengths"],
    )


def _assessed(request: MemberRequest, on: Subject, person: Person, form: RiskForm) -> HttpResponse:
    data = form.cleaned_data
    risk = assess_risk(
        case=on.case,
        by=request.membership,
        person=person,
        facts=_facts(form),
        audience=data["audience"],
        form_key=data["form_key"],
    )
    log_declared(request, form, on.case.pk)
    messages.success(request, _("リスク確認を保存しました。会議等で組織として判断します。"))
    return redirect("risk_detail", risk.pk)


@member(Permission.READ_CASES)
@require_GET
def risk_detail(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The level and why, what is unknown, what was decided, and the sheets before."""
    risk, on = _found(request, record_id, "risk_detail")
    shown = risk_page(request.membership, risk, on.case, on.persons)
    _log(request, on, Action.OPEN, "risk_detail", [risk.pk, *(line.key for line in shown.former)])
    context = {
        "case": on.case,
        "title": on.title,
        "page": shown,
        "may_decide": can(check_can_correct, request.membership, risk.record),
        "may_correct": can(check_can_correct_risk, request.membership, risk),
        "actions": red_actions(request.membership, on.case)
        if shown.level.is_red and shown.again_url
        else [],
    }
    return render(request, "cases/risk_detail.html", context)


@member(Permission.READ_CASES)
@require_GET
def risk_print(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """The sheet on A4, for the meeting that decides."""
    risk, on = _found(request, record_id, "risk_print")
    shown = risk_page(request.membership, risk, on.case, on.persons)
    _log(request, on, Action.PRINT, "risk_print", [risk.pk])
    sheet = case_sheet(request, on, shown.sheet.name)
    context = {"case": on.case, "title": on.title, "page": shown, "sheet": sheet}
    return render(request, "cases/risk_print.html", context)


@member(Permission.READ_CASES)
@both
def risk_decide(request: MemberRequest, record_id: uuid.UUID) -> HttpResponse:
    """A group's decision; another level than the rule's needs a reason."""
    risk, on = _found(request, record_id, "risk_decide")
    check_can_correct(request.membership, risk.record)
    form = _decision(request, risk, sheets(on.case.municipality)[risk.sheet])
    is_good = request.method == "POST" and is_fit(form, on.case.pk, risk.record.person_ids)
    if is_good and form.check_version(risk) and _decided(request, risk, form):
        return redirect("risk_detail", risk.pk)
    finding = find(sheets(on.case.municipality)[risk.sheet], risk.answers)
    _log(request, on, Action.OPEN, "risk_decide", [risk.pk])
    return form_page(
        request, "cases/risk_decide.html", on, form,
        risk=risk, finding=finding, about=risk.record.names(on.persons),
    )  # fmt: skip


def _decision(request: MemberRequest, risk: RiskAssessment, sheet: RiskSheet) -> RiskDecisionForm:
    initial: dict[str, Any] = {
        "version": risk.version,
        "decided_level": risk.level,
        "override_reason": risk.override_reason,
        "decided_on": risk.decided_on or today(),
        "deciders": risk.deciders,
    }
    return RiskDecisionForm(
        request.POST or None,
        sheet=sheet,
        computed=risk.computed_level,
        assessed_on=risk.assessed_on,
        initial=initial,
    )


def _decided(request: MemberRequest, risk: RiskAssessment, form: RiskDecisionForm) -> bool:
    data = form.cleaned_data
    decision = RiskDecision(
        level=data["decided_level"],
        on=data["decided_on"],
        deciders=data["deciders"],
        reason=data["override_reason"],
    )
    try:
        decide_risk(risk=risk, by=request.membership, version=data["version"], decision=decision)
    except StaleVersion:
        risk.refresh_from_db()
        form.check_version(risk)
        return False
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    log_declared(request, form, risk.record.case_id)
    messages.success(request, _("判断を記録しました。"))
    return True


def _found(
    request: MemberRequest, record_id: uuid.UUID, what: str
) -> tuple[RiskAssessment, Subject]:
    """A sheet read outside any sitting (V6)."""
    rows = RiskAssessment.objects.standing_with(request.membership)
    risk = get_object_or_404(
        rows.select_related("record__case", "record__author_agency"), pk=record_id
    )
    on = subject(request, risk.record.case_id, what)
    return risk, on


def _log(
    request: MemberRequest, on: Subject, action: Action, what: str, keys: list[uuid.UUID]
) -> None:
    log_access(request.membership, action, what=what, case_id=on.case.pk, record_ids=keys)
