"""Decides what free text looks like when it is stored: readable, harmless, and as it was typed.

Line ends become \\n, characters without a shape that only confuse (controls, bidi overrides,
lone surrogates) go, and NFC joins what was typed as letter plus mark. Names keep their character
variants: NFC would turn the compatibility ideographs of 神 (U+FA19) or 福 (U+FA1B) into other
characters, so these, and variation selectors, are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

# U+2028/2029 and U+0085 are line ends too; \v and \f come out of word processors as such.
_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_COMPATIBILITY_IDEOGRAPHS: Final = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
# Marks that reorder or hide text, and invisible fillers. ZWJ, ZWNJ and variation selectors stay.
_CONFUSING: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\u061c\u00ad]"
)
_SPACES: Final = re.compile(r"\s+")

_ZERO_WIDTH_JOINER: Final = "\u200d"


def clean_text(text: str) -> str:
    """Clean text of several lines: blank lines at both ends and trailing blanks go.

    The indent of the first line (a full-width space in Japanese) and inner blank lines stay.
    """
    found = _LINE_ENDS.sub("\n", text)
    found = _CONFUSING.sub("", found)
    lines = [line.rstrip() for line in normalise(found).split("\n")]
    return "\n".join(lines).strip("\n")


def clean_line(text: str) -> str:
    """Clean text of one line: line ends, tabs and runs of spaces become one space.

    A run that is a single full-width space stays one: 山田　花子.
    """
    found = _CONFUSING.sub("", _LINE_ENDS.sub("\n", text))
    return _SPACES.sub(_one_space, normalise(found)).strip()


def normalise(text: str) -> str:
    """Apply NFC to everything but compatibility ideographs, which are people's own characters."""
    return "".join(
        part if index % 2 else unicodedata.normalize("NFC", part)
        for index, part in enumerate(_COMPATIBILITY_IDEOGRAPHS.split(text))
    )


def count_graphemes(text: str) -> int:
    """Count characters as a person does: 葛󠄀 with its selector, か゚ and 👨‍👩‍👧 are one each.

    Follows the parts of UAX #29 that matter here: marks, selectors, skin tones, joiners, \\r\\n.
    """
    count = 0
    joined = False
    for char in text.replace("\r\n", "\n"):
        if char == _ZERO_WIDTH_JOINER:
            joined = count > 0
            continue
        extends = unicodedata.category(char) in ("Mn", "Me") or "\U0001f3fb" <= char <= "\U0001f3ff"
        if (extends and count > 0) or joined:
            joined = joined and extends
            continue
        count += 1
    return count


def is_too_long(text: str, limit: int) -> bool:
    """Say whether text is longer than `limit` characters as a person counts them.

    A second bound of three code points a character keeps stacked marks out: a database column
    for such text should be able to hold 3 × limit.
    """
    return len(text) > 3 * limit or (len(text) > limit and count_graphemes(text) > limit)


def _one_space(match: re.Match[str]) -> str:
    return "\u3000" if match[0] == "\u3000" else " "


def with_san(name: str) -> str:
    """A person's name as it is said on pages."""
    return _("%(name)sさん") % {"name": name}
