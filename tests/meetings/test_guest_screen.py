"""会議の画面 of a guest: their own items while they are theirs, and nothing of cases (V6)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from meetings.models import ItemGrant, ItemPerson
from meetings.operations import begin_item, invite_again, invite_guest, revoke_person, take_pledge
from tests import world as w
from tests.meetings import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def sitting(city):
    return s.make_sitting(city, "plan", "support")


@pytest.fixture
def agreed(city, sitting):
    return s.consented_item(city, s.consented_household(city, "child"), "child", sitting=sitting)


@pytest.fixture
def theirs(city, sitting):
    return s.secret_item(city, sitting=sitting)


@pytest.fixture
def others(city, sitting):
    return s.secret_item(city, sitting=sitting)


@pytest.fixture
def guest(city, sitting, agreed, theirs, others):
    """Of one of the two sealed items of a sitting that runs."""
    with w.act(city.coordinator):
        for item, title in ((theirs, "こちらの世帯"), (others, "よその世帯")):
            type(item).objects.filter(pk=item.pk).update(title=title)
        account = invite_guest(
            item=theirs, by=city.coordinator, name="医野 薫", organisation="架空医院"
        )
    member = account.person.guest
    with w.act(member):
        take_pledge(grant=ItemGrant.objects.get(membership_id=member.pk), by=member)
    s.opened(city, sitting)
    return w.Membership.objects.with_names().get(pk=member.pk)


def screen(member, sitting):
    return sign_in(Client(), member).get(reverse("sitting_live", args=[sitting.pk]))


def begin(city, item):
    with w.act(city.coordinator):
        begin_item(item=s.fresh(city, item), by=city.coordinator)


def text(response):
    return response.content.decode()


def test_a_guest_follows_their_item_and_no_other(city, sitting, agreed, theirs, others, guest):
    for item in (agreed, others):
        begin(city, item)
        page = text(screen(guest, sitting))
        assert "次の議題が始まると" in page
        for word in ("よその世帯", "架空野", agreed.title):
            assert word not in page
    begin(city, theirs)
    page = text(screen(guest, sitting))
    assert 'id="live-title">こちらの世帯' in page
    assert "1　こちらの世帯" in page  # counted among what they see
    assert "第106条の6" in page
    for word in ("よその世帯", "架空野", agreed.title):
        assert word not in page


def test_it_leads_nowhere_a_guest_may_not_go(city, sitting, theirs, guest):
    begin(city, theirs)
    page = text(screen(guest, sitting))
    browser = sign_in(Client(), guest)
    for name in ("sitting_list", "sitting_detail", "sitting_pack", "case_list"):
        args = [sitting.pk] if name in ("sitting_detail", "sitting_pack") else []
        url = reverse(name, args=args)
        assert f'href="{url}"' not in page, name
        assert browser.get(url).status_code in (403, 404), name


def test_the_brief_holds_what_was_laid_and_no_household(city, theirs, others, agreed, guest):
    browser = sign_in(Client(), guest)
    brief = browser.get(reverse("item_brief", args=[theirs.pk]))
    assert brief.status_code == 200
    assert "守秘の概要" in text(brief)
    assert "ジェノグラム" not in text(brief)
    for item in (others, agreed):
        assert browser.get(reverse("item_brief", args=[item.pk])).status_code == 404


def test_their_page_leads_to_the_screen_while_the_sitting_runs(city, sitting, theirs, guest):
    browser = sign_in(Client(), guest)
    page = text(browser.get(reverse("item_detail", args=[theirs.pk])))
    assert reverse("sitting_live", args=[sitting.pk]) in page
    s.change(city, sitting, state="closed")
    page = text(browser.get(reverse("item_detail", args=[theirs.pk])))
    assert reverse("sitting_live", args=[sitting.pk]) not in page


def test_asking_again_hears_of_their_item_alone(city, sitting, theirs, others, guest):
    browser = sign_in(Client(), guest)
    url = reverse("sitting_live_now", args=[sitting.pk])
    seen = browser.get(url).context["now"].mark
    begin(city, others)
    assert browser.get(url, {"seen": seen}).status_code == 204
    begin(city, theirs)
    assert browser.get(url, {"seen": seen}).status_code == 200


def test_who_is_taken_off_in_mid_sitting_sees_nothing_at_the_next_asking(
    city, sitting, theirs, others, guest
):
    """The page then closes itself (static/js/kasane.js); of another item they keep the screen."""
    with w.act(city.coordinator):
        person = ItemPerson.objects.get(item=theirs)
        again = invite_again(item=others, by=city.coordinator, known=person)
    with w.act(guest):
        grant = ItemGrant.objects.get(membership_id=guest.pk, content_object_id=others.pk)
        take_pledge(grant=grant, by=guest)
    begin(city, theirs)
    browser = sign_in(Client(), guest)
    url = reverse("sitting_live_now", args=[sitting.pk])
    seen = browser.get(url).context["now"].mark
    with w.act(city.coordinator):
        revoke_person(person=person, by=city.coordinator)
    after = browser.get(url, {"seen": seen})
    assert after.status_code == 200
    assert "こちらの世帯" not in text(after)
    assert "よその世帯" in text(after)
    with w.act(city.coordinator):
        revoke_person(person=again, by=city.coordinator)
    gone = browser.get(url, headers={"hx-request": "true"})
    assert gone.status_code in (401, 404)
    assert "世帯" not in text(gone)


def test_a_guest_of_another_sitting_finds_none(city, sitting, guest):
    other = s.make_sitting(city, "support")
    for name in ("sitting_live", "sitting_live_now"):
        browser = sign_in(Client(), guest)
        assert browser.get(reverse(name, args=[other.pk])).status_code == 404
