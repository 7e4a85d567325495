"""The one reader of items that are data: national lists in `data/`, a city's own in its profile.

What is asked in 相談受付, in the assessment and on risk sheets differs (a choice, three answers,
a rule), so each has a kind of its own. How the lists are read, what a city's own are called, and
which word for 障害 stands in them is the same and is said here.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from django.utils import timezone

from agencies.models import AssessmentItem, IntakeItem, Municipality

DATA: Final = Path(__file__).parent / "data"
LOCAL: Final = "local:"
SHOGAI: Final = "障害"

Row = TypeVar("Row", AssessmentItem, IntakeItem)


@functools.lru_cache(maxsize=50)
def listed(name: str, table: str = "item", *, wording: str = SHOGAI) -> list[dict[str, Any]]:
    """The tables of `data/<name>.toml`, in their order, with 障害 as the city writes it."""
    text = (DATA / f"{name}.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text.replace(SHOGAI, wording))[table]
    return found


def own_items(model: type[Row], city: Municipality | int) -> Iterator[tuple[str, bool, Row]]:
    """A city's own: code, whether it is asked today (else it is only read), row. One query."""
    today = timezone.localdate()
    for row in model._default_manager.filter(municipality=city).order_by("order", "pk"):
        yield f"{LOCAL}{row.code}", row.ended_on is None or row.ended_on > today, row
