"""The gate as the ORM asks it: one `Q` per rule, for `visible_to` (V1–V6, V9).

The database's policies say the same a second time (migrations 0002 and on; V9: 0010) and decide;
these make plans good and give a 404 its reason. Rooms above widen what is read by appending to
`RECORD_RULES` (meetings: what is laid before an item under secrecy).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.postgres.functions import TransactionNow
from django.db.models import Q, QuerySet
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from config.lib.condition import NEVER, Rule
from config.lib.fiscal import fiscal_year
from config.lib.memory import remembered
from config.lib.prepared import prepared

NOTHING = Q(pk__in=[])

RECORD_RULES: list[Callable[[Membership], Rule]] = []

# The grants in force of the agency. A period is asked by the function:
# of an operator that is not leakproof PostgreSQL may not look at the statistics beneath a policy,
# and would expect one grant of two hundred to be in force.
GRANTS = """FROM cases_casegrant AS g WHERE g.group_id = {agency}
    AND g.revoked_at IS NULL AND range_contains_elem(g.period, CURRENT_TIMESTAMP)"""
EMERGENCIES = """SELECT e.content_object_id FROM cases_emergency AS e
    WHERE e.membership_id = {me} AND e.refused_at IS NULL AND e.ended_at IS NULL
    AND range_contains_elem(e.period, CURRENT_TIMESTAMP)"""
# OFFSET 0: asked of each row that the policies let through. Else PostgreSQL begins with all grants
# of the agency, or gathers them first.
GRANTED = f"EXISTS (SELECT 1 {GRANTS} AND g.content_object_id = {{case}} OFFSET 0)"
IN_EMERGENCY = f"{{case}} IN ({EMERGENCIES})"
# Shields stand against who acts: the database alone knows all of them (V9).
SHIELDED = "COALESCE({case} = ANY ((SELECT kasane.shielded_cases())::uuid[]), false)"


def in_force(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Grants neither revoked nor outside their period, at the transaction's instant."""
    return queryset.filter(revoked_at__isnull=True, period__contains=TransactionNow())


def reads_cases(membership: Membership) -> bool:
    """Whether this role reads cases at all; a system administrator does not (V11)."""
    return membership.agency_id is not None and membership.may(Permission.READ_CASES)


def grants_of(membership: Membership) -> QuerySet[Any]:
    """The grants in force of the membership's agency."""
    grants = apps.get_model("cases", "CaseGrant")._default_manager.all()
    return in_force(grants).filter(group_id=membership.agency_id)


def asked_by(membership: Membership, sql: str, **constants: Any) -> Rule:
    """A rule in which `me` and `agency` are who asks."""
    return Rule(sql, {"me": membership.pk, "agency": membership.agency_id, **constants})


def in_emergency(membership: Membership, case: str) -> Q:
    """The case is open to this very membership in an emergency, now (V8)."""
    return asked_by(membership, IN_EMERGENCY).asked({"case": case})


def granted_scope(membership: Membership, case: str = "pk") -> Q:
    """The case row: any grant of the agency in force on it."""
    if not reads_cases(membership):
        return NOTHING
    return asked_by(membership, GRANTED).asked({"case": case})


def case_rule(membership: Membership) -> Rule:
    """The case row: granted to the agency, or open to this very membership in an emergency."""
    if not reads_cases(membership):
        return NEVER
    return asked_by(membership, f"{GRANTED} OR {IN_EMERGENCY}")


def case_scope(membership: Membership, case: str = "pk") -> Q:
    """`case_rule` of the row."""
    return case_rule(membership).asked({"case": case})


def responsible_rule(membership: Membership) -> Rule:
    """What stands in a case one sees, and the agency is responsible for."""
    return case_rule(membership).within(
        """EXISTS (SELECT 1 FROM cases_case AS c WHERE c.id = {case}
            AND c.responsible_agency_id = {agency} AND ({rule}))""",
        "c",
        {"case": "id"},
        agency=membership.agency_id,
    )


def working_rule(membership: Membership) -> Rule:
    """More than own records on the case: who only keeps what it wrote works no more on it (V2)."""
    held = f"""EXISTS (SELECT 1 {GRANTS} AND g.content_object_id = {{case}}
        AND g.basis <> {{own}})"""
    return asked_by(membership, held, own=enums.GrantBasis.OWN_RECORDS)


def working_scope(membership: Membership, case: str = "case_id") -> Q:
    """`working_rule` of the row."""
    return working_rule(membership).asked({"case": case})


@remembered
def works_on(membership: Membership, case: Any) -> bool:
    """Whether the membership's agency is at work on the case, and so may write there (V2)."""
    return _working_grants(membership, getattr(case, "pk", case)).exists()


@prepared
def _working_grants(membership: Membership, case_id: uuid.UUID) -> QuerySet[Any]:
    grants = grants_of(membership).filter(content_object=case_id)
    return grants.exclude(basis=enums.GrantBasis.OWN_RECORDS)


# Listed and pledged for this fiscal year on the conference type's secretariat (V6).
LISTED = """EXISTS (SELECT 1 FROM agencies_secretariatmember AS l
    WHERE l.conference_type_id = {type} AND l.membership_id = {me}
    AND l.fiscal_year = {year} AND l.pledged_at IS NOT NULL AND l.ended_at IS NULL)"""


def listed_rule(membership: Membership) -> Rule:
    """Of a conference `type`: whether it is on its secretariat's list (V6)."""
    return asked_by(membership, LISTED, year=fiscal_year(timezone.localdate()))


def listed_scope(membership: Membership, conference_type: str) -> Q:
    """`listed_rule` of the row's column."""
    return listed_rule(membership).asked({"type": conference_type})


PERSON = {"person": "id", "case": "case_id", "author": "author_agency_id"}


def person_rule(membership: Membership) -> Rule:
    """A person row: written by the agency (V2), or covered in 基本情報 (V3)."""
    if not reads_cases(membership):
        return NEVER
    return asked_by(
        membership,
        f"""{{author}} = {{agency}} OR EXISTS (SELECT 1 {GRANTS}
            AND g.content_object_id = {{case}} AND g.person_id = {{person}}
            AND g.categories @> ARRAY[{{basic}}]::varchar[] OFFSET 0) OR {IN_EMERGENCY}""",
        basic=enums.Category.BASIC,
    )


def person_scope(membership: Membership, to_person: str = "") -> Q:
    """`person_rule` of the row. to_person: the way to it from the row asked about."""
    return person_rule(membership).asked(PERSON, to_person)


def contact_scope(membership: Membership) -> Q:
    """Where a person is: of who is visible, unless a shield stands against whoever asks (V9)."""
    if not reads_cases(membership):
        return NOTHING
    hidden = Rule("{person} = ANY ((SELECT kasane.shielded_against_me())::uuid[])")
    return person_scope(membership, "person__") & ~hidden.asked({"person": "person_id"})


def shielded_case(case: str) -> Q:
    """A shield of the case stands against who acts (V9)."""
    return Rule(SHIELDED).asked({"case": case})


def unshielded(
    *,
    case: str = "case_id",
    row: str = "pk",
    persons: str = "",
    person: str = "",
    household: str = "",
    by_hold_alone: bool = False,
) -> Q:
    """No shield closes the row to who acts (V9).

    `persons`, `person`, `household`: columns of the row; without any it is the household's. With
    `by_hold_alone` nothing is closed but what is held.
    """
    terms = {"case": case, "row": row}
    if persons:
        terms |= {"persons": persons} | ({"household": household} if household else {})
        about = "{persons}, " + ("{household}" if household else "cardinality({persons}) = 0")
    elif person:
        terms["person"] = person
        about = "ARRAY[{person}], false"
    else:
        about = "ARRAY[]::uuid[], " + ("false" if by_hold_alone else "true")
    closes = f"{SHIELDED} AND kasane.shield_closes({{case}}, {{row}}, {about})"
    return ~Rule(closes).asked(terms)


# A record as its category and audience are, or were: own (V2), or covered for every person it
# names (V3).
STANDING = f"""{{author}} = {{agency}} OR ({{audience}} = {{team}} AND CASE WHEN {{household}}
    THEN EXISTS (SELECT 1 {GRANTS} AND g.content_object_id = {{case}}
        AND g.categories @> ARRAY[{{category}}]::varchar[] AND g.covers_household)
    ELSE {{persons}} <@ ARRAY(SELECT g.person_id {GRANTS} AND g.content_object_id = {{case}}
        AND g.categories @> ARRAY[{{category}}]::varchar[] AND g.person_id IS NOT NULL) END)"""


AT_HAND = "{carry_out} IS NULL"
OPEN_RECORD = f"""NOT ({SHIELDED}
    AND kasane.shield_closes({{case}}, {{row}}, {{persons}}, {{household}}))"""
CARRIED = """{carry_out} IN (SELECT g.content_object_id FROM cases_carryoutgrant AS g
    WHERE g.membership_id = {me} AND g.revoked_at IS NULL
    AND range_contains_elem(g.period, CURRENT_TIMESTAMP))"""
# V8: what the team may read of the household; never sealed, never who notified.
TEAM_IN_EMERGENCY = f"""{IN_EMERGENCY} AND {{audience}} = {{team}} AND {AT_HAND}
    AND {{category}} <> {{notifier}}"""
# One text for one row: the ORM looks up the way to it, and joins it, once.
READ = f"({AT_HAND} AND ({STANDING})) OR {CARRIED} OR ({TEAM_IN_EMERGENCY})"
RECORD = {
    "case": "case_id", "row": "id", "author": "author_agency_id", "persons": "person_ids",
    "household": "is_household", "category": "category", "audience": "audience",
    "carry_out": "carry_out_id",
}  # fmt: skip


def of_record(membership: Membership, sql: str) -> Rule:
    """A rule of a record's row."""
    return asked_by(membership, sql, team=enums.Audience.TEAM, notifier=enums.Category.NOTIFIER)


def covered_scope(membership: Membership, to_record: str, category: str, audience: str) -> Q:
    """Own, or covered (V2, V3). to_record: the way from the row asked about to its record;
    category, audience: columns of what it was before it was moved."""
    way = {term: to_record + column for term, column in RECORD.items()}
    before = {"category": category, "audience": audience}
    return of_record(membership, STANDING).asked(way | before)


def standing_scope(membership: Membership, to_record: str = "") -> Q:
    """A record read outside any sitting: own (V2), or covered for every person it names (V3).

    to_record: the way from the row asked about to its record, `record__` from a content table.
    """
    return standing_rule(membership).asked(RECORD, to_record)


def standing_rule(membership: Membership) -> Rule:
    """`standing_scope`, of a record that a larger question names."""
    if not reads_cases(membership):
        return NEVER
    return of_record(membership, f"{AT_HAND} AND ({STANDING}) AND {OPEN_RECORD}")


def record_rule(membership: Membership) -> Rule:
    """A record: standing (V2, V3), carried out to me (V6), open in an emergency (V8), or what
    rooms above lay open (to a guest, who reads no cases, too); and no shield closes it (V9)."""
    found = of_record(membership, READ) if reads_cases(membership) else NEVER
    for wider in RECORD_RULES:
        found |= wider(membership)
    return found & Rule(OPEN_RECORD)


def record_scope(membership: Membership) -> Q:
    """`record_rule` of the row."""
    return record_rule(membership).asked(RECORD)


def in_record(membership: Membership, record: str = "record_id") -> Q:
    """What stands in a record one may read. record: the column that holds its key."""
    whole = "EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {record} AND ({rule}))"
    return record_rule(membership).within(whole, "r", RECORD).asked({"record": record})
