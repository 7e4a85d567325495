"""The day, hour and place of a sitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import ConferenceType
from config.lib.clock import ClockField
from config.lib.forms import EraDateField, IdempotencyKey, KasaneForm, MultiChoiceCards, SafeLine


class HoursForm(KasaneForm):
    """From when until when, and where."""

    starts_at = ClockField(
        label=_("開始時刻"),
        required=False,
        help_text=_("例：14:00"),
        widget=forms.TextInput(attrs={"class": "in-s"}),
    )
    ends_at = ClockField(
        label=_("終了時刻"),
        required=False,
        help_text=_("例：16:00"),
        widget=forms.TextInput(attrs={"class": "in-s"}),
    )
    place = SafeLine(label=_("場所"), required=False, limit=100)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if ends and not starts and "starts_at" not in self.errors:
            self.add_error("starts_at", _("終了時刻を入れるときは、開始時刻も入れてください。"))
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("終了時刻は、開始時刻よりあとにしてください。"))
        return data


class DateForm(HoursForm):
    """日程を決める."""

    on = EraDateField(
        label=_("開催日"),
        not_past=True,
        help_text=_("例：R8.12.23、2026-12-23。閉庁日は選べません。"),
        widget=forms.TextInput(attrs={"class": "date"}),
    )

    field_order = ["on", "starts_at", "ends_at", "place"]


class MoveForm(DateForm):
    """日程を変える. `was`: the day its reader saw, so that two offices do not move it twice."""

    was = forms.DateField(required=False, widget=forms.HiddenInput)


class CancelForm(KasaneForm):
    """中止する. `on`: the day its reader saw (empty: none), so that a sitting that was moved
    meanwhile is not cancelled by mistake."""

    reason = SafeLine(
        label=_("中止の理由"),
        limit=200,
        help_text=_(
            "例：台風のため。会議のページで市の全員が読みます。人の名前や議題のことは書かないでください。"
        ),
    )
    on = forms.DateField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_noticed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_noticed


class AdHocForm(DateForm):
    """臨時の会議を開く."""

    conference_types = forms.MultipleChoiceField(label=_("会議"), widget=MultiChoiceCards)
    form_key = IdempotencyKey()

    field_order = ["conference_types", "on", "starts_at", "ends_at", "place", "form_key"]

    def __init__(self, *args: Any, bodies: Sequence[ConferenceType], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].help_text = _("例：R8.12.23、2026-12-23。急ぐときは閉庁日も選べます。")
        field = self.fields["conference_types"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(str(body.pk), body.name) for body in bodies]
        if len(bodies) == 1:
            self.initial.setdefault("conference_types", [str(bodies[0].pk)])
