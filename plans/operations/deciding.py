"""What a conference, or the city's deciding agency after it, makes of a plan.

The meetings room calls `record_conference_result` inside its own transaction; who runs a sitting
under secrecy may read the plan through the item alone, so nothing here asks for the case.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.deciding import Act, columns_of, line_words, route_of
from agencies.enums import Decider, DecisionAct, DecisionKind
from agencies.models import Agency, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from plans import enums
from plans.models import Plan, PlanApproval
from plans.operations.drafting import lock_plan, trace
from plans.operations.reach import plan_reach
from plans.permissions import (
    check_can_decide,
    check_can_start_urgently,
    check_of_deciding_agency,
    check_waits_for_decision,
)
from plans.transitions import apply_step
from plans.urgent import START, awaits_report

# Whoever stands in has not the turn; whoever registers a paper need not be of the deciding agency.
CHECKS = {
    DecisionAct.PROXY: check_of_deciding_agency,
    DecisionAct.PAPER: check_waits_for_decision,
}

# The four decisions on a plan's adequacy, by the codes of the conference.
RESULTS = {
    "adequate": gettext_lazy("適切"),
    "adequate_amended": gettext_lazy("修正して適切"),
    "returned": gettext_lazy("差戻し"),
    "continued": gettext_lazy("継続審議"),
}


@transaction.atomic
def record_conference_result(
    *,
    plan: Plan,
    by: Membership,
    decision: str,
    conference_name: str,
    note: str = "",
    review_on: datetime.date | None = None,
) -> Plan:
    """適切 brings the plan into force, or, where an agency decides, before that agency; of one that
    began in urgency it is the answer to the report. Whether and by whom, each step says; that it
    is this conference, the meetings room knows."""
    if decision not in RESULTS:
        raise ActionDenied(_("プランの協議の結果を選んでください。"))
    plan = lock_plan(plan, by)
    words = "\n".join(filter(None, [f"{conference_name}：{RESULTS[decision]}", note]))
    if awaits_report(plan):
        _answer_report(plan, by, decision, words, review_on)
    elif decision == "returned":
        step = apply_step(plan=plan, name="return", by=by, note=words)
        _tell_author(plan, "plan_returned", str(step.pk), _("プランが差し戻されました"))
    elif decision == "continued":
        apply_step(plan=plan, name="continue", by=by, note=words)
    else:
        changed = []
        if review_on is not None:
            plan.review_on, changed = review_on, ["review_on"]
        if by.municipality.decided_by == Decider.AGENCY:
            step = apply_step(plan=plan, name="agree", by=by, note=words, fields=changed)
            _tell_decider(plan, by, str(step.pk))
        else:
            bring_into_force(
                plan=plan,
                by=by,
                step="adopt",
                decided_in=conference_name,
                note=words,
                fields=changed,
            )
    trace(plan, by, "record_conference_result")
    return plan


def _answer_report(
    plan: Plan, by: Membership, decision: str, words: str, review_on: datetime.date | None
) -> None:
    """A plan begun in urgency stays in force whatever is said: 差戻し asks its author for the next
    plan, which takes its place."""
    name = {"returned": "report_object", "continued": "report_continue"}.get(
        decision, "report_accept"
    )
    changed = []
    if review_on is not None:
        plan.review_on, changed = review_on, ["review_on"]
    step = apply_step(plan=plan, name=name, by=by, note=words, fields=changed)
    if name == "report_object":
        title = _("緊急に始めたプランの見直しを求められました。再プランの案をつくってください")
        _tell_author(plan, "plan_returned", str(step.pk), title)


@transaction.atomic
def start_urgently(*, plan: Plan, by: Membership, reason: str) -> Plan:
    """緊急の開始: in force at once by who decides plans in this city, with the reason why it could
    not wait; a conference hears of it afterwards (事後報告)."""
    plan = lock_plan(plan, by)
    check_can_start_urgently(by, plan)
    if not reason.strip():
        raise ActionDenied(_("会議を待てない理由を書いてください。"))
    bring_into_force(
        plan=plan,
        by=by,
        step=START,
        decided_in=_("%(agency)s（緊急の開始）") % {"agency": by.agency_name},
        note=reason,
    )
    trace(plan, by, START)
    return plan


@transaction.atomic
def decide_plan(*, plan: Plan, by: Membership, note: str = "", act: Act | None = None) -> Plan:
    """支援決定 by the city's deciding agency, after the conference found the plan adequate: a line
    of the 決裁, and with the last one the plan comes into force; a return gives it back."""
    act = act or Act(note=note)
    plan = lock_plan(plan, by)
    steps = list(PlanApproval.objects.visible_to(by).filter(plan=plan))
    CHECKS.get(DecisionAct(act.act), check_can_decide)(by, plan)
    values = columns_of(
        act,
        by=by,
        route=route_of(by.municipality, DecisionKind.PLAN),
        steps=steps,
        drafter=plan.record.author,
    )
    line = PlanApproval(plan=plan, **values)
    line.save(force_insert=True)
    if line.act == DecisionAct.RETURN:
        step = apply_step(plan=plan, name="send_back", by=by, note=line.note)
        _tell_author(plan, "plan_returned", str(step.pk), _("プランが差し戻されました"))
    elif line.is_final:
        agency = _deciding_agency(by)
        where = agency.name if agency is not None else by.agency_name
        said = line_words(line)
        words = said["said"] if line.act == DecisionAct.PAPER else line.note
        bring_into_force(plan=plan, by=by, step="decide", decided_in=where, note=words)
    trace(plan, by, "decide_plan")
    return plan


@transaction.atomic
def see_plan_proxy(*, plan: Plan, by: Membership) -> int:
    """後閲: I have seen what was decided in my place. Gives how many lines."""
    waiting = PlanApproval.objects.visible_to(by).filter(plan=plan, absent=by, seen_at=None)
    seen: int = waiting.update(seen_at=timezone.now())
    if seen:
        trace(plan, by, "see_plan_proxy")
    return seen


def bring_into_force(
    *,
    plan: Plan,
    by: Membership,
    step: str,
    decided_in: str,
    note: str = "",
    fields: list[str] | None = None,
) -> None:
    """The moment of decision, whoever decides: stamp, step, the plan before, the agencies told."""
    plan.decided_at, plan.decided_by = timezone.now(), by
    plan.decided_in = decided_in[:100]
    changed = [*(fields or []), "decided_at", "decided_by", "decided_in"]
    apply_step(plan=plan, name=step, by=by, note=note, fields=changed)
    _replace_former(plan, by)
    for reached in plan_reach(plan):
        # Whoever may not read the plan learns nothing of it from a notice (V15).
        if reached.reads:
            notify(
                agency=reached.agency_id,
                kind="plan_in_force",
                key=str(plan.pk),
                title=_("プランが決まりました。担当の支援が%(n)s件あります") % {"n": reached.tasks},
                url=f"/plans/{plan.pk}/",
            )
    _tell_author(plan, "plan_decided", str(plan.pk), _("プランが決まり、実施に入りました"))


def _replace_former(plan: Plan, by: Membership) -> None:
    """The plan before it ends when the next one comes into force, so that there is no gap."""
    if plan.former_id is None:
        return
    seen = Plan.objects.visible_to(by).filter(status=enums.PlanStatus.IN_FORCE)
    former = seen.select_for_update(of=("self",)).filter(pk=plan.former_id).first()
    if former is not None:
        former.ended_at = timezone.now()
        apply_step(plan=former, name="replan", by=by, fields=["ended_at"])


def _tell_author(plan: Plan, kind: str, key: str, title: str) -> None:
    notify(
        agency=plan.record.author_agency_id,
        kind=kind,
        key=key,
        title=title,
        url=f"/plans/{plan.pk}/",
    )


def _deciding_agency(by: Membership) -> Agency | None:
    code = by.municipality.decision_agency_code
    return Agency.objects.filter(municipality=by.municipality, code=code).first() if code else None


def _tell_decider(plan: Plan, by: Membership, key: str) -> None:
    found = _deciding_agency(by)
    if found is not None:
        notify(
            agency=found,
            kind="plan_agreed",
            key=key,
            title=_("決定を待っているプランがあります"),
            url=f"/plans/{plan.pk}/",
        )
