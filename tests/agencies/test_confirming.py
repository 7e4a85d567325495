"""再確認: what weighs most is asked for again after ten minutes (decision 0009)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from agencies.enums import Permission
from agencies.models import LegalBasis, SignInAttempt
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
# Addresses under one of these permissions that change nobody's rights: work handed to a colleague.
WITHIN = {"handover_list", "handover_new", "handover_unassigned"}


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
