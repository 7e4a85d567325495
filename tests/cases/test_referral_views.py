"""つなぎ on the screen: compose, preview, send; accept or return (V4)."""

from __future__ import annotations

import datetime
import uuid

import pytest

from agencies.models import IntakeCriterion, RoutingHint
from cases.models import Referral
from tests import world as w
from tests.cases.pages import client, get, page, post, referred, text, two
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def home(city):
    case, (mother, son) = w.household(city.elderly, *two())
    w.consent(city.elderly, mother, city.agencies["disability"])
    return case, mother, son


def filled(city, *persons, mode="consent", step="check", **changed):
    data = {
        "mode": mode,
        "step": step,
        "form_key": str(uuid.uuid4()),
        "persons": [str(p.pk) for p in persons],
        "reason": "障害の相談をお願いします",
        "summary": "昼夜が逆になっている",
        **changed,
    }
    if mode != "secrecy":
        data.setdefault("to_agency", city.agencies["disability"].pk)
    else:
        data.setdefault("to_conference_type", city.conferences["support"].pk)
    return data


def test_the_sheet_ends_on_the_day_of_its_consent(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    agency = city.agencies["disability"]
    w.consent(city.elderly, mother, agency, until=datetime.date(2099, 3, 31))
    referral = sending(city, case, mother)
    shown = text(get(city.elderly, f"/referrals/{referral.pk}/"))
    assert "令和81年3月31日" in shown
    assert "令和81年4月1日" not in shown


def url_for(case):
    return f"/cases/{case.pk}/refer/"


def sent(city):
    with w.act(city.elderly):
        return Referral.objects.get()


def sending(city, case, *persons, **more):
    answer = post(city.elderly, url_for(case), filled(city, *persons, step="send", **more))
    assert answer.status_code == 302, answer.content.decode()
    return sent(city)


def test_only_agencies_somebody_consents_to_are_offered(city, home):
    case, _mother, _son = home
    shown = text(get(city.elderly, url_for(case)))
    assert city.agencies["disability"].name in shown
    assert "同意している人：架空野 花さん" in shown
    assert city.agencies["livelihood"].name not in shown


def test_without_any_consent_the_page_says_what_to_do(city):
    case, _persons = w.household(city.elderly, *two())
    shown = text(get(city.elderly, url_for(case)))
    assert "同意のある機関がまだありません" in shown


def test_preview_shows_exactly_what_leaves_and_writes_nothing(city, home):
    case, mother, _son = home
    shown = text(post(city.elderly, url_for(case), filled(city, mother)))
    assert "機関の外へ出るもの" in shown
    assert "架空野 花さん（かくうの はな、世帯主、昭和22年5月1日生）" in shown
    assert "昼夜が逆になっている" in shown
    assert "別姓田" not in shown
    with w.act(city.elderly):
        assert not Referral.objects.exists()


def test_going_back_from_the_preview_keeps_what_was_typed(city, home):
    case, mother, _son = home
    shown = text(post(city.elderly, url_for(case), filled(city, mother, step="edit")))
    assert "昼夜が逆になっている" in shown
    assert "送る内容を確かめる" in shown


def test_the_same_sheet_is_sent_once(city, home):
    case, mother, _son = home
    browser, data = client(city.elderly), filled(city, mother, step="send")
    first = browser.post(url_for(case), data)
    second = browser.post(url_for(case), data)
    assert (first.status_code, first["Location"]) == (302, second["Location"])
    assert sent(city)


def test_a_person_without_consent_is_named(city, home):
    case, mother, son = home
    for step in ("check", "send"):
        answer = post(city.elderly, url_for(case), filled(city, mother, son, step=step))
        shown = text(answer, 422)
        assert "別姓田 次郎さんの" in shown
        assert "昼夜が逆になっている" in shown


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"reason": ""}, "つなぐ理由・期待する役割を入れてください。"),
        ({"to_agency": ""}, "つなぐ先を選んでください。"),
        ({"persons": []}, "だれをつなぐかを選んでください。"),
        ({"summary": "番号 123456789018"}, "マイナンバー"),
        ({"form_key": "x"}, "画面が古くなっています"),
    ],
)
def test_bad_sheet_gets_a_sentence_and_loses_nothing(city, home, changed, sentence):
    case, mother, _son = home
    shown = text(post(city.elderly, url_for(case), filled(city, mother, **changed)), 422)
    assert sentence in shown
    assert changed.get("summary", "昼夜が逆になっている") in shown


def test_notification_needs_its_legal_ground(city, home):
    case, mother, _son = home
    data = filled(
        city, mother, mode="notification", to_agency=city.agencies["child"].pk, legal_ground=""
    )
    assert "根拠条文を入れてください。" in text(post(city.elderly, url_for(case), data), 422)
    referral = sending(
        city,
        case,
        mother,
        mode="notification",
        to_agency=city.agencies["child"].pk,
        legal_ground="児童虐待防止法第6条",
    )
    shown = text(get(city.child, f"/referrals/{referral.pk}/"))
    assert "児童虐待防止法第6条" in shown
    assert page(city.child, case).status_code == 404


def test_without_consent_only_the_listed_secretariat_reads_the_sheet(city, home):
    case, _mother, son = home
    with as_owner():
        IntakeCriterion.objects.create(
            municipality=city.city, code="complex", text="課題が二つ以上"
        )
        RoutingHint.objects.create(
            municipality=city.city, when="家計に困ったら", partner="架空窓口"
        )
    shown = text(get(city.elderly, url_for(case) + "?mode=secrecy"))
    assert "課題が二つ以上" in shown
    assert "架空窓口" in shown
    assert city.conferences["plan"].name not in shown
    referral = sending(city, case, son, mode="secrecy", criteria=["complex"])
    url = f"/referrals/{referral.pk}/"
    assert get(city.coordinator, url).status_code == 404
    w.list_secretary(city, city.coordinator)
    shown = text(get(city.coordinator, url))
    assert "課題が二つ以上" in shown
    assert "守秘" in shown
    assert get(city.head, url).status_code == 404
    assert post(city.coordinator, url + "accept/", {}).status_code == 302
    assert page(city.coordinator, case).status_code == 404


def test_a_conference_without_statutory_secrecy_takes_no_sheet_without_consent(city, home):
    case, _mother, son = home
    data = filled(city, son, mode="secrecy", to_conference_type=city.conferences["plan"].pk)
    assert "表示された中から" in text(post(city.elderly, url_for(case), data), 422)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("elderly2", 200),
        ("disability", 200),
        ("child", 404),
        ("coordinator", 404),
        ("privacy", 403),
        ("sysadmin", 403),
    ],
)
def test_sheet_by_member(city, home, who, status):
    case, mother, _son = home
    referral = sending(city, case, mother)
    answer = get(city.members[who], f"/referrals/{referral.pk}/")
    assert answer.status_code == status
    assert ("昼夜が逆" in answer.content.decode()) == (status == 200)


def test_receiver_sees_the_sheet_alone_then_accepts_and_the_case_opens(city, home):
    case, mother, _son = home
    referral = sending(city, case, mother)
    url = f"/referrals/{referral.pk}/"
    assert "つなぎが届いています" in text(get(city.disability, "/"))
    assert page(city.disability, case).status_code == 404
    assert "別姓田" not in text(get(city.disability, url))
    assert "架空elderlyセンターから" in text(get(city.disability, "/referrals/"))
    answer = post(city.disability, url + "accept/", {"comment": "担当します"})
    assert (answer.status_code, answer.url) == (302, f"/cases/{case.pk}/")
    assert page(city.disability, case).status_code == 200
    assert "つなぎが受理されました" in text(get(city.elderly, "/"))
    shown = text(get(city.elderly, url))
    assert "担当します" in shown
    assert "受理" in shown
    again = post(city.disability, url + "accept/", {})
    assert again.status_code == 403


def test_return_needs_a_reason_and_closes_the_sheet(city, home):
    case, mother, _son = home
    referral = sending(city, case, mother)
    url = f"/referrals/{referral.pk}/"
    shown = text(post(city.disability, url + "return/", {"reason": " "}), 422)
    assert "返却の理由を書いてください。" in shown
    assert "昼夜が逆になっている" in shown
    answer = post(city.disability, url + "return/", {"reason": "圏域が違います"})
    assert (answer.status_code, answer.url) == (302, "/referrals/")
    assert get(city.disability, url).status_code == 404
    shown = text(get(city.elderly, url))
    assert "圏域が違います" in shown
    # It waits for its sender, until something else is sent for the same household.
    sections = get(city.elderly, "/").context["sections"]
    (line,) = [one for one in sections["waiting"] if one.url == url]
    assert "つなぎ直すか相談します" in line.title
    assert line.action == "理由を見る"
    assert url not in [one.url for one in sections["changed"]]
    again = post(city.elderly, url_for(case), filled(city, mother, step="send"))
    assert again.status_code == 302
    sections = get(city.elderly, "/").context["sections"]
    assert url not in [one.url for one in sections["waiting"]]
    (line,) = [one for one in sections["changed"] if one.url == url]
    assert line.title == "つなぎが返却されました"


def test_sender_and_stranger_cannot_answer(city, home):
    case, mother, _son = home
    referral = sending(city, case, mother)
    url = f"/referrals/{referral.pk}/accept/"
    assert post(city.elderly, url, {}).status_code == 403
    assert post(city.child, url, {}).status_code == 404
    assert get(city.disability, url).status_code == 405


def test_html_in_a_sheet_is_data(city, home):
    case, mother, _son = home
    referral = sending(city, case, mother, summary="<b>強い</b>")
    shown = text(get(city.disability, f"/referrals/{referral.pk}/"))
    assert "&lt;b&gt;強い" in shown
    assert "<b>強い" not in shown


def test_list_shows_each_side_its_own(city):
    case, *_ = referred(city)
    shown = text(get(city.elderly, "/referrals/"))
    assert "架空野 世帯 → 架空disabilityセンター" in shown
    assert "届いたつなぎはありません" in shown
    assert "架空野" not in text(get(city.child, "/referrals/"))
    assert get(city.privacy, "/referrals/").status_code == 403
    assert case
