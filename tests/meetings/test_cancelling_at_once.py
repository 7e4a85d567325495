"""Two at the same moment, in two sessions of the database: told once, put off once, cancelled once.
In a database of its own, because both commit."""

from __future__ import annotations

import pytest

from agencies.enums import SystemName
from agencies.models import Notice
from agencies.permissions import ActionDenied
from agencies.tasks import system_membership
from meetings.models import ItemStep, Sitting
from meetings.notifications import tell_cancelled
from meetings.operations import cancel_sitting, open_sitting, put_off_items
from tests import world as w
from tests.agencies.sealed import own_database
from tests.cases.test_same_moment import at_once
from tests.meetings import situations as s

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True, scope="module")
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_database():
        yield


@pytest.fixture
def city(own):
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def noticed(city, days=3):
    sitting = s.make_sitting(city, "plan", "support", days=days)
    following = s.make_sitting(city, "plan", "support", days=days + 30)
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    return sitting, following, secret


def cancelling(sitting, by):
    return lambda: cancel_sitting(sitting=sitting, by=by, reason="台風のため")


def told(member):
    with w.act(member):
        return Notice.objects.visible_to(member).filter(kind="sitting_cancelled").count()


def test_two_workers_tell_once_and_put_off_once(city):
    sitting, following, secret = noticed(city)
    with w.act(city.head):
        cancelling(sitting, city.head)()
    worker = system_membership(SystemName.SCHEDULER)

    def work():
        tell_cancelled(sitting=sitting)
        put_off_items()

    assert at_once((worker, work), (worker, work)) == [None, None]
    assert told(city.child) == told(city.coordinator) == 1
    with w.act(city.coordinator):
        assert ItemStep.objects.filter(item=secret, name="put_off").count() == 1
    assert s.fresh(city, secret).sitting_id == following.pk


def test_two_of_the_office_cancel_it_once(city):
    sitting, *_rest = noticed(city)
    first, second = at_once(
        (city.head, cancelling(sitting, city.head)),
        (city.coordinator, cancelling(sitting, city.coordinator)),
    )
    assert first is None
    assert isinstance(second, ActionDenied)
    with w.act(city.head):
        assert Sitting.objects.get(pk=sitting.pk).cancelled_by_id == city.head.pk


@pytest.mark.parametrize("opens_first", [True, False])
def test_one_opens_it_while_another_cancels_it(city, opens_first):
    sitting, *_rest = noticed(city, days=0)
    opens = (city.coordinator, lambda: open_sitting(sitting=sitting, by=city.coordinator))
    ends = (city.head, cancelling(sitting, city.head))
    told_, refused = at_once(*((opens, ends) if opens_first else (ends, opens)))
    assert told_ is None
    assert isinstance(refused, ActionDenied)


def test_nothing_is_put_off_to_a_sitting_that_opens_at_that_moment(city):
    sitting, following, secret = noticed(city)
    with w.act(city.head):
        cancelling(sitting, city.head)()
    worker = system_membership(SystemName.SCHEDULER)
    with w.act(worker):
        tell_cancelled(sitting=sitting)

    def opens():
        Sitting.objects.filter(pk=following.pk).update(state="open")

    assert at_once((city.coordinator, opens), (worker, put_off_items)) == [None, None]
    assert s.fresh(city, secret).sitting_id == sitting.pk
    later = s.make_sitting(city, "support", days=70)
    with w.act(worker):
        put_off_items()
    assert s.fresh(city, secret).sitting_id == later.pk
