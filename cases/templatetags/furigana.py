"""ふりがな: 「本人《ほんにん》」 in a text becomes ruby; 「｜」 begins a base of any letters."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
RUBY = re.compile(r"(?:｜([^｜《》<>]+)|([一-龥々〆ヶ]+))《([^《》<>]+)》")


@register.filter
def furigana(text: str) -> SafeString:
    """The readings as ruby; everything else is escaped as ever."""
    escaped = conditional_escape(text)
    return mark_safe(  # noqa: S308 - escaped above; the pattern lets no tag through
        RUBY.sub(
            lambda m: f"<ruby>{m[1] or m[2]}<rp>（</rp><rt>{m[3]}</rt><rp>）</rp></ruby>", escaped
        )
    )


READINGS = {
    "明治": "めいじ", "大正": "たいしょう", "昭和": "しょうわ",
    "平成": "へいせい", "令和": "れいわ",
    "元年": "がんねん", "年": "ねん", "月": "がつ", "日": "にち",
}  # fmt: skip
DATE = re.compile("|".join(READINGS))


def dated(words: str) -> str:
    """「令和9年3月31日」 with its readings, in this notation."""
    return DATE.sub(lambda m: f"{m[0]}《{READINGS[m[0]]}》", words)


def named(name: str, kana: str) -> str:
    """A name with the reading that is known, in this notation."""
    clean = re.sub(r"[｜《》]", "", name)
    return f"｜{clean}《{re.sub(r'[｜《》]', '', kana)}》" if clean and kana else clean
