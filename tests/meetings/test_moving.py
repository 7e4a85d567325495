"""日程変更 after the notice: who is told, what follows, and that it tells of nothing sealed."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from agencies.tasks import sweep
from config.celery import app, ring_once
from meetings.models import Sitting
from meetings.operations import decide_item, move_sitting
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
def later():
    return s.business_day(timezone.localdate() + datetime.timedelta(days=20))


def client(member):
    return sign_in(Client(), member)


def told(member):
    """Notices of a move that this membership reads: (is it for the person alone, title)."""
    with w.act(member):
        rows = Notice.objects.visible_to(member).filter(kind="sitting_moved")
        return [(row.membership_id is not None, row.title) for row in rows]


def both(city, **more):
    """A noticed joint sitting: the disability agency takes part in two items, child is appointed
    to two sealed ones."""
    sitting = s.make_sitting(city, "plan", "support", days=3, **more)
    for _n in range(2):
        house = s.consented_household(city, "disability")
        s.consented_item(city, house, "disability", sitting=sitting)
        secret = s.secret_item(city, sitting=sitting)
        s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    return sitting, secret


def test_everybody_asked_is_told_once_and_nobody_else(city, later):
    sitting, _secret = both(city)
    with w.act(city.head):
        move_sitting(sitting=sitting, by=city.head, on=later, starts_at=datetime.time(14, 30))
    sweep()
    words = f"{later.month}月{later.day}日"
    for name, is_own in (("disability", False), ("elderly", False), ("child", True)):
        ((own, title),) = told(city.members[name])
        assert own == is_own, name
        assert words in title
        assert "14:30" in title
    assert len(told(city.coordinator)) == 1
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert told(colleague) == told(city.outreach) == []


def test_moved_twice_is_told_twice_and_swept_twice_is_told_once(city, later):
    sitting, _secret = both(city)
    first = sitting.on
    for day in (later, s.business_day(first)):
        with w.act(city.head):
            move_sitting(sitting=sitting, by=city.head, on=day)
            sitting.refresh_from_db()
        sweep()
        sweep()
    assert len(told(city.child)) == 2


def test_sealed_items_close_by_the_new_day_whoever_moves_it(city, later):
    sitting, secret = both(city)
    assert not s.sees(city.head, secret)  # who moves it does not know of it
    opened = s.fresh(city, secret).open_period
    with w.act(city.head):
        move_sitting(sitting=sitting, by=city.head, on=later)
    period = s.fresh(city, secret).open_period
    assert period.lower == opened.lower
    assert timezone.localdate(period.upper) == later + datetime.timedelta(days=8)


def test_only_the_scheduler_learns_who_was_asked(city):
    sitting, _secret = both(city)
    for member in (city.head, city.coordinator, city.child):
        with w.act(member), connection.cursor() as cursor:
            cursor.execute("select * from kasane.asked_to_sitting(%s)", [sitting.pk])
            assert cursor.fetchall() == []


def test_what_may_not_be_moved(city, later):
    sitting, _secret = both(city)
    planned = s.make_sitting(city, "plan", days=3)
    for by, what, day in (
        (city.elderly, sitting, later),
        (city.head, planned, later),
        (city.head, sitting, sitting.on),
        (city.head, sitting, timezone.localdate() - datetime.timedelta(days=1)),
        (city.head, sitting, datetime.date(2028, 1, 1)),
    ):
        with w.act(by), pytest.raises(ActionDenied):
            move_sitting(sitting=what, by=by, on=day)
    assert sweep() == 0


def test_the_screen_says_who_is_told_before_anybody_is(city, later):
    sitting, secret = both(city)
    browser = client(city.head)
    url = reverse("sitting_move", args=[sitting.pk])
    assert url in browser.get(reverse("sitting_detail", args=[sitting.pk])).content.decode()
    assert browser.get(url).status_code == 200
    typed = {"on": later.isoformat(), "starts_at": "14:00", "place": "第2会議室"}
    page = browser.post(url, typed).content.decode()
    assert "架空disabilityセンター" in page
    assert "架空childセンター" not in page
    assert "日程を変えて知らせる" in page
    assert secret.title not in page
    back = browser.post(url, typed | {"step": "edit"})
    assert "第2会議室" in back.content.decode()
    with w.act(city.head):
        assert Sitting.objects.get(pk=sitting.pk).on == sitting.on
    done = browser.post(url, typed | {"step": "send"}, follow=True)
    assert "第2会議室" in done.content.decode()
    again = browser.post(url, typed | {"step": "send"})
    assert again.status_code == 422
    assert "変わっていません" in again.content.decode()
    assert client(city.elderly).get(url).status_code == 403
    assert client(w.city().head).get(url).status_code == 404


def test_a_wrong_day_is_said_beside_the_field(city):
    sitting, _secret = both(city)
    url = reverse("sitting_move", args=[sitting.pk])
    page = client(city.head).post(url, {"on": "2028-01-01", "place": "第2会議室"})
    assert page.status_code == 422
    assert "閉庁日" in page.content.decode()
    assert "第2会議室" in page.content.decode()


# --- the button of a running sitting ------------------------------------------------------------


def next_url(member, sitting):
    page = client(member).get(reverse("sitting_detail", args=[sitting.pk]))
    assert page.status_code == 200
    return page.context["next"]["url"], page.context["next"]["step"]


def test_the_button_leads_where_the_reader_can_work(city):
    sitting = s.make_sitting(city, "plan", "support")
    secret = s.secret_item(city, sitting=sitting)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    appointed = w.make_member(city.agencies["coordinator"], "coordinator")
    s.appointed(city, secret, appointed)
    s.opened(city, sitting)
    run = reverse("sitting_run", args=[sitting.pk])
    assert next_url(city.coordinator, sitting) == (run, "")
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="discussed", opinion="", minutes="")
    # Only the sealed item is left: its secretary is led to it, who is appointed waits, and whoever
    # does not know of it may close.
    assert next_url(city.coordinator, sitting) == (f"{run}?sealed=1", "")
    led = client(city.coordinator).get(f"{run}?sealed=1")
    assert led.url == reverse("item_run", args=[secret.pk])
    assert next_url(appointed, sitting) == ("", "")
    assert next_url(city.head, sitting) == ("", "close")


def test_an_item_that_came_after_the_notice_is_offered_to_be_taken_back(city):
    sitting = s.make_sitting(city, "plan")
    s.noticed(city, sitting)
    item = s.consented_item(city, s.consented_household(city), sitting=sitting)
    s.change(city, sitting, state="open")
    assert next_url(city.coordinator, sitting) == (reverse("item_detail", args=[item.pk]), "")


def test_beat_asks_for_what_is_due_as_it_starts(monkeypatch):
    rung = []
    monkeypatch.setattr(app, "send_task", lambda name, **how: rung.append(name))
    ring_once(sender=None)
    assert rung == ["agencies.tasks.file_due_jobs"]

    def fails(name, **how):
        raise OSError

    monkeypatch.setattr(app, "send_task", fails)
    ring_once(sender=None)


def test_hours_move_together(city, later):
    sitting, _secret = both(city)
    with w.act(city.coordinator):
        move_sitting(
            sitting=sitting, by=city.coordinator, on=later,
            starts_at=datetime.time(14), ends_at=datetime.time(16),
        )  # fmt: skip
        sitting.refresh_from_db()
        move_sitting(sitting=sitting, by=city.coordinator, on=later, starts_at=datetime.time(10))
        sitting.refresh_from_db()
    assert (sitting.starts_at, sitting.ends_at) == (datetime.time(10), None)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({"starts_at": "14:00", "ends_at": "13:00"}, "開始時刻よりあと"),
        ({"starts_at": "", "ends_at": "13:00"}, "開始時刻も入れて"),
        ({"starts_at": "14:00", "ends_at": "三時"}, "終了時刻"),
    ],
)
def test_hours_out_of_order_are_a_sentence_beside_the_field(city, later, hours, words):
    sitting, _secret = both(city)
    url = reverse("sitting_move", args=[sitting.pk])
    data = {"on": later.isoformat(), "place": "架空会館", **hours}
    response = client(city.coordinator).post(url, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert 'value="架空会館"' in response.content.decode()
