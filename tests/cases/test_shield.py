"""支援措置 (V9) through its pages: two people, the list, what is released. What it hides, on every
output, is tests/test_shield_outputs.py's."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases.models import Case, Contact, Person, Record, Shield, ShieldHold, ShieldMember
from cases.operations import (
    assess,
    confirm_shield,
    decide_hold,
    end_place,
    lift_shield,
    propose_lift,
    propose_shield,
    take_back_shield,
    write_note,
)
from cases.operations.case import PersonFacts
from cases.operations.shieldrescue import name_rescue, stranded_shields
from tests import world as w
from tests.cases.pages import referred
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ADDRESS = "架空市みどり町3-2-1"


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def mother(city):
    _case, persons = w.household(
        city.elderly, PersonFacts(name="架空野 鈴", address=ADDRESS), PersonFacts(name="架空野 渡")
    )
    return persons[0]


def in_a_year():
    return timezone.localdate() + datetime.timedelta(days=365)


def propose(city, mother, **more):
    with w.act(city.elderly):
        given = {"ground": "abuse", "expires_on": in_a_year(), "confirmer": city.elderly2}
        return propose_shield(person=mother, by=city.elderly, **{**given, **more})


def in_force(city, mother):
    shield = propose(city, mother)
    with w.act(city.elderly2):
        return confirm_shield(shield=shield, by=city.elderly2)


def text(response, status=200):
    assert response.status_code == status, response.content.decode()[:500]
    return response.content.decode()


def test_proposed_and_confirmed_and_lifted_through_the_pages(city, mother):
    first, second = sign_in(Client(), city.elderly), sign_in(Client(), city.elderly2)
    url = reverse("shield_new", args=[mother.pk])
    assert "確認する人" in text(first.get(url))
    typed = {
        "form_key": str(uuid.uuid4()), "ground": "abuse", "expires_on": str(in_a_year()),
        "confirmer": str(city.elderly2.pk), "members": [],
    }  # fmt: skip
    assert first.post(url, typed).status_code == 302
    assert first.post(url, typed).status_code == 302  # a double click proposes once
    with w.act(city.elderly):
        (shield,) = Shield.objects.all()
    page = reverse("shield_detail", args=[shield.pk])
    assert "確認待ち" in text(first.get(page))
    assert "支援措置の確認を頼まれています" in text(second.get(reverse("home")))
    assert first.get(reverse("shield_confirm", args=[shield.pk])).status_code == 403
    confirm = reverse("shield_confirm", args=[shield.pk])
    assert "名簿の人のほかには見えなくします" in text(second.get(confirm))
    assert second.post(confirm).status_code == 302
    assert "働いています" in text(first.get(page))
    case = reverse("case_detail", args=[mother.case_id])
    assert "支援措置あり" in text(first.get(case))
    lift = reverse("shield_lift", args=[shield.pk])
    assert second.post(lift, {"reason": "終わった"}).status_code == 302
    assert second.get(lift).status_code == 403
    assert "解除" in text(first.get(lift))
    assert first.post(lift).status_code == 302
    assert "支援措置あり" not in text(first.get(case))


def test_whoever_is_offered_sees_the_person(city, mother):
    """That a shield exists is shown to those alone: also whoever is asked to confirm one (V9)."""
    _case, seen, unseen, _given = referred(city)
    browser = sign_in(Client(), city.elderly)

    def offered(person):
        form = browser.get(reverse("shield_new", args=[person.pk])).context["form"]
        return {key for key, _label in form.fields["confirmer"].choices if key}

    own = {str(city.elderly2.pk)}
    assert offered(seen) == own | {str(city.disability.pk)}
    assert offered(unseen) == own
    with as_owner():
        city.elderly2.delete()
    assert offered(unseen) == set()
    assert "あなたのほかにいません" in text(browser.get(reverse("shield_new", args=[unseen.pk])))


def test_bad_input_is_a_sentence_beside_the_field(city, mother):
    browser = sign_in(Client(), city.elderly)
    url = reverse("shield_new", args=[mother.pk])
    answer = text(browser.post(url, {"form_key": str(uuid.uuid4()), "expires_on": "R2.1.1"}), 422)
    assert "これから先の日付を入れてください。" in answer
    assert "根拠を" in answer


def test_who_is_not_on_the_list_finds_no_page_and_cannot_propose_twice(city, mother):
    shield = in_force(city, mother)
    third = w.make_member(city.agencies["elderly"], "consultation_worker")
    browser = sign_in(Client(), third)
    for name in ("shield_detail", "shield_holds", "shield_lift", "shield_extend"):
        assert browser.get(reverse(name, args=[shield.pk])).status_code == 404
    assert "支援措置あり" in text(browser.get(reverse("case_detail", args=[mother.case_id])))
    with w.act(third), pytest.raises(ActionDenied, match="すでに働いています"):
        propose_shield(
            person=Person.objects.get(pk=mother.pk), by=third, ground="abuse",
            expires_on=in_a_year(), confirmer=city.elderly2,
        )  # fmt: skip


def test_two_memberships_of_one_user_are_one_person(city, mother):
    other = w.make_member(
        city.agencies["disability"], "consultation_worker", user=city.elderly.user
    )
    with pytest.raises(ActionDenied, match="別の人"):
        propose(city, mother, confirmer=other)
    shield = in_force(city, mother)
    with w.act(city.elderly):
        ShieldMember(shield=shield, membership=other, added_by=city.elderly).save(force_insert=True)
        propose_lift(shield=shield, by=city.elderly, reason="終わった")
    with w.act(other), pytest.raises(ActionDenied, match="別の、名簿の人"):
        lift_shield(shield=shield, by=other)
    with w.act(other), pytest.raises(DatabaseError), transaction.atomic():
        Shield.objects.filter(pk=shield.pk).update(
            lifted_at=timezone.now(), lifted_by=other, lifted_user_id=other.user_id
        )


def test_two_users_always_stay_on_the_list(city, mother):
    shield = in_force(city, mother)
    with w.act(city.elderly):
        place = ShieldMember.objects.get(shield=shield, membership=city.elderly2)
        with pytest.raises(ActionDenied, match="二人以上"):
            end_place(place=place, by=city.elderly)
        with pytest.raises(DatabaseError), transaction.atomic():
            ShieldMember.objects.filter(pk=place.pk).update(ended_at=timezone.now())


def test_contact_is_neither_seen_nor_overwritten_by_others(city, mother):
    in_force(city, mother)
    third = w.make_member(city.agencies["elderly"], "consultation_worker")
    browser = sign_in(Client(), third)
    url = reverse("person_edit", args=[mother.pk])
    page = text(browser.get(url))
    assert "みどり町" not in page
    assert 'name="address"' not in page
    typed = {"name": "架空野 すず", "version": "1", "address": "よその町", "is_cohabiting": "on"}
    assert browser.post(url, typed).status_code == 302
    with w.act(city.elderly):
        assert Contact.objects.get(pk=mother.pk).address == ADDRESS
        assert Person.objects.get(pk=mother.pk).name == "架空野 すず"
    with w.act(third):
        assert not Contact.objects.exists()
        assert Contact.objects.filter(pk=mother.pk).update(address="よその町") == 0


def test_released_after_reading_and_never_with_a_hidden_value(city, mother):
    with w.act(city.elderly):
        case = mother.case
        plain = write_note(
            case=case, by=city.elderly, method="visit", text="会った", persons=[mother]
        )
        telling = write_note(
            case=case,
            by=city.elderly,
            method="visit",
            text="みどり町３丁目で会った",
            persons=[mother],
        )
    in_force(city, mother)
    third = w.make_member(city.agencies["elderly"], "consultation_worker")
    with w.act(third):
        assert not Record.objects.visible_to(third).exists()
    with w.act(city.elderly):
        holds = {h.row_id: h for h in ShieldHold.objects.visible_to(city.elderly)}
        with pytest.raises(ActionDenied, match="住所"):
            decide_hold(hold=holds[telling.pk], by=city.elderly, decision="released")
        with pytest.raises(DatabaseError), transaction.atomic():
            ShieldHold.objects.filter(pk=holds[telling.pk].pk).update(
                decision="released", decided_by=city.elderly, decided_at=timezone.now()
            )
    browser = sign_in(Client(), city.elderly)
    waiting = text(browser.get(reverse("shield_holds", args=[holds[plain.pk].shield_id])))
    assert "住所が書かれています" in waiting
    url = reverse("hold_decide", args=[holds[plain.pk].pk])
    assert browser.post(url, {"release": "1"}).status_code == 302
    with w.act(third):
        assert list(Record.objects.visible_to(third).values_list("pk", flat=True)) == [plain.pk]


@pytest.mark.parametrize("parted", ["みどり\n町3-2-1", "みどり　町 3丁目2-1", 'みどり"町'])
def test_what_is_hidden_is_found_in_an_answer_however_it_is_parted(city, mother, parted):
    """An answer is read as its words, not as the JSON they are kept in."""
    with w.act(city.elderly):
        case = Case.objects.get(pk=mother.case_id)
        son = Person.objects.exclude(pk=mother.pk).get(case=case)
        told = {"health-illness": {"answer": "yes", "word": parted}}
        plain = {"health-illness": {"answer": "yes", "word": "心臓"}}
        telling, silent = (
            assess(case=case, by=city.elderly, category="health", situation="", answers=answers,
                   persons=[son]).pk
            for answers in (told, plain)
        )  # fmt: skip
    third = w.make_member(city.agencies["elderly"], "consultation_worker")
    in_force(city, mother)
    with w.act(third):
        assert {r.pk for r in Record.objects.visible_to(third)} == {silent}
    with w.act(city.elderly):
        hold = ShieldHold.objects.visible_to(city.elderly).get(row_id=telling)
        with pytest.raises(ActionDenied, match="住所"):
            decide_hold(hold=hold, by=city.elderly, decision="released")


def test_what_disposes_of_the_whole_case_is_done_by_the_list(city, mother):
    in_force(city, mother)
    third = w.make_member(city.agencies["elderly"], "consultation_worker")
    for name in ("case_close", "transfer_new"):
        url = reverse(name, args=[mother.case_id])
        assert sign_in(Client(), third).get(url).status_code == 403
        assert sign_in(Client(), city.elderly).get(url).status_code == 200


# --- a proposal stands in nobody's way ---------------------------------------------------------


def side_by_side(city, mother):
    """An idle proposal, and another of two other people."""
    idle = propose(city, mother)
    with as_owner():
        third, fourth = (
            w.make_member(city.agencies["elderly"], "consultation_worker") for _n in range(2)
        )
    with w.act(third):
        other = propose_shield(
            person=Person.objects.get(pk=mother.pk), by=third, ground="abuse",
            expires_on=in_a_year(), confirmer=fourth,
        )  # fmt: skip
        # Whoever proposes is not told of the other list.
        assert [s.pk for s in Shield.objects.visible_to(third)] == [other.pk]
    return idle, other, fourth


def test_an_idle_proposal_blocks_nobody_and_is_void_afterwards(city, mother):
    idle, other, fourth = side_by_side(city, mother)
    with w.act(fourth):
        confirm_shield(shield=other, by=fourth)
    with w.act(city.elderly):
        assert not Contact.objects.filter(pk=mother.pk).exists()
    with w.act(city.elderly2), pytest.raises(ActionDenied, match="この提案のあとに"):
        confirm_shield(shield=idle, by=city.elderly2)
    with w.act(fourth):
        propose_lift(shield=other, by=fourth, reason="終わった")
    with w.act(other.proposed_by):
        lift_shield(shield=other, by=other.proposed_by)
    # Not even when the other one is over: it was about another day.
    with w.act(city.elderly2), pytest.raises(ActionDenied, match="この提案のあとに"):
        confirm_shield(shield=idle, by=city.elderly2)


def test_a_proposal_lapses_and_the_database_says_so_too(city, mother):
    shield = propose(city, mother)
    with as_owner(), connection.cursor() as cursor:
        # Nobody writes the day of a proposal; as if a month had passed.
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table cases_shield disable trigger user")
        cursor.execute("update cases_shield set proposed_at = now() - interval '31 days'")
        cursor.execute("alter table cases_shield enable trigger user")
    page = reverse("shield_detail", args=[shield.pk])
    assert "30日を過ぎました" in text(sign_in(Client(), city.elderly2).get(page))
    with w.act(city.elderly2):
        with pytest.raises(ActionDenied, match="30日を過ぎました"):
            confirm_shield(shield=shield, by=city.elderly2)
        with pytest.raises(DatabaseError, match="has lapsed"), transaction.atomic():
            Shield.objects.filter(pk=shield.pk).update(
                confirmed_at=timezone.now(), confirmed_user=city.elderly2.user
            )
    with w.act(city.elderly):
        take_back_shield(shield=shield, by=city.elderly)
        assert propose_shield(
            person=mother, by=city.elderly, ground="abuse", expires_on=in_a_year(),
            confirmer=city.elderly2,
        ).is_waiting  # fmt: skip


# --- a list whose people have all left ---------------------------------------------------------


def left_alone(city, mother):
    shield = in_force(city, mother)
    with as_owner():
        for member in (city.elderly, city.elderly2):
            yesterday = timezone.localdate() - datetime.timedelta(days=1)
            w.Membership.objects.filter(pk=member.pk).update(until=yesterday)
        return shield, [
            w.make_member(city.agencies["elderly"], "consultation_worker") for _n in range(2)
        ]


def sent(browser, **typed):
    return browser.post(reverse("shield_stranded"), typed)


def test_head_and_privacy_officer_name_two_people_and_see_nothing(city, mother):
    shield, (third, fourth) = left_alone(city, mother)
    head, privacy = sign_in(Client(), city.head), sign_in(Client(), city.privacy)
    page = text(head.get(reverse("shield_stranded")))
    assert mother.case.number in page
    assert mother.name not in page
    assert "名簿に人がいない支援措置が1件" in text(head.get(reverse("home")))
    key = str(shield.pk)
    one = {f"{key}-first": str(third.pk), f"{key}-second": str(third.pk)}
    assert "別の二人を" in text(sent(head, shield=key, **one), 422)
    two = {f"{key}-first": str(third.pk), f"{key}-second": str(fourth.pk)}
    assert sent(head, shield=key, **two).status_code == 302
    with w.act(third):
        assert not ShieldMember.objects.exists()
    page = text(privacy.get(reverse("shield_stranded")))
    assert str(third.user) in page
    assert "二人を確認して" in page
    with w.act(city.privacy):
        (row,) = stranded_shields()
    assert sent(head, rescue=str(row.rescue_id)).status_code == 403
    assert sent(privacy, rescue=str(row.rescue_id)).status_code == 302
    again = text(sent(privacy, rescue=str(row.rescue_id)), 403)
    assert "いま立て直しを待っていません" in again
    for member in (third, fourth):
        with w.act(member):
            assert Shield.objects.visible_to(member).count() == 1
            assert Contact.objects.visible_to(member).get(pk=mother.pk).address == ADDRESS
    for member in (city.head, city.privacy):
        with w.act(member):
            assert not Shield.objects.exists()
            assert stranded_shields() == []
            assert not Contact.objects.exists()
    assert sent(privacy, rescue=str(row.rescue_id)).status_code == 403


@pytest.mark.parametrize("who", ["head", "child", "coordinator", "elderly2"])
def test_nobody_is_named_who_does_not_work_on_the_case_nor_the_head(city, mother, who):
    shield, (third, _fourth) = left_alone(city, mother)
    with w.act(city.head), pytest.raises(ActionDenied, match="いまは立て直せません"):
        name_rescue(by=city.head, shield_id=shield.pk, people=[third, city.members[who]])


def test_a_list_with_somebody_on_it_is_nobody_s_to_fill(city, mother):
    shield = in_force(city, mother)
    with as_owner():
        people = [w.make_member(city.agencies["elderly"], "consultation_worker") for _n in range(2)]
    with w.act(city.head):
        assert stranded_shields() == []
        with pytest.raises(ActionDenied, match="いまは立て直せません"):
            name_rescue(by=city.head, shield_id=shield.pk, people=people)


@pytest.mark.parametrize("who", ["coordinator", "disability", "sysadmin", "admin", "privacy"])
def test_only_the_head_names(city, mother, who):
    shield, people = left_alone(city, mother)
    by = city.members[who]
    with w.act(by), pytest.raises(ActionDenied):
        name_rescue(by=by, shield_id=shield.pk, people=people)
    if who != "privacy":
        with w.act(by):
            assert stranded_shields() == []
