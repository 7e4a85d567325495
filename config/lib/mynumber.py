"""Decides what is taken for a My Number (個人番号) and refuses it: it is never stored.

Source: 番号法 (the system has no task for which it may hold one) and its check digit in
番号法施行令第8条 with 総務省令. Of all twelve-digit numbers one in eleven passes the check, so a
date-time and a telephone number are recognised first; everything else that passes is refused,
and the person may declare that it is none.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_HYPHENS: Final = frozenset("-‐‑‒–—―−－ーｰ~〜～_")
_DOTS: Final = frozenset(".．・･/／,，、")

# Text is first reduced to digits, blanks (a space), hyphens, dots and x for all the rest.
_SEPARATOR = r"[ ]{0,2}[-.]?[ ]{0,2}"
_IN_FOURS: Final = re.compile(
    rf"(?<!\d)(\d{{4}})({_SEPARATOR})(\d{{4}})({_SEPARATOR})(\d{{4}})(?!\d)"
)
# Twelve boxes of a form copied one by one: 1 2 3 4 …
_ONE_BY_ONE: Final = re.compile(r"(?<!\d)(?<!\d[ -])\d(?:([ -])\d)(?:\1\d){10}(?![ -]?\d)")
# The area code of a telephone number whose last eight digits open the match: 03-1234-5678 9012.
_AREA_CODE: Final = re.compile(r"(?<!\d)0\d{1,2}([ ]?[-.)]?[ ]?)$")
_JAPAN_WITHOUT_PLUS: Final = re.compile(r"81[5-9]0\d{8}")


def check_digit(first_eleven: str) -> int:
    """Give the check digit that belongs to eleven digits. ValueError for anything else."""
    if not re.fullmatch(r"[0-9]{11}", first_eleven):
        raise ValueError("eleven digits are needed")
    total = sum(
        int(digit) * (n + 1 if n <= 6 else n - 5)
        for n, digit in enumerate(reversed(first_eleven), start=1)
    )
    remainder = total % 11
    return 0 if remainder <= 1 else 11 - remainder


def find_my_numbers(text: str) -> list[tuple[int, int]]:
    """Give the spans (start, end) in `text` of what looks like a My Number, in order.

    Twelve digits of any width, together, in fours with a space, hyphen or dot between, or one by
    one with the same mark between, that pass the check digit and are neither a date-time
    (YYYYMMDDhhmm, YYMMDDhhmmss) nor a telephone number (+81 90 …, 8190…).
    """
    reduced, origin = _reduce(text)
    spans: list[tuple[int, int]] = []
    position = 0
    while match := _IN_FOURS.search(reduced, position):
        if _is_my_number(reduced, match):
            spans.append((origin[match.start()], origin[match.end() - 1] + 1))
            position = match.end()
        else:
            position = match.start() + 1  # 03-1234-5678 may hide a number that begins later
    for match in _ONE_BY_ONE.finditer(reduced):
        digits = match[0][::2]
        if check_digit(digits[:-1]) == int(digits[-1]):
            spans.append((origin[match.start()], origin[match.end() - 1] + 1))
    return sorted(spans)


def refuse_my_number(text: str) -> None:
    """Raise ValidationError (code my_number) when text holds what looks like a My Number.

    The message never repeats the digits.
    """
    if find_my_numbers(text):
        raise ValidationError(
            _(
                "マイナンバー（個人番号）とみられる12桁の数字があります。"
                "マイナンバーは記録できないので、その数字を消してください。"
            ),
            code="my_number",
        )


def _reduce(text: str) -> tuple[str, list[int]]:
    """Reduce text to the few kinds of characters that matter, and say where each came from."""
    kinds: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        digit = unicodedata.digit(char, None)
        if digit is not None:
            kind = str(digit)
        elif char in _HYPHENS:
            kind = "-"
        elif char in _DOTS:
            kind = "."
        elif char == "\t" or unicodedata.category(char) == "Zs":
            kind = " "
        elif char in "+＋":
            kind = "+"
        elif char in ")）":
            kind = ")"
        elif unicodedata.category(char) in ("Cf", "Mn"):
            continue  # invisible between digits
        else:
            kind = "x"
        kinds.append(kind)
        origin.append(index)
    return "".join(kinds), origin


def _is_my_number(reduced: str, match: re.Match[str]) -> bool:
    digits = match[1] + match[3] + match[5]
    if check_digit(digits[:11]) != int(digits[11]):
        return False
    together = not match[2] and not match[4]
    return not (
        _is_date_time(digits, "%Y%m%d%H%M")
        or (together and _is_date_time(digits, "%y%m%d%H%M%S"))
        or _is_telephone(
            reduced[max(0, match.start() - 8) : match.start()], match, together=together
        )
    )


def _is_date_time(digits: str, shape: str) -> bool:
    try:
        moment = datetime.strptime(digits, shape)  # noqa: DTZ007 - only asks whether it parses
    except ValueError:
        return False
    return 1900 <= moment.year < 2100


def _is_telephone(before: str, match: re.Match[str], *, together: bool) -> bool:
    if before.endswith("+"):
        return True
    if together:
        return bool(_JAPAN_WITHOUT_PLUS.fullmatch(match[0]))
    area = _AREA_CODE.search(before)
    # The same mark joins area code and first group, and another one stands before the last four:
    # then the first eight digits belong to a telephone number.
    return bool(
        area and match[2].strip() and match[2] != match[4] and area[1].strip() in (match[2], ")")
    )
