"""記入停止 (V18): a case merged into another takes nothing new, and holds nobody up: what a person
says of their consent, a shield, what runs already, an emergency."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Attachment, Case, Consent, Emergency, Person, Record, Referral
from cases.operations import (
    add_person,
    narrow_consent,
    open_emergency,
    propose_shield,
    record_consent,
    refer,
    transfer_case,
    withdraw_consent,
    write_note,
    write_record,
)
from cases.operations.case import PersonFacts
from cases.operations.consent import terms_of
from cases.operations.consentterms import ConsentTerms
from cases.operations.succession import succession_to
from tests import world as w
from tests.cases.pages import get, note, page, referred, text
from tests.cases.test_emergency import facts
from tests.cases.test_households import change, only_links, undo

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def merged(city):
    """A case merged into another of the same agency; disability works on the first alone."""
    case, mother, son, consent = referred(city)
    note(city.disability, case, "あずかった記録", [mother])
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    change(city.elderly, case, "merged", {mother: mama, son: None}, to=other)
    return case, mother, son, consent, other


def held(by, row):
    """The database itself refuses the row, whatever an operation forgot."""
    denied = pytest.raises(DatabaseError, match='row-level security policy "narrow_rests"')
    with w.act(by), denied, transaction.atomic():
        row.save(force_insert=True)


def record_of(by, case, kind="note", persons=()):
    return Record(
        case=case, kind=kind, category="progress", person_ids=[p.pk for p in persons],
        is_household=not persons, author_agency_id=by.agency_id, author=by,
    )  # fmt: skip


def test_the_database_takes_no_new_row_into_a_case_that_rests(city, merged):
    case, mother, _son, _consent, other = merged
    for by in (city.elderly, city.disability):
        for kind in ("note", "issue", "assessment", "caution", "risk", "plan", "visit", "match"):
            held(by, record_of(by, case, kind, [mother]))
        with w.act(by):
            mine = Record.objects.filter(author=by, case=case).first()
        if mine is not None:
            held(by, Attachment(record=mine, author=by, name="a.pdf", size=1))
        person = Person(case=case, author_agency_id=by.agency_id, author=by, label="Z")
        held(by, person)
        held(
            by,
            Referral(
                case=case, mode="notification", from_agency_id=by.agency_id, sent_by=by,
                to_agency=city.agencies["child"], reason="x", summary="x", legal_ground="x",
                form_key=uuid.uuid4(),
            ),
        )  # fmt: skip
    with w.act(city.elderly):
        record_of(city.elderly, other).save(force_insert=True)  # the other case is written


def test_operations_say_why_in_a_sentence(city, merged):
    case, mother, _son, _consent, _other = merged
    for by in (city.elderly, city.disability):
        with w.act(by):
            there = Case.objects.get(pk=case.pk)
            for act in (
                lambda by=by, c=there: write_note(case=c, by=by, text="あと", method="phone"),
                lambda by=by, c=there: add_person(case=c, by=by, facts=PersonFacts(name="だれか")),
                lambda by=by, c=there: refer(
                    case=c, by=by, mode="consent", reason="x", summary="x", persons=[mother],
                    to_agency=city.agencies["child"],
                ),
            ):  # fmt: skip
                with pytest.raises(ActionDenied, match="記入を止めています"):
                    act()
    with w.act(city.elderly), pytest.raises(ActionDenied, match="記入を止めています"):
        transfer_case(
            case=Case.objects.get(pk=case.pk), by=city.elderly,
            to_agency=city.agencies["disability"], reason="x",
        )  # fmt: skip


def test_what_runs_is_written_to_its_end(city, merged):
    case, mother, _son, _consent, _other = merged
    with w.act(city.elderly):
        there = Case.objects.get(pk=case.pk)
        for kind in ("monitoring", "evaluation", "follow_up"):
            write_record(case=there, by=city.elderly, kind=kind, category="plan", persons=[mother])
        assert Record.objects.filter(case=case, category="plan").count() == 3


def test_an_answer_is_narrowed_refused_and_withdrawn_in_a_case_that_rests(city, merged):
    case, mother, son, consent, _other = merged
    with w.act(city.elderly):
        given = Consent.objects.select_related("person__case").get(pk=consent.pk)
        terms = dataclasses.replace(terms_of(given, city.elderly), categories=["basic"])
        narrowed = narrow_consent(consent=given, by=city.elderly, terms=terms)
    with w.act(city.disability):
        assert Person.objects.filter(pk=mother.pk).exists()
    with w.act(city.elderly):
        refusal = ConsentTerms(answer="refused", given_on=TODAY())
        record_consent(
            person=Person.objects.select_related("case").get(pk=son.pk), by=city.elderly,
            terms=refusal,
        )  # fmt: skip
        withdraw_consent(consent=narrowed, by=city.elderly, reason="もう話したくない")
    with w.act(city.disability):
        assert not Person.objects.filter(pk=mother.pk).exists()
        assert not Record.objects.filter(case=case).exclude(author=city.disability).exists()


def test_a_shield_is_set_in_a_case_that_rests(city, merged):
    _case, mother, _son, _consent, _other = merged
    with w.act(city.elderly):
        there = Person.objects.select_related("case").get(pk=mother.pk)
        shield = propose_shield(
            person=there, by=city.elderly, ground="abuse", confirmer=city.elderly2,
            expires_on=TODAY() + datetime.timedelta(days=300),
        )  # fmt: skip
        assert shield.pk


def test_nobody_but_the_responsible_agency_stops_or_resumes_the_writing(city, merged):
    case, _mother, _son, _consent, _other = merged
    for change_to in (None, timezone.now()):
        denied = pytest.raises(DatabaseError, match="row-level security")
        with w.act(city.disability), denied, transaction.atomic():
            Case.objects.filter(pk=case.pk).update(rests_at=change_to)


def test_helpers_are_told_that_it_rests_and_of_no_other_case(city, merged):
    case, mother, _son, _consent, other = merged
    with w.act(city.elderly):
        link = only_links(city.elderly, from_person=mother)
    undo(city.elderly, link)
    with w.act(city.disability):
        told = Notice.objects.filter(kind="case_rests").order_by("created_at")
        assert [n.title for n in told] == [
            "主担当機関が、新しい記入を止めたケースがあります",
            "また記入できるようになったケースがあります",
        ]
        assert {n.url for n in told} == {f"/cases/{case.pk}/"}
        assert not Case.objects.filter(pk=other.pk).exists()
    with w.act(city.child):
        assert not Notice.objects.filter(kind="case_rests").exists()


def test_who_sees_the_link_is_led_to_where_the_work_goes_on(city, merged):
    case, _mother, _son, _consent, other = merged
    here = page(city.elderly, case).context["page"].next
    assert other.number in here.text
    assert here.url == f"/cases/{other.pk}/"
    there = page(city.disability, case).context["page"].next
    assert there is None or other.number not in there.text


def test_lists_name_the_household_once_and_the_resting_case_apart(city, merged):
    case, _mother, _son, _consent, other = merged
    shown = text(get(city.elderly, "/cases/"))
    assert other.number in shown
    assert case.number not in shown
    resting = text(get(city.elderly, "/cases/?status=resting"))
    assert case.number in resting
    assert other.number not in resting
    assert "記入停止" in resting
    assert case.number in text(get(city.elderly, "/cases/?status="))
    theirs = text(get(city.disability, "/cases/?status=resting"))
    assert case.number in theirs
    assert other.number not in theirs
    shown = text(page(city.disability, case))
    assert "記入を止めています" in shown
    assert "記録を書く" not in shown


def test_a_successor_is_not_handed_a_case_that_rests(city, merged):
    case, _mother, _son, _consent, _other = merged
    city.members["manager"] = w.make_member(city.agencies["elderly"], "agency_manager")
    with w.act(city.manager):
        found = succession_to(city.manager, city.agencies["disability"])
        words = {c.pk: why for c, why in found.missing}
        assert "記入を止めています" in words[case.pk]
        assert case.pk not in {c.pk for c in found.ready}


BORN = datetime.date(1950, 4, 1)
PLUM = PersonFacts(name="架空野 梅", name_kana="かくうの うめ", birth_on=BORN)


@pytest.mark.parametrize("kind", ["merged", "joined", "split"])
def test_in_an_emergency_the_household_is_found_where_it_is_now(city, kind):
    case, (plum, son) = w.household(city.elderly, PLUM, PersonFacts(name="架空野 太郎"))
    other, (twin,) = w.household(
        city.elderly, PLUM if kind == "merged" else PersonFacts(name="叔母")
    )
    if kind == "merged":
        other = change(city.elderly, case, kind, {plum: twin, son: None}, to=other)
    else:
        other = change(city.elderly, case, kind, [plum], to=other if kind == "joined" else None)
    with w.act(city.child):
        asked = facts(city, kana="かくうの うめ", birth_on=BORN)
        found = open_emergency(by=city.child, facts=asked)
        assert found is not None
        assert Emergency.objects.get().content_object_id == other.pk
        assert not Case.objects.filter(pk=case.pk).exists()
