"""Decides how every form behaves: nothing typed is lost, an error is a sentence, no guessing.

Source: the form rules of デジタル庁デザインシステム (label, 「※必須」, support text, errors in
words, no placeholder) and the rule that My Number is never stored. The browser's own checks, its
truncation by maxlength and its memory of what others typed are switched off; templates decide
the markup (templates/kasane_forms/).
"""

from __future__ import annotations

import copy
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from config.lib import eras
from config.lib.kana import is_kana
from config.lib.mynumber import find_my_numbers, refuse_my_number
from config.lib.phones import PhoneNumber, parse_phone
from config.lib.text import clean_line, clean_text, count_graphemes, is_too_long

NAME_LIMIT: Final = 100
LINE_LIMIT: Final = 200
TEXT_LIMIT: Final = 20_000

NOT_MY_NUMBER: Final = "not_my_number"


class KasaneRenderer(TemplatesSetting):
    """Render forms and fields with our own templates. Needs django.forms in INSTALLED_APPS."""

    form_template_name = "kasane_forms/form.html"
    field_template_name = "kasane_forms/field.html"


# Django's own messages do not say what to enter; these do, with the field's label.
_SENTENCES: Final = (
    ("required", forms.Field, _("%(label)sを入れてください。")),
    ("invalid", forms.IntegerField, _("%(label)sは数字で入れてください。")),
    ("invalid", forms.FloatField, _("%(label)sは数字で入れてください。")),
    ("invalid", forms.DecimalField, _("%(label)sは数字で入れてください。")),
    ("invalid", forms.TimeField, _("%(label)sは14:30のように入れてください。")),
    ("invalid_choice", forms.ChoiceField, _("%(label)sは表示された中から選んでください。")),
    ("invalid_choice", forms.MultipleChoiceField, _("%(label)sは表示された中から選んでください。")),
    ("invalid_list", forms.MultipleChoiceField, _("%(label)sは表示された中から選んでください。")),
    (
        "invalid_choice",
        forms.ModelMultipleChoiceField,
        _("%(label)sは表示された中から選んでください。"),
    ),
    ("invalid_choice", forms.ModelChoiceField, _("%(label)sは表示された中から選んでください。")),
)
_CHOOSE: Final = _("%(label)sを選んでください。")
_TICK: Final = _("「%(label)s」にチェックを付けてください。")


class KasaneForm(forms.Form):
    """The base of every form.

    Strips and cleans text, states errors as sentences that name the field, and lets a tick in a
    field called `not_my_number` (if the form has one) stand as the declaration that twelve
    digits are no My Number; `not_my_number_fields` then names where that was needed, for the log.
    """

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            self.add(name, field)

    def add(self, name: str, field: forms.Field) -> None:
        """Take a field on, also one that only a city's data or a row of a table asks for."""
        # The browser would restore old hidden keys and other people's names.
        field.widget.attrs["autocomplete"] = "off"
        field.widget.attrs.pop("placeholder", None)
        _name_the_field(field, str(field.label or name))
        self.fields[name] = field

    def offer(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        """Give a field of choice what can be chosen here and now."""
        cast("forms.ChoiceField", self.fields[name]).choices = list(choices)

    def full_clean(self) -> None:
        """Pass the declaration on to the fields before they are cleaned."""
        if self.is_bound:
            for field in self.fields.values():
                if isinstance(field, _CheckedText) and field.declared_by is not None:
                    field.is_declared = self._is_ticked(field.declared_by)
        super().full_clean()

    @property
    def not_my_number_fields(self) -> list[str]:
        """Names of fields that hold twelve digits which the writer declared to be no My Number."""
        return [
            name
            for name, field in self.fields.items()
            if isinstance(field, _CheckedText)
            and field.is_declared
            and find_my_numbers(str(self.cleaned_data.get(name) or ""))
        ]

    def _is_ticked(self, name: str) -> bool:
        field = self.fields.get(name)
        if field is None:
            return False
        prefixed = self.add_prefix(name)
        return bool(field.widget.value_from_datadict(self.data, self.files, prefixed))


class _CheckedText(forms.CharField):
    """Text that is cleaned, limited by what a person counts, and refused if it is a My Number.

    limit: characters (graphemes). not_my_number: True for a field whose own kind of number has
    twelve digits. declared_by: the form field whose tick declares that digits are no My Number,
    or None when nothing may. marked: shown as required where the form itself demands it of most
    answers, and the field does not.
    """

    def __init__(
        self,
        *,
        limit: int,
        not_my_number: bool = False,
        declared_by: str | None = NOT_MY_NUMBER,
        marked: bool = False,
        **kwargs: Any,
    ) -> None:
        self.limit = limit
        self.not_my_number = not_my_number
        self.declared_by = declared_by
        self.is_declared = False
        self.marked = marked
        # No max_length: it would make the browser cut what is pasted, silently.
        super().__init__(strip=False, **kwargs)

    def tidy(self, value: str) -> str:
        """Clean what was typed; overridden by text of several lines."""
        return clean_line(value)

    def to_python(self, value: Any) -> Any:
        """Give the cleaned text, or the empty value."""
        found = self.tidy(str(value)) if value is not None else ""
        return found or self.empty_value

    def validate(self, value: Any) -> None:
        """Raise ValidationError for missing or overlong text and for a My Number."""
        super().validate(value)
        if not value:
            return
        if is_too_long(value, self.limit):
            raise ValidationError(
                _("%(label)sは%(limit)s文字以内で入れてください（今は%(count)s文字です）。"),
                code="max_length",
                params={
                    "label": _label(self),
                    "limit": f"{self.limit:,}",
                    "count": f"{max(count_graphemes(value), self.limit + 1):,}",
                },
            )
        if not (self.not_my_number or self.is_declared):
            refuse_my_number(value)


class SafeLine(_CheckedText):
    """One line of text. HTML in it is data: it is stored as typed and escaped on output."""

    def __init__(self, *, limit: int = LINE_LIMIT, **kwargs: Any) -> None:
        super().__init__(limit=limit, **kwargs)


class SafeText(_CheckedText):
    """Text of several lines. HTML in it is data: it is stored as typed and escaped on output."""

    widget = forms.Textarea

    def __init__(self, *, limit: int = TEXT_LIMIT, **kwargs: Any) -> None:
        super().__init__(limit=limit, **kwargs)

    def tidy(self, value: str) -> str:
        """Clean what was typed and keep its lines."""
        return clean_text(value)


class NameField(_CheckedText):
    """A person's name as it is written: character variants stay as typed, markup is refused."""

    def __init__(self, *, limit: int = NAME_LIMIT, **kwargs: Any) -> None:
        super().__init__(limit=limit, **kwargs)

    def validate(self, value: Any) -> None:
        """Raise ValidationError for what no name contains."""
        super().validate(value)
        if value and ("<" in value or ">" in value):
            raise ValidationError(
                _("%(label)sに「<」「>」の記号は使えません。名前だけを入れてください。"),
                code="markup",
                params={"label": _label(self)},
            )


class KanaField(_CheckedText):
    """A ふりがな: hiragana or katakana; half-width katakana become full-width."""

    def __init__(self, *, limit: int = NAME_LIMIT, **kwargs: Any) -> None:
        super().__init__(limit=limit, **kwargs)

    def tidy(self, value: str) -> str:
        """Clean what was typed and make its width uniform."""
        return clean_line(unicodedata.normalize("NFKC", value))

    def validate(self, value: Any) -> None:
        """Raise ValidationError for anything but kana, ー, ・ and spaces."""
        super().validate(value)
        if value and not is_kana(value):
            raise ValidationError(
                _("%(label)sは、ひらがなかカタカナで入れてください。"),
                code="not_kana",
                params={"label": _label(self)},
            )


class EraDateField(forms.Field):
    """A day, typed in any form `eras.parse_date` reads; gives a date or None.

    not_future, not_past: compared with today in Asia/Tokyo, today is allowed. min, max: the
    first and last day allowed. A wrong entry stays in the box as it was typed. Without its year a
    day is read only where it is known on which side of today it lies.
    """

    widget = forms.TextInput(attrs={"class": "date"})

    def __init__(
        self,
        *,
        not_future: bool = False,
        not_past: bool = False,
        min: date | None = None,
        max: date | None = None,
        **kwargs: Any,
    ) -> None:
        self.not_future = not_future
        self.not_past = not_past
        self.min = min
        self.max = max
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        """Read the day; ValidationError with the sentence of the reader."""
        if isinstance(value, date):
            return eras.local_day(value)
        if value is None or not str(value).strip():
            return None
        try:
            return eras.parse_date(
                str(value),
                up_to=eras.today() if self.not_future else None,
                since=eras.today() if self.not_past else None,
            )
        except eras.EraDateError as error:
            raise ValidationError(str(error), code=error.code) from error

    def validate(self, value: date | None) -> None:
        """Raise ValidationError for a missing day or one outside of what is allowed."""
        super().validate(value)
        if value is None:
            return
        params = {"label": _label(self)}
        if self.not_future and value > eras.today():
            raise ValidationError(
                _("%(label)sは今日までの日付を入れてください。"), code="future", params=params
            )
        if self.not_past and value < eras.today():
            raise ValidationError(
                _("%(label)sは今日からあとの日付を入れてください。"), code="past", params=params
            )
        if self.min is not None and value < self.min:
            raise ValidationError(
                _("%(label)sは%(day)sからあとの日付を入れてください。"),
                code="too_early",
                params={**params, "day": eras.format_long(self.min)},
            )
        if self.max is not None and value > self.max:
            raise ValidationError(
                _("%(label)sは%(day)sまでの日付を入れてください。"),
                code="too_late",
                params={**params, "day": eras.format_long(self.max)},
            )

    def prepare_value(self, value: Any) -> Any:
        """Show a stored day in its long form and what was typed as it was typed."""
        return eras.format_long(value) if isinstance(value, date) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare days, not spellings."""
        try:
            return not self.disabled and self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class PartialDateField(forms.Field):
    """A birth date as far as it is known; gives an `eras.PartialDate` or None.

    不詳 or 不明 is an answer and gives None even where the field is required. A birth date
    cannot begin after today.
    """

    widget = forms.TextInput(attrs={"class": "date"})
    unknown_words = ("不詳", "不明", "わからない", "分からない")

    def clean(self, value: Any) -> eras.PartialDate | None:
        """Read the birth date; ValidationError with one sentence."""
        if isinstance(value, str) and "".join(value.split()) in self.unknown_words:
            return None
        found: eras.PartialDate | None = super().clean(value)
        return found

    def to_python(self, value: Any) -> eras.PartialDate | None:
        """Read what `eras.parse_partial` reads."""
        if isinstance(value, eras.PartialDate):
            return value
        if isinstance(value, date):
            day = eras.local_day(value)
            return eras.PartialDate(day.year, day.month, day.day)
        if value is None or not str(value).strip():
            return None
        try:
            return eras.parse_partial(str(value))
        except eras.EraDateError as error:
            raise ValidationError(str(error), code=error.code) from error

    def validate(self, value: eras.PartialDate | None) -> None:
        """Raise ValidationError for a missing birth date or one in the future."""
        super().validate(value)
        if value is not None and value.earliest() > eras.today():
            raise ValidationError(
                _("%(label)sは今日までの日付を入れてください。"),
                code="future",
                params={"label": _label(self)},
            )

    def prepare_value(self, value: Any) -> Any:
        """Show a stored birth date in its long form and what was typed as it was typed."""
        if isinstance(value, eras.PartialDate):
            return eras.format_partial(value)
        return eras.format_long(value) if isinstance(value, date) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is meant, not spellings."""
        try:
            return not self.disabled and self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class PhoneField(forms.Field):
    """A telephone number; gives a PhoneNumber or None. Is never taken for a My Number."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "tel"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> PhoneNumber | None:
        """Read the number; ValidationError when it is none."""
        if isinstance(value, PhoneNumber):
            return value
        if value is None or not str(value).strip():
            return None
        found = parse_phone(str(value))
        if found is None:
            raise ValidationError(
                _("%(label)sは市外局番から入れてください（例：075-123-4567）。"),
                code="invalid",
                params={"label": _label(self)},
            )
        return found

    def prepare_value(self, value: Any) -> Any:
        """Show the number as it was typed."""
        return value.display if isinstance(value, PhoneNumber) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is shown: a changed extension is a change."""
        try:
            return not self.disabled and self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class _Cards(forms.widgets.ChoiceWidget):
    """Big choices with an optional line of explanation under each (`hints`: value → text)."""

    def __init__(self, *args: Any, hints: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hints = dict(hints or {})
        self.attrs.setdefault("class", "choice-cards")

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the explanation to the option as `hint`."""
        option = super().create_option(name, value, *args, **kwargs)
        option["hint"] = self.hints.get(str(value), "")
        return option


class ChoiceCards(_Cards, forms.RadioSelect):
    """Radio buttons as big choices."""


class MultiChoiceCards(_Cards, forms.CheckboxSelectMultiple):
    """Checkboxes as big choices."""


class LongSelect(forms.Select):
    """As `Select`, put together at once: of choices by the hundred each option's own template takes
    longer than the rest of the page. For choices without groups."""

    SELECTED: ClassVar = mark_safe(" selected")

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = set(self.format_value(value))
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, self.SELECTED if str(key) in chosen else "", text)
                for key, text in self.choices
            ),
        )
        said = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", said, options)


class VersionField(forms.IntegerField):
    """The hidden version of the record that was read when the form was opened."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        sentence = _("画面が古くなっています。この画面をもう一度開いてください。")
        kwargs.setdefault("error_messages", {"required": sentence, "invalid": sentence})
        super().__init__(**kwargs)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field in which the saved record differs from what was typed."""

    name: str
    label: str
    saved: Any
    typed: Any


class VersionedForm(KasaneForm):
    """A form that notices when somebody else has saved first, and keeps what was typed."""

    version = VersionField()

    def check_version(self, instance: Any) -> bool:
        """Compare with the locked record's `version`; on a difference add a form error.

        Call it when the form is otherwise valid. False means: show the form again, with
        `conflicts(instance)`. The hidden version then is the record's present one, so that
        saving again after having read both is a decision, not an accident.
        """
        if self.cleaned_data.get("version") == instance.version:
            return True
        self.add_error(
            None,
            ValidationError(
                _(
                    "ほかの人が先に保存しました。入力した内容はまだ保存されていません。"
                    "今の記録と見くらべて、よければもう一度保存してください。"
                ),
                code="stale",
            ),
        )
        data: Any = copy.copy(self.data)  # a QueryDict's copy can be written to
        data[self.add_prefix("version")] = str(instance.version)
        self.data = data
        return False

    def conflicts(self, instance: Any) -> list[Conflict]:
        """List the visible fields whose saved value differs from what was typed."""
        return [
            Conflict(
                name, str(field.label or name), getattr(instance, name), self.cleaned_data[name]
            )
            for name, field in self.fields.items()
            if not field.widget.is_hidden
            and hasattr(instance, name)
            and name in self.cleaned_data
            and field.has_changed(getattr(instance, name), self[name].data)
        ]


class IdempotencyKey(forms.UUIDField):
    """A hidden key made when the form is opened: the same key twice is one submission."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        sentence = _("画面が古くなっています。この画面をもう一度開いてください。")
        kwargs.setdefault("initial", uuid.uuid4)
        kwargs.setdefault("error_messages", {"required": sentence, "invalid": sentence})
        super().__init__(**kwargs)


def _label(field: forms.Field) -> str:
    return str(field.label or _("この項目"))


def _name_the_field(field: forms.Field, label: str) -> None:
    """Replace Django's general messages, where nobody set another, by ours with the label."""
    field.label = field.label or label
    for code, owner, sentence in _SENTENCES:
        default = owner.default_error_messages[code]
        if isinstance(field, owner) and field.error_messages.get(code) is default:
            if code == "required" and isinstance(field, forms.BooleanField):
                sentence = _TICK
            elif code == "required" and isinstance(field, forms.ChoiceField):
                sentence = _CHOOSE
            # Django formats a message about a choice once more, with the choice.
            shown = label.replace("%", "%%") if code == "invalid_choice" else label
            field.error_messages[code] = sentence % {"label": shown}
