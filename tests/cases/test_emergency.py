"""緊急閲覧 (V8): one household, some hours, one person; told at once, reviewed by others."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import AccessLog, Agency, Notice
from agencies.permissions import ActionDenied
from cases.disclosures import emergency_grounds
from cases.models import CarryOut, Case, Consent, Emergency, Person, Record, SupportTeam
from cases.operations import (
    add_person,
    end_emergency,
    open_emergency,
    review_emergency,
    write_note,
)
from cases.operations.case import PersonFacts
from cases.operations.emergency import EmergencyFacts
from tests import world as w
from tests.cases.pages import get, page, post, text
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
BORN = datetime.date(1950, 4, 1)


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    """A mother known by kana and birth date, and her son; nobody consented to anything."""
    mother = PersonFacts(name="架空野 梅", name_kana="かくうの うめ", birth_on=BORN)
    return w.household(city.elderly, mother, PersonFacts(name="架空野 太郎"))


def facts(city, **more):
    agency = Agency.objects.select_related("of_type").get(pk=city.agencies["child"].pk)
    ground = emergency_grounds(agency, timezone.localdate())[0]
    return EmergencyFacts(
        **{"danger": "life", "ground": ground, "reason": "電話の向こうで倒れた音がした", **more}
    )


def sees(by, model, **which):
    """Whether somebody sees such a row: the ORM's door and the database's floor agree."""
    with w.act(by):
        floor = model._base_manager.filter(**which).exists()
        assert model.objects.visible_to(by).filter(**which).exists() == floor
    return floor


def team_seen(by, case):
    with w.act(by):
        return SupportTeam.objects.filter(case=case).exists()


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def opened(city, case, by=None):
    by = by or city.child
    with w.act(by):
        return open_emergency(by=by, facts=facts(city, number=case.number))


def test_open_by_number_opens_to_the_worker_alone_for_four_hours(city, house):
    case, (mother, son) = house
    with w.act(city.elderly):
        team = write_note(case=case, by=city.elderly, text="訪問", method="visit", persons=[mother])
        own = write_note(case=case, by=city.elderly, text="自機関だけ", method="visit",
                         persons=[mother], audience="agency")  # fmt: skip
        secret = write_note(case=case, by=city.elderly, text="通告者", method="visit",
                            persons=[mother], category="notifier", audience="agency")  # fmt: skip
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert not sees(city.child, Case, pk=case.pk)
    row = opened(city, case)
    assert row.period.upper - row.period.lower == datetime.timedelta(hours=4)
    assert sees(city.child, Case, pk=case.pk)
    assert sees(city.child, Person, pk=son.pk)
    assert sees(city.child, Record, pk=team.pk)
    assert team_seen(city.child, case)
    assert not sees(city.child, Record, pk=own.pk)
    assert not sees(city.child, Record, pk=secret.pk)
    assert not sees(city.child, Consent, case=case)
    assert not sees(colleague, Case, pk=case.pk)
    assert not sees(colleague, Emergency, pk=row.pk)


def test_open_by_kana_and_birth_needs_both_exactly(city, house):
    case, _persons = house
    with w.act(city.child):
        for more in (
            {"kana": "かくうの", "birth_on": BORN},
            {"kana": "かくうの うめ", "birth_on": BORN + datetime.timedelta(days=1)},
            {"kana": "かくうの うめ", "birth_on": None},
            {"number": "K8-22222"},
        ):
            assert open_emergency(by=city.child, facts=facts(city, **more)) is None
        assert AccessLog.objects.filter(what="open_emergency", was_allowed=False).count() == 4
        row = open_emergency(by=city.child, facts=facts(city, kana="カクウノ ウメ", birth_on=BORN))
    assert row is not None
    assert row.content_object_id == case.pk


def test_open_in_another_city_or_for_two_households_opens_nothing(city, house):
    other = w.city()
    case, _persons = house
    with w.act(other.child):
        assert open_emergency(by=other.child, facts=facts(other, number=case.number)) is None
    twin = PersonFacts(name="架空野 梅", name_kana="かくうの うめ", birth_on=BORN)
    w.household(city.disability, twin)
    with w.act(city.child), pytest.raises(ActionDenied, match="ケース番号"):
        open_emergency(by=city.child, facts=facts(city, kana="かくうの うめ", birth_on=BORN))


def test_open_tells_the_responsible_agency_and_the_privacy_officer_without_a_name(city, house):
    case, _persons = house
    row = opened(city, case)
    for member in (city.elderly, city.privacy):
        with w.act(member):
            notice = Notice.objects.visible_to(member).get(kind="emergency")
            assert str(row.pk) in notice.url
            assert case.number not in notice.title
            assert "架空野" not in notice.title
    with w.act(city.disability):
        assert not Notice.objects.visible_to(city.disability).filter(kind="emergency").exists()


def test_open_gives_nothing_to_write_and_nothing_that_lasts(city, house):
    case, (mother, _son) = house
    row = opened(city, case)
    with w.act(city.child):
        with pytest.raises(ActionDenied):
            write_note(case=case, by=city.child, text="x", method="visit", persons=[mother])
        with pytest.raises(ActionDenied):
            add_person(case=case, by=city.child, facts=PersonFacts(name="架空 三"))
        with pytest.raises(DatabaseError), transaction.atomic():
            SupportTeam(case=case, agency=city.agencies["child"], via="referral").save(
                force_insert=True
            )
    with as_owner():
        sql(
            "UPDATE cases_emergency SET period = tstzrange(lower(period) - interval '5 hours',"
            " upper(period) - interval '5 hours') WHERE id = %s",
            row.pk,
        )
    assert not sees(city.child, Case, pk=case.pk)
    assert not sees(city.child, Person, pk=mother.pk)


def test_the_holder_changes_nothing_of_it(city, house):
    """Immutable for the one who holds it: not its end, not its review (Vaultwarden 2024)."""
    case, _persons = house
    row = opened(city, case)
    with w.act(city.child):
        with pytest.raises(ActionDenied):
            end_emergency(emergency=row, by=city.child)
        for change in (
            "period = tstzrange(now(), NULL)", "ended_at = now()", "reason = 'x'",
            "finding = 'justified', review = 'x', reviewed_at = now(),"
            f" reviewed_by_id = '{city.child.pk}'",
        ):  # fmt: skip
            with pytest.raises(DatabaseError):
                sql(f"UPDATE cases_emergency SET {change} WHERE id = %s", row.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            Emergency.objects.filter(pk=row.pk).delete()


def test_the_responsible_agency_ends_it_and_the_privacy_officer_reviews_it_once(city, house):
    case, _persons = house
    row = opened(city, case)
    with w.act(city.elderly):
        end_emergency(emergency=row, by=city.elderly)
        with pytest.raises(ActionDenied):
            review_emergency(emergency=row, by=city.elderly, finding="justified", review="よい")
    assert not sees(city.child, Case, pk=case.pk)
    with w.act(city.privacy):
        review_emergency(emergency=row, by=city.privacy, finding="justified", review="電話で確認")
        assert not Emergency.objects.visible_to(city.privacy).unreviewed().exists()
        with pytest.raises(ActionDenied, match="終わって"):
            review_emergency(emergency=row, by=city.privacy, finding="justified", review="二度")


def test_roles_without_the_right_open_nothing(city, house):
    case, _persons = house
    for member in (city.admin, city.sysadmin, city.privacy, city.community):
        with w.act(member), pytest.raises(ActionDenied):
            open_emergency(by=member, facts=facts(city, number=case.number))
        ask = "SELECT kasane.open_emergency(gen_random_uuid(), %s, '', NULL, 'life', %s, %s)"
        with w.act(member), pytest.raises(DatabaseError):
            sql(ask, case.number, 1, "電話の向こうで倒れた音がした")


def test_carried_out_and_sealed_stay_closed(city, house):
    case, _persons = house
    opened(city, case)
    assert not sees(city.child, CarryOut, case=case)


def test_pages_from_the_door_to_the_review(city, house):
    case, _persons = house
    shown = get(city.child, "/emergencies/new/")
    typed = {
        "number": case.number,
        "danger": "life",
        "reason": "電話の向こうで倒れた音がした",
        "ground": shown.context["form"].fields["ground"].choices[0][0],
    }
    assert "点検されます" in text(post(city.child, "/emergencies/new/", typed | {"step": "check"}))
    with w.act(city.privacy):
        assert not Emergency.objects.visible_to(city.privacy).exists()
    done = post(city.child, "/emergencies/new/", typed | {"step": "open"})
    assert done.status_code == 302
    assert "緊急閲覧で開いています" in text(page(city.child, case))
    # No way to look around: the list does not show it.
    assert case.number not in text(get(city.child, "/cases/"))
    assert "緊急閲覧を点検する" in text(get(city.privacy, "/"))
    for member in (city.privacy, city.elderly):
        assert str(city.child.user) in text(get(member, "/emergencies/"))
    with w.act(city.privacy):
        row = Emergency.objects.visible_to(city.privacy).get()
    address = f"/emergencies/{row.pk}/"
    assert "倒れた音" in text(get(city.privacy, address))
    assert "倒れた音" in text(get(city.elderly, address))
    assert get(city.disability, address).status_code == 404
    bare = post(city.privacy, f"{address}review/", {"finding": "justified", "review": ""})
    assert "分かったことを書いて" in text(bare, 422)
    post(city.privacy, f"{address}review/", {"finding": "justified", "review": "電話で確認した"})
    assert "緊急閲覧を点検する" not in text(get(city.privacy, "/"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": ""}, "どちらか"),
        ({"number": "", "kana": "かくうの うめ"}, "生年月日も"),
        ({"number": "12-3"}, "K8-7QF2M"),
        ({"reason": "急ぎ"}, "10文字以上"),
        ({"danger": ""}, "なにが危険か"),
        ({"ground": ""}, "根拠を選んで"),
        ({"number": "K8-22222"}, "見つかりませんでした"),
    ],
)
def test_wrong_input_gets_a_sentence_and_keeps_what_was_typed(city, house, wrong, said):
    case, _persons = house
    shown = get(city.child, "/emergencies/new/")
    ground = shown.context["form"].fields["ground"].choices[0][0]
    typed = {
        "number": case.number, "danger": "life", "reason": "電話の向こうで倒れた音がした",
        "ground": ground, "step": "open",
    }  # fmt: skip
    answer = post(city.child, "/emergencies/new/", typed | wrong)
    assert said in text(answer, 422)
    assert (wrong.get("reason") or typed["reason"]) in text(answer, 422)
