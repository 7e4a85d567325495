"""Cautions, the questions of the assessment, risk sheets: operations, gate, pages, bad input."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import meetings.panels
from agencies.models import AccessLog, Agency, AssessmentItem, Notice
from agencies.permissions import ActionDenied
from agencies.profile_entries import ASSESSED, QUESTION_KINDS
from cases import enums, riskpage
from cases.assessments import FIELDS
from cases.disclosures import emergency_grounds
from cases.models import AssessmentSection, CautionNote, Issue, RiskAssessment
from cases.operations import (
    RiskDecision,
    RiskFacts,
    add_issue,
    assess,
    assess_risk,
    change_assessment,
    change_caution,
    decide_risk,
    end_caution,
    open_emergency,
    refile_record,
    withdraw_consent,
    write_caution,
    write_note,
)
from cases.operations.case import StaleVersion
from cases.operations.emergency import EmergencyFacts
from cases.questions import LOCAL, Tally, catalogue, national, tally
from config.lib.registry import registry
from tests import world as w
from tests.cases.pages import client, get, page, post, referred, text
from tests.cases.test_records import MY_NUMBER
from tests.meetings.situations import make_sitting
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TODAY = datetime.date(2026, 11, 20)
MARCH, MAY = datetime.date(2026, 3, 1), datetime.date(2026, 5, 1)


@pytest.fixture
def city():
    return w.city()


def caution(by, case, words="犬がいる", persons=(), **more):
    more.setdefault("kind", "visit_safety")
    with w.act(by):
        return write_caution(case=case, by=by, text=words, persons=persons, **more)


def section(by, case, persons, category="health", answers=None, **more):
    more.setdefault("situation", "")
    with w.act(by):
        return assess(
            case=case, by=by, category=category, persons=persons, answers=answers or {}, **more
        )


def sheet(by, case, person, *red, code="elder", on=None, **more):
    facts = RiskFacts(
        sheet=code, answers={item: {"answer": "yes"} for item in red},
        assessed_on=on or timezone.localdate(), **more,
    )  # fmt: skip
    with w.act(by):
        return assess_risk(case=case, by=by, person=person, facts=facts)


def yes(word=""):
    return {"answer": "yes", "word": word} if word else {"answer": "yes"}


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
        changed = change_caution(
            caution=written, by=city.elderly, version=1, text="犬が二匹いる", noted_on=TODAY
        )
        with pytest.raises(StaleVersion):
            change_caution(caution=written, by=city.elderly, version=1, text="x", noted_on=TODAY)
        end_caution(caution=changed, by=city.elderly, version=2, on=TODAY, reason="手放した")
        ended = CautionNote.objects.get()
        with pytest.raises(ActionDenied, match="すでに終わっています"):
            change_caution(caution=ended, by=city.elderly, version=3, text="x", noted_on=TODAY)
    shown = text(page(city.elderly, case))
    assert 'class="cautions"' not in shown
    assert "犬が二匹いる" in shown  # in the timeline, with why it ended
    assert "手放した" in shown
    history = text(get(city.elderly, f"/records/{written.pk}/history/"))
    assert "犬がいる" in history
    assert "終わった理由" in history


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
    stale = post(city.elderly, f"{url}/edit/", {"version": 9, "text": "猫", "noted_on": "R8.5.1"})
    assert "先に保存しました" in text(stale, 422)
    sent = {"version": 1, "text": "犬が二匹いる", "noted_on": "R8.5.1"}
    assert post(city.elderly, f"{url}/edit/", sent).status_code == 302
    early = {"version": 2, "ended_on": "R8.4.1", "end_reason": "手放した"}
    assert "分かった日からあと" in text(post(city.elderly, f"{url}/end/", early), 422)
    bare = {"version": 2, "ended_on": "R8.6.1", "end_reason": ""}
    assert "終わった理由を入れて" in text(post(city.elderly, f"{url}/end/", bare), 422)
    assert post(city.elderly, f"{url}/end/", {**bare, "end_reason": "手放した"}).status_code == 302
    again = text(post(city.elderly, f"{url}/end/", {**bare, "end_reason": "x", "version": 3}), 422)
    assert "すでに終わっています" in again


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


# --- questions -----------------------------------------------------------------------------------


def test_the_national_list_is_well_formed():
    codes = [question.code for question in national()]
    assert len(codes) == len(set(codes))
    assert {q.category for q in national()} <= {str(field) for field in FIELDS}
    assert {q.kind for q in national()} == set(enums.QuestionKind.values)
    assert not any(code.startswith(LOCAL) for code in codes)


def test_the_profile_knows_the_words_of_this_room():
    assert set(ASSESSED) == {str(field) for field in FIELDS}
    assert set(QUESTION_KINDS) == set(enums.QuestionKind.values)


def test_unknown_and_unanswered_are_counted_and_never_a_no():
    asked = [q for q in national() if q.category == "health"][:4]
    given = {asked[0].code: {"answer": "yes"}, asked[1].code: {"answer": "unknown"}}
    assert tally(asked, given) == Tally(yes=1, no=0, unknown=1, unanswered=2)
    assert tally(asked, given).words == "はい1・不明1・未回答2"


def test_answers_are_gated_with_their_section(city):
    """V3: a consent for 健康 opens the answers about health, and nothing about money."""
    case, mother, _son, _given = referred(city, categories=["basic", "health"])
    section(city.elderly, case, [mother], answers={"health-illness": yes("心臓")})
    section(city.elderly, case, [mother], "money", {"money-debt": yes("友人から")})
    for what in ("", "print/"):
        own = text(get(city.elderly, f"/cases/{case.pk}/assessment/{what}"))
        assert "心臓" in own
        assert "友人から" in own
        shown = text(get(city.disability, f"/cases/{case.pk}/assessment/{what}"))
        assert "心臓" in shown
        assert "友人から" not in shown
        assert "返せない借金" not in shown
        assert "別姓田" not in shown


def test_the_page_counts_what_is_not_known(city):
    case, mother, _son, _given = referred(city)
    section(
        city.elderly, case, [mother],
        answers={"health-illness": yes(), "health-untreated": {"answer": "unknown"},
                 "health-mental": {"answer": "no"}, "health-doctor": yes("太田先生")},
    )  # fmt: skip
    shown = text(get(city.elderly, f"/cases/{case.pk}/assessment/"))
    assert "不明 1" in shown
    assert "はい2・いいえ1・不明1・未回答4" in shown
    assert "太田先生" in shown
    assert "必要な受診や服薬が途切れている" in shown  # among what is not known
    assert "眠れない" not in shown  # a no is no worry


def test_answers_of_another_field_or_of_two_people_are_refused(city):
    case, mother, son, _given = referred(city)
    with pytest.raises(ActionDenied, match="読めませんでした"):
        section(city.elderly, case, [mother], answers={"money-debt": yes()})
    with pytest.raises(ActionDenied, match="読めませんでした"):
        section(city.elderly, case, [mother], answers={"health-illness": {"answer": "maybe"}})
    with pytest.raises(ActionDenied, match="一人ずつ"):
        section(city.elderly, case, [mother, son], answers={"health-illness": yes()})


def test_a_city_asks_more_and_stops_asking(city):
    with as_owner():
        AssessmentItem.objects.create(
            municipality=city.city, code="snow", category="housing", kind="problem",
            text="雪かきができない", order=1,
        )  # fmt: skip
    case, mother, _son, _given = referred(city)
    url = f"/cases/{case.pk}/assessment/new/?category=housing&about={mother.pk}"
    assert "雪かきができない" in text(get(city.elderly, url))
    written = section(city.elderly, case, [mother], "housing", {f"{LOCAL}snow": yes("屋根も")})
    with as_owner():
        AssessmentItem.objects.update(ended_on=timezone.localdate())
    assert "雪かきができない" not in text(get(city.elderly, url))
    assert "雪かきができない" in text(get(city.elderly, f"/cases/{case.pk}/assessment/"))
    assert "屋根も" in text(get(city.elderly, f"/assessment/{written.pk}/edit/"))
    other = w.city("other")
    with w.act(other.elderly):
        assert f"{LOCAL}snow" not in catalogue(other.city)


def typed_section(person, **changed):
    return {
        "form_key": str(uuid.uuid4()), "category": "health", "about": [str(person.pk)],
        "answer_health-illness": "yes", "word_health-illness": "心臓",
        "answer_health-untreated": "unknown", "situation": "", "strengths": "",
        "assessed_on": "R8.5.1", "audience": "team", **changed,
    }  # fmt: skip


def test_a_section_is_written_question_by_question(city):
    case, mother, _son, _given = referred(city)
    url = f"/cases/{case.pk}/assessment/new/?category=health&about={mother.pk}"
    shown = text(get(city.elderly, url))
    assert "必要な受診や服薬が途切れている" in shown
    assert "返せない借金" not in shown
    assert f'value="{mother.pk}" checked' in shown or "checked" in shown
    answer = post(city.elderly, url, typed_section(mother, more="1"))
    assert answer.status_code == 302
    assert "category=disability" in answer.url
    with w.act(city.elderly):
        written = AssessmentSection.objects.get()
        assert written.answers == {
            "health-illness": {"answer": "yes", "word": "心臓"},
            "health-untreated": {"answer": "unknown"},
        }
        assert written.record.category == "health"
    assert "はい：治療や通院が必要な病気・けががある（心臓）" in text(page(city.elderly, case))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"answer_health-illness": "perhaps"}, "表示された答えの中から選んでください。"),
        (
            {"answer_health-illness": "", "word_health-illness": "心臓"},
            "はい・いいえ・不明のどれか",
        ),
        ({"word_health-illness": "心" * 61}, "60文字以内"),
        ({"word_health-illness": MY_NUMBER}, "マイナンバー"),
        ({"about": []}, "だれについての記録かを選んでください。"),
        ({"assessed_on": "明日"}, "確認した日"),
        ({"assessed_on": "R30.1.1"}, "確認した日は今日までの日付"),
        ({"category": "weather"}, "表示された中から選んでください"),
        (
            {"answer_health-illness": "", "word_health-illness": "", "answer_health-untreated": ""},
            "状況を書くか、項目のどれかに答えてください。",
        ),
    ],
)
def test_bad_answers_get_a_sentence_and_lose_nothing(city, changed, sentence):
    case, mother, _son, _given = referred(city)
    sent = typed_section(mother, strengths="妹が近くにいる", **changed)
    shown = text(post(city.elderly, f"/cases/{case.pk}/assessment/new/", sent), 422)
    assert sentence in shown
    assert "妹が近くにいる" in shown
    if changed.get("word_health-illness"):
        assert changed["word_health-illness"] in shown
    with w.act(city.elderly):
        assert not AssessmentSection.objects.exists()


def test_asked_again_the_former_answers_stand_there_for_the_same_readers(city):
    """What is not touched is said again; what was the agency's alone is not opened unawares."""
    case, mother, son, _given = referred(city)
    kept = {"health-illness": yes("心臓"), "health-untreated": {"answer": "unknown"}}
    section(city.elderly, case, [mother], answers=kept, assessed_on=MARCH, audience="agency")
    url = f"/cases/{case.pk}/assessment/new/?category=health&about="
    form = get(city.elderly, f"{url}{mother.pk}").context["form"]
    assert form["answer_health-illness"].value() == "yes"
    assert form["word_health-illness"].value() == "心臓"
    assert form["audience"].value() == "agency"
    with w.act(city.elderly):
        looked = AccessLog.objects.filter(what="assessment_new").latest("at")
        assert AssessmentSection.objects.get().pk in looked.record_ids
    for by, who in ((city.elderly, son), (city.disability, mother)):
        form = get(by, f"{url}{who.pk}").context["form"]
        assert not form["answer_health-illness"].value()
    assert get(city.elderly, f"{url}nobody").status_code == 200


def test_a_draft_is_gone_on_with_where_its_questions_are_asked(city):
    case, mother, _son, _given = referred(city)
    browser = client(city.elderly)
    for url, question in (
        (f"/cases/{case.pk}/assessment/new/?category=health&about={mother.pk}", "必要な受診"),
        (f"/cases/{case.pk}/risk/new/?person={mother.pk}&sheet=elder", "頭のけが"),
    ):
        shown = text(browser.get(url))
        token = re.search('name="draft_token" value="([^"]+)"', shown)[1]
        kept = browser.post("/drafts/save/", {"draft_token": token, "strengths": "妹"})
        assert kept.status_code == 200
        (line,) = [
            one for one in browser.get("/drafts/").context["drafts"] if one.url.startswith(url)
        ]
        assert f"{url}&draft=" in line.url
        assert question in text(browser.get(line.url))


def test_a_sheet_done_again_begins_for_the_same_readers(city):
    case, mother, _son, _given = referred(city)
    facts = RiskFacts(sheet="elder", answers={"elder-1-head": yes()}, assessed_on=MARCH)
    with w.act(city.elderly):
        assess_risk(case=case, by=city.elderly, person=mother, facts=facts, audience="agency")
    url = f"/cases/{case.pk}/risk/new/?person={mother.pk}&sheet=elder"
    form = get(city.elderly, url).context["form"]
    assert (form["answer_elder-1-head"].value(), form["audience"].value()) == ("yes", "agency")
    assert not get(city.disability, url).context["form"]["answer_elder-1-head"].value()


def test_answers_about_two_people_at_once_are_asked_apart(city):
    case, mother, son, _given = referred(city)
    sent = typed_section(mother, about=[str(mother.pk), str(son.pk)])
    shown = text(post(city.elderly, f"/cases/{case.pk}/assessment/new/", sent), 422)
    assert "一人ずつ（または世帯全体）" in shown


def test_twelve_digits_may_be_declared_in_a_word(city):
    case, mother, _son, _given = referred(city)
    sent = typed_section(mother, **{"word_health-illness": MY_NUMBER, "not_my_number": "on"})
    assert post(city.elderly, f"/cases/{case.pk}/assessment/new/", sent).status_code == 302


def test_a_section_is_corrected_and_a_conflict_shows_both_answers(city):
    case, mother, _son, _given = referred(city)
    written = section(city.elderly, case, [mother], answers={"health-illness": yes("心臓")})
    url = f"/assessment/{written.pk}/edit/"
    shown = text(get(city.elderly, url))
    assert "心臓" in shown
    sent = {
        "version": 1, "situation": "", "strengths": "", "assessed_on": "R8.5.1",
        "reason": "診断が変わった",
        "answer_health-illness": "no", "word_health-illness": "",
        "answer_health-mental": "unknown",
    }  # fmt: skip
    assert post(city.elderly, url, sent).status_code == 302
    with w.act(city.elderly):
        assert AssessmentSection.objects.get().answers == {
            "health-illness": {"answer": "no"}, "health-mental": {"answer": "unknown"},
        }  # fmt: skip
    late = text(post(city.elderly, url, {**sent, "answer_health-illness": "yes"}), 422)
    assert "先に保存しました" in late
    assert "治療や通院が必要な病気・けががある" in late[: late.index("questions")]
    history = text(get(city.elderly, f"/records/{written.pk}/history/"))
    assert "はい：治療や通院が必要な病気・けががある（心臓）" in history
    assert "いいえ：治療や通院が必要な病気・けががある" in history


def moved_by_hand(row, category):
    """The database refuses it, whatever an operation forgot."""
    denied = pytest.raises(DatabaseError, match="not moved")
    with denied, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select kasane.refile_record(%s, %s, 'team', 'x')", [row.pk, category])


def test_a_section_with_answers_keeps_its_field(city):
    """Its questions belong to it; the audience may still be narrowed."""
    case, mother, _son, _given = referred(city)
    written = section(city.elderly, case, [mother], answers={"health-illness": yes()})
    by = city.elderly
    with w.act(by):
        record = written.record
        with pytest.raises(ActionDenied, match="相手だけを移せます"):
            refile_record(record=record, by=by, category="money", audience="team", reason="x")
        moved_by_hand(record, "money")
        refile_record(record=record, by=by, category="health", audience="agency", reason="x")
    assert "治療や通院" not in text(get(city.disability, f"/cases/{case.pk}/assessment/"))


@pytest.mark.parametrize("what", ["caution", "risk"])
def test_cautions_and_sheets_keep_their_category(city, what):
    case, mother, _son, _given = referred(city)
    by = city.elderly
    row = (
        caution(by, case, "犬がいる", [mother])
        if what == "caution"
        else sheet(by, case, mother, "elder-4-fear")
    )
    shown = text(get(by, f"/records/{row.pk}/refile/"))
    assert "司法・安全" in shown
    with w.act(by):
        moved_by_hand(row, "health")
        refile_record(record=row.record, by=by, category="safety", audience="agency", reason="x")
    assert "犬がいる" not in text(page(city.disability, case))


# --- two days ------------------------------------------------------------------------------------


def compared(by, case, **days):
    return get(by, f"/cases/{case.pk}/assessment/compare/" + (
        "?" + "&".join(f"{k}={v}" for k, v in days.items()) if days else ""
    ))  # fmt: skip


def twice(city):
    case, mother, _son, _given = referred(city)
    section(
        city.elderly, case, [mother], assessed_on=MARCH, situation="ひとりで通院",
        answers={"health-illness": yes("心臓"), "health-untreated": {"answer": "unknown"}},
    )  # fmt: skip
    section(
        city.elderly, case, [mother], assessed_on=MAY, situation="娘が付き添う",
        answers={"health-illness": {"answer": "no"}, "health-untreated": yes(),
                 "health-mental": yes()},
    )  # fmt: skip
    return case, mother


def test_two_days_stand_side_by_side_in_words_and_as_a_picture(city):
    case, _mother = twice(city)
    shown = text(compared(city.elderly, case))
    assert "令和8年3月1日" in shown
    for words in (
        "はいからいいえに",
        "不明からはいに",
        "新しく答えた",
        "ひとりで通院",
        "娘が付き添う",
        "書きかえた",
    ):
        assert words in shown
    assert "<svg" in shown
    assert 'class="change"' in shown
    assert "はい 1→2（1ふえた）" in shown  # the table says what the picture shows
    assert "style=" not in shown[shown.index('class="change"') :]
    paper = text(get(
        city.elderly,
        f"/cases/{case.pk}/assessment/print/?before={MARCH}&after={MAY}",
    ))  # fmt: skip
    assert "はいからいいえに" in paper
    plain = text(get(city.elderly, f"/cases/{case.pk}/assessment/print/?before=x&after={MAY}"))
    assert "はいからいいえに" not in plain


def test_the_same_day_backwards_or_no_day_gets_a_sentence(city):
    case, _mother = twice(city)
    for before, after in ((MAY, MARCH), (MAY, MAY)):
        shown = text(compared(city.elderly, case, before=before, after=after), 422)
        assert "前の日は、後の日より前の日" in shown
    assert "表示された中から" in text(compared(city.elderly, case, before="x", after=MAY), 422)
    assert "を選んでください" in text(compared(city.elderly, case, before="", after=MAY), 422)


def test_one_day_has_nothing_to_compare(city):
    case, mother, _son, _given = referred(city)
    assert "くらべる日がまだありません" in text(compared(city.elderly, case))
    section(city.elderly, case, [mother], answers={"health-illness": yes()})
    assert "くらべる日がまだありません" in text(compared(city.elderly, case, before="x", after="y"))


def test_a_day_is_told_by_the_version_that_stood_then(city):
    """V13: a correction of a later day is a second day; one of the same day replaces the words."""
    case, mother, _son, _given = referred(city)
    by = city.elderly
    written = section(by, case, [mother], assessed_on=MARCH, answers={"health-illness": yes()})
    with w.act(by):
        again = change_assessment(
            section=written, by=by, version=1, reason="書きもらし", situation="", strengths="",
            assessed_on=MARCH,
            answers={"health-illness": yes("肝臓")},
        )  # fmt: skip
        change_assessment(
            section=again, by=by, version=2, reason="検査の結果", situation="", strengths="",
            assessed_on=MAY,
            answers={"health-illness": {"answer": "no"}},
        )  # fmt: skip
    shown = text(compared(by, case))
    assert "はい（肝臓）" in shown
    assert "はいからいいえに" in shown


def test_a_version_from_before_a_move_is_no_day_to_who_may_not_see_it(city):
    """V13: once for the agency alone, now for the team: the words of then stay closed."""
    case, mother, _son, _given = referred(city)
    by = city.elderly
    written = section(
        by, case, [mother], assessed_on=MARCH, audience="agency",
        answers={"health-illness": yes("内輪のことば")},
    )  # fmt: skip
    with w.act(by):
        refile_record(record=written.record, by=by, category="health", audience="team", reason="x")
        change_assessment(
            section=AssessmentSection.objects.get(), by=by, version=1, reason="改めた",
            situation="", strengths="", assessed_on=MAY,
            answers={"health-illness": yes("みんなのことば")},
        )  # fmt: skip
    assert "内輪のことば" in text(compared(by, case))
    for url in ("compare/", "", f"print/?before={MARCH}&after={MAY}"):
        shown = text(get(city.disability, f"/cases/{case.pk}/assessment/{url}"))
        assert "内輪のことば" not in shown
        if url == "compare/":
            assert "くらべる日がまだありません" in shown


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


def cost(by, url):
    browser = client(by)
    assert browser.get(url).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("what", ["", "print/", "compare/"])
def test_the_assessment_costs_the_same_however_much_is_written(city, what):
    case, mother = twice(city)
    url = f"/cases/{case.pk}/assessment/{what}"
    once = cost(city.elderly, url)
    for category in ("money", "housing", "care", "household"):
        section(city.elderly, case, [mother], category, situation="x")
    assert cost(city.elderly, url) == once
    assert once <= 36, once


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
