"""A note in parts: 事実・意見・要望, or F-SOAIP (生活支援記録法). Offered, never asked for.

A note is one text for whatever reads it (timeline, search, sheet, shield, versions): a part is
what stands under its heading in that text. So nothing is stored twice, and text that came with
these headings from elsewhere is shown in parts as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

# Headings are part of the stored text, so they are not translated.
WAYS: Final[dict[str, dict[str, str]]] = {
    "facts": {"fact": "事実", "opinion": "意見", "request": "要望"},
    "fsoaip": {
        "focus": "F 焦点",
        "subjective": "S 主観",
        "objective": "O 客観",
        "assessment": "A 判断",
        "intervention": "I 介入・実施",
        "plan": "P 予定",
    },
}
WAY_NAMES: Final = {
    "": _("自由に書く"),
    "facts": _("事実・意見・要望に分ける"),
    "fsoaip": _("F-SOAIPで書く"),
}
HINTS: Final = {
    "fact": _("見たこと、聞いたこと、したこと。"),
    "opinion": _("あなたやほかの人の見立て。だれの意見か分かるように。"),
    "request": _("だれが、何をしてほしいと言ったか。"),
    "focus": _("この記録の焦点。"),
    "subjective": _("本人やキーパーソンのことば。"),
    "objective": _("見たこと、ほかの人から得た情報。"),
    "assessment": _("あなたの判断。"),
    "intervention": _("支援したこと、つないだこと、話したこと。"),
    "plan": _("これからの予定。"),
}
# Where a part goes when the way is changed: nothing typed is lost.
MOVES: Final = {
    "facts": {
        "": "fact", "focus": "fact", "objective": "fact", "intervention": "fact",
        "assessment": "opinion", "plan": "opinion", "subjective": "request",
    },
    "fsoaip": {
        "": "objective", "fact": "objective", "opinion": "assessment", "request": "subjective",
    },
}  # fmt: skip
_HEADING: Final = re.compile(r"【([^【】\n]+)】[ \t\u3000]*")


def compose(way: str, parts: Mapping[str, str]) -> str:
    """One text of the parts that say something, each under its heading."""
    return "\n".join(
        f"【{heading}】\n{parts[key]}" for key, heading in WAYS[way].items() if parts.get(key)
    )


def split(text: str) -> tuple[str, dict[str, str]]:
    """In which way a text is written, and its parts by key; `("", {"": text})` when it is free:
    it does not begin with a heading, or its headings are not those of one way, in their order."""
    found: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        heading = _HEADING.match(line)
        if heading is not None:
            rest = line[heading.end() :]
            found.append((heading[1], [rest] if rest else []))
        elif found:
            found[-1][1].append(line)
        else:
            return "", {"": text}
    named = [heading for heading, _lines in found]
    for way, headings in WAYS.items():
        keys = {heading: key for key, heading in headings.items()}
        if named == [heading for heading in keys if heading in named]:
            parts = {keys[heading]: "\n".join(lines).strip("\n") for heading, lines in found}
            return way, parts
    return "", {"": text}


def labelled(text: str) -> list[tuple[str, str]]:
    """The parts with their headings, to be shown; nothing for a free text."""
    way, parts = split(text)
    return [(WAYS[way][key], words) for key, words in parts.items() if words] if way else []


def moved(text: str, way: str) -> dict[str, str]:
    """The text as it stands in the parts of another way."""
    came, parts = split(text)
    if came == way:
        return parts
    if not way:
        return {"": text}
    found: dict[str, str] = {}
    for key, words in parts.items():
        to = MOVES[way].get(key, key)
        found[to] = "\n".join(part for part in (found.get(to, ""), words) if part)
    return found
