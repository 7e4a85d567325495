"""Two workers, two beats and two offices at the same moment: every sitting is made once, every
reminder goes out once, one rule holds. In a database of its own, because all of them commit."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections import Counter

import pytest
from django.db import connections

from agencies.enums import SystemName
from agencies.models import Job, Notice
from agencies.tasks import file_due_jobs, run_next, system_membership
from cases.operations.case import StaleVersion
from meetings import calendar, notifications
from meetings.models import Series, Sitting
from meetings.operations import Rhythm, series, set_series
from tests import world as w
from tests.agencies.sealed import own_database
from tests.owner import as_owner

pytestmark = pytest.mark.database
DAY = datetime.date
NOW = DAY(2027, 4, 1)
DAYS = {"call_days": 10, "agenda_days": 7, "notice_days": 5, "pack_days": 2}
AT_ONCE = 4


@pytest.fixture(autouse=True, scope="module")
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_database():
        yield


@pytest.fixture
def clock(monkeypatch):
    def is_now(day):
        for module in (calendar, notifications, series):
            monkeypatch.setattr(module, "today", lambda: day)

    is_now(NOW)
    return is_now


def at_once(work):
    """The same work in several sessions of the database, all let go together; what each gave."""
    gate = threading.Barrier(AT_ONCE)
    given: list[object] = []

    def run():
        try:
            gate.wait(10)
            given.append(work())
        except Exception as error:
            given.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == AT_ONCE
    return given


def set_rule(city, **more):
    by = city.coordinator
    with w.act(by):
        return set_series(
            body=city.conferences["plan"],
            by=by,
            rhythm=Rhythm(since=NOW, rule="FREQ=MONTHLY;BYDAY=2TH", **more),
            form_key=uuid.uuid4(),
            instead_of=None,
        )


def beat_and_work():
    file_due_jobs()
    while run_next():
        pass


def test_offices_that_set_a_rule_at_once(clock):
    city = w.city()
    given = at_once(lambda: set_rule(city))
    assert sorted(type(one).__name__ for one in given) == ["Changed", *["StaleVersion"] * 3]
    assert any(isinstance(one, StaleVersion) for one in given)
    with w.act(city.coordinator):
        assert Series.objects.filter(municipality=city.city).count() == 1
        assert Sitting.objects.filter(municipality=city.city).count() == 3


def test_beats_and_workers_at_once_make_and_tell_everything_once(clock):
    city = w.city()
    set_rule(city, **DAYS)
    day = DAY(2027, 4, 22)
    while day <= DAY(2027, 5, 13):
        clock(day)
        at_once(beat_and_work)
        if day == DAY(2027, 5, 7):
            with w.act(city.head):
                Sitting.objects.filter(on=DAY(2027, 5, 13), state="planned").update(state="noticed")
        day += datetime.timedelta(days=1)
    with w.act(city.coordinator):
        made = Sitting.objects.filter(municipality=city.city)
        days = sorted(made.values_list("on", flat=True))
        told = Notice.objects.visible_to(city.coordinator).filter(kind__startswith="sitting_")
        of_it = told.filter(url__contains=made.get(on=DAY(2027, 5, 13)).pk)
        kinds = Counter(of_it.values_list("kind", flat=True))
    assert days == [DAY(2027, *md) for md in ((4, 8), (5, 13), (6, 10), (7, 8), (8, 12))]
    assert kinds == dict.fromkeys(
        ["sitting_call", "sitting_agenda", "sitting_notice", "sitting_pack", "sitting_eve"], 1
    )
    with w.act(system_membership(SystemName.SCHEDULER)):
        jobs = Job.objects.filter(key__startswith=city.city.code) | Job.objects.filter(
            name="remind_sitting"
        )
        assert not jobs.filter(done_at=None).exists()
        assert set(jobs.values_list("attempts", flat=True)) == {1}
    with as_owner():
        keys = Counter(Job.objects.values_list("name", "key"))
    assert max(keys.values()) == 1
