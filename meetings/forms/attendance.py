"""出欠 of the day: who is there, and the times of who came late or left."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.clock import ClockField
from config.lib.forms import KasaneForm, SafeLine
from meetings import enums
from meetings.members import Member

A = enums.Attendance


@dataclass(frozen=True)
class There:
    """What was recorded of one member: `key` as in `meetings.members`."""

    key: str
    attendance: str
    arrived_at: datetime.datetime | None
    left_at: datetime.datetime | None


class AttendanceForm(KasaneForm):
    """Three fields a member, and somebody else by name.

    Several people have the page open: each field carries what it showed, so that only what was
    changed here is written, over what stands by now. day: of the sitting, for the times typed.
    """

    def __init__(
        self,
        *args: Any,
        members: Sequence[Member],
        day: datetime.date,
        by_name: bool,
        is_running: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.members, self.day, self.is_running = list(members), day, is_running
        choices = [("", "－"), *A.choices]
        for member in self.members:
            self.add(
                member.key,
                forms.ChoiceField(
                    label=member.who,
                    choices=choices,
                    required=False,
                    initial=member.attendance,
                    show_hidden_initial=True,
                ),
            )
            for name, label, at in (
                ("came", _("来た時刻"), member.arrived_at),
                ("left", _("帰った時刻"), member.left_at),
            ):
                self.add(
                    f"{name}_{member.key}",
                    ClockField(
                        label=label,
                        required=False,
                        initial=timezone.localtime(at).time() if at else None,
                        show_hidden_initial=True,
                        widget=forms.TextInput(attrs={"class": "in-xs"}),
                    ),
                )
        if by_name:
            self.add(
                "name",
                SafeLine(label=_("ほかに出席した人（本人・家族など）"), required=False, limit=100),
            )

    def lines(self) -> list[dict[str, Any]]:
        """The fields of each member, and the one press that fits where they are."""
        return [
            {
                "who": member.who,
                "attendance": self[member.key],
                "came": self[f"came_{member.key}"],
                "left": self[f"left_{member.key}"],
                "press": f"{'left' if member.is_there else 'came'}:{member.key}",
                "label": self._label(member),
                "is_open": any(f"{n}_{member.key}" in self.errors for n in ("came", "left")),
            }
            for member in self.members
        ]

    def _label(self, member: Member) -> str:
        if not self.is_running:
            return ""
        if member.is_there:
            return str(_("いま帰った"))
        return str(_("もどった") if member.left_at else _("いま来た"))

    def other(self) -> forms.BoundField | None:
        """Somebody by name, where that may be."""
        return self["name"] if "name" in self.fields else None

    def clean(self) -> dict[str, Any]:
        """Each sentence beside its field."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for member in self._changed():
            came, left = f"came_{member.key}", f"left_{member.key}"
            if {member.key, came, left} & set(self.errors):
                continue
            there = self._there(member)
            if not there.attendance:
                self.add_error(
                    member.key, _("記録した出欠は消せません。来なかった人は「欠席」にします。")
                )
            elif data[member.key] == A.ABSENT and self._typed(came, left):
                field = came if data[came] else left
                self.add_error(field, _("欠席の人には、来た時刻も帰った時刻も入れません。"))
            elif there.arrived_at and there.arrived_at > timezone.now():
                self.add_error(came, _("来た時刻は、いまより前の時刻にしてください。"))
            elif there.left_at and there.left_at > timezone.now():
                self.add_error(left, _("帰った時刻は、いまより前の時刻にしてください。"))
            elif there.arrived_at and there.left_at and there.left_at < there.arrived_at:
                self.add_error(left, _("帰った時刻は、来た時刻よりあとにしてください。"))
        return data

    def rows(self) -> list[There]:
        """What was changed, of a form that is valid."""
        return [self._there(member) for member in self._changed()]

    def _changed(self) -> list[Member]:
        changed = set(self.changed_data)
        return [m for m in self.members if {m.key, f"came_{m.key}", f"left_{m.key}"} & changed]

    def _typed(self, *names: str) -> bool:
        """Whether one of these times was typed here."""
        return any(name in self.changed_data and self.cleaned_data[name] for name in names)

    def _there(self, member: Member) -> There:
        """What this page changed, over what stands."""
        chosen = member.attendance
        if member.key in self.changed_data:
            chosen = self.cleaned_data[member.key]
        came = self._at(f"came_{member.key}", member.arrived_at)
        left = self._at(f"left_{member.key}", member.left_at)
        if chosen == A.ABSENT:
            return There(member.key, chosen, None, None)
        if not chosen and not member.attendance and (came or left):
            chosen = A.PRESENT  # whoever came at a time was there
        return There(member.key, chosen, came, left)

    def _at(self, name: str, standing: datetime.datetime | None) -> datetime.datetime | None:
        if name not in self.changed_data:
            return standing
        typed = self.cleaned_data[name]
        if typed is None:
            return None
        return datetime.datetime.combine(self.day, typed, timezone.get_current_timezone())
