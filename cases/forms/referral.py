"""The handover sheet, one form a way to send it (V4), and the answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency, ConferenceType, IntakeCriterion
from cases import enums
from cases.models import Person
from config.lib.forms import (
    ChoiceCards,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
    SafeText,
)

MODES = enums.ReferralMode
STACK = {"class": "choices-stack"}


class ReferralForm(KasaneForm):
    """Persons, addressee, reason and text; the fields of the way chosen."""

    form_key = IdempotencyKey()
    to_agency = forms.ChoiceField(label=gettext_lazy("つなぐ先"))
    to_conference_type = forms.ChoiceField(
        label=gettext_lazy("つなぐ先"), widget=ChoiceCards(attrs=STACK)
    )
    persons = forms.MultipleChoiceField(
        label=gettext_lazy("だれをつなぐか"),
        widget=MultiChoiceCards(attrs={"class": ""}),
        error_messages={"required": gettext_lazy("だれをつなぐかを選んでください。")},
    )
    legal_ground = SafeLine(
        label=gettext_lazy("根拠条文"),
        limit=100,
        help_text=gettext_lazy("通告・通報の根拠となる法律と条文。例：高齢者虐待防止法第7条"),
    )
    reason = SafeText(
        label=gettext_lazy("つなぐ理由・期待する役割"),
        limit=2000,
        widget=forms.Textarea({"rows": 4}),
    )
    summary = SafeText(
        label=gettext_lazy("伝える内容"),
        widget=forms.Textarea({"class": "tall"}),
        help_text=gettext_lazy(
            "相手は、受理するまで、ここに書いたことだけを見ます。選んだ人の氏名・生年月日・続柄は自動で付きます。"
        ),
    )
    criteria = forms.MultipleChoiceField(
        label=gettext_lazy("多機関協働につなぐめやす"),
        required=False,
        widget=MultiChoiceCards(attrs=STACK),
        help_text=gettext_lazy("あてはまるものを選びます。シートに載ります。"),
    )
    not_my_number = forms.BooleanField(
        label=gettext_lazy("この12桁の数字は、マイナンバー（個人番号）ではありません"),
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        mode: str,
        persons: Sequence[Person],
        agencies: Sequence[Agency],
        hints: Mapping[str, str],
        conference_types: Sequence[ConferenceType],
        criteria: Sequence[IntakeCriterion],
        **kwargs: Any,
    ) -> None:
        self.mode = mode
        self.persons_by_key = {str(p.pk): p for p in persons}
        self.agencies = {str(a.pk): a for a in agencies}
        self.types = {str(t.pk): t for t in conference_types}
        self.criteria_by_code = {c.code: c.text for c in criteria}
        super().__init__(*args, **kwargs)
        self.offer("persons", [(k, p.shown_name) for k, p in self.persons_by_key.items()])
        if len(persons) == 1:
            self.initial.setdefault("persons", list(self.persons_by_key))
        self._set_addressee(hints)
        if mode != MODES.NOTIFICATION:
            del self.fields["legal_ground"]
        if self.criteria_by_code and mode != MODES.NOTIFICATION:
            self.offer("criteria", self.criteria_by_code.items())
        else:
            del self.fields["criteria"]

    def _set_addressee(self, hints: Mapping[str, str]) -> None:
        if self.mode == MODES.SECRECY:
            del self.fields["to_agency"]
            self.offer("to_conference_type", [(key, t.name) for key, t in self.types.items()])
            self.fields["to_conference_type"].widget.hints = dict(hints)
            if len(self.types) == 1:
                self.initial.setdefault("to_conference_type", next(iter(self.types)))
            return
        del self.fields["to_conference_type"]
        choices = [(key, a.name) for key, a in self.agencies.items()]
        if self.mode == MODES.CONSENT:
            self.fields["to_agency"].widget = ChoiceCards(attrs=dict(STACK), hints=hints)
            self.offer("to_agency", choices)
        else:
            self.offer("to_agency", [("", "―――"), *choices])

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return any(self.has_error(name, "my_number") for name in self.fields)

    def chosen(self) -> list[Person]:
        """The persons on the sheet."""
        return [self.persons_by_key[key] for key in self.cleaned_data["persons"]]

    def agency(self) -> Agency | None:
        return self.agencies.get(self.cleaned_data.get("to_agency", ""))

    def conference_type(self) -> ConferenceType | None:
        return self.types.get(self.cleaned_data.get("to_conference_type", ""))

    def criteria_texts(self) -> list[str]:
        """The criteria ticked, in words."""
        return [self.criteria_by_code[c] for c in self.cleaned_data.get("criteria") or []]


class AcceptForm(KasaneForm):
    """受理, with a word to the sender."""

    comment = SafeText(
        label=gettext_lazy("送った機関への一言"),
        required=False,
        limit=2000,
        widget=forms.Textarea({"rows": 3}),
    )


class ReturnForm(KasaneForm):
    """返却: never without a reason."""

    reason = SafeText(
        label=gettext_lazy("返却の理由"),
        limit=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "送った機関が次の手を考えられるように。ほかのつなぎ先があれば書いてください。"
        ),
        error_messages={"required": gettext_lazy("返却の理由を書いてください。")},
    )


class ResultForm(KasaneForm):
    """What came of it, for the sender."""

    result = SafeText(
        label=gettext_lazy("つなぎの結果"),
        limit=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "何をして、どうなったか。送った機関が読みます。知らせるのは一度だけです。"
        ),
        error_messages={"required": gettext_lazy("つなぎの結果を書いてください。")},
    )


def mode_words(mode: str) -> str:
    """What sending this way means, in a sentence."""
    if mode == MODES.CONSENT:
        return _(
            "本人の同意がある機関だけを選べます。相手は、受理するとケースのうち同意の範囲を読めます。"
        )
    if mode == MODES.SECRECY:
        return _(
            "同意が得られないときは、社会福祉法第106条の6の支援会議の事務局だけに送れます。"
            "事務局はこのシートだけを読み、ケースは開きません。"
        )
    return _(
        "虐待の通告など、法令で求められるときに、権限のある機関へシートだけを送ります。根拠が開示の記録に残ります。"
    )
