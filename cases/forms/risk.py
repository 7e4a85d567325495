"""What is typed into a risk sheet, and what a group decides on it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import risksheets
from cases.forms.assessing import DAY, AnswersForm, CorrectedAnswersForm
from cases.forms.records import asks_my_number, audience_field, not_my_number_field
from cases.models import Person, RiskAssessment
from cases.questions import Answers
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    SafeLine,
    SafeText,
    VersionedForm,
)


class RiskStartForm(KasaneForm):
    """Whose risk, on which sheet."""

    person = forms.ChoiceField(
        label=_("だれについて"),
        widget=ChoiceCards(attrs={"class": ""}),
        error_messages={"required": _("だれについて確かめるかを選んでください。")},
    )
    sheet = forms.ChoiceField(
        label=_("シート"),
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("シートを選んでください。")},
    )

    def __init__(
        self,
        *args: Any,
        persons: Sequence[Person],
        sheets: Mapping[str, risksheets.RiskSheet],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("person", [(str(person.pk), person.shown_name) for person in persons])
        self.offer("sheet", [(sheet.code, sheet.name) for sheet in sheets.values()])
        self.fields["sheet"].widget.hints = {s.code: s.for_whom for s in sheets.values()}


class RiskWords(AnswersForm):
    """What stands on a risk sheet."""

    assessed_on = EraDateField(label=_("確かめた日"), not_future=True, widget=forms.TextInput(DAY))
    text = SafeText(
        label=_("見立て"),
        required=False,
        help_text=_("だれから聞いたか、何を見たか。不明の項目を、だれがいつ確かめるか。"),
    )
    strengths = SafeText(label=_("強み・よい点"), required=False)
    not_my_number = not_my_number_field()

    def __init__(
        self, *args: Any, sheet: risksheets.RiskSheet, answered: Answers, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        words = (sheet.yes, sheet.no, sheet.unknown)
        self.ask([(item.code, item.text) for item in sheet.items], answered, words)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.answers():
            self.add_error(
                None, _("項目に、ひとつは答えてください。分からないことは「不明」と答えます。")
            )
        return data

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The numbered groups of the sheet with their fields."""
        return [
            {"title": group.title, "pairs": self.pairs([item.code for item in group.items])}
            for group in self.sheet.groups
        ]


class RiskForm(RiskWords):
    """A risk sheet of one person, filled in."""

    form_key = IdempotencyKey()
    audience = audience_field()

    field_order = ["assessed_on", "text", "strengths", "audience", "not_my_number"]

    def __init__(self, *args: Any, hints: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        if not self.is_bound:
            self.initial.setdefault("assessed_on", today())


class RiskEditForm(CorrectedAnswersForm, RiskWords):
    """Correct a sheet: its answers, its day and words; never whose it is or who may read it."""

    words = ("assessed_on", "text", "strengths")

    field_order = ["version", *words, "reason", "not_my_number"]

    def __init__(self, *args: Any, risk: RiskAssessment, **kwargs: Any) -> None:
        initial = {name: getattr(risk, name) for name in (*self.words, "version")}
        super().__init__(*args, answered=risk.answers, initial=initial, **kwargs)


class RiskDecisionForm(VersionedForm):
    """What a group decided."""

    decided_level = forms.ChoiceField(
        label=_("判断した段階"),
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("判断した段階を選んでください。")},
    )
    override_reason = SafeLine(
        label=_("シートの規則と違う段階にする理由"),
        limit=200,
        required=False,
        help_text=_("規則どおりなら空けておきます。"),
    )
    decided_on = EraDateField(label=_("判断した日"), not_future=True, widget=forms.TextInput(DAY))
    deciders = SafeLine(
        label=_("判断に加わった人"),
        limit=200,
        help_text=_("会議の名前と、加わった機関や職名。一人では決めません。"),
    )
    not_my_number = not_my_number_field()

    def __init__(
        self,
        *args: Any,
        sheet: risksheets.RiskSheet,
        computed: str,
        assessed_on: datetime.date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.computed, self.assessed_on = computed, assessed_on
        self.offer("decided_level", [(level.code, level.name) for level in sheet.choices])
        self.fields["decided_level"].widget.hints = {
            level.code: level.meaning for level in sheet.choices
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        level = data.get("decided_level")
        departs = level and level != self.computed
        if departs and not (data.get("override_reason") or self.has_error("override_reason")):
            self.add_error(
                "override_reason",
                _("シートの規則と違う段階にするときは、理由を入れてください。"),
            )
        if data.get("decided_on") and data["decided_on"] < self.assessed_on:
            self.add_error(
                "decided_on", _("判断した日は、確かめた日からあとの日付を入れてください。")
            )
        return data

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)
