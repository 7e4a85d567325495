"""With the application's login and any SQL, nobody becomes somebody else (docs/decisions/0007)."""

from __future__ import annotations

import datetime
import uuid

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, Agency, Membership, SecretariatMember, User
from agencies.sessions import stored_key
from agencies.tasks import system_membership
from cases.models import Case
from config.lib.acting import TamperedConnectionError, act, act_as_nobody, current_actor, own_key
from tests import world as w
from tests.owner import as_owner, own_login
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def secret(city):
    """What the elderly agency's worker's browser holds."""
    return sign_in(Client(), city.elderly).session.session_key


def ask(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def seen():
    return Case._base_manager.count()


def test_a_membership_written_into_the_setting_is_nobody(city):
    w.household(city.elderly)
    for value in (str(city.elderly.pk), f"{city.elderly.pk}|1|1|1|1||||1|1|{'0' * 64}", "|" * 10):
        ask("select set_config('kasane.actor', %s, true)", value)
        assert current_actor() is None
        assert seen() == 0


def test_who_holds_the_secret_acts_as_their_own_membership_alone(city, secret):
    w.household(city.elderly)
    assert act(secret, city.elderly.pk)
    assert (current_actor(), seen()) == (city.elderly.pk, 1)
    others = [city.disability, city.privacy, system_membership("statistics")]
    for member in [*(other.pk for other in others), uuid.uuid4(), None]:
        assert not act(secret, member)
        assert (current_actor(), seen()) == (None, 0)
    for wrong in ("", "x", stored_key(secret), secret.upper()):
        assert not act(wrong, city.elderly.pk)


def test_what_was_signed_cannot_be_altered_or_carried_to_another_connection(city, secret):
    w.household(city.disability)
    act(secret, city.elderly.pk)
    signed = ask("select current_setting('kasane.actor')")
    own, other = str(city.elderly.agency_id), str(city.disability.agency_id)
    for forged in (signed.replace(own, other), signed[:-1], f"{signed}|", f"|{signed}"):
        ask("select set_config('kasane.actor', %s, true)", forged)
        assert (current_actor(), seen()) == (None, 0)
    with own_login() as own:
        own.execute("select set_config('kasane.actor', %s, true)", [signed])
        (row,) = own.execute("select (kasane.actor()).membership_id").fetchall()
        assert row[0] is None


def test_a_worker_acts_as_no_person_and_a_person_as_no_worker(city, secret):
    key = "a-worker-key-of-this-test-and-of-nobody-else"
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "insert into kasane.session (token, kind) values (kasane.hashed(%s), 'worker')", [key]
        )
    assert act(key, system_membership("scheduler").pk)
    assert not act(key, city.elderly.pk)
    assert not act(secret, system_membership("scheduler").pk)
    assert own_key() not in ("", key)


def test_a_stolen_row_of_the_session_table_opens_nothing(city):
    victim, thief = Client(), Client()
    sign_in(victim, city.privacy)
    sign_in(thief, city.elderly)
    row = Session.objects.get(session_key=stored_key(victim.session.session_key))
    # Its name as a cookie; its contents under a key the thief knows.
    thief.cookies["sessionid"] = row.session_key
    assert thief.get("/").url.startswith("/signin/")
    key = "k" * 32
    Session.objects.create(
        session_key=stored_key(key), session_data=row.session_data, expire_date=row.expire_date
    )
    thief.cookies["sessionid"] = key
    assert thief.get("/").url.startswith("/signin/")
    assert victim.get("/").status_code == 200


def test_a_session_signed_out_acts_no_more(client, city):
    sign_in(client, city.elderly)
    secret = client.session.session_key
    assert act(secret, city.elderly.pk)
    client.post(reverse("signout"))
    assert not act(secret, city.elderly.pk)


def test_twelve_hours_or_half_an_hour_of_silence_end_a_session(city, secret):
    for column, age in (("opened_at", "12 hours"), ("seen_at", "30 minutes")):
        assert act(secret, city.elderly.pk)
        change = f"update kasane.session set {column} = now() - interval '{age}'"
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(change + " where kind = 'person'")
        assert not act(secret, city.elderly.pk)
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(f"update kasane.session set {column} = now()")


def test_a_password_opens_a_session_only_as_its_proof(city):
    name, stored = city.elderly.user.username, city.elderly.user.password
    guesses = [b"", b"demo-password", bytes.fromhex(stored.rpartition("$")[2]), stored.encode()]
    for guess in guesses[:4]:
        with own_login() as own:
            (row,) = own.execute(
                "select kasane.open_session(%s, %s, 'x', null)", [name, guess]
            ).fetchall()
            assert row[0] == "refused"


def test_what_one_connection_asks_no_other_reads(city, secret):
    with own_login() as own, own_login() as other:
        own.execute("select 'somebody''s name'")
        pid = own.info.backend_pid
        seen = other.execute("select query, state from pg_stat_activity where pid = %s", [pid])
        assert seen.fetchone() == ("", "disabled")
        for change in ("set track_activities = on", "alter role kasane_app reset track_activities"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), own.transaction():
                own.execute(change)
    # And not even in the statement itself, which a server may log.
    act(secret, city.elderly.pk)
    pid = connection.connection.info.backend_pid
    with own_login() as other:
        (row,) = other.execute(
            "select query from pg_stat_activity where pid = %s", [pid]
        ).fetchall()
    assert secret not in (row[0] or "")


def test_nobody_makes_or_confirms_a_membership_of_their_own(city):
    admin, head = city.sysadmin, city.head
    with w.act(admin), pytest.raises(DatabaseError), transaction.atomic():
        product_writes(Membership(user=admin.user, agency=city.agencies["elderly"], role=head.role))
    with w.act(city.elderly):
        for change in ("until = current_date", "confirmed_at = now()", "agency_id = agency_id"):
            statement = f"update agencies_membership set {change} where id = %s"
            assert raw(statement, head.pk) == "refused"
        assert raw("insert into agencies_membership select * from agencies_membership") == "refused"


def test_a_secretary_is_named_by_the_host_and_pledges_in_person(city):
    body = city.conferences["support"]
    with as_owner():
        entry = SecretariatMember.objects.create(
            conference_type=body, membership=city.coordinator, fiscal_year=2031, named_by=city.head
        )
    for by, change in (
        (city.elderly, "pledged_at = now()"),
        (city.head, "pledged_at = now()"),
        (city.elderly, "ended_at = now()"),
        (city.head, "membership_id = named_by_id"),
    ):
        with w.act(by):
            statement = f"update agencies_secretariatmember set {change} where id = %s"
            assert raw(statement, entry.pk) == "refused"
    with w.act(city.coordinator):
        assert raw("update agencies_secretariatmember set pledged_at = now()") == "done"


def product_writes(row):
    """As product code would: without the suite's step into the owner's role."""
    fields = [f for f in row._meta.concrete_fields if f.name != "confirmed_by"]
    names = ", ".join(f'"{f.column}"' for f in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into agencies_membership ({names}) values ({marks})",
            [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields],
        )


def raw(sql, *params):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
    except DatabaseError:
        return "refused"
    return "done"


def test_after_all_nobody_acts(city, secret):
    act(secret, city.elderly.pk)
    act_as_nobody()
    assert current_actor() is None


def test_what_was_signed_is_good_in_its_transaction_alone():
    who, read = "select (kasane.actor()).membership_id", "select current_setting('kasane.actor')"
    scheduler = system_membership("scheduler").pk
    with own_login() as own:
        own.execute("select kasane.act(%s, %s)", [own_key(), scheduler])
        assert own.execute(who).fetchone() == (scheduler,)
        (signed,) = own.execute(read).fetchone()
        own.execute("set search_path = pg_temp, kasane; set timezone = 'UTC'")
        assert own.execute(who).fetchone() == (scheduler,)
        own.commit()
        for is_local in (True, False):  # written into the transaction, or into the connection
            own.execute("select set_config('kasane.actor', %s, %s)", [signed, is_local])
            assert own.execute(who).fetchone() == (None,)
            own.commit()
            assert own.execute(who).fetchone() == (None,)


def test_a_secret_never_goes_through_a_prepared_statement(city, secret):
    """One could be replaced by who holds the connection before us."""
    for _ in range(10):
        act(secret, city.elderly.pk)
    mine = "select count(*) from pg_prepared_statements where statement like %s"
    assert ask(mine, "%set_config(%") > 0  # what is asked often is prepared, by the driver
    assert ask(mine, "%kasane.act(%") == 0


def test_a_connection_somebody_prepared_a_statement_in_is_given_up(city, secret):
    """Under the driver's name for one of ours it would run in our place, as the next to act."""
    act(secret, city.elderly.pk)
    name = ask("select name from pg_prepared_statements limit 1")
    with connection.cursor() as cursor:
        cursor.execute(f'deallocate "{name}"')
        cursor.execute(f'prepare "{name}" as select 1')
    with pytest.raises(TamperedConnectionError):
        act(secret, city.elderly.pk)
    with pytest.raises(DatabaseError):
        ask("select 1")


def test_nobody_writes_a_line_of_the_trail_in_anothers_name(city, secret):
    line = "select kasane.log_access(%s, %s, '', '', 'forged', null, null, null, true)"
    act(secret, city.elderly.pk)
    for action in ("open", "sign_in", "deny", "switch"):
        assert raw(line, city.head.pk, action) == "done"
    act_as_nobody()
    assert raw(line, city.head.pk, "sign_in") == "done"
    with as_owner():
        lines = AccessLog.objects.filter(what="forged").order_by("id")
        assert [row.membership_id for row in lines] == [city.elderly.pk] * 4 + [None]


def test_a_session_used_after_its_membership_ended(client, city, secret):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    changes = (
        lambda: Membership.objects.filter(pk=city.elderly.pk).update(until=yesterday),
        lambda: Membership.objects.filter(pk=city.elderly.pk).update(confirmed_at=None),
        lambda: User.objects.filter(pk=city.elderly.user_id).update(is_active=False),
        lambda: Agency.objects.filter(pk=city.elderly.agency_id).update(ended_on=yesterday),
    )
    for change in changes:
        with transaction.atomic():
            assert act(secret, city.elderly.pk)
            with as_owner():
                change()
            assert not act(secret, city.elderly.pk)
            transaction.set_rollback(True)


def test_a_membership_switched_in_another_tab_is_the_one_that_acts_in_both(client, city):
    case, _persons = w.household(city.elderly)
    page = reverse("case_detail", args=[case.pk])
    other = w.make_member(city.agencies["child"], "consultation_worker", user=city.elderly.user)
    sign_in(client, city.elderly)
    assert client.get(page).status_code == 200
    client.post(reverse("switch_membership"), {"membership": str(other.pk)})
    assert client.get(page).status_code == 404
    with w.act(city.privacy):
        line = AccessLog._base_manager.filter(case_id=case.pk).latest("id")
    assert (line.membership_id, line.was_allowed) == (other.pk, False)


def test_a_new_password_ends_what_the_old_one_opened(city, secret):
    assert act(secret, city.elderly.pk)
    with as_owner():
        city.elderly.user.set_password("another-password")
        city.elderly.user.save(update_fields=["password"])
    assert not act(secret, city.elderly.pk)
