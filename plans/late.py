"""期限切れ: what should have been done, of one agency or of all (V3)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from agencies.models import Membership
from agencies.names import agency_names
from cases.models import Record
from cases.titles import titles_for
from config.lib.eras import today
from plans import enums
from plans.models import Plan, SupportItem
from plans.queries import PlanLine, in_force_here, plan_lines

SHOWN: Final = 50


@dataclass(frozen=True)
class LateTask:
    """A line of a role table whose day has passed."""

    plan_id: uuid.UUID
    household: str
    content: str
    agency: str
    worker: str
    until: datetime.date


@dataclass(frozen=True)
class Late:
    """The longest late first; `has_more`: there are others besides."""

    tasks: list[LateTask]
    reviews: list[PlanLine]
    ended: list[PlanLine]
    has_more: bool


def late_of(membership: Membership, agency: int | None) -> Late:
    """Of one agency (what it has to do, what it wrote), or of all. Nine queries."""
    tasks, more_tasks = _tasks(membership, agency)
    reviews, more_reviews = _plans(membership, agency, Q(review_on__lt=today()), "review_on")
    ended, more_ended = _plans(membership, agency, Q(ends_on__lt=today()), "ends_on")
    return Late(tasks, reviews, ended, more_tasks or more_reviews or more_ended)


def _tasks(membership: Membership, agency: int | None) -> tuple[list[LateTask], bool]:
    case = Record.objects.filter(pk=OuterRef("plan_id")).values("case_id")
    items = SupportItem.objects.filter(
        in_force_here(membership), status=enums.ItemStatus.OPEN, until__lt=today()
    )
    if agency is not None:
        items = items.filter(agency_id=agency)
    names = ("plan_id", "content", "agency_id", "worker", "until")
    rows = items.order_by("until", "id").values_list(Subquery(case), *names)[: SHOWN + 1]
    found: list[Any] = list(rows)
    shown = found[:SHOWN]
    households = titles_for(membership, {row[0] for row in shown}) if shown else {}
    agencies = agency_names({row[3] for row in shown})
    lines = [
        LateTask(plan, households[key], content, agencies[by], worker, until)
        for key, plan, content, by, worker, until in shown
    ]
    return lines, len(found) > SHOWN


def _plans(
    membership: Membership, agency: int | None, is_late: Q, order: str
) -> tuple[list[PlanLine], bool]:
    plans: QuerySet[Plan] = Plan.objects.standing_with(membership).in_force().filter(is_late)
    if agency is not None:
        plans = plans.filter(record__author_agency_id=agency)
    return plan_lines(membership, plans.order_by(order, "record_id"), SHOWN)
