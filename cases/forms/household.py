"""世帯の変更: who, since when, why, and into which case; then who is whom there (V18)."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.forms.person import short_line
from cases.models import Person
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
)
from config.lib.text import with_san

KINDS = enums.LinkKind


class HouseholdForm(KasaneForm):
    """The fields of one kind of change."""

    form_key = IdempotencyKey()
    persons = forms.MultipleChoiceField(
        label=_("だれが"),
        widget=MultiChoiceCards(attrs={"class": ""}),
        error_messages={"required": _("だれのことかを選んでください。")},
    )
    number = short_line(
        20,
        label=_("もう一つのケースの番号"),
        help_text=_("ケースの画面の上にある番号です。あなたの機関が主担当のケースだけを選べます。"),
        error_messages={"required": _("もう一つのケースの番号を入れてください。")},
    )
    on = EraDateField(
        label=_("変わった日"),
        not_future=True,
        error_messages={"required": _("変わった日を入れてください。")},
    )
    reason = forms.ChoiceField(
        label=_("わけ"),
        choices=enums.LinkReason.choices,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("わけを選んでください。")},
    )

    def __init__(self, *args: Any, kind: str, persons: Sequence[Person], **kwargs: Any) -> None:
        self.kind, self.people = kind, {str(p.pk): p for p in persons}
        super().__init__(*args, **kwargs)
        self.offer("persons", [(key, p.shown_name) for key, p in self.people.items()])
        unused = {KINDS.SPLIT: ["number"], KINDS.MERGED: ["persons", "reason"]}
        for name in unused.get(KINDS(kind), []):
            del self.fields[name]
        if kind == KINDS.MERGED:
            self.fields["on"].label = _("分かった日")

    def clean_number(self) -> str:
        """As it is printed: half width, capitals."""
        return unicodedata.normalize("NFKC", self.cleaned_data["number"]).strip().upper()

    def chosen(self) -> list[Person]:
        """Who changes households; when two cases are one, everybody there is."""
        if "persons" not in self.fields:
            return list(self.people.values())
        return [self.people[key] for key in self.cleaned_data["persons"]]


class SameForm(KasaneForm):
    """Who of one case is who of the other: a field for each person; empty = not there yet."""

    def __init__(
        self, *args: Any, persons: Sequence[Person], others: Sequence[Person], **kwargs: Any
    ) -> None:
        self.persons, self.others = persons, {str(p.pk): p for p in others}
        super().__init__(*args, **kwargs)
        choices = [
            ("", _("まだいない（新しく加える）")),
            *((key, _choice(p)) for key, p in self.others.items()),
        ]
        for person in persons:
            field = forms.ChoiceField(
                label=_("%(who)sは、もう一つのケースのだれですか") % {"who": person.shown_name},
                required=False,
                choices=choices,
                error_messages={"invalid_choice": _("表示された中から選んでください。")},
            )
            field.widget.attrs["autocomplete"] = "off"
            self.fields[_field(person)] = field
            self.initial.setdefault(_field(person), _guess(person, others))

    def pairs(self) -> dict[Person, Person | None]:
        """Each person with who they are there."""
        return {p: self.others.get(self.cleaned_data.get(_field(p), "")) for p in self.persons}


def _choice(person: Person) -> str:
    words = f"{person.label}　{person.shown_name}"
    return f"{words}{_('（世帯を出た人）')}" if person.left_on else words


def _field(person: Person) -> str:
    return f"same_{person.pk}"


def _guess(person: Person, others: Sequence[Person]) -> uuid.UUID | str:
    """Who has the same name or reading, and no other birth date."""
    for other in others:
        is_named = (person.name_folded and person.name_folded == other.name_folded) or (
            person.kana_folded and person.kana_folded == other.kana_folded
        )
        if is_named and (
            person.birth_on == other.birth_on or not person.birth_on or not other.birth_on
        ):
            return other.pk
    return ""


class SamePersonForm(KasaneForm):
    """同じ人だった: who it was written of before, and who stands."""

    form_key = IdempotencyKey()
    person = forms.ChoiceField(
        label=_("はじめに書いた人（名前が分からなかったなど）"),
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("はじめに書いた人を選んでください。")},
    )
    stands = forms.ChoiceField(
        label=_("分かった人（これからはこの人として書く）"),
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("分かった人を選んでください。")},
    )

    def __init__(self, *args: Any, persons: Sequence[Person], **kwargs: Any) -> None:
        self.people = {str(person.pk): person for person in persons}
        super().__init__(*args, **kwargs)
        choices = [(key, _told(person)) for key, person in self.people.items()]
        self.offer("person", choices)
        self.offer("stands", choices)

    def person_of(self, name: str) -> Person:
        """Whom the field names, once the form is clean."""
        return self.people[self.cleaned_data[name]]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("person") and data.get("person") == data.get("stands"):
            self.add_error("stands", _("同じ行が二度選ばれています。ちがう二人を選んでください。"))
        return data


def _told(person: Person) -> str:
    return f"{person.label} {with_san(person.name)}" if person.name else person.shown_name
