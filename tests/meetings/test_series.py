"""定例の決まり: by which rule a body sits, what becomes of the planned, what is told before."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse

from agencies.enums import SystemName
from agencies.models import Job, Notice
from agencies.permissions import ActionDenied
from agencies.tasks import JOBS, file_due_jobs, run_next, system_membership
from cases.operations.case import StaleVersion
from config.lib.eras import TOKYO
from config.lib.rhythm import OpenDays
from meetings import calendar, notifications, seriespage
from meetings.calendar import deadlines_of, make_sittings, reminders
from meetings.models import Series, Sitting
from meetings.models import sittings as sittings_of
from meetings.operations import Rhythm, series, set_date, set_series
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = datetime.date
NOW = DAY(2027, 4, 1)  # a Thursday
SECOND_THURSDAY = "FREQ=MONTHLY;BYDAY=2TH"


@pytest.fixture
def clock(monkeypatch):
    """Which day it is, for the room."""

    def is_now(day):
        for module in (calendar, notifications, series, seriespage, sittings_of):
            monkeypatch.setattr(module, "today", lambda: day)

    is_now(NOW)
    return is_now


@pytest.fixture
def city(clock):
    world = w.city()
    plan, support = world.conferences["plan"], world.conferences["support"]
    plan.joint_with, support.joint_with = support, plan
    for body in (plan, support):
        body.rhythm_kind = "monthly"
        with as_owner():
            body.save()
    return world


def rhythm(**more):
    return Rhythm(**{"since": NOW, "rule": SECOND_THURSDAY, **more})


def set_it(city, by=None, body="plan", key=None, **more):
    by = by or city.coordinator
    with w.act(by):
        standing = Series.objects.filter(ends_on=None).first()
        return set_series(
            body=city.conferences[body],
            by=by,
            rhythm=rhythm(**more),
            form_key=key or uuid.uuid4(),
            instead_of=standing.pk if standing else None,
        )


def sittings(city):
    with w.act(city.head):
        rows = Sitting.objects.filter(municipality=city.city, is_ad_hoc=False)
        return [(r.on or r.month, r.state) for r in rows.order_by("month", "on")]


def closed(city, day):
    office = city.coordinator.municipality
    office.closing_days = [day]
    with as_owner():
        office.save()


def planned(city):
    with w.act(system_membership(SystemName.SCHEDULER)):
        make_sittings(city.city, start=NOW)


# --- setting it -----------------------------------------------------------------------------------


def test_the_office_sets_the_rule_and_three_months_are_made(city):
    done = set_it(city, starts_at=datetime.time(14), ends_at=datetime.time(16), place="会議室")
    assert (done.made, done.moved, done.cancelled) == (3, 0, 0)
    assert sittings(city) == [
        (DAY(2027, 4, 8), "planned"),
        (DAY(2027, 5, 13), "planned"),
        (DAY(2027, 6, 10), "planned"),
    ]
    with w.act(city.head):
        sitting = Sitting.objects.earliest("on")
        assert (sitting.starts_at.hour, sitting.ends_at.hour, sitting.place) == (14, 16, "会議室")
        assert sorted(b.code for b in sitting.conference_types.all()) == ["plan", "support"]


def test_the_worker_goes_on_where_the_office_stopped_and_makes_none_twice(city, clock):
    set_it(city)
    clock(DAY(2027, 5, 1))
    for _n in range(2):
        with w.act(system_membership(SystemName.SCHEDULER)):
            make_sittings(city.city)
    assert [on for on, _state in sittings(city)] == [
        DAY(2027, 4, 8), DAY(2027, 5, 13), DAY(2027, 6, 10), DAY(2027, 7, 8),
    ]  # fmt: skip


def test_the_rule_takes_the_place_of_the_profiles_from_its_day_on(city):
    planned(city)
    assert [state for _on, state in sittings(city)] == ["undated"] * 4
    done = set_it(city, since=DAY(2027, 5, 1))
    assert (done.made, done.moved, done.cancelled) == (0, 3, 0)
    assert sittings(city) == [
        (DAY(2027, 4, 1), "undated"),
        (DAY(2027, 5, 13), "planned"),
        (DAY(2027, 6, 10), "planned"),
        (DAY(2027, 7, 8), "planned"),
    ]
    with w.act(system_membership(SystemName.SCHEDULER)):
        assert make_sittings(city.city, start=DAY(2027, 5, 1), months=2) == []


def test_what_is_planned_moves_and_what_was_noticed_stays(city):
    set_it(city)
    with w.act(city.head):
        first = Sitting.objects.earliest("on")
        first.state = "noticed"
        first.save()
    done = set_it(city, rule="FREQ=MONTHLY;BYDAY=3TU")
    assert (done.made, done.moved, done.cancelled) == (0, 2, 0)
    assert sittings(city) == [
        (DAY(2027, 4, 8), "noticed"),
        (DAY(2027, 5, 18), "planned"),
        (DAY(2027, 6, 15), "planned"),
    ]


def test_a_month_without_a_day_loses_its_empty_sitting_and_keeps_one_with_items(city):
    set_it(city)
    with w.act(city.head):
        may, june = Sitting.objects.filter(on__gte=DAY(2027, 5, 1)).order_by("on")
    house = s.consented_household(city, "disability")
    s.consented_item(city, house, "disability", sitting=june)
    done = set_it(city, rule="FREQ=MONTHLY;INTERVAL=3;BYDAY=2TH")
    assert (done.made, done.moved, done.cancelled) == (0, 0, 1)
    with w.act(city.head):
        may.refresh_from_db()
        june.refresh_from_db()
    assert (may.state, june.state) == ("cancelled", "planned")


def test_two_sittings_a_month(city):
    done = set_it(city, rule="FREQ=MONTHLY;BYDAY=2TH,4TH")
    assert done.made == 6
    assert len(set(sittings(city))) == 6


def test_a_rule_without_a_day_leaves_the_days_the_office_set(city):
    planned(city)
    with w.act(city.coordinator):
        sitting = Sitting.objects.filter(month=DAY(2027, 5, 1)).get()
        set_date(sitting=sitting, by=city.coordinator, on=DAY(2027, 5, 20))
    set_it(city, rule="FREQ=MONTHLY", place="市役所")
    assert (DAY(2027, 5, 20), "planned") in sittings(city)


def test_the_citys_own_closing_day_is_a_day_off(city):
    closed(city, DAY(2027, 4, 8))
    set_it(city)
    assert sittings(city)[0] == (DAY(2027, 4, 9), "planned")
    closed(city, DAY(2027, 5, 13))
    set_it(city, on_day_off="skip")
    assert DAY(2027, 5, 13) not in [on for on, state in sittings(city) if state == "planned"]


def test_the_same_form_sets_it_once(city):
    key = uuid.uuid4()
    first, again = set_it(city, key=key), set_it(city, key=key)
    assert (first.series.pk, again.made) == (again.series.pk, 0)
    with w.act(city.head):
        assert Series.objects.count() == 1


def test_another_rule_follows_and_the_former_stays_provable(city):
    set_it(city)
    set_it(city, since=DAY(2027, 6, 1), rule="FREQ=MONTHLY;BYMONTHDAY=15")
    with w.act(city.head):
        rows = list(Series.objects.order_by("since").values_list("since", "ends_on", "rule"))
    assert rows == [
        (NOW, DAY(2027, 5, 31), SECOND_THURSDAY),
        (DAY(2027, 6, 1), None, "FREQ=MONTHLY;BYMONTHDAY=15"),
    ]
    assert [on for on, _state in sittings(city)] == [
        DAY(2027, 4, 8), DAY(2027, 5, 13), DAY(2027, 6, 15),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"since": DAY(2027, 3, 31)}, "今日からあと"),
        ({"rule": "毎月"}, "読み取れません"),
        ({"rule": "FREQ=DAILY"}, "読み取れません"),
        ({"starts_at": datetime.time(16), "ends_at": datetime.time(14)}, "終了時刻"),
        ({"agenda_days": 5, "notice_days": 7}, "順に"),
        ({"call_days": 3, "pack_days": 5}, "順に"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(city, wrong, words):
    with pytest.raises(ActionDenied, match=words):
        set_it(city, **wrong)
    assert sittings(city) == []


def test_a_rule_before_the_one_that_is_set_is_refused(city):
    set_it(city, since=DAY(2027, 6, 1))
    with pytest.raises(ActionDenied, match=r"R9\.6\.1"):
        set_it(city, since=DAY(2027, 5, 1))


@pytest.mark.parametrize("name", ["elderly", "outreach", "admin", "community"])
def test_only_the_office_sets_it(city, name):
    with pytest.raises(ActionDenied):
        set_it(city, by=city.members[name])


def test_the_office_of_a_body_that_sits_along_sets_it_too(city):
    with as_owner():
        body = city.conferences["support"]
        body.host = body.secretariat = city.agencies["outreach"]
        body.save()
    by = w.make_member(city.agencies["outreach"], "coordinator")
    assert set_it(city, by=by).made == 3
    assert set_it(city, since=NOW + datetime.timedelta(days=1)).made == 0


def test_who_saw_another_rule_is_told_so(city):
    set_it(city)
    with w.act(city.coordinator), pytest.raises(StaleVersion):
        set_series(
            body=city.conferences["plan"], by=city.coordinator, rhythm=rhythm(),
            form_key=uuid.uuid4(), instead_of=None,
        )  # fmt: skip


def test_another_city_sees_no_rule_and_sets_none(city):
    set_it(city)
    other = w.city().coordinator
    with w.act(other):
        assert not Series.objects.exists()
        with pytest.raises(ActionDenied):
            set_series(
                body=city.conferences["plan"], by=other, rhythm=rhythm(),
                form_key=uuid.uuid4(), instead_of=None,
            )  # fmt: skip


def test_by_sql_a_rule_is_neither_altered_nor_set_by_who_is_not_the_office(city):
    made = set_it(city).series
    altered = "UPDATE meetings_series SET rule = 'FREQ=WEEKLY;BYDAY=MO'"
    with w.act(city.coordinator), pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute(altered)
    ended = "UPDATE meetings_series SET ends_on = '2027-05-01'"
    with w.act(city.elderly), pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute(ended)
    with w.act(city.elderly), pytest.raises(ProgrammingError), transaction.atomic():
        Series(
            municipality=city.city, conference_type=made.conference_type, since=NOW,
            rule=SECOND_THURSDAY, on_day_off="next", made_by=city.elderly, form_key=uuid.uuid4(),
            ends_on=DAY(2027, 4, 30),
        ).save(force_insert=True)  # fmt: skip


# --- what is told before a sitting ----------------------------------------------------------------


DAYS = {"call_days": 10, "agenda_days": 7, "notice_days": 5, "pack_days": 2}


def test_days_are_counted_back_in_open_days(city):
    set_it(city, **DAYS)
    with w.act(city.head):
        sitting = Sitting.objects.select_related("series").get(on=DAY(2027, 5, 13))
    found = deadlines_of(sitting, OpenDays())
    # Over weekends and 昭和の日, 憲法記念日, みどりの日, こどもの日.
    assert found.named() == [
        ("call", DAY(2027, 4, 23)),
        ("agenda", DAY(2027, 4, 28)),
        ("notice", DAY(2027, 5, 6)),
        ("pack", DAY(2027, 5, 11)),
        ("eve", DAY(2027, 5, 12)),
    ]


@pytest.mark.parametrize(
    ("day", "state", "told"),
    [
        (DAY(2027, 4, 22), "planned", []),
        (DAY(2027, 4, 23), "planned", ["call"]),
        (DAY(2027, 4, 27), "planned", ["call"]),  # caught up
        (DAY(2027, 4, 28), "planned", ["agenda"]),  # too late to call
        (DAY(2027, 5, 6), "planned", ["agenda", "notice"]),
        (DAY(2027, 5, 6), "noticed", []),
        (DAY(2027, 5, 11), "noticed", ["pack"]),
        (DAY(2027, 5, 12), "noticed", ["pack", "eve"]),
        (DAY(2027, 5, 13), "noticed", ["pack"]),
        (DAY(2027, 5, 14), "noticed", []),
    ],
)
def test_what_is_told_on_which_day(city, day, state, told):
    set_it(city, **DAYS)
    with w.act(city.head):
        sitting = Sitting.objects.select_related("series").get(on=DAY(2027, 5, 13))
    sitting.state = state
    assert list(reminders(sitting, deadlines_of(sitting, OpenDays()), day)) == told


def work(city):
    file_due_jobs()
    while run_next():
        pass
    with w.act(system_membership(SystemName.SCHEDULER)):
        return Job.objects.filter(name="remind_sitting").count()


def kinds(city, *names):
    found = {}
    for name in names:
        with w.act(city.members[name]):
            rows = Notice.objects.visible_to(city.members[name]).filter(kind__startswith="sitting_")
            found[name] = sorted(rows.values_list("kind", flat=True))
    return found


def test_each_is_told_once_to_whom_it_concerns_however_often_the_schedule_runs(city, clock):
    set_it(city, **DAYS)
    with w.act(city.head):
        Sitting.objects.exclude(on=DAY(2027, 5, 13)).update(state="closed")
    day = DAY(2027, 4, 12)
    while day < DAY(2027, 5, 14):
        clock(day)
        for _beat in range(2):
            work(city)
        if day == DAY(2027, 5, 7):
            with w.act(city.head):
                Sitting.objects.filter(on=DAY(2027, 5, 13)).update(state="noticed")
        day += datetime.timedelta(days=1)
    assert kinds(city, "coordinator", "elderly") == {
        "coordinator": [
            "sitting_agenda", "sitting_call", "sitting_eve", "sitting_notice", "sitting_pack",
        ],
        "elderly": [],
    }  # fmt: skip


def test_nothing_is_told_on_a_day_off_and_it_is_caught_up_after(city, clock):
    set_it(city, **DAYS)
    for day, number in ((DAY(2027, 4, 29), 0), (DAY(2027, 5, 1), 0), (DAY(2027, 5, 6), 2)):
        clock(day)
        with w.act(city.head):
            Sitting.objects.filter(on=DAY(2027, 4, 8)).update(state="closed")
        assert work(city) == number


def test_a_reminder_that_waited_until_a_day_off_waits_for_the_next_open_day(city, clock):
    set_it(city, **DAYS)
    with w.act(city.head):
        Sitting.objects.exclude(on=DAY(2027, 5, 13)).update(state="closed")
    clock(DAY(2027, 4, 28))
    file_due_jobs()  # and no worker until 昭和の日
    clock(DAY(2027, 4, 29))
    while run_next():
        pass
    assert kinds(city, "coordinator") == {"coordinator": []}
    with w.act(system_membership(SystemName.SCHEDULER)):
        (waits,) = Job.objects.filter(name="remind_sitting", done_at=None)
    assert waits.due_at == datetime.datetime(2027, 4, 30, tzinfo=TOKYO)
    clock(DAY(2027, 4, 30))
    file_due_jobs()
    with w.act(system_membership(SystemName.SCHEDULER)):
        for _time in range(2):
            JOBS["remind_sitting"][0](waits.args)
    assert kinds(city, "coordinator") == {"coordinator": ["sitting_agenda"]}


def test_standing_members_are_called_and_who_was_asked_is_reminded(city, clock):
    with as_owner():
        city.conferences["plan"].standing_members.create(
            municipality=city.city, agency=city.agencies["child"]
        )
        city.conferences["plan"].standing_members.create(
            municipality=city.city, agency=city.agencies["outreach"], is_by_item=True
        )
        city.conferences["support"].standing_members.create(
            municipality=city.city, agency=city.agencies["livelihood"], ended_on=DAY(2026, 4, 1)
        )
    w.list_secretary(city, city.coordinator)
    set_it(city, **DAYS)
    with w.act(city.head):
        Sitting.objects.filter(on=DAY(2027, 4, 8)).update(state="closed")
        sitting = Sitting.objects.get(on=DAY(2027, 5, 13))
    clock(DAY(2027, 4, 26))
    work(city)
    house = s.consented_household(city, "disability")
    s.consented_item(city, house, "disability", sitting=sitting)
    s.appointed(city, s.secret_item(city, sitting=sitting), city.outreach)
    with w.act(city.head):
        Sitting.objects.filter(on=DAY(2027, 5, 13)).update(state="noticed")
    clock(DAY(2027, 5, 12))
    work(city)
    assert kinds(city, "child", "outreach", "elderly", "disability", "livelihood") == {
        "livelihood": [],  # a member no more
        "child": ["sitting_call"],
        "outreach": ["sitting_eve"],  # appointed to an item under secrecy: the person alone
        "elderly": ["sitting_eve"],  # proposed an item
        "disability": [],  # its item was not noticed
    }


def test_a_moved_sitting_is_told_of_anew_and_the_old_day_no_more(city, clock):
    set_it(city, **DAYS)
    clock(DAY(2027, 5, 6))
    with w.act(city.head):
        Sitting.objects.filter(on=DAY(2027, 4, 8)).update(state="closed")
    file_due_jobs()
    with w.act(city.coordinator):
        sitting = Sitting.objects.get(on=DAY(2027, 5, 13))
        set_date(sitting=sitting, by=city.coordinator, on=DAY(2027, 5, 27))
    work(city)
    assert "sitting_notice" not in kinds(city, "coordinator")["coordinator"]
    clock(DAY(2027, 5, 20))
    work(city)
    assert kinds(city, "coordinator")["coordinator"].count("sitting_notice") == 1


# --- pages ----------------------------------------------------------------------------------------


def client(member):
    return sign_in(Client(), member)


def filled(**more):
    return {
        "since": "2027-04-01", "every": "m1", "by": "weekday", "nths": ["2"], "weekday": "3",
        "day": "", "on_day_off": "next", "starts_at": "14:00", "ends_at": "16時", "place": "会議室",
        "call_days": "", "agenda_days": "7", "notice_days": "", "pack_days": "",
        "form_key": str(uuid.uuid4()), **more,
    }  # fmt: skip


def post(city, name="coordinator", **more):
    url = reverse("series_set", args=[city.conferences["plan"].pk])
    return client(city.members[name]).post(url, filled(**more))


def test_the_list_says_each_bodys_rule_and_who_said_it(city):
    page = client(city.elderly).get(reverse("series_list")).content.decode()
    assert "毎月（日はそのつど決めます）" in page
    assert "市の設定" in page
    assert "決まりを変える" not in page
    set_it(city)
    page = client(city.coordinator).get(reverse("series_list")).content.decode()
    assert "毎月第2木曜日" in page
    assert "R9.4.1から" in page
    assert "決まりを変える" in page


def test_the_list_tells_what_holds_today_from_what_follows(city, clock):
    set_it(city)
    set_it(city, since=DAY(2027, 6, 1), rule="FREQ=MONTHLY;BYMONTHDAY=15")
    page = client(city.elderly).get(reverse("series_list")).content.decode()
    assert page.index("毎月第2木曜日") < page.index("これからの決まり") < page.index("毎月15日")
    clock(DAY(2027, 6, 1))
    page = client(city.elderly).get(reverse("series_list")).content.decode()
    assert "毎月15日" in page
    assert "毎月第2木曜日" not in page


def test_the_list_asks_no_more_for_more_rules(city, django_assert_max_num_queries):
    here = client(city.coordinator)
    for number in range(3):
        set_it(city, since=NOW + datetime.timedelta(days=number))
    here.get(reverse("series_list"))
    with django_assert_max_num_queries(24):
        here.get(reverse("series_list"))


def test_the_days_are_looked_over_before_the_rule_holds(city, monkeypatch):
    monkeypatch.setattr("config.lib.eras.today", lambda: NOW)
    response = post(city)
    page = response.content.decode()
    assert response.status_code == 200
    assert "令和9年5月13日（木）" in page
    with w.act(city.head):
        assert not Series.objects.exists()
    back = post(city, step="edit")
    assert back.status_code == 200
    assert 'value="16時"' in back.content.decode()
    done = post(city, step="send")
    assert done.status_code == 302
    assert sittings(city)[0] == (DAY(2027, 4, 8), "planned")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"since": "きょう"}, "いつから"),
        ({"since": ""}, "いつからを入れてください"),
        ({"every": ""}, "どのくらいごとにを選んでください"),
        ({"every": "y9"}, "表示された中から"),
        ({"by": "day"}, "毎月の日を入れてください"),
        ({"by": "day", "day": "32"}, "1から31まで"),
        ({"by": "day", "day": "十五"}, "1から31まで"),
        ({"day": "15"}, "日付で決めるときだけ"),
        ({"nths": []}, "第何週かを選んで"),
        ({"weekday": ""}, "曜日を選んでください"),
        ({"every": "w1"}, "第何週は選べません"),
        ({"every": "w1", "nths": [], "by": "open"}, "曜日で決めます"),
        ({"starts_at": "二時"}, "開始時刻"),
        ({"ends_at": "13:00"}, "終了時刻は、開始時刻よりあと"),
        ({"agenda_days": "-1"}, "0から60まで"),
        ({"agenda_days": "5", "notice_days": "7"}, "5以下にしてください"),
        ({"place": "1" * 101}, "場所"),
    ],
)
def test_bad_input_is_a_sentence_and_nothing_typed_is_lost(city, monkeypatch, wrong, words):
    monkeypatch.setattr("config.lib.eras.today", lambda: NOW)
    response = post(city, **wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert 'value="会議室"' in page or wrong.get("place", "") in page
    assert 'value="14:00"' in page or wrong.get("starts_at", "") in page
    with w.act(city.head):
        assert not Series.objects.exists()


def test_who_was_slower_sees_the_new_rule_keeps_what_was_typed_and_may_go_on(city, monkeypatch):
    monkeypatch.setattr("config.lib.eras.today", lambda: NOW)
    made = set_it(city, rule="FREQ=MONTHLY;BYDAY=3TU").series
    response = post(city, step="send")
    page = response.content.decode()
    assert response.status_code == 422
    assert "先に決まりを変えました" in page
    assert "いまの決まり：毎月第3火曜日" in page
    assert 'value="会議室"' in page
    assert post(city, step="send", instead_of=str(made.pk)).status_code == 302
    assert sittings(city)[0] == (DAY(2027, 4, 8), "planned")


def test_who_is_not_the_office_gets_a_reason_and_another_city_nothing(city):
    assert post(city, "elderly").status_code == 403
    url = reverse("series_set", args=[w.city().conferences["plan"].pk])
    assert client(city.coordinator).get(url).status_code == 404


def test_a_sittings_page_names_the_days_before_it(city):
    set_it(city, agenda_days=7, notice_days=5)
    with w.act(city.head):
        sitting = Sitting.objects.get(on=DAY(2027, 5, 13))
    page = client(city.elderly).get(reverse("sitting_detail", args=[sitting.pk])).content.decode()
    assert page.index("R9.4.28") < page.index("議題の締切") < page.index("R9.5.6")
    assert "資料の配付" not in page
    other = s.make_sitting(city, "plan", days=9)
    page = client(city.elderly).get(reverse("sitting_detail", args=[other.pk])).content.decode()
    assert "会議までの日" not in page
