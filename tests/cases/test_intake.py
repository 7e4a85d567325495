"""相談受付: the sheet, its two modes, its bad input, and what becomes of it."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, IntakeItem
from cases import enums
from cases.models import AssessmentSection, Case, Consultation, Issue, Note, Person
from cases.operations import add_to_case
from cases.operations.case import PersonFacts
from cases.questions import answer_lines, catalogue
from cases.search import search
from config.lib.eras import PartialDate, format_partial
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

MY_NUMBER = "123456789018"


@pytest.fixture
def city():
    return w.city()


def sheet(**changed):
    """A sheet with what is required and one person."""
    return {
        "form_key": str(uuid.uuid4()),
        "mode": "with_consent",
        "route": "person_visit",
        "complaint": "家賃が払えない",
        "urgency": "middle",
        "p1-name": "架空野 花子",
        "p1-name_kana": "かくうの はなこ",
        **changed,
    }


def take(client, city, member=None, **changed):
    sign_in(client, member or city.elderly)
    response = client.post(reverse("consultation_new"), sheet(**changed))
    assert response.status_code == 302, response.content.decode()
    with w.act(member or city.elderly):
        return Consultation.objects.get(pk=response.url.rstrip("/").rsplit("/", 1)[1])


def errors(response):
    assert response.status_code == 422
    return response.content.decode()


def test_sheet_asks_for_four_answers_only(client, city):
    page = sign_in(client, city.elderly).get(reverse("consultation_new"))
    assert page.status_code == 200
    assert page.content.decode().count("※必須") == 4


def test_sheet_with_everything_is_kept_whole(client, city):
    consultation = take(
        client,
        city,
        mode="without_consent",
        route="family_phone",
        visitor_name="架空野 次郎",
        visitor_relation="長男",
        visitor_phone="０７５－１２３－４５６７",
        issue_debt="applies",
        issue_care="primary",
        **{
            "p1-birth": "S30.4.1",
            "p1-sex": "female",
            "p1-relation": "parent",
            "p1-phone": "090-1234-5678",
            "p1-address": "架空市1-2-3",
            "p2-name": "架空野 次郎",
            "p2-birth": "50代",
        },
    )
    with w.act(city.elderly):
        first, second = consultation.persons.order_by("order")
        marks = dict(consultation.issues.values_list("issue_type", "is_primary"))
    assert (consultation.mode, consultation.route) == ("without_consent", "family_phone")
    assert consultation.visitor_phone == "075-123-4567"
    assert first.birth_on == datetime.date(1955, 4, 1)
    assert second.birth_on is None
    assert second.is_age_estimated
    assert second.is_decade
    assert marks == {"debt": False, "care": True}


def test_a_decade_stays_a_decade_wherever_an_age_is_said(client, city):
    """On the slip, the case, its paper, in the search and where the person is corrected."""
    consultation = take(client, city, **{"p1-name": "架空野 花子", "p1-birth": "70代"})
    pages = [reverse("consultation_detail", args=[consultation.pk])]
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    with w.act(city.elderly):
        person = Person.objects.get()
    case = [person.case_id]
    pages += [reverse(name, args=case) for name in ("case_detail", "case_print", "intake_sheet")]
    pages += [reverse("genogram", args=case)]
    year = timezone.localdate().year - 75
    for url in pages:
        shown = client.get(url).content.decode()
        assert "70代" in shown, url
        for words in ("75歳", format_partial(PartialDate(year))):
            assert words not in shown, (url, words)
    assert person.birth_year == year
    with w.act(city.elderly):
        (hit,) = search(city.elderly, "架空野 花子").hits
    assert hit.facts.startswith("70代くらい")


def test_a_decade_sent_back_in_a_later_year_moves_no_year(client, city):
    take(client, city, **{"p1-birth": "70代"})
    with w.act(city.elderly):
        consultation = Consultation.objects.get()
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    with as_owner():
        earlier = timezone.localdate().year - 78  # said three years ago
        Person.objects.update(birth_year=earlier)
        person = Person.objects.get()
    url = reverse("person_edit", args=[person.pk])
    form = client.get(url).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    assert data["birth"] == "70代"
    assert client.post(url, data | {"sex": "female"}).status_code == 302
    with w.act(city.elderly):
        person = Person.objects.get()
    assert (person.sex, person.birth_year, person.is_decade) == ("female", earlier, True)
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"birth": "S30.4.1", "version": person.version}
    assert client.post(url, data).status_code == 302
    with w.act(city.elderly):
        person = Person.objects.get()
    assert (person.birth_on, person.birth_year, person.is_decade) == (
        datetime.date(1955, 4, 1), None, False,
    )  # fmt: skip


def test_what_leads_elsewhere_stays_off_the_paper_of_the_slip(client, city):
    consultation = take(client, city)
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    shown = client.get(reverse("consultation_detail", args=[consultation.pk])).content.decode()
    words = "受付票に書き足す|インテーク・アセスメントシートを見る"
    found = re.findall(rf'<p( class="no-print")?><a [^>]*>(?:{words})<', shown)
    assert found
    assert all(found)


def test_anonymous_sheet_without_any_person_becomes_a_household_without_a_name(client, city):
    consultation = take(client, city, is_anonymous="on", **{"p1-name": "", "p1-name_kana": ""})
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    with w.act(city.elderly):
        assert consultation.is_anonymous
        assert not consultation.persons.exists()
        assert [p.shown_name for p in Person.objects.all()] == ["Aさん（氏名不明）"]


def test_same_key_twice_is_one_consultation(client, city):
    key = str(uuid.uuid4())
    first = take(client, city, form_key=key)
    assert take(client, city, form_key=key).pk == first.pk


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"complaint": ""}, "主訴（相談したいこと・希望）を入れてください。"),
        ({"mode": ""}, "本人の同意を選んでください。"),
        ({"route": "teleport"}, "相談経路は表示された中から選んでください。"),
        ({"urgency": ""}, "緊急度を選んでください。"),
        ({"form_key": "broken"}, "画面が古くなっています。"),
        ({"complaint": f"番号は{MY_NUMBER}です"}, "個人番号"),
        ({"p1-address": MY_NUMBER}, "個人番号"),
        ({"p2-name": MY_NUMBER}, "個人番号"),
        (
            {"p1-name_kana": "か" * 101},
            "ふりがなは100文字以内で入れてください（今は101文字です）",
        ),
        ({"p1-name_kana": "花子"}, "ふりがなは、ひらがなかカタカナで入れてください。"),
        ({"p1-birth": "R50.1.1"}, "今日までの日付を入れてください。"),
        ({"p1-birth": "平成40年"}, "平成は31年4月30日までです。"),
        ({"p2-birth": "2月30日"}, "日付として読めません。"),
        ({"p1-phone": "12"}, "電話番号は市外局番から入れてください"),
        ({"p1-phone": "0 (7) (5) (1) (2) (3) (4) (5) (6) (7) (8)"}, "40文字以内"),
        ({"visitor_relation": "い" * 41}, "40文字以内で入れてください"),
        ({"p1-name": "<b>太字</b> 太郎"}, "氏名に「&lt;」「&gt;」の記号は使えません。"),
        ({"p1-sex": "robot"}, "性別は表示された中から選んでください。"),
        ({"issue_debt": "primary", "issue_care": "primary"}, "◎（中心の課題）は1つだけ"),
        ({"issue_debt": "perhaps"}, "－・○・◎のどれかを選んでください。"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(client, city, changed, sentence):
    typed = sheet(**{"p1-address": "架空市 <b>太字</b>", **changed})
    response = sign_in(client, city.elderly).post(reverse("consultation_new"), typed)
    page = errors(response)
    assert sentence in page
    kept = response.context["sheet"]
    for name, value in typed.items():
        if name.startswith(("p1-", "p2-", "visitor", "complaint")) and value:
            assert value in [field.value() for field in kept if field.html_name == name]
    with w.act(city.elderly):
        assert not Consultation.objects.exists()


def test_twelve_digits_may_be_declared_to_be_no_my_number(client, city):
    page = sign_in(client, city.elderly).post(
        reverse("consultation_new"), sheet(complaint=f"伝票 {MY_NUMBER}")
    )
    assert 'name="not_my_number"' in errors(page)
    take(client, city, complaint=f"伝票 {MY_NUMBER}", not_my_number="on")
    with w.act(city.elderly):
        logged = set(AccessLog.objects.values_list("what", flat=True))
    assert "declared_no_my_number complaint" in logged


def test_html_is_data_and_shown_as_typed(client, city):
    consultation = take(client, city, complaint="<script>alert(1)</script>")
    page = client.get(reverse("consultation_detail", args=[consultation.pk])).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


# --- likely households (V15) ------------------------------------------------------------------


def test_likely_household_of_own_agency_is_pointed_out(client, city):
    case, _persons = w.household(
        city.elderly, PersonFacts(name="架空野 花子", name_kana="カクウノ ハナコ")
    )
    page = sign_in(client, city.elderly2).post(reverse("consultation_similar"), sheet())
    assert case.number in page.content.decode()
    with w.act(city.elderly2):
        assert AccessLog.objects.filter(
            what="consultation_similar", record_ids__contains=[case.pk]
        ).exists()


def test_likely_household_of_another_agency_changes_nothing(client, city):
    sign_in(client, city.elderly)
    before = client.post(reverse("consultation_similar"), sheet()).content
    w.household(city.child, PersonFacts(name="架空野 花子", name_kana="かくうの はなこ"))
    assert client.post(reverse("consultation_similar"), sheet()).content == before


def test_plain_check_keeps_what_was_typed_and_takes_nothing(client, city):
    case, _persons = w.household(city.elderly, PersonFacts(name="架空野 花子"))
    typed = sheet(complaint="", check="1", **{"p1-birth": "いつか"})
    page = sign_in(client, city.elderly).post(reverse("consultation_new"), typed)
    text = page.content.decode()
    assert page.status_code == 200
    assert case.number in text
    assert 'value="いつか"' in text
    assert typed["form_key"] in text
    assert "field-error" not in text
    with w.act(city.elderly):
        assert not Consultation.objects.exists()


# --- what becomes of it -----------------------------------------------------------------------


def test_consultation_becomes_a_case_once(client, city):
    consultation = take(client, city, issue_debt="primary", route="person_phone")
    url = reverse("consultation_make_case", args=[consultation.pk])
    first = client.post(url)
    second = client.post(url)
    with w.act(city.elderly):
        case = Case.objects.get()
        assert first.url == second.url == reverse("case_detail", args=[case.pk])
        assert case.responsible_agency_id == city.elderly.agency_id
        assert Issue.objects.get().is_primary
        assert Note.objects.get().text == "家賃が払えない"
        consultation.refresh_from_db()
    assert consultation.status == enums.ConsultationStatus.CASE


def test_consultation_finishes_with_a_result(client, city):
    consultation = take(client, city)
    url = reverse("consultation_finish", args=[consultation.pk])
    assert "結果を選んでください。" in errors(client.post(url, {}))
    assert "表示された中から" in errors(client.post(url, {"screening": "continue"}))
    assert client.post(url, {"screening": "info_only"}).status_code == 302
    with w.act(city.elderly):
        consultation.refresh_from_db()
    assert (consultation.status, consultation.screening) == ("done", "info_only")
    again = client.post(url, {"screening": "info_only"})
    assert again.status_code == 403
    assert "すでに処理が終わっています" in again.content.decode()


def test_detail_says_what_is_next_in_each_state(client, city):
    consultation = take(client, city, mode="without_consent")
    url = reverse("consultation_detail", args=[consultation.pk])
    assert "支援会議の事務局だけ" in client.get(url).content.decode()
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    assert "ケースを開く" in client.get(url).content.decode()


def test_look_at_a_consultation_is_logged(client, city):
    consultation = take(client, city)
    client.get(reverse("consultation_detail", args=[consultation.pk]))
    with w.act(city.elderly):
        line = AccessLog.objects.filter(what="consultation_detail", action="open").get()
    assert line.record_ids == [consultation.pk]


# --- who ---------------------------------------------------------------------------------------


def test_colleague_reads_and_finishes(client, city):
    consultation = take(client, city)
    sign_in(client, city.elderly2)
    url = reverse("consultation_detail", args=[consultation.pk])
    assert client.get(url).status_code == 200
    assert "架空野 花子さん" in client.get(reverse("consultation_list")).content.decode()
    finish = reverse("consultation_finish", args=[consultation.pk])
    assert client.post(finish, {"screening": "referred"}).status_code == 302


@pytest.mark.parametrize("stranger", ["child", "coordinator", "outreach"])
def test_stranger_meets_404_like_for_what_does_not_exist(client, city, stranger):
    consultation = take(client, city)
    sign_in(client, city.members[stranger])
    for name in ("consultation_detail", "consultation_make_case", "consultation_finish"):
        for key in (consultation.pk, uuid.uuid4()):
            url = reverse(name, args=[key])
            ask = client.get if name == "consultation_detail" else client.post
            assert ask(url).status_code == 404
    assert "架空野" not in client.get(reverse("consultation_list")).content.decode()


@pytest.mark.parametrize("role", ["admin", "privacy", "sysadmin"])
def test_role_without_cases_meets_403_with_a_reason(client, city, role):
    sign_in(client, city.members[role])
    for name in ("consultation_new", "consultation_list", "case_list", "case_search"):
        response = client.get(reverse(name))
        assert response.status_code == 403
        assert "の役割では" in response.content.decode()


def test_head_of_office_reads_but_does_not_take(client, city):
    consultation = take(client, city, member=city.coordinator)
    sign_in(client, city.head)
    page = client.get(reverse("consultation_detail", args=[consultation.pk]))
    assert page.status_code == 200
    assert "ケースにする</button>" not in page.content.decode()
    assert client.get(reverse("consultation_new")).status_code == 403
    url = reverse("consultation_make_case", args=[consultation.pk])
    assert client.post(url).status_code == 403


def test_nobody_signed_in_is_sent_to_sign_in(client):
    response = client.get(reverse("consultation_new"))
    assert response.status_code == 302
    assert response.url.startswith("/signin/")


def test_list_shows_open_first_and_pages_by_key(client, city, monkeypatch):
    monkeypatch.setattr("cases.views.intake.PAGE", 2)
    done = [take(client, city, **{"p1-name": f"済 {n}"}) for n in range(3)]
    for consultation in done:
        client.post(
            reverse("consultation_finish", args=[consultation.pk]), {"screening": "info_only"}
        )
    take(client, city, **{"p1-name": "未 一"})
    first = client.get(reverse("consultation_list"))
    assert [row.who for row in first.context["waiting"]] == ["未 一さん"]
    assert [row.who for row in first.context["ended"]] == ["済 2さん", "済 1さん"]
    second = client.get(reverse("consultation_list") + first.context["older_url"])
    assert [row.who for row in second.context["ended"]] == ["済 0さん"]
    assert client.get(reverse("consultation_list") + "?before=nonsense").status_code == 200


def test_list_costs_the_same_for_one_and_for_twenty(client, city, django_assert_max_num_queries):
    take(client, city)
    with django_assert_max_num_queries(40) as one:
        client.get(reverse("consultation_list"))
        budget = len(one)
    for number in range(19):
        take(client, city, **{"p1-name": f"架空 {number}"})
    with django_assert_max_num_queries(budget):
        client.get(reverse("consultation_list"))


# --- the items beyond the head -----------------------------------------------------------------


def in_case(member, case):
    with w.act(member):
        sections = AssessmentSection.objects.visible_to(member).filter(record__case=case)
        known = catalogue(member.municipality)
        return {
            s.record.category: "\n".join([s.situation, *answer_lines(s.answers, known)]).strip()
            for s in sections.select_related("record")
        }


def test_items_of_the_form_are_kept_and_begin_the_assessment(client, city):
    """Written once: the sheet, then the field of the assessment it belongs to."""
    consultation = take(
        client,
        city,
        **{
            "item-work": "年金で生活",
            "item-housing": "持ち家",
            "item-certificates": ["療育手帳", "要介護・要支援認定"],
            "item-household-type": "親と子（子が成人）",
            "item-source-contact": "架空病院の相談室",
        },
    )
    assert consultation.answers["certificates"] == ["療育手帳", "要介護・要支援認定"]
    page = client.get(reverse("consultation_detail", args=[consultation.pk])).content.decode()
    assert "療育手帳、要介護・要支援認定" in page
    assert "国への報告項目　5 / 10" in page
    client.post(reverse("consultation_make_case", args=[consultation.pk]))
    with w.act(city.elderly):
        case = Case.objects.visible_to(city.elderly).get()
    assert in_case(city.elderly, case) == {
        "work": "仕事：年金で生活",
        "housing": "住居：持ち家",
        "disability": "手帳・認定：療育手帳、要介護・要支援認定",
        "household": "世帯の形：親と子（子が成人）",
    }


def test_what_only_the_other_version_asks_is_told_and_kept(client, city):
    """Which items a sheet has follows from the person's consent."""
    page = sign_in(client, city.elderly).post(
        reverse("consultation_new"), sheet(**{"item-no-consent-reason": "急いでいる"})
    )
    body = errors(page)
    assert "「本人同意なし」のときだけ書きます。" in body
    assert 'value="急いでいる" selected' in body
    with as_owner():
        assert not Consultation.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("item-work", "宇宙飛行士", "仕事は表示された中から選んでください。"),
        ("item-certificates", ["空の手帳"], "手帳・認定は表示された中から選んでください。"),
        ("item-visits", "あ" * 501, "通院先・薬は500文字以内で"),
        ("item-source-reason", f"番号は{MY_NUMBER}", "マイナンバー"),
    ],
)
def test_bad_items_get_a_sentence_and_nothing_is_lost(client, city, name, value, sentence):
    page = sign_in(client, city.elderly).post(reverse("consultation_new"), sheet(**{name: value}))
    body = errors(page)
    assert sentence in body
    assert "架空野 花子" in body


def test_a_city_asks_its_own_items_by_its_profile_alone(client, city):
    """And what it asks no longer stays readable where it was answered."""
    with as_owner():
        item = IntakeItem.objects.create(
            municipality=city.city, code="watching", label="地域の活動", kind="choices",
            options=["ふれあいの会", "居場所"], category="household",
        )  # fmt: skip
    consultation = take(client, city, **{"item-local:watching": ["居場所"]})
    assert consultation.answers == {"local:watching": ["居場所"]}
    with as_owner():
        item.ended_on = datetime.date(2026, 1, 1)
        item.save()
    assert "地域の活動" not in client.get(reverse("consultation_new")).content.decode()
    page = client.get(reverse("consultation_detail", args=[consultation.pk])).content.decode()
    assert "居場所" in page


def test_a_shielded_address_in_an_answer_makes_the_sheet_wait(client, city):
    """V9: the answers are words of the sheet like any other."""
    rows = read_shield_texts()
    assert "answers" in rows["cases_consultation"]


def read_shield_texts():
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("select table_name, columns from kasane.shield_texts")
        return dict(cursor.fetchall())


def test_an_answer_about_nobody_named_stays_with_the_sheet(client, city):
    """V3: added to a case it would be the household's, and open by another person's consent."""
    case, _persons = w.household(city.elderly, PersonFacts(name="架空野 花子"))
    answered = {"item-pension": "未納がある", "item-household-type": "三世代"}
    nobody = {"p1-name": "", "p1-name_kana": ""}
    consultation = take(client, city, **answered, **nobody)
    with w.act(city.elderly):
        add_to_case(consultation=consultation, case=case, by=city.elderly, matched={})
    assert in_case(city.elderly, case) == {"household": "世帯の形：三世代"}
