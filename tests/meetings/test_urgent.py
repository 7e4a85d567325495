"""緊急の議題 in a sitting that runs: who adds it, what is asked at once, whose screens show it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.operations import refer
from meetings.models import AgendaItem, ItemStep
from meetings.operations import (
    appoint_on_paper,
    decide_item,
    propose_from_referral,
    propose_item,
    register_paper_pledge,
    take_pledge,
)
from tests import twoworlds
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_live import live, mark, now
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def sitting(city):
    """Of both bodies, running, with one item: elderly proposed it, child takes part."""
    held = s.make_sitting(city, "plan", "support")
    s.consented_item(city, s.consented_household(city, "child"), "child", sitting=held)
    s.opened(city, held)
    return held


def add(city, sitting, house, *names, by=None, **more):
    by = by or city.coordinator
    with w.act(by):
        return propose_item(
            sitting=sitting,
            by=by,
            conference_type=city.conferences["plan"],
            agenda_type="social_resources",
            case=house.case,
            persons=house.persons,
            title="急ぐ世帯",
            briefing="今夜の住まいがない",
            participants=[city.agencies[n] for n in names],
            **more,
        )


def household(city, *names):
    """The office's own household of two; both consent to the office and these agencies."""
    case, persons = w.household(city.coordinator)
    agencies = [city.agencies[n] for n in ("coordinator", *names)]
    return s.Household(case, persons, [w.consent(city.coordinator, p, *agencies) for p in persons])


def sheet(city):
    case, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        return refer(
            case=case,
            by=city.elderly,
            mode="secrecy",
            reason="今夜が心配",
            summary="夜になると大きな声がする。",
            to_conference_type=city.conferences["support"],
        )


def seal(city, sitting, by=None):
    """A sheet that came while the sitting runs."""
    by, referral = by or city.coordinator, sheet(city)
    with w.act(by):
        return propose_from_referral(
            referral=referral,
            sitting=sitting,
            by=by,
            agenda_type="urgent",
            title="守秘の急ぎ",
            briefing="夜の見守り",
        )


def text(response):
    return response.content.decode()


def desk(member):
    return sign_in(Client(), member)


def notices(member):
    with w.act(member):
        found = Notice.objects.for_desk(member).filter(kind="item_added")
        return list(found.values_list("url", flat=True))


# --- with consent --------------------------------------------------------------------------------


def test_an_urgent_case_is_dealt_with_in_the_sitting(city, sitting):
    house = household(city, "child")
    item = add(city, sitting, house, "child")
    assert s.fresh(city, item).state == "noticed"
    with w.act(city.coordinator):
        names = ItemStep.objects.filter(item=item).order_by("at").values_list("name", flat=True)
        assert list(names) == ["propose", "take_up"]
    assert notices(city.child) == [reverse("sitting_live", args=[sitting.pk])]
    assert notices(city.disability) == []
    with w.act(city.coordinator):
        decided = decide_item(
            item=s.fresh(city, item), by=city.coordinator, decision="discussed", opinion="今夜から"
        )
    assert decided.state == "decided"


def test_it_is_on_the_screens_of_who_may_see_it_at_the_next_asking(city, sitting):
    """Every screen asks every 1.5 seconds (templates/meetings/live_now.html)."""
    (first,) = items(city, sitting)
    marks = {
        name: mark(city.members[name], first) for name in ("child", "coordinator", "disability")
    }
    add(city, sitting, household(city, "child"), "child")
    for name in ("child", "coordinator"):
        after = now(city.members[name], first, marks[name])
        assert after.status_code == 200, name
        assert "急ぐ世帯" in text(after), name
        wait = re.search(r'hx-trigger="every (\d+)ms"', text(after))
        assert wait is not None
        assert int(wait[1]) <= 1500
    assert now(city.disability, first, marks["disability"]).status_code == 204


def items(city, sitting):
    with w.act(city.coordinator):
        return list(AgendaItem.objects.filter(sitting=sitting).order_by("proposed_at"))


def test_a_missing_consent_is_named_by_person_and_nothing_typed_is_lost(city, sitting):
    house = household(city)  # to the office alone
    url = f"{reverse('item_new')}?case={house.case.pk}&sitting={sitting.pk}"
    url += f"&body={city.conferences['plan'].pk}"
    browser = desk(city.coordinator)
    page = text(browser.get(url))
    assert "同意をいま確かめ" in page
    sent = {
        "agenda_type": "social_resources",
        "persons": [str(p.pk) for p in house.persons],
        "title": "急ぐ世帯",
        "briefing": "今夜の住まいがない",
        "participants": [str(city.agencies["child"].pk)],
    }
    bad = browser.post(url, sent)
    assert bad.status_code == 422
    for person in house.persons:
        assert f"{person.shown_name}の架空childセンターへの同意" in text(bad)
    assert "今夜の住まいがない" in text(bad)
    assert len(items(city, sitting)) == 1
    done = browser.post(url, sent | {"participants": []}, follow=True)
    (_first, item) = items(city, sitting)
    assert done.redirect_chain[-1][0] == reverse("item_run", args=[item.pk])
    assert "緊急の議題を加えました" in text(done)


@pytest.mark.parametrize("name", ["elderly", "child", "disability"])
def test_only_the_office_adds_to_a_sitting_that_runs(city, sitting, name):
    by = city.members[name]
    case, persons = w.household(by)
    for person in persons:
        w.consent(by, person, city.agencies["coordinator"])
    with pytest.raises(ActionDenied, match="会議が始まっています"):
        add(city, sitting, s.Household(case, persons), by=by)
    url = f"{reverse('item_new')}?sitting={sitting.pk}"
    assert desk(by).get(url).status_code == 403
    assert "この会議に出す" not in text(desk(by).get(f"{reverse('item_new')}?case={case.pk}"))
    assert "緊急の議題を加える" not in text(
        desk(by).get(reverse("sitting_detail", args=[sitting.pk]))
    )


def test_a_sitting_that_is_over_takes_nothing_and_says_so_with_what_was_typed(city, sitting):
    house = household(city)
    browser = desk(city.coordinator)
    url = f"{reverse('item_new')}?case={house.case.pk}&sitting={sitting.pk}"
    url += f"&body={city.conferences['plan'].pk}"
    assert browser.get(url).status_code == 200
    s.change(city, sitting, state="closed")
    sent = {
        "agenda_type": "social_resources",
        "persons": [str(p.pk) for p in house.persons],
        "title": "急ぐ世帯",
        "briefing": "今夜の住まいがない",
    }
    page = browser.post(url, sent)
    assert page.status_code == 422
    assert "この会議には、もう議題を出せません。" in text(page)
    assert "今夜の住まいがない" in text(page)


def test_the_office_chooses_from_what_is_urgent(city, sitting):
    referral = sheet(city)
    browser = desk(city.coordinator)
    cover = text(browser.get(reverse("sitting_detail", args=[sitting.pk])))
    assert "緊急の議題を加える" in cover
    page = text(browser.get(f"{reverse('item_new')}?sitting={sitting.pk}"))
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', page)]
    (link,) = {link for link in links if f"referral={referral.pk}" in link}
    assert f"sitting={sitting.pk}" in link
    form = browser.get(link)
    assert form.context["form"]["agenda_type"].value() == "urgent"
    without = [link for link in links if "sitting=" in link and "body=" in link]
    assert any("referral" not in link and "case" not in link for link in without)


# --- under secrecy -------------------------------------------------------------------------------


def test_under_secrecy_it_opens_in_the_room_to_who_pledges(city, sitting):
    (first,) = items(city, sitting)
    sealed = seal(city, sitting)
    assert s.fresh(city, sealed).state == "noticed"
    seen = mark(city.disability, first)
    grant = s.appointed(city, sealed, city.disability, pledged=False)
    assert not s.sees(city.disability, sealed)
    assert now(city.disability, first, seen).status_code == 204
    with w.act(city.disability):
        take_pledge(grant=grant, by=city.disability)
    assert s.sees(city.disability, sealed)
    after = now(city.disability, first, seen)
    assert after.status_code == 200
    assert "守秘の急ぎ" in text(after)
    with w.act(city.coordinator):
        person = appoint_on_paper(
            item=sealed, by=city.coordinator, name="民野 守", organisation="民生委員"
        )
        register_paper_pledge(person=person, by=city.coordinator, pledged_on=timezone.localdate())
        decided = decide_item(
            item=s.fresh(city, sealed),
            by=city.coordinator,
            decision="emergency",
            opinion="今夜訪ねる",
        )
    assert decided.state == "decided"


def test_a_sealed_urgent_case_changes_no_other_screen(city, sitting):
    """V6, V15: not one byte for who is not appointed, nor a notice, nor a count."""
    names = ("child", "head", "disability")
    (first,) = items(city, sitting)

    def seen():
        return [twoworlds.masked(text(live(city.members[n], first))) for n in names]

    before, marks = seen(), [mark(city.members[n], first) for n in names]
    sealed = seal(city, sitting)
    s.appointed(city, sealed, city.outreach)
    assert seen() == before
    for name, known in zip(names, marks, strict=True):
        assert now(city.members[name], first, known).status_code == 204, name
        assert notices(city.members[name]) == [], name
    assert "守秘の急ぎ" in text(live(city.outreach, sealed))


def test_under_secrecy_only_a_listed_secretary_adds(city, sitting):
    with pytest.raises(ActionDenied):
        seal(city, sitting, by=city.head)
    page = text(desk(city.head).get(f"{reverse('item_new')}?sitting={sitting.pk}"))
    assert "守秘" not in page.split('class="card narrow"', 1)[1].split("</section>")[0]


def test_after_adding_a_sealed_case_the_secretary_appoints(city, sitting):
    referral = sheet(city)
    browser = desk(city.coordinator)
    url = f"{reverse('item_new')}?referral={referral.pk}&sitting={sitting.pk}"
    done = browser.post(
        url,
        {"agenda_type": "urgent", "title": "守秘の急ぎ", "briefing": "夜の見守り"},
        follow=True,
    )
    assert done.status_code == 200
    (_first, item) = items(city, sitting)
    assert done.redirect_chain[-1][0] == reverse("item_people", args=[item.pk])
    assert "ここで指名し" in text(done)
