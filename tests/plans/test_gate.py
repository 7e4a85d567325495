"""Who sees a plan (V1–V3, V6, V13), and reminders."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.enums import AgendaType, SystemName
from agencies.models import Job, Notice
from agencies.tasks import JOBS, file_due_jobs, system_membership
from config.lib.acting import acting
from plans import operations as ops
from plans import tasks
from plans.models import Goal, Monitoring, Plan, PlanStep, SupportItem
from plans.queries import plan_summary, plans_for_conference
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def scene():
    return s.scene()


class Keys:
    """A queryset by keys that does not depend on who evaluates it."""

    def __init__(self, model, keys):
        self.model, self._keys = model, keys

    def values_list(self, *args, **kwargs):
        return list(self._keys)


def sees(member, plan):
    return w.sees(member, Keys(Plan, [plan.pk]))


def every(member, model, plan):
    with w.act(member):
        return model._base_manager.filter(plan_id=plan.pk).count()


def test_plan_of_two_persons_needs_both_consents():
    city = w.city()
    case, (mother, son) = w.household(city.coordinator)
    w.consent(city.coordinator, mother, city.agencies["disability"])
    s.let_in(city, case, [mother], "disability")
    both = s.Scene(city, case, [mother, son])
    plan = s.draft(both)
    assert sees(city.coordinator, plan)
    assert not sees(city.disability, plan)
    w.consent(city.coordinator, son, city.agencies["disability"], categories=["basic"])
    assert not sees(city.disability, plan)
    w.consent(city.coordinator, son, city.agencies["disability"], categories=["basic", "plan"])
    assert sees(city.disability, plan)
    for model in (Goal, SupportItem, PlanStep):
        assert every(city.disability, model, plan)


def test_role_without_consent_sees_nothing_of_the_plan(scene):
    city = scene.city
    plan = s.in_force(scene, items=[s.item(city.child), s.item(city.coordinator)])
    assert not sees(city.child, plan)
    for model in (Goal, SupportItem, PlanStep, Monitoring):
        assert every(city.child, model, plan) == 0
    with acting(None):
        assert not Plan._base_manager.exists()


def test_agencies_without_access_says_what_is_missing(scene):
    city = scene.city
    plan = s.draft(
        scene,
        items=[
            s.item(city.disability),
            s.item(city.child),
            s.item(city.coordinator),
            s.item(city.elderly),
        ],
    )
    for person in scene.persons:
        w.consent(city.coordinator, person, city.agencies["disability"], city.agencies["elderly"])
    with w.act(city.coordinator):
        found = {
            row.agency: row.reason for row in ops.agencies_without_access(plan, city.coordinator)
        }
    assert set(found) == {city.agencies["child"].name, city.agencies["elderly"].name}
    assert "同意がありません" in found[city.agencies["child"].name]
    assert "支援チーム" in found[city.agencies["elderly"].name]
    s.conference_join(city, scene.case, "elderly")
    assert sees(city.elderly, plan)


def test_plan_reach_answers_nobody_outside(scene):
    plan = s.draft(scene)
    for name in ("child", "privacy", "sysadmin"):
        with w.act(scene.city.members[name]):
            assert ops.plan_reach(plan) == []
    with acting(None):
        assert ops.plan_reach(plan) == []
    with (
        w.act(scene.city.coordinator),
        pytest.raises(ProgrammingError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("select kasane.agency_reads(%s, 1)", [plan.pk])


def test_history_is_gated_like_the_plan(scene):
    city = scene.city
    plan = s.submitted(scene)
    versions = Plan.history.model
    for member, expected in (
        (city.coordinator, True),
        (city.disability, True),
        (city.child, False),
        (city.privacy, False),
    ):
        with w.act(member):
            assert versions._base_manager.filter(record_id=plan.pk).exists() == expected


def test_withdrawn_consent_closes_the_plan_and_its_tasks(scene):
    city, plan = scene.city, s.in_force(scene)
    assert sees(city.disability, plan)
    w.consent(city.coordinator, scene.persons[0], answer="refused")
    assert not sees(city.disability, plan)
    assert every(city.disability, SupportItem, plan) == 0


def test_monitoring_is_about_the_persons_of_the_plan(scene):
    city, plan = scene.city, s.in_force(scene)
    with w.act(city.disability):
        row = ops.monitor_plan(plan=plan, by=city.disability, on=s.today(), text="様子")
        assert set(row.record.person_ids) == {p.pk for p in scene.persons}
        assert row.record.category == "plan"
    assert not w.sees(city.child, Keys(Monitoring, [row.pk]))


def test_plan_under_secrecy_is_decided_by_who_reads_it_there_and_stands_in_no_list():
    """V6, V7: the secretary reads the plan through the item alone."""
    meetings = pytest.importorskip("meetings.models")
    city = w.city()
    case, persons = w.household(city.elderly, number=1)
    scene = s.Scene(city, case, persons)
    by = city.elderly
    with w.act(by):
        plan = ops.draft_plan(
            case=case,
            by=by,
            programme="coordination",
            persons=persons,
            facts=s.facts(),
            goals=s.goals(),
            items=[s.item(by), s.item(city.child)],
        )
        ops.submit_plan(plan=plan, by=by)
    kind = city.conferences["support"]
    for member in (by, city.head):
        w.list_secretary(city, member)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        sitting = meetings.Sitting(
            municipality=city.city, due_key="one", month=s.today(), on=s.today(), state="planned"
        )
        sitting.save(force_insert=True)
        sitting.conference_types.add(kind)
    with w.act(by):
        meetings.AgendaItem(
            sitting=sitting,
            conference_type=kind,
            agenda_type="watching",
            basis="secrecy",
            case=case,
            title="議題",
            material_ids=[plan.pk],
            proposed_by=by,
            proposing_agency_id=by.agency_id,
            plan=plan,
            open_period=TimestamptzRange(timezone.now() - s.DAY, timezone.now() + s.DAY / 48),
        ).save(force_insert=True)
    with w.act(city.head):
        assert Plan.objects.visible_to(city.head).filter(pk=plan.pk).exists()
        assert not Plan.objects.standing_with(city.head).exists()
        assert plans_for_conference(city.head) == []
    browser = sign_in(Client(), city.head)
    for name in ("plan_detail", "plan_print"):
        page = browser.get(reverse(name, args=[plan.pk])).content.decode()
        assert "守秘" in page
        assert "第106条の6" in page
    assert "架空野" not in browser.get(reverse("plan_list")).content.decode()
    assert (
        "守秘"
        not in sign_in(Client(), by).get(reverse("plan_detail", args=[plan.pk])).content.decode()
    )
    with w.act(city.head):
        read = Plan.objects.visible_to(city.head).get(pk=plan.pk)
        assert plan_summary(read).items[0].support == "家計相談"
        decided = ops.record_conference_result(
            plan=read, by=city.head, decision="adequate", conference_name="支援会議", note=""
        )
        assert decided.status == "in_force"
    with w.act(scene.city.child):
        assert not Notice.objects.visible_to(city.child).exists()
    with w.act(by):
        assert Notice.objects.visible_to(by).filter(kind="plan_in_force").exists()


def test_plans_for_conference_offers_submitted_and_judged(scene):
    city = scene.city
    first = s.submitted(scene)
    second = s.in_force(scene, programme="outreach")
    s.in_force(scene, programme="participation")
    with w.act(city.coordinator):
        goal = second.goals.get()
        ops.evaluate_plan(
            plan=second,
            by=city.coordinator,
            on=s.today(),
            attainments={goal.pk: "achieved"},
            changes=[],
            remaining="",
            outcome="close",
        )
        found = {c.plan_id: c for c in plans_for_conference(city.coordinator, scene.case)}
    assert found[first.pk].agenda_type == AgendaType.PLAN_ADEQUACY
    assert found[second.pk].agenda_type == AgendaType.CLOSURE_EVALUATION
    assert len(found) == 2
    assert set(found[first.pk].person_ids) == {p.pk for p in scene.persons}
    with w.act(city.child):
        assert plans_for_conference(city.child) == []


# --- reminders -----------------------------------------------------------------------------------


@pytest.fixture
def _working_day(monkeypatch):
    """Whatever day the suite runs on."""
    monkeypatch.setattr(tasks, "open_days", lambda _city: EveryDay())


class EveryDay:
    def is_open(self, _day):
        return True


def sweep():
    """The schedule and the worker, once: every reminder in the outbox is done."""
    file_due_jobs()
    function, name = JOBS["review_reminder"]
    with acting(system_membership(name).pk):
        for entry in Job.objects.filter(name="review_reminder"):
            function(entry.args)


def reminders(member):
    with w.act(member):
        found = Notice.objects.visible_to(member).filter(kind="review_reminder")
        return list(found.values_list("title", "url"))


@pytest.mark.usefixtures("_working_day")
def test_reminder_comes_once_to_the_author_and_again_for_the_next_date(scene):
    city = scene.city
    plan = s.in_force(scene, facts=s.facts(review_on=s.today() + 14 * s.DAY))
    for _n in range(2):
        sweep()
    assert reminders(city.coordinator) == [
        ("モニタリングの時期が近づいています", f"/plans/{plan.pk}/")
    ]
    assert reminders(city.disability) == []
    with w.act(city.coordinator):
        ops.monitor_plan(
            plan=plan,
            by=city.coordinator,
            on=s.today(),
            text="順調",
            next_review_on=s.today() + 10 * s.DAY,
        )
    sweep()
    assert len(reminders(city.coordinator)) == 2


@pytest.mark.usefixtures("_working_day")
@pytest.mark.parametrize(("days", "ahead", "expected"), [(14, 15, 0), (30, 15, 1), (0, 1, 0)])
def test_reminder_keeps_the_citys_days(scene, days, ahead, expected):
    scene.city.city.reminder_days = days
    with as_owner():
        scene.city.city.save()
    s.in_force(scene, facts=s.facts(review_on=s.today() + ahead * s.DAY))
    sweep()
    assert len(reminders(scene.city.coordinator)) == expected


@pytest.mark.usefixtures("_working_day")
def test_reminder_of_a_date_that_has_moved_is_not_sent(scene):
    plan = s.in_force(scene, facts=s.facts(review_on=s.today() + s.DAY))
    with acting(system_membership(SystemName.SCHEDULER).pk):
        file_due_jobs()
        assert Job.objects.filter(name="review_reminder").count() == 1
    with w.act(scene.city.coordinator):
        ops.monitor_plan(
            plan=plan,
            by=scene.city.coordinator,
            on=s.today(),
            text="順調",
            next_review_on=s.today() + datetime.timedelta(days=90),
        )
    function, name = JOBS["review_reminder"]
    with acting(system_membership(name).pk):
        function({"plan": str(plan.pk)})
    assert reminders(scene.city.coordinator) == []


def test_review_list_is_for_the_scheduler_alone(scene):
    s.in_force(scene, facts=s.facts(review_on=s.today()))
    with w.act(scene.city.coordinator):
        assert ops.plans_to_review(s.today()) == []
