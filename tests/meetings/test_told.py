"""出欠 told by telephone: entered under the name of who heard it, theirs to change (V5, V6)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from meetings.members import members_of
from meetings.models import ItemAttendance, ItemGrant
from meetings.operations import (
    Noted,
    Reply,
    answer_sitting,
    invite_guest,
    move_sitting,
    note_members,
    take_pledge,
    unanswered,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_answers import refused
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def asked(city):
    return s.asked_item(city)


@pytest.fixture
def sealed(city):
    """A noticed sealed item: child is appointed and has pledged, outreach is appointed."""
    item = s.secret_item(city, sitting=s.make_sitting(city, "support", days=3))
    s.appointed(city, item, city.child)
    s.appointed(city, item, city.outreach, pledged=False)
    s.noticed(city, item.sitting)
    return s.held(city, item)


def told(city, item, key, answer="attend", *, by=None, has_conflict=False):
    by = by or city.coordinator
    with w.act(by):
        return note_members(item=item, by=by, rows=[Noted(key, has_conflict, answer)])


def answers(member, item, say="absent", **more):
    with w.act(member):
        return answer_sitting(
            sitting=item.sitting, by=member, replies=[Reply(item.pk, say, **more)]
        )


def member_of(item, by, key):
    with w.act(by):
        return {m.key: m for m in members_of(by, [item])[item.pk]}[key]


def waits(member):
    with w.act(member):
        return unanswered(member).count()


def notices(member):
    with w.act(member):
        return list(
            Notice.objects.for_desk(member)
            .filter(kind="answer_told")
            .values_list("title", flat=True)
        )


def agency(city, name="disability"):
    return f"a:{city.agencies[name].pk}"


def desk(member):
    return sign_in(Client(), member)


# --- an agency -----------------------------------------------------------------------------------


def test_what_an_agency_says_by_telephone_is_entered_by_name_and_told(city, asked):
    by = city.members["disability"]
    assert told(city, asked, agency(city)) == 1
    assert told(city, asked, agency(city)) == 0  # nothing twice
    for reader in (by, city.elderly, city.head):
        mine = member_of(asked, reader, agency(city))
        assert mine.answer == "attend"
        assert f"電話で（入力　{city.coordinator.user}）" in mine.answered
    assert waits(by) == 0
    assert notices(by) == ["電話で聞いた出欠を、事務局が入れました"]
    assert notices(city.elderly) == []


def test_the_agency_writes_over_it_and_the_word_goes(city, asked):
    by = city.members["disability"]
    told(city, asked, agency(city))
    assert answers(by, asked, "attend") == 1  # the same, but its own now
    mine = member_of(asked, city.head, agency(city))
    assert "電話で" not in mine.answered
    assert str(by.user) in mine.answered
    assert answers(by, asked, "absent", remark="担当が代わります") == 1
    told(city, asked, agency(city), "online")  # it rings again
    mine = member_of(asked, by, agency(city))
    assert (mine.answer, mine.remark) == ("online", "担当が代わります")
    assert "電話で" in mine.answered


def test_what_was_entered_by_mistake_is_taken_back_what_it_said_itself_is_not(city, asked):
    by = city.members["disability"]
    told(city, asked, agency(city))
    assert told(city, asked, agency(city), "") == 1
    assert waits(by) == 1
    answers(by, asked)
    with pytest.raises(ActionDenied, match="自分でした返事は、消せません"):
        told(city, asked, agency(city), "")


@pytest.mark.parametrize("name", ["elderly", "disability", "outreach", "child"])
def test_nobody_but_the_office_enters_it(city, asked, name):
    with pytest.raises(ActionDenied):
        told(city, asked, agency(city), by=city.members[name])


def test_only_who_was_asked_is_entered(city, asked):
    with pytest.raises(ActionDenied, match="事務局には"):
        told(city, asked, agency(city, "coordinator"))
    with pytest.raises(ActionDenied, match="変わりました"):
        told(city, asked, agency(city, "child"))
    with pytest.raises(ActionDenied, match="出欠を選んで"):
        told(city, asked, agency(city), "maybe")


@pytest.mark.parametrize("state", ["planned", "open", "closed"])
def test_it_is_entered_between_the_notice_and_the_opening(city, asked, state):
    with as_owner():
        type(asked.sitting).objects.filter(pk=asked.sitting_id).update(state=state)
    with pytest.raises(ActionDenied):
        told(city, asked, agency(city))
    page = desk(city.head).get(reverse("item_members", args=[asked.pk]))
    assert f'name="answer_{agency(city)}"' not in page.content.decode()


def test_the_page_says_so_and_writes_only_what_was_changed(city, asked):
    """The agency answers itself while the office has its page open: its answer stands."""
    url, browser = reverse("item_members", args=[asked.pk]), desk(city.head)
    page = browser.get(url).content.decode()
    assert "電話で聞いた返事をここに入れると" in page
    answers(city.members["disability"], asked, "online")
    sent = {}
    for name in ("disability", "elderly"):
        for field, value in (("answer", ""), ("conflict", "False")):
            sent[f"initial-{field}_{agency(city, name)}"] = value
        sent[f"answer_{agency(city, name)}"] = ""
    sent[f"answer_{agency(city, 'elderly')}"] = "partial"
    assert browser.post(url, sent).status_code == 302
    assert member_of(asked, city.head, agency(city)).answer == "online"
    assert member_of(asked, city.head, agency(city, "elderly")).answer == "partial"
    assert "電話で（入力" in browser.get(url).content.decode()


# --- the appointed -------------------------------------------------------------------------------


def test_under_secrecy_the_listed_secretary_enters_it_for_who_pledged(city, sealed):
    """V6: it stands with the appointment; nobody else learns of it."""
    child = f"m:{city.child.pk}"
    assert told(city, sealed, child, "online") == 1
    mine = member_of(sealed, city.child, child)
    assert mine.answer == "online"
    assert f"電話で（入力　{city.coordinator.user}）" in mine.answered
    assert waits(city.child) == 0
    assert notices(city.child) == ["電話で聞いた出欠を、事務局が入れました"]
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert notices(colleague) == notices(city.outreach) == notices(city.head) == []
    assert answers(city.child, sealed, "online") == 1
    assert "電話で" not in member_of(sealed, city.coordinator, child).answered
    with pytest.raises(ActionDenied, match="消せません"):
        told(city, sealed, child, "")


def test_who_has_not_pledged_for_the_item_has_told_nothing(city, sealed):
    with pytest.raises(ActionDenied, match="誓約のあとに"):
        told(city, sealed, f"m:{city.outreach.pk}")
    page = desk(city.coordinator).get(reverse("item_members", args=[sealed.pk])).content.decode()
    assert f'name="answer_m:{city.child.pk}"' in page
    assert f'name="answer_m:{city.outreach.pk}"' not in page


@pytest.mark.parametrize("name", ["head", "child", "elderly"])
def test_under_secrecy_nobody_else_enters_it(city, sealed, name):
    with pytest.raises(ActionDenied):
        told(city, sealed, f"m:{city.child.pk}", by=city.members[name])


def test_for_a_guest_it_stands_on_their_item(city, sealed):
    with w.act(city.coordinator):
        account = invite_guest(
            item=sealed, by=city.coordinator, name="医野 薫", organisation="架空医院"
        )
        guest = account.person.guest
    with w.act(guest):
        take_pledge(grant=ItemGrant.objects.get(membership_id=guest.pk), by=guest)
    told(city, sealed, f"m:{guest.pk}", "absent")
    page = desk(guest).get(reverse("item_detail", args=[sealed.pk])).content.decode()
    assert "欠席する" in page
    assert "電話で（入力" in page


def test_another_day_forgets_who_entered_it(city, asked, sealed):
    told(city, asked, agency(city))
    told(city, sealed, f"m:{city.child.pk}")
    for item in (asked, sealed):
        with w.act(city.head):
            move_sitting(
                sitting=item.sitting,
                by=city.head,
                on=s.business_day(timezone.localdate() + datetime.timedelta(days=20)),
            )
    with as_owner():
        assert not ItemGrant.objects.exclude(answer="", answered_by=None).exists()
        assert not ItemAttendance.objects.exclude(answer="", answered_by=None).exists()


# --- the database --------------------------------------------------------------------------------

INSERT = (
    "insert into meetings_itemattendance (id, item_id, agency_id, name, answer, answered_at,"
    " answered_by_id, attendance, remark) values (%s, %s, %s, '', %s, now(), %s, '', %s)"
)
CHANGE = "update meetings_itemattendance set answer = %s, answered_at = {at}, answered_by_id = %s"
ROW = " where item_id = %s and agency_id = %s"


def put(member, item, agency, by=None, remark="", say="attend"):
    return refused(member, INSERT, uuid.uuid4(), item.pk, agency.pk, say, (by or member).pk, remark)


def test_over_sql_the_office_answers_under_its_own_name_and_says_nothing_else(city, asked):
    mine = city.agencies["disability"]
    assert put(city.head, asked, mine, by=city.members["disability"])  # as if they had said it
    assert put(city.head, asked, mine, remark="申し送り")  # words of the agency
    assert put(city.head, asked, city.agencies["child"])  # takes no part
    assert put(city.elderly, asked, mine)  # who proposed it
    assert put(city.outreach, asked, mine)
    assert not put(city.head, asked, mine)
    empty = CHANGE.format(at="null") + ROW
    assert not refused(city.head, empty, "", None, asked.pk, mine.pk)
    by = city.members["disability"]
    assert not refused(by, CHANGE.format(at="now()") + ROW, "absent", by.pk, asked.pk, mine.pk)
    assert refused(city.head, empty, "", None, asked.pk, mine.pk)  # its own word
    remark = f"update meetings_itemattendance set remark = 'x'{ROW}"
    assert refused(city.head, remark, asked.pk, mine.pk)
    s.change(city, asked.sitting, on=timezone.localdate())
    s.change(city, asked.sitting, state="open")
    change = CHANGE.format(at="now()") + ROW
    assert refused(city.head, change, "online", city.head.pk, asked.pk, mine.pk)


def test_over_sql_a_sealed_answer_is_the_listed_secretarys_or_ones_own(city, sealed):
    change = (
        "update meetings_itemgrant set answer = %s, answered_at = now(), answered_by_id = %s"
        " where content_object_id = %s and membership_id = %s"
    )

    def writes(by, whose, named, say="attend"):
        key = named.pk if named else None
        return not refused(by, change, say, key, sealed.pk, whose.pk)

    office = city.coordinator
    assert not writes(office, city.outreach, office)  # no pledge yet
    assert not writes(office, city.child, city.head)  # in another's name
    assert not writes(office, city.child, None)  # as if they had said it
    assert not writes(city.head, city.child, city.head)  # not on the list
    assert not writes(city.child, city.child, city.child)  # one's own is nobody's entry
    assert not writes(city.child, city.child, office)
    assert writes(office, city.child, office)
    assert writes(city.child, city.child, None, "absent")
    assert not writes(office, city.child, None, "")  # their own word
    s.change(city, sealed.sitting, on=timezone.localdate())
    s.change(city, sealed.sitting, state="open")
    assert not writes(office, city.child, office)
