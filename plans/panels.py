"""What the plans room shows on pages shared by rooms: to-dos, the case page, the navigation.

Every count and line comes from `standing_with`: never from what an item under secrecy lays open.
"""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases.contents import contents_of
from cases.enums import RecordKind
from cases.lists import holds_much
from cases.models import Case, Record
from config.lib.condition import among
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.registry import (
    Link,
    NavItem,
    NextStep,
    OpenEnd,
    OpenWork,
    Panel,
    TimelineEntry,
    Todo,
    registry,
)
from config.lib.wording import label_of
from plans import enums, handover
from plans.models import Evaluation, Monitoring, Plan, SupportItem
from plans.pages import tone_of
from plans.permissions import can_draft
from plans.queries import (
    agreed_in,
    is_decider,
    lines_of,
    mine_to_decide,
    mine_to_review,
    plan_lines,
    plan_rows,
    plan_title,
    plans_of,
    programme_words,
    review_horizon,
    task_days,
    tasks_of,
    to_decide,
)

LIMIT = 50
# Walked, the reviews that come near cost this much more than a plan of one's own (cases.lists).
FOR_REVIEWS = 1000
A_FEW = 200
# The case page counts its stages from 0 相談受付: 2 プラン案, 3 会議, 4 実施・モニタリング, 5 評価.
STAGE = {
    enums.PlanStatus.DRAFT: 2,
    enums.PlanStatus.RETURNED: 2,
    enums.PlanStatus.SUBMITTED: 3,
    enums.PlanStatus.AGREED: 3,
    enums.PlanStatus.IN_FORCE: 4,
    enums.PlanStatus.CLOSED: 5,
    enums.PlanStatus.REPLANNED: 4,
}


# --- 今日の仕事 --------------------------------------------------------------------------------


def todo_tasks(membership: Membership) -> list[Todo]:
    """My agency's tasks that are due today or late. Two queries."""
    if not membership.may(Permission.READ_CASES):
        return []
    today = timezone.localdate()
    return [
        Todo(
            "task",
            task.household,
            f"{reverse('plan_detail', args=[task.plan_id])}#roles",
            _("開く"),
            detail=_("支援　%(content)s") % {"content": task.content},
            due_on=task.until,
            section="due",
            record_id=task.plan_id,
        )
        for task in tasks_of(membership, until=today, limit=LIMIT)
    ]


def todo_reviews(membership: Membership) -> list[Todo]:
    """Plans my agency wrote whose review comes near, or has passed. Five queries."""
    if not membership.may(Permission.DRAFT_PLAN):
        return []
    near = review_horizon(membership, timezone.localdate())
    walks = holds_much(membership, FOR_REVIEWS) and bool(_many_written(membership))
    rows = list(_near_reviews(membership, near, walks))
    return [
        Todo(
            "review",
            _("モニタリング　%(household)s") % {"household": line.household},
            reverse("monitor_new", args=[line.key]),
            _("記録する"),
            detail=line.title,
            due_on=line.review_on,
            section="due",
            record_id=line.key,
        )
        for line in lines_of(membership, rows, LIMIT)[0]
    ]


def todo_decisions(membership: Membership) -> list[Todo]:
    """Plans that wait for my decision. Three queries."""
    if not membership.may(Permission.DECIDE_PLAN):
        return []
    plans = mine_to_decide(membership).order_by("record_id")
    return [
        Todo(
            "decide",
            _("プランの決定　%(household)s") % {"household": line.household},
            reverse("plan_decide", args=[line.key]),
            _("確かめて決定する"),
            detail=line.title,
            record_id=line.key,
        )
        for line in plan_lines(membership, plans, LIMIT)[0]
    ]


def waiting(membership: Membership) -> tuple[int, bool]:
    """How much waits for this membership, and whether something is late. Three queries."""
    today = timezone.localdate()
    tasks = list(task_days(membership, today, LIMIT))
    reviews: list[datetime.date | None] = []
    if membership.may(Permission.DRAFT_PLAN):
        reviews = list(_review_days(membership, review_horizon(membership, today)))
    decisions = _to_decide(membership) if is_decider(membership) else ()
    late = any(day is not None and day < today for day in [*tasks, *reviews])
    return len(tasks) + len(reviews) + len(decisions), late


@prepared
def _to_decide(membership: Membership) -> QuerySet[Plan, Any]:
    return to_decide(membership).values_list("pk", flat=True)[:LIMIT]


@prepared
def _many_written(membership: Membership) -> QuerySet[Record, Any]:
    """Anything, where the agency wrote more than a few plans: who holds much and writes none, as an
    office does, would walk the reviews of the whole city."""
    own = Record.objects.standing_with(membership).filter(
        author_agency_id=membership.agency_id, kind=RecordKind.PLAN
    )
    return own.values_list("pk", flat=True)[A_FEW : A_FEW + 1]


@prepared
def _near_reviews(membership: Membership, near: datetime.date, walks: bool) -> QuerySet[Plan, Any]:
    plans = mine_to_review(membership, near, walks=walks).order_by("review_on", "record_id")
    return plan_rows(plans, LIMIT)


@prepared
def _review_days(membership: Membership, near: datetime.date) -> QuerySet[Plan, Any]:
    return mine_to_review(membership, near).values_list("review_on", flat=True)[:LIMIT]


# --- the case page ---------------------------------------------------------------------------


def panel(membership: Membership, case: Case) -> Panel | None:
    """プラン on the case page. Two queries."""
    today = timezone.localdate()
    plans = plans_of(membership, case)
    rows = [
        {
            "url": reverse("plan_detail", args=[plan.pk]),
            "title": plan_title(plan),
            "status": label_of(enums.PlanStatus, plan.status),
            "tone": tone_of(plan.status),
            **_when(plan, today),
        }
        for plan in plans
    ]
    may_draft = can_draft(membership, case)
    return Panel(
        "plans/case_panel.html",
        {
            "rows": rows,
            "record_ids": [plan.pk for plan in plans],
            "new_url": reverse("plan_new", args=[case.pk]) if may_draft else "",
        },
    )


def agreed(membership: Membership, case: Case) -> Panel | None:
    """決まっていること: of the plans in force the goals, and who does what until when. Three
    queries."""
    running = _running(membership, case)
    if not running:
        return None
    plans = [
        {
            "title": plan_title(plan),
            "url": reverse("plan_detail", args=[plan.pk]),
            "aim": plan.aim,
            "goals": goals,
            "roles": sorted((r for r in roles if r.is_open), key=lambda role: role.until_on),
            "done": sum(1 for role in roles if not role.is_open),
        }
        for plan, goals, roles in agreed_in(running, timezone.localdate())
    ]
    return Panel("plans/agreed.html", {"plans": plans, "record_ids": [plan.pk for plan in running]})


def _running(membership: Membership, case: Case) -> list[Plan]:
    found = plans_of(membership, case)
    return [plan for plan in found if plan.status == enums.PlanStatus.IN_FORCE]


def direction(membership: Membership, case: Case) -> list[tuple[str, uuid.UUID]]:
    """What the plans in force aim at, for the sheets of the assessment. One query."""
    running = _running(membership, case)
    return [(f"{plan_title(plan)}　{plan.aim}", plan.pk) for plan in running if plan.aim]


def _when(plan: Plan, today: datetime.date) -> dict[str, object]:
    """When it began, or how late its review is; period and agency below."""
    runs = plan.status == enums.PlanStatus.IN_FORCE
    late = runs and plan.review_on < today
    parts = [
        _("次回モニタリング %(day)s") % {"day": format_short(plan.review_on)} if runs else "",
        _("期間 %(first)s〜%(last)s")
        % {"first": format_short(plan.starts_on), "last": format_short(plan.ends_on)},
        plan.record.author_agency.name,
    ]
    return {
        "when": _("%(n)s日超過") % {"n": (today - plan.review_on).days}
        if late
        else format_short(plan.starts_on),
        "late": late,
        "sub": "　".join(part for part in parts if part),
    }


def next_plan(membership: Membership, case: Case) -> NextStep | None:
    """What the plans of this case ask of this membership next. Two queries."""
    today = timezone.localdate()
    own = [
        plan
        for plan in plans_of(membership, case)
        if plan.record.author_agency_id == membership.agency_id
    ]
    horizon = review_horizon(membership, today)
    near = [
        plan
        for plan in own
        if plan.status == enums.PlanStatus.IN_FORCE and plan.review_on <= horizon
    ]
    late = [plan for plan in near if plan.review_on < today]
    if late:
        return _review(late[0])
    may_draft = any(plan.status in enums.EDITABLE for plan in own) and can_draft(membership, case)
    for plan in own:
        if plan.status in enums.EDITABLE and may_draft:
            return NextStep(
                _("%(plan)sが「%(status)s」です。内容をととのえて会議に付議します。")
                % {"plan": plan_title(plan), "status": plan.get_status_display()},
                _("プラン案を開く"),
                reverse("plan_detail", args=[plan.pk]),
            )
    return next(map(_review, near), None)


def _review(plan: Plan) -> NextStep:
    words = {"plan": plan_title(plan), "day": format_short(plan.review_on)}
    return NextStep(
        _("%(plan)sのモニタリングの予定は%(day)sです。様子を確かめて記録します。") % words,
        _("モニタリングを書く"),
        reverse("monitor_new", args=[plan.pk]),
    )


def next_draft(membership: Membership, case: Case) -> NextStep | None:
    """Assessed, and no plan yet. Two queries."""
    if not can_draft(membership, case):
        return None
    if set(_written_kinds(membership, case)) != {RecordKind.ASSESSMENT}:
        return None
    return NextStep(
        _("アセスメントができました。本人・世帯の意向を確かめ、目標と役割分担をプラン案にします。"),
        _("プラン案を書く"),
        reverse("plan_new", args=[case.pk]),
    )


@prepared
def _written_kinds(membership: Membership, case: Case) -> QuerySet[Record, str]:
    written = Record.objects.visible_to(membership).for_case(case)
    kinds = (RecordKind.ASSESSMENT, RecordKind.PLAN)
    return written.filter(kind__in=kinds).order_by("kind").values_list("kind", flat=True).distinct()


def actions(membership: Membership, case: Case) -> list[Link]:
    """プラン案を書く. One query."""
    if not can_draft(membership, case):
        return []
    return [Link(_("プラン案を書く"), reverse("plan_new", args=[case.pk]))]


def stage(membership: Membership, case: Case) -> int | None:
    """How far the plans of the case have come. Two queries."""
    plans = plans_of(membership, case)
    reached = [STAGE[s] for p in plans if (s := enums.PlanStatus(p.status)) in STAGE]
    running = [p.pk for p in plans if p.status == enums.PlanStatus.IN_FORCE]
    if running and _evaluated(membership, running).exists():
        return 5
    return max(reached, default=None)


@prepared
def _evaluated(membership: Membership, plans: list[uuid.UUID]) -> QuerySet[Evaluation]:
    return Evaluation.objects.visible_to(membership).filter(among("plan_id", plans))


def deadlines(membership: Membership, case: Case) -> list[Todo]:
    """Review and end of the plans in force, on the case page. One query."""
    found = []
    for plan in _running(membership, case):
        words = {"plan": programme_words(plan.programme, plan.sequence)}
        url = reverse("plan_detail", args=[plan.pk])
        found += [
            Todo("review", _("%(plan)s モニタリング") % words, url, "", due_on=plan.review_on),
            Todo("plan_ends", _("%(plan)s 期間の終わり") % words, url, "", due_on=plan.ends_on),
        ]
    return found


def timeline(
    membership: Membership, case: Case, records: dict[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """Plans, monitoring and evaluation among the visible records. Three queries."""
    keys: dict[str, list[uuid.UUID]] = {}
    for key, record in records.items():
        keys.setdefault(record.kind, []).append(key)
    plans = contents_of(Plan, keys.get(RecordKind.PLAN, []))
    watched = contents_of(Monitoring, keys.get(RecordKind.MONITORING, []))
    judged = contents_of(Evaluation, keys.get(RecordKind.EVALUATION, []))
    return [
        *(
            TimelineEntry(
                p.pk,
                records[p.pk].happened_at,
                _("%(plan)sを作成") % {"plan": plan_title(p)},
                text=_("目指す姿：%(aim)s") % {"aim": p.aim},
                url=reverse("plan_detail", args=[p.pk]),
            )
            for p in plans
        ),
        *(
            TimelineEntry(
                m.pk,
                records[m.pk].happened_at,
                _("モニタリング"),
                text=m.text,
                url=reverse("plan_detail", args=[m.plan_id]),
            )
            for m in watched
        ),
        *(
            TimelineEntry(
                e.pk,
                records[e.pk].happened_at,
                _("プランの評価　判定 %(outcome)s")
                % {"outcome": label_of(enums.Outcome, e.outcome)},
                text=e.remaining,
                url=reverse("plan_detail", args=[e.plan_id]),
            )
            for e in judged
        ),
    ]


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Plans that run, wait for a conference, or are still drafts. Two queries."""
    plans = [p for p in plans_of(membership, case) if p.status not in enums.ENDED]
    tasks = SupportItem.objects.filter(plan__in=plans, status=enums.ItemStatus.OPEN)
    waiting = Counter(tasks.values_list("plan_id", flat=True))
    return [
        OpenEnd(
            _end_words(plan, membership, waiting[plan.pk]),
            reverse("plan_detail", args=[plan.pk]),
            _("プランを開く"),
            is_first=plan.status not in enums.EDITABLE,
            stays=_stay_words(plan, waiting[plan.pk]),
            whose=plan.record.author_agency.name,
        )
        for plan in plans
    ]


def open_work(membership: Membership, case: Case) -> list[OpenWork]:
    """The tasks of plans in force that are not done, by agency. One query."""
    plans = (
        Plan.objects.standing_with(membership)
        .in_force()
        .filter(record__case_id=case.pk, pk=OuterRef("plan_id"))
    )
    items = SupportItem.objects.filter(Exists(plans), status=enums.ItemStatus.OPEN)
    rows = items.order_by("until", "id").values_list("agency_id", "plan_id", "content", "until")
    return [OpenWork(*row) for row in rows]


def _stay_words(plan: Plan, tasks: int) -> str:
    words = f"{plan_title(plan)}　{plan.get_status_display()}"
    if not tasks or plan.status != enums.PlanStatus.IN_FORCE:
        return words
    return words + "　" + _("残る役割分担%(n)s件は、それぞれの担当機関") % {"n": tasks}


def _end_words(plan: Plan, membership: Membership, tasks: int) -> str:
    words = {"plan": plan_title(plan), "status": plan.get_status_display(), "n": tasks}
    if plan.status in enums.EDITABLE:
        return _("%(plan)sは「%(status)s」のまま残り、進められなくなります。") % words
    text = _("%(plan)sが「%(status)s」です。") % words
    if plan.status != enums.PlanStatus.IN_FORCE:
        return text + _("会議の結果を待つか、議題を取り下げます。")
    if tasks:
        text += _("済んでいない役割分担が%(n)s件あります。") % words
    if plan.record.author_agency_id != membership.agency_id:
        return text + _("書いた%(agency)sに、評価して終結か中断にしてもらいます。") % {
            "agency": plan.record.author_agency.name
        }
    return text + _("評価して、終結か中断にします。")


__all__ = ["handover"]

registry.add("todos", todo_tasks, queries=2, order=12)
registry.add("todos", todo_reviews, queries=5, order=14)
registry.add("todos", todo_decisions, queries=3, order=11)
registry.add("case_agreed", agreed, queries=3, order=10)
registry.add("sheet_direction", direction, queries=1, order=10)
registry.add("case_panels", panel, queries=2, order=20)
registry.add("case_next", next_plan, queries=2, order=10)
registry.add("case_next", next_draft, queries=2, order=40)
registry.add("case_actions", actions, queries=1, order=20)
registry.add("case_stage", stage, queries=2, order=20)
registry.add("case_aside", deadlines, queries=1, order=20)
registry.add("case_timeline", timeline, queries=3, order=20)
registry.nav(
    NavItem("plans", gettext_lazy("プランと期限"), "plan_list", 1, Permission.READ_CASES, waiting)
)
registry.add("case_open_ends", open_ends, queries=2, order=20)
registry.add("open_work", open_work, queries=1, order=20)
