"""付議: with consent persons and agencies, under secrecy a text and materials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import (
    ChoiceCards,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
    SafeText,
    VersionedForm,
)

Choices = Sequence[tuple[str, str]]


def _fill(form: KasaneForm, name: str, choices: Choices) -> None:
    """Give a choice field its choices; a field without any is left out."""
    if choices:
        form.offer(name, choices)
    else:
        del form.fields[name]


class SheetForm(KasaneForm):
    """A sheet that came without consent: agenda type, title, briefing."""

    agenda_type = forms.ChoiceField(label=_("議題の種別"), widget=ChoiceCards)
    title = SafeLine(label=_("議題の名前"), help_text=_("会議の次第に載る名前です。"))
    briefing = SafeText(
        label=_("事例の概要・論点"),
        help_text=_("この議題を見る人だけが読みます。"),
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, agenda_types: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _fill(self, "agenda_type", agenda_types)
        if len(agenda_types) == 1:
            self.initial.setdefault("agenda_type", agenda_types[0][0])


class ItemForm(SheetForm):
    """An item about a case one sees."""

    persons = forms.MultipleChoiceField(
        label=_("議題にする人"),
        widget=MultiChoiceCards,
        required=False,
    )
    plan = forms.ChoiceField(
        label=_("プラン"),
        widget=ChoiceCards,
        required=False,
        help_text=_("「プランの適切性の協議」と「プラン終結時等の評価」では選びます。"),
    )
    participants = forms.MultipleChoiceField(
        label=_("参加する機関"),
        widget=MultiChoiceCards(attrs={"class": "choices-grid"}),
        required=False,
        help_text=_("選んだ全員の同意がある機関だけが参加できます。事務局はいつも参加します。"),
    )
    materials = forms.MultipleChoiceField(
        label=_("資料として置く記録"),
        widget=MultiChoiceCards,
        required=False,
        help_text=_("指名され、誓約した人だけが読みます。"),
    )

    field_order = ["agenda_type", "plan", "persons", "title", "briefing", "participants"]

    def __init__(
        self,
        *args: Any,
        persons: Choices,
        plans: Choices,
        participants: Choices,
        materials: Choices,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("persons", persons),
            ("plan", plans),
            ("participants", participants),
            ("materials", materials),
        ):
            _fill(self, name, choices)
        if "plan" in self.fields:
            self.offer("plan", [("", _("プランなし")), *plans])


class ParticipantsForm(VersionedForm):
    """参加する機関を替える."""

    participants = forms.MultipleChoiceField(
        label=_("参加する機関"),
        widget=MultiChoiceCards(attrs={"class": "choices-grid"}),
        required=False,
    )

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("participants", choices)


class AttachForm(KasaneForm):
    """前の議題を付ける."""

    earlier = forms.ChoiceField(label=_("前の議題"))

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("earlier", choices)
