"""Write a plan, change the draft, record the signature, lay it before a conference."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.enums import Category, RecordKind
from cases.models import Case, Person
from cases.operations.case import StaleVersion
from cases.operations.records import write_record
from plans import enums
from plans.models import Goal, Plan, PlanStep, SupportItem
from plans.permissions import (
    check_can_change,
    check_can_draft,
    check_can_sign,
    check_can_submit,
    check_drafts,
)
from plans.transitions import apply_step

# While one of these exists, its agency writes no second plan of the programme (a double click).
PENDING = (*enums.EDITABLE, enums.PlanStatus.SUBMITTED, enums.PlanStatus.AGREED)


@dataclasses.dataclass(frozen=True)
class PlanFacts:
    """The text of a plan: the person's own wishes first."""

    wishes: str
    aim: str
    starts_on: datetime.date
    ends_on: datetime.date
    review_on: datetime.date
    problems: str = ""
    links_outreach: bool = False
    links_participation: bool = False


@dataclasses.dataclass(frozen=True)
class GoalFacts:
    """目標 and the time by which it should be reached."""

    text: str
    target_on: datetime.date


@dataclasses.dataclass(frozen=True)
class ItemFacts:
    """A line of the role table; `goal` is the position of its goal in the list given with it."""

    content: str
    agency: Agency | int
    until: datetime.date
    worker: str = ""
    frequency: str = ""
    goal: int | None = None


def lock_plan(plan: Plan, by: Membership) -> Plan:
    """The plan as it is now, locked, if the membership sees it."""
    visible = Plan.objects.visible_to(by).select_related("record")
    return visible.select_for_update(of=("self",)).get(pk=plan.pk)


def trace(plan: Plan, by: Membership, what: str) -> None:
    """The line in the access log (V10)."""
    log_access(
        by, Action.WRITE, what=what, case_id=plan.record.case_id, record_ids=[plan.record_id]
    )


def _check_facts(facts: PlanFacts) -> None:
    if not facts.wishes.strip():
        raise ActionDenied(_("本人・世帯の意向を書いてください。"))
    if facts.ends_on < facts.starts_on:
        raise ActionDenied(_("プラン期間の終わりが、始めより前になっています。"))
    if not facts.starts_on <= facts.review_on <= facts.ends_on:
        raise ActionDenied(_("次回モニタリングは、プラン期間の中の日にしてください。"))


def _write_parts(plan: Plan, goals: Sequence[GoalFacts], items: Sequence[ItemFacts]) -> None:
    rows = [
        Goal(plan=plan, order=order, text=goal.text, target_on=goal.target_on)
        for order, goal in enumerate(goals)
    ]
    Goal.objects.bulk_create(rows)
    SupportItem.objects.bulk_create(
        SupportItem(
            plan=plan,
            order=order,
            content=item.content,
            goal=rows[item.goal] if item.goal is not None else None,
            agency_id=item.agency.pk if isinstance(item.agency, Agency) else item.agency,
            worker=item.worker,
            frequency=item.frequency,
            until=item.until,
        )
        for order, item in enumerate(items)
    )


@transaction.atomic
def draft_plan(
    *,
    case: Case,
    by: Membership,
    programme: str,
    persons: Sequence[Person | uuid.UUID],
    facts: PlanFacts,
    goals: Sequence[GoalFacts],
    items: Sequence[ItemFacts],
    former: Plan | None = None,
) -> Plan:
    """プラン案 about these persons (none: 世帯全体); 再プラン when `former` is given."""
    # Locked, so that two clicks cannot both find no plan.
    case = Case.objects.visible_to(by).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_draft(by, case)
    check_drafts(by, programme)
    _check_facts(facts)
    seen = Plan.objects.visible_to(by).filter(record__case_id=case.pk, programme=programme)
    if seen.filter(record__author_agency_id=by.agency_id, status__in=PENDING).exists():
        raise ActionDenied(
            _("この事業には、まだ決まっていないプランがあります。先に進めてください。")
        )
    if former is not None and not seen.filter(pk=former.pk).exists():
        raise ActionDenied(_("前のプランは、同じケースの同じ事業のものを選んでください。"))
    record = write_record(
        case=case, by=by, kind=RecordKind.PLAN, category=Category.PLAN, persons=persons
    )
    plan = Plan(
        record=record,
        programme=programme,
        sequence=seen.count() + 1,
        former=former,
        **dataclasses.asdict(facts),
    )
    plan.save(force_insert=True)
    _write_parts(plan, goals, items)
    PlanStep(plan=plan, name="draft", from_status="", to_status=plan.status, by=by).save(
        force_insert=True
    )
    return plan


@transaction.atomic
def change_draft(
    *,
    plan: Plan,
    by: Membership,
    facts: PlanFacts,
    goals: Sequence[GoalFacts],
    items: Sequence[ItemFacts],
    version: int,
) -> Plan:
    """Write an 案 or a returned plan anew. Raises StaleVersion when somebody else saved first.

    A signature was given to the text as it was: it goes, and its step stays in the history.
    """
    check_can_change(by, plan)
    _check_facts(facts)
    changed = (
        Plan.objects.visible_to(by)
        .filter(pk=plan.pk, version=version, status__in=enums.EDITABLE)
        .update(version=F("version") + 1)
    )
    if not changed:
        raise StaleVersion
    plan = lock_plan(plan, by)
    for name, value in dataclasses.asdict(facts).items():
        setattr(plan, name, value)
    plan.signed_on, plan.signature_note = None, ""
    plan.save()
    plan.supportitems.all().delete()
    plan.goals.all().delete()
    _write_parts(plan, goals, items)
    trace(plan, by, "change_draft")
    return plan


@transaction.atomic
def sign_plan(*, plan: Plan, by: Membership, on: datetime.date, note: str = "") -> Plan:
    """本人の署名（プラン兼利用申込書）: the day, and who signed or in whose place."""
    plan = lock_plan(plan, by)
    check_can_sign(by, plan)
    if on > timezone.localdate():
        raise ActionDenied(_("署名の日付が未来になっています。"))
    plan.signed_on, plan.signature_note = on, note
    apply_step(plan=plan, name="sign", by=by, note=note, fields=["signed_on", "signature_note"])
    trace(plan, by, "sign_plan")
    return plan


@transaction.atomic
def submit_plan(*, plan: Plan, by: Membership) -> Plan:
    """付議: from now on the text stays as it is until the conference has spoken."""
    plan = lock_plan(plan, by)
    check_can_submit(by, plan)
    apply_step(plan=plan, name="submit", by=by)
    trace(plan, by, "submit_plan")
    return plan
