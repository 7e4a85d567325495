"""Numbered prints, and letters under 106条の6第3項."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
    SafeText,
)
from meetings import enums


class PackForm(KasaneForm):
    """資料: for whom."""

    recipients = forms.MultipleChoiceField(
        label=_("だれの分"),
        widget=MultiChoiceCards(attrs={"class": "choices-stack"}),
        help_text=_("一人に一つ、通番が付きます。"),
        error_messages={"required": _("だれの分を印刷するかを選んでください。")},
    )
    to_return = forms.BooleanField(label=_("会議の後に回収する"), required=False, initial=True)
    form_key = IdempotencyKey()

    def __init__(self, *args: Any, recipients: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("recipients", recipients)
        if len(recipients) == 1:
            self.initial.setdefault("recipients", [recipients[0][0]])


class CopiesForm(PackForm):
    """Which paper of a sealed item, for whom."""

    paper = forms.ChoiceField(
        label=_("印刷するもの"), choices=enums.Paper.choices, widget=ChoiceCards
    )
    field_order = ("paper", "recipients", "to_return")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("paper", enums.Paper.MATERIALS)


class LetterForm(KasaneForm):
    """資料・情報提供依頼."""

    addressee = SafeLine(label=_("宛先"), help_text=_("例：○○病院 地域連携室 御中"))
    about = SafeLine(
        label=_("だれについて"),
        help_text=_("相手が分かるだけの書き方にします。"),
        error_messages={"required": _("だれについての依頼かを書いてください。")},
    )
    asked = SafeText(label=_("求める資料・情報"), widget=forms.Textarea(attrs={"rows": 5}))
    due_on = EraDateField(
        label=_("回答の期限"), not_past=True, widget=forms.TextInput(attrs={"class": "date"})
    )
    form_key = IdempotencyKey()


class ReplyForm(KasaneForm):
    """What came of it."""

    outcome = forms.ChoiceField(
        label=_("結果"), choices=enums.RequestOutcome.choices, widget=ChoiceCards
    )
    replied_on = EraDateField(
        label=_("回答の日"), not_future=True, widget=forms.TextInput(attrs={"class": "date"})
    )
    reply = SafeText(
        label=_("回答の内容"),
        required=False,
        help_text=_("この議題を見る人だけが読みます。"),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("replied_on", today())

    def clean(self) -> dict[str, Any]:
        """A reply has words."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_received = cleaned.get("outcome") == enums.RequestOutcome.RECEIVED
        if is_received and not cleaned.get("reply") and "reply" not in self.errors:
            self.add_error("reply", _("回答の内容を書いてください。"))
        return cleaned
