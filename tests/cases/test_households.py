"""世帯の変更 (V18): nothing moves, nothing opens, and a mistake is taken back."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import Case, CaseGrant, HouseholdLink, Person, Record
from cases.operations import (
    change_household,
    change_person,
    close_case,
    confirm_shield,
    propose_shield,
    transfer_case,
    undo_household_change,
    write_note,
)
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import get, note, page, referred, send, text

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


def masked(page):
    """Without what differs between any two looks: nonce, token, the time of the look."""
    return re.sub(r'(nonce="|value="|Token": ")[^"]*"|\d\d:\d\d', "", page)


def change(by, case, kind, persons, *, to=None, on=None, key=None):
    with w.act(by):
        pairs = persons if isinstance(persons, dict) else dict.fromkeys(persons)
        return change_household(
            case=Case.objects.get(pk=case.pk), by=by, kind=kind, persons=pairs,
            on=on or TODAY(), to_case=to, form_key=key,
        )  # fmt: skip


def undo(by, link):
    with w.act(by):
        links = HouseholdLink.objects.select_related("from_person__case", "to_person__case")
        undo_household_change(link=links.get(pk=link.pk), by=by)


def only_links(by, **which):
    with w.act(by):
        return HouseholdLink.objects.visible_to(by).standing().get(**which)


def grants(by, case):
    with w.act(by):
        found = CaseGrant.objects.filter(content_object=case).in_force()
        return sorted(map(str, found.values_list("group_id", "person_id", "basis", "categories")))


def test_who_leaves_has_a_case_of_their_own_and_nothing_moves(city):
    case, mother, son, _consent = referred(city)
    note(city.elderly, case, "息子のこと", [son])
    before = grants(city.elderly, case)
    new = change(city.elderly, case, "split", [son])
    assert grants(city.elderly, case) == before
    with w.act(city.elderly):
        there = Person.objects.get(case=new)
        assert (there.name, there.author_agency_id) == (son.name, city.elderly.agency_id)
        assert Person.objects.get(pk=son.pk).left_on == TODAY()
        assert Person.objects.get(pk=mother.pk).left_on is None
        assert Record.objects.filter(case=new).count() == 0
        assert Record.objects.filter(case=case).exists()
        assert CaseGrant.objects.filter(content_object=new).in_force().count() == 1
    shown = text(page(city.elderly, case))
    assert "この世帯から分かれたケース" in shown
    assert new.number in shown
    assert "世帯を出た人" in shown
    assert "分かれる前のケース" in text(page(city.elderly, new))


def test_who_sees_one_end_learns_of_no_other(city):
    case, _mother, son, _consent = referred(city)
    earlier = text(page(city.disability, case))
    new = change(city.elderly, case, "split", [son])
    assert page(city.disability, new).status_code == 404
    shown = text(page(city.disability, case))
    assert new.number not in shown
    assert "世帯の変更" not in shown
    assert "分かれた" not in shown
    assert masked(shown) == masked(earlier)  # the son is not theirs to see


def test_somebody_moves_into_another_household(city):
    case, mother, son, _consent = referred(city)
    other, (aunt,) = w.household(city.elderly, PersonFacts(name="架空山 叔母"))
    change(city.elderly, case, "joined", [son], to=other)
    with w.act(city.elderly):
        assert Person.objects.filter(case=other).count() == 2
    back = change(city.elderly, other, "joined", {_there(city, son, other): son}, to=case)
    assert back.pk == case.pk
    with w.act(city.elderly):
        assert Person.objects.get(pk=son.pk).left_on is None
        assert Person.objects.filter(case=case).count() == 2
        assert {mother.left_on, aunt.left_on} == {None}


def _there(city, person, case):
    with w.act(city.elderly):
        return Person.objects.get(case=case, name=person.name)


def test_a_merged_case_is_read_and_written_again_when_it_was_wrong(city):
    case, mother, son, _consent = referred(city)
    note(city.elderly, case, "母のこと", [mother])
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    before = grants(city.elderly, case), grants(city.elderly, other)
    change(city.elderly, case, "merged", {mother: mama, son: None}, to=other)
    assert (grants(city.elderly, case), grants(city.elderly, other)) == before
    for member in (city.elderly, city.disability):
        shown = text(page(member, case))
        assert "主担当機関が記入を止めています" in shown
        with w.act(member), pytest.raises(ActionDenied, match="記入を止めています"):
            write_note(case=Case.objects.get(pk=case.pk), by=member, text="あと", method="phone")
    assert "統合先のケース" in text(page(city.elderly, case))
    assert "母のこと" in text(page(city.disability, case))
    assert other.number not in text(page(city.disability, case))
    assert f"ケース {case.number} は、まだ終結" in text(
        get(city.elderly, f"/cases/{other.pk}/close/")
    )
    with w.act(city.elderly):
        link = HouseholdLink.objects.filter(to_person=mama).get()
    undo(city.elderly, link)
    assert (grants(city.elderly, case), grants(city.elderly, other)) == before
    note(city.elderly, case, "また書く", [mother])
    with w.act(city.elderly):
        assert Case.objects.get(pk=case.pk).rests_at is None
        assert HouseholdLink.objects.standing().count() == 0
        assert _there(city, son, other).left_on == TODAY()
    with pytest.raises(ActionDenied, match="すでに取り消されています"):
        undo(city.elderly, link)


def test_the_same_form_changes_once(city):
    case, _mother, son, _consent = referred(city)
    key = uuid.uuid4()
    new = change(city.elderly, case, "split", [son], key=key)
    assert change(city.elderly, case, "split", [son], key=key) == new
    with pytest.raises(ActionDenied, match="すでにこの世帯を出ています"):
        change(city.elderly, case, "split", [son])


def test_bad_input_is_one_sentence_each(city):
    case, mother, son, _consent = referred(city)
    with pytest.raises(ActionDenied, match="最後の一人"):
        change(city.elderly, case, "split", [mother, son])
    with pytest.raises(ActionDenied, match="同じケースどうし"):
        change(city.elderly, case, "merged", [mother], to=case)
    with pytest.raises(ActionDenied, match="今日までの日"):
        change(city.elderly, case, "split", [son], on=TODAY() + datetime.timedelta(days=1))
    with pytest.raises(ActionDenied, match="選んでください"):
        change(city.elderly, case, "split", [])
    theirs, _persons = w.household(city.disability)
    with pytest.raises(ActionDenied, match="ケースの中にありません"):
        change(city.elderly, case, "joined", [son], to=theirs)
    with pytest.raises(ActionDenied, match="主担当機関です"):
        change(city.disability, case, "split", [mother])
    with w.act(city.elderly):
        person = Person.objects.get(pk=son.pk)
        facts = PersonFacts(name=son.name, is_deceased=True)
        change_person(person=person, by=city.elderly, facts=facts, version=person.version)
    with pytest.raises(ActionDenied, match="亡くなっている"):
        change(city.elderly, case, "split", [_there(city, son, case)])
    closed, persons = w.household(city.elderly)
    with w.act(city.elderly):
        close_case(case=closed, by=city.elderly, reason="おわり")
    with pytest.raises(ActionDenied, match="終結している"):
        change(city.elderly, closed, "split", persons[:1])
    with pytest.raises(ActionDenied, match="終結している"):
        change(city.elderly, case, "merged", [mother], to=closed)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_nobody_under_a_shield_is_carried_into_another_case(city, is_confirmed):
    case, mother, son, _consent = referred(city)
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    with w.act(city.elderly):
        shield = propose_shield(
            person=mother, by=city.elderly, ground="abuse", confirmer=city.elderly2,
            expires_on=TODAY() + datetime.timedelta(days=300),
        )  # fmt: skip
    if is_confirmed:
        with w.act(city.elderly2):
            confirm_shield(shield=shield, by=city.elderly2)
    for kind, persons in (("split", [mother]), ("joined", [mother]), ("merged", {son: mama})):
        with pytest.raises(ActionDenied, match="支援措置のある人"):
            change(city.elderly, case, kind, persons, to=other if kind != "split" else None)
    with pytest.raises(ActionDenied, match="支援措置のある人"):
        change(city.elderly, other, "merged", {mama: mother}, to=case)
    # Nor by a row of one's own: the database asks again.
    denied = pytest.raises(DatabaseError, match="row-level security")
    with w.act(city.elderly), denied, transaction.atomic():
        HouseholdLink(
            kind="joined", from_person=mother, to_person=mama, on=TODAY(), author=city.elderly,
            author_agency_id=city.elderly.agency_id, form_key=uuid.uuid4(),
        ).save(force_insert=True)  # fmt: skip


def test_a_case_on_its_way_to_another_agency_is_not_merged(city):
    case, mother, son, _consent = referred(city)
    for person in (mother, son):
        w.consent(city.elderly, person, city.agencies["disability"])
    with w.act(city.elderly):
        transfer_case(
            case=case, by=city.elderly, to_agency=city.agencies["disability"], reason="近い"
        )
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    with pytest.raises(ActionDenied, match="移管が返事待ち"):
        change(city.elderly, case, "merged", {mother: mama}, to=other)


def test_pages_from_the_choice_to_the_new_case(city):
    case, _mother, son, _consent = referred(city)
    assert "世帯の変更" in text(page(city.elderly, case))
    assert "何がありましたか" in text(get(city.elderly, f"/cases/{case.pk}/household/"))
    url = f"/cases/{case.pk}/household/split/"
    answers = {"persons": [str(son.pk)], "on": TODAY().isoformat(), "reason": "independent"}
    shown = text(send(city.elderly, url, {**answers, "step": "check"}))
    assert "起きること" in shown
    assert "新しいケースを作ります" in shown
    assert "架空disabilityセンターには、本人の同意をとってつなぐまで見えません" in shown
    wrong = send(city.elderly, url, {**answers, "on": "2099-01-01", "step": "check"})
    assert wrong.status_code == 422
    assert "今日まで" in text(wrong, 422)
    done = send(city.elderly, url, {**answers, "step": "done"})
    assert done.status_code == 302
    link = only_links(city.elderly)
    undo_url = f"/household-links/{link.pk}/undo/"
    assert undo_url in page(city.elderly, case).content.decode()
    assert "取り消します" in text(get(city.elderly, undo_url))
    assert get(city.disability, undo_url).status_code == 404


def test_pages_of_a_merge_pair_the_persons_and_ask_for_consents_anew(city):
    case, mother, _son, _consent = referred(city)
    other, (mama,) = w.household(city.elderly, PersonFacts(name=mother.name))
    url = f"/cases/{case.pk}/household/merge/"
    theirs, _persons = w.household(city.disability)
    for number in (theirs.number, "K8-NOBODY"):
        wrong = send(city.elderly, url, {"number": number, "on": TODAY().isoformat(),
                                         "step": "check"})  # fmt: skip
        assert wrong.status_code == 422
        assert "ケースの中にありません" in text(wrong, 422)
    answers = {"number": other.number.lower(), "on": TODAY().isoformat()}
    check = send(city.elderly, url, {**answers, "step": "check"})
    shown = text(check)
    assert "取り直す同意" in shown
    assert "架空disabilityセンター" in shown
    same = check.context["same"]
    assert same.initial[f"same_{mother.pk}"] == mama.pk
    pairs = {name: str(value or "") for name, value in same.initial.items()}
    done = send(city.elderly, url, {**answers, **pairs, "step": "done"})
    assert (done.status_code, done["Location"]) == (302, f"/cases/{other.pk}/")
    with w.act(city.elderly):
        assert Person.objects.filter(case=other).count() == 2
