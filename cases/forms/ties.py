"""What is typed about a tie: the fields of its kind, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.enums import HOUSEHOLD
from cases.forms.records import audience_field
from cases.models import Person
from cases.operations.ties import FARTHEST, TieFacts
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    SafeLine,
    VersionedForm,
)

# What the two ends are called.
ENDS: dict[str, tuple[Any, Any]] = {
    enums.TieKind.PARENT: (_("親"), _("子")),
    enums.TieKind.COUPLE: (_("ひとり目"), _("ふたり目")),
    enums.TieKind.SIBLING: (_("ひとり目"), _("ふたり目")),
    enums.TieKind.BOND: (_("はじめの人"), _("相手")),
    enums.TieKind.OUTSIDE: (_("だれと"), None),
    enums.TieKind.KEY: (_("キーパーソン"), None),
}
NATURE_LABEL: dict[str, Any] = {
    enums.TieKind.PARENT: _("親子の間がら"),
    enums.TieKind.COUPLE: _("いまの間がら"),
}
FACTS = ("nature", "quality", "flow", "name", "resource", "ended_on")


class _Facts(KasaneForm):
    """What is said of a tie of one kind."""

    nature = forms.ChoiceField(label=_("間がら"), widget=ChoiceCards(attrs={"class": ""}))
    name = SafeLine(
        label=_("名前"),
        limit=60,
        help_text=_("機関・人・場所の名前。例：架空診療所、隣の家、老人クラブ。"),
    )
    resource = forms.ChoiceField(
        label=_("種類"),
        choices=enums.ResourceKind.choices,
        widget=ChoiceCards(attrs={"class": "choices-grid"}),
    )
    quality = forms.ChoiceField(
        label=_("関係のようす"),
        choices=enums.TieQuality.choices,
        initial=enums.TieQuality.PLAIN,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    flow = forms.ChoiceField(
        label=_("向き"),
        choices=enums.TieFlow.choices,
        required=False,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
    )

    def _keep(self, kind: str) -> None:
        """Leave out what a tie of this kind does not say."""
        kept = {"nature"} if kind in enums.NATURES else set()
        if kind in (enums.TieKind.BOND, enums.TieKind.OUTSIDE):
            kept |= {"quality", "flow"}
        if kind == enums.TieKind.OUTSIDE:
            kept |= {"name", "resource"}
            self.offer("flow", [
                ("", _("おたがい（または不明）")),
                ("out", _("世帯の側から、まわりへ")),
                ("in", _("まわりから、世帯の側へ")),
            ])  # fmt: skip
        for name in ("nature", "name", "resource", "quality", "flow"):
            if name not in kept:
                del self.fields[name]
        if kind in enums.NATURES:
            natures = enums.NATURES[kind]
            sentence = _("%(label)sを選んでください。") % {"label": NATURE_LABEL[kind]}
            self.fields["nature"].label = NATURE_LABEL[kind]
            self.fields["nature"].error_messages |= {
                "required": sentence,
                "invalid_choice": sentence,
            }
            self.offer("nature", [(n.value, n.label) for n in natures])
            self.fields["nature"].initial = natures[0]

    def facts(self) -> TieFacts:
        return TieFacts(**{name: self.cleaned_data[name] for name in FACTS if name in self.fields})


class TieForm(_Facts):
    """A new tie."""

    form_key = IdempotencyKey()
    first = forms.ChoiceField(widget=ChoiceCards(attrs={"class": ""}))
    second = forms.ChoiceField(widget=ChoiceCards(attrs={"class": ""}))
    audience = audience_field()
    field_order = ("first", "second")

    def __init__(
        self,
        *args: Any,
        kind: str,
        persons: Sequence[Person],
        hints: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        self.persons = {str(person.pk): person for person in persons}
        super().__init__(*args, **kwargs)
        self._keep(kind)
        self.fields["audience"].widget.hints = dict(hints)
        people = [(key, person.shown_name) for key, person in self.persons.items()]
        one, other = ENDS[kind]
        if kind == enums.TieKind.OUTSIDE:
            people = [(HOUSEHOLD, str(_("世帯全体"))), *people]
            self.fields["first"].initial = HOUSEHOLD
        self._end("first", one, people)
        if other is None:
            del self.fields["second"]
        else:
            self._end("second", other, people)

    def _end(self, name: str, label: Any, people: list[tuple[str, str]]) -> None:
        """Called by its own name, in its messages too."""
        sentence = _("%(label)sを選んでください。") % {"label": label}
        self.fields[name].label = label
        self.fields[name].error_messages |= {"required": sentence, "invalid_choice": sentence}
        self.offer(name, people)

    def person(self, end: str) -> Person | None:
        """Who stands at `first` or `second`; nobody: the household."""
        return self.persons.get(self.cleaned_data.get(end, ""))


class TieEditForm(_Facts, VersionedForm):
    """A correction, or the end of a tie."""

    ended_on = EraDateField(
        label=_("終わった日"),
        required=False,
        not_future=True,
        widget=forms.TextInput({"class": "date"}),
        help_text=_(
            "入れると図から消え、表の「終わったつながり」に残ります。離婚や別居は、終わりではなく間がらで選びます。"
        ),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keep(kind)


class MoveForm(KasaneForm):
    """Where a symbol stands, px (`Placement`)."""

    symbol = forms.ChoiceField(label=_("動かす図形"))
    dx = forms.IntegerField(label=_("右へ"), min_value=-FARTHEST, max_value=FARTHEST)
    dy = forms.IntegerField(label=_("下へ"), min_value=-FARTHEST, max_value=FARTHEST)

    def __init__(self, *args: Any, symbols: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("symbol", list(symbols))
        for name in ("dx", "dy"):
            sentence = _("どれだけ動かすかは、-2000から2000までの数で入れてください。")
            field = self.fields[name]
            field.widget = forms.TextInput({"class": "in-xs", "inputmode": "numeric"})
            for code in ("invalid", "min_value", "max_value", "required"):
                field.error_messages[code] = sentence
