"""What changes an answer that stands: a narrower range, the same once more, the signed paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency
from cases import enums
from cases.forms.attachments import FilesForm
from cases.forms.consent import GRID, POWER_HELP, ask_for_proxy
from cases.operations.consent import ConsentTerms, How
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    NameField,
    SafeLine,
)


class NarrowForm(KasaneForm):
    """範囲を狭める: what the answer in force says, from which ticks are taken away."""

    form_key = IdempotencyKey()
    agencies = forms.MultipleChoiceField(
        label=gettext_lazy("これからも伝えてよい機関"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy("外した機関は、次の画面から見られなくなります。"),
    )
    conference_types = forms.MultipleChoiceField(
        label=gettext_lazy("会議の構成機関"), required=False, widget=MultiChoiceCards(attrs=GRID)
    )
    exceptions = forms.MultipleChoiceField(
        label=gettext_lazy("知らせたくない機関"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy("選んだことは、その機関には見えません。"),
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("これからも伝えてよい情報の種類"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
    )
    covers_household = forms.BooleanField(
        label=gettext_lazy("世帯全体についての記録も含む"), required=False
    )
    given_on = EraDateField(
        label=gettext_lazy("本人が話した日"),
        not_future=True,
        widget=forms.TextInput({"class": "date"}),
    )
    until = EraDateField(
        label=gettext_lazy("いつまで"),
        not_past=True,
        required=False,
        widget=forms.TextInput({"class": "date"}),
    )

    def __init__(
        self, *args: Any, former: ConsentTerms, agencies: Sequence[Agency], **kwargs: Any
    ) -> None:
        self.former = former
        self.known = {str(a.pk): a for a in (*agencies, *former.agencies, *former.exceptions)}
        self.types = {str(t.pk): t for t in former.conference_types}
        super().__init__(*args, **kwargs)
        named = [(str(a.pk), a.name) for a in former.agencies]
        others = [
            (str(a.pk), a.name)
            for a in agencies
            if a not in former.agencies and a not in former.exceptions
        ]
        kinds = [(key, t.name) for key, t in self.types.items()]
        for name, choices in (
            ("agencies", named),
            ("conference_types", kinds),
            ("exceptions", others if kinds else []),
        ):
            if choices:
                self.offer(name, choices)
            else:
                del self.fields[name]
        self.offer("categories", [(c, str(enums.Category(c).label)) for c in former.categories])
        if not former.covers_household:
            del self.fields["covers_household"]

    def terms(self) -> ConsentTerms:
        """What is left."""
        data = self.cleaned_data
        return dataclasses.replace(
            self.former,
            agencies=[self.known[key] for key in data.get("agencies") or []],
            conference_types=[self.types[key] for key in data.get("conference_types") or []],
            exceptions=[
                *self.former.exceptions,
                *(self.known[key] for key in data.get("exceptions") or []),
            ],
            categories=list(data.get("categories") or []),
            covers_household=bool(data.get("covers_household")),
            given_on=data["given_on"],
            until=data.get("until"),
        )


class RenewForm(KasaneForm):
    """更新: how and until when the same was said again."""

    form_key = IdempotencyKey()
    method = forms.ChoiceField(
        label=gettext_lazy("同意の方法"),
        choices=enums.ConsentMethod.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    proxy_name = NameField(label=gettext_lazy("代理人の氏名"), required=False)
    proxy_power = SafeLine(
        label=gettext_lazy("代理権の根拠"), limit=100, required=False, help_text=POWER_HELP
    )
    given_on = EraDateField(
        label=gettext_lazy("答えた日"), not_future=True, widget=forms.TextInput({"class": "date"})
    )
    until = EraDateField(
        label=gettext_lazy("いつまで"),
        not_past=True,
        required=False,
        help_text=gettext_lazy("その日までを含みます。空けると期限なしです。"),
        widget=forms.TextInput({"class": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        ask_for_proxy(self, data)
        return data

    def how(self) -> How:
        """What the operation takes."""
        data = self.cleaned_data
        is_proxy = data["method"] == enums.ConsentMethod.PROXY
        return How(
            given_on=data["given_on"],
            until=data.get("until"),
            method=data["method"],
            proxy_name=data["proxy_name"] if is_proxy else "",
            proxy_power=data["proxy_power"] if is_proxy else "",
        )


class ScanForm(FilesForm):
    """The signed paper, scanned or photographed."""

    not_my_number = forms.BooleanField(
        label=gettext_lazy("12桁の数字は個人番号（マイナンバー）ではありません"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attachments"].label = _("スキャンか写真")
        self.fields["attachments"].required = True
        self.fields["attachments"].error_messages["required"] = _("ファイルを選んでください。")

    @property
    def asks_my_number(self) -> bool:
        return self.has_error("attachments", "my_number")
