"""The gate's first sentences, against real rows (the oracle's proof stands in tests/reports)."""

from __future__ import annotations

import datetime

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases import enums
from cases.models import Case, CaseGrant, Person, Record, Referral
from cases.operations import (
    accept_referral,
    add_person,
    close_case,
    refer,
    return_referral,
    withdraw_consent,
    write_note,
)
from cases.operations.case import PersonFacts
from config.lib.acting import acting
from tests import world as w
from tests.owner import as_owner, own_login

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def every(model):
    """All rows as the statement of a test names them (evaluated by whoever acts)."""
    return model._base_manager.all()


def rows(model, *keys):
    return Keys(model, keys)


class Keys:
    """A queryset by keys that does not depend on who evaluates it."""

    def __init__(self, model, keys):
        self.model, self._keys = model, keys

    def values_list(self, *args, **kwargs):
        return list(self._keys)


def sees(member, model, *keys):
    return w.sees(member, Keys(model, keys))


def sent(city, case, persons, to="disability"):
    with w.act(city.elderly):
        return refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="家計の支援をお願いします",
            summary="母と二人暮らし",
            persons=persons,
            to_agency=city.agencies[to],
        )


def note(by, case, persons=(), category="progress", audience="team"):
    with w.act(by):
        written = write_note(
            case=case,
            by=by,
            text="訪問した",
            method="visit",
            persons=persons,
            category=category,
            audience=audience,
        )
    return written.record_id


def test_nobody_acting_sees_nothing(city):
    case, persons = w.household(city.elderly)
    note(city.elderly, case, persons)
    with acting(None):
        assert not any(every(model).exists() for model in (Case, Person, Record, CaseGrant))


def test_case_is_seen_by_its_own_agency_alone(city):
    case, _persons = w.household(city.elderly)
    assert sees(city.elderly, Case, case.pk)
    assert sees(city.elderly2, Case, case.pk)
    for name in ("disability", "coordinator", "head", "admin", "privacy", "sysadmin"):
        assert not sees(city.members[name], Case, case.pk), name


def test_consent_alone_opens_nothing_before_the_referral_is_accepted(city):
    case, (mother, _son) = w.household(city.elderly)
    record = note(city.elderly, case, [mother])
    w.consent(city.elderly, mother, city.agencies["disability"], city.agencies["elderly"])
    assert not sees(city.disability, Case, case.pk)
    referral = sent(city, case, [mother])
    assert sees(city.disability, Referral, referral.pk)
    assert not sees(city.disability, Record, record)
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    assert sees(city.disability, Case, case.pk)
    assert sees(city.disability, Record, record)


def test_one_persons_consent_opens_nothing_about_another(city):
    case, (mother, son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    assert sees(city.disability, Record, note(city.elderly, case, [mother]))
    assert not sees(city.disability, Record, note(city.elderly, case, [son]))
    assert not sees(city.disability, Record, note(city.elderly, case, [mother, son]))
    assert not sees(city.disability, Record, note(city.elderly, case))
    assert sees(city.disability, Person, mother.pk)
    assert not sees(city.disability, Person, son.pk)


def test_withdrawal_closes_accepted_referral_and_keeps_own_records(city):
    case, (mother, _son) = w.household(city.elderly)
    consent = w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    own, theirs = note(city.disability, case, [mother]), note(city.elderly, case, [mother])
    assert sees(city.disability, Record, theirs)
    with w.act(city.elderly):
        withdraw_consent(consent=consent, by=city.elderly, reason="本人の希望")
    assert not sees(city.disability, Record, theirs)
    assert not sees(city.disability, Referral, referral.pk)
    assert sees(city.disability, Record, own)
    assert sees(city.disability, Case, case.pk)
    assert not sees(city.disability, Person, mother.pk)


def test_category_outside_the_consent_stays_closed(city):
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"], categories=["basic", "progress"])
    with w.act(city.disability):
        pass
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    assert sees(city.disability, Record, note(city.elderly, case, [mother]))
    assert not sees(city.disability, Record, note(city.elderly, case, [mother], "money"))


def test_agency_only_record_is_never_shared(city):
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    assert not sees(city.disability, Record, note(city.elderly, case, [mother], audience="agency"))


def test_household_record_opens_by_tick_unless_another_refused(city):
    case, (mother, son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"], household_tick=True)
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    record = note(city.elderly, case, category="household")
    assert sees(city.disability, Record, record)
    w.consent(city.elderly, son, answer=enums.ConsentAnswer.REFUSED)
    assert not sees(city.disability, Record, record)


def test_exception_closes_what_a_conference_type_would_open(city):
    case, (mother, _son) = w.household(city.elderly)
    plan = city.conferences["plan"]
    with as_owner():
        for name in ("disability", "child"):
            plan.standing_members.create(municipality=city.city, agency=city.agencies[name])
    w.consent(city.elderly, mother, conferences=(plan,), exceptions=(city.agencies["child"],))
    with w.act(city.elderly):
        opened = refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="r",
            summary="s",
            persons=[mother],
            to_agency=city.agencies["disability"],
        )
    with w.act(city.disability):
        accept_referral(referral=opened, by=city.disability)
    record = note(city.elderly, case, [mother])
    assert sees(city.disability, Record, record)
    with w.act(city.elderly), pytest.raises(Exception, match="同意が記録されていません"):
        refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="r",
            summary="s",
            persons=[mother],
            to_agency=city.agencies["child"],
        )


def test_return_closes_the_sheet_and_leaves_the_reason(city):
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        return_referral(referral=referral, by=city.disability, reason="対象外のため")
    assert not sees(city.disability, Referral, referral.pk)
    with w.act(city.elderly):
        assert Referral.objects.get(pk=referral.pk).answer_reason == "対象外のため"


def test_without_consent_a_sheet_goes_to_the_listed_secretariat_alone(city):
    case, _persons = w.household(city.elderly)
    w.list_secretary(city, city.head)
    with w.act(city.elderly):
        referral = refer(
            case=case,
            by=city.elderly,
            mode="secrecy",
            reason="r",
            summary="s",
            to_conference_type=city.conferences["support"],
        )
    assert sees(city.head, Referral, referral.pk)
    assert not sees(city.coordinator, Referral, referral.pk)
    assert not sees(city.head, Case, case.pk)


def test_closing_the_case_ends_other_agencies_grants(city):
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"], city.agencies["elderly"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    record = note(city.elderly, case, [mother])
    assert sees(city.disability, Record, record)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="終結")
    assert not sees(city.disability, Record, record)
    assert sees(city.elderly, Record, record)


def test_expired_consent_has_closed_by_itself(city):
    case, (mother, _son) = w.household(city.elderly)
    consent = w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    record = note(city.elderly, case, [mother])
    assert sees(city.disability, Record, record)
    assert consent.period.upper is None
    w.consent(
        city.elderly,
        mother,
        city.agencies["disability"],
        until=timezone.localdate() + datetime.timedelta(days=1),
    )
    assert sees(city.disability, Record, record)


def test_ended_membership_sees_nothing(city):
    case, _persons = w.household(city.elderly)
    gone = w.make_member(
        city.agencies["elderly"],
        "consultation_worker",
        until=timezone.localdate() - datetime.timedelta(days=1),
    )
    with w.act(gone):
        assert not every(Case).exists()
    assert sees(city.elderly, Case, case.pk)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into cases_casegrant select * from cases_casegrant",
        "update cases_casegrant set revoked_at = null",
        "delete from cases_record",
        "update cases_record set audience = 'team'",
        "delete from agencies_accesslog",
        "update agencies_accesslog set was_allowed = true",
        "insert into agencies_accesslog (at, action, what, record_ids, was_allowed)"
        " values (now(), 'open', 'x', '{}', true)",
        "select * from kasane.wanted_grants",
        "select * from kasane.consent_reach",
        "alter table cases_record disable row level security",
    ],
)
def test_the_applications_login_cannot_go_round_the_gate(city, statement):
    w.household(city.elderly)
    with (
        w.act(city.elderly),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "set role kasane_owner",
        "set session authorization kasane_owner",
        "select * from kasane.session",
        "select * from kasane.signing_key",
        "insert into kasane.session (token, kind) values ('\\x00', 'owner')",
        "select kasane.hashed('x')",
        "create temporary table cases_case (id uuid)",
        "create table public.x (id integer)",
        "create function public.sha256(bytea) returns bytea language sql as 'select $1'",
        "create function pg_temp.sha256(bytea) returns bytea language sql as 'select $1'",
        "create operator public.= (leftarg = text, rightarg = text, function = texteq)",
        "copy kasane.session to stdout",
        "copy agencies_user from stdin",
        "copy (select 1) to program 'true'",
        "set session_replication_role = replica",
        "alter function kasane.actor() security invoker",
        "grant kasane_owner to kasane_app",
        "select kasane.signature('x')",
        "update agencies_membership set user_id = 1",
        "update agencies_role set permissions = '{}'",
        "update agencies_user set password = 'x'",
        "insert into agencies_role (key, name, permissions) values ('x', 'x', '{}')",
        "update agencies_conferencetype set host_id = secretariat_id",
        "insert into agencies_standingmember select * from agencies_standingmember",
        "delete from agencies_signinattempt",
    ],
)
def test_the_applications_own_login_may_not(statement):
    with own_login() as own, pytest.raises(psycopg.errors.InsufficientPrivilege):
        own.execute(statement)


def test_nobody_writes_a_way_into_a_case_they_do_not_see(city):
    """Writing would open the case (V2: an agency reads where it wrote): the database refuses."""
    case, (mother, _son) = w.household(city.elderly)
    with w.act(city.disability):
        with pytest.raises((ActionDenied, DatabaseError)), transaction.atomic():
            write_note(case=case, by=city.disability, text="x", method="phone")
        with pytest.raises((ActionDenied, DatabaseError)), transaction.atomic():
            add_person(case=case, by=city.disability, facts=PersonFacts())
    with pytest.raises((ActionDenied, DatabaseError)), transaction.atomic():
        w.consent(city.disability, mother, city.agencies["disability"])
    assert not sees(city.disability, Case, case.pk)


def test_own_records_alone_write_nothing_more(city):
    """V2: nothing later; the operation says why, the database refuses besides."""
    case, (mother, _son) = w.household(city.elderly)
    given = w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    note(city.disability, case, [mother])
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    with w.act(city.disability):
        with pytest.raises(ActionDenied, match="支援に入っていません"):
            write_note(case=case, by=city.disability, text="x", method="phone")
        with pytest.raises(ActionDenied, match="支援に入っていません"):
            add_person(case=case, by=city.disability, facts=PersonFacts())


def test_a_person_added_by_a_recipient_opens_no_household_record(city):
    """V3: a made-up member with a household tick is nobody the responsible agency knows."""
    case, (mother, _son) = w.household(city.elderly)
    w.consent(city.elderly, mother, city.agencies["disability"])
    referral = sent(city, case, [mother])
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
        invented = add_person(case=case, by=city.disability, facts=PersonFacts(name="架空 次郎"))
    record = note(city.elderly, case, category="household")
    w.consent(city.disability, invented, city.agencies["disability"], household_tick=True)
    assert not sees(city.disability, Record, record)
