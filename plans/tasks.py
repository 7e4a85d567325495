"""Reminders of plans in force: once each, on the city's working days, to who reads the plan."""

from __future__ import annotations

import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import SystemName
from agencies.models import Agency, Job, Municipality
from agencies.opendays import open_days
from agencies.operations import notify
from agencies.tasks import job
from config.lib.registry import registry
from plans.operations.reach import plan_reminders, plans_to_review

NAME = "review_reminder"
OTHERS = "plan_reminders"
TITLES: Final = {
    "task_due": gettext_lazy("受け持つ支援の期限が近づいています"),
    "task_late": gettext_lazy("プランの支援が、期限を1週間過ぎています"),
    "plan_ending": gettext_lazy("プラン期間の終わりまで1か月です。評価の時期です"),
    "review_late": gettext_lazy("モニタリングが予定から2週間過ぎているプランがあります"),
}

Jobs = list[tuple[str, str, dict[str, Any]]]


def review_jobs() -> Jobs:
    """What is due and not yet in the outbox, by plan and review date. Three queries."""
    day = timezone.localdate()
    due = plans_to_review(day)
    authors = Agency.objects.filter(pk__in={row.agency_id for row in due})
    at_work = {
        agency.pk
        for agency in authors.select_related("municipality")
        if open_days(agency.municipality).is_open(day)
    }
    return _new(
        NAME,
        {
            f"{row.plan_id}:{row.review_on}": {"plan": str(row.plan_id)}
            for row in due
            if row.agency_id in at_work
        },
    )


def reminder_jobs() -> Jobs:
    """The same of everything else that falls due, or has not been done: one job for each city on
    each of its working days. Two queries."""
    day = timezone.localdate()
    return _new(
        OTHERS,
        {
            f"{city.code}:{day:%Y-%m-%d}": {"city": city.pk, "on": f"{day:%Y-%m-%d}"}
            for city in Municipality.objects.order_by("pk")
            if open_days(city).is_open(day)
        },
    )


def _new(name: str, wanted: dict[str, dict[str, Any]]) -> Jobs:
    filed = set(Job.objects.filter(name=name, key__in=list(wanted)).values_list("key", flat=True))
    return [(name, key, args) for key, args in wanted.items() if key not in filed]


@job(NAME, acting_as=SystemName.SCHEDULER)
def remind(args: dict[str, Any]) -> None:
    """Tell the author's agency; if the date has moved meanwhile, nothing is due."""
    for due in plans_to_review(timezone.localdate()):
        if str(due.plan_id) == args["plan"]:
            notify(
                agency=due.agency_id,
                kind=NAME,
                key=f"{due.plan_id}:{due.review_on}",
                title=_("モニタリングの時期が近づいています"),
                url=f"/plans/{due.plan_id}/",
            )


@job(OTHERS, acting_as=SystemName.SCHEDULER)
def remind_of_rest(args: dict[str, Any]) -> None:
    """Tell whom it concerns, once; what has been done meanwhile is told to nobody. On another day
    than it was meant for nothing is told: that day has a job of its own."""
    day = datetime.date.fromisoformat(args["on"])
    if day != timezone.localdate():
        return
    for row in plan_reminders(args["city"], day):
        notify(
            agency=row.agency_id,
            kind=row.kind,
            key=f"{row.row_key}:{row.due}",
            title=str(TITLES[row.kind]),
            url=f"/plans/{row.plan_id}/",
        )


registry.add("due_jobs", review_jobs, queries=3)
registry.add("due_jobs", reminder_jobs, queries=2)
