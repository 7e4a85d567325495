"""The gate as the ORM asks it: one `Q` per rule, for `visible_to` (V1–V6, V9).

The database's policies say the same a second time (migrations 0002 and on; V9: 0010) and decide;
these make plans good and give a 404 its reason. Rooms above widen what is read by appending to
`RECORD_SCOPES` (meetings: what is laid before an item under secrecy).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.functions import TransactionNow
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums

NOTHING = Q(pk__in=[])

RECORD_SCOPES: list[Callable[[Membership], Q]] = []


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


def emergencies_of(membership: Membership) -> QuerySet[Any]:
    """The cases this membership has open in an emergency, now (V8)."""
    held = apps.get_model("cases", "Emergency")._default_manager.filter(
        membership_id=membership.pk,
        refused_at__isnull=True,
        ended_at__isnull=True,
        period__contains=TransactionNow(),
    )
    return held.values("content_object_id")


def granted_scope(membership: Membership, case: str = "pk") -> Q:
    """The case row: any grant of the agency in force on it."""
    if not reads_cases(membership):
        return NOTHING
    return Q(Exists(grants_of(membership).filter(content_object=OuterRef(case))))


def case_scope(membership: Membership, case: str = "pk") -> Q:
    """The case row: granted to the agency, or open to this very membership in an emergency."""
    if not reads_cases(membership):
        return NOTHING
    in_emergency = Q(**{f"{case}__in": emergencies_of(membership)})
    return granted_scope(membership, case) | in_emergency


def works_on(membership: Membership, case: Any) -> bool:
    """More than own records on the case: who only keeps what it wrote writes nothing more (V2)."""
    grants = grants_of(membership).filter(content_object=case)
    return grants.exclude(basis=enums.GrantBasis.OWN_RECORDS).exists()


def person_scope(membership: Membership) -> Q:
    """A person row: written by the agency (V2), or covered in 基本情報 (V3)."""
    if not reads_cases(membership):
        return NOTHING
    covered = grants_of(membership).filter(
        content_object=OuterRef("case_id"),
        person=OuterRef("pk"),
        categories__contains=[enums.Category.BASIC],
    )
    in_emergency = Q(case_id__in=emergencies_of(membership))
    return Q(author_agency_id=membership.agency_id) | Q(Exists(covered)) | in_emergency


def shields_against(membership: Membership) -> QuerySet[Any]:
    """Shields in force on whose list the membership does not stand (V9)."""
    return apps.get_model("cases", "Shield")._default_manager.against(membership)


def contact_scope(membership: Membership) -> Q:
    """Where a person is: of who is visible, unless a shield stands against whoever asks (V9)."""
    if not reads_cases(membership):
        return NOTHING
    persons = apps.get_model("cases", "Person")._default_manager.filter(
        person_scope(membership), pk=OuterRef("person_id")
    )
    shields = shields_against(membership).filter(person_id=OuterRef("person_id"))
    return Q(Exists(persons)) & ~Q(Exists(shields))


def unshielded(
    membership: Membership,
    *,
    case: str = "case_id",
    row: str = "pk",
    persons: str = "",
    person: str = "",
    household: str = "",
    by_hold_alone: bool = False,
) -> Q:
    """No shield closes the row (V9). Each shield of its case against whoever asks decides alone:
    what the list has decided of the row; else whether it names the shielded person or nobody in
    particular. What this very transaction has written it still reads.

    `persons`, `person`, `household`: columns of the row; without any it is the household's. With
    `by_hold_alone` nothing is closed but what is held.
    """
    holds = apps.get_model("cases", "ShieldHold")._default_manager.filter(
        shield=OuterRef("pk"), row_id=OuterRef(OuterRef(row))
    )
    passes = holds.filter(
        Q(decision=enums.HoldDecision.RELEASED) | Q(by_id=membership.pk, at=TransactionNow())
    )
    named = Q(whole=True)
    whole: Any = Value(not (by_hold_alone or person))
    if person:
        named |= Q(person_id=OuterRef(person))
    if persons:
        named |= Q(is_among=True)
        whole = Func(OuterRef(persons), template="cardinality(%(expressions)s) = 0")
    if household:
        whole = OuterRef(household)
    shields = shields_against(membership).filter(case_id=OuterRef(case))
    if persons:
        among = Func(
            F("person_id"),
            OuterRef(persons),
            template="(%(expressions)s))",
            arg_joiner=" = ANY(",
            output_field=BooleanField(),
        )
        shields = shields.alias(is_among=among)
    closing = shields.alias(whole=ExpressionWrapper(whole, output_field=BooleanField())).filter(
        (Q(Exists(holds)) & ~Q(Exists(passes))) | (~Q(Exists(holds)) & named)
    )
    # Asked once, uncorrelated: nearly every case has no shield, and costs no more than a look-up.
    without = ~Q(**{f"{case}__in": shields_against(membership).values("case_id")})
    return without | ~Q(Exists(closing))


def standing_scope(membership: Membership, to_record: str = "") -> Q:
    """A record read outside any sitting: own (V2), or covered for every person it names (V3).

    to_record: the way from the row asked about to its record, `record__` from a content table.
    """
    if not reads_cases(membership):
        return NOTHING
    here = grants_of(membership).filter(
        content_object=OuterRef(f"{to_record}case_id"),
        categories__contains=[OuterRef(f"{to_record}category")],
    )
    covered = ArraySubquery(here.filter(person__isnull=False).values("person_id"))

    def of_record(**facts: Any) -> Q:
        return Q(**{f"{to_record}{name}": value for name, value in facts.items()})

    named = of_record(is_household=False, person_ids__contained_by=covered)
    household = of_record(is_household=True) & Q(Exists(here.filter(covers_household=True)))
    team = of_record(audience=enums.Audience.TEAM) & (named | household)
    own = of_record(author_agency_id=membership.agency_id)
    return of_record(carry_out__isnull=True) & (own | team) & open_record(membership, to_record)


def open_record(membership: Membership, to_record: str = "") -> Q:
    """No shield closes the record (V9)."""
    return unshielded(
        membership,
        case=f"{to_record}case_id",
        row=f"{to_record}id",
        persons=f"{to_record}person_ids",
        household=f"{to_record}is_household",
    )


def record_scope(membership: Membership) -> Q:
    """A record: standing (V2, V3), carried out to me (V6), or what rooms above lay open (to a
    guest, who reads no cases, too)."""
    scope = NOTHING
    if reads_cases(membership):
        carried = in_force(apps.get_model("cases", "CarryOutGrant")._default_manager.all()).filter(
            membership_id=membership.pk, content_object=OuterRef("carry_out_id")
        )
        scope = standing_scope(membership) | (Q(carry_out__isnull=False) & Q(Exists(carried)))
        scope |= emergency_scope(membership)
    for wider in RECORD_SCOPES:
        scope |= wider(membership)
    return scope & open_record(membership)


def emergency_scope(membership: Membership) -> Q:
    """V8: what the team may read of the household; never sealed, never who notified."""
    return Q(
        case_id__in=emergencies_of(membership),
        audience=enums.Audience.TEAM,
        carry_out__isnull=True,
    ) & ~Q(category=enums.Category.NOTIFIER)


def from_now(until: datetime.datetime | None = None) -> TimestamptzRange:
    """A half-open period from this instant to `until` (None = open)."""
    return TimestamptzRange(timezone.now(), until)
