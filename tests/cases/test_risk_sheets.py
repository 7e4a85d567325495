"""Risk sheets: filled in, decided by a group, told, done again; their pages and bad input."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

import meetings.panels
from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases import riskpage
from cases.models import Record, RiskAssessment
from cases.operations import (
    RiskDecision,
    add_issue,
    decide_risk,
    write_note,
)
from cases.operations.case import StaleVersion
from config.lib.registry import registry
from tests import world as w
from tests.cases.assessed import caution, cost, sheet
from tests.cases.pages import get, page, post, referred, text
from tests.cases.test_records import MY_NUMBER
from tests.meetings.situations import make_sitting
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


# --- risk sheets ---------------------------------------------------------------------------------


def test_red_says_why_tells_the_manager_and_offers_a_conference(city):
    manager = w.make_member(city.agencies["elderly"], "agency_manager")
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    assert risk.computed_level == "red"
    with w.act(manager):
        told = Notice.objects.visible_to(manager).get(kind="risk_red")
    assert mother.name not in told.title
    assert case.number not in told.title
    assert get(manager, told.url).status_code == 200
    with w.act(city.elderly):
        assert not Notice.objects.visible_to(city.elderly).filter(kind="risk_red").exists()
    shown = text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert "「頭のけが（血腫・骨折）」が○のため、レッド" in shown
    assert "未回答" in shown
    top = text(page(city.elderly, case))
    assert "判断を記録する" in top
    assert reverse("referral_new", args=[case.pk]) + "?mode=secrecy" in top
    assert "臨時の支援会議を提案する" in top


def test_yellow_tells_nobody_and_offers_no_conference(city):
    manager = w.make_member(city.agencies["elderly"], "agency_manager")
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    with w.act(manager):
        assert not Notice.objects.visible_to(manager).filter(kind="risk_red").exists()
    for url in (f"/risk/{risk.pk}/", f"/cases/{case.pk}/"):
        assert "臨時の支援会議" not in text(get(city.elderly, url))


def test_a_listed_secretary_proposes_it_and_nobody_learns_of_a_sealed_item(city):
    """V6: what is offered is the same whether there is an item or not."""
    secretary = w.make_member(city.agencies["coordinator"], "coordinator")
    w.list_secretary(city, secretary)
    case, (mother, _son) = w.household(city.coordinator)
    sheet(city.coordinator, case, mother, "elder-1-head")
    assert "臨時の支援会議に付議する" in text(page(secretary, case))
    before = text(page(city.coordinator, case))
    assert "臨時の支援会議を提案する" in before
    make_sitting(city, "support")
    assert text(page(city.coordinator, case)).count("支援会議") == before.count("支援会議")


def test_a_sheet_is_read_by_who_is_let_into_its_category(city):
    case, mother, _son, _given = referred(city, categories=["basic", "health"])
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    for url in (f"/risk/{risk.pk}/", f"/risk/{risk.pk}/print/", f"/risk/{risk.pk}/decide/"):
        assert get(city.disability, url).status_code == 404
    assert "リスク確認" not in text(page(city.disability, case)).replace("リスクを確かめる", "")
    other, mother2, _son2, _given2 = referred(city)
    risk = sheet(city.elderly, other, mother2, "elder-1-head")
    assert "頭のけが" in text(get(city.disability, f"/risk/{risk.pk}/"))
    assert get(city.disability, f"/risk/{risk.pk}/decide/").status_code == 403


def decision(level="red", reason="", deciders="虐待対応会議（高齢・包括・保健師）", on=None):
    return RiskDecision(level, on or timezone.localdate(), deciders, reason)


def test_a_group_decides_and_departs_from_the_rule_with_a_reason_alone(city):
    case, mother, _son, _given = referred(city)
    by = city.elderly
    risk = sheet(by, case, mother, "elder-1-head")
    with w.act(by):
        for wrong, words in (
            (decision("yellow"), "理由を入れてください"),
            (decision(deciders=""), "加わった人"),
            (decision("purple"), "判断した段階"),
            (decision(on=timezone.localdate() - datetime.timedelta(1)), "確かめた日からあと"),
        ):
            with pytest.raises(ActionDenied, match=words):
                decide_risk(risk=risk, by=by, version=1, decision=wrong)
        decide_risk(risk=risk, by=by, version=1, decision=decision("yellow", "古いけがと分かった"))
        with pytest.raises(StaleVersion):
            decide_risk(risk=risk, by=by, version=1, decision=decision())
    with w.act(by):
        assert RiskAssessment.objects.get().level == "yellow"
    shown = text(get(by, f"/risk/{risk.pk}/"))
    assert "古いけがと分かった" in shown
    assert "虐待対応会議" in shown
    assert "が○のため、レッド" in shown  # the rule's level stays beside it
    history = text(get(by, f"/records/{risk.pk}/history/"))
    assert "イエロー" in history
    assert "レッド" in text(get(by, f"/cases/{case.pk}/"))


def test_the_database_asks_for_the_reason_and_the_group(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    day = timezone.localdate()
    for facts in (
        {"decided_level": "yellow", "decided_on": day, "deciders": "会議"},
        {"decided_level": "red", "decided_on": day},
        {"decided_level": "red", "deciders": "会議"},
        {"decided_on": day},
    ):
        with w.act(city.elderly):
            row = RiskAssessment.objects.get(pk=risk.pk)
            for name, value in facts.items():
                setattr(row, name, value)
            with pytest.raises(IntegrityError), transaction.atomic():
                row.save()


def test_decided_red_is_told_again_and_changed_with_history(city):
    manager = w.make_member(city.agencies["elderly"], "agency_manager")
    case, mother, _son, _given = referred(city)
    by = city.elderly
    risk = sheet(by, case, mother, "elder-4-fear")
    with w.act(by):
        decided = decide_risk(
            risk=risk, by=by, version=1, decision=decision("red", "夜間に急変のおそれ")
        )
        decide_risk(risk=decided, by=by, version=2, decision=decision("yellow"))
        versions = RiskAssessment.history.filter(record_id=risk.pk)
        assert sorted(versions.values_list("decided_level", flat=True)) == ["", "red", "yellow"]
    with w.act(manager):
        assert Notice.objects.visible_to(manager).filter(kind="risk_red").count() == 1


def test_a_new_sheet_replaces_the_former_which_stays(city):
    case, mother, _son, _given = referred(city)
    by = city.elderly
    old = sheet(by, case, mother, "elder-1-head", on=timezone.localdate() - datetime.timedelta(9))
    url = f"/cases/{case.pk}/risk/new/?person={mother.pk}&sheet=elder"
    shown = text(get(by, url))
    assert "前の答えが入っています" in shown
    new = sheet(by, case, mother, "elder-5-words")
    top = text(page(by, case))
    panel = top[top.index('id="risk"') : top.index('id="timeline"')]
    assert "イエロー" in panel
    assert "レッド" not in panel
    assert "前の確認" in text(get(by, f"/risk/{old.pk}/"))
    assert f"/risk/{old.pk}/" in text(get(by, f"/risk/{new.pk}/"))


@pytest.mark.parametrize("kind", ["note", "issue"])
def test_news_about_the_person_ask_the_responsible_agency_to_look_again(city, kind):
    case, mother, son, _given = referred(city)
    by = city.elderly
    risk = sheet(by, case, mother, "elder-5-words")
    assert "再評価" not in text(get(by, "/"))
    with w.act(by):  # about somebody else, or of another field: no news
        write_note(case=case, by=by, text="x", method="phone", category="safety", persons=[son])
        write_note(case=case, by=by, text="x", method="phone", persons=[mother])
    assert "リスク確認の再評価" not in text(get(by, "/"))
    with w.act(by):
        if kind == "note":
            write_note(
                case=case, by=by, text="また怒鳴り声", method="phone", category="safety",
                persons=[mother],
            )  # fmt: skip
        else:
            add_issue(case=case, by=by, issue_type="abuse", person=mother)
    home = text(get(by, "/"))
    assert "リスク確認の再評価" in home
    assert f"/risk/{risk.pk}/" in home
    assert "リスク確認の再評価" not in text(get(city.disability, "/"))
    assert "再評価する" in text(page(by, case))
    assert "新しい記録があります" in text(get(by, f"/risk/{risk.pk}/"))
    sheet(by, case, mother, "elder-5-words")
    assert "リスク確認の再評価" not in text(get(by, "/"))


def test_another_agencys_note_asks_too_where_it_is_visible(city):
    case, mother, _son, _given = referred(city)
    w.consent(city.elderly, mother, city.agencies["elderly"], city.agencies["disability"])
    sheet(city.elderly, case, mother, "elder-5-words")
    with w.act(city.disability):
        write_note(
            case=case, by=city.disability, text="内輪", method="phone", category="safety",
            persons=[mother], audience="agency",
        )  # fmt: skip
    assert "リスク確認の再評価" not in text(get(city.elderly, "/"))
    with w.act(city.disability):
        write_note(
            case=case, by=city.disability, text="みんなに", method="phone", category="safety",
            persons=[mother],
        )  # fmt: skip
    assert "リスク確認の再評価" in text(get(city.elderly, "/"))


def typed_sheet(**changed):
    return {
        "form_key": str(uuid.uuid4()), "assessed_on": "R8.5.1", "text": "通所先から聞いた",
        "strengths": "", "audience": "team", "answer_elder-1-head": "unknown",
        "answer_elder-5-words": "yes", "word_elder-5-words": "毎晩", **changed,
    }  # fmt: skip


def test_a_choice_left_open_is_asked_for_beside_its_field(city):
    case, mother, _son, _given = referred(city)
    start = f"/cases/{case.pk}/risk/new/"
    person, of_sheet = "だれについて確かめるかを選んでください。", "シートを選んでください。"
    blank = text(get(city.elderly, start))
    assert '<input type="hidden" name="asked" value="1">' in blank
    assert person not in blank
    nothing = text(get(city.elderly, f"{start}?asked=1"), 422)
    assert person in nothing
    assert of_sheet in nothing
    for chosen, missing, there in (
        (f"person={mother.pk}", of_sheet, person),
        ("sheet=elder", person, of_sheet),
    ):
        shown = text(get(city.elderly, f"{start}?asked=1&{chosen}"), 422)
        assert missing in shown
        assert there not in shown
        assert "checked" in shown


def test_a_sheet_is_filled_in_and_decided_on_its_pages(city):
    case, mother, _son, _given = referred(city)
    start = f"/cases/{case.pk}/risk/new/"
    assert "シートを開く" in text(get(city.elderly, start))
    url = f"{start}?person={mother.pk}&sheet=elder"
    answer = post(city.elderly, url, typed_sheet())
    assert answer.status_code == 302
    shown = text(get(city.elderly, answer.url))
    assert "イエロー" in shown
    assert "分かると段階が上がること" in shown
    assert "毎晩" in shown
    decide = f"{answer.url}decide/"
    sent = {
        "version": 1, "decided_level": "red", "decided_on": "R8.5.2", "deciders": "虐待対応会議",
        "override_reason": "",
    }  # fmt: skip
    assert "理由を入れてください" in text(post(city.elderly, decide, sent), 422)
    sent["override_reason"] = "夜に二人きりになる"
    assert post(city.elderly, decide, sent).status_code == 302
    assert "先に保存しました" in text(post(city.elderly, decide, sent), 422)
    paper = text(get(city.elderly, f"{answer.url}print/"))
    for words in ("夜に二人きりになる", "毎晩", "出典", "虐待対応会議"):
        assert words in paper


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"answer_elder-1-head": "surely"}, "表示された答えの中から選んでください。"),
        ({"answer_elder-5-words": ""}, "はい・いいえ・不明のどれか"),
        ({"word_elder-5-words": "毎" * 61}, "60文字以内"),
        ({"assessed_on": ""}, "確かめた日を入れてください。"),
        ({"assessed_on": "R40.1.1"}, "確かめた日は今日までの日付"),
        ({"text": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"audience": ""}, "だれに向けて書くかを選んでください。"),
        (
            {"answer_elder-1-head": "", "answer_elder-5-words": "", "word_elder-5-words": ""},
            "ひとつは答えてください",
        ),
    ],
)
def test_a_bad_sheet_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, mother, _son, _given = referred(city)
    url = f"/cases/{case.pk}/risk/new/?person={mother.pk}&sheet=elder"
    shown = text(post(city.elderly, url, typed_sheet(**changed)), 422)
    assert sentence in shown
    assert changed.get("text", "通所先から聞いた") in shown
    with w.act(city.elderly):
        assert not RiskAssessment.objects.exists()


@pytest.mark.parametrize(
    "query", ["?person=x&sheet=elder", "?sheet=elder", "?person=&sheet=", "?sheet=x"]
)
def test_nobodys_sheet_is_asked_again(city, query):
    case, _persons = w.household(city.elderly)
    assert "選んでください" in text(get(city.elderly, f"/cases/{case.pk}/risk/new/{query}"), 422)


def test_a_person_of_another_case_has_no_sheet_here(city):
    case, _persons = w.household(city.elderly)
    _other, (stranger, _x) = w.household(city.elderly)
    query = f"?person={stranger.pk}&sheet=elder"
    shown = text(get(city.elderly, f"/cases/{case.pk}/risk/new/{query}"), 422)
    assert "選んでください" in shown


def test_bad_decisions_get_a_sentence(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    good = {
        "version": 1, "decided_level": "red", "decided_on": "R99.1.1", "deciders": "会議",
        "override_reason": "",
    }  # fmt: skip
    today = timezone.localdate().isoformat()
    for changed, sentence in (
        ({}, "判断した日"),
        ({"decided_on": today, "decided_level": "purple"}, "表示された中から"),
        ({"decided_on": today, "decided_level": ""}, "判断した段階を選んでください。"),
        ({"decided_on": today, "deciders": ""}, "判断に加わった人を入れてください。"),
        ({"decided_on": "2020-01-01"}, "確かめた日からあと"),
        ({"decided_on": today, "version": ""}, "画面が古くなっています"),
    ):
        shown = text(post(city.elderly, f"/risk/{risk.pk}/decide/", {**good, **changed}), 422)
        assert sentence in shown


def test_the_handover_sheet_begins_with_what_to_mind(city):
    case, mother, _son, _given = referred(city)
    caution(city.elderly, case, "犬がいる", [mother])
    sheet(city.elderly, case, mother, "elder-1-head")
    shown = text(get(city.elderly, reverse("case_handover_print", args=[case.pk])))
    assert shown.index("犬がいる") < shown.index("レッド")


# --- what it costs -------------------------------------------------------------------------------


def test_a_sheet_costs_the_same_however_many_came_before(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    once = cost(city.elderly, f"/risk/{risk.pk}/")
    for _time in range(5):
        risk = sheet(city.elderly, case, mother, "elder-1-head")
    assert cost(city.elderly, f"/risk/{risk.pk}/") == once
    assert once <= 36, once


def test_what_is_registered_keeps_its_budget(city, django_assert_max_num_queries):
    case, mother, son, _given = referred(city)
    by = city.elderly
    for person in (mother, son):
        sheet(by, case, person, "elder-5-words")
        sheet(by, case, person, "disability-1-self", code="disability")
    with w.act(by):
        write_note(
            case=case, by=by, text="x", method="phone", category="safety", persons=[mother, son]
        )
    subjects = {
        riskpage.panel: ("case_panels", (case,)),
        riskpage.next_risk: ("case_next", (case,)),
        riskpage.todo_again: ("todos", ()),
        meetings.panels.risk_actions: ("risk_actions", (case,)),
    }
    for call, (name, subject) in subjects.items():
        entry = next(e for e in registry.entries(name) if e.call is call)
        with w.act(by), django_assert_max_num_queries(entry.queries):
            assert entry.call(by, *subject)


def test_looking_again_is_due_from_the_first_news_on(city):
    case, mother, _son, _given = referred(city)
    by = city.elderly
    old = sheet(by, case, mother, "elder-5-words")
    keys = []
    for _number in range(2):
        with w.act(by):
            note = write_note(
                case=case, by=by, text="x", method="phone", category="safety", persons=[mother]
            )
        keys.append(note.pk)
    home = get(by, "/").context["sections"]["due"]
    (line,) = [one for one in home if "再評価" in one.title]
    assert (line.when, line.is_late) == ("今日", False)
    now = timezone.now()
    with as_owner():
        for key, days in ((old.pk, 9), (keys[0], 3), (keys[1], 1)):
            at = now - datetime.timedelta(days=days)
            Record.objects.filter(pk=key).update(written_at=at)
    home = get(by, "/").context["sections"]["due"]
    assert "再評価" in home[0].title
    assert (home[0].when, home[0].is_late) == ("3日超過", True)
