"""What is typed into a note (支援経過記録): its words, whole or in parts, and what is next.

Nothing here is a draft: a note that is saved is final and corrected with a reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Membership
from cases import enums, noteparts
from cases.forms.attachments import FilesForm
from cases.forms.moments import CorrectedMoment, MomentFields
from cases.forms.records import (
    AboutForm,
    asks_my_number,
    audience_field,
    method_field,
    minutes_field,
    not_my_number_field,
    result_field,
)
from cases.operations.handover import colleague
from config.lib.forms import (
    TEXT_LIMIT,
    Conflict,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    LongSelect,
    SafeLine,
    SafeText,
)
from config.lib.text import is_too_long

ANYBODY: Final = "agency"
PART: Final = "part_"
# Short fields that stand beside another.
BESIDE: Final = {
    "next_for": "next_due_on", "at": "on", "place": "with_whom", "minutes": "result",
}  # fmt: skip
# Asked when it is wanted: open where something stands that is not what it begins with.
FOLDS: Final = (
    (_("相手・場所・会えたか・かかった時間"), ("with_whom", "place", "result", "minutes")),
    (_("次にすること・いつまでに"), ("next_step", "next_due_on", "next_for")),
    (_("添付ファイル"), ("attachments",)),
    (
        _("情報の種類・だれに向けて書くか（選ばなければ、支援経過を支援チームに）"),
        ("category", "audience"),
    ),
)


@dataclass(frozen=True)
class Fold:
    """Fields behind one line of the form."""

    title: str
    rows: list[list[forms.BoundField]]
    is_open: bool


def in_rows(fields: Sequence[forms.BoundField]) -> list[list[forms.BoundField]]:
    """Each field with those that stand beside it."""
    rows: list[list[forms.BoundField]] = []
    for field in fields:
        if rows and rows[-1][-1].name == BESIDE.get(field.name):
            rows[-1].append(field)
        else:
            rows.append([field])
    return rows


def stands_out(field: forms.BoundField) -> bool:
    """Whether something is wrong here, or stands that the form does not begin with."""
    return bool(field.errors) or (field.value() or "") != (field.field.initial or "")


class WordsForm(KasaneForm):
    """The words of a note: free, or in the parts of a way of writing. One text comes out."""

    text = SafeText(
        label=_("内容"),
        widget=forms.Textarea({"class": "tall"}),
        help_text=_("事実と、あなたの見立てを分けて書くと、あとで読む人に伝わります。"),
    )
    way = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = dict(kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        written = str(self.initial.get("text") or "")
        asked = self.data.get("way", "") if self.is_bound else self.initial.get("way")
        way = noteparts.split(written)[0] if asked is None else str(asked)
        self.style: str = way if way in noteparts.WAYS else ""
        self.initial["way"] = self.style
        if not self.style:
            return
        del self.fields["text"]
        for key, heading in noteparts.WAYS[self.style].items():
            field = SafeText(label=heading, required=False, help_text=noteparts.HINTS[key])
            self.add(PART + key, field)
        self.initial.update(self._by_field(written))
        order = [
            name
            for listed in self.field_order or ["text"]
            for name in ([*self.words_names] if listed == "text" else [listed])
        ]
        self.order_fields(order)

    def _by_field(self, text: str) -> dict[str, str]:
        parts = noteparts.moved(text, self.style)
        return {PART + key: parts.get(key, "") for key in noteparts.WAYS[self.style]}

    @property
    def words_names(self) -> list[str]:
        """The fields in which the words are typed."""
        return [PART + key for key in noteparts.WAYS[self.style]] if self.style else ["text"]

    @property
    def layout(self) -> dict[str, Any]:
        """The visible fields for the page: in rows around the words, and what is folded."""
        fields = [f for f in self.visible_fields() if f.name != "not_my_number"]
        names = [field.name for field in fields]
        first = names.index(self.words_names[0])
        last = first + len(self.words_names)
        folded = {name for _title, listed in FOLDS for name in listed}
        return {
            "before": in_rows(fields[:first]),
            "words": fields[first:last],
            "folds": [
                Fold(str(title), in_rows(inside), any(map(stands_out, inside)))
                for title, listed in FOLDS
                if (inside := [field for field in fields if field.name in listed])
            ],
            "after": in_rows([field for field in fields[last:] if field.name not in folded]),
        }

    @property
    def ways(self) -> list[tuple[str, str, bool]]:
        """Ways of writing to choose from: key, name, whether it is the present one."""
        return [(key, str(name), key == self.style) for key, name in noteparts.WAY_NAMES.items()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.style and not any(self.has_error(name) for name in self.words_names):
            text = self.whole_text()
            if not text:
                self.add_error(self.words_names[0], _("内容を、どれか一つの欄には入れてください。"))
            elif is_too_long(text, TEXT_LIMIT):
                self.add_error(
                    self.words_names[0],
                    _("内容は、全部あわせて%(limit)s文字以内で入れてください。")
                    % {"limit": f"{TEXT_LIMIT:,}"},
                )
        return data

    def whole_text(self) -> str:
        """What was typed, as one text."""
        if not self.style:
            return str(self.cleaned_data["text"])
        parts = {key: self.cleaned_data.get(PART + key, "") for key in noteparts.WAYS[self.style]}
        return noteparts.compose(self.style, parts)

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)


class NextStepFields(KasaneForm):
    """次にすること, by when and for whom: a task of one's own agency."""

    next_step = SafeLine(
        label=_("次にすること"),
        limit=200,
        required=False,
        help_text=_("書くと、あなたの機関の「今日の仕事」に出ます。"),
    )
    next_due_on = EraDateField(
        label=_("いつまでに"), required=False, widget=forms.TextInput({"class": "date"})
    )
    next_for = forms.ChoiceField(label=_("だれがするか"), required=False, widget=LongSelect)

    def __init__(
        self,
        *args: Any,
        colleagues: Iterable[tuple[uuid.UUID, str]],
        me: Membership,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.me = me
        self.offer("next_for", [("", _("自分")), (ANYBODY, _("機関のだれか")), *colleagues])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("next_due_on") and not data.get("next_step") and "next_step" in data:
            self.add_error(
                "next_step", _("いつまでにを入れたときは、次にすることも入れてください。")
            )
        return data

    def task(self) -> dict[str, Any]:
        """Until when and for whom; nobody in particular is the agency."""
        chosen = self.cleaned_data["next_for"]
        who: Membership | None = self.me
        if chosen:
            who = None if chosen == ANYBODY else colleague(self.me, chosen)
        return {"next_due_on": self.cleaned_data["next_due_on"], "next_for": who}


NOTE_WORDS: Final = ("method", "with_whom", "place", "result", "minutes", "next_step")


class NoteForm(WordsForm, NextStepFields, MomentFields, AboutForm, FilesForm):
    """支援経過記録."""

    form_key = IdempotencyKey()
    method = method_field()
    with_whom = SafeLine(label=_("相手"), limit=100, required=False)
    place = SafeLine(label=_("場所"), limit=100, required=False)
    result = result_field()
    minutes = minutes_field()
    category = forms.ChoiceField(
        label=_("情報の種類"),
        choices=enums.Category.choices,
        initial=enums.Category.PROGRESS,
        help_text=_(
            "同意は種類ごとに得ています。健康や家計の詳しい内容は、その種類を選ぶと、"
            "その種類に同意した相手だけが読めます。"
        ),
    )
    audience = audience_field()
    not_my_number = not_my_number_field()

    field_order = [
        "way",
        "method",
        "about",
        "text",
        "on",
        "at",
        "with_whom",
        "place",
        "result",
        "minutes",
        "next_step",
        "next_due_on",
        "next_for",
        "attachments",
        "category",
        "audience",
        "not_my_number",
    ]

    def __init__(self, *args: Any, hints: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        self.offer("category", [c for c in enums.Category.choices if c[0] != "plan"])

    def words(self) -> dict[str, Any]:
        """What the note says, for the operation."""
        facts = {name: self.cleaned_data[name] for name in NOTE_WORDS}
        return {"text": self.whole_text(), **facts, **self.task()}


class NoteEditForm(WordsForm, NextStepFields, CorrectedMoment, FilesForm):
    """Correct a note with a reason, or attach to it: never whom it is about or who may read it."""

    method = method_field()
    with_whom = SafeLine(label=_("相手"), limit=100, required=False)
    place = SafeLine(label=_("場所"), limit=100, required=False)
    result = result_field()
    minutes = minutes_field()
    reason = SafeLine(
        label=_("直した理由"),
        limit=200,
        required=False,
        marked=True,
        help_text=_(
            "記録のことばや日時を直すときは必ず書きます。前の版と理由が残ります。"
            "ファイルを足すだけ、期限や担当を変えるだけなら、要りません。"
        ),
    )
    not_my_number = not_my_number_field()

    field_order = [
        "version", "way", "method", "on", "at", "text", "with_whom", "place", "result", "minutes",
        "next_step", "next_due_on", "next_for", "attachments", "reason",
    ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("reason") and self.corrects():
            self.add_error(
                "reason", _("記録のことばか日時を直しています。直した理由を入れてください。")
            )
        return data

    def corrects(self) -> bool:
        """Whether what the note says, or when it was, is other than what was shown: the rest is no
        correction."""
        facts: dict[str, Any] = {name: self.cleaned_data[name] for name in NOTE_WORDS}
        facts["text"] = self.whole_text()
        return self.moves() or any(v != self.initial.get(name) for name, v in facts.items())

    def check_version(self, instance: Any) -> bool:
        is_current = super().check_version(instance)
        if not is_current:
            self.ask_for_files_again()
        return is_current

    def conflicts(self, instance: Any) -> list[Conflict]:
        """Part by part, where it is written in parts."""
        if self.style:
            for name, value in self._by_field(instance.text).items():
                setattr(instance, name, value)
        return super().conflicts(instance)

    def words(self) -> dict[str, Any]:
        """What the note is to say, for the operation."""
        facts = {name: self.cleaned_data[name] for name in NOTE_WORDS}
        return {"text": self.whole_text(), **facts, **self.task()}


class TemplateForm(KasaneForm):
    """定型文: a name to choose it by, and the words put into a note."""

    name = SafeLine(label=_("名前"), limit=60, help_text=_("選ぶときに出る名前です。"))
    text = SafeText(
        label=_("文"),
        limit=4_000,
        help_text=_(
            "「【事実】」などの見出しから始めると、分けて書く形になります。人の名前は書きません。"
        ),
        widget=forms.Textarea({"class": "tall"}),
    )


def as_typed(form_class: type[KasaneForm], data: Any) -> dict[str, Any]:
    """What was typed so far, to show the form again without judging it."""
    found: dict[str, Any] = {
        name: field.widget.value_from_datadict(data, {}, name)
        for name, field in form_class.base_fields.items()
        if name in data
    }
    found.pop("attachments", None)
    return found


def typed_text(data: Any) -> str:
    """The words typed so far, as one text, in whatever way."""
    way = data.get("way", "")
    if way not in noteparts.WAYS:
        return str(data.get("text", ""))
    parts = {key: str(data.get(PART + key, "")) for key in noteparts.WAYS[way]}
    return noteparts.compose(way, parts)


def key_or_none(text: str) -> uuid.UUID | None:
    """A key that was sent, if it is one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
