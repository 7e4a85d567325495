"""Places, events and issues: what they write, what they refuse, who sees where they came from."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import Committee
from agencies.permissions import ActionDenied
from cases.models import Record
from cases.operations import accept_referral, close_case, refer
from cases.operations.case import PersonFacts
from community.models import CommunityIssue, IssueSource, IssueStep, Place, PlaceEvent
from community.operations import (
    IssueFacts,
    PlaceFacts,
    add_place,
    change_place,
    end_place,
    move_issue,
    raise_issue,
    record_event,
)
from community.wording import names_case, names_somebody
from tests import world as w
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
DAY = datetime.timedelta(days=1)


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


def place(by, **facts):
    with w.act(by):
        return add_place(by=by, facts=PlaceFacts(name="架空サロン", kind="salon", **facts))


def event(by, where, on=None, **kwargs):
    with w.act(by):
        return record_event(
            place=where, by=by, on=on or timezone.localdate(), participants=12, **kwargs
        )


def issue(by, case=None, key=None, title="通院の足がない", text="バスが減った地区がある", note=""):
    with w.act(by):
        return raise_issue(
            by=by,
            facts=IssueFacts(title=title, text=text),
            case=case,
            note=note,
            form_key=key or uuid.uuid4(),
        )


def moved(by, row, to, **kwargs):
    with w.act(by):
        return move_issue(issue=row, by=by, to=to, **kwargs)


def household(by):
    return w.household(
        by,
        PersonFacts(name="大山 花子", name_kana="おおやま はなこ"),
        PersonFacts(name="大山　健", name_kana="おおやま けん"),
    )


def test_place_and_event_are_the_citys_and_nobody_elses(city):
    salon = place(city.community)
    gathering = event(city.community, salon)
    other = w.city()
    for model, key in ((Place, salon.pk), (PlaceEvent, gathering.pk)):
        assert sees(city.elderly, model, key)
        assert not sees(other.community, model, key)


@pytest.mark.parametrize("role", ["elderly", "outreach", "admin", "privacy"])
def test_place_is_recorded_by_the_role_alone(city, role):
    with pytest.raises(ActionDenied, match="地域の活動を記録する"):
        place(city.members[role])


def test_event_twice_with_one_key_counts_once(city):
    salon, key = place(city.community), uuid.uuid4()
    first = event(city.community, salon, form_key=key)
    assert event(city.community, salon, form_key=key).pk == first.pk
    with w.act(city.community):
        assert PlaceEvent.objects.count() == 1


def test_event_outside_of_the_places_life_is_refused(city):
    today = timezone.localdate()
    salon = place(city.community, opened_on=today - 5 * DAY)
    with pytest.raises(ActionDenied, match="開いている間"):
        event(city.community, salon, today - 6 * DAY)
    with w.act(city.community):
        end_place(place=salon, by=city.community, on=today - DAY)
    with pytest.raises(ActionDenied, match="開いている間"):
        event(city.community, salon)
    event(city.community, salon, today - DAY)


def test_place_cannot_end_before_it_opened(city):
    today = timezone.localdate()
    salon = place(city.community, opened_on=today)
    with w.act(city.community), pytest.raises(ActionDenied, match="開いた日からあと"):
        end_place(place=salon, by=city.community, on=today - DAY)


def test_place_of_another_city_is_not_changed(city):
    salon = place(city.community)
    other = w.city()
    with w.act(other.community), pytest.raises(ActionDenied, match="ほかの市"):
        change_place(place=salon, by=other.community, facts=PlaceFacts(name="x", kind="other"))


def test_issue_is_read_by_the_city_and_its_source_by_its_agency_alone(city):
    case, persons = household(city.participation)
    w.consent(
        city.participation, persons[0], city.agencies["elderly"], city.agencies["participation"]
    )
    with w.act(city.participation):
        referral = refer(
            case=case,
            by=city.participation,
            mode="consent",
            reason="r",
            summary="s",
            persons=persons[:1],
            to_agency=city.agencies["elderly"],
        )
    with w.act(city.elderly):
        accept_referral(referral=referral, by=city.elderly)
    row = issue(city.participation, case, note="通院の相談から")
    with w.act(city.participation):
        source = IssueSource.objects.select_related("record").get(issue=row)
    assert sees(city.elderly, CommunityIssue, row.pk)
    assert not sees(w.city().community, CommunityIssue, row.pk)
    assert sees(city.participation, IssueSource, source.pk)
    for member in (city.elderly, city.community, city.coordinator, city.head):
        assert not sees(member, IssueSource, source.pk)
        assert not sees(member, Record, source.pk)
    record = source.record
    assert (record.kind, record.category, record.audience) == (
        "community_issue",
        "household",
        "agency",
    )
    assert set(record.person_ids) == {person.pk for person in persons}


def test_issue_from_a_case_nobody_is_known_of_is_about_the_household(city):
    with w.act(city.coordinator):
        case, _nobody = w.household(city.coordinator, number=1)
    row = issue(city.coordinator, case)
    with w.act(city.coordinator):
        assert IssueSource.objects.get(issue=row).record.audience == "agency"


@pytest.mark.parametrize(
    "text",
    [
        "大山花子さんの足がない",
        "大山　花子 が困る",
        "花子が通えない",
        "オオヤマ ハナコは通えない",
        "大山さんの家",
        "大山家の庭",
        "おおやまさんは通えない",
        "ﾊﾅｺ が通えない",
    ],
)
def test_issue_that_names_somebody_of_the_household_is_refused(city, text):
    case, _persons = household(city.participation)
    with pytest.raises(ActionDenied, match="だれのことか分からない書き方"):
        issue(city.participation, case, text=text)
    with pytest.raises(ActionDenied, match="だれのことか分からない書き方"):
        issue(city.participation, case, title=text)
    with w.act(city.community):
        assert not CommunityIssue.objects.exists()


@pytest.mark.parametrize("text", ["大山地区のバス", "健康教室が遠い", "花壇の手入れ", "研修の場所"])
def test_issue_that_names_a_place_is_raised(city, text):
    case, _persons = household(city.participation)
    assert issue(city.participation, case, text=text).state == "raised"


def test_issue_that_shows_the_case_number_is_refused(city):
    case, _persons = household(city.participation)
    with pytest.raises(ActionDenied, match="だれのことか"):
        issue(city.participation, case, text=f"ケース{case.number}の件")


def test_wording_knows_numbers_in_any_width():
    assert names_case("（Ｋ８－７ＱＦ２Ｍ）", "K8-7QF2M")
    assert not names_case("K8-7QF2N", "K8-7QF2M")
    assert not names_somebody("だれも", [])


def test_issue_twice_with_one_key_is_raised_once(city):
    case, _persons = household(city.participation)
    key = uuid.uuid4()
    first = issue(city.participation, case, key)
    assert issue(city.participation, case, key).pk == first.pk
    with w.act(city.participation):
        assert IssueSource.objects.count() == 1


def test_issue_from_a_closed_case_is_refused(city):
    case, _persons = household(city.coordinator)
    with w.act(city.coordinator):
        close_case(case=case, by=city.coordinator, reason="終結")
    with pytest.raises(ActionDenied, match="終結"):
        issue(city.coordinator, case)


def test_issue_passes_to_a_committee_and_on_to_its_end(city):
    with as_owner():
        committee = Committee.objects.create(
            municipality=city.city, code="design", name="架空デザイン協議会"
        )
    row = issue(city.community)
    passed = moved(city.coordinator, row, "passed", committee=committee)
    assert passed.committee == committee
    moved(city.coordinator, row, "working", note="移動販売を試す")
    settled = moved(city.community, row, "settled")
    assert settled.state == "settled"
    with w.act(city.community):
        steps = list(IssueStep.objects.order_by("at", "id").values_list("state", flat=True))
    assert steps == ["raised", "passed", "working", "settled"]
    with pytest.raises(ActionDenied, match="変えられません"):
        moved(city.community, row, "working")


def test_issue_passed_to_nobody_is_refused(city):
    with pytest.raises(ActionDenied, match="どの協議体"):
        moved(city.community, issue(city.community), "passed")


def test_issue_passed_to_a_committee_of_another_city_is_refused(city):
    with as_owner():
        foreign = Committee.objects.create(
            municipality=w.city().city, code="design", name="よその協議会"
        )
    with pytest.raises(ActionDenied, match="この市の委員会"):
        moved(city.community, issue(city.community), "passed", committee=foreign)


@pytest.mark.parametrize(
    "verb", ["update community_issuestep set note = 'x'", "delete from community_issuestep"]
)
def test_a_step_is_never_rewritten(city, verb):
    issue(city.community)
    with (
        w.act(city.community),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb)


def test_a_place_does_not_open_after_it_has_ended(city):
    row, today = place(city.community), timezone.localdate()
    with w.act(city.community):
        end_place(place=row, by=city.community, on=today)
        facts = PlaceFacts(name="架空サロン", kind="salon", opened_on=today + DAY)
        with pytest.raises(ActionDenied, match="終えた日より前"):
            change_place(place=row, by=city.community, facts=facts)
