"""V5 sentence by sentence, and what a sitting with consent decides."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Person
from cases.operations import withdraw_consent, write_note
from cases.operations.case import StaleVersion
from meetings.cover import block_uncovered
from meetings.models import AgendaItem
from meetings.operations import (
    change_participants,
    close_sitting,
    decide_item,
    mark_attendance,
    open_sitting,
    propose_item,
    resume_item,
    send_notice,
    withdraw_item,
)
from plans import operations as plans
from plans.models import Plan
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


def take_back(city, consent):
    with w.act(city.elderly):
        withdraw_consent(consent=consent, by=city.elderly, reason="本人の希望")


def state(city, item):
    return s.fresh(city, item, city.elderly).state


def test_participants_see_the_item_and_the_case_within_the_consent(city):
    house = s.consented_household(city, "disability")
    with w.act(city.elderly):
        note = write_note(
            case=house.case, by=city.elderly, text="t", method="visit", persons=house.persons
        )
    item = s.consented_item(city, house, "disability")
    for member in (city.elderly, city.elderly2, city.disability, city.coordinator, city.head):
        assert s.sees(member, item)
    assert s.sees(city.disability, note.record)
    for name in ("child", "outreach", "admin", "privacy", "sysadmin"):
        assert not s.sees(city.members[name], item), name


def test_a_person_without_consent_for_a_participant_keeps_the_item_off(city):
    case, (mother, son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["coordinator"], city.agencies["disability"])
    w.consent(city.elderly, son, city.agencies["coordinator"])
    house = s.Household(case, [mother, son])
    with pytest.raises(ActionDenied) as error:
        s.consented_item(city, house, "disability")
    assert "Bさん" in str(error.value) or son.shown_name in str(error.value)
    assert city.agencies["disability"].name in str(error.value)


def test_the_secretariat_is_always_among_the_participants(city):
    case, persons = w.household(city.elderly)
    for person in persons:
        w.consent(city.elderly, person, city.agencies["disability"])
    with pytest.raises(ActionDenied, match=city.agencies["coordinator"].name):
        s.consented_item(city, s.Household(case, persons), "disability")
    item = s.consented_item(city, s.consented_household(city, "disability"), "disability")
    assert city.agencies["coordinator"].pk in item.participant_ids


def test_excepted_agency_cannot_take_part(city):
    case, persons = w.household(city.elderly, number=1)
    body = city.conferences["plan"]
    with as_owner():
        for name in ("coordinator", "disability", "child"):
            body.standing_members.create(municipality=city.city, agency=city.agencies[name])
    w.consent(city.elderly, persons[0], conferences=(body,), exceptions=(city.agencies["child"],))
    house = s.Household(case, persons)
    with pytest.raises(ActionDenied, match=city.agencies["child"].name):
        s.consented_item(city, house, "disability", "child")
    assert s.sees(city.disability, s.consented_item(city, house, "disability"))


def test_an_item_with_a_case_names_living_persons_of_it(city):
    house = s.consented_household(city, "disability")
    with pytest.raises(ActionDenied, match="人を選んで"):
        s.consented_item(city, s.Household(house.case, []), "disability")
    other = s.consented_household(city, "disability")
    with pytest.raises(ActionDenied):
        s.consented_item(city, s.Household(house.case, other.persons), "disability")
    with w.act(city.elderly):
        dead = Person.objects.get(pk=house.persons[0].pk)
        dead.is_deceased, dead.died_on = True, TODAY()
        dead.save()
    with pytest.raises(ActionDenied, match="亡くなって"):
        s.consented_item(city, s.Household(house.case, [dead]), "disability")


def test_withdrawn_consent_blocks_the_item_and_the_office_is_told_without_a_name(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    take_back(city, house.consents[1])
    assert state(city, item) == "blocked"
    for member in (city.disability, city.coordinator):
        assert not s.sees(member, item)
    with w.act(city.coordinator):
        notice = Notice.objects.visible_to(city.coordinator).get(kind="item_blocked")
    assert "2件" in notice.title
    assert not any(p.name in notice.title for p in house.persons)


def test_death_blocks_the_item(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.elderly):
        dead = Person.objects.get(pk=house.persons[0].pk)
        dead.is_deceased = True
        dead.save()
        block_uncovered(house.case.pk)
    assert state(city, item) == "blocked"


def test_expired_consent_closes_at_once_and_the_daily_check_blocks(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    from agencies.enums import SystemName
    from agencies.tasks import system_membership
    from meetings.tasks import block_lapsed

    with w.act(system_membership(SystemName.SCHEDULER)):
        block_lapsed({})
    assert state(city, item) == "proposed"
    assert s.sees(city.disability, item)


def test_decided_items_close_to_who_lost_the_consent(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="discussed", opinion="o", minutes="m")
    assert s.sees(city.disability, item)
    take_back(city, house.consents[0])
    assert not s.sees(city.disability, item)
    assert s.sees(city.elderly, item)
    assert state(city, item) == "decided"


def test_blocked_item_returns_once_consents_cover_it(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    take_back(city, house.consents[0])
    with w.act(city.elderly), pytest.raises(ActionDenied, match="足りない同意"):
        resume_item(item=item, by=city.elderly)
    w.consent(
        city.elderly, house.persons[0], city.agencies["coordinator"], city.agencies["disability"]
    )
    with w.act(city.elderly):
        resume_item(item=item, by=city.elderly)
    assert state(city, item) == "proposed"
    assert s.sees(city.disability, item)


@pytest.mark.parametrize("moment", ["notice", "opening"])
def test_the_check_is_repeated_at_notice_and_opening(city, moment, monkeypatch):
    house = s.consented_household(city, "disability")
    sitting = s.make_sitting(city, "plan")
    failing = s.consented_item(city, house, "disability", sitting=sitting)
    if moment == "opening":
        s.noticed(city, sitting)
    monkeypatch.setattr("cases.operations.access.AFTER_SYNC", [])
    take_back(city, house.consents[0])
    assert state(city, failing) != "blocked"
    # The office may not see it any more, but an item of the same case that it does see is
    # enough; the database's own check is asked for each case in view.
    with w.act(city.elderly):
        block_uncovered(house.case.pk)
    with w.act(city.coordinator):
        if moment == "notice":
            assert send_notice(sitting=sitting, by=city.coordinator) == 0
        else:
            open_sitting(sitting=sitting, by=city.coordinator)
    assert state(city, failing) == "blocked"


def test_change_of_participants_is_checked_again(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.elderly), pytest.raises(ActionDenied, match="足りない同意"):
        change_participants(
            item=item, by=city.elderly, participants=[city.agencies["child"]], version=1
        )
    with w.act(city.elderly):
        change_participants(item=item, by=city.elderly, participants=[], version=1)
    assert not s.sees(city.disability, item)
    with w.act(city.elderly), pytest.raises(StaleVersion):
        change_participants(item=item, by=city.elderly, participants=[], version=1)


@pytest.mark.parametrize(
    "change",
    ["participant_ids = participant_ids || %s", "basis = 'secrecy'", "case_id = null"],
)
def test_the_database_refuses_uncovered_participants(city, change):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    values = [city.agencies["child"].pk] if "%s" in change else []
    statement = f"update meetings_agendaitem set {change} where id = %s"
    with (
        w.act(city.elderly),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [*values, item.pk])


def test_participants_read_and_change_nothing(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.disability), pytest.raises(DatabaseError), transaction.atomic():
        AgendaItem.objects.filter(pk=item.pk).update(opinion="x")
    with w.act(city.disability), pytest.raises(ActionDenied):
        withdraw_item(item=item, by=city.disability)


# --- plans ------------------------------------------------------------------------------------


def draft(city, *, role="disability"):
    """A household of the coordinator's, its plan draft ready for the conference."""
    case, persons = w.household(city.coordinator, number=1)
    for person in persons:
        w.consent(city.coordinator, person, city.agencies["coordinator"], city.agencies[role])
    day = TODAY()
    with w.act(city.coordinator):
        plan = plans.draft_plan(
            case=case,
            by=city.coordinator,
            programme="coordination",
            persons=persons,
            facts=plans.PlanFacts(
                wishes="家で暮らす",
                aim="安心",
                starts_on=day,
                ends_on=day + datetime.timedelta(days=180),
                review_on=day + datetime.timedelta(days=90),
            ),
            goals=[plans.GoalFacts("家計", day + datetime.timedelta(days=90))],
            items=[plans.ItemFacts("家計相談", city.agencies[role], day)],
        )
    return case, persons, plan


def plan_item(city, agenda_type="plan_adequacy", plan=None):
    case, persons, made = plan or draft(city)
    sitting = s.make_sitting(city, "plan")
    with w.act(city.coordinator):
        item = propose_item(
            sitting=sitting,
            by=city.coordinator,
            conference_type=city.conferences["plan"],
            agenda_type=agenda_type,
            case=case,
            persons=persons,
            plan=made,
            title="t",
            briefing="b",
            participants=[city.agencies["disability"]],
        )
    return item, made


def status(city, plan):
    with w.act(city.coordinator):
        return Plan.objects.get(pk=plan.pk).status


def decide(city, item, decision, **more):
    with w.act(city.coordinator):
        return decide_item(
            item=item,
            by=city.coordinator,
            decision=decision,
            opinion="意見",
            minutes="議事",
            **more,
        )


def test_proposing_submits_the_draft_and_once_only(city):
    drafted = draft(city)
    item, plan = plan_item(city, plan=drafted)
    assert status(city, plan) == "submitted"
    assert item.basis == "consent"
    with pytest.raises(ActionDenied, match="すでに"):
        plan_item(city, plan=drafted)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("adequate", "in_force"),
        ("adequate_amended", "in_force"),
        ("returned", "returned"),
        ("continued", "submitted"),
    ],
)
def test_decision_on_adequacy_moves_the_plan(city, decision, expected):
    item, plan = plan_item(city)
    s.opened(city, item.sitting)
    review = TODAY() + datetime.timedelta(days=60)
    decide(city, item, decision, next_review_on=review)
    assert status(city, plan) == expected
    if expected == "in_force":
        with w.act(city.coordinator):
            assert Plan.objects.get(pk=plan.pk).review_on == review


def test_plan_comes_into_force_with_the_decision_or_not_at_all(city, monkeypatch):
    item, plan = plan_item(city)
    s.opened(city, item.sitting)

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("meetings.operations.decision.save_item", fail)
    with pytest.raises(RuntimeError):
        decide(city, item, "adequate")
    assert status(city, plan) == "submitted"
    assert s.fresh(city, item).state == "noticed"


def test_plan_that_refuses_leaves_the_item_undecided(city):
    item, plan = plan_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        plan.status = "draft"
        plan.save()
    with pytest.raises(ActionDenied):
        decide(city, item, "adequate")
    assert s.fresh(city, item).state == "noticed"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("close", "closed"),
        ("replan", "replanned"),
        ("interrupt", "interrupted"),
        ("keep", "in_force"),
    ],
)
def test_closure_evaluation_ends_the_plan(city, decision, expected):
    case, persons, plan = draft(city)
    item, _plan = plan_item(city, plan=(case, persons, plan))
    s.opened(city, item.sitting)
    decide(city, item, "adequate")
    with w.act(city.coordinator):
        plan = Plan.objects.get(pk=plan.pk)
    again, _plan = plan_item(city, "closure_evaluation", plan=(case, persons, plan))
    s.opened(city, again.sitting)
    if decision == "close":
        with pytest.raises(ActionDenied, match="主担当"):
            decide(city, again, decision)
    decide(city, again, decision, lead_agency_after=city.agencies["disability"])
    assert status(city, plan) == expected


@pytest.mark.parametrize("decision", ["shared", "close", "", "適切"])
def test_decision_of_another_type_is_refused(city, decision):
    item, _plan = plan_item(city)
    s.opened(city, item.sitting)
    with pytest.raises(ActionDenied, match="選べません"):
        decide(city, item, decision)


def test_two_who_decide_at_once_do_not_overwrite_each_other(city):
    item, _plan = plan_item(city)
    s.opened(city, item.sitting)
    seen = s.fresh(city, item).version
    decide(city, item, "continued", version=seen)
    with pytest.raises(StaleVersion):
        decide(city, item, "adequate", version=seen)


def test_nothing_is_decided_before_the_sitting_opens_or_twice(city):
    item, _plan = plan_item(city)
    with pytest.raises(ActionDenied):
        decide(city, item, "adequate")
    s.opened(city, item.sitting)
    decide(city, item, "adequate")
    with pytest.raises(ActionDenied):
        decide(city, item, "adequate")


def test_participants_do_not_decide(city):
    item, _plan = plan_item(city)
    s.opened(city, item.sitting)
    with w.act(city.disability), pytest.raises(ActionDenied):
        decide_item(item=item, by=city.disability, decision="adequate", opinion="", minutes="")


def test_sitting_closes_when_every_item_in_view_has_its_decision(city):
    item, _plan = plan_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="1件"):
        close_sitting(sitting=item.sitting, by=city.coordinator)
    decide(city, item, "adequate")
    with w.act(city.coordinator):
        close_sitting(sitting=item.sitting, by=city.coordinator)
    with pytest.raises(ActionDenied, match="決定できません"):
        decide(city, item, "adequate")


def test_agenda_of_a_plan_needs_the_plan(city):
    house = s.consented_household(city, "disability")
    with pytest.raises(ActionDenied, match="プランを選んで"):
        s.consented_item(city, house, "disability", agenda_type="plan_adequacy")
    with pytest.raises(ActionDenied, match="扱いません"):
        s.consented_item(city, house, "disability", agenda_type="watching")


def test_attendance_is_of_agencies_that_take_part_or_by_name(city):
    item, _plan = plan_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        for value in ("present", "absent"):
            mark_attendance(
                item=item,
                by=city.coordinator,
                agency=city.agencies["disability"],
                attendance=value,
            )
        mark_attendance(item=item, by=city.coordinator, name="本人", attendance="partial")
        assert sorted(a.attendance for a in item.attendances.all()) == ["absent", "partial"]
        for bad in ({"agency": city.agencies["child"]}, {"name": " "}):
            with pytest.raises(ActionDenied):
                mark_attendance(item=item, by=city.coordinator, attendance="present", **bad)
