"""Items that wait to be read by a shield's list (V9), shown to list members who see them anyway;
and which items only the list reads.

`meetings.panels` imports this module, and so registers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.urls import reverse

from agencies.models import Membership
from cases.models import Case, ShieldHold
from cases.told import ShieldedRow, kept_rows
from config.lib.eras import format_datetime
from config.lib.registry import ShieldRow, registry
from meetings.models import AgendaItem, MinutesVersion


def shield_rows(membership: Membership, case: Case, holds: Sequence[ShieldHold]) -> list[ShieldRow]:
    """Two queries."""
    keys = [hold.row_id for hold in holds if hold.kind == AgendaItem._meta.db_table]
    items = AgendaItem.objects.visible_to(membership).filter(pk__in=keys, case=case)
    written = MinutesVersion.objects.visible_to(membership).filter(item__in=keys)
    minutes: dict[UUID, str] = {}
    for key, text in written.order_by("number").values_list("item_id", "text"):
        minutes[key] = "\n".join(filter(None, [minutes.get(key), text]))
    return [
        ShieldRow(
            item.pk,
            f"{item.conference_type.name}　{item.title}",
            item.proposing_agency.name,
            format_datetime(item.proposed_at),
            "",
            "\n".join(
                filter(
                    None, (item.briefing, item.opinion, minutes.get(item.pk, ""), item.carry_text)
                )
            ),
            reverse("item_detail", args=[item.pk]),
        )
        for item in items.select_related("conference_type", "proposing_agency")
    ]


def kept_items(by: Membership, items: Iterable[AgendaItem]) -> frozenset[UUID]:
    """Items that `by` reads as one of a shield's list, and others do not: `told.kept_rows`."""
    rows = [
        ShieldedRow(item.case_id, item.pk, item.person_ids, not item.person_ids)
        for item in items
        if item.case_id is not None
    ]
    return kept_rows(by, {row.case_id for row in rows}, rows) if rows else frozenset()


registry.add("shield_rows", shield_rows, queries=2, order=30)
