"""What the handover sheet knows of conferences: the next sittings of items with consent (V5).

Items under secrecy appear inside their sitting alone, and an appointment is a person's own: neither
is handed over (V6).
"""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases.models import Case
from config.lib.eras import format_short
from config.lib.registry import SheetLine, SheetPart, registry
from meetings import enums
from meetings.models import AgendaItem

WAITING = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)


def sheet(membership: Membership, case: Case) -> list[SheetPart]:
    """Items that wait for their sitting. One query."""
    items = (
        AgendaItem.objects.visible_to(membership)
        .filter(
            Q(sitting__on__gte=timezone.localdate()) | Q(sitting__on__isnull=True),
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
            format_short(row.sitting.on) if row.sitting.on else _("日程は未定"),
            f"{row.conference_type.name}　{row.get_state_display()}",
        )
        for row in rows
    )
    return [SheetPart(_("次の会議"), lines, tuple(row.pk for row in rows))]


registry.add("handover_sheet", sheet, queries=1, order=30)
