"""Filters of これまで, and the words looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.timeline import Wish
from config.lib.forms import EraDateField, KasaneForm, SafeLine


def _choice(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False)


class TimelineForm(KasaneForm):
    """What, about whom, by whom, from when until when, which words."""

    words = SafeLine(label=_("ことば"), limit=100, required=False, declared_by=None)
    kind = _choice(_("記録の種類"))
    person = _choice(_("だれについて"))
    category = _choice(_("情報の種類"))
    agency = _choice(_("書いた機関"))
    since = EraDateField(label=_("いつから"), required=False)
    until = EraDateField(label=_("いつまで"), required=False)
    is_new = forms.BooleanField(label=_("前に見たときより新しい記録だけ"), required=False)
    steps = forms.BooleanField(
        label=_("済んでいない「次にすること」があるものだけ"), required=False
    )

    def __init__(
        self, *args: Any, choices: Mapping[str, Sequence[tuple[str, str]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in choices.items():
            self.offer(name, [("", _("すべて")), *offered])

    def wish(self) -> Wish:
        """What was chosen; a filter with an error filters nothing, and says so."""
        if not self.is_bound:
            return Wish()
        self.is_valid()
        data = self.cleaned_data
        return Wish(
            kind=data.get("kind", ""),
            person=data.get("person", ""),
            category=data.get("category", ""),
            agency=int(data["agency"]) if data.get("agency") else None,
            since=data.get("since"),
            until=data.get("until"),
            is_new=bool(data.get("is_new")),
            steps=bool(data.get("steps")),
            words=data.get("words", ""),
        )

    def chosen(self) -> dict[str, str]:
        """The filters as they were typed, for the address of what is older."""
        return {
            name: str(self.data[name])
            for name in self.fields
            if self.is_bound and self.data.get(name)
        }
