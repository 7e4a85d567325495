"""インテーク・アセスメントシート: one entry feeds it; what one may not read is neither shown nor
counted; an agency's own form and the national items alone are enough."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from agencies.models import AccessLog, IntakeItem
from agencies.permissions import ActionDenied
from cases import sheet as compose
from cases.caselines import consent_states
from cases.casepage import issues_of
from cases.explain import grants_on
from cases.models import AssessmentSection, Case, Consultation
from cases.operations import (
    add_issue,
    add_to_case,
    assess,
    close_case,
    complete_consultation,
    make_case,
    take_consultation,
)
from cases.operations.case import PersonFacts, persons_by_key
from cases.operations.consultation import ConsultationFacts
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.cases.pages import get, page, post, referred, text
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TOLD = {"work": "年金で生活", "housing": "持ち家", "pension": "受け取っている",
        "source-agency": "医療機関", "application-signed": "本人が署名した"}  # fmt: skip


@pytest.fixture
def city():
    return w.city()


def told(by, answers=TOLD, **more) -> Consultation:
    facts = ConsultationFacts(
        mode="with_consent", route="person_phone", complaint="家賃が払えない", urgency="high",
        answers=dict(answers), **more,
    )  # fmt: skip
    mother = PersonFacts(name="架空野 花", birth_year=1947, sex="female", relation="head")
    with w.act(by):
        return take_consultation(by=by, facts=facts, persons=[mother], issues=["housing"])


def case_of(by, **more) -> Case:
    consultation = told(by, **more)
    with w.act(by):
        return make_case(consultation=consultation, by=by)


def sheets(by, case, *, is_short=False):
    with w.act(by):
        case = Case.objects.visible_to(by).select_related("municipality").get(pk=case.pk)
        persons = persons_by_key(by, case)
        grants = grants_on(by, case.pk)
        agreed = consent_states(by, case, persons, grants)
        known = compose.known_of(
            by, case, persons, issues_of(by, case), grants, agreed, may_write=True
        )
        return compose.sheets(known, is_short=is_short)


def lines(found):
    return {line.label: line for s in found for b in s.blocks for line in b.lines}


def said(found, label):
    return [answer.text for answer in lines(found)[label].answers]


def test_what_was_told_on_the_telephone_fills_the_sheet(city):
    """… and the bar says what is still to be asked."""
    case = case_of(city.elderly)
    found = sheets(city.elderly, case)
    assert len(found) == 4
    assert said(found, "相談経路") == ["本人 電話・メール"]
    assert said(found, "仕事") == ["年金で生活"]
    assert said(found, "主訴") == ["家賃が払えない"]
    assert said(found, "性別") == ["女性"]
    assert said(found, "紹介元の機関") == ["医療機関"]
    assert "○" in said(found, "課題（○・◎）")[0]
    assert not lines(found)["世帯の形"].is_known
    bar = compose.whole(found)
    assert bar.missing == ("世帯の形", "手帳・認定")
    assert (bar.known, bar.asked) == (10, 12)
    assert bar.asked == sum(s.filled.asked for s in found)
    shown = text(get(city.elderly, reverse("intake_sheet", args=[case.pk])))
    assert "国への報告項目　10 / 12" in shown
    assert "まだ書かれていないもの：世帯の形、手帳・認定" in shown


def test_a_fact_is_corrected_where_it_is_written_and_the_sheet_follows(city):
    case = case_of(city.elderly)
    with w.act(city.elderly):
        section = AssessmentSection.objects.get(record__category="housing")
    url = reverse("assessment_edit", args=[section.pk])
    form = get(city.elderly, url).context["form"]
    assert form["fact_housing"].value() == "持ち家"
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"fact_housing": "公営住宅", "fact_rent": "3万円", "reason": "聞きまちがい",
             "assessed_on": "R8.11.1"}  # fmt: skip
    assert post(city.elderly, url, data).status_code == 302
    found = sheets(city.elderly, case)
    assert said(found, "住居") == ["公営住宅"]
    assert said(found, "家賃・住宅ローン（月）") == ["3万円"]
    history = text(get(city.elderly, reverse("record_history", args=[section.pk])))
    assert "住居：持ち家" in history
    assert "住居：公営住宅" in history
    assert "住居：公営住宅" in text(page(city.elderly, case))


def test_a_consent_that_is_there_is_no_gap(city):
    """What the consultation said and what is recorded of each person count, and are shown."""
    case = case_of(city.elderly, answers={})
    label = "本人同意の有無・利用の申込み"
    assert said(sheets(city.elderly, case), label) == ["本人同意あり"]
    assert label not in compose.whole(sheets(city.elderly, case)).missing
    with w.act(city.elderly):
        (mother,) = case.persons.all()
    w.consent(city.elderly, mother, city.agencies["disability"])
    for found in (sheets(city.elderly, case), sheets(city.elderly, case, is_short=True)):
        told, shared = said(found, label)
        assert told == "本人同意あり"
        assert shared.startswith("情報共有　同意あり")


def test_who_received_a_consent_knows_of_its_own_line_and_no_consultation(city):
    case, _mother, _son, _given = referred(city)
    label = "本人同意の有無・利用の申込み"
    (own,) = said(sheets(city.disability, case), label)
    assert own.startswith("情報共有　あなたの機関に同意")
    assert label not in compose.whole(sheets(city.disability, case)).missing
    (whole,) = said(sheets(city.elderly, case), label)  # of the son nothing is recorded
    assert whole.startswith("情報共有　同意あり")


def test_asked_and_not_known_is_shown_and_not_counted(city):
    case = case_of(city.elderly, answers={**TOLD, "work": "不明"})
    found = sheets(city.elderly, case)
    assert said(found, "仕事") == ["不明"]
    assert "仕事" in compose.whole(found).missing


def test_one_told_fact_takes_no_earlier_answer_away(city):
    """追加の相談: the telephone adds to the assessment; はい・いいえ of before go on standing."""
    case = case_of(city.elderly)
    with w.act(city.elderly):
        (mother,) = case.persons.all()
        assess(case=case, by=city.elderly, category="money", situation="", persons=[mother],
               answers={"money-debt": {"answer": "yes", "word": "友人から"},
                        "savings": {"answer": "yes", "word": "10万円"}})  # fmt: skip
    again = told(city.elderly, answers={"pension": "免除・猶予"})
    with w.act(city.elderly):
        add_to_case(
            consultation=again, case=case, by=city.elderly,
            matched={part.pk: mother for part in again.persons.all()},
        )  # fmt: skip
    found = sheets(city.elderly, case)
    assert said(found, "年金") == ["免除・猶予"]
    assert said(found, "預貯金") == ["10万円"]
    shown = text(get(city.elderly, reverse("assessment_detail", args=[case.pk])))
    assert "返せない借金がある（友人から）" in shown
    url = f"{reverse('assessment_new', args=[case.pk])}?category=money&about={mother.pk}"
    form = get(city.elderly, url).context["form"]
    assert form["answer_money-debt"].value() == "yes"
    assert form["fact_pension"].value() == "免除・猶予"


def test_a_fact_told_for_the_agency_alone_is_not_opened_when_asked_again(city):
    case, mother, _son, _given = referred(city)
    with w.act(city.elderly):
        assess(case=case, by=city.elderly, category="work", situation="", persons=[mother],
               answers={"work": {"answer": "yes", "word": "内職"}}, audience="agency")  # fmt: skip
    url = f"{reverse('assessment_new', args=[case.pk])}?category=work&about={mother.pk}"
    form = get(city.elderly, url).context["form"]
    assert (form["fact_work"].value(), form["audience"].value()) == ("内職", "agency")
    assert not get(city.disability, url).context["form"]["fact_work"].value()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"fact_housing": "宇宙船"}, "住居は表示された中から選んでください。"),
        ({"fact_rent": "あ" * 501}, "家賃・住宅ローン（月）は500文字以内で"),
    ],
)
def test_bad_facts_get_a_sentence_and_lose_nothing(city, changed, sentence):
    case, mother, _son, _given = referred(city)
    sent = {
        "form_key": str(uuid.uuid4()), "category": "housing", "about": [str(mother.pk)],
        "situation": "雨もりがする", "strengths": "", "assessed_on": "R8.5.1", "audience": "team",
        "fact_housing": "借家・アパート", "fact_rent": "4万円", **changed,
    }  # fmt: skip
    url = f"{reverse('assessment_new', args=[case.pk])}?category=housing&about={mother.pk}"
    shown = text(post(city.elderly, url, sent), 422)
    assert sentence in shown
    assert "雨もりがする" in shown
    assert ("4万円" in shown) or ("あ" * 501 in shown)
    with w.act(city.elderly):
        assert not AssessmentSection.objects.exists()


def test_who_may_read_one_field_sees_and_counts_that_field_alone(city):
    """V3: consent for 基本情報 and 健康."""
    case, _mother, _son, _given = referred(city, categories=["basic", "health"])
    found = lines(sheets(city.disability, case))
    assert "通院先・薬" in found
    assert not {"住居", "仕事", "預貯金", "手帳・認定", "主訴", "相談経路"} & set(found)
    bar = compose.whole(sheets(city.disability, case))
    assert not {"住居", "仕事", "紹介元の機関"} & set(bar.missing)
    assert {"住居", "仕事"} <= set(lines(sheets(city.elderly, case)))


def seen(by, case) -> list[str]:
    """The pages with the bar, as they are byte for byte."""
    urls = [reverse(name, args=[case.pk]) for name in ("intake_sheet", "intake_sheet_print")]
    urls += [f"{urls[0]}?only=national", reverse("case_detail", args=[case.pk])]
    return [twoworlds.masked(text(get(by, url))) for url in urls]


def test_two_worlds_that_differ_in_what_is_closed_look_alike(city):
    """V15: facts, problems and words of closed fields, of the agency alone and of the person who
    has not been asked move no bar and fill no box."""
    case, mother, son, _given = referred(city, categories=["basic", "health"])
    before = seen(city.disability, case)
    with w.act(city.elderly):
        for category, answers in (
            ("housing", {"housing": {"answer": "yes", "word": "持ち家"}}),
            ("work", {"work": {"answer": "yes", "word": "内職"}}),
            ("disability", {"certificates": {"answer": "yes", "word": "療育手帳"}}),
        ):
            assess(case=case, by=city.elderly, category=category, situation="閉じた状況",
                   persons=[mother], answers=answers)  # fmt: skip
        assess(case=case, by=city.elderly, category="health", situation="息子のこと",
               persons=[son], strengths="つよみ")  # fmt: skip
        assess(case=case, by=city.elderly, category="health", situation="機関だけ",
               persons=[mother], audience="agency")  # fmt: skip
        add_issue(case=case, by=city.elderly, issue_type="debt", person=son, is_primary=True)
    assert seen(city.disability, case) == before
    assert "持ち家" in text(get(city.elderly, reverse("intake_sheet", args=[case.pk])))


def test_a_citys_own_item_stands_with_its_field(city):
    with as_owner():
        for code, category in (("watching", "household"), ("heard", "")):
            IntakeItem.objects.create(
                municipality=city.city, code=code, label=f"市の{code}", kind="line",
                category=category, order=1,
            )  # fmt: skip
    case = case_of(city.elderly, answers={"local:watching": "ふれあいの会", "local:heard": "病院"})
    found = sheets(city.elderly, case)
    assert said(found, "市のwatching") == ["ふれあいの会"]
    assert said(found, "市のheard") == ["病院"]
    assert "市のwatching" in [line.label for b in found[0].blocks for line in b.lines]
    assert not lines(found)["市のwatching"].is_national
    with w.act(city.elderly):
        section = AssessmentSection.objects.get()
    assert section.answers == {"intake:watching": {"answer": "yes", "word": "ふれあいの会"}}


def test_an_own_form_and_the_national_items_alone_are_enough(city):
    """The page says so, shows what is attached, and asks no more than the framed items."""
    house = h.home(city.elderly, city)
    h.written(house)
    short = sheets(city.elderly, house.case, is_short=True)
    assert all(line.is_national for line in lines(short).values())
    assert compose.whole(short) == compose.whole(sheets(city.elderly, house.case))
    url = reverse("intake_sheet", args=[house.case.pk])
    shown = text(get(city.elderly, f"{url}?only=national"))
    assert "自機関のアセスメント様式を、このシートの代わりにできます" in shown
    assert "写真.png" in shown
    assert "預貯金" not in shown


def test_every_section_shown_is_logged(city):
    case = case_of(city.elderly)
    for name in ("intake_sheet", "intake_sheet_print"):
        get(city.elderly, reverse(name, args=[case.pk]))
        with w.act(city.elderly):
            keys = set(AssessmentSection.objects.values_list("pk", flat=True))
            line = AccessLog.objects.filter(what=name).latest("at", "id")
            lines_of = AccessLog.objects.filter(what=name).order_by("-at", "-id")[:2]
            named = {key for one in lines_of for key in one.record_ids}
        assert keys <= named
        assert line.case_id == case.pk


def test_however_much_is_written_the_sheet_asks_as_much(city, django_assert_max_num_queries):
    case = case_of(city.elderly)
    tab = sign_in(Client(), city.elderly)
    url = reverse("intake_sheet", args=[case.pk])
    tab.get(url)
    with django_assert_max_num_queries(45) as first:
        tab.get(url)
    with w.act(city.elderly):
        (mother,) = case.persons.all()
        for number in range(20):
            assess(case=case, by=city.elderly, category="money", situation=f"{number}",
                   persons=[mother])  # fmt: skip
            add_issue(case=case, by=city.elderly, issue_type="debt", person=mother)
    with django_assert_max_num_queries(len(first.captured_queries)):
        tab.get(url)


def test_the_case_page_tells_the_bar_in_a_line_and_draws_the_family(city):
    house = h.home(city.elderly, city)
    shown = text(page(city.elderly, house.case))
    bar = compose.whole(sheets(city.elderly, house.case))
    assert f"国への報告項目 {bar.known} / {bar.asked}" in shown
    assert reverse("intake_sheet", args=[house.case.pk]) in shown
    small = reverse("genogram_small", args=[house.case.pk])
    assert f'hx-get="{small}"' in shown
    drawn = text(get(city.elderly, small))
    assert drawn.count('class="kin-node"') == 2
    with w.act(city.elderly):
        line = AccessLog.objects.filter(what="genogram_small").latest("at", "id")
        assert {person.pk for person in house.persons} <= set(line.record_ids)


def test_the_small_genogram_draws_whom_the_reader_sees(city):
    """V3: the son has not been asked."""
    case, _mother, _son, _given = referred(city)
    drawn = text(get(city.disability, reverse("genogram_small", args=[case.pk])))
    assert drawn.count('class="kin-node"') == 1
    assert "別姓田" not in drawn


def test_what_was_not_asked_at_first_is_added_to_the_form_later(city):
    """書き足す: nothing written is written over; a field of the assessment is written there."""
    case = case_of(city.elderly, answers={"work": "内職"})
    line = lines(sheets(city.elderly, case))["紹介元の機関"]
    with w.act(city.elderly):
        consultation = Consultation.objects.get()
    assert line.url == reverse("consultation_items", args=[consultation.pk])
    form = get(city.elderly, line.url).context["form"]
    assert "source-agency" in form.fields
    assert not {"work", "housing", "no-consent-reason"} & set(form.fields)
    sent = {"item-source-agency": "警察", "item-application-signed": "代筆した"}
    assert post(city.elderly, line.url, sent).status_code == 302
    found = sheets(city.elderly, case)
    assert said(found, "紹介元の機関") == ["警察"]
    assert lines(found)["紹介元の機関"].is_read
    assert compose.whole(found).missing == ("世帯の形", "手帳・認定", "住居")
    # From a page opened before: nothing is written over, and nothing typed is lost.
    late = {
        "item-source-agency": "医療機関",
        "item-source-contact": "架空さん",
        "item-work": "学生",
    }
    shown = text(post(city.elderly, line.url, late), 422)
    assert "先に「警察」と書かれています。この欄は消してください。" in shown
    assert "先に「内職」と書かれています。" in shown
    for value in ("医療機関", "架空さん", "学生"):
        assert value in shown
    assert said(sheets(city.elderly, case), "紹介元の機関") == ["警察"]
    rest = {"item-source-agency": "", "item-source-contact": "架空さん", "item-work": ""}
    assert post(city.elderly, line.url, rest).status_code == 302
    assert said(sheets(city.elderly, case), "紹介元の機関") == ["警察"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "書き足すことを、一つは書いてください。"),
        ({"item-source-agency": "宇宙"}, "紹介元の機関は表示された中から選んでください。"),
        ({"item-source-contact": "あ" * 501}, "つなぎ元の担当者・連絡先は500文字以内で"),
    ],
)
def test_bad_additions_get_a_sentence_and_lose_nothing(city, sent, sentence):
    case_of(city.elderly, answers={})
    with w.act(city.elderly):
        consultation = Consultation.objects.get()
    url = reverse("consultation_items", args=[consultation.pk])
    more = {"item-source-reason": "家賃の相談先として"} if sent else {}
    shown = text(post(city.elderly, url, {**sent, **more}), 422)
    assert sentence in shown
    assert not more or "家賃の相談先として" in shown
    with w.act(city.elderly):
        assert Consultation.objects.get().answers == {}


def test_nobody_else_adds_to_the_form(city):
    case = case_of(city.elderly)
    with w.act(city.elderly):
        consultation = Consultation.objects.get()
    url = reverse("consultation_items", args=[consultation.pk])
    for name in ("disability", "coordinator", "head"):
        assert get(city.members[name], url).status_code in (403, 404)
        with w.act(city.members[name]), pytest.raises((ActionDenied, Consultation.DoesNotExist)):
            complete_consultation(
                consultation=consultation, by=city.members[name], answers={"email": "x"}
            )
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="おわり")
    assert get(city.elderly, url).status_code == 403
