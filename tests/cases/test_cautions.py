"""Cautions and worries: operations, gate, pages, bad input."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agencies.models import AccessLog, Agency
from agencies.permissions import ActionDenied
from cases.disclosures import emergency_grounds
from cases.models import CautionNote, Issue
from cases.operations import (
    add_issue,
    change_caution,
    end_caution,
    open_emergency,
    withdraw_consent,
)
from cases.operations.case import StaleVersion
from cases.operations.emergency import EmergencyFacts
from tests import world as w
from tests.cases.assessed import TODAY, caution
from tests.cases.pages import get, page, post, referred, text
from tests.cases.test_records import MY_NUMBER

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


# --- cautions ------------------------------------------------------------------------------------


def test_a_caution_stands_at_the_top_of_case_page_visit_form_and_paper(city):
    case, mother, _son, _given = referred(city)
    caution(city.elderly, case, "玄関に大きな犬がいる", [mother])
    caution(city.elderly, case, "朝は機嫌がよい", [mother], kind="effective")
    shown = text(page(city.elderly, case))
    assert (
        shown.index("玄関に大きな犬") < shown.index("朝は機嫌がよい") < shown.index('class="steps')
    )
    assert "訪問時の安全" in shown
    assert "玄関に大きな犬" in text(get(city.elderly, f"/cases/{case.pk}/print/"))
    with w.act(city.elderly):
        looked = AccessLog.objects.filter(what="case_detail").latest("at")
        assert CautionNote.objects.get(text="玄関に大きな犬がいる").pk in looked.record_ids


def test_who_visits_reads_it_at_the_door(city):
    case, persons = w.household(city.outreach)
    caution(city.outreach, case, "二人で行く", persons[:1])
    assert "二人で行く" in text(get(city.outreach, f"/cases/{case.pk}/visits/new/"))


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("visit_safety", "safety"),
        ("exploitation", "safety"),
        ("avoid", "progress"),
        ("effective", "progress"),
    ],
)
def test_its_kind_decides_the_category_and_the_consent_who_reads_it(city, kind, category):
    case, mother, _son, _given = referred(city, categories=["basic", category])
    written = caution(city.elderly, case, "ひみつの注意", [mother], kind=kind)
    assert written.record.category == category
    assert "ひみつの注意" in text(page(city.disability, case))


def test_who_may_see_none_finds_no_block_and_no_gap(city):
    case, mother, son, _given = referred(city, categories=["basic", "health"])
    plain = text(page(city.disability, case))
    caution(city.elderly, case, "ひみつの注意", [mother])
    caution(city.elderly, case, "弟の注意", [son])
    caution(city.elderly, case, "内輪の注意", [mother], kind="avoid", audience="agency")
    again = text(page(city.disability, case))
    assert "の注意" not in again.replace("関わり方の注意を書く", "")
    assert 'class="cautions"' not in plain + again


def test_in_an_emergency_what_the_team_wrote_is_read_at_the_top(city):
    """V8: who goes to the door has to know; what is the agency's alone stays closed."""
    case, mother, _son, _given = referred(city)
    caution(city.elderly, case, "刃物を持ち出したことがある", [mother])
    caution(city.elderly, case, "内輪の注意", [mother], audience="agency")
    agency = Agency.objects.get(pk=city.agencies["child"].pk)
    with w.act(city.child):
        facts = EmergencyFacts(
            danger="life", ground=emergency_grounds(agency, timezone.localdate())[0],
            reason="悲鳴が聞こえたと近所から電話があった", number=case.number,
        )  # fmt: skip
        open_emergency(by=city.child, facts=facts)
    shown = text(page(city.child, case))
    assert "刃物を持ち出した" in shown
    assert "内輪の注意" not in shown


def test_a_withdrawal_closes_it_at_the_next_request(city):
    case, mother, _son, given = referred(city)
    caution(city.elderly, case, "犬がいる", [mother])
    assert "犬がいる" in text(page(city.disability, case))
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    assert page(city.disability, case).status_code == 404


def test_it_is_corrected_with_a_version_and_ended_with_a_reason(city):
    case, mother, _son, _given = referred(city)
    written = caution(city.elderly, case, "犬がいる", [mother], noted_on=TODAY)
    with w.act(city.elderly):
        words = {"by": city.elderly, "reason": "数えなおした", "noted_on": TODAY}
        changed = change_caution(caution=written, version=1, text="犬が二匹いる", **words)
        with pytest.raises(StaleVersion):
            change_caution(caution=written, version=1, text="x", **words)
        with pytest.raises(ActionDenied, match="直した理由"):
            change_caution(caution=changed, version=2, text="x", **{**words, "reason": " "})
        end_caution(caution=changed, by=city.elderly, version=2, on=TODAY, reason="手放した")
        ended = CautionNote.objects.get()
        with pytest.raises(ActionDenied, match="すでに終わっています"):
            change_caution(caution=ended, version=3, text="x", **words)
    shown = text(page(city.elderly, case))
    assert 'class="cautions"' not in shown
    assert "犬が二匹いる" in shown  # in the timeline, with why it ended
    assert "手放した" in shown
    history = text(get(city.elderly, f"/records/{written.pk}/history/"))
    assert "犬がいる" in history
    assert "終わった理由" in history
    assert history.count("数えなおした") == 1  # of the correction, not of the end


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "noted_on = noted_on - 1, version = version + 1", "text = 'x', end_reason = ''"],
)
def test_the_database_asks_for_the_reason_of_a_correction(city, change):
    case, _persons = w.household(city.elderly)
    written = caution(city.elderly, case)
    sql = f"UPDATE cases_cautionnote SET {change} WHERE record_id = %s"
    with (
        w.act(city.elderly),
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="a reason"),
        transaction.atomic(),
    ):
        cursor.execute(sql, [written.pk])


def test_only_its_agency_changes_it(city):
    case, mother, _son, _given = referred(city)
    written = caution(city.elderly, case, "犬がいる", [mother])
    for what in ("edit", "end"):
        assert get(city.disability, f"/cautions/{written.pk}/{what}/").status_code == 403
        assert get(city.child, f"/cautions/{written.pk}/{what}/").status_code == 404
    with w.act(city.disability), pytest.raises(ActionDenied):
        end_caution(caution=written, by=city.disability, version=1, on=TODAY, reason="x")


def typed_caution(**changed):
    return {
        "form_key": str(uuid.uuid4()), "kind": "visit_safety", "about": ["household"],
        "text": "犬がいる", "noted_on": "R8.5.1", "audience": "team", **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"kind": ""}, "種類を選んでください。"),
        ({"kind": "rumour"}, "表示された中から選んでください"),
        ({"text": ""}, "内容を入れてください。"),
        ({"text": "犬" * 81}, "80文字以内"),
        ({"text": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"noted_on": "R99.1.1"}, "分かった日"),
        ({"noted_on": "いつか"}, "分かった日"),
        ({"about": []}, "だれについての記録かを選んでください。"),
        ({"audience": "everybody"}, "表示された中から選んでください"),
        ({"form_key": "x"}, "画面が古くなっています"),
    ],
)
def test_bad_caution_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, _persons = w.household(city.elderly)
    shown = text(
        post(city.elderly, f"/cases/{case.pk}/cautions/new/", typed_caution(**changed)), 422
    )
    assert sentence in shown
    assert changed.get("text", "犬がいる") in shown
    with w.act(city.elderly):
        assert not CautionNote.objects.exists()


def test_a_caution_sent_twice_is_one(city):
    case, _persons = w.household(city.elderly)
    sent = typed_caution()
    for _time in range(2):
        assert post(city.elderly, f"/cases/{case.pk}/cautions/new/", sent).status_code == 302
    with w.act(city.elderly):
        assert CautionNote.objects.count() == 1


def test_a_caution_is_corrected_and_ended_on_its_pages(city):
    case, _persons = w.household(city.elderly)
    written = caution(city.elderly, case, "犬がいる", noted_on=TODAY)
    url = f"/cautions/{written.pk}"
    sent = {"version": 1, "text": "犬が二匹いる", "noted_on": "R8.5.1", "reason": "数えなおした"}
    stale = post(city.elderly, f"{url}/edit/", {**sent, "version": 9})
    assert "先に保存しました" in text(stale, 422)
    assert post(city.elderly, f"{url}/edit/", sent).status_code == 302
    early = {"version": 2, "ended_on": "R8.4.1", "end_reason": "手放した"}
    assert "分かった日からあと" in text(post(city.elderly, f"{url}/end/", early), 422)
    bare = {"version": 2, "ended_on": "R8.6.1", "end_reason": ""}
    assert "終わった理由を入れて" in text(post(city.elderly, f"{url}/end/", bare), 422)
    assert post(city.elderly, f"{url}/end/", {**bare, "end_reason": "手放した"}).status_code == 302
    again = text(post(city.elderly, f"{url}/end/", {**bare, "end_reason": "x", "version": 3}), 422)
    assert "すでに終わっています" in again
    assert "［訂正あり］" in text(page(city.elderly, case))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": ""}, "内容を入れてください。"),
        ({"text": "犬" * 81}, "80文字以内"),
        ({"text": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"noted_on": ""}, "分かった日を入れてください。"),
        ({"noted_on": "R99.1.1"}, "分かった日"),
        ({"reason": ""}, "直した理由を入れてください。"),
        ({"reason": "あ" * 201}, "200文字以内"),
        ({"version": "x"}, "画面が古くなっています"),
        ({"text": "犬がいる", "noted_on": "2026-11-20"}, "直したところがありません"),
    ],
)
def test_a_bad_correction_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, _persons = w.household(city.elderly)
    written = caution(city.elderly, case, "犬がいる", noted_on=TODAY)
    sent = {"version": 1, "text": "犬が二匹", "noted_on": "R8.5.1", "reason": "数えた", **changed}
    shown = text(post(city.elderly, f"/cautions/{written.pk}/edit/", sent), 422)
    assert sentence in shown
    for name in ("text", "noted_on", "reason"):
        assert sent[name] in shown


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ended_on": ""}, "終わった日を入れてください。"),
        ({"ended_on": "R99.1.1"}, "終わった日"),
        ({"end_reason": "あ" * 201}, "200文字以内"),
        ({"end_reason": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"version": ""}, "画面が古くなっています"),
    ],
)
def test_a_bad_end_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, _persons = w.household(city.elderly)
    written = caution(city.elderly, case, "犬がいる", noted_on=TODAY)
    sent = {"version": 1, "ended_on": "R8.11.20", "end_reason": "手放した", **changed}
    shown = text(post(city.elderly, f"/cautions/{written.pk}/end/", sent), 422)
    assert sentence in shown
    for name in ("ended_on", "end_reason"):
        assert sent[name] in shown


def test_the_database_refuses_half_an_end(city):
    case, _persons = w.household(city.elderly)
    written = caution(city.elderly, case)
    written.ended_on = TODAY
    with w.act(city.elderly), pytest.raises(IntegrityError), transaction.atomic():
        written.save()


# --- worries -------------------------------------------------------------------------------------


def test_worries_stand_by_person_with_what_was_solved_folded(city):
    case, mother, _son, _given = referred(city)
    by = city.elderly
    with w.act(by):
        add_issue(case=case, by=by, issue_type="care", is_primary=True, person=mother,
                  noted_on=datetime.date(2024, 4, 1))  # fmt: skip
        add_issue(case=case, by=by, issue_type="debt")
        solved = add_issue(case=case, by=by, issue_type="illness", person=mother)
        solved.status, solved.solved_on = "solved", timezone.localdate()
        solved.save()
    shown = text(page(by, case))
    start, end = shown.index('id="issues"'), shown.index('id="timeline"')
    table = shown[start:end]
    rows = {
        name: table.index(f'scope="row">{name}')
        for name in ("架空野 花さん", "別姓田 次郎さん", "世帯全体")
    }
    assert sorted(rows, key=rows.__getitem__) == ["架空野 花さん", "別姓田 次郎さん", "世帯全体"]
    assert (
        rows["架空野 花さん"]
        < table.index("介護")
        < table.index("解消した課題 1件")
        < rows["別姓田 次郎さん"]
    )
    assert table.index("債務") > rows["世帯全体"]
    assert "R6.4.1" in table
    assert "中心の課題" in table  # in words, too


def test_worries_are_the_readers(city):
    case, mother, son, _given = referred(city)
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="care", person=mother)
        add_issue(case=case, by=city.elderly, issue_type="withdrawal", person=son)
    shown = text(page(city.disability, case))
    assert "介護" in shown
    assert "ひきこもり" not in shown
    assert "別姓田" not in shown


def test_a_worry_of_somebody_whose_name_is_closed_stands_without_one(city):
    case, mother, _son, _given = referred(city, categories=["care"])
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="care", person=mother)
    with w.act(city.disability):
        assert Issue.objects.standing_with(city.disability).count() == 1
    shown = text(page(city.disability, case))
    assert "名前の出ない人" in shown
    assert "架空野" not in shown
