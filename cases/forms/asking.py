"""Whom a record is shown to: 知らせる, 供覧."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from config.lib.forms import IdempotencyKey, KasaneForm

Choices = list[tuple[str, str]]


class AskForm(KasaneForm):
    """Whom to show a record: up to six people, one after the other or all at once."""

    MOST = 6

    batch = IdempotencyKey()
    how = forms.ChoiceField(label=_("どのように"))

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, Sequence[Membership]]],
        own_agency: int | None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.people = {str(m.pk): m for _agency, members in people for m in members}
        self.own_agency = own_agency
        self.offer("how", HOW)
        if any(m.agency_id != own_agency for m in self.people.values()):
            self.fields["how"].help_text = _(
                "ほかの機関の人には「知らせる」だけが使えます。供覧は、自分の機関の人に回します。"
            )
        groups = [self._group(agency, members) for agency, members in people]
        for number in range(1, self.MOST + 1):
            field = forms.ChoiceField(
                label=_("%(n)s人目") % {"n": number},
                required=number == 1,
                choices=[("", "—"), *groups],
                error_messages={
                    "required": _("見てもらう人を、1人は選んでください。"),
                    "invalid_choice": _("この記録を見てもらえる人の中から選んでください。"),
                },
            )
            self.add(f"person_{number}", field)

    def _group(self, agency: str, members: Sequence[Membership]) -> tuple[str, Choices]:
        """One's own agency, or another, which then stands beside each of its people too: a list
        that is closed again shows the choice without its heading."""
        if all(m.agency_id == self.own_agency for m in members):
            own = [(str(m.pk), f"{m.user}（{m.role_name}）") for m in members]
            return _("自分の機関（%(agency)s）") % {"agency": agency}, own
        others = [(str(m.pk), f"{m.user}（{agency}　{m.role_name}）") for m in members]
        return _("ほかの機関（%(agency)s）") % {"agency": agency}, others

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        names = [f"person_{number}" for number in range(1, self.MOST + 1)]
        seen: set[str] = set()
        for name in names:
            key = data.get(name, "")
            if key and key in seen:
                self.add_error(
                    name,
                    _("同じ人が二度選ばれています。片方を別の人にするか、選ばずに空けてください。"),
                )
            seen.add(key)
            is_other = key in self.people and self.people[key].agency_id != self.own_agency
            if is_other and data.get("how") not in ("", None, "mention"):
                self.add_error(
                    name,
                    _(
                        "供覧に回せるのは、自分の機関の人だけです。ほかの機関の人には「知らせる」を使います。"
                    ),
                )
        return data

    def chosen(self) -> list[Membership]:
        """In the order in which they are to see it."""
        keys = [self.cleaned_data[f"person_{n}"] for n in range(1, self.MOST + 1)]
        return [self.people[key] for key in keys if key]


HOW: Final = [
    ("mention", _("知らせる（見てもらうだけ）")),
    ("together", _("供覧：一度に回す（それぞれが確認する）")),
    ("in_turn", _("供覧：1人ずつ、上から順に回す")),
]
