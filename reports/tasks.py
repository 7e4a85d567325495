"""Figures are counted by the worker, as the `statistics` membership: every night and on request."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Municipality
from agencies.tasks import job
from config.lib.fiscal import fiscal_year
from config.lib.registry import registry
from reports.operations import RECOUNT, recount


@job(RECOUNT, acting_as=SystemName.STATISTICS)
def recount_year(args: dict[str, Any]) -> None:
    """Count one city's year anew."""
    recount(city=Municipality.objects.get(pk=args["city"]), year=args["year"])


def due_recounts() -> list[tuple[str, str, dict[str, Any]]]:
    """Every city's current year and the one before it (late entries), once a local day."""
    today = timezone.localdate()
    year = fiscal_year(today)
    return [
        (RECOUNT, f"{city}/{counted}/{today}", {"city": city, "year": counted})
        for city in Municipality.objects.order_by("pk").values_list("pk", flat=True)
        for counted in (year, year - 1)
    ]


registry.add("due_jobs", due_recounts, queries=1)
