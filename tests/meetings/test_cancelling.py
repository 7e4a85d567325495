"""中止: who may, who is told, where the items go."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Job, StandingMember
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, sweep, system_membership
from config.lib.acting import acting
from meetings.models import AgendaItem, ItemStep, Sitting
from meetings.notifications import remind, tell_cancelled, tell_moved
from meetings.operations import (
    Rhythm,
    call_ad_hoc,
    cancel_sitting,
    move_sitting,
    next_sitting,
    set_series,
    withdraw_item,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.calledoff import (
    DAY,
    WHY,
    both,
    cancelled,
    client,
    fresh,
    page,
    told,
    unguarded,
    where,
)
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


# --- who, and in which state --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "may"),
    [("undated", True), ("planned", True), ("noticed", True), ("open", False), ("closed", False),
     ("cancelled", False)],
)  # fmt: skip
def test_a_sitting_is_cancelled_until_it_is_opened(city, state, may):
    sitting = s.make_sitting(city, "plan", days=3)
    if state == "cancelled":
        cancelled(city, sitting)
    else:
        s.change(city, sitting, state=state, **({"on": None} if state == "undated" else {}))
    if may:
        cancelled(city, sitting)
    else:
        with pytest.raises(ActionDenied):
            cancelled(city, sitting)
    now = fresh(city, sitting)
    assert now.state == ("cancelled" if may else state)
    assert (now.cancelled_by_id == city.head.pk) == (state not in ("open", "closed"))


@pytest.mark.parametrize("name", ["elderly", "disability", "admin", "privacy", "outreach"])
def test_only_its_office_cancels_it(city, name):
    sitting = s.make_sitting(city, "plan", days=3, state="noticed")
    with pytest.raises(ActionDenied):
        cancelled(city, sitting, city.members[name])
    assert client(city.members[name]).get(
        reverse("sitting_cancel", args=[sitting.pk])
    ).status_code in (403, 404)
    with pytest.raises(Sitting.DoesNotExist):
        cancelled(city, sitting, w.city().head)
    assert fresh(city, sitting).state == "noticed"


def test_a_listed_secretary_of_another_agency_cancels_too(city):
    w.list_secretary(city, city.outreach)
    sitting = s.make_sitting(city, "support", days=3, state="noticed")
    cancelled(city, sitting, city.outreach)
    assert fresh(city, sitting).state == "cancelled"


def test_after_the_notice_it_needs_a_reason_before_it_none(city):
    sitting = s.make_sitting(city, "plan", days=3, state="noticed")
    for nothing in ("", "　 "):
        with pytest.raises(ActionDenied, match="理由"):
            cancelled(city, sitting, reason=nothing)
    planned = s.make_sitting(city, "plan", days=9)
    cancelled(city, planned, reason="")
    assert fresh(city, planned).state == "cancelled"


def test_what_was_moved_meanwhile_is_not_cancelled_by_who_saw_the_old_day(city):
    sitting = s.make_sitting(city, "plan", days=3, state="noticed")
    with w.act(city.coordinator):
        day = s.business_day(sitting.on + 7 * DAY)
        move_sitting(sitting=sitting, by=city.coordinator, on=day)
    with w.act(city.head), pytest.raises(ActionDenied, match="変わっています"):
        cancel_sitting(sitting=sitting, by=city.head, reason=WHY)
    assert fresh(city, sitting).state == "noticed"


# --- telling ------------------------------------------------------------------------------------


def test_everybody_asked_is_told_once_in_the_same_words(city):
    sitting, *_rest = both(city)
    cancelled(city, sitting)
    sweep()
    words = set()
    for name, is_own in (("disability", False), ("elderly", False), ("child", True)):
        ((own, title),) = told(city.members[name])
        assert own == is_own, name
        words.add(title)
    assert len(told(city.coordinator)) == 1
    (title,) = words
    assert f"{sitting.on.month}月{sitting.on.day}日" in title
    assert WHY not in title
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert told(colleague) == told(city.outreach) == []
    assert fresh(city, sitting).told_at is not None


def test_however_often_the_worker_comes_it_is_told_once(city):
    sitting, _following, item, secret = both(city)
    cancelled(city, sitting)
    sweep()
    before = [where(city, row) for row in (item, secret)]
    at = fresh(city, sitting).told_at
    with acting(system_membership(SystemName.SCHEDULER).pk):
        Job.objects.filter(name="tell_cancelled").update(done_at=None)
    sweep()
    file_due_jobs()
    sweep()
    for member in (city.child, city.elderly, city.disability, city.coordinator):
        assert len(told(member)) == 1
    assert [where(city, row) for row in (item, secret)] == before
    assert fresh(city, sitting).told_at == at


def test_the_standing_members_and_who_was_asked_of_an_item_taken_back_are_told(city):
    sitting, *_rest = both(city, days=5)
    house = s.consented_household(city, "participation")
    late = s.consented_item(city, house, "participation", sitting=sitting)
    s.noticed(city, sitting)
    with w.act(city.elderly):
        withdraw_item(item=late, by=city.elderly)
    with as_owner():
        StandingMember.objects.create(
            municipality=city.city, conference_type=city.conferences["plan"],
            agency=city.agencies["livelihood"],
        )  # fmt: skip
    cancelled(city, sitting)
    sweep()
    assert len(told(city.participation)) == len(told(city.livelihood)) == 1


def test_before_the_notice_the_appointed_and_the_proposing_agency_are_told(city):
    sitting = s.make_sitting(city, "plan", "support", days=3)
    s.consented_item(city, s.consented_household(city, "disability"), "disability", sitting=sitting)
    s.appointed(city, s.secret_item(city, sitting=sitting), city.child, pledged=False)
    cancelled(city, sitting, reason="")
    sweep()
    assert len(told(city.child)) == len(told(city.elderly)) == 1
    assert told(city.disability) == []  # nobody has asked them to come


def test_a_sitting_without_a_day_is_told_by_its_month(city):
    sitting = s.make_sitting(city, "plan", days=3)
    s.change(city, sitting, state="undated", on=None)
    cancelled(city, sitting, reason="")
    sweep()
    ((_own, title),) = told(city.coordinator)
    assert f"{sitting.month.month}月" in title


def test_nothing_else_is_told_of_a_cancelled_sitting(city):
    """A move, a reminder that were filed before it and come after it."""
    sitting, *_rest = both(city)
    with w.act(city.head):
        day = s.business_day(sitting.on + 7 * DAY)
        move_sitting(sitting=sitting, by=city.head, on=day)
    cancelled(city, sitting)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        row = Sitting.objects.get(pk=sitting.pk)
        assert not remind(sitting=row, what="notice", on=row.on)
        tell_moved(sitting=row, key="late")
    assert told(city.child, "sitting_moved") == []
    sweep()
    assert told(city.child, "sitting_moved") == []
    with acting(system_membership(SystemName.SCHEDULER).pk):
        tell_cancelled(sitting=row)
    assert len(told(city.child)) == 1


# --- what waits goes on -------------------------------------------------------------------------


def test_every_item_goes_to_the_next_sitting_of_its_own_body(city):
    sitting = s.make_sitting(city, "plan", "support", days=3)
    plan = s.make_sitting(city, "plan", days=20)
    support = s.make_sitting(city, "support", days=30)
    s.make_sitting(city, "plan", "support", days=1)  # before it
    s.make_sitting(city, "plan", "support", days=10, state="closed")
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    secret = s.secret_item(city, sitting=sitting)
    gone = s.consented_item(city, s.consented_household(city), sitting=sitting)
    with w.act(city.elderly):
        withdraw_item(item=gone, by=city.elderly)
    s.noticed(city, sitting)
    waiting = s.secret_item(city, sitting=sitting)
    cancelled(city, sitting)
    sweep()
    assert where(city, item) == (plan.pk, "proposed")
    assert where(city, secret) == where(city, waiting) == (support.pk, "proposed")
    assert where(city, gone, city.elderly) == (sitting.pk, "withdrawn")
    with w.act(city.coordinator):
        for row, to in ((item, plan), (secret, support)):
            step = ItemStep.objects.get(item=row, name="put_off")
            assert (step.put_off_from_id, step.to_state) == (sitting.pk, "proposed")
            assert step.by.system_name == "scheduler"
            assert row.briefing == s.fresh(city, row).briefing
            assert AgendaItem.objects.get(pk=row.pk).sitting_id == to.pk
    now = s.fresh(city, item)
    assert (now.participant_ids, now.person_ids) == (item.participant_ids, item.person_ids)


def test_a_regular_sitting_comes_before_one_called_ad_hoc(city):
    sitting = s.make_sitting(city, "plan", days=3)
    urgent = s.make_sitting(city, "plan", days=5)
    s.change(city, urgent, is_ad_hoc=True)
    assert next_of(city, sitting) == urgent.pk
    regular = s.make_sitting(city, "plan", days=40)
    assert next_of(city, sitting) == regular.pk
    undated = s.make_sitting(city, "plan", days=70)
    s.change(city, undated, state="undated", on=None)
    s.change(city, regular, state="open")
    assert next_of(city, sitting) == undated.pk


def next_of(city, sitting, body="plan"):
    with w.act(city.head):
        found = next_sitting(sitting, city.conferences[body].pk)
        return found.pk if found else None


def test_a_blocked_item_stays_blocked_and_a_lapsed_one_becomes_it(city):
    sitting, following, item, _secret = both(city)
    house = s.consented_household(city, "disability")
    lapsed = s.consented_item(city, house, "disability", sitting=sitting)
    s.change(city, item, by=city.elderly, state="blocked")
    with unguarded("cases_consent") as cursor:  # the day after its last: nobody withdrew it
        keys = [consent.pk for consent in house.consents]
        cursor.execute(
            "UPDATE cases_consent SET period = tstzrange(%s, %s) WHERE id = ANY (%s)",
            [*s.past(), keys],
        )
    cancelled(city, sitting)
    sweep()
    assert where(city, item, city.elderly) == (following.pk, "blocked")
    assert where(city, lapsed, city.elderly) == (following.pk, "blocked")
    assert len(told(city.elderly, "item_blocked")) == 1


def test_without_a_next_sitting_they_wait_and_go_as_soon_as_there_is_one(city):
    sitting, following, item, secret = both(city)
    s.change(city, following, state="closed")
    cancelled(city, sitting)
    sweep()
    assert where(city, item)[0] == where(city, secret)[0] == sitting.pk
    assert s.fresh(city, secret).open_period is None
    shown = page(city.coordinator, "sitting_detail", sitting.pk)
    assert shown.count("中止・次の会議を待つ") == 2
    assert "中止・次の会議を待つ" in page(city.elderly, "item_detail", item.pk)
    later = s.make_sitting(city, "plan", "support", days=60)
    file_due_jobs()
    sweep()
    assert where(city, item) == where(city, secret) == (later.pk, "proposed")
    for member in (city.child, city.disability):
        assert len(told(member)) == 1


@pytest.mark.parametrize("how", ["called", "series", "rhythm"])
def test_a_sitting_that_is_made_takes_what_waits_at_once(city, how):
    sitting = s.make_sitting(city, "plan", days=3)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    cancelled(city, sitting)
    sweep()
    day = s.business_day(sitting.on + DAY)
    body = city.conferences["plan"]
    with w.act(city.coordinator):
        if how == "called":
            call_ad_hoc(by=city.coordinator, conference_types=[body], on=day)
        elif how == "series":
            rule = Rhythm(since=day, rule="FREQ=MONTHLY;BYDAY=1MO,3MO")
            set_series(
                body=body, by=city.coordinator, rhythm=rule, form_key=uuid.uuid4(), instead_of=None
            )
    if how == "rhythm":
        with as_owner():
            body.rhythm_kind = "monthly"
            body.rhythm_weekday, body.rhythm_nth = "wed", 4
            body.save()
        file_due_jobs()
    sweep()
    assert where(city, item)[0] != sitting.pk
    assert where(city, item)[1] == "proposed"


def test_cancelled_again_it_goes_on_again_and_each_page_says_where_it_is(city):
    sitting, following, item, secret = both(city)
    third = s.make_sitting(city, "plan", "support", days=70)
    cancelled(city, sitting)
    sweep()
    s.noticed(city, following)
    assert len(told(city.disability, "sitting_notice")) == 2  # once for each sitting
    cancelled(city, following)
    sweep()
    assert where(city, item) == where(city, secret) == (third.pk, "proposed")
    for gone in (sitting, following):
        assert item.title in page(city.coordinator, "sitting_detail", gone.pk)
        assert secret.title in page(city.coordinator, "sitting_detail", gone.pk)
    assert page(city.elderly, "item_detail", item.pk).count("回ってきた元") == 2
    assert len(told(city.child)) == 2


def test_a_rhythm_that_drops_a_sitting_loses_nothing_that_its_setter_does_not_know(city):
    day = s.business_day(timezone.localdate() + 40 * DAY)
    sitting = s.make_sitting(city, "support", days=(day - timezone.localdate()).days)
    secret = s.secret_item(city, sitting=sitting)
    with w.act(city.head):
        rule = Rhythm(since=timezone.localdate() + DAY, rule="FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO")
        set_series(
            body=city.conferences["support"],
            by=city.head,
            rhythm=rule,
            form_key=uuid.uuid4(),
            instead_of=None,
        )
    sweep()
    found = s.fresh(city, secret)
    with w.act(city.coordinator):
        now = Sitting.objects.get(pk=found.sitting_id)
        assert now.state in ("planned", "undated")
        assert found.state == "proposed"
