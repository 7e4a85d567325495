"""緊急閲覧: exactly whom, what is in danger, on which ground, and why (V8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from agencies.models import LegalBasis
from cases import enums
from cases.disclosures import ground_words
from cases.operations.emergency import SHORTEST, EmergencyFacts
from config.lib.eras import today
from config.lib.forms import ChoiceCards, EraDateField, KanaField, KasaneForm, SafeLine, SafeText
from config.lib.numbers import normalise_case_number


class EmergencyForm(KasaneForm):
    """A number, or kana and birth date: the exact household or none."""

    number = SafeLine(
        label=_("ケース番号"),
        limit=20,
        required=False,
        declared_by=None,
        help_text=_("分かるとき。例：K8-7QF2M"),
    )
    kana = KanaField(
        label=_("本人か家族のふりがな"),
        required=False,
        help_text=_("ケース番号が分からないとき。姓と名を、生年月日といっしょに入れます。"),
    )
    birth = EraDateField(label=_("その人の生年月日"), required=False)
    danger = forms.ChoiceField(
        label=_("なにが危険か"),
        choices=enums.Danger.choices,
        widget=ChoiceCards,
        error_messages={"required": _("なにが危険かを選んでください。")},
    )
    ground = forms.ChoiceField(
        label=_("法律上の根拠"),
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("法律上の根拠を選んでください。")},
    )
    reason = SafeText(
        label=_("何が起きているか"),
        limit=1000,
        declared_by=None,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("いま見えていること、急ぐわけ。主担当機関と個人情報保護担当が読みます。"),
        error_messages={"required": _("何が起きているかを書いてください。")},
    )

    def __init__(self, *args: Any, grounds: Sequence[LegalBasis], **kwargs: Any) -> None:
        self.grounds = {str(g.pk): g for g in grounds}
        super().__init__(*args, **kwargs)
        self.offer(
            "ground", [(key, f"{ground_words(g)}　{g.label}") for key, g in self.grounds.items()]
        )

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"]
        found = normalise_case_number(typed)
        if typed and not found:
            raise forms.ValidationError(
                _now("ケース番号は「K8-7QF2M」のような形で入れてください。")
            )
        return found or ""

    def clean_birth(self) -> Any:
        born = self.cleaned_data["birth"]
        if born and born > today():
            raise forms.ValidationError(_now("生年月日が今日より後になっています。"))
        return born

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if len(reason.strip()) < SHORTEST:
            raise forms.ValidationError(_now("何が起きているかを、10文字以上で書いてください。"))
        return reason

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("number") or {"number", "kana", "birth"} & set(self.errors):
            return data
        if not data.get("kana"):
            self.add_error(
                "number", _now("ケース番号か、ふりがなと生年月日のどちらかを入れてください。")
            )
        elif not data.get("birth"):
            self.add_error("birth", _now("ふりがなでさがすときは、生年月日も入れてください。"))
        return data

    def facts(self) -> EmergencyFacts:
        data = self.cleaned_data
        return EmergencyFacts(
            danger=data["danger"],
            ground=self.grounds[data["ground"]],
            reason=data["reason"],
            number=data["number"],
            kana=data["kana"],
            birth_on=data["birth"],
        )


class ReviewEmergencyForm(KasaneForm):
    """What the privacy officer found."""

    finding = forms.ChoiceField(
        label=_("点検の結果"),
        choices=enums.Finding.choices,
        widget=ChoiceCards,
        error_messages={"required": _("点検の結果を選んでください。")},
    )
    review = SafeText(
        label=_("分かったこと"),
        limit=1000,
        declared_by=None,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("だれに確かめたか、どうして必要だった（なかった）か、このあとどうするか。"),
        error_messages={"required": _("点検して分かったことを書いてください。")},
    )
