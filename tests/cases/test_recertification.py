"""年度の確認 (V14): still needed, given back, ended; who is told; nothing is widened."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog, Notice
from agencies.operations import file_job
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, run_next
from cases import enums
from cases.models import (
    Case,
    LeftWork,
    Note,
    Person,
    Recertification,
    Record,
    Referral,
    SupportTeam,
)
from cases.operations import (
    accept_referral,
    close_case,
    end_unconfirmed,
    give_back,
    keep_cases,
    refer,
    write_note,
)
from cases.operations.recertification import due_day, opening_day, stage
from cases.recertifying import figures, partners_unconfirmed, waiting_lines
from tests import world as w
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    world.members["manager"] = w.make_member(world.agencies["disability"], "agency_manager")
    return world


def sees(who, model, **facts):
    """Asked of the ORM and, without any filter, of the database."""
    with w.act(who):
        floor = set(model._base_manager.filter(**facts).values_list("pk", flat=True))
        door = model.objects.visible_to(who).filter(**facts)
        assert set(door.values_list("pk", flat=True)) == floor
    return bool(floor)


def note(by, case, text="訪ねた", **about):
    with w.act(by):
        row = write_note(
            case=case,
            by=by,
            text=text,
            method=enums.ContactMethod.VISIT,
            happened_at=timezone.now(),
            category=enums.Category.PROGRESS,
            **about,
        )
        return row.pk


def shared(city, *, days=800):
    """A household of the elderly centre that the disability centre has helped for so long."""
    case, (person, _other) = w.household(city.elderly)
    w.consent(city.elderly, person, city.agencies["disability"], household_tick=True)
    with w.act(city.elderly):
        sheet = refer(
            case=case,
            by=city.elderly,
            mode=enums.ReferralMode.CONSENT,
            to_agency=city.agencies["disability"],
            persons=[person],
            reason="連携",
            summary="概要",
        )
    with w.act(city.disability):
        accept_referral(referral=sheet, by=city.disability)
    if days:
        with as_owner():
            SupportTeam.objects.filter(case=case).update(
                joined_at=timezone.now() - datetime.timedelta(days=days)
            )
    return case, person


def waiting(by):
    with w.act(by):
        return [line.case_id for line in waiting_lines(by)]


def test_asked_about_what_was_open_before_the_round_began(city):
    old, _person = shared(city)
    shared(city, days=0)
    own, _persons = w.household(city.disability)
    assert waiting(city.manager) == [old.pk]
    assert own.pk not in waiting(city.manager)
    with w.act(city.elderly):
        close_case(case=old, by=city.elderly, reason="落ち着いた")
    assert waiting(city.manager) == []


def test_still_needed_is_kept_and_asked_again_in_the_next_round_only(city):
    case, _person = shared(city)
    with w.act(city.manager):
        assert keep_cases(by=city.manager, cases=[case.pk]) == 1
        with pytest.raises(ActionDenied, match="もう一度選んで"):
            keep_cases(by=city.manager, cases=[case.pk])
    assert waiting(city.manager) == []
    assert sees(city.disability, Case, pk=case.pk)
    with as_owner():
        row = Recertification.objects.get()
        assert (row.answer, row.agency_id) == ("kept", city.agencies["disability"].pk)
        assert AccessLog.objects.filter(what="keep_case", case_id=case.pk).count() == 1
        Recertification.objects.update(opened_on=row.opened_on - datetime.timedelta(days=365))
    assert waiting(city.manager) == [case.pk]


def test_given_back_closes_at_once_and_own_work_stays(city):
    case, person = shared(city)
    theirs = note(city.elderly, case, persons=[person])
    mine = note(city.disability, case, persons=[person])
    with w.act(city.manager):
        give_back(case=case, by=city.manager)
    for who in (city.disability, city.manager):
        assert not sees(who, Record, pk=theirs)
        assert not sees(who, Person, pk=person.pk)
        assert not sees(who, Referral, case=case)
        assert sees(who, Note, pk=mine)
    with w.act(city.disability), pytest.raises(DatabaseError), transaction.atomic():
        # The sheet it once accepted lets nobody in again.
        SupportTeam(case=case, agency=city.agencies["disability"], via="referral").save(
            force_insert=True
        )
    with w.act(city.elderly):
        told = Notice.objects.visible_to(city.elderly).filter(kind="recertification")
        assert [row.url for row in told] == [f"/cases/{case.pk}/"]
        answers = Recertification.objects.visible_to(city.elderly)
        assert [row.answer for row in answers] == ["given_back"]
    with as_owner():
        assert AccessLog.objects.filter(what="give_back", case_id=case.pk).exists()


@pytest.mark.parametrize("who", ["disability", "elderly", "head", "coordinator", "sysadmin"])
def test_only_the_agency_s_manager_answers(city, who):
    case, _person = shared(city)
    by = city.members[who]
    for answer in (
        lambda: keep_cases(by=by, cases=[case.pk]),
        lambda: give_back(case=case, by=by),
    ):
        with w.act(by), pytest.raises(ActionDenied):
            answer()
    with as_owner():
        assert not Recertification.objects.exists()


@pytest.mark.parametrize("who", ["disability", "elderly", "child", "sysadmin", "coordinator"])
def test_the_database_takes_no_answer_from_anybody_else(city, who):
    case, _person = shared(city)
    by = city.members[who]
    row = Recertification(
        case=case,
        agency=city.agencies["disability"],
        opened_on=opening_day(city.city),
        answer="kept",
        by=by,
    )
    with w.act(by), pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)
    for sql, values in (
        ("select kasane.give_back(%s, '[]')", [case.pk]),
        ("select kasane.close_part(%s, %s, 'ended', '[]')", [case.pk, row.agency_id]),
    ):
        with (
            w.act(by),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, values)


@pytest.mark.parametrize("change", ["answer", "opened_on", "agency", "case"])
def test_the_manager_says_nothing_else_than_still_needed_now(city, change):
    case, _person = shared(city)
    foreign, _persons = w.household(city.child)
    row = Recertification(
        case=foreign if change == "case" else case,
        agency=city.agencies["child" if change == "agency" else "disability"],
        opened_on=datetime.date(2031, 4, 1) if change == "opened_on" else opening_day(city.city),
        answer="given_back" if change == "answer" else "kept",
        by=city.manager,
    )
    with w.act(city.manager), pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)


def test_who_has_not_said_so_keeps_access_and_the_responsible_agency_may_end_it(city):
    case, person = shared(city)
    agency = city.agencies["disability"]
    assert sees(city.disability, Case, pk=case.pk)
    with w.act(city.elderly):
        assert [(h.case_id, h.agency_id) for h in partners_unconfirmed(city.elderly)] == [
            (case.pk, agency.pk)
        ]
    for who in ("disability", "child", "coordinator"):
        with w.act(city.members[who]):
            assert partners_unconfirmed(city.members[who]) == []
            with pytest.raises(ActionDenied):
                end_unconfirmed(case=case, agency=agency, by=city.members[who])
    with w.act(city.elderly):
        end_unconfirmed(case=case, agency=agency, by=city.elderly)
        with pytest.raises(ActionDenied, match="もう見ていません"):
            end_unconfirmed(case=case, agency=agency, by=city.elderly)
    assert not sees(city.disability, Person, pk=person.pk)
    with w.act(city.disability):
        assert Notice.objects.visible_to(city.disability).filter(kind="recertification").exists()


def test_before_the_month_is_over_nobody_ends_it(city):
    case, _person = shared(city)
    with as_owner():
        city.city.recertify_month = timezone.localdate().month
        city.city.save()
    assert waiting(city.manager) == [case.pk]
    by = w.Membership.objects.with_names().get(pk=city.elderly.pk)
    agency = city.agencies["disability"]
    with w.act(by), pytest.raises(ActionDenied, match="期限が過ぎてから"):
        end_unconfirmed(case=case, agency=agency, by=by)
    with (
        w.act(by),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("select kasane.end_unconfirmed(%s, %s, '[]')", [case.pk, agency.pk])


@pytest.mark.parametrize("who", ["coordinator", "head", "privacy"])
def test_office_and_privacy_officer_are_told_figures_of_their_city(client, city, who):
    shared(city)
    shared(w.city())
    by = city.members[who]
    with w.act(by):
        rows = figures(by)
    assert [(row.waiting, row.has_manager) for row in rows] == [(1, True)]
    sign_in(client, by)
    page = client.get(reverse("recertification_overview")).content.decode()
    assert city.agencies["disability"].name in page
    assert "未確認1件" in page


def test_nobody_else_is_told_figures(city):
    shared(city)
    for who in ("elderly", "disability", "manager", "admin", "sysadmin"):
        with w.act(city.members[who]), connection.cursor() as cursor:
            cursor.execute("select * from kasane.recertify_counts()")
            assert cursor.fetchall() == []


def test_python_and_the_database_name_the_same_round(city):
    for month in range(1, 13):
        with as_owner():
            city.city.recertify_month = month
            city.city.save()
            with connection.cursor() as cursor:
                cursor.execute("select kasane.recertify_round(%s)", [city.city.pk])
                assert cursor.fetchone() == (opening_day(city.city),)
    assert due_day(datetime.date(2026, 4, 1)) == datetime.date(2026, 5, 1)
    assert due_day(datetime.date(2026, 2, 1)) == datetime.date(2026, 3, 1)
    assert due_day(datetime.date(2026, 12, 1)) == datetime.date(2027, 1, 1)


def test_reminders_go_to_the_manager_then_to_the_others_and_stand_once(city):
    case, _person = shared(city)
    assert stage(city.city) in {"open", "remind", "late"}
    with as_owner():
        # Last month's round is late from the first of this one.
        city.city.recertify_month = (
            timezone.localdate().replace(day=1) - datetime.timedelta(1)
        ).month
        city.city.save()
    for _twice in range(2):
        file_due_jobs()
        while run_next():
            pass
        file_job("recertify", key=f"again{_twice}", args={"city": city.city.pk, "key": "same"})
    with w.act(city.manager):
        titles = [n.title for n in Notice.objects.visible_to(city.manager)]
        assert any("まだ必要かを確かめるケースが1件" in title for title in titles)
    with w.act(city.elderly):
        urls = [n.url for n in Notice.objects.visible_to(city.elderly)]
        assert urls.count("/recertification/others/") >= 1
    with w.act(city.coordinator):
        urls = [n.url for n in Notice.objects.visible_to(city.coordinator)]
        assert "/recertification/overview/" in urls
    with as_owner():
        assert not Notice.objects.filter(title__contains=case.number).exists()


def test_page_from_the_list_to_the_answer(client, city):
    case, person = shared(city)
    note(city.disability, case, persons=[person])
    quiet, _person = shared(city)
    sign_in(client, city.manager)
    url = reverse("recertification")
    page = client.get(url).content.decode()
    assert "仕事が続いているケース" in page
    assert "この半年、動きのないケース" in page
    assert f'value="{case.pk}" checked' in page
    assert f'value="{quiet.pk}" autocomplete' in page
    assert client.post(url, {}).status_code == 422
    foreign, _persons = w.household(city.child)
    response = client.post(url, {"cases": [str(case.pk), str(foreign.pk)]})
    assert response.status_code == 422
    page = response.content.decode()
    assert "もう一度選んでください" in page
    assert f'value="{case.pk}" checked' in page  # nothing chosen is lost
    page = client.post(url, {"cases": [str(case.pk)]}, follow=True).content.decode()
    assert "1件を、まだ必要と確認しました。" in page
    back = reverse("recertification_give_back", args=[quiet.pk])
    page = client.get(back).content.decode()
    assert "この機関の全員に閉じます" in page
    page = client.post(back, follow=True).content.decode()
    assert "ケースの閲覧を返しました" in page
    assert client.get(back).status_code == 404
    assert client.get(reverse("recertification_give_back", args=[foreign.pk])).status_code == 404
    with as_owner():
        assert AccessLog.objects.filter(what="recertification", action="list").exists()
        assert not LeftWork.objects.exists()


def test_todo_of_the_manager(client, city):
    shared(city)
    sign_in(client, city.manager)
    page = client.get(reverse("home")).content.decode()
    assert "年度の確認：まだ必要か、1件のケースを確かめる" in page


def test_pages_of_the_responsible_agency(client, city):
    case, _person = shared(city)
    sign_in(client, city.elderly)
    page = client.get(reverse("recertification_others")).content.decode()
    assert city.agencies["disability"].name in page
    url = reverse("recertification_end", args=[case.pk, city.agencies["disability"].pk])
    assert "先に電話で確かめてください" in client.get(url).content.decode()
    page = client.post(url, follow=True).content.decode()
    assert "閲覧を終えました" in page
    assert client.post(url).status_code == 403
