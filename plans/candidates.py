"""Plans that could go on an agenda: drafts that are ready, those that wait for a conference, those
whose evaluation proposes an end, whose review is due or whose period ends.

Whether a plan stands on an agenda already the room of the meetings says. Every list asks
`standing_with`: never what a sitting under secrecy lays open (V6).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Final

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission, Signature
from agencies.models import Membership
from cases.candidates import LIMIT, among_own, may_propose, worked_on
from config.lib.eras import format_short, today
from config.lib.prepared import prepared
from config.lib.registry import Candidate, registry
from config.lib.wording import label_of
from plans import enums
from plans.models import Evaluation, Goal, Plan, PlanQuerySet, SupportItem
from plans.queries import ENDING, programme_words, review_horizon
from plans.urgent import awaiting_report

PLANNED: Final = (AgendaType.PLAN_ADEQUACY,)
ENDS: Final = (AgendaType.CLOSURE_EVALUATION,)
MONTH: Final = relativedelta(months=1)


def _candidate(kind: str, row: Any, reason: str, **more: Any) -> Candidate:
    pk, case_id, programme, sequence = row[:4]
    return Candidate(
        kind,
        _("%(plan)s：%(reason)s")
        % {"plan": programme_words(programme, sequence), "reason": reason},
        reverse("plan_detail", args=[pk]),
        case_id=case_id,
        plan_id=pk,
        record_ids=(pk,),
        **more,
    )


def _planned(kind: str, rows: Iterable[Any], reason: str, *, weight: int) -> list[Candidate]:
    """Of plans whose adequacy is to be discussed; the fifth column is the day they begin."""
    return [
        _candidate(kind, row, reason, agenda_types=PLANNED, due_on=row[4], weight=weight)
        for row in rows
    ]


ROW: Final = ("record_id", "record__case_id", "programme", "sequence")


def _standing(membership: Membership) -> PlanQuerySet:
    """Plans of running cases my agency is at work on."""
    found: PlanQuerySet = Plan.objects.standing_with(membership).filter(
        among_own(membership, "record__case_id"),
        Exists(worked_on(membership).filter(pk=OuterRef("record__case_id"))),
    )
    return found


def ready_drafts(membership: Membership) -> list[Candidate]:
    """My agency's drafts that may be put on an agenda (`plans.permissions.check_can_submit`, asked
    of all at once), the nearest beginning first. One query."""
    if not (may_propose(membership) and membership.may(Permission.DRAFT_PLAN)):
        return []
    is_signed_first = membership.municipality.signature == Signature.REQUIRED
    return _planned(
        "draft", _ready(membership, is_signed_first), _("プラン案ができています"), weight=20
    )


@prepared
def _ready(membership: Membership, is_signed_first: bool) -> QuerySet[Plan, Any]:
    drafts = _standing(membership).filter(
        Exists(Goal.objects.filter(plan_id=OuterRef("pk"))),
        Exists(SupportItem.objects.filter(plan_id=OuterRef("pk"))),
        status=enums.PlanStatus.DRAFT,
        record__author_agency_id=membership.agency_id,
    )
    if is_signed_first:
        drafts = drafts.filter(
            Q(signed_on__isnull=False) | Q(programme=enums.PlanProgramme.OUTREACH)
        )
    return drafts.order_by("starts_on", "record_id").values_list(*ROW, "starts_on")[:LIMIT]


def urgent_plans(membership: Membership) -> list[Candidate]:
    """Plans begun in urgency that no conference has heard of yet. One query."""
    if not may_propose(membership):
        return []
    return _planned(
        "urgent",
        _urgent(membership),
        _("緊急に開始しました。会議への事後報告がまだです"),
        weight=15,
    )


@prepared
def _urgent(membership: Membership) -> QuerySet[Plan, Any]:
    plans = _standing(membership).filter(awaiting_report())
    return plans.order_by("starts_on", "record_id").values_list(*ROW, "starts_on")[:LIMIT]


def waiting_plans(membership: Membership) -> list[Candidate]:
    """Plans that wait for a conference, the nearest beginning first. One query."""
    if not may_propose(membership):
        return []
    return _planned("submitted", _waiting(membership), _("会議の協議を待っています"), weight=20)


@prepared
def _waiting(membership: Membership) -> QuerySet[Plan, Any]:
    plans = _standing(membership).filter(status=enums.PlanStatus.SUBMITTED)
    return plans.order_by("starts_on", "record_id").values_list(*ROW, "starts_on")[:LIMIT]


def evaluated_plans(membership: Membership) -> list[Candidate]:
    """Plans in force whose last evaluation proposes an end, the nearest end first. One query."""
    if not may_propose(membership):
        return []
    return [
        _candidate(
            "evaluated",
            row,
            _("評価の判定は「%(outcome)s」") % {"outcome": label_of(enums.Outcome, row[5])},
            agenda_types=ENDS,
            due_on=row[4],
            weight=20,
        )
        for row in _evaluated(membership)
    ]


@prepared
def _evaluated(membership: Membership) -> QuerySet[Plan, Any]:
    seen = Evaluation.objects.standing_with(membership).filter(plan=OuterRef("pk"))
    last = seen.order_by("-on", "-record_id").values("outcome")[:1]
    plans: PlanQuerySet = _standing(membership).in_force().annotate(outcome=Subquery(last))
    return (
        plans.filter(outcome__in=ENDING)
        .order_by("ends_on", "record_id")
        .values_list(*ROW, "ends_on", "outcome")[:LIMIT]
    )


def due_plans(membership: Membership) -> list[Candidate]:
    """Plans in force whose review is near or passed (the city's reminder days), or whose period
    ends within a month: one candidate for each of the two. One query."""
    if not may_propose(membership):
        return []
    day = today()
    near, month = review_horizon(membership, day), day + MONTH
    found = []
    for row in _due(membership, near, month):
        review_on, ends_on = row[4], row[5]
        if ends_on <= month:
            found.append(
                _candidate(
                    "expiring",
                    row,
                    _("期間が終わっています。評価と終結・再プランを決めます")
                    if ends_on < day
                    else _("期間の終わりまで1か月を切りました。評価の時期です"),
                    agenda_types=ENDS,
                    due_on=ends_on,
                    weight=30,
                )
            )
        if review_on <= near:
            found.append(
                _candidate(
                    "review",
                    row,
                    _("モニタリングの予定は%(day)s") % {"day": format_short(review_on)},
                    agenda_types=ENDS,
                    due_on=review_on,
                    weight=30,
                )
            )
    return found


@prepared
def _due(membership: Membership, near: datetime.date, month: datetime.date) -> QuerySet[Plan, Any]:
    plans = _standing(membership).in_force()
    plans = plans.filter(Q(review_on__lte=near) | Q(ends_on__lte=month))
    first = plans.order_by(Least("review_on", "ends_on"), "record_id")
    return first.values_list(*ROW, "review_on", "ends_on")[:LIMIT]


registry.add("agenda_candidates", ready_drafts, queries=1, order=30)
registry.add("agenda_candidates", urgent_plans, queries=1, order=29)
registry.add("agenda_candidates", waiting_plans, queries=1, order=31)
registry.add("agenda_candidates", evaluated_plans, queries=1, order=32)
registry.add("agenda_candidates", due_plans, queries=1, order=33)
