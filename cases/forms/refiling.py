"""Where a record is moved to, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import enums
from config.lib.forms import ChoiceCards, KasaneForm, SafeLine


class RefileForm(KasaneForm):
    """Another category or audience for a record that stands."""

    category = forms.ChoiceField(label=_("情報の種類"), choices=enums.Category.choices)
    audience = forms.ChoiceField(
        label=_("だれに向けて書いたか"),
        choices=enums.Audience.choices,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
    )
    reason = SafeLine(
        label=_("移す理由"),
        limit=200,
        help_text=_("例：健康の内容を含んでいたため。この理由は記録に残ります。"),
    )

    def __init__(self, *args: Any, hints: Mapping[str, str], only: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        self.offer(
            "category",
            [c for c in enums.Category.choices if c[0] != "plan" and only in ("", c[0])],
        )
