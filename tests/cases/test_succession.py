"""Successor agencies (V18): all cases by 移管 at once; nothing opens that no consent opens."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import Case, Person, Transfer
from cases.operations import accept_transfer
from cases.operations.orphans import orphaned_cases, send_orphaned
from cases.operations.succession import (
    accept_succession,
    propose_succession,
    proposed_to,
    succession_to,
)
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    world.agencies["new"] = w.make_agency(world.city, "new", "架空新センター", "elderly")
    world.members["manager"] = w.make_member(world.agencies["elderly"], "agency_manager")
    w.make_member(world.agencies["new"], "consultation_worker")
    world.members["taker"] = w.make_member(world.agencies["new"], "agency_manager")
    return world


def case_with_consent(city, *agencies):
    case, (person,) = w.household(city.elderly, number=1)
    w.consent(city.elderly, person, *agencies)
    return case


def test_covered_cases_go_and_the_others_are_to_be_asked_again(city):
    new = city.agencies["new"]
    covered = [case_with_consent(city, new) for _index in range(2)]
    stays = case_with_consent(city, city.agencies["disability"])
    with w.act(city.manager):
        found = succession_to(city.manager, new)
        assert [c.pk for c in found.ready] == [c.pk for c in covered]
        assert [c.pk for c, _words in found.missing] == [stays.pk]
        assert propose_succession(by=city.manager, successor=new, reason="委託の終わり") == 2
    with w.act(city.taker):
        assert len(proposed_to(city.taker)[0]) == 2
        assert accept_succession(by=city.taker, former=city.agencies["elderly"]) == 2
        mine = Case.objects.visible_to(city.taker).filter(responsible_agency=new)
        assert {c.pk for c in mine} == {c.pk for c in covered}
        assert not Case.objects.filter(pk=stays.pk).exists()
        assert not Person.objects.filter(case=stays).exists()
    with w.act(city.elderly):
        # V2: the former agency goes on reading what it wrote.
        assert Person.objects.visible_to(city.elderly).filter(case=covered[0]).exists()


@pytest.mark.parametrize("who", ["elderly", "head", "sysadmin", "taker"])
def test_only_the_manager_of_the_responsible_agency_proposes(city, who):
    case_with_consent(city, city.agencies["new"])
    by = city.members[who]
    with w.act(by), pytest.raises(ActionDenied):
        propose_succession(by=by, successor=city.agencies["new"], reason="委託の終わり")
    with as_owner():
        assert not Transfer.objects.exists()


def test_what_cannot_be_accepted_any_more_is_left_and_counted(city):
    new = city.agencies["new"]
    first, second = (case_with_consent(city, new) for _index in range(2))
    with w.act(city.manager):
        propose_succession(by=city.manager, successor=new, reason="委託の終わり")
    with as_owner():
        Person.objects.create(
            case=second,
            label="Z",
            author=city.elderly,
            author_agency=city.agencies["elderly"],
        )
    with w.act(city.taker):
        ready, blocked = proposed_to(city.taker)
        assert ([t.case_id for t in ready], blocked) == ([first.pk], 1)
        assert accept_succession(by=city.taker, former=city.agencies["elderly"]) == 1


def test_pages_from_the_choice_to_who_looks_after_them(client, city):
    new = city.agencies["new"]
    case = case_with_consent(city, new)
    stays = case_with_consent(city, city.agencies["disability"])
    sign_in(client, city.manager)
    url = reverse("succession")
    page = client.get(url, {"to_agency": new.pk}).content.decode()
    assert "同意の取り直し" in page
    assert stays.number in page
    reason = page.split('id="id_reason_group"')[1]
    assert "※必須" in reason  # said before it is refused
    assert "移管の理由を書いてください。" not in page
    response = client.post(url, {"to_agency": new.pk, "reason": " ", "step": "send"})
    assert response.status_code == 422
    assert "移管の理由を書いてください。" in response.content.decode()
    client.post(url, {"to_agency": new.pk, "reason": "委託の終わり", "step": "send"})
    sign_in(client, city.taker)
    assert "1件" in client.get(reverse("succession_waiting")).content.decode()
    response = client.post(
        reverse("succession_waiting"), {"from": city.agencies["elderly"].pk}, follow=True
    )
    page = response.content.decode()
    assert "主担当になりました" in page
    assert case.number in page
    again = client.post(reverse("succession_waiting"), {"from": city.agencies["elderly"].pk})
    assert again.status_code == 403


def test_agency_that_has_ended_is_no_successor(client, city):
    with as_owner():
        new = city.agencies["new"]
        new.ended_on = timezone.localdate() - datetime.timedelta(days=1)
        new.save()
    sign_in(client, city.manager)
    response = client.post(
        reverse("succession"), {"to_agency": new.pk, "reason": "x", "step": "send"}
    )
    assert response.status_code == 422
    assert "後継の機関は表示された中から選んでください。" in response.content.decode()


# --- an agency has ended, and not everybody consented to another -------------------------------


def ended(city):
    with as_owner():
        old = city.agencies["elderly"]
        old.ended_on = timezone.localdate() - datetime.timedelta(days=1)
        old.save()


def test_the_office_is_told_numbers_and_asks_whom_consents_reach(client, city):
    new = city.agencies["new"]
    covered = case_with_consent(city, new)
    stays = case_with_consent(city, city.agencies["elderly"])
    ended(city)
    sign_in(client, city.coordinator)
    url = reverse("succession_orphaned")
    page = client.get(url).content.decode()
    assert covered.number in page
    assert stays.number in page
    assert "同意の取り直しが要ります" in page
    assert "架空野" not in page
    assert "主担当機関が終わったケースが2件" in client.get(reverse("home")).content.decode()
    sent = {"case": str(covered.pk), "to_agency": str(new.pk)}
    assert client.post(url, {**sent, "case": str(stays.pk)}).status_code == 403
    assert client.post(url, sent).status_code == 302
    assert client.post(url, sent).status_code == 403  # once
    with w.act(city.coordinator):
        assert not Case.objects.exists()
    with w.act(city.taker):
        (transfer,) = Transfer.objects.visible_to(city.taker)
        accept_transfer(transfer=transfer, by=city.taker)
        case = Case.objects.visible_to(city.taker).get(pk=covered.pk)
        assert case.responsible_agency_id == new.pk
        assert Person.objects.visible_to(city.taker).filter(case=covered).exists()
        assert not Case.objects.filter(pk=stays.pk).exists()


def test_nobody_else_is_told_nor_asks(city):
    new = city.agencies["new"]
    case = case_with_consent(city, new)
    foreign = w.city()
    for by in (city.coordinator, foreign.coordinator):
        with w.act(by):
            assert orphaned_cases(by) == []  # the agency still works
    ended(city)
    for by in (foreign.coordinator, city.taker, city.disability, city.sysadmin, city.privacy):
        with w.act(by):
            assert len(orphaned_cases(by)) == (by == city.privacy)
            with pytest.raises(ActionDenied):
                send_orphaned(by=by, case_id=case.pk, to_agency=new)
