"""The pages of the community room: who gets them, what they show, what bad input gets."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.models import AccessLog, Committee
from cases.models import Record
from community import panels
from community.models import CommunityIssue, Place, PlaceEvent
from tests import world as w
from tests.community.test_operations import city, event, household, issue, place
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
__all__ = ["city"]


def key():
    return str(uuid.uuid4())


def issue_data(**changes):
    return {
        "form_key": key(),
        "title": "通院の足がない",
        "text": "バスが減った",
        "area": "",
        "raised_on": "R8.5.1",
        **changes,
    }


def test_home_shows_places_and_issues(client, city):
    event(city.community, place(city.community, area="東"))
    issue(city.community)
    sign_in(client, city.coordinator)
    words = client.get(reverse("community_home")).content.decode()
    assert "架空サロン" in words
    assert "12人" in words
    assert "通院の足がない" in words


def test_home_is_for_the_role_alone(client, city):
    sign_in(client, city.elderly)
    assert client.get(reverse("community_home")).status_code == 403


def test_home_shows_nothing_of_another_city(client, city):
    place(city.community)
    issue(city.community)
    sign_in(client, w.city().community)
    words = client.get(reverse("community_home")).content.decode()
    assert "架空サロン" not in words
    assert "通院の足がない" not in words


def test_home_costs_the_same_for_one_and_for_many(client, city):
    sign_in(client, city.community)

    def one_more():
        event(city.community, place(city.community))
        issue(city.community)

    one_more()
    client.get(reverse("community_home"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("community_home"))
    for _count in range(19):
        one_more()
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("community_home"))
    assert len(one) == len(many)
    assert len(many) <= 28


def test_place_is_added_once_changed_and_ended(client, city):
    sign_in(client, city.community)
    data = {"form_key": key(), "name": "架空食堂", "kind": "cafe", "opened_on": "R8.4.1"}
    for _press in range(2):
        answer = client.post(reverse("place_new"), data)
        assert answer.status_code == 302
    with w.act(city.community):
        row = Place.objects.get()
    assert answer.url == reverse("place_detail", args=[row.pk])
    edit = reverse("place_edit", args=[row.pk])
    assert client.get(edit).status_code == 200
    assert client.post(edit, {**data, "name": "架空食堂 東"}).status_code == 302
    end = reverse("place_end", args=[row.pk])
    page = client.post(end, {"ended_on": "R8.3.1"})
    assert page.status_code == 422
    assert "開いた日からあと" in page.content.decode()
    assert client.post(end, {"ended_on": "R8.5.1"}).status_code == 302
    words = client.get(answer.url).content.decode()
    assert "架空食堂 東" in words
    assert "R8.5.1 終了" in words


def test_event_is_counted_once(client, city):
    salon = place(city.community)
    sign_in(client, city.community)
    data = {"form_key": key(), "on": "R8.5.1", "participants": "１２", "organisations": ""}
    for _press in range(2):
        assert client.post(reverse("event_new", args=[salon.pk]), data).status_code == 302
    with w.act(city.community):
        row = PlaceEvent.objects.get()
    assert (row.participants, row.organisations) == (12, 0)
    assert "12人" in client.get(reverse("place_detail", args=[salon.pk])).content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"on": "平成40年1月1日"}, "平成は31年4月30日までです"),
        ({"on": "2099-01-01"}, "今日までの日付"),
        ({"participants": "-1"}, "0から数えて"),
        ({"participants": "たくさん"}, "数字で入れてください"),
        ({"participants": "100001"}, "10万まで"),
        ({"note": "番号は123456789018です"}, "マイナンバー"),
    ],
)
def test_bad_event_gets_a_sentence_and_loses_nothing(client, city, changes, sentence):
    salon = place(city.community)
    sign_in(client, city.community)
    data = {"form_key": key(), "on": "R8.5.1", "participants": "12", "note": "雨", **changes}
    page = client.post(reverse("event_new", args=[salon.pk]), data)
    words = page.content.decode()
    assert page.status_code == 422
    assert sentence in words
    assert data["note"] in words


def test_place_of_another_city_is_as_if_it_were_not(client, city):
    salon, row = place(city.community), issue(city.community)
    sign_in(client, w.city().community)
    for name, pk in (
        ("place_detail", salon.pk),
        ("place_edit", salon.pk),
        ("event_new", salon.pk),
        ("community_issue_detail", row.pk),
    ):
        assert client.get(reverse(name, args=[pk])).status_code == 404, name


def test_issue_is_raised_without_a_case(client, city):
    sign_in(client, city.community)
    assert client.get(reverse("community_issue_new")).status_code == 200
    answer = client.post(reverse("community_issue_new"), issue_data())
    assert answer.status_code == 302
    assert "バスが減った" in client.get(answer.url).content.decode()


def test_issue_from_a_case_shows_its_source_to_its_agency_alone(client, city):
    case, _persons = household(city.participation)
    sign_in(client, city.participation)
    url = reverse("community_issue_from_case", args=[case.pk])
    assert "市のみんなが読みます" in client.get(url).content.decode()
    data = issue_data(note="通院の相談から")
    for _press in range(2):
        answer = client.post(url, data)
        assert answer.status_code == 302
    words = client.get(answer.url).content.decode()
    assert "大山 世帯" in words
    assert "通院の相談から" in words
    with w.act(city.participation):
        record = Record.objects.get(kind="community_issue")
        line = AccessLog.objects.filter(what="community_issue_detail").latest("id")
        assert line.record_ids == [record.pk]
    sign_in(client, city.coordinator)
    words = client.get(answer.url).content.decode()
    assert "バスが減った" in words
    assert "もとになったケース" not in words
    assert "大山" not in words
    assert "通院の相談から" not in words


def test_issue_that_names_somebody_is_refused_and_kept(client, city):
    case, _persons = household(city.participation)
    sign_in(client, city.participation)
    page = client.post(
        reverse("community_issue_from_case", args=[case.pk]),
        issue_data(text="大山花子さんは通院できない", area="東"),
    )
    words = page.content.decode()
    assert page.status_code == 422
    assert "だれのことか分からない書き方" in words
    assert "大山花子さんは通院できない" in words
    with w.act(city.participation):
        assert not CommunityIssue.objects.exists()


def test_issue_from_an_invisible_case_is_as_if_it_were_not(client, city):
    case, _persons = household(city.elderly)
    sign_in(client, city.community)
    assert client.get(reverse("community_issue_from_case", args=[case.pk])).status_code == 404


def test_issue_goes_to_a_committee(client, city):
    with as_owner():
        committee = Committee.objects.create(
            municipality=city.city, code="design", name="架空デザイン協議会"
        )
    row = issue(city.community)
    sign_in(client, city.coordinator)
    url = reverse("community_issue_detail", args=[row.pk])
    assert "架空デザイン協議会" in client.get(url).content.decode()
    page = client.post(url, {"to": "passed", "committee": "", "note": ""})
    assert page.status_code == 422
    assert "どの協議体" in page.content.decode()
    answer = client.post(url, {"to": "passed", "committee": str(committee.pk), "note": "6月に"})
    assert answer.status_code == 302
    words = client.get(url).content.decode()
    assert "会議・協議体へ" in words
    assert "6月に" in words


def test_issue_of_a_city_without_committees_says_where_it_went(client, city):
    row = issue(city.community)
    sign_in(client, city.community)
    url = reverse("community_issue_detail", args=[row.pk])
    assert client.post(url, {"to": "passed", "note": "自治会長会"}).status_code == 302
    assert client.post(url, {"to": "settled", "note": ""}).status_code == 302
    assert "次にどうするか" not in client.get(url).content.decode()
    assert client.post(url, {"to": "working"}).status_code == 422


def test_case_page_offers_to_raise_and_shows_what_was_raised(client, city):
    case, _persons = household(city.coordinator)
    row = issue(city.coordinator, case, note="通院の相談から")
    with w.act(city.coordinator):
        (link,) = panels.case_actions(city.coordinator, case)
        records = {r.pk: r for r in Record.objects.filter(kind="community_issue")}
        (entry,) = panels.case_timeline(city.coordinator, case, records)
        assert panels.case_actions(city.elderly, case) == []
    assert link.url == reverse("community_issue_from_case", args=[case.pk])
    assert entry.url == reverse("community_issue_detail", args=[row.pk])
    sign_in(client, city.coordinator)
    words = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert "通院の足がない" in words
    assert "地域課題として提起" in words
