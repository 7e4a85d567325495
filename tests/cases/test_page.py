"""The case page: who reaches it, what each reader sees on it, what it costs."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.enums import Action
from agencies.models import AccessLog
from cases.explain import explain_case, explain_record
from cases.models import CaseGrant, Record
from cases.operations import (
    accept_referral,
    add_issue,
    close_case,
    refer,
    withdraw_consent,
)
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import client, get, note, page, referred, text, two

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("elderly", 200),
        ("elderly2", 200),
        ("disability", 200),
        ("child", 404),
        ("coordinator", 404),
        ("admin", 403),
        ("privacy", 403),
        ("sysadmin", 403),
    ],
)
@pytest.mark.parametrize("what", ["", "print/", "access/"])
def test_case_page_by_member(city, who, status, what):
    case, *_ = referred(city)
    response = get(city.members[who], f"/cases/{case.pk}/{what}")
    assert response.status_code == status
    if status != 200:
        assert "架空野" not in response.content.decode()


def test_owner_sees_household_issues_consents_and_next_step(city):
    case, mother, _son, _given = referred(city)
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="care", is_primary=True, person=mother)
        add_issue(case=case, by=city.elderly, issue_type="debt")
    shown = text(page(city.elderly, case))
    assert "架空野 世帯" in shown
    assert case.number in shown
    assert "昭和22年5月1日" in shown
    assert "◎介護" in shown
    assert "○債務" in shown
    assert "同意 A" in shown
    assert "同意 未記録 B" in shown
    assert "別姓田 次郎さんの同意がまだ記録されていません" in shown
    assert shown.count("btn-primary") == 1


def test_who_has_died_is_asked_nothing(city):
    dead = PersonFacts(name="架空野 故人", is_deceased=True)
    case, _people = w.household(city.elderly, *two(), dead)
    shown = text(page(city.elderly, case))
    assert "同意 未記録 A・B<" in shown
    assert "A・B・C" not in shown


def test_recipient_sees_nothing_of_the_person_who_did_not_consent(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "母の記録である", [mother])
    note(city.elderly, case, "息子の記録である", [son])
    note(city.elderly, case, "二人の記録である", [mother, son])
    note(city.elderly, case, "内輪の記録である", [mother], audience="agency")
    for url in ("", "print/"):
        shown = text(get(city.disability, f"/cases/{case.pk}/{url}"))
        assert "母の記録である" in shown
        for hidden in ("息子の記録", "二人の記録", "内輪の記録", "別姓田", "2人世帯"):
            assert hidden not in shown
        assert "世帯員 1人（見える範囲）" in shown


def test_recipient_sees_its_own_line_and_no_other_recipient(city):
    case, mother, _son, _given = referred(city)
    w.consent(
        city.elderly,
        mother,
        city.agencies["disability"],
        city.agencies["livelihood"],
        exceptions=(city.agencies["child"],),
    )
    with w.act(city.elderly):
        sheet = refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="r",
            summary="s",
            persons=[mother],
            to_agency=city.agencies["livelihood"],
        )
    with w.act(city.livelihood):
        accept_referral(referral=sheet, by=city.livelihood)
    owner = text(page(city.elderly, case))
    for name in ("disability", "livelihood"):
        assert city.agencies[name].name in owner
    for what in ("", "access/"):
        shown = text(get(city.disability, f"/cases/{case.pk}/{what}"))
        assert city.agencies["disability"].name in shown
        assert city.agencies["livelihood"].name not in shown
        assert city.agencies["child"].name not in shown


def test_responsible_agency_sees_who_is_let_in_by_a_consent_others_took(city):
    case, mother, _son, _given = referred(city)
    w.consent(city.disability, mother, city.agencies["elderly"], city.agencies["disability"])
    shown = text(page(city.elderly, case))
    assert city.agencies["disability"].name in shown


def test_withdrawn_consent_empties_the_page_at_the_next_request(city):
    case, mother, _son, given = referred(city)
    browser = client(city.disability)
    note(city.elderly, case, "母の記録である", [mother])
    assert "母の記録である" in text(browser.get(f"/cases/{case.pk}/"))
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    response = browser.get(f"/cases/{case.pk}/")
    assert response.status_code == 404
    assert "母の記録である" not in response.content.decode()


def test_after_withdrawal_own_records_stay(city):
    case, mother, _son, given = referred(city)
    note(city.disability, case, "自分で書いた", [mother])
    note(city.elderly, case, "母の記録である", [mother])
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    shown = text(page(city.disability, case))
    assert "自分で書いた" in shown
    assert "母の記録である" not in shown
    assert "花" not in shown
    assert "自機関の記録" in shown


def test_expired_consent_closes_the_page(city):
    case, *_ = referred(city, until=timezone.localdate())
    assert "まで" in text(page(city.disability, case))
    days = timezone.now() + datetime.timedelta(days=2)
    with w.act(city.disability):
        held = CaseGrant.objects.filter(content_object=case, group_id=city.disability.agency_id)
        assert held.filter(period__contains=timezone.now()).exists()
        assert not held.filter(period__contains=days).exists()


def test_html_in_a_record_is_shown_as_data(city):
    case, _persons = w.household(city.elderly)
    note(city.elderly, case, "<script>alert(1)</script>")
    shown = text(page(city.elderly, case))
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_timeline_shows_thirty_and_the_older_by_key(city):
    case, _persons = w.household(city.elderly)
    start = timezone.now() - datetime.timedelta(days=40)
    for n in range(33):
        note(city.elderly, case, f"出来事{n:02}号", happened_at=start + datetime.timedelta(days=n))
    response = page(city.elderly, case)
    shown = text(response)
    assert "出来事32号" in shown
    assert "出来事03号" in shown
    assert "出来事02号" not in shown
    older = response.context["page"].older_url
    rest = text(get(city.elderly, f"/cases/{case.pk}/{older}"))
    assert "出来事02号" in rest
    assert "出来事03号" not in rest
    assert text(get(city.elderly, f"/cases/{case.pk}/?before=nonsense")).count("出来事32号")


def test_a_closed_case_is_read_and_offers_no_writing(city):
    case, *_ = referred(city)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="落ち着いた")
    shown = text(page(city.elderly, case))
    assert "終結" in shown
    assert "記録を書く" not in shown
    assert page(city.disability, case).status_code == 404
    assert get(city.elderly, f"/cases/{case.pk}/notes/new/").status_code == 403


def test_each_look_is_logged_with_the_records_shown(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母の記録である", [mother])
    hidden = note(city.elderly, case, "内輪の記録", [mother], audience="agency")
    page(city.disability, case)
    get(city.disability, f"/cases/{case.pk}/print/")
    page(city.child, case)
    with w.act(city.privacy):
        lines = {
            (line.action, line.what, line.was_allowed): line
            for line in AccessLog.objects.visible_to(city.privacy).filter(case_id=case.pk)
        }
    seen = lines[(Action.OPEN, "case_detail", True)]
    assert key in seen.record_ids
    assert hidden not in seen.record_ids
    assert seen.basis == "consent"
    assert (Action.PRINT, "case_print", True) in lines
    assert (Action.DENY, "case_detail", False) in lines


def queries(browser, url) -> int:
    with CaptureQueriesContext(connection) as found:
        text(browser.get(url))
    return len(found)


# Middleware and frame about 15, the page's own 18, risk sheets 2, the rooms above at most 35.
BUDGET = 76


def test_queries_do_not_grow_with_records(city):
    case, (mother, son) = w.household(city.elderly, *two())
    browser = client(city.elderly)
    for person in (mother, son):
        w.consent(city.elderly, person, city.agencies["disability"])
        note(city.elderly, case, "一件", [person])
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="care")
    url = f"/cases/{case.pk}/"
    queries(browser, url)
    few = queries(browser, url)
    for n in range(20):
        note(city.elderly, case, f"{n}件目", [mother, son])
        with w.act(city.elderly):
            add_issue(case=case, by=city.elderly, issue_type="debt", person=mother)
    assert queries(browser, url) == few
    assert few <= BUDGET


def test_explanations_name_rule_basis_and_period(city):
    case, mother, son, _given = referred(city, until=datetime.date(2099, 3, 31))
    rows = [
        note(city.elderly, case, "a", [mother]),
        note(city.elderly, case, "b", [son]),
        note(city.elderly, case, "c", [mother], audience="agency"),
        note(city.disability, case, "d", [mother]),
        note(city.elderly, case, "e", [mother], category="notifier"),
    ]
    with w.act(city.elderly):
        records = [Record.objects.get(pk=key) for key in rows if key != rows[3]]
    with w.act(city.disability):
        records.insert(3, Record.objects.get(pk=rows[3]))
        found = [explain_record(city.disability, r) for r in records]
        assert [(e.visible, e.rule) for e in found] == [
            (True, "V3"),
            (False, "V3"),
            (False, "V2"),
            (True, "V2"),
            (False, "V4"),
        ]
        assert found[0].until.year == 2099
        whole = explain_case(city.disability, case.pk)
        assert (whole.visible, whole.rule, whole.basis) == (True, "V3", "consent")
        assert whole.persons == (mother.pk,)
    with w.act(city.elderly):
        assert explain_case(city.elderly, case.pk).basis == "responsible"
    with w.act(city.child):
        assert explain_case(city.child, case.pk).rule == "V1"
    with w.act(city.sysadmin):
        assert explain_case(city.sysadmin, case.pk).rule == "V11"


def test_todos_tell_of_ending_consents(city):
    soon = timezone.localdate() + datetime.timedelta(days=10)
    case, *_ = referred(city, until=soon)
    shown = text(get(city.elderly, "/"))
    assert "同意の期限が近づいています" in shown
    assert "同意の期限が近づいています" not in text(get(city.disability, "/"))
    assert "期限" in text(page(city.elderly, case))


def test_person_in_another_case_is_not_taken_for_a_person_of_this_one(city):
    case, _persons = w.household(city.elderly)
    _other, (stranger, _x) = w.household(city.elderly)
    url = f"/cases/{case.pk}/persons/{stranger.pk}/consent/"
    assert get(city.elderly, url).status_code == 404
