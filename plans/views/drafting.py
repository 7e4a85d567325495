"""Write a plan, change the draft, record the signature, lay it before a conference."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import LegalBasis, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.models import Case, Person
from cases.operations.case import StaleVersion, persons_by_key, written_about
from cases.titles import household_title
from config.lib.forms import KasaneForm
from plans import enums, operations, permissions
from plans.choices import agency_choices
from plans.forms import PlanEditForm, PlanNewForm, SignForm
from plans.forms.plan import default_dates, initial_of
from plans.models import Plan
from plans.operations import agencies_without_access
from plans.queries import about_whom, plan_summary, plan_title, programme_words

SECRECY = "106-6"


def visible_plan(request: MemberRequest, plan_id: uuid.UUID) -> Plan:
    """The plan, or 404."""
    plans = Plan.objects.visible_to(request.membership)
    return get_object_or_404(plans.select_related("record", "record__author_agency"), pk=plan_id)


def secrecy_basis(by: Membership, plan: Plan) -> str:
    """Empty where consent covers the plan; else the law under which alone it is read here (V6).

    Such a page stands in the dark frame, on paper too, and its look is logged under that basis.
    """
    if Plan.objects.standing_with(by).filter(pk=plan.pk).exists():
        return ""
    texts = LegalBasis.objects.filter(code=SECRECY, effective_from__lte=timezone.localdate())
    basis = texts.order_by("-effective_from").first()
    return f"{basis.act}{basis.article}（{basis.label}）" if basis else SECRECY


def look(
    request: MemberRequest,
    plan: Plan,
    what: str,
    action: Action = Action.OPEN,
    *,
    records: Iterable[uuid.UUID] = (),
) -> str:
    """The access log's line for a page that shows this plan's text (V10); gives secrecy_basis."""
    basis = secrecy_basis(request.membership, plan)
    log_access(
        request.membership,
        action,
        what=what,
        purpose=Purpose.SUPPORT_CONFERENCE if basis else Purpose.CONSULTATION,
        basis=SECRECY if basis else "",
        case_id=plan.record.case_id,
        record_ids=[plan.pk, *records],
    )
    return basis


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def plan_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """プラン案を書く."""
    by = request.membership
    case = get_object_or_404(Case.objects.visible_to(by), pk=case_id)
    permissions.check_can_draft(by, case)
    people = persons_by_key(by, case)
    persons = [person for person in written_about(people.values()) if person.is_living]
    form = _new_form(request, case, persons)
    if request.method == "POST" and form.is_valid():
        plan = _draft(by, case, form)
        if plan is not None:
            messages.success(request, _("プラン案を保存しました。"))
            return redirect("plan_detail", plan_id=plan.pk)
    log_access(by, Action.OPEN, what="plan_new", case_id=case.pk, record_ids=people)
    return render(
        request,
        "plans/plan_form.html",
        {
            "form": form,
            "case": case,
            "plan": None,
            "heading": _("プラン案を書く"),
            "household": household_title(persons),
            "about": "",
            "is_signed": False,
            "conflicts": [],
            "back_url": reverse("case_detail", args=[case.pk]),
        },
        status=422 if form.errors else 200,
    )


def _new_form(request: MemberRequest, case: Case, persons: list[Person]) -> PlanNewForm:
    by, city = request.membership, request.membership.municipality
    formers = [
        (str(key), programme_words(programme, sequence))
        for key, programme, sequence in Plan.objects.standing_with(by)
        .filter(record__case_id=case.pk, status__in=(enums.PlanStatus.IN_FORCE, *enums.ENDED))
        .order_by("-starts_on", "-record_id")
        .values_list("record_id", "programme", "sequence")
    ]
    today = timezone.localdate()
    return PlanNewForm(
        request.POST if request.method == "POST" else None,
        agencies=agency_choices(by, case),
        persons=persons,
        formers=formers,
        programmes=[key for key in enums.PlanProgramme.values if permissions.drafts(by, key)],
        initial={
            **default_dates(today, city.default_plan_months, city.monitor_every_months),
            "persons": [str(person.pk) for person in persons if person.is_member],
        },
    )


def _draft(by: Membership, case: Case, form: PlanNewForm) -> Plan | None:
    former = form.cleaned_data.get("former")
    try:
        return operations.draft_plan(
            case=case,
            by=by,
            programme=form.cleaned_data["programme"],
            persons=[uuid.UUID(key) for key in form.cleaned_data.get("persons", [])],
            facts=form.facts(),
            goals=form.goals(),
            items=form.items(),
            former=Plan(pk=uuid.UUID(former)) if former else None,
        )
    except ActionDenied as refusal:
        form.add_error(None, str(refusal))
        return None


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def plan_edit(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """Change an 案 or a returned plan; what is typed survives somebody else's saving."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_change(by, plan)
    form = PlanEditForm(
        request.POST if request.method == "POST" else None,
        initial=initial_of(plan),
        agencies=agency_choices(by, plan.record.case),
    )
    if request.method == "POST" and form.is_valid() and _change(by, plan, form):
        messages.success(request, _("プラン案を保存しました。"))
        return redirect("plan_detail", plan_id=plan.pk)
    look(request, plan, "plan_edit")
    return render(
        request,
        "plans/plan_form.html",
        {
            "form": form,
            "case": plan.record.case,
            "plan": plan,
            "is_signed": bool(plan.signed_on),
            "heading": _("%(plan)sを直す") % {"plan": plan_title(plan)},
            "household": "",
            "about": about_whom(by, plan),
            "conflicts": _conflicts(form, plan),
            "back_url": reverse("plan_detail", args=[plan.pk]),
        },
        status=422 if form.errors else 200,
    )


def _change(by: Membership, plan: Plan, form: PlanEditForm) -> bool:
    if not form.check_version(plan):
        return False
    try:
        operations.change_draft(
            plan=plan,
            by=by,
            facts=form.facts(),
            goals=form.goals(),
            items=form.items(),
            version=form.cleaned_data["version"],
        )
    except StaleVersion:
        plan.refresh_from_db()
        return bool(form.check_version(plan))
    except ActionDenied as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _conflicts(form: PlanEditForm, plan: Plan) -> list[Any]:
    return form.conflicts(plan) if form.has_error("__all__", "stale") else []


def step_page(
    request: MemberRequest, plan: Plan, form: KasaneForm, *, heading: str, lead: str, label: str
) -> HttpResponse:
    """A page with one form and one button, about one plan."""
    look(request, plan, str(request.resolver_match.url_name) if request.resolver_match else "")
    return render(
        request,
        "plans/plan_step.html",
        {
            "form": form,
            "plan": plan,
            "heading": heading,
            "lead": lead,
            "label": label,
            "title": plan_title(plan),
            "about": about_whom(request.membership, plan),
            "back_url": reverse("plan_detail", args=[plan.pk]),
        },
        status=422 if form.errors else 200,
    )


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def plan_sign(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """署名を記録する."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_sign(by, plan)
    form = SignForm(
        request.POST if request.method == "POST" else None, initial={"on": timezone.localdate()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.sign_plan(plan=plan, by=by, **form.cleaned_data)
        except ActionDenied as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("署名を記録しました。"))
            return redirect("plan_detail", plan_id=plan.pk)
    return step_page(
        request,
        plan,
        form,
        heading=_("本人の署名を記録する"),
        label=_("署名を記録する"),
        lead=_(
            "プラン兼利用申込書を印刷して説明し、署名をもらってから記録します。"
            "プランを書き直すと、署名の記録は消えます。"
        ),
    )


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def plan_submit(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """付議の確認: what leaves the agency, and who could not read it."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_submit(by, plan)
    if request.method == "POST":
        operations.submit_plan(plan=plan, by=by)
        messages.success(request, _("会議に付議しました。"))
        return redirect("plan_detail", plan_id=plan.pk)
    secret = look(request, plan, "plan_submit")
    summary = plan_summary(plan)
    closed = agencies_without_access(plan, by)
    effects: list[dict[str, Any]] = [
        {"figure": len(summary.goals), "unit": _("件"), "text": _("目標を会議で協議します")},
        {
            "figure": len({item.agency_id for item in summary.items}),
            "unit": _("機関"),
            "text": _("役割分担を会議で確かめます"),
        },
        {"text": _("結果が出るまで、このプランは書き直せません")},
        {"text": _("会議の事務局が、議題の候補として見られるようになります（同意の範囲で）")},
    ]
    return render(
        request,
        "plans/plan_confirm.html",
        {
            "plan": plan,
            "title": plan_title(plan),
            "about": about_whom(by, plan),
            "form": None,
            "secret": secret,
            "heading": _("会議に付議する"),
            "effects": effects,
            "closed": closed,
            "lead": _("このプラン案を、会議の協議にかけます。"),
            "label": _("付議する"),
            "back_url": reverse("plan_detail", args=[plan.pk]),
            "kind": "primary",
        },
    )
