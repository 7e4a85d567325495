"""The gate of items as the ORM asks it (V5, V6); migration 0002 says the same in the database."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership, SecretariatMember
from cases.gate import GRANTS, NOTHING, asked_by, listed_scope, reads_cases, unshielded
from config.lib.condition import Condition
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


def listed_entries(membership: Membership) -> QuerySet[SecretariatMember]:
    """The membership's places on secretariat lists, pledged for this fiscal year."""
    return SecretariatMember.objects.filter(
        membership_id=membership.pk,
        fiscal_year=fiscal_year(timezone.localdate()),
        pledged_at__isnull=False,
        ended_at__isnull=True,
    )


# Appointed and pledged, and not taken back: the item stands in %s.
APPOINTED = """EXISTS (SELECT 1 FROM meetings_itemgrant AS a WHERE a.content_object_id = %s
    AND a.membership_id = {me} AND a.pledged_at IS NOT NULL AND a.revoked_at IS NULL)"""
# V6: while this item is open, or a later one that it is attached to.
SEALED = f"""{{basis}} = {{secrecy}} AND (
    ({{open}} @> CURRENT_TIMESTAMP AND {APPOINTED % "{item}"})
    OR EXISTS (SELECT 1 FROM meetings_agendaitem AS later WHERE later.basis = {{secrecy}}
        AND later.open_period @> CURRENT_TIMESTAMP AND later.attached_ids @> ARRAY[{{item}}]
        AND {APPOINTED % "later.id"}))"""  # noqa: S608 # made of constants
# V5. Live, not by state alone: an expired consent has closed before anybody notices (V3).
CONSENTED = f"""{{basis}} = {{consent}} AND ({{proposing}} = {{agency}} OR ({{state}} <> {{blocked}}
    AND {{open}} @> CURRENT_TIMESTAMP AND {{agency}} = ANY ({{participants}})
    AND {{persons}} <@ ARRAY(SELECT g.person_id {GRANTS} AND g.content_object_id = {{case}}
        AND g.person_id IS NOT NULL)))"""


def item_scope(membership: Membership) -> Q:
    """V5: the proposing agency, and the participants while every consent covers them.
    V6: the secretariat, and the appointed who took the pledge while the item is open."""
    if not reads_items(membership):
        return NOTHING
    terms = asked_by(membership) | {"basis": F("basis"), "open": F("open_period")}
    secrecy = Value(enums.ItemBasis.SECRECY)
    scope = Q(Condition(SEALED, item="pk", secrecy=secrecy, **terms))
    if reads_cases(membership):
        consented = Condition(
            CONSENTED,
            case="case_id",
            state="state",
            persons="person_ids",
            participants="participant_ids",
            proposing="proposing_agency_id",
            consent=Value(enums.ItemBasis.CONSENT),
            blocked=Value(enums.ItemState.BLOCKED),
            **terms,
        )
        listed = Q(basis=enums.ItemBasis.SECRECY) & listed_scope(membership, "conference_type_id")
        scope |= Q(consented) | listed
    return scope & unshielded(persons="person_ids")


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
