"""What agencies are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from agencies.models import Agency
from config.lib.condition import among
from config.lib.prepared import prepared


def agency_names(keys: Iterable[int]) -> dict[int, str]:
    """The names of these agencies, by key. One query, or none."""
    wanted = list(keys)
    return dict(_names(wanted)) if wanted else {}


@prepared
def _names(keys: list[int]) -> QuerySet[Agency, Any]:
    return Agency.objects.filter(among("pk", keys, "integer")).values_list("pk", "name")
