"""閲覧の点検 (V10): the privacy officer finds any line of the city, and what stands out; names and
texts of cases stay where they are (V11)."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest
from django.db import connections

from agencies.enums import Action
from agencies.models import AccessLog
from agencies.trail import log_access
from cases.operations.case import PersonFacts
from reports.review import patterns
from reports.review.patterns import Period, at_odd_times, many_cases, own_surnames
from tests import world as w
from tests.cases.pages import get, page, text
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
URL = "/access-review/"
TOKYO = datetime.timezone(datetime.timedelta(hours=9))


@pytest.fixture
def city():
    return w.city()


def test_lines_of_the_city_with_names_numbers_and_filters(city):
    case, _persons = w.household(city.elderly)
    other, _people = w.household(city.child)
    page(city.elderly, case)
    page(city.livelihood, case)  # refused: 404
    shown = text(get(city.privacy, URL))
    assert case.number in shown
    assert str(city.elderly.user) in shown
    assert "架空野" not in shown  # no name of a person of the case
    refused = text(get(city.privacy, f"{URL}?refused=on"))
    assert str(city.livelihood.user) in refused.split("</form>")[-1]
    assert str(city.elderly.user) not in refused.split("</form>")[-1]
    by_case = text(get(city.privacy, f"{URL}?case={case.number.lower()}")).split("</form>")[-1]
    assert other.number not in by_case
    by_who = text(get(city.privacy, f"{URL}?who={city.child.pk}")).split("</form>")[-1]
    assert other.number in by_who
    assert case.number not in by_who
    by_agency = get(city.privacy, f"{URL}?agency={city.child.agency_id}&action=write")
    assert case.number not in text(by_agency).split("</form>")[-1]
    future = text(get(city.privacy, f"{URL}?since=R10.1.1"))
    assert "この条件の記録はありません" in future


def test_bad_input_is_one_sentence_and_foreign_cities_are_not_there(city):
    foreign = w.city()
    case, _persons = w.household(foreign.elderly)
    page(foreign.elderly, case)
    assert case.number not in text(get(city.privacy, URL))
    for number in (case.number, "K8-NOSUCH"):
        assert "この市にはありません" in text(get(city.privacy, f"{URL}?case={number}"), 422)
    turned = f"{URL}?since=R8.11.20&until=R8.11.1"
    assert "よりあとの日にしてください" in text(get(city.privacy, turned), 422)
    assert "選" in text(get(city.privacy, f"{URL}?who={foreign.elderly.pk}"), 422)
    assert get(city.privacy, f"{URL}?since=nonsense").status_code == 422
    assert get(city.privacy, f"{URL}patterns/?since=nonsense").status_code == 422
    for member in (city.elderly, city.head, city.admin, city.sysadmin):
        for address in (URL, f"{URL}patterns/", f"{URL}seal/print/"):
            assert get(member, address).status_code == 403


def test_paged_by_key_and_itself_recorded(city):
    with w.act(city.elderly):
        for number in range(60):
            log_access(city.elderly, Action.LIST, what=f"w{number}")
    first = get(city.privacy, f"{URL}?who={city.elderly.pk}")
    assert len(first.context["lines"]) == 50
    older = first.context["older_url"]
    second = get(city.privacy, URL + older)
    assert len(second.context["lines"]) == 10
    assert second.context["older_url"] == ""
    assert second.context["newer_url"] == f"?who={city.elderly.pk}"
    with w.act(city.privacy):
        line = AccessLog.objects.filter(membership=city.privacy).latest("id")
    assert (line.what, line.action, line.purpose) == ("access_review", "list", "audit")


def test_what_stands_out(city, monkeypatch):
    monkeypatch.setattr("reports.review.patterns.MANY", 3)
    cases = [w.household(city.elderly)[0] for _ in range(3)]
    today = Period(*[datetime.datetime.now(TOKYO).date()] * 2)
    with w.act(city.elderly2):
        for case in cases[:2]:
            log_access(city.elderly2, Action.OPEN, what="case_detail", case_id=case.pk)
    with w.act(city.privacy):
        assert many_cases(city.privacy, today) == []
    with w.act(city.elderly2):
        log_access(city.elderly2, Action.OPEN, what="case_detail", case_id=cases[2].pk)
    with w.act(city.privacy):
        (found,) = many_cases(city.privacy, today)
    assert found.name == str(city.elderly2.user)
    assert "3件のケース" in found.what
    assert found.name in text(get(city.privacy, f"{URL}patterns/"))
    lines = get(city.privacy, found.url).context["lines"]
    assert {line.case_number for line in lines} == {case.number for case in cases}


@pytest.mark.parametrize(
    ("name", "of_person", "is_told"),
    [
        ("架空川 花子", "架空川　太郎", True),
        ("架空川　花子", "架空川 太郎", True),
        ("架空川 花子", "架空川上 太郎", False),
        ("架空川花子", "架空川 太郎", False),  # where a surname ends is not known
        ("架空川 花子", "", False),
    ],
)
def test_ones_own_surname(city, name, of_person, is_told):
    reader = city.elderly2
    reader.user.display_name = name
    with as_owner():
        reader.user.save(update_fields=["display_name"])
    case, _persons = w.household(city.elderly, PersonFacts(name=of_person))
    page(reader, case)
    today = Period(*[datetime.datetime.now(TOKYO).date()] * 2)
    with w.act(city.privacy):
        found = own_surnames(city.privacy, today)
    assert [p.name for p in found] == ([name] if is_told else [])
    if is_told:
        assert found[0].what == f"ケース {case.number} を1回"
        shown = text(get(city.privacy, f"{URL}patterns/"))
        assert "太郎" not in shown
    for nobody in (city.elderly, city.head, city.sysadmin):
        with w.act(nobody), connections["default"].cursor() as cursor:
            cursor.execute("select * from kasane.review_surnames('-infinity', 'infinity')")
            assert cursor.fetchall() == []
            cursor.execute("select kasane.review_case(%s)", [case.number])
            assert cursor.fetchone() == (None,)


def test_at_night_and_on_days_off(city, monkeypatch):
    """The log knows only now: night and days off are moved around it."""
    case, _persons = w.household(city.elderly)
    page(city.elderly2, case)
    now = datetime.datetime.now(TOKYO)
    today = Period(now.date(), now.date())

    def told(*, night, is_day_off):
        monkeypatch.setattr(patterns, "NIGHT_FROM", night[0])
        monkeypatch.setattr(patterns, "NIGHT_UNTIL", night[1])
        monkeypatch.setattr(
            patterns, "open_days", lambda _city: SimpleNamespace(is_open=lambda _d: not is_day_off)
        )
        with w.act(city.privacy):
            return [p.name for p in at_odd_times(city.privacy, today)]

    reader = str(city.elderly2.user)
    assert (patterns.NIGHT_FROM, patterns.NIGHT_UNTIL) == (22, 6)
    assert told(night=(24, 0), is_day_off=False) == []
    assert told(night=(24, 0), is_day_off=True) == [reader]
    assert told(night=(now.hour, 0), is_day_off=False) == [reader]
    assert told(night=(24, now.hour), is_day_off=False) == []
    assert told(night=(24, now.hour + 1), is_day_off=False) == [reader]


def test_the_seal_is_shown_and_printed(city):
    assert "まだ封がありません" in text(get(city.privacy, URL))
    assert get(city.privacy, f"{URL}seal/print/").status_code == 404
