"""What is typed about places, what happened there, and issues of the community."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Committee
from community import enums
from community.models import CommunityIssue
from community.operations import IssueFacts, PlaceFacts
from community.transitions import NEXT
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    SafeLine,
    SafeText,
)

DAY = {"class": "date"}
NUMBER = {"inputmode": "numeric", "class": "in-xs"}
MOST = 100_000


class DeclaringForm(KasaneForm):
    """A form in which twelve digits can be declared to be no My Number (V16)."""

    not_my_number = forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration should be shown."""
        return any(self.has_error(name, "my_number") for name in self.fields)


def _count(label: Any, **kwargs: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=MOST,
        widget=forms.TextInput(NUMBER),
        error_messages={
            "min_value": _("0から数えて入れてください。"),
            "max_value": _("10万までの数で入れてください。"),
        },
        **kwargs,
    )


class PlaceForm(DeclaringForm):
    """拠点・居場所."""

    form_key = IdempotencyKey()
    name = SafeLine(label=_("名前"), limit=100)
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=enums.PlaceKind.choices,
        widget=ChoiceCards(attrs={"class": "choices-grid"}),
    )
    area = SafeLine(label=_("地区"), limit=100, required=False)
    operator = SafeLine(label=_("運営"), limit=100, required=False)
    opened_on = EraDateField(
        label=_("開いた日"), required=False, not_future=True, widget=forms.TextInput(DAY)
    )

    def facts(self) -> PlaceFacts:
        """What the operation takes."""
        names = ("name", "kind", "area", "operator", "opened_on")
        return PlaceFacts(**{name: self.cleaned_data[name] for name in names})


class EndForm(KasaneForm):
    """The day a place closed."""

    ended_on = EraDateField(label=_("終えた日"), not_future=True, widget=forms.TextInput(DAY))


class EventForm(DeclaringForm):
    """開催."""

    form_key = IdempotencyKey()
    on = EraDateField(label=_("開催した日"), not_future=True, widget=forms.TextInput(DAY))
    participants = _count(_("参加した人の数"))
    organisations = _count(
        _("参加した機関・団体の数"), required=False, help_text=_("分からなければ空けておきます。")
    )
    note = SafeLine(
        label=_("ひとこと"), limit=200, required=False, help_text=_("個人のことは書きません。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", today())


class CommunityIssueForm(DeclaringForm):
    """地域課題. `from_case`: how it came up stays with this agency."""

    form_key = IdempotencyKey()
    title = SafeLine(
        label=_("課題の名前"), limit=100, help_text=_("例：バスが減り、通院の足がない地区がある")
    )
    text = SafeText(
        label=_("内容"),
        help_text=_(
            "何に困っている人が、どのくらいいて、何が足りないか。名前や、だれか分かることは書きません。"
        ),
    )
    area = SafeLine(label=_("地区"), limit=100, required=False)
    raised_on = EraDateField(label=_("提起する日"), not_future=True, widget=forms.TextInput(DAY))
    note = SafeLine(
        label=_("このケースからの経緯"),
        limit=200,
        required=False,
        help_text=_("あなたの機関だけが読めます。地域課題には出ません。"),
    )

    def __init__(self, *args: Any, from_case: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("raised_on", today())
        if not from_case:
            del self.fields["note"]

    def facts(self) -> IssueFacts:
        """What the operation takes."""
        names = ("title", "text", "area", "raised_on")
        return IssueFacts(**{name: self.cleaned_data[name] for name in names})


class AnswerForm(DeclaringForm):
    """The answer of a body that does not sit in this system."""

    on = EraDateField(label=_("答えのあった日"), not_future=True, widget=forms.TextInput(DAY))
    answer = SafeText(
        label=_("答え"),
        help_text=_("何が話し合われ、どうすることになったか。市のみんなが読みます。"),
    )


class MoveForm(DeclaringForm):
    """What becomes of an issue."""

    to = forms.ChoiceField(label=_("どうするか"), widget=ChoiceCards(attrs={"class": ""}))
    committee = forms.ChoiceField(
        label=_("渡す協議体・委員会"),
        required=False,
        help_text=_("「会議・協議体へ」を選んだときに使います。"),
    )
    passed_on = EraDateField(
        label=_("渡した日"),
        required=False,
        not_future=True,
        widget=forms.TextInput(DAY),
        help_text=_("空けておくと今日になります。"),
    )
    note = SafeLine(
        label=_("ひとこと"),
        limit=200,
        required=False,
        help_text=_("一覧にない渡し先や、どの校区の会議かはここに書きます。市のみんなが読みます。"),
    )
    seen = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, issue: CommunityIssue, committees: Sequence[Committee], **kwargs: Any
    ) -> None:
        self.committees = {str(row.pk): row for row in committees}
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["to"]).choices = [
            (s.value, s.label) for s in NEXT[issue.state]
        ]
        if self.committees:
            cast("forms.ChoiceField", self.fields["committee"]).choices = [
                ("", "－"),
                *((key, row.name) for key, row in self.committees.items()),
            ]
        else:
            del self.fields["committee"]

    def show_last(self, step: uuid.UUID | None) -> None:
        """The page shows again what happened: what is sent next has seen it."""
        self.data = {**self.data.dict(), "seen": str(step or "")}  # type: ignore[attr-defined]  # it was sent: a QueryDict

    def committee_chosen(self) -> Committee | None:
        """The committee, when it is passed to one."""
        if self.cleaned_data["to"] != enums.IssueState.PASSED:
            return None
        return self.committees.get(self.cleaned_data.get("committee", ""))
