"""What is typed after a visit: few fields, big choices, the rest behind 「くわしく」."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.enums import Audience
from cases.forms.moments import CorrectedMoment, MomentFields
from cases.forms.records import (
    HOUSEHOLD,
    AboutForm,
    asks_my_number,
    check_corrects,
    not_my_number_field,
    reason_field,
)
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    SafeLine,
    SafeText,
)
from outreach import enums
from outreach.models import Visit
from outreach.operations import VisitFacts

DAY = {"class": "date"}


class VisitWords(MomentFields):
    """What a visit's record says and when it was, whoever it is about."""

    result = forms.ChoiceField(
        label=_("会えましたか"),
        error_messages={"required": _("会えたかどうかを選んでください。")},
        choices=enums.VisitResult.choices,
        widget=ChoiceCards(attrs={"class": "choices-grid"}),
    )
    method = forms.ChoiceField(
        label=_("方法"),
        choices=enums.VisitMethod.choices,
        initial=enums.VisitMethod.VISIT,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    met_whom = SafeLine(
        label=_("会えた人"),
        limit=100,
        required=False,
        help_text=_("本人、母、隣の人など。会えなかったときは空けておきます。"),
    )
    text = SafeText(
        label=_("ようす・話したこと"),
        required=False,
        help_text=_("会えなかったときも、灯り、郵便受け、置いた手紙など、気づいたことを残せます。"),
    )
    next_on = EraDateField(label=_("次の予定日"), required=False, widget=forms.TextInput(DAY))
    next_step = SafeLine(label=_("次にすること"), limit=200, required=False)
    stage = forms.ChoiceField(
        label=_("関係のようす"),
        choices=enums.Stage.choices,
        required=False,
        widget=ChoiceCards(attrs={"class": "choices-grid"}),
    )
    place = SafeLine(label=_("場所"), limit=100, required=False)
    companions = SafeLine(label=_("同行者"), limit=100, required=False)
    minutes_spent = forms.IntegerField(
        label=_("所要時間（分）"),
        required=False,
        min_value=1,
        max_value=1440,
        error_messages={
            "min_value": _("所要時間は1分から入れてください。"),
            "max_value": _("所要時間は1440分（24時間）までで入れてください。"),
        },
        widget=forms.TextInput({"inputmode": "numeric", "class": "in-xs"}),
    )
    not_my_number = not_my_number_field()

    field_order = ["result", "method", "on"]
    details = ("at", "stage", "place", "companions", "minutes_spent")
    is_new = False
    chooses_audience = False

    def clean(self) -> dict[str, Any]:
        """The next date lies after the visit."""
        data = super().clean() or self.cleaned_data
        day, next_on = data.get("on"), data.get("next_on")
        if day and next_on and next_on < day:
            self.add_error("next_on", _("次の予定日は、訪問した日からあとの日付を入れてください。"))
        return data

    def facts(self) -> VisitFacts:
        """What the operation takes."""
        return VisitFacts(happened_at=self.happened_at(), **self.words())

    def words(self) -> dict[str, Any]:
        """What the record is to say, by name."""
        return {name: self.cleaned_data[name] for name in WORDS}

    @property
    def more(self) -> list[forms.BoundField]:
        """What stands behind 「くわしく」."""
        return [self[name] for name in self.details]

    @property
    def opens_more(self) -> bool:
        """Whether 「くわしく」 stands open: something stands there, or is wrong."""
        return any(field.errors or field.value() for field in self.more)

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)


WORDS: Final = (
    "method", "result", "met_whom", "text", "next_on", "next_step", "stage", "place", "companions",
    "minutes_spent",
)  # fmt: skip


class VisitForm(VisitWords, AboutForm):
    """訪問記録. `chooses_audience`: without a consent in force there is nothing to choose (V6)."""

    form_key = IdempotencyKey()
    audience = forms.ChoiceField(
        label=_("だれが読めるか"),
        choices=Audience.choices,
        initial=Audience.TEAM,
        widget=ChoiceCards(
            attrs={"class": "choices-stack"},
            hints={
                Audience.TEAM: str(_("本人の同意がある機関だけが読めます。")),
                Audience.AGENCY: str(_("ほかの機関は、同意があっても読めません。")),
            },
        ),
    )

    is_new = True

    def __init__(self, *args: Any, chooses_audience: bool, **kwargs: Any) -> None:
        self.chooses_audience = chooses_audience
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("on", today())
            if not self.persons:
                self.initial.setdefault("about", [HOUSEHOLD])
        if not chooses_audience:
            del self.fields["audience"]


class VisitEditForm(VisitWords, CorrectedMoment):
    """Correct a visit with a reason: never whom it is about or who may read it."""

    reason = reason_field()

    def __init__(self, *args: Any, visit: Visit, **kwargs: Any) -> None:
        initial = {name: getattr(visit, name) for name in (*WORDS, "version")}
        super().__init__(*args, initial=initial, stands=visit.happened_at, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors or not self.moves():
            check_corrects(self, WORDS)
        return data
