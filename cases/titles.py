"""Decides what a household is called: after those of its persons the reader may see (V3).

Nothing of it is stored. Two readers of one case may know it by two titles, and one who sees no
person at all learns only that there is a household.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.models import Person
from config.lib.condition import among
from config.lib.prepared import prepared

_GAP = re.compile(r"[\s\u3000]+")


def household_title(persons: Iterable[Person]) -> str:
    """「架空野 世帯」 after the head of the household, else after the first person with a name."""
    everybody = list(persons)
    # Who has left gives the household its name only where nobody else is seen (V18).
    members = [person for person in everybody if person.left_on is None] or everybody
    named = [person for person in members if person.name]
    if not named:
        return _("氏名不明の世帯")
    head = next((p for p in named if p.relation == enums.Relation.HEAD), named[0])
    return _("%(family)s 世帯") % {"family": family_name(head.name)}


def family_name(name: str) -> str:
    """What stands before the first gap; a name written without one stays whole."""
    return _GAP.split(name.strip(), maxsplit=1)[0]


def persons_of(
    membership: Membership, case_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[Person]]:
    """The persons this membership may see, by case and in order. One query."""
    found: dict[uuid.UUID, list[Person]] = defaultdict(list)
    keys = list(case_ids)
    for person in _persons(membership, keys) if keys else ():
        found[person.case_id].append(person)
    return found


@prepared
def _persons(membership: Membership, keys: list[uuid.UUID]) -> QuerySet[Person]:
    return Person.objects.visible_to(membership).filter(among("case_id", keys)).in_order()


def titles_for(membership: Membership, case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The title of each of these cases for this reader. One query."""
    keys = list(case_ids)
    persons = persons_of(membership, keys)
    return {key: household_title(persons.get(key, [])) for key in keys}
