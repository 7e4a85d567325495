"""Sittings for other calendar programs: whose, until when, and that a day and a room is all."""

from __future__ import annotations

import datetime
import logging
import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from agencies.models import AccessLog, StandingMember
from agencies.permissions import ActionDenied
from meetings.ics import as_file, sittings_told
from meetings.models import CalendarFeed, Sitting
from meetings.operations import (
    cancel_sitting,
    digest_of,
    make_feed,
    move_sitting,
    send_notice,
    stop_feed,
)
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
READERS = ["elderly", "coordinator", "head", "outreach", "participation", "community"]
NO_READERS = ["admin", "privacy", "sysadmin"]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def feed_of(member):
    with w.act(member):
        return reverse("feed", args=[make_feed(by=member)])


def fetch(url, **headers):
    return Client().get(url, headers=headers)


def events(content):
    return {
        str(event["uid"]): event
        for event in Calendar.from_ical(content).walk("VEVENT")
    }  # fmt: skip


def told(member):
    with w.act(member):
        return {row.id for row in sittings_told()}


def change(sitting, member, **values):
    with w.act(member):
        Sitting.objects.filter(pk=sitting.pk).update(**values)


# --- which sittings ----------------------------------------------------------------------------


def test_an_agency_of_no_body_is_told_of_all_of_its_city(city):
    mine = {s.make_sitting(city, "plan").pk, s.make_sitting(city, "support", days=9).pk}
    s.make_sitting(w.city(), "plan")
    assert told(city.elderly) == mine


def test_a_standing_member_is_told_of_its_own_bodies_alone(city):
    plan, joint = s.make_sitting(city, "plan"), s.make_sitting(city, "plan", "support", days=1)
    s.make_sitting(city, "support", days=2)
    with as_owner():
        seat = StandingMember.objects.create(
            municipality=city.city,
            conference_type=city.conferences["plan"],
            agency=city.agencies["elderly"],
        )
    assert told(city.elderly) == {plan.pk, joint.pk}
    assert len(told(city.child)) == 3
    with as_owner():  # asked item by item: which items there are must not be told
        StandingMember.objects.filter(pk=seat.pk).update(is_by_item=True)
    assert len(told(city.elderly)) == 3


def test_a_body_that_has_ended_counts_no_more(city):
    s.make_sitting(city, "support")
    body = city.conferences["plan"]
    with as_owner():
        body.host = body.secretariat = city.agencies["child"]
        body.save()
    assert told(city.child) == set()
    with as_owner():
        body.ended_on = timezone.localdate()
        body.save()
    assert len(told(city.child)) == 1


def test_sittings_without_a_day_or_long_over_are_left_out(city):
    recent = s.make_sitting(city, "plan", days=-60, state="closed")
    s.make_sitting(city, "plan", days=-61, state="closed")
    waiting = s.make_sitting(city, "plan", days=3)
    change(waiting, city.head, state="undated", on=None)
    assert told(city.elderly) == {recent.pk}


@pytest.mark.parametrize("name", NO_READERS)
def test_who_reads_no_cases_is_told_of_none_and_gets_no_feed(city, name):
    s.make_sitting(city, "plan")
    member = city.members[name]
    with w.act(member):
        assert sittings_told() is None
        with pytest.raises(ActionDenied):
            make_feed(by=member)
    client = sign_in(Client(), member)
    for page in ("sitting_calendar_file", "calendar_feed", "sitting_calendar"):
        assert client.get(reverse(page)).status_code == 403


def test_nobody_is_told_of_anything(city):
    s.make_sitting(city, "plan")
    assert sittings_told() is None
    assert sittings_told(digest_of("")) is None


# --- what is said of one -----------------------------------------------------------------------


def test_a_sitting_reads_back_as_it_stands(city):
    sitting = s.make_sitting(city, "plan", "support", days=5)
    place = "市役所本庁舎3階、302, 会議室; 北側\\奥\n（階段の右）" + "とても長い名前の部屋" * 4
    change(sitting, city.head, starts_at=datetime.time(14), ends_at=datetime.time(16), place=place)
    content = fetch(feed_of(city.elderly)).content
    event = events(content)[str(sitting.pk)]
    assert event["summary"] == "重層的支援会議・支援会議"
    assert event["location"] == place
    assert event["url"] == f"http://testserver/meetings/{sitting.pk}/"
    start, end = event["dtstart"], event["dtend"]
    assert start.params["TZID"] == end.params["TZID"] == "Asia/Tokyo"
    assert start.dt.isoformat() == f"{sitting.on}T14:00:00+09:00"
    assert end.dt - start.dt == datetime.timedelta(hours=2)
    assert [str(z["tzid"]) for z in Calendar.from_ical(content).walk("VTIMEZONE")] == ["Asia/Tokyo"]
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_without_an_hour_it_is_the_whole_day_and_without_an_end_an_hour(city):
    whole, open_ended, wrong = (s.make_sitting(city, "plan", days=n) for n in (1, 2, 3))
    change(open_ended, city.head, starts_at=datetime.time(9, 30))
    change(wrong, city.head, starts_at=datetime.time(17), ends_at=datetime.time(16))
    found = events(fetch(feed_of(city.elderly)).content)
    event = found[str(whole.pk)]
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert (event["dtstart"].dt, event["dtend"].dt) == (
        whole.on,
        whole.on + datetime.timedelta(days=1),
    )
    for sitting in (open_ended, wrong):
        event = found[str(sitting.pk)]
        assert event["dtend"].dt - event["dtstart"].dt == datetime.timedelta(hours=1)


def test_a_moved_sitting_raises_its_sequence_and_a_cancelled_one_is_taken_away(city):
    sitting = s.make_sitting(city, "plan", days=7)
    url = feed_of(city.elderly)

    def said():
        event = events(fetch(url).content)[str(sitting.pk)]
        assert event["dtstamp"].dt == event["last-modified"].dt
        return int(event["sequence"]), str(event["status"])

    assert said() == (0, "TENTATIVE")
    with w.act(city.head):
        send_notice(sitting=sitting, by=city.head)
    assert said() == (1, "CONFIRMED")
    with w.act(city.head):
        day = s.business_day(sitting.on + datetime.timedelta(days=3))
        move_sitting(sitting=sitting, by=city.head, on=day, place="架空会館")
    assert said() == (2, "CONFIRMED")
    other = s.make_sitting(city, "plan", days=9)
    with w.act(city.head):
        cancel_sitting(sitting=other, by=city.head)
    event = events(fetch(url).content)[str(other.pk)]
    assert (int(event["sequence"]), str(event["status"])) == (1, "CANCELLED")


def test_what_nobody_is_told_of_changes_nothing_and_no_hand_writes_the_counter(city):
    sitting = s.make_sitting(city, "plan", days=7)
    change(sitting, city.head, place="架空会館")
    with w.act(city.head):
        was = Sitting.objects.values_list("sequence", "changed_at").get(pk=sitting.pk)
        Sitting.objects.filter(pk=sitting.pk).update(due_key="test:other", place="架空会館")
        Sitting.objects.filter(pk=sitting.pk).update(
            sequence=9, changed_at=timezone.now() - datetime.timedelta(days=400)
        )
        assert Sitting.objects.values_list("sequence", "changed_at").get(pk=sitting.pk) == was
    assert was[0] == 1


def test_the_file_and_the_feed_are_the_same_and_stay_so(city):
    for days in (-3, 0, 4):
        s.make_sitting(city, "plan", days=days)
    url = feed_of(city.elderly)
    page = sign_in(Client(), city.elderly).get(reverse("sitting_calendar_file"))
    assert page["Content-Type"] == "text/calendar; charset=utf-8"
    assert "attachment" in page["Content-Disposition"]
    assert fetch(url).content == page.content == fetch(url).content


def test_an_empty_calendar_is_a_calendar(city):
    response = fetch(feed_of(city.elderly))
    assert (response.status_code, events(response.content)) == (200, {})


# --- what it must not tell ---------------------------------------------------------------------


def test_nothing_of_a_case_a_person_or_a_user_stands_in_it(city):
    sitting = s.make_sitting(city, "plan", "support", days=1)
    s.secret_item(city, sitting=sitting)
    house = s.consented_household(city, "disability")
    s.consented_item(city, house, "disability", sitting=sitting)
    content = fetch(feed_of(city.elderly)).content.decode().replace("\r\n ", "")
    words = {str(m.user) for m in city.members.values()}
    words |= {m.user.username for m in city.members.values()}
    words |= {agency.name for agency in city.agencies.values()}
    words |= {"架空野", "守秘", "概要", "議題", "@", house.case.number, str(house.case.pk)}
    assert {word for word in words if word and word in content} == set()


def test_the_appointed_are_told_the_same_as_everybody(city):
    """V6: byte for byte, before the item, with it, and after the pledge."""
    sitting = s.make_sitting(city, "support", days=1)
    urls = [feed_of(city.child), feed_of(city.outreach)]
    client = sign_in(Client(), city.child)
    before = [fetch(url).content for url in urls]
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.child)
    after = [fetch(url).content for url in urls]
    assert before == after
    assert after[0] == after[1] == client.get(reverse("sitting_calendar_file")).content


def test_a_guest_has_no_calendar(city):
    guest = w.make_member(city.agencies["coordinator"], "guest")
    client = sign_in(Client(), guest)
    for page in ("sitting_calendar", "sitting_calendar_file", "calendar_feed"):
        assert client.get(reverse(page)).status_code == 403
    with w.act(guest):
        assert sittings_told() is None


# --- the address -------------------------------------------------------------------------------


def test_only_the_hash_is_kept_and_the_word_is_long(city):
    url = feed_of(city.elderly)
    word = url.removeprefix("/feeds/").removesuffix(".ics")
    assert len(word) == 43
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("select to_jsonb(f)::text from meetings_calendarfeed f")
        rows = cursor.fetchall()
    assert len(rows) == 1
    assert word not in rows[0][0]
    assert digest_of(word).hex() in rows[0][0]


def test_made_anew_the_former_address_stops_and_switched_off_both_do(city):
    first = feed_of(city.elderly)
    second = feed_of(city.elderly)
    assert (fetch(first).status_code, fetch(second).status_code) == (404, 200)
    with w.act(city.elderly):
        assert stop_feed(by=city.elderly)
        assert not stop_feed(by=city.elderly)
    assert fetch(second).status_code == 404
    third = feed_of(city.elderly)
    assert fetch(third).status_code == 200
    assert {fetch(url).content for url in (first, second)} == {fetch("/feeds/x.ics").content}


def test_each_step_leaves_a_line(city):
    feed_of(city.elderly)
    with w.act(city.elderly):
        stop_feed(by=city.elderly)
        stop_feed(by=city.elderly)  # nothing to stop: nothing to say
    with as_owner():
        lines = AccessLog.objects.filter(membership=city.elderly.pk).order_by("id")
        assert list(lines.values_list("action", "what")) == [
            ("write", "make_feed"),
            ("write", "stop_feed"),
        ]


YESTERDAY = timezone.localdate() - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    "end",
    [
        lambda m: type(m).objects.filter(pk=m.pk).update(until=YESTERDAY),
        lambda m: type(m).objects.filter(pk=m.pk).update(confirmed_at=None),
        lambda m: type(m).objects.filter(pk=m.pk).update(role_id="system_administrator"),
        lambda m: type(m.user).objects.filter(pk=m.user_id).update(is_active=False),
        lambda m: type(m.agency).objects.filter(pk=m.agency_id).update(ended_on=YESTERDAY),
    ],
    ids=["ended", "unconfirmed", "another role", "locked user", "ended agency"],
)
def test_a_feed_ends_with_its_membership(city, end):
    url = feed_of(city.elderly)
    others = feed_of(city.child)
    unknown = fetch("/feeds/unknown.ics")
    with as_owner():
        end(city.elderly)
    response = fetch(url)
    assert (response.status_code, response.content) == (404, unknown.content)
    assert sorted(response.headers.items()) == sorted(unknown.headers.items())
    assert fetch(others).status_code == 200


def test_a_row_is_its_memberships_alone(city):
    feed_of(city.elderly)
    for name in ("elderly2", "head", "privacy", "sysadmin"):
        member = city.members[name]
        with w.act(member):
            assert not CalendarFeed.objects.exists()
            assert CalendarFeed.objects.update(digest=None) == 0
        with w.act(member), pytest.raises(DatabaseError), transaction.atomic():
            CalendarFeed.objects.create(membership=city.child, digest=b"x")
    with w.act(city.elderly):
        with pytest.raises(DatabaseError), transaction.atomic():
            CalendarFeed.objects.update(membership=city.child)
        with pytest.raises(DatabaseError), transaction.atomic():
            CalendarFeed.objects.all().delete()


def test_the_address_keeps_to_itself(city):
    url = feed_of(city.elderly)
    for response in (fetch(url), fetch("/feeds/nobodys.ics")):
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies
    assert Client().post(url).status_code == 405


def test_no_log_says_the_word_of_an_address(city):
    handler = next(
        h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler
    )  # fmt: skip
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "%s: %s", ("Not Found", "/feeds/a-Word_1.ics"),
        None,
    )  # fmt: skip
    assert handler.filter(record)
    assert handler.format(record).endswith("Not Found: /feeds/…")
    plain = logging.LogRecord("x", logging.INFO, "", 0, "%s lines", (3,), None)
    assert handler.filter(plain)
    assert handler.format(plain).endswith("3 lines")


def test_a_feed_in_a_signed_in_browser_prolongs_nothing(city):
    url = feed_of(city.elderly)
    client = sign_in(Client(), city.elderly)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("update kasane.session set seen_at = now() - interval '20 minutes'")
    assert client.get(url).status_code == 200
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("select count(*) from kasane.session where seen_at > now() - interval '5m'")
        assert cursor.fetchone() == (0,)


def test_the_page_shows_the_address_once(city):
    client = sign_in(Client(), city.elderly)
    page = reverse("calendar_feed")
    assert "使っていません" in client.get(page).content.decode()
    made = client.post(page).content.decode()
    (url,) = re.findall(r'value="http://testserver(/feeds/[\w-]{43}\.ics)"', made)
    assert fetch(url).status_code == 200
    again = client.get(page).content.decode()
    assert "/feeds/" not in again
    assert "から使っています" in again
    stopped = client.post(reverse("calendar_feed_stop"), follow=True).content.decode()
    assert "購読を止めました" in stopped
    assert fetch(url).status_code == 404


def test_a_file_without_sittings_has_no_event():
    assert events(as_file([], "https://kasane.example")) == {}
