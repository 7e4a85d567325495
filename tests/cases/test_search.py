"""Search: every way to ask, and nothing about what one may not see (V15)."""

from __future__ import annotations

import dataclasses
import datetime
import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from psycopg import sql

from agencies.models import AccessLog
from cases.models import ConsultationPerson, Person
from cases.operations import (
    confirm_shield,
    join_team,
    make_case,
    propose_shield,
    take_consultation,
)
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from cases.search import WHILE_TYPING, search, similar
from cases.ways import fitting_parts, fitting_persons, ways_of
from tests import world as w
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

HANAKO = PersonFacts(
    name="髙橋 花子",
    name_kana="タカハシ ハナコ",
    birth_on=datetime.date(1955, 4, 1),
    phone="075-123-4567",
    address="架空町二丁目３番４号",
    relation="head",
    resident_ref="0012345",
)
JIRO = PersonFacts(name="濵田 次郎", name_kana="はまだ じろう", birth_year=1975)


@pytest.fixture
def city():
    return w.city()


def names(member, text):
    with w.act(member):
        return [hit.name for hit in search(member, text).hits]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("高橋", ["髙橋 花子"]),
        ("たかはし", ["髙橋 花子"]),
        ("ﾀｶﾊｼ　ﾊﾅｺ", ["髙橋 花子"]),
        ("はまた", ["濵田 次郎"]),
        ("浜田次郎", ["濵田 次郎"]),
        ("花子", ["髙橋 花子"]),
        ("はなこ", ["髙橋 花子"]),
        ("ジロウ", ["濵田 次郎"]),
        ("橋花", []),
        ("0012345", ["髙橋 花子"]),
        ("００１２３４５", ["髙橋 花子"]),
        ("001234", []),
        ("0751234567", ["髙橋 花子"]),
        ("0751", ["髙橋 花子"]),
        ("（075）123", ["髙橋 花子"]),
        ("075", []),
        ("1234567", []),
        ("０７５（１２３）４５６７", ["髙橋 花子"]),
        ("S30.4.1", ["髙橋 花子"]),
        ("昭和30年4月1日", ["髙橋 花子"]),
        ("1955-04-01", ["髙橋 花子"]),
        ("19550401", ["髙橋 花子"]),
        ("昭和30年4月", ["髙橋 花子"]),
        ("昭和30年", ["髙橋 花子"]),
        ("昭和50年", ["濵田 次郎"]),
        ("70代", []),
        ("%", []),
        ("_", []),
        ("ー", []),
        ("' or 1=1 --", []),
    ],
)
def test_every_way_to_ask(city, text, expected):
    w.household(city.elderly, HANAKO, JIRO)
    assert names(city.elderly, text) == expected


def test_case_number_finds_the_household_in_any_spelling(city):
    case, _persons = w.household(city.elderly, HANAKO, JIRO)
    typed = case.number.lower().replace("-", "")
    assert names(city.elderly, typed) == ["髙橋 花子", "濵田 次郎"]
    assert names(city.child, case.number) == []


def test_another_agency_finds_nothing_and_cannot_tell(client, city):
    case, _persons = w.household(city.elderly, HANAKO)
    sign_in(client, city.child)
    pages = []
    for text in ("髙橋", "髙橋", "架空名字", case.number, "K8-22222", "075-123-4567"):
        response = client.post(reverse("case_search"), {"q": text})
        assert response.status_code == 200
        pages.append(response.content.decode().count(text))
        assert "見られる範囲には見つかりません" in response.content.decode()
    assert pages[0] == pages[2]


def test_consent_opens_one_person_to_the_search_of_the_team(city):
    case, (hanako, _jiro) = w.household(city.elderly, HANAKO, JIRO)
    w.consent(city.elderly, hanako, city.agencies["child"])
    assert names(city.child, "たかはし") == []
    with w.act(city.elderly):
        join_team(case=case, agency=city.child.agency_id, via="referral")
    assert names(city.child, "たかはし") == ["髙橋 花子"]
    assert names(city.child, "はまだ") == []
    with w.act(city.child):
        hit = search(city.child, "たかはし").hits[0]
    assert hit.title == "髙橋 世帯"


def asked_about(member, *persons):
    facts = ConsultationFacts(
        mode="with_consent", route="person_visit", complaint="相談", urgency="low"
    )
    with w.act(member):
        return take_consultation(by=member, facts=facts, persons=persons, issues=[])


def test_consultation_of_own_agency_is_found_until_it_is_a_case(city):
    consultation = asked_about(city.elderly, HANAKO)
    for text in (
        "たかはし",
        "高橋花",
        "花子",
        "075-123-4567",
        "0751",
        "075-12",
        "S30.4.1",
        "昭和30年",
    ):
        assert names(city.elderly2, text) == ["髙橋 花子"]
        assert names(city.child, text) == []
    assert names(city.elderly, "はし") == []
    with w.act(city.elderly):
        make_case(consultation=consultation, by=city.elderly)
        (hit,) = search(city.elderly, "たかはし").hits
    assert hit.case_id
    assert not hit.consultation_id


def test_whoever_telephoned_is_found_when_they_do_so_again(client, city):
    """By the agency that took the call alone; also of a consultation that became a case."""
    facts = ConsultationFacts(
        mode="with_consent", route="family_phone", complaint="相談", urgency="low",
        visitor_name="架空沢 長女", visitor_relation="長女", visitor_phone="080-1111-2222",
    )  # fmt: skip
    with w.act(city.elderly):
        taken = take_consultation(by=city.elderly, facts=facts, persons=[HANAKO], issues=[])
        make_case(consultation=taken, by=city.elderly)
    for text in ("080-1111-2222", "0801", "架空沢", "架空沢長"):
        assert names(city.elderly2, text) == ["架空沢 長女"]
        assert names(city.child, text) == []
    assert names(city.elderly, "長女") == []
    sign_in(client, city.elderly)
    page = client.post(reverse("case_search"), {"q": "08011112222"}).content.decode()
    assert reverse("consultation_detail", args=[taken.pk]) in page
    assert "来談者　長女" in page
    # Who is found as the person asked about is not named twice.
    again = dataclasses.replace(facts, visitor_name="髙橋 花子", visitor_phone="")
    with w.act(city.child):
        take_consultation(by=city.child, facts=again, persons=[HANAKO], issues=[])
    assert names(city.child, "高橋") == ["髙橋 花子"]


def test_however_many_others_asked_since_the_earlier_one_is_found(city):
    asked_about(city.elderly, HANAKO)
    for number in range(12):
        asked_about(city.elderly, PersonFacts(name=f"架空沢 {number}", name_kana="かくうざわ"))
    with w.act(city.elderly):
        assert [hit.name for hit in search(city.elderly, "はなこ", limit=2).hits] == ["髙橋 花子"]
        cut = search(city.elderly, "かくうざわ", limit=2)
    assert len(cut.hits) == 2
    assert cut.is_cut


def test_who_asked_before_is_named_at_the_next_call_to_the_same_agency_alone(client, city):
    before = asked_about(city.elderly, HANAKO)
    again = asked_about(city.elderly, PersonFacts(name="浜口 花子", birth_on=HANAKO.birth_on))
    elsewhere = asked_about(city.child, HANAKO)
    shown = {}
    for member, one in ((city.elderly, again), (city.child, elsewhere)):
        sign_in(client, member)
        page = client.get(reverse("consultation_detail", args=[one.pk])).content.decode()
        shown[one] = "前の相談があります" in page
        assert reverse("consultation_detail", args=[one.pk]) + '" target' not in page
        assert (reverse("consultation_detail", args=[before.pk]) in page) == shown[one]
        assert "同じ世帯かもしれないケース" not in page
    assert shown == {again: True, elsewhere: False}


def test_the_same_resident_number_is_the_same_person(city):
    w.household(city.elderly, HANAKO)
    with w.act(city.elderly):
        found = similar(city.elderly, [PersonFacts(name="別名", resident_ref=HANAKO.resident_ref)])
        assert [hit.name for hit in found.hits] == ["髙橋 花子"]
        assert similar(city.elderly, [PersonFacts(name="別名", resident_ref="0012")]).hits == []


def test_a_person_of_a_consultation_stands_under_the_agency_that_took_it(city):
    consultation = asked_about(city.elderly, HANAKO)
    with (
        w.act(city.elderly),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            'INSERT INTO cases_consultationperson (id, "order", name, name_kana, name_folded,'
            " kana_folded, sex, relation, phone, phone_digits, address, address_folded,"
            " is_age_estimated, consultation_id, agency_id)"
            " VALUES (gen_random_uuid(), 9, '', '', '', '', '', '', '', '', '', '', false, %s, %s)",
            [consultation.pk, city.child.agency_id],
        )


def test_result_is_logged_with_the_ids_shown_and_without_the_words(client, city):
    case, (hanako,) = w.household(city.elderly, HANAKO)
    sign_in(client, city.elderly)
    page = client.post(reverse("case_search"), {"q": "たかはし"})
    assert case.number in page.content.decode()
    with w.act(city.elderly):
        line = AccessLog.objects.get(what="case_search")
    assert line.action == "search"
    assert set(line.record_ids) == {case.pk, hanako.pk}


def test_words_never_come_by_get(client, city):
    w.household(city.elderly, HANAKO)
    sign_in(client, city.elderly)
    page = client.get(reverse("case_search"), {"q": "たかはし"}).content.decode()
    assert "髙橋" not in page


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "のどれかを入れ"),
        ("あ" * 101, "100文字以内"),
        ("123456789018", "個人番号"),
    ],
)
def test_bad_words_get_a_sentence(client, city, text, sentence):
    sign_in(client, city.elderly)
    response = client.post(reverse("case_search"), {"q": text})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert text in response.content.decode()


def test_search_costs_the_same_whatever_is_found(city, django_assert_max_num_queries):
    w.household(city.elderly, HANAKO)
    with w.act(city.elderly), django_assert_max_num_queries(6) as one:
        search(city.elderly, "たかはし")
        budget = len(one)
    for number in range(12):
        w.household(city.elderly, PersonFacts(name=f"高橋 {number}", name_kana="たかはし"))
    with w.act(city.elderly), django_assert_max_num_queries(budget):
        assert len(search(city.elderly, "たかはし").hits) == 13


@pytest.mark.parametrize(
    ("facts", "is_found"),
    [
        (PersonFacts(name="髙橋　花子"), True),
        (PersonFacts(name_kana="タカハシハナコ"), True),
        (PersonFacts(phone="０７５-１２３-４５６７"), True),
        (PersonFacts(address="架空町2-3-4"), True),
        (PersonFacts(address="架空町2-3-5"), False),
        # A family name changes by marriage; a birth date alone says nothing.
        (PersonFacts(name="旧姓沢 花子", birth_on=datetime.date(1955, 4, 1)), True),
        (PersonFacts(name_kana="きゅうせいざわ はなこ", birth_on=datetime.date(1955, 4, 1)), True),
        (PersonFacts(name="旧姓沢 花子", birth_on=datetime.date(1955, 4, 2)), False),
        (PersonFacts(name="別人田 一郎", birth_on=datetime.date(1955, 4, 1)), False),
    ],
)
def test_who_may_be_the_same_person(city, facts, is_found):
    w.household(city.elderly, HANAKO, JIRO)
    with w.act(city.elderly):
        assert bool(similar(city.elderly, [facts]).hits) is is_found
    with w.act(city.disability):
        assert similar(city.disability, [facts]).hits == []


def test_while_typing_the_first_few_are_shown_and_an_empty_box_shows_nothing(client, city):
    w.household(city.elderly, *[PersonFacts(name=f"高橋 {n}") for n in range(WHILE_TYPING + 2)])
    sign_in(client, city.elderly)

    def typed(text):
        return client.post(reverse("case_search"), {"q": text}, headers={"HX-Request": "true"})

    found = typed("高橋").content.decode()
    assert "<html" not in found
    assert found.count("list-row") == WHILE_TYPING or found.count("/cases/") == WHILE_TYPING
    assert "ほかにもあります" in found
    assert typed("").content == b""
    assert "見つかりません" in typed("だれでもない").content.decode()


def test_where_persons_fill_the_page_whoever_telephoned_is_said_to_be_left_out(city):
    w.household(city.elderly, *[PersonFacts(name="高橋") for _ in range(2)])
    facts = ConsultationFacts(
        mode="with_consent", route="family_phone", complaint="相談", urgency="low",
        visitor_name="高橋 長女",
    )  # fmt: skip
    with w.act(city.elderly):
        take_consultation(by=city.elderly, facts=facts, persons=[], issues=[])
        found = search(city.elderly, "高橋", limit=2)
        assert search(city.elderly, "高橋", limit=3).is_cut is False
    assert len(found.hits) == 2
    assert found.is_cut


def test_more_than_the_limit_is_said(city):
    w.household(city.elderly, *[PersonFacts(name="高橋") for _ in range(3)])
    with w.act(city.elderly):
        found = search(city.elderly, "高橋", limit=2)
    assert len(found.hits) == 2
    assert found.is_cut


def planned(model, fits):
    """How PostgreSQL looks it up for any value: what the driver keeps."""
    asked, values = model.objects.filter(fits).values("pk").query.sql_with_params()
    numbered = "".join(
        part if place == 0 else f"${place}{part}" for place, part in enumerate(asked.split("%s"))
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE asked AS {numbered}")
        literals = ", ".join(sql.Literal(value).as_string() for value in values)
        cursor.execute(f"EXPLAIN EXECUTE asked ({literals})")
        lines = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE asked")
    return lines


def test_a_prefix_is_looked_up_in_its_index_beneath_the_policy_whatever_it_is(city, monkeypatch):
    kana = [way for way in ways_of("たか") if way.column == "kana_folded"]
    prefix = r"\(\(kana_folded\)::text >= \$\d+\) AND \(\(kana_folded\)::text < \$\d+\)"
    with w.act(city.elderly):
        few = planned(Person, fitting_persons(city.elderly, kana, 8))
        parts = planned(ConsultationPerson, fitting_parts(city.elderly, kana, 8))
        monkeypatch.setattr("cases.ways.holds_much", lambda *_args: True)
        much = planned(Person, fitting_persons(city.elderly, kana, 8))
    assert re.search(rf"person_own_kana.*\n.*author_agency_id = \$\d+\) AND {prefix}", few)
    assert re.search(rf"asked_about_kana.*\n.*agency_id = \$\d+\) AND {prefix}", parts)
    assert re.search(rf"person_kana.*\n.*Index Cond: \({prefix}\)", much)


def test_similar_asks_nothing_without_anything_to_compare(city, django_assert_num_queries):
    with w.act(city.elderly), django_assert_num_queries(0):
        assert similar(city.elderly, [PersonFacts()]).hits == []


def test_a_shield_hides_the_citys_own_number_from_search(city):
    """V9: it leads to the address in the city's other systems."""
    _case, persons = w.household(city.elderly, HANAKO)
    with w.act(city.elderly):
        shield = propose_shield(
            person=persons[0], by=city.elderly, confirmer=city.elderly2, ground="abuse",
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with w.act(city.elderly2):
        confirm_shield(shield=shield, by=city.elderly2)
    colleague = w.make_member(city.agencies["elderly"], "consultation_worker")
    assert names(colleague, "0012345") == []
    assert names(city.elderly, "0012345") == ["髙橋 花子"]
