"""緊急の開始: plans that began before a conference had spoken, and their report after the fact.

Nothing of it is stored but its steps: `start_urgently`, and the one by which a conference answered.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from agencies.models import Membership
from config.lib.eras import format_long, today
from config.lib.fiscal import fiscal_range, fiscal_year, from_day_to_instant, label
from config.lib.prepared import prepared
from plans import enums
from plans.models import Plan, PlanStep

START: Final = "start_urgently"
# By which a conference has answered the report; 継続審議 leaves it waiting.
ANSWERED: Final = ("report_accept", "report_object")


def awaiting_report() -> Q:
    """Of plans: begun in urgency, and no conference has answered yet."""
    steps = PlanStep.objects.filter(plan=OuterRef("pk"))
    return (
        Q(status=enums.PlanStatus.IN_FORCE)
        & Q(Exists(steps.filter(name=START)))
        & ~Q(Exists(steps.filter(name__in=ANSWERED)))
    )


def awaits_report(plan: Plan) -> bool:
    """Whether a conference has still to hear of it. One query, of a plan in force."""
    if plan.status != enums.PlanStatus.IN_FORCE:
        return False
    names = set(plan.plansteps.filter(name__in=(START, *ANSWERED)).values_list("name", flat=True))
    return names == {START}


@dataclass(frozen=True)
class Urgent:
    """When, by whom and why a plan was begun before a conference."""

    when: str
    who: str
    reason: str


def urgent_start_of(plan_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Urgent]:
    """By plan, for those begun in urgency. One query."""
    steps = PlanStep.objects.filter(plan__in=list(plan_ids), name=START)
    return {
        step.plan_id: Urgent(format_long(step.at), step.by.agency_name, step.note)
        for step in steps.select_related("by__agency").order_by("at", "pk")
    }


@prepared
def _begun(membership: Membership, since: datetime.datetime) -> QuerySet[PlanStep, Any]:
    """The steps that brought plans into force, of plans the reader sees outside any sitting."""
    seen = Plan.objects.standing_with(membership).filter(pk=OuterRef("plan_id"))
    steps = PlanStep.objects.filter(
        Exists(seen), to_status=enums.PlanStatus.IN_FORCE, at__gte=since
    ).exclude(from_status=enums.PlanStatus.IN_FORCE)
    return steps.order_by().values_list("name").annotate(n=Count("plan_id", distinct=True))


def share_words(membership: Membership) -> str:
    """How often it happened this fiscal year, so that it does not become routine: 「緊急の開始は
    1件（8件中、12.5％）」. Counted among the plans the reader sees; the whole city's stands in
    評価と報告. Empty while none has begun. One query."""
    year = fiscal_year(today())
    counts = dict(_begun(membership, from_day_to_instant(fiscal_range(year)[0])))
    every, urgent = sum(counts.values()), counts.get(START, 0)
    if not every:
        return ""
    share = (Decimal(urgent) * 100 / every).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return _(
        "%(year)sに始まったプランのうち、緊急の開始は%(urgent)s件です"
        "（%(all)s件中、%(share)s％。あなたから見えるプランで数えています）。"
    ) % {"year": label(year), "urgent": urgent, "all": every, "share": share}
