"""中止 tells of nothing sealed: on its pages, by SQL, and when the items go on."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, sweep, system_membership
from cases.models import Case
from config.lib.acting import acting
from meetings.calendar import make_sittings
from meetings.handover import sheet
from meetings.models import ItemGrant, ItemPerson, ItemStep, PaperCopy
from meetings.notifications import tell_cancelled
from meetings.operations import (
    Recipient,
    appoint_on_paper,
    attach_earlier,
    invite_guest,
    open_sitting,
    print_copies,
    propose_item,
    put_off_items,
    register_paper_pledge,
    resume_item,
    revoke_appointment,
    send_notice,
    take_pledge,
)
from tests import twoworlds
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
from tests.meetings.test_secrecy import refused
from tests.owner import as_owner
from tests.twoworlds import Question

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


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
