"""What must happen against what happened: what is missing, what happened twice or uncalled for,
and what fell on a day off."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from reports.year.days import Office
from reports.year.model import Word


def compare(
    expected: Counter[Word], happened: Counter[Word], offices: Mapping[str, Office]
) -> dict[str, Any]:
    """double: told or made more often than it must be, on that day or any other."""
    return {
        "expected": _counts(expected),
        "done": _counts(expected & happened),
        "missing": _said((expected - happened).elements()),
        "double": _said((happened - expected).elements()),
        "on_holiday": _said(word for word in happened if is_on_holiday(word, offices)),
    }


def is_on_holiday(word: Word, offices: Mapping[str, Office]) -> bool:
    """A sitting held on a day off, or somebody told of one on a day off. Jobs are the machine's."""
    if word.kind.startswith("job "):
        return False
    office = offices[word.city]
    if word.kind == "sitting":
        is_held = word.who != "cancelled" and len(word.about) == len("2026-04-01")
        return is_held and not office.works(datetime.date.fromisoformat(word.about))
    return bool(word.day) and not office.works(datetime.date.fromisoformat(word.day))


def _said(words: Iterable[Word]) -> list[str]:
    return sorted(word.said() for word in words)


def _counts(words: Counter[Word]) -> dict[str, dict[str, int]]:
    """Kind -> city -> how many."""
    found: dict[str, dict[str, int]] = {}
    for word in sorted(words):
        of_kind = found.setdefault(word.kind, {})
        of_kind[word.city] = of_kind.get(word.city, 0) + words[word]
    return found
