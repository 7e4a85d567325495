"""What `cases.told` says another agency sees, held against the database acting as that agency."""

from __future__ import annotations

import itertools

from agencies.models import Membership
from cases.models import Case, Person, Record, ShieldMember
from cases.permissions import answers_for
from cases.told import case_for, known_to, open_emergencies, person_for, record_for
from tests import world as w
from tests.reports.situations import Situation

PEOPLE = ("elderly", "disability", "child", "livelihood", "coordinator", "outreach")


def hold_whys(situation: Situation) -> int:
    """For everybody who may ask, of everybody: how many answers were compared."""
    if situation.case is None:
        return 0
    members = [situation.city.members[name] for name in PEOPLE]
    # A sentence may have ended a membership: nobody acts as it.
    found = itertools.product(members, members)
    return sum(compare(asker, other, situation.case.pk) for asker, other in found)


def compare(asker: Membership, other: Membership, key: object) -> int:
    """Of the rows the asker reads outside any sitting, those said to be open are those that are."""
    asker = Membership.objects.with_names().get(pk=asker.pk)
    other = Membership.objects.with_names().select_related("agency").get(pk=other.pk)
    with w.act(asker):
        case = Case.objects.visible_to(asker).filter(pk=key).first()
        if case is None or not answers_for(asker, case):
            return 0
        known = known_to(asker, case)
        running = open_emergencies(asker, case.pk)
        emergency = next((e for e in running if e.membership_id == other.pk), None)
        eyes = known.eyes(other.agency)
        people = known.persons.values()
        said = {
            "persons": {p.pk for p in people if person_for(eyes, p, emergency).visible},
            "records": {r.pk for r in known.records if record_for(eyes, r, emergency).visible},
        }
        is_said_open = case_for(eyes, emergency).visible
    with w.act(other):
        records = Record.objects.filter(pk__in=[r.pk for r in known.records])
        # What only a sitting lays before people (V6) is no part of the answer.
        standing = records.standing_with(other) if emergency is None else records
        persons = Person.objects.filter(pk__in=list(known.persons))
        seen = {
            "persons": set(persons.values_list("pk", flat=True)),
            "records": set(standing.values_list("pk", flat=True)),
        }
        is_open = Case.objects.filter(pk=case.pk).exists()
        listed = ShieldMember.objects.filter(membership=other, ended_at__isnull=True).exists()
    # Beneath a shield the answer is the agency's; its people on the list see more (V9).
    assert listed or not seen["records"] & known.kept
    seen["records"] -= known.kept
    assert said == seen, f"{asker} asks about {other}"
    # A case open for own records alone, none of which the asker reads, is not told of (V15).
    assert is_open or not is_said_open, f"{asker} asks about {other}"
    assert is_said_open or not (seen["persons"] or seen["records"]), f"{asker} about {other}"
    return len(known.persons) + len(known.records)
