"""What consents open of a case to an agency, counted in the records the reader may see (V3, V15).

For the pages on which the responsible agency sees what a closing takes away and what a transfer
hands over: team × consents are reckoned by definer functions, records by the reader's own rows.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from agencies.models import Membership
from cases import enums
from cases.models import Case, Record


@dataclass
class Reach:
    """The categories open to one agency, by person and for 世帯全体."""

    persons: dict[uuid.UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    household: set[str] = field(default_factory=set)

    def opens(self, record: Record) -> bool:
        """Whether this record of the team is covered for everybody it names."""
        if record.audience != enums.Audience.TEAM:
            return False
        if record.is_household:
            return record.category in self.household
        return all(record.category in self.persons.get(p, ()) for p in record.person_ids)


def _gather(rows: Iterable[tuple[int, uuid.UUID, list[str], bool]]) -> dict[int, Reach]:
    found: dict[int, Reach] = defaultdict(Reach)
    for agency, person, categories, covers_household in rows:
        found[agency].persons[person].update(categories)
        if covers_household:
            found[agency].household.update(categories)
    return dict(found)


def open_to_others(case: Case) -> dict[int, Reach]:
    """By agency: what is open to it now, for the responsible agency. One query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.case_reach(%s)", [case.pk])
        return _gather(cursor.fetchall())


def open_after_transfer(case: Case, agency: int) -> Reach:
    """What an agency would read as the responsible one. One query."""
    with connection.cursor() as cursor:
        cursor.execute("select * from kasane.transfer_reach(%s, %s)", [case.pk, agency])
        return _gather(cursor.fetchall()).get(agency, Reach())


def records_in_view(membership: Membership, case: Case) -> list[Record]:
    """The records of a case the reader may see outside any sitting (V6). One query."""
    return list(Record.objects.standing_with(membership).for_case(case))
