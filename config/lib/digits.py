"""A whole number as it stands in an address or a hidden field."""

from __future__ import annotations


def whole_number(text: str, *, digits: int) -> int | None:
    """The number, of at most so many digits; None for anything else. (To `str.isdigit` alone 「²」
    is a digit, to `int` it is not.)"""
    is_number = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if is_number else None
