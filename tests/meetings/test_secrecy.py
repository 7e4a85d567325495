"""V6 and V7 sentence by sentence, against the ORM's door and raw SQL as the application's role."""

from __future__ import annotations

import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import SecretariatMember
from agencies.permissions import ActionDenied
from cases.models import CarryOut, CarryOutGrant, Case, Record
from cases.operations import write_note
from meetings.models import AgendaItem, ItemGrant
from meetings.operations import (
    CarryOutFacts,
    appoint,
    attach_earlier,
    close_sitting,
    decide_item,
    mark_attendance,
    name_secretary,
    pledge_as_secretary,
    propose_item,
    revoke_appointment,
    send_notice,
    take_pledge,
)
from tests import world as w
from tests.meetings import situations as s
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    world = w.city()
    w.list_secretary(world, world.coordinator)
    return world


def raw_count(member, table="meetings_agendaitem"):
    with w.act(member), connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        return cursor.fetchone()[0]


def refused(member, statement, *params):
    """The statement fails, or touches nothing."""
    with w.act(member):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.rowcount == 0
        except DatabaseError:
            return True


def test_only_the_secretariat_sees_a_proposed_item(city):
    item = s.secret_item(city)
    assert s.sees(city.coordinator, item)
    for name in ("head", "elderly", "elderly2", "disability", "admin", "privacy", "sysadmin"):
        assert not s.sees(city.members[name], item), name
        assert raw_count(city.members[name]) == 0, name


def test_appointed_without_pledge_sees_nothing(city):
    item = s.secret_item(city)
    grant = s.appointed(city, item, city.disability, pledged=False)
    s.noticed(city, item.sitting)
    assert not s.sees(city.disability, item)
    with w.act(city.disability):
        take_pledge(grant=grant, by=city.disability)
    assert s.sees(city.disability, item)


def test_pledged_before_the_notice_sees_nothing_until_it_goes_out(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    assert not s.sees(city.disability, item)
    s.noticed(city, item.sitting)
    assert s.sees(city.disability, item)


def test_colleague_and_agency_of_the_appointed_see_nothing(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.elderly)
    s.noticed(city, item.sitting)
    assert s.sees(city.elderly, item)
    assert not s.sees(city.elderly2, item)


def test_second_membership_of_the_appointed_user_sees_nothing(city):
    other = w.make_member(city.agencies["child"], "consultation_worker", user=city.disability.user)
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    assert not s.sees(other, item)


def test_head_not_listed_sees_nothing_and_cannot_appoint(city):
    item = s.secret_item(city)
    with w.act(city.head), pytest.raises(ActionDenied):
        appoint(item=item, by=city.head, member=city.disability)
    assert not s.sees(city.head, item)


def test_secretariat_of_last_fiscal_year_sees_nothing(city):
    item = s.secret_item(city)
    with w.act(city.head):
        SecretariatMember.objects.update(ended_at=timezone.now())
    w.list_secretary(city, city.coordinator, years_ago=1)
    assert not s.sees(city.coordinator, item)


def test_secretary_without_pledge_sees_nothing(city):
    item = s.secret_item(city)
    with w.act(city.head):
        SecretariatMember.objects.update(ended_at=timezone.now())
    w.list_secretary(city, city.coordinator, is_pledged=False)
    assert not s.sees(city.coordinator, item)


def test_after_the_closing_days_only_the_secretariat_sees(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    seven = s.fresh(city, item).open_period.upper
    assert seven == timezone.make_aware(
        datetime.datetime.combine(item.sitting.on + datetime.timedelta(days=8), datetime.time())
    )
    s.change(city, item, open_period=s.past())
    assert not s.sees(city.disability, item)
    assert s.sees(city.coordinator, item)


def test_closing_days_of_the_profile_decide(city):
    body = city.conferences["support"]
    body.closes_after_days = 2
    with as_owner():
        body.save()
    item = s.secret_item(city)
    s.noticed(city, item.sitting)
    days = (
        s.fresh(city, item).open_period.upper.astimezone(timezone.get_current_timezone()).date()
        - item.sitting.on
    )
    assert days.days == 3


def test_revoked_appointment_sees_nothing(city):
    item = s.secret_item(city)
    grant = s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    with w.act(city.coordinator):
        revoke_appointment(grant=grant, by=city.coordinator)
    assert not s.sees(city.disability, item)
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        revoke_appointment(grant=grant, by=city.coordinator)
    s.appointed(city, item, city.disability)
    assert s.sees(city.disability, item)


def test_appointed_see_the_item_and_not_the_rest_of_the_case(city):
    case, persons = w.household(city.elderly)
    with w.act(city.elderly):
        note = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
    item = s.secret_item(city, case=case)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    assert s.sees(city.disability, item)
    assert not s.sees(city.disability, case)
    assert not s.sees(city.disability, note.record)
    assert not s.sees(city.coordinator, case)


def test_laid_records_open_to_the_appointed_alone(city):
    case, persons = w.household(city.elderly)
    with w.act(city.elderly):
        laid = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
        kept = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
    w.list_secretary(city, city.elderly)
    sitting = s.make_sitting(city, "support")
    with w.act(city.elderly):
        item = propose_item(
            sitting=sitting,
            by=city.elderly,
            conference_type=city.conferences["support"],
            agenda_type="watching",
            case=case,
            persons=persons,
            title="t",
            briefing="b",
            materials=[laid.record],
        )
    s.appointed(city, item, city.disability)
    assert not s.sees(city.disability, laid.record)
    s.noticed(city, sitting)
    assert s.sees(city.disability, laid.record)
    assert not s.sees(city.disability, kept.record)
    assert not s.sees(city.child, laid.record)


def test_earlier_item_attached_opens_to_the_newly_appointed(city):
    case, _persons = w.household(city.elderly)
    earlier = s.secret_item(city, case=case)
    item = s.secret_item(city, case=case)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    assert not s.sees(city.disability, earlier)
    with w.act(city.coordinator):
        attach_earlier(item=item, by=city.coordinator, earlier=earlier)
    assert s.sees(city.disability, earlier)
    assert not s.sees(city.child, earlier)


def test_attaching_an_item_of_another_case_is_refused(city):
    earlier, item = s.secret_item(city), s.secret_item(city)
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        attach_earlier(item=item, by=city.coordinator, earlier=earlier)
    assert refused(
        city.coordinator,
        "update meetings_agendaitem set attached_ids = %s where id = %s",
        [earlier.pk],
        item.pk,
    )


def test_pledge_for_somebody_else_is_refused(city):
    item = s.secret_item(city)
    grant = s.appointed(city, item, city.disability, pledged=False)
    for other in (city.coordinator, city.elderly):
        with w.act(other), pytest.raises(ActionDenied):
            take_pledge(grant=grant, by=other)
        assert refused(
            other, "update meetings_itemgrant set pledged_at = now() where id = %s", grant.pk
        )
    with w.act(city.disability):
        assert ItemGrant.objects.get(pk=grant.pk).pledged_at is None


def test_appointment_after_closing_is_refused(city):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="shared", opinion="o", minutes="m")
        close_sitting(sitting=item.sitting, by=city.coordinator)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="終了"):
        appoint(item=item, by=city.coordinator, member=city.disability)


@pytest.mark.parametrize("name", ["admin", "privacy", "sysadmin"])
def test_roles_that_read_no_cases_cannot_be_appointed(city, name):
    item = s.secret_item(city)
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        appoint(item=item, by=city.coordinator, member=city.members[name])


def test_appointing_twice_or_a_secretary_or_a_stranger_is_refused(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    stranger = w.city().disability
    for member in (city.disability, city.coordinator, stranger):
        with w.act(city.coordinator), pytest.raises(ActionDenied):
            appoint(item=item, by=city.coordinator, member=member)


def test_the_appointed_read_and_change_nothing(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.disability)
    s.noticed(city, item.sitting)
    for change in (
        "opinion = 'x'",
        "open_period = tstzrange(now(), null)",
        "state = 'decided'",
        "basis = 'consent'",
        "participant_ids = '{1}'",
    ):
        assert refused(
            city.disability, f"update meetings_agendaitem set {change} where id = %s", item.pk
        ), change


def test_nobody_keeps_an_item_open_for_ever(city):
    item = s.secret_item(city)
    s.noticed(city, item.sitting)
    assert refused(
        city.coordinator,
        "update meetings_agendaitem set open_period = tstzrange(now(), null) where id = %s",
        item.pk,
    )


@pytest.mark.parametrize("member", ["head", "elderly", "disability"])
def test_who_is_not_listed_cannot_appoint_by_sql(city, member):
    item = s.secret_item(city)
    who = city.members[member]
    assert refused(
        who,
        """insert into meetings_itemgrant (id, permission_id, user_id, content_object_id,
           membership_id, conference_type_id, sitting_id, appointed_by_id, appointed_at)
           select gen_random_uuid(), p.id, %s, %s, %s, %s, %s, %s, now()
           from auth_permission p where codename = 'view_agendaitem'""",
        who.user_id,
        item.pk,
        who.pk,
        item.conference_type_id,
        item.sitting_id,
        who.pk,
    )


def test_a_secretary_of_another_body_cannot_appoint_to_a_sealed_item(city):
    other = city.conferences["plan"]
    other.bases = ["106-6"]
    with as_owner():
        other.save()
    w.list_secretary(city, city.head, "plan")
    item = s.secret_item(city)
    assert not s.sees(city.head, item)
    assert refused(
        city.head,
        """insert into meetings_itemgrant (id, permission_id, user_id, content_object_id,
           membership_id, conference_type_id, sitting_id, appointed_by_id, appointed_at)
           select gen_random_uuid(), p.id, %s, %s, %s, %s, %s, %s, now()
           from auth_permission p where codename = 'view_agendaitem'""",
        city.head.user_id,
        item.pk,
        city.head.pk,
        other.pk,
        item.sitting_id,
        city.head.pk,
    )


def carried(city, review_days=30):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    review = timezone.localdate() + datetime.timedelta(days=review_days)
    with w.act(city.coordinator):
        decided = decide_item(
            item=item,
            by=city.coordinator,
            decision="roles",
            opinion="o",
            minutes="m",
            carry_out=CarryOutFacts("月2回、声をかける", [city.outreach], review),
        )
    return item, decided.carry_out


def test_carry_out_is_seen_by_the_named_people_until_the_review_date(city):
    item, carry_out = carried(city)
    assert s.sees(city.outreach, carry_out)
    assert not s.sees(city.outreach, item)
    assert not s.sees(city.elderly, carry_out)
    with w.act(city.outreach):
        grant = CarryOutGrant.objects.get(content_object=carry_out)
    assert grant.period.upper.astimezone(timezone.get_current_timezone()).date() == (
        carry_out.review_on + datetime.timedelta(days=1)
    )
    s.change(city, grant, period=s.past())
    assert not s.sees(city.outreach, carry_out)


def test_records_under_a_carry_out_open_to_its_people_alone(city):
    _item, carry_out = carried(city)
    with w.act(city.outreach):
        note = write_note(
            case=Case(pk=carry_out.case_id),
            by=city.outreach,
            text="t",
            method="visit",
            carry_out=carry_out,
        )
    assert s.sees(city.outreach, note.record)
    for other in (city.elderly, city.coordinator, city.head):
        assert not s.sees(other, note.record)


def test_carry_out_is_not_prolonged_or_taken_by_sql(city):
    _item, carry_out = carried(city)
    assert refused(
        city.outreach,
        "update cases_carryoutgrant set period = tstzrange(now(), null)"
        " where content_object_id = %s",
        carry_out.pk,
    )
    assert refused(
        city.disability,
        """insert into cases_carryoutgrant (id, permission_id, user_id, content_object_id,
           membership_id, granted_by_id, period)
           select gen_random_uuid(), p.id, %s, %s, %s, %s, tstzrange(now(), null)
           from auth_permission p where codename = 'view_carryout'""",
        city.disability.user_id,
        carry_out.pk,
        city.disability.pk,
        city.disability.pk,
    )


@pytest.mark.parametrize(
    ("text", "people", "days", "match"),
    [
        ("", 1, 30, "内容"),
        ("t", 0, 30, "相手"),
        ("t", 1, 0, "見直し日"),
    ],
)
def test_carry_out_needs_text_people_and_a_coming_review(city, text, people, days, match):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    review = timezone.localdate() + datetime.timedelta(days=days)
    facts = CarryOutFacts(text, [city.outreach][:people], review)
    with w.act(city.coordinator):
        with pytest.raises(ActionDenied, match=match):
            decide_item(
                item=item,
                by=city.coordinator,
                decision="roles",
                opinion="o",
                minutes="m",
                carry_out=facts,
            )
        assert not CarryOut.objects.filter(case=item.case_id).exists()


def test_watching_comes_back_to_the_next_sitting_with_what_was_laid(city):
    later = s.make_sitting(city, "support", days=30)
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="watch", opinion="o", minutes="m")
        again = AgendaItem.objects.get(sitting=later)
    assert again.attached_ids == [item.pk]
    assert again.state == "proposed"
    assert again.open_period is None


def test_watching_without_a_next_sitting_needs_a_review_date(city):
    item = s.secret_item(city)
    s.opened(city, item.sitting)
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="次回の確認日"):
        decide_item(item=item, by=city.coordinator, decision="watch", opinion="o", minutes="m")


def test_attendance_under_secrecy_is_of_the_pledged(city):
    item = s.secret_item(city)
    s.appointed(city, item, city.disability, pledged=False)
    s.opened(city, item.sitting)
    for member, match in ((city.disability, "誓約"), (city.child, "指名")):
        with w.act(city.coordinator), pytest.raises(ActionDenied, match=match):
            mark_attendance(item=item, by=city.coordinator, membership=member, attendance="present")


def test_merged_body_is_always_under_secrecy_and_consent_widens_nothing(city):
    body = city.conferences["plan"]
    body.bases, body.consent = ["106-6"], "best_effort"
    with as_owner():
        body.save()
    w.list_secretary(city, city.coordinator, "plan")
    house = s.consented_household(city, "disability")
    with w.act(city.elderly), pytest.raises(ActionDenied, match="事務局名簿"):
        s.consented_item(city, house, "disability")
    w.list_secretary(city, city.elderly, "plan")
    item = s.consented_item(city, house, "disability", sitting=s.make_sitting(city, "plan"))
    assert item.basis == "secrecy"
    assert item.participant_ids == []
    s.noticed(city, item.sitting)
    assert not s.sees(city.disability, item)
    assert s.sees(city.coordinator, item)
    assert not s.sees(city.elderly2, item)


def test_unlisted_office_closes_the_cover_without_learning_of_a_sealed_item(city):
    sitting = s.make_sitting(city, "plan", "support")
    item = s.secret_item(city, sitting=sitting)
    s.opened(city, sitting)
    with w.act(city.head):
        close_sitting(sitting=sitting, by=city.head)
    assert not s.sees(city.head, item)
    with w.act(city.coordinator):
        decide_item(item=item, by=city.coordinator, decision="shared", opinion="o", minutes="m")
    assert s.fresh(city, item).state == "decided"


def test_only_listed_secretaries_propose(city):
    sitting = s.make_sitting(city, "support")
    case, persons = w.household(city.elderly)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="事務局名簿"):
        propose_item(
            sitting=sitting,
            by=city.elderly,
            conference_type=city.conferences["support"],
            agenda_type="watching",
            case=case,
            persons=persons,
            title="t",
            briefing="b",
        )


def test_notice_by_an_unlisted_office_leaves_sealed_items_closed(city):
    sitting = s.make_sitting(city, "plan", "support")
    item = s.secret_item(city, sitting=sitting)
    with w.act(city.head):
        assert send_notice(sitting=sitting, by=city.head) == 0
    assert s.fresh(city, item).open_period is None
    s.noticed(city, sitting)
    assert s.fresh(city, item).open_period is not None


def test_secretariat_is_named_by_the_hosts_head_and_pledges_itself():
    city = w.city()
    body = city.conferences["support"]
    with w.act(city.coordinator), pytest.raises(ActionDenied):
        name_secretary(conference_type=body, member=city.coordinator, by=city.coordinator)
    with w.act(city.head), pytest.raises(ActionDenied, match="事務局の機関"):
        name_secretary(conference_type=body, member=city.elderly, by=city.head)
    with w.act(city.head):
        entry = name_secretary(conference_type=body, member=city.coordinator, by=city.head)
        with pytest.raises(ActionDenied, match="本人だけ"):
            pledge_as_secretary(entry=entry, by=city.head)
    case, _persons = w.household(city.elderly)
    with w.act(city.coordinator):
        pledge_as_secretary(entry=entry, by=city.coordinator)
    assert s.sees(city.coordinator, s.secret_item(city, case=case))


def test_a_secretary_lays_only_what_they_may_read(city):
    case, persons = w.household(city.elderly)
    with w.act(city.elderly):
        note = write_note(case=case, by=city.elderly, text="t", method="visit", persons=persons)
    item = s.secret_item(city, case=case)
    assert refused(
        city.coordinator,
        "update meetings_agendaitem set material_ids = %s where id = %s",
        [note.record_id],
        item.pk,
    )
    assert not s.sees(city.coordinator, Record(pk=note.record_id))
