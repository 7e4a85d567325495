"""緊急の開始: in force before a conference has spoken, reported to the next one, and counted."""

from __future__ import annotations

import pytest

from agencies.enums import AgendaType
from agencies.models import Notice
from agencies.permissions import ActionDenied
from config.lib.registry import registry
from plans import operations as ops
from plans.models import Plan
from plans.queries import plans_for_conference
from plans.urgent import awaits_report, share_words
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.plans.test_views import get, post

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def scene():
    return s.scene()


def begun(scene: s.Scene, plan: Plan | None = None) -> Plan:
    plan = plan or s.draft(scene)
    with w.act(scene.city.head):
        return ops.start_urgently(plan=plan, by=scene.city.head, reason="今夜の住まいがない")


def candidates(member) -> list[str]:
    with w.act(member):
        found = registry.draw("agenda_candidates", member)
        return [one.reason for one in found if one.kind == "urgent"]


@pytest.mark.parametrize("made", [s.draft, s.submitted])
def test_it_is_in_force_at_once_and_waits_for_its_report(scene, made):
    city = scene.city
    plan = begun(scene, made(scene))
    assert plan.status == "in_force"
    assert plan.decided_by_id == city.head.pk
    assert plan.decided_in == f"{city.head.agency_name}（緊急の開始）"
    assert [r for r in candidates(city.coordinator) if "事後報告がまだ" in r]
    with w.act(city.coordinator):
        assert awaits_report(plan)
        (waiting,) = plans_for_conference(city.coordinator, scene.case)
    assert waiting.agenda_type == AgendaType.PLAN_ADEQUACY
    with w.act(city.disability):
        assert Notice.objects.visible_to(city.disability).filter(kind="plan_in_force").exists()


@pytest.mark.parametrize(
    ("decision", "step", "waits"),
    [
        ("adequate", "report_accept", False),
        ("adequate_amended", "report_accept", False),
        ("returned", "report_object", False),
        ("continued", "report_continue", True),
    ],
)
def test_what_the_conference_says_afterwards_leaves_it_in_force(scene, decision, step, waits):
    plan = begun(scene)
    plan = s.result(scene, plan, decision)
    assert plan.status == "in_force"
    with w.act(scene.city.coordinator):
        assert plan.plansteps.order_by("-at", "-pk").first().name == step
        assert awaits_report(plan) is waits
        told = Notice.objects.visible_to(scene.city.coordinator).filter(kind="plan_returned")
        assert told.exists() is (decision == "returned")
    assert bool(candidates(scene.city.coordinator)) is waits


def test_the_plan_after_an_objection_takes_its_place(scene):
    plan = s.result(scene, begun(scene), "returned")
    following = s.result(scene, s.submitted(scene, former=plan))
    assert following.status == "in_force"
    with w.act(scene.city.coordinator):
        assert Plan.objects.get(pk=plan.pk).status == "replanned"


def test_a_plan_decided_by_a_conference_owes_no_report(scene):
    plan = s.in_force(scene)
    with w.act(scene.city.head):
        assert not awaits_report(plan)
        with pytest.raises(ActionDenied, match="「実施中」のため"):
            ops.start_urgently(plan=plan, by=scene.city.head, reason="急ぐ")
        with pytest.raises(ActionDenied, match="「実施中」のため"):
            ops.record_conference_result(
                plan=plan, by=scene.city.head, decision="adequate", conference_name="会議"
            )


def test_who_may_not_decide_begins_nothing(scene):
    plan = s.draft(scene)
    with w.act(scene.city.disability), pytest.raises(ActionDenied):
        ops.start_urgently(plan=plan, by=scene.city.disability, reason="急ぐ")
    with w.act(scene.city.child), pytest.raises(Plan.DoesNotExist):
        ops.start_urgently(plan=plan, by=scene.city.child, reason="急ぐ")


def test_where_an_agency_decides_it_alone_begins_a_plan(scene):
    city = scene.city
    city.city.decided_by, city.city.decision_agency_code = "agency", "child"
    with as_owner():
        city.city.save()
    plan = s.draft(scene)
    head = type(city.head).objects.with_names().get(pk=city.head.pk)
    with w.act(head), pytest.raises(ActionDenied, match="市が定めた機関"):
        ops.start_urgently(plan=plan, by=head, reason="急ぐ")
    city.city.decision_agency_code = head.agency.code
    with as_owner():
        city.city.save()
    head = type(city.head).objects.with_names().get(pk=city.head.pk)
    with w.act(head):
        assert ops.start_urgently(plan=plan, by=head, reason="急ぐ").status == "in_force"


def test_what_a_conference_would_want_is_wanted_here_too(scene):
    city = scene.city
    bare = s.draft(scene, goals=[], items=[])
    with w.act(city.head), pytest.raises(ActionDenied, match="目標が一つも"):
        ops.start_urgently(plan=bare, by=city.head, reason="急ぐ")
    city.city.signature = "required"
    with as_owner():
        city.city.save()
    plan = s.draft(scene, programme="participation")
    head = type(city.head).objects.with_names().get(pk=city.head.pk)
    with w.act(head), pytest.raises(ActionDenied, match="署名"):
        ops.start_urgently(plan=plan, by=head, reason="急ぐ")


def test_the_share_is_counted_among_what_one_sees(scene):
    city = scene.city
    with w.act(city.head):
        assert share_words(city.head) == ""
    s.in_force(scene)
    begun(scene, s.draft(scene, programme="participation"))
    s.in_force(scene, programme="outreach")
    with w.act(city.head):
        assert "緊急の開始は1件です（3件中、33.3％" in share_words(city.head)
    with w.act(city.child):
        assert share_words(city.child) == ""


def test_its_page_asks_why_and_says_what_is_owed(scene):
    city, plan = scene.city, s.draft(scene)
    page = get(city.head, "plan_start", plan.pk).content.decode()
    assert "次の会議に事後報告します" in page
    assert "緊急に開始する" in get(city.head, "plan_detail", plan.pk).content.decode()
    refused = post(city.head, "plan_start", plan.pk, reason=" ")
    assert refused.status_code == 422
    assert "会議を待てない理由を書いてください。" in refused.content.decode()
    assert post(city.head, "plan_start", plan.pk, reason="今夜の住まいがない").status_code == 302
    detail = get(city.head, "plan_detail", plan.pk).content.decode()
    assert "会議への事後報告がまだです" in detail
    assert "今夜の住まいがない" in detail
    twice = post(city.head, "plan_start", plan.pk, reason="もう一度")
    assert twice.status_code == 403
    assert get(city.disability, "plan_start", plan.pk).status_code == 403
    assert get(city.child, "plan_start", plan.pk).status_code == 404
