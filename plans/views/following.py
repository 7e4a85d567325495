"""Decide, follow, evaluate, end."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies.deciding import post_due, route_of
from agencies.decidingforms import ActForm
from agencies.enums import DecisionKind, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from config.lib.eras import format_long, format_short
from plans import enums, operations, permissions
from plans.choices import agency_choices
from plans.forms import EndForm, EvaluationForm, MonitoringForm, UrgentForm
from plans.models import Plan, SupportItem
from plans.operations import agencies_without_access, plan_reach
from plans.queries import about_whom, plan_title
from plans.urgent import share_words
from plans.views.drafting import look, step_page, visible_plan


@member(Permission.RUN_CONFERENCE)
@require_http_methods(["GET", "POST"])
def plan_decide(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """決裁: この決定で起きること, decided, for somebody absent, returned, or on paper."""
    by, plan = request.membership, visible_plan(request, plan_id)
    if request.POST.get("act") == "seen":
        operations.see_plan_proxy(plan=plan, by=by)
        messages.success(request, _("後閲を記録しました。"))
        return redirect("plan_detail", plan_id=plan.pk)
    permissions.check_waits_for_decision(by, plan)
    form = _act_form(request, plan)
    if request.method == "POST" and form.is_valid() and _decided(request, plan, form):
        return redirect("plan_detail", plan_id=plan.pk)
    secret = look(request, plan, "plan_decide")
    return render(
        request,
        "plans/plan_confirm.html",
        {
            "plan": plan,
            "title": plan_title(plan),
            "about": about_whom(by, plan),
            "form": form,
            "secret": secret,
            "heading": _("プランを決定する"),
            "effects": _effects(plan),
            "closed": agencies_without_access(plan, by),
            "label": _("決定する"),
            "kind": "primary",
            "lead": _("会議で適切とされたプランを、市として決定します。"),
            "back_url": reverse("plan_detail", args=[plan.pk]),
        },
        status=422 if form.errors else 200,
    )


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def plan_start(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """緊急の開始の確認: what it does, what is owed afterwards, how often it has happened."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_start_urgently(by, plan)
    form = UrgentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        operations.start_urgently(plan=plan, by=by, reason=form.cleaned_data["reason"])
        messages.success(request, _("プランを緊急に開始しました。次の会議に事後報告します。"))
        return redirect("plan_detail", plan_id=plan.pk)
    secret = look(request, plan, "plan_start")
    report = _("次の会議に事後報告します。議題の候補に載ります")
    share = share_words(by)
    return render(
        request,
        "plans/plan_confirm.html",
        {
            "plan": plan,
            "title": plan_title(plan),
            "about": about_whom(by, plan),
            "form": form,
            "secret": secret,
            "heading": _("緊急に開始する"),
            "effects": [*_effects(plan), {"text": report}, *([{"text": share}] if share else [])],
            "closed": agencies_without_access(plan, by),
            "label": _("緊急に開始する"),
            "kind": "primary",
            "lead": _("会議を待つと本人・世帯に重大な不利益があるときだけ使います。"),
            "back_url": reverse("plan_detail", args=[plan.pk]),
        },
        status=422 if form.errors else 200,
    )


def _act_form(request: MemberRequest, plan: Plan) -> ActForm:
    by = request.membership
    of_agency = permissions.can_stand_in(by, plan)
    route = route_of(by.municipality, DecisionKind.PLAN)
    return ActForm(
        request.POST if request.method == "POST" else None,
        by=by,
        decide=_("決定する"),
        post=post_due(route, plan.approvals.all()) if of_agency else None,
        is_turn=permissions.can_decide(by, plan),
    )


def _decided(request: MemberRequest, plan: Plan, form: ActForm) -> bool:
    try:
        operations.decide_plan(plan=plan, by=request.membership, act=form.chosen())
    except ActionDenied as refusal:
        form.add_error(None, str(refusal))
        return False
    plan.refresh_from_db()
    words = {
        enums.PlanStatus.IN_FORCE: _("プランを決定しました。今日から実施に入ります。"),
        enums.PlanStatus.RETURNED: _("プランを差し戻しました。"),
    }
    messages.success(request, words.get(enums.PlanStatus(plan.status), _("決裁を記録しました。")))
    return True


def _effects(plan: Plan) -> list[dict[str, Any]]:
    reached = plan_reach(plan)
    return [
        {"figure": len(reached), "unit": _("機関"), "text": _("役割を受け持ちます")},
        {
            "figure": sum(row.tasks for row in reached),
            "unit": _("件"),
            "text": _("支援が、各機関の仕事の一覧に期限つきで並びます"),
        },
        {
            "figure": sum(row.reads for row in reached),
            "unit": _("機関"),
            "text": _("プランを見られる機関に、決まったことをお知らせします"),
        },
        {
            "text": _("プランは今日から実施中になります。期間は%(first)sから%(last)sまでです")
            % {"first": format_long(plan.starts_on), "last": format_long(plan.ends_on)}
        },
        {
            "text": _("次回モニタリング（%(day)s）が近づくと、プランを書いた機関に知らせます")
            % {"day": format_short(plan.review_on)}
        },
    ]


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def monitor_new(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """モニタリングを書く."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_monitor(by, plan)
    form = MonitoringForm(
        request.POST if request.method == "POST" else None, initial={"on": timezone.localdate()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.monitor_plan(plan=plan, by=by, **form.cleaned_data)
        except ActionDenied as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("モニタリングを保存しました。"))
            return redirect("plan_detail", plan_id=plan.pk)
    return step_page(
        request,
        plan,
        form,
        heading=_("モニタリングを書く"),
        label=_("モニタリングを保存する"),
        lead=_("今回の予定は%(day)sでした。保存すると、次回の日に更新されます。")
        % {"day": format_long(plan.review_on)},
    )


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def evaluate_new(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """評価を書く."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_evaluate(by, plan)
    form = EvaluationForm(
        request.POST if request.method == "POST" else None,
        goals=list(plan.goals.order_by("order")),
        initial={"on": timezone.localdate()},
    )
    if request.method == "POST" and form.is_valid() and _evaluate(by, plan, form):
        messages.success(request, _("評価を保存しました。"))
        return redirect("plan_detail", plan_id=plan.pk)
    return step_page(
        request,
        plan,
        form,
        heading=_("評価を書く"),
        label=_("評価を保存する"),
        lead=_(
            "目標ごとの達成と、見られた変化を記します。判定は、会議で評価を受けてから確定します。"
        ),
    )


def _evaluate(by: Membership, plan: Plan, form: EvaluationForm) -> bool:
    names = ("on", "changes", "remaining", "outcome", "follow_up", "form_key")
    try:
        operations.evaluate_plan(
            plan=plan,
            by=by,
            attainments=form.attainments(),
            **{name: form.cleaned_data[name] for name in names},
        )
    except ActionDenied as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@member(Permission.DRAFT_PLAN)
@require_http_methods(["GET", "POST"])
def plan_end(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """判定の確定: 終結・再プラン・中断・継続."""
    by, plan = request.membership, visible_plan(request, plan_id)
    permissions.check_can_end(
        by, plan, "close" if plan.status == enums.PlanStatus.IN_FORCE else "interrupt"
    )
    last = plan.evaluations.order_by("-on", "-record_id").first()
    form = EndForm(
        request.POST if request.method == "POST" else None,
        agencies=agency_choices(by, plan.record.case),
        needs_lead=plan.programme == enums.PlanProgramme.COORDINATION,
        initial={"outcome": last.outcome if last else ""},
    )
    if request.method == "POST" and form.is_valid() and _end(by, plan, form):
        messages.success(request, _("判定を確定しました。"))
        return redirect("plan_detail", plan_id=plan.pk)
    secret = look(request, plan, "plan_end")
    waiting = plan.supportitems.filter(status=enums.ItemStatus.OPEN).count()
    return render(
        request,
        "plans/plan_confirm.html",
        {
            "plan": plan,
            "title": plan_title(plan),
            "about": about_whom(by, plan),
            "form": form,
            "secret": secret,
            "heading": _("判定を確定する"),
            "closed": [],
            "label": _("確定する"),
            "kind": "danger",
            "lead": _("終わるのはこの事業のプランです。ケースと、各機関の支援は続きます。"),
            "effects": [
                {
                    "figure": waiting,
                    "unit": _("件"),
                    "text": _("残っている支援が、仕事の一覧から外れます"),
                },
                {"text": _("終結・再プラン・中断にしたプランは、元に戻せません")},
                {"text": _("「継続」なら、プランは今のまま続きます")},
            ],
            "back_url": reverse("plan_detail", args=[plan.pk]),
        },
        status=422 if form.errors else 200,
    )


def _end(by: Membership, plan: Plan, form: EndForm) -> bool:
    lead = form.cleaned_data["lead_agency_after"]
    try:
        operations.end_plan(
            plan=plan,
            by=by,
            outcome=form.cleaned_data["outcome"],
            lead_agency_after=Agency.objects.get(pk=lead) if lead else None,
            note=form.cleaned_data["note"],
        )
    except ActionDenied as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


@member(Permission.WRITE_RECORDS)
@require_POST
def item_done(request: MemberRequest, item_id: uuid.UUID) -> HttpResponse:
    """A line of the role table is done, or dropped."""
    by = request.membership
    items = SupportItem.objects.visible_to(by).select_related("plan__record")
    item = get_object_or_404(items, pk=item_id)
    if request.POST.get("status") == enums.ItemStatus.DROPPED:
        operations.drop_item(item=item, by=by)
        messages.success(request, _("「取りやめ」にしました。"))
    else:
        operations.finish_item(item=item, by=by)
        messages.success(request, _("「済み」にしました。"))
    return redirect(f"{reverse('plan_detail', args=[item.plan_id])}#roles")
