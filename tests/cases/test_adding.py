"""追加の相談: a consultation joins a case at work; and it counts on the day it was received."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.models import Case, Consultation, Issue, Note, Person
from cases.operations import add_issue, close_case
from config.lib.eras import format_short
from tests import world as w
from tests.cases.pages import get, post, referred, text, two
from tests.cases.test_intake import errors, sheet, take
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

SAME = {"p1-name": "架空野 花", "p1-name_kana": "カクウノ ハナ"}


@pytest.fixture
def city():
    return w.city()


def url(consultation, case=None):
    found = reverse("consultation_add", args=[consultation.pk])
    return f"{found}?case={case.pk.hex}" if case else found


def test_likely_case_is_offered_and_the_person_matched(client, city):
    case, (mother, _son) = w.household(city.elderly, *two())
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="debt", person=mother, is_primary=True)
    marks = {"issue_debt": "applies", "issue_hoarding": "primary"}
    consultation = take(client, city, **SAME, **marks)
    assert "今あるケースに加える" in text(get(city.elderly, f"/consultations/{consultation.pk}/"))
    assert case.number in text(get(city.elderly, url(consultation)))
    part = consultation.pk
    with w.act(city.elderly):
        part = consultation.persons.get().pk
    shown = text(get(city.elderly, url(consultation, case)))
    assert f'value="{mother.pk}" ' in shown
    assert "checked" in shown
    answer = {str(part): str(mother.pk)}
    assert post(city.elderly, url(consultation, case), answer).status_code == 302
    assert post(city.elderly, url(consultation, case), answer).status_code == 302
    with w.act(city.elderly):
        assert Person.objects.filter(case=case).count() == 2
        found = Issue.objects.order_by("issue_type").values_list("issue_type", "is_primary")
        assert list(found) == [("debt", True), ("hoarding", False)]
        told = Note.objects.get()
        assert (told.text, told.record.person_ids) == ("家賃が払えない", [mother.pk])
        assert Consultation.objects.get().case_id == case.pk


def test_somebody_new_joins_the_household(client, city):
    case, _persons = w.household(city.elderly, *two())
    consultation = take(client, city, **{"p1-name": "新顔田 三郎", "p1-name_kana": "しんがおだ"})
    with w.act(city.elderly):
        part = consultation.persons.get().pk
    assert "選んで" in text(post(city.elderly, url(consultation, case), {}), 422)
    post(city.elderly, url(consultation, case), {str(part): "new"})
    with w.act(city.elderly):
        assert Person.objects.get(label="C").name == "新顔田 三郎"


def test_only_open_cases_one_works_on(client, city):
    case, *_rest = referred(city)
    consultation = take(client, city, **SAME)
    assert get(city.livelihood, url(consultation, case)).status_code == 404
    other = take(client, city, member=city.livelihood)
    assert get(city.livelihood, url(other, case)).status_code == 404
    assert get(city.privacy, url(consultation)).status_code == 403
    theirs = take(client, city, member=city.disability, **SAME)
    assert case.number in text(get(city.disability, url(theirs)))
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="転居")
    assert case.number not in text(get(city.elderly, url(consultation)))
    assert get(city.elderly, url(consultation, case)).status_code == 403


def test_search_finds_another_case_by_its_number(client, city):
    case, _persons = w.household(city.elderly, *two())
    consultation = take(client, city)
    assert case.number not in text(get(city.elderly, url(consultation)))
    assert case.number in text(post(city.elderly, url(consultation), {"q": case.number}))
    assert case.number not in text(get(city.elderly, f"{url(consultation)}?q={case.number}"))
    empty = post(city.elderly, url(consultation), {"q": ""})
    assert "のどれかを入れてください" in text(empty, 422)


def test_yesterdays_telephone_call_counts_on_its_day(client, city):
    day = timezone.localdate() - datetime.timedelta(days=1)
    taken = take(client, city, received_on=format_short(day), received_at="16:40")
    local = timezone.localtime(taken.received_at)
    assert (local.date(), local.hour, local.minute) == (day, 16, 40)
    post(city.elderly, reverse("consultation_make_case", args=[taken.pk]), {})
    with w.act(city.elderly):
        assert Case.objects.get().opened_at == taken.received_at


def test_without_a_date_it_was_received_now_and_never_in_the_future(client, city):
    taken = take(client, city)
    assert timezone.now() - taken.received_at < datetime.timedelta(minutes=1)
    sign_in(client, city.elderly)
    late = timezone.localdate() + datetime.timedelta(days=1)
    new = reverse("consultation_new")
    assert "今日までの日付" in errors(client.post(new, sheet(received_on=late.isoformat())))
    soon = timezone.localtime() + datetime.timedelta(minutes=2)
    if soon.date() == timezone.localdate():
        typed = {"received_on": soon.date().isoformat(), "received_at": f"{soon:%H:%M}"}
        assert "いままでの時刻" in errors(client.post(new, sheet(**typed)))
    assert "14:30のように" in errors(client.post(new, sheet(received_at="夕方")))
