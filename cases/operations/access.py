"""The support team and the grants that follow from it (V2–V5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping

from django.db import connection, transaction

from agencies.models import Agency, Membership
from cases.gate import works_on
from cases.models import Case, CaseWorker, SupportTeam

# What rooms above do when the consents of a case have changed (meetings: V5 again). Called with
# the case's key at the end of `sync_grants`.
AFTER_SYNC: list[Callable[[uuid.UUID], None]] = []


def sync_grants(case: Case | uuid.UUID) -> None:
    """Make the grant store equal to what team and consents say (a definer function writes it)."""
    key = case.pk if isinstance(case, Case) else case
    with connection.cursor() as cursor:
        cursor.execute("select kasane.sync_grants(%s)", [key])
    for follow in AFTER_SYNC:
        follow(key)


def missing_consents(
    *, case: Case, persons: Iterable[uuid.UUID], agencies: Iterable[int]
) -> list[tuple[uuid.UUID, int]]:
    """(person, agency) pairs without a consent in force, of a case the actor sees (V4, V5)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select person_id, agency_id from kasane.missing_consents(%s, %s, %s)",
            [case.pk, list(persons), list(agencies)],
        )
        return list(cursor.fetchall())


# Of each case as the function says it: nothing of a case the actor does not see.
MISSING_IN = """
SELECT a.case_id, m.person_id, m.agency_id
FROM (SELECT p.case_id, array_agg(p.person_id) AS persons
      FROM unnest(%s::uuid[], %s::uuid[]) AS p(case_id, person_id) GROUP BY p.case_id) AS a
CROSS JOIN LATERAL kasane.missing_consents(a.case_id, a.persons, %s) AS m
"""


def missing_in(
    persons: Mapping[uuid.UUID, Iterable[uuid.UUID]], agencies: Iterable[int]
) -> dict[uuid.UUID, list[tuple[uuid.UUID, int]]]:
    """`missing_consents` of several cases at once: persons by case, against the same agencies. One
    query, none where there is nothing to ask."""
    pairs = [(case, person) for case, found in persons.items() for person in found]
    asked = list(agencies)
    found: dict[uuid.UUID, list[tuple[uuid.UUID, int]]] = {}
    if not pairs or not asked:
        return found
    with connection.cursor() as cursor:
        cursor.execute(MISSING_IN, [[c for c, _p in pairs], [p for _c, p in pairs], asked])
        for case, person, agency in cursor.fetchall():
            found.setdefault(case, []).append((person, agency))
    return found


@transaction.atomic
def join_team(*, case: Case, agency: Agency | int, via: str) -> None:
    """An agency enters the support team (idempotent); what opens is what consents name it for."""
    key = agency.pk if isinstance(agency, Agency) else agency
    SupportTeam.objects.bulk_create(
        [SupportTeam(case=case, agency_id=key, via=via)], ignore_conflicts=True
    )
    sync_grants(case)


def take_charge(*, case: Case | uuid.UUID, by: Membership) -> None:
    """Who brings a case to the agency looks after it, until the manager names another (V14)."""
    key = case.pk if isinstance(case, Case) else case
    if not works_on(by, key):
        return
    row = CaseWorker(case_id=key, agency_id=by.agency_id, membership=by, named_by=by)
    CaseWorker.objects.bulk_create([row], ignore_conflicts=True)
