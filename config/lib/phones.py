"""Telephone numbers as people type them, and the digits they are compared by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from config.lib.text import clean_line

PHONE_LIMIT: Final = 60


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number: as it was typed (narrow), and its digits for search and comparison.

    digits begin with 0 for Japan (+81 is folded) and with + for abroad; an extension (内線) is
    only in the display.
    """

    display: str
    digits: str

    def __str__(self) -> str:
        return self.display


_PHONE_MARKS: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
_EXTENSION: Final = re.compile(r"[ ,]*(?:\(? ?内線 ?|ext\.? ?)[:：]? ?\d{1,6} ?\)?$", re.IGNORECASE)
_PHONE_TEXT: Final = re.compile(r"\+?[\d\-() .]+")
_DOMESTIC: Final = re.compile(r"0[1-9]\d{8,9}")
_ABROAD: Final = re.compile(r"\+[1-9]\d{6,14}")
_BEGUN: Final = re.compile(r"0[1-9]\d{2,8}")


def parse_phone(text: str) -> PhoneNumber | None:
    """Read a telephone number in any width and spelling, or give None when it is none.

    Ten or eleven digits beginning with 0, +81 …, or + and 7–15 digits for abroad.
    """
    if len(text) > PHONE_LIMIT:
        return None
    display = _narrow(text)
    main = _EXTENSION.sub("", display)
    if not _PHONE_TEXT.fullmatch(main):
        return None
    digits = re.sub(r"[^\d+]", "", main)
    if digits.startswith("+81"):
        digits = "0" + re.sub(r"[^\d]", "", main.replace("(0)", ""))[2:].removeprefix("0")
    if _DOMESTIC.fullmatch(digits) or (_ABROAD.fullmatch(digits)):
        return PhoneNumber(display, digits)
    return None


def compared_digits(text: str) -> str:
    """The digits by which a number is found and held to be the same: at most 20, without the + of
    abroad and without an extension. Of what is no number, whatever digits it has; or nothing."""
    found = parse_phone(text)
    digits = found.digits if found else "".join(c for c in _narrow(text) if c.isdecimal())
    return digits.lstrip("+")[:20]


def begun_digits(text: str) -> str:
    """The digits of a number, or of the beginning of one as it is being typed: 0 and three more.
    Nothing for what is neither."""
    found = parse_phone(text)
    if found:
        return found.digits.lstrip("+")
    begun = re.sub(r"[\-() .]", "", _narrow(text))
    return begun if _BEGUN.fullmatch(begun) else ""


def _narrow(text: str) -> str:
    return clean_line(unicodedata.normalize("NFKC", text)).translate(_PHONE_MARKS)
