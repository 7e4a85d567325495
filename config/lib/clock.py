"""A time of day, as people type it."""

from __future__ import annotations

import datetime
import re
import unicodedata
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

CLOCK: Final = re.compile(
    r"(?P<noon>午前|午後)?(?P<hour>\d{1,2})(?::(?P<minutes>\d{2})|時(?:(?P<after>\d{1,2})分?|(?P<half>半))?)"
)


class ClockField(forms.Field):
    """14:30, 14時30分, 14時, 午後2時半, １４：３０. Gives a time or None."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> datetime.time | None:
        """Read the time; ValidationError with one sentence."""
        if isinstance(value, datetime.time):
            return value
        text = "".join(unicodedata.normalize("NFKC", str(value or "")).split())
        if not text:
            return None
        match = CLOCK.fullmatch(text)
        if match is None:
            raise self._wrong()
        hour = int(match["hour"])
        minute = 30 if match["half"] else int(match["minutes"] or match["after"] or 0)
        if match["noon"]:
            hour = hour % 12 + 12 * (match["noon"] == "午後") if hour <= 12 else hour + 24
        try:
            return datetime.time(hour, minute)
        except ValueError as error:
            raise self._wrong() from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, datetime.time) else value

    def _wrong(self) -> ValidationError:
        words = _("%(label)sは14:30のように入れてください。")
        return ValidationError(words % {"label": self.label}, code="invalid")
