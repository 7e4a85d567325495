"""An entry of the disclosure register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import LegalBasis
from cases import enums
from cases.models import Person
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


class DisclosureForm(KasaneForm):
    """What was given, to whom, on which ground; or used, for what."""

    form_key = IdempotencyKey()
    on = EraDateField(
        label=_("提供・利用した日"),
        not_future=True,
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    recipient = SafeLine(label=_("提供先"), help_text=_("例：○○警察署、○○病院"))
    persons = forms.MultipleChoiceField(
        label=_("だれの情報か"), widget=MultiChoiceCards(attrs={"class": ""})
    )
    categories = forms.MultipleChoiceField(
        label=_("どの情報か"), widget=MultiChoiceCards(attrs={"class": "choices-grid"})
    )
    ground = forms.ChoiceField(
        label=_("根拠"), widget=ChoiceCards(attrs={"class": "choices-stack"})
    )
    statute = SafeLine(
        label=_("求めや義務を定める法令"),
        required=False,
        help_text=_("「法令に基づく場合」は必ず入れます。例：刑事訴訟法第197条第2項の照会"),
    )
    purpose = SafeText(
        label=_("目的・理由"),
        limit=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("個人情報保護担当と審議会が読みます。氏名は書かないでください。"),
    )
    not_my_number = forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )

    def __init__(
        self,
        *args: Any,
        kind: str,
        persons: Sequence[Person],
        grounds: Sequence[LegalBasis],
        **kwargs: Any,
    ) -> None:
        self.persons_by_key = {str(p.pk): p for p in persons}
        self.grounds = {str(g.pk): g for g in grounds}
        super().__init__(*args, **kwargs)
        if kind == enums.DisclosureKind.USED:
            del self.fields["recipient"]
        self.offer("persons", [(k, p.shown_name) for k, p in self.persons_by_key.items()])
        self.offer("categories", [(c.value, c.label) for c in enums.CONSENTABLE])
        self.offer("ground", [(key, g.label) for key, g in self.grounds.items()])
        self.fields["ground"].widget.hints = {
            k: f"{g.act}{g.article}" for k, g in self.grounds.items()
        }
        self.initial.setdefault("on", today())
        if len(persons) == 1:
            self.initial.setdefault("persons", list(self.persons_by_key))

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return any(self.has_error(name, "my_number") for name in self.fields)

    def clean(self) -> dict[str, Any]:
        """What the law asks is named: said beside its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        ground = self.grounds.get(cleaned.get("ground", ""))
        by_law = ground is not None and ground.code.endswith("-law")
        if by_law and not cleaned.get("statute") and "statute" not in self.errors:
            self.add_error("statute", _("法令に基づく場合は、その法令と条文を入れてください。"))
        return cleaned
