"""Who stands on a sealed item without an account: on paper, or as a guest (V6, V11)."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import RoleKey
from agencies.models import LegalBasis, Membership, Notice, SecretariatMember, User
from agencies.operations import notify
from agencies.permissions import ActionDenied
from cases.models import Case, Record
from cases.operations import write_note
from meetings import pages, panels
from meetings.members import members_of
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson, Sitting
from meetings.operations import (
    Appointing,
    appoint,
    appoint_on_paper,
    close_sitting,
    decide_item,
    end_secretary,
    invite_guest,
    mark_attendance,
    move_sitting,
    name_secretary,
    propose_item,
    register_paper_pledge,
    renew_guest_password,
    revoke_person,
    take_pledge,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_secrecy import refused
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNINVITED = ("head", "elderly", "elderly2", "disability", "community", "privacy", "sysadmin")


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def item(city):
    return s.secret_item(city, sitting=s.make_sitting(city, "support", days=1))


def client(member):
    return sign_in(Client(), member)


def text(response):
    return response.content.decode()


def on_paper(city, item, name="民野 守", organisation="民生委員"):
    with w.act(city.coordinator):
        return appoint_on_paper(
            item=item, by=city.coordinator, name=name, organisation=organisation
        )


def guest_of(city, item, *, pledged=True):
    with w.act(city.coordinator):
        account = invite_guest(
            item=item, by=city.coordinator, name="医野 薫", organisation="架空医院"
        )
    guest = Membership.objects.with_names().get(pk=account.person.guest_id)
    if pledged:
        with w.act(guest):
            take_pledge(grant=ItemGrant.objects.get(membership=guest), by=guest)
    return account, guest


# --- the head decides --------------------------------------------------------------------------


def test_an_appointment_says_which_head_decided_it(city, item):
    grant = s.appointed(city, item, city.disability)
    assert (grant.decided_by_id, grant.decided_on) == (city.head.pk, timezone.localdate())
    assert grant.appointed_by_id == city.coordinator.pk


@pytest.mark.parametrize(
    ("who", "days", "words"),
    [("coordinator", 0, "主催する機関の長だけ"), ("head", 1, "今日までの日")],
)
def test_only_the_hosts_head_decides_and_not_in_the_future(city, item, who, days, words):
    decision = Appointing(city.members[who], timezone.localdate() + datetime.timedelta(days=days))
    with w.act(city.coordinator), pytest.raises(ActionDenied, match=words):
        appoint(item=item, by=city.coordinator, member=city.disability, appointing=decision)


def test_two_heads_must_be_chosen_and_none_appoints_nobody(city, item):
    w.make_member(city.agencies["coordinator"], "office_head")
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="選んでください"):
        appoint(item=item, by=city.coordinator, member=city.disability)
    with as_owner():
        User.objects.filter(memberships__role_id="office_head").update(is_active=False)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="登録されていない"):
        appoint(item=item, by=city.coordinator, member=city.disability)


def test_the_database_asks_for_the_heads_decision(city, item):
    with w.act(city.coordinator), connection.cursor() as cursor:
        for decided in (None, city.coordinator.pk):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(
                    """insert into meetings_itemgrant (id, permission_id, user_id,
                       content_object_id, membership_id, conference_type_id, sitting_id,
                       appointed_by_id, appointed_at, decided_by_id, decided_on)
                       select gen_random_uuid(), p.id, %s, %s, %s, %s, %s, %s, now(), %s,
                              current_date
                       from auth_permission p where codename = 'view_agendaitem'""",
                    [city.disability.user_id, item.pk, city.disability.pk,
                     item.conference_type_id, item.sitting_id, city.coordinator.pk, decided],
                )  # fmt: skip


# --- the law -----------------------------------------------------------------------------------


def test_the_pledge_shows_duty_and_penalty_in_force_on_the_day_of_the_sitting(city, item):
    grant = s.appointed(city, item, city.disability, pledged=False)
    page = text(client(city.disability).get(reverse("appointment_pledge", args=[grant.pk])))
    assert "第106条の6" in page
    assert "拘禁刑" in page
    assert "懲役" not in page
    # The law changes on the day of the sitting: today's wording is not what one pledges.
    with as_owner():
        LegalBasis.objects.filter(code="159", effective_to=None).update(
            effective_to=timezone.localdate()
        )
        LegalBasis.objects.create(
            code="159", act="社会福祉法", article="第159条", label="罰則", text="あすからの罰則",
            effective_from=timezone.localdate() + datetime.timedelta(days=1),
        )  # fmt: skip
    page = text(client(city.disability).get(reverse("appointment_pledge", args=[grant.pk])))
    assert "あすからの罰則" in page
    assert "拘禁刑" not in page


def test_before_june_2025_the_penalty_was_another():
    old = pages.law_in_force(pages.DUTY, datetime.date(2025, 5, 31))
    new = pages.law_in_force(pages.DUTY, datetime.date(2025, 6, 1))
    assert ["懲役" in law.text for law in old] == [False, True]
    assert ["拘禁刑" in law.text for law in new] == [False, True]


# --- on paper ----------------------------------------------------------------------------------


def test_a_paper_pledge_is_registered_by_the_secretariat_and_opens_nothing(city, item):
    person = on_paper(city, item)
    s.opened(city, _today(city, item))
    with w.act(city.coordinator):
        with pytest.raises(ActionDenied, match="誓約していない"):
            mark_attendance(item=item, by=city.coordinator, attendance="present", person=person)
        register_paper_pledge(person=person, by=city.coordinator, pledged_on=timezone.localdate())
        with pytest.raises(ActionDenied, match="すでに登録"):
            register_paper_pledge(
                person=person, by=city.coordinator, pledged_on=timezone.localdate()
            )
        mark_attendance(item=item, by=city.coordinator, attendance="present", person=person)
        row = ItemAttendance.objects.get(item=item)
        assert row.name == "民野 守（民生委員）"
        assert "民野 守（民生委員）" in {e["who"] for e in pages.presence(item)}
        known = ItemPerson.objects.get(pk=person.pk)
        assert (known.registered_by_id, known.pledged_on) == (
            city.coordinator.pk,
            timezone.localdate(),
        )
    page = text(client(city.coordinator).get(reverse("item_detail", args=[item.pk])))
    assert "民野 守（民生委員）" in page


def _today(city, item):
    """The sitting as if it were today's."""
    s.change(city, item.sitting, on=timezone.localdate())
    with w.act(city.coordinator):
        return Sitting.objects.get(pk=item.sitting_id)


@pytest.mark.parametrize(
    ("name", "organisation", "words"),
    [("", "民生委員", "氏名"), ("民野", " ", "所属・立場"), ("民野 守", "民生委員", "すでに指名")],
)
def test_a_person_needs_a_name_and_stands_once(city, item, name, organisation, words):
    on_paper(city, item)
    with pytest.raises(ActionDenied, match=words):
        on_paper(city, item, name, organisation)


@pytest.mark.parametrize(("days", "words"), [(1, "今日まで"), (0, "会議の日まで")])
def test_a_pledge_is_not_of_tomorrow_and_not_after_the_sitting(city, item, days, words):
    person = on_paper(city, item)
    if days == 0:
        s.change(city, item.sitting, on=timezone.localdate() - datetime.timedelta(days=1))
    with w.act(city.coordinator), pytest.raises(ActionDenied, match=words):
        register_paper_pledge(
            person=person,
            by=city.coordinator,
            pledged_on=timezone.localdate() + datetime.timedelta(days=days),
        )


@pytest.mark.parametrize("name", UNINVITED)
def test_people_of_an_item_are_hidden_from_the_uninvited(city, item, name):
    person = on_paper(city, item)
    assert not s.sees(city.members[name], person)
    if name in ("privacy", "sysadmin"):
        return
    browser = client(city.members[name])
    for address in ("item_person_pledge", "pledge_print"):
        assert browser.get(reverse(address, args=[person.pk])).status_code == 404
    for address in ("item_person_revoke", "item_person_password"):
        assert browser.post(reverse(address, args=[person.pk])).status_code == 404
    assert browser.get(reverse("item_person_new", args=[item.pk])).status_code == 404


def test_the_appointed_see_who_is_there_and_change_nothing(city, item):
    person = on_paper(city, item)
    s.appointed(city, item, city.child)
    s.noticed(city, item.sitting)
    assert s.sees(city.child, person)
    browser = client(city.child)
    assert browser.get(reverse("item_person_new", args=[item.pk])).status_code == 403
    assert browser.get(reverse("item_person_pledge", args=[person.pk])).status_code == 403
    assert refused(
        city.child, "update meetings_itemperson set revoked_at = now() where id = %s", person.pk
    )


def test_nobody_is_appointed_after_closing(city):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="shared", opinion="o", minutes="m")
        close_sitting(sitting=item.sitting, by=city.coordinator)
        with pytest.raises(ActionDenied, match="終了"):
            appoint_on_paper(item=item, by=city.coordinator, name="n", organisation="o")
        with pytest.raises(ActionDenied, match="終了"):
            invite_guest(item=item, by=city.coordinator, name="n", organisation="o")


def test_paper_pledge_in_the_browser(city, item):
    browser = client(city.coordinator)
    url = reverse("item_person_new", args=[item.pk])
    page = browser.get(url)
    data = {
        "name": "民野 守", "organisation": "民生委員", "way": "paper",
        "head": str(city.head.pk), "decided_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    bad = browser.post(url, data | {"name": ""})
    assert bad.status_code == 422
    assert "民生委員" in text(bad)
    assert page.status_code == 200
    assert browser.post(url, data).status_code == 302
    with w.act(city.coordinator):
        person = ItemPerson.objects.get(item=item)
    people = text(browser.get(reverse("item_people", args=[item.pk])))
    assert "誓約書を登録する" in people
    sheet = text(browser.get(reverse("pledge_print", args=[person.pk])))
    assert "第159条" in sheet
    pledge = reverse("item_person_pledge", args=[person.pk])
    assert browser.post(pledge, {"pledged_on": "R20.1.1"}).status_code == 422
    assert browser.post(pledge, {"pledged_on": timezone.localdate().isoformat()}).status_code == 302
    assert "紙で誓約" in text(browser.get(reverse("item_people", args=[item.pk])))
    assert browser.post(reverse("item_person_revoke", args=[person.pk])).status_code == 302
    assert "民野 守" not in text(browser.get(reverse("item_people", args=[item.pk])))


# --- a guest -----------------------------------------------------------------------------------


def test_a_guest_sees_the_item_from_notice_to_closing_and_nothing_else(city):
    case, persons = w.household(city.elderly)
    with w.act(city.elderly):
        laid = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
        kept = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
    w.list_secretary(city, city.elderly)
    sitting = s.make_sitting(city, "support", days=1)
    with w.act(city.elderly):
        item = propose_item(
            sitting=sitting, by=city.elderly, conference_type=city.conferences["support"],
            agenda_type="watching", case=case, persons=persons, title="t", briefing="b",
            materials=[laid.record],
        )  # fmt: skip
    other = s.secret_item(city, sitting=sitting)
    _account, guest = guest_of(city, item)
    assert not s.sees(guest, item)
    s.noticed(city, sitting)
    assert s.sees(guest, item)
    assert s.sees(guest, laid.record)
    assert s.sees(guest, sitting)
    for hidden in (kept.record, case, other, s.make_sitting(city, "support", days=9)):
        assert not s.sees(guest, hidden)
    with w.act(guest):
        assert list(AgendaItem.objects.values_list("pk", flat=True)) == [item.pk]
        assert Record.objects.count() == 1
        assert not Case.objects.exists()
    s.change(city, item, open_period=s.past())
    assert not s.sees(guest, item)
    assert not s.sees(guest, laid.record)
    assert s.sees(city.coordinator, item)


def test_a_guests_account_names_nobody_and_ends_with_the_item(city, item):
    account, guest = guest_of(city, item, pledged=False)
    assert guest.role_id == RoleKey.GUEST
    assert guest.until == item.sitting.on + datetime.timedelta(days=7)
    assert guest.confirmed_by_id == city.head.pk
    told = f"{guest.user.username} {guest.user.display_name} {guest.user.email}"
    assert "医野" not in told
    assert "架空医院" not in told
    assert guest.user.check_password(account.password)
    # The sitting moves: the account with it.
    s.noticed(city, item.sitting)
    day = s.business_day(item.sitting.on + datetime.timedelta(days=14))
    with w.act(city.coordinator):
        move_sitting(sitting=item.sitting, by=city.coordinator, on=day)
    guest.refresh_from_db()
    assert guest.until == day + datetime.timedelta(days=7)


def test_a_guest_without_pledge_and_one_taken_off_see_nothing(city, item):
    account, guest = guest_of(city, item, pledged=False)
    s.noticed(city, item.sitting)
    assert not s.sees(guest, item)
    with w.act(guest):
        take_pledge(grant=ItemGrant.objects.get(membership=guest), by=guest)
    assert s.sees(guest, item)
    with w.act(city.coordinator):
        revoke_person(person=account.person, by=city.coordinator)
        with pytest.raises(ActionDenied, match="すでに取り消"):
            revoke_person(person=account.person, by=city.coordinator)
    assert not s.sees(guest, item)
    assert not User.objects.get(pk=guest.user_id).is_active


def test_a_guest_finds_only_their_items_on_every_page(city, item):
    _account, guest = guest_of(city, item)
    s.noticed(city, item.sitting)
    with w.act(city.coordinator):
        notify(agency=city.agencies["coordinator"], kind="x", title="機関へのお知らせ")
    browser = client(guest)
    home = browser.get(reverse("home"))
    assert home.status_code == 200
    assert reverse("item_detail", args=[item.pk]) in text(home)
    assert "機関へのお知らせ" not in text(home) + text(browser.get(reverse("notices")))
    with w.act(guest):
        assert not Notice.objects.filter(membership=None).exists()
    page = text(browser.get(reverse("item_detail", args=[item.pk])))
    assert "守秘の概要" in page
    for link in ("case_list", "sitting_list", "case_search", "item_print", "secretariat_list"):
        assert f'href="{reverse(link, args=[item.pk] if link == "item_print" else [])}"' not in page
    for name in ("case_list", "case_search", "sitting_list", "secretariat_list", "referral_list"):
        assert browser.get(reverse(name)).status_code == 403, name
    for name in ("item_people", "item_run", "item_copies", "letter_new"):
        assert browser.get(reverse(name, args=[item.pk])).status_code == 403, name


def test_a_guests_pages_of_today_are_only_theirs(city, item):
    _account, guest = guest_of(city, item, pledged=False)
    with w.act(guest):
        assert [t.kind for t in panels.todo_pledges(guest)] == ["pledge"]
        assert panels.todo_guest(guest) == []
    with w.act(city.disability):
        assert panels.todo_guest(city.disability) == []


def test_the_password_is_shown_once_and_renewed_on_request(city, item):
    browser = client(city.coordinator)
    url = reverse("item_person_new", args=[item.pk])
    data = {
        "name": "医野 薫", "organisation": "架空医院", "way": "guest",
        "head": str(city.head.pk), "decided_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    page = text(browser.post(url, data))
    password = re.search(r">([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})<", page)
    assert password
    username = re.search(r"guest-[0-9a-f]{8}", page)
    assert username
    assert password[1] not in text(browser.get(reverse("item_people", args=[item.pk])))
    visitor = Client()
    signed = visitor.post(reverse("signin"), {"username": username[0], "password": password[1]})
    assert signed.status_code == 302
    assert "守秘の誓約" in text(visitor.get(reverse("home")))
    with w.act(city.coordinator):
        person = ItemPerson.objects.get(item=item)
        again = renew_guest_password(person=person, by=city.coordinator)
    guest = User.objects.get(username=username[0])
    assert guest.check_password(again.password)
    assert not guest.check_password(password[1])


def test_a_guest_stands_by_name_on_list_and_attendance(city, item):
    _account, guest = guest_of(city, item)
    s.opened(city, _today(city, item))
    with w.act(city.coordinator):
        assert ("医野 薫（架空医院）") in {
            member.who for member in members_of(city.coordinator, [item])[item.pk]
        }
        mark_attendance(item=item, by=city.coordinator, attendance="present", membership=guest)
        assert [e["who"] for e in pages.presence(item)] == ["医野 薫（架空医院）"]
        with pytest.raises(ActionDenied, match="画面で"):
            register_paper_pledge(
                person=ItemPerson.objects.get(item=item),
                by=city.coordinator,
                pledged_on=timezone.localdate(),
            )


def test_a_guest_is_not_appointed_to_a_sitting_without_a_day(city):
    sitting = s.make_sitting(city, "support")
    with w.act(city.head):
        Sitting.objects.filter(pk=sitting.pk).update(on=None, state="undated")
    item = s.secret_item(city, sitting=_of(city, sitting))
    with pytest.raises(ActionDenied, match="日程"):
        guest_of(city, item)


def _of(city, sitting):
    with w.act(city.head):
        return Sitting.objects.get(pk=sitting.pk)


# --- the list keeps its history ----------------------------------------------------------------


def test_who_was_taken_off_the_list_and_comes_back_has_two_lines(city):
    body = city.conferences["support"]
    with w.act(city.head):
        first = SecretariatMember.objects.get(conference_type=body)
        end_secretary(entry=first, by=city.head)
        second = name_secretary(conference_type=body, member=city.coordinator, by=city.head)
        with pytest.raises(ActionDenied, match="すでに名簿"):
            name_secretary(conference_type=body, member=city.coordinator, by=city.head)
    first.refresh_from_db()
    assert first.ended_at is not None
    assert first.pledged_at is not None
    assert second.pledged_at is None
    page = text(client(city.head).get(reverse("secretariat_list")))
    assert "名簿から外れた" in page
    assert "誓約待ち" in page
