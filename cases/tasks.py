"""What the worker does for the cases room: reminders before consents end (V3)."""

from __future__ import annotations

import uuid
from typing import Any

from agencies.enums import SystemName
from agencies.models import Job
from agencies.tasks import job
from cases.operations.consentpapers import REMIND, ending_consents, remind_of_end
from config.lib.registry import registry


def reminder_jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Consents that end within a month and are not yet in the outbox. Two queries."""
    wanted = {str(key): key for key, _until in ending_consents()}
    filed = set(Job.objects.filter(name=REMIND, key__in=list(wanted)).values_list("key", flat=True))
    return [(REMIND, key, {"consent": key}) for key in wanted if key not in filed]


@job(REMIND, acting_as=SystemName.SCHEDULER)
def remind(args: dict[str, Any]) -> None:
    """Safe to run twice: a notice stands once."""
    remind_of_end(uuid.UUID(args["consent"]))


registry.add("due_jobs", reminder_jobs, queries=2)
