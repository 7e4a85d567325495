"""終結 and 移管 of a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from cases import enums
from cases.forms.person import short_line
from config.lib.forms import ChoiceCards, IdempotencyKey, KasaneForm, SafeText


class CloseForm(KasaneForm):
    """Why the case is closed, and who goes on watching over the household."""

    kind = forms.ChoiceField(
        label=_("終結の理由"),
        choices=enums.ClosingKind.choices,
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("終結の理由を選んでください。")},
    )
    reason = short_line(
        200,
        label=_("くわしい理由"),
        help_text=_("一文で。あとで読む人に、なぜ終えたかが分かるように書きます。"),
    )
    follow_up = short_line(
        100,
        label=_("終結のあとに見守るところ"),
        required=False,
        help_text=_("あれば。例：地域包括支援センター、民生委員、主治医"),
    )


class TransferForm(KasaneForm):
    """To whom, and what is handed on in words."""

    form_key = IdempotencyKey()
    to_agency = forms.ChoiceField(
        label=_("移管先の機関"),
        error_messages={"required": _("移管先の機関を選んでください。")},
    )
    reason = SafeText(
        label=_("移管の理由・引きつぐこと"),
        limit=2000,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("相手が返事をする前に読みます。同意の範囲で書いてください。"),
    )
    not_my_number = forms.BooleanField(
        label=_("この12桁の数字は、マイナンバー（個人番号）ではありません"), required=False
    )

    def __init__(self, *args: Any, agencies: Sequence[Agency], **kwargs: Any) -> None:
        self.agencies = {str(a.pk): a for a in agencies}
        super().__init__(*args, **kwargs)
        choices = [("", "―――"), *((key, a.name) for key, a in self.agencies.items())]
        self.offer("to_agency", choices)

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return self.has_error("reason", "my_number")

    def agency(self) -> Agency:
        """The agency chosen."""
        return self.agencies[self.cleaned_data["to_agency"]]


class ReturnTransferForm(KasaneForm):
    """返却: never without a reason."""

    reason = SafeText(
        label=_("返却の理由"),
        limit=2000,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("返却の理由を書いてください。")},
    )
