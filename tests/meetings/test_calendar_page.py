"""The month of sittings: whose days stand on it, what it says of a day, and what it keeps quiet."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from agencies.models import AccessLog
from config.lib.eras import today
from config.lib.rhythm import OpenDays
from meetings.models import Series, Sitting
from meetings.month import month_of, neighbour, title_of, why_closed
from meetings.operations import cancel_sitting
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in
from tests.test_budgets import counted

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DECEMBER = datetime.date(2026, 12, 1)
# Who printed it, and when, and what no two answers share.
MASKED = re.compile(
    r'(nonce[-="]+|csrfmiddlewaretoken" value="|X-CSRFToken": ")[\w+/=-]+'
    r'|<p class="print-only">.*?</p>'
)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def sitting_on(city, day, *names, **values):
    made = s.make_sitting(city, *names)
    with w.act(city.head):
        Sitting.objects.filter(pk=made.pk).update(on=day, month=day.replace(day=1), **values)
        return Sitting.objects.get(pk=made.pk)


def show(member, query="?month=2026-12"):
    response = sign_in(Client(), member).get(reverse("sitting_calendar") + query)
    assert response.status_code == 200
    return response


def days_of(response):
    return {day.on.day: day for week in response.context["weeks"] for day in week if day}


def text(response):
    return response.content.decode()


# --- the month ---------------------------------------------------------------------------------


def test_weeks_begin_on_monday_and_hold_the_month_alone(city):
    weeks = show(city.elderly).context["weeks"]
    assert [[d.on.day if d else 0 for d in week] for week in weeks] == [
        [0, 1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11, 12, 13],
        [14, 15, 16, 17, 18, 19, 20],
        [21, 22, 23, 24, 25, 26, 27],
        [28, 29, 30, 31, 0, 0, 0],
    ]


def test_months_across_the_years_end(city):
    page = show(city.elderly)
    assert "令和8年12月" in text(page)
    assert [url for _words, url in page.context["months"]] == [
        "?month=2026-11", f"?month={today():%Y-%m}", "?month=2027-01",
    ]  # fmt: skip
    january = show(city.elderly, "?month=2027-01")
    assert "令和9年1月" in text(january)
    assert january.context["months"][0][1] == "?month=2026-12"
    assert days_of(january)[1].off == "元日"
    assert days_of(january)[2].off == "年末年始"
    assert not days_of(january)[4].off


BAD = [
    "kyou", "0000-00", "9999-99", "9999-12", "2026-13", "2026-1", "２０２６-１２", "", "-",
    "2026-12-01", "\x00",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_month_is_this_one(city, bad):
    assert month_of(bad) == today().replace(day=1)
    page = sign_in(Client(), city.elderly).get(reverse("sitting_calendar"), {"month": bad})
    assert title_of(today()) in text(page)


def test_beyond_what_is_shown_nothing_leads():
    assert (
        neighbour(datetime.date(2000, 1, 1), -1) == neighbour(datetime.date(2099, 12, 1), 1) == ""
    )
    assert title_of(datetime.date(2019, 5, 1)) == "令和元年5月"


def test_holidays_closing_days_and_the_years_end_are_said_in_words(city):
    closed = OpenDays(frozenset({datetime.date(2026, 8, 14), datetime.date(2026, 11, 3)}))
    said = {
        (2026, 11, 3): "文化の日",
        (2026, 8, 14): "市の閉庁日",
        (2026, 8, 13): "",
        (2026, 12, 28): "",
        (2026, 12, 29): "年末年始",
        (2027, 1, 1): "元日",
        (2027, 1, 3): "年末年始",
        (2027, 1, 4): "",
    }
    assert {day: why_closed(datetime.date(*day), closed) for day in said} == said
    with as_owner():
        city.city.closing_days = [datetime.date(2026, 12, 25)]
        city.city.save()
    page = show(city.elderly)
    assert "市の閉庁日" in text(page)
    assert days_of(page)[25].is_closed
    assert "市の閉庁日" not in text(show(w.city().elderly))


def test_today_is_marked(city):
    page = text(show(city.elderly, ""))
    assert page.count('aria-current="date"') == 1
    assert "今日" in page
    assert 'aria-current="date"' not in text(show(city.elderly, "?month=2020-01"))


# --- the sittings ------------------------------------------------------------------------------


def called_off(city, sitting):
    with w.act(city.head):
        cancel_sitting(sitting=Sitting.objects.get(pk=sitting.pk), by=city.head)


def test_a_sitting_stands_on_its_day_with_hour_name_state_and_link(city):
    body = city.conferences["support"]
    with as_owner():
        body.short_name = "支援会"
        body.save()
    nine = sitting_on(
        city, DECEMBER.replace(day=9), "plan", "support", starts_at=datetime.time(9, 30)
    )
    called_off(city, sitting_on(city, DECEMBER.replace(day=9), "plan"))
    foreign = w.city()
    sitting_on(foreign, DECEMBER.replace(day=9), "plan")
    lines = days_of(show(city.elderly))[9].sittings
    assert [(line.when, line.what, line.state) for line in lines] == [
        ("09:30", "重層的支援会議・支援会", "予定"),
        ("", "重層的支援会議", "中止"),
    ]
    assert lines[0].url == reverse("sitting_detail", args=[nine.pk])


def test_a_month_without_a_day_stands_above_its_own_month(city):
    made = s.make_sitting(city, "plan")
    with w.act(city.head):
        Sitting.objects.filter(pk=made.pk).update(on=None, month=DECEMBER, state="undated")
    assert [line.what for line in show(city.elderly).context["undated"]] == ["重層的支援会議"]
    assert "この月の会議はありません" not in text(show(city.elderly))
    later = show(city.elderly, "?month=2027-01")
    assert later.context["undated"] == []
    assert "この月の会議はありません" in text(later)


def test_one_body_alone_and_the_months_keep_to_it(city):
    plan, support = city.conferences["plan"], city.conferences["support"]
    sitting_on(city, DECEMBER, "plan")
    sitting_on(city, DECEMBER, "support")
    page = show(city.elderly, f"?month=2026-12&body={support.pk}")
    assert [line.what for line in days_of(page)[1].sittings] == ["支援会議"]
    assert all(url.endswith(f"&body={support.pk}") for _w, url in page.context["months"])
    assert [tab["url"] for tab in page.context["tabs"]] == [
        "?month=2026-12",
        f"?month=2026-12&body={plan.pk}",
        f"?month=2026-12&body={support.pk}",
    ]
    assert page.context["list_url"] == reverse("sitting_list") + f"?body={support.pk}"
    for odd in ("x", "²", "9" * 40, "0"):
        assert show(city.elderly, f"?month=2026-12&body={odd}")


# --- the days counted back ---------------------------------------------------------------------


def with_series(city, day, **days):
    with w.act(city.head):
        series = Series.objects.create(
            municipality=city.city,
            conference_type=city.conferences["plan"],
            since=datetime.date(2026, 4, 1),
            rule="FREQ=MONTHLY;BYDAY=4WE",
            on_day_off="next",
            made_by=city.head,
            form_key=uuid.uuid4(),
            **days,
        )
    return sitting_on(city, day, "plan", series=series)


def steps_of(response):
    return {
        n: [line.when for line in day.steps] for n, day in days_of(response).items() if day.steps
    }


def test_who_runs_a_body_sees_the_days_counted_back(city):
    sitting = with_series(
        city, datetime.date(2026, 12, 23), call_days=20, agenda_days=8, notice_days=5, pack_days=2
    )
    told = {11: ["議題の締切"], 16: ["開催通知"], 21: ["資料の配付"]}
    for name in ("head", "coordinator"):
        assert steps_of(show(city.members[name])) == told
    assert steps_of(show(city.head, "?month=2026-11")) == {25: ["議題の募集"]}
    line = days_of(show(city.head))[16].steps[0]
    assert (line.what, line.url) == ("重層的支援会議（12/23）", f"/meetings/{sitting.pk}/")
    for name in ("elderly", "outreach", "community"):
        assert steps_of(show(city.members[name])) == {}
    called_off(city, sitting)
    assert steps_of(show(city.head)) == {}


def test_who_runs_another_body_sees_the_days_of_that_one(city):
    with_series(city, datetime.date(2026, 12, 23), pack_days=2)
    with as_owner():
        body = city.conferences["plan"]
        body.host = body.secretariat = city.agencies["community"]
        body.save()
    assert steps_of(show(city.head)) == {}


def test_the_furthest_day_counted_back_is_found(city):
    """Sixty open days, the most a series takes, over the month with the most days off."""
    first = OpenDays().before(datetime.date(2027, 5, 28), 60)
    with_series(city, datetime.date(2027, 5, 28), call_days=60)
    assert steps_of(show(city.head, f"?month={first:%Y-%m}")) == {first.day: ["議題の募集"]}


# --- what it keeps quiet -----------------------------------------------------------------------


def test_the_appointed_and_the_secretary_see_no_other_calendar(city):
    """V6: before there is a sealed item, with it, and appointed to it."""
    sitting = s.make_sitting(city, "support", days=1)
    month = f"?month={sitting.on:%Y-%m}"

    def seen(member):
        return MASKED.sub("*", text(show(member, month)).split("<main", 1)[1])

    before = {name: seen(city.members[name]) for name in ("child", "outreach", "coordinator")}
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.child)
    after = {name: seen(city.members[name]) for name in before}
    assert before == after
    assert after["child"] == after["outreach"]


def test_a_look_leaves_a_line(city):
    show(city.elderly)
    with as_owner():
        lines = AccessLog.objects.filter(membership=city.elderly.pk)
        assert list(lines.values_list("action", "what")) == [("list", "sitting_calendar")]


def test_the_list_leads_to_the_calendar_and_back(city):
    body = city.conferences["plan"].pk
    page = sign_in(Client(), city.elderly).get(reverse("sitting_list") + f"?body={body}")
    assert f'href="/meetings/calendar/?body={body}"' in text(page)
    assert f'href="/meetings/?body={body}"' in text(show(city.elderly, f"?body={body}"))


def test_twenty_sittings_cost_what_one_costs(city):
    client = sign_in(Client(), city.head)
    page = reverse("sitting_calendar") + "?month=2026-12"

    def cost():
        client.get(page)
        with counted() as found:
            client.get(page)
        return found.statements

    with_series(city, datetime.date(2026, 12, 23), call_days=10, pack_days=2)
    one = cost()
    for day in range(1, 21):
        sitting_on(city, DECEMBER.replace(day=day), "plan", "support")
    assert cost() == one
