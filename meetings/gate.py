"""The gate of items as the ORM asks it (V5, V6); migration 0002 says the same in the database."""

from __future__ import annotations

from django.apps import apps
from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, OuterRef, Q

from agencies.models import Membership, SecretariatMember
from cases.gate import NOTHING, reads_cases
from meetings import enums


def sitting_scope(membership: Membership) -> Q:
    """Every sitting of the city: a day and a room."""
    return Q(municipality_id=membership.municipality.pk)


def secretariat(membership: Membership, conference_type: str) -> Exists:
    """Listed and pledged on the secretariat of the conference type."""
    return Exists(
        SecretariatMember.objects.filter(
            conference_type_id=OuterRef(conference_type), membership_id=membership.pk,
            pledged_at__isnull=False, ended_at__isnull=True,
        )
    )


def item_scope(membership: Membership) -> Q:
    """V5: the proposing agency, and the participants while every consent covers them.
    V6: the secretariat, and the appointed who took the pledge while the item is open."""
    if not reads_cases(membership):
        return NOTHING
    grants = apps.get_model("meetings", "ItemGrant")._default_manager.all()
    appointed = grants.filter(
        content_object=OuterRef("pk"), membership_id=membership.pk, pledged_at__isnull=False,
        revoked_at__isnull=True,
    )
    is_open = Q(open_period__contains=TransactionNow())
    listed = Q(basis=enums.ItemBasis.SECRECY) & Q(secretariat(membership, "conference_type_id"))
    consented = Q(basis=enums.ItemBasis.CONSENT) & (
        Q(proposing_agency_id=membership.agency_id)
        | (
            ~Q(state=enums.ItemState.BLOCKED)
            & is_open
            & Q(participant_ids__contains=[membership.agency_id])
        )
    )
    sealed = Q(basis=enums.ItemBasis.SECRECY) & is_open & Q(Exists(appointed))
    return listed | consented | sealed


def of_item(membership: Membership) -> Q:
    """What hangs on a visible item."""
    items = apps.get_model("meetings", "AgendaItem")._default_manager.all()
    return Q(Exists(items.filter(item_scope(membership), pk=OuterRef("item_id"))))


def laid_before(membership: Membership) -> Q:
    """Records (and plans) laid before an item under secrecy, for whoever sees the item (V6)."""
    items = apps.get_model("meetings", "AgendaItem")._default_manager.all()
    seen = items.filter(
        item_scope(membership),
        basis=enums.ItemBasis.SECRECY,
        case_id=OuterRef("case_id"),
        material_ids__contains=[OuterRef("pk")],
    )
    return Q(Exists(seen))
