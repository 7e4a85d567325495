"""直したところ: the versions of a plan (V13)."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from cases.versions import versions_of
from plans.models import Plan
from plans.queries import plan_title
from plans.views.drafting import look, visible_plan

LABELS = {
    "wishes": gettext_lazy("本人・世帯の意向"),
    "problems": gettext_lazy("解決したい課題"),
    "aim": gettext_lazy("目指す姿"),
    "links_outreach": gettext_lazy("アウトリーチへつなぐ"),
    "links_participation": gettext_lazy("参加支援へつなぐ"),
    "starts_on": gettext_lazy("プラン期間の始め"),
    "ends_on": gettext_lazy("プラン期間の終わり"),
    "review_on": gettext_lazy("次回モニタリング"),
    "status": gettext_lazy("状態"),
    "signed_on": gettext_lazy("本人署名日"),
    "signature_note": gettext_lazy("署名について"),
    "decided_in": gettext_lazy("決定した会議・機関"),
}


@member(Permission.READ_CASES)
@require_GET
def plan_history(request: MemberRequest, plan_id: uuid.UUID) -> HttpResponse:
    """A plan as it was and is, for who reads it now; in the dark frame where it is."""
    plan = visible_plan(request, plan_id)
    secret = look(request, plan, "plan_history")
    rows = Plan.history.filter(record_id=plan.pk).select_related("history_user")
    context = {
        "plan": plan,
        "secret": secret,
        "title": plan_title(plan),
        "versions": versions_of(rows, LABELS),
    }
    return render(request, "plans/plan_history.html", context)
