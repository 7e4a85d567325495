"""A plan's way from the draft to its end: state × role, and what each step tells and leaves."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.models import Notice, RoleName
from agencies.permissions import ActionDenied
from cases.operations import close_case
from cases.operations.case import StaleVersion
from plans import operations as ops
from plans.models import Evaluation, Goal, Monitoring, Plan, PlanStep, SupportItem
from plans.permissions import can_change, can_decide, can_end, can_evaluate, can_sign, can_submit
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def scene():
    return s.scene()


def deciding_city(agency: str = "coordinator") -> w.World:
    city = w.city()
    city.city.decided_by, city.city.decision_agency_code = "agency", agency
    with as_owner():
        city.city.save()
    for name, member in city.members.items():
        city.members[name] = type(member).objects.with_names().get(pk=member.pk)
    return city


def notices(member, kind):
    with w.act(member):
        return list(Notice.objects.visible_to(member).filter(kind=kind).values_list("title", "url"))


def test_draft_plan_first_and_next_are_counted_by_programme(scene):
    first = s.in_force(scene)
    assert (first.sequence, first.status) == (1, "in_force")
    assert s.draft(scene, programme="outreach").sequence == 1
    second = s.draft(scene, former=first)
    assert (second.sequence, second.former_id) == (2, first.pk)


def test_draft_plan_twice_while_one_is_pending_is_refused(scene):
    s.draft(scene)
    with pytest.raises(ActionDenied, match="まだ決まっていないプラン"):
        s.draft(scene)
    assert s.draft(scene, programme="participation").sequence == 1


def test_a_draft_of_a_closed_case_is_read_and_no_more(scene):
    plan, by = s.signed(scene, s.draft(scene)), scene.city.coordinator
    with w.act(by):
        close_case(case=scene.case, by=by, reason="終結")
        plan = Plan.objects.select_related("record").get(pk=plan.pk)
        assert not can_change(by, plan)
        assert not can_sign(by, plan)
        with pytest.raises(ActionDenied, match="終結"):
            ops.submit_plan(plan=plan, by=by)


def test_draft_plan_former_of_another_programme_is_refused(scene):
    other = s.in_force(scene, programme="outreach")
    with pytest.raises(ActionDenied, match="同じ事業"):
        s.draft(scene, former=other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wishes": " "}, "意向"),
        ({"ends_on": s.today() - 31 * s.DAY}, "終わり"),
        ({"review_on": s.today() + 400 * s.DAY}, "次回モニタリング"),
    ],
)
def test_draft_plan_with_impossible_facts_is_refused(scene, changes, words):
    with pytest.raises(ActionDenied, match=words):
        s.draft(scene, facts=s.facts(**changes))


@pytest.mark.parametrize("name", ["head", "community"])
def test_draft_plan_needs_the_role(name):
    scene = s.scene()
    city, by = scene.city, scene.city.members[name]
    if name == "community":
        for person in scene.persons:
            w.consent(city.coordinator, person, city.agencies["community"])
        s.let_in(city, scene.case, scene.persons, "community")
    with w.act(by), pytest.raises(ActionDenied, match="プラン案を書く"):
        ops.draft_plan(
            case=scene.case,
            by=by,
            programme="coordination",
            persons=scene.persons,
            facts=s.facts(),
            goals=[],
            items=[],
        )


def test_draft_plan_of_coordination_is_for_the_role_the_city_names(scene):
    """The profile's `draft_role`: only the plans of 多機関協働, only where the city says so."""
    city = scene.city.city
    city.draft_role = "outreach_worker"
    with as_owner():
        city.save()
        RoleName.objects.create(municipality=city, role="outreach_worker", name="架空支援員")
    coordinator = scene.city.members["coordinator"]
    scene.city.members["coordinator"] = (
        type(coordinator).objects.with_names().get(pk=coordinator.pk)
    )
    with pytest.raises(ActionDenied, match="架空支援員"):
        s.draft(scene)
    assert s.draft(scene, programme="participation").sequence == 1


def test_draft_plan_on_an_invisible_case_finds_nothing(scene):
    by = scene.city.child
    with w.act(by), pytest.raises(type(scene.case).DoesNotExist):
        ops.draft_plan(
            case=scene.case,
            by=by,
            programme="coordination",
            persons=scene.persons,
            facts=s.facts(),
            goals=[],
            items=[],
        )


def test_change_draft_replaces_parts_and_forgets_the_signature(scene):
    plan = s.signed(scene, s.draft(scene))
    by = scene.city.coordinator
    with w.act(by):
        ops.change_draft(
            plan=plan,
            by=by,
            facts=s.facts(aim="別の姿"),
            goals=s.goals(2),
            items=[s.item(by)],
            version=1,
        )
        now = Plan.objects.visible_to(by).get(pk=plan.pk)
        assert (now.aim, now.version, now.signed_on) == ("別の姿", 2, None)
        assert (now.goals.count(), now.supportitems.count()) == (2, 1)
        assert list(now.plansteps.order_by("at").values_list("name", flat=True)) == [
            "draft",
            "sign",
        ]


def test_change_draft_of_an_older_version_changes_nothing(scene):
    plan, by = s.draft(scene), scene.city.coordinator
    with w.act(by):
        ops.change_draft(plan=plan, by=by, facts=s.facts(), goals=[], items=[], version=1)
        with pytest.raises(StaleVersion):
            ops.change_draft(
                plan=plan, by=by, facts=s.facts(aim="遅い"), goals=[], items=[], version=1
            )
        assert Plan.objects.visible_to(by).get(pk=plan.pk).aim != "遅い"


def test_submit_plan_needs_signature_where_the_city_wants_it(scene):
    scene.city.coordinator.municipality.signature = "required"
    plan, by = s.draft(scene), scene.city.coordinator
    with w.act(by), pytest.raises(ActionDenied, match="署名"):
        ops.submit_plan(plan=plan, by=by)
    s.signed(scene, plan)
    with w.act(by):
        assert ops.submit_plan(plan=plan, by=by).status == "submitted"
    outreach = s.draft(scene, programme="outreach")
    with w.act(by):
        assert ops.submit_plan(plan=outreach, by=by).status == "submitted"


@pytest.mark.parametrize(("part", "words"), [("goals", "目標"), ("items", "役割分担")])
def test_submit_plan_without_goal_or_role_is_refused(scene, part, words):
    plan, by = (
        s.draft(scene, **{part: [], **({"items": []} if part == "goals" else {})}),
        (scene.city.coordinator),
    )
    with w.act(by), pytest.raises(ActionDenied, match=words):
        ops.submit_plan(plan=plan, by=by)


def test_sign_plan_in_the_future_is_refused(scene):
    plan, by = s.draft(scene), scene.city.coordinator
    with w.act(by), pytest.raises(ActionDenied, match="未来"):
        ops.sign_plan(plan=plan, by=by, on=s.today() + s.DAY, note="")


def test_result_adequate_where_the_conference_decides_brings_into_force(scene):
    later = s.today() + 70 * s.DAY
    plan = s.result(scene, s.submitted(scene), review_on=later)
    assert (plan.status, plan.decided_in, plan.review_on) == (
        "in_force",
        "重層的支援会議",
        later,
    )
    assert plan.decided_by_id == scene.city.head.pk
    told = notices(scene.city.disability, "plan_in_force")
    assert told == [("プランが決まりました。担当の支援が1件あります", f"/plans/{plan.pk}/")]


def test_result_tells_nobody_who_may_not_read_the_plan(scene):
    city = scene.city
    s.in_force(scene, items=[s.item(city.disability), s.item(city.child), s.item(city.child)])
    assert notices(city.child, "plan_in_force") == []
    assert len(notices(city.disability, "plan_in_force")) == 1


def test_result_where_an_agency_decides_waits_for_that_agency():
    scene = s.scene(deciding_city())
    plan = s.result(scene, s.submitted(scene), "adequate_amended")
    assert (plan.status, plan.decided_at) == ("agreed", None)
    assert len(notices(scene.city.head, "plan_agreed")) == 1
    with w.act(scene.city.coordinator), pytest.raises(ActionDenied, match="プランを決定する"):
        ops.decide_plan(plan=plan, by=scene.city.coordinator)
    with w.act(scene.city.head):
        decided = ops.decide_plan(plan=plan, by=scene.city.head, note="決定する")
        assert decided.status == "in_force"
        assert decided.decided_in == scene.city.agencies["coordinator"].name
    assert len(notices(scene.city.disability, "plan_in_force")) == 1


def test_decide_plan_by_another_agency_than_the_citys_is_refused():
    scene = s.scene(deciding_city("admin"))
    plan = s.result(scene, s.submitted(scene))
    with w.act(scene.city.head), pytest.raises(ActionDenied, match="市が定めた機関"):
        ops.decide_plan(plan=plan, by=scene.city.head)


def test_decide_plan_when_no_agency_is_named_is_open_to_the_role():
    scene = s.scene(deciding_city(""))
    plan = s.result(scene, s.submitted(scene))
    with w.act(scene.city.head):
        assert ops.decide_plan(plan=plan, by=scene.city.head).status == "in_force"


@pytest.mark.parametrize(
    ("decision", "status"), [("returned", "returned"), ("continued", "submitted")]
)
def test_result_returned_or_continued(scene, decision, status):
    plan = s.result(scene, s.submitted(scene), decision)
    assert (plan.status, plan.decided_at) == (status, None)
    assert len(notices(scene.city.coordinator, "plan_returned")) == (decision == "returned")
    with w.act(scene.city.coordinator):
        assert can_change(scene.city.coordinator, plan) == (decision == "returned")


def test_result_needs_the_right_to_run_conferences_and_a_known_decision(scene):
    plan = s.submitted(scene)
    for by, decision, words in (
        (scene.city.disability, "adequate", "会議を開く"),
        (scene.city.head, "close", "結果"),
    ):
        with w.act(by), pytest.raises(ActionDenied, match=words):
            ops.record_conference_result(
                plan=plan, by=by, decision=decision, conference_name="会議", note=""
            )


def test_next_plan_in_force_ends_the_one_before_without_a_gap(scene):
    first = s.in_force(scene)
    s.in_force(scene, former=first)
    with w.act(scene.city.coordinator):
        first.refresh_from_db()
    assert first.status == "replanned"
    assert first.ended_at is not None


def test_state_role_table(scene):
    """What the author's agency, a role's agency and the deciding head may do in each state."""
    city = scene.city
    author = {
        "draft": {can_change, can_sign, can_submit},
        "submitted": set(),
        "in_force": {can_evaluate, can_end},
        "closed": set(),
    }
    every = {can_change, can_sign, can_submit, can_evaluate, can_end, can_decide}
    makers = {
        "draft": lambda: s.draft(scene),
        "submitted": lambda: s.submitted(scene, programme="participation"),
        "in_force": lambda: s.in_force(scene, programme="outreach"),
    }
    for state, expected in author.items():
        plan = (
            makers[state]() if state in makers else s.ended(s.Scene(city, *_another(city)), "close")
        )
        for member, allowed in (
            (city.coordinator, expected),
            (city.disability, set()),
            (city.head, set()),
        ):
            with w.act(member):
                found = {can for can in every if can(member, plan)}
            assert found == allowed, (state, member)


def _another(city):
    other = s.scene(city)
    return other.case, other.persons


def test_finish_item_by_its_agency_and_by_the_author_alone(scene):
    city = scene.city
    plan = s.in_force(scene, items=[s.item(city.disability), s.item(city.coordinator)])
    with w.act(city.disability):
        first, second = plan.supportitems.order_by("order")
        done = ops.finish_item(item=first, by=city.disability)
        assert (done.status, done.done_on) == ("done", s.today())
        with pytest.raises(ActionDenied, match="すでに"):
            ops.finish_item(item=first, by=city.disability)
        with pytest.raises(ActionDenied, match="担当機関"):
            ops.drop_item(item=second, by=city.disability)
    with w.act(city.coordinator):
        assert ops.drop_item(item=second, by=city.coordinator).status == "dropped"


def test_finish_item_of_a_draft_is_refused(scene):
    plan = s.draft(scene)
    with w.act(scene.city.disability), pytest.raises(ActionDenied, match="実施中"):
        ops.finish_item(item=plan.supportitems.first(), by=scene.city.disability)


def test_monitor_plan_moves_the_review_and_is_open_to_roles(scene):
    plan, later = s.in_force(scene), s.today() + 100 * s.DAY
    for by in (scene.city.coordinator, scene.city.disability):
        with w.act(by):
            ops.monitor_plan(plan=plan, by=by, on=s.today(), text="順調", next_review_on=later)
            assert Plan.objects.visible_to(by).get(pk=plan.pk).review_on == later
            assert Monitoring.objects.visible_to(by).filter(plan=plan).exists()
    with w.act(scene.city.coordinator), pytest.raises(ActionDenied, match="次回"):
        ops.monitor_plan(
            plan=plan,
            by=scene.city.coordinator,
            on=s.today(),
            text="x",
            next_review_on=s.today(),
        )


def test_evaluate_plan_needs_every_goal_and_keeps_attainments(scene):
    plan, by = s.in_force(scene, goals=s.goals(2)), scene.city.coordinator
    given = {
        "on": s.today(),
        "changes": ["budget"],
        "remaining": "",
        "outcome": "close",
        "follow_up": "見守り",
    }
    with w.act(by):
        first, second = plan.goals.order_by("order")
        with pytest.raises(ActionDenied, match="すべての目標"):
            ops.evaluate_plan(plan=plan, by=by, attainments={first.pk: "achieved"}, **given)
        ops.evaluate_plan(
            plan=plan, by=by, attainments={first.pk: "achieved", second.pk: "partly"}, **given
        )
        assert list(plan.goals.order_by("order").values_list("attainment", flat=True)) == [
            "achieved",
            "partly",
        ]
        assert Evaluation.objects.visible_to(by).get(plan=plan).changes == ["budget"]


def test_close_of_coordination_needs_who_stays(scene):
    plan, by = s.in_force(scene), scene.city.coordinator
    with w.act(by):
        with pytest.raises(ActionDenied, match="主担当"):
            ops.end_plan(plan=plan, by=by, outcome="close")
        ended = ops.end_plan(
            plan=plan,
            by=by,
            outcome="close",
            lead_agency_after=scene.city.agencies["disability"],
        )
    assert (ended.status, ended.ended_at is not None) == ("closed", True)
    outreach = s.in_force(scene, programme="outreach")
    with w.act(by):
        assert ops.end_plan(plan=outreach, by=by, outcome="close").status == "closed"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("replan", "replanned"), ("interrupt", "interrupted"), ("continue", "in_force")],
)
def test_end_plan_other_outcomes(scene, outcome, status):
    ended = s.ended(scene, outcome)
    assert (ended.status, ended.ended_at is None) == (status, outcome == "continue")


def test_end_plan_by_a_conference_and_by_nobody_else(scene):
    plan, city = s.in_force(scene), scene.city
    given = {"outcome": "close", "lead_agency_after": city.agencies["disability"]}
    with w.act(city.disability):
        with pytest.raises(ActionDenied, match="プランを書いた機関"):
            ops.end_plan(plan=plan, by=city.disability, **given)
        with pytest.raises(ActionDenied, match="会議を開く"):
            ops.end_plan(plan=plan, by=city.disability, conference_name="会議", **given)
    with w.act(city.head):
        assert (
            ops.end_plan(plan=plan, by=city.head, conference_name="重層的支援会議", **given).status
            == "closed"
        )


def test_draft_is_interrupted_without_a_decision(scene):
    plan, by = s.draft(scene), scene.city.coordinator
    with w.act(by):
        assert ops.end_plan(plan=plan, by=by, outcome="interrupt").status == "interrupted"
        with pytest.raises(ActionDenied, match="中断"):
            ops.end_plan(plan=plan, by=by, outcome="interrupt")


def test_steps_are_append_only_and_by_oneself(scene):
    plan, city = s.in_force(scene), scene.city
    with w.act(city.disability):
        step = PlanStep.objects.visible_to(city.disability).filter(plan=plan).first()
        for statement in (
            "update plans_planstep set note = 'x' where id = %s",
            "delete from plans_planstep where id = %s",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cur:
                cur.execute(statement, [step.pk])
        forged = PlanStep(plan=plan, name="adopt", from_status="", to_status="x", by=city.head)
        with pytest.raises(DatabaseError), transaction.atomic():
            forged.save(force_insert=True)


def test_only_the_author_writes_goals_and_role_table(scene):
    plan, city = s.in_force(scene), scene.city
    with w.act(city.disability):
        with pytest.raises(DatabaseError), transaction.atomic():
            Goal.objects.filter(plan=plan).update(text="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            SupportItem.objects.filter(plan=plan).update(content="x")
        assert SupportItem.objects.filter(plan=plan)._raw_delete("default") == 0
