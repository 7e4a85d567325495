"""What stands in records that one is known to see: their contents, by kind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from config.lib.condition import among
from config.lib.prepared import prepared

Content = TypeVar("Content", bound=Model)


def contents_of(model: type[Content], records: Sequence[uuid.UUID]) -> list[Content]:
    """The contents of these records: rows of `model`, whose key is their record's. One query, or
    none."""
    return list(_contents(model, list(records))) if records else []


@prepared
def _contents(model: Any, records: list[uuid.UUID]) -> QuerySet[Any]:
    found: QuerySet[Any] = model._default_manager.filter(among("pk", records))
    return found
