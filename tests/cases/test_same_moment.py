"""Two people change one consent at the same moment, in two sessions of the database: the stricter
wins and nothing is lost (V3). In a database of its own, because both commit."""

from __future__ import annotations

import datetime
import threading
import time

import pytest
from django.db import IntegrityError, connections
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import Case, Consent, LeftWork, MoveOut, MoveOutAnswer
from cases.operations import (
    answer_move_out,
    narrow_consent,
    record_consent,
    renew_consent,
    send_move_out,
    withdraw_consent,
)
from cases.operations.consent import ConsentTerms, How, answer_seen, terms_of
from tests import world as w
from tests.agencies.sealed import own_database
from tests.cases import papers_out
from tests.cases.pages import referred
from tests.plans import situations as sit

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True, scope="module")
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_database():
        yield


def at_once(first, second):
    """The second begins when the first has done its work and has not committed yet. What each was
    told, or None."""
    begun = threading.Event()
    told: list[Exception | None] = [None, None]

    def run(place, change):
        try:
            change()
        except Exception as error:
            told[place] = error
        finally:
            begun.set()
            connections.close_all()

    def one():
        by, verb = first
        with w.act(by):
            verb()
            begun.set()
            time.sleep(0.4)  # the second waits at the lock, or reads what was there before

    def other():
        begun.wait(10)
        by, verb = second
        with w.act(by):
            verb()

    threads = [threading.Thread(target=run, args=pair) for pair in ((0, one), (1, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return told


def how():
    today = timezone.localdate()
    return How(given_on=today, until=today + datetime.timedelta(days=300), method="oral")


def said(city, **changed):
    terms = {
        "answer": "given",
        "given_on": timezone.localdate(),
        "categories": w.ALL,
        "method": "signed",
        "agencies": [city.agencies["disability"]],
    }
    return ConsentTerms(**{**terms, **changed})


def verbs(city, given, mother):
    """What may be done to the same consent: by whom, and the call."""
    elder, other = city.elderly, city.elderly2

    def fewer():
        return ConsentTerms(**{**vars(terms_of(given, elder)), "categories": ["basic"]})

    with w.act(elder):
        narrower, seen = fewer(), answer_seen(mother, elder)
    return {
        "renew": (elder, lambda: renew_consent(consent=given, by=elder, how=how())),
        "narrow": (elder, lambda: narrow_consent(consent=given, by=elder, terms=narrower)),
        "new": (
            elder,
            lambda: record_consent(person=mother, by=elder, terms=said(city), seen=seen),
        ),
        "refuse": (
            other,
            lambda: record_consent(
                person=mother, by=other, terms=ConsentTerms("refused", timezone.localdate())
            ),
        ),
        "withdraw": (other, lambda: withdraw_consent(consent=given, by=other, reason="希望")),
    }


def is_closed(city, case, mother):
    """Nothing is in force, and every answer there was can still be read."""
    with w.act(city.disability):
        assert not Case.objects.filter(pk=case.pk).exists()
    with w.act(city.elderly):
        assert not Consent.objects.in_force().filter(person=mother).exists()
        return Consent.objects.filter(person=mother).count()


@pytest.mark.parametrize("what", ["renew", "narrow", "new"])
def test_a_withdrawal_waits_for_the_other_and_ends_its_answer_too(what):
    city = w.city()
    case, mother, _son, given = referred(city)
    verb = verbs(city, given, mother)
    assert at_once(verb[what], verb["withdraw"]) == [None, None]
    assert is_closed(city, case, mother) == 2


@pytest.mark.parametrize("what", ["renew", "narrow", "new"])
def test_nothing_follows_a_withdrawal_that_was_first(what):
    city = w.city()
    case, mother, _son, given = referred(city)
    verb = verbs(city, given, mother)
    first, second = at_once(verb["withdraw"], verb[what])
    assert first is None
    assert isinstance(second, ActionDenied)
    assert is_closed(city, case, mother) == 1


@pytest.mark.parametrize("order", [("renew", "refuse"), ("refuse", "renew")])
def test_a_refusal_wins_over_a_renewal(order):
    city = w.city()
    case, mother, _son, given = referred(city)
    verb = verbs(city, given, mother)
    told = at_once(*(verb[name] for name in order))
    assert [t for t in told if t and not isinstance(t, ActionDenied)] == []
    is_closed(city, case, mother)
    with w.act(city.elderly):
        assert Consent.objects.get(person=mother, withdrawn_at=None).answer == "refused"


def test_one_of_two_renewals_is_told():
    city = w.city()
    _case, mother, _son, given = referred(city)
    verb = verbs(city, given, mother)
    first, second = at_once(verb["renew"], verb["renew"])
    assert first is None
    assert "先に変えたか" in str(second)
    with w.act(city.elderly):
        assert Consent.objects.in_force().filter(person=mother).count() == 1


def test_two_persons_of_one_household_do_not_wait_for_each_other_for_ever():
    city = w.city()
    _case, mother, son, given = referred(city)
    second = w.consent(city.elderly, son, city.agencies["disability"])
    elder, other = city.elderly, city.elderly2
    told = at_once(
        (elder, lambda: withdraw_consent(consent=given, by=elder, reason="希望")),
        (other, lambda: renew_consent(consent=second, by=other, how=how())),
    )
    assert told == [None, None]
    with w.act(elder):
        assert not Consent.objects.in_force().filter(person=mother).exists()
        assert Consent.objects.in_force().filter(person=son).exists()


def test_another_agencys_answer_is_ended_by_the_withdrawal_of_the_one_it_replaced():
    """Whoever took the consent withdraws it while another agency, whose answer it need not see,
    records a new one."""
    city = w.city()
    case, mother, _son, _given = referred(city)
    child, disability = city.child, city.disability
    taken = w.consent(disability, mother, city.agencies["disability"])
    told = at_once(
        (city.elderly, lambda: record_consent(person=mother, by=city.elderly, terms=said(city))),
        (disability, lambda: withdraw_consent(consent=taken, by=disability, reason="希望")),
    )
    assert told == [None, None]
    assert is_closed(city, case, mother) == 3
    with w.act(child):
        assert not Consent.objects.exists()


def test_open_work_is_left_once_by_two_who_withdraw():
    s = sit.scene()
    sit.in_force(s)
    coordinator = s.city.coordinator
    other = w.make_member(s.city.agencies["coordinator"], "coordinator")
    with w.act(coordinator):
        given = Consent.objects.get(person=s.persons[0], withdrawn_at=None)
    told = at_once(
        (coordinator, lambda: withdraw_consent(consent=given, by=coordinator, reason="希望")),
        (other, lambda: withdraw_consent(consent=given, by=other, reason="希望")),
    )
    assert told[0] is None
    assert "すでに撤回" in str(told[1])
    with w.act(coordinator):
        assert LeftWork.objects.count() == 1


# --- a paper for another municipality -------------------------------------------------------------


def paper_of():
    """A paper about the mother, who agrees to it; what withdraws, and what sends it."""
    city = w.city()
    case, mother, _son, _consent = referred(city)
    by = city.elderly
    paper = papers_out.prepared(by, case, mother)
    papers_out.said(by, paper, mother)
    today = timezone.localdate()

    def take_back():
        answer_move_out(paper=paper, by=by, person=mother, answer="withdrawn", given_on=today)

    def go():
        send_move_out(paper=paper, by=by, on=today, how="post")

    return (by, take_back), (by, go), paper


def test_a_paper_does_not_go_beside_a_withdrawal():
    take_back, go, paper = paper_of()
    told = at_once(take_back, go)
    assert told[0] is None
    assert isinstance(told[1], (ActionDenied, IntegrityError))
    with w.act(go[0]):
        assert MoveOut.objects.get(pk=paper.pk).state == "prepared"


def test_a_withdrawal_beside_a_paper_that_goes_is_kept_as_after_it():
    take_back, go, paper = paper_of()
    assert at_once(go, take_back) == [None, None]
    with w.act(go[0]):
        assert MoveOut.objects.get(pk=paper.pk).state == "sent"
        assert {a.answer for a in MoveOutAnswer.objects.all()} >= {"given", "withdrawn"}
