"""出欠: the answer of whoever was asked, and who else takes part in an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from config.lib.forms import ChoiceCards, KasaneForm, NameField, SafeLine
from meetings import enums
from meetings.members import Member
from meetings.models import AgendaItem
from meetings.operations import Noted, Reply


class AnswerForm(KasaneForm):
    """One answer for all the items one was asked for, or another for some of them."""

    answer = forms.ChoiceField(
        label=_("出欠"), required=False, choices=enums.Answer.choices, widget=ChoiceCards
    )
    remark = SafeLine(
        label=_("申し送り"),
        required=False,
        limit=200,
        help_text=_("例：担当が代わります。議題を見る機関が読みます。個人のことは書きません。"),
    )

    def __init__(
        self, *args: Any, items: Sequence[AgendaItem], said: dict[UUID, Member], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.items = list(items)
        answers = {said[item.pk].answer if item.pk in said else "" for item in self.items}
        whole = answers.pop() if len(answers) == 1 else ""
        self.fields["answer"].initial = whole
        if len(self.items) > 1:
            self.fields["answer"].label = _("すべての議題の出欠")
            # 「この議題のみ」 is said of one.
            self.offer("answer", [c for c in enums.Answer.choices if c[0] != enums.Answer.PARTIAL])
        remarks = {m.remark for item in self.items if (m := said.get(item.pk)) and m.remark}
        self.fields["remark"].initial = next(iter(sorted(remarks)), "")
        if all(item.is_secret for item in self.items):
            del self.fields["remark"]
        for item in self.items:
            mine = said.get(item.pk)
            if len(self.items) > 1:
                self.add(
                    f"answer_{item.pk}",
                    forms.ChoiceField(
                        label=say("出欠（%(title)s）") % {"title": item.title},
                        required=False,
                        choices=[("", _("上と同じ")), *enums.Answer.choices],
                        initial="" if whole or mine is None else mine.answer,
                    ),
                )
            self.add(
                f"conflict_{item.pk}",
                forms.BooleanField(
                    label=_("この議題に利害関係がある（決定に加わらない）")
                    if len(self.items) == 1
                    else say("「%(title)s」に利害関係がある（決定に加わらない）")
                    % {"title": item.title},
                    required=False,
                    initial=mine is not None and mine.has_conflict,
                ),
            )

    def each(self) -> list[dict[str, Any]]:
        """The fields of each item."""
        return [
            {
                "title": item.title,
                "answer": self[f"answer_{item.pk}"] if len(self.items) > 1 else None,
                "conflict": self[f"conflict_{item.pk}"],
            }
            for item in self.items
        ]

    def clean(self) -> dict[str, Any]:
        """Every item has an answer."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for item in self.items:
            if data.get("answer") or data.get(f"answer_{item.pk}"):
                continue
            if {"answer", f"answer_{item.pk}"} & set(self.errors):
                continue
            if len(self.items) == 1 or not any(data.get(f"answer_{i.pk}") for i in self.items):
                self.add_error("answer", _("出欠を選んでください。"))
                break
            self.add_error(
                f"answer_{item.pk}",
                say("「%(title)s」の出欠を選んでください。") % {"title": item.title},
            )
        return data

    def replies(self) -> list[Reply]:
        """What was answered, of a form that is valid."""
        data = self.cleaned_data
        return [
            Reply(
                item=item.pk,
                answer=data.get(f"answer_{item.pk}") or data["answer"],
                has_conflict=data[f"conflict_{item.pk}"],
                remark="" if item.is_secret else data.get("remark", ""),
            )
            for item in self.items
        ]


class NotedForm(KasaneForm):
    """What is noted of an item's members: the answers of people by name, of agencies and of the
    appointed as told by telephone, anybody's 利害関係.

    Whoever is asked may answer meanwhile: each field carries what it showed, so that only what was
    changed here is written. may_answer, may_tell: of people by name, of whoever answers themself.
    """

    def __init__(
        self,
        *args: Any,
        members: Iterable[Member],
        may_answer: bool,
        may_tell: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.members = list(members)
        for member in self.members:
            told = may_tell and member.is_asked and member.is_pledged
            if may_answer if member.is_by_name else told:
                self.add(
                    f"answer_{member.key}",
                    forms.ChoiceField(
                        label=say("出欠（%(who)s）") % {"who": member.who},
                        required=False,
                        choices=[("", _("未回答")), *enums.Answer.choices],
                        initial=member.answer,
                        show_hidden_initial=True,
                    ),
                )
            self.add(
                f"conflict_{member.key}",
                forms.BooleanField(
                    label=say("利害関係がある（%(who)s）") % {"who": member.who},
                    required=False,
                    initial=member.has_conflict,
                    show_hidden_initial=True,
                ),
            )

    def field(self, name: str, member: Member) -> forms.BoundField | None:
        """A member's bound field, where there is one."""
        return self[f"{name}_{member.key}"] if f"{name}_{member.key}" in self.fields else None

    def rows(self) -> list[Noted]:
        """What was noted, of a form that is valid."""
        changed, data = set(self.changed_data), self.cleaned_data
        return [
            Noted(
                key=member.key,
                has_conflict=data[conflict] if conflict in changed else member.has_conflict,
                answer=data[answer] if answer in changed else None,
            )
            for member in self.members
            if {answer := f"answer_{member.key}", conflict := f"conflict_{member.key}"} & changed
        ]


class NameMemberForm(KasaneForm):
    """出席する人を加える: who, as what."""

    kind = forms.ChoiceField(label=_("種別"), choices=enums.MemberKind.choices, widget=ChoiceCards)
    person = forms.ChoiceField(label=_("本人（この議題の人）"), required=False, widget=ChoiceCards)
    name = NameField(label=_("氏名"), required=False, help_text=_("本人のときは、上で選びます。"))
    organisation = SafeLine(
        label=_("所属・立場"),
        required=False,
        limit=100,
        help_text=_("例：民生委員（東地区）、長女"),
    )

    def __init__(self, *args: Any, persons: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if persons:
            self.offer("person", persons)
        else:
            del self.fields["person"]
            others = [c for c in enums.MemberKind.choices if c[0] != enums.MemberKind.PERSON]
            self.offer("kind", others)
            self.fields["name"].help_text = ""

    def clean(self) -> dict[str, Any]:
        """本人 is one of the item's persons; everybody else has a name."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        kind, wanted = data.get("kind"), ("name", _("氏名を入れてください。"))
        if kind == enums.MemberKind.PERSON and "person" in self.fields:
            wanted = ("person", _("どの人が出席するか選んでください。"))
        name, words = wanted
        if kind and not data.get(name) and name not in self.errors:
            self.add_error(name, words)
        return data
