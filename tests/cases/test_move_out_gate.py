"""転出の引継ぎ: what the database holds, whoever writes, and what a shield keeps (V9, V13)."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import MoveOut, MoveOutAnswer, Person, Record, ShieldHold
from cases.moveouts import offers_contacts
from cases.operations import (
    change_person,
    confirm_shield,
    decide_hold,
    propose_shield,
)
from cases.operations.case import PersonFacts
from cases.operations.records import write_note
from tests import world as w
from tests.cases.papers_out import SEND, family, prepared, refused, said, sent

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    case, persons = w.household(city.elderly, *family())
    return case, *persons


def died(city, person):
    with w.act(city.elderly):
        facts = PersonFacts(name=person.name, is_deceased=True, died_on=TODAY())
        change_person(person=person, by=city.elderly, facts=facts, version=person.version)


# --- the database, whoever writes ---------------------------------------------------------------


def test_the_database_lets_nothing_go_without_consent(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    me = city.elderly.pk
    refused(SEND, me, paper.pk, match="consent is missing", by=city.elderly)
    said(city.elderly, paper, mother)
    said(city.elderly, paper, mother, "withdrawn")
    refused(SEND, me, paper.pk, match="consent is missing", by=city.elderly)
    said(city.elderly, paper, mother)
    refused(SEND, city.elderly2.pk, paper.pk, match="not the sender", by=city.elderly)
    with w.act(city.elderly), connection.cursor() as cursor:
        cursor.execute(SEND, [me, paper.pk])
        assert cursor.rowcount == 1


def test_the_database_keeps_what_was_written_and_what_left(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    me = city.elderly
    for column in ("paper = '{}'", "digest = 'x'", "to_office = 'x'", "quoted_ids = '{}'",
                   "moves_on = current_date"):  # fmt: skip
        refused(f"update cases_moveout set {column}", match="permission denied", by=me)
    refused("delete from cases_moveout", match="permission denied", by=me)
    refused("delete from cases_moveoutanswer", match="permission denied", by=me)
    refused("update cases_moveoutanswer set answer = 'given'", match="permission denied", by=me)
    said(me, paper, mother)
    sent(me, paper)
    for change in ("state = 'prepared'", "sent_on = sent_on - 1", "sent_how = 'fax'",
                   "state = 'cancelled', answer_reason = 'x'"):  # fmt: skip
        refused(f"update cases_moveout set {change}", match="stays", by=me)


INSERT = (
    "insert into cases_moveout (record_id, to_municipality, to_office, to_phone, paper,"
    " quoted_ids, state, sent_how, digest, received_by, answer_reason)"
    " values (%s, 'a', 'b', '0', '{}', '{}', %s, '', '', '', '')"
)


def record(city, case, **changed):
    """An envelope of this kind, as nobody's operation would write it."""
    facts = {
        "case": case, "kind": "move_out", "category": "progress", "audience": "agency",
        "author_agency_id": city.elderly.agency_id, "author": city.elderly,
    } | changed  # fmt: skip
    with w.act(city.elderly):
        row = Record(**facts, is_household=not changed.get("person_ids"))
        row.save(force_insert=True)
    return row.pk


def test_the_database_takes_no_paper_of_the_household_the_team_or_the_dead(city, house):
    case, mother, son, _child = house
    died(city, son)
    for changed in (
        {}, {"person_ids": [mother.pk], "audience": "team"}, {"person_ids": [son.pk]},
        {"person_ids": [mother.pk], "kind": "note"},
    ):  # fmt: skip
        key = record(city, case, **changed)
        refused(INSERT, key, "prepared", match="no such paper", by=city.elderly)
    key = record(city, case, person_ids=[mother.pk])
    refused(INSERT, key, "sent", match="prepared first", by=city.elderly)


def test_the_database_takes_answers_of_who_is_told_of_by_who_asks(city, house):
    case, mother, son, _child = house
    w.consent(city.elderly, mother, city.agencies["disability"])
    paper = prepared(city.elderly, case, mother)
    insert = (
        "insert into cases_moveoutanswer (id, move_out_id, person_id, answer, method, proxy_name,"
        " proxy_power, given_on, by_id, recorded_at, form_key) values (gen_random_uuid(), %s, %s,"
        " %s, 'oral', '', '', current_date + %s::int, %s, '1999-01-01', gen_random_uuid())"
    )
    me = city.elderly
    for person, answer, days, by, match in (
        (son.pk, "given", 0, me.pk, "nobody was asked"),
        (mother.pk, "withdrawn", 0, me.pk, "no answer to this paper"),
        (mother.pk, "given", 2, me.pk, "no answer to this paper"),
        (mother.pk, "given", 0, city.elderly2.pk, "nobody was asked"),
    ):
        refused(insert, paper.pk, person, answer, days, by, match=match, by=me)
    other = city.disability
    words = "row-level security|nobody was asked"
    refused(insert, paper.pk, mother.pk, "given", 0, other.pk, match=words, by=other)
    with w.act(me), connection.cursor() as cursor:
        cursor.execute(insert, [paper.pk, mother.pk, "given", 0, me.pk])
        assert MoveOutAnswer.objects.get().recorded_at.year > 1999  # the database's own clock


def test_writing_a_note_of_this_kind_is_nothing_to_the_rest(city, house):
    """A record named on a paper is unchanged by it: it is copied."""
    case, mother, *_rest = house
    with w.act(city.elderly):
        row = write_note(case=case, by=city.elderly, text="訪問", method="visit", persons=[mother])
    paper = prepared(city.elderly, case, mother, records=[row.pk])
    assert paper.quoted_ids == [row.pk]
    assert paper.paper["parts"][0]["lines"][0]["text"] == "訪問"


# --- beneath a shield (V9) ----------------------------------------------------------------------


def shielded(city, person):
    """支援措置, set by two of the agency; a third is not on its list."""
    year = TODAY() + datetime.timedelta(days=365)
    with w.act(city.elderly):
        shield = propose_shield(
            person=person, by=city.elderly, ground="abuse", expires_on=year,
            confirmer=city.elderly2,
        )  # fmt: skip
    with w.act(city.elderly2):
        confirm_shield(shield=shield, by=city.elderly2)
    return w.make_member(city.agencies["elderly"], "consultation_worker")


def test_beneath_a_shield_its_list_alone_writes_and_nothing_hidden_leaves(city, house):
    case, mother, son, _child = house
    third = shielded(city, mother)
    with pytest.raises(ActionDenied, match="名簿の人が行います"):
        prepared(third, case, son)
    for words in ("架空町一丁目2-3に住む", "電話は099-111-2222"):
        with pytest.raises(ActionDenied, match="支援措置で隠している情報"):
            prepared(city.elderly, case, son, words=words)
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    assert sent(city.elderly2, paper).state == "sent"
    with w.act(city.elderly):
        known = {p.pk: p for p in Person.objects.visible_to(city.elderly).filter(case=case)}
        assert not offers_contacts(known)


def test_where_a_shielded_person_moves_stays_with_the_list_whatever_it_has_said(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    third = shielded(city, mother)
    with w.act(city.elderly):
        for hold in ShieldHold.objects.visible_to(city.elderly).filter(row_id=paper.pk):
            decide_hold(hold=hold, by=city.elderly, decision="released")
    with w.act(third):
        assert Record.objects.filter(pk=paper.pk).exists()  # the list has let it go
        assert not MoveOut._base_manager.filter(pk=paper.pk).exists()
        assert not MoveOut.objects.visible_to(third).exists()
        assert not MoveOutAnswer.objects.visible_to(third).exists()
    with w.act(city.elderly2):
        assert MoveOut.objects.visible_to(city.elderly2).exists()


def test_a_shield_set_after_the_paper_was_made_stops_what_it_hides(city, house):
    """The database says so, whoever writes: the paper holds the address."""
    case, mother, son, _child = house
    paper = prepared(city.elderly, case, son, words="架空町一丁目2-3に住む")
    said(city.elderly, paper, son)
    third = shielded(city, mother)
    with pytest.raises(ActionDenied, match="同じことばがあるため"):
        sent(city.elderly, paper)
    refused(SEND, city.elderly.pk, paper.pk, match="what a shield hides", by=city.elderly)
    with w.act(third), connection.cursor() as cursor:
        cursor.execute(SEND, [third.pk, paper.pk])
        assert cursor.rowcount == 0  # it waits for the list


def test_the_database_lets_only_the_list_write_in_a_case_with_a_shield(city, house):
    case, mother, son, _child = house
    third = shielded(city, mother)
    with w.act(third):
        row = Record(
            case=case, kind="move_out", category="progress", audience="agency",
            author_agency_id=third.agency_id, author=third, person_ids=[son.pk],
        )  # fmt: skip
        row.save(force_insert=True)
    refused(INSERT, row.pk, "prepared", match="closed by a shield", by=third)
