"""指名, 誓約 and the secretariat list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import ChoiceCards, KasaneForm


class AppointForm(KasaneForm):
    """Whom to appoint: people by agency (optgroups)."""

    member = forms.ChoiceField(label=_("指名する人"))

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, list[tuple[str, str]]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("member", [("", _("選んでください")), *people])


class PledgeForm(KasaneForm):
    """The tick under the law's own words."""

    agreed = forms.BooleanField(
        label=_("上の内容を読みました。この会議で知り得た秘密を、会議の外で話しません。")
    )


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
