"""Reminders: before the review date, once, to the agency that wrote the plan."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import SystemName
from agencies.models import Job
from agencies.operations import notify
from agencies.tasks import job
from config.lib.registry import registry
from plans.operations.reach import plans_to_review

NAME = "review_reminder"


def review_jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """What is due and not yet in the outbox, by plan and review date."""
    wanted = {
        f"{due.plan_id}:{due.review_on}": due for due in plans_to_review(timezone.localdate())
    }
    filed = set(Job.objects.filter(name=NAME, key__in=list(wanted)).values_list("key", flat=True))
    return [
        (NAME, key, {"plan": str(due.plan_id)}) for key, due in wanted.items() if key not in filed
    ]


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


registry.add("due_jobs", review_jobs, queries=2)
