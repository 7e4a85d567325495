"""議事録: the text of a version, and what is done with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.decidingforms import ActForm
from config.lib.forms import SafeLine, SafeText, VersionedForm, VersionField


class MinutesForm(VersionedForm):
    """議事録 of one item; `version` is the number of the version it is written on."""

    text = SafeText(label=_("議事録"), widget=forms.Textarea(attrs={"rows": 16, "class": "tall"}))
    reason = SafeLine(label=_("直す理由"))

    def __init__(self, *args: Any, why: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if why:
            self.fields["reason"].help_text = why
        else:
            del self.fields["reason"]


class ApproveForm(ActForm):
    """承認 of the version that was read."""

    version = VersionField()
