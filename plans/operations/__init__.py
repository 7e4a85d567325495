"""The verbs of the plans room. Each is one transaction: lock, check, change, trace, tell."""

from .amending import amend_role, mark_of_line
from .deciding import (
    bring_into_force,
    decide_plan,
    record_conference_result,
    see_plan_proxy,
    start_urgently,
)
from .drafting import (
    GoalFacts,
    ItemFacts,
    PlanFacts,
    change_draft,
    draft_plan,
    sign_plan,
    submit_plan,
)
from .ending import end_plan
from .following import drop_item, evaluate_plan, finish_item, monitor_plan
from .reach import (
    NoAccess,
    agencies_without_access,
    plan_reach,
    plan_reminders,
    plans_to_review,
)

__all__ = [
    "GoalFacts",
    "ItemFacts",
    "NoAccess",
    "PlanFacts",
    "agencies_without_access",
    "amend_role",
    "bring_into_force",
    "change_draft",
    "decide_plan",
    "draft_plan",
    "drop_item",
    "end_plan",
    "evaluate_plan",
    "finish_item",
    "mark_of_line",
    "monitor_plan",
    "plan_reach",
    "plan_reminders",
    "plans_to_review",
    "record_conference_result",
    "see_plan_proxy",
    "sign_plan",
    "start_urgently",
    "submit_plan",
]
