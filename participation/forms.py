"""What is typed into the register, a match and a follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.models import Person
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    SafeLine,
    SafeText,
)
from participation import enums
from participation.models import Match, Resource
from participation.operations import MatchFacts, ResourceFacts
from participation.transitions import FIRST, NEXT

DAY = {"class": "date"}


class DeclaringForm(KasaneForm):
    """A form in which twelve digits can be declared to be no My Number (V16)."""

    not_my_number = forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration should be shown."""
        return any(self.has_error(name, "my_number") for name in self.fields)


class ResourceForm(DeclaringForm):
    """社会資源・受け入れ先."""

    form_key = IdempotencyKey()
    name = SafeLine(label=_("名前"), limit=100)
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=enums.ResourceKind.choices,
        widget=ChoiceCards(attrs={"class": "choices-grid"}),
    )
    operator = SafeLine(label=_("運営"), limit=100, required=False)
    area = SafeLine(
        label=_("地区"), limit=100, required=False, help_text=_("小学校区や町の名前など。")
    )
    note = SafeText(
        label=_("配慮できること・条件"),
        required=False,
        help_text=_("時間、送迎、静かな場所など。個人のことは書きません。"),
    )

    def facts(self) -> ResourceFacts:
        """What the operation takes."""
        names = ("name", "kind", "operator", "area", "note")
        return ResourceFacts(**{name: self.cleaned_data[name] for name in names})


class EndForm(KasaneForm):
    """The day something ended."""

    ended_on = EraDateField(label=_("終えた日"), not_future=True, widget=forms.TextInput(DAY))


class MatchForm(DeclaringForm):
    """参加先とつなぐ."""

    form_key = IdempotencyKey()
    person = forms.ChoiceField(label=_("つなぐ人"), widget=ChoiceCards(attrs={"class": ""}))
    resource = forms.ChoiceField(label=_("参加先"))
    activity = SafeLine(
        label=_("活動内容"), limit=200, help_text=_("例：週1回、農園で収穫の手伝い")
    )
    status = forms.ChoiceField(
        label=_("いまの状態"),
        choices=[(status.value, status.label) for status in FIRST],
        initial=enums.MatchStatus.PROPOSED,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    starts_on = EraDateField(
        label=_("始める日"),
        required=False,
        widget=forms.TextInput(DAY),
        help_text=_("決まっていなければ空けておきます。"),
    )
    consideration = SafeText(
        label=_("受け入れ先への配慮事項"),
        required=False,
        help_text=_("受け入れ先に伝えるのは、本人と決めたことだけにします。"),
    )
    follow_up_on = EraDateField(
        label=_("次のフォロー"),
        required=False,
        not_past=True,
        widget=forms.TextInput(DAY),
        help_text=_("この日になると、今日の仕事に出ます。"),
    )

    def __init__(
        self, *args: Any, persons: Sequence[Person], resources: Sequence[Resource], **kwargs: Any
    ) -> None:
        self.persons = {str(person.pk): person for person in persons}
        self.resources = {str(resource.pk): resource for resource in resources}
        super().__init__(*args, **kwargs)
        who = cast("forms.ChoiceField", self.fields["person"])
        who.choices = [(key, person.shown_name) for key, person in self.persons.items()]
        where = cast("forms.ChoiceField", self.fields["resource"])
        where.choices = [("", "－"), *_by_kind(resources)]
        if len(self.persons) == 1:
            self.initial.setdefault("person", next(iter(self.persons)))

    def facts(self) -> MatchFacts:
        """What the operation takes."""
        names = ("activity", "status", "starts_on", "consideration", "follow_up_on")
        return MatchFacts(**{name: self.cleaned_data[name] for name in names})


class FollowUpForm(DeclaringForm):
    """フォロー, with the states a match may be in afterwards."""

    form_key = IdempotencyKey()
    on = EraDateField(label=_("日付"), not_future=True, widget=forms.TextInput(DAY))
    text = SafeText(label=_("ようす"))
    status_after = forms.ChoiceField(
        label=_("これからの状態"), widget=ChoiceCards(attrs={"class": ""})
    )
    next_on = EraDateField(
        label=_("次のフォロー"),
        required=False,
        not_past=True,
        widget=forms.TextInput(DAY),
        help_text=_("空けると、フォローの予定はなくなります。"),
    )

    def __init__(self, *args: Any, match: Match, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(status.value, status.label) for status in NEXT[match.status]]
        cast("forms.ChoiceField", self.fields["status_after"]).choices = choices
        self.initial.setdefault("status_after", match.status)
        self.initial.setdefault("on", today())


def _by_kind(resources: Sequence[Resource]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Hosts under the names of their kinds."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for resource in resources:
        area = f"（{resource.area}）" if resource.area else ""
        line = (str(resource.pk), f"{resource.name}{area}")
        groups.setdefault(str(resource.get_kind_display()), []).append(line)
    return list(groups.items())
