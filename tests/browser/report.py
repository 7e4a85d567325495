"""The year's report, read as its reader does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What a journey adds to."""

    consultations: int
    plans: int
