"""次第を組む: order, hours and presenter, by whom, told to whom; nothing of it tells of what is
sealed (V5, V6, V15)."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.models import Notice, StandingMember
from agencies.permissions import ActionDenied
from cases.models import ConsentLine
from cases.operations.case import StaleVersion
from meetings.agenda import misfits
from meetings.models import AgendaItem, Sitting
from meetings.operations import (
    Planned,
    Reply,
    allot_times,
    answer_sitting,
    appoint,
    change_participants,
    move_item,
    move_sitting,
    revoke_appointment,
    set_agenda,
    withdraw_item,
)
from meetings.views.common import items_of
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner
from tests.signing import sign_in
from tests.twoworlds import masked

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TWO, FOUR = datetime.time(14, 0), datetime.time(16, 0)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def hours(city, sitting, starts=TWO, ends=FOUR):
    with w.act(city.head):
        Sitting.objects.filter(pk=sitting.pk).update(starts_at=starts, ends_at=ends)
        sitting.refresh_from_db()
    return sitting


def three(city, *names, **more):
    """A sitting from 14 to 16 with three items of the elderly agency and these."""
    sitting = s.make_sitting(city, "plan", days=3, **more)
    items = [
        s.consented_item(
            city, s.consented_household(city, *names), *names, sitting=sitting, title=title
        )
        for title in ("甲", "乙", "丙")
    ]
    return hours(city, sitting), items


def order(city, sitting, by=None):
    by = by or city.head
    with w.act(by):
        return [item.title for item in items_of(by, sitting)]


def plan(item, by, minutes=None, begins_at=None, presenter=None, version=None):
    with w.act(by):
        return set_agenda(
            sitting=item.sitting,
            by=by,
            rows=[
                Planned(
                    item.pk,
                    item.version if version is None else version,
                    minutes,
                    begins_at,
                    presenter.pk if presenter else None,
                )
            ],
        )


def move(city, item, past, *, up=True, by=None):
    by = by or city.head
    with w.act(by):
        return move_item(item=item, by=by, past=past, is_up=up)


def told(member):
    with w.act(member):
        rows = Notice.objects.visible_to(member).filter(kind="agenda_changed")
        return sorted((row.title, row.url) for row in rows)


# --- order ------------------------------------------------------------------------------------


def test_items_stand_as_proposed_until_the_office_moves_them(city):
    sitting, (first, second, third) = three(city)
    assert order(city, sitting) == ["甲", "乙", "丙"]
    assert move(city, third, second)
    assert move(city, third, first)
    assert order(city, sitting) == order(city, sitting, city.elderly) == ["丙", "甲", "乙"]
    assert move(city, third, first, up=False)
    assert order(city, sitting) == ["甲", "丙", "乙"]


def test_a_second_click_moves_nothing(city):
    """Twice the same, or another office at once: nothing twice."""
    sitting, (first, second, third) = three(city)
    assert move(city, second, first)
    assert not move(city, second, first)
    assert order(city, sitting) == ["乙", "甲", "丙"]
    with pytest.raises(ActionDenied, match="ほかの人が順番を変えました"):
        move(city, third, second)
    assert order(city, sitting) == ["乙", "甲", "丙"]


def test_items_of_one_moment_can_be_moved(city):
    sitting, (first, second, third) = three(city)
    with as_owner():
        AgendaItem.objects.filter(sitting=sitting).update(order_at=first.order_at)
    names = order(city, sitting)
    by_name = {"甲": first, "乙": second, "丙": third}
    assert move(city, by_name[names[2]], by_name[names[1]])
    assert order(city, sitting) == [names[0], names[2], names[1]]


def test_only_who_runs_the_item_moves_it(city):
    sitting, (first, second, _third) = three(city, "disability")
    for by in (city.elderly, city.members["disability"], city.outreach):
        with pytest.raises(ActionDenied):
            move(city, second, first, by=by)
    assert order(city, sitting) == ["甲", "乙", "丙"]


def test_items_of_another_basis_or_sitting_are_no_neighbours(city):
    joint = s.make_sitting(city, "plan", "support", days=3)
    plain = s.consented_item(city, s.consented_household(city), sitting=joint)
    sealed = s.secret_item(city, sitting=joint)
    other = s.consented_item(city, s.consented_household(city))
    for past in (sealed, other):
        with pytest.raises(ActionDenied):
            move(city, plain, past, by=city.coordinator)


def test_moving_tells_nobody_of_a_sealed_item(city):
    """V6: between two items with consent others may stand; who does not see them swaps two keys
    they see, and the sealed ones keep theirs."""
    joint = s.make_sitting(city, "plan", "support", days=3)
    first = s.consented_item(city, s.consented_household(city), sitting=joint, title="甲")
    sealed = s.secret_item(city, sitting=joint)
    second = s.consented_item(city, s.consented_household(city), sitting=joint, title="乙")
    keys = s.fresh(city, sealed).order_at
    assert move(city, second, first)
    assert order(city, joint) == ["乙", "甲"]
    assert order(city, joint, city.coordinator) == ["乙", "甲", "守秘の世帯"]
    assert s.fresh(city, sealed).order_at == keys


# --- hours ------------------------------------------------------------------------------------


def test_the_office_says_how_long_when_and_who(city):
    _sitting, (first, *_rest) = three(city)
    assert plan(first, city.head, 30, TWO, city.elderly) == 1
    now = s.fresh(city, first)
    assert (now.planned_minutes, now.begins_at, now.presenter_id) == (30, TWO, city.elderly.pk)
    assert plan(now, city.head, 30, TWO, city.elderly) == 0


@pytest.mark.parametrize("who", ["elderly", "outreach", "disability"])
def test_who_does_not_run_the_sitting_sets_nothing(city, who):
    _sitting, (first, *_rest) = three(city, "disability")
    with pytest.raises(ActionDenied):
        plan(first, city.members[who], 30)
    assert s.fresh(city, first).planned_minutes is None


def test_two_offices_at_once_lose_nothing(city):
    _sitting, (first, second, _third) = three(city)
    plan(first, city.head, 30)
    with pytest.raises(StaleVersion):
        plan(first, city.coordinator, 45, version=first.version)
    assert s.fresh(city, first).planned_minutes == 30
    assert plan(second, city.coordinator, 20) == 1  # another item is another row


def test_a_row_that_went_meanwhile_is_said(city):
    _sitting, (first, *_rest) = three(city)
    with w.act(city.elderly):
        withdraw_item(item=first, by=city.elderly)
    with pytest.raises(ActionDenied, match="開き直して"):
        plan(first, city.head, 30)


@pytest.mark.parametrize("minutes", [0, 481, -5])
def test_the_database_keeps_minutes_in_bounds(city, minutes):
    _sitting, (first, *_rest) = three(city)
    with as_owner(), pytest.raises(DatabaseError), transaction.atomic():
        AgendaItem.objects.filter(pk=first.pk).update(planned_minutes=minutes)


def test_hours_are_given_out_from_the_start_of_the_sitting(city):
    sitting, items = three(city)
    plan(items[0], city.head, 20)
    with w.act(city.head), pytest.raises(ActionDenied, match="「乙」、「丙」"):
        allot_times(sitting=sitting, by=city.head)
    for item, minutes in zip(items[1:], (40, 15), strict=True):
        plan(item, city.head, minutes)
    with w.act(city.head):
        assert allot_times(sitting=sitting, by=city.head) == 3
        assert allot_times(sitting=sitting, by=city.head) == 0
    begins = [s.fresh(city, item).begins_at for item in items]
    assert begins == [TWO, datetime.time(14, 20), datetime.time(15, 0)]


def test_hours_of_a_reader_come_from_what_the_office_sees(city):
    """V6: the office that is not on the list gives out the hours of what it sees; what is sealed
    stands after that and has no part in it."""
    joint = hours(city, s.make_sitting(city, "plan", "support", days=3))
    sealed = s.secret_item(city, sitting=joint)
    first = s.consented_item(city, s.consented_household(city), sitting=joint)
    plan(sealed, city.coordinator, 50)
    plan(first, city.head, 25)
    with w.act(city.head):
        allot_times(sitting=joint, by=city.head)
    assert s.fresh(city, first).begins_at == TWO
    assert s.fresh(city, sealed).begins_at is None
    with w.act(city.coordinator):
        allot_times(sitting=joint, by=city.coordinator)
    assert s.fresh(city, first).begins_at == TWO
    assert s.fresh(city, sealed).begins_at == datetime.time(14, 25)


def test_hours_need_a_start_and_end_before_midnight(city):
    sitting, items = three(city)
    for item in items:
        plan(item, city.head, 480)
    with w.act(city.head), pytest.raises(ActionDenied, match="翌日"):
        allot_times(sitting=sitting, by=city.head)
    hours(city, sitting, None, None)
    with w.act(city.head), pytest.raises(ActionDenied, match="開始時刻が決まっていません"):
        allot_times(sitting=sitting, by=city.head)


def test_hours_go_with_the_sitting(city):
    """A moved sitting takes its items' hours along, sealed ones too; what is put off loses them."""
    joint = hours(city, s.make_sitting(city, "plan", "support", days=3))
    sealed = s.secret_item(city, sitting=joint)
    plan(sealed, city.coordinator, 50, datetime.time(14, 30))
    s.noticed(city, joint)
    with w.act(city.head):
        move_sitting(
            sitting=joint, by=city.head, on=joint.on, starts_at=datetime.time(10, 0), ends_at=TWO
        )
    assert s.fresh(city, sealed).begins_at == datetime.time(10, 30)


# --- who presents -----------------------------------------------------------------------------


def test_who_presents_takes_part(city):
    _sitting, (first, *_rest) = three(city, "disability")
    plan(first, city.head, None, None, city.members["disability"])
    with pytest.raises(ActionDenied, match="参加する人だけ"):
        plan(s.fresh(city, first), city.head, None, None, city.child)
    now = s.fresh(city, first)
    with w.act(city.elderly):
        change_participants(item=now, by=city.elderly, participants=[], version=now.version)
    assert s.fresh(city, first).presenter_id is None  # its agency takes part no more


def test_under_secrecy_the_appointed_and_the_secretariat_present(city):
    sealed = s.secret_item(city)
    with pytest.raises(ActionDenied):
        plan(sealed, city.coordinator, None, None, city.child)
    plan(sealed, city.coordinator, None, None, city.coordinator)
    with w.act(city.coordinator):
        grant = appoint(item=sealed, by=city.coordinator, member=city.child)
    plan(s.fresh(city, sealed), city.coordinator, None, None, city.child)
    with w.act(city.coordinator):
        revoke_appointment(grant=grant, by=city.coordinator)
    assert s.fresh(city, sealed).presenter_id is None


# --- what does not fit ------------------------------------------------------------------------


def warned(city, sitting, by=None):
    by = by or city.head
    with w.act(by):
        return " ".join(misfits(by, sitting, items_of(by, sitting)))


def test_what_does_not_fit_is_said(city):
    sitting, (first, second, _third) = three(city)
    assert warned(city, sitting) == ""
    plan(first, city.head, 90, TWO)
    plan(second, city.head, 60, datetime.time(15, 15))
    words = warned(city, sitting)
    assert "合わせて2時間30分" in words
    assert "30分長く" in words
    assert "「乙」の時間（15:15から1時間）が、会議の時間の外" in words
    assert "「乙」が、前の「甲」の終わる前に始まります" in words


def test_one_person_at_two_places_is_said(city):
    sitting, (first, *_rest) = three(city)
    other, (same, *_others) = three(city)
    plan(first, city.head, 30, TWO, city.elderly)
    plan(same, city.head, 30, datetime.time(14, 20), city.elderly)
    assert "同じ時間に別の会議の「甲」でも発表します" in warned(city, sitting)
    plan(s.fresh(city, same), city.head, 30, datetime.time(14, 30), city.elderly)
    assert warned(city, sitting) == warned(city, other) == ""


def test_who_must_sit_elsewhere_at_that_time_is_said(city):
    sitting, (first, *_rest) = three(city)
    plan(first, city.head, 30, TWO, city.elderly)
    hours(city, s.make_sitting(city, "support", days=3))
    with as_owner():
        StandingMember.objects.create(
            municipality=city.city,
            conference_type=city.conferences["support"],
            agency=city.agencies["elderly"],
            is_mandatory=True,
        )
    assert "必ず出席する機関です（「甲」）" in warned(city, sitting)


def test_no_warning_comes_from_a_sealed_item(city):
    """V6: somebody presents a sealed item at that time: another sitting's office is not told."""
    sitting, (first, *_rest) = three(city)
    plan(first, city.head, 30, TWO, city.elderly)
    sealed = s.secret_item(city, sitting=s.make_sitting(city, "support", days=3))
    s.appointed(city, sealed, city.elderly)
    plan(sealed, city.coordinator, 30, TWO, city.elderly)
    assert warned(city, sitting) == warned(city, sitting, city.coordinator) == ""


# --- who is told ------------------------------------------------------------------------------


def test_nobody_is_told_before_the_notice(city):
    _sitting, (first, second, _third) = three(city, "disability")
    plan(first, city.head, 30)
    move(city, second, first)
    assert told(city.members["disability"]) == []


def test_after_the_notice_who_sees_a_change_is_told_once_a_day(city):
    sitting, (first, second, third) = three(city, "disability")
    alone = s.consented_item(city, s.consented_household(city, "child"), "child", sitting=sitting)
    s.noticed(city, sitting)
    plan(s.fresh(city, first), city.head, 30)
    plan(s.fresh(city, first), city.head, 40)
    move(city, s.fresh(city, second), s.fresh(city, first))
    ((title, url),) = told(city.members["disability"])
    assert "次第が変わりました" in title
    assert url == f"/meetings/{sitting.pk}/"
    assert told(city.elderly) == [(title, url)]
    assert told(city.child) == told(city.outreach) == []  # what they see is as it was
    move(city, s.fresh(city, alone), s.fresh(city, third))
    assert told(city.child) == []


def test_a_sealed_change_is_told_to_its_people_alone_in_the_same_words(city):
    joint = s.make_sitting(city, "plan", "support", days=3)
    s.consented_item(city, s.consented_household(city, "disability"), "disability", sitting=joint)
    sealed = s.secret_item(city, sitting=joint)
    s.appointed(city, sealed, city.child)
    s.noticed(city, joint)
    plan(s.fresh(city, sealed), city.coordinator, 30)
    assert len(told(city.child)) == 1
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert told(colleague) == told(city.members["disability"]) == told(city.elderly) == []


def client(member):
    return sign_in(Client(), member)


# --- the database -----------------------------------------------------------------------------


def test_a_reader_cannot_set_the_agenda_over_sql(city):
    joint = s.make_sitting(city, "plan", "support", days=3)
    plain = s.consented_item(
        city, s.consented_household(city, "disability"), "disability", sitting=joint
    )
    sealed = s.secret_item(city, sitting=joint)
    s.appointed(city, sealed, city.child)
    s.noticed(city, joint)
    for member, item in ((city.members["disability"], plain), (city.child, sealed)):
        assert s.sees(member, item)
        for change in ("order_at = now()", "begins_at = '09:00'", "planned_minutes = 9"):
            with (
                w.act(member),
                pytest.raises(DatabaseError),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(
                    f"update meetings_agendaitem set {change} where id = %s",
                    [item.pk],
                )


# --- two worlds (V6, V15) -----------------------------------------------------------------------


def pages_of(city, sitting, item, members):
    """What these people read of a sitting, on every page of it."""
    urls = [
        reverse("home"),
        reverse("sitting_detail", args=[sitting.pk]),
        reverse("sitting_answer", args=[sitting.pk]),
        reverse("sitting_agenda", args=[sitting.pk]),
        reverse("item_detail", args=[item.pk]),
        reverse("item_members", args=[item.pk]),
    ]
    found = {}
    for who in members:
        browser = client(city.members.get(who) or getattr(city, who))
        for url in urls:
            answer = browser.get(url)
            found[who, url] = (answer.status_code, masked(answer.content.decode()))
    return found


def test_a_sealed_agenda_changes_no_page_of_whoever_does_not_see_it(city):
    """Ordered, timed, presented, asked and answered: the sealed items of a sitting are nowhere for
    its office off the list, the agencies of its other items, and the appointed of another one."""
    joint = hours(city, s.make_sitting(city, "plan", "support", days=3))
    plain = s.consented_item(
        city, s.consented_household(city, "disability"), "disability", sitting=joint
    )
    sealed = [s.secret_item(city, sitting=joint) for _n in range(2)]
    for item in sealed:
        s.appointed(city, item, city.child)
    s.noticed(city, joint)
    who = ("head", "elderly", "disability", "outreach")
    before = pages_of(city, joint, plain, who)
    for item, minutes in zip(sealed, (20, 60), strict=True):
        plan(s.fresh(city, item), city.coordinator, minutes, TWO, city.child)
    move(city, sealed[1], sealed[0], by=city.coordinator)
    with w.act(city.child):
        replies = [Reply(item.pk, "attend", has_conflict=True) for item in sealed]
        answer_sitting(sitting=joint, by=city.child, replies=replies)
    assert pages_of(city, joint, plain, who) == before


# --- what it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "who", "most"),
    [
        ("sitting_detail", "head", 45),
        ("sitting_detail", "disability", 45),
        ("sitting_agenda", "head", 45),
        ("sitting_answer", "disability", 40),
    ],
)
def test_a_page_costs_the_same_with_one_item_and_with_six(city, name, who, most):
    sitting = hours(city, s.make_sitting(city, "plan", days=3))
    house = s.consented_household(city, "disability")
    browser, url = client(city.members.get(who) or city.head), reverse(name, args=[sitting.pk])

    def cost(number):
        for _n in range(number):
            item = s.consented_item(city, house, "disability", sitting=sitting)
            plan(item, city.head, 10, TWO, city.elderly)
        s.noticed(city, sitting)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(url).status_code == 200
        return len(queries)

    one = cost(1)
    assert cost(5) <= one + 1
    assert one <= most


def test_an_item_whose_consents_ran_out_last_night_is_said(city):
    """Until the nightly check blocks it, the office may still see it: one sentence, no error."""
    sitting, (first, second, _third) = three(city, "disability")
    with as_owner():
        lines = ConsentLine.objects.filter(consent__case_id=first.case_id)
        lines.filter(agency=city.agencies["disability"]).delete()
    for change in (lambda: plan(first, city.head, 30), lambda: move(city, first, second, up=False)):
        with pytest.raises(ActionDenied, match="足りない同意がある"):
            change()
    assert plan(second, city.head, 30, TWO) == 1
    assert order(city, sitting) == ["甲", "乙", "丙"]
