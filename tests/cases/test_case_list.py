"""The list of cases: titles, counts and dates come from what the reader may see (V3)."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from cases.lists import begun
from cases.models import Case
from cases.operations import close_case, join_team, write_note
from cases.operations.case import PersonFacts, open_case
from cases.titles import family_name, household_title, titles_for
from tests import world as w
from tests.houses import House, urgent
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def rows(client, member, query=""):
    sign_in(client, member)
    response = client.get(reverse("case_list") + query)
    assert response.status_code == 200
    return response.context["rows"]


def team(city, case, *names):
    with w.act(city.elderly):
        for name in names:
            join_team(case=case, agency=city.agencies[name], via="referral")


def test_row_of_the_responsible_agency(client, city):
    case, persons = w.household(
        city.elderly,
        PersonFacts(name="別姓 一郎"),
        PersonFacts(name="架空野　花子", relation="head"),
        PersonFacts(),
    )
    with w.act(city.elderly):
        write_note(case=case, by=city.elderly, text="訪問", method="visit", persons=persons)
    (row,) = rows(client, city.elderly)
    assert (row.title, row.number, row.persons) == ("架空野 世帯", case.number, 3)
    assert row.agency == city.agencies["elderly"].name
    assert row.role == "主担当"
    assert row.last
    assert not rows(client, city.child)


def test_partner_counts_only_whom_the_consent_covers(client, city):
    case, (_mother, son) = w.household(
        city.elderly, PersonFacts(name="架空野 花子"), PersonFacts(name="別姓 次郎")
    )
    w.consent(city.elderly, son, city.agencies["child"])
    team(city, case, "child")
    (row,) = rows(client, city.child)
    assert (row.title, row.persons, row.role, row.last) == ("別姓 世帯", 1, "連携", "")


def test_household_without_a_name():
    assert household_title([]) == "氏名不明の世帯"
    assert family_name("架空野　花子") == family_name("架空野 花子") == "架空野"
    assert family_name("架空野花子") == "架空野花子"


def test_titles_of_many_cases_cost_one_query(city, django_assert_num_queries):
    cases = [w.household(city.elderly)[0] for _ in range(3)]
    keys = [case.pk for case in cases]
    with w.act(city.elderly), django_assert_num_queries(1):
        assert titles_for(city.elderly, keys) == dict.fromkeys(keys, "架空野 世帯")
    with w.act(city.child):
        assert titles_for(city.child, keys) == dict.fromkeys(keys, "氏名不明の世帯")


def test_filters_narrow_and_never_widen(client, city):
    mine, _p = w.household(city.elderly)
    theirs, (person, _other) = w.household(city.child)
    w.household(city.disability)
    w.consent(city.child, person, city.agencies["elderly"])
    with w.act(city.child):
        join_team(case=theirs, agency=city.agencies["elderly"], via="referral")
    with w.act(city.elderly):
        Case.objects.filter(pk=mine.pk).update(urgency="high")

    def numbers(query):
        return {row.number for row in rows(client, city.elderly, query)}

    assert numbers("") == {mine.number, theirs.number}
    assert numbers("?mine=responsible") == {mine.number}
    assert numbers("?mine=partner") == {theirs.number}
    assert numbers("?urgency=high") == {mine.number}
    assert numbers("?status=closed") == set()
    with w.act(city.elderly):
        close_case(case=mine, by=city.elderly, reason="転居")
    assert numbers("") == {theirs.number}
    assert numbers("?status=") == {mine.number, theirs.number}
    assert numbers("?status=closed") == {mine.number}
    # What others closed, and the agency wrote something in.
    assert numbers("?status=closed&mine=partner") == set()
    with w.act(city.elderly):
        write_note(case=theirs, by=city.elderly, text="訪問した", persons=[person], method="visit")
    with w.act(city.child):
        close_case(case=theirs, by=city.child, reason="転居")
    assert numbers("?status=closed&mine=partner") == {theirs.number}
    assert numbers("?status=closed&mine=responsible") == {mine.number}
    assert numbers("?status=closed") == {mine.number, theirs.number}
    # A value nobody offered is no filter and no error page.
    assert client.get(reverse("case_list") + "?mine=all%27").status_code == 200
    assert client.get(reverse("case_list") + "?before=x_y&after=1").status_code == 200


def test_pages_go_by_key_in_both_directions(client, city, monkeypatch):
    monkeypatch.setattr("cases.views.cases.PAGE", 2)
    numbers = [w.household(city.elderly, number=1)[0].number for _ in range(5)][::-1]
    sign_in(client, city.elderly)

    def page(query):
        response = client.get(reverse("case_list") + query)
        return response.context

    first = page("")
    second = page(first["older_url"])
    third = page(second["older_url"])
    seen = [[row.number for row in p["rows"]] for p in (first, second, third)]
    assert [number for rows_ in seen for number in rows_] == numbers
    assert (first["newer_url"], third["older_url"]) == ("", "")
    back = page(third["newer_url"])
    assert [row.number for row in back["rows"]] == seen[1]
    assert [row.number for row in page(back["newer_url"])["rows"]] == seen[0]


def test_list_costs_the_same_for_one_and_for_twenty(client, city, django_assert_max_num_queries):
    w.household(city.elderly)
    rows(client, city.elderly)
    with django_assert_max_num_queries(30) as one:
        client.get(reverse("case_list"))
        budget = len(one)
    for _ in range(19):
        w.household(city.elderly)
    with django_assert_max_num_queries(budget):
        assert len(client.get(reverse("case_list")).context["rows"]) == 20


def test_list_is_logged_with_the_ids_shown(client, city):
    case, _persons = w.household(city.elderly)
    rows(client, city.elderly)
    with w.act(city.elderly):
        assert AccessLog.objects.get(what="case_list").record_ids == [case.pk]


def test_empty_list_says_how_a_case_gets_here(client, city):
    sign_in(client, city.elderly)
    page = client.get(reverse("case_list")).content.decode()
    assert "見られるケースはまだありません" in page


def test_a_list_walks_ones_own_grants_and_leaves_out_what_is_open_in_an_emergency(client, city):
    case, persons = w.household(city.elderly)
    elsewhere, others = w.household(city.child)
    w.consent(city.elderly, persons[0], city.agencies["disability"])
    team(city, case, "disability")
    urgent(House(city, city.child, elsewhere, others), city.disability)
    for reader in (city.elderly, city.disability):
        sign_in(client, reader)
        with CaptureQueriesContext(connection) as asked:
            response = client.get(reverse("case_list"))
        assert [row.number for row in response.context["rows"]] == [case.number]
        listed = 'SELECT DISTINCT "cases_casegrant"."content_object_id"'
        assert any(query["sql"].startswith(listed) for query in asked)


def test_a_list_runs_by_when_a_case_began_whenever_it_was_written(client, city, monkeypatch):
    """What was received last week and written today stands with last week's; pages lead on."""
    monkeypatch.setattr("cases.lists.PAGE", 2)
    monkeypatch.setattr("cases.views.cases.PAGE", 2)
    now = timezone.now()
    with w.act(city.elderly):
        begun_at = {
            open_case(by=city.elderly, opened_at=now - datetime.timedelta(days=days)).number: days
            for days in (3, 40, 0, 700, 12)
        }
    order = sorted(begun_at, key=begun_at.__getitem__)
    sign_in(client, city.elderly)
    context = client.get(reverse("case_list")).context
    assert [row.number for row in context["rows"]] == order[:2]
    assert not context["newer_url"]
    context = client.get(reverse("case_list") + context["older_url"]).context
    assert [row.number for row in context["rows"]] == order[2:4]
    last = client.get(reverse("case_list") + context["older_url"]).context
    assert [row.number for row in last["rows"]] == order[4:]
    assert not last["older_url"]
    context = client.get(reverse("case_list") + last["newer_url"]).context
    assert [row.number for row in context["rows"]] == order[2:4]
    context = client.get(reverse("case_list") + context["newer_url"]).context
    assert [row.number for row in context["rows"]] == order[:2]


@pytest.mark.parametrize(("page", "is_walked"), [(0, True), (10**9, False)])
def test_who_holds_much_walks_a_list_who_holds_little_begins_with_ones_own(
    city, monkeypatch, page, is_walked
):
    monkeypatch.setattr("cases.lists.PAGE", page)
    case, _persons = w.household(city.elderly)
    w.household(city.child)
    with w.act(city.elderly):
        for is_filtered in (False, True):
            own = begun(city.elderly, "pk", is_filtered=is_filtered)
            assert bool(own) is (is_filtered or not is_walked)
            assert list(Case.objects.for_lists(city.elderly).filter(own)) == [case]
