"""What the worker does for the cases room: reminders of consents, shields, rounds (V3, V9, V14)."""

from __future__ import annotations

import uuid
from typing import Any

from agencies.enums import SystemName
from agencies.models import Job, Municipality
from agencies.tasks import job
from cases.operations.consentpapers import REMIND, ending_consents, remind_of_end
from cases.operations.drafts import forget_old_drafts
from cases.operations.recertification import REMIND as RECERTIFY
from cases.operations.recertification import opening_day, remind_city, stage
from cases.operations.shield import REMIND as SHIELD_REMIND
from cases.operations.shield import expiring_shields, remind_of_shield
from config.lib.eras import today
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


def shield_jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Shields whose date is near or past, once for a date. Two queries."""
    wanted = {f"{key}/{day}": str(key) for key, day in expiring_shields()}
    jobs = Job.objects.filter(name=SHIELD_REMIND, key__in=list(wanted))
    filed = set(jobs.values_list("key", flat=True))
    return [
        (SHIELD_REMIND, key, {"shield": shield})
        for key, shield in wanted.items()
        if key not in filed
    ]


@job(SHIELD_REMIND, acting_as=SystemName.SCHEDULER)
def remind_shield(args: dict[str, Any]) -> None:
    """Safe to run twice: a notice stands once."""
    remind_of_shield(uuid.UUID(args["shield"]))


def recertify_jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Each city's round, once for each stage of it. Two queries."""
    wanted = {
        f"{city.pk}/{opening_day(city)}/{stage(city)}": city.pk
        for city in Municipality.objects.only("recertify_month")
    }
    jobs = Job.objects.filter(name=RECERTIFY, key__in=list(wanted))
    filed = set(jobs.values_list("key", flat=True))
    return [
        (RECERTIFY, key, {"city": city, "key": key})
        for key, city in wanted.items()
        if key not in filed
    ]


@job(RECERTIFY, acting_as=SystemName.SCHEDULER)
def remind_of_recertification(args: dict[str, Any]) -> None:
    """Safe to run twice: a notice stands once."""
    remind_city(Municipality.objects.get(pk=args["city"]), args["key"])


FORGET = "forget_drafts"


def forgetting_jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Once a day: drafts nobody has gone on with. One query."""
    key = today().isoformat()
    return [] if Job.objects.filter(name=FORGET, key=key).exists() else [(FORGET, key, {})]


@job(FORGET, acting_as=SystemName.RETENTION)
def forget(args: dict[str, Any]) -> None:
    """Safe to run twice: what is gone is gone."""
    forget_old_drafts()


registry.add("due_jobs", reminder_jobs, queries=2)
registry.add("due_jobs", shield_jobs, queries=2)
registry.add("due_jobs", recertify_jobs, queries=2)
registry.add("due_jobs", forgetting_jobs, queries=1)
