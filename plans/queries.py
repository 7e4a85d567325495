"""What is asked of plans by more than one page, and by the rooms above. Nothing here writes.

Every list asks `standing_with` (what consents cover), never what an item under secrecy lays open.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Decider, Permission
from agencies.models import Membership
from agencies.names import agency_names
from cases.enums import RecordKind
from cases.gate import RECORD, asked_by, standing_rule
from cases.models import Case, Person, Record
from cases.operations.case import persons_by_key
from cases.titles import titles_for
from config.lib.condition import among
from config.lib.eras import format_short
from config.lib.memory import remembered
from config.lib.prepared import prepared
from config.lib.wording import label_of
from plans import enums
from plans.models import Evaluation, Goal, Plan, PlanQuerySet, SupportItem
from plans.urgent import awaiting_report

OF_CASE = 50
ENDING = (enums.Outcome.CLOSE, enums.Outcome.REPLAN, enums.Outcome.INTERRUPT)


def sequence_words(sequence: int) -> str:
    """初回, then 再プラン（2回目） and so on."""
    return _("初回") if sequence == 1 else _("再プラン・%(n)s回目") % {"n": sequence}


def programme_words(programme: str, sequence: int) -> str:
    """「多機関協働プラン（初回）」, without a name."""
    return _("%(programme)sプラン（%(which)s）") % {
        "programme": enums.PlanProgramme(programme).label,
        "which": sequence_words(sequence),
    }


def plan_title(plan: Plan) -> str:
    """What the plan is called on pages and in notices."""
    return programme_words(plan.programme, plan.sequence)


# --- lists -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanLine:
    """A row of プランと期限."""

    key: uuid.UUID
    case_id: uuid.UUID
    title: str
    household: str
    agency: str
    status: str
    review_on: datetime.date
    ends_on: datetime.date


def plan_rows(plans: QuerySet[Plan], limit: int) -> QuerySet[Plan, Any]:
    """What `lines_of` needs of the first `limit` of these plans, and of one more."""
    return plans.values_list(
        "record_id",
        "record__case_id",
        "programme",
        "sequence",
        "record__author_agency_id",
        "status",
        "review_on",
        "ends_on",
    )[: limit + 1]


def plan_lines(
    membership: Membership, plans: QuerySet[Plan], limit: int
) -> tuple[list[PlanLine], bool]:
    """The first `limit` of these plans in their order, and whether there are more.

    Three queries.
    """
    return lines_of(membership, list(plan_rows(plans, limit)), limit)


def lines_of(membership: Membership, rows: list[Any], limit: int) -> tuple[list[PlanLine], bool]:
    """The same of rows that were asked for. Two queries."""
    shown = rows[:limit]
    households = titles_for(membership, {row[1] for row in shown}) if shown else {}
    # Of those shown: joined, the agencies are gone through for every plan there is to sort.
    names = agency_names({row[4] for row in shown})
    lines = [
        PlanLine(
            key=row[0],
            case_id=row[1],
            title=programme_words(row[2], row[3]),
            household=households[row[1]],
            agency=names[row[4]],
            status=row[5],
            review_on=row[6],
            ends_on=row[7],
        )
        for row in shown
    ]
    return lines, len(rows) > limit


def in_list_order(plans: PlanQuerySet) -> QuerySet[Plan]:
    """The nearest review first; the key makes the order whole."""
    return plans.order_by("review_on", "record_id")


def after_key(plans: QuerySet[Plan], key: str) -> QuerySet[Plan]:
    """The rows after 「2026-12-01_<id>」; a broken key begins at the beginning."""
    day, _line, last = key.partition("_")
    try:
        on, pk = datetime.date.fromisoformat(day), uuid.UUID(last)
    except ValueError:
        return plans
    return plans.filter(Q(review_on__gt=on) | Q(review_on=on, record_id__gt=pk))


@dataclass(frozen=True)
class TaskLine:
    """A line of the role table as a task of one's own agency."""

    key: uuid.UUID
    plan_id: uuid.UUID
    household: str
    content: str
    worker: str
    until: datetime.date


def tasks_of(
    membership: Membership, *, until: datetime.date | None = None, limit: int = 50
) -> list[TaskLine]:
    """My agency's open tasks in plans in force, the most urgent first. Two queries."""
    rows = list(_open_tasks(membership, until, limit))
    households = titles_for(membership, {row[2] for row in rows}) if rows else {}
    return [
        TaskLine(key, plan, households[case], content, worker, day)
        for key, plan, case, content, worker, day in rows
    ]


@prepared
def task_days(
    membership: Membership, until: datetime.date, limit: int
) -> QuerySet[SupportItem, Any]:
    """The days until which they are due, as `tasks_of`: for a number beside a word."""
    items = _open_items(membership, until)
    return items.order_by("until", "id").values_list("until", flat=True)[:limit]


@prepared
def _open_tasks(
    membership: Membership, until: datetime.date | None, limit: int
) -> QuerySet[SupportItem, Any]:
    case = Record.objects.filter(pk=OuterRef("plan_id")).values("case_id")
    items = _open_items(membership, until).order_by("until", "id")
    return items.values_list("id", "plan_id", Subquery(case), "content", "worker", "until")[:limit]


def _open_items(membership: Membership, until: datetime.date | None) -> QuerySet[SupportItem]:
    items = SupportItem.objects.filter(
        in_force_here(membership), agency_id=membership.agency_id, status=enums.ItemStatus.OPEN
    )
    if until is not None:
        items = items.filter(until__lte=until)
    return items


def in_force_here(membership: Membership) -> Q:
    """A part of a plan in force that stands. Asked row by row, so that a list by date is walked in
    its order: what joins expect to be few, PostgreSQL sorts whole."""
    whole = """EXISTS (SELECT 1 FROM plans_plan AS p JOIN cases_record AS r ON r.id = p.record_id
        WHERE p.record_id = {plan} AND p.status = {in_force} AND ({rule}) OFFSET 0)"""
    standing = standing_rule(membership)
    rule = standing.within(whole, "r", RECORD, in_force=enums.PlanStatus.IN_FORCE)
    return rule.asked({"plan": "plan_id"})


def review_horizon(membership: Membership, on: datetime.date) -> datetime.date:
    """Until when a review is near: the city's reminder days from a day on."""
    days = membership.municipality.reminder_days
    return on + datetime.timedelta(days=14 if days is None else days)


# Asked of each plan that comes near; else PostgreSQL begins with all that the agency ever wrote.
WRITTEN = """EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = {record}
    AND r.author_agency_id = {agency} OFFSET 0)"""


def mine_to_review(
    membership: Membership, near: datetime.date, *, walks: bool = False
) -> PlanQuerySet:
    """Plans my agency wrote whose review is at `near` or before. `walks`: found by walking the
    city's plans in the order of their reviews (cases.lists.holds_much)."""
    near_ones = Plan.objects.standing_with(membership).in_force().filter(review_on__lte=near)
    if walks:
        return near_ones.filter(asked_by(membership, WRITTEN).asked({"record": "record_id"}))
    return near_ones.filter(
        record__author_agency_id=membership.agency_id, record__kind=RecordKind.PLAN
    )


def mine_to_decide(membership: Membership) -> PlanQuerySet:
    """Plans the conference found adequate that wait for this membership's decision."""
    return to_decide(membership) if is_decider(membership) else Plan.objects.none()


def is_decider(membership: Membership) -> bool:
    """Whether an agency decides plans in this city, and it is this one."""
    city = membership.municipality
    code = city.decision_agency_code
    return (
        membership.may(Permission.DECIDE_PLAN)
        and city.decided_by == Decider.AGENCY
        and (not code or (membership.agency is not None and membership.agency.code == code))
    )


def to_decide(membership: Membership) -> PlanQuerySet:
    """Plans a conference found adequate that nobody has decided yet."""
    return Plan.objects.standing_with(membership).filter(status=enums.PlanStatus.AGREED)


# --- for the meetings room ---------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A plan that waits for a conference, with what the agenda needs to know of it."""

    plan_id: uuid.UUID
    case_id: uuid.UUID
    agenda_type: str
    title: str
    household: str
    person_ids: tuple[uuid.UUID, ...]
    author_agency_id: int


@prepared
def _for_conference(membership: Membership, case: Case | None) -> QuerySet[Plan]:
    proposed = Evaluation.objects.filter(plan=OuterRef("pk"), outcome__in=ENDING)
    reports = ExpressionWrapper(awaiting_report(), output_field=BooleanField())
    plans = Plan.objects.standing_with(membership).annotate(is_report=reports)
    plans = plans.filter(
        Q(status=enums.PlanStatus.SUBMITTED)
        | Q(is_report=True)
        | (Q(status=enums.PlanStatus.IN_FORCE) & Q(Exists(proposed)))
    )
    if case is not None:
        plans = plans.filter(record__case_id=case.pk)
    return in_list_order(plans).select_related("record")[:200]


@remembered
def plans_of(membership: Membership, case: Case) -> list[Plan]:
    """The plans of a case that consents cover, the newest first. One query."""
    return list(_plans_of(membership, case))


@prepared
def _plans_of(membership: Membership, case: Case) -> QuerySet[Plan]:
    plans = Plan.objects.standing_with(membership).filter(record__case_id=case.pk)
    return plans.select_related("record__author_agency").order_by("-record_id")[:OF_CASE]


def plans_for_conference(membership: Membership, case: Case | None = None) -> list[Candidate]:
    """Submitted plans and those begun in urgency that no conference has heard of (適切性), and
    plans in force whose evaluation proposes an end (終結時の評価).

    Two queries.
    """
    rows = list(_for_conference(membership, case))
    households = titles_for(membership, {plan.record.case_id for plan in rows}) if rows else {}
    return [
        Candidate(
            plan_id=plan.pk,
            case_id=plan.record.case_id,
            agenda_type=(
                AgendaType.PLAN_ADEQUACY
                if plan.status == enums.PlanStatus.SUBMITTED or plan.is_report  # type: ignore[attr-defined]  # annotated
                else AgendaType.CLOSURE_EVALUATION
            ),
            title=plan_title(plan),
            household=households[plan.record.case_id],
            person_ids=tuple(plan.record.person_ids),
            author_agency_id=plan.record.author_agency_id,
        )
        for plan in rows
    ]


@dataclass(frozen=True)
class GoalLine:
    """A goal, ready to print."""

    number: int
    key: uuid.UUID
    text: str
    by: str
    attainment: str


@dataclass(frozen=True)
class RoleLine:
    """A line of the role table, in the words `components/role_table.html` asks for."""

    key: uuid.UUID
    agency_id: int
    goal: str
    support: str
    who: str
    worker: str
    frequency: str
    until: str
    until_on: datetime.date
    state: str
    tone: str
    late: bool
    is_open: bool


@dataclass(frozen=True)
class PlanSummary:
    """A plan as a conference, a page or a paper shows it."""

    title: str
    status: str
    wishes: str
    problems: str
    aim: str
    period: str
    review: str
    signed: str
    links: str
    goals: list[GoalLine]
    items: list[RoleLine]


ITEM_TONE = {enums.ItemStatus.DONE: "ok", enums.ItemStatus.OPEN: "info"}


def plan_summary(plan: Plan, on: datetime.date | None = None) -> PlanSummary:
    """The content of a plan the reader has already been given. Two queries, no person, no case:
    a conference under secrecy asks this too."""
    goals = list(plan.goals.order_by("order"))
    items = list(plan.supportitems.select_related("agency").order_by("order"))
    numbers = _numbers(goals)
    links = [
        enums.PlanProgramme.OUTREACH.label if plan.links_outreach else "",
        enums.PlanProgramme.PARTICIPATION.label if plan.links_participation else "",
    ]
    return PlanSummary(
        title=plan_title(plan),
        status=label_of(enums.PlanStatus, plan.status),
        wishes=plan.wishes,
        problems=plan.problems,
        aim=plan.aim,
        period=f"{format_short(plan.starts_on)}〜{format_short(plan.ends_on)}",
        review=format_short(plan.review_on),
        signed=format_short(plan.signed_on) if plan.signed_on else "",
        links="・".join(str(link) for link in links if link),
        goals=[_goal_line(goal, numbers) for goal in goals],
        items=[_role_line(plan, item, numbers, on) for item in items],
    )


def agreed_in(
    plans: Sequence[Plan], on: datetime.date
) -> Iterator[tuple[Plan, list[GoalLine], list[RoleLine]]]:
    """Goals and role table of each of these plans, which the reader has been given. Two queries."""
    keys = [plan.pk for plan in plans]
    goals, items = list(_goals_in(keys)), list(_items_in(keys))
    for plan in plans:
        own = [goal for goal in goals if goal.plan_id == plan.pk]
        numbers = _numbers(own)
        roles = [_role_line(plan, item, numbers, on) for item in items if item.plan_id == plan.pk]
        yield plan, [_goal_line(goal, numbers) for goal in own], roles


@prepared
def _goals_in(plans: list[uuid.UUID]) -> QuerySet[Goal]:
    return Goal.objects.filter(among("plan_id", plans)).order_by("plan_id", "order")


@prepared
def _items_in(plans: list[uuid.UUID]) -> QuerySet[SupportItem]:
    items = SupportItem.objects.filter(among("plan_id", plans)).select_related("agency")
    return items.order_by("plan_id", "order")


def _numbers(goals: Sequence[Goal]) -> dict[uuid.UUID, int]:
    return {goal.pk: number for number, goal in enumerate(goals, start=1)}


def _goal_line(goal: Goal, numbers: dict[uuid.UUID, int]) -> GoalLine:
    return GoalLine(
        numbers[goal.pk],
        goal.pk,
        goal.text,
        format_short(goal.target_on),
        label_of(enums.Attainment, goal.attainment),
    )


def _role_line(
    plan: Plan, item: SupportItem, numbers: dict[uuid.UUID, int], on: datetime.date | None
) -> RoleLine:
    runs = plan.status == enums.PlanStatus.IN_FORCE
    is_open = runs and item.status == enums.ItemStatus.OPEN
    late = is_open and on is not None and item.until < on
    state = label_of(enums.ItemStatus, item.status) if plan.decided_at else ""
    return RoleLine(
        key=item.pk,
        agency_id=item.agency_id,
        goal=_("目標%(n)s") % {"n": numbers[item.goal_id]} if item.goal_id else "",
        support=item.content,
        who=item.agency.name,
        worker=item.worker,
        frequency=item.frequency,
        until=format_short(item.until),
        until_on=item.until,
        state=_("期限超過") if late else state,
        tone="bad" if late else ITEM_TONE.get(enums.ItemStatus(item.status), ""),
        late=late,
        is_open=is_open,
    )


def about_whom(membership: Membership, plan: Plan) -> str:
    """Whom the plan is about, as far as the reader may know them. Two queries."""
    case = Case.objects.visible_to(membership).filter(pk=plan.record.case_id).first()
    people: dict[uuid.UUID, Person] = persons_by_key(membership, case) if case else {}
    return plan.record.names(people) or _("お名前は見られません")
