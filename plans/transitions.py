"""The states of a plan as data: which step leads from where to where, and who may take it.

The state is a column of the plan; every step also leaves a row (`PlanStep`) that nobody changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from plans.enums import EDITABLE, PlanStatus
from plans.models import Plan, PlanStep


@dataclass(frozen=True)
class Step:
    """One named step; `target` None leaves the state as it is; any one permission suffices."""

    name: str
    label: str | Promise
    sources: tuple[str, ...]
    target: str | None
    permissions: tuple[Permission, ...]


DRAFT, RUN = Permission.DRAFT_PLAN, Permission.RUN_CONFERENCE
SUBMITTED, IN_FORCE = (PlanStatus.SUBMITTED,), (PlanStatus.IN_FORCE,)
OPEN = (
    PlanStatus.DRAFT,
    PlanStatus.RETURNED,
    PlanStatus.SUBMITTED,
    PlanStatus.AGREED,
    PlanStatus.IN_FORCE,
)

TABLE = (
    Step("sign", gettext_lazy("本人の署名"), EDITABLE, None, (DRAFT,)),
    Step("submit", gettext_lazy("会議に付議"), EDITABLE, PlanStatus.SUBMITTED, (DRAFT,)),
    Step("adopt", gettext_lazy("会議で決定"), SUBMITTED, PlanStatus.IN_FORCE, (RUN,)),
    Step("agree", gettext_lazy("会議で適切"), SUBMITTED, PlanStatus.AGREED, (RUN,)),
    Step("return", gettext_lazy("差戻し"), SUBMITTED, PlanStatus.RETURNED, (RUN,)),
    Step("continue", gettext_lazy("継続審議"), SUBMITTED, None, (RUN,)),
    Step("amend", gettext_lazy("会議で役割分担を修正"), SUBMITTED, None, (RUN,)),
    # 緊急の開始, and what a conference says of it afterwards; it stays in force meanwhile.
    Step(
        "start_urgently",
        gettext_lazy("緊急に開始"),
        (*EDITABLE, PlanStatus.SUBMITTED),
        PlanStatus.IN_FORCE,
        (RUN, Permission.DECIDE_PLAN),
    ),
    Step("report_accept", gettext_lazy("事後報告（適切）"), IN_FORCE, None, (RUN,)),
    Step("report_object", gettext_lazy("事後報告（見直し）"), IN_FORCE, None, (RUN,)),
    Step("report_continue", gettext_lazy("事後報告（継続審議）"), IN_FORCE, None, (RUN,)),
    Step(
        "decide",
        gettext_lazy("決定"),
        (PlanStatus.AGREED,),
        PlanStatus.IN_FORCE,
        (Permission.DECIDE_PLAN, RUN),
    ),
    Step(
        "send_back",
        gettext_lazy("決裁で差戻し"),
        (PlanStatus.AGREED,),
        PlanStatus.RETURNED,
        (Permission.DECIDE_PLAN, RUN),
    ),
    Step("close", gettext_lazy("終結"), IN_FORCE, PlanStatus.CLOSED, (DRAFT, RUN)),
    # The next plan's coming into force ends this one too, in the transaction of who decides it.
    Step(
        "replan",
        gettext_lazy("再プラン"),
        IN_FORCE,
        PlanStatus.REPLANNED,
        (DRAFT, RUN, Permission.DECIDE_PLAN),
    ),
    Step("interrupt", gettext_lazy("中断"), OPEN, PlanStatus.INTERRUPTED, (DRAFT, RUN)),
    Step("keep", gettext_lazy("継続"), IN_FORCE, None, (DRAFT, RUN)),
)
STEPS = {step.name: step for step in TABLE}


def check_step(*, plan: Plan, name: str, by: Membership) -> None:
    """Raise ActionDenied when the state or the role does not allow the step."""
    step = STEPS[name]
    if plan.status not in step.sources:
        raise ActionDenied(
            _("このプランは「%(status)s」のため、「%(step)s」はできません。")
            % {"status": plan.get_status_display(), "step": step.label}
        )
    if not any(by.may(permission) for permission in step.permissions):
        check_may(by, step.permissions[0])


def apply_step(
    *, plan: Plan, name: str, by: Membership, note: str = "", fields: Sequence[str] = ()
) -> PlanStep:
    """Check, change the state, leave the step's row. `fields`: what the caller set besides."""
    check_step(plan=plan, name=name, by=by)
    before = plan.status
    plan.status = STEPS[name].target or before
    plan.save(update_fields=["status", *fields])
    step = PlanStep(
        plan=plan, name=name, from_status=before, to_status=plan.status, by=by, note=note
    )
    step.save(force_insert=True)
    return step
