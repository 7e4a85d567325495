"""Running a sitting: decision, minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.enums import AgendaType
from config.lib.eras import format_short, today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    SafeText,
    VersionedForm,
)
from meetings import enums
from meetings.models import AgendaItem

People = Sequence[tuple[str, list[tuple[str, str]]]]

RENEW = "renew_"  # and the key of the earlier item

HINTS: dict[str, Any] = {
    enums.Decision.SHARED: _("この議題の中だけで共有して終わります。"),
    enums.Decision.WATCH: _("次の会議に、今回の資料と一緒に載ります。"),
    enums.Decision.ROLES: _("下に書いた内容を、選んだ人だけが見直し日まで使えます。"),
    enums.Decision.EMERGENCY: _("緊急の対応を決めます。"),
    enums.Decision.TO_CONSENT: _("本人の同意を得て、重層的支援会議に移します。"),
}


class DecisionForm(VersionedForm):
    """決定: big choices of the agenda type, words, and what only some types need."""

    decision = forms.ChoiceField(label=_("決定"), widget=ChoiceCards(hints=HINTS))
    opinion = SafeText(
        label=_("決定事項・意見"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    carry_text = SafeText(
        label=_("持ち出す内容"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "「役割（持ち出し）」のとき。会議の外で使ってよいのは、ここに書いたことだけです。"
        ),
    )
    carry_members = forms.MultipleChoiceField(
        label=_("持ち出す相手（人）"),
        required=False,
        widget=MultiChoiceCards(attrs={"class": "choices-stack"}),
    )
    carry_review_on = EraDateField(
        label=_("持ち出しの見直し日"),
        required=False,
        not_past=True,
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    lead_agency_after = forms.ChoiceField(
        label=_("終結後の主担当"),
        required=False,
        help_text=_("多機関協働を終結するときは必ず選びます。"),
    )
    next_review_on = EraDateField(
        label=_("次回の確認日"),
        required=False,
        not_past=True,
        widget=forms.TextInput(attrs={"class": "date"}),
        help_text=_("例：R9.3.8"),
    )

    def __init__(
        self,
        *args: Any,
        item: AgendaItem,
        people: Sequence[tuple[str, str]] = (),
        agencies: Sequence[tuple[str, str]] = (),
        carried: Sequence[AgendaItem] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.item = item
        for earlier in carried:
            self.fields[f"{RENEW}{earlier.pk}"] = EraDateField(
                label=_("前の持ち出し（%(day)sまで）を続けるときの、次の見直し日")
                % {"day": format_short(earlier.carry_review_on or today())},
                required=False,
                not_past=True,
                help_text=_("%(text)s　書かなければ、見直し日で終わります。")
                % {"text": earlier.carry_text},
                widget=forms.TextInput(attrs={"class": "date"}),
            )
        choices = [(d.value, d.label) for d in enums.DECISIONS[item.agenda_type]]
        self.offer("decision", choices)
        if item.agenda_type == AgendaType.PLAN_ADEQUACY:
            self.fields["next_review_on"].label = _("次回モニタリング")
        if enums.Decision.ROLES in enums.DECISIONS[item.agenda_type]:
            self.offer("carry_members", people)
        else:
            for name in ("carry_text", "carry_members", "carry_review_on"):
                del self.fields[name]
        if item.agenda_type == AgendaType.CLOSURE_EVALUATION:
            self.offer("lead_agency_after", [("", "－"), *agencies])
        else:
            del self.fields["lead_agency_after"]

    def clean(self) -> dict[str, Any]:
        """持ち出し needs its three parts: said beside the field that lacks."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("decision") == enums.Decision.ROLES:
            for name, words in (
                ("carry_text", _("持ち出す内容を書いてください。")),
                ("carry_members", _("持ち出す相手を選んでください。")),
                ("carry_review_on", _("持ち出しの見直し日を入れてください。")),
            ):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, words)
        return cleaned


class LineForm(KasaneForm):
    """A line of 議事メモ."""

    line = SafeText(
        label=_("メモを書く"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("書くそばから保存され、議題を見る人の画面に出ます。"),
    )
    form_key = IdempotencyKey()
