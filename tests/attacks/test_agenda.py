"""次第, 出席する人 and 候補, by every way round their office.

Another day, another order, another hour must not be refused, told or counted because something
sealed is there (V6, V15); a consent is told to who puts an item on an agenda, not to everybody who
reads it (V3).
"""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from meetings.models import AgendaItem, Sitting
from meetings.operations import Planned, move_sitting, set_agenda
from tests import world as w
from tests.meetings import situations as s
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

TEN, TWO = datetime.time(10), datetime.time(14)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def browser(member):
    return sign_in(Client(), member)


def text(answer):
    return answer.content.decode()


def said(member, sql, *values):
    """What the login hears: how many rows, or the refusal; undone."""
    try:
        with w.act(member), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            transaction.set_rollback(True)
            return str(cursor.rowcount)
    except DatabaseError as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def sealed_at_two(city, days):
    """A noticed sitting, and a sealed item in it that begins at two."""
    sitting = s.make_sitting(city, "support", days=days)
    with w.act(city.head):
        Sitting.objects.filter(pk=sitting.pk).update(starts_at=TWO)
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.outreach)
    s.noticed(city, sitting)
    with w.act(city.coordinator):
        secret = AgendaItem.objects.select_related("sitting").get(pk=secret.pk)
        set_agenda(
            sitting=secret.sitting, by=city.coordinator,
            rows=[Planned(secret.pk, secret.version, 30, TWO, None)],
        )  # fmt: skip
    return sitting, secret


def test_an_earlier_day_and_hour_is_not_refused_because_of_something_sealed(city):
    sitting, secret = sealed_at_two(city, days=20)
    earlier = s.business_day(timezone.localdate() + datetime.timedelta(days=3))
    with w.act(city.head):
        held = Sitting.objects.get(pk=sitting.pk)
        move_sitting(sitting=held, by=city.head, on=earlier, starts_at=TEN)
    now = s.fresh(city, secret)
    assert now.begins_at == TEN
    assert timezone.localdate(now.open_period.upper) == earlier + datetime.timedelta(days=8)


def test_nobody_asks_by_a_second_notice_who_hears_of_a_changed_agenda(city):
    """A notice is once a kind and key: one that is refused says that somebody is appointed."""
    sitting, _secret = sealed_at_two(city, days=20)
    member = city.outreach
    told = """INSERT INTO agencies_notice
        (id, agency_id, membership_id, kind, key, title, url, created_at)
        VALUES (gen_random_uuid(), %s, %s, %s, %s, '', '', now()) ON CONFLICT DO NOTHING"""
    key = f"{sitting.pk}:{timezone.localdate()}"
    assert said(city.child, told, member.agency_id, member.pk, "agenda_changed", key) == "1"


# --- consents, by who need not know of them (V3) -------------------------------------------------


@pytest.fixture
def item(city):
    house = s.consented_household(city, "child", "disability")
    made = s.consented_item(city, house, "child")
    s.noticed(city, made.sitting)
    return made


@pytest.mark.parametrize("more", [None, {}, {"check": "1"}])
def test_who_takes_part_does_not_ask_whom_others_have_a_consent_for(city, item, more):
    """The page says of each person which agencies their consent reaches: to the office and who
    proposed the item."""
    url = reverse("item_participants", args=[item.pk])
    data = None if more is None else {"participants": [city.agencies["disability"].pk], **more}

    def answer(member):
        asked = browser(member)
        return asked.get(url) if data is None else asked.post(url, data)

    refused = answer(city.child)
    assert refused.status_code == 403
    assert "架空disabilityセンター" not in text(refused)
    assert answer(city.elderly).status_code in (200, 422)
    assert answer(city.coordinator).status_code in (200, 422)


# --- over the application's own login ------------------------------------------------------------


def test_an_interest_is_taken_back_by_the_office_once_the_sitting_runs(city, item):
    insert = """insert into meetings_itemattendance (id, item_id, agency_id, name, has_conflict)
        values (%s, %s, %s, '', true)"""
    row = "update meetings_itemattendance set has_conflict = false where item_id = %s"
    with w.act(city.child), connection.cursor() as cursor:
        cursor.execute(insert, [uuid.uuid4(), item.pk, city.agencies["child"].pk])
    assert said(city.child, row, item.pk) == "1"
    s.opened(city, item.sitting)
    assert "declared before the sitting" in said(city.child, row, item.pk)
    assert said(city.head, row, item.pk) == "1"


def test_an_appointed_person_takes_no_interest_back_once_the_sitting_runs(city):
    secret = s.secret_item(city)
    s.appointed(city, secret, city.child)
    s.noticed(city, secret.sitting)
    own = "update meetings_itemgrant set has_conflict = %s where membership_id = %s"
    assert said(city.child, own, True, city.child.pk) == "1"
    s.opened(city, secret.sitting)
    assert "declared before the sitting" in said(city.child, own, True, city.child.pk)
    assert said(city.coordinator, own, True, city.child.pk) == "1"


def test_who_only_proposed_an_item_decides_nothing_over_sql(city, item):
    s.opened(city, item.sitting)
    decided = """update meetings_agendaitem set state = 'decided', decision = 'discussed',
        decided_at = now(), decided_by_id = %s where id = %s"""
    begun = "update meetings_agendaitem set begun_at = now() where id = %s"
    for sql, values in ((decided, [city.elderly.pk]), (decided, [city.coordinator.pk])):
        assert "Error" in said(city.elderly, sql, *values, item.pk)
    assert "Error" in said(city.coordinator, decided, city.head.pk, item.pk)
    assert "Error" in said(city.elderly, begun, item.pk)
    assert said(city.coordinator, decided, city.coordinator.pk, item.pk) == "1"
    assert said(city.coordinator, begun, item.pk) == "1"
