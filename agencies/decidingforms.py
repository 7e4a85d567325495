"""Input of a 決裁: what one does with what waits, for whom, and what stands on paper."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from agencies.deciding import Act, Post, holders
from agencies.enums import DecisionAct
from agencies.models import Membership
from config.lib.forms import ChoiceCards, EraDateField, KasaneForm, SafeLine, SafeText

HINTS: dict[str, Any] = {
    DecisionAct.PROXY: _("不在の人に代わって決裁します。その人は、あとで確かめます（後閲）。"),
    DecisionAct.RETURN: _("理由を書いて、起案した人にもどします。"),
    DecisionAct.PAPER: _("紙で決裁を受けたとき、その番号と日付を登録します。"),
}


class ActForm(KasaneForm):
    """決裁・代決・差し戻し・紙決裁済. `post`: whose turn it is, where the city lays down posts."""

    act = forms.ChoiceField(
        label=_("どうするか"), widget=ChoiceCards(hints=HINTS), initial=DecisionAct.DECIDE
    )
    note = SafeText(
        label=_("意見・理由"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("差し戻すときと代決のときは、必ず書きます。"),
    )
    absent = forms.ChoiceField(label=_("だれの代わりか（代決）"), required=False)
    paper_number = SafeLine(label=_("紙の決裁：文書番号"), required=False, limit=60)
    paper_on = EraDateField(
        label=_("紙の決裁：決裁日"),
        required=False,
        not_future=True,
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    paper_signers = SafeLine(
        label=_("紙の決裁：決裁した人"), required=False, help_text=_("例：課長、部長（専決）")
    )

    def __init__(
        self,
        *args: Any,
        by: Membership,
        post: Post | None,
        decide: str,
        is_turn: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(m.pk): m for m in holders(by, post)} if post else {}
        words = {DecisionAct.DECIDE: decide} if is_turn else {}
        if self.people:
            words[DecisionAct.PROXY] = say("代決する")
        if is_turn:
            words[DecisionAct.RETURN] = say("差し戻す")
        words[DecisionAct.PAPER] = say("紙で決裁済み")
        self.offer("act", [(act.value, label) for act, label in words.items()])
        if not is_turn:
            self.initial["act"] = next(iter(words)).value
        if self.people:
            people = [(key, f"{m.user}（{m.role_name}）") for key, m in self.people.items()]
            self.offer("absent", [("", "－"), *people])
        else:
            del self.fields["absent"]

    def clean(self) -> dict[str, Any]:
        """What the chosen way needs, said beside the field that lacks."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        wanted: dict[str, Any] = {
            DecisionAct.RETURN: {"note": _("差し戻す理由を書いてください。")},
            DecisionAct.PROXY: {
                "absent": _("だれの代わりかを選んでください。"),
                "note": _("代決する理由（不在の事情）を書いてください。"),
            },
            DecisionAct.PAPER: {
                "paper_number": _("文書番号を入れてください。"),
                "paper_on": _("決裁日を入れてください。"),
                "paper_signers": _("決裁した人を入れてください。"),
            },
        }.get(cleaned.get("act", ""), {})
        for name, sentence in wanted.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, sentence)
        return cleaned

    def chosen(self) -> Act:
        """As the operations take it; what another way asks for is left out."""
        data = self.cleaned_data
        paper = data["act"] == DecisionAct.PAPER
        is_proxy = data["act"] == DecisionAct.PROXY
        return Act(
            act=data["act"],
            note=data["note"],
            absent=self.people.get(data.get("absent", "")) if is_proxy else None,
            paper_number=data["paper_number"] if paper else "",
            paper_on=data["paper_on"] if paper else None,
            paper_signers=data["paper_signers"] if paper else "",
        )
