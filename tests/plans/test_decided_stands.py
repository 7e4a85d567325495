"""What a conference is asked about, and what it decided, stands: the database says it, whoever
writes. Another text needs another plan (再プラン), a draft leaves its versions (V13)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from plans import operations as ops
from plans.models import Plan
from tests import world as w
from tests.plans import situations as s

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TEXT = [
    "UPDATE plans_plan SET wishes = 'x', version = version + 1 WHERE record_id = %s",
    "UPDATE plans_plan SET ends_on = ends_on + 1 WHERE record_id = %s",
    "UPDATE plans_plan SET signed_on = now(), signature_note = 'x' WHERE record_id = %s",
    "UPDATE plans_goal SET text = 'x' WHERE plan_id = %s",
    "DELETE FROM plans_supportitem WHERE plan_id = %s",
    'INSERT INTO plans_goal (id, plan_id, "order", text, target_on, attainment)'
    " VALUES (gen_random_uuid(), %s, 9, 'x', now(), '')",
]


@pytest.fixture
def scene():
    return s.scene()


def run(statement, plan):
    with connection.cursor() as cursor:
        cursor.execute(statement, [plan.pk])
        return cursor.rowcount


@pytest.mark.parametrize("statement", TEXT)
@pytest.mark.parametrize("state", [s.submitted, s.in_force])
def test_raw_sql_changes_nothing_of_a_plan_laid_before_a_conference(scene, state, statement):
    plan = state(scene)
    with w.act(scene.city.coordinator), pytest.raises(IntegrityError), transaction.atomic():
        run(statement, plan)


@pytest.mark.parametrize("statement", TEXT)
def test_a_draft_is_written_anew(scene, statement):
    plan = s.draft(scene)
    with w.act(scene.city.coordinator), transaction.atomic():
        assert run(statement, plan) > 0
        transaction.set_rollback(True)


def test_what_follows_a_decision_goes_on(scene):
    plan, by = s.in_force(scene), scene.city.coordinator
    with w.act(by):
        item = plan.supportitems.get(agency=scene.city.agencies["disability"])
        ops.monitor_plan(plan=plan, by=by, on=s.today(), text="続ける", next_review_on=plan.ends_on)
    with w.act(scene.city.disability):
        ops.finish_item(item=item, by=scene.city.disability)
    with w.act(by):
        assert Plan.objects.get(pk=plan.pk).review_on == plan.ends_on
        assert plan.supportitems.get(pk=item.pk).status == "done"


@pytest.mark.parametrize("table", ["plans_monitoring", "plans_evaluation"])
def test_a_monitoring_and_an_evaluation_are_written_once(scene, table):
    plan = s.in_force(scene)
    with w.act(scene.city.coordinator), pytest.raises(ProgrammingError), transaction.atomic():
        run(f'UPDATE {table} SET "on" = now() WHERE plan_id = %s', plan)
