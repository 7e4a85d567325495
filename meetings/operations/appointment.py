"""指名 and 誓約: people, not agencies, for one item under secrecy (V6).

The host's head appoints. A head who is not listed must not learn of the item, so a listed secretary
enters what the head decided on paper, and says who decided and when.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.contrib.auth.models import Permission as GuardianPermission
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import ConferenceType, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from meetings import enums
from meetings.agenda import UNDECIDED
from meetings.gate import listed_entries
from meetings.models import AgendaItem, ItemGrant
from meetings.operations.common import lock_item, trace
from meetings.operations.sitting import last_open_day, tell_appointed
from meetings.permissions import check_is_listed

OVER = (enums.SittingState.CLOSED, enums.SittingState.CANCELLED)


def check_can_appoint(by: Membership, item: AgendaItem) -> None:
    """A listed secretary, until the sitting is over. The host's head only if listed (V6)."""
    if not item.is_secret:
        raise ActionDenied(_("同意による会議では、人ではなく機関が参加します。"))
    check_is_listed(by, item.conference_type)
    if item.sitting.state in OVER:
        raise ActionDenied(_("会議は終了しています。いまから指名することはできません。"))
    if item.sitting.on is not None and last_open_day(item.sitting, item) < timezone.localdate():
        raise ActionDenied(_("この議題は閉じています。いまから指名することはできません。"))
    if item.state not in (enums.ItemState.PROPOSED, enums.ItemState.NOTICED):
        raise ActionDenied(
            _("この議題は「%(state)s」のため、指名できません。")
            % {"state": item.get_state_display()}
        )


@dataclass(frozen=True)
class Appointing:
    """決裁: which head of the host decided the appointment, on which day."""

    head: Membership
    on: datetime.date


def heads_of(conference_type: ConferenceType) -> list[Membership]:
    """Who may appoint for the body: the head of its host (without a host: of its secretariat)."""
    found = Membership.objects.active().with_names()
    return list(
        found.filter(
            agency_id=conference_type.host_id or conference_type.secretariat_id,
            role__permissions__contains=[Permission.APPOINT],
            user__is_active=True,
        ).order_by("since", "pk")
    )


def decided_by(item: AgendaItem, by: Membership, appointing: Appointing | None) -> Appointing:
    """The head's decision an appointment rests on. Without one given: `by`, being a head, or the
    host's only head, today."""
    heads = heads_of(item.conference_type)
    if not heads:
        raise ActionDenied(_("この会議を主催する機関の長が登録されていないため、指名できません。"))
    if appointing is None:
        own = [head for head in heads if head.pk == by.pk]
        if not own and len(heads) > 1:
            raise ActionDenied(_("指名を決めた主催機関の長を選んでください。"))
        return Appointing((own or heads)[0], timezone.localdate())
    if appointing.head.pk not in {head.pk for head in heads}:
        raise ActionDenied(_("指名を決められるのは、会議を主催する機関の長だけです。"))
    if appointing.on > timezone.localdate():
        raise ActionDenied(_("指名を決めた日は、今日までの日にしてください。"))
    return appointing


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
def appoint(
    *, item: AgendaItem, by: Membership, member: Membership, appointing: Appointing | None = None
) -> ItemGrant:
    """指名: opens nothing until the person has pledged and the notice has gone out."""
    locked = lock_item(item, by)
    check_can_appoint(by, locked)
    decision = decided_by(locked, by, appointing)
    _check_appointee(member, locked, by)
    if ItemGrant.objects.filter(content_object=locked, membership=member).standing().exists():
        raise ActionDenied(_("この人は、すでに指名されています。"))
    grant = grant_item(locked, by, member, decision)
    tell_appointed(grant, opened=False)
    trace(locked, by, "appoint")
    return grant


def grant_item(
    item: AgendaItem, by: Membership, member: Membership, decision: Appointing
) -> ItemGrant:
    """The row of the store, nothing checked: for `appoint` and for a guest's new account."""
    grant = ItemGrant(
        user=member.user,
        permission=GuardianPermission.objects.get(
            content_type__app_label="meetings", codename="view_agendaitem"
        ),
        content_object=item,
        membership=member,
        conference_type_id=item.conference_type_id,
        sitting_id=item.sitting_id,
        appointed_by=by,
        decided_by=decision.head,
        decided_on=decision.on,
    )
    grant.save(force_insert=True)
    return grant


def check_own_pledge(by: Membership, grant: ItemGrant) -> None:
    if grant.membership_id != by.pk:
        raise ActionDenied(_("誓約できるのは、指名された本人だけです。"))


@transaction.atomic
def take_pledge(*, grant: ItemGrant, by: Membership) -> None:
    """誓約, by the appointed for themselves, for this item alone, in the sitting of `grant` as they
    have read it: an item that was put off meanwhile asks for another pledge."""
    check_own_pledge(by, grant)
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
    if locked.sitting_id != grant.sitting_id:
        raise ActionDenied(
            _("議題は次の会議に回りました。日程を確かめて、もう一度誓約してください。")
        )
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


def presents_no_more(item_key: uuid.UUID, member_key: uuid.UUID, by: Membership) -> None:
    """Who is appointed no more presents nothing that is still to come."""
    AgendaItem.objects.visible_to(by).filter(
        pk=item_key, presenter_id=member_key, state__in=UNDECIDED
    ).update(presenter=None, version=F("version") + 1)


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
    presents_no_more(locked.content_object_id, locked.membership_id, by)
    log_access(
        by,
        Action.WRITE,
        what="revoke_appointment",
        purpose=Purpose.SUPPORT_CONFERENCE,
        basis="106-6",
        item_id=locked.content_object_id,
    )
