"""Recording and withdrawing consent on the screen (V3)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from cases.models import Consent, ConsentLine
from cases.operations import record_consent
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, send, text, two

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def url_for(case, person):
    return f"/cases/{case.pk}/persons/{person.pk}/consent/"


def filled(city, **changed):
    return {
        "answer": "given",
        "given_on": "R8.5.1",
        "agencies": [city.agencies["elderly"].pk, city.agencies["disability"].pk],
        "categories": ["basic", "progress", "household"],
        "purpose": "家計の相談",
        "method": "signed",
        "proxy_name": "",
        "proxy_power": "",
        "until": "",
        **changed,
    }


def stored(city, person):
    with w.act(city.elderly):
        return Consent.objects.filter(person=person, withdrawn_at__isnull=True).first()


def test_form_has_the_responsible_agency_ticked_and_no_notifier(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    shown = text(get(city.elderly, url_for(case, mother)))
    own = city.agencies["elderly"].pk
    assert f'name="agencies" value="{own}"' in shown
    assert "checked" in shown
    assert 'value="notifier"' not in shown
    assert city.agencies["disability"].name in shown
    assert city.conferences["plan"].name in shown


def test_consent_is_recorded_with_its_addressees_and_opens_at_once(city):
    case, mother, son, _given = referred(city)
    answer = send(
        city.elderly,
        url_for(case, son),
        filled(
            city,
            until="R20.3.31",
            covers_household="on",
            exceptions=[city.agencies["child"].pk],
            conference_types=[city.conferences["plan"].pk],
        ),
    )
    assert answer.status_code == 302
    consent = stored(city, son)
    assert consent.categories == ["basic", "progress", "household"]
    assert consent.covers_household
    assert consent.period.upper == datetime.datetime(2038, 3, 31, 15, tzinfo=datetime.UTC)
    with w.act(city.elderly):
        lines = ConsentLine.objects.filter(consent=consent)
        assert lines.count() == 4
        assert lines.get(is_exception=True).agency == city.agencies["child"]
    note(city.elderly, case, "二人の記録", [mother, son])
    assert "二人の記録" in text(page(city.disability, case))
    assert "別姓田 次郎さん" in text(page(city.disability, case))


@pytest.mark.parametrize("answer", ["refused", "not_asked"])
def test_refused_and_not_asked_are_answers_too(city, answer):
    case, (mother, _son) = w.household(city.elderly, *two())
    data = filled(city, answer=answer, method="", categories=[])
    assert send(city.elderly, url_for(case, mother), data).status_code == 302
    consent = stored(city, mother)
    assert (consent.answer, consent.categories) == (answer, [])
    word = "同意しない" if answer == "refused" else "まだ聞いていない"
    assert f"{word} A" in text(page(city.elderly, case))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"given_on": "R30.1.1"}, "答えた日は今日までの日付"),
        ({"categories": []}, "伝えてよい情報の種類を1つ以上選んでください。"),
        ({"agencies": []}, "機関か会議を1つ以上選んでください。"),
        ({"method": ""}, "同意の方法を選んでください。"),
        ({"method": "proxy", "proxy_name": "架空野 太郎"}, "代理権の根拠"),
        ({"until": "R8.1.1"}, "いつまでは今日からあとの日付"),
        ({"until": "平成40年1月1日"}, "平成は31年4月30日まで"),
        ({"categories": ["basic", "notifier"]}, "表示された中から選んでください。"),
    ],
)
def test_bad_consent_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, (mother, _son) = w.household(city.elderly, *two())
    shown = text(send(city.elderly, url_for(case, mother), filled(city, **changed)), 422)
    assert sentence in shown
    assert "家計の相談" in shown
    for value in changed.values():
        if isinstance(value, str):
            assert value in shown
    assert stored(city, mother) is None


def test_who_cannot_consent_is_said_beside_the_answer_and_nothing_is_lost(city):
    """Also when the death was recorded after the form was opened."""
    unnamed, late = (
        PersonFacts(birth_year=1950),
        PersonFacts(name="架空野 故人", is_deceased=True, died_on=timezone.localdate()),
    )
    case, people = w.household(city.elderly, unnamed, late)
    sentences = ("お名前の分からない方からは、同意を得られません。", "亡くなった方の同意は")
    for person, sentence in zip(people, sentences, strict=True):
        data = filled(city, form_key=uuid.uuid4(), seen="none")
        response = client(city.elderly).post(url_for(case, person), data)
        assert sentence in text(response, 422)
        assert any(sentence in words for words in response.context["form"].errors["answer"])
        assert "家計の相談" in text(response, 422)
        assert stored(city, person) is None
    assert get(city.elderly, url_for(case, people[1])).status_code == 403
    paper = f"{url_for(case, people[1])}print/"
    assert client(city.elderly).post(paper, filled(city)).status_code == 403


def test_an_agency_both_named_and_excepted_is_refused(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    data = filled(city, exceptions=[city.agencies["disability"].pk])
    assert "どちらかを外してください" in text(send(city.elderly, url_for(case, mother), data), 422)


def test_a_child_consents_through_a_person_with_parental_authority(city):
    birth = timezone.localdate() - datetime.timedelta(days=365 * 10)
    case, (child,) = w.household(city.child, PersonFacts(name="架空野 子", birth_on=birth))
    assert "親権を持つ人" in text(get(city.child, url_for(case, child)))
    shown = text(send(city.child, url_for(case, child), filled(city)), 422)
    assert "「代理人」を選んでください" in shown
    data = filled(city, method="proxy", proxy_name="架空野 母", proxy_power="親権者")
    assert send(city.child, url_for(case, child), data).status_code == 302


def test_the_operation_refuses_a_childs_own_consent_too(city):
    birth = timezone.localdate() - datetime.timedelta(days=365 * 10)
    _case, (child,) = w.household(city.child, PersonFacts(name="架空野 子", birth_on=birth))
    with pytest.raises(Exception, match="15歳未満"):
        w.consent(city.child, child, city.agencies["elderly"])
    with w.act(city.child), pytest.raises(Exception, match="種類を1つ以上"):
        record_consent(
            person=child,
            by=city.child,
            terms=ConsentTerms(
                answer="given",
                given_on=timezone.localdate(),
                agencies=[city.agencies["elderly"]],
            ),
        )


@pytest.mark.parametrize(
    ("who", "status"),
    [("elderly2", 200), ("disability", 200), ("child", 404), ("privacy", 403), ("sysadmin", 403)],
)
def test_consent_form_by_member(city, who, status):
    case, mother, _son, _given = referred(city)
    assert get(city.members[who], url_for(case, mother)).status_code == status


def test_narrowing_starts_from_what_was_said(city):
    case, mother, _son, _given = referred(city, categories=["basic"])
    shown = text(get(city.elderly, url_for(case, mother)))
    assert "いまの答え：同意した" in shown
    assert 'value="basic" checked' in " ".join(shown.split()) or "checked" in shown
    assert "いまの答え" not in text(get(city.disability, url_for(case, mother)))


@pytest.mark.parametrize(
    ("who", "status"),
    [("elderly2", 200), ("disability", 404), ("child", 404), ("privacy", 403), ("sysadmin", 403)],
)
def test_withdraw_page_by_member(city, who, status):
    _case, _mother, _son, given = referred(city)
    assert get(city.members[who], f"/consents/{given.pk}/withdraw/").status_code == status


def test_withdrawal_says_what_closes_and_closes_it(city):
    case, mother, _son, given = referred(city)
    for n in range(3):
        note(city.elderly, case, f"母の{n}", [mother])
    url = f"/consents/{given.pk}/withdraw/"
    shown = text(get(city.elderly, url))
    assert f"{city.agencies['disability'].name}は 3件の記録が見られなくなります。" in shown
    assert "撤回の理由を入れてください" in text(post(city.elderly, url, {"reason": ""}), 422)
    assert "母の0" in text(page(city.disability, case))
    answer = post(city.elderly, url, {"reason": "気が変わった"})
    assert answer.status_code == 302
    assert page(city.disability, case).status_code == 404
    again = get(city.elderly, url)
    assert again.status_code == 403
    assert "すでに撤回" in again.content.decode()


def test_an_exception_is_not_shown_to_the_one_excepted(city):
    """The responsible agency reads a consent another agency took, but not that it is excepted."""
    case, mother, _son, _given = referred(city)
    w.consent(
        city.disability,
        mother,
        city.agencies["disability"],
        exceptions=(city.agencies["elderly"],),
    )
    with w.act(city.elderly):
        assert not ConsentLine.objects.filter(is_exception=True).exists()
    shown = text(get(city.elderly, url_for(case, mother)))
    assert "<details open" not in shown
