"""The pages: owner, participant, stranger and wrong role; bad input; figures of the log."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.enums import Permission
from agencies.models import AccessLog
from cases.models import Record
from config.lib.eras import format_short
from config.lib.registry import registry
from plans import operations as ops
from plans import panels
from plans.models import Evaluation, Monitoring, Plan
from tests import world as w
from tests.owner import as_owner
from tests.plans import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def scene():
    return s.scene()


def client(member) -> Client:
    return sign_in(Client(), member)


def get(member, name, *args):
    return client(member).get(reverse(name, args=args))


def post(member, name, *args, **data):
    return client(member).post(reverse(name, args=args), data)


def filled(scene, **changes):
    """What a browser would send for a plan with one goal and one role."""
    return {
        "programme": "coordination",
        "persons": [str(p.pk) for p in scene.persons],
        "wishes": "この家で暮らし続けたい",
        "problems": "",
        "aim": "見通しが立つ",
        "starts_on": format_short(s.today()),
        "ends_on": format_short(s.today() + 180 * s.DAY),
        "review_on": format_short(s.today() + 90 * s.DAY),
        "goal_1_text": "家計の見通し",
        "goal_1_on": format_short(s.today() + 90 * s.DAY),
        "item_1_content": "家計相談",
        "item_1_goal": "1",
        "item_1_agency": str(scene.city.agencies["disability"].pk),
        "item_1_until": format_short(s.today() + 30 * s.DAY),
        **changes,
    }


def test_plan_new_saves_and_shows_the_plan(scene):
    by = scene.city.coordinator
    page = get(by, "plan_new", scene.case.pk)
    assert page.status_code == 200
    assert "支援チーム・同意のある機関" in page.content.decode()
    done = post(by, "plan_new", scene.case.pk, **filled(scene))
    assert done.status_code == 302
    shown = client(by).get(done.url).content.decode()
    for words in (
        "多機関協働プラン（初回）",
        "この家で暮らし続けたい",
        "家計相談",
        "会議に付議する",
    ):
        assert words in shown


def test_plan_new_twice_is_told_beside_the_form(scene):
    by = scene.city.coordinator
    post(by, "plan_new", scene.case.pk, **filled(scene))
    again = post(by, "plan_new", scene.case.pk, **filled(scene))
    assert again.status_code == 422
    assert "まだ決まっていないプラン" in again.content.decode()
    with w.act(by):
        assert Plan.objects.visible_to(by).count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wishes": "  "}, "本人・世帯の意向を入れてください。"),
        ({"ends_on": "令和2年1月1日"}, "プラン期間の終わりは、始めの日よりあとにしてください。"),
        ({"review_on": "令和30年1月1日"}, "次回モニタリングは、プラン期間"),
        ({"goal_1_on": ""}, "目標1の達成時期を入れてください。"),
        ({"goal_1_on": "平成40年5月1日"}, "平成"),
        ({"goal_1_text": "", "goal_1_on": ""}, "目標1が書かれていません。"),
        ({"item_1_agency": ""}, "役割1の実施機関を選んでください。"),
        ({"item_1_until": ""}, "役割1の期限を入れてください。"),
        ({"item_1_agency": "999999"}, "表示された中から選んでください。"),
        ({"persons": []}, "だれのプランかを選んでください。"),
        ({"aim": "個人番号は 123456789018 です"}, "個人番号"),
    ],
)
def test_plan_new_bad_input_is_one_sentence_and_nothing_is_lost(scene, changes, words):
    page = post(scene.city.coordinator, "plan_new", scene.case.pk, **filled(scene, **changes))
    text = page.content.decode()
    assert page.status_code == 422
    assert words in text
    assert "家計相談" in text


def test_plan_edit_stale_version_shows_both(scene):
    plan, by = s.draft(scene), scene.city.coordinator
    assert get(by, "plan_edit", plan.pk).status_code == 200
    with w.act(by):
        ops.change_draft(
            plan=plan,
            by=by,
            facts=s.facts(aim="先に保存した姿"),
            goals=s.goals(),
            items=[s.item(by)],
            version=1,
        )
    page = post(by, "plan_edit", plan.pk, **filled(scene, version="1", aim="あとから書いた姿"))
    text = page.content.decode()
    assert page.status_code == 422
    assert "先に保存した姿" in text
    assert "あとから書いた姿" in text
    done = post(by, "plan_edit", plan.pk, **filled(scene, version="2", aim="あとから書いた姿"))
    assert done.status_code == 302


PAGES = [
    ("plan_detail", 200, 200),
    ("plan_print", 200, 200),
    ("plan_edit", 200, 403),
    ("plan_sign", 200, 403),
    ("plan_submit", 200, 403),
    ("plan_decide", 403, 403),
    ("monitor_new", 403, 403),
    ("evaluate_new", 403, 403),
    ("plan_end", 200, 403),
]


@pytest.mark.parametrize(("name", "owner", "participant"), PAGES)
def test_pages_of_a_draft_by_reader(scene, name, owner, participant):
    plan, city = s.draft(scene), scene.city
    assert get(city.coordinator, name, plan.pk).status_code == owner
    assert get(city.disability, name, plan.pk).status_code == participant
    stranger = get(city.child, name, plan.pk)
    assert stranger.status_code == (403 if name == "plan_decide" else 404)
    assert get(city.admin, name, plan.pk).status_code in (403, 404)
    assert Client().get(reverse(name, args=[plan.pk])).status_code == 302


def test_form_offers_the_programmes_this_role_drafts(scene):
    by, city = scene.city.coordinator, scene.city.city
    url = reverse("plan_new", args=[scene.case.pk])
    for role, offered in (("", True), ("coordinator", True), ("outreach_worker", False)):
        city.draft_role = role
        with as_owner():
            city.save()
        body = client(by).get(url).content.decode()
        assert ('value="coordination"' in body) is offered
        assert 'value="outreach"' in body


@pytest.mark.parametrize("name", ["monitor_new", "evaluate_new", "plan_end", "plan_detail"])
def test_pages_of_a_plan_in_force(scene, name):
    plan, city = s.in_force(scene), scene.city
    assert get(city.coordinator, name, plan.pk).status_code == 200
    expected = 200 if name in ("monitor_new", "plan_detail") else 403
    assert get(city.disability, name, plan.pk).status_code == expected
    assert get(city.elderly, name, plan.pk).status_code == 404


def test_the_way_of_a_plan_through_its_pages(scene):
    city = scene.city
    city.city.signature = "required"
    city.city.decided_by, city.city.decision_agency_code = "agency", "coordinator"
    with as_owner():
        city.city.save()
    plan, by = s.draft(scene), city.coordinator
    assert "署名を記録する" in get(by, "plan_detail", plan.pk).content.decode()
    assert get(by, "plan_submit", plan.pk).status_code == 403
    assert post(by, "plan_sign", plan.pk, on="令和40年1月1日").status_code == 422
    assert post(by, "plan_sign", plan.pk, on=format_short(s.today()), note="").status_code == 302
    confirm = get(by, "plan_submit", plan.pk).content.decode()
    assert "この決定で起きること" in confirm
    assert post(by, "plan_submit", plan.pk).status_code == 302
    head = type(city.head).objects.with_names().get(pk=city.head.pk)
    with w.act(head):
        ops.record_conference_result(
            plan=plan, by=head, decision="adequate", conference_name="会議", note=""
        )
    page = get(city.head, "plan_decide", plan.pk).content.decode()
    assert "2<small>機関</small>" in page
    assert post(city.head, "plan_decide", plan.pk, act="decide").status_code == 302
    with w.act(by):
        line = plan.supportitems.order_by("order").first()
    assert post(city.disability, "item_done", line.pk, status="done").status_code == 302
    assert post(city.child, "item_done", line.pk, status="done").status_code == 404
    bad = post(
        by,
        "monitor_new",
        plan.pk,
        on=format_short(s.today()),
        text="",
        next_review_on=format_short(s.today()),
    )
    assert bad.status_code == 422
    once = {
        "form_key": str(uuid.uuid4()),
        "on": format_short(s.today()),
        "text": "順調です",
        "next_review_on": format_short(s.today() + 30 * s.DAY),
    }
    for _click in range(2):
        assert post(by, "monitor_new", plan.pk, **once).status_code == 302
    with w.act(by):
        assert Monitoring.objects.filter(plan=plan).count() == 1
    missing = post(by, "evaluate_new", plan.pk, on=format_short(s.today()), outcome="close")
    assert missing.status_code == 422
    assert "この目標の達成の状況を選んでください。" in missing.content.decode()
    once = {
        "form_key": str(uuid.uuid4()),
        "on": format_short(s.today()),
        "outcome": "close",
        "goal_1": "achieved",
        "changes": ["budget", "goal"],
        "remaining": "",
        "follow_up": "",
    }
    for _click in range(2):
        assert post(by, "evaluate_new", plan.pk, **once).status_code == 302
    with w.act(by):
        assert Evaluation.objects.filter(plan=plan).count() == 1
    shown = get(by, "plan_detail", plan.pk).content.decode()
    for words in ("順調です", "目標ができた", "判定を確定する", "達成"):
        assert words in shown
    refused = post(by, "plan_end", plan.pk, outcome="close", lead_agency_after="", note="")
    assert refused.status_code == 422
    assert (
        post(
            by,
            "plan_end",
            plan.pk,
            outcome="close",
            note="",
            lead_agency_after=str(city.agencies["disability"].pk),
        ).status_code
        == 302
    )
    assert "終結後の主担当は" in get(by, "plan_detail", plan.pk).content.decode()


def test_transfer_says_which_plans_stay_and_whose_they_are(scene):
    city = scene.city
    s.draft(scene)
    agency = city.agencies["disability"]
    data = {"step": "check", "to_agency": str(agency.pk), "reason": "調整が中心に"}
    page = post(city.coordinator, "transfer_new", scene.case.pk, form_key=str(uuid.uuid4()), **data)
    shown = page.content.decode()
    assert "いまの機関に残る仕事" in shown
    assert "多機関協働プラン（初回）　案" in shown


def test_print_has_basis_handling_and_signature(scene):
    text = get(scene.city.coordinator, "plan_print", s.draft(scene).pk).content.decode()
    for words in ("取扱注意", "第106条の4第2項第6号", "署名", "利用の申込み"):
        assert words in text


def test_looks_are_logged_with_the_records_shown(scene):
    plan, city = s.draft(scene), scene.city
    get(city.disability, "plan_detail", plan.pk)
    get(city.disability, "plan_print", plan.pk)
    get(city.child, "plan_detail", plan.pk)
    with w.act(city.privacy):
        lines = AccessLog.objects.visible_to(city.privacy).filter(what__startswith="plan_")
        seen = [(row.action, plan.pk in row.record_ids) for row in lines.order_by("id")]
    assert ("open", True) in seen
    assert ("print", True) in seen
    assert ("deny", True) in seen  # what was asked for


def test_list_shows_own_and_covered_plans_and_nothing_else(scene):
    s.in_force(scene)
    city = scene.city
    mine = get(city.coordinator, "plan_list").content.decode()
    theirs = get(city.disability, "plan_list").content.decode()
    assert "架空野 世帯" in mine
    assert "架空野 世帯" in theirs
    assert "家計相談" in theirs
    assert "架空野" not in get(city.child, "plan_list").content.decode()
    assert get(city.admin, "plan_list").status_code == 403
    filtered = client(city.disability).get(reverse("plan_list"), {"whose": "own"})
    assert "この条件のプランはありません" in filtered.content.decode()


def test_list_shows_what_is_overdue(scene):
    s.in_force(
        scene,
        facts=s.facts(review_on=s.today() - 2 * s.DAY),
        items=[s.item(scene.city.coordinator, days=-3)],
    )
    text = get(scene.city.coordinator, "plan_list").content.decode()
    assert "2日超過" in text
    assert "3日超過" in text


def test_list_pages_by_key(scene, monkeypatch):
    monkeypatch.setattr("plans.views.lists.PAGE", 1)
    s.in_force(scene)
    s.draft(scene, programme="outreach", facts=s.facts(review_on=s.today() + 61 * s.DAY))
    browser = client(scene.city.coordinator)
    first = browser.get(reverse("plan_list"))
    older = first.context["older_url"]
    assert "アウトリーチ" not in first.content.decode().split("<tbody>")[1]
    second = browser.get(reverse("plan_list") + older)
    assert "アウトリーチ" in second.content.decode().split("<tbody>")[1]
    assert browser.get(reverse("plan_list"), {"after": "broken"}).status_code == 200


def test_list_costs_the_same_at_one_and_at_twenty_rows(scene):
    city, browser = scene.city, client(scene.city.coordinator)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("plan_list")).status_code == 200
        return len(queries)

    s.in_force(scene)
    cost()
    one = cost()
    for _n in range(19):
        case, persons = w.household(city.coordinator, number=1)
        s.in_force(s.Scene(city, case, persons), items=[s.item(city.coordinator)])
    assert cost() <= one + 1  # the pager costs nothing; the log line is one either way


def test_registered_functions_keep_their_budgets(scene):
    plan = s.in_force(
        scene,
        facts=s.facts(review_on=s.today() - s.DAY),
        items=[s.item(scene.city.coordinator, days=-1)],
    )
    by = scene.city.coordinator
    with w.act(by):
        records = {plan.pk: Record.objects.visible_to(by).get(pk=plan.pk)}
        subjects = {
            "todos": (by,),
            "due_jobs": (),
            "case_timeline": (by, scene.case, records),
        }
        for name in (
            "todos",
            "case_panels",
            "case_next",
            "case_actions",
            "case_stage",
            "case_aside",
            "case_timeline",
        ):
            for entry in registry.entries(name):
                if not entry.call.__module__.startswith("plans."):
                    continue
                with CaptureQueriesContext(connection) as queries:
                    found = entry.call(*subjects.get(name, (by, scene.case)))
                assert len(queries) <= entry.queries, (entry.call, len(queries))
                assert found is not None or name == "case_next"


def test_todos_and_navigation_say_what_waits(scene):
    s.in_force(
        scene,
        facts=s.facts(review_on=s.today() - s.DAY),
        items=[s.item(scene.city.disability, days=0), s.item(scene.city.coordinator, days=9)],
    )
    for name, kinds, count in (
        ("coordinator", {"review"}, (1, True)),
        ("disability", {"task"}, (1, False)),
        ("child", set(), (0, False)),
    ):
        member = scene.city.members[name]
        with w.act(member):
            todos = [
                todo
                for entry in registry.entries("todos")
                if entry.call.__module__ == "plans.panels"
                for todo in entry.call(member)
            ]
            item = next(item for item in registry.navigation if item.key == "plans")
            assert item.count(member) == count
        assert {todo.kind for todo in todos} == kinds
        assert item.permission == Permission.READ_CASES


def test_the_case_page_says_what_is_decided_and_by_when(scene):
    """決まっていること: goals, and who does what until when, the most urgent first; of plans in
    force alone, and to who reads them."""
    city = scene.city
    by, url = city.coordinator, reverse("case_detail", args=[scene.case.pk])
    tasks = [s.item(by, "あとの仕事", days=60), s.item(city.disability, "先の仕事", days=5)]
    plan = s.draft(scene, items=tasks)
    assert "決まっていること" not in client(by).get(url).content.decode()
    with w.act(by):
        ops.submit_plan(plan=plan, by=by)
    s.result(scene, plan)
    shown = client(by).get(url).content.decode()
    assert shown.index("決まっていること") < shown.index('id="persons"')
    assert shown.index("先の仕事") < shown.index("あとの仕事")
    with w.act(by):
        line = AccessLog.objects.filter(what="case_detail").latest("at", "id")
        assert plan.pk in line.record_ids
        assert [key for _text, key in panels.direction(by, scene.case)] == [plan.pk]
    with w.act(city.child):
        assert panels.agreed(city.child, scene.case) is None
