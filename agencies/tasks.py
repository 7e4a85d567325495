"""The worker: take due jobs from the outbox and do each as a named system membership.

Rooms register what a job does with `@job("name")`: a function of the job's arguments that re-reads,
calls an operation and is safe to run twice.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Job, Membership, Municipality
from agencies.operations import file_job
from agencies.operations.mail import is_mail_time, send_digest, waiting_for_mail
from agencies.sealing import seal_log
from config.lib.acting import acting
from config.lib.eras import TOKYO
from config.lib.registry import registry

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
DIGEST = "mail_digest"

JobFunction = Callable[[dict[str, Any]], None]
JOBS: dict[str, tuple[JobFunction, SystemName]] = {}


def job(name: str, *, acting_as: SystemName) -> Callable[[JobFunction], JobFunction]:
    """Register what the job `name` does, and as which system membership."""

    def register(function: JobFunction) -> JobFunction:
        JOBS[name] = (function, acting_as)
        return function

    return register


def system_membership(name: SystemName) -> Membership:
    """The named system membership (V1)."""
    return Membership.objects.get(system_name=name)


@shared_task
def sweep() -> int:
    """Do every job that is due; returns how many were done."""
    done = 0
    while run_next():
        done += 1
    return done


def run_next() -> bool:
    """Take and do one due job in one transaction. False when none waits."""
    with acting(system_membership(SystemName.SCHEDULER).pk):
        entry = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=timezone.now(), done_at__isnull=True, failed_at__isnull=True)
            .order_by("due_at", "id")
            .first()
        )
        if entry is None:
            return False
        function, name = JOBS.get(entry.name, (None, SystemName.SCHEDULER))
        entry.attempts += 1
        try:
            if function is None:
                raise LookupError(entry.name)
            with transaction.atomic(), acting(system_membership(name).pk):
                function(entry.args)
            entry.done_at = timezone.now()
        except Exception as error:
            # The class alone: a message could hold somebody's name (V13).
            logger.warning("job %s failed: %s", entry.name, type(error).__name__)
            entry.error = type(error).__name__[:200]
            if entry.attempts >= MAX_ATTEMPTS:
                entry.failed_at = timezone.now()
            else:
                entry.due_at = timezone.now() + datetime.timedelta(minutes=2**entry.attempts)
        # The application may change these columns of a job and no other.
        entry.save(update_fields=["due_at", "attempts", "done_at", "failed_at", "error"])
    return True


@shared_task
def file_due_jobs() -> int:
    """Ask every room what is due and not yet done; the outbox's key makes it once."""
    filed = 0
    with acting(system_membership(SystemName.SCHEDULER).pk):
        for name, key, args in registry.draw("due_jobs"):
            filed += file_job(name, key=key, args=args)
    return filed


@shared_task
def seal() -> int:
    """Seal the access log. No job in the outbox: the rows without a seal say what has to be done,
    and twice at once is harmless."""
    return seal_log(by=system_membership(SystemName.SCHEDULER))


# --- the room's own: 通知メール -------------------------------------------------------------------


def due_mails() -> list[tuple[str, str, dict[str, Any]]]:
    """A mail for everybody with something new, once a day, from the morning of an open day on.
    Three queries; none where no mail server is named."""
    if not settings.EMAIL_HOST:
        return []
    now = timezone.now()
    waiting = waiting_for_mail()
    cities = Municipality.objects.in_bulk({row.city_id for row in waiting})
    day = now.astimezone(TOKYO).date()
    wanted = {
        f"{row.user_id}.{day:%Y-%m-%d}": row.user_id
        for row in waiting
        if is_mail_time(cities[row.city_id], now)
    }
    filed = set(Job.objects.filter(name=DIGEST, key__in=list(wanted)).values_list("key", flat=True))
    return [
        (DIGEST, key, {"user": user, "key": key})
        for key, user in wanted.items()
        if key not in filed
    ]


@job(DIGEST, acting_as=SystemName.SCHEDULER)
def mail_digest(args: dict[str, Any]) -> None:
    """The mail, if there is still something new."""
    send_digest(user_id=args["user"], key=f"{DIGEST}.{args['key']}")


registry.add("due_jobs", due_mails, queries=3)
