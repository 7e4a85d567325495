"""必須の構成員 and 定足数: what a decision needs, as a city's profile says (岐阜: 必須)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import ConferenceType, StandingMember
from agencies.permissions import ActionDenied
from meetings.models import ItemAttendance
from meetings.operations import decide_item, mark_attendance
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def item(city):
    house = s.consented_household(city, "child", "disability")
    made = s.consented_item(city, house, "child", "disability")
    s.opened(city, made.sitting)
    return made


def must_come(city, body, name):
    with as_owner():
        StandingMember.objects.create(
            municipality=city.city, conference_type=city.conferences[body],
            agency=city.agencies[name], is_mandatory=True,
        )  # fmt: skip


def quorum(city, body, percent):
    with as_owner():
        ConferenceType.objects.filter(pk=city.conferences[body].pk).update(quorum=percent)


def decide(city, item, decision="discussed", by=None):
    by = by or city.coordinator
    with w.act(by):
        return decide_item(item=s.fresh(city, item), by=by, decision=decision, opinion="まとめ")


def comes(city, item, attendance="present", **who):
    with w.act(city.coordinator):
        mark_attendance(item=item, by=city.coordinator, attendance=attendance, **who)


def test_without_a_member_who_has_to_be_there_nothing_is_decided(city, item):
    must_come(city, "plan", "child")
    with pytest.raises(ActionDenied, match="架空childセンター」の出席が記録されていません"):
        decide(city, item)
    assert s.fresh(city, item).state == "noticed"
    comes(city, item, "absent", agency=city.agencies["child"])
    with pytest.raises(ActionDenied, match="出席が記録されていません"):
        decide(city, item)
    comes(city, item, agency=city.agencies["child"])
    assert decide(city, item).state == "decided"


def test_who_records_the_decision_is_there(city, item):
    must_come(city, "plan", "coordinator")
    assert decide(city, item).state == "decided"


def test_under_secrecy_somebody_appointed_of_that_agency_counts_and_somebody_on_paper(city):
    must_come(city, "support", "child")
    sealed = s.secret_item(city)
    s.appointed(city, sealed, city.child)
    s.opened(city, sealed.sitting)
    with pytest.raises(ActionDenied, match="架空childセンター"):
        decide(city, sealed, "shared")
    comes(city, sealed, membership=city.child)
    assert decide(city, sealed, "shared").state == "decided"


def test_what_has_no_quorum_is_put_off_by_whoever_is_there(city):
    must_come(city, "support", "child")
    sealed = s.secret_item(city)
    s.make_sitting(city, "support", days=20)
    s.opened(city, sealed.sitting)
    assert decide(city, sealed, "watch").state == "decided"


@pytest.mark.parametrize(("percent", "needed"), [(50, 2), (51, 3), (100, 4), (1, 1)])
def test_a_quorum_counts_those_asked_who_came(city, item, percent, needed):
    """Asked: the office, who proposed it, and two others; who records the decision is there."""
    quorum(city, "plan", percent)
    for name in ("child", "disability", "elderly")[: needed - 1]:
        if needed > 1:
            with pytest.raises(ActionDenied, match=f"4のうち{needed}の出席が必要"):
                decide(city, item)
        comes(city, item, agency=city.agencies[name])
    assert decide(city, item).state == "decided"


def test_a_quorum_under_secrecy_counts_those_who_pledged(city):
    quorum(city, "support", 60)
    sealed = s.secret_item(city)
    s.appointed(city, sealed, city.child)
    s.appointed(city, sealed, city.disability)
    s.appointed(
        city, sealed, city.outreach if "outreach" in city.members else city.head, pledged=False
    )
    s.opened(city, sealed.sitting)
    comes(city, sealed, membership=city.child)
    with pytest.raises(ActionDenied, match="2のうち2の出席が必要で、記録は1"):
        decide(city, sealed, "shared")
    comes(city, sealed, membership=city.disability)
    assert decide(city, sealed, "shared").state == "decided"


def test_who_has_an_interest_or_has_left_counts_on_neither_side(city, item):
    """利害関係: of four asked one steps back; of three half are two, who has left is not there."""
    quorum(city, "plan", 50)
    for name in ("child", "disability"):
        comes(city, item, agency=city.agencies[name])
    with as_owner():
        rows = ItemAttendance.objects.filter(item_id=item.pk)
        rows.filter(agency=city.agencies["child"]).update(has_conflict=True)
        rows.filter(agency=city.agencies["disability"]).update(left_at=timezone.now())
    with pytest.raises(ActionDenied, match="3のうち2の出席が必要で、記録は1"):
        decide(city, item)
    comes(city, item, agency=city.agencies["elderly"])
    assert decide(city, item).state == "decided"


def test_under_secrecy_a_listed_secretary_of_that_agency_counts_as_recorded(city):
    """岐阜: 推進室 has to be there, and its people are on the list."""
    must_come(city, "support", "child")
    w.list_secretary(city, city.child)
    sealed = s.secret_item(city)
    s.opened(city, sealed.sitting)
    with pytest.raises(ActionDenied, match="架空childセンター"):
        decide(city, sealed, "shared")
    desk = sign_in(Client(), city.coordinator)
    run = desk.get(reverse("item_run", args=[sealed.pk]))
    assert f'name="m:{city.child.pk}"' in run.content.decode()
    desk.post(reverse("item_attendance", args=[sealed.pk]), {f"m:{city.child.pk}": "present"})
    assert decide(city, sealed, "shared").state == "decided"
