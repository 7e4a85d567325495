"""What is typed on the way of a plan: signature, decision, monitoring, evaluation, end, filter."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
    SafeText,
)
from plans import enums
from plans.models import Goal

STATES = (
    ("", gettext_lazy("終わっていないもの")),
    *enums.PlanStatus.choices,
)

OUTCOME_HINTS: Any = {
    enums.Outcome.CLOSE: gettext_lazy("この事業を終える。支援は主担当が続ける"),
    enums.Outcome.REPLAN: gettext_lazy("目標や役割を見直し、新しいプランを作る"),
    enums.Outcome.INTERRUPT: gettext_lazy("転居・拒否などで続けられない"),
    enums.Outcome.CONTINUE: gettext_lazy("今のプランのまま続ける"),
}


def _day(label: Any, **kwargs: Any) -> EraDateField:
    return EraDateField(label=label, widget=forms.TextInput(attrs={"class": "date"}), **kwargs)


class SignForm(KasaneForm):
    """本人の署名."""

    on = _day(gettext_lazy("署名の日"), not_future=True)
    note = SafeLine(
        label=gettext_lazy("署名した人・方法"),
        required=False,
        help_text=gettext_lazy(
            "例：本人自署、長男が代筆し本人が確認。紙の申込書は別に保管します。"
        ),
    )


class UrgentForm(KasaneForm):
    """緊急の開始."""

    reason = SafeText(
        label=gettext_lazy("会議を待てない理由"),
        help_text=gettext_lazy("何が、いつまでに起きるおそれがあるか。だれと相談して決めたか。"),
        error_messages={"required": gettext_lazy("会議を待てない理由を書いてください。")},
    )


class MonitoringForm(KasaneForm):
    """モニタリング."""

    form_key = IdempotencyKey()
    on = _day(gettext_lazy("モニタリングの日"), not_future=True)
    text = SafeText(
        label=gettext_lazy("様子と気づき"),
        help_text=gettext_lazy("本人の言葉、目標への近づき、役割ごとの進み、変わったこと。"),
        widget=forms.Textarea(attrs={"class": "tall"}),
    )
    next_review_on = _day(gettext_lazy("次回モニタリング"))

    def clean(self) -> dict[str, Any]:
        """The next one comes later."""
        cleaned = super().clean() or self.cleaned_data
        on, following = cleaned.get("on"), cleaned.get("next_review_on")
        if on and following and following <= on:
            self.add_error(
                "next_review_on", _("次回モニタリングは、今回よりあとの日にしてください。")
            )
        return cleaned


class EvaluationForm(KasaneForm):
    """評価シート: one question a goal."""

    form_key = IdempotencyKey()
    on = _day(gettext_lazy("評価の日"), not_future=True)
    changes = forms.MultipleChoiceField(
        label=gettext_lazy("見られた変化"),
        choices=enums.ObservedChange.choices,
        widget=MultiChoiceCards(attrs={"class": "choices-grid"}),
        required=False,
        help_text=gettext_lazy("あてはまるものをすべて選びます。"),
    )
    remaining = SafeText(label=gettext_lazy("残された課題"), required=False)
    outcome = forms.ChoiceField(
        label=gettext_lazy("判定"),
        choices=enums.Outcome.choices,
        widget=ChoiceCards(hints=OUTCOME_HINTS),
    )
    follow_up = SafeText(label=gettext_lazy("終結後のフォロー"), required=False)

    def __init__(self, *args: Any, goals: Sequence[Goal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goal_fields = {f"goal_{n}": goal for n, goal in enumerate(goals, start=1)}
        for name, goal in self.goal_fields.items():
            self.fields[name] = forms.ChoiceField(
                label=_("%(goal)s：達成の状況") % {"goal": goal.text},
                choices=enums.Attainment.choices,
                widget=ChoiceCards,
                error_messages={"required": _("この目標の達成の状況を選んでください。")},
            )
        self.order_fields(["on", *self.goal_fields])

    def attainments(self) -> dict[uuid.UUID, str]:
        """By goal, as the operation takes it."""
        return {goal.pk: self.cleaned_data[name] for name, goal in self.goal_fields.items()}


class EndForm(KasaneForm):
    """判定の確定."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("判定"), choices=enums.Outcome.choices, widget=ChoiceCards
    )
    lead_agency_after = forms.ChoiceField(
        label=gettext_lazy("終結後の主担当"),
        required=False,
        help_text=gettext_lazy("多機関協働を終結するときは必ず選びます。伴走する機関です。"),
    )
    note = SafeText(label=gettext_lazy("理由・経過"), required=False)

    def __init__(
        self, *args: Any, agencies: Sequence[Any], needs_lead: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.needs_lead = needs_lead
        lead: Any = self.fields["lead_agency_after"]
        lead.choices = [("", _("選んでください")), *agencies]

    def clean(self) -> dict[str, Any]:
        """多機関協働 closes only with a lead agency."""
        cleaned = super().clean() or self.cleaned_data
        closes = cleaned.get("outcome") == enums.Outcome.CLOSE
        if closes and self.needs_lead and not cleaned.get("lead_agency_after"):
            self.add_error("lead_agency_after", _("終結後の主担当を選んでください。"))
        return cleaned


class LateFilter(KasaneForm):
    """Whose late work."""

    agency = forms.ChoiceField(label=gettext_lazy("どの機関の"), required=False)

    def __init__(self, *args: Any, agencies: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("agency", [("", _("すべて")), *agencies])


class PlanFilter(KasaneForm):
    """Filters of the list; none widens what may be seen."""

    state = forms.ChoiceField(label=gettext_lazy("状態"), choices=STATES, required=False)
    programme = forms.ChoiceField(
        label=gettext_lazy("事業"),
        required=False,
        choices=[("", gettext_lazy("すべて")), *enums.PlanProgramme.choices],
    )
    whose = forms.ChoiceField(
        label=gettext_lazy("どの機関の"),
        required=False,
        choices=[
            ("", gettext_lazy("すべて")),
            ("own", gettext_lazy("自機関が書いたもの")),
            ("role", gettext_lazy("自機関に役割があるもの")),
        ],
    )
