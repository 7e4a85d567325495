"""A guest's account is the database's to make, renew and end; one sitting's and one body's (V6,
V11). A pledge for somebody else, an appointment after closing: one sentence each."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.contrib.auth.hashers import make_password
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, Membership, SecretariatMember, User
from agencies.permissions import ActionDenied
from meetings.models import ItemGrant, ItemPerson
from meetings.operations import (
    appoint_on_paper,
    guests_of_sitting,
    invite_again,
    invite_guest,
    renew_guest_password,
    revoke_person,
    take_pledge,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.test_named import client, text
from tests.meetings.test_secrecy import refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


@pytest.fixture
def item(city):
    return s.secret_item(city, sitting=s.make_sitting(city, "support", days=1))


def invited(city, item):
    with w.act(city.coordinator):
        account = invite_guest(
            item=item, by=city.coordinator, name="医野 薫", organisation="架空医院"
        )
    return account, Membership.objects.with_names().get(pk=account.person.guest_id)


def again(city, item, person):
    with w.act(city.coordinator):
        return invite_again(item=item, by=city.coordinator, known=person)


# --- one account a sitting ----------------------------------------------------------------------


def test_a_second_item_of_the_sitting_opens_with_the_same_account(city, item):
    account, guest = invited(city, item)
    second = s.secret_item(city, sitting=item.sitting)
    with w.act(city.coordinator):
        assert guests_of_sitting(second, city.coordinator) == [account.person]
        assert guests_of_sitting(item, city.coordinator) == []
    person = again(city, second, account.person)
    assert person.guest_id == guest.pk
    with w.act(guest):
        for grant in ItemGrant.objects.filter(membership=guest):
            take_pledge(grant=grant, by=guest)
    s.noticed(city, item.sitting)
    assert s.sees(guest, item)
    assert s.sees(guest, second)
    with w.act(city.coordinator):
        revoke_person(person=account.person, by=city.coordinator)
    assert not s.sees(guest, item)
    assert s.sees(guest, second)
    with w.act(city.coordinator):
        revoke_person(person=person, by=city.coordinator)
    assert not s.sees(guest, second)
    guest.user.refresh_from_db()
    assert not guest.user.is_active


def test_a_guest_is_never_of_another_sitting_or_body(city, item):
    account, guest = invited(city, item)
    other = s.secret_item(city, sitting=s.make_sitting(city, "support", days=2))
    with pytest.raises(ActionDenied, match="いま使えるゲスト"):
        again(city, other, account.person)
    assert refused(
        city.coordinator,
        """insert into meetings_itemgrant (id, permission_id, user_id, content_object_id,
           membership_id, conference_type_id, sitting_id, appointed_by_id, appointed_at,
           decided_by_id, decided_on)
           select gen_random_uuid(), p.id, %s, %s, %s, %s, %s, %s, now(), %s, current_date
           from auth_permission p where codename = 'view_agendaitem'""",
        guest.user_id,
        other.pk,
        guest.pk,
        other.conference_type_id,
        other.sitting_id,
        city.coordinator.pk,
        city.head.pk,
    )


def test_the_known_guest_is_chosen_on_the_form(city, item):
    account, guest = invited(city, item)
    second = s.secret_item(city, sitting=item.sitting)
    browser = client(city.coordinator)
    url = reverse("item_person_new", args=[second.pk])
    assert "医野 薫（架空医院）" in text(browser.get(url))
    data = {
        "known": str(account.person.pk), "name": "", "organisation": "", "way": "paper",
        "head": str(city.head.pk), "decided_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    assert browser.post(url, data).status_code == 302
    bad = browser.post(url, data | {"known": ""})
    assert bad.status_code == 422
    assert "氏名を入れてください。" in text(bad)
    with w.act(city.coordinator):
        assert ItemPerson.objects.get(item=second).guest_id == guest.pk


# --- the database's functions -------------------------------------------------------------------


def ask(member, statement, *params):
    with w.act(member), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()


def admit(city, member, item, *, name="guest-0123abcd", password=None, head=None):
    password = make_password("x") if password is None else password
    key = (head or city.head).pk
    return ask(
        member,
        "select kasane.admit_guest(%s, %s, %s, %s, %s)",
        item.pk,
        uuid.uuid4(),
        name,
        password,
        key,
    )


@pytest.mark.parametrize("name", ["elderly", "head", "child", "sysadmin", "privacy"])
def test_only_the_list_admits_renews_and_ends(city, item, name):
    _account, guest = invited(city, item)
    member = city.members[name]
    with pytest.raises(DatabaseError), transaction.atomic():
        admit(city, member, item)
    with pytest.raises(DatabaseError), transaction.atomic():
        ask(member, "select kasane.renew_guest(%s, %s)", guest.pk, make_password("x"))
    ask(member, "select kasane.end_guest(%s)", guest.pk)
    assert User.objects.get(pk=guest.user_id).is_active


def test_a_guest_admits_nobody(city, item):
    _account, guest = invited(city, item)
    with pytest.raises(DatabaseError), transaction.atomic():
        admit(city, guest, item)


@pytest.mark.parametrize(
    "bad",
    [{"name": "sysadmin2"}, {"name": "guest-ABC"}, {"password": "plain"}, {"password": "!"}],
)
def test_an_account_is_nameless_and_its_password_hashed(city, item, bad):
    with pytest.raises(DatabaseError), transaction.atomic():
        admit(city, city.coordinator, item, **bad)


def test_no_guest_without_the_head_or_to_an_item_with_consent(city, item):
    with pytest.raises(DatabaseError), transaction.atomic():
        admit(city, city.coordinator, item, head=city.elderly)
    house = s.consented_household(city)
    agreed = s.consented_item(city, house)
    with pytest.raises(DatabaseError), transaction.atomic():
        admit(city, city.coordinator, agreed)


def test_what_was_admitted_is_a_guest_for_the_sitting_and_nothing_else(city, item):
    _account, guest = invited(city, item)
    assert (guest.role_id, guest.confirmed_by_id) == ("guest", city.head.pk)
    assert guest.since == timezone.localdate()
    assert guest.until == item.sitting.on + datetime.timedelta(days=7)
    user = guest.user
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert str(user) == "会議のゲスト"


def test_the_password_of_somebody_real_is_never_renewed(city, item):
    before = User.objects.get(pk=city.child.user_id).password
    with pytest.raises(DatabaseError), transaction.atomic():
        ask(
            city.coordinator,
            "select kasane.renew_guest(%s, %s)",
            city.child.pk,
            make_password("x"),
        )
    assert User.objects.get(pk=city.child.user_id).password == before


def test_a_new_password_ends_who_is_signed_in(city, item):
    account, guest = invited(city, item)
    browser = client(guest)
    assert browser.get(reverse("home")).status_code == 200
    with w.act(city.coordinator):
        new = renew_guest_password(person=account.person, by=city.coordinator)
    assert new.username == account.username
    assert browser.get(reverse("home")).status_code == 302
    assert Client().login(username=new.username, password=new.password)
    assert not Client().login(username=new.username, password=account.password)


# --- the list of the secretariat ----------------------------------------------------------------


def test_no_login_writes_itself_onto_a_list(city, item):
    base = {
        "conference_type": city.conferences["support"],
        "membership": city.child,
        "fiscal_year": 2026,
    }
    for member, row in (
        (city.child, base | {"named_by": city.child}),
        (city.child, base | {"named_by": city.head}),
        (city.head, base | {"named_by": city.head, "pledged_at": timezone.now()}),
        (city.coordinator, base | {"named_by": city.coordinator}),
    ):
        with w.act(member), pytest.raises(DatabaseError), transaction.atomic():
            SecretariatMember(**row).save(force_insert=True)
    assert refused(
        city.coordinator,
        "update agencies_secretariatmember set fiscal_year = fiscal_year + 1"
        " where membership_id = %s",
        city.coordinator.pk,
    )


def test_who_was_taken_off_does_not_come_back_by_a_column(city):
    with w.act(city.head):
        SecretariatMember.objects.update(ended_at=timezone.now())
    for member in (city.head, city.coordinator):
        assert refused(
            member,
            "update agencies_secretariatmember set ended_at = null where membership_id = %s",
            city.coordinator.pk,
        )


def test_the_lists_of_another_city_are_not_seen(city):
    other = w.city()
    with w.act(other.head):
        assert not SecretariatMember.objects.visible_to(other.head).exists()
    assert not SecretariatMember.objects.visible_to(city.privacy).exists()
    entry = SecretariatMember.objects.get()
    url = reverse("secretariat_step", args=[entry.pk, "pledge"])
    assert client(other.head).get(url).status_code == 404


# --- bad input ----------------------------------------------------------------------------------


def test_a_pledge_for_somebody_else_is_one_sentence(city, item):
    grant = s.appointed(city, item, city.disability, pledged=False)
    url = reverse("appointment_pledge", args=[grant.pk])
    for method in ("get", "post"):
        response = getattr(client(city.coordinator), method)(url, {"agreed": "on"})
        assert response.status_code == 403
        assert "誓約できるのは、指名された本人だけです。" in text(response)
    assert client(city.elderly).get(url).status_code == 404
    with w.act(city.coordinator):
        assert ItemGrant.objects.get(pk=grant.pk).pledged_at is None


def test_a_pledge_for_another_secretary_is_one_sentence(city):
    w.list_secretary(city, city.head, is_pledged=False)
    with w.act(city.head):
        entry = SecretariatMember.objects.get(membership=city.head)
    url = reverse("secretariat_step", args=[entry.pk, "pledge"])
    response = client(city.coordinator).post(url, {"agreed": "on"})
    assert response.status_code == 403
    assert "誓約できるのは、名簿に載った本人だけです。" in text(response)


@pytest.mark.parametrize("how", ["closed", "past"])
def test_an_appointment_after_closing_is_one_sentence(city, item, how):
    words = "会議は終了しています。いまから指名することはできません。"
    if how == "closed":
        s.change(city, item.sitting, state="closed")
    else:
        words = "この議題は閉じています。いまから指名することはできません。"
        s.change(city, item.sitting, on=timezone.localdate() - datetime.timedelta(days=8))
    data = {
        "member": str(city.disability.pk), "head": str(city.head.pk),
        "decided_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    browser = client(city.coordinator)
    response = browser.post(reverse("item_people", args=[item.pk]), data)
    assert response.status_code == 422
    assert words in text(response)
    assert f'value="{city.disability.pk}" selected' in response.content.decode()  # not lost
    data = {"name": "民野", "organisation": "民生委員", "way": "paper", **data}
    response = browser.post(reverse("item_person_new", args=[item.pk]), data)
    assert response.status_code == 422
    assert words in text(response)
    assert 'value="民野"' in response.content.decode()
    page = browser.get(reverse("item_people", args=[item.pk]))
    assert page.status_code == 200
    assert "この人を指名する" not in text(page)
    assert words in text(page)
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        appoint_on_paper(
            item=s.fresh(city, item), by=city.coordinator, name="民野", organisation="民生委員"
        )


def test_every_refusal_is_on_the_trail(city, item):
    grant = s.appointed(city, item, city.disability, pledged=False)
    client(city.coordinator).get(reverse("appointment_pledge", args=[grant.pk]))
    with w.act(city.privacy):
        assert AccessLog.objects.filter(action="deny", what="appointment_pledge").exists()
