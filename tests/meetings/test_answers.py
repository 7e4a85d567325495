"""出欠: who is asked, who answers, who learns of it; nobody answers for others (V5, V6)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import StandingMember
from agencies.permissions import ActionDenied
from agencies.tasks import sweep
from cases.models import Person
from meetings import panels
from meetings.members import members_of, tally
from meetings.models import ItemAttendance, ItemGrant
from meetings.operations import (
    Noted,
    Reply,
    answer_sitting,
    appoint_on_paper,
    cancel_sitting,
    change_participants,
    invite_guest,
    mark_attendance,
    move_sitting,
    name_member,
    note_members,
    open_sitting,
    remove_member,
    take_pledge,
    unanswered,
)
from tests import world as w
from tests.meetings import situations as s
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
    """A noticed sealed item to which child is appointed and pledged."""
    item = s.secret_item(city, sitting=s.make_sitting(city, "support", days=3))
    s.appointed(city, item, city.child)
    s.noticed(city, item.sitting)
    return s.held(city, item)


def answer(member, *items, say="attend", **more):
    with w.act(member):
        return answer_sitting(
            sitting=items[0].sitting,
            by=member,
            replies=[Reply(item.pk, say, **more) for item in items],
        )


def members(item, by):
    with w.act(by):
        return {m.who: m for m in members_of(by, [item])[item.pk]}


def owed(member):
    with w.act(member):
        return [todo.url for todo in panels.todo_answers(member)]


def waits(member):
    with w.act(member):
        return unanswered(member).count()


def client(member):
    return sign_in(Client(), member)


def name(city, item, by=None, **facts):
    by = by or city.head
    with w.act(by):
        return name_member(item=item, by=by, **facts)


def note(city, item, *rows, by=None):
    by = by or city.head
    with w.act(by):
        return note_members(item=item, by=by, rows=rows)


# --- an agency -------------------------------------------------------------------------------


def test_an_agency_answers_once_for_all_of_it(city, asked):
    by = city.members["disability"]
    colleague = w.make_member(city.agencies["disability"], "consultation_worker")
    url = reverse("sitting_answer", args=[asked.sitting_id])
    assert owed(by) == owed(colleague) == [url]
    assert answer(by, asked, remark="担当が代わります") == 1
    assert answer(colleague, asked, remark="担当が代わります") == 0  # nothing twice
    assert owed(by) == owed(colleague) == []
    for reader in (by, city.elderly, city.head):
        mine = members(asked, reader)["架空disabilityセンター"]
        assert (mine.answer, mine.remark) == ("attend", "担当が代わります")
        assert str(by.user) in mine.answered


def test_an_answer_can_be_changed_until_the_sitting_opens(city, asked):
    by = city.members["disability"]
    answer(by, asked)
    assert answer(by, asked, say="absent", has_conflict=True) == 1
    with w.act(by):
        (row,) = ItemAttendance.objects.filter(item=asked)
    assert (row.answer, row.has_conflict, row.answered_by_id) == ("absent", True, by.pk)
    s.change(city, asked.sitting, on=timezone.localdate())
    with w.act(city.head):
        open_sitting(sitting=asked.sitting, by=city.head)
    with pytest.raises(ActionDenied, match="進行中"):
        answer(by, asked)


@pytest.mark.parametrize("state", ["undated", "planned", "open", "closed"])
def test_only_a_noticed_sitting_is_answered(city, asked, state):
    by = city.members["disability"]
    with as_owner():
        values = {"on": None} if state == "undated" else {}
        type(asked.sitting).objects.filter(pk=asked.sitting_id).update(state=state, **values)
    with pytest.raises(ActionDenied):
        answer(by, asked)
    assert waits(by) == 0


def test_the_secretariat_and_whoever_takes_no_part_are_not_asked(city, asked):
    for member in (city.head, city.coordinator, city.outreach, city.child):
        assert waits(member) == 0
        with pytest.raises(ActionDenied, match="参加する議題が変わりました"):
            answer(member, asked)


def test_what_is_no_answer_is_refused(city, asked):
    with pytest.raises(ActionDenied, match="出欠を選んで"):
        answer(city.members["disability"], asked, say="maybe")


def test_whose_consent_ended_answers_no_more_and_is_told_plainly(city, asked):
    """V5: nothing is seen any more, and the open page says that the items have changed."""
    by = city.members["disability"]
    browser, url = client(by), reverse("sitting_answer", args=[asked.sitting_id])
    assert browser.get(url).status_code == 200
    with w.act(city.elderly):
        change_participants(item=asked, by=city.elderly, participants=[], version=asked.version)
    assert not s.sees(by, asked)
    with pytest.raises(ActionDenied, match="参加する議題が変わりました"):
        answer(by, asked)
    page = browser.post(url, {"answer": "attend"}, follow=True).content.decode()
    assert "いま出欠をたずねている議題はありません" in page
    assert asked.title not in page
    still = reverse("item_still", args=[asked.pk])
    assert browser.get(still).status_code == 404  # the open page closes itself
    assert client(city.elderly).get(still).status_code == 200
    assert owed(by) == []
    assert "架空disabilityセンター" not in members(s.held(city, asked), city.head)


def test_another_day_is_asked_anew(city, asked):
    by = city.members["disability"]
    answer(by, asked, remark="遅れます", has_conflict=True)
    with w.act(city.head):
        move_sitting(
            sitting=asked.sitting,
            by=city.head,
            on=s.business_day(timezone.localdate() + datetime.timedelta(days=20)),
        )
    mine = members(asked, by)["架空disabilityセンター"]
    assert (mine.answer, mine.remark, mine.has_conflict) == ("", "", True)
    assert waits(by) == 1


def test_another_room_is_the_same_answer(city, asked):
    by = city.members["disability"]
    answer(by, asked)
    with w.act(city.head):
        move_sitting(sitting=asked.sitting, by=city.head, on=asked.sitting.on, place="第2会議室")
    assert waits(by) == 0


def test_what_is_put_off_is_asked_anew(city, asked, sealed):
    answer(city.members["disability"], asked)
    answer(city.child, sealed)
    for item in (asked, sealed):
        body = "support" if item.is_secret else "plan"
        s.make_sitting(city, body, days=30)
        with w.act(city.head):
            cancel_sitting(sitting=item.sitting, by=city.head, reason="大雪のため")
    sweep()
    with as_owner():
        assert not ItemAttendance.objects.exclude(answer="").exists()
        assert not ItemGrant.objects.exclude(answer="").exists()


# --- the appointed ---------------------------------------------------------------------------


def test_the_appointed_answers_for_themself_after_the_pledge(city):
    item = s.secret_item(city, sitting=s.make_sitting(city, "support", days=3))
    grant = s.appointed(city, item, city.child, pledged=False)
    s.noticed(city, item.sitting)
    assert waits(city.child) == 0
    with pytest.raises(ActionDenied):
        answer(city.child, item)
    with w.act(city.child):
        take_pledge(grant=grant, by=city.child)
    assert owed(city.child) == [reverse("sitting_answer", args=[item.sitting_id])]
    assert answer(city.child, item, say="online", has_conflict=True) == 1
    assert answer(city.child, item, say="online", has_conflict=True) == 0
    found = members(item, city.coordinator)
    assert [(m.answer, m.has_conflict) for m in found.values()] == [("online", True)]
    assert owed(city.child) == []


def test_a_sealed_answer_is_ones_own_and_the_secretariats(city, sealed):
    """V6: who else is appointed, and whether they come, an appointed reader does not learn."""
    s.appointed(city, sealed, city.outreach)
    appoint_paper(city, sealed)
    answer(city.child, sealed, say="absent")
    assert [m.key for m in members(sealed, city.outreach).values()] == [f"m:{city.outreach.pk}"]
    with w.act(city.outreach):
        assert not ItemGrant.objects.exclude(membership_id=city.outreach.pk).exists()
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert owed(colleague) == owed(city.head) == []
    for reader in (city.outreach, city.child):
        page = client(reader).get(reverse("sitting_detail", args=[sealed.sitting_id]))
        assert "民野 守" not in page.content.decode()
        assert "未回答 " not in page.content.decode()
    office = client(city.coordinator).get(reverse("sitting_detail", args=[sealed.sitting_id]))
    assert "出席 0・欠席 1・未回答 2" in office.content.decode()


def appoint_paper(city, item):
    with w.act(city.coordinator):
        return appoint_on_paper(
            item=item, by=city.coordinator, name="民野 守", organisation="民生委員"
        )


def test_for_people_on_paper_the_secretariat_notes_it(city, sealed):
    person = appoint_paper(city, sealed)
    row = Noted(f"p:{person.pk}", has_conflict=True, answer="attend")
    assert note(city, sealed, row, by=city.coordinator) == 1
    assert note(city, sealed, row, by=city.coordinator) == 0
    found = members(sealed, city.coordinator)["民野 守（民生委員）"]
    assert (found.answer, found.has_conflict) == ("attend", True)
    assert note(city, sealed, Noted(f"m:{city.child.pk}", True), by=city.coordinator) == 1
    for by in (city.child, city.head):
        with pytest.raises(ActionDenied):
            note(city, sealed, row, by=by)


def test_a_guest_answers_on_their_item(city, sealed):
    with w.act(city.coordinator):
        account = invite_guest(
            item=sealed, by=city.coordinator, name="医野 薫", organisation="架空医院"
        )
        guest = account.person.guest
    with w.act(guest):
        grant = ItemGrant.objects.get(membership_id=guest.pk)
        take_pledge(grant=grant, by=guest)
    browser = client(guest)
    page = browser.get(reverse("item_detail", args=[sealed.pk])).content.decode()
    assert "出欠を返事する" in page
    url = reverse("item_answer", args=[sealed.pk])
    assert browser.post(url, {"answer": ""}).status_code == 422
    assert browser.post(url, {"answer": "online"}).status_code == 302
    found = members(sealed, city.coordinator)["医野 薫（架空医院）"]
    assert found.answer == "online"


# --- who is named ----------------------------------------------------------------------------


def test_people_are_asked_by_name(city, asked):
    house_person = _person(city, asked)
    name(city, asked, by=city.elderly, kind="person", person=house_person)
    name(city, asked, kind="family", name="架空 花子", organisation="長女")
    found = members(asked, city.elderly)
    assert found[house_person.shown_name].kind == "本人"
    assert found["架空 花子（長女）"].kind == "家族"
    for facts in (
        {"kind": "person", "person": house_person},
        {"kind": "family", "name": "架空 花子"},
    ):
        with pytest.raises(ActionDenied, match="すでに"):
            name(city, asked, **facts)


def _person(city, item):
    with w.act(city.elderly):
        return Person.objects.visible_to(city.elderly).get(pk=item.person_ids[0])


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"kind": "family", "name": "　"}, "氏名"),
        ({"kind": "nobody", "name": "架空"}, "種別"),
        ({"kind": "person"}, "この議題の人だけ"),
    ],
)
def test_who_cannot_be_named(city, asked, facts, words):
    with pytest.raises(ActionDenied, match=words):
        name(city, asked, **facts)


def test_the_person_is_of_the_item_living_and_let_in(city, asked):
    other = s.consented_household(city, "disability").persons[0]
    with pytest.raises(ActionDenied, match="この議題の人だけ"):
        name(city, asked, by=city.elderly, kind="person", person=other)
    person = _person(city, asked)
    with as_owner():
        type(asked.conference_type).objects.filter(pk=asked.conference_type_id).update(
            may_person_attend=False
        )
    with pytest.raises(ActionDenied, match="市の設定"):
        name(city, asked, by=city.elderly, kind="person", person=person)


def test_under_secrecy_people_are_appointed_not_named(city, sealed):
    with pytest.raises(ActionDenied, match="指名します"):
        name(city, sealed, by=city.coordinator, kind="invited", name="架空 花子")


@pytest.mark.parametrize("who", ["disability", "outreach"])
def test_only_the_office_and_who_proposed_name_people(city, asked, who):
    with pytest.raises(ActionDenied):
        name(city, asked, by=city.members[who], kind="family", name="架空 花子")


def test_who_was_named_is_taken_off_and_put_on_again(city, asked):
    row = name(city, asked, kind="invited", name="架空 花子")
    with w.act(city.head):
        remove_member(item=asked, by=city.head, member=row)
        with pytest.raises(ActionDenied, match="もう"):
            remove_member(item=asked, by=city.head, member=row)
    assert "架空 花子" not in members(asked, city.head)
    name(city, asked, kind="invited", name="架空 花子")
    assert "架空 花子" in members(asked, city.head)


def test_answers_of_named_people_and_conflicts_are_noted(city, asked):
    row = name(city, asked, kind="family", name="架空 花子")
    agency = city.agencies["disability"].pk
    rows = (Noted(f"n:{row.pk}", False, "partial"), Noted(f"a:{agency}", True))
    assert note(city, asked, *rows) == 2
    assert note(city, asked, *rows) == 0
    found = members(asked, city.head)
    assert found["架空 花子"].answer == "partial"
    assert found["架空disabilityセンター"].has_conflict
    assert found["架空disabilityセンター"].answer == ""
    with pytest.raises(ActionDenied, match="変わりました"):
        note(city, asked, Noted(f"a:{agency}", False), by=city.elderly)  # who proposed it


def test_the_day_itself_who_came_late_and_left(city, asked):
    row = name(city, asked, kind="family", name="架空 花子")
    s.change(city, asked.sitting, on=timezone.localdate())
    with w.act(city.head):
        open_sitting(sitting=asked.sitting, by=city.head)
        now = timezone.now()
        mark_attendance(item=asked, by=city.head, attendance="present", member=row, arrived_at=now)
        with pytest.raises(ActionDenied, match="帰った時刻"):
            mark_attendance(
                item=asked, by=city.head, attendance="present", member=row, arrived_at=now,
                left_at=now - datetime.timedelta(minutes=1),
            )  # fmt: skip
        with pytest.raises(ActionDenied, match="外せません"):
            remove_member(item=asked, by=city.head, member=row)
        with pytest.raises(ActionDenied, match="始まった"):
            note_members(item=asked, by=city.head, rows=[Noted(f"n:{row.pk}", False, "absent")])
        # A conflict of interest shows in the room too.
        assert note_members(item=asked, by=city.head, rows=[Noted(f"n:{row.pk}", True)]) == 1
    words = members(asked, city.elderly)["架空 花子"].state
    assert words == f"出席（{timezone.localtime(now):%H:%M}から）"


def test_what_kind_of_member_an_agency_is_the_profile_says(city, asked):
    facts = {"municipality": city.city, "conference_type": asked.conference_type}
    with as_owner():
        StandingMember.objects.create(
            **facts, agency=city.agencies["disability"], is_mandatory=True
        )
        StandingMember.objects.create(**facts, agency=city.agencies["elderly"], is_by_item=True)
    found = members(asked, city.head)
    assert found["架空disabilityセンター"].kind == "必須の構成員"
    assert found["架空elderlyセンター"].kind == "案件による構成員・付議"
    assert found["架空coordinatorセンター"].kind == "事務局"
    assert tally(found.values()) == "出席 0・欠席 0・未回答 2"


# --- the screen ------------------------------------------------------------------------------


def test_the_page_of_a_sitting_asks_and_shows(city, asked):
    by = city.members["disability"]
    browser = client(by)
    cover = reverse("sitting_detail", args=[asked.sitting_id])
    page = browser.get(cover).content.decode()
    assert "この会議に出られるかどうかを、返事してください" in page
    url = reverse("sitting_answer", args=[asked.sitting_id])
    wrong = browser.post(url, {"answer": "", "remark": "担当が代わります"})
    assert wrong.status_code == 422
    assert "出欠を選んでください" in wrong.content.decode()
    assert "担当が代わります" in wrong.content.decode()
    done = browser.post(url, {"answer": "online"}, follow=True).content.decode()
    assert "オンラインで出席する" in done
    assert "返事を変える" in done
    assert "未回答 " not in done  # how many come is the office's to know
    office = client(city.head).get(cover).content.decode()
    assert "出席 1（うちオンライン 1）・欠席 0・未回答 1" in office
    assert "出欠の返事" not in office


def test_items_may_be_answered_apart(city, asked):
    by = city.members["disability"]
    house = s.consented_household(city, "disability")
    other = s.consented_item(city, house, "disability", sitting=asked.sitting, title="別の議題")
    s.noticed(city, asked.sitting)
    browser, url = client(by), reverse("sitting_answer", args=[asked.sitting_id])
    wrong = browser.post(url, {f"answer_{other.pk}": "absent"})
    assert f"「{asked.title}」の出欠を選んでください" in wrong.content.decode()
    sent = {"answer": "attend", f"answer_{other.pk}": "absent", f"conflict_{other.pk}": "on"}
    assert browser.post(url, sent).status_code == 302
    assert members(asked, by)["架空disabilityセンター"].answer == "attend"
    second = members(other, by)["架空disabilityセンター"]
    assert (second.answer, second.has_conflict) == ("absent", True)


def test_the_page_of_members_saves_adds_and_takes_off(city, asked):
    browser, url = client(city.head), reverse("item_members", args=[asked.pk])
    assert browser.get(url).status_code == 200
    bad = browser.post(url, {"step": "add", "kind": "family", "organisation": "長女"})
    assert bad.status_code == 422
    assert "氏名を入れてください" in bad.content.decode()
    assert "長女" in bad.content.decode()
    browser.post(url, {"step": "add", "kind": "family", "name": "架空 花子"})
    with w.act(city.head):
        row = ItemAttendance.objects.get(name="架空 花子")
    key = f"n:{row.pk}"
    sent = {f"answer_{key}": "attend", f"conflict_{key}": "on"}
    assert browser.post(url, sent).status_code == 302
    assert members(asked, city.head)["架空 花子"].answer == "attend"
    run = client(city.elderly).get(reverse("item_detail", args=[asked.pk])).content.decode()
    assert "架空 花子は、この議題に利害関係があるため、決定に加わりません" in run
    gone = browser.post(url, {"step": f"remove:{row.pk}"}, follow=True).content.decode()
    assert "外しました" in gone
    again = browser.post(url, {"step": f"remove:{row.pk}"}, follow=True).content.decode()
    assert "もう出席する人に載っていません" in again


# --- the database ----------------------------------------------------------------------------


def refused(member, statement, *values):
    with w.act(member), transaction.atomic(), connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, values)
                return cursor.rowcount == 0
        except DatabaseError:
            return True


INSERT = (
    "insert into meetings_itemattendance (id, item_id, agency_id, name, answer, answered_at,"
    " answered_by_id, attendance) values (%s, %s, %s, '', %s, now(), %s, %s)"
)


def put(member, item, agency, say="attend", by=None, attendance=""):
    return refused(
        member, INSERT, uuid.uuid4(), item.pk, agency.pk, say, (by or member).pk, attendance
    )


def test_an_agency_writes_its_own_answer_over_sql_and_nothing_else(city, asked, sealed):
    by, mine, other = (
        city.members["disability"],
        city.agencies["disability"],
        city.agencies["elderly"],
    )
    assert put(by, asked, other)  # another agency's
    assert put(by, asked, mine, by=city.elderly)  # in somebody else's name
    assert put(by, asked, mine, attendance="present")  # attendance as such
    assert put(city.outreach, asked, city.agencies["outreach"])  # takes no part
    assert put(city.child, sealed, city.agencies["child"])  # people, not agencies
    assert put(city.elderly, asked, mine)  # nor who proposed it (the office: test_told)
    assert not put(by, asked, mine)
    row = "where item_id = %s and agency_id = %s"
    table = "update meetings_itemattendance set"
    for member in (city.elderly, city.outreach):
        change = f"{table} answer = 'absent', answered_by_id = %s {row}"
        assert refused(member, change, member.pk, asked.pk, mine.pk)
    for change in ("attendance = 'present'", "arrived_at = now()", "left_at = now()",
                   "removed_at = now()"):  # fmt: skip
        assert refused(by, f"{table} {change} {row}", asked.pk, mine.pk), change
    assert not refused(city.head, f"{table} attendance = 'present' {row}", asked.pk, mine.pk)
    assert not refused(by, f"{table} answer = 'absent' {row}", asked.pk, mine.pk)
    with w.act(city.elderly):
        now = asked
        now.refresh_from_db()
        change_participants(item=now, by=city.elderly, participants=[], version=now.version)
    assert refused(by, f"{table} answer = 'online' {row}", asked.pk, mine.pk)


def test_an_answer_under_secrecy_is_ones_own_over_sql(city, sealed):
    s.appointed(city, sealed, city.outreach, pledged=False)
    own = "update meetings_itemgrant set answer = 'attend', answered_at = now()"
    of = "where content_object_id = %s and membership_id = %s"
    assert refused(city.coordinator, f"{own} {of}", sealed.pk, city.child.pk)
    assert refused(city.outreach, f"{own} {of}", sealed.pk, city.child.pk)
    assert refused(city.outreach, f"{own} {of}", sealed.pk, city.outreach.pk)  # no pledge yet
    assert not refused(city.child, f"{own} {of}", sealed.pk, city.child.pk)
    paper = appoint_paper(city, sealed)
    change = "update meetings_itemperson set answer = 'attend' where id = %s"
    assert refused(city.child, change, paper.pk)
    assert not refused(city.coordinator, change, paper.pk)
