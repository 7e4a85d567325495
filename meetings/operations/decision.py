"""What a sitting decides on an item.

A plan comes into force, or ends, in the transaction of the decision, or not at all.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import AgendaType
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from meetings import enums
from meetings.models import AgendaItem
from meetings.operations.carrying import CarryOutFacts, Renewal, give_carry_out, renew
from meetings.operations.common import leave_step, lock_item, next_sitting, save_item
from meetings.operations.minutes import newest_of, write_minutes
from meetings.permissions import check_can_decide
from meetings.quorum import check_who_is_there
from plans.models import Plan
from plans.operations import end_plan, record_conference_result

D = enums.Decision


@transaction.atomic
def decide_item(
    *,
    item: AgendaItem,
    by: Membership,
    decision: str,
    opinion: str,
    minutes: str = "",
    next_review_on: datetime.date | None = None,
    carry_out: CarryOutFacts | None = None,
    renewals: Sequence[Renewal] = (),
    lead_agency_after: Agency | None = None,
    version: int | None = None,
) -> AgendaItem:
    """The decision and all it sets going, in one transaction. StaleVersion when somebody else
    saved first. Gives the decided item."""
    locked = lock_item(item, by, version)
    check_can_decide(by, locked)
    if decision not in enums.DECISIONS[locked.agenda_type]:
        raise ActionDenied(_("この種別の議題では、その決定は選べません。"))
    check_who_is_there(by, locked, decision)
    if next_review_on is not None and next_review_on <= timezone.localdate():
        raise ActionDenied(_("次回の確認日は、明日からあとの日にしてください。"))
    if locked.plan_id is not None:
        _decide_plan(locked, by, decision, opinion, next_review_on, lead_agency_after)
    for renewal in renewals:
        renew(locked, by, renewal)
    made = give_carry_out(locked, by, carry_out) if decision == D.ROLES else None
    if decision == D.WATCH:
        _carry_to_next(locked, by, next_review_on)
    save_item(
        locked,
        by,
        "decide",
        state=enums.ItemState.DECIDED,
        decision=decision,
        opinion=opinion,
        next_review_on=next_review_on,
        decided_at=timezone.now(),
        decided_by=by,
        carry_out=made,
        carry_text=locked.carry_text,
        carry_people=locked.carry_people,
        carry_review_on=locked.carry_review_on,
    )
    if minutes:
        newest = newest_of(by, locked)
        write_minutes(item=locked, by=by, text=minutes, based_on=newest.number if newest else 0)
    _tell(locked, by)
    return locked


def _decide_plan(
    item: AgendaItem,
    by: Membership,
    decision: str,
    opinion: str,
    next_review_on: datetime.date | None,
    lead_agency_after: Agency | None,
) -> None:
    plan = Plan.objects.visible_to(by).filter(pk=item.plan_id).first()
    if plan is None:
        raise ActionDenied(
            _(
                "プランを見られないため決定できません。事務局への同意に「プラン」が含まれているか確かめてください。"
            )
        )
    name = item.conference_type.name
    if item.agenda_type == AgendaType.PLAN_ADEQUACY:
        record_conference_result(
            plan=plan,
            by=by,
            decision=decision,
            conference_name=name,
            note=opinion,
            review_on=next_review_on,
        )
    elif decision in (D.CLOSE, D.REPLAN, D.INTERRUPT):
        end_plan(
            plan=plan,
            by=by,
            outcome=decision,
            lead_agency_after=lead_agency_after,
            conference_name=name,
        )


def _carry_to_next(item: AgendaItem, by: Membership, review_on: datetime.date | None) -> None:
    """見守り: the case comes back to the next sitting, with what was laid and said this time."""
    found = next_sitting(item.sitting, item.conference_type_id)
    if found is None:
        if review_on is None:
            raise ActionDenied(_("次の会議がまだありません。次回の確認日を入れてください。"))
        return
    again = AgendaItem(
        sitting=found,
        conference_type=item.conference_type,
        agenda_type=item.agenda_type,
        basis=item.basis,
        case_id=item.case_id,
        title=item.title,
        person_ids=item.person_ids,
        briefing=item.briefing,
        material_ids=item.material_ids,
        attached_ids=[*item.attached_ids, item.pk] if item.case_id else [],
        proposed_by=by,
        proposing_agency_id=by.agency_id,
    )
    again.save(force_insert=True)
    leave_step(again, by, "propose")


def _tell(item: AgendaItem, by: Membership) -> None:
    """With consent, the agencies that take part; under secrecy nobody: they were in the room."""
    if item.is_secret:
        return
    for agency in {*item.participant_ids, item.proposing_agency_id} - {by.agency_id}:
        notify(
            agency=agency,
            kind="item_decided",
            key=str(item.pk),
            title=_("会議で決定した議題があります"),
            url=f"/meetings/items/{item.pk}/",
        )
