"""この機関からはこう見えます, before something is shared (V3, V17): what is shown is what opens,
and looking opens nothing."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from agencies.models import AccessLog, Job, Notice
from cases.models import CaseGrant, Consent, LeftWork, Record, Referral, SupportTeam
from cases.operations import accept_referral
from config.lib.eras import format_short
from tests import world as w
from tests.cases.pages import get, note, page, referred, send, text, two

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ENDS = datetime.date(2099, 3, 31)


@pytest.fixture
def city():
    return w.city()


def consent_url(case, person):
    return f"/cases/{case.pk}/persons/{person.pk}/consent/"


def said(city, *agencies, **changed):
    return {
        "answer": "given",
        "given_on": "R8.5.1",
        "agencies": [city.agencies[name].pk for name in agencies],
        "categories": ["basic", "progress"],
        "purpose": "家計の相談",
        "method": "signed",
        "proxy_name": "",
        "proxy_power": "",
        "until": "",
        **changed,
    }


def stored(city):
    """Everything a change would leave behind."""
    with w.act(city.elderly):
        models = (Consent, CaseGrant, SupportTeam, LeftWork, Notice, Job)
        counts = [model.objects.count() for model in models]
        writes = AccessLog.objects.filter(action="write").count()
        return [*counts, writes, sorted(Consent.objects.values_list("pk", "withdrawn_at"), key=str)]


def records_of(member, case):
    """What the agency reads in truth."""
    with w.act(member):
        return Record.objects.visible_to(member).filter(case=case).count()


def sight_of(response, city, name):
    (sight,) = [s for s in response.context["sights"] if s.agency == city.agencies[name].name]
    return sight


# --- a new answer -----------------------------------------------------------------------------


def test_a_new_consent_is_looked_at_before_it_opens(city):
    case, mother, son, _given = referred(city)
    note(city.elderly, case, "母の記録", [mother])
    note(city.elderly, case, "息子の記録", [son])
    note(city.elderly, case, "二人の記録", [mother, son])
    note(city.elderly, case, "息子の健康", [son], category="health")
    note(city.elderly, case, "内輪の記録", [son], audience="agency")
    before, had = stored(city), records_of(city.disability, case)
    data = said(city, "elderly", "disability")
    looked = send(city.elderly, consent_url(case, son), {**data, "look": "1"})
    shown = text(looked)
    sight = sight_of(looked, city, "disability")
    assert (had, sight.seen, sight.newly, sight.lost) == (1, 3, 2, 0)
    assert "別姓田 次郎さん" in sight.persons
    assert [(line.category, line.count) for line in sight.opened] == [("支援経過", 3)]
    assert "書いた機関だけの記録です。" in [line.reason for line in sight.closed]
    assert "まだ何も変わっていません" in shown
    assert shown.count("btn-primary") == 1
    assert stored(city) == before
    assert records_of(city.disability, case) == had
    hidden = {f.name: f.value() for f in looked.context["form"].hidden_fields()}
    sent = send(city.elderly, consent_url(case, son), {**data, **hidden, "confirmed": "1"})
    assert sent.status_code == 302
    assert records_of(city.disability, case) == sight.seen


def test_an_agency_not_yet_at_work_sees_nothing_before_it_accepts(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    note(city.elderly, case, "母の記録", [mother])
    data = said(city, "elderly", "livelihood", look="1")
    sight = sight_of(send(city.elderly, consent_url(case, mother), data), city, "livelihood")
    assert "つなぎを受理すると" in sight.lead
    assert sight.seen == 1
    assert records_of(city.livelihood, case) == 0


def test_what_is_refused_is_refused_when_looking_too(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    data = said(city, "disability", method="proxy", proxy_name="架空", proxy_power="長男", look="1")
    shown = text(send(city.elderly, consent_url(case, mother), data), 422)
    assert shown.count("家族というだけでは代理できません") >= 1
    assert "この機関からはこう見えます" not in shown


def test_the_usual_case_asks_for_no_look(city):
    case, _mother, son, _given = referred(city)
    data = said(city, "elderly", "disability")
    assert send(city.elderly, consent_url(case, son), data).status_code == 302


def test_what_closes_is_seen_from_the_other_side(city):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "母の記録", [mother])
    shown = send(city.elderly, consent_url(case, mother), said(city, "elderly"))
    sight = sight_of(shown, city, "disability")
    assert (sight.seen, sight.lost) == (0, 1)
    assert "この内容では、ケースは開きません。" in text(shown)
    refused = send(
        city.elderly, consent_url(case, mother), said(city, answer="refused", categories=[])
    )
    assert sight_of(refused, city, "disability").lost == 1
    assert records_of(city.disability, case) == 1


# --- narrow, renew ----------------------------------------------------------------------------


def test_a_narrowing_shows_what_stays(city):
    case, mother, _son, given = referred(city, until=ENDS)
    note(city.elderly, case, "母の記録", [mother])
    note(city.elderly, case, "母の健康", [mother], category="health")
    before = stored(city)
    data = {
        "agencies": [city.agencies["disability"].pk],
        "categories": ["basic", "progress"],
        "given_on": format_short(timezone.localdate()),
        "until": "R40.3.31",
        "form_key": str(uuid.uuid4()),
    }
    response = send(city.elderly, f"/consents/{given.pk}/narrow/", data)
    sight = sight_of(response, city, "disability")
    assert (sight.seen, sight.lost) == (1, 1)
    assert "この機関からはこう見えます" in text(response)
    assert stored(city) == before


def test_a_lapsed_consent_is_looked_at_before_it_is_renewed(city):
    case, mother, _son, given = referred(city)
    note(city.elderly, case, "母の記録", [mother])
    before = stored(city)
    url = f"/consents/{given.pk}/renew/"
    assert "見え方を確かめる" in text(get(city.elderly, url))
    data = {
        "given_on": format_short(timezone.localdate()),
        "until": "R40.3.31",
        "method": "oral",
        "look": "1",
    }
    response = send(city.elderly, url, data)
    sight = sight_of(response, city, "disability")
    assert (sight.seen, sight.newly) == (1, 0)
    assert text(response).count("btn-primary") == 1
    assert stored(city) == before
    data.pop("look")
    assert send(city.elderly, url, data).status_code == 302


# --- つなぎ ------------------------------------------------------------------------------------


def sheet(city, person, agency="disability", step="check", mode="consent"):
    return {
        "mode": mode,
        "step": step,
        "form_key": str(uuid.uuid4()),
        "persons": [str(person.pk)],
        "reason": "お願いします",
        "summary": "昼夜が逆になっている",
        "to_agency": city.agencies[agency].pk,
    }


def test_a_referral_shows_what_opens_when_it_is_accepted(city):
    case, (mother, son) = w.household(city.elderly, *two())
    w.consent(city.elderly, mother, city.agencies["disability"], household_tick=True)
    note(city.elderly, case, "母の記録", [mother])
    note(city.elderly, case, "息子の記録", [son])
    note(city.elderly, case, "世帯の記録")
    before = stored(city)
    url = f"/cases/{case.pk}/refer/"
    response = send(city.elderly, url, sheet(city, mother))
    (sight,) = response.context["sights"]
    assert (sight.seen, sight.newly) == (2, 2)
    assert "つなぎを受理すると" in text(response)
    assert stored(city) == before
    assert records_of(city.disability, case) == 0
    assert send(city.elderly, url, sheet(city, mother, step="send")).status_code == 302
    with w.act(city.disability):
        accept_referral(referral=Referral.objects.get(), by=city.disability)
    assert records_of(city.disability, case) == sight.seen
    assert "母の記録" in text(page(city.disability, case))


def test_a_sheet_without_consent_previews_nothing(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    note(city.elderly, case, "母の記録", [mother])
    data = sheet(city, mother, "child", mode="notification")
    data["legal_ground"] = "児童虐待防止法6条"
    response = send(city.elderly, f"/cases/{case.pk}/refer/", data)
    assert response.context["sights"] == []
    assert "この機関からはこう見えます" not in text(response)


def test_looking_is_a_look_at_the_records_named(city):
    case, _mother, son, _given = referred(city)
    key = note(city.elderly, case, "息子の記録", [son])
    data = said(city, "elderly", "disability", look="1")
    send(city.elderly, consent_url(case, son), data)
    with w.act(city.elderly):
        (row,) = AccessLog.objects.filter(what="sights")
    assert key in row.record_ids
