"""Filters of 議題の候補; none widens what may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import KasaneForm


class CandidateFilter(KasaneForm):
    """どの会議へ・だれの."""

    body = forms.ChoiceField(label=_("会議"), required=False)
    whose = forms.ChoiceField(
        label=_("だれの"),
        required=False,
        choices=[
            ("", _("見られるすべて")),
            ("own", _("自機関が主担当")),
            ("worker", _("わたしの担当")),
        ],
    )

    def __init__(self, *args: Any, bodies: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("body", [("", _("すべて")), *bodies])
