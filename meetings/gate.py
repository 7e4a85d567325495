"""The gate of items as the ORM asks it (V5, V6); migration 0002 says the same in the database."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership, SecretariatMember
from cases.gate import NOTHING, grants_of, reads_cases, unshielded
from config.lib.fiscal import fiscal_year
from meetings import enums


def sitting_scope(membership: Membership) -> Q:
    """Every sitting of the city: a day and a room. A guest's own sitting alone."""
    city = Q(municipality_id=membership.municipality.pk)
    if not membership.is_guest:
        return city
    grants = apps.get_model("meetings", "ItemGrant")._default_manager.all()
    mine = grants.filter(
        sitting_id=OuterRef("pk"), membership_id=membership.pk, revoked_at__isnull=True
    )
    return city & Q(Exists(mine))


def reads_items(membership: Membership) -> bool:
    """Whether this role reads what it is appointed to: who reads cases, and guests (V6)."""
    return membership.agency_id is not None and membership.may(Permission.READ_ITEMS)


def secretariat(membership: Membership, conference_type: str) -> Exists:
    """Listed and pledged for this fiscal year on the secretariat of the conference type."""
    return Exists(listed_entries(membership).filter(conference_type_id=OuterRef(conference_type)))


def listed_entries(membership: Membership) -> QuerySet[SecretariatMember]:
    """The membership's places on secretariat lists, pledged for this fiscal year."""
    return SecretariatMember.objects.filter(
        membership_id=membership.pk,
        fiscal_year=fiscal_year(timezone.localdate()),
        pledged_at__isnull=False,
        ended_at__isnull=True,
    )


def item_scope(membership: Membership) -> Q:
    """V5: the proposing agency, and the participants while every consent covers them.
    V6: the secretariat, and the appointed who took the pledge while the item is open."""
    if not reads_items(membership):
        return NOTHING
    items = apps.get_model("meetings", "AgendaItem")._default_manager.all()
    open_item = unshielded(membership, persons="person_ids")
    is_open = Q(open_period__contains=TransactionNow())
    is_secret = Q(basis=enums.ItemBasis.SECRECY)
    sealed = is_secret & is_open & Q(Exists(_appointed(membership)))
    later = items.filter(is_secret & is_open, attached_ids__contains=[OuterRef("pk")])
    attached = is_secret & Q(Exists(later.filter(Exists(_appointed(membership)))))
    if not reads_cases(membership):
        return (sealed | attached) & open_item
    # Live, not by state alone: an expired consent has closed before anybody notices (V3).
    covered = ArraySubquery(
        grants_of(membership)
        .filter(content_object=OuterRef("case_id"), person__isnull=False)
        .values("person_id")
    )
    consented = Q(basis=enums.ItemBasis.CONSENT) & (
        Q(proposing_agency_id=membership.agency_id)
        | (
            ~Q(state=enums.ItemState.BLOCKED)
            & is_open
            & Q(participant_ids__contains=[membership.agency_id])
            & Q(person_ids__contained_by=covered)
        )
    )
    listed = is_secret & Q(secretariat(membership, "conference_type_id"))
    return (listed | consented | sealed | attached) & open_item


def _appointed(membership: Membership) -> QuerySet[Any]:
    """The membership's standing, pledged appointment to the item of the outer query."""
    return apps.get_model("meetings", "ItemGrant")._default_manager.filter(
        content_object=OuterRef("pk"),
        membership_id=membership.pk,
        pledged_at__isnull=False,
        revoked_at__isnull=True,
    )


def of_item(membership: Membership) -> Q:
    """What hangs on a visible item."""
    items = apps.get_model("meetings", "AgendaItem")._default_manager.all()
    return Q(Exists(items.filter(item_scope(membership), pk=OuterRef("item_id"))))


def laid_before(membership: Membership) -> Q:
    """Records (and plans) laid before an item under secrecy, for whoever sees the item (V6).

    Not correlated: the few items one sees are asked once, not once for every record.
    """
    items = apps.get_model("meetings", "AgendaItem")._default_manager.all()
    seen = items.filter(item_scope(membership), basis=enums.ItemBasis.SECRECY)
    return Q(pk__in=seen.annotate(laid=Func(F("material_ids"), function="unnest")).values("laid"))
