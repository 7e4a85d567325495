"""The outbox and notices: what is to be done, and what somebody is to be told."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from agencies.models import Agency, Job, Membership, Notice


def file_job(
    name: str,
    *,
    key: str,
    args: dict[str, Any] | None = None,
    due_at: datetime.datetime | None = None,
) -> bool:
    """Put a job into the outbox, once per (name, key). True if it is new."""
    try:
        with transaction.atomic():
            Job.objects.create(name=name, key=key, args=args or {}, due_at=due_at or timezone.now())
    except IntegrityError:
        return False
    ring()
    return True


def ring() -> None:
    """Ring the worker's bell after commit. A lost bell costs seconds: the sweep finds the row."""

    def send() -> None:
        try:
            current_app.send_task("agencies.tasks.sweep", retry=False, ignore_result=True)
        except (OperationalError, OSError):
            return

    transaction.on_commit(send)


def notify(
    *,
    agency: Agency | int,
    kind: str,
    title: str,
    url: str = "",
    key: str = "",
    membership: Membership | None = None,
) -> None:
    """Leave a notice, once per kind and key when a key is given. No names, no text (V8, V15)."""
    row = Notice(
        agency_id=agency.pk if isinstance(agency, Agency) else agency,
        membership=membership,
        kind=kind,
        title=title,
        url=url,
        key=key,
    )
    Notice.objects.bulk_create([row], ignore_conflicts=True)


def mark_notices_read(*, by: Membership, ids: list[uuid.UUID]) -> None:
    """The reader has seen these notices."""
    Notice.objects.visible_to(by).filter(Q(pk__in=ids), read_at__isnull=True).update(
        read_at=timezone.now()
    )
