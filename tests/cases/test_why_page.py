"""なぜ見えるのか・見えないのか of another agency (V17), and what it must not tell (V15).

That the answers are the database's is held for every situation in words: tests/reports/whys.py.
"""

from __future__ import annotations

import datetime
import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import AccessLog, Agency
from cases.disclosures import emergency_grounds
from cases.models import CarryOut, CarryOutGrant
from cases.operations import open_emergency, withdraw_consent, write_note
from cases.operations.access import join_team
from cases.operations.emergency import EmergencyFacts
from cases.told import told_grants
from tests import world as w
from tests.cases.pages import client, get, note, page, referred, text, two
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def url(case, agency="", **more):
    query = "&".join(f"{key}={value}" for key, value in {"agency": agency, **more}.items())
    return f"/cases/{case.pk}/why/?{query}"


def as_url(case, agency):
    return f"/cases/{case.pk}/as/{agency.pk}/"


def answer(member, case, agency, **more):
    return get(member, url(case, agency.pk, **more)).context["answer"]


def shared_with_office(city):
    """The office handles the case: the mother's consent names it, and it is at work."""
    case, mother, son, _given = referred(city)
    w.consent(city.elderly, mother, city.agencies["disability"], city.agencies["coordinator"])
    with w.act(city.elderly):
        join_team(case=case, agency=city.agencies["coordinator"], via="conference")
    return case, mother, son


def emergency(city, case, by):
    with w.act(by):
        agency = Agency.objects.select_related("of_type").get(pk=by.agency_id)
        ground = emergency_grounds(agency, timezone.localdate())[0]
        facts = EmergencyFacts(
            danger="life", ground=ground, reason="電話の向こうで倒れた音がした", number=case.number
        )
        return open_emergency(by=by, facts=facts)


# --- who may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("elderly", 200),
        ("elderly2", 200),
        ("disability", 403),
        ("child", 404),
        ("coordinator", 404),
        ("admin", 403),
        ("privacy", 403),
        ("sysadmin", 403),
    ],
)
def test_the_responsible_agency_asks_and_others_do_not(city, who, status):
    case, *_ = referred(city)
    other = city.agencies["disability"]
    for address in (url(case), url(case, other.pk), as_url(case, other)):
        response = get(city.members[who], address)
        assert response.status_code == status, address
        if status != 200:
            assert "架空野" not in response.content.decode()


def test_the_office_that_handles_the_case_asks_too(city):
    case, *_ = shared_with_office(city)
    found = answer(city.coordinator, case, city.agencies["disability"])
    assert found.case.visible
    assert found.case.basis == "consent"
    assert get(city.disability, url(case)).status_code == 403


# --- yes and no, and why ----------------------------------------------------------------------


def test_each_record_has_its_answer_its_rule_and_its_end(city):
    case, mother, son, _given = referred(city, until=datetime.date(2099, 3, 31))
    note(city.elderly, case, "母", [mother])
    note(city.elderly, case, "二人", [mother, son])
    note(city.elderly, case, "内輪", [mother], audience="agency")
    note(city.elderly, case, "通告者", [mother], category="notifier")
    name = city.agencies["disability"].name
    shown = text(get(city.elderly, url(case, city.agencies["disability"].pk)))
    for words in (
        "本人の同意があり",
        "本人の同意（V3）",
        "令和81年3月31日まで",
        f"記録に出る人のうち、{name}へのこの種類の同意がない人がいます。",
        "書いた機関だけの記録です。",
        "通告者の情報は、どの同意でも開きません。",
        f"{name}への、基本情報の同意がありません。",
        "見えるもの 1件、見えないもの 3件",
    ):
        assert words in shown, words
    assert shown.count("btn-primary") == 0


def test_a_consent_alone_lets_nobody_in_and_the_reason_says_what_else_is_needed(city):
    """Whether it is the consent or the place in the team that is missing is not told (V15)."""
    case, (mother, *_others) = w.household(city.elderly, number=2)
    note(city.elderly, case, "母", [mother])
    agency = city.agencies["disability"]
    before = [
        closed.reason for closed in get(city.elderly, as_url(case, agency)).context["page"].closed
    ]
    w.consent(city.elderly, mother, agency)
    page_after = get(city.elderly, as_url(case, agency)).context["page"]
    assert page_after.seen == 0
    assert [closed.reason for closed in page_after.closed] == before
    assert all("同意と、つなぎの受理や会議で支援チームに入ること" in reason for reason in before)


def test_a_consent_without_basic_facts_leaves_the_name_closed(city):
    case, mother, _son, _given = referred(city, categories=["progress"])
    note(city.elderly, case, "母の記録である", [mother])
    agency = city.agencies["disability"]
    found = answer(city.elderly, case, agency)
    assert found.seen == 1
    assert [person["is_visible"] for person in found.persons] == [False, False]
    shown = text(get(city.elderly, as_url(case, agency)))
    assert "母の記録である" in shown
    assert "架空野" not in shown.split("<h1")[1]


def test_filters_show_only_what_is_seen_or_only_what_is_not(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "母", [mother])
    note(city.elderly, case, "息子", [son])
    agency = city.agencies["disability"]
    for show, expected in (
        ("", {True, False}),
        ("yes", {True}),
        ("no", {False}),
        ("x", {True, False}),
    ):
        groups = answer(city.elderly, case, agency, show=show).groups
        assert {group.is_visible for group in groups} == expected, show


def test_an_agency_without_anything_is_told_so(city):
    case, *_ = referred(city)
    found = answer(city.elderly, case, city.agencies["child"])
    assert (found.case.visible, found.case.rule, found.seen) == (False, "V1", 0)
    assert "ケースは見えない" in text(get(city.elderly, url(case, city.agencies["child"].pk)))


def test_after_withdrawal_only_its_own_records_are_its(city):
    case, mother, _son, given = referred(city)
    note(city.elderly, case, "母", [mother])
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    found = answer(city.elderly, case, city.agencies["disability"])
    assert (found.case.visible, found.seen) == (False, 0)


def test_one_worker_in_an_emergency_sees_what_the_agency_does_not(city):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "母", [mother])
    note(city.elderly, case, "内輪", [mother], audience="agency")
    note(city.elderly, case, "通告者", [mother], category="notifier")
    access = emergency(city, case, city.child)
    agency = city.agencies["child"]
    assert not answer(city.elderly, case, agency).case.visible
    response = get(city.elderly, url(case, f"{agency.pk}:{access.pk}"))
    found = response.context["answer"]
    assert (found.case.rule, found.seen, found.closed) == ("V8", 1, 2)
    assert str(city.child.user) in text(response)
    other = city.agencies["livelihood"].pk
    assert get(city.elderly, url(case, f"{other}:{access.pk}")).status_code == 404


def test_the_paper_says_the_same(city):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "母", [mother])
    shown = text(get(city.elderly, url(case, city.agencies["disability"].pk, print=1)))
    assert "本人の同意（V3）" in shown
    assert "取扱注意" in shown
    with w.act(city.elderly):
        assert AccessLog.objects.filter(what__startswith="case_why", action="print").exists()


# --- what it must not tell --------------------------------------------------------------------


def masked(response):
    """The page without the tokens and the minute that differ each time."""
    different = r'(nonce|value)="[\w+/=-]{16,}"|"X-CSRFToken": "\w+"|発行 令和.+? [\d:]+'
    return re.sub(different, "", text(response))


@pytest.mark.parametrize("hidden", ["agency_only", "carry_out", "exception"])
def test_nothing_changes_with_what_the_asker_may_not_see(city, hidden):
    case, mother, son = shared_with_office(city)
    note(city.elderly, case, "母", [mother])
    asker, agency = city.coordinator, city.agencies["disability"]
    w.consent(city.elderly, son, agency)
    addresses = [url(case), url(case, agency.pk), as_url(case, agency)]
    browser = client(asker)
    before = [masked(browser.get(address)) for address in addresses]
    if hidden == "agency_only":
        note(city.disability, case, "内輪", [mother], audience="agency")
    elif hidden == "carry_out":
        carry_out(city, case, city.disability)
    else:
        w.consent(city.elderly, son, agency, exceptions=(city.agencies["coordinator"],))
    assert [masked(browser.get(address)) for address in addresses] == before


def carry_out(city, case, member):
    """What a sitting let out, to this person alone."""
    until = timezone.now() + datetime.timedelta(days=30)
    kind = Permission.objects.get(content_type__app_label="cases", codename="view_carryout")
    with w.act(city.head):
        row = CarryOut(
            case=case, text="内容", review_on=timezone.localdate(until), decided_by=city.head
        )
        row.save(force_insert=True)
        CarryOutGrant(
            permission=kind,
            user=member.user,
            content_object=row,
            membership=member,
            granted_by=city.head,
            period=TimestamptzRange(timezone.now() - datetime.timedelta(hours=1), until),
        ).save(force_insert=True)
    with w.act(member):
        write_note(case=case, by=member, text="持ち出し", method="visit", carry_out=row)


def test_grants_are_told_to_who_sees_the_consents_whole_alone(city):
    case, *_ = shared_with_office(city)
    told = {}
    for name in ("elderly", "coordinator", "disability", "child", "privacy", "sysadmin"):
        with w.act(city.members[name]):
            told[name] = len(told_grants(case.pk))
            agency = city.agencies["livelihood"].pk
            assert told_grants(case.pk, joining=agency) == []
    assert told == {
        "elderly": 2, "coordinator": 2, "disability": 0, "child": 0, "privacy": 0, "sysadmin": 0,
    }  # fmt: skip


def test_asking_as_if_an_agency_were_at_work_leaves_nothing(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    agency = city.agencies["disability"]
    w.consent(city.elderly, mother, agency)
    with w.act(city.elderly):
        assert told_grants(case.pk) == []
        (grant,) = told_grants(case.pk, joining=agency.pk)
        assert (grant.person_id, grant.group_id) == (mother.pk, agency.pk)
        assert told_grants(case.pk) == []
        assert case.team.count() == 1


# --- bad questions ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "999999999", "x", "-1", "１", "1:", "9" * 40, "1 or 1=1"])
def test_unknown_agencies_are_not_found(city, value):
    case, *_ = referred(city)
    assert get(city.elderly, url(case, value)).status_code == 404
    assert get(city.elderly, f"/cases/{case.pk}/as/999999999/").status_code == 404


def test_an_agency_of_another_city_is_not_found(city):
    case, *_ = referred(city)
    foreign = w.city().agencies["disability"]
    assert get(city.elderly, url(case, foreign.pk)).status_code == 404
    assert get(city.elderly, as_url(case, foreign)).status_code == 404


def test_an_agency_that_has_ended_is_said_to_have_ended(city):
    case, *_ = referred(city)
    agency = city.agencies["livelihood"]
    with as_owner():
        Agency.objects.filter(pk=agency.pk).update(ended_on=datetime.date(2026, 3, 31))
    shown = text(get(city.elderly, url(case, agency.pk)))
    assert "令和8年3月31日に活動を終えています" in shown
    assert f'value="{agency.pk}"' not in text(get(city.elderly, url(case)))


# --- the case as it sees it -------------------------------------------------------------------


def test_the_case_as_another_agency_sees_it(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "母の記録である", [mother])
    note(city.elderly, case, "息子の記録である", [son])
    note(city.elderly, case, "内輪の記録である", [mother], audience="agency")
    shown = text(get(city.elderly, as_url(case, city.agencies["disability"])))
    assert "母の記録である" in shown
    assert "見え方の確認" in shown
    assert "書いた機関だけの記録です。" in shown
    for hidden in ("息子の記録である", "内輪の記録である", "別姓田", "/edit/"):
        assert hidden not in shown
    theirs = text(page(city.disability, case))
    assert "母の記録である" in theirs
    nothing = text(get(city.elderly, as_url(case, city.agencies["child"])))
    assert "この機関からは見えません" in nothing
    assert "母の記録である" not in nothing


def test_asking_is_a_look_of_its_own(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    agency = city.agencies["disability"]
    get(city.elderly, url(case, agency.pk))
    get(city.elderly, as_url(case, agency))
    with w.act(city.elderly):
        rows = AccessLog.objects.filter(case_id=case.pk, purpose="audit", action="open")
        assert {row.what for row in rows} == {f"case_why {agency.pk}", f"case_as {agency.pk}"}
        assert all(key in row.record_ids for row in rows)


# --- 誰が見られるか ----------------------------------------------------------------------------


def test_the_panel_says_who_whose_what_and_until_and_leads_to_why(city):
    case, mother, _son, _given = referred(city, until=datetime.date(2099, 3, 31))
    note(city.disability, case, "d", [mother])
    access = emergency(city, case, city.child)
    shown = text(page(city.elderly, case))
    panel = shown.split('id="who-may-see"')[1].split("</section>")[0]
    for agency in ("elderly", "disability"):
        assert f"/why/?agency={city.agencies[agency].pk}" in panel
    for words in ("主担当機関", "同意 A 架空野 花さん", "すべての種類", "R81.3.31まで", "緊急閲覧"):
        assert words in panel
    assert f"{city.agencies['child'].pk}%3A{access.pk}" in panel
    assert str(city.child.user) in panel


def test_a_recipient_sees_its_own_line_and_no_way_to_ask(city):
    case, *_ = referred(city)
    shown = text(page(city.disability, case))
    assert "/why/" not in shown
    assert "同意 A" in shown


# --- what it costs ----------------------------------------------------------------------------


def test_queries_do_not_grow_with_records(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "一件", [mother])
    browser = client(city.elderly)
    agency = city.agencies["disability"]
    addresses = [url(case), url(case, agency.pk), as_url(case, agency)]

    def cost(address):
        with CaptureQueriesContext(connection) as found:
            text(browser.get(address))
        return len(found)

    few = [cost(address) for address in addresses]
    few = [cost(address) for address in addresses]
    for n in range(20):
        note(city.elderly, case, f"{n}件目", [mother, son] if n % 2 else [mother])
    assert [cost(address) for address in addresses] == few
    assert max(few) <= 40, few


# --- the privacy officer ----------------------------------------------------------------------


def test_the_privacy_officer_asks_by_number_and_reads_no_name(city):
    case, mother, _son, _given = referred(city, until=datetime.date(2099, 3, 31))
    note(city.elderly, case, "母の記録である", [mother])
    access = emergency(city, case, city.child)
    address = f"/access-review/why/?case={case.number.lower()}"
    shown = text(get(city.privacy, address))
    assert access.pk
    for words in (
        city.agencies["elderly"].name,
        city.agencies["disability"].name,
        "主担当機関です",
        "Aさん",
        "令和81年3月31日まで",
        "緊急閲覧で",
    ):
        assert words in shown, words
    assert "架空野 花" not in shown
    assert "母の記録" not in shown
    one = text(get(city.privacy, f"{address}&agency={city.agencies['livelihood'].pk}"))
    assert "開かれたものはありません" in one
    with w.act(city.privacy):
        assert AccessLog.objects.filter(what="review_why", case_id=case.pk).count() == 2


def test_the_privacy_officer_of_another_city_finds_nothing(city):
    case, *_ = referred(city)
    foreign = w.city().privacy
    shown = text(get(foreign, f"/access-review/why/?case={case.number}"), 422)
    assert "この市にはありません" in shown
    other = city.agencies["disability"].pk
    own, *_ = referred(found := w.city())
    address = f"/access-review/why/?case={own.number}&agency={other}"
    assert get(found.privacy, address).status_code == 422
