"""V14 and V6: whose appointment ended with their membership is told to the secretariat alone; the
handover sheet knows sittings with consent, never a sealed one."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.home import home_context
from agencies.models import Membership
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    world.members["manager"] = w.make_member(world.agencies["elderly"], "agency_manager")
    return world


def lines(member):
    with w.act(member):
        sections = home_context(member)["sections"]
    return [line.title for rows in sections.values() for line in rows]


def test_secretariat_alone_is_told_that_an_appointed_person_has_left(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.elderly)
    with as_owner():
        yesterday = timezone.localdate() - datetime.timedelta(days=1)
        Membership.objects.filter(pk=city.elderly.pk).update(until=yesterday)
    words = "指名した人の所属が終わりました　支援会議"
    assert words in lines(city.coordinator)
    for other in (city.head, city.manager, city.elderly2, city.child):
        assert words not in lines(other)


def test_sheet_names_the_sitting_with_consent_and_no_sealed_one(client, city):
    house = s.consented_household(city, "elderly", "disability")
    s.consented_item(city, house, "disability", title="社会資源の相談")
    secret = s.secret_item(city, case=house.case)
    for member in (city.elderly, city.coordinator):  # the coordinator is listed and sees both
        sign_in(client, member)
        response = client.get(reverse("case_handover_print", args=[house.case.pk]))
        page = response.content.decode()
        assert response.status_code == 200
        assert "社会資源の相談" in page
        assert secret.title not in page
