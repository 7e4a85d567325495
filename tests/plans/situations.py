"""Plans in every state, built through the operations as the people who would do them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.utils import timezone

from agencies.models import Membership
from cases import enums as case_enums
from cases.models import Case, Person
from cases.operations import accept_referral, join_team, refer
from plans.models import Plan
from plans.operations import (
    GoalFacts,
    ItemFacts,
    PlanFacts,
    draft_plan,
    end_plan,
    record_conference_result,
    sign_plan,
    submit_plan,
)
from tests import world as w

DAY = datetime.timedelta(days=1)


def today() -> datetime.date:
    return timezone.localdate()


def facts(**changes: object) -> PlanFacts:
    given = {
        "wishes": "この家で暮らし続けたい",
        "aim": "家計の見通しが立ち、安心して暮らせる",
        "problems": "家計の管理",
        "starts_on": today() - 30 * DAY,
        "ends_on": today() + 150 * DAY,
        "review_on": today() + 60 * DAY,
    }
    return PlanFacts(**{**given, **changes})  # type: ignore[arg-type]


def goals(number: int = 1) -> list[GoalFacts]:
    return [GoalFacts(f"目標 {n + 1}", today() + 90 * DAY) for n in range(number)]


def item(member: Membership, content: str = "家計相談", days: int = 30) -> ItemFacts:
    return ItemFacts(
        content=content,
        agency=member.agency_id,
        until=today() + days * DAY,
        goal=0,
        frequency="月2回",
    )


@dataclass
class Scene:
    """A household of the coordinator whose two members consent to the disability agency too."""

    city: w.World
    case: Case
    persons: list[Person]


def scene(city: w.World | None = None, *, number: int = 2) -> Scene:
    """The coordinator's case; disability is in the team and both persons consent to it."""
    city = city or w.city()
    by = city.coordinator
    case, persons = w.household(by, number=number)
    for person in persons:
        w.consent(
            by,
            person,
            city.agencies["disability"],
            city.agencies["coordinator"],
            household_tick=True,
        )
    let_in(city, case, persons, "disability")
    return Scene(city, case, persons)


def let_in(city: w.World, case: Case, persons: list[Person], name: str) -> None:
    """A referral of the first person, accepted."""
    with w.act(city.coordinator):
        sheet = refer(
            case=case,
            by=city.coordinator,
            mode="consent",
            reason="役割をお願いします",
            summary="概要",
            persons=persons[:1],
            to_agency=city.agencies[name],
        )
    with w.act(city.members[name]):
        accept_referral(referral=sheet, by=city.members[name])


def conference_join(city: w.World, case: Case, name: str) -> None:
    with w.act(city.coordinator):
        join_team(case=case, agency=city.agencies[name], via=case_enums.TeamVia.CONFERENCE)


def draft(s: Scene, **changes: object) -> Plan:
    """A plan of the coordinator about both persons, with a task of the disability agency."""
    by = s.city.coordinator
    given = {
        "programme": "coordination",
        "persons": s.persons,
        "facts": facts(),
        "goals": goals(),
        "items": [item(s.city.disability), item(by, "進行の管理")],
    }
    with w.act(by):
        return draft_plan(case=s.case, by=by, **{**given, **changes})  # type: ignore[arg-type]


def submitted(s: Scene, **changes: object) -> Plan:
    plan = draft(s, **changes)
    with w.act(s.city.coordinator):
        return submit_plan(plan=plan, by=s.city.coordinator)


def result(s: Scene, plan: Plan, decision: str = "adequate", **more: object) -> Plan:
    with w.act(s.city.head):
        return record_conference_result(
            plan=plan,
            by=s.city.head,
            decision=decision,
            conference_name="重層的支援会議",
            note="全員一致",
            **more,  # type: ignore[arg-type]
        )


def in_force(s: Scene, **changes: object) -> Plan:
    return result(s, submitted(s, **changes))


def ended(s: Scene, outcome: str) -> Plan:
    plan = in_force(s)
    with w.act(s.city.coordinator):
        return end_plan(
            plan=plan,
            by=s.city.coordinator,
            outcome=outcome,
            lead_agency_after=s.city.agencies["disability"],
        )


def signed(s: Scene, plan: Plan) -> Plan:
    with w.act(s.city.coordinator):
        return sign_plan(plan=plan, by=s.city.coordinator, on=today(), note="本人自署")
