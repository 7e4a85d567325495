"""A grant in words: basis, whose records, which, from when until when (V17)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from cases import enums
from cases.explain import until_words
from cases.models import CaseGrant
from config.lib.eras import format_long


def category_words(categories: Iterable[str], *, is_short: bool = False) -> str:
    """The categories in the order of the form; all of them in one word."""
    held = set(categories)
    if held >= {str(c) for c in enums.CONSENTABLE}:
        return _("すべての種類") if is_short else _("すべての種類（通告者を除く）")
    return "・".join(str(c.label) for c in enums.Category if c in held)


def grant_line(grant: CaseGrant, names: Mapping[uuid.UUID, str]) -> dict[str, str]:
    """`names`: the persons as the reader knows them; others stay without a name."""
    whom = names.get(grant.person_id, _("名前の出ない世帯員")) if grant.person_id else ""
    lower = grant.period.lower
    return {
        "basis": str(grant.get_basis_display()),
        "whom": whom,
        "what": category_words(grant.categories)
        + (_("　世帯全体の記録を含む") if grant.covers_household else ""),
        "since": format_long(lower) if lower else format_long(grant.granted_at),
        "until": until_words(grant.period.upper),
    }
