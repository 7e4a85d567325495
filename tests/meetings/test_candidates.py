"""議題の候補: what rooms say, who sees it, where it may go; nothing of a sealed item (V6)."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import cases.candidates
import community.candidates
import meetings.candidates
import plans.candidates
from agencies.models import AccessLog, Municipality
from cases.models import Case
from cases.operations import accept_referral, add_person, close_case, missing_consents, refer
from cases.operations.access import missing_in
from cases.operations.case import PersonFacts
from config.lib.registry import registry
from meetings import candidatepage, nextsittings
from meetings.calendar import Deadlines
from meetings.candidatepage import page_of
from meetings.models import AgendaItem
from meetings.nextsittings import bodies_for
from meetings.operations import decide_item, propose_item, withdraw_item
from plans.operations import draft_plan, evaluate_plan, monitor_plan
from plans.permissions import can_submit
from tests import twoworlds
from tests import world as w
from tests.cases.assessed import sheet
from tests.cases.pages import client, get, referred, text
from tests.community.test_operations import issue, moved
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.plans import situations as p

pytestmark = [pytest.mark.django_db, pytest.mark.database]
URL = "/meetings/candidates/"
DAY = datetime.timedelta(days=1)
EVERYBODY = ("elderly", "disability", "child", "coordinator", "head", "outreach", "community")


@pytest.fixture
def city():
    return w.city()


def kinds(member, call=None):
    """(kind, case) of what one function, or every room, says to a membership."""
    with w.act(member):
        found = call(member) if call else list(registry.draw("agenda_candidates", member))
    return {(one.kind, one.case_id) for one in found}


def seers(city, call, kind):
    return {
        name
        for name in (*EVERYBODY, "admin", "privacy", "sysadmin")
        if kind in {k for k, _case in kinds(city.members[name], call)}
    }


def rows(member, **picked):
    with w.act(member):
        return page_of(member, bodies_for(member), **picked).rows


# --- what the rooms say --------------------------------------------------------------------------


def test_a_sheet_taken_on_is_said_to_who_took_it_until_the_case_has_a_plan(city):
    case, *_rest = referred(city)
    call = cases.candidates.referrals
    assert seers(city, call, "referral") == {"disability"}
    (row,) = rows(city.disability)
    assert "つなぎを受理" in row.reasons[0].text
    scene = p.Scene(city, case, [_rest[0]])
    with w.act(city.disability):
        draft_plan(
            case=case,
            by=city.disability,
            programme="coordination",
            persons=scene.persons,
            facts=p.facts(),
            goals=[],
            items=[],
        )
    assert kinds(city.disability, call) == {("referral", case.pk)}
    assert rows(city.disability) == []


@pytest.mark.parametrize("answered", ["sent", "old"])
def test_a_sheet_not_taken_on_or_long_ago_is_no_candidate(city, answered):
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"])
    with w.act(city.elderly):
        referral = refer(
            case=case, by=city.elderly, mode="consent", reason="r", summary="s",
            persons=[mother], to_agency=city.agencies["disability"],
        )  # fmt: skip
    if answered == "old":
        with w.act(city.disability):
            accept_referral(referral=referral, by=city.disability)
        with as_owner():
            type(referral).objects.filter(pk=referral.pk).update(
                answered_at=timezone.now() - 181 * DAY
            )
    assert kinds(city.disability) == set()


def test_urgent_households_are_said_to_who_works_on_them(city):
    case, *_rest = referred(city)
    with w.act(city.elderly):
        Case.objects.filter(pk=case.pk).update(urgency="high")
    call = cases.candidates.urgent_cases
    assert seers(city, call, "urgent") == {"elderly", "disability"}
    with w.act(city.elderly):
        Case.objects.filter(pk=case.pk).update(urgency="middle")
    assert kinds(city.elderly, call) == set()


def test_a_red_sheet_counts_while_it_holds(city):
    case, mother, son, _given = referred(city)
    call = cases.candidates.red_risks
    sheet(city.elderly, case, mother, "elder-5-words")
    assert kinds(city.elderly, call) == set()
    red = sheet(city.elderly, case, mother, "elder-1-head")
    sheet(city.elderly, case, son, "elder-1-head")
    with w.act(city.elderly):
        assert len(call(city.elderly)) == 2
    assert seers(city, call, "risk") == {"elderly", "disability"}
    with w.act(city.disability):  # of the mother alone (V3)
        assert [one.record_ids for one in call(city.disability)] == [(red.pk,)]
    sheet(city.elderly, case, mother, "elder-5-words", on=timezone.localdate())
    with w.act(city.elderly):
        assert len(call(city.elderly)) == 1


def test_a_city_without_a_red_level_asks_nothing(city):
    with w.act(city.elderly), pytest.MonkeyPatch.context() as patch:
        patch.setattr(cases.candidates, "sheets", lambda _city: {})
        with CaptureQueriesContext(connection) as queries:
            assert cases.candidates.red_risks(city.elderly) == []
        assert not queries


DRAFTS = {
    "ready": ({}, ""),
    "no goal": ({"goals": [], "items": [], "with_items": "free"}, ""),
    "no role": ({"items": []}, ""),
    "outreach": ({"programme": "outreach"}, "required"),
    "unsigned": ({}, "required"),
    "signed": ({"sign": True}, "required"),
}


@pytest.mark.parametrize("name", DRAFTS)
@pytest.mark.parametrize("who", ["coordinator", "head", "disability", "child", "admin"])
def test_drafts_are_ready_when_they_may_be_put_on_an_agenda(name, who):
    """All at once says what `can_submit` says of each."""
    given, signature = DRAFTS[name]
    given = dict(given)
    scene = p.scene()
    city = scene.city
    sign = given.pop("sign", False)
    given.pop("with_items", None)
    plan = p.draft(scene, **given)
    if sign:
        plan = p.signed(scene, plan)
    with as_owner():
        Municipality.objects.filter(pk=city.city.pk).update(signature=signature)
    with as_owner():
        member = type(city.head).objects.with_names().get(pk=city.members[who].pk)
    with w.act(member):
        may = member.agency_id == city.coordinator.agency_id and can_submit(member, plan)
        found = plans.candidates.ready_drafts(member)
    assert [one.plan_id for one in found] == ([plan.pk] if may else [])


def test_plans_are_said_by_their_state_and_dates():
    scene = p.scene()
    city, by = scene.city, scene.city.coordinator
    today = p.today()
    waiting = p.submitted(scene, programme="outreach")
    late = p.in_force(scene, facts=p.facts(review_on=today - DAY))
    with w.act(by):
        found = {(one.kind, one.plan_id) for one in registry.draw("agenda_candidates", by)}
    assert found == {("submitted", waiting.pk), ("review", late.pk)}
    with w.act(by):
        monitor_plan(plan=late, by=by, on=today, text="t", next_review_on=today + 20 * DAY)
    with w.act(by):
        assert {one.kind for one in registry.draw("agenda_candidates", by)} == {"submitted"}
    ends = p.in_force(
        scene,
        programme="participation",
        facts=p.facts(ends_on=today + 28 * DAY, review_on=today),
    )
    evaluated(by, ends, "close")
    with w.act(by):
        found = {one.kind for one in registry.draw("agenda_candidates", by)}
        assert found == {"submitted", "expiring", "review", "evaluated"}
        (row,) = page_of(by, bodies_for(by)).rows  # one household, one row
    assert row.due_on == waiting.starts_on
    assert {r.late for r in row.reasons} == {True, False}
    assert seers(city, plans.candidates.due_plans, "expiring") == {
        "coordinator", "head", "disability",
    }  # fmt: skip


def evaluated(by, plan, outcome):
    with w.act(by):
        goals = {goal.pk: "partly" for goal in plan.goals.all()}
        evaluate_plan(
            plan=plan, by=by, on=p.today(), outcome=outcome, changes=[], attainments=goals,
            remaining="r",
        )  # fmt: skip


def test_a_continued_evaluation_is_no_end():
    scene = p.scene()
    by, plan = scene.city.coordinator, p.in_force(scene)
    evaluated(by, plan, "close")
    assert [kind for kind, _case in kinds(by, plans.candidates.evaluated_plans)] == ["evaluated"]
    evaluated(by, plan, "continue")
    with w.act(by):
        assert plans.candidates.evaluated_plans(by) == []


def test_community_issues_come_without_their_household(city):
    scene = p.scene(city)
    raised = issue(city.coordinator, scene.case)
    alone = issue(city.community, title="集まる場がない")
    call = community.candidates.raised_issues
    assert len(rows(city.coordinator)) == 2
    assert {row.case for row in rows(city.coordinator)} == {None}
    assert kinds(city.community, call) == {("community", None)}  # what they raised themselves
    assert kinds(city.child, call) == set()
    other = w.make_member(w.make_agency(city.city, "office2", "別室"), "coordinator")
    assert kinds(other, call) == {("community", None)}  # the office: their titles alone
    assert len(rows(other)) == 2
    moved(city.coordinator, raised, "working")
    moved(city.community, alone, "working")
    assert kinds(city.coordinator, call) == set()


def test_a_decision_to_look_again_comes_back(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    call = meetings.candidates.items_to_review
    assert kinds(city.elderly, call) == set()
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion="o",
            minutes="", next_review_on=timezone.localdate() + 3 * DAY,
        )  # fmt: skip
    assert seers(city, call, "item_review") == {"elderly", "disability", "coordinator", "head"}
    s.consented_item(city, house, "disability")
    assert kinds(city.elderly, call) == set()


def test_sheets_without_consent_are_the_lists_alone(city):
    w.list_secretary(city, city.coordinator)
    case, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        refer(
            case=case, by=city.elderly, mode="secrecy", reason="r", summary="s",
            to_conference_type=city.conferences["support"],
        )  # fmt: skip
    call = meetings.candidates.sheets_to_propose
    assert seers(city, call, "sheet") == {"coordinator"}
    (row,) = rows(city.coordinator)
    assert (row.title, row.case, row.is_urgent) == ("本人同意なしのつなぎ", None, True)
    assert row.main is None or row.main.is_secret


def test_every_function_keeps_its_budget(city):
    scene = p.scene(city)
    p.submitted(scene)
    referred(city)
    issue(city.community)
    w.list_secretary(city, city.coordinator)
    for member in (city.coordinator, city.disability, city.elderly):
        for entry in registry.entries("agenda_candidates"):
            with w.act(member):
                entry.call(member)
                with CaptureQueriesContext(connection) as queries:
                    entry.call(member)
            assert len(queries) <= entry.queries, (entry.call, len(queries))


# --- the page ------------------------------------------------------------------------------------


def test_a_row_says_where_when_and_how_the_consents_stand():
    scene = p.scene()
    city = scene.city
    s.make_sitting(city, "plan", days=9)
    plan = p.draft(scene)
    page = text(get(city.coordinator, URL))
    assert "プラン案ができています" in page
    assert "同意はそろっています" in page
    (row,) = rows(city.coordinator)
    assert row.main.label == "付議する"
    assert f"plan={plan.pk}" in row.main.url
    form = get(city.coordinator, row.main.url).context["form"]
    assert form.initial["agenda_type"] == "plan_adequacy"
    assert form.initial["plan"] == str(plan.pk)
    with w.act(city.coordinator):
        add_person(case=scene.case, by=city.coordinator, facts=PersonFacts(name="架空野 孫"))
    page = text(get(city.coordinator, URL))
    assert "同意があと1件" in page
    assert "架空野 孫さんの同意をもらう" in page
    ((_name, ask),) = rows(city.coordinator)[0].places[0].asks
    form = get(city.coordinator, ask)
    assert str(city.agencies["coordinator"].pk) in form.context["form"]["agencies"].value()
    assert form.context["back_url"] == URL


def test_what_stands_on_an_agenda_with_consent_is_no_candidate():
    scene = p.scene()
    city, by = scene.city, scene.city.coordinator
    sitting = s.make_sitting(city, "plan", days=9)
    plan = p.draft(scene)
    with w.act(by):
        Case.objects.filter(pk=scene.case.pk).update(urgency="high")
        item = propose_item(
            sitting=sitting, by=by, conference_type=city.conferences["plan"],
            agenda_type="plan_adequacy", case=scene.case, persons=scene.persons, plan=plan,
            title="t", briefing="b",
        )  # fmt: skip
    assert rows(by) == []
    with w.act(by):
        withdraw_item(item=AgendaItem.objects.get(pk=item.pk), by=by)
    (row,) = rows(by)
    assert [one.kind for one in row.candidates] == ["submitted"]  # a plan runs: no longer "urgent"


def test_a_sealed_item_changes_nothing_on_the_page(city):
    """V6: the same bytes with and without it, for who may not know of it and for the appointed; and
    for the listed the household stays."""
    w.list_secretary(city, city.coordinator)
    case, mother, _son, _given = referred(city)
    sheet(city.elderly, case, mother, "elder-1-head")
    s.make_sitting(city, "plan", days=5)
    sitting = s.make_sitting(city, "support", days=5)
    p.draft(p.scene(city))

    def seen(name):  # the page's own part: above it stands the number of notices
        page = text(get(city.members[name], URL))
        return twoworlds.masked(re.search(r"<main.*</main>", page, flags=re.S)[0])

    names = ("elderly", "elderly2", "disability", "child", "head", "outreach")
    before = {name: seen(name) for name in names}
    with w.act(city.coordinator):
        listed_before = [row.key for row in page_of(city.coordinator, []).rows]
    item = s.secret_item(city, sitting=sitting, case=case)
    s.appointed(city, item, city.disability)
    s.noticed(city, sitting)
    assert {name: seen(name) for name in names} == before
    assert "リスク確認" in before["elderly"]
    with w.act(city.coordinator):
        assert [row.key for row in page_of(city.coordinator, []).rows] == listed_before


def test_a_listed_readers_household_does_not_vanish_with_a_sealed_item(city):
    """V6: who is listed works on the case, too; the row stands with the same reasons."""
    scene = p.scene(city)
    w.list_secretary(city, city.coordinator)
    by = city.coordinator
    sheet(by, scene.case, scene.persons[0], "elder-1-head")
    (before,) = rows(by)
    sitting = s.make_sitting(city, "support", days=5)
    with w.act(by):
        propose_item(
            sitting=sitting, by=by, conference_type=city.conferences["support"],
            agenda_type="urgent", case=scene.case, persons=scene.persons, title="t", briefing="b",
        )  # fmt: skip
    (after,) = rows(by)
    assert [r.text for r in after.reasons] == [r.text for r in before.reasons]


def test_bodies_under_secrecy_are_offered_to_the_list_alone(city):
    scene = p.scene(city)
    s.make_sitting(city, "support", days=5)
    sheet(city.coordinator, scene.case, scene.persons[0], "elder-1-head")
    for listed in (False, True):
        if listed:
            w.list_secretary(city, city.coordinator)
        page = text(get(city.coordinator, URL))
        assert ("支援会議</a>" in page.replace("重層的支援会議", "")) is listed
    (other,) = rows(city.head)
    assert other.without_consent_url.endswith("mode=secrecy")
    assert all(not place.is_secret for place in other.places)


def test_the_sitting_offered_is_one_whose_deadline_is_not_over(city, monkeypatch):
    first = s.make_sitting(city, "plan", days=3)
    second = s.make_sitting(city, "plan", days=40)
    today = timezone.localdate()
    last = {first.pk: today - DAY, second.pk: today + 30 * DAY}
    monkeypatch.setattr(
        nextsittings, "deadlines_of", lambda sitting, _o: Deadlines(agenda=last[sitting.pk])
    )
    with w.act(city.coordinator):
        (body,) = bodies_for(city.coordinator)
        assert (body.sitting.pk, body.is_late) == (second.pk, False)
        assert "締切" in body.when
        last[second.pk] = today - DAY
        (body,) = bodies_for(city.coordinator)
    assert (body.sitting.pk, body.is_late) == (first.pk, True)
    assert "締切は過ぎました" in body.when


def test_filters_and_pages_go_on_by_key(city, monkeypatch):
    houses = [p.scene(city, number=1) for _ in range(5)]
    for house in houses:
        p.draft(house)
    monkeypatch.setattr(candidatepage, "PAGE", 2)
    seen, url = [], URL
    for _ in range(9):
        page = get(city.coordinator, url)
        seen += [row.key for row in page.context["rows"]]
        if not page.context["older_url"]:
            break
        url = URL + page.context["older_url"]
    assert sorted(seen) == sorted(str(house.case.pk) for house in houses)
    assert len(rows(city.coordinator, after="x")) == 2
    support = str(city.conferences["support"].pk)
    assert rows(city.coordinator, body=support) == []
    plan = str(city.conferences["plan"].pk)
    assert len(rows(city.coordinator, body=plan, whose="own")) == 2
    assert rows(city.disability) == []  # a plan is written, and not by them
    case, *_rest = referred(city)
    assert [row.case.pk for row in rows(city.disability)] == [case.pk]
    assert rows(city.disability, whose="own") == []
    assert len(rows(city.coordinator, whose="worker")) == 2
    for query in ("?body=x", "?body=999999", "?whose=%00", "?after=0_0_0", f"?after=1_{'9' * 300}"):
        assert get(city.coordinator, URL + query).status_code == 200, query


def test_a_closed_case_is_no_candidate(city):
    case, (mother, _son) = w.household(city.elderly)
    sheet(city.elderly, case, mother, "elder-1-head")
    assert len(rows(city.elderly)) == 1
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="終わり")
    assert rows(city.elderly) == []


def test_the_look_is_logged_with_what_is_told(city):
    scene = p.scene(city)
    plan = p.draft(scene)
    get(city.coordinator, URL)
    with w.act(city.coordinator):
        line = AccessLog.objects.filter(what="candidate_list").latest("at")
    assert {scene.case.pk, plan.pk} <= set(line.record_ids)


def test_the_page_costs_the_same_with_one_household_and_with_twenty(city):
    def cost():
        get(city.coordinator, URL)
        browser = client(city.coordinator)
        browser.get(URL)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(URL).status_code == 200
        return len(queries)

    s.make_sitting(city, "plan", days=9)
    p.draft(p.scene(city))
    one = cost()
    for _ in range(19):
        p.draft(p.scene(city, number=1))
    assert cost() <= one <= 48


def test_missing_consents_of_many_cases_are_those_of_each(city):
    agencies = [city.agencies[name].pk for name in ("coordinator", "child")]
    first, second = (p.scene(city) for _ in range(2))
    with w.act(city.coordinator):
        add_person(case=second.case, by=city.coordinator, facts=PersonFacts(name="架空野 孫"))
    for member in (city.coordinator, city.disability, city.outreach):
        with w.act(member):
            asked = {
                scene.case.pk: [person.pk for person in scene.persons] for scene in (first, second)
            }
            found = missing_in(asked, agencies)
            for scene in (first, second):
                each = missing_consents(
                    case=scene.case, persons=asked[scene.case.pk], agencies=agencies
                )
                assert sorted(found.get(scene.case.pk, [])) == sorted(each)
    with w.act(city.coordinator):
        assert missing_in({}, agencies) == {}
        assert missing_in({first.case.pk: [first.persons[0].pk]}, []) == {}


@pytest.mark.parametrize("name", ["admin", "privacy", "sysadmin"])
def test_roles_that_propose_nothing_get_no_page(city, name):
    assert get(city.members[name], URL).status_code == 403


def test_the_list_of_sittings_leads_there(city):
    assert URL in text(get(city.coordinator, reverse("sitting_list")))
