"""What every verb on an item does besides: lock it, leave a step, leave a trace."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import connection

from agencies.enums import Action, Purpose
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.registry import registry
from meetings.models import AgendaItem, ItemStep, Sitting


def lock_item(item: AgendaItem, by: Membership, version: int | None = None) -> AgendaItem:
    """The item as it now is, locked. StaleVersion when somebody else saved first."""
    locked = (
        AgendaItem.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("sitting", "conference_type")
        .filter(pk=item.pk)
        .first()
    )
    if locked is None:
        raise ActionDenied("この議題は、もう見られません。")
    if version is not None and locked.version != version:
        raise StaleVersion
    return locked


def save_item(item: AgendaItem, by: Membership, step: str, **changes: Any) -> None:
    """Write the changed columns with the next version, and the step."""
    for name, value in changes.items():
        setattr(item, name, value)
    item.version += 1
    item.save(update_fields=[*changes, "version"])
    leave_step(item, by, step)


def leave_step(item: AgendaItem, by: Membership, step: str) -> None:
    """One append-only line of what happened to the item, and the access log's line."""
    ItemStep(item_id=item.pk, name=step, to_state=item.state, by=by).save(force_insert=True)
    trace(item, by, step)
    if item.case_id is None and not item.is_secret:  # whatever is sealed is told to no room (V6)
        list(registry.draw("item_step", item, by, step))


def trace(item: AgendaItem, by: Membership, what: str, action: Action = Action.WRITE) -> None:
    """V10: who, on which basis, which item."""
    log_access(
        by,
        action,
        what=what,
        purpose=purpose_of(item),
        basis=basis_of(item),
        case_id=item.case_id,
        item_id=item.pk,
    )


def purpose_of(item: AgendaItem) -> Purpose:
    return Purpose.SUPPORT_CONFERENCE if item.is_secret else Purpose.PLAN_CONFERENCE


def basis_of(item: AgendaItem) -> str:
    return "106-6" if item.is_secret else "consent"


def transaction_now() -> datetime.datetime:
    """The instant the policies ask about: a period that began after it would not be open yet."""
    with connection.cursor() as cursor:
        cursor.execute("select now()")
        found: datetime.datetime = cursor.fetchone()[0]
    return found


def next_sitting(sitting: Sitting, conference_type_id: int) -> Sitting | None:
    """The body's next sitting after this one that still takes items: a regular one, else one called
    ad hoc (asked of the database, which puts items off by the same words)."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.next_sitting(%s, %s)", [sitting.pk, conference_type_id])
        (key,) = cursor.fetchone()
    return Sitting.objects.prefetch_related("conference_types").get(pk=key) if key else None
