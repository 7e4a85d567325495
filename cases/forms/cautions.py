"""What is typed into 関わり方の注意: one line, its kind, about whom."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.enums import HOUSEHOLD
from cases.forms.assessing import DAY
from cases.forms.records import (
    AboutForm,
    asks_my_number,
    audience_field,
    check_corrects,
    not_my_number_field,
    reason_field,
)
from config.lib.eras import today
from config.lib.forms import ChoiceCards, EraDateField, IdempotencyKey, SafeLine, VersionedForm


def _line() -> SafeLine:
    return SafeLine(
        label=_("内容"),
        limit=80,
        help_text=_(
            "一行で、見たこと・聞いたことを事実として。人柄の評価は書きません。"
            "本人から開示を求められることがあります。"
        ),
    )


def _noted_on() -> EraDateField:
    return EraDateField(label=_("分かった日"), not_future=True, widget=forms.TextInput(DAY))


class CautionForm(AboutForm):
    """One line to know before the visit."""

    form_key = IdempotencyKey()
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=enums.CautionKind.choices,
        error_messages={"required": _("種類を選んでください。")},
        widget=ChoiceCards(
            attrs={"class": "choices-grid"},
            hints={
                enums.CautionKind.VISIT_SAFETY: str(_("複数で行く、犬、暴力のあったことなど")),
                enums.CautionKind.AVOID: str(_("言わない言葉、避ける時間や話題")),
                enums.CautionKind.EXPLOITATION: str(_("お金や通帳をほかの人が使うなど")),
                enums.CautionKind.EFFECTIVE: str(_("話が進んだ場所、人、声のかけ方")),
            },
        ),
    )
    text = _line()
    noted_on = _noted_on()
    audience = audience_field()
    not_my_number = not_my_number_field()

    field_order = ["kind", "about", "text", "noted_on", "audience", "not_my_number"]

    def __init__(self, *args: Any, hints: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        if not self.is_bound:
            self.initial.setdefault("noted_on", today())
            self.initial.setdefault("about", [HOUSEHOLD])


class CautionEditForm(VersionedForm):
    """Correct a line: its words and its day."""

    text = _line()
    noted_on = _noted_on()
    reason = reason_field()
    not_my_number = not_my_number_field()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        check_corrects(self, ("text", "noted_on"))
        return data

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)


class CautionEndForm(VersionedForm):
    """It no longer holds."""

    ended_on = EraDateField(label=_("終わった日"), not_future=True, widget=forms.TextInput(DAY))
    end_reason = SafeLine(
        label=_("終わった理由"),
        limit=200,
        help_text=_("例：犬を手放した。訪問は一人でよいと会議で確かめた。"),
    )

    def __init__(self, *args: Any, noted_on: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noted_on = noted_on

    def clean_ended_on(self) -> datetime.date:
        on: datetime.date = self.cleaned_data["ended_on"]
        if on < self.noted_on:
            raise ValidationError(_("終わった日は、分かった日からあとの日付を入れてください。"))
        return on
