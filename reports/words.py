"""How numbers are written on pages: thousands separated, no decimals that say nothing."""

from __future__ import annotations

from decimal import Decimal


def number(value: Decimal) -> str:
    """1020.00 → 1,020; 64.10 → 64.1."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")
