"""支援措置: what a proposal names, a new date, one more on the list, why it is lifted."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from cases import enums
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
)


def _label(member: Membership) -> str:
    return f"{member.user}（{member.agency_name}）"


class _Dated(KasaneForm):
    """A date to look again, still to come."""

    expires_on = EraDateField(
        label=_("見直しの期限"),
        help_text=_(
            "住民基本台帳の支援措置は、ふつう1年です。期限が来ても、自動では解除されません。"
        ),
        widget=forms.TextInput({"class": "date"}),
    )

    def clean_expires_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["expires_on"]
        if day <= today():
            raise ValidationError(_("これから先の日付を入れてください。"))
        return day


class ShieldForm(_Dated):
    """A proposal: its ground, until when, who confirms, who else stands on the list."""

    form_key = IdempotencyKey()
    ground = forms.ChoiceField(
        label=_("根拠"),
        choices=enums.ShieldGround.choices,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
    )
    confirmer = forms.ChoiceField(
        label=_("確認する人"),
        help_text=_("あなたとは別の人です。確認すると働き始め、この人も名簿に載ります。"),
    )
    members = forms.MultipleChoiceField(
        label=_("ほかに名簿に載せる人"),
        required=False,
        widget=MultiChoiceCards(attrs={"class": "choices-stack"}),
        help_text=_("隠した情報を見られるのは、名簿の人だけです。必要な人だけを選びます。"),
    )

    field_order = ["form_key", "ground", "expires_on", "confirmer", "members"]

    def __init__(
        self,
        *args: Any,
        confirmers: Sequence[Membership],
        candidates: Sequence[Membership],
        **kwargs: Any,
    ) -> None:
        self.people = {str(m.pk): m for m in [*confirmers, *candidates]}
        super().__init__(*args, **kwargs)
        self.offer("confirmer", [("", ""), *((str(m.pk), _label(m)) for m in confirmers)])
        if not confirmers:
            self.fields["confirmer"].help_text = _(
                "この人のことが見えて、確認できる人が、あなたのほかにいません。"
                "同じ機関の人か、本人の同意でこの人が見える機関の人が確認します。"
            )
        self.offer("members", [(str(m.pk), _label(m)) for m in candidates])

    def chosen_confirmer(self) -> Membership:
        return self.people[self.cleaned_data["confirmer"]]

    def chosen(self) -> list[Membership]:
        return [self.people[key] for key in self.cleaned_data["members"]]


class ExtendForm(_Dated):
    """A new date."""


class PlaceForm(KasaneForm):
    """One more on the list."""

    member = forms.ChoiceField(label=_("名簿に加える人"))

    def __init__(self, *args: Any, candidates: Sequence[Membership], **kwargs: Any) -> None:
        self.people = {str(m.pk): m for m in candidates}
        super().__init__(*args, **kwargs)
        self.offer("member", [("", ""), *((str(m.pk), _label(m)) for m in candidates)])

    def chosen(self) -> Membership:
        return self.people[self.cleaned_data["member"]]


class LiftForm(KasaneForm):
    """Why it is to be lifted."""

    reason = SafeLine(
        label=_("解除する理由"), help_text=_("例：支援措置の期間が終わり、本人が延長を望まない")
    )
