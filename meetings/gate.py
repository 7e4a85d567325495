"""The gate of items as the ORM asks it (V5, V6); migration 0002 says the same in the database."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import Membership, SecretariatMember
from cases.gate import GRANTS, SHIELDED, asked_by, listed_rule, reads_cases
from config.lib.condition import NEVER, Rule
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
CLOSED = f"""{SHIELDED}
    AND kasane.shield_closes({{case}}, {{item}}, {{persons}}, cardinality({{persons}}) = 0)"""
ITEM = {
    "item": "id", "basis": "basis", "open": "open_period", "case": "case_id", "state": "state",
    "persons": "person_ids", "participants": "participant_ids", "type": "conference_type_id",
    "proposing": "proposing_agency_id",
}  # fmt: skip


def item_rule(membership: Membership) -> Rule:
    """V5: the proposing agency, and the participants while every consent covers them.
    V6: the secretariat, and the appointed who took the pledge while the item is open."""
    if not reads_items(membership):
        return NEVER
    bases = {"secrecy": enums.ItemBasis.SECRECY, "consent": enums.ItemBasis.CONSENT}
    found = asked_by(membership, SEALED, **bases)
    if reads_cases(membership):
        found |= asked_by(membership, CONSENTED, blocked=enums.ItemState.BLOCKED, **bases)
        found |= Rule("{basis} = {secrecy}", bases) & listed_rule(membership)
    return found & ~Rule(CLOSED)


def item_scope(membership: Membership) -> Q:
    """`item_rule` of the row."""
    return item_rule(membership).asked(ITEM)


def of_item(membership: Membership) -> Q:
    """What hangs on a visible item."""
    whole = "EXISTS (SELECT 1 FROM meetings_agendaitem AS i WHERE i.id = {own} AND ({rule}))"
    return item_rule(membership).within(whole, "i", ITEM).asked({"own": "item_id"})


def laid_before(membership: Membership) -> Rule:
    """Records (and plans) laid before an item under secrecy, for whoever sees the item (V6).

    Not correlated: the few items one sees are asked once, not once for every record.
    """
    laid = """{row} IN (SELECT unnest(i.material_ids) FROM meetings_agendaitem AS i
        WHERE i.basis = {secrecy} AND ({rule}))"""
    return item_rule(membership).within(laid, "i", ITEM, secrecy=enums.ItemBasis.SECRECY)
