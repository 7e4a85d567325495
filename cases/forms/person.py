"""What is known of a person, possibly next to nothing: every field may stay empty."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.models import Contact, Person
from cases.operations.case import CONTACT, PersonFacts
from config.lib.eras import PartialDate, format_partial
from config.lib.forms import (
    EraDateField,
    IdempotencyKey,
    KanaField,
    KasaneForm,
    NameField,
    PartialDateField,
    PhoneField,
    SafeLine,
    VersionedForm,
)
from config.lib.phones import PhoneNumber

PHONE_COLUMN: Final = 40


def fits_phone_column(value: PhoneNumber) -> None:
    """Raise ValidationError for a number written out longer than it can be stored."""
    if len(value.display) > PHONE_COLUMN:
        raise ValidationError(_("電話番号は40文字以内で入れてください。"), code="max_length")


def short_line(limit: int, **kwargs: Any) -> SafeLine:
    """One line for a column of exactly `limit` characters."""
    message = _("%(limit_value)s文字以内で入れてください（今は%(show_value)s文字です）。")
    return SafeLine(limit=limit, validators=[MaxLengthValidator(limit, message)], **kwargs)


def birth_facts(value: PartialDate | None) -> dict[str, Any]:
    """The columns of a birth date known in full, as a year, as an estimate, or as a decade."""
    if value is None:
        return {
            "birth_on": None, "birth_year": None, "is_age_estimated": False, "is_decade": False
        }  # fmt: skip
    day = value.as_date()
    return {
        "birth_on": day,
        "birth_year": None if day else value.year,
        "is_age_estimated": value.estimated,
        "is_decade": value.is_decade,
    }


def stored_birth(person: Person) -> PartialDate | None:
    """The birth date of a stored person as the form shows it."""
    if person.birth_on:
        day = person.birth_on
        return PartialDate(day.year, day.month, day.day)
    if person.birth_year:
        return PartialDate(
            person.birth_year, estimated=person.is_age_estimated, is_decade=person.is_decade
        )
    return None


class ResidentRefField(SafeLine):
    """宛名番号: digits as a city prints them, at most fifteen; width, spaces and hyphens do not
    count. Twelve digits that could be a My Number are refused like anywhere else (V16)."""

    def tidy(self, value: str) -> str:
        """The digits alone."""
        return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", super().tidy(value)))

    def validate(self, value: Any) -> None:
        """Raise ValidationError for anything but digits."""
        super().validate(value)
        if value and not re.fullmatch(r"[0-9]{1,15}", value):
            raise ValidationError(
                _("宛名番号は15けたまでの数字で入れてください。"), code="resident_ref"
            )


class PersonFields(KasaneForm):
    """The seven facts of a person, none of them required."""

    name = NameField(label=_("氏名"), required=False, help_text=_("姓と名の間をあけます。"))
    name_kana = KanaField(
        label=_("ふりがな"), required=False, help_text=_("ひらがなかカタカナ。検索に使います。")
    )
    birth = PartialDateField(
        label=_("生年月日・年齢"),
        required=False,
        help_text=_("例：S30.4.1、昭和30年、70代、不詳"),
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    sex = forms.ChoiceField(
        label=_("性別"), required=False, choices=enums.Sex.choices, widget=forms.RadioSelect
    )
    relation = forms.ChoiceField(
        label=_("続柄"),
        required=False,
        choices=enums.Relation.choices,
        help_text=_("世帯主から見た関係"),
    )
    phone = PhoneField(label=_("電話番号"), required=False, validators=[fits_phone_column])
    address = SafeLine(label=_("住所"), required=False)

    def facts(self) -> PersonFacts:
        """What was entered, for the operation."""
        found = self.cleaned_data
        known = {key: found[key] for key in ("name", "name_kana", "sex", "relation")}
        # Beneath a shield the form has no such fields, and nothing about them is changed (V9).
        known |= {key: found[key] for key in CONTACT if key != "phone" and key in found}
        phone = found["phone"].display if found.get("phone") else ""
        return PersonFacts(**known, phone=phone, **birth_facts(self._birth()))

    def _birth(self) -> PartialDate | None:
        """A decade that is sent back as it was shown stays as it was, in later years too."""
        said: PartialDate | None = self.cleaned_data["birth"]
        was = self.initial.get("birth")
        if not (isinstance(was, PartialDate) and said and said.is_decade):
            return said
        return was if format_partial(said) == format_partial(was) else said

    def likeness(self) -> PersonFacts:
        """What of it can be compared with others: as far as it is readable, else what it began
        with."""
        self.is_valid()
        found = self.cleaned_data if self.is_bound else self.initial
        birth = found.get("birth")
        return PersonFacts(
            **{
                name: found.get(name, "")
                for name in ("name", "name_kana", "address", "resident_ref")
            },
            birth_on=birth.as_date() if birth else None,
            phone=str(found.get("phone") or ""),
        )


class PersonRowForm(PersonFields):
    """One of the persons of a consultation; from the second on the labels carry a number."""

    def __init__(self, *args: Any, number: int, declared: bool = False, **kwargs: Any) -> None:
        self.number = number
        self.declared = declared
        super().__init__(*args, prefix=f"p{number}", **kwargs)

    def _is_ticked(self, name: str) -> bool:
        # One tick of the sheet stands for all its fields.
        return self.declared

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all was entered."""
        return not any(self.cleaned_data.values())

    @property
    def has_content(self) -> bool:
        """Whether anything was typed, readable or not."""
        return any(field.value() for field in self)


class PersonForm(PersonFields):
    """A person of a household, with what becomes known later."""

    school = SafeLine(label=_("学校"), required=False)
    workplace = SafeLine(label=_("勤務先"), required=False)
    whereabouts = SafeLine(
        label=_("ほかに居所が分かること"),
        required=False,
        help_text=_("通院先、最寄り駅など。「、」で区切ります。支援措置のとき、あわせて隠します。"),
    )
    resident_ref = ResidentRefField(
        label=_("宛名番号"),
        required=False,
        help_text=_("分かるときだけ。市のほかの仕組みで人をさがすときの番号です。"),
        widget=forms.TextInput(attrs={"class": "in-m", "inputmode": "numeric"}),
    )
    is_cohabiting = forms.BooleanField(label=_("同居している"), required=False, initial=True)
    is_deceased = forms.BooleanField(label=_("亡くなっている"), required=False)
    died_on = EraDateField(
        label=_("亡くなった日"),
        required=False,
        not_future=True,
        help_text=_("例：R7.12.3。はっきりしないときは、亡くなったと知った日を入れます。"),
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    not_my_number = forms.BooleanField(
        label=_("12桁の数字は個人番号（マイナンバー）ではありません"), required=False
    )

    def __init__(self, *args: Any, hides_contact: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hides_contact:
            for name in CONTACT:
                del self.fields[name]

    @property
    def has_contact(self) -> bool:
        """Whether where the person is stands in the form."""
        return "address" in self.fields

    def clean(self) -> dict[str, Any]:
        """A person does not die before birth; a day of death says that they died."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        died_on, birth = found.get("died_on"), found.get("birth")
        if died_on:
            found["is_deceased"] = True
        elif found.get("is_deceased") and "died_on" not in self.errors:
            # From that day on, consents open nothing new (V3).
            self.add_error("died_on", _("亡くなった日を入れてください。"))
        if died_on and birth and birth.earliest() > died_on:
            self.add_error("died_on", _("亡くなった日が生年月日より前になっています。"))
        return found

    def facts(self) -> PersonFacts:
        """What was entered, for the operation."""
        known = super().facts()
        names = ("is_cohabiting", "is_deceased", "died_on")
        later = {key: self.cleaned_data[key] for key in names}
        return PersonFacts(**{**vars(known), **later})


class PersonNewForm(PersonForm):
    """The same for a person who is not stored yet."""

    form_key = IdempotencyKey()


class PersonEditForm(VersionedForm, PersonForm):
    """The same for a stored person: somebody else may have saved first."""

    field_order = ["version"]

    @staticmethod
    def stored(person: Person, contact: Contact | None) -> dict[str, Any]:
        """The initial values of the form; `contact` as far as the reader sees it."""
        names = (
            "name",
            "name_kana",
            "sex",
            "relation",
            "version",
            "is_cohabiting",
            "is_deceased",
            "died_on",
        )
        found = {name: getattr(person, name) for name in names} | {"birth": stored_birth(person)}
        return found | {name: getattr(contact, name, "") for name in CONTACT}
