"""Sittings, by every way round their office: over the application's own login, and on screen.

What is sealed in a sitting must not be told by what becomes of the sitting (V6, V15), and nobody
but its office makes it, moves it or says where its items go.
"""

from __future__ import annotations

import datetime
import logging
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import ConferenceType
from agencies.operations import file_job
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, sweep, system_membership
from config.lib.acting import acting
from config.lib.quietlog import WithoutKeys
from meetings.models import ItemGrant, Series, Sitting
from meetings.notifications import remind
from meetings.operations import Rhythm, move_sitting, set_series
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.calledoff import WHY, cancelled, fresh, unguarded, where
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    with as_owner():  # another office of the same city
        ConferenceType.objects.create(
            municipality=world.city, code="small", name="小さな会議", bases=["106-4-2-5"],
            host=world.agencies["child"], secretariat=world.agencies["child"], order=9,
        )  # fmt: skip
    return world


def said(member, sql, *values, before="SELECT 1"):
    """What the login hears: how many rows, or the refusal; undone."""
    try:
        with w.act(member), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(before)
            cursor.execute(sql, values)
            transaction.set_rollback(True)
            return str(cursor.rowcount)
    except DatabaseError as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def pair(city, days=2):
    """Two noticed sittings that differ by a sealed item alone."""
    full, empty = (s.make_sitting(city, "support", days=days) for _ in range(2))
    secret = s.secret_item(city, sitting=full)
    s.appointed(city, secret, city.outreach)
    for sitting in (full, empty):
        s.noticed(city, sitting)
    return full, empty, secret


INSERT = """INSERT INTO meetings_sitting
    (id, municipality_id, due_key, month, "on", place, is_ad_hoc, state)
    VALUES (%s, %s, %s, date_trunc('month', %s::date), %s::date, '', false, 'planned')"""
LINK = """INSERT INTO meetings_sitting_conference_types (sitting_id, conferencetype_id)
    VALUES (%s, %s)"""


# --- does something sealed wait there? -----------------------------------------------------------


@pytest.mark.parametrize("who", ["coordinator", "head"])
def test_a_new_rule_leaves_no_sitting_standing_for_what_is_sealed_in_it(city, who):
    """V6: whoever sets it, listed or not: a sitting that stays between two that go would tell."""
    by, body = city.members[who], city.conferences["support"]
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)

    def set_rule(rule, instead_of=None):
        with w.act(by):
            return set_series(
                body=body, by=by, rhythm=Rhythm(tomorrow, rule), form_key=uuid.uuid4(),
                instead_of=instead_of,
            ).series  # fmt: skip

    first = set_rule("FREQ=MONTHLY;BYDAY=2TH")
    with w.act(city.coordinator):
        second = Sitting.objects.filter(series=first).order_by("on")[1]
    s.secret_item(city, sitting=second)
    set_rule("FREQ=MONTHLY;INTERVAL=6;BYDAY=4WE", first.pk)
    with w.act(city.child):
        states = set(Sitting.objects.filter(series=first).values_list("state", flat=True))
    assert states == {"cancelled"}


def test_no_day_is_refused_because_of_what_is_sealed(city):
    full, empty, _secret = pair(city)
    for day in ("300000-01-01", "infinity", "-infinity", "4713-01-01 BC", "2100-01-01"):
        sql = 'UPDATE meetings_sitting SET "on" = %s WHERE id = %s'
        answers = {said(city.head, sql, day, sitting.pk) for sitting in (full, empty)}
        assert len(answers) == 1, day
        assert "sitting_in_our_time" in answers.pop()


def test_no_key_of_a_sitting_is_rewritten(city):
    """The foreign key of just the items would be refused where there is one."""
    full, empty, _secret = pair(city)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE confrelid = 'meetings_sitting'::regclass"
            " AND conrelid = 'meetings_agendaitem'::regclass"
        )
        ((name,),) = cursor.fetchall()
    answers = {
        said(
            city.head, "UPDATE meetings_sitting SET id = gen_random_uuid() WHERE id = %s",
            sitting.pk, before=f'SET CONSTRAINTS "{name}" IMMEDIATE',
        )
        for sitting in (full, empty)
    }  # fmt: skip
    assert len(answers) == 1
    assert "never changes" in answers.pop()


def test_nobody_asks_by_a_second_notice_who_was_told(city):
    """A notice is once a kind and key: one that is refused says that somebody was asked to come."""
    full, empty, _secret = pair(city, days=1)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        for sitting in Sitting.objects.filter(pk__in=[full.pk, empty.pk]):
            assert remind(sitting=sitting, what="eve", on=sitting.on)
    for sitting in (full, empty):
        cancelled(city, sitting)
    sweep()
    member, told = (
        city.outreach,
        """INSERT INTO agencies_notice
        (id, agency_id, membership_id, kind, key, title, url, created_at)
        VALUES (gen_random_uuid(), %s, %s, %s, %s, '', '', now()) ON CONFLICT DO NOTHING""",
    )
    for kind, of in (("sitting_cancelled", "{0.pk}"), ("sitting_eve", "{0.pk}:{0.on}")):
        for sitting in (full, empty):
            key = of.format(sitting)
            assert said(city.child, told, member.agency_id, member.pk, kind, key) == "1", kind


def test_a_body_that_loses_its_basis_moves_and_cancels_all_its_sittings(city):
    """A new profile takes 106条の6 away: nothing is refused because something sealed waits."""
    full, empty, secret = pair(city)
    with as_owner():
        ConferenceType.objects.filter(pk=city.conferences["support"].pk).update(
            bases=["106-4-2-5"], consent="required"
        )
    for sitting in (full, empty):
        with w.act(city.head):
            day = s.business_day(sitting.on + datetime.timedelta(days=5))
            sitting = Sitting.objects.get(pk=sitting.pk)
            move_sitting(sitting=sitting, by=city.head, on=day)
        cancelled(city, sitting)
    assert s.fresh(city, secret).open_period is None


# --- where do its items go? ----------------------------------------------------------------------


def test_nothing_is_put_off_into_another_citys_sitting(city):
    full, empty, secret = pair(city)
    s.change(city, empty, state="closed")
    other, key, day = w.city(), uuid.uuid4(), timezone.localdate() + datetime.timedelta(days=3)
    with w.act(other.head), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [key, other.city.pk, "mine", day, day])
    link = said(other.head, LINK, key, city.conferences["support"].pk)
    assert "row-level security" in link
    cancelled(city, full)
    sweep()
    assert where(city, secret)[0] == full.pk  # it waits


@pytest.mark.parametrize("who", ["elderly", "outreach", "privacy", "sysadmin"])
def test_who_runs_no_body_makes_no_sitting(city, who):
    """Neither one that takes another's place (`due_key`) nor one that takes its items."""
    day = timezone.localdate()
    made = said(city.members[who], INSERT, uuid.uuid4(), city.city.pk, "support:2027", day, day)
    assert "row-level security" in made


def test_a_sitting_is_linked_once_to_bodies_that_one_runs(city):
    own, others = s.make_sitting(city, "plan"), s.make_sitting(city, "support")
    with w.act(city.child):
        mine = Sitting.objects.create(
            municipality=city.city, due_key="mine", month=own.month, on=own.on, state="planned"
        )
    support = city.conferences["support"].pk
    for member, sitting in ((city.child, mine), (city.child, others), (city.elderly, others)):
        assert "row-level security" in said(member, LINK, sitting.pk, support)
    assert "row-level security" in said(city.head, LINK, own.pk, support)


# --- who moves it, and when no more --------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        "\"on\" = \"on\" + 30",
        "place = '架空会館'",
        "due_key = 'other'",
        "state = 'closed'",
        "state = 'cancelled', cancelled_at = now(), cancel_reason = 'x',"
        " cancelled_by_id = (kasane.actor()).membership_id",
    ],
)  # fmt: skip
def test_another_office_of_the_city_changes_nothing_of_a_sitting(city, values):
    sitting = s.make_sitting(city, "support", days=2, state="noticed")
    sql = f"UPDATE meetings_sitting SET {values} WHERE id = %s"
    assert "row-level security" in said(city.child, sql, sitting.pk)
    assert said(city.head, sql, sitting.pk) == "1"


def test_a_sitting_that_was_held_is_not_moved_nor_taken_back(city):
    """V6: its sealed items would open again, to who is appointed and pledged."""
    full, _empty, secret = pair(city)
    s.change(city, full, state="open")
    until = s.fresh(city, secret).open_period.upper
    for state in ("open", "closed"):
        s.change(city, full, state=state)
        for values in ('"on" = "on" + 30', "state = 'planned'", "state = 'noticed'"):
            sql = f"UPDATE meetings_sitting SET {values} WHERE id = %s"
            assert "what was held stays" in said(city.head, sql, full.pk), (state, values)
    assert "what was held stays" in said(
        city.head, "UPDATE meetings_sitting SET state = 'open' WHERE id = %s", full.pk
    )
    assert s.fresh(city, secret).open_period.upper == until


# --- who is told ---------------------------------------------------------------------------------


def test_no_job_filed_before_keeps_a_cancellation_from_being_told(city):
    """Anybody files a job, and a key is taken once."""
    sitting, following = (s.make_sitting(city, "support", days=n) for n in (2, 20))
    secret = s.secret_item(city, sitting=sitting)
    with w.act(city.child):
        file_job("tell_cancelled", key=str(sitting.pk), args={"sitting": str(sitting.pk)})
    sweep()
    cancelled(city, sitting)
    sweep()
    assert fresh(city, sitting).told_at is not None
    assert where(city, secret)[0] == following.pk


def test_who_could_not_be_told_at_the_time_is_told_later(city):
    sitting = s.make_sitting(city, "support", days=2)
    cancelled(city, sitting)
    with unguarded("meetings_sitting") as cursor:
        cursor.execute("UPDATE agencies_job SET failed_at = now()")
        cursor.execute("UPDATE meetings_sitting SET cancelled_at = now() - interval '2 hours'"
                       " WHERE state = 'cancelled'")  # fmt: skip
    file_due_jobs()
    sweep()
    assert fresh(city, sitting).told_at is not None


# --- on screen -----------------------------------------------------------------------------------


def test_a_stale_cancellation_keeps_the_reason_as_it_was_typed(city):
    sitting = s.make_sitting(city, "support", days=2, state="noticed")
    url = reverse("sitting_cancel", args=[sitting.pk])
    answer = sign_in(Client(), city.head).post(url, {"reason": WHY, "on": "2020-01-01"})
    page = answer.content.decode()
    assert f'value="{WHY}"' in page
    assert f'value="{sitting.on.isoformat()}"' in page


def test_two_offices_do_not_move_a_sitting_twice(city):
    sitting = s.make_sitting(city, "support", days=1)
    s.noticed(city, sitting)
    first, second = (s.business_day(sitting.on + datetime.timedelta(days=n)) for n in (5, 9))
    url = reverse("sitting_move", args=[sitting.pk])
    theirs, ours = (sign_in(Client(), city.members[name]) for name in ("head", "coordinator"))
    seen = {"on": second.isoformat(), "was": sitting.on.isoformat()}
    assert f'name="was" value="{sitting.on}"' in ours.post(url, seen).content.decode()
    theirs.post(url, {"on": first.isoformat(), "was": sitting.on.isoformat(), "step": "send"})
    answer = ours.post(url, seen | {"step": "send"})
    assert answer.status_code == 422
    assert fresh(city, sitting).on == first
    assert f'name="was" value="{first}"' in answer.content.decode()


def test_a_pledge_read_for_one_sitting_is_not_taken_for_the_next(city):
    """V6: the pledge is for this item of this sitting."""
    sitting, following = (s.make_sitting(city, "support", days=n) for n in (2, 20))
    grant = s.appointed(city, s.secret_item(city, sitting=sitting), city.outreach, pledged=False)
    url, browser = reverse("appointment_pledge", args=[grant.pk]), sign_in(Client(), city.outreach)
    read = {"agreed": "on", "sitting": str(sitting.pk)}
    assert f'value="{sitting.pk}"' in browser.get(url).content.decode()
    cancelled(city, sitting)
    sweep()
    answer = browser.post(url, read)
    assert (answer.status_code, "次の会議" in answer.content.decode()) == (422, True)
    with w.act(city.outreach):
        assert ItemGrant.objects.get(pk=grant.pk).pledged_at is None
    assert browser.post(url, read | {"sitting": str(following.pk)}).status_code == 302
    with w.act(city.outreach):
        assert ItemGrant.objects.get(pk=grant.pk).pledged_at is not None


def test_a_slip_of_the_year_does_not_stand_for_good(city):
    """A rule is followed by later ones alone."""
    far = timezone.localdate() + datetime.timedelta(days=800)
    body = city.conferences["plan"]
    with w.act(city.head), pytest.raises(ActionDenied, match="まで"):
        set_series(
            body=body, by=city.head, rhythm=Rhythm(far, "FREQ=MONTHLY"), form_key=uuid.uuid4(),
            instead_of=None,
        )  # fmt: skip
    with w.act(city.head):
        assert not Series.objects.exists()


@pytest.mark.parametrize("path", ["/feeds/W.ics", "/feeds/ W.ics", "/feeds/'W.ics", "/FEEDS/W.ics",
                                  "/feeds%2FW.ics", '/feeds/"W', "/feeds/?W"])  # fmt: skip
def test_an_address_that_was_spelt_wrong_stands_in_no_log_either(path):
    word = "a-Word_1"
    line = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "Not Found: %s", (path.replace("W", word),), None
    )
    assert WithoutKeys().filter(line)
    assert word not in line.getMessage()
