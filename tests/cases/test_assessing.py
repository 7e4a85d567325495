"""The questions of the assessment and two of its days: operations, gate, pages, bad input."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import AccessLog, AssessmentItem
from agencies.permissions import ActionDenied
from agencies.profile_entries import ASSESSED, QUESTION_KINDS, RISK_GROUPS, RISK_SHEETS
from cases import enums
from cases.assessments import FIELDS
from cases.itemdata import LOCAL
from cases.models import AssessmentSection
from cases.operations import (
    RiskFacts,
    assess_risk,
    change_assessment,
    refile_record,
)
from cases.questions import Tally, catalogue, national, tally
from cases.risksheets import sheets
from tests import world as w
from tests.cases.assessed import MARCH, MAY, caution, cost, section, sheet, yes
from tests.cases.pages import client, get, page, post, referred, text
from tests.cases.test_records import MY_NUMBER
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


# --- questions -----------------------------------------------------------------------------------


def test_the_national_list_is_well_formed():
    codes = [question.code for question in national()]
    assert len(codes) == len(set(codes))
    assert {q.category for q in national()} <= {str(field) for field in FIELDS}
    assert {q.kind for q in national()} == set(enums.QuestionKind.values)
    assert not any(code.startswith(LOCAL) for code in codes)


def test_the_profile_knows_the_words_of_this_room():
    assert set(ASSESSED) == {str(field) for field in FIELDS}
    # A city's own facts are items of its 申込票.
    assert {*QUESTION_KINDS, "fact"} == set(enums.QuestionKind.values)
    found = sheets(None)
    assert set(RISK_SHEETS) == set(found)
    assert set(RISK_GROUPS) == {g.number for sheet in found.values() for g in sheet.groups}


def test_the_questions_follow_the_citys_word_for_shogai(city):
    with as_owner():
        city.city.wording_shogai = "障がい"
        city.city.save()
    with w.act(city.elderly):
        texts = [question.text for question in catalogue(city.city).values()]
    assert "障がい者手帳を持っている（申請中を含む）" in texts
    assert not [words for words in texts if "障害" in words]


def test_unknown_and_unanswered_are_counted_and_never_a_no():
    asked = [q for q in national() if q.category == "health" and not q.is_fact][:4]
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


def test_who_comes_from_the_sheet_goes_back_to_it(city):
    case, mother, _son, _given = referred(city)
    listed = text(get(city.elderly, f"/cases/{case.pk}/sheet/"))
    url = f"/cases/{case.pk}/assessment/new/?category=health&about={mother.pk}&from=sheet"
    assert "&amp;from=sheet" in listed
    shown = text(get(city.elderly, url))
    assert "保存してシートにもどる" in shown
    assert "from=sheet" in shown[shown.index('class="fields"') :]
    answer = post(city.elderly, url, typed_section(mother))
    assert (answer.status_code, answer.url) == (302, f"/cases/{case.pk}/sheet/")
    on = post(city.elderly, url, typed_section(mother, more="1"))
    assert "category=disability" in on.url
    assert on.url.endswith("from=sheet")
    other = url.replace("from=sheet", "from=//evil.example")
    assert "保存してシートにもどる" not in text(get(city.elderly, other))
    assert "/assessment/" in post(city.elderly, other, typed_section(mother)).url


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


# --- what it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["", "print/", "compare/"])
def test_the_assessment_costs_the_same_however_much_is_written(city, what):
    case, mother = twice(city)
    url = f"/cases/{case.pk}/assessment/{what}"
    once = cost(city.elderly, url)
    for category in ("money", "housing", "care", "household"):
        section(city.elderly, case, [mother], category, situation="x")
    assert cost(city.elderly, url) == once
    assert once <= 36, once
