"""What an operation refuses, and with which reason, where no other test asks for it."""

from __future__ import annotations

import pytest

from agencies.permissions import ActionDenied
from plans import operations as ops
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.plans.test_operations import deciding_city

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


def test_monitoring_is_within_the_plan_and_by_who_has_a_role():
    scene = s.scene()
    coordinator, disability = scene.city.coordinator, scene.city.disability
    plan = s.in_force(scene, items=[s.item(coordinator)])
    for by, on, reason in (
        (coordinator, s.today() + s.DAY, "未来"),
        (coordinator, s.today() - 31 * s.DAY, "プラン期間の始めより前"),
        (disability, s.today(), "プランを書いた機関と役割のある機関"),
    ):
        with w.act(by), pytest.raises(ActionDenied, match=reason):
            ops.monitor_plan(plan=plan, by=by, on=on, text="順調")
    with w.act(coordinator), pytest.raises(ActionDenied, match="判定を選んで"):
        ops.end_plan(plan=plan, by=coordinator, outcome="done")


def test_no_agency_decides_where_the_conference_has_come_to():
    city = deciding_city("")
    scene = s.scene(city)
    plan = s.result(scene, s.submitted(scene))
    city.city.decided_by = "conference"
    with as_owner():
        city.city.save()
    head = type(city.head).objects.with_names().get(pk=city.head.pk)
    with w.act(head), pytest.raises(ActionDenied, match="会議で決定します"):
        ops.decide_plan(plan=plan, by=head)
