"""What a person answered (V3): to whom, for what, how, until when. And its withdrawal."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Sector
from agencies.models import Agency, ConferenceType, Membership
from cases import enums
from cases.operations.consent import ConsentTerms
from config.lib.eras import today
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    NameField,
    SafeLine,
)

GRID = {"class": "choices-grid"}
ORDER = [sector.value for sector in Sector]
GIVEN = enums.ConsentAnswer.GIVEN


def sector_of(agency: Agency) -> str:
    """The group an agency stands in: its first sector."""
    return agency.sectors[0] if agency.sectors else Sector.OTHER.value


POWER_HELP = gettext_lazy("親権者、成年後見人など。家族というだけでは代理できません。")


def ask_for_proxy(form: KasaneForm, data: dict[str, Any]) -> None:
    """A proxy is named, with the ground of their power."""
    if data.get("method") != enums.ConsentMethod.PROXY:
        return
    if not data.get("proxy_name") and "proxy_name" not in form.errors:
        form.add_error("proxy_name", _("代理人の氏名を入れてください。"))
    if not data.get("proxy_power") and "proxy_power" not in form.errors:
        form.add_error(
            "proxy_power",
            _(
                "代理権の根拠（親権者、成年後見人など）を入れてください。根拠のない家族は代理できません。"
            ),
        )


class ConsentForm(KasaneForm):
    """One person's answer. The agencies stand in the order of their sectors."""

    form_key = IdempotencyKey()
    # Which answer the page showed: nobody replaces one they have not seen.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    answer = forms.ChoiceField(
        label=gettext_lazy("本人の答え"),
        choices=enums.ConsentAnswer.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    agencies = forms.MultipleChoiceField(
        label=gettext_lazy("伝えてよい機関"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy(
            "選んだ機関が支援チームに入ると、選んだ種類の記録が開きます。同意だけではまだ開きません。"
        ),
    )
    conference_types = forms.MultipleChoiceField(
        label=gettext_lazy("会議の構成機関"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy("会議を選ぶと、その会議の常任の構成機関すべてへの同意になります。"),
    )
    exceptions = forms.MultipleChoiceField(
        label=gettext_lazy("知らせたくない機関"),
        required=False,
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy(
            "上で選んだ会議に入っていても、ここで選んだ機関には開きません。選んだことも、その機関には見えません。"
        ),
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("伝えてよい情報の種類"),
        required=False,
        choices=[(c.value, c.label) for c in enums.CONSENTABLE],
        initial=[c.value for c in enums.CONSENTABLE],
        widget=MultiChoiceCards(attrs=GRID),
        help_text=gettext_lazy(
            "伝えたくない種類は外してください。通告者の情報は、どの同意でも開きません。"
        ),
    )
    covers_household = forms.BooleanField(
        label=gettext_lazy("世帯全体についての記録も含む"),
        required=False,
        help_text=gettext_lazy(
            "成人の世帯員が同意したときだけ有効です。ほかの世帯員が反対しているあいだは開きません。"
        ),
    )
    purpose = SafeLine(
        label=gettext_lazy("目的"),
        limit=200,
        required=False,
        help_text=gettext_lazy("何のために伝えるのか。本人に説明したとおりに。"),
    )
    method = forms.ChoiceField(
        label=gettext_lazy("同意の方法"),
        required=False,
        choices=enums.ConsentMethod.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    proxy_name = NameField(label=gettext_lazy("代理人の氏名"), required=False)
    proxy_power = SafeLine(
        label=gettext_lazy("代理権の根拠"),
        limit=100,
        required=False,
        help_text=POWER_HELP,
    )
    explained_by = forms.ChoiceField(label=gettext_lazy("説明した人"), required=False)
    given_on = EraDateField(
        label=gettext_lazy("答えた日"), not_future=True, widget=forms.TextInput({"class": "date"})
    )
    until = EraDateField(
        label=gettext_lazy("いつまで"),
        not_past=True,
        required=False,
        help_text=gettext_lazy("その日までを含みます。空けると期限なしです。"),
        widget=forms.TextInput({"class": "date"}),
    )

    def __init__(
        self,
        *args: Any,
        agencies: Sequence[Agency],
        conference_types: Sequence[ConferenceType],
        colleagues: Sequence[Membership],
        needs_proxy: bool,
        is_minor: bool,
        own: int | None,
        **kwargs: Any,
    ) -> None:
        self.known = {str(a.pk): a for a in agencies}
        self.types = {str(t.pk): t for t in conference_types}
        self.colleagues = {str(m.pk): m for m in colleagues}
        self.needs_proxy, self.own = needs_proxy, own
        super().__init__(*args, **kwargs)
        if is_minor:  # only an adult's tick opens 世帯全体
            del self.fields["covers_household"]
        people = [(key, str(m.user)) for key, m in self.colleagues.items()]
        self._show("explained_by", people if len(people) > 1 else [])
        by_sector = sorted(agencies, key=lambda a: ORDER.index(sector_of(a)))
        self._show("agencies", [(str(a.pk), a.name) for a in by_sector])
        self._show("conference_types", [(key, t.name) for key, t in self.types.items()])
        self._show("exceptions", [(str(a.pk), a.name) for a in by_sector if a.pk != self.own])
        hints = {str(a.pk): str(Sector(sector_of(a)).label) for a in agencies}
        for name in ("agencies", "exceptions"):
            if name in self.fields:
                self.fields[name].widget.hints = hints
        usual = enums.ConsentMethod.PROXY if needs_proxy else enums.ConsentMethod.SIGNED
        self.initial.setdefault("method", usual)

    def _show(self, name: str, choices: list[tuple[str, str]]) -> None:
        if choices:
            self.offer(name, choices)
        else:
            del self.fields[name]

    @property
    def excepts_somebody(self) -> bool:
        """Whether the list of exceptions should stand open."""
        return "exceptions" in self.fields and bool(
            self["exceptions"].value() or self["exceptions"].errors
        )

    def addressees(self) -> list[Agency]:
        """The agencies ticked."""
        return self._of(self.known, "agencies")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        ask_for_proxy(self, data)
        if data.get("answer") == GIVEN:
            self._clean_given(data)
        return data

    def _clean_given(self, data: dict[str, Any]) -> None:
        addressees, types = self.addressees(), data.get("conference_types") or []
        if not addressees and not types and "agencies" not in self.errors:
            self.add_error("agencies", _("だれに伝えてよいか、機関か会議を1つ以上選んでください。"))
        if not data.get("categories") and "categories" not in self.errors:
            self.add_error("categories", _("伝えてよい情報の種類を1つ以上選んでください。"))
        if not data.get("method") and "method" not in self.errors:
            self.add_error("method", _("同意の方法を選んでください。"))
        if (
            self.needs_proxy
            and data.get("method")
            and (data["method"] != enums.ConsentMethod.PROXY)
        ):
            self.add_error(
                "method",
                _("この年齢では、親権を持つ人の同意が要ります。「代理人」を選んでください。"),
            )
        both = {a.name for a in addressees if str(a.pk) in (data.get("exceptions") or [])}
        if both:
            self.add_error(
                "exceptions",
                _("%(names)sは、伝える相手にも選ばれています。どちらかを外してください。")
                % {"names": "・".join(sorted(both))},
            )

    def terms(self) -> ConsentTerms:
        """What the operation takes. A refusal names nobody and covers nothing."""
        return self._terms(is_given=self.cleaned_data["answer"] == GIVEN)

    def terms_so_far(self) -> ConsentTerms:
        """For the paper to be signed: what is ticked, before there is an answer."""
        self.cleaned_data.setdefault("given_on", today())
        return self._terms(is_given=True)

    def _terms(self, *, is_given: bool) -> ConsentTerms:
        data = self.cleaned_data
        is_proxy = data.get("method") == enums.ConsentMethod.PROXY
        return ConsentTerms(
            answer=data.get("answer") or "",
            given_on=data["given_on"],
            until=data.get("until") if is_given else None,
            categories=list(data.get("categories") or []) if is_given else [],
            covers_household=bool(data.get("covers_household")) and is_given,
            purpose=data.get("purpose") or "",
            method=data.get("method") or "",
            proxy_name=(data.get("proxy_name") or "") if is_proxy else "",
            proxy_power=(data.get("proxy_power") or "") if is_proxy else "",
            agencies=self.addressees() if is_given else [],
            conference_types=self._of(self.types, "conference_types") if is_given else [],
            exceptions=self._of(self.known, "exceptions") if is_given else [],
            explained_by=self.colleagues.get(data.get("explained_by") or ""),
        )

    def show_again(self, seen: str) -> None:
        """The answer changed meanwhile: sending this once more is a decision, no accident."""
        data: Any = copy.copy(self.data)  # a QueryDict's copy can be written to
        data[self.add_prefix("seen")] = seen
        self.data = data

    def _of(self, known: dict[str, Any], name: str) -> list[Any]:
        return [known[key] for key in self.cleaned_data.get(name) or []]


class WithdrawForm(KasaneForm):
    """Why a consent is withdrawn, in the person's words."""

    reason = SafeLine(
        label=gettext_lazy("撤回の理由"),
        limit=200,
        help_text=gettext_lazy("本人の言葉で。理由を言わないときは「本人の希望」と書きます。"),
    )
