"""A risk sheet is corrected with a reason until a group has decided on it; then it stands, and a
new one begins from its answers (V13)."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import RiskAssessment
from cases.operations import RiskDecision, RiskFacts, change_risk, close_case, decide_risk
from cases.operations.case import StaleVersion
from tests import world as w
from tests.cases.assessed import sheet
from tests.cases.pages import get, page, post, referred, text
from tests.cases.test_records import MY_NUMBER

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def corrected(by, risk, *red, version=1, reason="聞きちがい", answer="yes", **more):
    facts = RiskFacts(
        sheet=risk.sheet, answers={code: {"answer": answer} for code in red},
        assessed_on=timezone.localdate(), **more,
    )  # fmt: skip
    with w.act(by):
        row = RiskAssessment.objects.visible_to(by).select_related("record__case").get(pk=risk.pk)
        return change_risk(risk=row, by=by, version=version, reason=reason, facts=facts)


def decided(by, risk, level="red", version=1):
    told = RiskDecision(level, timezone.localdate(), "虐待対応会議", "会議で話し合った")
    with w.act(by):
        return decide_risk(risk=risk, by=by, version=version, decision=told)


def test_the_rule_is_asked_again_and_the_version_before_stays(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    assert corrected(city.elderly, risk, "elder-4-fear").computed_level == "yellow"
    shown = text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert "「おびえている」が○のため、イエロー" in shown
    assert "訂正あり" in shown
    top = text(page(city.elderly, case))
    assert "［訂正あり］" in top
    assert "直した理由：聞きちがい" in top
    told = text(get(city.elderly, f"/records/{risk.pk}/history/"))
    for words in ("暴言がくり返されている", "おびえている", "聞きちがい", str(city.elderly.user)):
        assert words in told


def test_the_manager_is_told_when_it_becomes_red_and_when_it_is_so_no_longer(city):
    manager = w.make_member(city.agencies["elderly"], "agency_manager")
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    corrected(city.elderly, risk, "elder-1-head")
    corrected(city.elderly, risk, "elder-1-head", version=2, text="頭のけが")
    corrected(city.elderly, risk, "elder-4-fear", version=3)
    with w.act(manager):
        found = Notice.objects.visible_to(manager).filter(kind="risk_red").order_by("pk")
        titles = list(found.values_list("title", flat=True))
    assert titles == [
        "リスク確認がレッドになりました",
        "リスク確認が直され、レッドではなくなりました",
    ]
    assert "判断を記録する" not in text(page(city.elderly, case))


def test_once_decided_it_stands_and_a_new_one_begins_from_its_answers(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    decided(city.elderly, risk)
    with pytest.raises(ActionDenied, match="再評価"):
        corrected(city.elderly, risk, "elder-4-fear", version=2)
    assert get(city.elderly, f"/risk/{risk.pk}/edit/").status_code == 403
    shown = text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert "書きまちがいを直す" not in shown
    again = f"/cases/{case.pk}/risk/new/?person={mother.pk}&sheet=elder"
    assert again.replace("&", "&amp;") in shown
    shown = text(get(city.elderly, again))
    assert 'name="answer_elder-1-head" value="yes" id="id_answer_elder-1-head_1"' in shown
    assert shown.count("checked") > 1


def test_a_decision_after_a_correction_has_no_reason_of_its_own(city):
    case, mother, _son, _given = referred(city)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    corrected(city.elderly, risk, "elder-1-head")
    with w.act(city.elderly):
        row = RiskAssessment.objects.select_related("record__case").get(pk=risk.pk)
    decided(city.elderly, row, version=2)
    assert text(get(city.elderly, f"/records/{risk.pk}/history/")).count("聞きちがい") == 1


def test_another_agency_reads_and_does_not_correct(city):
    case, mother, _son, _given = referred(city, categories=["basic", "safety"])
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    assert get(city.disability, f"/risk/{risk.pk}/").status_code == 200
    assert "書きまちがいを直す" not in text(get(city.disability, f"/risk/{risk.pk}/"))
    assert get(city.disability, f"/risk/{risk.pk}/edit/").status_code == 403
    with pytest.raises(ActionDenied, match="書いた機関"):
        corrected(city.disability, risk, "elder-4-fear")


def test_of_a_closed_case_nothing_is_corrected(city):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="転出")
    with pytest.raises(ActionDenied, match="終結"):
        corrected(city.elderly, risk, "elder-4-fear")


@pytest.mark.parametrize("reason", ["", "　 "])
def test_without_a_reason_or_an_answer_it_is_refused(city, reason):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    with pytest.raises(ActionDenied, match="直した理由"):
        corrected(city.elderly, risk, "elder-4-fear", reason=reason)
    with pytest.raises(ActionDenied, match="ひとつは答えて"):
        corrected(city.elderly, risk)


def test_of_two_at_the_same_moment_the_second_is_told(city):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    corrected(city.elderly, risk, "elder-4-fear")
    with pytest.raises(StaleVersion):
        corrected(city.elderly, risk, "elder-1-head")


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "answers = '{}', version = version + 1", "computed_level = 'red'",
     "strengths = 'x', correction_reason = 'x'"],
)  # fmt: skip
def test_the_database_asks_for_a_version_and_a_reason(city, change):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    with w.act(city.elderly), pytest.raises(IntegrityError, match="a reason"), transaction.atomic():
        run(change, risk)


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "answers = '{}'", "decided_level = '', decided_on = NULL, deciders = ''"],
)
def test_the_database_keeps_what_a_group_decided_on(city, change):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-1-head")
    decided(city.elderly, risk)
    change += ", version = version + 1, correction_reason = 'x'"
    with w.act(city.elderly), pytest.raises(IntegrityError, match="stands"), transaction.atomic():
        run(change, risk)


def run(change, risk):
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE cases_riskassessment SET {change} WHERE record_id = %s",
            [risk.pk],
        )


# --- the page --------------------------------------------------------------------------------


def typed(**changed):
    return {
        "version": "1", "assessed_on": "R8.5.1", "text": "通所先から聞いた", "strengths": "妹",
        "reason": "聞きちがい", "answer_elder-4-fear": "yes", "word_elder-4-fear": "通所の朝",
        **changed,
    }  # fmt: skip


def test_it_is_corrected_on_its_page(city):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words", text="通所先から")
    url = f"/risk/{risk.pk}/edit/"
    assert url in text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert "通所先から" in text(get(city.elderly, url))
    assert post(city.elderly, url, typed()).status_code == 302
    shown = text(get(city.elderly, f"/risk/{risk.pk}/"))
    assert "「おびえている」が○のため、イエロー" in shown
    assert "通所の朝" in shown
    stale = text(post(city.elderly, url, typed(text="訪問して見た")), 422)
    for words in ("ほかの人が先に保存しました", "訪問して見た", "通所先から聞いた"):
        assert words in stale


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"answer_elder-4-fear": "surely"}, "表示された答えの中から選んでください。"),
        ({"answer_elder-4-fear": ""}, "はい・いいえ・不明のどれか"),
        ({"word_elder-4-fear": "毎" * 61}, "60文字以内"),
        ({"word_elder-4-fear": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"answer_elder-4-fear": "", "word_elder-4-fear": ""}, "ひとつは答えてください"),
        ({"assessed_on": ""}, "確かめた日を入れてください。"),
        ({"assessed_on": "平成40年1月1日"}, "平成は31年4月30日までです"),
        ({"assessed_on": "R40.1.1"}, "確かめた日は今日までの日付"),
        ({"text": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"text": "あ" * 20_001}, "20,000文字以内"),
        ({"strengths": f"番号{MY_NUMBER}"}, "マイナンバー"),
        ({"reason": ""}, "直した理由を入れてください。"),
        ({"reason": "あ" * 201}, "200文字以内"),
        ({"version": ""}, "画面が古くなっています"),
    ],
)
def test_a_bad_correction_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, (mother, _son) = w.household(city.elderly)
    risk = sheet(city.elderly, case, mother, "elder-5-words")
    sent = typed(**changed)
    shown = text(post(city.elderly, f"/risk/{risk.pk}/edit/", sent), 422)
    assert sentence in shown
    for name in ("assessed_on", "text", "strengths", "reason", "word_elder-4-fear"):
        assert sent[name] in shown
    with w.act(city.elderly):
        assert RiskAssessment.objects.get(pk=risk.pk).version == 1


def test_nothing_corrected_is_no_version(city):
    case, (mother, _son) = w.household(city.elderly)
    day = datetime.date(2026, 5, 1)
    risk = sheet(city.elderly, case, mother, "elder-4-fear", text="見た", on=day)
    sent = typed(text="見た", strengths="", **{"word_elder-4-fear": ""})
    shown = text(post(city.elderly, f"/risk/{risk.pk}/edit/", sent), 422)
    assert "直したところがありません" in shown
