"""Sittings from the rhythms the plans print, never twice; days set and called by the office."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Job
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, system_membership
from meetings import calendar
from meetings.models import Sitting
from meetings.operations import (
    call_ad_hoc,
    cancel_sitting,
    open_sitting,
    send_notice,
    set_date,
)
from meetings.tasks import make_sittings_of_city
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOV = datetime.date(2026, 11, 1)


@pytest.fixture
def city():
    return w.city()


def rhythm(body, **values):
    for name, value in values.items():
        setattr(body, name, value)
    with as_owner():
        body.save()


def made(city, start=NOV, months=3):
    with w.act(system_membership(SystemName.SCHEDULER)):
        calendar.make_sittings(city.city, start=start, months=months)
        rows = Sitting.objects.filter(municipality=city.city).order_by("month")
        return [
            (r.month, r.on, r.state, sorted(t.code for t in r.conference_types.all())) for r in rows
        ]


def wednesdays(city, **more):
    rhythm(
        city.conferences["plan"],
        rhythm_kind="monthly_nth_weekday",
        rhythm_nth=4,
        rhythm_weekday="wed",
        **more,
    )


def test_fourth_wednesday_of_november_is_the_25th(city):
    wednesdays(city)
    rows = made(city, months=1)
    assert rows[0][1] == datetime.date(2026, 11, 25)
    assert rows[0][2:] == ("planned", ["plan"])


def test_a_holiday_moves_the_day(city):
    rhythm(
        city.conferences["plan"],
        rhythm_kind="monthly_nth_weekday",
        rhythm_nth=1,
        rhythm_weekday="tue",
    )
    rows = made(city, start=datetime.date(2026, 11, 1), months=0)
    assert rows == []
    rows = made(city, start=datetime.date(2026, 11, 1), months=1)
    assert rows[0][1] == datetime.date(2026, 11, 4)  # the 3rd is 文化の日


def test_monthly_without_a_day_is_undated(city):
    rhythm(city.conferences["plan"], rhythm_kind="monthly")
    rows = made(city, months=2)
    assert [row[1] for row in rows] == [None] * 3
    assert {row[2] for row in rows} == {"undated"}


def test_every_second_month(city):
    rhythm(city.conferences["plan"], rhythm_kind="every_n_months", rhythm_months=2)
    assert [row[0].month for row in made(city, months=4)] == [12, 2]


@pytest.mark.parametrize("both", [True, False])
def test_joint_bodies_sit_once(city, both):
    plan, support = city.conferences["plan"], city.conferences["support"]
    wednesdays(city, joint_with=support)
    rhythm(
        support,
        rhythm_kind="monthly_nth_weekday",
        rhythm_nth=4,
        rhythm_weekday="wed",
        joint_with=plan if both else None,
    )
    rows = made(city, months=2)
    assert [row[3] for row in rows] == [["plan", "support"]] * 2


def test_running_twice_makes_the_same_rows(city):
    wednesdays(city)
    rhythm(city.conferences["support"], rhythm_kind="monthly")
    assert made(city) == made(city)


@pytest.mark.parametrize("kind", ["per_case", "ad_hoc", ""])
def test_per_case_and_ad_hoc_make_none(city, kind):
    rhythm(city.conferences["plan"], rhythm_kind=kind)
    assert made(city) == []


def test_an_ended_body_makes_none(city):
    wednesdays(city, ended_on=NOV)
    assert made(city) == []


def test_due_jobs_are_filed_once_a_month(city):
    wednesdays(city)
    file_due_jobs()
    file_due_jobs()
    with w.act(system_membership(SystemName.SCHEDULER)):
        assert Job.objects.filter(name="make_sittings", key__startswith=city.city.code).count() == 1


def test_the_job_makes_the_citys_sittings_and_only_the_city_sees_them(city):
    wednesdays(city)
    with w.act(system_membership(SystemName.SCHEDULER)):
        for _n in range(2):
            make_sittings_of_city({"municipality": city.city.pk})
    with w.act(city.disability):
        assert Sitting.objects.visible_to(city.disability).count() in (3, 4)
    stranger = w.city().disability
    with w.act(stranger):
        assert not Sitting.objects.visible_to(stranger).exists()


def undated(city):
    rhythm(city.conferences["plan"], rhythm_kind="monthly")
    made(city, start=timezone.localdate(), months=0)
    with w.act(city.head):
        return Sitting.objects.get()


def test_the_office_sets_the_day(city):
    sitting, day = undated(city), s.business_day()
    with w.act(city.coordinator):
        set_date(sitting=sitting, by=city.coordinator, on=day, starts_at=datetime.time(14, 0))
        sitting.refresh_from_db()
    assert (sitting.state, sitting.on) == ("planned", day)


def test_a_day_off_and_a_past_day_are_refused_with_a_sentence(city):
    sitting = undated(city)
    saturday = timezone.localdate() + datetime.timedelta(days=14)
    saturday += datetime.timedelta(days=(5 - saturday.weekday()) % 7)
    past = timezone.localdate() - datetime.timedelta(days=1)
    for day, words in ((saturday, "閉庁日"), (past, "今日からあと")):
        with w.act(city.coordinator), pytest.raises(ActionDenied, match=words):
            set_date(sitting=sitting, by=city.coordinator, on=day)


@pytest.mark.parametrize("name", ["elderly", "outreach", "admin"])
def test_only_the_office_sets_the_day(city, name):
    sitting = undated(city)
    by = city.members[name]
    with w.act(by), pytest.raises(ActionDenied):
        set_date(sitting=sitting, by=by, on=s.business_day())


def test_ad_hoc_where_the_body_has_no_rhythm_or_the_profile_allows_it(city):
    body, day = city.conferences["plan"], s.business_day()
    with w.act(city.coordinator):
        call_ad_hoc(by=city.coordinator, conference_types=[body], on=day)
    wednesdays(city)
    body.refresh_from_db()
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="定例"):
        call_ad_hoc(by=city.coordinator, conference_types=[body], on=day)
    rhythm(body, is_ad_hoc_allowed=True)
    with w.act(city.coordinator):
        sitting = call_ad_hoc(by=city.coordinator, conference_types=[body], on=day)
    assert sitting.is_ad_hoc


def test_ad_hoc_twice_with_one_form_is_one_sitting(city):
    import uuid

    key, body = uuid.uuid4(), city.conferences["plan"]
    with w.act(city.coordinator):
        first, second = (
            call_ad_hoc(
                by=city.coordinator, conference_types=[body], on=s.business_day(), form_key=key
            )
            for _n in range(2)
        )
    assert first.pk == second.pk


def test_ad_hoc_by_a_stranger_or_of_another_city_is_refused(city):
    day = s.business_day()
    with w.act(city.elderly), pytest.raises(ActionDenied):
        call_ad_hoc(by=city.elderly, conference_types=[city.conferences["plan"]], on=day)
    other = w.city().conferences["plan"]
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        call_ad_hoc(by=city.coordinator, conference_types=[other], on=day)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="選んで"):
        call_ad_hoc(by=city.coordinator, conference_types=[], on=day)


def test_states_go_their_way_and_no_other(city):
    sitting = s.make_sitting(city, "plan", days=3)
    with w.act(city.coordinator):
        with pytest.raises(ActionDenied):
            open_sitting(sitting=sitting, by=city.coordinator)
        send_notice(sitting=sitting, by=city.coordinator)
        with pytest.raises(ActionDenied, match="開催日になって"):
            open_sitting(sitting=sitting, by=city.coordinator)
        with pytest.raises(ActionDenied, match="理由"):
            cancel_sitting(sitting=sitting, by=city.coordinator)


def test_notice_after_the_day_is_refused(city):
    sitting = s.make_sitting(city, "plan", days=-1)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="過ぎて"):
        send_notice(sitting=sitting, by=city.coordinator)
