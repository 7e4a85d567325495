"""The one reader of items that are data: national lists in `data/`, a city's own in its profile.

What is asked in 相談受付, in the assessment and on risk sheets differs (a choice, three answers,
a rule), so each has a kind of its own. How the lists are read and what a city's own are called is
the same and is said here; which word for 障害 stands in them is the city's (config.lib.wording).
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db.models import BooleanField, CharField, JSONField, Value
from django.utils import timezone

from agencies.models import AssessmentItem, IntakeItem, Municipality
from config.lib.memory import remembered
from config.lib.wording import SHOGAI, in_words

DATA: Final = Path(__file__).parent / "data"
LOCAL: Final = "local:"


@dataclass(frozen=True)
class OwnItem:
    """A city's own. `is_told`: an item of 申込票, else a question of the assessment. `is_asked`: it
    is asked today, else only read."""

    code: str
    category: str
    kind: str
    label: str
    options: tuple[str, ...]
    only: str
    is_told: bool
    is_asked: bool


@functools.lru_cache(maxsize=50)
def listed(name: str, table: str = "item", *, wording: str = SHOGAI) -> list[dict[str, Any]]:
    """The tables of `data/<name>.toml`, in their order, with 障害 as the city writes it."""
    text = (DATA / f"{name}.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(in_words(text, wording))[table]
    return found


@remembered
def own_items(city: Municipality) -> list[OwnItem]:
    """A city's own, of 申込票 and of the assessment, in their order. One query."""
    today = timezone.localdate()
    names = ("order", "pk", "code", "category", "kind")
    no, nothing, none = Value(False, BooleanField()), Value("", CharField()), Value([], JSONField())
    asked = AssessmentItem.objects.filter(municipality=city).values_list(
        *names, "text", none, nothing, no, "ended_on"
    )
    told = IntakeItem.objects.filter(municipality=city).values_list(
        *names, "label", "options", "only", Value(True, BooleanField()), "ended_on"
    )
    return [
        OwnItem(
            f"{LOCAL}{code}",
            category,
            kind,
            label,
            tuple(options),
            only,
            is_told,
            is_asked=ended_on is None or ended_on > today,
        )
        for (
            *_place, code, category, kind, label, options, only, is_told, ended_on,
        ) in asked.union(told, all=True).order_by("order", "pk")
    ]  # fmt: skip
