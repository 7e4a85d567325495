"""関わり方の注意 at the top of a case, of a visit form and of papers: a line each, the most urgent
kind first; of what has ended nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.gate import in_emergency, standing_scope
from cases.models import Case, CautionNote, Person
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.wording import label_of

LIMIT = 30
ORDER = list(enums.CautionKind.values)


@dataclass(frozen=True)
class CautionLine:
    """A line to know. `tone`: of its kind's badge; the kind is said in words, too."""

    key: uuid.UUID
    kind: str
    tone: str
    text: str
    about: str
    since: str
    by: str
    edit_url: str
    end_url: str


TONES = {
    enums.CautionKind.VISIT_SAFETY: "alert",
    enums.CautionKind.AVOID: "warn",
    enums.CautionKind.EXPLOITATION: "warn",
    enums.CautionKind.EFFECTIVE: "ok",
}


def caution_lines(
    membership: Membership, case: Case, persons: Mapping[uuid.UUID, Person], *, may_write: bool
) -> list[CautionLine]:
    """What stands outside any sitting (V6), and in an emergency what the team wrote (V8): who goes
    to the door has to know. One query."""
    found = _noted(membership, case)
    return [
        _line(membership, row, persons, may_write)
        for row in sorted(found, key=lambda row: ORDER.index(row.kind))
    ]


@prepared
def _noted(membership: Membership, case: Case) -> QuerySet[CautionNote]:
    for_team = Q(record__audience=enums.Audience.TEAM, record__carry_out=None)
    return (
        CautionNote.objects.visible_to(membership)
        .for_case(case)
        .filter(
            standing_scope(membership, "record__")
            | (in_emergency(membership, "record__case_id") & for_team),
            ended_on__isnull=True,
        )
        .select_related("record__author_agency")
        .order_by("-noted_on", "record_id")[:LIMIT]
    )


def _line(
    membership: Membership, row: CautionNote, persons: Mapping[uuid.UUID, Person], may_write: bool
) -> CautionLine:
    is_own = may_write and row.record.author_agency_id == membership.agency_id
    return CautionLine(
        row.pk,
        label_of(enums.CautionKind, row.kind),
        TONES[enums.CautionKind(row.kind)],
        row.text,
        row.record.names(dict(persons)),
        _("%(day)s確認") % {"day": format_short(row.noted_on)},
        row.record.author_agency.name,
        reverse("caution_edit", args=[row.pk]) if is_own else "",
        reverse("caution_end", args=[row.pk]) if is_own else "",
    )
