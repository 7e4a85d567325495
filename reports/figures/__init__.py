"""The figures of a fiscal year, as docs/figures.md defines them."""

from __future__ import annotations

from decimal import Decimal

from agencies.models import Municipality

from .catalogue import BY_KEY, FIGURES, Dimension, Figure
from .scope import Scope

__all__ = ["BY_KEY", "FIGURES", "Dimension", "Figure", "Scope", "count_year"]


def count_year(city: Municipality, year: int) -> dict[tuple[str, str], Decimal]:
    """Every figure of a city's year by (key, breakdown). Acting as `statistics`: anybody else
    would count what they may see, which is another number."""
    scope = Scope(city, year)
    return {
        (figure.key, breakdown): value
        for figure in FIGURES
        for breakdown, value in figure.count(scope).items()
    }
