"""Decides what a household is called: after those of its persons the reader may see (V3).

Nothing of it is stored. Two readers of one case may know it by two titles, and one who sees no
person at all learns only that there is a household.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies.models import Membership
from cases import enums
from cases.models import HouseholdLink, Person
from config.lib.condition import among
from config.lib.prepared import prepared

_GAP = re.compile(r"[\s\u3000]+")


def household_title(persons: Iterable[Person]) -> str:
    """「架空野 世帯」 after the head of the household, else after the first person with a name."""
    head = _named_after(_standing(persons))
    return (
        _("%(family)s 世帯") % {"family": family_name(head.name)} if head else _("氏名不明の世帯")
    )


def household_kana(persons: Iterable[Person]) -> str:
    """The reading of that name, as far as it is known; where nobody has a name, the first there
    is."""
    members = _standing(persons)
    head = _named_after(members)
    those = [p for p in members if head is None or family_name(p.name) == family_name(head.name)]
    return next((p.name_kana.split()[0] for p in those if p.name_kana.split()), "")


def _standing(persons: Iterable[Person]) -> list[Person]:
    """Who has left gives the household its name only where nobody else is seen (V18)."""
    everybody = list(persons)
    return [person for person in everybody if person.left_on is None] or everybody


def _named_after(members: list[Person]) -> Person | None:
    named = [person for person in members if person.name]
    return next((p for p in named if p.relation == enums.Relation.HEAD), next(iter(named), None))


def family_name(name: str) -> str:
    """What stands before the first gap; a name written without one stays whole."""
    return _GAP.split(name.strip(), maxsplit=1)[0]


def persons_of(
    membership: Membership, case_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[Person]]:
    """The persons this membership may see, by case and in order; who turned out to be another says
    so. One query, two where somebody is no longer there."""
    found = persons_by_case(membership, case_ids)
    name_as_known(membership, [person for people in found.values() for person in people])
    return found


def name_as_known(membership: Membership, persons: Iterable[Person]) -> None:
    """同じ人だった: sets `same_as` on whoever turned out to be another of these persons. One query
    where somebody is no longer there."""
    by_key = {person.pk: person for person in persons}
    gone = [key for key, person in by_key.items() if person.left_on]
    for first, other in _same(membership, gone) if gone else ():
        if other in by_key and not _is_same_as(by_key[other], first):
            by_key[first].same_as = by_key[other]


def _is_same_as(person: Person, key: uuid.UUID) -> bool:
    """Links in a circle, which only foreign SQL writes, name nobody."""
    last: Person | None = person
    while last is not None and last.pk != key:
        last = last.same_as
    return last is not None


@prepared
def _same(membership: Membership, keys: list[uuid.UUID]) -> QuerySet[HouseholdLink, Any]:
    links = HouseholdLink.objects.visible_to(membership).standing()
    same = links.filter(among("from_person_id", keys), kind=enums.LinkKind.SAME)
    return same.order_by("written_at").values_list("from_person_id", "to_person_id")


def persons_by_case(
    membership: Membership, case_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[Person]]:
    """As `persons_of`, where nobody is named who is no longer there. One query."""
    keys = list(case_ids)
    found: dict[uuid.UUID, list[Person]] = defaultdict(list)
    for person in _persons(membership, keys) if keys else ():
        found[person.case_id].append(person)
    return found


@prepared
def _persons(membership: Membership, keys: list[uuid.UUID]) -> QuerySet[Person]:
    return Person.objects.visible_to(membership).filter(among("case_id", keys)).in_order()


def titles_for(membership: Membership, case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The title of each of these cases for this reader. One query."""
    keys = list(case_ids)
    persons = persons_by_case(membership, keys)
    return {key: household_title(persons.get(key, [])) for key in keys}
