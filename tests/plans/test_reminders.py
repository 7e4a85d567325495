"""What falls due in a plan in force is told once, on working days, to who reads the plan (V15)."""

from __future__ import annotations

import pytest

from agencies.enums import SystemName
from agencies.models import Job, Notice
from agencies.tasks import JOBS, file_due_jobs, system_membership
from config.lib.acting import acting
from plans import operations as ops
from plans import tasks
from tests import world as w
from tests.plans import situations as s

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]
DAY = s.DAY


class EveryDay:
    def is_open(self, _day):
        return True


@pytest.fixture
def scene():
    return s.scene()


@pytest.fixture(autouse=True)
def _working_day(monkeypatch):
    monkeypatch.setattr(tasks, "open_days", lambda _city: EveryDay())


def on(monkeypatch, day):
    class Clock:
        @staticmethod
        def localdate():
            return day

    monkeypatch.setattr(tasks, "timezone", Clock)


def sweep():
    file_due_jobs()
    function, name = JOBS[tasks.OTHERS]
    with acting(system_membership(name).pk):
        for entry in Job.objects.filter(name=tasks.OTHERS):
            function(entry.args)


def told(member):
    with w.act(member):
        kinds = Notice.objects.visible_to(member).filter(kind__in=tasks.TITLES)
        return sorted(kinds.values_list("kind", flat=True))


def plan(scene, until=30, ends=150, review=60):
    """In force; the disability agency has one task and the coordinator another."""
    by = scene.city.coordinator
    return s.in_force(
        scene,
        facts=s.facts(
            ends_on=s.today() + ends * DAY, review_on=s.today() + min(review, ends) * DAY
        ),
        items=[s.item(scene.city.disability, days=until), s.item(by, "進行の管理", days=140)],
    )


@pytest.mark.parametrize(
    ("ahead", "disability", "author"),
    [
        (26, [], []),
        (27, ["task_due"], []),
        (30, ["task_due"], []),
        (36, [], []),
        (37, ["task_late"], ["task_late"]),
        (68, ["task_late"], ["task_late"]),
        (69, [], []),
    ],
)
def test_a_task_is_told_before_and_after_its_day(scene, monkeypatch, ahead, disability, author):
    plan(scene, review=140)
    on(monkeypatch, s.today() + ahead * DAY)
    for _time in range(2):
        sweep()
    assert told(scene.city.disability) == disability
    assert told(scene.city.coordinator) == author
    assert told(scene.city.child) == []


def test_what_is_done_is_told_to_nobody(scene, monkeypatch):
    made = plan(scene, review=140)
    with w.act(scene.city.disability):
        line = made.supportitems.order_by("order").first()
        ops.finish_item(item=line, by=scene.city.disability)
    on(monkeypatch, s.today() + 28 * DAY)
    sweep()
    assert told(scene.city.disability) == []


def test_the_end_of_a_period_is_told_to_the_author_a_month_ahead(scene, monkeypatch):
    plan(scene, until=140, ends=150, review=150)
    on(monkeypatch, s.today() + 119 * DAY)
    sweep()
    assert told(scene.city.coordinator) == []
    on(monkeypatch, s.today() + 120 * DAY)
    sweep()
    assert told(scene.city.coordinator) == ["plan_ending"]
    assert told(scene.city.disability) == []


def test_a_review_two_weeks_late_is_told_to_the_office(scene, monkeypatch):
    plan(scene, until=140, review=20)
    on(monkeypatch, s.today() + 33 * DAY)
    sweep()
    assert told(scene.city.coordinator) == []
    on(monkeypatch, s.today() + 34 * DAY)
    sweep()
    assert told(scene.city.coordinator) == ["review_late"]
    assert told(scene.city.disability) == []


def test_who_does_not_read_the_plan_is_told_nothing(scene, monkeypatch):
    """A role in the table opens nothing (V3)."""
    by = scene.city.coordinator
    s.in_force(scene, items=[s.item(scene.city.child, days=30), s.item(by, "進行", days=140)])
    on(monkeypatch, s.today() + 28 * DAY)
    sweep()
    assert told(scene.city.child) == []


def test_nothing_is_told_on_a_day_off(scene, monkeypatch):
    plan(scene, until=30, review=140)
    monkeypatch.undo()
    days = (s.today() + n * DAY for n in range(37, 45))  # a week late, or a little more
    sunday = next(day for day in days if day.weekday() == 6)
    on(monkeypatch, sunday)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        assert ops.plan_reminders(scene.city.city.pk, sunday)
        assert tasks.reminder_jobs() == []


def test_reminders_are_for_the_scheduler_alone(scene):
    plan(scene, until=30)
    with w.act(scene.city.coordinator):
        assert ops.plan_reminders(scene.city.city.pk, s.today() + 28 * DAY) == []
