"""世帯の変更 as an attacker sees it (V15, V18): nothing opens to who could not read before, and no
form tells whether a case or a person one may not see exists."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.models import HouseholdLink, Person
from cases.operations import close_case
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import client, get, page, post, referred, text
from tests.cases.test_households import change, only_links

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


def asked(by, url, data):
    """Status, words without nonces and typed text, and the number of queries of one answer."""
    browser = client(by)
    form = browser.get(url).context["form"]
    key = form["form_key"].value()
    with CaptureQueriesContext(connection) as found:
        response = browser.post(url, {"form_key": key, **data})
    differing = r'nonce="[^"]*"|value="[^"]*"|Token": "[^"]*"|\d\d:\d\d'
    words = re.sub(differing, "", response.content.decode())
    return response.status_code, words, len(found)


def differ(answers):
    """Where several answers are not one, for whoever reads the failure."""
    lines = [{*words.splitlines(), f"{n} queries"} for _status, words, n in answers]
    return set.union(*lines) - set.intersection(*lines)


@pytest.mark.parametrize("word", ["join", "merge"])
def test_a_number_of_a_case_one_may_not_change_is_nobodys(city, word):
    case, _mother, son, _consent = referred(city)
    foreign, _persons = w.household(city.child)
    shared, (aunt,) = w.household(city.disability, number=1)
    w.consent(city.disability, aunt, city.agencies["elderly"])
    closed, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        close_case(case=closed, by=city.elderly, reason="おわり")
    resting, (one,) = w.household(city.elderly, number=1)
    into, _persons = w.household(city.elderly)
    change(city.elderly, resting, "merged", [one], to=into)
    elsewhere, _persons = w.household(w.city().elderly)
    url = f"/cases/{case.pk}/household/{word}/"
    data = {"on": TODAY().isoformat(), "reason": "marriage", "persons": [str(son.pk)]}
    for step in ("check", "done"):
        answers = {
            asked(city.elderly, url, {**data, "number": number, "step": step})
            for number in (
                "K8-NOBODY", foreign.number, shared.number, closed.number, resting.number,
                elsewhere.number,
            )
        }  # fmt: skip
        assert {status for status, _words, _queries in answers} == {422}
        assert len(answers) == 1, differ(answers)


def test_a_forged_person_is_one_the_form_does_not_offer(city):
    case, _mother, son, _consent = referred(city)
    foreign, (stranger, *_others) = w.household(city.child)
    other, (aunt,) = w.household(city.elderly, number=1)
    data = {"on": TODAY().isoformat(), "reason": "other", "step": "done"}
    url = f"/cases/{case.pk}/household/split/"
    answers = {
        asked(city.elderly, url, {**data, "persons": [str(key)]})
        for key in (stranger.pk, uuid.uuid4(), aunt.pk)
    }
    assert {status for status, _words, _queries in answers} == {422}
    assert len(answers) == 1
    url = f"/cases/{case.pk}/household/join/"
    data |= {"number": other.number, "persons": [str(son.pk)]}
    answers = {
        asked(city.elderly, url, {**data, f"same_{son.pk}": str(key)})
        for key in (stranger.pk, uuid.uuid4())
    }
    assert len(answers) == 1
    status, words, _queries = next(iter(answers))
    assert status == 422
    assert "表示された中から選んでください" in words
    with w.act(city.elderly):
        assert not HouseholdLink.objects.exists()
    assert foreign.pk


def test_pages_of_a_hidden_household_and_link_are_those_of_none(city):
    case, _mother, son, _consent = referred(city)
    change(city.elderly, case, "split", [son])
    link = only_links(city.elderly)
    for by in (city.child, city.disability):
        for method in (get, lambda who, url: post(who, url, {})):
            hidden = method(by, f"/household-links/{link.pk}/undo/")
            missing = method(by, f"/household-links/{uuid.uuid4()}/undo/")
            assert hidden.status_code == missing.status_code == 404
    for word in ("", "split/", "join/", "merge/"):
        assert get(city.child, f"/cases/{case.pk}/household/{word}").status_code == 404
        assert get(city.disability, f"/cases/{case.pk}/household/{word}").status_code == 403


def test_a_helper_of_both_cases_reads_the_link_and_cannot_take_it_back(city):
    case, _mother, son, _consent = referred(city)
    new = change(city.elderly, case, "split", [son])
    with w.act(city.elderly):
        there = Person.objects.get(case=new)
    for person in (son, there):
        w.consent(city.elderly, person, city.agencies["disability"])
    join(city, case, new)
    link = only_links(city.disability)
    assert new.number in text(page(city.disability, case))
    assert "/undo/" not in text(page(city.disability, case))
    refused = post(city.disability, f"/household-links/{link.pk}/undo/", {})
    assert refused.status_code == 403
    denied = pytest.raises(DatabaseError, match="row-level security")
    with w.act(city.disability), denied, transaction.atomic():
        HouseholdLink.objects.filter(pk=link.pk).update(
            undone_at=timezone.now(), undone_by=city.disability
        )


def join(city, *cases):
    """Disability works on these cases too."""
    agency = city.agencies["disability"].pk
    with w.act(city.elderly), connection.cursor() as cursor:
        for case in cases:
            cursor.execute(
                "insert into cases_supportteam (id, case_id, agency_id, via, joined_at)"
                " select gen_random_uuid(), %(case)s, %(agency)s, 'referral', now()"
                " where not exists (select from cases_supportteam t where t.case_id = %(case)s"
                " and t.agency_id = %(agency)s and t.left_at is null)",
                {"case": case.pk, "agency": agency},
            )
            cursor.execute("select kasane.sync_grants(%s)", [case.pk])


def test_links_are_written_for_ones_own_open_cases_alone(city):
    case, mother, son, _consent = referred(city)
    _theirs, (aunt, _uncle) = w.household(city.disability)
    mine, (other,) = w.household(city.elderly, number=1)

    def link(by, start, end, **more):
        return HouseholdLink(
            kind="merged", from_person_id=start.pk, to_person_id=end.pk, on=TODAY(), author=by,
            form_key=uuid.uuid4(), **{"author_agency_id": by.agency_id, **more},
        )  # fmt: skip

    stranger = city.disability
    for by, row in (
        (stranger, link(stranger, mother, aunt)),  # from a case it helps in
        (stranger, link(stranger, aunt, mother)),
        (stranger, link(stranger, aunt, son)),  # to somebody it may not see
        (city.elderly, link(city.elderly, son, aunt)),
        (stranger, link(stranger, son, other, author_agency_id=city.elderly.agency_id)),
        (city.child, link(city.child, son, other)),
        (city.elderly2, link(city.elderly, son, other)),  # in a colleague's name
    ):
        with w.act(by), pytest.raises(DatabaseError), transaction.atomic():
            row.save(force_insert=True)
    change(city.elderly, case, "merged", {mother: other, son: None}, to=mine)
    with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
        link(city.elderly, son, other).save(force_insert=True)  # the case rests


def test_the_door_of_shields_tells_who_is_not_responsible_nothing(city):
    case, mother, _son, _consent = referred(city)
    for by in (city.disability, city.child, city.privacy, city.sysadmin):
        with w.act(by), connection.cursor() as cursor:
            for key in (case.pk, uuid.uuid4()):
                cursor.execute("select kasane.open_shields(%s)", [key])
                assert cursor.fetchone() == ([],)
    assert mother.pk


def test_nobody_reads_more_than_before(city):
    """Every role, every case, person, record and consent: the same rows before and after."""
    case, mother, son, _consent = referred(city)
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    w.consent(city.elderly, mama, city.agencies["child"])
    third, (_aunt,) = w.household(city.elderly, PersonFacts(name="架空山 叔母"))
    roles = [name for name in city.members if name not in ("elderly", "elderly2")]

    def seen():
        found = {}
        for name in roles:
            with w.act(city.members[name]), connection.cursor() as cursor:
                for table in ("case", "person", "record", "consent", "casegrant", "contact",
                              "householdlink", "historicalperson"):  # fmt: skip
                    key = "person_id" if table == "contact" else "id"
                    cursor.execute(f"select {key} from cases_{table} order by 1")
                    found[name, table] = cursor.fetchall()
        return found

    before = seen()
    change(city.elderly, case, "merged", {mother: mama, son: None}, to=other)
    assert seen() == before
    with w.act(city.elderly):
        son2 = Person.objects.get(case=other, name=son.name)
    change(city.elderly, other, "joined", [son2], to=third)
    assert seen() == before
