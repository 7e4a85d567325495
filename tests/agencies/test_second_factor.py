"""A session opened with a password alone acts as nobody until the second factor (decision 0009)."""

from __future__ import annotations

import datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse

from agencies import factors
from agencies.enums import Action
from agencies.models import AccessLog, Notice, SignInAttempt
from agencies.operations import (
    make_recovery_codes,
    own_factors,
    remove_factor,
)
from config.lib.acting import act
from tests import world as w
from tests.agencies.factors import (
    age_confirmation,
    ask,
    attempt,
    new_app,
    new_codes,
    rows,
    second,
)
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def name(city):
    return city.elderly.user.username


@pytest.fixture
def phone(city):
    """The elderly agency's worker has an authenticator app."""
    return new_app(sign_in(Client(), city.elderly))


# --- signing in -------------------------------------------------------------------------------


def test_password_and_code_open_the_page_one_wanted(client, city, name, phone):
    half = attempt(client, name, next="/cases/")
    assert half.url == "/signin/second/?next=/cases/"
    assert "確認コード" in client.get(half.url).content.decode()
    assert second(client, phone.code(), next="/cases/").url == "/cases/"
    assert client.get("/cases/").status_code == 200
    with w.act(city.elderly):
        assert AccessLog.objects.filter(action=Action.SIGN_IN).count() == 1


def test_a_half_open_session_reads_nothing(client, city, name, phone):
    case, _persons = w.household(city.elderly)
    attempt(client, name)
    for url in ("/", "/cases/", f"/cases/{case.pk}/", "/notices/", "/account/", "/switch/"):
        answer = client.get(url)
        assert (answer.status_code, answer.url[:15]) == (302, "/signin/second/"), url
        assert client.post(url).status_code == 302
    # The ways to make a factor are for who has none: they lead back to the second step.
    for url in ("totp_new", "passkey_new"):
        assert client.get(reverse(url)).url.startswith("/signin/second/")
    secret = client.session.session_key
    assert not act(secret, city.elderly.pk)
    assert not remove_factor(secret=secret, factor_id=own_factors(secret)[0].id)
    assert make_recovery_codes(secret=secret) == []
    assert client.get("/nowhere/").status_code == 404


def test_who_gave_the_password_alone_can_sign_out(client, name, phone):
    attempt(client, name)
    assert client.post(reverse("signout")).url == reverse("signin")
    assert client.get(reverse("second_step")).url.startswith("/signin/?next=")


def test_a_code_is_good_once(client, city, name, phone):
    attempt(client, name)
    code = phone.code()
    assert second(client, code).status_code == 302
    other = Client()
    attempt(other, name)
    page = second(other, code)
    assert page.status_code == 422
    assert "もう使われています" in page.content.decode()
    assert other.get("/").status_code == 302
    assert second(other, phone.code(1)).url == "/"


def test_the_holder_is_told_of_wrong_codes_at_the_next_sign_in(client, city, name, phone):
    stranger = Client()
    attempt(stranger, name)
    for typed in ("000000", "111111"):
        second(stranger, typed)
    attempt(client, name)
    second(client, "222222")  # the holder's own slip is none of it
    second(client, phone.code())
    page = client.get("/").content.decode()
    assert "違う確認コードが2回入れられました" in page
    assert "システム管理者" in page
    again = Client()
    attempt(again, name)
    second(again, phone.code(1))
    assert "入れられました" not in again.get("/").content.decode()


def test_wrong_passwords_alone_are_not_told(client, name, phone):
    attempt(Client(), name, "wrong")
    attempt(client, name)
    second(client, phone.code())
    assert "入れられました" not in client.get("/").content.decode()


def test_the_code_of_the_enrolment_signs_nobody_in(client, city, name):
    phone = new_app(sign_in(Client(), city.elderly), offset=0)
    attempt(client, name)
    assert second(client, phone.code()).status_code == 422
    assert second(client, phone.code(-1)).status_code == 422


def test_anothers_code_opens_nothing(client, city, name, phone):
    theirs = new_app(sign_in(Client(), city.child))
    attempt(client, name)
    assert second(client, theirs.code()).status_code == 422
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("typed", ["", " ", "12345", "abcdef", "1234567", "あいうえおか", "0" * 61])
def test_bad_codes_get_a_sentence_at_the_field(client, name, phone, typed):
    attempt(client, name)
    page = second(client, typed)
    assert page.status_code == 422
    assert "field-error" in page.content.decode()


def test_a_code_is_read_in_any_width_and_grouping(client, name, phone):
    attempt(client, name)
    code = phone.code().translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert second(client, f" {code[:3]}　{code[3:]} ").status_code == 302


def test_five_wrong_codes_lock_password_and_code(client, city, name, phone):
    attempt(client, name)
    for _ in range(5):
        assert "違うか" in second(client, "000000").content.decode()
    locked = second(client, phone.code())
    assert "15分間" in locked.content.decode()
    assert client.get("/").status_code == 302
    assert "15分間サインインできません" in attempt(Client(), name).content.decode()
    with as_owner():
        SignInAttempt.objects.update(at=F("at") - datetime.timedelta(minutes=16))
    attempt(client, name)
    assert second(client, phone.code()).url == "/"


def test_the_password_does_not_take_wrong_codes_back(client, name, phone):
    """Who knows the password could guess on for ever otherwise."""
    for _ in range(5):
        attempt(client, name)
        second(client, "000000")
    assert "15分間サインインできません" in attempt(client, name).content.decode()


def test_optional_without_a_factor_the_password_is_enough(client, name):
    assert attempt(client, name).url == "/"
    assert client.get("/").status_code == 200


# --- required ---------------------------------------------------------------------------------


def test_required_and_none_leads_to_making_one_first(client, city, name, settings):
    settings.KASANE_SECOND_FACTOR = "required"
    case, _persons = w.household(city.elderly)
    assert attempt(client, name).url.startswith("/signin/second/")
    assert client.get(reverse("second_step")).url == reverse("totp_new")
    for url in ("/", f"/cases/{case.pk}/", reverse("recovery_codes")):
        assert client.get(url).url.startswith("/signin/second/")
    assert not act(client.session.session_key, city.elderly.pk)
    new_app(client)
    assert client.get("/").status_code == 200
    assert len(new_codes(client)) == 10
    with w.act(city.elderly):
        assert AccessLog.objects.filter(action=Action.SIGN_IN).count() == 1


def test_required_keeps_the_last_factor(client, city, settings):
    settings.KASANE_SECOND_FACTOR = "required"
    new_app(sign_in(client, city.elderly))
    (mine,) = own_factors(client.session.session_key)
    assert client.post(reverse("factor_remove", args=[mine.id])).status_code == 403
    assert "最後の一つ" in client.get(reverse("factor_detail", args=[mine.id])).content.decode()
    second_one = new_app(client)
    assert client.post(reverse("factor_remove", args=[mine.id])).status_code == 302
    attempt(client, city.elderly.user.username)
    assert second(client, second_one.code()).url == "/"


def test_off_offers_none_and_still_asks_who_has_one(client, city, name, phone, settings):
    settings.KASANE_SECOND_FACTOR = "off"
    assert attempt(client, name).url.startswith("/signin/second/")
    other = sign_in(Client(), city.child)
    assert other.get(reverse("totp_new")).status_code == 404
    assert reverse("totp_new") not in other.get(reverse("account")).content.decode()


# --- recovery codes ---------------------------------------------------------------------------


def test_a_recovery_code_opens_once(client, city, name):
    owner = sign_in(Client(), city.elderly)
    new_app(owner)
    codes = new_codes(owner)
    assert len(set(codes)) == 10
    attempt(client, name)
    assert second(client, codes[3]).url == "/"
    assert "残り9個" in client.get(reverse("account")).content.decode()
    attempt(client, name)
    assert second(client, codes[3]).status_code == 422
    assert second(client, codes[4].replace("-", " ")).url == "/"


def test_new_recovery_codes_end_the_old_and_are_shown_once(client, city, name):
    new_app(sign_in(client, city.elderly))
    old, new = new_codes(client), new_codes(client)
    assert not set(old) & set(new)
    page = client.get(reverse("recovery_codes")).content.decode()
    assert not [code for code in new if code in page]
    attempt(client, name)
    assert second(client, old[0]).status_code == 422
    assert second(client, new[0]).status_code == 302


def test_no_factor_no_recovery_codes(client, city):
    sign_in(client, city.elderly)
    assert client.post(reverse("recovery_codes")).url == reverse("account")
    assert make_recovery_codes(secret=client.session.session_key) == []


# --- making, renaming, removing ---------------------------------------------------------------


def test_a_wrong_first_code_keeps_the_secret_on_the_page(client, city):
    page = sign_in(client, city.elderly).get(reverse("totp_new"))
    sealed = page.context["form"].initial["sealed"]
    again = client.post(reverse("totp_new"), {"name": "私物", "code": "000000", "sealed": sealed})
    assert again.status_code == 422
    assert again.context["secret"] == page.context["secret"]
    assert "私物" in again.content.decode()
    assert own_factors(client.session.session_key) == []


def test_a_secret_sealed_for_another_is_not_taken(client, city):
    theirs = factors.seal({"user": city.child.user_id, "secret": (known := factors.new_secret())})
    sign_in(client, city.elderly)
    code = factors.pyotp.TOTP(known).now()
    client.post(reverse("totp_new"), {"name": "x", "code": code, "sealed": theirs.decode()})
    client.post(reverse("totp_new"), {"name": "x", "code": code, "sealed": "x"})
    assert own_factors(client.session.session_key) == []


def test_renaming_and_removing_ones_own_alone(client, city, name):
    new_app(sign_in(client, city.elderly))
    (mine,) = own_factors(client.session.session_key)
    url = reverse("factor_detail", args=[mine.id])
    assert client.post(url, {"name": ""}).status_code == 422
    assert client.post(url, {"name": "職場の電話"}).status_code == 302
    assert "職場の電話" in client.get(reverse("account")).content.decode()
    other = sign_in(Client(), city.child)
    assert other.get(url).status_code == 404
    assert other.post(reverse("factor_remove", args=[mine.id])).status_code == 404
    assert not remove_factor(secret=other.session.session_key, factor_id=mine.id)
    client.post(reverse("factor_remove", args=[mine.id]))
    assert attempt(client, name).url == "/"
    assert rows("select count(*) from kasane.recovery_code") == [(0,)]


def test_the_first_factor_ends_what_the_password_alone_had_opened(client, city, name):
    thief = Client()
    attempt(thief, name)
    assert thief.get("/").status_code == 200
    new_app(sign_in(client, city.elderly))
    assert thief.get("/").url.startswith("/signin/")
    assert client.get("/").status_code == 200


def test_changes_ask_again_after_ten_minutes(client, city, phone):
    sign_in(client, city.elderly)
    (mine,) = own_factors(client.session.session_key)
    secret = client.session.session_key
    age_confirmation()
    for url in (
        reverse("totp_new"),
        reverse("passkey_new"),
        reverse("factor_detail", args=[mine.id]),
        reverse("recovery_codes"),
    ):
        assert "再確認" in client.get(url).content.decode(), url
    assert "再確認" in client.post(reverse("factor_remove", args=[mine.id])).content.decode()
    # And the database by itself.
    assert not remove_factor(secret=secret, factor_id=mine.id)
    assert make_recovery_codes(secret=secret) == []
    assert len(own_factors(secret)) == 1


# --- a lost device ----------------------------------------------------------------------------


def test_the_administrator_resets_another_and_others_are_told(client, city, name, phone):
    held = sign_in(Client(), city.elderly)
    held_name = city.elderly.user
    sign_in(client, city.sysadmin)
    assert client.post(reverse("factors_reset"), {"username": name}).url == reverse("account")
    assert held.get("/").url.startswith("/signin/")
    assert attempt(held, name).url == "/"
    with w.act(city.privacy):
        (told,) = Notice.objects.for_desk(city.privacy)
    assert str(held_name) not in told.title
    assert held_name.username not in told.title + told.url
    with w.act(city.sysadmin):
        assert AccessLog.objects.filter(what="factors_reset").exists()


def test_the_manager_of_the_agency_is_told(client, city):
    sign_in(client, city.sysadmin)
    client.post(reverse("factors_reset"), {"username": city.coordinator.user.username})
    with w.act(city.head):
        assert [n.kind for n in Notice.objects.for_desk(city.head)] == ["factors_reset"]
    with w.act(city.elderly):
        assert not Notice.objects.for_desk(city.elderly).exists()


def test_nobody_resets_their_own_or_a_strangers_or_without_the_right(client, city, name):
    sign_in(client, city.sysadmin)
    own = client.post(reverse("factors_reset"), {"username": city.sysadmin.user.username})
    assert own.status_code == 422
    assert "自分の" in own.content.decode()
    for username in ("nobody", w.city().elderly.user.username, ""):
        assert client.post(reverse("factors_reset"), {"username": username}).status_code == 422
    with w.act(city.sysadmin), pytest.raises(DatabaseError), transaction.atomic():
        ask("select kasane.reset_factors(%s)", city.sysadmin.user.username)
    with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
        ask("select kasane.reset_factors(%s)", city.child.user.username)


def test_the_owners_command_helps_the_only_administrator(client, city, name, phone, capsys):
    held = sign_in(Client(), city.elderly)
    with pytest.raises(CommandError):
        call_command("reset_factors", "nobody")
    with pytest.raises(CommandError):
        call_command("reset_factors", name, "--all")
    with pytest.raises(CommandError):
        call_command("reset_factors")
    call_command("reset_factors", name)
    assert held.get("/").url.startswith("/signin/")
    assert attempt(client, name).url == "/"
