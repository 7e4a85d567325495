"""While a plan is in force: tasks done, monitoring, evaluation."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Membership
from agencies.permissions import ActionDenied
from cases.enums import Category, RecordKind
from cases.models import Case, Record
from cases.operations.records import WrittenBefore, write_record
from config.lib.fiscal import from_day_to_instant
from plans import enums
from plans.models import Evaluation, Goal, Monitoring, Plan, SupportItem
from plans.operations.drafting import lock_plan, trace
from plans.permissions import check_can_evaluate, check_can_finish, check_can_monitor


def _settle(item: SupportItem, by: Membership, status: str, what: str) -> SupportItem:
    plan = lock_plan(item.plan, by)
    locked = SupportItem.objects.visible_to(by).select_related("plan").get(pk=item.pk)
    check_can_finish(by, locked)
    locked.status = status
    locked.done_on = timezone.localdate() if status == enums.ItemStatus.DONE else None
    locked.save(update_fields=["status", "done_on"])
    trace(plan, by, what)
    return locked


@transaction.atomic
def finish_item(*, item: SupportItem, by: Membership) -> SupportItem:
    """済み: the agency has done its part."""
    return _settle(item, by, enums.ItemStatus.DONE, "finish_item")


@transaction.atomic
def drop_item(*, item: SupportItem, by: Membership) -> SupportItem:
    """取りやめ."""
    return _settle(item, by, enums.ItemStatus.DROPPED, "drop_item")


def _check_day(plan: Plan, on: datetime.date) -> None:
    if on > timezone.localdate():
        raise ActionDenied(_("日付が未来になっています。"))
    if on < plan.starts_on:
        raise ActionDenied(_("日付が、プラン期間の始めより前になっています。"))


def _envelope(
    plan: Plan, by: Membership, kind: str, on: datetime.date, form_key: uuid.UUID | None
) -> Record:
    """About the persons the plan names, in the plan's category."""
    case = Case.objects.visible_to(by).get(pk=plan.record.case_id)
    today = on == timezone.localdate()
    return write_record(
        case=case,
        by=by,
        kind=kind,
        category=Category.PLAN,
        persons=plan.record.person_ids,
        happened_at=timezone.now() if today else from_day_to_instant(on),
        form_key=form_key,
    )


@transaction.atomic
def monitor_plan(
    *,
    plan: Plan,
    by: Membership,
    on: datetime.date,
    text: str,
    next_review_on: datetime.date | None = None,
    form_key: uuid.UUID | None = None,
) -> Monitoring:
    """モニタリング; the plan's next review moves to the day given.

    The same `form_key` writes it once."""
    plan = lock_plan(plan, by)
    check_can_monitor(by, plan)
    _check_day(plan, on)
    if next_review_on is not None and next_review_on <= on:
        raise ActionDenied(_("次回のモニタリングは、今回よりあとの日にしてください。"))
    try:
        record = _envelope(plan, by, RecordKind.MONITORING, on, form_key)
    except WrittenBefore as before:
        return Monitoring.objects.visible_to(by).get(pk=before.record_id)
    monitoring = Monitoring(
        record=record, plan=plan, on=on, text=text, next_review_on=next_review_on
    )
    monitoring.save(force_insert=True)
    if next_review_on is not None:
        plan.review_on = next_review_on
        plan.save(update_fields=["review_on"])
    trace(plan, by, "monitor_plan")
    return monitoring


@transaction.atomic
def evaluate_plan(
    *,
    plan: Plan,
    by: Membership,
    on: datetime.date,
    attainments: Mapping[uuid.UUID, str],
    changes: Sequence[str],
    remaining: str,
    outcome: str,
    follow_up: str = "",
    form_key: uuid.UUID | None = None,
) -> Evaluation:
    """評価シート. It proposes; the conference or `end_plan` ends.

    The same `form_key` writes it once."""
    plan = lock_plan(plan, by)
    check_can_evaluate(by, plan)
    _check_day(plan, on)
    goals = list(plan.goals.order_by("order"))
    if any(goal.pk not in attainments for goal in goals):
        raise ActionDenied(_("すべての目標について、達成の状況を選んでください。"))
    try:
        record = _envelope(plan, by, RecordKind.EVALUATION, on, form_key)
    except WrittenBefore as before:
        return Evaluation.objects.visible_to(by).get(pk=before.record_id)
    evaluation = Evaluation(
        record=record,
        plan=plan,
        on=on,
        changes=list(changes),
        remaining=remaining,
        outcome=outcome,
        follow_up=follow_up,
    )
    evaluation.save(force_insert=True)
    for goal in goals:
        goal.attainment = attainments[goal.pk]
    Goal.objects.bulk_update(goals, ["attainment"])
    trace(plan, by, "evaluate_plan")
    return evaluation
