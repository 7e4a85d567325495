"""What would another agency see? Computed from the rows that whoever asks may read (V3, V15, V17).

Nobody becomes somebody else to find out: grants are told by `kasane.told_grants` to who sees the
consents whole, records and persons come through the asker's own gate. So a sealed item, a
carry-out, another agency's own record or an exception can neither appear here nor change an answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from cases import enums, explain
from cases.explain import Explanation, Eyes
from cases.models import Case, CaseGrant, Emergency, Person, Record, Shield, ShieldHold
from cases.operations.case import persons_by_key
from config.lib.memory import forgetting
from config.lib.prepared import prepared


def told_grants(case_id: uuid.UUID, *, joining: int | None = None) -> list[CaseGrant]:
    """What consents open, as far as the asker sees the consents whole; `joining`: to an agency as
    if it were at work on the case. One query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.told_grants(%s, %s)", [case_id, joining])
        return [
            CaseGrant(
                id=key,
                content_object_id=case_id,
                group_id=group,
                person_id=person,
                categories=categories,
                covers_household=covers_household,
                basis="consent",
                consent_id=consent,
                granted_by_agency_id=granted_by,
                granted_at=at,
                period=period,
            )
            for key, group, person, categories, covers_household, consent, granted_by, at, period
            in cursor.fetchall()
        ]  # fmt: skip


def open_emergencies(membership: Membership, case_id: uuid.UUID) -> list[Emergency]:
    """Emergency accesses running on the case, as far as the asker is told of them. One query."""
    return list(_running(membership, case_id))


@prepared
def _running(membership: Membership, case_id: uuid.UUID) -> QuerySet[Emergency]:
    held = Emergency.objects.visible_to(membership).open().filter(content_object_id=case_id)
    return held.select_related("membership__agency", "membership__user").order_by("opened_at")


@contextmanager
def rehearsal() -> Iterator[None]:
    """Do it, look, and it never was: the rules themselves say what a change would open."""
    with transaction.atomic(), forgetting():
        yield
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Known:
    """The rows of a case that the asker may read outside any sitting."""

    case: Case
    persons: dict[uuid.UUID, Person]
    records: Sequence[Record]
    grants: Sequence[CaseGrant]
    kept: frozenset[uuid.UUID]

    def eyes(self, agency: Agency, grants: Sequence[CaseGrant] | None = None) -> Eyes:
        """The agency with what is open to it: now, or by other grants."""
        held = self.grants if grants is None else grants
        authors = {row.author_agency_id for row in self.persons.values()}
        authors |= {row.author_agency_id for row in self.records}
        return Eyes(
            agency.pk,
            agency.name,
            [g for g in held if g.group_id == agency.pk],
            self.case.responsible_agency_id == agency.pk,
            agency.pk in authors,
            self.kept,
        )


def known_to(membership: Membership, case: Case) -> Known:
    """Gather them, the newest records first. Four queries, and one more beneath a shield."""
    found = Record.objects.standing_with(membership).for_case(case)
    records = list(found.select_related("author_agency").newest_first())
    return Known(
        case,
        persons_by_key(membership, case),
        records,
        told_grants(case.pk),
        kept_among(membership, case, records),
    )


def kept_among(
    membership: Membership, case: Case, records: Sequence[Record]
) -> frozenset[uuid.UUID]:
    """`kept_rows` of records of a case."""
    rows = [ShieldedRow(case.pk, r.pk, r.person_ids, r.is_household) for r in records]
    return kept_rows(membership, [case.pk], rows)


@dataclass(frozen=True)
class ShieldedRow:
    """Something a shield may close: whose case, its key, whom it names."""

    case_id: uuid.UUID
    key: uuid.UUID
    person_ids: Sequence[uuid.UUID]
    is_household: bool


def kept_rows(
    membership: Membership, cases: Iterable[uuid.UUID], rows: Iterable[ShieldedRow]
) -> frozenset[uuid.UUID]:
    """What of these cases the asker reads as one of a shield's list, and others do not (V9). Who is
    not on the list is told of no shield, and reads nothing that it closes. One query, and one more
    beneath a shield."""
    shields = list(Shield.objects.visible_to(membership).in_force().filter(case__in=list(cases)))
    if not shields:
        return frozenset()
    holds = ShieldHold.objects.visible_to(membership).filter(shield__in=shields)
    said = {(h.shield_id, h.row_id): h.decision for h in holds}

    def is_kept(shield: Shield, row: ShieldedRow) -> bool:
        decision = said.get((shield.pk, row.key))
        if decision is not None:
            return decision != enums.HoldDecision.RELEASED
        return row.is_household or shield.person_id in row.person_ids

    return frozenset(
        row.key
        for row in rows
        if any(s.case_id == row.case_id and is_kept(s, row) for s in shields)
    )


def case_for(eyes: Eyes, emergency: Emergency | None = None) -> Explanation:
    """Whether the case row is open to them; `emergency` where one person of theirs is asked for."""
    if (found := explain.case_by_grants(eyes)) is not None:
        return found
    if emergency is not None:
        return explain.by_emergency(emergency, str(emergency.membership.user))
    return explain.case_closed(eyes)


def person_for(eyes: Eyes, person: Person, emergency: Emergency | None = None) -> Explanation:
    """A person row, the same way."""
    if (found := explain.person_by_grants(eyes, person)) is not None:
        return found
    if emergency is not None:
        return explain.by_emergency(emergency, str(emergency.membership.user), (person.pk,))
    return explain.person_closed(eyes)


def record_for(eyes: Eyes, record: Record, emergency: Emergency | None = None) -> Explanation:
    """A record, the same way; what a shield closes is read by the people on its list alone."""
    if record.pk in eyes.kept:
        return Explanation(False, "V9", _("支援措置があり、名簿の人だけに見えます。"))
    if (found := explain.record_by_grants(eyes, record)) is not None:
        return found
    if emergency is not None and explain.in_emergency(record):
        return explain.by_emergency(emergency, str(emergency.membership.user))
    return explain.record_closed(eyes, record)
