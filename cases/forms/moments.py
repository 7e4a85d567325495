"""When something was: a day, and a time where it is known; typed, and corrected."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.clock import ClockField
from config.lib.eras import TOKYO, local_day
from config.lib.forms import Conflict, EraDateField, KasaneForm, VersionedForm


class MomentFields(KasaneForm):
    """日付 and 時刻 of what has happened."""

    on = EraDateField(label=_("日付"), not_future=True, widget=forms.TextInput({"class": "date"}))
    at = ClockField(
        label=_("時刻"),
        required=False,
        help_text=_("14:30のように。分からなければ空けておけます。"),
        widget=forms.TextInput({"class": "in-xs"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("on") and self.happened_at() > timezone.now():
            self.add_error("at", _("時刻は、いままでの時刻を入れてください。"))
        return data

    def happened_at(self) -> datetime.datetime:
        """The instant; the day's first one stands for a time that is not known."""
        day, clock = self.cleaned_data["on"], self.cleaned_data.get("at")
        return datetime.datetime.combine(day, clock or datetime.time.min, tzinfo=TOKYO)


class CorrectedMoment(MomentFields, VersionedForm):
    """The same of what stands. Shown to the minute: where neither is changed, the instant stays."""

    def __init__(self, *args: Any, stands: datetime.datetime, **kwargs: Any) -> None:
        self.stands = stands
        kwargs["initial"] = {**shown_moment(stands), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def happened_at(self) -> datetime.datetime:
        shown = shown_moment(self.stands)
        if all(self.cleaned_data.get(name) == value for name, value in shown.items()):
            return self.stands
        return super().happened_at()

    def moves(self) -> bool:
        """Whether another moment is said. For a form without errors."""
        return self.happened_at() != self.stands

    def conflicts(self, instance: Any) -> list[Conflict]:
        """With day and time, as the fields show them."""
        for name, value in shown_moment(instance.happened_at).items():
            setattr(instance, name, value)
        return [
            Conflict(c.name, c.label, self._words(c.name, c.saved), self._words(c.name, c.typed))
            if c.name in ("on", "at")
            else c
            for c in super().conflicts(instance)
        ]

    def _words(self, name: str, value: Any) -> str:
        return str(self.fields[name].prepare_value(value) or "")


def shown_moment(at: datetime.datetime) -> dict[str, Any]:
    """What the two fields show of an instant."""
    clock = at.astimezone(TOKYO).time()
    known = None if clock == datetime.time.min else clock.replace(second=0, microsecond=0)
    return {"on": local_day(at), "at": known}
