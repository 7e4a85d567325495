"""The pages of the participation room: who gets them, what they show, what bad input gets."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import Record
from config.lib.registry import registry
from participation import panels
from participation.enums import MatchStatus
from participation.models import FollowUp, Match, Resource
from tests import world as w
from tests.participation.test_operations import (
    city,
    followed,
    host,
    matched,
    opened_to,
    own,
)
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
__all__ = ["city", "own"]


def log_of(member, what):
    with w.act(member):
        return list(AccessLog.objects.filter(what=what).order_by("id"))


def match_data(person, resource, /, **changes):
    return {
        "form_key": str(uuid.uuid4()),
        "person": str(person.pk),
        "resource": str(resource.pk),
        "activity": "週1回、収穫の手伝い",
        "status": "proposed",
        **changes,
    }


def test_match_list_shows_own_matches_and_logs_their_ids(client, city, own):
    case, (mother, _son) = own
    row = matched(
        city.participation,
        case,
        mother,
        host(city.participation),
        follow_up_on=timezone.localdate(),
    )
    sign_in(client, city.participation)
    page = client.get(reverse("match_list"))
    assert page.status_code == 200
    assert "架空農園" in page.content.decode()
    assert log_of(city.participation, "match_list")[-1].record_ids == [row.pk]


def test_match_list_is_for_the_role_alone(client, city):
    sign_in(client, city.elderly)
    assert client.get(reverse("match_list")).status_code == 403
    assert client.get(reverse("resource_list")).status_code == 403


def test_match_list_shows_nothing_of_another_agency(client, city, own):
    case, (mother, _son) = own
    opened_to(city, case, mother)
    matched(city.participation, case, mother, host(city.participation))
    other = w.make_member(city.agencies["disability"], "participation_worker")
    sign_in(client, other)
    assert "架空農園" not in client.get(reverse("match_list")).content.decode()


def test_match_list_costs_the_same_for_one_and_for_many(client, city):
    sign_in(client, city.participation)
    place = host(city.participation)

    def one_more():
        case, (mother, _son) = w.household(city.participation)
        matched(city.participation, case, mother, place, follow_up_on=timezone.localdate())

    one_more()
    client.get(reverse("match_list"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("match_list"))
    for _count in range(19):
        one_more()
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("match_list"))
    assert len(one) == len(many)
    assert len(many) <= 32


def test_match_new_saves_once_and_opens_the_match(client, city, own):
    case, (mother, _son) = own
    place = host(city.participation)
    sign_in(client, city.participation)
    url = reverse("match_new", args=[case.pk])
    assert client.get(url).status_code == 200
    data = match_data(mother, place)
    for _press in range(2):
        answer = client.post(url, data)
        assert answer.status_code == 302
    with w.act(city.participation):
        row = Match.objects.get()
    assert answer.url == reverse("match_detail", args=[row.pk])
    assert client.get(answer.url).status_code == 200


def test_match_new_without_hosts_says_how_to_get_one(client, city, own):
    case, _persons = own
    sign_in(client, city.participation)
    words = client.get(reverse("match_new", args=[case.pk])).content.decode()
    assert "参加先がまだ登録されていません" in words
    assert reverse("resource_new") in words


def test_match_new_of_an_invisible_case_is_as_if_it_were_not(client, city):
    case, _persons = w.household(city.elderly)
    sign_in(client, city.participation)
    assert client.get(reverse("match_new", args=[case.pk])).status_code == 404
    assert client.get(reverse("match_new", args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"person": ""}, "つなぐ人を選んでください。"),
        ({"person": str(uuid.UUID(int=1))}, "表示された中から"),
        ({"resource": str(uuid.UUID(int=1))}, "表示された中から"),
        ({"activity": ""}, "活動内容を入れてください。"),
        ({"starts_on": "平成40年1月1日"}, "平成は31年4月30日までです"),
        ({"follow_up_on": "R1.5.1"}, "今日からあと"),
        ({"status": "ended"}, "表示された中から"),
        ({"consideration": "番号は123456789018です"}, "マイナンバー"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(client, city, own, changes, sentence):
    case, (mother, _son) = own
    place = host(city.participation)
    sign_in(client, city.participation)
    data = match_data(mother, place, **{"consideration": "静かな場所で", **changes})
    page = client.post(reverse("match_new", args=[case.pk]), data)
    words = page.content.decode()
    assert page.status_code == 422
    assert sentence in words
    assert data["consideration"] in words
    with w.act(city.participation):
        assert not Match.objects.exists()


def test_match_detail_takes_a_follow_up_once(client, city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    sign_in(client, city.participation)
    url = reverse("match_detail", args=[row.pk])
    data = {
        "form_key": str(uuid.uuid4()),
        "on": "R8.5.1",
        "text": "楽しそうだった",
        "status_after": "trial",
    }
    for _press in range(2):
        assert client.post(url, data).status_code == 302
    words = client.get(url).content.decode()
    assert "楽しそうだった" in words
    assert "見学・体験" in words
    with w.act(city.participation):
        written = FollowUp.objects.get()
    line = log_of(city.participation, "match_detail")[-1]
    assert line.record_ids == [row.pk, written.pk]
    assert line.case_id == case.pk


def test_match_detail_keeps_what_was_typed_when_the_state_moved_on(client, city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    followed(city.participation, row, MatchStatus.TRIAL)
    sign_in(client, city.participation)
    data = {
        "form_key": str(uuid.uuid4()),
        "on": "R8.5.1",
        "text": "見学に行った",
        "status_after": "proposed",
    }
    page = client.post(reverse("match_detail", args=[row.pk]), data)
    assert page.status_code == 422
    assert "見学に行った" in page.content.decode()


def test_match_detail_of_a_reader_by_consent_has_no_form(client, city, own):
    case, (mother, _son) = own
    opened_to(city, case, mother)
    row = matched(city.participation, case, mother, host(city.participation))
    sign_in(client, city.disability)
    url = reverse("match_detail", args=[row.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert "フォローを保存する" not in page.content.decode()
    assert client.post(url, {"text": "x"}).status_code == 403


def test_match_detail_of_a_stranger_is_as_if_it_were_not(client, city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    for member in (city.elderly, city.coordinator, w.city().participation):
        sign_in(client, member)
        assert client.get(reverse("match_detail", args=[row.pk])).status_code == 404


def test_match_detail_without_basic_information_names_nobody(client, city, own):
    case, (mother, _son) = own
    opened_to(city, case, mother, categories=["progress"])
    row = matched(city.participation, case, mother, host(city.participation))
    sign_in(client, city.disability)
    words = client.get(reverse("match_detail", args=[row.pk])).content.decode()
    assert "氏名は見られません" in words
    assert "架空野" not in words


def test_register_is_added_to_changed_and_ended(client, city):
    sign_in(client, city.participation)
    data = {
        "form_key": str(uuid.uuid4()),
        "name": "架空カフェ",
        "kind": "work",
        "area": "東",
        "operator": "",
        "note": "送迎あり",
    }
    for _press in range(2):
        assert client.post(reverse("resource_new"), data).status_code == 302
    with w.act(city.participation):
        row = Resource.objects.get()
    edit = reverse("resource_edit", args=[row.pk])
    assert client.get(edit).status_code == 200
    assert client.post(edit, {**data, "name": "架空カフェ本店"}).status_code == 302
    end = reverse("resource_end", args=[row.pk])
    page = client.post(end, {"ended_on": "2099-01-01"})
    assert page.status_code == 422
    assert "今日までの日付" in page.content.decode()
    assert client.post(end, {"ended_on": "R8.5.1"}).status_code == 302
    words = client.get(reverse("resource_list")).content.decode()
    assert "架空カフェ本店" in words
    assert "R8.5.1 終了" in words
    assert (
        "架空カフェ本店"
        not in client.get(reverse("resource_list") + "?kind=housing").content.decode()
    )


def test_register_of_another_city_is_as_if_it_were_not(client, city):
    row = host(city.participation)
    sign_in(client, w.city().participation)
    assert client.get(reverse("resource_edit", args=[row.pk])).status_code == 404
    assert client.post(reverse("resource_end", args=[row.pk])).status_code == 404


def test_todos_show_due_follow_ups_within_their_budget(city, own):
    case, (mother, _son) = own
    row = matched(
        city.participation,
        case,
        mother,
        host(city.participation),
        follow_up_on=timezone.localdate() - datetime.timedelta(days=3),
    )
    with w.act(city.participation), CaptureQueriesContext(connection) as queries:
        (todo,) = panels.todos(city.participation)
    assert len(queries) - 3 <= next(
        entry.queries for entry in registry.entries("todos") if entry.call is panels.todos
    )
    assert (todo.when, todo.section) == ("3日超過", "due")
    assert (todo.url, todo.record_id) == (reverse("match_detail", args=[row.pk]), row.pk)
    with w.act(city.participation):
        assert panels.waiting_count(city.participation) == (1, True)
        assert panels.todos(city.elderly) == []


def test_case_page_shows_matches_and_follow_ups(client, city, own):
    case, (mother, _son) = own
    row = matched(city.participation, case, mother, host(city.participation))
    followed(city.participation, row, MatchStatus.TRIAL)
    with w.act(city.participation):
        records = {r.pk: r for r in Record.objects.filter(kind__in=["match", "follow_up"])}
        entries = panels.case_timeline(city.participation, case, records)
        (panel,) = panels.case_panels(city.participation, case)
    assert {entry.record_id for entry in entries} == set(records)
    assert panel.context["record_ids"] == [row.pk]
    sign_in(client, city.participation)
    words = client.get(reverse("case_detail", args=[case.pk])).content.decode()
    assert "参加先とつないだ" in words
    assert "楽しそうだった" in words
