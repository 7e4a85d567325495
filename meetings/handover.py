"""What the handover sheet knows of conferences: the next sittings of items with consent (V5).

Items under secrecy appear inside their sitting alone, and an appointment is a person's own: neither
is handed over (V6).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from cases.models import Case
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.registry import SheetLine, SheetPart, Todo, registry
from meetings import enums
from meetings.models import AgendaItem, ItemGrant
from meetings.pages import item_state, waits_for_next

OVER = (enums.SittingState.CLOSED, enums.SittingState.CANCELLED)
WAITING = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)


def sheet(membership: Membership, case: Case) -> list[SheetPart]:
    """Items that wait for their sitting. One query."""
    items = (
        AgendaItem.objects.visible_to(membership)
        .filter(
            Q(sitting__on__gte=timezone.localdate())
            | Q(sitting__on__isnull=True)
            | Q(sitting__state=enums.SittingState.CANCELLED),
            case=case,
            basis=enums.ItemBasis.CONSENT,
            state__in=WAITING,
        )
        .select_related("sitting", "conference_type")
        .order_by("sitting__on", "id")
    )
    rows = list(items)
    if not rows:
        return []
    lines = tuple(
        SheetLine(
            row.title,
            format_short(row.sitting.on)
            if row.sitting.on and not waits_for_next(row)
            else _("日程は未定"),
            f"{row.conference_type.name}　{item_state(row)}",
        )
        for row in rows
    )
    return [SheetPart(_("次の会議"), lines, tuple(row.pk for row in rows))]


def todo_left(membership: Membership) -> list[Todo]:
    """For the listed secretaries alone: somebody appointed to an item of theirs works no longer in
    the membership it was done for (V14); their agency is not told (V6). One query."""
    if not membership.may(Permission.READ_CASES):
        return []
    return [
        Todo(
            "appointed_left",
            _("指名した人の所属が終わりました　%(body)s") % {"body": body},
            reverse("item_people", args=[item]),
            _("指名を確かめる"),
            detail=_("その人には、もう議題が見えません。"),
            due_on=on,
        )
        for item, body, on in _left(membership)
    ]


@prepared
def _left(membership: Membership) -> QuerySet[ItemGrant, Any]:
    return (
        ItemGrant.objects.visible_to(membership)
        .standing()
        .filter(membership__until__lt=timezone.localdate())
        .exclude(sitting__state__in=OVER)
        .order_by("sitting__on", "content_object_id")
        .values_list("content_object_id", "conference_type__name", "sitting__on")
        .distinct()
    )


registry.add("todos", todo_left, queries=1, order=18)
registry.add("handover_sheet", sheet, queries=1, order=30)
