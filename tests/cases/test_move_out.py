"""転出の引継ぎ: told of is only who agrees to exactly this paper; what left stays as it left."""

from __future__ import annotations

import datetime
import hashlib
import json

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.models import Disclosure, MoveOut, MoveOutAnswer, Person
from cases.moveouts import Telling, compose, offered
from cases.operations import (
    accept_transfer,
    add_issue,
    answer_move_out,
    cancel_move_out,
    change_person,
    close_case,
    prepare_move_out,
    receive_move_out,
    return_move_out,
    send_move_out,
    solve_issue,
    transfer_case,
)
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import note
from tests.cases.papers_out import SEND, choice, family, prepared, refused, said, sent
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

TODAY = timezone.localdate


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    case, persons = w.household(city.elderly, *family())
    return case, *persons


def told(city, case, *persons):
    with w.act(city.elderly):
        known = {p.pk: p for p in Person.objects.visible_to(city.elderly).filter(case=case)}
        return {i.text for i in offered(city.elderly, case, known, {p.pk for p in persons})}


def died(city, person):
    with w.act(city.elderly):
        facts = PersonFacts(name=person.name, is_deceased=True, died_on=TODAY())
        change_person(person=person, by=city.elderly, facts=facts, version=person.version)


def composed(city, case, *persons, **more):
    with w.act(city.elderly):
        known = {p.pk: p for p in Person.objects.visible_to(city.elderly).filter(case=case)}
        return compose(city.elderly, case, known, choice(*persons, **more))


# --- what may be told ---------------------------------------------------------------------------


def test_records_that_name_somebody_left_out_are_not_offered(city, house):
    case, mother, son, child = house
    note(city.elderly, case, "母だけ", [mother])
    note(city.elderly, case, "母と息子", [mother, son])
    note(city.elderly, case, "世帯のこと")
    note(city.elderly, case, "内々", [mother], audience="agency")
    note(city.elderly, case, "だれが知らせたか", [mother], category="notifier", audience="agency")
    assert told(city, case, mother) == {"母だけ"}
    assert told(city, case, mother, son) == {"母だけ", "母と息子"}
    assert told(city, case, mother, son, child) == {"母だけ", "母と息子", "世帯のこと"}
    assert told(city, case) == set()


def test_what_is_over_is_not_offered(city, house):
    case, mother, *_rest = house
    with w.act(city.elderly):
        keys = [
            add_issue(
                case=case, by=city.elderly, issue_type="debt", noted_on=TODAY(), person=mother,
                note=words,
            )
            for words in ("いまの借金", "済んだ借金")
        ]  # fmt: skip
        solve_issue(issue=keys[1], by=city.elderly, on=TODAY())
    assert told(city, case, mother) == {"いまの借金"}


def test_paper_tells_no_letter_no_relation_and_no_contact_unasked(city, house):
    case, mother, son, _child = house
    key = note(city.elderly, case, "Bさんが話された", [son])
    alone = composed(city, case, son, records=[key])
    assert alone.persons == [
        {"name": "架空野 次郎", "kana": "かくうの じろう", "born": "", "sex": "", "relation": "",
         "contact": ""}
    ]  # fmt: skip
    assert alone.parts[0]["lines"][0]["text"] == "架空野 次郎さんが話された"
    said_all = json.dumps(alone.stored(), ensure_ascii=False)
    for gap in ("花子", "桃", case.number, "Bさん", "3人", "世帯"):
        assert gap not in said_all
    both = composed(city, case, mother, son, contacts=True)
    assert [p["relation"] for p in both.persons] == ["世帯主", "子"]
    assert both.persons[0]["contact"] == "架空町一丁目2-3　099-111-2222"


@pytest.mark.parametrize(
    "words", ["架空野　次郎が", "次郎さんと", "かくうのじろうさん", "ｶｸｳﾉ ｼﾞﾛｳ", "Ｂさん"]
)
def test_words_that_name_who_is_left_out_are_refused_where_they_stand(city, house, words):
    case, mother, *_rest = house
    for where in ("wish", "words"):
        with pytest.raises(Telling, match="載せない人（架空野 次郎さん）") as error:
            composed(city, case, mother, **{where: f"これまで{words}暮らした"})
        assert error.value.where == where
    key = note(city.elderly, case, f"母の記録に{words}とある", [mother])
    with pytest.raises(Telling) as error:
        composed(city, case, mother, records=[key])
    assert error.value.where == "notes"


def test_a_given_name_of_one_letter_is_found_as_it_is_called_and_not_within_a_word(city, house):
    case, mother, _son, _child = house
    with pytest.raises(Telling, match="桃"):
        composed(city, case, mother, wish="桃ちゃんの送り迎え")
    assert composed(city, case, mother, wish="桃の木の世話").wish == "桃の木の世話"


def test_nobody_dead_nameless_or_of_another_case_is_told_of(city, house):
    case, mother, *_rest = house
    gone = {"is_deceased": True, "died_on": datetime.date(2020, 1, 1)}
    other, strangers = w.household(
        city.elderly, PersonFacts(name="架空野 亡夫", **gone), PersonFacts(name="")
    )
    for person in strangers:
        with pytest.raises(ActionDenied, match="お名前の分かる"):
            composed(city, other, person)
    with pytest.raises(ActionDenied, match="お名前の分かる"):
        composed(city, case, mother, strangers[0])
    with pytest.raises(ActionDenied, match="載せる人を選んで"):
        composed(city, case)


def test_a_record_that_is_not_offered_is_refused(city, house):
    case, mother, son, _child = house
    key = note(city.elderly, case, "息子のこと", [son])
    with pytest.raises(ActionDenied, match="いまは載せられないもの"):
        composed(city, case, mother, records=[key])


# --- who may ------------------------------------------------------------------------------------


def test_only_the_responsible_agency_prepares_and_nobody_else_reads(city, house):
    case, mother, *_rest = house
    w.consent(city.elderly, mother, city.agencies["disability"])
    paper = prepared(city.elderly, case, mother)
    readers = {"elderly", "elderly2"}
    for name in (*readers, "disability", "coordinator", "privacy", "sysadmin"):
        by = city.members[name]
        with w.act(by):
            floor = MoveOut._base_manager.filter(pk=paper.pk).exists()
            assert floor == MoveOut.objects.visible_to(by).exists() == (name in readers), name
    other, (person,) = w.household(city.disability, family()[0])
    with pytest.raises(ActionDenied):
        prepared(city.elderly, other, person)


def test_same_form_prepares_and_answers_once(city, house):
    case, mother, *_rest = house
    with w.act(city.elderly):
        key = "0192f0c0-0000-7000-8000-000000000001"
        made = [
            prepare_move_out(case=case, by=city.elderly, choice=choice(mother), form_key=key)
            for _ in range(2)
        ]
        assert made[0].pk == made[1].pk
        for _ in range(2):
            answer_move_out(
                paper=made[0], by=city.elderly, person=mother, answer="given", given_on=TODAY(),
                form_key=key,
            )  # fmt: skip
        assert MoveOutAnswer.objects.count() == 1


# --- consent ------------------------------------------------------------------------------------


def test_it_goes_with_everybodys_consent_alone(city, house):
    case, mother, son, _child = house
    paper = prepared(city.elderly, case, mother, son)
    said(city.elderly, paper, mother)
    with pytest.raises(ActionDenied, match="架空野 次郎さんの同意がありません"):
        sent(city.elderly, paper)
    said(city.elderly, paper, son, "refused")
    with pytest.raises(ActionDenied, match="架空野 次郎さん"):
        sent(city.elderly, paper)
    said(city.elderly, paper, son)
    gone = sent(city.elderly, paper)
    assert gone.state == "sent"
    with w.act(city.elderly), connection.cursor() as cursor:
        cursor.execute("select paper::text from cases_moveout")
        text = cursor.fetchone()[0]
    assert gone.digest == hashlib.sha256(text.encode()).hexdigest()
    with as_owner():
        assert AccessLog.objects.filter(what=f"send_move_out:{gone.digest}").count() == 1


def test_consent_taken_back_before_it_goes_stops_it(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    said(city.elderly, paper, mother, "withdrawn")
    with pytest.raises(ActionDenied, match="同意がありません"):
        sent(city.elderly, paper)
    with pytest.raises(ActionDenied, match="いま同意がある人だけ"):
        said(city.elderly, paper, mother, "withdrawn")


def test_taken_back_after_it_went_is_kept_and_changes_nothing_of_it(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    gone = sent(city.elderly, paper)
    said(city.elderly, gone, mother, "withdrawn")
    with w.act(city.elderly):
        assert MoveOut.objects.get(pk=paper.pk).state == "sent"
        assert MoveOutAnswer.objects.count() == 2
    with pytest.raises(ActionDenied, match="送付済み"):
        said(city.elderly, gone, mother)


def test_a_general_consent_is_none_for_this(city, house):
    case, mother, *_rest = house
    w.consent(city.elderly, mother, *city.agencies.values(), household_tick=True)
    paper = prepared(city.elderly, case, mother)
    with pytest.raises(ActionDenied, match="同意がありません"):
        sent(city.elderly, paper)


def test_a_child_answers_by_who_has_parental_authority_and_family_alone_is_none(city, house):
    case, _mother, _son, child = house
    paper = prepared(city.elderly, case, child)
    with pytest.raises(ActionDenied, match="親権を持つ人"):
        said(city.elderly, paper, child)
    proxy = {"method": "proxy", "proxy_name": "架空野 花子", "given_on": TODAY()}
    with w.act(city.elderly):
        for power, refused in (("祖母", "家族というだけ"), ("", "代理権の根拠")):
            with pytest.raises(ActionDenied, match=refused):
                answer_move_out(
                    paper=paper, by=city.elderly, person=child, answer="given",
                    proxy_power=power, **proxy,
                )  # fmt: skip
        answer_move_out(
            paper=paper, by=city.elderly, person=child, answer="given", proxy_power="未成年後見人",
            **proxy,
        )  # fmt: skip
    assert sent(city.elderly, paper).state == "sent"


def test_who_has_died_meanwhile_stops_it(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    died(city, mother)
    with pytest.raises(DatabaseError, match="no such paper"):
        sent(city.elderly, paper)


@pytest.mark.parametrize("day", [datetime.timedelta(days=1), datetime.timedelta(days=-1)])
def test_it_goes_between_the_day_it_was_made_and_today(city, house, day):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="出した日は"):
        send_move_out(paper=paper, by=city.elderly, on=TODAY() + day, how="post")


# --- what came back -----------------------------------------------------------------------------


def test_received_then_the_case_is_closed(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="架空県見本市への引継ぎを準備中"):
        close_case(case=case, by=city.elderly, reason="転居", kind="moved")
    said(city.elderly, paper, mother)
    gone = sent(city.elderly, paper)
    with w.act(city.elderly):
        done = receive_move_out(paper=gone, by=city.elderly, on=TODAY(), who="福祉課 架空さん")
        assert (done.state, done.received_by) == ("received", "福祉課 架空さん")
        with pytest.raises(ActionDenied, match="受け取り済み"):
            return_move_out(paper=done, by=city.elderly, on=TODAY(), reason="x")
        close_case(case=case, by=city.elderly, reason="転居", kind="moved")


def test_an_answer_can_come_after_the_case_is_closed(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    gone = sent(city.elderly, paper)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="転居", kind="moved")
        done = return_move_out(paper=gone, by=city.elderly, on=TODAY(), reason="転入していない")
    assert (done.state, done.answer_reason) == ("returned", "転入していない")


def test_given_up_before_it_goes_and_not_after(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    with w.act(city.elderly):
        assert cancel_move_out(paper=paper, by=city.elderly, reason="やめた").state == "cancelled"
    with pytest.raises(ActionDenied, match="取りやめ"):
        said(city.elderly, paper, mother)
    second = prepared(city.elderly, case, mother)
    said(city.elderly, second, mother)
    gone = sent(city.elderly, second)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="送付済み"):
        cancel_move_out(paper=gone, by=city.elderly, reason="遅い")


def test_after_a_transfer_within_the_city_the_former_agency_sends_nothing(city, house):
    case, *persons = house
    for person in persons[:2]:
        w.consent(city.elderly, person, city.agencies["disability"], city.agencies["elderly"])
    died(city, persons[2])
    paper = prepared(city.elderly, case, persons[0])
    said(city.elderly, paper, persons[0])
    with w.act(city.elderly):
        move = transfer_case(
            case=case, by=city.elderly, to_agency=city.agencies["disability"], reason="x"
        )
    with w.act(city.disability):
        accept_transfer(transfer=move, by=city.disability)
    with pytest.raises(ActionDenied, match="主担当機関"):
        sent(city.elderly, paper)
    refused(SEND, city.elderly.pk, paper.pk, match="no such paper", by=city.elderly)


def test_what_left_stands_in_the_register(city, house):
    case, mother, *_rest = house
    paper = prepared(city.elderly, case, mother)
    said(city.elderly, paper, mother)
    sent(city.elderly, paper)
    with w.act(city.privacy):
        row = Disclosure.objects.visible_to(city.privacy).get()
    assert (row.kind, row.recipient, row.person_count) == (
        "move_out", "架空県見本市　福祉課 地域係", 1,
    )  # fmt: skip
