"""Input of the reports room: an indicator's value of a year, as people write numbers."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agencies.models import Indicator
from config.lib.forms import EraDateField, SafeLine, VersionedForm
from reports.models import IndicatorValue

_NUMBER = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?")
LARGEST = Decimal("999999999999.99")
PERCENT = ("%", "％")


class NumberField(forms.Field):
    """A figure in any width, with or without thousands separators and its unit; gives a Decimal.

    At most two decimals, not negative; with the unit % at most 100.
    """

    widget = forms.TextInput

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        self.unit = unit
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        """Read the number; ValidationError says what to type instead."""
        text = unicodedata.normalize("NFKC", str(value or "")).strip()
        text = text.removesuffix(unicodedata.normalize("NFKC", self.unit)).strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise ValidationError(
                _("値は0以上の数字で入れてください（例：64.1、1,020）。"), code="invalid"
            )
        number = Decimal(text.replace(",", ""))
        if -int(number.as_tuple().exponent) > 2:
            raise ValidationError(_("小数は2けたまでにしてください。"), code="decimals")
        if self.unit in PERCENT and number > 100:
            raise ValidationError(_("割合は0から100までで入れてください。"), code="percent")
        if number > LARGEST:
            raise ValidationError(_("値が大きすぎます。けた数を確かめてください。"), code="large")
        return number

    def prepare_value(self, value: Any) -> Any:
        """Show a stored value plainly and what was typed as it was typed."""
        if not isinstance(value, Decimal):
            return value
        text = f"{value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare numbers, not spellings."""
        try:
            return not self.disabled and self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class IndicatorForm(VersionedForm):
    """評価指標の値: the number, when it was taken, where it comes from."""

    value = NumberField(
        label=_("値"),
        widget=forms.TextInput(attrs={"class": "in-s", "inputmode": "decimal"}),
        help_text=_("数字だけで入れます（例：64.1、1,020）。"),
    )
    as_of = EraDateField(
        label=_("いつの数字か"),
        required=False,
        not_future=True,
        help_text=_("調査や集計の日（例：R8.3.31）。分からないときは空のままにします。"),
    )
    note = SafeLine(
        label=_("出どころ・注"),
        required=False,
        help_text=_("例：市民意識調査（18歳以上3,000人）。個人が分かることは書きません。"),
    )

    def __init__(
        self, data: Any, *, indicator: Indicator, stored: IndicatorValue | None, **kwargs: Any
    ) -> None:
        initial: dict[str, Any] = {"version": stored.version if stored else 0}
        if stored:
            initial |= {"value": stored.value, "as_of": stored.as_of, "note": stored.note}
        super().__init__(data, initial=initial, **kwargs)
        field = self.fields["value"]
        assert isinstance(field, NumberField)  # noqa: S101 - declared above
        field.unit = indicator.unit
        if indicator.unit:
            field.help_text = _(
                "単位は「%(unit)s」です。数字だけで入れます（例：64.1、1,020）。"
            ) % {"unit": indicator.unit}
