"""付議: which consents are there and which are missing, by person; the way to a missing one and
back with nothing typed lost (V5)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from cases.models import Consent, Draft
from cases.operations import withdraw_consent
from meetings.models import AgendaItem
from tests import world as w
from tests.cases.pages import client, get, text
from tests.cases.test_records import MY_NUMBER
from tests.meetings import situations as s
from tests.meetings.test_views import form_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    """The first consents to the office and disability, the second to nobody yet."""
    case, persons = w.household(city.elderly)
    w.consent(city.elderly, persons[0], *(city.agencies[n] for n in ("coordinator", "disability")))
    return s.Household(case, persons)


def address(city, house, **more):
    sitting = s.make_sitting(city, "plan", days=5)
    query = {"case": house.case.pk, "sitting": sitting.pk, "body": city.conferences["plan"].pk}
    return reverse("item_new") + "?" + "&".join(f"{k}={v}" for k, v in {**query, **more}.items())


def typed(city, house, **more):
    return {
        "agenda_type": "social_resources",
        "title": "家計のこと",
        "briefing": "家計の見通しと、住まいの話",
        "persons": [str(p.pk) for p in house.persons],
        "participants": [str(city.agencies["disability"].pk)],
        **more,
    }


def lines(response):
    return {x.name: (x.given, x.lacking) for x in response.context["check"].lines}


def drafts(member):
    with w.act(member):
        return list(Draft.objects.visible_to(member))


def consented(browser, url, **more):
    """The consent form that opens, sent as it is filled in."""
    page = browser.get(url)
    form = page.context["form"]
    data = {name: value for name in form.fields if (value := form[name].value())}
    answer = browser.post(url, {**data, "answer": "given", **more})
    assert answer.status_code == 302, answer.context["form"].errors
    return page, answer


def test_the_form_says_by_person_which_consents_are_there(city, house):
    office, partner = city.agencies["coordinator"].name, city.agencies["disability"].name
    first, second = (p.shown_name for p in house.persons)
    url = address(city, house)
    page = get(city.elderly, url)
    assert lines(page) == {first: (office, ""), second: ("", office)}
    assert text(page).count('name="ask"') == 1
    live = client(city.elderly).post(url, typed(city, house, check="1"))
    assert live.templates[0].name == "meetings/consents.html"
    assert lines(live) == {
        first: (f"{office}・{partner}", ""), second: ("", f"{office}・{partner}"),
    }  # fmt: skip
    assert "足りない同意があと2件" in text(live)
    one = typed(city, house, check="1", persons=[str(house.persons[0].pk)])
    assert "同意はそろっています" in text(client(city.elderly).post(url, one))
    none = client(city.elderly).post(url, typed(city, house, check="1", persons=[]))
    assert "議題にする人を選ぶと" in text(none)
    with w.act(city.elderly):
        assert AgendaItem.objects.count() == 0


def test_what_is_not_offered_is_not_asked_about(city, house):
    stranger, _persons = w.household(city.child)
    with w.act(city.child):
        other = str(_persons[0].pk)
    url = address(city, house)
    sent = typed(city, house, check="1", persons=[other, "x"], participants=["999999", "x", "\x00"])
    assert lines(client(city.elderly).post(url, sent)) == {}
    assert stranger is not None


def test_missing_consents_are_said_beside_the_field_and_nothing_typed_is_lost(city, house):
    url = address(city, house)
    answer = client(city.elderly).post(url, typed(city, house))
    page = text(answer, 422)
    form = answer.context["form"]
    (sentence,) = form.errors["participants"]
    assert "足りない同意" in sentence
    assert house.persons[1].shown_name in sentence
    assert "家計の見通しと、住まいの話" in page
    assert form["participants"].value() == [str(city.agencies["disability"].pk)]
    assert 'name="ask"' in page
    nobody = client(city.elderly).post(url, typed(city, house, persons=[]))
    assert "議題にする人" in nobody.context["form"].errors["persons"][0]


def test_asking_for_a_consent_comes_back_with_everything_typed(city, house):
    browser, url, second = client(city.elderly), address(city, house), house.persons[1]
    away = browser.post(url, typed(city, house, ask=str(second.pk)))
    assert away.status_code == 302
    asked = parse_qs(urlsplit(away.url).query)
    assert urlsplit(away.url).path == reverse("consent_new", args=[house.case.pk, second.pk])
    wanted = {str(city.agencies[n].pk) for n in ("coordinator", "disability")}
    assert set(asked["agencies"]) == wanted
    (draft,) = drafts(city.elderly)
    assert dict(draft.typed)["briefing"] == "家計の見通しと、住まいの話"
    assert "persons" not in dict(draft.typed)  # as the page came, so not its writer's words
    page, done = consented(browser, away.url)
    assert wanted <= set(page.context["form"]["agencies"].value())
    assert "重層的支援会議" in page.context["form"]["purpose"].value()
    assert "もとの画面にもどります" in text(page)
    assert done.status_code == 302
    assert done.url == asked["next"][0] == f"{url}&draft={draft.pk}"
    again = browser.get(done.url)
    form = again.context["form"]
    for name, value in typed(city, house).items():
        assert form[name].value() == value, name
    assert "同意はそろっています" in text(again)
    assert "data-draft-again" in text(again)
    sent = browser.post(done.url, typed(city, house, draft_token=token_of(again)))
    assert sent.status_code == 302
    assert drafts(city.elderly) == []
    with w.act(city.elderly):
        assert AgendaItem.objects.get().briefing == "家計の見通しと、住まいの話"


def token_of(response):
    return text(response).split('name="draft_token" value="')[1].split('"')[0]


def test_a_second_person_is_asked_with_the_same_words(city):
    """Twice away and back: what was typed before the first time is still there."""
    case, persons = w.household(city.elderly)
    house = s.Household(case, persons)
    browser, url = client(city.elderly), address(city, house)
    for person in persons:
        away = browser.post(url, typed(city, house, ask=str(person.pk)))
        _page, back = consented(browser, away.url)
        url = back.url
    form = browser.get(url).context["form"]
    assert form["briefing"].value() == "家計の見通しと、住まいの話"
    assert browser.post(url, typed(city, house)).status_code == 302


def test_nothing_typed_leaves_no_draft(city, house):
    browser, url = client(city.elderly), address(city, house)
    form = {name: value for name, value in form_of(browser.get(url)).items() if value}
    away = browser.post(url, {**form, "ask": str(house.persons[1].pk)})
    assert parse_qs(urlsplit(away.url).query)["next"] == [url]
    assert drafts(city.elderly) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ask": "x"}, "選びなおして"),
        ({"ask": "{first}"}, None),
        ({"briefing": MY_NUMBER, "ask": "{second}"}, "マイナンバー"),
        ({"briefing": "あ" * 100_001, "ask": "{second}"}, "長すぎる"),
    ],
)
def test_what_cannot_be_kept_stays_on_the_page_with_a_sentence(city, house, more, words):
    keys = dict(zip(("{first}", "{second}"), (str(p.pk) for p in house.persons), strict=True))
    more = {**more, "ask": keys.get(more["ask"], more["ask"])}
    answer = client(city.elderly).post(address(city, house), typed(city, house, **more))
    if words is None:
        assert answer.status_code == 302
        return
    assert words in text(answer, 422)
    assert "家計のこと" in text(answer, 422)
    assert drafts(city.elderly) == []


def test_somebody_elses_draft_or_a_broken_one_fills_nothing(city, house):
    browser, url = client(city.elderly), address(city, house)
    away = browser.post(url, typed(city, house, ask=str(house.persons[1].pk)))
    back = parse_qs(urlsplit(away.url).query)["next"][0]
    assert get(city.elderly2, back).context["filled"] == []
    for key in ("x", "00000000-0000-0000-0000-000000000000"):
        assert browser.get(f"{url}&draft={key}").context["filled"] == []
    other = address(city, house)
    (draft,) = drafts(city.elderly)
    assert browser.get(f"{other}&draft={draft.pk}").context["filled"] == []


@pytest.mark.parametrize(
    "target",
    [
        "https://example.invalid/",
        "//example.invalid/",
        "/\\example.invalid",
        "javascript:x",
        "x",
        "",
    ],
)
def test_the_way_back_is_a_page_of_this_house(city, house, target):
    url = reverse("consent_new", args=[house.case.pk, house.persons[1].pk])
    browser = client(city.elderly)
    key = city.agencies["coordinator"].pk
    page = browser.get(url, {"next": target, "agencies": key})
    assert "もとの画面" not in text(page)
    _page, done = consented(browser, f"{url}?next={target}&agencies={key}")
    assert done.url == reverse("case_detail", args=[house.case.pk])


def test_whom_the_person_wants_left_out_is_not_ticked(city, house):
    second, left_out = house.persons[1], city.agencies["disability"]
    w.consent(city.elderly, second, city.agencies["child"], exceptions=(left_out,))
    url = reverse("consent_new", args=[house.case.pk, second.pk])
    query = f"?agencies={left_out.pk}&agencies={city.agencies['coordinator'].pk}&agencies=x&body=x"
    chosen = get(city.elderly, url + query).context["form"]["agencies"].value()
    assert str(left_out.pk) not in chosen
    assert str(city.agencies["coordinator"].pk) in chosen


def test_the_form_under_secrecy_asks_for_no_consent(city, house):
    w.list_secretary(city, city.elderly)
    sitting = s.make_sitting(city, "support", days=5)
    body = city.conferences["support"].pk
    url = f"{reverse('item_new')}?case={house.case.pk}&sitting={sitting.pk}&body={body}"
    url += "&agenda_type=urgent"
    page = get(city.elderly, url)
    assert page.context["check"] is None
    assert page.context["form"]["agenda_type"].value() == "urgent"
    assert 'name="ask"' not in text(page)
    answer = client(city.elderly).post(url, {"check": "1", "ask": str(house.persons[0].pk)})
    assert answer.status_code == 422


def test_change_of_participants_asks_the_same(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    url = reverse("item_participants", args=[item.pk])
    browser, child = client(city.elderly), str(city.agencies["child"].pk)
    page = browser.get(url)
    assert "同意はそろっています" in text(page)
    data = form_of(page) | {"participants": [child]}
    assert "足りない同意があと2件" in text(browser.post(url, data | {"check": "1"}))
    refused = browser.post(url, data)
    assert "足りない同意" in refused.context["form"].errors["participants"][0]
    assert 'name="ask"' in text(refused, 422)
    for person in house.persons:
        away = browser.post(url, data | {"ask": str(person.pk)})
        _page, back = consented(browser, away.url, confirmed="1")
        assert back.url.startswith(f"{url}?draft=")
    again = browser.get(back.url)
    assert again.context["form"]["participants"].value() == [child]
    assert browser.post(back.url, form_of(again)).status_code == 302
    assert s.fresh(city, item, city.elderly).participant_ids == sorted(
        [city.agencies["coordinator"].pk, city.agencies["child"].pk]
    )


def test_an_item_held_back_says_who_is_missing_and_leads_there_and_back(city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.elderly):
        withdraw_consent(consent=house.consents[1], by=city.elderly, reason="本人の希望")
    url = reverse("item_detail", args=[item.pk])
    browser = client(city.elderly)
    page = browser.get(url)
    first, second = page.context["check"].lines
    assert (first.lacking, first.ask_url) == ("", "")
    assert city.agencies["disability"].name in second.lacking
    assert "同意をもらう" in text(page)
    _page, back = consented(browser, second.ask_url)
    assert back.url == url
    again = browser.get(url)
    assert "同意はそろっています" in text(again)
    browser.post(reverse("item_step", args=[item.pk, "resume"]))
    assert browser.get(url).context["check"] is None
    with w.act(city.elderly):
        assert Consent.objects.filter(person=house.persons[1], withdrawn_at=None).count() == 1


def test_who_records_no_consent_is_told_whom_to_ask(city, house, monkeypatch):
    from meetings import consentcheck

    url = address(city, house)
    real = type(city.elderly).may
    monkeypatch.setattr(
        consentcheck.Membership, "may",
        lambda self, what: what != "cases.record_consent" and real(self, what),
    )  # fmt: skip
    page = get(city.elderly, url)
    assert 'name="ask"' not in text(page)
    assert "同意を記録する役割の人" in text(page)
    asked = client(city.elderly).post(url, typed(city, house, ask=str(house.persons[1].pk)))
    assert asked.status_code == 422
