"""年度の確認: which cases are still needed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.recertifying import Line
from config.lib.forms import KasaneForm


class KeepForm(KasaneForm):
    """A box for each case that waits; those with work going on are ticked beforehand."""

    cases = forms.MultipleChoiceField(
        label=_("まだ必要なケース"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("まだ必要なケースを、1件は選んでください。"),
            "invalid_choice": _(
                "開いているあいだに、確認がすんだか、閉じたケースがあります。"
                "もう一度選んでください。"
            ),
        },
    )

    def __init__(self, *args: Any, lines: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("cases", [(str(line.case_id), line.title) for line in lines])
        self.ticked = (
            set(self.data.getlist("cases"))  # type: ignore[attr-defined]  # a QueryDict
            if self.is_bound
            else {str(line.case_id) for line in lines if line.is_busy}
        )

    def chosen(self) -> set[uuid.UUID]:
        return {uuid.UUID(key) for key in self.cleaned_data["cases"]}
