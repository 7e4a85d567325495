"""役割分担 in the sitting: one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import EraDateField, IdempotencyKey, KasaneForm, SafeLine
from plans.models import Goal, SupportItem
from plans.operations import ItemFacts, mark_of_line


class RoleForm(KasaneForm):
    """支援内容 × 実施機関 × 担当者 × 頻度 × 期限, and for which goal."""

    content = SafeLine(
        label=_("支援の内容"),
        limit=400,
        error_messages={"required": _("支援の内容を書いてください。")},
    )
    agency = forms.ChoiceField(
        label=_("実施機関"), error_messages={"required": _("実施機関を選んでください。")}
    )
    worker = SafeLine(label=_("担当者"), limit=100, required=False)
    frequency = SafeLine(label=_("頻度"), limit=100, required=False)
    until = EraDateField(
        label=_("期限"),
        widget=forms.TextInput(attrs={"class": "date"}),
        help_text=_("例：R9.3.8"),
        error_messages={"required": _("期限を入れてください。")},
    )
    goal = forms.TypedChoiceField(label=_("目標"), required=False, coerce=int, empty_value=None)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    line = forms.UUIDField(required=False, widget=forms.HiddenInput)
    form_key = IdempotencyKey()

    def __init__(
        self,
        *args: Any,
        agencies: Sequence[Any],
        goals: Sequence[Goal],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("agency", [("", _("選んでください")), *agencies])
        self.offer("goal", [("", "―"), *((str(n), g.text) for n, g in enumerate(goals))])

    def facts(self) -> ItemFacts:
        """As the operation takes it."""
        data = self.cleaned_data
        return ItemFacts(
            content=data["content"],
            agency=int(data["agency"]),
            until=data["until"],
            worker=data["worker"],
            frequency=data["frequency"],
            goal=data["goal"],
        )


def initial_of_line(line: SupportItem, goals: Sequence[Goal]) -> dict[str, Any]:
    """What the form shows of a line."""
    places = {goal.pk: str(n) for n, goal in enumerate(goals)}
    return {
        "content": line.content,
        "agency": str(line.agency_id),
        "worker": line.worker,
        "frequency": line.frequency,
        "until": line.until,
        "goal": places.get(line.goal_id, "") if line.goal_id else "",
        "seen": mark_of_line(line),
        "line": line.pk,
    }
