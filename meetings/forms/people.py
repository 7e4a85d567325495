"""指名, 誓約 and the secretariat list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.eras import today
from config.lib.forms import ChoiceCards, EraDateField, KasaneForm, NameField, SafeLine


class DecidedForm(KasaneForm):
    """指名 rests on a decision of the host's head: who, and on which day."""

    head = forms.ChoiceField(label=_("指名を決めた人（主催機関の長）"), widget=ChoiceCards)
    decided_on = EraDateField(
        label=_("決めた日"),
        not_future=True,
        help_text=_("決裁の日です。"),
        widget=forms.TextInput(attrs={"class": "date"}),
    )

    def __init__(self, *args: Any, heads: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("head", heads)
        self.initial.setdefault("decided_on", today())
        if len(heads) == 1:
            self.initial.setdefault("head", heads[0][0])


class AppointForm(DecidedForm):
    """Whom to appoint: people by agency (optgroups)."""

    member = forms.ChoiceField(label=_("指名する人"))

    field_order = ["member", "head", "decided_on"]

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, list[tuple[str, str]]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("member", [("", _("選んでください")), *people])


ON_PAPER, AS_GUEST = "paper", "guest"
WAYS: dict[str, Any] = {
    ON_PAPER: _("画面では何も見ません。誓約書を受け取ったら、日付を登録します。"),
    AS_GUEST: _("この議題だけを画面で見ます。議題が閉じると使えなくなります。"),
}


class PersonForm(DecidedForm):
    """Somebody without an account: on paper, as a guest, or a guest this sitting knows already."""

    known = forms.ChoiceField(
        label=_("だれを指名するか"),
        required=False,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
    )
    name = NameField(label=_("氏名"), required=False)
    organisation = SafeLine(
        label=_("所属・立場"),
        required=False,
        limit=100,
        help_text=_("例：民生委員（東地区）、○○医院 医師"),
    )
    way = forms.ChoiceField(
        label=_("誓約のしかた"),
        initial=ON_PAPER,
        choices=[
            (ON_PAPER, _("紙の誓約書")),
            (AS_GUEST, _("ゲストのアカウント")),
        ],
        widget=ChoiceCards(hints=WAYS),
    )

    field_order = ["known", "name", "organisation", "way", "head", "decided_on"]

    def __init__(self, *args: Any, known: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            self.offer("known", [("", _("新しい人（下に書きます）")), *known])
            self.initial.setdefault("known", "")
        else:
            del self.fields["known"]
            self.fields["name"].required = self.fields["organisation"].required = True

    def clean(self) -> dict[str, Any]:
        """Who is new is named."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("known") and "known" not in self.errors:
            for name, words in (
                ("name", _("氏名を入れてください。")),
                ("organisation", _("所属・立場を入れてください。")),
            ):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, words)
        return cleaned


class PaperPledgeForm(KasaneForm):
    """The day on the signed paper."""

    pledged_on = EraDateField(
        label=_("誓約書の日付"),
        not_future=True,
        help_text=_("例：R8.11.20"),
        widget=forms.TextInput(attrs={"class": "date"}),
    )


class PledgeForm(KasaneForm):
    """The tick under the law's own words."""

    agreed = forms.BooleanField(
        label=_("上の内容を読みました。この会議で知り得た秘密を、会議の外で話しません。")
    )


class AppointedForm(PledgeForm):
    """The same of one item. `sitting`: the one its reader has read of (V6)."""

    sitting = forms.UUIDField(required=False, widget=forms.HiddenInput)


class SecretaryForm(KasaneForm):
    """Whom to put on which body's list, for which 年度."""

    conference_type = forms.ChoiceField(label=_("会議"), widget=ChoiceCards)
    fiscal_year = forms.TypedChoiceField(label=_("年度"), coerce=int, widget=ChoiceCards)
    member = forms.ChoiceField(label=_("名簿に載せる人"))

    def __init__(
        self,
        *args: Any,
        bodies: Sequence[tuple[str, str]],
        years: Sequence[tuple[int, str]],
        people: Sequence[tuple[str, list[tuple[str, str]]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("conference_type", bodies)
        self.offer("fiscal_year", years)
        self.offer("member", [("", _("選んでください")), *people])
        self.initial.setdefault("fiscal_year", years[0][0])
        if len(bodies) == 1:
            self.initial.setdefault("conference_type", bodies[0][0])
