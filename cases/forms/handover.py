"""担当替え: one successor for all, exceptions line by line."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency, Membership
from cases.operations.handover import stale_words
from config.lib.forms import KasaneForm, SafeText

KEEP = "keep"


class HandoverForm(KasaneForm):
    """A field for everybody, and one for each line: empty = like everybody."""

    everybody = forms.ChoiceField(
        label=_("まとめて引き継ぐ人"),
        required=False,
        help_text=_("下で別の人を選んだものをのぞき、すべてこの人に引き継ぎます。"),
    )

    def __init__(
        self,
        *args: Any,
        members: Sequence[Membership],
        lines: Iterable[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        self.members = {str(m.pk): m for m in members}
        super().__init__(*args, **kwargs)
        people = [(key, f"{m.user}　{m.role_name}") for key, m in self.members.items()]
        self.offer("everybody", [("", "―――"), *people])
        self.names = []
        for name, label in lines:
            field = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", _("まとめての人")), (KEEP, _("変えない")), *people],
                error_messages={"invalid_choice": _("表示された中から選んでください。")},
            )
            field.widget.attrs |= {"autocomplete": "off", "aria-label": label}
            self.fields[name] = field
            self.names.append(name)

    def clean(self) -> dict[str, Any]:
        """Everything shown has somebody, or is said to stay."""
        data: dict[str, Any] = super().clean() or {}
        # A line that came up after the page was opened was not looked at: it stays.
        shown = [name for name in self.names if name in self.data]
        if self.posted - set(self.names):
            raise ValidationError(stale_words())
        open_lines = [name for name in shown if not data.get(name)]
        if open_lines and not data.get("everybody") and not self.errors:
            self.add_error("everybody", _("引き継ぐ人を、まとめて選ぶか、1件ずつ選んでください。"))
        elif shown and all(data.get(name) == KEEP for name in shown):
            self.add_error(None, _("引き継ぐものがありません。1件は引き継ぐ人を選んでください。"))
        return data

    def chosen(self, kind: str) -> dict[uuid.UUID, Membership]:
        """Who gets what of a kind (`case`, `task`)."""
        found = {}
        for name in self.names:
            value = self.cleaned_data.get(name) or self.cleaned_data["everybody"]
            if name in self.data and name.startswith(f"{kind}_") and value != KEEP:
                found[uuid.UUID(name.removeprefix(f"{kind}_"))] = self.members[value]
        return found

    @property
    def posted(self) -> set[str]:
        """The lines the page showed when it was sent."""
        return {name for name in self.data if name.startswith(("case_", "task_"))}


class SuccessionForm(KasaneForm):
    """Which agency goes on, and what to tell it."""

    to_agency = forms.ChoiceField(label=_("後継の機関"))
    reason = SafeText(
        label=_("移管の理由・引きつぐこと"),
        limit=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("すべてのケースの依頼に同じ文が付きます。氏名は書かないでください。"),
        error_messages={"required": _("移管の理由を書いてください。")},
    )
    not_my_number = forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )

    def __init__(self, *args: Any, agencies: Sequence[Agency], **kwargs: Any) -> None:
        self.agencies = {str(a.pk): a for a in agencies}
        super().__init__(*args, **kwargs)
        choices = [("", "―――"), *((key, a.name) for key, a in self.agencies.items())]
        self.offer("to_agency", choices)

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return self.has_error("reason", "my_number")

    def agency(self) -> Agency:
        """The agency chosen."""
        return self.agencies[self.cleaned_data["to_agency"]]
