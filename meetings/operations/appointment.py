"""指名 and 誓約: people, not agencies, for one item under secrecy (V6)."""

from __future__ import annotations

from django.contrib.auth.models import Permission as GuardianPermission
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from meetings import enums
from meetings.gate import listed_entries
from meetings.models import AgendaItem, ItemGrant
from meetings.operations.common import lock_item, trace
from meetings.operations.sitting import tell_appointed
from meetings.permissions import LIVE, check_is_listed, is_open_now

OVER = (enums.SittingState.CLOSED, enums.SittingState.CANCELLED)


def check_can_appoint(by: Membership, item: AgendaItem) -> None:
    """A listed secretary, until the sitting is over. The host's head only if listed (V6)."""
    if not item.is_secret:
        raise ActionDenied(_("同意による会議では、人ではなく機関が参加します。"))
    check_is_listed(by, item.conference_type)
    if item.sitting.state in OVER:
        raise ActionDenied(_("会議は終了しています。いまから指名することはできません。"))
    if item.state not in (enums.ItemState.PROPOSED, enums.ItemState.NOTICED):
        raise ActionDenied(
            _("この議題は「%(state)s」のため、指名できません。")
            % {"state": item.get_state_display()}
        )


def _check_appointee(member: Membership, item: AgendaItem, by: Membership) -> None:
    known = Membership.objects.active().with_names().filter(pk=member.pk).first()
    if known is None or known.user_id is None or known.municipality.pk != by.municipality.pk:
        raise ActionDenied(_("指名できるのは、この市でいま所属のある人だけです。"))
    if not known.may(Permission.READ_CASES):
        raise ActionDenied(
            _("「%(role)s」の役割の人は指名できません。") % {"role": known.role_name}
        )
    if listed_entries(known).filter(conference_type_id=item.conference_type_id).exists():
        raise ActionDenied(_("事務局名簿の人は、指名がなくても議題を見られます。"))


@transaction.atomic
def appoint(*, item: AgendaItem, by: Membership, member: Membership) -> ItemGrant:
    """指名: opens nothing until the person has pledged and the notice has gone out."""
    locked = lock_item(item, by)
    check_can_appoint(by, locked)
    _check_appointee(member, locked, by)
    if ItemGrant.objects.filter(content_object=locked, membership=member).standing().exists():
        raise ActionDenied(_("この人は、すでに指名されています。"))
    grant = ItemGrant(
        user=member.user,
        permission=GuardianPermission.objects.get(
            content_type__app_label="meetings", codename="view_agendaitem"
        ),
        content_object=locked,
        membership=member,
        conference_type_id=locked.conference_type_id,
        sitting_id=locked.sitting_id,
        appointed_by=by,
    )
    grant.save(force_insert=True)
    tell_appointed(grant, opened=False)
    trace(locked, by, "appoint")
    return grant


@transaction.atomic
def take_pledge(*, grant: ItemGrant, by: Membership) -> None:
    """誓約, by the appointed for themselves, for this item alone."""
    if grant.membership_id != by.pk:
        raise ActionDenied(_("誓約できるのは、指名された本人だけです。"))
    locked = (
        ItemGrant.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("sitting")
        .get(pk=grant.pk)
    )
    if locked.revoked_at is not None:
        raise ActionDenied(_("この指名は取り消されています。"))
    if locked.pledged_at is not None:
        raise ActionDenied(_("すでに誓約しています。"))
    if locked.sitting.state in OVER:
        raise ActionDenied(_("会議は終了しています。"))
    # Not save(): guardian's reads the item, which opens only now.
    ItemGrant.objects.visible_to(by).filter(pk=locked.pk).update(pledged_at=timezone.now())
    log_access(
        by,
        Action.WRITE,
        what="take_pledge",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis="106-6",
        item_id=locked.content_object_id,
    )


@transaction.atomic
def revoke_appointment(*, grant: ItemGrant, by: Membership) -> None:
    """取り消し: the person sees nothing of the item from the next request on."""
    locked = (
        ItemGrant.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("conference_type")
        .get(pk=grant.pk)
    )
    check_is_listed(by, locked.conference_type)
    if locked.revoked_at is not None:
        raise ActionDenied(_("この指名は、すでに取り消されています。"))
    ItemGrant.objects.visible_to(by).filter(pk=locked.pk).update(revoked_at=timezone.now())
    log_access(
        by,
        Action.WRITE,
        what="revoke_appointment",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis="106-6",
        item_id=locked.content_object_id,
    )


def opens_to_appointed(item: AgendaItem) -> bool:
    """Whether who has pledged may read the item now."""
    return is_open_now(item) and item.sitting.state not in (enums.SittingState.CANCELLED, *LIVE[:2])
