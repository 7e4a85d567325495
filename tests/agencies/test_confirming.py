"""再確認: what weighs most is asked for again after ten minutes (decision 0009)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import LegalBasis, Membership, SecretariatMember, SignInAttempt
from cases.models import Emergency
from config.lib.acting import act
from config.lib.fiscal import fiscal_year
from tests import world as w
from tests.agencies.factors import PASSWORD, age_confirmation, new_app
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

ANSWER = {"confirm-step": "open", "confirm-back": "/reports/"}


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def export(city):
    return reverse("report_xlsx", args=[fiscal_year(timezone.localdate())])


def test_an_export_soon_after_signing_in_is_not_asked(client, city, export):
    assert "spreadsheet" in sign_in(client, city.admin).get(export)["Content-Type"]


def test_an_export_later_asks_for_the_password_and_then_goes_on(client, city, export):
    sign_in(client, city.admin)
    age_confirmation()
    page = client.get(export, headers={"referer": "http://testserver/reports/"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "再確認" in text
    assert 'href="/reports/"' in text
    wrong = client.post(export, {**ANSWER, "confirm-password": "wrong"})
    assert wrong.status_code == 422
    assert "パスワードが違います。" in wrong.content.decode()
    right = client.post(export, {**ANSWER, "confirm-password": PASSWORD})
    assert right.url == export
    assert "spreadsheet" in client.get(export)["Content-Type"]
    age_confirmation(9)
    assert "spreadsheet" in client.get(export)["Content-Type"]


def test_who_has_a_factor_is_asked_for_it_and_not_for_the_password(client, city, export):
    phone = new_app(sign_in(client, city.admin))
    age_confirmation()
    assert "認証アプリ" in client.get(export).content.decode()
    assert client.post(export, {**ANSWER, "confirm-password": PASSWORD}).status_code == 422
    assert client.post(export, {**ANSWER, "confirm-code": phone.code()}).url == export
    age_confirmation()
    assert client.post(export, {**ANSWER, "confirm-code": phone.code()}).status_code == 422


def test_five_wrong_passwords_lock(client, city, export):
    sign_in(client, city.admin)
    age_confirmation()
    for _ in range(5):
        client.post(export, {**ANSWER, "confirm-password": "wrong"})
    locked = client.post(export, {**ANSWER, "confirm-password": PASSWORD})
    assert "15分間" in locked.content.decode()
    assert SignInAttempt.objects.filter(username=city.admin.user.username).count() == 5


def test_what_is_not_ones_own_is_refused_before_anything_is_asked(client, city, export):
    sign_in(client, city.elderly)
    age_confirmation()
    assert client.get(export).status_code == 403
    assert client.post(export, {**ANSWER, "confirm-password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_way_back_stays_in_the_product(client, city, export, back):
    sign_in(client, city.admin)
    age_confirmation()
    page = client.post(export, {"confirm-step": "open", "confirm-back": back})
    assert page.context["back"] == "/"


# --- which pages ask --------------------------------------------------------------------------

WEIGHTY = {Permission.OPEN_EMERGENCY, Permission.MANAGE_ACCOUNTS, Permission.CONFIRM_MEMBERSHIP}
# Addresses under one of these permissions that give nobody more: work handed to a colleague, and
# whether one's own agency still needs what it has.
WITHIN = {
    "handover_list", "handover_new", "handover_unassigned",
    "recertification", "recertification_give_back", "template_list", "template_edit",
}  # fmt: skip


def callbacks():
    """Every address with its view, the rooms' own included."""
    waiting = list(get_resolver().url_patterns)
    while waiting:
        entry = waiting.pop()
        if hasattr(entry, "url_patterns"):
            waiting += entry.url_patterns
        else:
            yield entry.name, entry.callback


def test_whoever_opens_emergencies_or_says_who_may_do_what_is_asked():
    missing = {
        name
        for name, view in callbacks()
        if getattr(view, "permission", None) in WEIGHTY and not hasattr(view, "asks_again")
    }
    assert missing == WITHIN


def test_exports_and_changes_of_ones_factors_ask():
    asking = {name for name, view in callbacks() if hasattr(view, "asks_again")}
    own = {"totp_new", "passkey_new", "factor_detail", "factor_remove", "recovery_codes"}
    assert own | {"factors_reset", "emergency_new", "report_xlsx"} <= asking


# --- a form that was being filled in ----------------------------------------------------------


def typed(case, **more):
    return {
        "number": case.number,
        "danger": "life",
        "ground": str(LegalBasis.objects.order_by("pk")[0].pk),
        "reason": "倒れているとの<通報>があり\n応答がない",
        "step": "check",
        **more,
    }


def test_a_form_goes_on_with_all_that_was_typed(client, city):
    case, _persons = w.household(city.disability)
    url = reverse("emergency_new")
    sign_in(client, city.elderly)
    age_confirmation()
    page = client.post(url, typed(case))
    assert "入力した内容は残っていて" in page.content.decode()
    carried = dict(page.context["carried"])
    assert carried["reason"] == typed(case)["reason"]
    wrong = client.post(url, {**carried, "confirm-step": "send", "confirm-password": "x"})
    assert (wrong.status_code, dict(wrong.context["carried"])) == (422, carried)
    answer = {**carried, "confirm-step": "send", "confirm-password": PASSWORD}
    after = client.post(url, answer)
    assert after.context["form"].data["reason"] == typed(case)["reason"]
    assert "再確認" not in after.content.decode()


def test_the_database_opens_no_emergency_to_who_was_not_asked(city):
    case, _persons = w.household(city.disability)
    client = sign_in(Client(), city.elderly)
    secret = client.session.session_key
    statement = (
        "select kasane.open_emergency(gen_random_uuid(), %s, '', null, 'life',"
        " (select min(id) from agencies_legalbasis), 'somebody lies on the floor')"
    )
    age_confirmation()
    act(secret, city.elderly.pk)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [case.number])
    age_confirmation(1)
    act(secret, city.elderly.pk)
    with connection.cursor() as cursor:
        cursor.execute(statement, [case.number])
        assert cursor.fetchone() == ("open",)
    with as_owner():
        assert Emergency._base_manager.count() == 1


# --- a proof is used up, whatever the page answers ---------------------------------------------


@pytest.mark.parametrize("answer", [404, 403])
def test_a_code_given_to_a_page_that_then_refuses_is_used_up(client, city, export, answer):
    admin = city.sysadmin
    phone = new_app(sign_in(client, admin))
    url = reverse("membership_end", args=[admin.pk if answer == 403 else uuid.uuid4()])
    age_confirmation()
    typed = {"when": "now", "confirm-step": "send", "confirm-code": phone.code()}
    assert client.post(url, typed).status_code == answer
    age_confirmation()
    again = client.post(url, typed)
    assert again.status_code == 422  # asked again: the very same code is not taken twice
    assert "再確認" in again.content.decode()


def test_a_passed_proof_stands_after_a_refusal(client, city):
    """What is taken back with the view is what the view did, not that somebody was asked."""
    sign_in(client, city.sysadmin)
    age_confirmation()
    url = reverse("membership_end", args=[uuid.uuid4()])
    typed = {"when": "now", "confirm-step": "send", "confirm-password": PASSWORD}
    assert client.post(url, typed).status_code == 404
    assert client.post(url, {"when": "now"}).status_code == 404


# --- who may do what: the database asks too ----------------------------------------------------


def as_unproven(client, member):
    """Acting in a session that proved long ago who sits there."""
    age_confirmation()
    assert act(client.session.session_key, member.pk)


def refused(change):
    with pytest.raises(DatabaseError, match="not confirmed lately"), transaction.atomic():
        change()


def test_the_database_wants_a_fresh_proof_for_memberships(city):
    with as_owner():
        manager = w.make_member(city.agencies["child"], "agency_manager")
    user = city.elderly.user
    day = timezone.localdate()
    row = {"user": user, "agency": city.agencies["child"], "role": city.elderly.role, "since": day}
    client = sign_in(Client(), city.sysadmin)
    as_unproven(client, city.sysadmin)
    refused(lambda: Membership(**row).save(force_insert=True))
    refused(lambda: Membership.objects.filter(pk=city.elderly.pk).update(until=day))
    age_confirmation(1)
    act(client.session.session_key, city.sysadmin.pk)
    made = Membership(**row)
    made.save(force_insert=True)
    client = sign_in(Client(), manager)
    as_unproven(client, manager)
    answer = {"confirmed_at": timezone.now(), "confirmed_by": manager}
    refused(lambda: Membership.objects.filter(pk=made.pk).update(**answer))
    age_confirmation(1)
    act(client.session.session_key, manager.pk)
    assert Membership.objects.filter(pk=made.pk).update(**answer) == 1


def test_the_database_wants_one_for_the_secretariat_s_list(city):
    client = sign_in(Client(), city.head)
    as_unproven(client, city.head)
    row = {
        "conference_type": city.conferences["support"],
        "membership": city.coordinator,
        "fiscal_year": fiscal_year(timezone.localdate()),
        "named_by": city.head,
    }
    refused(lambda: SecretariatMember.objects.create(**row))


def test_the_secretariat_s_list_and_guests_ask_when_sent(client, city):
    asking = {name for name, view in callbacks() if getattr(view, "asks_again", ()) == ("POST",)}
    assert asking == {
        "secretariat_list", "secretariat_step", "item_person_new", "item_person_password",
        "item_person_revoke", "shield_stranded", "succession_orphaned",
    }  # fmt: skip
    sign_in(client, city.head)
    age_confirmation()
    url = reverse("secretariat_list")
    assert "再確認" not in client.get(url).content.decode()
    assert "再確認" in client.post(url, {"member": str(city.coordinator.pk)}).content.decode()
