"""中止: who may, who is told, where the items go, and that it tells of nothing sealed."""

from __future__ import annotations

import datetime
import uuid
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Job, Membership, Notice, StandingMember
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, sweep, system_membership
from cases.models import Case
from config.lib.acting import acting
from meetings.calendar import make_sittings
from meetings.handover import sheet
from meetings.models import AgendaItem, ItemGrant, ItemPerson, ItemStep, PaperCopy, Sitting
from meetings.notifications import remind, tell_cancelled, tell_moved
from meetings.operations import (
    Recipient,
    Rhythm,
    appoint_on_paper,
    attach_earlier,
    call_ad_hoc,
    cancel_sitting,
    invite_guest,
    move_sitting,
    next_sitting,
    open_sitting,
    print_copies,
    propose_item,
    put_off_items,
    register_paper_pledge,
    resume_item,
    revoke_appointment,
    send_notice,
    set_series,
    take_pledge,
    withdraw_item,
)
from tests import twoworlds
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_secrecy import refused
from tests.owner import as_owner
from tests.signing import sign_in
from tests.twoworlds import Question

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

WHY = "台風のため"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def client(member):
    return sign_in(Client(), member)


def page(member, name, *keys):
    return client(member).get(reverse(name, args=keys)).content.decode()


def cancelled(city, sitting, by=None, reason=WHY):
    by = by or city.head
    with w.act(by):
        cancel_sitting(
            sitting=Sitting.objects.prefetch_related("conference_types").get(pk=sitting.pk),
            by=by, reason=reason,
        )  # fmt: skip


def told(member, kind="sitting_cancelled"):
    """Notices of this kind that this membership reads: (is it for the person alone, title)."""
    with w.act(member):
        rows = Notice.objects.visible_to(member).filter(kind=kind)
        return [(row.membership_id is not None, row.title) for row in rows]


def fresh(city, sitting):
    with w.act(city.coordinator):
        return Sitting.objects.get(pk=sitting.pk)


def both(city, days=3):
    """A noticed joint sitting: disability takes part in an item, child is appointed and pledged
    to a sealed one; a joint sitting a month later."""
    sitting = s.make_sitting(city, "plan", "support", days=days)
    following = s.make_sitting(city, "plan", "support", days=days + 30)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    secret = s.secret_item(city, sitting=sitting)
    s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    return sitting, following, item, secret


@contextmanager
def unguarded(table):
    """Time passes, or passed before there was a rule: the owner writes past the table's guards."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def where(city, item, by=None):
    row = s.fresh(city, item, by)
    return row.sitting_id, row.state


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


# --- what is sealed -----------------------------------------------------------------------------


def test_what_is_sealed_closes_at_once_and_opens_with_the_notice_of_the_next(city):
    sitting, following, _item, secret = both(city)
    assert s.sees(city.child, secret)
    assert not s.sees(city.head, secret)
    cancelled(city, sitting, city.head)  # who does not know of it
    assert not s.sees(city.child, secret)
    assert s.sees(city.coordinator, secret)
    sweep()
    assert not s.sees(city.child, secret)
    with w.act(city.child):
        grant = ItemGrant.objects.get(membership=city.child)
        assert (grant.sitting_id, grant.pledged_at, grant.revoked_at) == (following.pk, None, None)
    s.noticed(city, following)
    assert not s.sees(city.child, secret)  # the pledge was for the item of that sitting
    assert len(told(city.child, "item_open")) == 2
    assert "誓約" in page(city.child, "home")
    with w.act(city.child):
        take_pledge(grant=grant, by=city.child)
    assert s.sees(city.child, secret)
    upper = s.fresh(city, secret).open_period.upper
    assert timezone.localdate(upper) == following.on + 8 * DAY


def test_an_earlier_item_that_was_attached_closes_with_it(city):
    earlier = s.secret_item(city, sitting=s.make_sitting(city, "support", days=1))
    sitting = s.make_sitting(city, "support", days=3)
    s.make_sitting(city, "support", days=33)
    with w.act(city.elderly):
        case = Case.objects.get(pk=earlier.case_id)
    secret = s.secret_item(city, sitting=sitting, case=case)
    with w.act(city.coordinator):
        attach_earlier(item=secret, by=city.coordinator, earlier=earlier)
    s.appointed(city, secret, city.child)
    s.noticed(city, sitting)
    assert s.sees(city.child, earlier)
    cancelled(city, sitting)
    assert not s.sees(city.child, earlier)


def test_appointments_on_paper_guests_and_copies_stay_pledges_are_asked_anew(city):
    sitting = s.make_sitting(city, "support", days=3)
    following = s.make_sitting(city, "support", days=33)
    secret = s.secret_item(city, sitting=sitting)
    with w.act(city.coordinator):
        by = city.coordinator
        paper = appoint_on_paper(item=secret, by=by, name="架空 守", organisation="民生委員")
        register_paper_pledge(person=paper, by=by, pledged_on=timezone.localdate())
        account = invite_guest(item=secret, by=by, name="医野 薫", organisation="架空医院")
        print_copies(
            item=secret, by=by, paper="materials", recipients=[Recipient("事務局")],
            form_key=uuid.uuid4(),
        )  # fmt: skip
    guest = Membership.objects.with_names().get(pk=account.person.guest_id)
    with w.act(guest):
        take_pledge(grant=ItemGrant.objects.get(membership=guest), by=guest)
    taken_back = s.appointed(city, secret, city.outreach)
    with w.act(city.coordinator):
        revoke_appointment(grant=taken_back, by=city.coordinator)
    s.noticed(city, sitting)
    assert s.sees(guest, secret)
    cancelled(city, sitting)
    sweep()
    assert not s.sees(guest, secret)
    assert s.sees(guest, following)
    assert Membership.objects.get(pk=guest.pk).until == following.on + 7 * DAY
    with w.act(city.coordinator):
        person = ItemPerson.objects.get(pk=paper.pk)
        assert (person.pledged_on, person.registered_by_id, person.revoked_at) == (None, None, None)
        old = ItemGrant.objects.get(pk=taken_back.pk)
        assert old.pledged_at is not None  # what was stays provable
        assert old.revoked_at is not None
        assert PaperCopy.objects.get(item=secret).returned_at is None
        register_paper_pledge(person=person, by=by, pledged_on=timezone.localdate())
    assert "架空 守" in page(city.coordinator, "item_people", secret.pk)
    assert "事務局" in page(city.coordinator, "sitting_copies", following.pk)
    assert client(guest).get(reverse("item_detail", args=[secret.pk])).status_code == 404
    with w.act(guest):
        take_pledge(grant=ItemGrant.objects.get(membership=guest), by=guest)
    s.noticed(city, following)
    assert "回ってきた元" not in page(guest, "item_detail", secret.pk)  # not their sitting (V6)


@pytest.mark.parametrize("waits", [False, True])
def test_the_one_who_cancels_learns_of_nothing_sealed(city, waits):
    """Two worlds, with a sealed item and without: every page, and every query's number."""
    sitting = s.make_sitting(city, "plan", "support", days=3)
    following = s.make_sitting(city, "plan", "support", days=33)
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability", sitting=sitting)
    if waits:
        s.change(city, following, state="closed")
    s.noticed(city, sitting)
    kept = client(city.head)
    asked = [
        Question(name, "GET", reverse(name, args=keys))
        for name, keys in [
            ("sitting_detail", [sitting.pk]), ("sitting_detail", [following.pk]),
            ("sitting_cancel", [sitting.pk]), ("sitting_list", []), ("home", []), ("notices", []),
            ("item_detail", [item.pk]), ("sitting_copies", [sitting.pk]),
            ("sitting_run", [sitting.pk]),
        ]
    ]  # fmt: skip
    press = Question(
        "sitting_cancel", "POST", reverse("sitting_cancel", args=[sitting.pk]),
        (("reason", WHY), ("on", sitting.on.isoformat())),
    )  # fmt: skip

    def story():
        answers = [twoworlds.ask(kept, question) for question in [*asked, press]]
        cancelled(city, sitting, city.head)
        answers += [twoworlds.ask(kept, question) for question in asked]
        twoworlds.worked()
        return answers + [twoworlds.ask(kept, question) for question in asked]

    with twoworlds.standing_clock():
        with twoworlds.taken_back():
            story()  # what a process reads once is read by now
        with twoworlds.taken_back():
            secret = s.secret_item(city, sitting=sitting)
            s.appointed(city, secret, city.child)
            s.noticed(city, sitting)
            assert s.sees(city.child, secret)
            with_it = story()
            assert not s.sees(city.child, secret)
            assert (where(city, secret)[0] == sitting.pk) == waits
        with twoworlds.taken_back():
            without = story()
    assert len(with_it) == 3 * len(asked) + 1
    for one, other in zip(with_it, without, strict=True):
        assert one.told() == other.told()


# --- raw SQL over the application's login -------------------------------------------------------


def test_a_cancelled_sitting_stays_cancelled_whoever_asks(city):
    sitting, _following, _item, _secret = both(city)
    cancelled(city, sitting)
    scheduler = system_membership(SystemName.SCHEDULER)
    key = sitting.pk
    for member in (city.head, city.coordinator, city.elderly, scheduler):
        for change in (
            "state = 'planned'", "state = 'noticed', cancelled_at = NULL, cancelled_by_id = NULL,"
            " cancel_reason = ''", "cancel_reason = '別の理由'", "\"on\" = \"on\" + 1",
            "told_at = now(), cancel_reason = ''",
        ):  # fmt: skip
            assert refused(member, f"UPDATE meetings_sitting SET {change} WHERE id = %s", key)
    assert refused(city.head, "UPDATE meetings_sitting SET told_at = now() WHERE id = %s", key)
    sweep()
    assert refused(scheduler, "UPDATE meetings_sitting SET told_at = NULL WHERE id = %s", key)


def test_nobody_is_made_the_one_who_cancelled(city):
    sitting = s.make_sitting(city, "plan", days=3, state="noticed")
    said = "UPDATE meetings_sitting SET state = 'cancelled', cancelled_at = now(), "
    for more in (
        "cancelled_by_id = %s, cancel_reason = 'x'", "cancelled_by_id = %s, cancel_reason = ''",
        "cancelled_by_id = %s, cancel_reason = 'x', told_at = now()",
    ):  # fmt: skip
        by = city.coordinator if more.endswith("= 'x'") else city.head
        assert refused(city.head, f"{said}{more} WHERE id = %s", by.pk, sitting.pk)
    s.change(city, sitting, state="open")
    assert refused(
        city.head, f"{said}cancelled_by_id = %s, cancel_reason = 'x' WHERE id = %s",
        city.head.pk, sitting.pk,
    )  # fmt: skip


def test_no_statement_moves_an_item_or_opens_it_in_a_cancelled_sitting(city):
    sitting, following, item, secret = both(city)
    for row in (item, secret):
        for member in (city.coordinator, city.head, city.elderly):
            assert refused(
                member, "UPDATE meetings_agendaitem SET sitting_id = %s WHERE id = %s",
                following.pk, row.pk,
            )  # fmt: skip
    assert refused(city.coordinator, "UPDATE meetings_itemgrant SET sitting_id = %s", following.pk)
    s.change(city, following, state="closed")
    cancelled(city, sitting)
    sweep()
    assert refused(
        city.coordinator,
        "UPDATE meetings_agendaitem SET open_period = tstzrange(now(), now() + '1 day')"
        " WHERE id = %s",
        secret.pk,
    )
    assert refused(
        city.coordinator, "UPDATE meetings_itemgrant SET pledged_at = NULL WHERE id IN"
        " (SELECT id FROM meetings_itemgrant WHERE content_object_id = %s)", secret.pk,
    )  # fmt: skip
    with w.act(city.elderly), pytest.raises(ActionDenied):
        propose_item(
            sitting=fresh(city, sitting), by=city.elderly,
            conference_type=city.conferences["plan"], agenda_type="social_resources",
            title="架空", briefing="架空",
        )  # fmt: skip


def test_nobody_writes_from_where_an_item_came(city):
    sitting, _following, item, _secret = both(city)
    said = "INSERT INTO meetings_itemstep (id, item_id, name, to_state, by_id, at, put_off_from_id)"
    for name, origin in (("put_off", None), ("propose", sitting.pk), ("put_off", sitting.pk)):
        assert refused(
            city.elderly, f"{said} VALUES (gen_random_uuid(), %s, %s, 'proposed', %s, now(), %s)",
            item.pk, name, city.elderly.pk, origin,
        )  # fmt: skip


def test_a_blocked_item_that_waits_is_still_told_and_comes_back(city):
    sitting, following, item, _secret = both(city)
    s.change(city, following, state="closed")
    s.change(city, item, by=city.elderly, state="blocked")
    cancelled(city, sitting)
    sweep()
    assert "議題の同意が足りません" in page(city.elderly, "home")
    with w.act(city.elderly):
        resume_item(item=item, by=city.elderly)
    assert where(city, item) == (sitting.pk, "proposed")


def test_only_the_scheduler_puts_items_off(city):
    sitting, _following, item, secret = both(city)
    cancelled(city, sitting)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        tell_cancelled(sitting=sitting)
    for member in (city.head, city.coordinator, city.child, city.elderly):
        with w.act(member):
            put_off_items()
    assert where(city, item)[0] == where(city, secret)[0] == sitting.pk
    for name in (SystemName.STATISTICS, SystemName.RETENTION):
        with acting(system_membership(name).pk):
            put_off_items()
    assert where(city, item)[0] == sitting.pk
    with acting(system_membership(SystemName.SCHEDULER).pk):
        put_off_items()
        put_off_items()
    assert where(city, item)[0] == where(city, secret)[0] != sitting.pk
    with w.act(city.coordinator):
        assert ItemStep.objects.filter(item=item, name="put_off").count() == 1


def test_nobody_is_put_off_before_everybody_is_told(city):
    """The daily job may come between the cancelling and the telling: who was asked is read from the
    items, so these wait."""
    sitting, _following, item, secret = both(city)
    cancelled(city, sitting)
    with acting(system_membership(SystemName.SCHEDULER).pk):
        put_off_items()
    assert where(city, item)[0] == where(city, secret)[0] == sitting.pk
    sweep()
    assert len(told(city.child)) == len(told(city.disability)) == 1
    assert where(city, item)[0] != sitting.pk


def test_what_stood_in_a_sitting_cancelled_before_it_was_told_is_rescued(city):
    """Those cancelled by an earlier version say neither who nor why."""
    sitting, following, _item, secret = both(city)
    with unguarded("meetings_sitting") as cursor:
        cursor.execute(
            "UPDATE meetings_sitting SET state = 'cancelled' WHERE id = %s", [sitting.pk]
        )
    file_due_jobs()
    sweep()
    assert where(city, secret) == (following.pk, "proposed")
    assert "この会議は中止になりました" in page(city.coordinator, "sitting_detail", sitting.pk)


# --- screens ------------------------------------------------------------------------------------


def test_the_page_says_in_figures_what_happens_and_pressed_twice_it_happens_once(city):
    sitting, following, item, secret = both(city)
    url = reverse("sitting_cancel", args=[sitting.pk])
    browser = client(city.head)
    assert url in browser.get(reverse("sitting_detail", args=[sitting.pk])).content.decode()
    shown = browser.get(url).content.decode()
    assert secret.title not in shown
    assert "3<small>機関</small>" in shown  # elderly, disability and the office
    assert "1<small>件</small>" in shown
    assert f"{following.on.month}月{following.on.day}日" in shown
    assert reverse("sitting_move", args=[sitting.pk]) in shown
    typed = {"reason": WHY, "on": sitting.on.isoformat()}
    for _n in range(2):
        done = browser.post(url, typed, follow=True)
        assert "この会議は中止になりました" in done.content.decode()
        assert WHY in done.content.decode()
        assert "これから知らせます" in done.content.decode()
    assert sweep() >= 1
    assert len(told(city.elderly)) == 1
    after = page(city.head, "sitting_detail", sitting.pk)
    assert "これから知らせます" not in after
    assert secret.title not in after
    assert client(city.head).get(url).status_code == 302
    listed = page(city.elderly, "sitting_list")
    assert listed.index("これからの会議") < listed.index("中止") < listed.index("終わった会議")
    assert "回ってきた元" in page(city.elderly, "item_detail", item.pk)


def test_bad_input_is_a_sentence_beside_the_field_and_nothing_typed_is_lost(city):
    sitting = s.make_sitting(city, "plan", days=3, state="noticed")
    url = reverse("sitting_cancel", args=[sitting.pk])
    browser = client(city.head)
    for typed, sentence in (
        ({"reason": ""}, "中止の理由を入れてください"),
        ({"reason": "台" * 201}, "200文字以内"),
        ({"reason": "個人番号 123456789018"}, "個人番号"),
        ({"reason": WHY, "on": "2020-01-01"}, "変わっています"),
        ({"reason": WHY, "on": "x"}, "on"),
    ):
        answer = browser.post(url, {"on": sitting.on.isoformat()} | typed)
        assert answer.status_code == 422, typed
        assert sentence in answer.content.decode()
        assert typed["reason"] in answer.content.decode()
    assert fresh(city, sitting).state == "noticed"
    # Shown the day as it is now, the same press means it.
    again = browser.post(url, {"reason": WHY, "on": "2020-01-01"})
    assert f'value="{sitting.on.isoformat()}"' in again.content.decode()


def test_a_stale_page_does_nothing_to_a_sitting_that_was_opened_meanwhile(city):
    sitting = s.make_sitting(city, "plan", days=0)
    s.noticed(city, sitting)
    with w.act(city.coordinator):
        open_sitting(sitting=sitting, by=city.coordinator)
    url = reverse("sitting_cancel", args=[sitting.pk])
    answer = client(city.head).post(url, {"reason": WHY, "on": sitting.on.isoformat()}, follow=True)
    assert "進行中" in answer.content.decode()
    assert fresh(city, sitting).state == "open"


def test_the_handover_sheet_says_that_it_waits(city):
    sitting, following, item, _secret = both(city)
    s.change(city, following, state="closed")
    cancelled(city, sitting)
    sweep()
    with w.act(city.elderly):
        ((line,),) = [part.lines for part in sheet(city.elderly, Case.objects.get(pk=item.case_id))]
    assert "中止・次の会議を待つ" in str(line)


def test_making_and_cancelling_again_makes_no_second_sitting(city):
    with as_owner():
        body = city.conferences["plan"]
        body.rhythm_kind, body.rhythm_weekday, body.rhythm_nth = "monthly", "wed", 4
        body.save()
    with acting(system_membership(SystemName.SCHEDULER).pk):
        made = make_sittings(city.city)
    cancelled(city, made[0])
    with acting(system_membership(SystemName.SCHEDULER).pk):
        assert make_sittings(city.city) == []


def test_a_noticed_sitting_takes_what_was_put_off_and_its_notice_goes_out_again(city):
    sitting, following, item, _secret = both(city)
    s.noticed(city, following)
    cancelled(city, sitting)
    sweep()
    assert where(city, item) == (following.pk, "proposed")
    assert "加わった議題の通知を送る" in page(city.coordinator, "sitting_detail", following.pk)
    with w.act(city.coordinator), transaction.atomic():
        assert send_notice(sitting=following, by=city.coordinator) == 2
    assert len(told(city.disability, "sitting_notice")) == 2
