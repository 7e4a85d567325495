"""出欠 in the room: one press for who comes and leaves, a time typed to correct it (V5, V6)."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.permissions import ActionDenied
from meetings.live import mark_of
from meetings.members import members_of
from meetings.models import ItemAttendance
from meetings.operations import appoint_on_paper, mark_attendance, mark_now, register_paper_pledge
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

JAPAN = datetime.timezone(datetime.timedelta(hours=9))


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def item(city):
    """Noticed, and its sitting open: elderly proposed it, child takes part."""
    house = s.consented_household(city, "child")
    made = s.consented_item(city, house, "child")
    s.opened(city, made.sitting)
    return made


@pytest.fixture
def sealed(city):
    """The same under secrecy: child is appointed and has pledged."""
    made = s.secret_item(city)
    s.appointed(city, made, city.child)
    s.opened(city, made.sitting)
    return made


@pytest.fixture
def clock(monkeypatch):
    """A hand that shows what it is set to, today."""
    hand = {"at": timezone.now()}

    def to(hour, minute):
        hand["at"] = datetime.datetime.combine(
            timezone.localdate(), datetime.time(hour, minute, 20), JAPAN
        )

    for module in ("meetings.operations.attendance", "meetings.forms.attendance"):
        fake = _Clock(hand)
        monkeypatch.setattr(f"{module}.timezone", fake)
    return to


class _Clock:
    """django.utils.timezone with a `now` of its own."""

    def __init__(self, hand):
        self.hand = hand

    def now(self):
        return self.hand["at"]

    def __getattr__(self, name):
        return getattr(timezone, name)


def url(item):
    return reverse("item_attendance", args=[item.pk])


def desk(member):
    return sign_in(Client(), member)


def key(city, name="child"):
    return f"a:{city.agencies[name].pk}"


def text(response):
    return response.content.decode()


def states(city, item):
    with w.act(city.coordinator):
        found = members_of(city.coordinator, [item])[item.pk]
        return {m.key: m.state for m in found if m.attendance}


def press(city, item, pressed, **typed):
    return desk(city.coordinator).post(url(item), {"press": pressed, **typed}, follow=True)


def standing(page, name):
    """What a page's field and its hidden memory hold, as the browser would send them back."""
    form = page.context["attendance"]
    field = form[name]
    value = field.field.prepare_value(field.initial) if field.initial is not None else ""
    return {name: value, field.html_initial_name: value}


# --- one press -----------------------------------------------------------------------------------


def test_one_press_says_who_came_who_left_and_who_is_back(city, item, clock):
    child = key(city)
    clock(14, 10)
    page = text(press(city, item, f"came:{child}"))
    assert states(city, item) == {child: "出席（14:10から）"}
    assert "いま帰った" in page
    clock(15, 0)
    assert "もどった" in text(press(city, item, f"left:{child}"))
    assert states(city, item) == {child: "出席（14:10から15:00まで）"}
    clock(15, 20)
    press(city, item, f"came:{child}")
    assert states(city, item) == {child: "出席（14:10から）"}


def test_a_second_press_changes_nothing(city, item, clock):
    child = city.agencies["child"]
    with w.act(city.coordinator):
        clock(14, 10)
        assert mark_now(item=item, by=city.coordinator, is_leaving=False, agency=child)
        clock(14, 12)
        assert not mark_now(item=item, by=city.coordinator, is_leaving=False, agency=child)
    assert states(city, item) == {key(city): "出席（14:10から）"}


def test_who_was_noted_as_absent_comes_after_all(city, item, clock):
    with w.act(city.coordinator):
        mark_attendance(
            item=item, by=city.coordinator, attendance="absent", agency=city.agencies["child"]
        )
    clock(14, 30)
    press(city, item, f"came:{key(city)}")
    assert states(city, item) == {key(city): "出席（14:30から）"}


def test_nobody_leaves_who_did_not_come(city, item):
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="先に出席を"):
        mark_now(item=item, by=city.coordinator, is_leaving=True, agency=city.agencies["child"])
    page = press(city, item, f"left:{key(city)}", name="架空 花子")
    assert page.status_code == 422
    assert "来たことが記録されていません。先に出席を記録してください。" in text(page)
    assert 'value="架空 花子"' in text(page)


def test_a_press_keeps_what_was_typed_for_others(city, item, clock):
    clock(14, 10)
    press(city, item, f"came:{key(city)}", **{key(city, "elderly"): "present"}, name="架空 花子")
    found = states(city, item)
    assert found[key(city)] == "出席（14:10から）"
    assert found[key(city, "elderly")] == "出席"
    assert "この議題のみ" in found.values()


@pytest.mark.parametrize("pressed", ["came:a:0", "came:a:x", "gone:a:1", "came", "came:m:1"])
def test_a_press_for_nobody_is_one_sentence(city, item, pressed):
    page = press(city, item, pressed)
    assert page.status_code == 422
    assert "この議題の出席する人が変わりました。" in text(page)
    assert states(city, item) == {}


def test_a_press_is_of_a_sitting_that_runs(city, item):
    s.change(city, item.sitting, state="closed")
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="会議が開いているあいだ"):
        mark_now(item=item, by=city.coordinator, is_leaving=False, agency=city.agencies["child"])


@pytest.mark.parametrize("name", ["elderly", "child", "disability"])
def test_only_who_runs_the_item_records_it(city, item, name):
    by = city.members[name]
    with w.act(by), pytest.raises(ActionDenied):
        mark_now(item=item, by=by, is_leaving=False, agency=city.agencies["child"])


def test_the_screens_show_it_at_the_next_asking(city, item, clock):
    with w.act(city.child):
        before = mark_of(city.child, item.sitting_id)
    clock(14, 10)
    press(city, item, f"came:{key(city)}")
    with w.act(city.child):
        assert mark_of(city.child, item.sitting_id) != before
    desk(city.coordinator).post(reverse("item_begin", args=[item.pk]))
    live = desk(city.child).get(reverse("sitting_live", args=[item.sitting_id]))
    assert "出席（14:10から）" in text(live)


def test_who_has_left_is_not_counted_as_there(city, item, clock):
    clock(14, 10)
    assert "出席 1 / 3" in text(press(city, item, f"came:{key(city)}"))
    clock(14, 20)
    assert "出席 0 / 3" in text(press(city, item, f"left:{key(city)}"))


# --- a time typed --------------------------------------------------------------------------------


def test_a_time_is_corrected_on_the_day_of_the_sitting(city, item, clock):
    child = key(city)
    clock(14, 10)
    page = press(city, item, f"came:{child}")
    clock(15, 30)
    sent = {
        **standing(page, child),
        **standing(page, f"came_{child}"),
        **standing(page, f"left_{child}"),
    }
    sent |= {f"came_{child}": "１４時５分", f"left_{child}": "午後3時"}
    assert desk(city.coordinator).post(url(item), sent).status_code == 302
    assert states(city, item) == {child: "出席（14:05から15:00まで）"}
    with as_owner():
        (row,) = ItemAttendance.objects.filter(item=item)
    assert timezone.localdate(row.arrived_at) == timezone.localdate()


def test_whoever_came_at_a_time_was_there(city, item, clock):
    clock(15, 0)
    desk(city.coordinator).post(url(item), {f"came_{key(city)}": "14:30"})
    assert states(city, item) == {key(city): "出席（14:30から）"}


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"came": "25:00"}, "came", "来た時刻は14:30のように入れてください。"),
        ({"left": "おそく"}, "left", "帰った時刻は14:30のように入れてください。"),
        ({"came": "14:30", "left": "14:00"}, "left", "帰った時刻は、来た時刻よりあとに"),
        ({"came": "15:01"}, "came", "来た時刻は、いまより前の時刻に"),
        ({"came": "14:00", "left": "15:30"}, "left", "帰った時刻は、いまより前の時刻に"),
        ({"": "absent", "came": "14:00"}, "came", "欠席の人には、来た時刻も帰った時刻も"),
    ],
)
def test_a_bad_time_is_one_sentence_beside_its_field_and_nothing_is_lost(
    city, item, clock, typed, field, words
):
    clock(15, 0)
    child = key(city)
    sent = {f"{name}_{child}" if name else child: value for name, value in typed.items()}
    page = desk(city.coordinator).post(url(item), sent | {"name": "架空 花子"})
    assert page.status_code == 422
    beside = re.search(
        rf'id="id_{field}_{child}_group".*?</div>\s*</div>|id="id_{field}_{child}_group".*?</p>',
        text(page),
        re.S,
    )
    assert beside is not None
    assert words in beside[0]
    assert "<details open>" in text(page)
    for value in [*typed.values(), "架空 花子"]:
        assert f'value="{value}"' in text(page)
    assert states(city, item) == {}


def test_what_is_recorded_is_not_unsaid(city, item, clock):
    clock(14, 10)
    page = press(city, item, f"came:{key(city)}")
    sent = standing(page, key(city)) | {key(city): ""}
    answer = desk(city.coordinator).post(url(item), sent)
    assert answer.status_code == 422
    assert "来なかった人は「欠席」にします。" in text(answer)
    sent = standing(page, key(city)) | {key(city): "absent"}
    assert desk(city.coordinator).post(url(item), sent).status_code == 302
    assert states(city, item) == {key(city): "欠席"}


def test_two_who_record_at_once_do_not_undo_each_other(city, item, clock):
    """The other page was opened before: what it did not change, it does not write."""
    old = desk(city.coordinator).get(reverse("item_run", args=[item.pk]))
    clock(14, 10)
    press(city, item, f"came:{key(city)}")
    sent: dict[str, str] = {}
    for name in ("child", "elderly"):
        for part in ("", "came_", "left_"):
            sent |= standing(old, f"{part}{key(city, name)}")
    sent[key(city, "elderly")] = "present"
    assert desk(city.coordinator).post(url(item), sent).status_code == 302
    assert states(city, item) == {
        key(city): "出席（14:10から）", key(city, "elderly"): "出席",
    }  # fmt: skip


# --- under secrecy -------------------------------------------------------------------------------


def test_under_secrecy_people_come_and_leave(city, sealed, clock):
    child = f"m:{city.child.pk}"
    clock(14, 10)
    press(city, sealed, f"came:{child}")
    clock(14, 40)
    page = text(press(city, sealed, f"left:{child}"))
    assert states(city, sealed) == {child: "出席（14:10から14:40まで）"}
    assert 'name="name"' not in page  # nobody by name alone (V6)


def test_under_secrecy_who_pledged_on_paper_comes_too(city, sealed, clock):
    with w.act(city.coordinator):
        person = appoint_on_paper(
            item=sealed, by=city.coordinator, name="民野 守", organisation="民生委員"
        )
        with pytest.raises(ActionDenied, match="誓約していない人"):
            mark_now(item=sealed, by=city.coordinator, is_leaving=False, person=person)
        register_paper_pledge(person=person, by=city.coordinator, pledged_on=timezone.localdate())
    clock(14, 10)
    press(city, sealed, f"came:p:{person.pk}")
    assert states(city, sealed) == {f"p:{person.pk}": "出席（14:10から）"}


def test_a_sealed_coming_moves_no_other_screen(city, sealed):
    with w.act(city.head):
        before = mark_of(city.head, sealed.sitting_id)
    press(city, sealed, f"came:m:{city.child.pk}")
    with w.act(city.head):
        assert mark_of(city.head, sealed.sitting_id) == before
    assert desk(city.head).post(url(sealed), {"press": "came:a:1"}).status_code == 404
