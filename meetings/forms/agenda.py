"""次第を組む: for each item how long, from when, and who presents it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from config.lib.clock import ClockField
from config.lib.forms import KasaneForm, VersionField
from meetings.agenda import Choices, hour
from meetings.models import AgendaItem
from meetings.operations import Planned

LONGEST = 480


def _minutes(title: str) -> forms.IntegerField:
    sentence = say("「%(title)s」の所要時間（分）は、1から480までの数字で入れてください。")
    sentence %= {"title": title}
    return forms.IntegerField(
        label=_("所要時間（分）"),
        required=False,
        min_value=1,
        max_value=LONGEST,
        error_messages={"invalid": sentence, "min_value": sentence, "max_value": sentence},
        widget=forms.TextInput({"class": "in-xs", "inputmode": "numeric"}),
    )


class AgendaForm(KasaneForm):
    """Four fields an item, each with its own version: two offices may have the page open."""

    def __init__(
        self,
        *args: Any,
        items: Sequence[AgendaItem],
        presenters: Mapping[UUID, Choices],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = list(items)
        for item in self.items:
            known = presenters[item.pk]
            chosen = str(item.presenter_id or "")
            if chosen and chosen not in dict(known):  # has left the item's people since
                known = [(chosen, say("いまの発表者（議題に参加していません）")), *known]
            clock = ClockField(
                label=_("開始時刻"),
                required=False,
                widget=forms.TextInput(attrs={"class": "in-xs"}),
            )
            minutes = _minutes(item.title)
            minutes.initial, clock.initial = item.planned_minutes, item.begins_at
            self.add(f"minutes_{item.pk}", minutes)
            self.add(f"begins_{item.pk}", clock)
            self.add(
                f"presenter_{item.pk}",
                forms.ChoiceField(
                    label=_("発表する人"),
                    required=False,
                    choices=[("", "－"), *known],
                    initial=chosen,
                ),
            )
            self.add(f"version_{item.pk}", VersionField(initial=item.version))

    def row(self, item: AgendaItem) -> dict[str, Any]:
        """The bound fields of an item."""
        names = ("minutes", "begins", "presenter", "version")
        return {name: self[f"{name}_{item.pk}"] for name in names}

    def rows(self) -> list[Planned]:
        """What was typed, of a form that is valid."""
        data = self.cleaned_data
        return [
            Planned(
                item=item.pk,
                version=data[f"version_{item.pk}"],
                minutes=data[f"minutes_{item.pk}"],
                begins_at=data[f"begins_{item.pk}"],
                presenter=UUID(key) if (key := data[f"presenter_{item.pk}"]) else None,
            )
            for item in self.items
        ]

    def note_stale(self, saved: Sequence[AgendaItem]) -> None:
        """Somebody else saved first: say beside each such item what stands now, and keep what was
        typed. The hidden versions become the present ones: to save again is a decision."""
        data: Any = copy.copy(self.data)  # a QueryDict's copy can be written to
        for item in saved:
            name = f"version_{item.pk}"
            if self.cleaned_data.get(name) in (None, item.version):
                continue
            data[name] = str(item.version)
            self.add_error(f"minutes_{item.pk}", _standing(item, self))
        self.data = data
        self.add_error(
            None,
            say(
                "ほかの人が先に次第を変えました。入力した内容はまだ保存されていません。"
                "いまの記録と見くらべて、よければもう一度保存してください。"
            ),
        )


def _standing(item: AgendaItem, form: AgendaForm) -> str:
    """「いまの記録：30分、14:20、架空 花子（機関）」."""
    presenter = cast("forms.ChoiceField", form.fields[f"presenter_{item.pk}"])
    known = dict(cast("Iterable[tuple[str, str]]", presenter.choices))
    minutes = (
        say("%(m)s分") % {"m": item.planned_minutes} if item.planned_minutes else say("時間なし")
    )
    who = known.get(str(item.presenter_id or ""), "")
    parts = [minutes, hour(item.begins_at) or say("開始時刻なし"), str(who).replace("－", "")]
    return say("いまの記録：%(now)s") % {"now": "、".join(part for part in parts if part)}
