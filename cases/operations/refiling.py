"""Move a record to another category or audience, with a trace (V3, V13)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import AssessmentSection, Record
from cases.permissions import FIXED, check_can_refile
from cases.reach import open_to_others


@dataclass(frozen=True)
class Readers:
    """Who newly reads a record after a move, and who no longer; `known` only to the responsible
    agency, which alone may know who else is let in (V3)."""

    known: bool
    gain: list[str]
    lose: list[str]


def readers_after(record: Record, by: Membership, category: str, audience: str) -> Readers:
    """For the confirmation. Two queries."""
    if record.case.responsible_agency_id != by.agency_id:
        return Readers(False, [], [])
    reach = open_to_others(record.case)
    names = dict(Agency.objects.filter(pk__in=reach).values_list("pk", "name"))
    moved = Record(
        category=category,
        audience=audience,
        person_ids=record.person_ids,
        is_household=record.is_household,
    )
    before = {key for key, to in reach.items() if to.opens(record)}
    after = {key for key, to in reach.items() if to.opens(moved)}
    return Readers(
        True,
        sorted(names[key] for key in after - before),
        sorted(names[key] for key in before - after),
    )


def has_fixed_category(record: Record) -> bool:
    """Its category follows from its kind, or from the questions it answers. At most one query."""
    if record.kind != enums.RecordKind.ASSESSMENT:
        return record.kind in FIXED
    return AssessmentSection.objects.filter(pk=record.pk).exclude(answers={}).exists()


@transaction.atomic
def refile_record(
    *, record: Record, by: Membership, category: str, audience: str, reason: str
) -> None:
    """Move it; a definer function checks again and keeps what it was."""
    check_can_refile(by, record)
    if (category, audience) == (record.category, record.audience):
        raise ActionDenied(_("いまと同じです。移す先の種類か、読む相手を選んでください。"))
    if category != record.category and has_fixed_category(record):
        raise ActionDenied(_("この記録の情報の種類は、内容で決まります。相手だけを移せます。"))
    if category not in enums.Category.values or category == enums.Category.PLAN:
        raise ActionDenied(_("この種類には移せません。"))
    if not reason:
        raise ActionDenied(_("移す理由を入れてください。"))
    with connection.cursor() as cursor:
        cursor.execute(
            "select kasane.refile_record(%s, %s, %s, %s)", [record.pk, category, audience, reason]
        )
    log_access(
        by,
        Action.WRITE,
        what="refile_record",
        case_id=record.case_id,
        record_ids=[record.pk],
        basis="own_records",
    )
