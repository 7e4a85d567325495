"""Decides what a case number looks like: K8-7QF2M, random within the 年度.

Source: the rule that numbers give no hints (how many cases there are, which came first). The
alphabet leaves out what is misread on paper or misheard on the telephone: 0 O, 1 I L.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Protocol

from config.lib.fiscal import era_year, fiscal_year

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RANDOM_LENGTH: Final = 5

_CASE_NUMBER: Final = re.compile(rf"K([1-9]\d?)-?([{ALPHABET}]{{{RANDOM_LENGTH}}})")
_IN_TEXT: Final = re.compile(rf"(?<![A-Z0-9]){_CASE_NUMBER.pattern}(?![A-Z0-9])")
_HYPHENS: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))


class Chooser(Protocol):
    """What can pick one character: the `secrets` module, or a seeded `random.Random` in tests."""

    def choice(self, seq: Sequence[str], /) -> str: ...


def case_number(day: date | datetime, rng: Chooser | None = None) -> str:
    """Give a new random case number for the 年度 of a day (datetimes: the day in Asia/Tokyo).

    31⁵ numbers a year (28 million): the caller tries again when the unique key says it is taken.
    """
    chooser: Chooser = rng if rng is not None else secrets
    _name, year = era_year(fiscal_year(day))
    return f"K{year}-" + "".join(chooser.choice(ALPHABET) for _ in range(RANDOM_LENGTH))


def has_case_number(text: str) -> bool:
    """Whether something in running text reads like a case number, in any width."""
    folded = unicodedata.normalize("NFKC", text).upper().translate(_HYPHENS)
    return _IN_TEXT.search(folded) is not None


def normalise_case_number(text: str) -> str | None:
    """Give the case number meant by what was typed (any width or case, hyphen or not), or None."""
    folded = unicodedata.normalize("NFKC", text).upper().translate(_HYPHENS)
    match = _CASE_NUMBER.fullmatch("".join(folded.split()))
    return f"K{match[1]}-{match[2]}" if match else None
