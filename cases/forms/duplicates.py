"""What the office says of two cases that may be one household."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.enums import DuplicateOutcome
from config.lib.forms import KasaneForm


class SettleForm(KasaneForm):
    """どうなったか, of one line of the list."""

    hint = forms.UUIDField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=_("どうなったか"), choices=[("", _("選んでください")), *DuplicateOutcome.choices]
    )
