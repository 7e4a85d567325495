"""What closes when a consent is withdrawn or narrowed: shown before, told and handed on after (V3).

Records are counted as far as the asking membership sees them (V15). Of the closed agency's open
work its title and due date go to the responsible agency, never a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership, StandingMember
from agencies.operations import notify
from cases import enums
from cases.gate import works_on
from cases.models import Case, Consent, LeftWork, Record
from cases.reach import open_to_others, records_in_view
from config.lib.registry import OpenWork, registry


@dataclass(frozen=True)
class After:
    """What stays of a consent for the agencies still named; nothing after a withdrawal."""

    agencies: frozenset[int] = frozenset()
    categories: frozenset[str] = frozenset()
    covers_household: bool = False


NOTHING_STAYS = After()


@dataclass(frozen=True)
class Loss:
    """What one agency stops seeing: so many records, and the open tasks it had there. `is_out`:
    the consent names it no more."""

    agency_id: int
    agency: str
    records: int
    tasks: list[OpenWork] = field(default_factory=list)
    is_out: bool = True

    @property
    def is_any(self) -> bool:
        return self.is_out or bool(self.records or self.tasks)


def grantees(consent: Consent) -> list[int]:
    """The agencies to which the consent is open now."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.consent_grantees(%s)", [consent.pk])
        return [key for (key,) in cursor.fetchall()]


def named_agencies(
    agencies: Iterable[int], types: Iterable[int], excepted: Iterable[int]
) -> set[int]:
    """Agencies named by themselves or as standing members, without those excepted."""
    standing = StandingMember.objects.filter(
        conference_type__in=list(types),
        agency__isnull=False,
        ended_on__isnull=True,
        is_by_item=False,
    ).values_list("agency_id", flat=True)
    return {*agencies, *(key for key in standing if key)} - set(excepted)


def losses(consent: Consent, by: Membership, after: After = NOTHING_STAYS) -> list[Loss]:
    """Per agency to which the consent is open now: what closes, as far as `by` sees it."""
    keys = grantees(consent)
    names = dict(Agency.objects.filter(pk__in=keys).values_list("pk", "name"))
    case = Case.objects.visible_to(by).filter(pk=consent.case_id).first()
    records = records_in_view(by, case) if case else []
    tasks = [*registry.draw("open_work", by, case)] if case else []
    reach = open_to_others(case) if case else {}
    found = []
    for key in sorted(keys, key=lambda k: names[k]):
        lost = [
            r
            for r in records
            if _closes(r, consent, after, key) and (key not in reach or reach[key].opens(r))
        ]
        plans = {r.pk for r in lost}
        found.append(
            Loss(
                key,
                names[key],
                sum(1 for r in lost if r.author_agency_id != key),
                [t for t in tasks if t.agency_id == key and t.record_id in plans],
                key not in after.agencies,
            )
        )
    return found


def _closes(record: Record, consent: Consent, after: After, agency: int) -> bool:
    """Whether a record of the team was covered by this consent and is not covered any more."""
    if record.audience != enums.Audience.TEAM or record.category not in consent.categories:
        return False
    if record.is_household:
        was, stays = consent.covers_household, after.covers_household
    else:
        was, stays = consent.person_id in record.person_ids, True
    kept = agency in after.agencies and record.category in after.categories and stays
    return was and not kept


def close_out(former: Consent, by: Membership, after: After = NOTHING_STAYS) -> set[int]:
    """Before an answer ends: leave the open work of who loses something behind; whom to tell is
    who is let in no more."""
    found = losses(former, by, after)
    leave_work(former, by, found)
    return {loss.agency_id for loss in found if loss.is_out and loss.agency_id != by.agency_id}


def leave_work(consent: Consent, by: Membership, found: Sequence[Loss]) -> None:
    """Titles and due dates of open tasks to the responsible agency; before the grants close."""
    case = Case.objects.visible_to(by).filter(pk=consent.case_id).first()
    if case is None or not works_on(by, case):
        return
    rows = [
        LeftWork(
            case=case,
            consent=consent,
            from_agency_id=loss.agency_id,
            to_agency_id=case.responsible_agency_id,
            title=task.title[:400],
            due_on=task.due_on,
            by=by,
        )
        for loss in found
        if loss.agency_id != case.responsible_agency_id
        for task in loss.tasks
    ]
    LeftWork.objects.bulk_create(rows)
    if rows:
        notify(
            agency=case.responsible_agency_id,
            kind="left_work",
            key=str(consent.pk),
            title=_("同意が変わり、担当のいなくなった仕事があります。題と期限を確かめてください"),
            url=f"/cases/{case.pk}/",
        )
