"""What is typed into an issue, a section of the assessment, and under a carry-out; fields."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.enums import HOUSEHOLD
from cases.models import Person
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    NameField,
    SafeLine,
    SafeText,
)


class AboutForm(KasaneForm):
    """Whom it is about: one or more visible persons, or 世帯全体; and the number declaration."""

    about = forms.MultipleChoiceField(
        label=_("だれについて"),
        widget=MultiChoiceCards(attrs={"class": ""}),
        error_messages={"required": _("だれについての記録かを選んでください。")},
    )

    def __init__(self, *args: Any, persons: Sequence[Person], **kwargs: Any) -> None:
        self.persons = {str(person.pk): person for person in persons}
        super().__init__(*args, **kwargs)
        people = [(key, person.shown_name) for key, person in self.persons.items()]
        self.offer("about", [*people, (HOUSEHOLD, _("世帯全体"))])
        if len(self.persons) == 1 and "about" not in self.initial:
            self.initial["about"] = list(self.persons)

    def clean_about(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["about"]
        if HOUSEHOLD in chosen and len(chosen) > 1:
            raise ValidationError(
                _(
                    "世帯全体と、特定の人は同時に選べません。人についての内容なら、その人だけを選んでください。"
                )
            )
        return chosen

    def chosen(self) -> list[Person]:
        """The persons named; none = 世帯全体."""
        keys = self.cleaned_data["about"]
        return [self.persons[key] for key in keys if key in self.persons]

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)


def check_corrects(form: KasaneForm, names: Iterable[str]) -> None:
    """A reason for which nothing was corrected would stand as a version that says nothing."""
    if not form.errors and all(form.cleaned_data[n] == form.initial.get(n) for n in names):
        form.add_error(None, _("直したところがありません。直さないときは、そのままもどります。"))


def asks_my_number(form: KasaneForm) -> bool:
    """Whether some field was refused for a My Number, which the writer may know to be none."""
    return any(form.has_error(name, "my_number") for name in form.fields)


def not_my_number_field() -> forms.BooleanField:
    return forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )


def method_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("方法"),
        choices=enums.ContactMethod.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )


def result_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("会えたか"),
        choices=[("", _("書かない")), *enums.ContactResult.choices],
        required=False,
        widget=ChoiceCards(attrs={"class": ""}),
    )


def minutes_field() -> forms.IntegerField:
    sentence = _("かかった時間は、1から1440までの分で入れてください。")
    return forms.IntegerField(
        label=_("かかった時間（分）"),
        required=False,
        min_value=1,
        max_value=24 * 60,
        error_messages={"invalid": sentence, "min_value": sentence, "max_value": sentence},
        widget=forms.TextInput({"class": "in-xs", "inputmode": "numeric"}),
    )


def reason_field() -> SafeLine:
    return SafeLine(label=_("直した理由"), limit=200, help_text=_("前の版と理由が残ります。"))


def audience_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("だれに向けて書くか"),
        choices=enums.Audience.choices,
        initial=enums.Audience.TEAM,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
    )


class IssueForm(KasaneForm):
    """課題 of one person or of the household."""

    form_key = IdempotencyKey()
    about = forms.ChoiceField(
        label=_("だれの課題か"), widget=ChoiceCards(attrs={"class": ""}), initial=HOUSEHOLD
    )
    issue_type = forms.ChoiceField(label=_("課題"), choices=enums.IssueType.choices)
    is_primary = forms.BooleanField(
        label=_("◎ いちばん中心の課題"),
        required=False,
        help_text=_("◎は世帯の見立ての中心です。ほかは○になります。"),
    )
    status = forms.ChoiceField(
        label=_("確からしさ"),
        initial=enums.IssueStatus.CONFIRMED,
        choices=[c for c in enums.IssueStatus.choices if c[0] != enums.IssueStatus.SOLVED],
        widget=ChoiceCards(attrs={"class": ""}),
    )
    noted_on = EraDateField(
        label=_("いつから"), not_future=True, widget=forms.TextInput({"class": "date"})
    )
    note = SafeLine(label=_("補足"), limit=200, required=False)
    suspected_name = NameField(
        label=_("害を与えている疑いのある人"),
        required=False,
        help_text=_(
            "「DV・虐待」のときだけ。この人は、本人の代理人として同意できなくなります。"
            "司法・安全の記録として、同意のある相手だけが読めます。"
        ),
    )
    audience = audience_field()

    def __init__(
        self, *args: Any, persons: Sequence[Person], hints: Mapping[str, str], **kwargs: Any
    ) -> None:
        self.persons = {str(person.pk): person for person in persons}
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        people = [(key, person.shown_name) for key, person in self.persons.items()]
        self.offer("about", [*people, (HOUSEHOLD, _("世帯全体"))])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("suspected_name") and (
            data.get("issue_type") != enums.IssueType.ABUSE or data.get("about") == HOUSEHOLD
        ):
            self.add_error(
                "suspected_name",
                _("疑いのある人は、だれか一人の「DV・虐待」の課題にだけ書けます。"),
            )
        return data

    def person(self) -> Person | None:
        """The person it is of; None = the household."""
        return self.persons.get(self.cleaned_data["about"])


class SolveForm(KasaneForm):
    """The day an issue was solved, not before it was noted."""

    on = EraDateField(
        label=_("解消した日"), not_future=True, widget=forms.TextInput({"class": "date"})
    )

    def __init__(self, *args: Any, noted_on: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("EraDateField", self.fields["on"]).min = noted_on


class CarriedNoteForm(KasaneForm):
    """A note under a carry-out: read by its people alone."""

    form_key = IdempotencyKey()
    method = method_field()
    text = SafeText(label=_("内容"))
