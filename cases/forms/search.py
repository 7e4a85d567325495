"""What is typed into the search box. Sent by POST: search words are personal data."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from config.lib.forms import KasaneForm, SafeLine

LIMIT: Final = 100


class SearchForm(KasaneForm):
    """One box: case number, 宛名番号, telephone, birth date, name or kana."""

    q = SafeLine(
        label=_("さがす言葉"),
        limit=LIMIT,
        declared_by=None,
        error_messages={
            "required": _(
                "氏名・かな・電話番号・生年月日・宛名番号・ケース番号のどれかを入れてください。"
            )
        },
    )
