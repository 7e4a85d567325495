"""What the desk's pages may cost: statements, rows read and bytes sent, with one household or
record and with twenty. Not time: that is measured (`bench_desk`)."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cases.operations.case import PersonFacts
from config.lib.eras import format_short, today
from tests import world as w
from tests.cases.pages import note
from tests.meetings.situations import make_sitting
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MANY = 20


@dataclass
class Cost:
    """What one request cost."""

    statements: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Budget:
    """`statements`: of the page, whatever stands on it. `rows` and `bytes`: of each more line."""

    statements: int
    rows: int
    bytes: int


BUDGETS = {
    "home": Budget(44, 2, 500),
    "case_list": Budget(24, 4, 800),
    "case_list_filtered": Budget(24, 4, 800),
    "case_search": Budget(25, 3, 450),
    "case_detail": Budget(58, 3, 600),
    "case_timeline": Budget(31, 3, 600),
    "note_new": Budget(30, 0, 0),
    "sitting_calendar": Budget(24, 2, 200),
    "note_save": Budget(38, 0, 0),
}


@pytest.fixture
def city():
    return w.city()


@contextmanager
def counted():
    cost = Cost()

    def count(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        cost.statements += 1
        cost.rows += max(0, context["cursor"].rowcount) if sql.lstrip()[:6] == "SELECT" else 0
        return answer

    with connection.execute_wrapper(count):
        yield cost


def fill(city, number):
    """So many households of the same name, the first with so many notes whose step waits."""
    for _ in range(number):
        facts = PersonFacts(name="架空野 花子", name_kana="かくうの はなこ", birth_year=1948)
        case, persons = w.household(city.elderly, facts)
    for days in range(number):
        make_sitting(city, "plan", days=days % 5)
    for place in range(number):
        note(city.elderly, case, "家賃の話をした。", persons, next_step=f"{place}回目の訪問")
    return case, persons


def ask(client, name, case, persons):
    here = {"case_detail": [case.pk], "case_timeline": [case.pk], "note_new": [case.pk]}
    if name == "case_search":
        return client.post(reverse(name), {"q": "かくう"})
    if name == "case_list_filtered":
        return client.get(reverse("case_list") + "?status=active&mine=responsible")
    if name != "note_save":
        return client.get(reverse(name, args=here.get(name, [])))
    return client.post(
        reverse("note_new", args=[case.pk]),
        {
            "form_key": str(uuid.uuid4()),
            "method": "visit",
            "on": format_short(today()),
            "text": "訪問した。",
            "category": "progress",
            "audience": "team",
            "about": [str(persons[0].pk)],
        },
    )


def cost_of(client, name, case, persons):
    ask(client, name, case, persons)  # what is put together once is no part of it
    with counted() as cost:
        response = ask(client, name, case, persons)
    assert response.status_code == (302 if name == "note_save" else 200), response.content.decode()
    cost.bytes = len(response.content)
    return cost


@pytest.mark.parametrize("name", BUDGETS)
def test_a_page_costs_what_it_may(city, name):
    budget = BUDGETS[name]
    client = sign_in(Client(), city.elderly)
    one = cost_of(client, name, *fill(city, 1))
    many = cost_of(client, name, *fill(city, MANY))
    assert many.statements <= budget.statements
    assert many.statements <= one.statements + 1  # a line of the log where there was none
    assert (many.rows - one.rows) / MANY <= budget.rows
    assert (many.bytes - one.bytes) / MANY <= budget.bytes
    assert one.rows > 0
