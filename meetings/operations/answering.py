"""出欠を返事する: whoever was asked says whether they come, for themself (V5, V6); over what the
office was told by telephone (members.py) as over what they said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from meetings import enums
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, Sitting
from meetings.models.items import AgendaItemQuerySet
from meetings.operations.common import trace


@dataclass(frozen=True)
class Reply:
    """What is answered for one item. A remark stands with the answer of an agency alone."""

    item: UUID
    answer: str
    has_conflict: bool = False
    remark: str = ""


def asked_of(by: Membership) -> AgendaItemQuerySet:
    """Items of sittings to come for which `by` was asked: as an agency that takes part (the
    secretariat is there anyway), or appointed and pledged."""
    mine = ItemGrant.objects.filter(
        content_object=OuterRef("pk"),
        membership_id=by.pk,
        pledged_at__isnull=False,
        revoked_at=None,
    )
    agency = Q(participant_ids__contains=[by.agency_id]) | Q(proposing_agency_id=by.agency_id)
    office = Q(conference_type__secretariat_id=by.agency_id)
    with_consent = Q(agency, basis=enums.ItemBasis.CONSENT) & ~office
    return (
        AgendaItem.objects.visible_to(by)
        .filter(state=enums.ItemState.NOTICED, sitting__state=enums.SittingState.NOTICED)
        .filter(with_consent | Q(Exists(mine), basis=enums.ItemBasis.SECRECY))
    )


def unanswered(by: Membership) -> AgendaItemQuerySet:
    """Those of `asked_of` that wait for an answer."""
    said = ItemAttendance.objects.filter(
        item=OuterRef("pk"), agency_id=by.agency_id, membership=None, removed_at=None
    ).exclude(answer="")
    own = ItemGrant.objects.filter(
        content_object=OuterRef("pk"), membership_id=by.pk, revoked_at=None
    ).exclude(answer="")
    waits = Q(~Exists(said), basis=enums.ItemBasis.CONSENT)
    return asked_of(by).filter(waits | Q(~Exists(own), basis=enums.ItemBasis.SECRECY))


@transaction.atomic
def answer_sitting(*, sitting: Sitting, by: Membership, replies: Sequence[Reply]) -> int:
    """The answers of one sitting; gives how many changed. The same again changes nothing."""
    locked = Sitting.objects.visible_to(by).select_for_update().get(pk=sitting.pk)
    if locked.state != enums.SittingState.NOTICED:
        raise ActionDenied(
            _("この会議は「%(state)s」のため、出欠の返事を変えられません。")
            % {"state": locked.get_state_display()}
        )
    asked = {item.pk: item for item in asked_of(by).filter(sitting=locked).order_by("pk")}
    if any(reply.item not in asked for reply in replies):
        raise ActionDenied(
            _("参加する議題が変わりました。いまの議題を確かめて、もう一度返事をしてください。")
        )
    changed = 0
    for reply in replies:
        if reply.answer not in enums.Answer.values:
            raise ActionDenied(_("出欠を選んでください。"))
        item = asked[reply.item]
        done = _for_oneself(item, by, reply) if item.is_secret else _for_agency(item, by, reply)
        if done:
            trace(item, by, "answer_item")
            changed += 1
    return changed


def _for_agency(item: AgendaItem, by: Membership, reply: Reply) -> bool:
    rows = ItemAttendance.objects.filter(
        item=item, agency_id=by.agency_id, membership=None, removed_at=None
    )
    row = rows.select_related("answered_by").first()
    typed = (reply.answer, reply.remark, reply.has_conflict)
    if row is not None and (row.answer, row.remark, row.has_conflict) == typed and not is_told(row):
        return False
    if row is None:
        row = ItemAttendance(item=item, agency_id=by.agency_id)
    row.answer, row.remark, row.has_conflict = typed
    row.answered_at, row.answered_by = timezone.now(), by
    if row._state.adding:
        row.save(force_insert=True)
    else:
        row.save(update_fields=["answer", "remark", "has_conflict", "answered_at", "answered_by"])
    return True


def is_told(row: ItemAttendance) -> bool:
    """Whether an agency's answer was told by telephone: somebody of another agency entered it.
    Needs `answered_by`."""
    who = row.answered_by
    return row.agency_id is not None and who is not None and who.agency_id != row.agency_id


def _for_oneself(item: AgendaItem, by: Membership, reply: Reply) -> bool:
    grants = ItemGrant.objects.filter(content_object=item, membership_id=by.pk).standing()
    same = Q(answer=reply.answer, has_conflict=reply.has_conflict, answered_by=None)
    other = grants.exclude(same)
    # Not save(): guardian's reads more than the row.
    return bool(
        other.update(
            answer=reply.answer,
            has_conflict=reply.has_conflict,
            answered_at=timezone.now(),
            answered_by=None,
        )
    )
