"""Decides whether the text of a community issue could name somebody of a household.

The whole city reads an issue, so what names a person is refused before it is stored. A family name
alone is often a place too (大山地区); it counts only where it is used like a name (大山さん).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cases.models import Person
from config.lib.kana import fold
from config.lib.numbers import normalise_case_number

_GAP = re.compile(r"[\s\u3000・]+")
# As `fold` leaves them: small and voiced kana count as their plain ones.
_LIKE_A_NAME = tuple(
    fold(word) for word in ("さん", "様", "氏", "君", "くん", "ちゃん", "家", "世帯", "宅")
)


def names_somebody(text: str, persons: Iterable[Person]) -> bool:
    """Whether one of these persons is named: in full, by the given name, or as 「〜さん」."""
    found = fold(text)
    return any(
        _stands_in(name, found) for person in persons for name in (person.name, person.name_kana)
    )


def names_case(text: str, number: str) -> bool:
    """Whether the case's number stands in the text, in any width."""
    words = re.split(r"[^\w‐‑–—―−ー-]+", text)
    return fold(number) in fold(text) or any(
        normalise_case_number(word) == number for word in words
    )


def _stands_in(name: str, found: str) -> bool:
    full = fold(name)
    if len(full) >= 2 and full in found and len(_GAP.split(name.strip())) > 1:
        return True
    family, *given = [fold(part) for part in _GAP.split(name.strip())]
    # Kana of two signs stand in half of all words: a given name counts from three, or in kanji.
    if any(_is_telling(part) and part in found for part in given):
        return True
    return bool(family) and any(family + word in found for word in _LIKE_A_NAME)


def _is_telling(part: str) -> bool:
    is_kana = all("ぁ" <= char <= "ゖ" for char in part)
    return len(part) >= (3 if is_kana else 2)
