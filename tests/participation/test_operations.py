"""Register, match and follow-up: what they write, what they refuse, who sees it."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import Record
from cases.operations import accept_referral, close_case, refer
from cases.operations.case import PersonFacts
from participation.enums import MatchStatus, ResourceKind
from participation.models import FollowUp, Match, Resource
from participation.operations import (
    MatchFacts,
    ResourceFacts,
    add_resource,
    change_resource,
    end_resource,
    follow_up,
    match,
)
from tests import world as w

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
TODAY = timezone.localdate


class Keys:
    """A queryset by keys that does not depend on who evaluates it."""

    def __init__(self, model, *keys):
        self.model, self._keys = model, keys

    def values_list(self, *args, **kwargs):
        return list(self._keys)


def sees(member, model, *keys):
    return w.sees(member, Keys(model, *keys))


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def own(city):
    return w.household(city.participation)


def host(by, kind=ResourceKind.PLACE_TO_BE, **facts):
    with w.act(by):
        return add_resource(by=by, facts=ResourceFacts(name="架空農園", kind=kind, **facts))


def matched(by, case, person, resource, key=None, **facts):
    with w.act(by):
        return match(
            case=case,
            person=person,
            resource=resource,
            by=by,
            facts=MatchFacts(activity="収穫の手伝い", **facts),
            form_key=key or uuid.uuid4(),
        )


def followed(by, row, status, on=None, **kwargs):
    with w.act(by):
        return follow_up(
            match=row, by=by, on=on or TODAY(), text="楽しそうだった", status_after=status, **kwargs
        )


def opened_to(city, case, person, *, categories=None):
    """The person's consent opens the case to the disability agency."""
    w.consent(
        city.participation,
        person,
        city.agencies["disability"],
        city.agencies["participation"],
        categories=categories,
    )
    with w.act(city.participation):
        referral = refer(
            case=case,
            by=city.participation,
            mode="consent",
            reason="r",
            summary="s",
            persons=[person],
            to_agency=city.agencies["disability"],
        )
    with w.act(city.disability):
        accept_referral(referral=referral, by=city.disability)


def test_register_is_the_citys_and_nobody_elses(city):
    row = host(city.participation, area="東小学校区")
    other = w.city()
    assert sees(city.disability, Resource, row.pk)
    assert not sees(other.participation, Resource, row.pk)
    with w.act(other.participation), pytest.raises(ActionDenied, match="ほかの市"):
        change_resource(
            resource=row, by=other.participation, facts=ResourceFacts(name="x", kind="other")
        )


def test_add_resource_twice_with_one_key_adds_once(city):
    key = uuid.uuid4()
    with w.act(city.participation):
        facts = ResourceFacts(name="架空カフェ", kind=ResourceKind.WORK)
        first = add_resource(by=city.participation, facts=facts, form_key=key)
        assert add_resource(by=city.participation, facts=facts, form_key=key) == first


@pytest.mark.parametrize("role", ["elderly", "outreach", "community", "head", "admin"])
def test_register_is_kept_by_the_role_alone(city, role):
    with pytest.raises(ActionDenied, match="参加先とつなぐ"):
        host(city.members[role])


@pytest.mark.parametrize(
    ("kind", "category"),
    [(ResourceKind.WORK, "work"), (ResourceKind.VOLUNTEER, "progress")],
)
def test_match_is_a_record_of_the_person_in_the_category_of_its_kind(city, own, kind, category):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation, kind))
    with w.act(city.participation):
        record = Record.objects.get(pk=row.pk)
    assert (record.kind, record.category) == ("match", category)
    assert (record.person_ids, record.audience) == ([mother.pk], "team")


def test_match_opens_only_with_that_persons_consent_in_its_category(city, own):
    case, (mother, son) = own
    opened_to(city, case, mother, categories=["basic", "progress"])
    place, work = host(city.participation), host(city.participation, ResourceKind.WORK)
    hers = matched(city.participation, case, mother, place)
    her_work = matched(city.participation, case, mother, work)
    his = matched(city.participation, case, son, place)
    assert sees(city.disability, Match, hers.pk)
    assert not sees(city.disability, Match, her_work.pk)
    assert not sees(city.disability, Match, his.pk)
    assert not sees(city.elderly, Match, hers.pk)


def test_match_twice_with_one_key_matches_once(city, own):
    case, (mother, _son) = own
    place, key = host(city.participation), uuid.uuid4()
    first = matched(city.participation, case, mother, place, key)
    assert matched(city.participation, case, mother, place, key).pk == first.pk
    with w.act(city.participation):
        assert Record.objects.filter(kind="match").count() == 1


def test_match_of_a_person_of_another_case_is_refused(city, own):
    case, _persons = own
    _other, (stranger, _second) = w.household(city.participation)
    with pytest.raises(ActionDenied, match="世帯員ではありません"):
        matched(city.participation, case, stranger, host(city.participation))


def test_match_of_who_has_died_is_refused(city):
    case, (gone,) = w.household(
        city.participation, PersonFacts(name="架空野 一郎", is_deceased=True)
    )
    with pytest.raises(ActionDenied, match="亡くなった"):
        matched(city.participation, case, gone, host(city.participation))


def test_match_with_an_ended_host_is_refused(city, own):
    case, (mother, _son) = own
    place = host(city.participation)
    with w.act(city.participation):
        end_resource(resource=place, by=city.participation, on=TODAY())
    with pytest.raises(ActionDenied, match="受け入れを終えています"):
        matched(city.participation, case, mother, place)


def test_match_that_begins_at_its_end_is_refused(city, own):
    case, (mother, _son) = own
    with pytest.raises(ActionDenied, match="はじめの状態"):
        matched(
            city.participation, case, mother, host(city.participation), status=MatchStatus.SETTLED
        )


def test_match_of_a_closed_case_is_refused(city, own):
    case, (mother, _son) = own
    with w.act(city.participation):
        close_case(case=case, by=city.participation, reason="終結")
    with pytest.raises(ActionDenied, match="終結"):
        matched(city.participation, case, mother, host(city.participation))


def test_follow_up_moves_the_match_and_keeps_what_was_seen(city, own):
    case, (mother, _son) = own
    row = matched(
        city.participation, case, mother, host(city.participation), status=MatchStatus.ACTIVE
    )
    next_on = TODAY() + datetime.timedelta(days=30)
    written = followed(city.participation, row, MatchStatus.SETTLED, next_on=next_on)
    with w.act(city.participation):
        row.refresh_from_db()
        record = Record.objects.get(pk=written.pk)
    assert (row.status, row.settled_on, row.follow_up_on) == ("settled", TODAY(), next_on)
    assert row.version == 2
    assert (record.kind, record.category, record.person_ids) == (
        "follow_up",
        "progress",
        [mother.pk],
    )
    followed(city.participation, row, MatchStatus.ENDED)
    with w.act(city.participation):
        row.refresh_from_db()
    assert (row.status, row.ended_on, row.settled_on) == ("ended", TODAY(), TODAY())
    followed(city.participation, row, MatchStatus.ENDED)  # 支援終了後のモニタリング


@pytest.mark.parametrize(
    ("before", "after"),
    [("proposed", "settled"), ("trial", "proposed"), ("trial", "settled"), ("active", "trial")],
)
def test_follow_up_to_a_state_that_does_not_follow_is_refused(city, own, before, after):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation), status=before)
    with pytest.raises(ActionDenied, match="変えられません"):
        followed(city.participation, row, after)


def test_follow_up_by_an_agency_that_only_reads_is_refused(city, own):
    case, (mother, _son) = own
    opened_to(city, case, mother)
    row = matched(city.participation, case, mother, host(city.participation))
    reader = w.make_member(city.agencies["disability"], "participation_worker")
    with w.act(reader):
        seen = Match.objects.visible_to(reader).select_related("record").get(pk=row.pk)
    with pytest.raises(ActionDenied, match="つないだ機関"):
        followed(reader, seen, MatchStatus.TRIAL)


def test_follow_up_twice_with_one_key_is_written_once(city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    key = uuid.uuid4()
    first = followed(city.participation, row, MatchStatus.TRIAL, form_key=key)
    assert followed(city.participation, row, MatchStatus.TRIAL, form_key=key).pk == first.pk
    with w.act(city.participation):
        assert FollowUp.objects.count() == 1


def test_ended_without_its_day_is_refused_by_the_database(city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    row.status = MatchStatus.ENDED
    with w.act(city.participation), pytest.raises(IntegrityError), transaction.atomic():
        row.save(update_fields=["status"])


def test_who_does_not_match_people_is_told_which_right_is_missing(city, own):
    case, (person, _other) = own
    opened_to(city, case, person)
    with pytest.raises(ActionDenied, match="「参加先とつなぐ」ことはできません"):
        matched(city.disability, case, person, host(city.participation))


def test_a_form_of_somebody_one_may_not_see_saves_nothing_and_says_so(city, own):
    case, (person, _other) = own
    resource, key = host(city.participation), uuid.uuid4()
    other = w.city().participation
    theirs, (somebody, _second) = w.household(other)
    row = matched(other, theirs, somebody, host(other), key=key)
    followed(other, row, MatchStatus.TRIAL, form_key=key)
    with pytest.raises(ActionDenied, match="保存できませんでした"):
        matched(city.participation, case, person, resource, key=key)
    mine = matched(city.participation, case, person, resource)
    with pytest.raises(ActionDenied, match="保存できませんでした"):
        followed(city.participation, mine, MatchStatus.TRIAL, form_key=key)
