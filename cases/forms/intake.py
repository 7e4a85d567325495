"""相談受付: the sheet in either of its two versions, anonymous and partial allowed.

Four answers are required: the mode, the route, what it is about, how urgent. The sheet is made
of a head, a mark for each problem and up to four persons; `IntakeSheet` treats them as one form.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from agencies.models import Municipality
from cases import enums
from cases.forms.person import PersonRowForm, fits_phone_column, short_line
from cases.intakeitems import BLOCKS, Item, items_of
from cases.models import ConsultationPerson, Person
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from config.lib.clock import ClockField
from config.lib.eras import TOKYO
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    NameField,
    PhoneField,
    SafeLine,
    SafeText,
)
from config.lib.kana import fold
from config.lib.text import with_san

ROWS: Final = 4
ITEM_LIMIT: Final = 500

MODE_HINTS: Final = {
    enums.ConsultationMode.WITH_CONSENT: _("本人が申し込み、関係機関との共有に同意している"),
    enums.ConsultationMode.WITHOUT_CONSENT: _("家族や地域からの相談など、本人の同意がまだない"),
}
MARKS: Final = (("", "－"), ("applies", "○"), ("primary", "◎"))


class IntakeForm(KasaneForm):
    """The head of the sheet: who came, how, with what, how urgent."""

    form_key = IdempotencyKey()
    mode = forms.ChoiceField(
        label=_("本人の同意"),
        choices=enums.ConsultationMode.choices,
        widget=ChoiceCards(hints={str(key): str(hint) for key, hint in MODE_HINTS.items()}),
    )
    route = forms.ChoiceField(
        label=_("相談経路"),
        choices=enums.Route.choices,
        widget=forms.RadioSelect(attrs={"class": "choices-grid"}),
    )
    is_anonymous = forms.BooleanField(label=_("匿名を希望"), required=False)
    visitor_name = NameField(
        label=_("来談者の氏名"), required=False, help_text=_("本人のときは空のままで構いません。")
    )
    visitor_relation = short_line(
        40, label=_("本人との関係"), required=False, help_text=_("例：長女、隣人、民生委員")
    )
    received_on = EraDateField(
        label=_("受付の日付"),
        required=False,
        not_future=True,
        help_text=_("きのうの電話を今日書くときは、きのうの日付にします。"),
        widget=forms.TextInput({"class": "date"}),
    )
    received_at = ClockField(
        label=_("受付の時刻"), required=False, widget=forms.TextInput({"class": "in-xs"})
    )
    visitor_phone = PhoneField(
        label=_("来談者の電話番号"), required=False, validators=[fits_phone_column]
    )
    complaint = SafeText(
        label=_("主訴（相談したいこと・希望）"),
        help_text=_("聞いたままの言葉で書きます。個人番号（マイナンバー）は書きません。"),
    )
    urgency = forms.ChoiceField(
        label=_("緊急度"), choices=enums.Urgency.choices, widget=forms.RadioSelect
    )
    not_my_number = forms.BooleanField(
        label=_("12桁の数字は個人番号（マイナンバー）ではありません"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = timezone.localtime()
        self.initial.update(received_on=now.date(), received_at=now.time())
        if not self.is_bound:
            # The telephone is in the other hand: what is said is written first.
            self.fields["complaint"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """What was received has happened."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("received_on") and self.received() > timezone.now():
            self.add_error("received_at", _now("受付の時刻は、いままでの時刻を入れてください。"))
        return found

    def received(self) -> datetime.datetime:
        """The instant: now without a day; the day's first one where no time is known."""
        day, clock = self.cleaned_data.get("received_on"), self.cleaned_data.get("received_at")
        if day is None:
            return timezone.now()
        return datetime.datetime.combine(day, clock or datetime.time.min, tzinfo=TOKYO)

    def facts(self, answers: dict[str, str | list[str]]) -> ConsultationFacts:
        """What was entered, for the operation."""
        found = self.cleaned_data
        names = (
            "mode",
            "route",
            "complaint",
            "urgency",
            "is_anonymous",
            "visitor_name",
            "visitor_relation",
        )
        phone = found["visitor_phone"].display if found["visitor_phone"] else ""
        return ConsultationFacts(
            **{name: found[name] for name in names},
            visitor_phone=phone,
            answers=answers,
            received_at=self.received(),
        )


class IssueMarksForm(KasaneForm):
    """課題チェック: ○ on what applies, ◎ on the most serious one alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for value, label in enums.IssueType.choices:
            self.fields[f"issue_{value}"] = forms.ChoiceField(
                label=label,
                required=False,
                choices=MARKS,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": _now("－・○・◎のどれかを選んでください。")},
            )

    def clean(self) -> dict[str, Any]:
        """◎ stands for one problem only."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        primary = [
            str(self.fields[name].label) for name, mark in found.items() if mark == "primary"
        ]
        if len(primary) > 1:
            self.add_error(
                None,
                _now("◎（中心の課題）は1つだけにしてください。いまは「%(labels)s」に付いています。")
                % {"labels": "」「".join(primary)},
            )
        return found

    def marked(self, *marks: str) -> list[str]:
        """The problems that carry one of these marks."""
        return [
            name.removeprefix("issue_") for name, mark in self.cleaned_data.items() if mark in marks
        ]


class IntakeItemsForm(KasaneForm):
    """The items beyond the head (cases.intakeitems): every one may stay empty."""

    def __init__(
        self, *args: Any, items: Mapping[str, Item], declared: bool = False, **kw: Any
    ) -> None:
        self.items = {code: item for code, item in items.items() if item.is_asked}
        self.declared = declared
        super().__init__(*args, prefix="item", **kw)
        for code, item in self.items.items():
            self.add(code, item_field(item.kind, item.label, item.options))

    def _is_ticked(self, name: str) -> bool:
        return self.declared

    def check_version(self, mode: str) -> None:
        """What only the other version of the form asks is not answered in this one."""
        for code, item in self.items.items():
            if self.cleaned_data.get(code) and not item.is_in(mode):
                other = enums.ConsultationMode(item.only).label
                words = _now(
                    "「%(mode)s」のときだけ書きます。消すか、「本人の同意」を選びなおしてください。"
                )
                self.add_error(code, words % {"mode": other})

    def answers(self) -> dict[str, str | list[str]]:
        """What was answered, by code."""
        return {code: value for code, value in self.cleaned_data.items() if value}

    def blocks(self) -> list[tuple[str, list[tuple[Item, BoundField]]]]:
        """The fields by block, for the page."""
        found = [
            (
                block,
                [(item, self[code]) for code, item in self.items.items() if item.block == block],
            )
            for block in BLOCKS
        ]
        return [(block, fields) for block, fields in found if fields]

    @property
    def has_content(self) -> bool:
        """Whether anything was typed, readable or not."""
        return any(field.value() for field in self)


class CompletingForm(IntakeItemsForm):
    """書き足す: the items that are open. `late`: what a page opened earlier may still send, and why
    it is written here no more."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        items: Mapping[str, Item],
        late: Mapping[str, tuple[Item, str]],
        declared: bool,
    ) -> None:
        self.late = {
            code: why for code, (_item, why) in late.items() if data and data.get(f"item-{code}")
        }
        sent = {code: late[code][0] for code in self.late}
        super().__init__(data, items={**items, **sent}, declared=declared)

    def clean(self) -> dict[str, Any]:
        """At least one item is written, and none that is written already."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for code, why in self.late.items():
            self.add_error(code, why)
        if not self.errors and not any(found.values()):
            self.add_error(None, _now("書き足すことを、一つは書いてください。"))
        return found


def item_field(kind: str, label: str, words: Sequence[str]) -> forms.Field:
    """The field of an item: kind line, text, choice or choices; words: what there is to choose."""
    options = [(option, option) for option in words]
    if kind == "choice":
        return forms.ChoiceField(
            label=label, required=False, choices=[("", _now("未記入")), *options]
        )
    if kind == "choices":
        return forms.MultipleChoiceField(
            label=label,
            required=False,
            choices=options,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-grid"}),
        )
    text = SafeText if kind == "text" else SafeLine
    field: forms.Field = text(label=label, required=False, limit=ITEM_LIMIT)
    return field


class IntakeSheet:
    """The whole sheet as one form. Without `data` it is fresh; `draft` shows what was typed."""

    def __init__(self, city: Municipality, data: QueryDict | None = None, *, draft: bool = False):
        declared = bool(data and data.get("not_my_number"))
        bound = None if draft else data
        self.head = IntakeForm(bound)
        self.issues = IssueMarksForm(bound)
        self.items = IntakeItemsForm(bound, items=items_of(city), declared=declared)
        self.persons = [
            PersonRowForm(bound, number=number, declared=declared) for number in range(1, ROWS + 1)
        ]
        for row in self.persons[1:]:
            for field in row.fields.values():
                field.label = _now("%(label)s（%(number)s人目）") % {
                    "label": field.label,
                    "number": row.number,
                }
        if draft and data is not None:
            for form in self.forms:
                form.initial = _typed(form, data)

    @property
    def forms(self) -> list[KasaneForm]:
        """All parts, in the order of the page."""
        return [self.head, *self.persons, self.issues, self.items]

    def is_valid(self) -> bool:
        """Whether every part is; each part is asked, so that all sentences stand at once."""
        valid = [form.is_valid() for form in self.forms]
        if self.items.is_bound and "mode" in self.head.cleaned_data:
            self.items.check_version(self.head.cleaned_data["mode"])
            valid.append(not self.items.errors)
        return all(valid)

    @property
    def errors(self) -> dict[str, Any]:
        """All errors by the name in the page, for the summary."""
        return {
            form.add_prefix(name): errors
            for form in self.forms
            for name, errors in form.errors.items()
        }

    def non_field_errors(self) -> list[str]:
        """What belongs to no single field."""
        return [str(error) for form in self.forms for error in form.non_field_errors()]

    def __iter__(self) -> Iterator[BoundField]:
        for form in self.forms:
            yield from form

    @property
    def asks_declaration(self) -> bool:
        """Whether twelve digits were refused, or already declared to be no My Number."""
        refused = any(
            error.code == "my_number"
            for form in self.forms
            if form.is_bound
            for errors in form.errors.as_data().values()
            for error in errors
        )
        return refused or bool(self.head["not_my_number"].value())

    @property
    def declared_fields(self) -> list[str]:
        """Names of fields whose twelve digits were declared to be no My Number (for the log)."""
        return [form.add_prefix(name) for form in self.forms for name in form.not_my_number_fields]

    @property
    def shows_more_persons(self) -> bool:
        """Whether the rows after the first hold anything."""
        return any(row.has_content for row in self.persons[1:])

    def person_facts(self) -> list[PersonFacts]:
        """The persons of whom anything is known."""
        return [row.facts() for row in self.persons if not row.is_blank]


def _typed(form: KasaneForm, data: QueryDict) -> dict[str, Any]:
    """What was typed, unchecked, as initial values."""
    return {
        name: field.widget.value_from_datadict(data, {}, form.add_prefix(name))
        for name, field in form.fields.items()
    }


class FinishForm(KasaneForm):
    """終了: how the consultation ended without a case."""

    screening = forms.ChoiceField(
        label=_("結果"),
        choices=[
            (choice.value, choice.label)
            for choice in (enums.Screening.INFO_ONLY, enums.Screening.REFERRED)
        ],
        widget=forms.RadioSelect,
    )


class MatchForm(KasaneForm):
    """追加の相談: which person of the case each person of the consultation is, or a new one."""

    NEW = "new"

    def __init__(
        self,
        *args: Any,
        parts: Sequence[ConsultationPerson],
        persons: Sequence[Person],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.parts = list(parts)
        self.known = {str(person.pk): person for person in persons}
        choices = [(key, person.shown_name) for key, person in self.known.items()]
        for part in self.parts:
            name = with_san(part.name) if part.name else _now("氏名不明の人")
            self.fields[str(part.pk)] = forms.ChoiceField(
                label=_now("受付票の%(name)sは、このケースのだれですか") % {"name": name},
                choices=[*choices, (self.NEW, _now("新しい世帯員として加える"))],
                initial=self._likely(part),
                widget=ChoiceCards(attrs={"class": "choices-stack"}),
                error_messages={
                    "required": _now("%(name)sがだれかを選んでください。") % {"name": name}
                },
            )

    def _likely(self, part: ConsultationPerson) -> str:
        """Who has the same kana or name; a new one where the case knows nobody like this."""
        kana, name = fold(part.name_kana), fold(part.name)
        for key, person in self.known.items():
            if (kana and person.kana_folded == kana) or (name and person.name_folded == name):
                return key
        return "" if self.known and not (kana or name) else self.NEW

    def matched(self) -> dict[uuid.UUID, Person | None]:
        """What the operation takes."""
        return {part.pk: self.known.get(self.cleaned_data[str(part.pk)]) for part in self.parts}
