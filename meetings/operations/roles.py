"""役割分担 of the plan that is talked about, changed in the sitting line by line."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.enums import AgendaType
from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.ids import new_id
from meetings.models import AgendaItem
from meetings.operations.common import lock_item
from meetings.operations.lines import write_line
from meetings.permissions import check_can_decide
from plans import operations as plans
from plans.enums import PlanStatus
from plans.models import Plan


def amended_plan(item: AgendaItem, by: Membership) -> Plan | None:
    """The plan whose role table this item may change: one that waits for what is decided here."""
    if item.agenda_type != AgendaType.PLAN_ADEQUACY or item.plan_id is None:
        return None
    waiting = Plan.objects.visible_to(by).filter(status=PlanStatus.SUBMITTED)
    return waiting.select_related("record").filter(pk=item.plan_id).first()


@transaction.atomic
def amend_role(
    *,
    item: AgendaItem,
    by: Membership,
    facts: plans.ItemFacts | None,
    key: uuid.UUID,
    line: uuid.UUID | None = None,
    seen: str = "",
) -> None:
    """Change, add or take out a line, by who decides the item. What changed is a line of 議事メモ
    too, so that every screen tells of it. StaleVersion when somebody else changed the line."""
    locked = lock_item(item, by)
    check_can_decide(by, locked)
    plan = amended_plan(locked, by)
    if plan is None:
        raise ActionDenied(_("この議題では、役割分担を直せません。"))
    words = plans.amend_role(plan=plan, by=by, facts=facts, key=key, line=line, seen=seen)
    if words:
        write_line(item=locked, by=by, key=new_id(), text=words)
