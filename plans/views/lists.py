"""プランと期限: plans by their next review, and my agency's tasks by their due dates."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership, agencies_of
from agencies.trail import log_access
from cases.lists import begun
from config.lib.eras import format_short
from plans import enums
from plans.forms import LateFilter, PlanFilter
from plans.late import LateTask, late_of
from plans.models import Plan, PlanQuerySet, SupportItem
from plans.pages import tone_of
from plans.queries import PlanLine, TaskLine, after_key, in_list_order, plan_lines, tasks_of

PAGE = 50
TASKS = 20


@dataclass(frozen=True)
class Row:
    """A plan as the list prints it."""

    url: str
    title: str
    household: str
    agency: str
    status: str
    tone: str
    review: str
    overdue: str
    ends: str
    action: str
    action_url: str


def late_words(day: datetime.date, today: datetime.date) -> str:
    """「2日超過」, or nothing while there is time."""
    return _("%(n)s日超過") % {"n": (today - day).days} if day < today else ""


def plan_row(line: PlanLine, today: datetime.date) -> Row:
    """What, who, when, one action."""
    runs = line.status == enums.PlanStatus.IN_FORCE
    url = reverse("plan_detail", args=[line.key])
    late = late_words(line.review_on, today) if runs else ""
    return Row(
        url=url,
        title=line.title,
        household=line.household,
        agency=line.agency,
        status=str(enums.PlanStatus(line.status).label),
        tone=tone_of(line.status),
        review=format_short(line.review_on) if runs else "―",
        overdue=late,
        ends=format_short(line.ends_on),
        action=_("モニタリング") if late else _("開く"),
        action_url=reverse("monitor_new", args=[line.key]) if late else url,
    )


def task_row(line: TaskLine, today: datetime.date) -> dict[str, Any]:
    """A task as components/list_row.html prints it."""
    late = late_words(line.until, today)
    return {
        "when": late or (_("今日") if line.until == today else format_short(line.until)),
        "late": bool(late),
        "what": line.content,
        "url": f"{reverse('plan_detail', args=[line.plan_id])}#roles",
        "sub": "　".join(part for part in (line.household, line.worker) if part),
    }


@member(Permission.READ_CASES)
@require_GET
def plan_list(request: MemberRequest) -> HttpResponse:
    """Plans one may see, the nearest review first, by key."""
    membership, today = request.membership, timezone.localdate()
    form = PlanFilter(request.GET)
    picked = form.cleaned_data if form.is_valid() else {}
    plans = in_list_order(_narrowed(membership, picked))
    if request.GET.get("after"):
        plans = after_key(plans, request.GET["after"])
    lines, has_more = plan_lines(membership, plans, PAGE)
    tasks = tasks_of(membership, limit=TASKS + 1)
    log_access(
        membership,
        Action.LIST,
        what="plan_list",
        record_ids=[line.key for line in lines] + [task.plan_id for task in tasks],
    )
    return render(
        request,
        "plans/plan_list.html",
        {
            "form": form,
            "rows": [plan_row(line, today) for line in lines],
            "is_filtered": any(picked.values()),
            "older_url": _older(request, lines[-1]) if has_more else "",
            "tasks": [task_row(task, today) for task in tasks[:TASKS]],
            "task_count": _count(len(tasks)),
            "task_late": any(t.until < today for t in tasks),
        },
    )


@member(Permission.READ_CASES)
@require_GET
def late_list(request: MemberRequest) -> HttpResponse:
    """期限切れ: one's own agency's; for who runs conferences all of them, agency by agency."""
    by, day = request.membership, timezone.localdate()
    own = str(by.agency_id)
    chosen = request.GET.get("agency", "" if by.may(Permission.RUN_CONFERENCE) else own)
    agencies = list(agencies_of(by.municipality).values_list("pk", "name"))
    chosen = chosen if chosen in {str(key) for key, _name in agencies} else ""
    late = late_of(by, int(chosen) if chosen else None)
    plans = [line.key for line in (*late.reviews, *late.ended)]
    log_access(
        by,
        Action.LIST,
        what="late_list",
        record_ids=dict.fromkeys([*plans, *(task.plan_id for task in late.tasks)]),
    )
    context = {
        "form": LateFilter(
            initial={"agency": chosen}, agencies=[(str(key), name) for key, name in agencies]
        ),
        "tasks": [_late_task(task, day) for task in late.tasks],
        "reviews": [_late_plan(line, line.review_on, day) for line in late.reviews],
        "ended": [_late_plan(line, line.ends_on, day) for line in late.ended],
        "has_more": late.has_more,
    }
    return render(request, "plans/late_list.html", context)


def _late_task(task: LateTask, day: datetime.date) -> dict[str, str]:
    who = f"{task.agency}　{task.worker}" if task.worker else task.agency
    return {
        "late": late_words(task.until, day),
        "until": format_short(task.until),
        "household": task.household,
        "what": task.content,
        "who": who,
        "url": f"{reverse('plan_detail', args=[task.plan_id])}#roles",
    }


def _late_plan(line: PlanLine, due: datetime.date, day: datetime.date) -> dict[str, str]:
    return {
        "late": late_words(due, day),
        "until": format_short(due),
        "household": line.household,
        "what": line.title,
        "who": line.agency,
        "url": reverse("plan_detail", args=[line.key]),
    }


def _count(number: int) -> str:
    if not number:
        return ""
    return _("%(n)s件以上") % {"n": TASKS} if number > TASKS else _("%(n)s件") % {"n": number}


def _narrowed(membership: Membership, picked: dict[str, Any]) -> PlanQuerySet:
    plans = Plan.objects.standing_with(membership)
    plans = plans.filter(begun(membership, "record__case_id", is_filtered=any(picked.values())))
    state = picked.get("state")
    plans = plans.filter(status=state) if state else plans.current()
    if picked.get("programme"):
        plans = plans.filter(programme=picked["programme"])
    if picked.get("whose") == "own":
        plans = plans.filter(record__author_agency_id=membership.agency_id)
    elif picked.get("whose") == "role":
        mine = SupportItem.objects.filter(plan_id=OuterRef("pk"), agency_id=membership.agency_id)
        plans = plans.filter(Exists(mine))
    return plans


def _older(request: MemberRequest, last: PlanLine) -> str:
    query = request.GET.copy()
    query["after"] = f"{last.review_on}_{last.key}"
    return "?" + query.urlencode()
