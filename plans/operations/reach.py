"""Whom a plan reaches: who of its role table reads it, and which plans are due for review."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from cases.models import Case, SupportTeam
from cases.operations import missing_consents
from cases.operations.case import persons_by_key
from plans.models import Plan


class Reached(NamedTuple):
    """An agency of the role table: its number of tasks, and whether it reads the plan."""

    agency_id: int
    tasks: int
    reads: bool


# Days before or after, the same in every city: no profile says otherwise.
NEAR, LATE, ENDING, ESCALATED = 3, 7, 30, 14
WINDOW = 31  # what is older than this is told by the lists alone


class Reminder(NamedTuple):
    """Somebody to tell of something due, late or ending in a plan in force."""

    kind: str
    plan_id: uuid.UUID
    row_key: uuid.UUID
    due: datetime.date
    agency_id: int


class Due(NamedTuple):
    """A plan in force whose review date comes near, or has passed."""

    plan_id: uuid.UUID
    review_on: datetime.date
    agency_id: int


@dataclass(frozen=True)
class NoAccess:
    """An agency in the role table that cannot read the plan yet, and what is missing."""

    agency: str
    reason: str


def plan_reach(plan: Plan) -> list[Reached]:
    """The agencies of the role table (a definer function answers who reads the plan)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select agency_id, tasks, reads from kasane.plan_reach(%s) order by agency_id",
            [plan.pk],
        )
        return [Reached(*row) for row in cursor.fetchall()]


def agencies_without_access(plan: Plan, by: Membership) -> list[NoAccess]:
    """Before a conference: who would have a role in a plan it may not read, and why."""
    closed = [reached.agency_id for reached in plan_reach(plan) if not reached.reads]
    case = Case.objects.visible_to(by).filter(pk=plan.record.case_id).first()
    if not closed or case is None:
        return []
    names = dict(Agency.objects.filter(pk__in=closed).values_list("pk", "name"))
    people = persons_by_key(by, case)
    missing: dict[int, list[str]] = {}
    asked = plan.record.person_ids
    for person, agency in missing_consents(case=case, persons=asked, agencies=closed):
        shown = people[person].shown_name if person in people else _("ほかの方")
        missing.setdefault(agency, []).append(shown)
    team = set(
        SupportTeam.objects.visible_to(by).at_work_on(case).values_list("agency_id", flat=True)
    )
    return [NoAccess(names[key], _reason(missing.get(key, []), key in team)) for key in closed]


def _reason(missing: list[str], is_in_team: bool) -> str:
    if missing:
        return _("%(names)sの同意がありません。") % {"names": "・".join(dict.fromkeys(missing))}
    if not is_in_team:
        return _("支援チームに入っていません。つなぎの受理か会議への参加で加わります。")
    return _("同意の範囲に「プラン」が入っていません。")


def plans_to_review(on: datetime.date) -> list[Due]:
    """For the scheduler alone: plans in force within the city's reminder days of their review."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select plan_id, review_on, agency_id from kasane.plans_to_review(%s)"
            " order by review_on, plan_id",
            [on],
        )
        return [Due(*row) for row in cursor.fetchall()]


def plan_reminders(city_id: int, on: datetime.date) -> list[Reminder]:
    """For the scheduler alone: of one city, what nobody was told yet. `task_due`: to the agency of
    a line of the role table, `NEAR` days before; `task_late`: to it and the author's, `LATE` days
    after; `plan_ending`: to the author's, `ENDING` days before; `review_late`: to the secretariats
    of the city's conferences, `ESCALATED` days after. Nobody is told of a plan they do not read
    (V15)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, plan_id, row_key, due, agency_id"
            " from kasane.plan_reminders(%s, %s, %s, %s, %s, %s, %s)"
            " order by kind, due, row_key, agency_id",
            [city_id, on, NEAR, LATE, ENDING, ESCALATED, WINDOW],
        )
        return [Reminder(*row) for row in cursor.fetchall()]
