"""One plan: where it stands, what is next, and its paper."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.deciding import line_words
from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import LegalBasis, Membership
from cases.models import Case
from config.lib.eras import format_long
from config.lib.registry import Link
from plans import enums, permissions
from plans.models import Evaluation, Monitoring, Plan
from plans.operations import agencies_without_access
from plans.pages import history, next_step, stepper, tone_of, urgent_words
from plans.queries import about_whom, plan_summary, plan_title
from plans.views.drafting import look, visible_plan

# Of the statute's dated texts, the one a plan stands on.
PLAN_BASIS = "106-4-2-6"


@member(Permission.READ_CASES)
@require_GET
def plan_detail(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """The plan, its role table, its history."""
    by, plan, today = request.membership, visible_plan(request, plan_id), timezone.localdate()
    steps = list(plan.plansteps.select_related("by__agency").order_by("at", "id"))
    rows = "record__author_agency"
    watched = list(Monitoring.objects.visible_to(by).filter(plan=plan).select_related(rows))
    judged = list(Evaluation.objects.visible_to(by).filter(plan=plan).select_related(rows))
    shown = [row.pk for row in [*watched, *judged]]
    secret = look(request, plan, "plan_detail", records=shown)
    summary, step = plan_summary(plan, today), next_step(by, plan, today)
    may_settle = by.may(Permission.WRITE_RECORDS) and plan.status == enums.PlanStatus.IN_FORCE
    is_author = permissions.is_author(by, plan)
    return render(
        request,
        "plans/plan_detail.html",
        {
            "plan": plan,
            "secret": secret,
            "title": plan_title(plan),
            "summary": summary,
            "tone": tone_of(plan.status),
            "about": about_whom(by, plan),
            "steps": stepper(plan, steps),
            "next": step,
            "actions": [link for link in _actions(by, plan) if link.url != step.href],
            "facts": _facts(plan, summary),
            "can_see": plan.approvals.filter(absent=by, seen_at=None).exists(),
            "case_url": _case_url(by, plan),
            "items": [
                {
                    "line": item,
                    "may_settle": may_settle
                    and item.is_open
                    and (is_author or item.agency_id == by.agency_id),
                }
                for item in summary.items
            ],
            "entries": history(plan, steps, watched, judged),
            "urgent": urgent_words(plan, steps),
            "closed": agencies_without_access(plan, by) if is_author else [],
        },
    )


def _case_url(by: Membership, plan: Plan) -> str:
    """The case page, for who sees the case."""
    sees = Case.objects.visible_to(by).filter(pk=plan.record.case_id).exists()
    return reverse("case_detail", args=[plan.record.case_id]) if sees else ""


def _facts(plan: Plan, summary: Any) -> list[dict[str, str]]:
    decided = ""
    if plan.decided_at:
        decided = f"{format_long(plan.decided_at)}　{plan.decided_in}"
    lines = plan.approvals.select_related("by__user", "absent__user").order_by("at", "pk")
    said = [line_words(line) for line in lines]
    acts = "、".join(f"{one['what']} {one['who']} {one['when']}" for one in said)
    return [
        {"term": _("プラン期間"), "value": summary.period},
        {"term": _("次回モニタリング"), "value": summary.review},
        {"term": _("本人署名"), "value": summary.signed, "note": plan.signature_note},
        {"term": _("決定"), "value": decided, "note": acts},
        {"term": _("つなぐ事業"), "value": summary.links or _("なし")},
        {"term": _("作成機関"), "value": plan.record.author_agency.name},
    ]


def _actions(by: Membership, plan: Plan) -> list[Link]:
    """Secondary buttons: what this reader may do in this state; none but the next is primary."""
    key = [plan.pk]
    offered = [
        (permissions.can_change, _("直す"), "plan_edit"),
        (permissions.can_sign, _("署名を記録する"), "plan_sign"),
        (permissions.can_monitor, _("モニタリングを書く"), "monitor_new"),
        (permissions.can_evaluate, _("評価を書く"), "evaluate_new"),
        (permissions.can_start_urgently, _("緊急に開始する"), "plan_start"),
        (_can_stop, _("終える"), "plan_end"),
    ]
    links = [Link(_("印刷"), reverse("plan_print", args=key))]
    links += [Link(label, reverse(name, args=key)) for can, label, name in offered if can(by, plan)]
    return links


def _can_stop(by: Membership, plan: Plan) -> bool:
    return permissions.can_end(by, plan) or permissions.can_end(by, plan, "interrupt")


@member(Permission.READ_CASES)
@require_GET
def plan_print(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """プラン兼利用申込書, A4."""
    by, plan = request.membership, visible_plan(request, plan_id)
    secret = look(request, plan, "plan_print", Action.PRINT)
    summary = plan_summary(plan)
    facts = _facts(plan, summary)
    context = {
        "sheet": _sheet(by, secret),
        "plan": plan,
        "title": plan_title(plan),
        "summary": summary,
        "about": about_whom(by, plan),
        "facts": list(zip(facts[::2], facts[1::2], strict=True)),
        "back_url": reverse("plan_detail", args=[plan.pk]),
    }
    return render(request, "plans/plan_print.html", context)


def _sheet(by: Membership, secret: str) -> dict[str, Any]:
    """Head and foot of the paper; the basis is the statute's text in force today."""
    today = timezone.localdate()
    texts = LegalBasis.objects.filter(code=PLAN_BASIS, effective_from__lte=today)
    basis = texts.order_by("-effective_from").first()
    return {
        "title": _("支援プラン兼利用申込書"),
        "handling": _("取扱注意"),
        "serial": "",
        "basis": secret or (f"{basis.act}{basis.article}" if basis else ""),
        "secret": bool(secret),
        "landscape": False,
        "issued_on": format_long(today),
        "issuer": f"{by.municipality.name}　{by.agency_name}",
    }
