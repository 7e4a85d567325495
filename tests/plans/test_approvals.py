"""決裁 of a plan where an agency decides: posts, 専決, 代決, 差し戻し, 紙決裁済, own draft."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.deciding import Act
from agencies.permissions import ActionDenied
from plans import operations as ops
from plans.models import PlanApproval
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.plans.test_operations import deciding_city
from tests.plans.test_views import get, post

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
PAPER = Act(
    act="paper", paper_number="第9号", paper_on=datetime.date(2026, 1, 5), paper_signers="部長"
)


def waiting(*roles, in_place_of="", own_draft_refused=False):
    """A plan that waits for the office's decision, in a city with these posts."""
    city = deciding_city()
    posts = [{"post": f"職{n}", "role": role} for n, role in enumerate(roles, start=1)]
    city.city.is_own_draft_refused = own_draft_refused
    if posts:
        city.city.decisions = [{"kind": "plan", "posts": posts, "in_place_of": in_place_of}]
    with as_owner():
        city.city.save()
    for name, member in city.members.items():
        city.members[name] = type(member).objects.with_names().get(pk=member.pk)
    scene = s.scene(city)
    return scene, s.result(scene, s.submitted(scene))


def act(scene, plan, name, given=None):
    by = scene.city.members[name]
    with w.act(by):
        return ops.decide_plan(plan=plan, by=by, act=given or Act())


def test_the_last_post_brings_the_plan_into_force_in_place_of_the_mayor():
    scene, plan = waiting("coordinator", "office_head", in_place_of="市長")
    with pytest.raises(ActionDenied, match="「職1」"):
        act(scene, plan, "head")
    assert act(scene, plan, "coordinator").status == "agreed"
    with pytest.raises(ActionDenied, match="「職2」"):
        act(scene, plan, "coordinator")
    assert act(scene, plan, "head").status == "in_force"
    page = get(scene.city.head, "plan_detail", plan.pk).content.decode()
    assert "職2　決裁（市長専決）" in page


def test_a_return_says_why_and_gives_the_plan_back_to_its_author():
    scene, plan = waiting("office_head")
    with pytest.raises(ActionDenied, match="差し戻す理由"):
        act(scene, plan, "head", Act(act="return"))
    assert act(scene, plan, "head", Act(act="return", note="期限を直す")).status == "returned"


def test_who_stands_in_says_why_and_the_absent_one_sees_it_afterwards():
    scene, plan = waiting("office_head")
    city = scene.city
    for wrong in (Act(act="proxy", note="休み"), Act(act="proxy", absent=city.head)):
        with pytest.raises(ActionDenied):
            act(scene, plan, "coordinator", wrong)
    with pytest.raises(ActionDenied):
        act(scene, plan, "disability", Act(act="proxy", absent=city.head, note="休み"))
    done = act(scene, plan, "coordinator", Act(act="proxy", absent=city.head, note="出張"))
    assert done.status == "in_force"
    with w.act(city.coordinator):
        assert ops.see_plan_proxy(plan=plan, by=city.coordinator) == 0
    assert "代決を後閲した" in get(city.head, "plan_detail", plan.pk).content.decode()
    assert post(city.head, "plan_decide", plan.pk, act="seen").status_code == 302
    with w.act(city.head):
        assert PlanApproval.objects.get().seen_at is not None


def test_paper_is_registered_without_the_post_and_stands_on_the_plan():
    scene, plan = waiting("agency_manager")
    with pytest.raises(ActionDenied, match="文書番号"):
        act(scene, plan, "coordinator", Act(act="paper"))
    assert act(scene, plan, "coordinator", PAPER).status == "in_force"
    page = get(scene.city.coordinator, "plan_detail", plan.pk).content.decode()
    for words in ("紙決裁済", "第9号", "部長"):
        assert words in page, words


@pytest.mark.parametrize("is_refused", [True, False])
def test_nobody_decides_on_their_own_draft_where_the_city_forbids_it(is_refused):
    scene, plan = waiting("coordinator", own_draft_refused=is_refused)
    with w.act(scene.city.coordinator):
        assert plan.record.author.user_id == scene.city.coordinator.user_id
    if not is_refused:
        assert act(scene, plan, "coordinator").status == "in_force"
        return
    with pytest.raises(ActionDenied, match="自分が起案した"):
        act(scene, plan, "coordinator")
    insert = """insert into plans_planapproval (id, plan_id, act, by_id, at, post, in_place_of,
        note, paper_number, paper_signers, is_final)
        values (gen_random_uuid(), %s, 'decide', %s, now(), '', '', '', '', '', true)"""
    with w.act(scene.city.coordinator), pytest.raises(DatabaseError, match="own draft"):
        run(insert, plan.pk, scene.city.coordinator.pk)


def run(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_database_lets_nothing_into_force_without_its_last_line():
    scene, plan = waiting("office_head")
    with w.act(scene.city.head), pytest.raises(DatabaseError, match="not decided"):
        run(
            "update plans_plan set status = 'in_force', decided_at = now(), decided_by_id = %s"
            " where record_id = %s",
            scene.city.head.pk,
            plan.pk,
        )


def test_bad_input_is_said_beside_its_field():
    scene, plan = waiting("office_head")
    for typed, sentence in (
        ({"act": "return"}, "差し戻す理由を書いてください。"),
        ({"act": "paper"}, "文書番号を入れてください。"),
        ({"act": ""}, "どうするかを選んでください。"),
    ):
        answer = post(scene.city.head, "plan_decide", plan.pk, **typed)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
