"""log_visit: what it writes, on which basis, and what it refuses."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection

from agencies.permissions import ActionDenied
from cases.models import Record
from cases.operations import accept_referral, close_case, refer
from outreach.enums import VisitResult
from outreach.models import Visit
from tests import world as w
from tests.outreach.conftest import ago, carry_out, sees, visit

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


def test_log_visit_writes_a_progress_record_of_the_persons(city, own):
    case, (mother, _son) = own
    row = visit(
        city.outreach,
        case=case,
        persons=[mother],
        result=VisitResult.MET_FAMILY,
        met_whom="母",
        text="玄関先で話した",
        minutes_spent=20,
        happened_at=ago(1),
    )
    with w.act(city.outreach):
        record = Record.objects.get(pk=row.pk)
        saved = Visit.objects.get(pk=row.pk)
    assert (record.kind, record.category, record.person_ids) == ("visit", "progress", [mother.pk])
    assert (saved.met_whom, saved.minutes_spent) == ("母", 20)
    assert record.happened_at == ago(1)


def test_log_visit_before_any_consent_stays_with_the_agency(city, own):
    case, (mother, _son) = own
    row = visit(city.outreach, case=case, persons=[mother], audience="team")
    with w.act(city.outreach):
        assert Record.objects.get(pk=row.pk).audience == "agency"


def test_log_visit_after_consent_is_for_the_team_unless_said_otherwise(city, own):
    case, (mother, _son) = own
    w.consent(city.outreach, mother, city.agencies["elderly"])
    team = visit(city.outreach, case=case, persons=[mother])
    alone = visit(city.outreach, case=case, persons=[mother], audience="agency")
    with w.act(city.outreach):
        found = dict(
            Record.objects.filter(pk__in=[team.pk, alone.pk]).values_list("pk", "audience")
        )
    assert found == {team.pk: "team", alone.pk: "agency"}


def test_log_visit_twice_with_one_key_logs_once(city, own):
    case, persons = own
    key = uuid.uuid4()
    first = visit(city.outreach, case=case, persons=persons, key=key)
    second = visit(city.outreach, case=case, persons=persons, key=key)
    assert first.pk == second.pk
    with w.act(city.outreach):
        assert Visit.objects.count() == 1
        assert Record.objects.filter(kind="visit").count() == 1


def test_log_visit_with_a_key_of_somebody_else_is_refused_without_a_hint(city, own):
    case, persons = own
    other, others = w.household(city.coordinator)
    key = uuid.uuid4()
    visit(city.outreach, case=case, persons=persons, key=key)
    with pytest.raises(ActionDenied, match="保存できませんでした"):
        visit(city.coordinator, case=other, persons=others, key=key)


@pytest.mark.parametrize("role", ["elderly", "participation", "community", "admin", "privacy"])
def test_log_visit_by_another_role_is_refused(city, role):
    case, persons = w.household(city.elderly)
    with pytest.raises(ActionDenied, match="訪問を記録する"):
        visit(city.members[role], case=case, persons=persons)


def test_log_visit_of_a_closed_case_is_refused(city, own):
    case, persons = own
    with w.act(city.outreach):
        close_case(case=case, by=city.outreach, reason="終結")
    with pytest.raises(ActionDenied, match="終結"):
        visit(city.outreach, case=case, persons=persons)


def test_log_visit_under_a_carry_out_by_somebody_not_named_is_refused(city):
    case, _persons = w.household(city.elderly)
    under = carry_out(city.head, case, city.outreach)
    with pytest.raises(ActionDenied, match="名指し"):
        visit(city.coordinator, under=under)


def test_log_visit_under_an_expired_carry_out_is_refused(city):
    case, _persons = w.household(city.elderly)
    under = carry_out(city.head, case, city.outreach)
    with w.act(city.head), connection.cursor() as cursor:
        cursor.execute("update cases_carryoutgrant set revoked_at = now()")
    with pytest.raises(ActionDenied, match="名指し"):
        visit(city.outreach, under=under)


def test_visit_under_a_carry_out_is_seen_by_its_people_alone(city):
    """V6: not the responsible agency, not a colleague of the one named, not the secretariat."""
    case, (mother, _son) = w.household(city.elderly)
    colleague = w.make_member(city.agencies["outreach"], "outreach_worker")
    under = carry_out(city.head, case, city.outreach, city.disability)
    w.consent(city.elderly, mother, city.agencies["outreach"], city.agencies["elderly"])
    row = visit(city.outreach, under=under, text="灯りがついていた")
    for model in (Record, Visit):
        assert sees(city.outreach, model, row.pk)
        assert sees(city.disability, model, row.pk)
        for member in (colleague, city.elderly, city.elderly2, city.head, city.coordinator):
            assert not sees(member, model, row.pk), member


def test_visit_under_a_carry_out_closes_to_its_writer_when_it_ends(city):
    case, _persons = w.household(city.elderly)
    under = carry_out(city.head, case, city.outreach)
    row = visit(city.outreach, under=under)
    with w.act(city.head), connection.cursor() as cursor:
        cursor.execute("update cases_carryoutgrant set revoked_at = now()")
    assert not sees(city.outreach, Visit, row.pk)


def test_visit_opens_to_the_team_by_consent_of_every_person_named(city, own):
    case, (mother, son) = own
    w.consent(city.outreach, mother, city.agencies["disability"], city.agencies["outreach"])
    with w.act(city.outreach):
        referral = refer(
            case=case,
            by=city.outreach,
            mode="consent",
            reason="r",
            summary="s",
            persons=[mother],
            to_agency=city.agencies["disability"],
        )
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)
    hers = visit(city.outreach, case=case, persons=[mother])
    theirs = visit(city.outreach, case=case, persons=[mother, son])
    assert sees(city.disability, Visit, hers.pk)
    assert not sees(city.disability, Visit, theirs.pk)


def test_waiting_is_settled_by_a_later_visit_on_the_same_basis(city, own):
    case, persons = own
    under = carry_out(city.head, case, city.outreach)
    day = ago(2).date()
    first = visit(city.outreach, case=case, persons=persons, next_on=day, happened_at=ago(5))
    secret = visit(city.outreach, under=under, next_on=day, happened_at=ago(4))
    with w.act(city.outreach):
        waiting = set(Visit.objects.waiting().values_list("pk", flat=True))
    assert waiting == {first.pk, secret.pk}
    visit(city.outreach, case=case, persons=persons, happened_at=ago(1))
    with w.act(city.outreach):
        waiting = set(Visit.objects.waiting().values_list("pk", flat=True))
    assert waiting == {secret.pk}


def test_waiting_knows_no_visit_of_a_closed_case(city, own):
    case, persons = own
    visit(city.outreach, case=case, persons=persons, next_on=ago(0).date())
    with w.act(city.outreach):
        close_case(case=case, by=city.outreach, reason="終結")
        assert not Visit.objects.waiting().exists()


def test_minutes_fit_their_column(city, own):
    case, persons = own
    row = visit(city.outreach, case=case, persons=persons, minutes_spent=1440)
    assert row.minutes_spent == 1440
    assert isinstance(row.record.happened_at, datetime.datetime)
