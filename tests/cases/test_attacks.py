"""What an ordinary worker's own SQL, over the application's login, is refused (V1–V6, V15)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from psycopg.errors import CheckViolation, InsufficientPrivilege

from cases.operations import sync_grants, write_note
from tests import world as w
from tests.signing import sign_in
from tests.twoworlds import masked

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def shared(city):
    """A case of elderly, open by both consents to disability, which is in the team."""
    case, persons = w.household(city.elderly)
    for person in persons:
        w.consent(city.elderly, person, city.agencies["disability"])
    with w.act(city.elderly):
        write_note(case=case, by=city.elderly, text="架空の記録", method="phone", persons=persons)
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into cases_supportteam (id, case_id, agency_id, via, joined_at)"
                " values (gen_random_uuid(), %s, %s, 'referral', now())",
                [case.pk, city.agencies["disability"].pk],
            )
        sync_grants(case)
    return case, persons


def refused(by, sql, *params):
    """The statement fails for want of a right, or a guard's condition."""
    with (
        w.act(by),
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, params)
    assert isinstance(error.value.__cause__, InsufficientPrivilege | CheckViolation), error.value


def touched(by, sql, *params):
    """How many rows the statement reached."""
    with w.act(by), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


@pytest.mark.parametrize(
    "sql",
    [
        "insert into cases_casegrant select * from cases_casegrant",
        "update cases_casegrant set revoked_at = null",
        "update cases_record set audience = 'team'",
        "update cases_consent set categories = '{notifier}'",
        "update cases_referral set summary = 'x'",
        "delete from agencies_accesslog",
        "update agencies_role set permissions = '{cases.read}'",
        "update meetings_agendaitem set basis = 'consent'",
        "update meetings_agendaitem set case_id = null",
        "select * from kasane.wanted_grants",
        "select * from kasane.consent_reach",
        "select kasane.agency_reads(gen_random_uuid(), 1)",
        "select kasane.uncovered(gen_random_uuid(), '{}', '{}')",
    ],
)
def test_the_store_and_what_the_gate_reads_are_out_of_reach(city, sql):
    refused(city.disability, sql)


def test_a_recipient_cannot_take_the_case_or_move_its_persons(city, shared):
    case, _persons = shared
    other, _ = w.household(city.disability)
    mine = city.agencies["disability"].pk
    refused(
        city.disability,
        "update cases_case set responsible_agency_id = %s where id = %s",
        mine,
        case.pk,
    )
    refused(
        city.disability,
        "update cases_person set case_id = %s where case_id = %s",
        other.pk,
        case.pk,
    )
    refused(
        city.disability,
        "update cases_person set author_agency_id = %s where case_id = %s",
        mine,
        case.pk,
    )


def test_what_has_ended_is_not_taken_back(city, shared):
    _case, persons = shared
    with w.act(city.elderly), connection.cursor() as cursor:
        cursor.execute(
            "update cases_consent set withdrawn_at = now(), withdrawn_by_id = %s"
            " where person_id = %s",
            [city.elderly.pk, persons[0].pk],
        )
    refused(city.elderly, "update cases_consent set withdrawn_at = null, withdrawn_by_id = null")
    refused(city.elderly, "update cases_supportteam set left_at = null")


def test_an_outsider_writes_nothing_into_a_case(city, shared):
    case, persons = shared
    agency, me = city.agencies["child"].pk, city.child.pk
    refused(
        city.child,
        "insert into cases_record (id, case_id, kind, category, audience, person_ids, is_household,"
        " author_agency_id, author_id, happened_at, written_at)"
        " values (%s, %s, 'note', 'progress', 'team', '{}', true, %s, %s, now(), now())",
        uuid.uuid4(), case.pk, agency, me,
    )  # fmt: skip
    refused(
        city.child,
        "insert into cases_supportteam (id, case_id, agency_id, via, joined_at)"
        " values (%s, %s, %s, 'referral', now())",
        uuid.uuid4(), case.pk, agency,
    )  # fmt: skip
    refused(
        city.child,
        "insert into cases_consent (id, case_id, person_id, answer, categories, covers_household,"
        " purpose, method, proxy_name, proxy_power, explained_by_id, given_on, period,"
        " taken_by_agency_id, withdrawal_reason, recorded_at) values (%s, %s, %s, 'given',"
        " '{basic}', true, '', 'signed', '', '', %s, '2026-04-01', '(,)', %s, '', now())",
        uuid.uuid4(), case.pk, persons[0].pk, me, agency,
    )  # fmt: skip


def test_the_doors_tell_an_outsider_nothing(city, shared):
    case, persons = shared
    keys = [p.pk for p in persons]
    with w.act(city.child), connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from kasane.missing_consents(%s, %s, %s)",
            [case.pk, keys, [city.agencies["disability"].pk]],
        )
        assert cursor.fetchone() == (len(keys),)  # everybody lacks one, as for no case at all
        cursor.execute("select kasane.next_label(%s)", [case.pk])
        assert cursor.fetchone() == (0,)
        cursor.execute("select kasane.supersede_consent(%s, 'x')", [keys[0]])
    assert touched(city.disability, "select 1 from cases_record where case_id = %s", case.pk) > 0


def test_nobody_but_the_listed_appoints(city):
    refused(
        city.disability,
        "insert into meetings_itemgrant (id, user_id, permission_id, content_object_id,"
        " membership_id, conference_type_id, sitting_id, appointed_by_id, appointed_at)"
        " select gen_random_uuid(), %s, min(id), gen_random_uuid(), %s, %s, gen_random_uuid(),"
        " %s, now() from auth_permission",
        city.disability.user_id,
        city.disability.pk,
        city.conferences["support"].pk,
        city.disability.pk,
    )


@pytest.mark.parametrize(
    "name", ["case_detail", "case_print", "case_access", "note_new", "referral_new", "person_new"]
)
def test_hidden_and_missing_look_the_same(city, shared, client, name):
    case, _persons = shared
    sign_in(client, city.child)
    hidden = client.get(reverse(name, args=[case.pk]))
    missing = client.get(reverse(name, args=[uuid.uuid4()]))
    assert hidden.status_code == missing.status_code == 404
    assert masked(hidden.content.decode()) == masked(missing.content.decode())
