"""終結・再プラン・中断・継続: of the programme's plan, never of the case."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may
from plans import enums
from plans.models import Plan
from plans.operations.drafting import lock_plan, trace
from plans.permissions import check_can_end
from plans.transitions import RUN, apply_step, check_step

STEP = {
    enums.Outcome.CLOSE: "close",
    enums.Outcome.REPLAN: "replan",
    enums.Outcome.INTERRUPT: "interrupt",
    enums.Outcome.CONTINUE: "keep",
}


@transaction.atomic
def end_plan(
    *,
    plan: Plan,
    by: Membership,
    outcome: str,
    lead_agency_after: Agency | None = None,
    conference_name: str = "",
    note: str = "",
) -> Plan:
    """By the author's agency, or, with its name, by a conference. 多機関協働 closes only when it
    is settled who stays (終結後の主担当)."""
    if outcome not in STEP:
        raise ActionDenied(_("判定を選んでください。"))
    name = STEP[enums.Outcome(outcome)]
    plan = lock_plan(plan, by)
    if conference_name:
        check_step(plan=plan, name=name, by=by)
        check_may(by, RUN)
    else:
        check_can_end(by, plan, name)
    changed: list[str] = []
    if outcome == enums.Outcome.CLOSE:
        if plan.programme == enums.PlanProgramme.COORDINATION and lead_agency_after is None:
            raise ActionDenied(_("多機関協働の終結には、終結後の主担当を決めてください。"))
        plan.lead_agency_after = lead_agency_after
        changed.append("lead_agency_after")
    if outcome != enums.Outcome.CONTINUE:
        plan.ended_at = timezone.now()
        changed.append("ended_at")
    words = "\n".join(filter(None, [conference_name, note]))
    step = apply_step(plan=plan, name=name, by=by, note=words, fields=changed)
    if outcome != enums.Outcome.CONTINUE and by.agency_id != plan.record.author_agency_id:
        notify(
            agency=plan.record.author_agency_id,
            kind="plan_ended",
            key=str(step.pk),
            title=_("プランの評価の結果が決まりました"),
            url=f"/plans/{plan.pk}/",
        )
    trace(plan, by, "end_plan")
    return plan
