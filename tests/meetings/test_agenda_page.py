"""次第を組む on the screen: what is typed, what somebody else changed, who gets the page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from meetings.agenda import hour
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_agenda import TWO, client, order, plan, three

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def fields(items, **typed):
    """What the page would send, changed by `name_place`."""
    sent = {}
    for place, item in enumerate(items):
        values = {
            "minutes": item.planned_minutes or "",
            "begins": hour(item.begins_at),
            "presenter": item.presenter_id or "",
            "version": item.version,
        }
        for name, value in values.items():
            sent[f"{name}_{item.pk}"] = typed.get(f"{name}_{place}", value)
    return sent


def test_the_page_saves_moves_and_gives_out_hours(city):
    sitting, items = three(city)
    browser, url = client(city.head), reverse("sitting_agenda", args=[sitting.pk])
    assert url in browser.get(reverse("sitting_detail", args=[sitting.pk])).content.decode()
    page = browser.get(url).content.decode()
    assert page.index("甲") < page.index("乙")
    typed = fields(items, minutes_0="３０", minutes_1="45", minutes_2="20", begins_0="午後2時")
    typed[f"presenter_{items[0].pk}"] = str(city.elderly.pk)
    done = browser.post(url, typed | {"step": f"up:{items[1].pk}:{items[0].pk}"}, follow=True)
    assert "順番を変えました" in done.content.decode()
    assert order(city, sitting) == ["乙", "甲", "丙"]
    now = [s.fresh(city, item) for item in items]
    assert [item.planned_minutes for item in now] == [30, 45, 20]
    assert browser.post(url, fields(now) | {"step": "allot"}).status_code == 302
    cover = client(city.elderly).get(reverse("sitting_detail", args=[sitting.pk]))
    text = cover.content.decode()
    assert "14:45から30分" in text
    assert f"発表：{city.elderly.user}" in text
    assert "次第を組む" not in text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("minutes", "0", "1から480まで"),
        ("minutes", "たくさん", "1から480まで"),
        ("begins", "25:00", "14:30のように"),
        ("presenter", "nobody", "選んでください"),
        ("version", "", "画面が古く"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_nothing_is_lost(city, name, value, words):
    sitting, items = three(city)
    url = reverse("sitting_agenda", args=[sitting.pk])
    typed = fields(items, minutes_1="77", **{f"{name}_0": value})
    answer = client(city.head).post(url, typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="77"' in answer.content.decode()
    assert s.fresh(city, items[1]).planned_minutes is None


@pytest.mark.parametrize("step", ["up:x", "up:x:y", "down::"])
def test_a_button_that_leads_nowhere_is_said(city, step):
    sitting, items = three(city)
    url = reverse("sitting_agenda", args=[sitting.pk])
    answer = client(city.head).post(url, fields(items) | {"step": step})
    assert answer.status_code == 422
    assert "順番は、もう変えられません" in answer.content.decode()


def test_somebody_elses_change_is_shown_and_what_was_typed_stays(city):
    sitting, items = three(city)
    url = reverse("sitting_agenda", args=[sitting.pk])
    plan(items[0], city.coordinator, 25, TWO)
    browser = client(city.head)
    answer = browser.post(url, fields(items, minutes_0="50"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "いまの記録：25分、14:00" in page
    assert 'value="50"' in page
    again = fields(items, minutes_0="50", begins_0="14:00") | {f"version_{items[0].pk}": 2}
    assert browser.post(url, again).status_code == 302
    assert s.fresh(city, items[0]).planned_minutes == 50


def test_who_does_not_run_it_gets_no_page(city):
    sitting, _items = three(city)
    url = reverse("sitting_agenda", args=[sitting.pk])
    assert client(city.elderly).get(url).status_code == 403
    s.change(city, sitting, state="closed")
    assert client(city.head).get(url).status_code == 302


def test_the_page_names_nothing_the_office_does_not_see(city):
    joint = s.make_sitting(city, "plan", "support", days=3)
    sealed = s.secret_item(city, sitting=joint)
    plan(sealed, city.coordinator, 470)
    url = reverse("sitting_agenda", args=[joint.pk])
    assert "組む議題はまだありません" in client(city.head).get(url).content.decode()
    assert sealed.title in client(city.coordinator).get(url).content.decode()
